//! One run of one integration: observe, agenda, drive, guard, remove. No step reaches back.

use std::collections::BTreeSet;
use std::time::Duration;

use super::agenda::{Before, Tasks, agenda};
use super::apply::Looked;
use super::conclude::{Ran, conclude};
use super::facts::{LeftOutFact, ensure_facts};
use super::gateways::Gateways;
use super::ground::Ground;
use super::guard::Guard;
use super::hands::{Hands, Watch};
use super::index::CatalogIndex;
use super::observe::{Unobserved, observe};
use super::observe_one::observe_one;
use super::preview::{compare_plan, refuse_unfit, unplanned};
use super::record::note;
use super::remove::{Removing, remove, remove_confirmed};
use super::report::Tally;
use super::request::SyncRequest;
use super::schemas::ensure_schemas;
use super::session::Session;
use crate::azure::{Catalog, MetadataSchema};
use crate::catalog::settings::Registration;
use crate::model::{ErrorCode, ImportSpecification, Integration, Problem};

/// The time reserved for deletions, which come last: a tenth, and at most this.
const DELETION_RESERVE: Duration = Duration::from_secs(20);

/// Why a run ended early.
#[derive(Debug)]
pub enum Stop {
    /// The request was invalid; the integration is unchanged, including its last outcome.
    Refused(Problem),
    /// Planning failed because a side could not be read.
    Unobserved(Unobserved),
    /// Planning failed.
    Failed(Problem),
}

/// Checks that the request fits the integration.
///
/// # Errors
/// If it asks for definitions and they are turned off.
pub fn check(integration: &Integration, request: &SyncRequest) -> Result<(), Problem> {
    if request.definitions && integration.import_specification == ImportSpecification::Never {
        let message = format!("the integration {} has importSpecification never", integration.name);
        return Err(Problem::new(ErrorCode::DefinitionsDisabled, message).with_target("definitions"));
    }
    Ok(())
}

/// Brings the catalog in line with the gateways, as far as the time allows.
pub async fn run(
    session: &Session,
    registration: &Registration,
    integration: &Integration,
    gateways: Option<Gateways>,
    request: &SyncRequest,
    index: Option<&CatalogIndex>,
) -> Result<Ran, Stop> {
    let integration = &integration.without_facts(&registration.journal.left_out_facts);
    let observed = if let Some(api) = &request.api {
        let gateways = session.gateways(integration, &BTreeSet::new()).await;
        let observed = observe_one(session, integration, gateways, api).await;
        observed.map_err(Unobserved::from)
    } else {
        let observed = observe(session, (registration, integration), gateways, index).await;
        observed.map(Some)
    };
    let observed = observed.map_err(Stop::Unobserved)?;
    let watch = Watch::new(registration);
    let Some(mut sides) = observed else {
        return Ok(Ran::only_in_the_catalog(watch));
    };
    let catalog = session.catalog();
    let schemas = sides.schemas.clone();
    let mut ground = Ground::of(integration, &mut sides, request);
    let clients = sides.gateways.clients();
    let failed = failed_before(registration);
    let before = Before {
        journal: &registration.journal,
        failed: &failed,
        hour: request.plan_id.is_none().then(|| session.hour()),
    };
    let mut tasks = agenda(sides, &ground, request, before);
    let mut guard = Guard::new(integration, registration.journal.clone(), &tasks);
    let reserve = DELETION_RESERVE.min(session.budget.time_to_begin() / 10);
    let budget = session.budget.less(reserve);
    let within = session.catalog_within(budget.clone());
    let hands = Hands::new(within, clients, budget, &session.clouds, watch);
    let mut tally = Tally {
        plan_id: request.plan_id.clone(),
        ..Tally::default()
    };

    let ids = request.confirm_deletions.iter().filter(|id| !guard.goes_on_with(id));
    let confirms: BTreeSet<String> = ids.cloned().collect();
    let looks = if !confirms.is_empty() || request.plan_id.is_some() {
        let looks = ground.look_at_all(&hands, std::mem::take(&mut tasks.order)).await;
        if request.plan_id.is_none() && unplanned(&looks) > 0 {
            guard.journal.uncompared.extend(confirms.iter().cloned());
            return Ok(Ran::put_off(&confirms, &looks, guard, hands.watch));
        }
        compare_plan(request, (&tasks, &looks, &hands), &guard).map_err(Stop::Refused)?;
        let removals = guard.removals_of_looks(&tasks, &looks);
        let unfit = guard.confirm(&confirms, &removals);
        refuse_unfit(&unfit, &guard, &removals).map_err(Stop::Refused)?;
        Some(looks)
    } else {
        None
    };
    ensure_schemas(&catalog, &schemas)
        .await
        .map_err(|error| Stop::Failed(error.problem()))?;
    let looks = tell_facts(
        (&catalog, &schemas),
        &mut ground,
        looks,
        &mut tasks,
        (&mut tally, &mut guard),
    )
    .await?;
    note_before_work(session, registration, request, &tasks, &mut guard).await?;
    let removing = Removing {
        session,
        registration,
        ground: &ground,
        hands: &hands,
    };
    remove_confirmed(removing, &mut guard, &mut tasks, &mut tally).await;
    let order = std::mem::take(&mut tasks.order);
    let mut worked = match looks {
        Some(looks) => ground.work_on_looks(&hands, looks).await,
        None => ground.work_on_all(&hands, order).await,
    };
    if request.api.is_none() {
        remove(removing, &mut guard, &mut tasks, &mut worked, &mut tally).await;
    } else if ground.leave_removals(&hands, &mut worked).await {
        let note = "a stage of the API is no longer on the gateway: the next full run decides about it";
        tally.note = Some(note.to_owned());
    }
    Ok(conclude(request, tasks, worked, (tally, guard), hands))
}

/// Ensures that APIs can have facts, or drops the facts that API Center refuses; then looks at the affected APIs again.
async fn tell_facts(
    (catalog, schemas): (&Catalog, &[MetadataSchema]),
    ground: &mut Ground,
    looks: Option<Vec<Looked>>,
    tasks: &mut Tasks,
    (tally, guard): (&mut Tally, &mut Guard),
) -> Result<Option<Vec<Looked>>, Stop> {
    let looked_at = looks.iter().flatten().map(|looked| &looked.task);
    let apis = looked_at.chain(&tasks.order).flat_map(|task| task.apis.iter());
    let left_out = ensure_facts(catalog, schemas, &ground.integration.facts, apis).await;
    let left_out = left_out.map_err(|error| Stop::Failed(error.problem()))?;
    if left_out.is_empty() {
        return Ok(looks);
    }
    tasks
        .order
        .extend(looks.into_iter().flatten().map(|looked| looked.task));
    let words = left_out.iter().map(|left_out| left_out.fact.word().to_owned());
    ground.integration = ground.integration.without_facts(&words.collect());
    let for_good = left_out.iter().filter(|left_out| left_out.for_good);
    let words = for_good.map(|left_out| left_out.fact.word().to_owned());
    guard.journal.left_out_facts.extend(words);
    tally.left_out = left_out
        .into_iter()
        .map(|LeftOutFact { message, .. }| message)
        .collect();
    Ok(None)
}

/// Records before the first write what must survive if the run is killed: held removals and accepted confirmations.
///
/// Otherwise a killed run could leave more APIs than it found, and the same number of removals would look small.
async fn note_before_work(
    session: &Session,
    registration: &Registration,
    request: &SyncRequest,
    tasks: &Tasks,
    guard: &mut Guard,
) -> Result<(), Stop> {
    if request.api.is_some() {
        return Ok(());
    }
    let verdict = guard.judge(&guard.removals(tasks));
    for (gateway, _) in verdict.holds.iter().filter(|(_, hold)| hold.suspicion.is_some()) {
        if !guard.holds(gateway) {
            guard.hold(gateway);
        }
    }
    let before = &registration.journal;
    let held_before = before.held.clone().unwrap_or_default();
    let mut held = guard.journal.held.iter().flatten();
    let holds_more = held.any(|gateway| !held_before.contains(gateway));
    if holds_more || guard.journal.confirmed != before.confirmed || guard.journal.uncompared != before.uncompared {
        let noted = note(session, registration, &guard.journal).await;
        noted.map_err(|error| Stop::Failed(error.problem()))?;
    }
    Ok(())
}

/// The ids of the APIs that failed in the last run, as far as its report names them: at most twenty.
fn failed_before(registration: &Registration) -> BTreeSet<String> {
    let failed = registration.report.iter().flat_map(|report| &report.failed);
    failed.map(|failure| failure.api_id.clone()).collect()
}
