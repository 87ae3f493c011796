//! Placeholder.
use bytes::Bytes;

/// Placeholder.
#[derive(Debug, Clone, Default)]
pub struct ApiGatewayOptions {
    /// Placeholder.
    pub region: String,
    /// Placeholder.
    pub credentials: Vec<(String, String)>,
    /// Placeholder.
    pub page_size_default: usize,
    /// Placeholder.
    pub rate: (f64, f64),
}

/// Placeholder.
#[derive(Debug, Clone, Default)]
pub struct RestApi {
    /// Placeholder.
    pub id: String,
}

/// Placeholder.
#[derive(Debug, Clone, Default)]
pub struct Stage;

/// Placeholder.
pub struct ApiGateway(ApiGatewayOptions);

impl ApiGateway {
    /// Placeholder.
    #[must_use]
    pub fn new(options: ApiGatewayOptions) -> Self {
        Self(options)
    }
    /// Placeholder.
    pub async fn answer(&self, _: &http::Request<Bytes>) -> http::Response<Bytes> {
        http::Response::new(Bytes::from(self.0.region.clone()))
    }
    /// Placeholder.
    pub fn put_rest_api(&self, _: RestApi) {}
    /// Placeholder.
    pub fn put_stage(&self, _: &str, _: Stage) {}
    /// Placeholder.
    pub fn clear(&self) {}
}
