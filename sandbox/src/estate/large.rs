//! A gateway of any size, for measuring: two stages for each API, definitions of 4 KB to 1 MB, most of them small.

use super::document::document;
use crate::api_gateway::{Definition, Estate, RestApi, Stage};

/// The stages of every API.
pub(super) const STAGES: [&str; 2] = ["prod", "test"];
/// Lengths of definitions, in bytes: how many APIs of a thousand have them, and about how long they are.
const LENGTHS: [(usize, usize); 4] = [(10, 1_000_000), (30, 128_000), (160, 24_000), (800, 4_000)];
/// Of a hundred APIs, this one changes.
const CHANGING: usize = 17;

/// `count` APIs with two stages each; always the same ones. APIs of one length share a document, so that an estate of ten
/// thousand takes little memory here; what is exported differs in title, version and server.
#[must_use]
pub fn large(count: usize) -> Estate {
    estate(0..count, "")
}

/// One of a hundred of these APIs, with other definitions, newly deployed.
#[must_use]
pub fn large_redeployed(count: usize) -> Estate {
    estate((0..count).filter(|number| number % 100 == CHANGING), "next")
}

/// The REST APIs of these numbers.
pub(super) fn estate(numbers: impl Iterator<Item = usize>, edition: &str) -> Estate {
    let documents = documents(edition);
    numbers.map(|number| api(number, &documents, edition)).collect()
}

/// A definition of each length.
pub(super) fn documents(edition: &str) -> [Definition; LENGTHS.len()] {
    LENGTHS.map(|(_, bytes)| Definition::from(long_document(bytes, edition)))
}

fn api(number: usize, documents: &[Definition; LENGTHS.len()], edition: &str) -> (RestApi, Vec<Stage>) {
    let id = format!("n{number:05}perf");
    let mut api = RestApi::new(&id, format!("Service {number}"));
    api.description = Some(format!("What service {number} offers to the others."));
    api.version = number.is_multiple_of(2).then(|| format!("1.{number}"));
    let stage = |(place, name): (usize, &&str)| {
        let deployment = format!("d{number}x{place}{edition}");
        Stage::new(*name, deployment, documents[length_of(number)].clone())
    };
    (api, STAGES.iter().enumerate().map(stage).collect())
}

/// Which of the lengths an API's definitions have: spread, so that the first hundred APIs have all of them.
pub(super) fn length_of(number: usize) -> usize {
    // 7919 is a prime, so that the numbers of a thousand APIs are each met once.
    let place = (number * 7919 + 3) % 1000;
    let mut below = 0;
    LENGTHS
        .iter()
        .position(|(share, _)| {
            below += share;
            place < below
        })
        .unwrap_or(LENGTHS.len() - 1)
}

/// A document of about this many bytes.
fn long_document(bytes: usize, edition: &str) -> serde_json::Value {
    let of = |resources: usize| {
        let names: Vec<String> = (0..resources)
            .map(|place| format!("resource{edition}-{place}"))
            .collect();
        document("large", &names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (one, two) = (of(1).to_string().len(), of(2).to_string().len());
    of(1 + bytes.saturating_sub(one) / (two - one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(stage: &Stage) -> usize {
        match &stage.definition {
            Definition::OpenApi(document) => document.to_string().len(),
            Definition::Refused(_) | Definition::Raw { .. } => 0,
        }
    }

    #[test]
    fn a_hundred_apis_have_definitions_of_every_length() {
        let estate = large(100);
        let lengths: Vec<usize> = estate.iter().flat_map(|(_, stages)| stages.iter().map(bytes)).collect();
        assert_eq!(lengths.len(), 200);
        let (least, most) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
        assert!(
            (3_500..5_000).contains(least) && (900_000..1_100_000).contains(most),
            "{least} {most}"
        );
        assert!(lengths.iter().filter(|length| **length < 5_000).count() > 120);
    }

    #[test]
    fn one_of_a_hundred_changes() {
        let (before, after) = (large(300), large_redeployed(300));
        assert_eq!(after.len(), 3);
        for (api, stages) in &after {
            let (_, former) = before.iter().find(|(former, _)| former.id == api.id).unwrap();
            for (stage, former) in stages.iter().zip(former) {
                assert_eq!(stage.name, former.name);
                assert_ne!(stage.deployment_id, former.deployment_id);
            }
        }
    }
}
