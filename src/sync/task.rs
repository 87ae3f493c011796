//! One API: looked at, then brought in line.

mod pending;

use std::collections::BTreeSet;

use crate::error_chain::error_chain;
use crate::model::marker::ApiState;
use crate::model::{
    ApiProof, Conflict, DesiredApi, DesiredDefinition, DesiredStage, EntityName, Export, FoldedApi, OwnedApi, RestApi,
    Skip, SkipReason, Vacant,
};
use crate::panics::panic_if_planted;
use crate::plan::{
    ApiInput, ApiPlan, Below, Counts, Preview, PreviewChange, StagePlan, Standing, Task, Write, fingerprint, plan_api,
    plan_listed_fields,
};
use crate::source::{TranslatedStages, desired_stages};

use super::apply::{Applied, Interruption, Wait, apply_stages, guarded, read_below, write, write_api};
use super::run::Run;
use super::tally::titled;

pub(super) use self::pending::Pending;
use self::pending::disclaim;

/// What a look at an API found.
#[derive(Debug)]
pub(super) enum Look {
    /// Below it everything is as it was left; its own fields may differ.
    Settled(Box<Settled>),
    /// Everything about it was compared.
    Planned(Box<Planned>),
}

#[derive(Debug)]
pub(super) struct Settled {
    skipped: Vec<Skip>,
    deployed: bool,
    write: Option<Write>,
}

#[derive(Debug)]
pub(super) struct Planned {
    rest_api: RestApi,
    desired: DesiredApi,
    stages: TranslatedStages,
    standing: Found,
    checked: Checked,
    plan: ApiPlan,
}

/// What a deep check found, which is not made a second time.
#[derive(Debug)]
struct Checked {
    /// The versions whose definition is not the text that was imported.
    damaged: BTreeSet<EntityName>,
    /// The versions whose export Amazon refused before and does not refuse any more.
    exportable: BTreeSet<EntityName>,
}

#[derive(Debug)]
enum Found {
    Missing(Vacant),
    Owned(Box<OwnedApi>),
}

/// How the work on an API ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Everything was done.
    Done,
    /// It turned out not to be ours.
    LeftAlone,
    /// There was no time for all of it, or it is another run's for now.
    Remaining,
    /// Something about it could not be read or written.
    Failed(String),
    /// The account or the identity is refused: it failed, unless that ended all the work.
    Refused(String),
}

/// What became of an API.
#[derive(Debug)]
pub(super) struct ApiOutcome {
    /// Whether there was time to begin with it.
    pub begun: bool,
    pub created: bool,
    /// Whether anything of it was written.
    pub updated: bool,
    pub ended: Ended,
    /// What it waits for, if it remains.
    pub wait: Option<Wait>,
    pub skips: Vec<Skip>,
    pub conflicts: Vec<Conflict>,
    pub definitions_written: usize,
    /// What was ours below it, if its stages were read.
    pub owned_below: Counts,
    /// Removals of stages, which wait for the guard, and the last write of the API, which waits for them.
    pub pending: Option<Box<Pending>>,
    /// The API, if it came into being in this run.
    pub born: Option<Box<ApiProof>>,
}

impl ApiOutcome {
    /// Nothing done, for this reason.
    pub fn interrupted(interruption: &Interruption) -> Self {
        let mut outcome = Self::of(Vec::new(), Vec::new());
        outcome.interrupt(interruption);
        outcome
    }

    /// Nothing done, because there was no time to begin.
    pub fn unbegun() -> Self {
        Self {
            begun: false,
            ended: Ended::Remaining,
            ..Self::of(Vec::new(), Vec::new())
        }
    }

    /// Notes what was done below the API.
    fn note(&mut self, applied: &Applied) {
        self.updated |= applied.wrote;
        self.definitions_written = applied.definitions_written;
        self.skips.extend(applied.finished.skips.iter().cloned());
        if let Some(first) = applied.failures.first() {
            self.ended = failed(first);
        }
    }

    /// Notes why the work on the API ended before its end.
    pub fn interrupt(&mut self, interruption: &Interruption) {
        self.ended = match interruption {
            Interruption::OutOfTime | Interruption::GivenUp => Ended::Remaining,
            Interruption::NotOurs(path) => {
                self.conflicts.push(Conflict { name: path.to_string() });
                Ended::LeftAlone
            }
            Interruption::Catalog(_) | Interruption::Gateway(_) if interruption.is_for_lack_of_time() => {
                self.wait = interruption.wait();
                Ended::Remaining
            }
            Interruption::Catalog(_)
            | Interruption::Gateway(_)
            | Interruption::NotGone(_)
            | Interruption::Panicked(_) => failed(interruption),
        };
    }

    fn of(skips: Vec<Skip>, conflicts: Vec<Conflict>) -> Self {
        Self {
            begun: true,
            created: false,
            updated: false,
            ended: Ended::Done,
            wait: None,
            skips,
            conflicts,
            definitions_written: 0,
            owned_below: Counts::default(),
            pending: None,
            born: None,
        }
    }

    fn note_birth(&mut self, api: &OwnedApi) {
        if api.entity.system_data.created_at.is_some() {
            self.born = Some(Box::new(api.proof()));
        }
    }
}

fn failed(interruption: &Interruption) -> Ended {
    let message = error_chain(interruption);
    if interruption.is_account_wide() {
        Ended::Refused(message)
    } else {
        Ended::Failed(message)
    }
}

/// Reads an API's stages and, where they do not settle it, what is below it in the catalog; writes nothing.
pub(super) async fn look(run: &Run, task: &Task, rest_api: &RestApi, deep: bool) -> Result<Look, Interruption> {
    panic_if_planted("look", rest_api.id.as_str());
    let listed = run.gateway.stages(&rest_api.id).await?;
    let stages = desired_stages(&run.integration, rest_api, &listed, run.with_definitions);
    let (desired, standing, below) = match task {
        Task::New(desired, vacant) => (desired, Found::Missing(vacant.clone()), Below::default()),
        Task::Existing {
            desired,
            current,
            differs,
        } => {
            let expected = fingerprint(&run.integration, desired, &stages.stages);
            let settled = current.marker.fingerprint.as_ref() == Some(&expected);
            if settled && !deep && !run.imports_on_demand() {
                return Ok(Look::Settled(Box::new(settle(desired, current, *differs))));
            }
            let current = Box::new(current.unfolded());
            let mut below = read_below(&run.catalog, &current, deep).await?;
            if deep {
                below.exportable = exportable(run, &current, rest_api, &stages).await?;
            }
            (desired, Found::Owned(current), below)
        }
    };
    let plan = plan(run, desired, &stages, standing.as_standing(), &below);
    let (rest_api, desired) = (rest_api.clone(), desired.clone());
    Ok(Look::Planned(Box::new(Planned {
        rest_api,
        desired,
        stages,
        standing,
        checked: Checked {
            damaged: below.damaged,
            exportable: below.exportable,
        },
        plan,
    })))
}

fn settle(desired: &DesiredApi, current: &FoldedApi, differs: bool) -> Settled {
    let marker = &current.marker;
    Settled {
        skipped: marker.skipped.clone(),
        deployed: !marker.versions.is_empty(),
        write: differs
            .then(|| plan_listed_fields(desired, &current.unfolded()))
            .flatten(),
    }
}

/// The stages whose export Amazon refused before and does not refuse any more.
///
/// What it refused stays refused until the stage changes, but for a refusal that was not Amazon's last word.
async fn exportable(
    run: &Run,
    current: &OwnedApi,
    rest_api: &RestApi,
    stages: &TranslatedStages,
) -> Result<BTreeSet<EntityName>, Interruption> {
    let refused = |stage: &&DesiredStage| {
        let of = |skip: &Skip| skip.stage_name.as_ref() == Some(&stage.stage_name);
        let mut skipped = current.marker.skipped.iter();
        matches!(stage.definition, DesiredDefinition::Revision(_))
            && skipped.any(|skip| of(skip) && skip.reason == SkipReason::ExportRefused)
    };
    let mut exportable = BTreeSet::new();
    for stage in stages.stages.iter().filter(refused) {
        let _definition = run.definitions.acquire().await.ok();
        if let Export::Document(_) = run.gateway.export(rest_api, &stage.stage_name).await? {
            exportable.insert(stage.name.clone());
        }
    }
    Ok(exportable)
}

fn plan(run: &Run, desired: &DesiredApi, stages: &TranslatedStages, standing: Standing<'_>, below: &Below) -> ApiPlan {
    plan_api(&ApiInput {
        integration: &run.integration,
        desired,
        stages: &stages.stages,
        skips: &stages.skips,
        standing,
        below,
        limits: run.limits,
        required: &run.required,
    })
}

impl Found {
    fn as_standing(&self) -> Standing<'_> {
        match self {
            Self::Missing(vacant) => Standing::Missing(vacant),
            Self::Owned(api) => Standing::Owned(api),
        }
    }
}

impl Look {
    /// Adds what was found to a plan for people.
    pub fn add_to(&self, preview: &mut Preview, api: &DesiredApi) {
        match self {
            Self::Settled(settled) => {
                preview.skipped.extend(titled(api, settled.skipped.clone()));
                preview.changes.extend(settled.write.iter().map(PreviewChange::from));
            }
            Self::Planned(planned) => {
                let plan = &planned.plan;
                preview.skipped.extend(titled(api, plan.skips.clone()));
                preview.conflicts.extend(plan.conflicts.iter().cloned());
                preview.changes.extend(plan.opening.iter().map(PreviewChange::from));
                preview
                    .changes
                    .extend(plan.stages.iter().flat_map(StagePlan::preview).map(PreviewChange::from));
                let removals = plan.removals.iter().flat_map(|removal| &removal.writes);
                preview.changes.extend(removals.map(PreviewChange::from));
            }
        }
    }

    /// The plan of the API, if all about it was compared.
    pub fn plan(&self) -> Option<&ApiPlan> {
        match self {
            Self::Settled(_) => None,
            Self::Planned(planned) => Some(&planned.plan),
        }
    }

    /// Whether there is anything to write.
    pub fn has_writes(&self) -> bool {
        match self {
            Self::Settled(settled) => settled.write.is_some(),
            Self::Planned(planned) => match planned.standing {
                Found::Missing(_) => true,
                Found::Owned(_) => planned.plan.makes_versions() || planned.plan.has_changes(),
            },
        }
    }

    /// Whether the API has a stage.
    pub fn is_deployed(&self) -> bool {
        match self {
            Self::Settled(settled) => settled.deployed,
            Self::Planned(planned) => !planned.stages.stages.is_empty(),
        }
    }
}

/// Makes every write of an API but the removals of stages.
pub(super) async fn apply(run: &Run, look: Look) -> ApiOutcome {
    match look {
        Look::Settled(settled) => {
            let mut outcome = ApiOutcome::of(settled.skipped.clone(), Vec::new());
            if let Some(write) = &settled.write {
                match guarded(write_api(&run.catalog, &run.integration.name, write)).await {
                    Ok(api) => {
                        outcome.updated = true;
                        outcome.note_birth(&api);
                    }
                    Err(interruption) => outcome.interrupt(&interruption),
                }
            }
            outcome
        }
        Look::Planned(planned) => {
            let plan = &planned.plan;
            let mut outcome = ApiOutcome::of(plan.skips.clone(), plan.conflicts.clone());
            if let Err(interruption) = guarded(apply_planned(run, *planned, &mut outcome)).await {
                outcome.interrupt(&interruption);
            }
            outcome
        }
    }
}

async fn apply_planned(run: &Run, planned: Planned, outcome: &mut ApiOutcome) -> Result<(), Interruption> {
    let Planned {
        rest_api,
        desired,
        stages,
        standing,
        checked,
        plan,
    } = planned;
    let (api, plan) = match standing {
        Found::Missing(vacant) => {
            let Some(api) = create(run, &vacant, &plan, outcome).await? else {
                return Ok(());
            };
            // The service may have kept what was below an earlier API of this name.
            let below = read_below(&run.catalog, &api, false).await?;
            let plan = self::plan(run, &desired, &stages, Standing::Made(&api), &below);
            (api, plan)
        }
        Found::Owned(api) if plan.makes_versions() => {
            let api = make_versions(run, *api, &plan, outcome).await?;
            // With them comes back what the service kept of earlier ones of their names.
            let below = Below {
                damaged: checked.damaged,
                exportable: checked.exportable,
                ..read_below(&run.catalog, &api, false).await?
            };
            let plan = self::plan(run, &desired, &stages, Standing::Owned(&api), &below);
            (api, plan)
        }
        Found::Owned(api) => (*api, plan),
    };
    // Below what was just made there may be something that the first plan knew nothing of.
    outcome.skips.clone_from(&plan.skips);
    outcome.conflicts.clone_from(&plan.conflicts);
    if !plan.has_changes() {
        return Ok(());
    }
    let api = match &plan.opening {
        Some(opening) => {
            let api = write_api(&run.catalog, &run.integration.name, opening).await?;
            outcome.note_birth(&api);
            outcome.updated = true;
            api
        }
        None => api,
    };
    let mut applied = Applied::begin();
    let result = guarded(apply_stages(run, &rest_api, &plan, &mut applied)).await;
    outcome.note(&applied);
    if let Err(interruption) = result {
        disclaim(&run.catalog, &run.integration.name, &api, &plan, &interruption).await;
        return Err(interruption);
    }
    let pending = Pending {
        api,
        plan,
        finished: applied.finished,
    };
    if pending.plan.removals.is_empty() {
        outcome.updated |= pending.close(&run.catalog, &run.integration.name).await?;
    } else {
        outcome.pending = Some(Box::new(pending));
    }
    Ok(())
}

/// Makes the API; `None` when somebody else did in the meantime: another run of this integration, or a stranger.
///
/// All that is below an API that was just made is there from an earlier one of its name, so that it counts as being made.
async fn create(
    run: &Run,
    vacant: &Vacant,
    plan: &ApiPlan,
    outcome: &mut ApiOutcome,
) -> Result<Option<OwnedApi>, Interruption> {
    let found = run.catalog.get(vacant.path()).await?;
    let integration = &run.integration.name;
    if found
        .as_ref()
        .and_then(|api| OwnedApi::claim(integration, api))
        .is_some()
    {
        let why = format!("{} is being made by another run", vacant.path());
        outcome.wait = Some(Wait { why, until: None });
        outcome.ended = Ended::Remaining;
        return Ok(None);
    }
    let (None, Some(opening)) = (found, &plan.opening) else {
        outcome.conflicts.push(Conflict {
            name: vacant.path().to_string(),
        });
        outcome.ended = Ended::LeftAlone;
        return Ok(None);
    };
    let mut api = write_api(&run.catalog, integration, opening).await?;
    outcome.created = true;
    outcome.note_birth(&api);
    api.marker.state = ApiState::Creating;
    Ok(Some(api))
}

/// Makes the versions that are missing, after the marker that lists them.
async fn make_versions(
    run: &Run,
    api: OwnedApi,
    plan: &ApiPlan,
    outcome: &mut ApiOutcome,
) -> Result<OwnedApi, Interruption> {
    let api = match &plan.opening {
        Some(opening) => write_api(&run.catalog, &run.integration.name, opening).await?,
        None => api,
    };
    outcome.note_birth(&api);
    outcome.updated = true;
    for version in plan.stages.iter().filter_map(|stage| stage.version.as_ref()) {
        if let Err(error) = write(&run.catalog, version).await {
            let interruption = error.into();
            disclaim(&run.catalog, &run.integration.name, &api, plan, &interruption).await;
            return Err(interruption);
        }
    }
    Ok(api)
}
