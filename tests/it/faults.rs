//! Faults: every kind of call goes wrong in every way, and the handler is killed at every write.
//!
//! What is tried, and how much of it, is printed by `cargo test --workspace --test it -- faults:: --nocapture`. A plain run tries a
//! twelfth of the combinations and kills the handler either before or after a write; `FAULTS=all` tries every one and kills at both.

mod back;
mod kills;
mod kinds;
mod site;
mod trouble;
mod verdict;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::future::join_all;
use sandbox::record::Exchange;
use tokio::net::TcpListener;

use self::kinds::kinds_of;
use self::site::{CALLS_AT_MOST, Said, Scene, Site};
use self::trouble::{Combination, combinations};
use self::verdict::{flaws_in_the_end, flaws_of};
use crate::secrecy::assert_uncalled;

/// Sites at once, at most: most of them wait for a time to end.
const SIDE_BY_SIDE: usize = 24;
/// Combinations that are worth a site: one takes as much of a processor to be built as they do to be tried.
const WORTH_A_SITE: usize = 8;
/// A plain run tries one of this many combinations, which takes many minutes less: every kind of call still fails in
/// many ways, and every way is tried on many kinds.
const SHARE: usize = 12;
/// Calls within which everything is right again, once nothing goes wrong any more. One that had no time for everything is not
/// counted: how much there is time for depends on what else the machine does.
const CALLS_AFTER: usize = 2;
/// How often a combination is tried whose call does not occur, because there was no time to come so far.
const TRIES: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_when_an_integration_is_created_the_next_run_makes_up_for_it() {
    try_all(Scene::Create, 1155).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_when_the_timer_runs_the_next_run_makes_up_for_it() {
    try_all(Scene::Timer, 1386).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_when_an_integration_is_deleted_the_same_call_again_ends_it() {
    try_all(Scene::Delete, 495).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_with_a_role_or_with_an_import_that_goes_on_the_next_run_makes_up_for_it() {
    try_all(Scene::RoleByKey, 33).await;
    try_all(Scene::RoleByToken, 66).await;
    try_all(Scene::Deferred, 33).await;
}

/// Tries the combinations of a scene's kinds of calls and faults: exactly this many.
#[expect(clippy::print_stdout, reason = "for people to read what ran")]
async fn try_all(scene: Scene, expected: usize) {
    let kinds = kinds_of(scene, &discover(scene).await);
    let all = combinations(&kinds);
    assert_eq!(all.len(), expected, "combinations of {scene:?}");
    let tried = chosen(all, kinds.len());
    let (number, began) = (tried.len(), Instant::now());
    let waiting = Mutex::new(VecDeque::from(tried));
    let sites = number.div_ceil(WORTH_A_SITE).min(SIDE_BY_SIDE);
    let results = join_all((0..sites).map(|_| work(scene, &waiting))).await;
    let longest = results.iter().map(|(longest, _)| *longest).max().unwrap();
    let flaws: Vec<String> = results.into_iter().flat_map(|(_, flaws)| flaws).collect();
    println!(
        "faults: {scene:?}: {number} of {expected} combinations, {} with flaws, the longest call {longest:.1?}, all {:.0?}",
        flaws.len(),
        began.elapsed()
    );
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

/// The combinations to try. They come by trouble and then by kind, so that the share moves on by one kind with each trouble.
fn chosen(all: Vec<Combination>, kinds: usize) -> Vec<Combination> {
    let share = if is_whole() { 1 } else { SHARE };
    let numbered = all.into_iter().enumerate();
    let of_share = numbered.filter(|(number, _)| (number / kinds + number % kinds).is_multiple_of(share));
    of_share.map(|(_, combination)| combination).collect()
}

/// Whether to try everything. Read from `FAULTS`.
fn is_whole() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the extent of a test is no setting of the app")]
    let extent = std::env::var_os("FAULTS");
    extent.is_some_and(|extent| extent == "all")
}

/// The calls of a scene without faults, by a new handler.
async fn discover(scene: Scene) -> Vec<Exchange> {
    let mut site = Site::build(scene).await;
    let mut said = play_anew(&mut site).await;
    for _ in 0..CALLS_AT_MOST {
        if !said.lacks_time() {
            break;
        }
        said = play_anew(&mut site).await;
    }
    assert_eq!(
        (said.is_good(), flaws_in_the_end(&site)),
        (true, Vec::new()),
        "{}",
        said.text
    );
    site.cloud.record.exchanges()
}

/// Plays the scene from its beginning with another handler.
async fn play_anew(site: &mut Site) -> Said {
    site.restart().await;
    site.set_back();
    site.play().await
}

/// Tries what is waiting, one after another: the longest call, and the flaws.
async fn work(scene: Scene, waiting: &Mutex<VecDeque<Combination>>) -> (Duration, Vec<String>) {
    let next = || waiting.lock().unwrap().pop_front();
    let (mut longest, mut flaws) = (Duration::ZERO, Vec::new());
    let Some(mut combination) = next() else {
        return (longest, flaws);
    };
    let mut site = Site::build(scene).await;
    let stranger = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let elsewhere = format!("https://{}/", stranger.local_addr().unwrap());
    let mut said = String::new();
    loop {
        let (took, found, words) = attempt(&mut site, &combination, &elsewhere).await;
        longest = longest.max(took);
        said.push_str(&words);
        if !found.is_empty() {
            let times = if combination.always { "always" } else { "once" };
            flaws.push(format!(
                "{} {:?} {times}: {}\n    {words}",
                combination.kind.name,
                combination.trouble,
                found.join("; ")
            ));
        }
        match next() {
            Some(another) => combination = another,
            None => break,
        }
    }
    assert_uncalled(stranger);
    site.assert_secrets_kept(&said);
    (longest, flaws)
}

/// Tries one combination: how long the call took, what is wrong, and what was said.
async fn attempt(site: &mut Site, combination: &Combination, elsewhere: &str) -> (Duration, Vec<String>, String) {
    let mut tries = 1;
    let (said, occurred) = loop {
        let said = strike(site, combination, elsewhere).await;
        let exchanges = site.cloud.record.exchanges();
        let occurred = exchanges.iter().any(|exchange| combination.kind.is_of(exchange));
        if occurred || !said.lacks_time() || tries == TRIES {
            break (said, occurred);
        }
        tries += 1;
    };
    let mut flaws = flaws_of(site, &said);
    if !occurred {
        flaws.push("the call did not occur".to_owned());
    }
    site.cloud.faults.clear();
    site.cloud.is_up().await;
    if combination.is_remembered() {
        site.restart().await;
    }
    let (found, after) = play_to_the_end(site).await;
    flaws.extend(found);
    (said.took, flaws, format!("{:?} {}{after}", said.status, said.text))
}

/// Plays the scene from its beginning while the combination goes wrong.
async fn strike(site: &mut Site, combination: &Combination, elsewhere: &str) -> Said {
    site.set_back();
    if combination.needs_new_handler(site.scene) {
        site.restart().await;
    }
    site.cloud.faults.add(combination.rule(elsewhere));
    site.play().await
}

/// Continues without faults until all is right; returns the flaws after a number of calls, and the outcomes.
async fn play_to_the_end(site: &Site) -> (Vec<String>, String) {
    let (mut words, mut flaws, mut counted) = (Vec::new(), Vec::new(), 0);
    while counted < CALLS_AFTER && words.len() < CALLS_AT_MOST {
        let said = site.play_on().await;
        words.push(format!("\n    then {:?} {}", said.status, said.text));
        counted += usize::from(!said.lacks_time());
        flaws = flaws_in_the_end(site);
        if !said.is_good() {
            flaws.push("nothing is wrong any more, but it fails".to_owned());
        }
        if flaws.is_empty() {
            break;
        }
    }
    (flaws, words.concat())
}
