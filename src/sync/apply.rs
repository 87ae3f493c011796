//! Applying: the writes of one API, in their order.

use futures::FutureExt;
use tokio::time::Instant;

use crate::error_chain::error_chain;
use crate::limits::Budget;
use crate::model::{
    Document, Entity, EntityName, EntityPath, Export, IntegrationName, Owned, OwnedApi, Problem, Properties, RestApi,
    RestApiId, Stage, SystemData, digest, stage_entity_name,
};
use crate::panics::{Panicked, caught, panic_if_planted};
use crate::plan::{ApiPlan, Below, DefinitionPlan, Finished, StagePlan, StageWrites, Write};
use crate::source::{Gateway, GatewayError, RoleError};
use crate::target::{Catalog, CatalogError, Exported};

use super::run::Run;

/// Why the writes of an API ended before their end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interruption {
    /// The time budget is used up.
    #[error("there was no time left")]
    OutOfTime,
    /// Refusals in a row have ended the work on the gateway before.
    #[error("the work on this gateway ended before it was begun")]
    GivenUp,
    /// A write or read was refused.
    #[error(transparent)]
    Catalog(CatalogError),
    /// Amazon gave no answer to work with.
    #[error(transparent)]
    Gateway(GatewayError),
    /// The work on it panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// An entity that was to be changed is no longer ours.
    #[error("{0} is no longer this integration's: somebody else changed its marker")]
    NotOurs(EntityPath),
    /// What was to go because a list of this run lacks it is on the gateway.
    #[error("{0} is on Amazon although the list of this run lacks it, so it stays")]
    NotGone(String),
}

impl From<CatalogError> for Interruption {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::OutOfTime { .. } => Self::OutOfTime,
            other => Self::Catalog(other),
        }
    }
}

impl From<GatewayError> for Interruption {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::OutOfTime { .. } | GatewayError::Role(RoleError::OutOfTime { .. }) => Self::OutOfTime,
            other => Self::Gateway(other),
        }
    }
}

impl Interruption {
    /// Whether there was no time for it: neither for the request nor for the wait that Amazon or Azure ask for.
    pub fn is_for_lack_of_time(&self) -> bool {
        match self {
            Self::OutOfTime => true,
            Self::GivenUp | Self::NotOurs(_) | Self::NotGone(_) | Self::Panicked(_) => false,
            Self::Catalog(error) => matches!(error, CatalogError::Throttled { .. }),
            Self::Gateway(error) => error.is_for_lack_of_time(),
        }
    }

    /// Whether the account or the identity is refused, whatever it is about.
    pub fn is_account_wide(&self) -> bool {
        match self {
            Self::Catalog(error) => error.is_account_wide(),
            Self::Gateway(error) => error.is_account_wide(),
            Self::OutOfTime | Self::GivenUp | Self::NotOurs(_) | Self::NotGone(_) | Self::Panicked(_) => false,
        }
    }

    /// What to wait for, where a throttle outlasts the time that there is.
    pub fn wait(&self) -> Option<Wait> {
        let problem = self.problem().filter(|_| self.is_for_lack_of_time())?;
        Some(Wait {
            why: error_chain(self),
            until: problem.retry_after.map(|after| Instant::now() + after),
        })
    }

    /// What callers are told, where it is somebody's fault.
    pub fn problem(&self) -> Option<Problem> {
        match self {
            Self::OutOfTime | Self::GivenUp | Self::NotOurs(_) | Self::NotGone(_) => None,
            Self::Catalog(error) => Some(error.problem()),
            Self::Gateway(error) => Some(error.problem()),
            Self::Panicked(panicked) => Some((*panicked).into()),
        }
    }
}

/// Does a piece of the work on one API. A panic in it is an interruption like any other, so that the other APIs go on.
pub(super) fn guarded<T>(
    work: impl Future<Output = Result<T, Interruption>>,
) -> impl Future<Output = Result<T, Interruption>> {
    caught(work).map(|result| result.unwrap_or_else(|panicked| Err(panicked.into())))
}

/// Why something remains, if not only because the time ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wait {
    pub why: String,
    /// Until when the same call would come no further.
    pub until: Option<Instant>,
}

/// What the writes below an API came to.
#[derive(Debug, Default)]
pub(super) struct Applied {
    pub finished: Finished,
    pub definitions_written: usize,
    /// Whether anything was written.
    pub wrote: bool,
    /// Exports that failed for now, and definitions that API Center refused: the rest is done without them.
    pub failures: Vec<Interruption>,
}

impl Applied {
    /// Nothing yet, and nothing that kept it from being complete.
    pub fn begin() -> Self {
        let finished = Finished {
            complete: true,
            ..Finished::default()
        };
        Self {
            finished,
            ..Self::default()
        }
    }

    async fn write(&mut self, run: &Run, planned: &Write) -> Result<(), CatalogError> {
        write(&run.catalog, planned).await?;
        self.wrote = true;
        Ok(())
    }

    /// Goes on without a definition that API Center refuses; what else went wrong would go wrong with all that follows, too.
    fn refuse(&mut self, error: CatalogError) -> Result<(), Interruption> {
        match error {
            CatalogError::Refused { .. } => {
                self.finished.complete = false;
                self.failures.push(error.into());
                Ok(())
            }
            other => Err(other.into()),
        }
    }
}

/// Makes one write.
pub(super) async fn write(catalog: &Catalog, write: &Write) -> Result<(), CatalogError> {
    match write {
        Write::Create(vacant, change) => {
            let mut properties = Properties::new();
            change.apply_to(&mut properties);
            catalog.create(vacant, &properties).await?;
        }
        Write::Update(owned, change) => {
            catalog.update(owned, |properties| change.apply_to(properties)).await?;
        }
        Write::Delete(owned, _) => catalog.delete(owned).await?,
    }
    Ok(())
}

/// Makes a write of an API that is ours, and reads its answer as such.
pub(super) async fn write_api(
    catalog: &Catalog,
    integration: &IntegrationName,
    write: &Write,
) -> Result<OwnedApi, Interruption> {
    let entity = match write {
        Write::Update(owned, change) => {
            // Between the listing and this write somebody may have taken the API over.
            let ours = |properties: &Properties| {
                owned_name(owned).is_some_and(|name| claim(integration, &name, properties).is_some())
            };
            catalog
                .update(owned, |properties| {
                    if ours(properties) {
                        change.apply_to(properties);
                    }
                })
                .await?
        }
        Write::Create(vacant, change) => {
            let mut properties = Properties::new();
            change.apply_to(&mut properties);
            catalog.create(vacant, &properties).await?
        }
        Write::Delete(owned, _) => return Err(Interruption::NotOurs(owned.path().clone())),
    };
    OwnedApi::claim(integration, &entity).ok_or_else(|| Interruption::NotOurs(write.path().clone()))
}

/// The API of this name, if the integration owns it with these properties.
pub(super) fn claim(integration: &IntegrationName, name: &EntityName, properties: &Properties) -> Option<OwnedApi> {
    let entity = Entity {
        name: name.clone(),
        properties: properties.clone(),
        etag: None,
        system_data: SystemData::default(),
    };
    OwnedApi::claim(integration, &entity)
}

fn owned_name(owned: &Owned) -> Option<EntityName> {
    match owned.path() {
        EntityPath::Api(name) => Some(name.clone()),
        EntityPath::Environment(_)
        | EntityPath::Version(..)
        | EntityPath::Definition(..)
        | EntityPath::Deployment(..) => None,
    }
}

/// Reads what is below an API; `deep` also compares the definitions' content with what was imported.
pub(super) async fn read_below(catalog: &Catalog, api: &OwnedApi, deep: bool) -> Result<Below, CatalogError> {
    let (versions, deployments) = tokio::try_join!(catalog.versions(&api.name), catalog.deployments(&api.name))?;
    let mut below = Below {
        versions,
        deployments,
        ..Below::default()
    };
    for version in &below.versions {
        if api.version(&version.name).is_some() {
            let definitions = catalog.definitions(&api.name, &version.name).await?;
            below.definitions.insert(version.name.clone(), definitions);
        }
    }
    if deep {
        for (version, digest) in imported_digests(api, &below) {
            let path = EntityPath::Definition(api.name.clone(), version.clone(), EntityName::definition());
            let found = content_digest(&catalog.export_specification(&path).await?);
            if found.is_some_and(|found| found != digest) {
                below.damaged.insert(version);
            }
        }
    }
    Ok(below)
}

/// The versions whose definition was imported, and the digest of what the catalog then held.
fn imported_digests(api: &OwnedApi, below: &Below) -> Vec<(EntityName, String)> {
    below
        .definitions
        .iter()
        .filter(|(_, definitions)| definitions.iter().any(|found| found.name == EntityName::definition()))
        .filter_map(|(version, _)| {
            let deployment = below.deployments.iter().find(|deployment| deployment.name == *version);
            let record = crate::plan::recorded(deployment, api.marker.undeployed.get(version));
            Some((version.clone(), record.content_digest?))
        })
        .collect()
}

/// Makes all writes below an API but the removals: stage by stage, each with its export.
///
/// What is done is noted as it is done, also for when there is an interruption.
pub(super) async fn apply_stages(
    run: &Run,
    rest_api: &RestApi,
    plan: &ApiPlan,
    applied: &mut Applied,
) -> Result<(), Interruption> {
    for stage in &plan.stages {
        if run.budget.is_spent() {
            return Err(Interruption::OutOfTime);
        }
        apply_stage(run, rest_api, stage, applied).await?;
    }
    Ok(())
}

async fn apply_stage(
    run: &Run,
    rest_api: &RestApi,
    plan: &StagePlan,
    applied: &mut Applied,
) -> Result<(), Interruption> {
    panic_if_planted("write", rest_api.id.as_str());
    // Held until the import is through: it bounds how many definitions are in memory at once.
    let _definition = if plan.needs_export() {
        run.definitions.acquire().await.ok()
    } else {
        None
    };
    let export = match export(run, rest_api, plan).await {
        Ok(export) => export,
        Err(error) if error.is_for_lack_of_time() => return Err(error.into()),
        Err(error) => {
            applied.finished.complete = false;
            applied.failures.push(error.into());
            None
        }
    };
    if let Some(version) = &plan.version {
        applied.write(run, version).await?;
    }
    let writes = plan.finish(rest_api.id.as_str(), export.as_ref());
    let writes = apply_definition(run, plan, writes, export.as_ref(), applied).await?;
    if let Some(deployment) = plan.deployment_write(&writes) {
        applied.write(run, &deployment).await?;
    }
    if !plan.has_deployment() {
        applied
            .finished
            .undeployed
            .insert(plan.stage.name.clone(), writes.record.clone());
    }
    applied.finished.skips.extend(writes.skip);
    Ok(())
}

/// Writes a definition, and imports its document if that is another; gives what is left to write.
async fn apply_definition(
    run: &Run,
    plan: &StagePlan,
    mut writes: StageWrites,
    export: Option<&Export>,
    applied: &mut Applied,
) -> Result<StageWrites, Interruption> {
    if let Some(definition) = &writes.definition
        && let Err(error) = applied.write(run, definition).await
    {
        applied.refuse(error)?;
        return Ok(plan.refused(false));
    }
    if let (true, Some(Export::Document(document))) = (writes.import, export) {
        let made = matches!(writes.definition, Some(Write::Create(..)));
        match import(run, plan, document, made).await {
            Ok(stored) => {
                writes.record.content_digest = Some(stored);
                applied.definitions_written += 1;
                applied.wrote = true;
            }
            Err(error) => {
                applied.refuse(error)?;
                return Ok(plan.refused(made));
            }
        }
    }
    Ok(writes)
}

async fn export(run: &Run, rest_api: &RestApi, plan: &StagePlan) -> Result<Option<Export>, GatewayError> {
    if plan.needs_export() {
        run.gateway.export(rest_api, &plan.stage.stage_name).await.map(Some)
    } else {
        Ok(None)
    }
}

/// Imports a document and returns the digest of what the catalog holds then.
///
/// A definition that was found changed is read back, so that a service which rewrites what it is given is noted and
/// not given the same text again and again.
async fn import(run: &Run, plan: &StagePlan, document: &Document, created: bool) -> Result<String, CatalogError> {
    let (definition, damaged) = match &plan.definition {
        DefinitionPlan::Exported {
            current: Some((owned, _)),
            damaged,
            ..
        } => (owned.clone(), *damaged),
        DefinitionPlan::Exported {
            vacant: Some(vacant), ..
        } if created => (Owned::created(vacant), false),
        DefinitionPlan::Exported { .. } | DefinitionPlan::Untouched { .. } | DefinitionPlan::Removed(_) => {
            return Ok(document.content_digest.clone());
        }
    };
    run.catalog
        .import_specification(&definition, &document.text, &document.specification_version)
        .await?;
    let kept = if damaged {
        content_digest(&run.catalog.export_specification(definition.path()).await?)
    } else {
        None
    };
    Ok(kept.unwrap_or_else(|| document.content_digest.clone()))
}

/// The digest of what the catalog holds; `None` when it gives a link, which leads to where no token is sent.
fn content_digest(exported: &Exported) -> Option<String> {
    match exported {
        Exported::Text(text) => Some(digest(text.as_bytes())),
        Exported::Nothing => Some(digest(b"")),
        Exported::Link(_) => None,
    }
}

/// Asks Amazon once more whether an API is gone, right before it goes from the catalog.
pub(super) async fn ensure_gone(gateway: &Gateway, api: &RestApiId) -> Result<(), Interruption> {
    if gateway.lacks(api).await? {
        Ok(())
    } else {
        Err(Interruption::NotGone(format!("REST API {api}")))
    }
}

/// The same of the stages that a plan removes.
pub(super) async fn ensure_stages_gone(gateway: &Gateway, api: &RestApiId, plan: &ApiPlan) -> Result<(), Interruption> {
    let goes = |stage: &Stage| {
        let name = stage_entity_name(&stage.name);
        plan.removals.iter().any(|removal| removal.name == name)
    };
    match gateway.stages(api).await?.iter().find(|stage| goes(stage)) {
        None => Ok(()),
        Some(stage) => Err(Interruption::NotGone(format!("stage {} of REST API {api}", stage.name))),
    }
}

/// Deletes what is ours of the stages that are gone.
pub(super) async fn apply_removals(catalog: &Catalog, budget: &Budget, plan: &ApiPlan) -> Result<(), Interruption> {
    for removal in plan.removals.iter().flat_map(|removal| &removal.writes) {
        if budget.is_spent() {
            return Err(Interruption::OutOfTime);
        }
        write(catalog, removal).await?;
    }
    Ok(())
}
