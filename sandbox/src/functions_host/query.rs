//! Query strings, as the host reads and rewrites them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

/// What the host leaves as it is when it rewrites a query.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b',');

/// The values of a query by key; keys are compared without case and keep the form of their first use.
#[must_use]
pub fn parse(query: &str) -> Vec<(String, Vec<String>)> {
    let mut parsed: Vec<(String, Vec<String>)> = Vec::new();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match parsed.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&key)) {
            Some((_, values)) => values.push(value.into_owned()),
            None => parsed.push((key.into_owned(), vec![value.into_owned()])),
        }
    }
    parsed
}

/// The query as the host writes it when it rebuilds a request: repeated keys collapse.
#[must_use]
pub fn rewritten(query: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, KEPT).to_string();
    let pairs = parse(query)
        .into_iter()
        .map(|(key, values)| format!("{}={}", encode(&key), encode(&values.join(","))));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_rewritten_as_recorded() {
        assert_eq!(
            rewritten("a=1&a=2&A=3&b=&c&d=%20x%2By+z&e=%C3%BC&f[]=1&=v"),
            "a=1,2,3&b=&c=&d=%20x%2By%20z&e=%C3%BC&f%5B%5D=1&=v"
        );
    }
}
