//! Plans, synchronizations and deletions, those that take several calls or are interrupted among them.

use std::process::Stdio;
use std::sync::Arc;

use reqwest::Method;
use sandbox::api_gateway::AmazonError;
use sandbox::estate::{awkward, demo};
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::record::Service;
use serde_json::json;
use tokio::process::Command;

use super::{BOTH, Said, Where, apis, command, names, run};
use crate::world::World;

#[tokio::test]
async fn a_sync_tells_how_it_went_and_ends_accordingly() {
    for place in BOTH {
        let world = World::synchronized_demo().await;
        let names = names(&world.cloud);
        let sync = async |more: &[&str]| command(&world, place, &names.arguments("sync", "shop", more)).await;
        let good = sync(&[]).await.expect(0);
        assert!(
            good.out
                .starts_with("shop: succeeded. 0 created, 0 updated, 0 deleted, "),
            "{good:?}"
        );
        assert_eq!(sync(&["-o", "json"]).await.expect(0).json()["outcome"], "succeeded");

        let all: Vec<String> = world
            .cloud
            .api_gateway
            .estate()
            .into_iter()
            .map(|(api, _)| api.id)
            .collect();
        for id in &all {
            world.cloud.api_gateway.remove_rest_api(id);
        }
        let held = sync(&["-o", "json"]).await.expect(3).json();
        let id = held["deletionsId"].as_str().unwrap();
        assert_eq!(held["outcome"], "held");
        let wrong = sync(&["--confirm-deletions", "00"]).await.expect(1);
        assert!(wrong.err.contains("PlanChanged"), "{wrong:?}");
        sync(&["--confirm-deletions", id]).await.expect(0);
        assert_eq!(apis(&world), Vec::<String>::new());
    }
}

/// So short that a call does only the minimum.
const IN_NO_TIME: [(&str, &str); 1] = [("HTTP_TIME_BUDGET_SECONDS", "0.001")];

/// Runs a command each of whose calls has no time, if the world's app has none.
async fn command_in_no_time(world: &World, place: Where, arguments: &[&str]) -> Said {
    match place {
        Where::App => command(world, place, arguments).await,
        Where::Here => {
            let mut environment = world.cloud.unpaced_handler_environment();
            environment.extend(IN_NO_TIME.map(|(name, value)| (name.to_owned(), value.to_owned())));
            run(&environment, arguments).await
        }
    }
}

/// APIs that a deletion takes on, however short its time.
const BEGUN: usize = 8;

#[tokio::test]
async fn a_deletion_that_the_timer_ends_between_two_calls_is_done() {
    for place in BOTH {
        let mut world = World::synchronized_demo().await;
        world.restart_with(&IN_NO_TIME).await;
        let catalog = Arc::clone(&world.cloud.api_center);
        world.cloud.kill.set(move || {
            catalog.remove("environments/shop");
            for path in catalog.snapshot().into_keys() {
                if path.starts_with("apis/shop-") && path.matches('/').count() == 1 {
                    catalog.remove(&path);
                }
            }
        });
        // The last deletion of the first call.
        world.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(Service::ApiCenter),
                method: Some(Method::DELETE),
                target: Some(r"/apis/shop-[^/]*\?".parse().unwrap()),
                ..Matcher::default()
            },
            skip: BEGUN - 1,
            times: Some(1),
            fault: Fault::Interject,
        });
        let names = names(&world.cloud);
        let delete = names.arguments("delete", "shop", &["--yes"]);
        let said = command_in_no_time(&world, place, &delete).await.expect(0);
        assert!(said.err.contains("calling again"), "one call was enough: {said:?}");
        assert!(apis(&world).is_empty() && !world.has("environments/shop"));
        let again = command(&world, place, &delete).await.expect(1);
        assert!(again.err.contains("IntegrationNotFound"), "{again:?}");
    }
}

#[tokio::test]
async fn a_sync_that_takes_several_calls_is_called_again_until_it_is_done() {
    for place in BOTH {
        let mut world = World::start().await;
        world.put_shop().await;
        world.cloud.fill_gateway(awkward(60));
        world.restart_with(&IN_NO_TIME).await;
        let names = names(&world.cloud);
        let arguments = names.arguments("sync", "shop", &["-o", "json"]);
        let said = command_in_no_time(&world, place, &arguments).await.expect(0);
        assert!(said.err.contains("calling again"), "one call was enough: {said:?}");
        let report = said.json();
        assert_eq!(
            (&report["remaining"], &report["outcome"]),
            (&json!(0), &json!("succeeded"))
        );
        let apis = world.cloud.api_gateway.estate().len();
        assert_eq!(report["created"], apis);
        world.assert_in_line();
    }
}

#[tokio::test]
async fn what_the_calls_before_one_that_fails_did_is_told_beside_the_failure() {
    for place in BOTH {
        let mut world = World::start().await;
        world.put_shop().await;
        world.cloud.fill_gateway(awkward(60));
        world.restart_with(&IN_NO_TIME).await;
        world.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(Service::ApiGateway),
                target: Some(r"^/(restapis|v2/apis)\?".parse().unwrap()),
                ..Matcher::default()
            },
            skip: 2,
            times: None,
            fault: AmazonError::access_denied("arn:aws:iam::1:user/sync", "apigateway:GET", "arn:aws:x").into(),
        });
        let names = names(&world.cloud);
        let arguments = names.arguments("sync", "shop", &["-o", "json"]);
        let said = command_in_no_time(&world, place, &arguments).await.expect(1);
        assert!(said.err.contains("AwsAccessDenied"), "{said:?}");
        let report = said.json();
        assert!(report["created"].as_u64().unwrap() > 0, "{report:#}");
    }
}

#[tokio::test]
async fn a_plan_gates_and_is_applied_exactly_or_not_at_all() {
    for place in BOTH {
        let world = World::synchronized_demo().await;
        let names = names(&world.cloud);
        let on = ["-g", &names.group, "-n", &names.center, "-i", "shop"];
        let say = async |words: &[&str], more: &[&str]| command(&world, place, &[words, &on[..], more].concat()).await;
        let (plan, sync) = (["integration", "plan"], ["integration", "sync"]);
        let nothing = say(&plan, &["--exit-code"]).await.expect(0);
        assert!(nothing.out.contains("no changes"), "{nothing:?}");

        let (id, _) = rename_one(&world, "Renamed once");
        say(&plan, &[]).await.expect(0);
        let planned = say(&plan, &["--detailed-exitcode", "-o", "json"])
            .await
            .expect(2)
            .json();
        let plan_id = planned["planId"].as_str().unwrap().to_owned();
        let text = say(&plan, &[]).await.expect(0).out;
        assert!(
            text.contains(&format!("--plan-id {plan_id}")) && text.contains("Renamed once"),
            "{text}"
        );

        world.cloud.record.clear();
        rename_one(&world, "Renamed twice");
        let refused = say(&sync, &["--plan-id", &plan_id]).await.expect(1);
        assert!(refused.err.contains("PlanChanged"), "{refused:?}");
        assert_eq!(world.all_writes(), 0);

        rename_one(&world, "Renamed once");
        let applied = say(&sync, &["--plan-id", &plan_id, "-o", "json"])
            .await
            .expect(0)
            .json();
        assert_eq!(applied["planId"], plan_id);
        assert_eq!(world.properties(&format!("apis/shop-{id}"))["title"], "Renamed once");
    }
}

/// Gives the first REST API another name.
fn rename_one(world: &World, name: &str) -> (String, String) {
    let (mut api, stages) = world.cloud.api_gateway.estate().into_iter().next().unwrap();
    let id = api.id.clone();
    let former = std::mem::replace(&mut api.name, name.to_owned());
    world.cloud.fill_gateway(vec![(api, stages)]);
    (id, former)
}

#[tokio::test]
async fn an_interruption_ends_with_130_and_the_next_run_goes_on() {
    let world = World::start().await;
    world.put_shop().await;
    world.cloud.fill_gateway(demo());
    // Held back until it is known whom to interrupt.
    let mut child = Command::new("sh")
        .args([
            "-c",
            "read go; exec \"$0\" integration sync -i shop",
            env!("CARGO_BIN_EXE_apicenter-aws-sync"),
        ])
        .env_clear()
        .envs(world.cloud.unpaced_handler_environment())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    world
        .cloud
        .kill
        .set(move || rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap());
    world.fail_write(8, Some(1), Fault::KillBefore);
    let mut go = child.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut go, b"go\n").await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let cut = world.inventory().len();

    world.cloud.faults.clear();
    let names = names(&world.cloud);
    let sync = names.arguments("sync", "shop", &[]);
    command(&world, Where::Here, &sync).await.expect(0);
    world.assert_in_line();
    assert!(
        cut < world.inventory().len(),
        "the run had ended: the test shows nothing"
    );
}
