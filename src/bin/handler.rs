//! The custom handler that the Functions host starts.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use apicenter_aws_sync::panics::log_panics;
use apicenter_aws_sync::process::{Parent, ending};
use apicenter_aws_sync::server::{App, router};
use apicenter_aws_sync::settings::{self, Settings, variable};
use apicenter_aws_sync::telemetry;
use mimalloc::MiMalloc;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A call to AWS makes hundreds of small and some large allocations, for which the C libraries' allocators take longer.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The variable with the port for the Functions host. Without it, there is nobody to serve.
const HOST_PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";
/// The port if the host's is invalid.
const PORT: u16 = 8080;
/// How long work in flight may take once the process must end: a request in flight has two seconds of its own.
const GRACE: Duration = Duration::from_secs(4);
/// `EX_USAGE` of sysexits.h.
const USAGE: u8 = 64;
/// The message for people who start it by hand.
const NOT_FOR_PEOPLE: &str =
    "handler: the Azure Functions host starts this program; the command line is apicenter-aws-sync";
/// The minimum and maximum time for the last export of telemetry.
const LAST_EXPORT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));

fn main() -> ExitCode {
    let parent = Parent::current();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments == ["--version"] {
        // A closed pipe is fine.
        let _ = writeln!(io::stdout(), "handler {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    if !arguments.is_empty() || variable(HOST_PORT).is_none() {
        let _ = writeln!(io::stderr(), "{NOT_FOR_PEOPLE}");
        return ExitCode::from(USAGE);
    }
    // One thread: the work waits for other services, and more threads would only take more memory.
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            telemetry::start(None, None);
            tracing::error!(%error, "cannot start the runtime");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(serve(parent));
    // A hanging name lookup must not keep the process.
    runtime.shutdown_background();
    code
}

async fn serve(parent: Parent) -> ExitCode {
    let export = settings::export(variable);
    let wanted = export.as_ref().ok().and_then(Option::as_ref);
    let telemetry = telemetry::start(variable("RUST_LOG").as_deref(), wanted);
    if let Err(problem) = export {
        tracing::warn!("no telemetry is exported: {problem}");
    }
    log_panics();
    let port = settings::port(variable).unwrap_or_else(|problem| {
        tracing::error!(code = %problem.code, "{problem}");
        None
    });
    let port = port.unwrap_or(PORT);
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(port, %error, "cannot bind the port");
            return ExitCode::FAILURE;
        }
    };
    let (stop, work) = (CancellationToken::new(), TaskTracker::new());
    let app = App::new(Settings::read(variable), telemetry.clone(), stop.clone(), work.clone());
    let router = router(app);
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = tokio::spawn(async move { server.await });
    let ending = match ending(parent).await {
        Ok(ending) => ending,
        Err(error) => {
            tracing::error!(%error, "cannot listen for signals");
            return ExitCode::FAILURE;
        }
    };
    tracing::info!(?ending, "stopping; the work in flight is finished first");
    stop.cancel();
    work.close();
    let finished = async {
        work.wait().await;
        server.await
    };
    let grace_ends = Instant::now() + GRACE;
    if tokio::time::timeout_at(grace_ends, finished).await.is_err() {
        tracing::warn!("the work in flight took too long and was dropped; the next run catches up");
    }
    let left = grace_ends.saturating_duration_since(Instant::now());
    telemetry.end(left.clamp(LAST_EXPORT.0, LAST_EXPORT.1)).await;
    ending.exit_code()
}
