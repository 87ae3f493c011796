//! Two processes at once.

use std::sync::Mutex;

use reqwest::Method;
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::functions_host::FunctionsHost;
use sandbox::record::Service;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::deadlines::plain;
use crate::world::{SHOP, World, answer, host_options};

/// Runs the timer, with a call to another process after this many writes of APIs.
async fn call_during_a_run(world: &World, skip: usize, method: Method, body: Option<Value>) {
    let other = FunctionsHost::start(host_options(&world.cloud, &[])).await.unwrap();
    let (begin, started) = oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let (begin, ended) = (Mutex::new(Some(begin)), Mutex::new(ended));
    // The write waits until the other call is answered.
    world.cloud.kill.set(move || {
        if let Some(begin) = begin.lock().unwrap().take() {
            begin.send(()).unwrap();
            tokio::task::block_in_place(|| ended.lock().unwrap().recv()).unwrap();
        }
    });
    world.cloud.faults.add(FaultRule {
        matcher: Matcher {
            service: Some(Service::ApiGateway),
            target: Some("/exports/".parse().unwrap()),
            ..Matcher::default()
        },
        skip,
        times: Some(1),
        fault: Fault::Interject,
    });
    let call = async {
        started.await.unwrap();
        let url = format!("{}/api/integrations/{SHOP}", other.base_url());
        let mut request = reqwest::Client::new()
            .request(method, url)
            .header("x-functions-key", other.function_key());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answered = answer(request).await;
        end.send(()).unwrap();
        answered
    };
    let (_, answered) = tokio::join!(world.fire_timer(), call);
    assert!([200, 204].contains(&answered.status.as_u16()), "{answered:?}");
    world.hear(&other.output());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deletion_in_another_process_ends_a_first_run_and_nothing_comes_back() {
    for skip in [0, 7, 25] {
        let world = World::start().await;
        world.put_shop().await;
        world.cloud.fill_gateway(plain(40));
        call_during_a_run(&world, skip, Method::DELETE, None).await;
        let left: Vec<String> = world
            .inventory()
            .into_keys()
            .filter(|path| path.contains("shop"))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "{skip}");
        assert!(!world.has("environments/shop"), "{skip}");
        world.run_timer().await;
        world.get(SHOP).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_put_of_other_settings_in_another_process_ends_a_run_that_records_nothing() {
    let world = World::start().await;
    world.put_shop().await;
    world.cloud.fill_gateway(plain(40));
    let mut document = world.document();
    document["properties"]["importSpecification"] = json!("never");
    call_during_a_run(&world, 3, Method::PUT, Some(document)).await;
    let shown = world.get(SHOP).await.expect(200).json();
    assert_eq!(shown["properties"]["importSpecification"], "never");
    let runs = shown["properties"]["history"].as_array().unwrap().len();
    assert_eq!(runs, 2, "the two puts' own: {:#}", shown["properties"]["history"]);
    // What the old run had in flight when it was overtaken is corrected.
    world.sync("deep=true").await.expect(200);
    assert!(world.inventory().keys().all(|path| !path.contains("/definitions/")));
    assert_eq!(
        world
            .inventory()
            .keys()
            .filter(|path| path.contains("/deployments/"))
            .count(),
        40
    );
}
