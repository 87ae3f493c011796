//! Claims of tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

/// The unverified claims of a JSON Web Token, as far as readable: names to show, not secrets.
#[must_use]
pub fn claims<T: Default + DeserializeOwned>(token: &str) -> T {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD
        .decode(payload)
        .ok()
        .and_then(|payload| serde_json::from_slice(&payload).ok());
    claims.unwrap_or_default()
}
