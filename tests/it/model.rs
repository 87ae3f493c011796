//! Lives of a catalog at random: what happens in AWS, what people do, calls, faults, kills, all at once.
//!
//! Every write of the app is judged by itself (`laws`); in the end all is quiet, and after two runs the catalog must be
//! what an oracle says that knows nothing of the planner (`settle`).

#![expect(clippy::print_stdout, reason = "how many lives were played is part of the result")]

mod amazon;
mod documents;
mod grounds;
mod known;
mod laws;
mod ledger;
mod player;
mod settle;
mod step;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseError, TestError, TestRunner};

use self::player::Player;
use self::step::{Life, life};

/// Lives that a plain test run plays; the weekly workflow plays thousands.
const LIVES: u32 = 30;
/// The seed of a plain test run's lives.
const SEED: u64 = 20_241_107;
/// Lives are played concurrently, because they mostly wait; the number also determines who plays which.
const SIDE_BY_SIDE: u32 = 4;
/// How long a life that went wrong is cut down.
const LONGEST_CUTTING_MILLISECONDS: u32 = 90_000;
/// The file with the seeds of failed lives, which are played first.
const FAILURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/model.proptest-regressions");

/// How many lives, and which.
struct Extent {
    lives: u32,
    seed: u64,
}

impl Extent {
    /// Read from `MODEL_LIVES` and `MODEL_SEED`.
    fn read() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the extent of a test is no setting of the app")]
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        Self {
            lives: number("MODEL_LIVES").map_or(LIVES, |lives| lives.try_into().unwrap()),
            seed: number("MODEL_SEED").unwrap_or(SEED),
        }
    }
}

#[test]
fn whatever_happens_the_catalog_is_right_once_all_is_quiet() {
    let extent = Extent::read();
    let (played, failures) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for number in 0..SIDE_BY_SIDE {
            let lives = extent.lives / SIDE_BY_SIDE + u32::from(number < extent.lives % SIDE_BY_SIDE);
            let (played, failures) = (&played, &failures);
            let seed = extent.seed + u64::from(number);
            scope.spawn(move || {
                if let Err(error) = play(lives, seed, played) {
                    failures.lock().unwrap().push(error);
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let played = played.into_inner();
    println!("model: {played} lives were played");
    assert!(
        played >= extent.lives,
        "only {played} of {} lives were played",
        extent.lives
    );
}

/// Plays this many lives in sequence; a failing life is shrunk.
fn play(lives: u32, seed: u64, count: &AtomicU32) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let player = Mutex::new(runtime.block_on(Player::start()));
    let mut runner = TestRunner::new(Config {
        cases: lives,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(FAILURES))),
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 200,
        max_shrink_time: LONGEST_CUTTING_MILLISECONDS,
        ..Config::default()
    });
    let first = Mutex::new(None);
    let result = runner.run(&life(), |life| {
        count.fetch_add(1, Ordering::Relaxed);
        let mut player = player.lock().unwrap();
        runtime.block_on(player.play(&life)).map_err(|why| {
            let mut first = first.lock().unwrap();
            if first.is_none() {
                let told = describe(&life, &why);
                println!(
                    "model: one of the first {} lives went wrong and is being cut down: {told}",
                    count.load(Ordering::Relaxed)
                );
                *first = Some(told);
            }
            TestCaseError::fail(why)
        })
    });
    let (player, first) = (player.into_inner().unwrap(), first.into_inner().unwrap());
    match result {
        Ok(()) => player.assert_logs_kept(),
        Err(TestError::Fail(why, life)) => {
            let first = first.unwrap_or_default();
            return Err(format!(
                "the least of it:\n{}\n\nat first:\n{first}",
                describe(&life, why.message())
            ));
        }
        Err(TestError::Abort(why)) => return Err(why.to_string()),
    }
    Ok(())
}

fn describe(life: &Life, why: &str) -> String {
    let steps = life.steps.iter().map(|step| format!("\n    {step:?}"));
    format!("{why}\n{:?}{}", life.seeds, steps.collect::<String>())
}
