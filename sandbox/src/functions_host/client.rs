//! Calls from the host to the handler.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why a call got no response.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The handler does not listen.
    #[error("connecting to the handler failed")]
    Connect(#[source] std::io::Error),
    /// The connection broke.
    #[error("the handler did not answer")]
    Exchange(#[from] hyper::Error),
}

impl CallError {
    /// Whether nothing was sent, so that a retry is safe.
    pub fn is_connect(&self) -> bool {
        matches!(self, Self::Connect(_))
    }
}

/// A connection to the handler that carries one call.
pub struct Line<B>(hyper::client::conn::http1::SendRequest<B>);

impl<B> Line<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Connects.
    pub async fn open(port: u16) -> Result<Self, CallError> {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .map_err(CallError::Connect)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // Its error reaches the caller through the answer.
        tokio::spawn(async move { connection.await.ok() });
        Ok(Self(sender))
    }

    /// Sends the request; dropping the future, or the answer, ends the connection.
    pub async fn send(mut self, request: Request<B>) -> Result<Response<Incoming>, CallError> {
        Ok(self.0.send_request(request).await?)
    }
}

/// A body of unknown length in chunks of 1024 bytes, as the real host writes its envelopes.
pub struct Chunked(Bytes);

const CHUNK_BYTES: usize = 1024;

impl Chunked {
    /// Takes the text to send.
    pub fn new(text: impl Into<Bytes>) -> Self {
        Self(text.into())
    }
}

impl Body for Chunked {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.0.len().min(CHUNK_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.0.split_to(length)))))
    }
}
