//! The command line, for people and pipelines.

use std::process::ExitCode;

use apicenter_aws_sync::cli;
use apicenter_aws_sync::settings::variable;
use apicenter_aws_sync::telemetry;
use mimalloc::MiMalloc;
use tokio::runtime::Builder;

/// A call to AWS makes hundreds of small and some large allocations, for which the C libraries' allocators take longer.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            telemetry::start_for_people(None);
            tracing::error!(%error, "cannot start the runtime");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(cli::run(std::env::args_os().collect(), variable("RUST_LOG").as_deref()));
    // A hanging name lookup must not keep the process.
    runtime.shutdown_background();
    code
}
