//! Puts a stand-in on a socket: records every exchange and carries out the faults, for real, on the wire.

mod wire;

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::faults::{Fault, Faults};
use crate::record::{Exchange, Record, Service};
use crate::tls::Tls;
use wire::{AnswerBody, Connection, Wire};

/// More than any of the services takes, so that a stand-in sees what it has to refuse.
const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// What turns a request into an answer.
pub type Answer = Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> + Send + Sync>;

/// Kills the process under test, or does what else a test wants, when a fault says so; clones share one hook.
#[derive(Clone, Default)]
pub struct KillHook(Arc<Mutex<Option<Hook>>>);

type Hook = Box<dyn Fn() + Send>;

impl KillHook {
    /// From now on, `kill` is called.
    pub fn set(&self, kill: impl Fn() + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(kill));
    }

    /// From now on, nothing is called.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn call(&self) {
        if let Some(kill) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            kill();
        }
    }
}

/// What surrounds the stand-ins: the record, the faults, and how long an answer takes.
#[derive(Clone, Default)]
pub struct Conditions {
    /// Where every exchange is written down.
    pub record: Record,
    /// What goes wrong.
    pub faults: Faults,
    /// How the process under test is killed.
    pub kill: KillHook,
    /// How long every answer takes, besides the work.
    pub latency: Duration,
}

/// A loopback port that is taken but not served yet, so that a stand-in can know its own address.
pub struct Port {
    listener: TcpListener,
    /// Bound without listening, so that nobody else is given the port while its stand-in is down.
    reserved: TcpSocket,
    number: u16,
    acceptor: Option<TlsAcceptor>,
}

impl Port {
    /// Takes a port on `127.0.0.1`, any free one for 0; with `tls`, it will speak TLS only.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn take(port: u16, tls: Option<&Tls>) -> io::Result<Self> {
        let reserved = bind(port)?;
        let number = reserved.local_addr()?.port();
        Ok(Self {
            listener: listen(number)?,
            reserved,
            number,
            acceptor: tls.map(Tls::acceptor),
        })
    }

    /// The port's number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Its listener, for a plain server of another kind.
    pub(crate) fn into_listener(self) -> TcpListener {
        self.listener
    }

    /// Its base URL, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        let scheme = if self.acceptor.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.number)
    }
}

/// A stand-in on its socket; it ends, connections and all, when this is dropped.
pub struct Server {
    base_url: String,
    port: u16,
    listening: watch::Receiver<bool>,
    _shutdown: DropGuard,
}

impl Server {
    /// Its base URL, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until connections are accepted, after faults have let them be refused.
    pub async fn is_up(&self) {
        // An error means that the server ends, and nobody waits for that.
        let _ = self.listening.clone().wait_for(|listening| *listening).await;
    }
}

/// Serves `answer` as `service` under the given conditions.
///
/// Work that has begun is finished and recorded even when the client goes away meanwhile, as in a real service.
#[must_use]
pub fn serve(port: Port, service: Service, answer: Answer, conditions: Conditions) -> Server {
    let shutdown = CancellationToken::new();
    let (listening, seen) = watch::channel(true);
    let server = Server {
        base_url: port.base_url(),
        port: port.number,
        listening: seen,
        _shutdown: shutdown.clone().drop_guard(),
    };
    let stand_in = StandIn {
        service,
        answer,
        conditions,
        shutdown: shutdown.clone(),
    };
    tokio::spawn(shutdown.run_until_cancelled_owned(accept(port, stand_in, listening)));
    server
}

#[derive(Clone)]
struct StandIn {
    service: Service,
    answer: Answer,
    conditions: Conditions,
    shutdown: CancellationToken,
}

async fn accept(port: Port, stand_in: StandIn, listening: watch::Sender<bool>) {
    let Port {
        mut listener,
        reserved: _reserved,
        number,
        acceptor,
    } = port;
    let mut down = stand_in.conditions.faults.down();
    let service = stand_in.service;
    loop {
        let up = stand_in.shutdown.child_token();
        let ends = down.wait_for(|down| down.contains(&service));
        let accepting = accept_all(&listener, acceptor.as_ref(), &stand_in, &up);
        tokio::select! {
            _ = ends => (),
            () = accepting => (),
        }
        listening.send_replace(false);
        up.cancel();
        drop(listener);
        // The faults live as long as the stand-in.
        let _ = down.wait_for(|down| !down.contains(&service)).await;
        listener = match listen(number) {
            Ok(listener) => listener,
            // The port is kept for us: whatever this is, clients see that it stays down.
            Err(_) => return,
        };
        listening.send_replace(true);
    }
}

async fn accept_all(
    listener: &TcpListener,
    acceptor: Option<&TlsAcceptor>,
    stand_in: &StandIn,
    up: &CancellationToken,
) {
    loop {
        // A failed accept concerns one client that is gone already.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let connection = connect(stream, acceptor.cloned(), stand_in.clone());
        tokio::spawn(up.clone().run_until_cancelled_owned(connection));
    }
}

/// A socket on a loopback port, which does not listen yet.
fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

fn listen(port: u16) -> io::Result<TcpListener> {
    const WAITING_CLIENTS: u32 = 1024;
    bind(port)?.listen(WAITING_CLIENTS)
}

async fn connect(stream: TcpStream, acceptor: Option<TlsAcceptor>, stand_in: StandIn) {
    // Small answers go out at once; a failure only makes them later.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return converse(stream, stand_in).await;
    };
    // A client that does not trust the certificate closes the handshake: its own error tells.
    if let Ok(stream) = acceptor.accept(stream).await {
        converse(stream, stand_in).await;
    }
}

async fn converse<S: wire::Socket>(stream: S, stand_in: StandIn) {
    let connection = Arc::new(Connection::default());
    let io = TokioIo::new(Wire::new(stream, connection.clone()));
    let service = service_fn(move |request| handle(request, stand_in.clone(), connection.clone()));
    // The error is the fault that was asked for, or a client that went away.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(io, service)
        .await;
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is reset as told")]
struct Reset;

async fn handle(
    request: Request<Incoming>,
    stand_in: StandIn,
    connection: Arc<Connection>,
) -> Result<Response<AnswerBody>, Reset> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT_BYTES).collect().await else {
        return Ok(too_large().map(AnswerBody::whole));
    };
    let request = Request::from_parts(head, body.to_bytes());
    let shutdown = stand_in.shutdown.clone();
    // A task of its own: a client that goes away does not stop the work.
    let work = tokio::spawn(shutdown.run_until_cancelled_owned(work(request, stand_in)));
    match work.await {
        Ok(Some(Outcome::Answer(response))) => Ok(response.map(AnswerBody::whole)),
        Ok(Some(Outcome::Truncated(response))) => Ok(truncated(response, connection)),
        Ok(Some(Outcome::Reset) | None) | Err(_) => {
            connection.reset_on_close();
            Err(Reset)
        }
    }
}

fn too_large() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}

fn truncated(response: Response<Bytes>, connection: Arc<Connection>) -> Response<AnswerBody> {
    let whole = response.body().len();
    let mut response = response.map(|body| AnswerBody::half(&body, connection));
    response
        .headers_mut()
        .insert(http::header::CONTENT_LENGTH, whole.into());
    response
}

enum Outcome {
    Answer(Response<Bytes>),
    Truncated(Response<Bytes>),
    Reset,
}

async fn work(request: Request<Bytes>, stand_in: StandIn) -> Outcome {
    let conditions = &stand_in.conditions;
    let target = request
        .uri()
        .path_and_query()
        .map_or_else(|| request.uri().to_string(), ToString::to_string);
    let mut entry = Entry::open(&request, stand_in.service, target);
    if !conditions.latency.is_zero() {
        tokio::time::sleep(conditions.latency).await;
    }
    let fault = conditions.faults.strike(
        stand_in.service,
        &entry.0.method,
        &entry.0.target,
        &entry.0.request_headers,
    );
    let unanswered = |entry: Entry| {
        conditions.record.push(entry.0);
        Outcome::Reset
    };
    match fault {
        None => {
            let response = (stand_in.answer)(request).await;
            conditions.record.push(entry.answered(&response));
            Outcome::Answer(response)
        }
        Some(Fault::Answer { status, headers, body }) => {
            let mut response = Response::new(body);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            conditions.record.push(entry.answered(&response));
            Outcome::Answer(response)
        }
        Some(Fault::Hang) => {
            conditions.record.push(entry.0);
            std::future::pending().await
        }
        Some(Fault::ResetBefore | Fault::Refuse) => unanswered(entry),
        Some(Fault::ResetAfter) => {
            entry.unsent(&(stand_in.answer)(request).await);
            unanswered(entry)
        }
        Some(Fault::Truncate) => {
            let response = (stand_in.answer)(request).await;
            conditions.record.push(entry.answered(&response));
            Outcome::Truncated(response)
        }
        Some(Fault::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            let response = (stand_in.answer)(request).await;
            conditions.record.push(entry.answered(&response));
            Outcome::Answer(response)
        }
        Some(Fault::Interject) => {
            conditions.kill.call();
            let response = (stand_in.answer)(request).await;
            conditions.record.push(entry.answered(&response));
            Outcome::Answer(response)
        }
        Some(Fault::KillBefore) => {
            conditions.kill.call();
            unanswered(entry)
        }
        Some(Fault::KillAfter) => {
            entry.unsent(&(stand_in.answer)(request).await);
            conditions.kill.call();
            unanswered(entry)
        }
    }
}

/// An exchange that has no answer yet.
struct Entry(Exchange);

impl Entry {
    fn open(request: &Request<Bytes>, service: Service, target: String) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the record says when a request came: an edge")]
        let received_at = SystemTime::now();
        Self(Exchange {
            service,
            method: request.method().clone(),
            target,
            request_headers: request.headers().clone(),
            request_body: request.body().clone(),
            received_at,
            status: None,
            response_headers: http::HeaderMap::new(),
            response_body: Bytes::new(),
        })
    }

    fn answered(mut self, response: &Response<Bytes>) -> Exchange {
        self.unsent(response);
        self.0.status = Some(response.status());
        self.0
    }

    /// Writes the answer down without its status: the work was done, the client never learns of it.
    fn unsent(&mut self, response: &Response<Bytes>) {
        self.0.response_headers = response.headers().clone();
        self.0.response_body = response.body().clone();
    }
}
