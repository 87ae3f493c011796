//! A forward proxy that records its destinations, as companies have between their networks and the clouds.
//!
//! It accepts `CONNECT` and plain requests with a whole URL. It dials loopback only: a test maps names to ports.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::serve::Port;

/// Longest head of a request, in bytes.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// The proxy; it ends, connections and all, when this is dropped.
pub struct ForwardProxy {
    base_url: String,
    state: Arc<State>,
    _shutdown: DropGuard,
}

#[derive(Default)]
struct State {
    ways: Mutex<Ways>,
    /// What finds something in a `host:port` that does not answer.
    swallowed: watch::Sender<Vec<regex::Regex>>,
}

#[derive(Default)]
struct Ways {
    /// The ports behind `host:port`.
    routes: HashMap<String, u16>,
    asked_for: Vec<String>,
}

impl ForwardProxy {
    /// Starts the proxy on a free port.
    ///
    /// # Errors
    /// If no port can be taken.
    #[expect(
        clippy::unused_async,
        reason = "the proxy is a task of a runtime, which a caller that awaits has"
    )]
    pub async fn start() -> io::Result<Self> {
        let port = Port::take(0, None)?;
        let shutdown = CancellationToken::new();
        let state = Arc::<State>::default();
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
        self.state.ways().routes.insert(authority.to_owned(), port);
    }

    /// From now on, requests for a `host:port` that this finds something in are taken and never answered, as when a network
    /// swallows what is sent there; connections that are there end.
    pub fn swallow(&self, authorities: regex::Regex) {
        self.state
            .swallowed
            .send_modify(|swallowed| swallowed.push(authorities));
    }

    /// From now on, nothing is swallowed.
    pub fn swallow_nothing(&self) {
        self.state.swallowed.send_replace(Vec::new());
    }

    /// The `host:port` of each connection so far, in their order.
    #[must_use]
    pub fn asked_for(&self) -> Vec<String> {
        self.state.ways().asked_for.clone()
    }
}

impl State {
    fn ways(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>, shutdown: CancellationToken) {
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

async fn forward(mut client: TcpStream, state: &State) -> io::Result<()> {
    let head = read_head(&mut client).await?;
    let text = String::from_utf8_lossy(&head);
    let Some((is_tunnel, authority)) = target(&text) else {
        return client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    state.ways().asked_for.push(authority.clone());
    let mut swallowed = state.swallowed.subscribe();
    let is_swallowed = |all: &Vec<regex::Regex>| all.iter().any(|one| one.is_match(&authority));
    if is_swallowed(&swallowed.borrow()) {
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
    tokio::select! {
        copied = copy_bidirectional(&mut client, &mut server) => copied.map(|_| ()),
        _ = swallowed.wait_for(is_swallowed) => Ok(()),
    }
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

/// Where that is; `None` for what is not on loopback.
fn address(state: &State, authority: &str) -> Option<SocketAddr> {
    if let Some(port) = state.ways().routes.get(authority) {
        return Some((Ipv4Addr::LOCALHOST, *port).into());
    }
    let address: SocketAddr = authority.parse().ok()?;
    address.ip().is_loopback().then_some(address)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::ForwardProxy;
    use crate::cloud::{Cloud, CloudOptions};

    #[tokio::test]
    async fn the_real_names_of_several_regions_lead_to_amazons_stand_ins_but_what_is_swallowed() {
        let options = CloudOptions {
            amazon_over_tls: true,
            ..CloudOptions::default().unthrottled()
        };
        let cloud = Cloud::start(options).await.unwrap();
        let environment = cloud.handler_environment();
        assert!(
            environment
                .iter()
                .all(|(name, _)| !name.starts_with("AWS_ENDPOINT_URL"))
        );
        let proxy = ForwardProxy::start().await.unwrap();
        cloud.is_behind(&proxy);
        let authority = std::fs::read(cloud.ca_file()).unwrap();
        let client = reqwest::Client::builder()
            .proxy(reqwest::Proxy::https(proxy.base_url()).unwrap())
            // A connection for each request: that one is about to end may be seen too late.
            .pool_max_idle_per_host(0)
            .add_root_certificate(reqwest::Certificate::from_pem(&authority).unwrap())
            .build()
            .unwrap();
        for (host, status) in [
            ("apigateway.eu-west-1.amazonaws.com", 403),
            ("apigateway.cn-north-1.amazonaws.com.cn", 403),
            ("sts.us-east-1.amazonaws.com", 400),
            ("organizations.us-east-1.amazonaws.com", 400),
        ] {
            let answer = client.get(format!("https://{host}/restapis")).send().await.unwrap();
            assert_eq!(answer.status(), status, "{host}");
        }
        let regions: Vec<Option<String>> = cloud
            .record
            .exchanges()
            .into_iter()
            .map(|it| it.subject.region)
            .collect();
        let expected = ["eu-west-1", "cn-north-1", "us-east-1", "us-east-1"];
        assert_eq!(regions, expected.map(|region| Some(region.to_owned())));

        proxy.swallow(r"\.eu-west-1\.".parse().unwrap());
        let get = |host: &str| client.get(format!("https://{host}/restapis"));
        let swallowed = get("apigateway.eu-west-1.amazonaws.com").timeout(Duration::from_millis(200));
        let unanswered = swallowed.send().await.unwrap_err();
        assert!(unanswered.is_timeout(), "{unanswered:?}");
        assert!(get("sts.us-east-1.amazonaws.com").send().await.is_ok());
        proxy.swallow_nothing();
        assert!(get("apigateway.eu-west-1.amazonaws.com").send().await.is_ok());
    }
}
