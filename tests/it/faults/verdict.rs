//! The invariants after any fault.

use std::time::Duration;

use serde_json::Value;

use super::site::{Said, Scene, Site, is_unowned};
use crate::oracle::desired_full;
use crate::world::SHOP;

/// Longer than anything may take with one second of time: ten more for started work, fifteen for the outcome, two for a
/// request in flight, and the rest for a busy machine.
const LONGEST: Duration = Duration::from_secs(40);
/// Codes of errors that say what is wrong; others say that nobody thought of it.
const CODES: [&str; 12] = [
    "InvalidRequest",
    "SecretNotFound",
    "SecretDisabled",
    "SecretForbidden",
    "AwsAuthenticationFailed",
    "AwsAccessDenied",
    "RoleNotAssumable",
    "IntegrationNotFound",
    "IntegrationDeleting",
    "TooManyRequests",
    "ApiCenterForbidden",
    "ServiceUnavailable",
];
/// The looks of parser messages and debug output.
const INTERNALS: [&str; 15] = [
    "at line ",
    " column ",
    "EOF",
    "expected value",
    "expected ident",
    "invalid type",
    "missing field",
    "trailing characters",
    "DeserializeError",
    "deserialize",
    "Xml",
    "Some(",
    "Unhandled",
    "unhandled",
    "unforeseen",
];

/// The flaws right after the fault.
pub fn flaws_of(site: &Site, said: &Said) -> Vec<String> {
    let mut flaws = trespasses(site);
    if said.took > LONGEST {
        flaws.push(format!("it took {:?}", said.took));
    }
    flaws.extend(
        INTERNALS
            .iter()
            .filter(|words| said.text.contains(**words))
            .map(|words| format!("it says {words:?}")),
    );
    flaws.extend(match site.scene {
        Scene::Timer => flaws_of_timer(site, said),
        Scene::Delete => flaws_of_delete(site, said),
        Scene::Create | Scene::Deferred | Scene::RoleByKey | Scene::RoleByToken => flaws_of_put(site, said),
    });
    flaws
}

/// The flaws after this many calls without faults.
pub fn flaws_in_the_end(site: &Site) -> Vec<String> {
    let mut flaws = trespasses(site);
    let differences = site.differences(&site.scene.goal());
    if !differences.is_empty() {
        flaws.push(format!("in the end these are not right: {differences}"));
    }
    let leftovers = site.leftovers();
    if !leftovers.is_empty() {
        flaws.push(format!("in the end these are left out of sight: {leftovers:?}"));
    }
    flaws
}

/// Changes of what is not ours, and ends of what should live.
fn trespasses(site: &Site) -> Vec<String> {
    let goal = desired_full(SHOP, &site.cloud.region, &site.scene.goal());
    let lives = |path: &str| is_unowned(path) || goal.contains_key(path) || path.starts_with("metadataSchemas/");
    let changes = site.changes();
    let touched = changes
        .iter()
        .filter(|change| is_unowned(&change.path))
        .map(|change| format!("{} is not ours and was changed", change.path));
    let gone = changes
        .iter()
        .filter(|change| change.after.is_none() && lives(&change.path))
        .map(|change| format!("{} was deleted", change.path));
    touched.chain(gone).collect()
}

/// An error of the shape and with a code that callers know.
fn flaws_of_error(said: &Said, codes: &[&str]) -> Vec<String> {
    let error = said.json()["error"].take();
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    let (code, message) = (text("code"), text("message"));
    let mut flaws = Vec::new();
    if !codes.contains(&code.as_str()) {
        flaws.push(format!("its code is {code:?}"));
    }
    if message.len() < 20 {
        flaws.push(format!("its message is {message:?}"));
    }
    flaws
}

/// A report that says that all is well when it is, and only then, and otherwise why not.
fn flaws_of_report(site: &Site, report: &Value) -> Vec<String> {
    let differences = site.differences(&site.scene.goal());
    let is_skipped = tells_what_is_not_there(report);
    match report["outcome"].as_str() {
        Some("succeeded") if differences.is_empty() || is_skipped => Vec::new(),
        Some("succeeded") => vec![format!(
            "it says that it succeeded, but these are not right: {differences}"
        )],
        Some("partial" | "failed") if report["message"].as_str().is_some_and(|message| message.len() > 20) => {
            Vec::new()
        }
        _ => vec![format!(
            "its outcome is {} and its message {}",
            report["outcome"], report["message"]
        )],
    }
}

fn flaws_of_put(site: &Site, said: &Said) -> Vec<String> {
    match said.status {
        Some(200 | 201) => flaws_of_report(site, &said.json()["properties"]["lastSync"]),
        _ => flaws_of_error(said, &CODES),
    }
}

fn flaws_of_timer(site: &Site, said: &Said) -> Vec<String> {
    // Functions looks at the status only, so the timer's own code is the same for all.
    if said.status.is_none() {
        return flaws_of_error(said, &[&CODES[..], &["InternalError"]].concat());
    }
    let logs = said.json()["Logs"].take();
    let line = logs[0].as_str().unwrap_or_default();
    let differences = site.differences(&site.scene.goal());
    let is_well = line.contains(": succeeded: ");
    let says_why = line.rsplit_once("; ").is_some_and(|(_, message)| message.len() > 20);
    match (is_well, differences.is_empty()) {
        (true, true) => Vec::new(),
        (true, false) if last_run_skips(site) => Vec::new(),
        (true, false) => vec![format!(
            "it says that it succeeded, but these are not right: {differences}"
        )],
        (false, _) if says_why => Vec::new(),
        (false, _) => vec![format!("it does not say why: {logs}")],
    }
}

/// Whether the last recorded run skipped something.
fn last_run_skips(site: &Site) -> bool {
    let environment = site
        .cloud
        .api_center
        .snapshot()
        .remove("environments/shop")
        .unwrap_or_default();
    let last = environment["properties"]["customProperties"]["aws-integration"]["lastSync"].clone();
    let last: Value = serde_json::from_str(last.as_str().unwrap_or_default()).unwrap_or_default();
    tells_what_is_not_there(&last)
}

/// Whether a report names what the catalog lacks: a skip, or a kind of API that the credentials may not read.
fn tells_what_is_not_there(report: &Value) -> bool {
    let is_skipped = report["skipped"].as_array().is_some_and(|skipped| !skipped.is_empty());
    is_skipped || report["gateways"][0]["state"] == "denied"
}

fn flaws_of_delete(site: &Site, said: &Said) -> Vec<String> {
    let differences = site.differences(&site.scene.goal());
    match said.status {
        Some(204) if differences.is_empty() => Vec::new(),
        Some(204) => vec![format!("it says that all is gone, but these are not: {differences}")],
        Some(202) if said.json()["remaining"].as_u64().is_some_and(|remaining| remaining > 0) => Vec::new(),
        _ => flaws_of_error(said, &CODES),
    }
}
