//! The benchmark: the real handler against the stand-ins, with the clouds' real budgets sped up.
//!
//! A factor divides the latency and multiplies the rates; bursts stay as they are. So a factor of 10 shows in a minute what takes
//! ten, and the machine has ten times as much to do in that minute: its share of the work grows with the factor, which is why
//! the table names it.

mod bounds;
mod cold_start;
mod peer;
mod process;
mod table;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cloud::{Cloud, CloudOptions};
use crate::estate::{large, large_redeployed};
use crate::functions_host::{FunctionsHost, HostOptions, TimerKind};
use crate::scenario::{self, ScenarioError, WORKSPACE};

use self::bounds::{Bounds, WRITE_BUDGET, Work};
use self::process::Usage;

pub use self::cold_start::{ColdStarts, cold_starts};
pub use self::peer::{Comparison, compare};
pub use self::table::{NOTE, Row, heading};

/// How long an answer of the clouds takes, before it is sped up.
const LATENCY: Duration = Duration::from_millis(50);
/// Entities on a page of an API Center list; what the service has on one is not documented.
const CATALOG_PAGE: usize = 100;
/// Longer than any run takes: what is measured is all of it.
const NO_END: Duration = Duration::from_hours(24);

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The integration is there, and nothing else.
    First,
    /// Nothing has changed since the last run.
    Unchanged,
    /// One of a hundred APIs was deployed anew.
    Changed,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Self; 3] = [Self::First, Self::Unchanged, Self::Changed];

    /// Its word in tables and rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
        }
    }
}

/// What is measured with.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The handler.
    pub handler: PathBuf,
    /// APIs on the gateway.
    pub apis: usize,
    /// By how much the clouds are sped up.
    pub factor: f64,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The clouds do not start.
    #[error("starting the clouds failed")]
    Cloud(#[from] crate::cloud::CloudError),
    /// The handler does not work.
    #[error("running the handler failed")]
    Scenario(#[from] ScenarioError),
    /// The Functions host does not work.
    #[error("running the Functions host failed")]
    Host(#[from] crate::functions_host::HostError),
    /// What a process uses cannot be read.
    #[error("reading what a process uses failed")]
    Usage(#[from] std::io::Error),
    /// A run did something else than it should.
    #[error("the {phase} run went wrong: {what}")]
    Run {
        /// Which run.
        phase: &'static str,
        /// What it said.
        what: String,
    },
}

/// Measures all phases; `tell` is given each row as soon as it is there.
///
/// # Errors
/// When something does not start, or a run does not do its work.
pub async fn measure(setting: &Setting, mut tell: impl FnMut(&Row)) -> Result<Vec<Row>, BenchError> {
    let cloud = sped_up_cloud(setting).await?;
    let host = start_host(&cloud, setting).await?;
    // A call over HTTP ends after 200 seconds, so that the integration is made before there is anything to do.
    scenario::make_integration(&cloud, &host).await?;
    cloud.fill_gateway(large(setting.apis));
    let mut rows = Vec::new();
    for phase in Phase::ALL {
        prepare(&cloud, phase, setting.apis)?;
        let row = measure_phase(&cloud, &host, setting, phase).await?;
        tell(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// Clouds with the real budgets, sped up.
async fn sped_up_cloud(setting: &Setting) -> Result<Cloud, BenchError> {
    let real = CloudOptions::default();
    let faster = |(rate, burst): (f64, f64)| (rate * setting.factor, burst);
    let cloud = Cloud::start(CloudOptions {
        api_center_page_size: CATALOG_PAGE,
        reads: faster(real.reads),
        writes: faster(real.writes),
        deletes: faster(real.deletes),
        gateway_rate: faster(real.gateway_rate),
        latency: LATENCY.div_f64(setting.factor),
        ..real
    })
    .await?;
    cloud.record.keep_no_bodies();
    // The plan has room for ten thousand APIs, the sample of a new API center included.
    cloud.api_center.remove("apis/swagger-petstore");
    Ok(cloud)
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
fn prepare(cloud: &Cloud, phase: Phase, apis: usize) -> Result<(), BenchError> {
    if phase == Phase::Changed {
        cloud.fill_gateway(large_redeployed(apis));
    }
    if phase != Phase::First {
        no_deep_checks(cloud).map_err(|what| BenchError::Run {
            phase: phase.name(),
            what,
        })?;
    }
    cloud.record.clear();
    Ok(())
}

/// Deep checks depend on the hour, and would make two measurements differ.
fn no_deep_checks(cloud: &Cloud) -> Result<(), String> {
    let path = format!("environments/{}", scenario::INTEGRATION);
    let mut environment = cloud
        .api_center
        .snapshot()
        .remove(&path)
        .ok_or("there is no environment")?;
    let properties = &mut environment["properties"];
    let kept = &mut properties["customProperties"]["aws-integration"]["lastSync"];
    let mut outcome: Value =
        serde_json::from_str(kept.as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    outcome["next"]["checkedThroughHour"] = Value::Null;
    *kept = json!(outcome.to_string());
    cloud.api_center.put(&path, properties.take())
}

async fn measure_phase(
    cloud: &Cloud,
    host: &FunctionsHost,
    setting: &Setting,
    phase: Phase,
) -> Result<Row, BenchError> {
    let gone = || BenchError::Run {
        phase: phase.name(),
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
    let report = scenario::last_sync(host).await?;
    check(&report, phase, setting.apis)?;
    Ok(Row {
        apis: setting.apis,
        phase: phase.name(),
        factor: setting.factor,
        aws_requests: work.aws_requests,
        aws_lower_bound: Bounds::of(phase, setting.apis).aws,
        arm_reads: work.arm_reads,
        arm_writes: work.arm_writes,
        arm_writes_lower_bound: Bounds::of(phase, setting.apis).writes,
        write_budget_share: (phase == Phase::First).then(|| work.write_budget_share(WRITE_BUDGET, setting.factor)),
        throttles: work.throttles,
        cpu_seconds: after.cpu_seconds - before.cpu_seconds,
        peak_memory_bytes: after.peak_memory_bytes,
        aws_bytes: work.aws_bytes,
        arm_bytes: work.arm_bytes,
        seconds,
    })
}

/// Whether a run did what it was measured for.
fn check(report: &Value, phase: Phase, apis: usize) -> Result<(), BenchError> {
    let changing = large_redeployed(apis).len();
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
