//! Placeholder.
use bytes::Bytes;

/// Placeholder.
pub struct Identity(String);

impl Identity {
    /// Placeholder.
    #[must_use]
    pub fn new(identity_header: impl Into<String>) -> Self {
        Self(identity_header.into())
    }
    /// Placeholder.
    pub async fn answer(&self, _: &http::Request<Bytes>) -> http::Response<Bytes> {
        http::Response::new(Bytes::from(self.0.clone()))
    }
}
