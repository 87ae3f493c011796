//! The laws for every single write of the app, whatever else happens.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::api_center::{Author, Change};
use sandbox::estate::FullEstate;
use serde_json::{Value, json};

use super::amazon::{Hidden, is_rest};
use super::ledger::{Ledger, differs, holder, marker, urls};
use crate::oracle::{entity_name, stages_of};

/// The paths of the source's values; users' values beside them are theirs.
const OF_ENVIRONMENT: [&str; 1] = ["/customProperties/aws-integration"];
const OF_MADE_ENVIRONMENT: [&str; 2] = ["/customProperties/aws-integration", "/server/type"];
const OF_API: [&str; 9] = [
    "/title",
    "/description",
    "/kind",
    "/customProperties/aws-sync",
    "/customProperties/aws-api-type",
    "/customProperties/aws-endpoint-type",
    "/customProperties/aws-account",
    "/customProperties/aws-region",
    // The service's own.
    "/lifecycleStage",
];
const OF_VERSION: [&str; 1] = ["/title"];
const OF_DEFINITION: [&str; 2] = ["/title", "/specification"];
const OF_DEPLOYMENT: [&str; 4] = [
    "/server/runtimeUri",
    "/environmentId",
    "/definitionId",
    "/customProperties/aws-sync-stage",
];

/// The states during a step.
#[derive(Debug, Default)]
pub struct Moment {
    pub estates: Vec<FullEstate>,
    /// The unreadable part of the custom domains.
    pub hidden: Option<Hidden>,
    /// Whether a run may have been cut short in this life, so that its records and writes differ.
    pub disturbed: bool,
    /// Integrations whose deletion was asked for in this step, and those for which it ever was.
    pub deleted: BTreeSet<String>,
    pub ever_deleted: BTreeSet<String>,
    /// The settings by integration: the import modes that may be in force, and all lifecycle stages so far.
    pub modes: BTreeMap<String, BTreeSet<String>>,
    pub lifecycles: BTreeMap<String, BTreeSet<String>>,
    /// Integrations that a person took out of an environment in this step.
    pub taken: BTreeSet<String>,
    /// APIs that the app created in this step.
    pub made: BTreeSet<String>,
    /// Integrations whose losses are to be held: nothing of them may go in this step unless it is confirmed.
    pub held: BTreeSet<String>,
    /// Integrations whose removals an earlier run holds: nothing may be removed until confirmation, or until nothing is
    /// left, whatever appears.
    pub unconfirmed: BTreeSet<String>,
}

impl Moment {
    /// Whether an API was not on the gateway.
    fn lacks_api(&self, id: &str) -> bool {
        let has = |estate: &FullEstate| stages_of(estate, id).is_some();
        !self.estates.iter().all(has)
    }

    /// Whether an API had no stage whose entities have this name.
    fn lacks_stage(&self, id: &str, name: &str) -> bool {
        !self.estates.iter().all(|estate| has_stage(estate, id, name))
    }

    /// Whether an API had such a stage.
    fn has_stage(&self, id: &str, name: &str) -> bool {
        self.estates.iter().any(|estate| has_stage(estate, id, name))
    }
}

/// Whether an API has a stage whose entities have this name.
fn has_stage(estate: &FullEstate, id: &str, name: &str) -> bool {
    let stages = stages_of(estate, id).unwrap_or_default();
    stages.iter().any(|stage| entity_name(stage) == name)
}

/// Judges a change before it is taken into the ledger; people may do what they want.
pub fn judge(ledger: &Ledger, moment: &Moment, change: &Change) -> Result<(), String> {
    if change.author == Author::Person {
        return Ok(());
    }
    let parts: Vec<&str> = change.path.split('/').collect();
    let verdict = match parts.as_slice() {
        [
            "metadataSchemas",
            "aws-integration" | "aws-sync" | "aws-sync-stage" | "aws-api-type" | "aws-endpoint-type" | "aws-account"
            | "aws-region",
        ] => allow(change.after.is_some(), "a schema of the app goes"),
        ["environments", _] => judge_environment(ledger, moment, change),
        ["apis", _] => judge_api(ledger, moment, change),
        ["apis", api, kind, name, ..] => judge_below(ledger, moment, change, &format!("apis/{api}"), kind, name),
        _ => Err("it is nothing of the app's".to_owned()),
    };
    verdict.map_err(|why| {
        format!(
            "{why}: {} from {:#} to {:#}",
            change.path,
            json!(change.before),
            json!(change.after)
        )
    })
}

fn allow(allowed: bool, why: &str) -> Result<(), String> {
    if allowed { Ok(()) } else { Err(why.to_owned()) }
}

fn judge_environment(ledger: &Ledger, moment: &Moment, change: &Change) -> Result<(), String> {
    match (&change.before, &change.after) {
        (None, Some(after)) => {
            allow(
                holder(after).is_some(),
                "an environment is made that holds no integration",
            )?;
            let made = &marker(after, "aws-integration")["madeEnvironment"];
            allow(*made == Value::Bool(true), "an environment is made and not said to be")
        }
        (Some(before), Some(after)) => {
            let free = holder(before).is_none() || holder(after).is_none();
            allow(
                free || holder(before) == holder(after),
                "an environment is taken from another integration",
            )?;
            let goes = |value: &Value| marker(value, "aws-integration")["state"] == "deleting";
            allow(
                holder(after).is_none() || !goes(before) || goes(after),
                "an integration is kept that was to go",
            )?;
            let made = marker(before, "aws-integration")["madeEnvironment"] == Value::Bool(true);
            let ours: &[&str] = if made { &OF_MADE_ENVIRONMENT } else { &OF_ENVIRONMENT };
            allow(
                !differs(before, after, ours),
                "an environment loses what is not the app's",
            )
        }
        (Some(before), None) => {
            let entry = ledger.get(&change.path);
            allow(
                entry.is_some_and(|entry| entry.made_by == Author::Caller),
                "a person's environment goes",
            )?;
            let integration = holder(before).ok_or("an environment goes that holds nothing")?;
            let moved = ledger.environments_of(integration).len() > 1;
            // The end of a move reads where the integration is, and leaves the former place with the next request: one of
            // the accepted races.
            let taken = moment.taken.contains(integration);
            allow(
                moved || taken || is_going(ledger, moment, integration),
                "an environment goes that is in use",
            )
        }
        (None, None) => Ok(()),
    }
}

/// The number of an integration's APIs, and of those that are gone, for both lists of API Gateway.
#[derive(Debug, Default)]
struct Losses {
    owned: [usize; 2],
    gone: [usize; 2],
    /// Whether the catalog may have lost which list each API is in.
    is_vague: bool,
}

impl Losses {
    /// Whether a run that reads these lists may remove something.
    fn may_go(&self, read: [bool; 2]) -> bool {
        let sum = |counts: [usize; 2]| {
            let counts = counts.into_iter().zip(read);
            counts.map(|(count, read)| if read { count } else { 0 }).sum::<usize>()
        };
        let (owned, gone) = (sum(self.owned), sum(self.gone));
        let mut lists = self.owned.into_iter().zip(self.gone).zip(read);
        let is_emptied = lists.any(|((owned, gone), read)| read && owned > 0 && gone == owned);
        let is_too_much = gone == owned || gone > 5 && gone * 5 > owned || is_emptied && !self.is_vague;
        gone > 0 && !is_too_much
    }
}

/// The integrations with so many gone APIs that a run must hold their deletion, whether or not it reads both lists.
pub fn to_be_held(ledger: &Ledger, estate: &FullEstate, reads_all: bool) -> BTreeSet<String> {
    let mut losses: BTreeMap<String, Losses> = BTreeMap::new();
    let apis = ledger.below("apis/").filter(|(path, _)| path.split('/').count() == 2);
    for (path, (integration, id)) in apis.filter_map(|(path, _)| Some((path, ledger.owner(path)?))) {
        let losses = losses.entry(integration).or_default();
        let list = usize::from(!is_rest(&id));
        losses.owned[list] += 1;
        losses.gone[list] += usize::from(stages_of(estate, &id).is_none());
        losses.is_vague |= ledger.is_tampered(path);
    }
    let views: &[[bool; 2]] = if reads_all {
        &[[true, true]]
    } else {
        &[[true, true], [true, false], [false, true]]
    };
    losses.retain(|_, losses| losses.gone != [0, 0] && !views.iter().any(|view| losses.may_go(*view)));
    losses.into_keys().collect()
}

/// Whether an integration is being deleted.
fn is_going(ledger: &Ledger, moment: &Moment, integration: &str) -> bool {
    let stays = |value: &Value| marker(value, "aws-integration")["state"] != "deleting";
    let stands = ledger
        .environments_of(integration)
        .iter()
        .any(|(_, entry)| stays(&entry.value));
    moment.deleted.contains(integration) || moment.ever_deleted.contains(integration) && !stands
}

fn judge_api(ledger: &Ledger, moment: &Moment, change: &Change) -> Result<(), String> {
    let owner = ledger.owner(&change.path);
    match (&change.before, &change.after) {
        (None, Some(after)) => {
            let mut fresh = Ledger::default();
            fresh.add(change);
            allow(fresh.owner(&change.path).is_some(), "an API is made without a marker")?;
            allow(
                !differs(&json!({}), after, &OF_API),
                "an API is made with users' values",
            )
        }
        (Some(before), Some(after)) => {
            let mut later = Ledger::default();
            later.add(change);
            let later = later.owner(&change.path);
            match (&owner, &later) {
                (Some((integration, id)), None) => {
                    let goes = may_go(ledger, moment, &change.path, integration, id);
                    allow(goes, "an API is let go that is wanted")?;
                    // Additions in this very step count, too.
                    let holds = holds_others(ledger, &change.path, ledger.seen);
                    allow(holds, "an API is left behind below which nothing is anybody else's")?;
                }
                (Some(_), Some(_)) => allow(owner == later, "an API changes hands")?,
                (None, Some((integration, _))) => allow(
                    ledger.vouches_for(&change.path, integration),
                    "an API is taken that no deployment says is the integration's",
                )?,
                (None, None) => return Err("an API is changed that is nobody's".to_owned()),
            }
            allow(!differs(before, after, &OF_API), "an API loses users' values")
        }
        (Some(_), None) => {
            let (integration, id) = owner.ok_or("an API goes that is nobody's")?;
            allow(
                may_go(ledger, moment, &change.path, &integration, &id),
                "an API goes that is on the gateway",
            )?;
            allow(
                !moment.held.contains(&integration) || is_going(ledger, moment, &integration),
                "an API goes with too many others, and nobody confirmed it",
            )?;
            allow(
                moment.made.contains(&change.path) || !holds_others(ledger, &change.path, ledger.step),
                "an API goes with what people have put below it",
            )?;
            judge_hold(ledger, moment, &change.path, &integration)
        }
        (None, None) => Ok(()),
    }
}

/// Whether an API may be deleted with everything below it.
fn may_go(ledger: &Ledger, moment: &Moment, api: &str, integration: &str, id: &str) -> bool {
    moment.lacks_api(id) || is_going(ledger, moment, integration) || is_taken_back(ledger, moment, api, integration)
}

/// Whether the app creates definitions of this name.
fn is_definition(name: &str) -> bool {
    ["openapi", "asyncapi"].contains(&name)
}

/// Whether something below an API is not the app's and older than this moment.
fn holds_others(ledger: &Ledger, api: &str, before: usize) -> bool {
    let below = format!("{api}/");
    ledger.below(&below).any(|(path, entry)| {
        let of_person = path.contains("/definitions/") && !path.rsplit('/').next().is_some_and(is_definition);
        entry.made_at < before && (of_person && entry.made_by == Author::Person || ledger.is_strange(api, path))
    })
}

/// Whether a run whose integration vanished removes what it created.
fn is_taken_back(ledger: &Ledger, moment: &Moment, api: &str, integration: &str) -> bool {
    moment.made.contains(api) && ledger.environments_of(integration).is_empty()
}

/// Held removals need a confirmation.
fn judge_hold(ledger: &Ledger, moment: &Moment, api: &str, integration: &str) -> Result<(), String> {
    allow(
        !moment.unconfirmed.contains(integration)
            || is_going(ledger, moment, integration)
            || is_taken_back(ledger, moment, api, integration),
        "something goes of what was held, and nobody confirmed it",
    )
}

/// Whether everything of an integration is on the gateway, so that nothing of it is left to go.
pub fn has_lost_nothing(ledger: &Ledger, estate: &FullEstate, integration: &str) -> bool {
    let apis = ledger.below("apis/").filter(|(path, _)| path.split('/').count() == 2);
    apis.filter_map(|(path, _)| Some((path, ledger.owner(path)?)))
        .filter(|(_, (owner, _))| owner == integration)
        .all(|(path, (_, id))| {
            let Some(stages) = stages_of(estate, &id) else {
                return false;
            };
            let is_there = |name: &str| stages.iter().any(|stage| entity_name(stage) == name);
            ledger.below(&format!("{path}/")).all(|(below, _)| {
                let name = below.split('/').nth(3).unwrap_or_default();
                is_there(name) || !ledger.lists(path, name)
            })
        })
}

fn judge_below(
    ledger: &Ledger,
    moment: &Moment,
    change: &Change,
    api: &str,
    kind: &str,
    name: &str,
) -> Result<(), String> {
    let (integration, id) = ledger
        .owner(api)
        .ok_or("something changes below an API that is nobody's")?;
    // Everything below a new API is left over from an earlier one of its name.
    let ours = moment.made.contains(api) || !ledger.is_strange(api, &change.path);
    let definition = change.path.split('/').nth(5);
    match (&change.before, &change.after) {
        (None, Some(after)) => {
            allow(moment.has_stage(&id, name), "something is made for no stage")?;
            judge_urls(ledger, moment, change, api, &id)?;
            judge_made(moment, &integration, after, kind, definition)
        }
        (Some(before), Some(after)) => {
            let of_definition = definition.is_some();
            let version = format!("{api}/versions/{name}");
            let ours = if of_definition {
                moment.made.contains(api) || !ledger.is_strange(api, &version)
            } else {
                ours
            };
            allow(ours, "something of a person's is changed")?;
            let theirs: &[&str] = match (kind, of_definition) {
                ("versions", false) => &OF_VERSION,
                ("versions", true) => &OF_DEFINITION,
                _ => &OF_DEPLOYMENT,
            };
            allow(!differs(before, after, theirs), "something loses users' values")?;
            judge_urls(ledger, moment, change, api, &id)
        }
        (Some(_), None) => {
            if definition.is_none() {
                judge_hold(ledger, moment, api, &integration)?;
            }
            if may_go(ledger, moment, api, &integration, &id) {
                let all_ours = moment.made.contains(api) || ledger.lists_all(api);
                let parent = format!("{api}/versions/{name}");
                let ours = match definition {
                    Some(definition) => is_definition(definition) && !ledger.is_strange(api, &parent),
                    None => !ledger.is_strange(api, &change.path),
                };
                return allow(all_ours || ours, "something of a person's goes with an API");
            }
            judge_removed(
                ledger,
                moment,
                change,
                api,
                (kind, name, definition),
                (&integration, &id),
            )
        }
        (None, None) => Ok(()),
    }
}

/// URLs on unreadable custom domains stay as they are.
fn judge_urls(ledger: &Ledger, moment: &Moment, change: &Change, api: &str, id: &str) -> Result<(), String> {
    let (Some(hidden), Some(after)) = (moment.hidden, &change.after) else {
        return Ok(());
    };
    let is_of_other = !change.path.contains("/deployments/") || moment.made.contains(api) || ledger.is_tampered(api);
    if is_of_other {
        return Ok(());
    }
    let of = |urls: &BTreeSet<String>| -> BTreeSet<String> {
        urls.iter().filter(|url| hidden.hides(url, id)).cloned().collect()
    };
    let (after, written) = (urls(after), ledger.written_urls(&change.path));
    let Some(last) = written.last() else {
        return allow(
            moment.disturbed || !after.is_empty() && of(&after).is_empty(),
            "a deployment is made although it is not known where it is called",
        );
    };
    let stays = |before: &BTreeSet<String>| match hidden {
        // The older version of AWS's API may have more.
        Hidden::Newer(_) if is_rest(id) => of(before).is_subset(&of(&after)),
        Hidden::Newer(_) | Hidden::Domain(_) | Hidden::All => of(before) == of(&after),
    };
    allow(
        stays(last) || moment.disturbed && written.iter().any(stays),
        "a URL changes on a domain that cannot be read",
    )
}

fn judge_made(
    moment: &Moment,
    integration: &str,
    after: &Value,
    kind: &str,
    definition: Option<&str>,
) -> Result<(), String> {
    let properties = &after["properties"];
    match (kind, definition) {
        ("versions", None) => {
            let stage = properties["lifecycleStage"].as_str().unwrap_or_default();
            let asked_for = moment
                .lifecycles
                .get(integration)
                .is_some_and(|stages| stages.contains(stage));
            allow(asked_for, "a version is made with another lifecycle stage")?;
            allow(
                !differs(&json!({}), after, &["/title", "/lifecycleStage"]),
                "a version is made with users' values",
            )
        }
        ("versions", Some(name)) => {
            allow(is_definition(name), "a definition of another name is made")?;
            let modes = moment.modes.get(integration);
            allow(
                modes.is_some_and(|modes| modes.iter().any(|mode| mode != "never")),
                "an unwanted definition is made",
            )
        }
        _ => {
            allow(
                properties["state"] == "active",
                "a deployment is made that is not active",
            )?;
            let ours = [&OF_DEPLOYMENT[..], &["/title", "/description", "/state"]].concat();
            allow(
                !differs(&json!({}), after, &ours),
                "a deployment is made with users' values",
            )
        }
    }
}

fn judge_removed(
    ledger: &Ledger,
    moment: &Moment,
    change: &Change,
    api: &str,
    (kind, name, definition): (&str, &str, Option<&str>),
    (integration, id): (&str, &str),
) -> Result<(), String> {
    let fresh = moment.made.contains(api);
    let version = format!("{api}/versions/{name}");
    match (kind, definition) {
        ("versions", Some(definition)) => {
            let modes = moment.modes.get(integration);
            let unwanted = modes.is_some_and(|modes| modes.contains("never"));
            allow(
                fresh || moment.lacks_stage(id, name) || unwanted,
                "a definition goes that is wanted",
            )?;
            let ours = is_definition(definition) && !ledger.is_strange(api, &version);
            allow(
                fresh || ours || ledger.lists_all(api),
                "a definition of a person's goes",
            )
        }
        ("versions", None) => {
            allow(moment.lacks_stage(id, name), "a version goes whose stage is there")?;
            allow(
                fresh || !ledger.is_strange(api, &change.path),
                "a version of a person's goes",
            )?;
            let others = ledger
                .below(&format!("{version}/"))
                .any(|(path, _)| !path.rsplit('/').next().is_some_and(is_definition));
            allow(fresh || !others, "a version goes with a person's definitions")
        }
        _ => {
            allow(moment.lacks_stage(id, name), "a deployment goes whose stage is there")?;
            allow(
                fresh || !ledger.is_strange(api, &change.path),
                "a deployment of a person's goes",
            )
        }
    }
}
