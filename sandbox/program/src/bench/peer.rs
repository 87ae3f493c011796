//! The comparison with what people would write themselves: a script, run against the same clouds with the same budgets.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::process::Command;

use super::bounds::Work;
use super::setting::{BenchError, Phase, Setting, sped_up_cloud};
use super::table::Row;
use sandbox::estate::{large, large_redeployed};
use sandbox::functions_host::basic_environment;
use sandbox::scenario::WORKSPACE;

/// The script, in the workspace.
const SCRIPT: &str = "tests/peers/ordinary_script.py";

/// The script's cost of one run, as parts of the handler's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// APIs on the gateway.
    pub apis: usize,
    /// `first`, `unchanged` or `changed`.
    pub phase: &'static str,
    /// By how much the clouds were sped up.
    pub factor: f64,
    /// Requests of the script.
    pub script_requests: usize,
    /// Its 429s.
    pub script_throttles: usize,
    /// Seconds it took, times the factor.
    pub script_seconds: f64,
    /// Its processor time.
    pub script_cpu_seconds: f64,
    /// Its peak of memory.
    pub script_peak_memory_bytes: u64,
    /// Its requests, of the handler's.
    pub requests_ratio: f64,
    /// Its time, of the handler's.
    pub time_ratio: f64,
    /// Its processor time, of the handler's.
    pub cpu_ratio: f64,
    /// Its memory, of the handler's.
    pub memory_ratio: f64,
}

/// What the script says at its end.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Used {
    cpu_seconds: f64,
    peak_memory_bytes: u64,
}

/// Runs the script with `python` through the same phases as the handler, whose rows these are.
///
/// # Errors
/// When the clouds do not start, or the script fails.
pub async fn compare(
    setting: &Setting,
    python: &Path,
    rows: &[Row],
    mut tell: impl FnMut(&Comparison),
) -> Result<Vec<Comparison>, BenchError> {
    let cloud = sped_up_cloud(setting).await?;
    cloud.fill_gateway(large(setting.gateway.apis));
    let mut comparisons = Vec::new();
    for (phase, row) in Phase::ALL.into_iter().zip(rows) {
        if phase == Phase::Changed {
            cloud.fill_gateway(large_redeployed(setting.gateway.apis));
        }
        cloud.record.clear();
        let began = Instant::now();
        let used = run(python, phase, &cloud.description(), setting.factor).await?;
        let seconds = began.elapsed().as_secs_f64();
        let comparison = Comparison::of(row, &Work::of(&cloud.record), used, seconds);
        tell(&comparison);
        comparisons.push(comparison);
    }
    Ok(comparisons)
}

async fn run(python: &Path, phase: Phase, clouds: &Value, factor: f64) -> Result<Used, BenchError> {
    let wrong = |what: String| BenchError::Run {
        phase: phase.name(),
        what,
    };
    let of = |name: &str| clouds[name].as_str().unwrap_or_default().to_owned();
    let output = Command::new(python)
        .arg(SCRIPT)
        .current_dir(WORKSPACE)
        .env_clear()
        .envs(basic_environment())
        .env("SANDBOX", clouds.to_string())
        .env("SANDBOX_FACTOR", factor.to_string())
        .env("IDENTITY_ENDPOINT", of("identityEndpoint"))
        .env("IDENTITY_HEADER", of("identityHeader"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !output.status.success() {
        return Err(wrong(text(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| wrong(format!("{error}: {}", text(&output.stdout))))
}

impl Comparison {
    #[expect(clippy::cast_precision_loss, reason = "they are far below what loses precision")]
    fn of(row: &Row, work: &Work, used: Used, seconds: f64) -> Self {
        let requests = work.aws_requests + work.arm_reads + work.arm_writes;
        let ours = row.aws_requests + row.arm_reads + row.arm_writes;
        Self {
            apis: row.apis,
            phase: row.phase,
            factor: row.factor,
            script_requests: requests,
            script_throttles: work.throttles,
            script_seconds: seconds * row.factor,
            script_cpu_seconds: used.cpu_seconds,
            script_peak_memory_bytes: used.peak_memory_bytes,
            requests_ratio: requests as f64 / ours as f64,
            time_ratio: seconds / row.seconds,
            // The kernel counts in hundredths of a second.
            cpu_ratio: used.cpu_seconds / row.cpu_seconds.max(0.01),
            memory_ratio: used.peak_memory_bytes as f64 / row.peak_memory_bytes as f64,
        }
    }

    /// It, for people.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is rounded anyway")]
    pub fn line(&self) -> String {
        format!(
            "{:<9}  the script: {:>6} requests ({:.1} x), {:>6.0} s ({:.1} x), {:>6.2} s CPU ({:.0} x), {:>4.0} MiB ({:.1} x), {} answers 429",
            self.phase,
            self.script_requests,
            self.requests_ratio,
            self.script_seconds,
            self.time_ratio,
            self.script_cpu_seconds,
            self.cpu_ratio,
            self.script_peak_memory_bytes as f64 / f64::from(1 << 20),
            self.memory_ratio,
            self.script_throttles,
        )
    }
}
