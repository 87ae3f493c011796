//! Tables: aligned for people, or separated by tabs for shells.

use comfy_table::presets;
use serde_json::Value;

use crate::model::one_line;

/// Longest cell, in UTF-16 units.
const CELL_MAX: usize = 200;

/// Rows below their headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns: what each is called, and where in an item it is.
    pub fn of<'a>(items: impl IntoIterator<Item = &'a Value>, columns: &[(&'static str, &str)]) -> Self {
        let row = |item: &Value| columns.iter().map(|(_, path)| cell(item.pointer(path))).collect();
        Self {
            headings: columns.iter().map(|(heading, _)| *heading).collect(),
            rows: items.into_iter().map(row).collect(),
        }
    }

    /// The table for people.
    pub fn aligned(&self) -> String {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_header(&self.headings)
            .add_rows(&self.rows);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        format!("{}\n", table.trim_fmt())
    }

    /// The table for shells.
    pub fn separated(&self) -> String {
        self.rows.iter().map(|row| row.join("\t") + "\n").collect()
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => one_line(text, CELL_MAX),
        Some(Value::Array(items)) => items.len().to_string(),
        Some(other) => one_line(&other.to_string(), CELL_MAX),
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
