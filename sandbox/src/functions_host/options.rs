//! The options of a Functions host.

use std::path::PathBuf;
use std::time::Duration;

/// How HTTP requests reach the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMode {
    /// Passed on as they are, streaming (`enableProxyingHttpRequest`).
    Proxying,
    /// Rebuilt (`enableForwardingHttpRequest`, and the only raw mode of hosts before mid-2025).
    Forwarding,
    /// As an envelope, as timer runs are.
    Envelope,
}

/// The options of the host.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The function app's folder, with `host.json`.
    pub app_folder: PathBuf,
    /// The handler, if it is not to be the one that `host.json` names.
    pub executable: Option<PathBuf>,
    /// All variables of the handler, besides the five that the host adds: the host passes its own on, nothing else is inherited.
    pub environment: Vec<(String, String)>,
    /// How HTTP requests are passed on, if not as a host of 2026 would by `host.json`.
    pub mode: Option<HttpMode>,
    /// The port of the HTTP front; 0 for any.
    pub port: u16,
    /// The function key; one is made up if there is none.
    pub function_key: Option<String>,
    /// The master key; one is made up if there is none.
    pub master_key: Option<String>,
    /// Another function timeout than that of `host.json`.
    pub function_timeout: Option<Duration>,
    /// How long the handler may take to answer the first probe.
    pub initialization_timeout: Duration,
    /// Whether the handler's output is passed on to our own standard error.
    pub echo: bool,
}

impl HostOptions {
    /// A host for the app in `app_folder`, with nothing in its environment but what starting a program takes.
    #[must_use]
    pub fn new(app_folder: impl Into<PathBuf>) -> Self {
        Self {
            app_folder: app_folder.into(),
            executable: None,
            environment: basic_environment(),
            mode: None,
            port: 0,
            function_key: None,
            master_key: None,
            function_timeout: None,
            initialization_timeout: Duration::from_secs(30),
            echo: false,
        }
    }
}

/// The variables of our own process that any program needs, and none that could lead a handler to a real cloud.
#[must_use]
pub fn basic_environment() -> Vec<(String, String)> {
    const BASIC: [&str; 6] = ["PATH", "HOME", "LANG", "TMPDIR", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];
    #[expect(clippy::disallowed_methods, reason = "these are passed on, not read as settings")]
    let value = |name: &str| std::env::var(name).ok();
    BASIC
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), value(name)?)))
        .collect()
}
