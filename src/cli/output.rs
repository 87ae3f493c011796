//! Results, printed as asked for. Nothing else is ever printed on standard output.

mod table;
mod terminal;
mod yaml;

use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde_json::Value;

use self::terminal::commands_a_terminal;
use super::arguments::Format;
use super::failure::Failure;

pub use self::table::Table;

/// A result in a format.
pub fn render(format: Format, value: &Value, table: impl FnOnce(&Value) -> Table) -> String {
    match format {
        Format::Json | Format::Jsonc => escaped(&format!("{value:#}\n")),
        Format::Yaml => escaped(&yaml::render(value)),
        Format::Table => table(value).aligned(),
        Format::Tsv => table(value).separated(),
    }
}

/// Prints a text.
///
/// # Errors
/// When it cannot be written; that nobody reads it any more is no matter.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("the result cannot be printed: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Tells a person something on standard error, where nobody has to read it.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// JSON or YAML without what would command a terminal: it can only be in strings within double quotes.
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

    #[test]
    fn nothing_in_a_result_commands_a_terminal() {
        let value = json!({ "a\u{9b}": "\u{1b}[2J\u{202e}\u{7f}\nx" });
        let json = r#""\u001b[2J\u202e\u007f\nx""#;
        let yaml = r#""\e[2J\u202e\x7F\nx""#;
        for (format, escapes) in [(Format::Json, json), (Format::Yaml, yaml)] {
            let text = render(format, &value, |_| unreachable!());
            assert!(
                !text
                    .chars()
                    .any(|character| character.is_control() && character != '\n'),
                "{text:?}"
            );
            assert!(text.contains(escapes), "{text}");
        }
        assert_eq!(
            serde_json::from_str::<Value>(&render(Format::Json, &value, |_| unreachable!())).unwrap(),
            value
        );
    }
}
