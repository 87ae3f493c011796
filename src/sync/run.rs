//! One run of one integration: read both sides, compare, bring API after API in line, delete last.

mod deletions;
mod explain;
mod preview;

use std::collections::HashMap;
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::sync::Semaphore;
use tracing::{Instrument, Span};

use crate::limits::Budget;
use crate::model::{ApiProof, ErrorCode, Failure, ImportSpecification, Integration, Problem, RestApi, RestApiId};
use crate::panics::panic_if_planted;
use crate::plan::{CatalogApis, CatalogLimits, Preview, RequiredMetadata, Survey, SurveyInput, Task, survey};
use crate::source::{Gateway, api_title, desired_api};
use crate::target::{Catalog, MetadataSchema};
use crate::telemetry::api_span;

use self::preview::{unplanned, waits};
use super::SyncRequest;
use super::apply::{Interruption, guarded};
use super::confirmation::Confirmed;
use super::pass::{Continuation, Pass, key};
use super::registry::Registration;
use super::schemas;
use super::session::Session;
use super::tally::Tally;
use super::task::{ApiOutcome, Ended, Look, apply, look};

/// APIs that are worked on side by side: enough to use up both sides' request budgets at usual latencies.
const SIDE_BY_SIDE: usize = 16;
/// Definitions in memory at once; each is at most 16 MiB while it is read and 3 MiB after.
const DEFINITIONS_SIDE_BY_SIDE: usize = 4;
/// The part of the time that is kept for deletions, which come last: a tenth, and no more than this.
const DELETION_RESERVE: Duration = Duration::from_secs(20);

/// Why a run did not come to an end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The call was wrong; the integration is as it was, its last outcome included.
    Refused(Problem),
    /// Nothing could be planned.
    Failed(Problem),
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(problem) | Stop::Failed(problem) => problem,
        }
    }
}

/// What the work on every API of a run needs.
#[derive(Debug)]
pub(super) struct Run {
    pub integration: Integration,
    pub catalog: Catalog,
    pub gateway: Gateway,
    pub budget: Budget,
    /// Permits to hold a definition in memory.
    pub definitions: Semaphore,
    pub limits: CatalogLimits,
    pub required: RequiredMetadata,
    /// Whether this sync was asked for definitions.
    pub with_definitions: bool,
}

impl Run {
    /// Why nothing more is to be begun on this gateway, if so: Amazon refuses the account, or Azure the identity.
    pub fn refusal(&self) -> Option<String> {
        self.gateway.refusal().or_else(|| self.catalog.refusal())
    }

    /// Whether definitions are imported only on demand, and this sync demands them.
    pub fn imports_on_demand(&self) -> bool {
        self.with_definitions && self.integration.import_specification == ImportSpecification::OnDemand
    }
}

/// Both sides, read and compared as far as lists show.
#[derive(Debug)]
pub(super) struct Situation {
    run: Run,
    survey: Survey,
    /// The REST API of each task.
    rest_apis: Vec<RestApi>,
    failed: Vec<Failure>,
    schemas: Vec<MetadataSchema>,
    pass: Pass,
    /// Whether everything is planned before anything is written.
    is_strict: bool,
}

/// What a run did.
#[derive(Debug)]
pub(super) struct Done {
    pub tally: Tally,
    pub next: Continuation,
    /// APIs that came into being in this run.
    pub born: Vec<ApiProof>,
    /// Whether the metadata schemas have room for all that is kept.
    pub schemas_are_complete: bool,
}

type Looks = Vec<(usize, Result<Look, Interruption>)>;

/// Whether the request fits the integration.
///
/// # Errors
/// When definitions are asked for that are not wanted.
pub(super) fn check(integration: &Integration, request: &SyncRequest) -> Result<(), Problem> {
    if request.definitions && integration.import_specification == ImportSpecification::Never {
        let message = format!("the integration {} has importSpecification never", integration.name);
        return Err(Problem::new(ErrorCode::DefinitionsDisabled, message).with_target("definitions"));
    }
    Ok(())
}

/// Reads both sides completely, or fails.
pub(super) async fn observe(
    session: &Session<'_>,
    integration: &Integration,
    gateway: Gateway,
    request: &SyncRequest,
    before: Continuation,
) -> Result<Situation, Problem> {
    panic_if_planted("observe", integration.name.as_str());
    let catalog = session.catalog();
    let azure = async {
        let mut apis = CatalogApis::default();
        let listed = catalog.each_api(|api| apis.add(&integration.name, &api));
        let ((), limits, schemas) =
            tokio::try_join!(listed, catalog.limits(), catalog.metadata_schemas()).map_err(|error| error.problem())?;
        Ok((apis, limits, schemas))
    };
    let aws = async { gateway.rest_apis().await.map_err(|error| error.problem()) };
    let (listing, (apis, limits, schemas)) = tokio::try_join!(aws, azure)?;
    let limits = CatalogLimits {
        apis: limits.apis,
        versions_per_api: limits.versions_per_api,
        deployments_per_api: limits.deployments_per_api,
    };
    let required = schemas::required(&schemas);
    let mut pass = Pass::begin(request, before, session.started);
    let mut failed = listing.unusable;
    let mut desired = Vec::new();
    for api in &listing.apis {
        match desired_api(integration, api) {
            Ok(api) => desired.push(api),
            Err(error) => {
                failed.push(Failure {
                    rest_api_id: api.id.to_string(),
                    title: Some(api_title(api)),
                    message: error.to_string(),
                });
            }
        }
    }
    let input = SurveyInput {
        integration,
        desired: &desired,
        limits,
        required: &required,
        resume_at: pass.resume_at.as_ref(),
        again: &pass.again(),
    };
    let survey = survey(&input, apis);
    pass.know_what_is_ours(survey.owned);
    let reserve = DELETION_RESERVE.min(session.budget.time_to_begin() / 10);
    let budget = session.budget.less(reserve);
    let run = Run {
        integration: integration.clone(),
        catalog: session.catalog_within(budget.clone()),
        gateway,
        budget,
        definitions: Semaphore::new(DEFINITIONS_SIDE_BY_SIDE),
        limits,
        required,
        with_definitions: request.definitions,
    };
    let mut listed: HashMap<RestApiId, RestApi> = listing.apis.into_iter().map(|api| (api.id.clone(), api)).collect();
    let rest_api = |task: &Task| listed.remove(&task.desired().rest_api_id);
    let rest_apis = survey.tasks.iter().filter_map(rest_api).collect();
    Ok(Situation {
        run,
        survey,
        rest_apis,
        failed,
        schemas,
        pass,
        is_strict: request.is_strict(),
    })
}

impl Situation {
    /// The plan for people; nothing is written.
    pub async fn plan(&self) -> Preview {
        self.preview(&self.look_at_all().await)
    }

    /// Brings the catalog in line.
    ///
    /// When the request names deletions or a plan, everything is planned before anything is written, so that nothing
    /// is when they are no longer what is found.
    pub async fn apply(
        mut self,
        session: &Session<'_>,
        registration: &Registration,
        request: &SyncRequest,
    ) -> Result<Done, Stop> {
        let looks = if self.is_strict {
            let looks = self.look_at_all().await;
            match &request.confirm_deletions {
                Some(deletions_id) if request.plan_id.is_none() && unplanned(&looks) > 0 => {
                    return Ok(self.put_off(deletions_id, &looks));
                }
                Some(_) | None => self.compare(request, &looks).map_err(Stop::Refused)?,
            }
            Some(looks)
        } else {
            None
        };
        let catalog = session.catalog();
        schemas::ensure(&catalog, &self.schemas)
            .await
            .map_err(|error| Stop::Failed(error.problem()))?;
        let noted = if request.confirm_deletions.is_some() {
            self.use_confirmation(session, registration).await
        } else {
            self.note_hold(session, registration).await
        };
        noted.map_err(|error| Stop::Failed(error.problem()))?;
        let mut outcomes = match looks {
            Some(looks) => self.apply_looks(looks).await,
            None => self.look_and_apply().await,
        };
        let mut tally = Tally {
            failed: self.failed.clone(),
            skipped: self.survey.skips.clone(),
            conflicts: self.survey.conflicts.clone(),
            plan_id: request.plan_id.clone(),
            ..Tally::default()
        };
        let confirmed = self
            .delete(session, registration, request, &mut outcomes, &mut tally)
            .await;
        Ok(self.conclude(outcomes, tally, confirmed))
    }

    /// Keeps a confirmation that there was no time to compare with what is found; nothing else is done.
    fn put_off(self, deletions_id: &str, looks: &Looks) -> Done {
        let message = format!(
            "the confirmation of {deletions_id} is kept: there was no time to plan everything in this call, and the next \
             run that finds exactly these deletions makes them"
        );
        let mut tally = Tally {
            remaining: unplanned(looks),
            held: Some((deletions_id.to_owned(), message)),
            ..Tally::default()
        };
        waits(looks).for_each(|wait| tally.wait_for(Some(wait)));
        Done {
            tally,
            next: self.pass.put_off(deletions_id),
            born: Vec::new(),
            schemas_are_complete: schemas::are_complete(&self.schemas),
        }
    }

    /// Whether an earlier run of this pass has looked at the API already.
    fn is_carried(&self, index: usize) -> bool {
        index >= self.survey.tasks.len() - self.survey.carried
    }

    /// Whether the work on an API may be begun: the first ones always are, so that every run makes progress.
    fn may_begin(&self, turn: usize) -> bool {
        self.run.refusal().is_none() && (turn < SIDE_BY_SIDE || self.run.budget.may_begin())
    }

    /// The APIs in the order in which their work is begun.
    fn turns(&self) -> impl Iterator<Item = usize> + use<> {
        let tasks = &self.survey.tasks;
        let given_up_at = |task: &Task| !self.is_strict && self.pass.was_given_up_at(&task.desired().name);
        let first = tasks.iter().position(given_up_at).unwrap_or_default();
        (first..tasks.len()).chain(0..first)
    }

    fn span(&self, index: usize) -> Span {
        api_span(self.rest_apis[index].id.as_str())
    }

    async fn look_at(&self, index: usize) -> Result<Look, Interruption> {
        guarded(look(
            &self.run,
            &self.survey.tasks[index],
            &self.rest_apis[index],
            self.looks_deep(index),
        ))
        .await
    }

    fn looks_deep(&self, index: usize) -> bool {
        !self.is_carried(index) && self.pass.looks_deep(&self.survey.tasks[index].desired().name)
    }

    /// Whether an API that was not begun is done all the same: by an earlier run of the pass, as far as is known.
    fn is_done_before(&self, index: usize, outcome: &ApiOutcome) -> bool {
        !outcome.begun && self.is_carried(index) && !self.is_strict && !self.pass.is_unsure
    }

    /// Whether the next run has to look at the API again, wherever it goes on: nothing else tells it to.
    fn is_unchecked(&self, index: usize, outcome: &ApiOutcome) -> bool {
        let task = &self.survey.tasks[index];
        match outcome.ended {
            Ended::Failed(_) | Ended::Refused(_) => is_believed_right(task) || self.looks_deep(index),
            Ended::Remaining if self.is_carried(index) => outcome.begun || self.is_strict,
            Ended::Remaining => self.pass.makes_up_for(&task.desired().name),
            Ended::Done | Ended::LeftAlone => false,
        }
    }

    async fn look_at_all(&self) -> Looks {
        let mut looks: Looks = stream::iter(0..self.survey.tasks.len())
            .map(|index| async move {
                let look = match self.run.refusal() {
                    Some(_) => Err(Interruption::GivenUp),
                    None => self.look_at(index).instrument(self.span(index)).await,
                };
                (index, look)
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        looks.sort_by_key(|(index, _)| *index);
        looks
    }

    async fn apply_looks(&self, looks: Looks) -> Vec<(usize, ApiOutcome)> {
        stream::iter(looks)
            .map(|(index, look)| async move {
                let takes_time = look.as_ref().is_ok_and(Look::has_writes);
                let outcome = if !takes_time || self.may_begin(index) {
                    self.apply_look(index, look).instrument(self.span(index)).await
                } else {
                    ApiOutcome::unbegun()
                };
                (index, outcome)
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await
    }

    async fn look_and_apply(&self) -> Vec<(usize, ApiOutcome)> {
        stream::iter(self.turns().enumerate())
            .map(|(turn, index)| async move {
                let outcome = if self.may_begin(turn) {
                    let work = async { self.apply_look(index, self.look_at(index).await).await };
                    work.instrument(self.span(index)).await
                } else {
                    ApiOutcome::unbegun()
                };
                (index, outcome)
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await
    }

    async fn apply_look(&self, index: usize, look: Result<Look, Interruption>) -> ApiOutcome {
        match look {
            Ok(look) => ApiOutcome {
                owned_below: self.survey.tasks[index].owned_below(),
                ..apply(&self.run, look).await
            },
            Err(interruption) => ApiOutcome::interrupted(&interruption),
        }
    }

    /// Where the next run begins when this one gave up; `outcomes` are in the order of the tasks.
    fn first_unbegun(&self, outcomes: &[(usize, ApiOutcome)]) -> Option<String> {
        let index = self.turns().find(|&index| !outcomes[index].1.begun)?;
        Some(key(&self.survey.tasks[index].desired().name))
    }

    fn conclude(self, mut outcomes: Vec<(usize, ApiOutcome)>, mut tally: Tally, confirmed: Confirmed) -> Done {
        outcomes.sort_by_key(|(index, _)| *index);
        tally.refusal = self.run.refusal();
        let given_up_at = tally.refusal.as_ref().and_then(|_| self.first_unbegun(&outcomes));
        let mut born = Vec::new();
        let mut unreached = None;
        let mut unchecked = Vec::new();
        for (index, mut outcome) in outcomes {
            let task = &self.survey.tasks[index];
            if let (Some(_), Ended::Refused(_)) = (&tally.refusal, &outcome.ended) {
                // It is told once, for all of them.
                outcome.ended = Ended::Remaining;
            }
            if self.is_done_before(index, &outcome) {
                outcome.ended = Ended::Done;
            }
            if self.is_unchecked(index, &outcome) {
                unchecked.push(task.desired().name.clone());
            } else if matches!(outcome.ended, Ended::Remaining) && is_believed_right(task) {
                unreached.get_or_insert(&task.desired().name);
            }
            born.extend(outcome.born.take().map(|born| *born));
            tally.add(task.desired(), outcome);
        }
        let all_done = tally.remaining == 0;
        let is_complete = all_done && tally.failed.is_empty();
        let mut next = self.pass.ended(unreached, all_done, &unchecked);
        next.given_up_at = given_up_at;
        match confirmed {
            Confirmed::Left(confirmation) => (next.confirmed, next.held) = (Some(confirmation), Some(true)),
            Confirmed::Spent => (next.confirmed, next.held) = (None, Some(false)),
            // What was confirmed is not what there is to delete: that needs another confirmation.
            Confirmed::Unused if is_complete => (next.confirmed, next.held) = (None, Some(tally.held.is_some())),
            Confirmed::Unused if tally.held.is_some() => next.held = Some(true),
            Confirmed::Unused => (),
        }
        Done {
            tally,
            next,
            born,
            schemas_are_complete: true,
        }
    }
}

/// Whether nothing is known to be wrong with the API: then it is one of those whose turn a pass keeps.
fn is_believed_right(task: &Task) -> bool {
    match task {
        Task::New(..) => false,
        Task::Existing { current, differs, .. } => !differs && current.marker.fingerprint.is_some(),
    }
}
