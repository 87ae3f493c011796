//! The least that a run can cost, and what one did cost.

use http::StatusCode;

use super::setting::{Gateway, Phase};
use sandbox::api_gateway::Protocol;
use sandbox::estate::FullEstate;
use sandbox::record::{Exchange, Record, Service};
use sandbox::throttle::Rate;

/// What the handler takes of Azure Resource Manager's budget for writes: all of the rate, and at once half of the burst of 200.
pub(super) const WRITE_BUDGET: Rate = (10.0, 100.0);
/// APIs on a page of Amazon's list, at most.
const GATEWAY_PAGE: usize = 500;
/// HTTP and WebSocket APIs on a page of theirs.
const V2_PAGE: usize = 100;
/// The metadata schemas of facts, which the first run makes that has APIs.
const FACTS: usize = 4;

/// The fewest requests that a run can do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub aws: usize,
    pub writes: usize,
}

impl Bounds {
    /// Those of a phase: see [`NOTE`](super::table::NOTE).
    pub fn of(phase: Phase, gateway: Gateway) -> Self {
        let look = look(&gateway.estate());
        match phase {
            Phase::First => {
                let estate = gateway.estate();
                Self {
                    aws: look + exports(&estate),
                    writes: 1 + FACTS + 2 * apis(&estate) + 4 * stages(&estate),
                }
            }
            Phase::Unchanged => Self { aws: look, writes: 1 },
            Phase::Changed => {
                let changed = gateway.redeployed();
                Self {
                    aws: look + exports(&changed),
                    writes: 1 + 2 * apis(&changed) + 2 * stages(&changed),
                }
            }
        }
    }
}

/// The lists of APIs, that of custom domains, and the stages of each API.
fn look(estate: &FullEstate) -> usize {
    let pages = |apis: usize, page: usize| apis.div_ceil(page).max(1);
    let rest = pages(estate.rest.len(), GATEWAY_PAGE);
    rest + pages(estate.v2.len(), V2_PAGE) + 1 + apis(estate)
}

fn apis(estate: &FullEstate) -> usize {
    estate.rest.len() + estate.v2.len()
}

fn stages(estate: &FullEstate) -> usize {
    let rest = estate.rest.iter().map(|(_, stages)| stages.len());
    rest.chain(estate.v2.iter().map(|(_, stages)| stages.len())).sum()
}

/// A call for each stage of a REST or an HTTP API, and two of a WebSocket API: routes and models.
fn exports(estate: &FullEstate) -> usize {
    let twice = estate.v2.iter().filter(|(api, _)| api.protocol == Protocol::Websocket);
    stages(estate) + twice.map(|(_, stages)| stages.len()).sum::<usize>()
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
        let of = |phase, apis| Bounds::of(phase, Gateway { apis, mixed: false });
        let bounds = |aws, writes| Bounds { aws, writes };
        assert_eq!(of(Phase::First, 1000), bounds(2 + 2 + 1000 + 2000, 1 + 4 + 10_000));
        assert_eq!(of(Phase::Unchanged, 501), bounds(2 + 2 + 501, 1));
        assert_eq!(of(Phase::Changed, 1000), bounds(2 + 2 + 1000 + 20, 1 + 60));
    }

    #[test]
    fn of_ten_apis_of_mixed_kinds_the_websocket_api_needs_two_calls_for_a_definition() {
        let gateway = Gateway { apis: 10, mixed: true };
        let bounds = Bounds::of(Phase::First, gateway);
        assert_eq!(bounds.aws, 3 + 10 + 9 * 2 + 2 * 2);
    }
}
