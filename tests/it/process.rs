//! The life of the handler's process: budgets that end, kills, and hosts that vanish.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use futures::{StreamExt, stream};
use rustix::process::{Pid, Signal, kill_process};
use sandbox::cloud::{Cloud, CloudOptions};
use sandbox::estate::{awkward, demo};
use sandbox::faults::Fault;
use sandbox::functions_host::{FunctionsHost, TimerKind};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::secrecy::{Witness, leaks};
use crate::world::{SHOP, World, host_options};

/// Catalog writes after each of which a handler is killed.
const KILLS: usize = 30;
/// Worlds that live side by side.
const SIDE_BY_SIDE: usize = 4;
/// Within this time a handler without a host is to be gone.
const SECONDS: Duration = Duration::from_secs(10);
/// More calls than a gateway of two hundred APIs can take at a budget of one second each.
const MANY_CALLS: usize = 100;

#[tokio::test]
async fn with_one_second_a_call_repeated_syncs_get_through_everything() {
    let world = World::with(slow(), &[("HTTP_TIME_BUDGET_SECONDS", "1")]).await;
    world.cloud.fill_gateway(awkward(200));
    world.put_shop().await;
    let mut calls = 0;
    loop {
        let answer = world.sync("").await;
        calls += 1;
        assert!(calls < MANY_CALLS, "{}", answer.text);
        let report = answer.json();
        if answer.status == 200 {
            assert_eq!(report["outcome"], "succeeded", "{report:#}");
            break;
        }
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["retry-after"]),
            (202, &"0".parse().unwrap()),
            "{report:#}"
        );
        assert!(report["remaining"].as_u64().unwrap() > 0);
    }
    assert!(calls > 1, "one second was enough: the test shows nothing");
    world.assert_in_line();
}

#[tokio::test]
async fn with_one_second_a_run_the_timer_gets_through_everything() {
    let world = World::with(
        slow(),
        &[("SYNC_TIME_BUDGET_SECONDS", "1"), ("HTTP_TIME_BUDGET_SECONDS", "1")],
    )
    .await;
    world.cloud.fill_gateway(awkward(200));
    world.put_shop().await;
    let mut runs = 0;
    while world.last_sync().await["outcome"] != "succeeded" {
        world.run_timer().await;
        runs += 1;
        assert!(runs < MANY_CALLS, "{:#}", world.last_sync().await);
    }
    assert!(runs > 1, "one second was enough: the test shows nothing");
    world.assert_in_line();
    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!(world.writes(), Vec::<String>::new(), "what was done is not done again");
}

/// Clouds so far away that a second is not enough for everything.
fn slow() -> CloudOptions {
    CloudOptions {
        latency: Duration::from_millis(20),
        ..CloudOptions::default()
    }
    .unthrottled()
}

#[tokio::test]
async fn killed_after_each_of_the_first_writes_the_next_run_converges() {
    stream::iter(0..KILLS)
        .for_each_concurrent(SIDE_BY_SIDE, kill_after)
        .await;
}

async fn kill_after(writes: usize) {
    let world = World::start().await;
    world.cloud.fill_gateway(demo());
    world.fail_write(writes, Some(1), Fault::KillAfter);
    let cut = world.put(SHOP, world.document()).await;
    assert!(cut.status.is_server_error(), "write {writes}: {cut:?}");
    assert_eq!(world.host.wait_for_exit(1).await.len(), 1, "write {writes}");
    world.host.ready().await.unwrap();

    let again = world.put(SHOP, world.document()).await;
    assert!(again.status.is_success(), "write {writes}: {again:?}");
    world.assert_in_line();
    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!((world.writes(), world.all_writes()), (Vec::new(), 1), "write {writes}");
}

#[tokio::test]
async fn asked_to_end_it_ends_soon_with_a_code_that_lets_hosts_start_it_again() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let world = World::start().await;
        send(world.host.handler_pid().unwrap(), signal);
        let exits = timeout(SECONDS, world.host.wait_for_exit(1)).await.unwrap();
        assert_eq!(exits[0].code(), Some(code));
    }
}

#[tokio::test]
async fn asked_to_end_in_the_middle_of_a_run_it_ends_soon_and_the_next_run_converges() {
    let world = World::start().await;
    world.cloud.fill_gateway(demo());
    let pid = world.host.handler_pid().unwrap();
    world.cloud.kill.set(move || send(pid, Signal::TERM));
    world.fail_write(20, Some(1), Fault::KillBefore);
    world.put(SHOP, world.document()).await;
    let exits = timeout(SECONDS, world.host.wait_for_exit(1)).await.unwrap();
    assert_eq!((exits[0].code(), exits[0].signal()), (Some(143), None));
    world.host.ready().await.unwrap();
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn a_person_who_starts_the_handler_is_told_which_program_to_use() {
    for (arguments, code, out, err) in [
        (&["--version"][..], 0, "handler 0.", ""),
        (&[], 64, "", "apicenter-aws-sync"),
        (&["doctor"], 64, "", "apicenter-aws-sync"),
    ] {
        let mut handler = Command::new(env!("CARGO_BIN_EXE_handler"));
        let said = handler.args(arguments).env_clear().output().await.unwrap();
        assert_eq!(said.status.code(), Some(code), "{said:?}");
        for (stream, words) in [(said.stdout, out), (said.stderr, err)] {
            let text = String::from_utf8(stream).unwrap();
            assert!(text.contains(words) && text.is_empty() == words.is_empty(), "{text}");
        }
    }
}

#[tokio::test]
async fn without_its_host_an_idle_handler_is_gone_within_seconds() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let (mut parent, host) = start_below_a_parent(&cloud).await;
    host.fire_timer(TimerKind::Scheduled).await.unwrap();
    parent.kill().await.unwrap();
    let said = assert_all_ended(&mut parent).await;
    let witness = Witness::of(&host);
    assert_eq!(leaks(&cloud, &[witness], &[said]), Vec::<String>::new());
}

#[tokio::test]
async fn without_its_host_a_working_handler_is_gone_within_seconds_and_the_next_run_converges() {
    let mut world = World::start().await;
    world.put_shop().await;
    world.cloud.fill_gateway(demo());
    let (mut parent, host) = start_below_a_parent(&world.cloud).await;
    let pid = parent.id().unwrap();
    world.cloud.kill.set(move || send(pid, Signal::KILL));
    world.fail_write(10, Some(1), Fault::KillBefore);
    // So that the run is still in flight when its host's end is noticed.
    world.fail_write(10, None, Fault::Hang);
    let run = tokio::spawn(async move { host.fire_timer(TimerKind::Scheduled).await.unwrap() });
    world.hear(&assert_all_ended(&mut parent).await);
    assert_eq!(parent.wait().await.unwrap().signal(), Some(9));
    run.await.unwrap();
    let cut = world.inventory().len();

    world.cloud.faults.clear();
    world.restart_with(&[]).await;
    world.run_timer().await;
    world.assert_in_line();
    assert!(
        cut < world.inventory().len(),
        "the run had ended: the test shows nothing"
    );
}

/// Starts a handler as the grandchild of the test, and returns a host's calls to it.
async fn start_below_a_parent(cloud: &Cloud) -> (Child, FunctionsHost) {
    let options = host_options(cloud, &[]);
    // Bound without listening, so that nobody else gets the port.
    let reserved = TcpSocket::new_v4().unwrap();
    reserved.set_reuseaddr(true).unwrap();
    reserved.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = reserved.local_addr().unwrap().port();
    let parent = Command::new("sh")
        .args(["-c", "\"$0\" & wait", env!("CARGO_BIN_EXE_handler")])
        .env_clear()
        .envs(options.environment.clone())
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let listening = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SECONDS, listening).await.unwrap();
    (parent, FunctionsHost::attach(options, port).await.unwrap())
}

/// Waits until all processes that hold the pipe of a parent's output are gone, and returns what they wrote.
async fn assert_all_ended(parent: &mut Child) -> String {
    let mut output = String::new();
    let mut pipe = parent.stdout.take().unwrap();
    let ended = timeout(SECONDS, pipe.read_to_string(&mut output)).await;
    assert!(ended.is_ok(), "the handler is still there");
    assert!(output.contains("Orphaned"), "{output}");
    output
}

fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}
