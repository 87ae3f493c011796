//! Kills: the handler ends without notice before or after each of its writes.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

use futures::future::join_all;
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::record::{Exchange, Service};

use super::site::{CALLS_AT_MOST, Scene, Site};
use super::{discover, is_whole, play_to_the_end};

/// Sites at once: a handler that starts takes all of a processor.
const SIDE_BY_SIDE: usize = 4;
/// So many ends of a process make a host give up on it.
const ENDS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_write_a_handler_is_killed_at_the_next_run_makes_up_for_it() {
    kill_at_all(Scene::Create, 19).await;
    kill_at_all(Scene::Timer, 21).await;
    kill_at_all(Scene::Delete, 13).await;
}

/// Kills a handler at each write of a scene, which has at least this many.
#[expect(clippy::print_stdout, reason = "for people to read what ran")]
async fn kill_at_all(scene: Scene, at_least: usize) {
    let began = Instant::now();
    let exchanges = discover(scene).await;
    let is_write = |exchange: &&Exchange| exchange.service == Service::ApiCenter && exchange.is_write();
    let writes = exchanges.iter().filter(is_write).count();
    let moments = (0..writes).flat_map(|skip| [(skip, Fault::KillBefore), (skip, Fault::KillAfter)]);
    // By turns: before one write, after the next. Half of the kills still meet every write.
    let is_tried = |number: usize| is_whole() || number.is_multiple_of(4) || number % 4 == 3;
    let tried = moments.enumerate().filter(|(number, _)| is_tried(*number));
    let waiting = Mutex::new(tried.map(|(_, moment)| moment).collect::<VecDeque<_>>());
    let results = join_all((0..SIDE_BY_SIDE).map(|_| work(scene, &waiting))).await;
    let kills: usize = results.iter().map(|(kills, _)| kills).sum();
    let flaws: Vec<String> = results.into_iter().flat_map(|(_, flaws)| flaws).collect();
    println!(
        "kills: {scene:?}: {kills} at {writes} writes, {} with flaws, all {:.0?}",
        flaws.len(),
        began.elapsed()
    );
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
    assert!(kills >= at_least, "{kills} kills in {scene:?}, fewer than {at_least}");
}

/// Kills at what is waiting, one after another: how often a handler ended of it, and the flaws.
async fn work(scene: Scene, waiting: &Mutex<VecDeque<(usize, Fault)>>) -> (usize, Vec<String>) {
    let next = || waiting.lock().unwrap().pop_front();
    let mut site = Site::build(scene).await;
    let (mut kills, mut ends, mut flaws, mut said) = (0, 0, Vec::new(), String::new());
    while let Some((skip, fault)) = next() {
        let how = format!("{fault:?} of write {skip}");
        if kill(&site, skip, fault).await {
            kills += 1;
            ends += 1;
            site.host.wait_for_exit(ends).await;
            if ends == ENDS {
                site.restart().await;
                ends = 0;
            }
            site.host.ready().await.unwrap();
        }
        let (found, words) = play_to_the_end(&site).await;
        said.push_str(&words);
        if !found.is_empty() {
            flaws.push(format!("{how}: {}\n    {words}", found.join("; ")));
        }
    }
    site.assert_secrets_kept(&said);
    (kills, flaws)
}

/// Plays the scene until the handler is killed, and returns whether it was. Repeats a play that ran out of time before.
async fn kill(site: &Site, skip: usize, fault: Fault) -> bool {
    for _ in 0..CALLS_AT_MOST {
        site.set_back();
        site.cloud.kill.set(site.host.killer());
        site.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(Service::ApiCenter),
                writes_only: true,
                ..Matcher::default()
            },
            skip,
            times: Some(1),
            fault: fault.clone(),
        });
        let said = site.play().await;
        let is_struck = site.cloud.faults.rules().iter().all(|rule| rule.times == Some(0));
        site.cloud.faults.clear();
        if is_struck || !said.lacks_time() {
            return is_struck;
        }
    }
    false
}
