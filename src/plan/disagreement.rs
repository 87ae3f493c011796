//! Disagreements between the members of a group: the first one's words count, and people see the others'.

use crate::model::{DesiredApi, Fact, Field, Fields, SourceKey};

/// Where members differ from the first, in sentences for people: about the API and its versions.
pub(super) fn disagreements(desired: &DesiredApi) -> Vec<String> {
    let mut found = Vec::new();
    if let [first, others @ ..] = desired.members.as_slice() {
        for other in others {
            add(
                &format!("apis/{}", desired.name),
                (&first.key, &first.fields),
                (&other.key, &other.fields),
                &mut found,
            );
        }
    }
    for version in &desired.versions {
        if let [first, others @ ..] = version.deployments.as_slice() {
            let what = format!("apis/{}/versions/{}", desired.name, version.name);
            for other in others {
                add(
                    &what,
                    (&first.from, &first.version),
                    (&other.from, &other.version),
                    &mut found,
                );
            }
        }
    }
    found
}

fn add(what: &str, first: (&SourceKey, &Fields), other: (&SourceKey, &Fields), found: &mut Vec<String>) {
    let all = |fields: &Fields| -> Vec<Field> { fields.enforced.iter().chain(&fields.initial).cloned().collect() };
    let (ours, theirs) = (all(first.1), all(other.1));
    for (path, value) in &theirs {
        // Facts combine those of all members.
        let is_fact = Fact::ALL.iter().any(|fact| fact.path() == *path);
        let counts = ours
            .iter()
            .find(|(other, _)| other == path)
            .and_then(|(_, value)| value.as_ref());
        if !is_fact && counts != value.as_ref() {
            let text = |value: Option<&serde_json::Value>| value.map_or_else(|| "none".to_owned(), ToString::to_string);
            let (says, counts) = (text(value.as_ref()), text(counts));
            found.push(format!(
                "{path} of {what}: {} says {says}, and {counts} of {} counts",
                other.0, first.0
            ));
        }
    }
}
