//! Access tokens of the sandbox's identity: well-formed JWTs that only this process can issue and verify.

use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::clock::{epoch_seconds, now};

/// The tenant that issues the tokens.
pub const TENANT_ID: &str = "11111111-1111-4111-8111-111111111111";
/// The application (client) id that the tokens name.
pub const CLIENT_ID: &str = "22222222-2222-4222-8222-222222222222";

/// The object id of the identity that the managed-identity endpoint gives tokens for.
pub const OBJECT_ID: &str = "33333333-3333-4333-8333-333333333333";
/// Who issues tokens of version 1.0.
pub const ISSUER: &str = "https://sts.windows.net/11111111-1111-4111-8111-111111111111/";

/// The signing key: new in every process, so that a token of another run is as good as none.
static KEY: LazyLock<hmac::Key> = LazyLock::new(|| {
    let mut key = [0_u8; 32];
    for half in key.chunks_exact_mut(16) {
        half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    hmac::Key::new(hmac::HMAC_SHA256, &key)
});

/// The claims of a token, under their names in Microsoft Entra ID's v1.0 tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The audience.
    pub aud: String,
    /// The issuer.
    pub iss: String,
    /// When it was issued, in seconds since 1970.
    pub iat: u64,
    /// From when on it is valid, in seconds since 1970.
    pub nbf: u64,
    /// Until when it is valid, in seconds since 1970.
    pub exp: u64,
    /// The object id of the identity.
    pub oid: String,
    /// The subject: the same object id.
    pub sub: String,
    /// The tenant.
    pub tid: String,
    /// The application (client) id.
    pub appid: String,
    /// The version of the token's format.
    pub ver: String,
    /// The application that was given the token, in version 2.0 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azp: Option<String>,
}

/// Why a token does not belong to this sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It has another shape.
    #[error("the access token is not a JWT")]
    NotAJwt,
    /// Its signature is not a signature.
    #[error("the signature of the access token is not base64url")]
    SignatureNotBase64,
    /// Somebody else made it, or it was changed.
    #[error("the signature of the access token is not that of this sandbox")]
    ForeignSignature,
    /// Its payload is not what it should be.
    #[error("the access token lacks a claim")]
    LacksAClaim,
}

impl Claims {
    /// What a token of version 1.0 says that is made now.
    #[must_use]
    pub fn new(audience: &str, object_id: &str, lifetime: Duration) -> Self {
        let now = seconds_now();
        Self {
            aud: audience.to_owned(),
            iss: ISSUER.to_owned(),
            iat: now,
            nbf: now,
            exp: now.saturating_add(lifetime.as_secs()),
            oid: object_id.to_owned(),
            sub: object_id.to_owned(),
            tid: TENANT_ID.to_owned(),
            appid: CLIENT_ID.to_owned(),
            ver: "1.0".to_owned(),
            azp: None,
        }
    }

    /// The signed token.
    #[must_use]
    pub fn signed(&self) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#);
        let payload = URL_SAFE_NO_PAD.encode(serde_json::json!(self).to_string());
        let signed = format!("{header}.{payload}");
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&KEY, signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// Issues a token for an audience in the name of an identity.
#[must_use]
pub fn issue_token(audience: &str, object_id: &str, lifetime: Duration) -> String {
    Claims::new(audience, object_id, lifetime).signed()
}

/// Reads a token that this sandbox has issued, whatever it says.
///
/// # Errors
/// If it has another form or another signature.
pub fn read_token(token: &str) -> Result<Claims, InvalidToken> {
    let (signed, signature) = token.rsplit_once('.').ok_or(InvalidToken::NotAJwt)?;
    let (_, payload) = signed.split_once('.').ok_or(InvalidToken::NotAJwt)?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| InvalidToken::SignatureNotBase64)?;
    hmac::verify(&KEY, signed.as_bytes(), &signature).map_err(|_| InvalidToken::ForeignSignature)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| InvalidToken::LacksAClaim)?;
    serde_json::from_slice(&payload).map_err(|_| InvalidToken::LacksAClaim)
}

/// Verifies a token: its form, its signature, its time and that it is for one of the audiences.
///
/// A slash at the end of an audience makes no difference, as in Microsoft Entra ID.
///
/// # Errors
/// If any of these does not hold; the text says which and never holds the token.
pub fn check_token(token: &str, audiences: &[&str]) -> Result<Claims, String> {
    let claims = read_token(token).map_err(|error| error.to_string())?;
    let now = seconds_now();
    if claims.exp <= now {
        return Err("the access token is expired".to_owned());
    }
    if claims.nbf > now {
        return Err("the access token is not valid yet".to_owned());
    }
    let audience = claims.aud.trim_end_matches('/');
    if audiences.iter().any(|wanted| wanted.trim_end_matches('/') == audience) {
        Ok(claims)
    } else {
        Err(format!("the access token is for the audience '{}'", claims.aud))
    }
}

fn seconds_now() -> u64 {
    u64::try_from(epoch_seconds(now())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIENCE: &str = "https://management.azure.com/";

    #[test]
    fn a_token_is_good_for_its_audience_with_or_without_a_slash() {
        let token = issue_token(AUDIENCE, "someone", Duration::from_mins(1));
        for audience in [AUDIENCE, "https://management.azure.com"] {
            assert_eq!(check_token(&token, &[audience]).unwrap().oid, "someone");
        }
        assert!(check_token(&token, &["https://vault.azure.net"]).is_err());
    }

    #[test]
    fn an_expired_token_is_refused() {
        let token = issue_token(AUDIENCE, "someone", Duration::ZERO);
        assert!(check_token(&token, &[AUDIENCE]).unwrap_err().contains("expired"));
    }

    #[test]
    fn a_token_that_was_tampered_with_is_refused() {
        let token = issue_token(AUDIENCE, "someone", Duration::from_mins(1));
        let other = issue_token(AUDIENCE, "someone else", Duration::from_mins(1));
        let signature = other.rsplit('.').next().unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        for forged in [
            "",
            "abc",
            "a.b.c",
            &format!("{signed}.{signature}"),
            &format!("{signed}."),
        ] {
            assert!(check_token(forged, &[AUDIENCE]).is_err(), "{forged}");
        }
    }
}
