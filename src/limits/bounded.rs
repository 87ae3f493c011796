//! Bounds responses through the Azure SDK's client.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::{AsyncRawResponse, HttpClient, Method, Request};
use futures::StreamExt;

/// A response's body exceeds any documented one.
#[derive(Debug, thiserror::Error)]
#[error("it is larger than {limit} bytes")]
pub struct TooLarge {
    limit: usize,
}

/// A client that cuts responses before they fill the memory.
#[derive(Debug)]
pub struct Bounded {
    client: Arc<dyn HttpClient>,
    reads: usize,
    writes: usize,
}

impl Bounded {
    /// `client`, with responses of at most `reads` bytes to reads and of at most `writes` bytes to anything else.
    #[must_use]
    pub fn new(client: Arc<dyn HttpClient>, reads: usize, writes: usize) -> Self {
        Self { client, reads, writes }
    }
}

#[async_trait]
impl HttpClient for Bounded {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let limit = match request.method() {
            Method::Get | Method::Head => self.reads,
            _ => self.writes,
        };
        let (status, headers, body) = self.client.execute_request(request).await?.deconstruct();
        let mut left = limit;
        let bounded = body.map(move |chunk| {
            let chunk = chunk?;
            left = left.checked_sub(chunk.len()).ok_or_else(|| {
                // Of a kind that is not retried.
                azure_core::Error::new(ErrorKind::Other, TooLarge { limit })
            })?;
            Ok(chunk)
        });
        Ok(AsyncRawResponse::new(status, headers, Box::pin(bounded)))
    }
}
