//! Query parameters, and links to further pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::form_urlencoded;

use super::refusal::Refusal;

const SKIP_TOKEN: &str = "$skipToken";

/// The parameters of a request, decoded.
#[derive(Debug, Clone)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// A parameter by its name, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The name before the start of the page.
    pub fn skip_token(&self) -> Result<Option<String>, Refusal> {
        let Some(token) = self.get(SKIP_TOKEN) else {
            return Ok(None);
        };
        let name = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|name| String::from_utf8(name).ok());
        match name {
            Some(name) => Ok(Some(name)),
            None => Err(Refusal::invalid(
                "InvalidSkipToken",
                "the skip token is not one of ours",
            )),
        }
    }

    /// The same request for the page after `last`.
    pub fn next_link(&self, url: &str, last: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.0.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(SKIP_TOKEN)));
        query.append_pair(SKIP_TOKEN, &URL_SAFE_NO_PAD.encode(last));
        format!("{url}?{}", query.finish())
    }
}
