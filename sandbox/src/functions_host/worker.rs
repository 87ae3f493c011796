//! The handler's process: starts, probes, watches and restarts it as the real host does.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::output::{Output, Stream};

/// Between two probes; the real host was seen to take 26 to 36 ms.
const PROBE_INTERVAL: Duration = Duration::from_millis(30);

/// Failures further apart than this are not counted together.
const FAILURE_MEMORY: Duration = Duration::from_mins(30);

/// The number of failures that stops the host.
const FAILURES_ALLOWED: u32 = 3;

/// The exit code by which a handler asks for a restart, uncounted.
const RESTART_EXIT_CODE: i32 = 200;

/// The launch options of the handler.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Where it starts.
    pub working_directory: PathBuf,
    /// The app's folder.
    pub app_folder: PathBuf,
    /// All variables but the five that the host adds.
    pub environment: Vec<(String, String)>,
    /// How long the handler may take to answer the first probe.
    pub initialization_timeout: Duration,
}

/// The state of the handler.
#[derive(Debug, Clone)]
pub enum WorkerState {
    /// It was started and has not answered yet.
    Starting,
    /// It answers.
    Ready,
    /// It exited with code 0, and the host does not restart it: every call fails.
    Dead,
    /// The host has given up, or was shut down.
    Stopped(String),
}

/// The handler cannot be called.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotReady {
    /// The host has given up.
    #[error("the host has stopped: {0}")]
    Stopped(String),
    /// It takes too long to start.
    #[error("the handler did not answer its probe in time")]
    TimedOut,
}

#[derive(Debug)]
enum Order {
    /// Kill it and start it again, uncounted: an invocation timed out.
    Restart,
}

/// The handler under supervision; it is killed when this is dropped.
#[derive(Debug)]
pub struct Worker {
    port: u16,
    state: watch::Receiver<WorkerState>,
    pid: watch::Receiver<Option<u32>>,
    exits: watch::Receiver<Vec<ExitStatus>>,
    orders: mpsc::UnboundedSender<Order>,
    initialization_timeout: Duration,
    output: Output,
    _reserved: Option<TcpSocket>,
}

struct Supervisor {
    launch: Launch,
    port: u16,
    state: watch::Sender<WorkerState>,
    pid: watch::Sender<Option<u32>>,
    exits: watch::Sender<Vec<ExitStatus>>,
    orders: mpsc::UnboundedReceiver<Order>,
    output: Output,
}

enum Ending {
    Exit(ExitStatus),
    Ordered,
    Unresponsive,
    Abandoned,
}

impl Worker {
    /// Picks a port and starts the handler.
    ///
    /// # Errors
    /// If no port is free.
    pub fn start(launch: Launch, output: Output) -> io::Result<Self> {
        // Kept bound without listening, so that no one else is given the port while the handler is down. The handler
        // can still listen on it, with the `SO_REUSEADDR` that servers set.
        let reserved = TcpSocket::new_v4()?;
        reserved.set_reuseaddr(true)?;
        reserved.bind(([127, 0, 0, 1], 0).into())?;
        let port = reserved.local_addr()?.port();
        let (state, state_seen) = watch::channel(WorkerState::Starting);
        let (pid, pid_seen) = watch::channel(None);
        let (exits, exits_seen) = watch::channel(Vec::new());
        let (orders, orders_seen) = mpsc::unbounded_channel();
        let worker = Self {
            port,
            state: state_seen,
            pid: pid_seen,
            exits: exits_seen,
            orders,
            initialization_timeout: launch.initialization_timeout,
            output: output.clone(),
            _reserved: Some(reserved),
        };
        let supervisor = Supervisor {
            launch,
            port,
            state,
            pid,
            exits,
            orders: orders_seen,
            output,
        };
        tokio::spawn(supervisor.run());
        Ok(worker)
    }

    /// A running handler that is not ours to start or stop.
    #[must_use]
    pub fn attached(port: u16) -> Self {
        let (orders, _) = mpsc::unbounded_channel();
        Self {
            port,
            state: watch::channel(WorkerState::Ready).1,
            pid: watch::channel(None).1,
            exits: watch::channel(Vec::new()).1,
            orders,
            initialization_timeout: Duration::ZERO,
            output: Output::default(),
            _reserved: None,
        }
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        *self.pid.borrow()
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> WorkerState {
        self.state.borrow().clone()
    }

    /// How its processes ended, oldest first.
    #[must_use]
    pub fn exits(&self) -> Vec<ExitStatus> {
        self.exits.borrow().clone()
    }

    /// What it wrote.
    #[must_use]
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Kills it and starts it again; not counted as a failure.
    pub fn restart(&self) {
        // Nobody takes orders for a handler that is attached or has been given up.
        let _ = self.orders.send(Order::Restart);
    }

    /// Waits until it can be called, four times its initialization timeout at most.
    ///
    /// # Errors
    /// If it takes longer or the host has given up.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, WorkerState::Starting));
        match tokio::time::timeout(self.initialization_timeout * 4, settled).await {
            Err(_) => Err(NotReady::TimedOut),
            Ok(Err(_)) => Err(NotReady::Stopped("nobody watches the handler any more".to_owned())),
            Ok(Ok(state)) => match &*state {
                WorkerState::Stopped(reason) => Err(NotReady::Stopped(reason.clone())),
                WorkerState::Starting | WorkerState::Ready | WorkerState::Dead => Ok(()),
            },
        }
    }

    /// Waits until `count` of its processes have ended and says how.
    pub async fn ended(&self, count: usize) -> Vec<ExitStatus> {
        let mut exits = self.exits.clone();
        match exits.wait_for(|exits| exits.len() >= count).await {
            Ok(exits) => exits.clone(),
            Err(_) => self.exits(),
        }
    }
}

impl Supervisor {
    async fn run(mut self) {
        let mut failures = 0;
        let mut last_failure: Option<Instant> = None;
        loop {
            let mut child = match self.spawn() {
                Ok(child) => child,
                // The real host does not try again either.
                Err(error) => return self.stop(format!("the handler cannot be started: {error}")),
            };
            let failed = match self.watch(&mut child).await {
                Ending::Abandoned => return self.stop("the host was shut down".to_owned()),
                Ending::Ordered => false,
                Ending::Unresponsive => true,
                Ending::Exit(status) if status.code() == Some(0) => {
                    self.state.send_replace(WorkerState::Dead);
                    match self.orders.recv().await {
                        Some(Order::Restart) => false,
                        None => return self.stop("the host was shut down".to_owned()),
                    }
                }
                Ending::Exit(status) => status.code() != Some(RESTART_EXIT_CODE),
            };
            if failed {
                if last_failure.is_some_and(|last| last.elapsed() > FAILURE_MEMORY) {
                    failures = 0;
                }
                last_failure = Some(Instant::now());
                failures += 1;
                if failures == FAILURES_ALLOWED {
                    return self.stop(format!("the handler failed {failures} times"));
                }
            }
            self.state.send_replace(WorkerState::Starting);
        }
    }

    fn stop(&self, reason: String) {
        self.state.send_replace(WorkerState::Stopped(reason));
    }

    fn spawn(&self) -> io::Result<Child> {
        let launch = &self.launch;
        let id = uuid::Uuid::new_v4().to_string();
        let port = self.port.to_string();
        Command::new(&launch.program)
            .args(&launch.arguments)
            .current_dir(&launch.working_directory)
            .env_clear()
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id)
            .env("FUNCTIONS_HTTPWORKER_PORT", &port)
            .env("FUNCTIONS_HTTPWORKER_ID", &id)
            .env("FUNCTIONS_APP_ROOT_PATH", &launch.app_folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    /// Probes the process and waits for its end, or for an order to end it.
    async fn watch(&mut self, child: &mut Child) -> Ending {
        self.pid.send_replace(child.id());
        let stdout = child
            .stdout
            .take()
            .map(|pipe| self.output.collect(Stream::Stdout, pipe));
        let stderr = child
            .stderr
            .take()
            .map(|pipe| self.output.collect(Stream::Stderr, pipe));
        let probe = probe(self.port, self.launch.initialization_timeout);
        tokio::pin!(probe);
        let mut probed = false;
        let ending = loop {
            tokio::select! {
                status = child.wait() => break status.map_or(Ending::Unresponsive, Ending::Exit),
                order = self.orders.recv() => break match order {
                    Some(Order::Restart) => Ending::Ordered,
                    None => Ending::Abandoned,
                },
                answered = &mut probe, if !probed => {
                    if !answered {
                        break Ending::Unresponsive;
                    }
                    probed = true;
                    self.state.send_replace(WorkerState::Ready);
                }
            }
        };
        // No longer ready, before anyone can learn of its end.
        self.state.send_replace(WorkerState::Starting);
        // SIGKILL, without notice, as the real host does it. It may have ended by itself.
        let _ = child.start_kill();
        let status = child.wait().await;
        for reader in [stdout, stderr].into_iter().flatten() {
            // A grandchild may keep the pipe open: that must not hold up the restart.
            let _ = tokio::time::timeout(Duration::from_secs(1), reader).await;
        }
        self.pid.send_replace(None);
        if let Ok(status) = status {
            self.exits.send_modify(|exits| exits.push(status));
        }
        ending
    }
}

/// Asks for `/` until there is any answer; `false` when none came in time.
///
/// As with the real host, only a refused connection means "not yet", and only the pauses count against the time.
async fn probe(port: u16, initialization_timeout: Duration) -> bool {
    let mut waited = Duration::ZERO;
    while waited < initialization_timeout {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(stream) => {
                // Whatever comes, an end or a reset included, counts as an answer.
                let _ = ask(stream, port).await;
                return true;
            }
            Err(_) => tokio::time::sleep(PROBE_INTERVAL).await,
        }
        waited += PROBE_INTERVAL;
    }
    false
}

async fn ask(mut stream: TcpStream, port: u16) -> io::Result<usize> {
    let request = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.read(&mut [0; 4096]).await
}
