//! What was measured, as rows.

use serde::Serialize;

/// What the columns mean, and how the lower bounds come about.
pub const NOTE: &str = "\
Lower bounds: of Amazon's calls, the pages of the list (500 APIs each), one call each to learn that there are no HTTP and WebSocket APIs and no custom domains, \
one for the stages of each API, and one export for each \
stage whose definition is new; of writes to Azure Resource Manager, the outcome, two for each new API (its marker goes before and after what is below it), and four for each new stage \
(version, definition, its text, deployment). An API that was redeployed costs two, and each of its stages two (text, \
deployment). SHARE is what was written from the first write to the last, without the burst of 100 that the handler takes at once, of what \
the rate allows in that time; only a first run is bound by writes. TIME is that of the real budgets: what it took, times the factor. Every 50 ms that an answer \
takes are divided by the factor, the rates are multiplied by it; bursts stay.";

/// What one run cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// APIs on the gateway.
    pub apis: usize,
    /// `first`, `unchanged` or `changed`.
    pub phase: &'static str,
    /// By how much the clouds were sped up.
    pub factor: f64,
    /// Calls to Amazon.
    pub aws_requests: usize,
    /// The fewest possible.
    pub aws_lower_bound: usize,
    /// Reads from Azure Resource Manager.
    pub arm_reads: usize,
    /// Writes to it.
    pub arm_writes: usize,
    /// The fewest possible.
    pub arm_writes_lower_bound: usize,
    /// The part of the budget for writes that was used while there was something to write, where that bounds the run.
    pub write_budget_share: Option<f64>,
    /// Answers with 429.
    pub throttles: usize,
    /// Processor time of the handler.
    pub cpu_seconds: f64,
    /// The most memory that the handler had resident.
    pub peak_memory_bytes: u64,
    /// Bytes of bodies from and to Amazon.
    pub aws_bytes: u64,
    /// Bytes of bodies from and to Azure Resource Manager.
    pub arm_bytes: u64,
    /// How long it took here.
    pub seconds: f64,
}

/// The first line of the table.
pub const HEADING: &str = "  APIS  PHASE      FACTOR    AWS  BOUND    READS   WRITES    BOUND  SHARE  429S     CPU    PEAK    AWS MB    ARM MB      TIME";

impl Row {
    /// The row as a line of the table.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "they are rounded anyway")]
    pub fn line(&self) -> String {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let share = self
            .write_budget_share
            .map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0));
        format!(
            "{:>6}  {:<9}  {:>6}  {:>5}  {:>5}  {:>7}  {:>7}  {:>7}  {share:>5}  {:>4}  {:>5.2}s  {:>3.0}MiB  {:>8.1}  {:>8.1}  {:>7.0}s",
            self.apis,
            self.phase,
            self.factor,
            self.aws_requests,
            self.aws_lower_bound,
            self.arm_reads,
            self.arm_writes,
            self.arm_writes_lower_bound,
            self.throttles,
            self.cpu_seconds,
            self.peak_memory_bytes as f64 / f64::from(1 << 20),
            megabytes(self.aws_bytes),
            megabytes(self.arm_bytes),
            self.seconds * self.factor,
        )
    }
}
