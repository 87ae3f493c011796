//! Tables: aligned for people, or tab-separated for shells.

use comfy_table::presets;
use serde_json::Value;

use crate::model::one_line;

/// Longest cell of an aligned table, in UTF-16 units.
const CELL_MAX: usize = 200;
/// Members that `az` omits from the tables of queries.
const LEFT_OUT: [&str; 3] = ["etag", "id", "type"];

/// Rows below their headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Table {
    /// A table of these columns, each with its title and its path in an item.
    pub fn of<'a>(items: impl IntoIterator<Item = &'a Value>, columns: &[(&str, &str)]) -> Self {
        let row = |item: &Value| {
            let cells = columns.iter().map(|(_, path)| item.pointer(path).cloned());
            cells.map(Option::unwrap_or_default).collect()
        };
        Self {
            headings: columns.iter().map(|(heading, _)| (*heading).to_owned()).collect(),
            rows: items.into_iter().map(row).collect(),
        }
    }

    /// A table with the items' own names as columns, as `az` prints the result of a query.
    pub fn named_by(value: &Value) -> Self {
        let named: Vec<Vec<(String, Value)>> = items(value).iter().map(named_cells).collect();
        let mut headings: Vec<String> = Vec::new();
        for (heading, _) in named.iter().flatten() {
            if !headings.contains(heading) {
                headings.push(heading.clone());
            }
        }
        let row = |cells: &Vec<(String, Value)>| {
            let cell = |heading| cells.iter().find(|(name, _)| name == heading);
            let cells = headings
                .iter()
                .map(|heading| cell(heading).map(|(_, value)| value.clone()));
            cells.map(Option::unwrap_or_default).collect()
        };
        Self {
            rows: named.iter().map(row).collect(),
            headings,
        }
    }

    /// All values of the items, one item per row, as `az` prints the result of a query with tabs.
    pub fn values_of(value: &Value) -> Self {
        let row = |item: &Value| match item {
            Value::Object(members) => members.values().cloned().collect(),
            Value::Array(items) => items.clone(),
            other => vec![other.clone()],
        };
        Self {
            headings: Vec::new(),
            rows: items(value).iter().map(row).collect(),
        }
    }

    /// The table for people.
    pub fn aligned(&self) -> String {
        if self.headings.is_empty() {
            return String::new();
        }
        let cells = |row: &Vec<Value>| row.iter().map(|value| cell(value, Some(CELL_MAX))).collect::<Vec<_>>();
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_header(&self.headings)
            .add_rows(self.rows.iter().map(cells));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    /// The table for shells.
    pub fn separated(&self) -> String {
        let cells = |row: &Vec<Value>| row.iter().map(|value| cell(value, None)).collect::<Vec<_>>();
        self.rows.iter().map(|row| cells(row).join("\t") + "\n").collect()
    }
}

/// The items of a list, or the value itself.
fn items(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

fn named_cells(item: &Value) -> Vec<(String, Value)> {
    match item {
        Value::Object(members) => {
            let is_shown = |(name, value): &(&String, &Value)| {
                !(LEFT_OUT.contains(&name.as_str()) || value.is_null() || value.is_array() || value.is_object())
            };
            let members = members.iter().filter(is_shown);
            members.map(|(name, value)| (heading(name), value.clone())).collect()
        }
        Value::Array(items) => {
            let columns = items.iter().enumerate();
            columns
                .map(|(index, value)| (format!("Column{}", index + 1), value.clone()))
                .collect()
        }
        other => vec![("Result".to_owned(), other.clone())],
    }
}

fn heading(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let name = first.unwrap_or_default() + letters.as_str();
    one_line(&name, CELL_MAX)
}

fn cell(value: &Value, limit: Option<usize>) -> String {
    match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::String(text) => one_line(text, limit.unwrap_or(text.len())),
        Value::Array(items) => items.len().to_string(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_aligned_or_separated() {
        let items = [
            json!({ "name": "shop", "p": { "list": [1, 2], "on": true } }),
            json!({ "name": "a longer\tname", "p": { "list": [] } }),
        ];
        let table = Table::of(&items, &[("Name", "/name"), ("Items", "/p/list"), ("On", "/p/on")]);
        insta::assert_snapshot!(table.aligned(), @"
        Name           Items  On
        shop           2      true
        a longer name  0
        ");
        assert_eq!(table.separated(), "shop\t2\ttrue\na longer name\t0\t\n");
    }
}
