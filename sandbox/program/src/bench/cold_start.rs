//! Cold starts: how long a new process takes to be of use.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::net::TcpSocket;

use super::setting::BenchError;
use sandbox::cloud::{Cloud, CloudOptions};
use sandbox::functions_host::basic_environment;
use sandbox::record::Record;
use sandbox::scenario::WORKSPACE;

/// Between two probes: far less than what is measured.
const PROBE_INTERVAL: Duration = Duration::from_micros(100);
/// After this time a handler does not come up at all.
const PATIENCE: Duration = Duration::from_secs(30);
/// A timer's call with as much as the handler reads of it.
const ENVELOPE: &str = r#"{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}},"Metadata":{"sys":{"MethodName":"function-timer"}}}"#;

/// Median and maximum, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// Half took less.
    pub median_ms: f64,
    /// None took more.
    pub max_ms: f64,
}

/// What many starts took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ColdStarts {
    /// How many there were.
    pub starts: usize,
    /// From the start of the process to the first answered probe.
    pub probe: Spread,
    /// From the start of the process to the answer of the timer, probed before, with no integration to synchronize.
    pub timer: Spread,
    /// Requests that the clouds saw before the timer's call: there are to be none.
    pub requests_before_call: usize,
    /// Bytes of the program.
    pub program_bytes: u64,
}

/// Starts the handler that many times, each time as a new process.
///
/// # Errors
/// When the clouds or the handler do not start, or the handler does not answer as it should.
pub async fn cold_starts(handler: &Path, starts: usize) -> Result<ColdStarts, BenchError> {
    let cloud = Cloud::start(CloudOptions::default().unthrottled()).await?;
    let program_bytes = std::fs::metadata(handler)?.len();
    let (mut probes, mut timers, mut early) = (Vec::new(), Vec::new(), 0);
    for _ in 0..starts {
        let port = free_port()?;
        let start = Start {
            handler: handler.to_owned(),
            environment: cloud.handler_environment(),
            port,
            record: cloud.record.clone(),
        };
        // On a thread of its own: a runtime's clock is coarser than what is measured.
        let measured = tokio::task::spawn_blocking(move || start.measure()).await;
        let measured = measured.map_err(io::Error::other)??;
        probes.push(measured.probe);
        timers.push(measured.timer);
        early += measured.requests_before_call;
    }
    Ok(ColdStarts {
        starts,
        probe: spread(probes),
        timer: spread(timers),
        requests_before_call: early,
        program_bytes,
    })
}

impl ColdStarts {
    /// What was measured, for people.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is rounded anyway")]
    pub fn text(&self) -> String {
        format!(
            "{} starts of a handler of {:.1} MB\n\
             first answered probe:                median {:>6.1} ms, max {:>6.1} ms\n\
             first timer answer, nothing to do:   median {:>6.1} ms, max {:>6.1} ms\n\
             requests before the first call:      {}",
            self.starts,
            self.program_bytes as f64 / 1e6,
            self.probe.median_ms,
            self.probe.max_ms,
            self.timer.median_ms,
            self.timer.max_ms,
            self.requests_before_call,
        )
    }
}

struct Start {
    handler: PathBuf,
    environment: Vec<(String, String)>,
    port: u16,
    record: Record,
}

struct Measured {
    probe: Duration,
    timer: Duration,
    requests_before_call: usize,
}

impl Start {
    fn measure(&self) -> io::Result<Measured> {
        let began = Instant::now();
        let handler = Command::new(&self.handler)
            .current_dir(WORKSPACE)
            .env_clear()
            .envs(basic_environment())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", self.port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Killed)?;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if began.elapsed() > PATIENCE {
                return Err(io::Error::other("the handler does not come up"));
            }
            sleep(PROBE_INTERVAL);
        }
        self.call("GET / HTTP/1.1", "")?;
        let probe = began.elapsed();
        let requests_before_call = self.record.count(|_| true);
        self.call("POST /function-timer HTTP/1.1", ENVELOPE)?;
        let timer = began.elapsed();
        self.record.clear();
        drop(handler);
        Ok(Measured {
            probe,
            timer,
            requests_before_call,
        })
    }

    /// Calls the handler and waits for an answer with status 200.
    fn call(&self, line: &str, body: &str) -> io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        let length = body.len();
        let head = format!(
            "{line}\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") {
            Ok(())
        } else {
            Err(io::Error::other(format!("{line} was answered with {answer}")))
        }
    }
}

/// A process that does not outlive what it was started for.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself, which a call would have told.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nothing listens on.
fn free_port() -> io::Result<u16> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    Ok(socket.local_addr()?.port())
}

fn spread(mut times: Vec<Duration>) -> Spread {
    times.sort();
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    Spread {
        median_ms: milliseconds(times.get(times.len() / 2)),
        max_ms: milliseconds(times.last()),
    }
}
