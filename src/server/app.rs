//! The shared state of all calls, and the wrappers around each.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Span, info_span};

use super::answer::problem_response;
use crate::engine::{Clock, Engine};
use crate::limits::Budget;
use crate::model::{Problem, one_line};
use crate::panics::{Panicked, caught};
use crate::settings::Settings;
use crate::telemetry::{Telemetry, carried};

/// Header of the host on every call; it tells the log lines of invocations apart.
const INVOCATION_ID: &str = "x-azure-functions-invocationid";
/// How long work may overrun its budget: Azure cuts HTTP calls 30 seconds after it, and recording the outcome needs
/// half of that.
const OVERRUN: Duration = Duration::from_secs(10);
/// How long a request's body may take to arrive: the host forwards it as slowly as the sender sends.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest invocation id that is logged, in UTF-16 units: the host's are UUIDs.
const INVOCATION_ID_MAX: usize = 64;

/// The shared state of all calls.
#[derive(Debug, Clone)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The engine and its settings, or why the settings are invalid.
    ready: Result<(Engine, Settings), Problem>,
    stop: CancellationToken,
    /// The work in flight, which is not dropped when its caller disconnects.
    work: TaskTracker,
    telemetry: Telemetry,
}

impl App {
    /// An app with these settings. If they are invalid, every call gets that error.
    ///
    /// All work stops soon after `stop` is cancelled, and counts in `work` until then.
    #[must_use]
    pub fn new(
        settings: Result<Settings, Problem>,
        telemetry: Telemetry,
        stop: CancellationToken,
        work: TaskTracker,
    ) -> Self {
        let ready = settings.and_then(|settings| Ok((Engine::new(&settings)?, settings)));
        if let Err(problem) = &ready {
            tracing::error!(code = %problem.code, "{problem}");
        }
        Self(Arc::new(Shared {
            ready,
            stop,
            work,
            telemetry,
        }))
    }

    pub(super) fn ready(&self) -> Result<(&Engine, &Settings), Problem> {
        self.0
            .ready
            .as_ref()
            .map(|(engine, settings)| (engine, settings))
            .map_err(Clone::clone)
    }

    /// The time by the engine's clock.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.engine().map_or_else(|_| Clock::SYSTEM.now(), Engine::now)
    }

    pub(super) fn budget(&self, duration: Duration) -> Budget {
        Budget::with_overrun(duration, OVERRUN, self.0.stop.clone())
    }

    /// Triggers an export of telemetry.
    pub(super) fn flush_soon(&self) {
        self.0.telemetry.flush_soon();
    }

    pub(super) fn engine(&self) -> Result<&Engine, Problem> {
        self.ready().map(|(engine, _)| engine)
    }
}

/// Finishes some work even if the caller disconnects.
pub(super) async fn work<T, F>(app: &App, work: impl FnOnce(App) -> F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Problem>> + Send + 'static,
{
    let task = app.0.work.spawn(carried(work(app.clone())));
    task.await.unwrap_or_else(|_| Err(Panicked.into()))
}

/// Answers a call even if it panics; only the log says why.
pub(super) async fn guarded(call: impl Future<Output = Response>) -> Response {
    let answer = caught(call).await;
    answer.unwrap_or_else(|panicked| problem_response(&panicked.into()))
}

/// The span of a call. Excludes its URL and headers, which contain function keys, except the invocation id.
pub(super) fn span(request: &Request) -> Span {
    info_span!("invocation", invocationId = invocation_id(request.headers()))
}

/// The id of the host's invocation, if valid.
pub(super) fn invocation_id(headers: &HeaderMap) -> String {
    let header = headers.get(INVOCATION_ID);
    one_line(
        header.and_then(|value| value.to_str().ok()).unwrap_or_default(),
        INVOCATION_ID_MAX,
    )
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::guarded;

    #[tokio::test]
    async fn a_panic_is_answered_without_its_words() {
        let answer = guarded(async { panic!("hunter2") }).await;
        assert_eq!(answer.status(), 500);
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("InternalError") && !body.contains("hunter2"), "{body}");
    }
}
