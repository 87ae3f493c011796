//! The least that a run can cost, and what one did cost.

use http::StatusCode;

use super::setting::Phase;
use sandbox::estate::{Estate, large, large_redeployed};
use sandbox::record::{Exchange, Record, Service};
use sandbox::throttle::Rate;

/// What the handler takes of Azure Resource Manager's budget for writes: all of the rate, and at once half of the burst of 200.
pub(super) const WRITE_BUDGET: Rate = (10.0, 100.0);
/// APIs on a page of Amazon's list, at most.
const GATEWAY_PAGE: usize = 500;
/// The other lists that a run reads, empty here: of HTTP and WebSocket APIs, and of custom domains.
const OTHER_LISTS: usize = 2;

/// The fewest requests that a run can do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub aws: usize,
    pub writes: usize,
}

impl Bounds {
    /// Those of a phase: see [`NOTE`](super::table::NOTE).
    pub fn of(phase: Phase, apis: usize) -> Self {
        let look = apis.div_ceil(GATEWAY_PAGE) + OTHER_LISTS + apis;
        let stages = |estate: &Estate| estate.iter().map(|(_, stages)| stages.len()).sum::<usize>();
        match phase {
            Phase::First => {
                let estate = large(apis);
                Self {
                    aws: look + stages(&estate),
                    writes: 1 + 2 * estate.len() + 4 * stages(&estate),
                }
            }
            Phase::Unchanged => Self { aws: look, writes: 1 },
            Phase::Changed => {
                let changed = large_redeployed(apis);
                Self {
                    aws: look + stages(&changed),
                    writes: 1 + 2 * changed.len() + 2 * stages(&changed),
                }
            }
        }
    }
}

/// What the clouds saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Work {
    pub aws_requests: usize,
    pub arm_reads: usize,
    pub arm_writes: usize,
    pub throttles: usize,
    pub aws_bytes: u64,
    pub arm_bytes: u64,
    /// Between the first write and the last.
    writing_seconds: f64,
}

impl Work {
    /// All that was recorded.
    pub fn of(record: &Record) -> Self {
        let of = |service| move |exchange: &Exchange| exchange.service == service;
        // Deep checks, which depend on the hour, export definitions. Azure counts that as writing; here it is reading.
        let writes = |exchange: &Exchange| exchange.service == Service::ApiCenter && exchange.is_write();
        let throttled = |exchange: &Exchange| exchange.status == Some(StatusCode::TOO_MANY_REQUESTS);
        let arm_writes = record.count(writes);
        Self {
            aws_requests: record.count(of(Service::ApiGateway)),
            arm_reads: record.count(of(Service::ApiCenter)) - arm_writes,
            arm_writes,
            throttles: record.count(throttled),
            aws_bytes: record.bytes(Service::ApiGateway),
            arm_bytes: record.bytes(Service::ApiCenter),
            writing_seconds: record.seconds_between(writes),
        }
    }

    /// How much of the budget for writes was used from the first write to the last: what was written beside the burst, of
    /// what the rate allowed in that time.
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are small")]
    pub fn write_budget_share(&self, (rate, burst): Rate, factor: f64) -> f64 {
        (self.arm_writes as f64 - burst) / (rate * factor * self.writing_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_apis_of_two_stages_need_ten_writes_each_at_first() {
        assert_eq!(
            Bounds::of(Phase::First, 1000),
            Bounds {
                aws: 2 + 2 + 1000 + 2000,
                writes: 1 + 10_000
            }
        );
        assert_eq!(
            Bounds::of(Phase::Unchanged, 501),
            Bounds {
                aws: 2 + 2 + 501,
                writes: 1
            }
        );
        assert_eq!(
            Bounds::of(Phase::Changed, 1000),
            Bounds {
                aws: 2 + 2 + 1000 + 20,
                writes: 1 + 60
            }
        );
    }
}
