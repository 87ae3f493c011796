//! A loopback port.

use std::io;
use std::net::Ipv4Addr;

use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

use crate::tls::Tls;

/// A loopback port that is taken but not served yet, so that a stand-in can know its own address.
pub struct Port {
    pub(super) listener: TcpListener,
    /// Bound without listening, so that nobody else is given the port while its stand-in is down.
    pub(super) reserved: TcpSocket,
    pub(super) number: u16,
    pub(super) acceptor: Option<TlsAcceptor>,
}

impl Port {
    /// Takes a port on `127.0.0.1`, any free one for 0; with `tls`, it will speak TLS only.
    ///
    /// # Errors
    /// If the port is taken.
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

/// A socket on a loopback port, which does not listen yet.
fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

/// Listens on a port that is taken.
pub(super) fn listen(port: u16) -> io::Result<TcpListener> {
    const WAITING_CLIENTS: u32 = 1024;
    bind(port)?.listen(WAITING_CLIENTS)
}
