//! JSON and YAML in colour, line by line.

const NAME: &str = "\u{1b}[34m";
const TEXT: &str = "\u{1b}[32m";
const OTHER: &str = "\u{1b}[33m";
const END: &str = "\u{1b}[0m";

/// A document with names, strings and other values in different colours.
pub(super) fn coloured(document: &str) -> String {
    document.lines().map(|text| line(text) + "\n").collect()
}

fn line(line: &str) -> String {
    let start = line.find(|letter| !" -".contains(letter)).unwrap_or(line.len());
    // A sign belongs to its number.
    let start = if line[..start].ends_with('-') { start - 1 } else { start };
    let (indent, rest) = line.split_at(start);
    let (name, rest) = rest.split_at(name_end(rest));
    let value = rest.trim_start_matches([':', ' ']);
    let (between, value) = rest.split_at(rest.len() - value.len());
    let (value, comma) = value.strip_suffix(',').map_or((value, ""), |value| (value, ","));
    let colour = match value.chars().next() {
        None | Some('{' | '}' | '[' | ']' | '|' | '>') => None,
        Some(first) if first.is_ascii_digit() || first == '-' => Some(OTHER),
        Some(_) if ["true", "false", "null"].contains(&value) => Some(OTHER),
        Some(_) => Some(TEXT),
    };
    let paint = |colour: Option<&str>, text: &str| match colour {
        Some(colour) if !text.is_empty() => format!("{colour}{text}{END}"),
        Some(_) | None => text.to_owned(),
    };
    format!(
        "{indent}{}{between}{}{comma}",
        paint(Some(NAME), name),
        paint(colour, value)
    )
}

/// The end of the name at the start of a line; the start if it has none.
fn name_end(line: &str) -> usize {
    let quoted = line.strip_prefix('"').and_then(|rest| {
        let mut is_escaped = false;
        rest.find(|letter| {
            let ends = letter == '"' && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            ends
        })
    });
    let end = match quoted {
        Some(end) => end + 2,
        None => line.find(": ").unwrap_or(line.len() - usize::from(line.ends_with(':'))),
    };
    if line[end..].starts_with(':') { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_texts_and_other_values_have_a_colour_each() {
        let shown = |text: &str| {
            let colours = [(NAME, "<n>"), (TEXT, "<t>"), (OTHER, "<o>"), (END, "</>")];
            colours
                .iter()
                .fold(coloured(text), |text, (colour, tag)| text.replace(colour, tag))
        };
        insta::assert_snapshot!(shown("{\n  \"a\\\"b\": \"c: d\",\n  \"n\": -1,\n  \"l\": [\n    null,\n    \"x\"\n  ]\n}\n"), @r#"
        {
          <n>"a\"b"</>: <t>"c: d"</>,
          <n>"n"</>: <o>-1</>,
          <n>"l"</>: [
            <o>null</>,
            <t>"x"</>
          ]
        }
        "#);
        insta::assert_snapshot!(shown("- id: /a/b\n  on:\n  - x y\n  - - 3\n  url: https://a\n"), @"
        - <n>id</>: <t>/a/b</>
          <n>on</>:
          - <t>x y</>
          - - <o>3</>
          <n>url</>: <t>https://a</>
        ");
    }
}
