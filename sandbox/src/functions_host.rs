//! A Functions host: starts a custom handler and calls it as the real host was recorded to.
//!
//! Recorded from host 4.1037: the process, the probe, restarts, timer runs, function keys, envelope and forwarding mode. Newer
//! hosts also proxy; that follows their source.

pub mod app;
mod client;
mod forward;
mod front;
mod host;
mod http_envelope;
mod invocation;
mod options;
mod output;
mod query;
pub mod route;
mod timer;
mod worker;

use std::process::ExitStatus;
use std::sync::Arc;

use rustix::process::Signal;
use tokio_util::sync::{CancellationToken, DropGuard};

use app::{App, Trigger};
use host::Host;
pub use host::{HostError, TimerOutcome};
pub use options::{HostOptions, HttpMode, basic_environment};
use output::Output;
pub use output::{OutputLine, Stream};
pub use timer::TimerKind;
use timer::Timers;
pub use worker::NotReady;
use worker::{Launch, Worker, WorkerState};

/// A Functions host, running; handler and host end when this is dropped.
#[derive(Debug)]
pub struct FunctionsHost {
    host: Arc<Host>,
    base_url: String,
    _shutdown: DropGuard,
}

impl FunctionsHost {
    /// Reads the app, starts its handler and waits until it answers the probe.
    ///
    /// # Errors
    /// If the folder is no function app, no port is free, or the handler does not come up.
    pub async fn start(options: HostOptions) -> Result<Self, HostError> {
        let app = App::read(&options.app_folder)?;
        let launch = Launch {
            program: options.executable.clone().unwrap_or_else(|| app.program()),
            arguments: app.arguments.clone(),
            working_directory: app.folder.join(&app.working_directory),
            app_folder: app.folder.clone(),
            environment: options.environment.clone(),
            initialization_timeout: options.initialization_timeout,
        };
        let worker = Worker::start(launch, Output::new(options.echo)).map_err(HostError::Port)?;
        let host = Self::open(app, options, worker).await?;
        match host.host.worker.ready().await {
            Ok(()) => Ok(host),
            Err(source) => Err(HostError::Handler {
                source,
                output: host.output(),
            }),
        }
    }

    /// A host for a handler that runs already on `port`; it is neither probed nor started nor stopped.
    ///
    /// # Errors
    /// If the folder is no function app or no port is free.
    pub async fn attach(options: HostOptions, port: u16) -> Result<Self, HostError> {
        let app = App::read(&options.app_folder)?;
        Self::open(app, options, Worker::attached(port)).await
    }

    async fn open(app: App, options: HostOptions, worker: Worker) -> Result<Self, HostError> {
        let mode = options.mode.unwrap_or(match (app.proxying, app.forwarding) {
            (true, _) => HttpMode::Proxying,
            (false, true) => HttpMode::Forwarding,
            (false, false) => HttpMode::Envelope,
        });
        let new_key = || uuid::Uuid::new_v4().simple().to_string();
        let host = Arc::new(Host {
            mode,
            worker,
            timers: Timers::default(),
            scheduled: tokio::sync::Mutex::default(),
            function_timeout: options.function_timeout.or(app.function_timeout),
            function_key: options.function_key.unwrap_or_else(new_key),
            master_key: options.master_key.unwrap_or_else(new_key),
            settings: options.environment,
            app,
        });
        let shutdown = CancellationToken::new();
        let base_url = front::open(options.port, host.clone(), shutdown.clone())
            .await
            .map_err(HostError::Port)?;
        Ok(Self {
            host,
            base_url,
            _shutdown: shutdown.drop_guard(),
        })
    }

    /// The base URL of the HTTP front, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address of a function's route, below the prefix of the app's `host.json`.
    #[must_use]
    pub fn url(&self, route: &str) -> String {
        let prefix = self.host.app.route_prefix.split('/').filter(|part| !part.is_empty());
        let parts: Vec<&str> = [self.base_url.as_str()]
            .into_iter()
            .chain(prefix)
            .chain([route])
            .collect();
        parts.join("/")
    }

    /// The key that callers of functions need.
    #[must_use]
    pub fn function_key(&self) -> &str {
        &self.host.function_key
    }

    /// The key that callers of the admin API need.
    #[must_use]
    pub fn master_key(&self) -> &str {
        &self.host.master_key
    }

    /// The app as it was read.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.host.app
    }

    /// The port that the handler was told.
    #[must_use]
    pub fn handler_port(&self) -> u16 {
        self.host.worker.port()
    }

    /// Runs the app's timer function and waits for the end of the run.
    ///
    /// # Errors
    /// If there is no timer function, or a scheduled run is asked for and the schedule's setting is missing or
    /// malformed.
    pub async fn fire_timer(&self, kind: TimerKind) -> Result<TimerOutcome, HostError> {
        let timer = self
            .host
            .app
            .functions
            .iter()
            .find_map(|function| match &function.trigger {
                Trigger::Timer(trigger) => Some((function, trigger)),
                Trigger::Http(_) | Trigger::Other(_) => None,
            });
        let (function, trigger) = timer.ok_or(HostError::NoTimer)?;
        // A manual run works even when the function is disabled.
        if kind != TimerKind::Manual && !self.host.is_scheduled(trigger) {
            return Err(HostError::NoTimer);
        }
        let input = (kind == TimerKind::Manual).then_some("");
        Ok(self.host.run_timer(function, trigger, kind, input).await)
    }

    /// All that the handler wrote so far, line by line.
    #[must_use]
    pub fn output_lines(&self) -> Vec<OutputLine> {
        self.host.worker.output().lines()
    }

    /// All that the handler wrote so far, to standard output and error.
    #[must_use]
    pub fn output(&self) -> String {
        let lines = self.output_lines();
        lines.into_iter().map(|line| line.text + "\n").collect()
    }

    /// The handler's process id while it runs.
    #[must_use]
    pub fn handler_pid(&self) -> Option<u32> {
        self.host.worker.pid()
    }

    /// Kills the handler (SIGKILL); the host starts it again by its rules.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&self) -> Result<(), HostError> {
        self.host.signal(Signal::KILL)
    }

    /// Terminates the handler (SIGTERM), which the real host never does but containers and people do.
    ///
    /// # Errors
    /// If it does not run.
    pub fn terminate(&self) -> Result<(), HostError> {
        self.host.signal(Signal::TERM)
    }

    /// A function that kills the handler, for a stand-in's faults.
    pub fn killer(&self) -> impl Fn() + Send + 'static {
        let host = Arc::downgrade(&self.host);
        move || {
            // A handler that does not run is as good as killed.
            let _ = host.upgrade().map(|host| host.signal(Signal::KILL));
        }
    }

    /// Waits until `count` processes of the handler have ended in all and says how each did.
    pub async fn wait_for_exit(&self, count: usize) -> Vec<ExitStatus> {
        self.host.worker.ended(count).await
    }

    /// Waits until the handler can be called.
    ///
    /// # Errors
    /// If the host has given up or the handler takes too long.
    pub async fn ready(&self) -> Result<(), NotReady> {
        self.host.worker.ready().await
    }

    /// Whether the host has given up on the handler, and why.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        match self.host.worker.state() {
            WorkerState::Stopped(reason) => Some(reason),
            WorkerState::Starting | WorkerState::Ready | WorkerState::Dead => None,
        }
    }
}
