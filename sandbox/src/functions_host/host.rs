//! The host behind its front: its state, and the runs of functions.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use time::OffsetDateTime;

use super::app::{App, AppError, Function, TimerTrigger};
use super::invocation::{self, InvocationError, Outcome, RawAnswer, Verdict};
use super::options::HttpMode;
use super::timer::{TimerKind, Timers};
use super::worker::{NotReady, Worker};
use crate::clock::now;

/// Between a function's timeout and the kill of the handler.
const TIMEOUT_GRACE: Duration = Duration::from_secs(2);

/// Why the host did not start, or a call failed.
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

/// The outcome of a timer run.
#[derive(Debug, Clone)]
pub struct TimerOutcome {
    /// The status of the handler's answer; `None` if there was none.
    pub status: Option<StatusCode>,
    /// The answer's body.
    pub body: Bytes,
    /// The response's `Logs`, unless the host ignored them.
    pub logs: Vec<String>,
    /// Whether Functions would count it as successful.
    pub succeeded: bool,
    /// Why not.
    pub error: Option<String>,
    /// The invocation's id, as the handler saw it.
    pub invocation_id: String,
}

/// The shared state of the host.
#[derive(Debug)]
pub struct Host {
    pub app: App,
    pub mode: HttpMode,
    pub worker: Worker,
    pub timers: Timers,
    /// Scheduled runs of a function never overlap.
    pub scheduled: tokio::sync::Mutex<()>,
    pub function_timeout: Option<Duration>,
    pub function_key: String,
    pub master_key: String,
    pub settings: Vec<(String, String)>,
}

impl Host {
    pub fn signal(&self, signal: Signal) -> Result<(), HostError> {
        let pid = self.worker.pid().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).ok_or(HostError::NotRunning)?;
        kill_process(pid, signal).map_err(|_| HostError::NotRunning)
    }

    /// A schedule whose setting is missing or malformed disables its function and nothing else.
    pub fn is_scheduled(&self, trigger: &TimerTrigger) -> bool {
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

    pub async fn run_timer(
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
        let began = OffsetDateTime::from(now());
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
    pub async fn invoke(
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

    /// Limits an invocation to a function's timeout; then kills the handler with all its work.
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
