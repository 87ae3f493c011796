//! Upper bounds on the cost of a run: counts requests, not times.

use sandbox::cloud::CloudOptions;
use sandbox::estate::{Estate, large, large_redeployed};
use sandbox::record::Service;

use crate::world::World;

/// APIs on the gateway.
const APIS: usize = 300;
/// APIs on a page of API Gateway's list: fewer than AWS's own, so that there are several.
const PAGE: usize = 100;
/// The other lists that a run reads: of HTTP and WebSocket APIs, and of domains.
const OTHER_LISTS: usize = 2;
/// The schemas of the markers and of the facts, the environment and the outcome.
const WRITES_OF_A_FIRST_RUN: usize = 9;
/// The outcome.
const WRITES_OF_EVERY_RUN: usize = 1;

/// Calls to AWS, and writes to the catalog.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    gateway: usize,
    writes: usize,
}

impl Cost {
    fn of(world: &World) -> Self {
        Self {
            gateway: world.gateway_calls(""),
            writes: world.all_writes(),
        }
    }
}

fn stages(estate: &Estate) -> usize {
    estate.iter().map(|(_, stages)| stages.len()).sum()
}

#[tokio::test]
async fn three_hundred_apis_cost_the_least_number_of_calls_at_first_unchanged_and_changed() {
    let mut options = CloudOptions::default().unthrottled();
    options.api_gateway.page_size_max = PAGE;
    options.api_center.page_size = PAGE;
    let world = World::with(options, &[("HTTP_TIME_BUDGET_SECONDS", "200")]).await;
    let estate = large(APIS);
    world.cloud.fill_gateway(estate.clone());
    let look = APIS / PAGE + OTHER_LISTS + APIS;

    let report = world.put_shop().await.json()["properties"]["lastSync"].clone();
    assert_eq!(
        (&report["outcome"], &report["created"]),
        (&"succeeded".into(), &APIS.into()),
        "{report:#}"
    );
    let first = Cost {
        gateway: look + stages(&estate),
        writes: WRITES_OF_A_FIRST_RUN + 2 * APIS + 4 * stages(&estate),
    };
    assert_eq!(Cost::of(&world), first);
    // Which account the key is of; the process knows it from now on.
    let token_service = |world: &World| world.cloud.record.count(|exchange| exchange.service == Service::Sts);
    assert_eq!(token_service(&world), 1);

    world.cloud.record.clear();
    world.run_timer().await;
    let unchanged = Cost {
        gateway: look,
        writes: WRITES_OF_EVERY_RUN,
    };
    assert_eq!(Cost::of(&world), unchanged);
    assert_eq!(token_service(&world), 0);

    let redeployed = large_redeployed(APIS);
    world.cloud.fill_gateway(redeployed.clone());
    world.cloud.record.clear();
    world.run_timer().await;
    // The versions and definitions exist; only a definition's content and its deployment's marker change.
    let changed = Cost {
        gateway: look + stages(&redeployed),
        writes: WRITES_OF_EVERY_RUN + 2 * redeployed.len() + 2 * stages(&redeployed),
    };
    assert_eq!(Cost::of(&world), changed);
    assert_eq!(token_service(&world), 0);
    world.assert_in_line();
}
