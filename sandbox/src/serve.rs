//! Puts a stand-in on a socket: records every exchange and carries out the faults, for real, on the wire.

mod port;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::now;
use crate::faults::{Fault, Faults};
use crate::record::{Exchange, Record, Service, Subject};
pub use port::Port;
use port::listen;
use wire::{AnswerBody, Connection, Wire};

/// More than any of the services takes, so that a stand-in sees what it must refuse.
const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// What stands in for a service: it turns requests into answers and knows nothing of sockets.
pub trait StandIn: Send + Sync + 'static {
    /// The service.
    const SERVICE: Service;

    /// What of AWS a request is about.
    fn subject(&self, _request: &Request<Bytes>) -> Subject {
        Subject::default()
    }

    /// Answers a request.
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes>;
}

/// What turns a request into an answer.
pub type Answer = Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Response<Bytes>> + Send + Sync>;

/// What tells the subject of a request.
type Tell = Arc<dyn Fn(&Request<Bytes>) -> Subject + Send + Sync>;

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
    /// Where every exchange is recorded.
    pub record: Record,
    /// What goes wrong.
    pub faults: Faults,
    /// How the process under test is killed.
    pub kill: KillHook,
    /// How long every answer takes, besides the work.
    pub latency: Duration,
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

/// Makes a stand-in, which may know its base URL, and serves it under the given conditions.
pub fn host<S: StandIn>(port: Port, make: impl FnOnce(String) -> S, conditions: &Conditions) -> (Arc<S>, Server) {
    let stand_in = Arc::new(make(port.base_url()));
    let answering = Arc::clone(&stand_in);
    let answer: Answer = Arc::new(move |request| {
        let response = answering.answer(&request);
        Box::pin(async { response })
    });
    let telling = Arc::clone(&stand_in);
    let tell: Tell = Arc::new(move |request| telling.subject(request));
    (
        stand_in,
        listen_for((S::SERVICE, tell), port, answer, conditions.clone()),
    )
}

/// Serves `answer` as `service` under the given conditions.
///
/// Work that has started is finished and recorded even when the client goes away meanwhile, as in a real service.
#[must_use]
pub fn serve(port: Port, service: Service, answer: Answer, conditions: Conditions) -> Server {
    listen_for((service, Arc::new(|_| Subject::default())), port, answer, conditions)
}

fn listen_for((service, tell): (Service, Tell), port: Port, answer: Answer, conditions: Conditions) -> Server {
    let shutdown = CancellationToken::new();
    let (listening, seen) = watch::channel(true);
    let server = Server {
        base_url: port.base_url(),
        port: port.number,
        listening: seen,
        _shutdown: shutdown.clone().drop_guard(),
    };
    let serving = Serving {
        service,
        tell,
        answer,
        conditions,
        shutdown: shutdown.clone(),
    };
    tokio::spawn(shutdown.run_until_cancelled_owned(accept(port, serving, listening)));
    server
}

#[derive(Clone)]
struct Serving {
    service: Service,
    tell: Tell,
    answer: Answer,
    conditions: Conditions,
    shutdown: CancellationToken,
}

async fn accept(port: Port, serving: Serving, listening: watch::Sender<bool>) {
    let Port {
        mut listener,
        reserved: _reserved,
        number,
        acceptor,
    } = port;
    let mut down = serving.conditions.faults.down();
    let service = serving.service;
    loop {
        let up = serving.shutdown.child_token();
        let ends = down.wait_for(|down| down.contains(&service));
        let accepting = accept_all(&listener, acceptor.as_ref(), &serving, &up);
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

async fn accept_all(listener: &TcpListener, acceptor: Option<&TlsAcceptor>, serving: &Serving, up: &CancellationToken) {
    loop {
        // A failed accept concerns one client that is gone already.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let connection = connect(stream, acceptor.cloned(), serving.clone());
        tokio::spawn(up.clone().run_until_cancelled_owned(connection));
    }
}

async fn connect(stream: TcpStream, acceptor: Option<TlsAcceptor>, serving: Serving) {
    // Small answers go out at once; a failure only makes them later.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return converse(stream, serving).await;
    };
    // A client that does not trust the certificate closes the handshake: its own error tells.
    if let Ok(stream) = acceptor.accept(stream).await {
        converse(stream, serving).await;
    }
}

async fn converse<S: wire::Socket>(stream: S, serving: Serving) {
    let connection = Arc::new(Connection::default());
    let io = TokioIo::new(Wire::new(stream, connection.clone()));
    let service = service_fn(move |request| handle(request, serving.clone(), connection.clone()));
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
    serving: Serving,
    connection: Arc<Connection>,
) -> Result<Response<AnswerBody>, Reset> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT_BYTES).collect().await else {
        return Ok(too_large().map(AnswerBody::whole));
    };
    let request = Request::from_parts(head, body.to_bytes());
    let shutdown = serving.shutdown.clone();
    // A task of its own: a client that goes away does not stop the work.
    let work = tokio::spawn(shutdown.run_until_cancelled_owned(work(request, serving)));
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

async fn work(request: Request<Bytes>, serving: Serving) -> Outcome {
    let conditions = &serving.conditions;
    let mut entry = Entry::open(&request, &serving);
    if !conditions.latency.is_zero() {
        tokio::time::sleep(conditions.latency).await;
    }
    let fault = conditions.faults.strike(&entry.0);
    match &fault {
        Some(Fault::Answer { status, headers, body }) => {
            let mut response = Response::new(body.clone());
            *response.status_mut() = *status;
            *response.headers_mut() = headers.clone();
            conditions.record.push(entry.answered(&response));
            return Outcome::Answer(response);
        }
        Some(Fault::Hang | Fault::ResetBefore | Fault::Refuse | Fault::KillBefore) => {
            if let Some(Fault::KillBefore) = fault {
                conditions.kill.call();
            }
            conditions.record.push(entry.0);
            if let Some(Fault::Hang) = fault {
                std::future::pending::<()>().await;
            }
            return Outcome::Reset;
        }
        Some(Fault::Delay(delay)) => tokio::time::sleep(*delay).await,
        Some(Fault::Interject) => conditions.kill.call(),
        None | Some(Fault::ResetAfter | Fault::Truncate | Fault::KillAfter) => (),
    }
    let response = (serving.answer)(request).await;
    if let Some(Fault::ResetAfter | Fault::KillAfter) = fault {
        entry.unsent(&response);
        if let Some(Fault::KillAfter) = fault {
            conditions.kill.call();
        }
        conditions.record.push(entry.0);
        return Outcome::Reset;
    }
    conditions.record.push(entry.answered(&response));
    if let Some(Fault::Truncate) = fault {
        Outcome::Truncated(response)
    } else {
        Outcome::Answer(response)
    }
}

/// An exchange that has no answer yet.
struct Entry(Exchange);

impl Entry {
    fn open(request: &Request<Bytes>, serving: &Serving) -> Self {
        let target = request
            .uri()
            .path_and_query()
            .map_or_else(|| request.uri().to_string(), ToString::to_string);
        Self(Exchange {
            service: serving.service,
            subject: (serving.tell)(request),
            method: request.method().clone(),
            target,
            request_headers: request.headers().clone(),
            request_body: request.body().clone(),
            received_at: now(),
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
