//! The benchmark: the real handler against the stand-ins, with the clouds' real budgets sped up.
//!
//! A factor divides the latency and multiplies the rates; bursts stay as they are. So a factor of 10 shows in a minute what takes
//! ten, and the machine has ten times as much to do in that minute: its share of the work grows with the factor, which is why
//! the table names it.

mod bounds;
mod cold_start;
mod company;
mod peer;
mod process;
mod setting;
mod table;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use sandbox::cloud::Cloud;
use sandbox::functions_host::{FunctionsHost, HostOptions, TimerKind};
use sandbox::scenario::{self, ScenarioError, WORKSPACE};

use self::bounds::{Bounds, WRITE_BUDGET, Work};
use self::process::Usage;
use self::setting::sped_up_cloud;

pub use self::cold_start::cold_starts;
pub use self::company::measure_company;
pub use self::peer::compare;
pub use self::setting::{BenchError, Gateway, Phase, Setting};
pub use self::table::{HEADING, NOTE, Row};

/// Longer than any run takes: what is measured is all of it.
const NO_END: Duration = Duration::from_hours(24);

/// Measures all phases; `tell` is given each row as soon as it is there.
///
/// # Errors
/// When something does not start, or a run does not do its work.
pub async fn measure(setting: &Setting, mut tell: impl FnMut(&Row)) -> Result<Vec<Row>, BenchError> {
    let cloud = sped_up_cloud(setting).await?;
    let host = start_host(&cloud, setting).await?;
    // A call over HTTP ends after 200 seconds, so that the integration is made before there is anything to do.
    scenario::make_integration(&cloud, &host).await?;
    cloud.fill(setting.gateway.estate());
    let mut rows = Vec::new();
    for phase in Phase::ALL {
        prepare(&cloud, phase, setting.gateway);
        let row = measure_phase(&cloud, &host, setting, phase).await?;
        tell(&row);
        rows.push(row);
    }
    Ok(rows)
}

async fn start_host(cloud: &Cloud, setting: &Setting) -> Result<FunctionsHost, BenchError> {
    let rate = |per_second: f64| (per_second * setting.factor).to_string();
    let settings = [
        ("AWS_REQUESTS_PER_SECOND", rate(5.0)),
        ("ARM_READS_PER_SECOND", rate(25.0)),
        ("ARM_WRITES_PER_SECOND", rate(10.0)),
        ("ARM_DELETES_PER_SECOND", rate(10.0)),
        ("SYNC_TIME_BUDGET_SECONDS", NO_END.as_secs().to_string()),
    ];
    let mut options = HostOptions::new(WORKSPACE);
    options.executable = Some(setting.handler.clone());
    options.function_timeout = Some(NO_END);
    options.environment.extend(cloud.handler_environment());
    options
        .environment
        .extend(settings.map(|(name, value)| (name.to_owned(), value)));
    Ok(FunctionsHost::start(options).await?)
}

/// Brings about what a phase begins with.
fn prepare(cloud: &Cloud, phase: Phase, gateway: Gateway) {
    if phase == Phase::Changed {
        cloud.fill(gateway.redeployed());
    }
    cloud.record.clear();
}

async fn measure_phase(
    cloud: &Cloud,
    host: &FunctionsHost,
    setting: &Setting,
    phase: Phase,
) -> Result<Row, BenchError> {
    let bounds = Bounds::of(phase, setting.gateway);
    let row = measure_run(cloud, host, setting, (phase.name(), phase == Phase::First, bounds)).await?;
    let report = scenario::last_sync(host).await?;
    check(&report, phase, setting.gateway)?;
    Ok(row)
}

/// Lets the timer fire, and gives what its run cost; only a first run is bound by writes.
async fn measure_run(
    cloud: &Cloud,
    host: &FunctionsHost,
    setting: &Setting,
    (phase, is_first, bounds): (&'static str, bool, Bounds),
) -> Result<Row, BenchError> {
    let gone = || BenchError::Run {
        phase,
        what: "the handler does not run".to_owned(),
    };
    let pid = host.handler_pid().ok_or_else(gone)?;
    process::reset_peak(pid)?;
    let (before, began) = (Usage::of(pid)?, Instant::now());
    let run = host.fire_timer(TimerKind::Scheduled).await?;
    if !run.succeeded {
        return Err(ScenarioError::Timer(run.error.unwrap_or_default()).into());
    }
    let (seconds, after) = (began.elapsed().as_secs_f64(), Usage::of(pid)?);
    let work = Work::of(&cloud.record);
    Ok(Row {
        apis: setting.gateway.apis,
        phase,
        factor: setting.factor,
        aws_requests: work.aws_requests,
        aws_lower_bound: bounds.aws,
        arm_reads: work.arm_reads,
        arm_writes: work.arm_writes,
        arm_writes_lower_bound: bounds.writes,
        write_budget_share: is_first.then(|| work.write_budget_share(WRITE_BUDGET, setting.factor)),
        throttles: work.throttles,
        cpu_seconds: after.cpu_seconds - before.cpu_seconds,
        peak_memory_bytes: after.peak_memory_bytes,
        aws_bytes: work.aws_bytes,
        arm_bytes: work.arm_bytes,
        seconds,
    })
}

/// Whether a run did what it was measured for.
fn check(report: &Value, phase: Phase, gateway: Gateway) -> Result<(), BenchError> {
    let (apis, changed) = (gateway.apis, gateway.redeployed());
    let changing = changed.rest.len() + changed.v2.len();
    let (created, updated) = match phase {
        Phase::First => (apis, 0),
        Phase::Unchanged => (0, 0),
        Phase::Changed => (0, changing),
    };
    let expected = json!(["succeeded", created, updated, apis - created - updated]);
    let found = json!([
        report["outcome"],
        report["created"],
        report["updated"],
        report["unchanged"]
    ]);
    if found == expected {
        return Ok(());
    }
    Err(BenchError::Run {
        phase: phase.name(),
        what: format!("{report:#}"),
    })
}
