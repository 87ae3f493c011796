//! Placeholder.
use bytes::Bytes;

/// Placeholder.
#[derive(Default)]
pub struct KeyVaultOptions {
    /// Placeholder.
    pub base_url: String,
}

/// Placeholder.
pub struct KeyVault(KeyVaultOptions);

impl KeyVault {
    /// Placeholder.
    #[must_use]
    pub fn new(options: KeyVaultOptions) -> Self {
        Self(options)
    }
    /// Placeholder.
    pub async fn answer(&self, _: &http::Request<Bytes>) -> http::Response<Bytes> {
        http::Response::new(Bytes::from(self.0.base_url.clone()))
    }
    /// Placeholder.
    pub fn set_secret(&self, _: &str, _: &str) {}
}
