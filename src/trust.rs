//! The trusted certificates: the system's, or those in `SSL_CERT_FILE`.

use rustls::RootCertStore;
use rustls_native_certs::load_native_certs;

use crate::model::{ErrorCode, Problem};

/// Checks that there is any trusted certificate.
///
/// Without one, no service can be called, and the SDKs' HTTP clients panic on creation.
///
/// # Errors
/// If there is none; the problem names the unreadable files.
pub fn check_trust() -> Result<(), Problem> {
    let found = load_native_certs();
    let (usable, _) = RootCertStore::empty().add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(());
    }
    let mut message = "no trusted certificates, so no service can be called: set SSL_CERT_FILE to a file of \
                       certificates in PEM, or remove the setting where the system has its own"
        .to_owned();
    for error in found.errors {
        message.push_str("; ");
        message.push_str(&error.to_string());
    }
    Err(Problem::new(ErrorCode::MissingSetting, message).with_target("SSL_CERT_FILE"))
}
