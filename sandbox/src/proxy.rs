//! A forward proxy that writes down whom it is asked for, as companies have between their networks and the clouds.
//!
//! It takes `CONNECT` and plain requests with a whole URL. It dials loopback only: a name leads to the port that a test
//! gives it.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::serve::Port;

/// Longest head of a request, in bytes.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// The proxy; it ends, connections and all, when this is dropped.
pub struct ForwardProxy {
    base_url: String,
    state: Arc<Mutex<State>>,
    _shutdown: DropGuard,
}

#[derive(Default)]
struct State {
    /// The ports behind `host:port`.
    routes: HashMap<String, u16>,
    /// What connections go unanswered to.
    swallowed: Vec<regex::Regex>,
    asked_for: Vec<String>,
}

impl ForwardProxy {
    /// Starts the proxy on a free port.
    ///
    /// # Errors
    /// When no port can be taken.
    #[expect(
        clippy::unused_async,
        reason = "the proxy is a task of a runtime, which a caller that awaits has"
    )]
    pub async fn start() -> io::Result<Self> {
        let port = Port::take(0, None)?;
        let shutdown = CancellationToken::new();
        let state = Arc::<Mutex<State>>::default();
        let proxy = Self {
            base_url: port.base_url(),
            state: state.clone(),
            _shutdown: shutdown.clone().drop_guard(),
        };
        let serving = accept(port.into_listener(), state, shutdown.clone());
        tokio::spawn(shutdown.run_until_cancelled_owned(serving));
        Ok(proxy)
    }

    /// The proxy's URL, as `HTTPS_PROXY` has it.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// From now on, `authority` (`host:port`) leads to this port.
    pub fn route(&self, authority: &str, port: u16) {
        lock(&self.state).routes.insert(authority.to_owned(), port);
    }

    /// From now on, requests for a `host:port` that this finds something in are taken and never answered, as when a network
    /// swallows what is sent to it.
    pub fn swallow(&self, authorities: regex::Regex) {
        lock(&self.state).swallowed.push(authorities);
    }

    /// From now on, nothing is swallowed.
    pub fn swallow_nothing(&self) {
        lock(&self.state).swallowed.clear();
    }

    /// The `host:port` of each connection so far, in their order.
    #[must_use]
    pub fn asked_for(&self) -> Vec<String> {
        lock(&self.state).asked_for.clone()
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>, shutdown: CancellationToken) {
    loop {
        // A failed accept concerns one client that is gone already.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let state = state.clone();
        // An error ends the connection, which tells its client.
        let forwarding = async move { forward(stream, &state).await.unwrap_or_default() };
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(forwarding));
    }
}

async fn forward(mut client: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let head = read_head(&mut client).await?;
    let text = String::from_utf8_lossy(&head);
    let Some((is_tunnel, authority)) = target(&text) else {
        return client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    if is_swallowed(state, &authority) {
        return copy(&mut client, &mut sink()).await.map(|_| ());
    }
    let Some(address) = address(state, &authority) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
    };
    let mut server = TcpStream::connect(address).await?;
    if is_tunnel {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    } else {
        server.write_all(&head).await?;
    }
    copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

/// Everything up to the empty line, and what came with it.
async fn read_head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() > HEAD_MAX_BYTES || client.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(head)
}

/// Whether a tunnel is asked for, and to which `host:port`.
fn target(head: &str) -> Option<(bool, String)> {
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    if method == "CONNECT" {
        return Some((true, target.to_owned()));
    }
    let rest = target.strip_prefix("http://")?;
    let authority = rest.split('/').next()?;
    Some((false, authority.to_owned()))
}

/// Writes down whom a client asks for, and tells whether it is to wait in vain.
fn is_swallowed(state: &Mutex<State>, authority: &str) -> bool {
    let mut state = lock(state);
    state.asked_for.push(authority.to_owned());
    state.swallowed.iter().any(|swallowed| swallowed.is_match(authority))
}

/// Where that is; `None` for what is not on loopback.
fn address(state: &Mutex<State>, authority: &str) -> Option<SocketAddr> {
    let state = lock(state);
    if let Some(port) = state.routes.get(authority) {
        return Some((Ipv4Addr::LOCALHOST, *port).into());
    }
    let address: SocketAddr = authority.parse().ok()?;
    address.ip().is_loopback().then_some(address)
}
