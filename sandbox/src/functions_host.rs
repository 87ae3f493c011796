//! A Functions host: starts a custom handler and calls it as the real host was recorded to.
//!
//! Recorded from host 4.1037: the process, the probe, restarts, timer runs, function keys, envelope and forwarding mode. Newer
//! hosts also proxy; that follows their source.

pub mod app;
mod client;
mod forward;
mod front;
mod http_envelope;
mod invocation;
mod output;
mod query;
pub mod route;
mod timer;
mod worker;

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use time::OffsetDateTime;
use tokio_util::sync::{CancellationToken, DropGuard};

use app::{App, AppError, Function, TimerTrigger, Trigger};
use invocation::{InvocationError, Outcome, RawAnswer, Verdict};
use output::Output;
pub use output::{OutputLine, Stream};
pub use timer::TimerKind;
use timer::Timers;
pub use worker::NotReady;
use worker::{Launch, Worker, WorkerState};

/// Between a function's timeout and the kill of the handler.
const TIMEOUT_GRACE: Duration = Duration::from_secs(2);

/// How HTTP requests reach the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMode {
    /// Passed on as they are, streaming (`enableProxyingHttpRequest`).
    Proxying,
    /// Built anew (`enableForwardingHttpRequest`, and the only raw mode of hosts before mid-2025).
    Forwarding,
    /// As an envelope, as timer runs are.
    Envelope,
}

/// How the host is to be.
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

/// Why the host did not start, or cannot do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The folder is no function app.
    #[error("reading the function app failed")]
    App(#[from] AppError),
    /// No port is free.
    #[error("taking a port for the Functions host failed")]
    Port(#[source] io::Error),
    /// The handler does not come up.
    #[error("the handler did not start; it wrote:\n{output}")]
    Handler {
        /// Why.
        source: NotReady,
        /// What the handler wrote.
        output: String,
    },
    /// There is no timer function.
    #[error("the app has no timer function that is enabled")]
    NoTimer,
    /// The handler does not run.
    #[error("signalling the handler failed: it does not run")]
    NotRunning,
}

/// What became of a timer run.
#[derive(Debug, Clone)]
pub struct TimerOutcome {
    /// The status of the handler's answer; `None` when there was none.
    pub status: Option<StatusCode>,
    /// The answer's body.
    pub body: Bytes,
    /// The answer's `Logs`, if the host took notice of them.
    pub logs: Vec<String>,
    /// Whether Functions would count a good run.
    pub succeeded: bool,
    /// Why not.
    pub error: Option<String>,
    /// The invocation's id, as the handler saw it.
    pub invocation_id: String,
}

/// A Functions host, running; handler and host end when this is dropped.
#[derive(Debug)]
pub struct FunctionsHost {
    host: Arc<Host>,
    base_url: String,
    _shutdown: DropGuard,
}

/// What the parts of the host share.
#[derive(Debug)]
struct Host {
    app: App,
    mode: HttpMode,
    worker: Worker,
    timers: Timers,
    /// Scheduled runs of a function never overlap.
    scheduled: tokio::sync::Mutex<()>,
    function_timeout: Option<Duration>,
    function_key: String,
    master_key: String,
    settings: Vec<(String, String)>,
}

impl FunctionsHost {
    /// Reads the app, starts its handler and waits until it answers the probe.
    ///
    /// # Errors
    /// When the folder is no function app, no port is free, or the handler does not come up.
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
    /// When the folder is no function app or no port is free.
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
    /// When there is no timer function, or a scheduled run is asked for and the schedule's setting is missing or malformed.
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
    /// When it does not run.
    pub fn kill(&self) -> Result<(), HostError> {
        self.host.signal(Signal::KILL)
    }

    /// Asks the handler to end (SIGTERM), which the real host never does but containers and people do.
    ///
    /// # Errors
    /// When it does not run.
    pub fn terminate(&self) -> Result<(), HostError> {
        self.host.signal(Signal::TERM)
    }

    /// What kills the handler whenever it is called, for a stand-in's faults.
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
    /// When the host has given up or the handler takes too long.
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

impl Host {
    fn signal(&self, signal: Signal) -> Result<(), HostError> {
        let pid = self.worker.pid().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).ok_or(HostError::NotRunning)?;
        kill_process(pid, signal).map_err(|_| HostError::NotRunning)
    }

    /// A schedule whose setting is missing or malformed disables its function and nothing else.
    fn is_scheduled(&self, trigger: &TimerTrigger) -> bool {
        let schedule = match trigger
            .schedule
            .strip_prefix('%')
            .and_then(|name| name.strip_suffix('%'))
        {
            None => Some(trigger.schedule.as_str()),
            Some(name) => self
                .settings
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.as_str()),
        };
        schedule.is_some_and(|schedule| matches!(schedule.split_whitespace().count(), 5 | 6) || schedule.contains(':'))
    }

    async fn run_timer(
        &self,
        function: &Function,
        trigger: &TimerTrigger,
        kind: TimerKind,
        input: Option<&str>,
    ) -> TimerOutcome {
        let _turn = match kind {
            TimerKind::Scheduled | TimerKind::PastDue => Some(self.scheduled.lock().await),
            TimerKind::Manual => None,
        };
        let began = now();
        let invocation_id = uuid::Uuid::new_v4().to_string();
        let envelope = self.timers.envelope(&function.name, trigger, kind, began, input);
        let mut answer = None;
        let result = self
            .invoke(&function.name, &invocation_id, &envelope, &mut answer)
            .await;
        self.timers.ran(&function.name, kind, began);
        TimerOutcome {
            status: answer.as_ref().map(|answer| answer.status),
            body: answer.map(|answer| answer.body).unwrap_or_default(),
            succeeded: result.is_ok(),
            error: result.as_ref().err().map(ToString::to_string),
            logs: result.map(|outcome| outcome.logs).unwrap_or_default(),
            invocation_id,
        }
    }

    /// Calls a function with an envelope; what came back stands in `raw`, whatever the host makes of it.
    async fn invoke(
        &self,
        function: &str,
        invocation_id: &str,
        envelope: &serde_json::Value,
        raw: &mut Option<RawAnswer>,
    ) -> Result<Outcome, InvocationError> {
        self.worker.ready().await?;
        let call = async {
            let answer = invocation::send(self.worker.port(), function, invocation_id, envelope).await?;
            match invocation::judge(raw.insert(answer)) {
                Verdict::Succeeded(outcome) => Ok(outcome),
                Verdict::Failed(error) => Err(error),
                Verdict::Ignored => std::future::pending().await,
            }
        };
        self.within_timeout(call).await
    }

    /// Lets an invocation take as long as a function may; then the handler is killed, with all that it is doing.
    async fn within_timeout<T>(
        &self,
        call: impl Future<Output = Result<T, InvocationError>>,
    ) -> Result<T, InvocationError> {
        let Some(limit) = self.function_timeout else {
            return call.await;
        };
        if let Ok(result) = tokio::time::timeout(limit, call).await {
            result
        } else {
            tokio::time::sleep(TIMEOUT_GRACE).await;
            self.worker.restart();
            Err(InvocationError::TimedOut)
        }
    }
}

fn now() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "a host tells the handler the time: an edge")]
    std::time::SystemTime::now().into()
}
