//! Errors of the gateway to a signature.

use std::time::SystemTime;

use bytes::Bytes;
use http::Request;

use super::errors::AmazonError;
use crate::keyring::Keyring;
use crate::signature::{self, Scope, SignatureError};

/// Checks that a request was signed for the gateway of this region by a known key.
pub(super) fn verify(
    request: &Request<Bytes>,
    keyring: &Keyring,
    region: &str,
    now: SystemTime,
) -> Result<(), AmazonError> {
    let scope = Scope {
        region,
        service: "apigateway",
    };
    signature::verify(request, keyring, scope, now)?;
    Ok(())
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
