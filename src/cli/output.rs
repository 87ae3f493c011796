//! Prints results in the requested format. Nothing else is printed on standard output.

mod colour;
mod query;
mod table;
mod terminal;
mod yaml;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, ValueEnum};
use serde_json::Value;

use self::colour::coloured;
use self::query::Query;
use self::terminal::commands_a_terminal;
use super::failure::Failure;
use crate::settings::variable;

pub use self::table::Table;

/// The output format and query.
#[derive(Debug, Clone, Default, Args)]
pub struct Shape {
    /// Output format. Default: JSON for create, list and show, text for the other commands.
    #[arg(short, long, value_name = "FORMAT", ignore_case = true)]
    output: Option<Format>,
    #[arg(long, value_name = "JMESPATH", value_parser = Query::parse, help = "JMESPath query that selects what to \
                                                                              print")]
    query: Option<Query>,
}

/// The formats of `az`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON.
    Json,
    /// JSON, in colour on a terminal.
    Jsonc,
    /// A table with the most important columns, or with those of the query.
    Table,
    /// The same values separated by tabs, without headings.
    Tsv,
    /// YAML.
    Yaml,
    /// YAML, in colour on a terminal.
    Yamlc,
    /// Nothing.
    None,
}

impl Shape {
    /// Whether a result is printed in the command's own format.
    pub fn is_default(&self) -> bool {
        self.output.is_none() && self.query.is_none()
    }

    /// Prints a value, as JSON by default.
    ///
    /// # Errors
    /// If the query does not fit it, or it cannot be written.
    pub fn print(&self, value: &Value, table: impl FnOnce(&Value) -> Table) -> Result<(), Failure> {
        print(&self.render(value, table)?)
    }

    /// Prints a result that is text by default.
    ///
    /// # Errors
    /// Same as [`Self::print`].
    pub fn print_or(
        &self,
        value: &Value,
        table: impl FnOnce(&Value) -> Table,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.is_default() {
            print(&text())
        } else {
            self.print(value, table)
        }
    }

    fn render(&self, value: &Value, table: impl FnOnce(&Value) -> Table) -> Result<String, Failure> {
        let value = match &self.query {
            Some(query) => Cow::Owned(query.search(value)?),
            None => Cow::Borrowed(value),
        };
        if value.is_null() {
            return Ok(String::new());
        }
        let json = || escaped(&format!("{value:#}\n"));
        let in_colour = |text: String| if shows_colours() { coloured(&text) } else { text };
        Ok(match (self.output.unwrap_or(Format::Json), &self.query) {
            (Format::Json, _) => json(),
            (Format::Jsonc, _) => in_colour(json()),
            (Format::Yaml, _) => yaml(&value),
            (Format::Yamlc, _) => in_colour(yaml(&value)),
            (Format::Table, None) => table(&value).aligned(),
            (Format::Table, Some(_)) => Table::named_by(&value).aligned(),
            (Format::Tsv, None) => table(&value).separated(),
            (Format::Tsv, Some(_)) => Table::values_of(&value).separated(),
            (Format::None, _) => String::new(),
        })
    }
}

/// A value as a YAML document.
pub fn yaml(value: &Value) -> String {
    escaped(&yaml::render(value))
}

fn shows_colours() -> bool {
    io::stdout().is_terminal() && variable("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints a text.
///
/// # Errors
/// If it cannot be written; a closed pipe is fine.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot print the result: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Prints a message for people on standard error.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// JSON or YAML without terminal controls: they can only be in double-quoted strings.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if commands_a_terminal(character) {
            // Writing to a `String` cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(format: Format, query: Option<&str>, value: &Value) -> String {
        let shape = Shape {
            output: Some(format),
            query: query.map(|query| Query::parse(query).unwrap()),
        };
        let table = |value: &Value| Table::of([value], &[("Name", "/name")]);
        shape.render(value, table).unwrap()
    }

    #[test]
    fn a_query_chooses_what_is_printed_in_any_format() {
        let value =
            json!({ "name": "shop", "list": [{ "id": "1", "b": 2, "a": true, "deep": { "x": 1 } }, { "b": 3 }] });
        let all = Some("list");
        let columns = Some("list[].{Zone: id, b: b, A: a}");
        for (format, query, text) in [
            (Format::Tsv, None, "shop\n"),
            (Format::Tsv, Some("name"), "shop\n"),
            (Format::Tsv, Some("list[].b"), "2\n3\n"),
            (Format::Tsv, Some("[name, list[].b]"), "shop\n2\t3\n"),
            (Format::Tsv, Some("[[name, list]]"), "shop\t2\n"),
            (Format::Tsv, columns, "1\t2\ttrue\n\t3\t\n"),
            (Format::Table, None, "Name\nshop\n"),
            (Format::Table, Some("name"), "Result\nshop\n"),
            (Format::Table, Some("[[name, list]]"), "Column1  Column2\nshop     2\n"),
            (Format::Table, all, "A     B\ntrue  2\n      3\n"),
            (Format::Table, columns, "Zone  B  A\n1     2  true\n      3\n"),
            (Format::Table, Some("list[?b == `9`]"), ""),
            (Format::Yaml, Some("list[?b > `2`]"), "- b: 3\n"),
            (Format::Json, Some("missing"), ""),
            (Format::None, None, ""),
        ] {
            assert_eq!(rendered(format, query, &value), text, "{format:?} {query:?}");
        }
    }

    #[test]
    fn nothing_is_cut_that_a_script_reads() {
        let long = "x".repeat(3000);
        let value = json!({ "name": long });
        assert_eq!(rendered(Format::Tsv, None, &value), format!("{long}\n"));
        assert_eq!(rendered(Format::Tsv, Some("name"), &value), format!("{long}\n"));
        assert!(rendered(Format::Table, None, &value).len() < 300);
    }

    #[test]
    fn nothing_in_a_result_commands_a_terminal() {
        let value = json!({ "a\u{9b}": "\u{1b}[2J\u{202e}\u{7f}\nx" });
        let json = r#""\u001b[2J\u202e\u007f\nx""#;
        let yaml = r#""\e[2J\u202e\x7F\nx""#;
        for (format, escapes) in [(Format::Json, json), (Format::Yaml, yaml)] {
            let text = rendered(format, None, &value);
            assert!(
                !text
                    .chars()
                    .any(|character| character.is_control() && character != '\n'),
                "{text:?}"
            );
            assert!(text.contains(escapes), "{text}");
        }
        assert_eq!(
            serde_json::from_str::<Value>(&rendered(Format::Json, None, &value)).unwrap(),
            value
        );
    }
}
