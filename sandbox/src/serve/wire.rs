//! The last inch: a connection that can be reset, and a body that can break off in the middle.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A stream with a TCP connection below it.
pub trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    /// That connection.
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// What the answers of one connection tell its socket, and the other way round.
#[derive(Default)]
pub struct Connection {
    reset: AtomicBool,
    half_sent: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Connection {
    /// The connection ends with an RST instead of a FIN.
    pub fn reset_on_close(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    fn flushed(&self) {
        if let Some(waker) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.half_sent.store(true, Ordering::Relaxed);
            waker.wake();
        }
    }

    fn poll_half_sent(&self, context: &Context<'_>) -> Poll<()> {
        if self.half_sent.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        Poll::Pending
    }
}

/// A socket that heeds its [`Connection`].
pub struct Wire<S: Socket> {
    socket: S,
    connection: Arc<Connection>,
}

impl<S: Socket> Wire<S> {
    /// Puts `socket` under the orders of `connection`.
    pub fn new(socket: S, connection: Arc<Connection>) -> Self {
        Self { socket, connection }
    }
}

impl<S: Socket> Drop for Wire<S> {
    fn drop(&mut self) {
        if self.connection.reset.load(Ordering::Relaxed) {
            // Failing that, the client sees a plain close: still no answer.
            let _ = self.socket.tcp().set_zero_linger();
        }
    }
}

impl<S: Socket> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<S: Socket> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        if flushed.is_ready() {
            self.connection.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

/// The body of an answer: all of it, or half of it and then the end of the connection.
pub struct AnswerBody {
    bytes: Option<Bytes>,
    breaks_off: Option<Arc<Connection>>,
}

/// The body breaks off here.
#[derive(Debug, thiserror::Error)]
#[error("the answer is cut as told")]
pub struct BrokenOff;

impl AnswerBody {
    /// All of it.
    pub fn whole(bytes: Bytes) -> Self {
        Self {
            bytes: Some(bytes),
            breaks_off: None,
        }
    }

    /// The first half; then `connection` is closed.
    pub fn half(bytes: &Bytes, connection: Arc<Connection>) -> Self {
        Self {
            bytes: Some(bytes.slice(..bytes.len() / 2)),
            breaks_off: Some(connection),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if let Some(bytes) = self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(connection) = &self.breaks_off else {
            return Poll::Ready(None);
        };
        // An error now would throw away what waits to be sent.
        connection.poll_half_sent(context).map(|()| Some(Err(BrokenOff)))
    }

    fn is_end_stream(&self) -> bool {
        self.breaks_off.is_none() && self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.breaks_off {
            None => SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64),
            Some(_) => SizeHint::default(),
        }
    }
}
