use std::cell::Cell;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::*;

/// As many inputs as are kept of each target, at least.
const LEAST: usize = 20;
/// As many of them as are taken, at least, and as are refused.
const LEAST_OF_A_KIND: usize = 4;
/// Inputs that are made out of those of each target; libFuzzer, which sees the code that it reaches, makes many more.
const CHANGED: u32 = 500;
/// What they are made with.
const SEED: u64 = 20_261_125;

#[expect(
    clippy::print_stdout,
    reason = "the numbers of inputs are what a run of the tests shows"
)]
fn replay(target: &str, check: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let (mut inputs, mut taken) = (0, 0);
    let mut kept = Vec::new();
    for path in paths {
        let data = fs::read(&path).unwrap();
        kept.push(data.clone());
        let verdict = catch_unwind(|| check(&data));
        taken += usize::from(verdict.unwrap_or_else(|_| panic!("{}", path.display())));
        inputs += 1;
    }
    println!("{target}: {inputs} inputs, {taken} taken");
    assert!(inputs >= LEAST, "{} has {inputs}", folder.display());
    assert!(
        (LEAST_OF_A_KIND..=inputs - LEAST_OF_A_KIND).contains(&taken),
        "{target}: {taken}"
    );
    let mut runner = TestRunner::new(Config {
        cases: CHANGED,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(SEED),
        ..Config::default()
    });
    let taken = Cell::new(0);
    let changed = runner.run(&changed(kept), |data| {
        taken.set(taken.get() + usize::from(check(&data)));
        Ok(())
    });
    if let Err(error) = changed {
        panic!("{target}: {error}");
    }
    println!("{target}: {CHANGED} changed inputs, {} taken", taken.get());
}

/// A change of an input.
#[derive(Debug, Clone)]
enum Edit {
    Remove(Index, u8),
    Repeat(Index, u8),
    Replace(Index, u8),
    Insert(Index, Index),
    Join(Index, Index),
}

/// Inputs made of the kept ones by a few changes, some with words that matter.
fn changed(kept: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let at = any::<Index>;
    let edit = prop_oneof![
        (at(), 1..32_u8).prop_map(|(at, length)| Edit::Remove(at, length)),
        (at(), 1..32_u8).prop_map(|(at, length)| Edit::Repeat(at, length)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (at(), at()).prop_map(|(at, word)| Edit::Insert(at, word)),
        (at(), at()).prop_map(|(at, other)| Edit::Join(at, other)),
    ];
    let words = words();
    (at(), vec(edit, 1..3)).prop_map(move |(first, edits)| {
        let mut data = first.get(&kept).clone();
        for edit in edits {
            make(&edit, &mut data, &kept, &words);
        }
        data
    })
}

fn make(edit: &Edit, data: &mut Vec<u8>, kept: &[Vec<u8>], words: &[Vec<u8>]) {
    let length = data.len();
    let from = |at: &Index| at.index(length + 1);
    let range = |at: &Index, extent: u8| from(at)..(from(at) + usize::from(extent)).min(length);
    match edit {
        Edit::Remove(at, extent) => drop(data.drain(range(at, *extent))),
        Edit::Repeat(at, extent) => {
            let again = data[range(at, *extent)].to_vec();
            data.splice(from(at)..from(at), again);
        }
        Edit::Replace(at, byte) => drop(data.splice(range(at, 1), [*byte])),
        Edit::Insert(at, word) => drop(data.splice(from(at)..from(at), word.get(words).clone())),
        Edit::Join(at, other) => {
            let other = other.get(kept);
            data.truncate(from(at));
            data.extend_from_slice(&other[at.index(other.len() + 1)..]);
        }
    }
}

/// The dictionary of the fuzz targets: a word in quotation marks a line.
fn words() -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/words");
    let text = fs::read_to_string(path).unwrap();
    let quoted = |line: &str| Some(line.split_once('"')?.1.rsplit_once('"')?.0.as_bytes().to_vec());
    let words: Vec<Vec<u8>> = text.lines().filter_map(quoted).collect();
    assert!(words.len() > 20, "{words:?}");
    words
}

#[test]
fn all_kept_documents_are_taken_or_refused_well() {
    replay("document", document);
}

#[test]
fn all_kept_requests_are_routed_or_refused_well() {
    replay("route", route);
}

#[test]
fn all_kept_envelopes_are_read() {
    replay("envelope", envelope);
}

#[test]
fn all_kept_secret_identifiers_name_an_allowed_vault_or_are_refused() {
    replay("secret_identifier", secret_identifier);
}

#[test]
fn all_kept_markers_survive_being_read_and_written() {
    replay("marker", marker);
}

#[test]
fn all_kept_answers_of_amazon_are_taken_whole_or_refused() {
    replay("amazon", amazon);
}

#[test]
fn all_kept_answers_of_the_organisation_are_taken_whole_or_refused() {
    replay("organization", organization);
}

#[test]
fn all_kept_answers_of_the_security_token_service_are_taken_whole_or_refused() {
    replay("security_token", security_token);
}

#[test]
fn all_kept_answers_of_azure_are_taken_whole_or_refused() {
    replay("arm", arm);
}

#[test]
fn a_dialogue_has_an_operation_and_answers() {
    let text = b"apis\n====\n200\netag: \"1\"\n\n{\n\n}\n====\n204\n====\nnothing\n====\n404\n\n";
    let (operation, answers) = dialogue(text).unwrap();
    let read = |answer: &Response<Vec<u8>>| (answer.status().as_u16(), answer.body().clone(), answer.headers().len());
    let answers: Vec<_> = answers.iter().map(read).collect();
    let wanted = [(200, b"{\n\n}".to_vec(), 1), (204, Vec::new(), 0), (404, Vec::new(), 0)];
    assert_eq!((operation, &answers[..]), ("apis", &wanted[..]));
}
