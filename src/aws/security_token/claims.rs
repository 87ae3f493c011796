//! Claims of a token.

use serde::Deserialize;

use crate::model::one_line;

/// The claims of a token: not secret, and what the trust policy of a role must match.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Claims {
    /// Its issuer.
    pub iss: Option<String>,
    /// Its audience.
    pub aud: Option<String>,
    /// Its subject.
    pub sub: Option<String>,
}

impl Claims {
    pub fn shown(&self) -> String {
        let shown = |claim: &Option<String>| claim.as_deref().map_or_else(|| "?".to_owned(), clip_claim);
        format!(
            "the token has issuer {}, audience {} and subject {}",
            shown(&self.iss),
            shown(&self.aud),
            shown(&self.sub)
        )
    }
}

/// Long enough for every issuer, audience and subject of Entra ID.
fn clip_claim(text: &str) -> String {
    one_line(text, 200)
}
