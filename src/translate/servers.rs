//! Replaces the servers of an exported document with the URLs of its stage. Everything else stays byte for byte.

use serde::{Deserialize, Deserializer};
use serde_json::json;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Servers<'a> {
    #[serde(borrow, default, deserialize_with = "found")]
    servers: Option<&'a RawValue>,
}

/// The value, including `null`.
fn found<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The document with these URLs as its servers; `None` if it is not a JSON object, or has servers twice.
pub(super) fn with_servers(text: &str, urls: &[String]) -> Option<String> {
    let found: Servers<'_> = serde_json::from_str(text).ok()?;
    let servers: Vec<_> = urls.iter().map(|url| json!({ "url": url })).collect();
    let servers = json!(servers).to_string();
    let Some(found) = found.servers else {
        let start = text.find('{')? + 1;
        return Some(format!("{}\"servers\":{servers},{}", &text[..start], &text[start..]));
    };
    // The found value is a slice of the text.
    let start = (found.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start + found.get().len();
    Some(format!("{}{servers}{}", text.get(..start)?, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_are_replaced_and_nothing_else() {
        let url = || vec!["https://api.example.com/v1".to_owned()];
        let servers = r#"[{"url":"https://api.example.com/v1"}]"#;
        for (text, urls, expected) in [
            (
                "{ \"openapi\" : \"3.0.1\",\n \"servers\":[ {\"url\":\"x\"} ], \"x\": 1.50 }\n",
                url(),
                format!("{{ \"openapi\" : \"3.0.1\",\n \"servers\":{servers}, \"x\": 1.50 }}\n"),
            ),
            (
                "{\"openapi\":\"3.0.1\"}",
                url(),
                format!("{{\"servers\":{servers},\"openapi\":\"3.0.1\"}}"),
            ),
            (
                "{\"openapi\":\"3.0.1\",\"servers\":[{\"url\":\"x\"}]}",
                Vec::new(),
                "{\"openapi\":\"3.0.1\",\"servers\":[]}".to_owned(),
            ),
            (
                "{\"servers\": null,\"openapi\":\"3.0.1\"}",
                Vec::new(),
                "{\"servers\": [],\"openapi\":\"3.0.1\"}".to_owned(),
            ),
            (
                "{\"serv\\u0065rs\": 1}",
                Vec::new(),
                "{\"serv\\u0065rs\": []}".to_owned(),
            ),
        ] {
            assert_eq!(with_servers(text, &urls), Some(expected), "{text}");
        }
        for text in ["[]", "", "{\"servers\":[],\"servers\":[]}"] {
            assert_eq!(with_servers(text, &url()), None, "{text}");
        }
    }
}
