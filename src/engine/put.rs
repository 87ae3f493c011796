//! `PUT integrations/NAME`: stores an integration in the catalog and runs it for the first time.
//!
//! The checks run in the order of their answers: state, metadata, secrets, AWS. Writes come after them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::json;

use super::entry::Engine;
use super::view::IntegrationView;
use crate::azure::{Catalog, CatalogError, MetadataSchema};
use crate::catalog::journal::Journal;
use crate::catalog::settings::{Held, Registration, SERVER_TYPE, find, marker_fields, set_report, settings_text};
use crate::catalog::{Owned, Vacant};
use crate::error_chain::error_chain;
use crate::limits::Budget;
use crate::model::document::ParsedDocument;
use crate::model::{
    Accounts, Entity, EntityKind, EntityName, EntityPath, ErrorCode, Field, FieldPath, Fields, Integration,
    IntegrationName, IntegrationState, MapRule, Problem, Properties, Region, Report, clip, rfc3339,
};
use crate::plan::{RequiredMetadata, missing_message};
use crate::run::{
    Gateways, Reach, Session, SyncRequest, check_rules, ensure_schemas, environments_named, failed_report, owner,
    required,
};

/// Gateways of a source tried concurrently until one can be read.
const CHECKS: usize = 8;

/// Longest title of an environment, in UTF-16 units (swagger of `Microsoft.ApiCenter` 2024-03-01).
const TITLE_MAX: usize = 50;

/// The message about an environment that belongs to another integration.
const IN_USE: &str = "is used by another integration: name another environment in targetEnvironmentId";

/// The result of a `PUT`.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// The integration is new.
    Created(IntegrationView),
    /// The integration existed before.
    Updated(IntegrationView),
}

impl Engine {
    /// Creates or replaces an integration, then synchronizes it.
    ///
    /// # Errors
    /// If a check fails, in which case only metadata schemas were written. If another call deletes the integration
    /// meanwhile. A failed synchronization is not an error: the integration reports it.
    pub async fn put(
        &self,
        name: &IntegrationName,
        document: ParsedDocument,
        budget: &Budget,
    ) -> Result<Written, Problem> {
        let session = Arc::new(Session::new(&self.clouds, budget));
        let Kept {
            mut registration,
            gateways,
            is_new,
        } = keep(&session, name, document).await?;
        let request = SyncRequest {
            retry_skipped: true,
            ..SyncRequest::default()
        };
        let end = self
            .fly(
                Arc::clone(&session),
                registration.clone(),
                request,
                Some(gateways),
                None,
            )
            .await;
        let report = match end {
            Ok(end) => end.report,
            Err(problem) if problem.code == ErrorCode::IntegrationDeleting => return Err(problem),
            // The integration is stored anyway. Only this answer says why its run failed.
            Err(problem) => failed_report(problem.message, session.started, session.now(), session.requests()),
        };
        self.read_again(&session, &mut registration, report).await?;
        let view = IntegrationView::of(&self.clouds.resource_id, &registration);
        Ok(if is_new {
            Written::Created(view)
        } else {
            Written::Updated(view)
        })
    }

    /// Reads the integration after its run, or reports the run itself if the read fails.
    async fn read_again(
        &self,
        session: &Session,
        registration: &mut Registration,
        report: Report,
    ) -> Result<(), Problem> {
        let name = registration.name.clone();
        match session.catalog_for_epilogue().environments().await {
            Ok(environments) => match find(&environments, &name, &self.clouds.resource_id, &self.clouds.vault_hosts) {
                Some(current) if current.state == IntegrationState::Active => *registration = current,
                Some(_) => return Err(Problem::integration_deleting(&name)),
                None if is_gone(session, registration).await => return Err(Problem::integration_deleting(&name)),
                None => (),
            },
            // The integration was written, so a failed read does not fail the call.
            Err(error) => {
                let (integration, error) = (name.as_str(), error_chain(&error));
                tracing::warn!(
                    integration,
                    error,
                    "the integration could not be read after its synchronization"
                );
            }
        }
        // An outcome that could not be recorded appears here, or only in the log.
        let is_older = |kept: &Report| kept.started_on < report.started_on;
        if registration.report.as_ref().is_none_or(is_older) {
            registration.report = Some(report);
        }
        Ok(())
    }
}

/// An integration as stored.
struct Kept {
    registration: Registration,
    gateways: Gateways,
    is_new: bool,
}

/// The environment for an integration.
#[derive(Debug)]
enum Place {
    /// A new environment.
    Made(Vacant),
    /// An existing environment.
    Found(Owned, Box<Entity>),
}

/// Checks everything that can be checked, then stores the integration.
///
/// # Errors
/// If a check fails, in which case only metadata schemas were written.
async fn keep(session: &Session, name: &IntegrationName, document: ParsedDocument) -> Result<Kept, Problem> {
    let ParsedDocument {
        mut integration,
        names_environment,
    } = document;
    let catalog = session.catalog();
    let (environments, metadata) =
        tokio::try_join!(catalog.environments(), catalog.metadata_schemas()).map_err(|error| error.problem())?;
    let (center, hosts) = (&session.clouds.resource_id, &session.clouds.vault_hosts);
    let known = find(&environments, name, center, hosts);
    let has_orphans = check_state(&catalog, &integration, known.as_ref()).await?;
    let place = place(
        &integration,
        names_environment || has_orphans,
        &environments,
        known.as_ref(),
    )?;
    check_metadata(&integration, &place, &metadata)?;
    check_environments(&integration, &environments)?;
    let recorded = known.as_ref().and_then(|known| known.integration.as_ref().ok());
    let gateways = session.gateways(&integration, &BTreeSet::new()).await;
    check_gateways(&integration, &gateways).await?;
    record_accounts(&mut integration, recorded, &gateways)?;
    ensure_schemas(&catalog, &metadata)
        .await
        .map_err(|error| error.problem())?;
    if let Some(known) = &known
        && known.environment.name != integration.environment
    {
        check_not_deleting(&catalog, known).await?;
    }
    let environment = write(
        &catalog,
        &integration,
        place,
        known.as_ref(),
        rfc3339(session.now()),
        has_orphans && !names_environment,
    )
    .await?;
    let is_new = known.is_none();
    let mut environments = environments;
    environments.retain(|other| other.name != environment.name);
    environments.push(environment);
    let registration = find(&environments, name, center, hosts).ok_or_else(|| {
        let message = format!("somebody else changed the environment of {name} at the same time; call again");
        Problem::new(ErrorCode::ServiceUnavailable, message).with_retry_after(Duration::ZERO)
    })?;
    Ok(Kept {
        registration,
        gateways,
        is_new,
    })
}

/// Checks that the integration may be put; returns whether it is an orphan: its environment is gone and APIs remain.
async fn check_state(
    catalog: &Catalog,
    integration: &Integration,
    known: Option<&Registration>,
) -> Result<bool, Problem> {
    if let Some(known) = known {
        if known.state == IntegrationState::Deleting {
            return Err(Problem::integration_deleting(&known.name));
        }
        if let Ok(before) = &known.integration {
            return check_region(integration, before).map(|()| false);
        }
    }
    // Without settings there may still be APIs to adopt, but not those of another gateway.
    let mut regions = BTreeSet::new();
    let mut has_orphans = false;
    let listed = catalog.each_api(|api| {
        if let Some((_, api)) = owner(&api).filter(|(holder, _)| *holder == integration.name) {
            has_orphans = true;
            regions.extend(api.marker.members.into_iter().map(|member| member.gateway.region));
        }
    });
    listed.await.map_err(|error| error.problem())?;
    if let Some(source) = integration.only_source() {
        let other = regions.iter().find(|region| !source.regions.contains(region));
        other.map_or(Ok(()), |other| Err(other_region(integration, other)))?;
    }
    Ok(has_orphans && known.is_none())
}

/// With a single source, the region is fixed: the APIs of the old region would look gone.
fn check_region(integration: &Integration, before: &Integration) -> Result<(), Problem> {
    let (Some(source), Some(before)) = (integration.only_source(), before.only_source()) else {
        return Ok(());
    };
    match before.regions.first().filter(|region| !source.regions.contains(region)) {
        Some(region) => Err(other_region(integration, region)),
        None => Ok(()),
    }
}

fn other_region(integration: &Integration, region: &Region) -> Problem {
    let message = format!(
        "the integration {} reads region {region}, which cannot be changed: delete it and create it again, or name \
        both \
         regions in amazonApiGatewaySources",
        integration.name
    );
    Problem::new(ErrorCode::RegionImmutable, message).with_target("properties.amazonApiGatewaySource.regionName")
}

/// Makes one signed call for each source: at least one of its gateways must be readable.
///
/// # Errors
/// If no gateway of a source can be read: the error of the first.
async fn check_gateways(integration: &Integration, gateways: &Gateways) -> Result<(), Problem> {
    for (index, source) in integration.sources.iter().enumerate() {
        let reaches = gateways.all.iter().filter(|reach| reach.source == index);
        let checks: Vec<_> = reaches.map(|reach| check_gateway(reach, integration)).collect();
        let mut checks = stream::iter(checks).buffered(CHECKS);
        let mut refused = gateways
            .cut
            .iter()
            .find(|cut| cut.source == index)
            .map(|cut| cut.why.problem.clone());
        let mut is_readable = false;
        let mut is_empty = true;
        while let Some(check) = checks.next().await {
            is_empty = false;
            match check {
                Ok(()) => {
                    is_readable = true;
                    break;
                }
                Err(problem) => refused = refused.or(Some(problem)),
            }
        }
        // Skip a source whose gateways all belong to earlier ones.
        if !(is_readable || is_empty && refused.is_none()) {
            let problem = refused.unwrap_or_else(|| Problem::new(ErrorCode::AwsAccessDenied, "no gateway can be read"));
            return Err(match source.label() {
                Some(label) => problem.in_source(&label),
                None => problem,
            });
        }
    }
    Ok(())
}

async fn check_gateway(reach: &Reach, integration: &Integration) -> Result<(), Problem> {
    match &reach.client {
        Ok(client) => client
            .check(&integration.api_types)
            .await
            .map_err(|error| error.problem()),
        Err(unread) => Err(unread.problem.clone()),
    }
}

/// Notes the account of each source's credentials, or keeps the recorded one if AWS does not say now.
///
/// # Errors
/// If the one source of Microsoft's form belongs to another account than before.
fn record_accounts(
    integration: &mut Integration,
    recorded: Option<&Integration>,
    gateways: &Gateways,
) -> Result<(), Problem> {
    let name = integration.name.clone();
    for (index, source) in integration.sources.iter_mut().enumerate() {
        let before = recorded.and_then(|recorded| recorded.sources.iter().find(|before| before.name == source.name));
        let before = before.and_then(|before| before.account.clone());
        if source.accounts != Accounts::Own {
            continue;
        }
        let mut reaches = gateways.all.iter().filter(|reach| reach.source == index);
        let now = reaches.find_map(|reach| reach.gateway.account.clone());
        if let (None, Some(before), Some(now)) = (&source.name, &before, &now)
            && before != now
        {
            let message = format!(
                "the integration {name} reads account {before}, but these credentials belong to account {now}: the \
                account \
                 cannot be changed. Delete it and create it again, or name both accounts in amazonApiGatewaySources"
            );
            let target = "properties.amazonApiGatewaySource";
            return Err(Problem::new(ErrorCode::AccountImmutable, message).with_target(target));
        }
        source.account = now.or(before);
    }
    Ok(())
}

fn place(
    integration: &Integration,
    names_environment: bool,
    environments: &[Entity],
    known: Option<&Registration>,
) -> Result<Place, Problem> {
    let path = EntityPath::Environment(integration.environment.clone());
    let found = environments
        .iter()
        .find(|environment| environment.name == integration.environment);
    if let Some(vacant) = Vacant::at(path, found) {
        return Ok(Place::Made(vacant));
    }
    let in_use = |why: &str| in_use(integration, why);
    let found = found.ok_or_else(|| in_use("cannot be read"))?;
    let holds_it = known.is_some_and(|known| {
        known.environment.name == found.name || known.former.iter().any(|former| former.name == found.name)
    });
    let owned = Owned::named_environment(&integration.name, found).ok_or_else(|| in_use(IN_USE))?;
    if !names_environment && !holds_it {
        return Err(in_use(
            "already exists: name it in targetEnvironmentId to use it, or choose another one",
        ));
    }
    Ok(Place::Found(owned, Box::new(found.clone())))
}

fn in_use(integration: &Integration, why: &str) -> Problem {
    let message = format!("the environment {} {why}", integration.environment);
    Problem::new(ErrorCode::EnvironmentInUse, message).with_target("properties.targetEnvironmentId")
}

/// The environments that sources and rules name only hold deployments: the app never creates them.
fn check_environments(integration: &Integration, environments: &[Entity]) -> Result<(), Problem> {
    let of_sources = integration
        .sources
        .iter()
        .filter_map(|source| source.environment.as_ref());
    let of_rules = environments_named(integration);
    let is_there = |name: &EntityName| {
        *name == integration.environment || environments.iter().any(|environment| environment.name == *name)
    };
    let missing = of_sources.chain(&of_rules).find(|name| !is_there(name));
    missing.map_or(Ok(()), |missing| {
        let message =
            format!("there is no environment {missing}: create it first; the app never creates or deletes it");
        Err(Problem::new(ErrorCode::InvalidRequest, message).with_target("properties"))
    })
}

/// Metadata that is required but has no value would make every write fail; so would metadata that does not exist.
fn check_metadata(integration: &Integration, place: &Place, metadata: &[MetadataSchema]) -> Result<(), Problem> {
    check_rules(integration, metadata)?;
    let required = required(metadata);
    let defaults = &integration.default_custom_properties;
    let makes_environment = matches!(place, Place::Made(_));
    let kinds = [
        (EntityKind::Api, "api", &required.api, &defaults.api, true),
        (
            EntityKind::Environment,
            "environment",
            &required.environment,
            &defaults.environment,
            makes_environment,
        ),
        (
            EntityKind::Deployment,
            "deployment",
            &required.deployment,
            &defaults.deployment,
            true,
        ),
    ];
    for (entity, kind, required, values, is_made) in kinds {
        let given = Fields::new(mapped(integration, entity), fields(values));
        let missing = RequiredMetadata::missing(required, None, &given);
        if is_made && !missing.is_empty() {
            let target = format!("properties.defaultCustomProperties.{kind}");
            let problem = Problem::new(ErrorCode::MissingRequiredMetadata, missing_message(kind, &missing));
            return Err(problem.with_target(target));
        }
    }
    Ok(())
}

/// Checks right before a move that the integration is not marked as being deleted: the write goes to another
/// environment, without that mark.
async fn check_not_deleting(catalog: &Catalog, known: &Registration) -> Result<(), Problem> {
    let path = EntityPath::Environment(known.environment.name.clone());
    let found = catalog.get(&path).await.map_err(|error| error.problem())?;
    let held = found.as_ref().and_then(|found| Held::of(&found.properties));
    let held = held.filter(|held| held.name().as_ref() == Some(&known.name));
    match held.map(Held::state) {
        Some(IntegrationState::Deleting) => Err(Problem::integration_deleting(&known.name)),
        Some(IntegrationState::Active) | None => Ok(()),
    }
}

/// Whether the integration has left its environment or is being deleted. A failed read does not count as gone.
async fn is_gone(session: &Session, registration: &Registration) -> bool {
    let path = EntityPath::Environment(registration.environment.name.clone());
    let found = session.catalog_for_epilogue().get(&path).await;
    found.is_ok_and(|found| {
        let held = found.as_ref().and_then(|found| Held::of(&found.properties));
        held.is_none_or(|held| {
            held.name().as_ref() != Some(&registration.name) || held.state() == IntegrationState::Deleting
        })
    })
}

/// Writes the integration into its environment.
///
/// The read before the write decides whose environment it is: since the listing, the integration may have been marked
/// as being deleted, or another one may have taken the environment. Then nothing is written.
async fn write(
    catalog: &Catalog,
    integration: &Integration,
    place: Place,
    known: Option<&Registration>,
    changed_on: String,
    is_adopted: bool,
) -> Result<Entity, Problem> {
    let stays = known.is_some_and(|known| known.environment.name == integration.environment);
    let mut journal = known.map(|known| known.journal.clone()).unwrap_or_default();
    journal.generation = journal.generation.saturating_add(u64::from(known.is_some() && !stays));
    journal.changed_on = Some(changed_on);
    let has_changed = known.is_none_or(|known| known.settings() != settings_text(integration));
    // There may be room for them now.
    journal.left_out_facts.clear();
    if has_changed {
        journal.forget_work();
    }
    let history = known.map(|known| known.history.clone()).unwrap_or_default();
    match place {
        Place::Made(vacant) => {
            let mut properties = new_environment(integration);
            for (path, value) in marker_fields(integration, true, &journal, &history) {
                path.set(&mut properties, value);
            }
            keep_report(&mut properties, known);
            let created = catalog.create(&vacant, &properties).await;
            created.map_err(|error| error.problem())
        }
        Place::Found(owned, found) => {
            // Somebody else's server type, or an environment that the caller names, belongs to people.
            let looks_made =
                is_adopted && FieldPath::new(&["server", "type"]).get(&found.properties) == Some(&json!(SERVER_TYPE));
            let is_made = Held::of(&found.properties).map_or(looks_made, Held::is_made);
            let written = catalog
                .update(&owned, |properties| {
                    if may_hold(properties, &integration.name) {
                        // A run may have recorded its own journal since the listing.
                        let journal = merged(&journal, properties, has_changed);
                        let before = Held::of(properties).map(Held::history).unwrap_or_default();
                        let history = before.merged(history.clone());
                        for (path, value) in marker_fields(integration, is_made, &journal, &history) {
                            path.set(properties, value);
                        }
                        keep_report(properties, known);
                    }
                })
                .await;
            match written {
                Ok(environment) => match Held::of(&environment.properties) {
                    Some(held) if held.name().is_some_and(|name| name != integration.name) => {
                        Err(in_use(integration, IN_USE))
                    }
                    Some(held) if held.state() == IntegrationState::Deleting => {
                        Err(Problem::integration_deleting(&integration.name))
                    }
                    Some(_) | None => Ok(environment),
                },
                Err(CatalogError::NotFound { .. }) if stays => Err(Problem::integration_deleting(&integration.name)),
                Err(error) => Err(error.problem()),
            }
        }
    }
}

/// Whether an environment with these properties holds nothing, or this integration and it is not being deleted.
fn may_hold(properties: &Properties, name: &IntegrationName) -> bool {
    match Held::of(properties) {
        Some(held) => match held.name() {
            Some(holder) => holder == *name && held.state() == IntegrationState::Active,
            None => true,
        },
        None => true,
    }
}

/// The journal to write, merged with what a run has recorded since it was read.
fn merged(journal: &Journal, properties: &Properties, has_changed: bool) -> Journal {
    let Some(held) = Held::of(properties).filter(|held| held.name().is_some()) else {
        return journal.clone();
    };
    let mut merged = held.journal();
    merged.generation = journal.generation;
    merged.changed_on.clone_from(&journal.changed_on);
    merged.succeeded_on(journal.last_success_on());
    merged.left_out_facts.clear();
    if has_changed {
        merged.forget_work();
    }
    merged
}

/// Keeps the last report, even if the integration moves to this environment.
fn keep_report(properties: &mut Properties, known: Option<&Registration>) {
    if Held::of(properties).and_then(Held::report).is_none()
        && let Some(report) = known.and_then(|known| known.report.as_ref())
    {
        set_report(properties, report);
    }
}

fn fields(values: &Properties) -> Vec<Field> {
    let values = values.iter();
    values
        .map(|(name, value)| (FieldPath::new(&["customProperties", name]), Some(value.clone())))
        .collect()
}

/// The fields of such entities that rules set, on some or all.
fn mapped(integration: &Integration, kind: EntityKind) -> Vec<Field> {
    let fields = integration.map.iter().flat_map(MapRule::fields);
    let fields = fields.filter(|(field, _)| field.kind() == kind);
    fields
        .map(|(field, template)| (field.path().clone(), Some(json!(template))))
        .collect()
}

fn new_environment(integration: &Integration) -> Properties {
    let values = [
        (&["title"][..], json!(clip(integration.name.as_str(), TITLE_MAX))),
        (&["kind"], json!("production")),
        (&["server", "type"], json!(SERVER_TYPE)),
        (
            &["server", "managementPortalUri"],
            json!(integration.regions().first().map(|region| [region.console_url()])),
        ),
    ];
    let mut properties = Properties::new();
    for (path, value) in values {
        FieldPath::new(path).set(&mut properties, Some(value));
    }
    for (path, value) in fields(&integration.default_custom_properties.environment) {
        path.set(&mut properties, value);
    }
    properties
}
