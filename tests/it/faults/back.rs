//! APIs that come back during their deletion.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::record::Service;

use crate::world::{SHOP, World};

/// Something else happens at the `skip`th reading of this path from now.
fn interject(world: &World, path: &str, skip: usize) {
    world.cloud.faults.add(FaultRule {
        matcher: Matcher {
            service: Some(Service::ApiCenter),
            method: Some(Method::GET),
            target: Some(format!("/{path}[?]").parse().unwrap()),
            ..Matcher::default()
        },
        skip,
        times: Some(1),
        fault: Fault::Interject,
    });
}

#[tokio::test]
async fn an_api_that_is_gone_and_back_while_it_is_deleted_is_deleted_all_the_same() {
    const API: &str = "apis/shop-a1b2c3d4e5";
    for list in ["deployments", "versions"] {
        let world = World::synchronized_demo().await;
        let (center, properties) = (Arc::clone(&world.cloud.api_center), world.properties(API));
        let times = AtomicUsize::new(0);
        world
            .cloud
            .kill
            .set(move || match times.fetch_add(1, Ordering::Relaxed) {
                0 => center.remove(API),
                _ => center.put(API, properties.clone()).unwrap(),
            });
        // Gone before the read of what is below it, and back before the next read of itself.
        interject(&world, &format!("{API}/{list}"), 0);
        interject(&world, API, 1);
        world.delete(SHOP).await.expect(204);
        assert!(world.cloud.faults.rules().iter().all(|rule| rule.times == Some(0)));
        let left: Vec<String> = world
            .everything()
            .into_keys()
            .filter(|path| path.contains("shop"))
            .collect();
        assert_eq!((left, world.catalog().leftovers().len()), (Vec::new(), 0), "{list}");
    }
}
