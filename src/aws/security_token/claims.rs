//! What a token says of itself.

use serde::Deserialize;

use crate::model::one_line;

/// What a token says of itself: no secret, and what the trust policy of a role has to name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Claims {
    /// Who issued it.
    pub iss: Option<String>,
    /// Whom it is for.
    pub aud: Option<String>,
    /// Whom it is about.
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

/// Long enough for every issuer, audience and subject of Entra's.
fn clip_claim(text: &str) -> String {
    one_line(text, 200)
}
