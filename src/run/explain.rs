//! Explains why one API is, or is not, in the catalog.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::agenda::{Task, Tasks};
use super::delete::ensure_gone;
use super::drive::Paused;
use super::ground::Ground;
use super::guard::{Guard, gateway_of};
use super::hands::Hands;
use super::held::held_message;
use super::interruption::Interruption;
use super::look::{Planned, look_only};
use super::observe::Excluded;
use super::preview::unplanned;
use super::report::unread_message;
use super::request::SyncRequest;
use super::session::Session;
use crate::catalog::settings::Registration;
use crate::catalog::{ApiProof, OwnedApi};
use crate::error_chain::error_chain;
use crate::model::{
    Conflict, EntityPath, Gateway, GatewayApi, GatewayReport, GatewayState, Integration, Problem, SkipReason, Skipped,
};
use crate::plan::{Current, Leaving, Preview, PreviewChange, Removals, Why, Write};

/// The explanation of one API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiExplanation {
    /// The API's id, if there is or was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub api_id: Option<String>,
    /// Its name in AWS, or its title in the catalog if it is gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// Its name in the catalog, now or later.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// What was found.
    pub verdict: Finding,
    /// The verdict for people.
    pub message: String,
    /// What a synchronization would change.
    pub changes: Vec<PreviewChange>,
    /// What is left out of the catalog, and why.
    pub skipped: Vec<Skipped>,
    /// Conflicts with somebody else's entities.
    pub conflicts: Vec<Conflict>,
    /// Where members of its group differ from the first, whose words count.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub disagreements: Vec<String>,
}

/// The verdict on one API, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Finding {
    /// The catalog is up to date.
    InLine,
    /// Same, with nothing below it because it is not deployed.
    NotDeployed,
    /// The catalog differs.
    Differs,
    /// The catalog lacks it, and the next run creates it.
    Missing,
    /// It stays out of the catalog, for a reason.
    Skipped,
    /// Somebody else's entity has its name.
    Conflict,
    /// It could not be read.
    Failed,
    /// Its removals wait for a confirmation.
    Held,
    /// It is in the catalog, and no longer in AWS.
    Gone,
    /// There is no such API.
    NotOnAmazon,
}

/// Explains the APIs that a name or an id matches. Writes nothing.
///
/// # Errors
/// If AWS or API Center cannot be read.
pub async fn explain(
    session: &Session,
    registration: &Registration,
    integration: &Integration,
    wanted: &str,
) -> Result<Vec<ApiExplanation>, Problem> {
    let planned = look_only(session, registration, integration, &SyncRequest::default()).await?;
    let Planned {
        ground,
        hands,
        mut tasks,
        guard,
    } = planned;
    let mut found = Vec::new();
    for task in &tasks.order {
        let desired = &task.job.desired;
        let mut members = desired.members.iter().map(|member| &task.apis[&member.key]);
        let member = members.find(|api| is_meant(wanted, &[api.id.as_str(), &api.name]));
        if member.is_some() || is_meant(wanted, &[desired.title(), desired.name.as_str()]) {
            found.push(explain_task(&ground, &hands, task, member.unwrap_or_else(|| task.api())).await);
        }
    }
    for leaving in &tasks.leaving {
        let api = leaving.api.unfolded();
        let title = api.entity.text("title").unwrap_or_default();
        if is_meant(wanted, &[&api.proof().api_id(), title, api.name.as_str()]) {
            let removed = match leaving.why {
                Why::Gone => Removed::Gone(leaving.gateway.clone(), api.proof()),
                Why::OptedOut(_) => Removed::Stages(leaving.gateway.clone()),
                Why::Departed(_) => Removed::Departed(leaving.gateway.clone()),
                Why::Moved(_) => Removed::Nothing,
            };
            found.push((explain_leaving(leaving, &api), removed));
        }
    }
    if found.is_empty() {
        found.extend(
            explain_left_out(&ground, &tasks, wanted)
                .into_iter()
                .map(|found| (found, Removed::Nothing)),
        );
    }
    let unread = tasks
        .reports
        .values()
        .filter(|report| report.state != GatewayState::Read);
    let unread: Vec<GatewayReport> = unread.cloned().collect();
    if let (true, Some(why)) = (found.is_empty(), unread_message(&unread)) {
        let explanation = ApiExplanation::new(Finding::Failed, format!("it is unknown whether it exists: {why}"));
        found.push((explanation, Removed::Nothing));
    }
    if found.is_empty() {
        let message = format!(
            "{} no {} of this name or id, and the integration none in the catalog",
            places(&tasks),
            kinds(integration)
        );
        let explanation = ApiExplanation::new(Finding::NotOnAmazon, message);
        found.push((explanation, Removed::Nothing));
    }
    if found.iter().any(|(_, removed)| *removed != Removed::Nothing) {
        // The guard judges everything that is gone together.
        let looks = ground.look_at_all(&hands, std::mem::take(&mut tasks.order)).await;
        let removals = guard.removals_of_looks(&tasks, &looks);
        for (explanation, removed) in &mut found {
            explain_removal(&hands, explanation, removed, (&guard, &removals), unplanned(&looks)).await;
        }
    }
    Ok(found.into_iter().map(|(explanation, _)| explanation).collect())
}

/// Where an API that does not exist was looked for.
fn places(tasks: &Tasks) -> String {
    let mut gateways = tasks.reports.values();
    match (gateways.next(), gateways.count()) {
        (Some(only), 0) => format!("region {} of the account has", only.region),
        (_, others) => format!("none of the {} gateways has", others + 1),
    }
}

/// The kinds of API that are synchronized, such as `REST API or HTTP API`.
fn kinds(integration: &Integration) -> String {
    let kinds: Vec<&str> = integration.api_types.iter().map(|kind| kind.title()).collect();
    kinds.join(" or ")
}

/// The pending removals of an API.
#[derive(Debug, PartialEq)]
enum Removed {
    Nothing,
    Stages(Gateway),
    Gone(Gateway, ApiProof),
    Departed(Gateway),
}

async fn explain_task(ground: &Ground, hands: &Hands, task: &Task, api: &GatewayApi) -> (ApiExplanation, Removed) {
    let look = ground.look_at(hands, task).await;
    let mut explanation = match &look {
        Ok(paused) => explain_look(task, paused),
        Err(Interruption::OutOfTime) => {
            ApiExplanation::new(Finding::Failed, "the time ran out before it was checked; ask again")
        }
        Err(error) => ApiExplanation::new(Finding::Failed, error_chain(error)),
    };
    explanation.api_id = Some(api.id.to_string());
    explanation.title = Some(api.name.clone());
    explanation.name = Some(EntityPath::Api(task.job.desired.name.clone()).to_string());
    let removals = look.as_ref().map(|paused| paused.work.removals()).unwrap_or_default();
    let departed = removals.iter().find(|removal| removal.departure.is_some());
    let removed = match (departed, removals.first()) {
        (Some(removal), _) => Removed::Departed(gateway_of(task, removal).clone()),
        (None, Some(removal)) => Removed::Stages(gateway_of(task, removal).clone()),
        (None, None) => Removed::Nothing,
    };
    (explanation, removed)
}

async fn explain_removal(
    hands: &Hands,
    explanation: &mut ApiExplanation,
    removed: &Removed,
    (guard, removals): (&Guard, &BTreeMap<Gateway, Removals>),
    unknown: usize,
) {
    let gateway = match removed {
        Removed::Nothing => return,
        Removed::Stages(gateway) | Removed::Gone(gateway, _) | Removed::Departed(gateway) => gateway,
    };
    let verdict = guard.judge(removals);
    let hold = verdict.holds.get(gateway);
    let is_held = hold.is_some_and(|hold| hold.suspicion.is_some() || matches!(removed, Removed::Departed(_)));
    if is_held {
        explanation.verdict = Finding::Held;
        let message = held_message(guard.integration(), &guard.id(removals, &verdict), &verdict);
        explanation.message = match message {
            Some(message) if unknown == 0 => message,
            _ => {
                format!(
                    "deletions are held; the time ran out before {unknown} APIs were checked, so see the plan for the \
                     id"
                )
            }
        };
    } else if unknown > 0 {
        let doubt = format!(", unless the guard holds it, with {unknown} APIs not checked for lack of time");
        explanation.message.push_str(&doubt);
    } else if let Removed::Gone(gateway, api) = removed {
        // A run asks, too, before it deletes an API.
        if let Err(interruption) = ensure_gone(hands, gateway, api).await {
            explanation.verdict = Finding::Failed;
            explanation.message = error_chain(&interruption);
        }
    }
}

/// Explains what is in AWS and not on the agenda.
fn explain_left_out(ground: &Ground, tasks: &Tasks, wanted: &str) -> Vec<ApiExplanation> {
    let name = |id: &str| format!("{}-{id}", ground.integration.name);
    let is_it = |id: &str, title: Option<&str>| is_meant(wanted, &[id, &name(id), title.unwrap_or(id)]);
    let of = |id: &str, title: Option<&str>, verdict, message: String| ApiExplanation {
        api_id: Some(id.to_owned()),
        title: title.map(str::to_owned),
        name: Some(format!("apis/{}", name(id))),
        ..ApiExplanation::new(verdict, message)
    };
    let mut found = Vec::new();
    for skip in tasks
        .skips
        .iter()
        .filter(|skip| is_it(&skip.api_id, skip.title.as_deref()))
    {
        let what = match skip.reason {
            SkipReason::TooManyApis | SkipReason::MissingMetadata | SkipReason::NameCollision => {
                "it stays out of the catalog"
            }
            SkipReason::TooManyVersions
            | SkipReason::TooManyDeployments
            | SkipReason::TooManyDefinitions
            | SkipReason::DefinitionTooLarge
            | SkipReason::ExportRefused
            | SkipReason::NotDeployed
            | SkipReason::NoInvokeUrl
            | SkipReason::DomainUnknown
            | SkipReason::MappingFailed
            | SkipReason::EnvironmentMissing => "something of it stays out of the catalog",
        };
        let message = format!("{what}: {}", skip.message);
        let mut explanation = of(&skip.api_id, skip.title.as_deref(), Finding::Skipped, message);
        explanation.skipped.push(skip.clone());
        found.push(explanation);
    }
    for Excluded { key, title, rule } in &tasks.excluded {
        let id = key.api_id.as_str();
        if is_it(id, Some(title)) {
            let message = format!("the integration's rules leave it out: {rule}");
            found.push(of(id, Some(title), Finding::Skipped, message));
        }
    }
    for failure in tasks
        .failed
        .iter()
        .filter(|failure| is_it(&failure.api_id, failure.title.as_deref()))
    {
        let title = failure.title.as_deref();
        found.push(of(&failure.api_id, title, Finding::Failed, failure.message.clone()));
    }
    for conflict in &tasks.conflicts {
        let prefix = format!("apis/{}-", ground.integration.name).to_ascii_lowercase();
        let path = conflict.name.to_ascii_lowercase();
        let Some(id) = path.strip_prefix(&prefix) else {
            continue;
        };
        let title = tasks.left_alone.get(id).map(String::as_str);
        if !is_it(id, title) {
            continue;
        }
        let message = format!(
            "{} exists and is not this integration's, so it is left alone",
            conflict.name
        );
        let mut explanation = of(id, title, Finding::Conflict, message);
        explanation.conflicts.push(conflict.clone());
        found.push(explanation);
    }
    found
}

impl ApiExplanation {
    fn new(verdict: Finding, message: impl Into<String>) -> Self {
        Self {
            api_id: None,
            title: None,
            name: None,
            verdict,
            message: message.into(),
            changes: Vec::new(),
            skipped: Vec::new(),
            conflicts: Vec::new(),
            disagreements: Vec::new(),
        }
    }
}

fn explain_leaving(leaving: &Leaving, api: &OwnedApi) -> ApiExplanation {
    let message = match &leaving.why {
        Why::Gone => "it is in the catalog and no longer in AWS; the next synchronization deletes it".to_owned(),
        Why::OptedOut(why) => format!("it is in the catalog, and the next synchronization deletes it: {why}"),
        Why::Departed(why) => format!("it is in the catalog, and stays until its deletion is confirmed: {why}"),
        Why::Moved(to) => format!("it is part of apis/{to} now; the next synchronization deletes what is left of it"),
    };
    let write = Write::delete(api.owned().clone(), leaving.reason());
    ApiExplanation {
        changes: vec![PreviewChange::from(&write)],
        api_id: Some(api.proof().api_id()),
        title: api.entity.text("title").map(str::to_owned),
        name: Some(EntityPath::Api(api.name.clone()).to_string()),
        ..ApiExplanation::new(Finding::Gone, message)
    }
}

/// Explains a look at an API.
fn explain_look(task: &Task, paused: &Paused) -> ApiExplanation {
    let mut preview = Preview::default();
    paused.work.add_to(&mut preview, &paused.step);
    let preview = preview.sealed();
    let is_deployed = !paused.work.desired().versions.is_empty();
    let (verdict, message) = match &task.job.current {
        Current::Missing(_) => (
            Finding::Missing,
            "the catalog lacks it; the next synchronization creates it",
        ),
        Current::Owned(_) if !preview.changes.is_empty() => (
            Finding::Differs,
            "the catalog differs from it; the next synchronization brings it in line",
        ),
        Current::Owned(_) if !is_deployed => (
            Finding::NotDeployed,
            "it is in the catalog without versions, definitions and deployments: it is not deployed to a stage",
        ),
        Current::Owned(_) => (Finding::InLine, "it is in the catalog and up to date"),
    };
    let mut explanation = ApiExplanation::new(verdict, message);
    if !is_deployed && verdict != Finding::NotDeployed {
        explanation
            .message
            .push_str("; it is not deployed to a stage, so nothing is below it");
    }
    match (preview.skipped.first(), verdict) {
        (Some(first), Finding::InLine) => {
            explanation.message = format!("it is in the catalog, but not all of it: {}", first.message);
        }
        (Some(first), Finding::Missing) if first.stage_name.is_none() && preview.changes.is_empty() => {
            explanation.verdict = Finding::Skipped;
            explanation.message = format!("it stays out of the catalog: {}", first.message);
        }
        (_, _) => (),
    }
    explanation.changes = preview.changes;
    explanation.skipped = preview.skipped;
    explanation.conflicts = preview.conflicts;
    explanation.disagreements = preview.disagreements;
    explanation
}

/// Whether the query equals one of these words, ignoring case.
fn is_meant(wanted: &str, words: &[&str]) -> bool {
    let wanted = wanted.trim().to_lowercase();
    let wanted = wanted.strip_prefix("apis/").unwrap_or(&wanted);
    words.iter().any(|word| word.trim().to_lowercase() == wanted)
}
