//! The options of a Functions host.

use std::path::PathBuf;
use std::time::Duration;

/// The mode of HTTP requests to the handler.
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
    /// The handler; defaults to the one in `host.json`.
    pub executable: Option<PathBuf>,
    /// All environment variables of the handler, besides the five of the host: nothing else is inherited.
    pub environment: Vec<(String, String)>,
    /// The mode of HTTP requests; defaults to that of a host of 2026 with this `host.json`.
    pub mode: Option<HttpMode>,
    /// The port of the HTTP front; 0 for any.
    pub port: u16,
    /// The function key; random by default.
    pub function_key: Option<String>,
    /// The master key; random by default.
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
