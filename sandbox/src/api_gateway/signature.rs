//! How the gateway says no to a signature.

use std::time::SystemTime;

use bytes::Bytes;
use http::Request;

use super::errors::AmazonError;
use crate::keyring::Credential;
use crate::signature::{self, Scope, SignatureError};

/// Checks that a request was signed for the gateway of this region by a known key, and tells by which.
pub(super) fn verify(
    request: &Request<Bytes>,
    credentials: &[Credential],
    region: &str,
    now: SystemTime,
) -> Result<String, AmazonError> {
    let scope = Scope {
        region,
        service: "apigateway",
    };
    let credential = signature::verify(request, credentials, scope, now)?;
    Ok(credential.access_key_id.clone())
}

impl From<SignatureError> for AmazonError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Unsigned => Self::missing_authentication_token(),
            SignatureError::Incomplete(message) => Self::incomplete_signature(message),
            SignatureError::Invalid(message) => Self::invalid_signature(message),
            SignatureError::Unknown => Self::unrecognized_client(),
            SignatureError::Expired => Self::expired_token(),
            SignatureError::Unsignable => Self::internal_failure(),
        }
    }
}
