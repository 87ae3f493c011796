//! Registering: from the document of a `PUT` to an integration in the catalog.
//!
//! Checks come in the order of their answers: state, metadata, secrets, Amazon; only then something is written.

use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;

use crate::model::document::ParsedDocument;
use crate::model::{
    Entity, EntityPath, ErrorCode, FieldPath, Integration, IntegrationName, IntegrationState, Owned, OwnedApi, Problem,
    Properties, Vacant,
};
use crate::plan::{RequiredMetadata, missing_message};
use crate::source::Gateway;
use crate::target::{Catalog, CatalogError, MetadataSchema};

use super::clock::rfc3339;
use super::record::keep_outcome;
use super::registry::{self, Registration, SERVER_TYPE, holder, marker_fields, was_made};
use super::session::Session;
use super::{is_deleting, schemas};

/// Longest title of an environment, in UTF-16 units (swagger of `Microsoft.ApiCenter` 2024-03-01).
const TITLE_MAX: usize = 50;

/// What is said of an environment that another integration is in.
const IN_USE: &str = "is used by another integration: name another one in targetEnvironmentId";

/// An integration, as it is now kept.
#[derive(Debug)]
pub(super) struct Registered {
    pub registration: Registration,
    pub gateway: Gateway,
    pub is_new: bool,
}

/// Where the integration is to be kept.
#[derive(Debug)]
enum Place {
    /// In an environment that is made for it.
    Made(Vacant),
    /// In an environment that is there.
    Found(Owned, Box<Entity>),
}

/// Checks everything that can be checked, then keeps the integration.
///
/// # Errors
/// When a check fails; then nothing but metadata schemas was written.
pub(super) async fn register(
    session: &Session<'_>,
    name: &IntegrationName,
    document: ParsedDocument,
) -> Result<Registered, Problem> {
    let ParsedDocument {
        integration,
        names_environment,
    } = document;
    let catalog = session.catalog();
    let (environments, metadata) =
        tokio::try_join!(catalog.environments(), catalog.metadata_schemas()).map_err(|error| error.problem())?;
    let known = registry::find(&environments, name, &session.clouds.vault_hosts);
    check_state(&catalog, &integration, known.as_ref()).await?;
    let place = place(&integration, names_environment, &environments, known.as_ref())?;
    check_metadata(&integration, &place, &metadata)?;
    let gateway = session.gateway(&integration).await?;
    gateway.check().await.map_err(|error| error.problem())?;
    schemas::ensure(&catalog, &metadata)
        .await
        .map_err(|error| error.problem())?;
    if let Some(known) = &known
        && known.environment.name != integration.environment
    {
        check_not_deleting(&catalog, known).await?;
    }
    let environment = keep(&catalog, &integration, place, known.as_ref(), session.now()).await?;
    let is_new = known.is_none();
    let mut environments = environments;
    environments.retain(|other| other.name != environment.name);
    environments.push(environment);
    let registration = registry::find(&environments, name, &session.clouds.vault_hosts).ok_or_else(|| {
        let message =
            format!("the environment of {name} was changed by somebody else while it was written; call again");
        Problem::new(ErrorCode::ServiceUnavailable, message).with_retry_after(Duration::ZERO)
    })?;
    Ok(Registered {
        registration,
        gateway,
        is_new,
    })
}

async fn check_state(
    catalog: &Catalog,
    integration: &Integration,
    known: Option<&Registration>,
) -> Result<(), Problem> {
    if let Some(known) = known {
        return match known.state {
            IntegrationState::Deleting => Err(is_deleting(&known.name)),
            IntegrationState::Active => check_region(integration, &known.region_name),
        };
    }
    // Without an environment there may still be APIs, which are adopted: but not those of another gateway.
    let apis = catalog.apis().await.map_err(|error| error.problem())?;
    let mut orphans = apis.iter().filter_map(|api| OwnedApi::claim(&integration.name, api));
    orphans.try_for_each(|api| check_region(integration, &api.marker.region_name))
}

fn check_region(integration: &Integration, region_name: &str) -> Result<(), Problem> {
    // A marker whose region was wiped out by hand binds nobody.
    if region_name.is_empty() || region_name.eq_ignore_ascii_case(integration.region.as_str()) {
        return Ok(());
    }
    let message = format!(
        "the integration {} is of region {region_name}, which cannot be changed: delete it and create it anew",
        integration.name
    );
    let target = "properties.amazonApiGatewaySource.regionName";
    Err(Problem::new(ErrorCode::RegionImmutable, message).with_target(target))
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
            "is there already: name it in targetEnvironmentId to use it, or choose another one",
        ));
    }
    Ok(Place::Found(owned, Box::new(found.clone())))
}

fn in_use(integration: &Integration, why: &str) -> Problem {
    let message = format!("the environment {} {why}", integration.environment);
    Problem::new(ErrorCode::EnvironmentInUse, message).with_target("properties.targetEnvironmentId")
}

/// Metadata that the organisation requires and that nothing gives a value for would make every write fail.
fn check_metadata(integration: &Integration, place: &Place, metadata: &[MetadataSchema]) -> Result<(), Problem> {
    let required = schemas::required(metadata);
    let defaults = &integration.default_custom_properties;
    let makes_environment = matches!(place, Place::Made(_));
    let kinds = [
        ("api", &required.api, &defaults.api, true),
        (
            "environment",
            &required.environment,
            &defaults.environment,
            makes_environment,
        ),
        ("deployment", &required.deployment, &defaults.deployment, true),
    ];
    for (kind, required, values, is_made) in kinds {
        let missing = RequiredMetadata::missing(required, values);
        if is_made && !missing.is_empty() {
            let target = format!("properties.defaultCustomProperties.{kind}");
            let problem = Problem::new(ErrorCode::MissingRequiredMetadata, missing_message(kind, &missing));
            return Err(problem.with_target(target));
        }
    }
    Ok(())
}

/// Looks right before a move whether the integration is marked as being deleted where it was: the write goes to another
/// environment, which knows nothing of that.
async fn check_not_deleting(catalog: &Catalog, known: &Registration) -> Result<(), Problem> {
    let path = EntityPath::Environment(known.environment.name.clone());
    let found = catalog.get(&path).await.map_err(|error| error.problem())?;
    match found.and_then(|found| holder(&found.properties)) {
        Some((name, IntegrationState::Deleting)) if name == known.name => Err(is_deleting(&name)),
        Some(_) | None => Ok(()),
    }
}

/// Whether the integration is not in its environment any more, or is being deleted. What cannot be read is not known to be gone.
pub(super) async fn is_gone(session: &Session<'_>, registration: &Registration) -> bool {
    let path = EntityPath::Environment(registration.environment.name.clone());
    let found = session.catalog_for_epilogue().get(&path).await;
    let active = (registration.name.clone(), IntegrationState::Active);
    found.is_ok_and(|found| found.and_then(|found| holder(&found.properties)) != Some(active))
}

/// Writes the integration into its environment.
///
/// Who is in it is told by the read that the write is made from: since the environments were listed, the integration may
/// have been marked as being deleted, or another one may have come first. Then nothing is written.
async fn keep(
    catalog: &Catalog,
    integration: &Integration,
    place: Place,
    known: Option<&Registration>,
    now: OffsetDateTime,
) -> Result<Entity, Problem> {
    let changed_on = rfc3339(now);
    let stays = known.is_some_and(|known| known.environment.name == integration.environment);
    let generation = known.map_or(0, |known| known.generation.saturating_add(u64::from(!stays)));
    match place {
        Place::Made(vacant) => {
            let mut properties = new_environment(integration);
            for (path, value) in marker_fields(integration, true, generation, &changed_on, None) {
                path.set(&mut properties, value);
            }
            keep_outcome(&mut properties, known);
            let created = catalog.create(&vacant, &properties).await;
            created.map_err(|error| error.problem())
        }
        Place::Found(owned, found) => {
            let active = (integration.name.clone(), IntegrationState::Active);
            let fields = marker_fields(integration, was_made(&found), generation, &changed_on, Some(&found));
            let written = catalog
                .update(&owned, |properties| {
                    if holder(properties).is_none_or(|holder| holder == active) {
                        for (path, value) in &fields {
                            path.set(properties, value.clone());
                        }
                        // A run may have recorded its own since the environments were listed.
                        keep_outcome(properties, known);
                    }
                })
                .await;
            match written {
                Ok(environment) => match holder(&environment.properties) {
                    Some((name, _)) if name != integration.name => Err(in_use(integration, IN_USE)),
                    Some((name, IntegrationState::Deleting)) => Err(is_deleting(&name)),
                    Some((_, IntegrationState::Active)) | None => Ok(environment),
                },
                Err(CatalogError::NotFound { .. }) if stays => Err(is_deleting(&integration.name)),
                Err(error) => Err(error.problem()),
            }
        }
    }
}

fn new_environment(integration: &Integration) -> Properties {
    let values = [
        (
            &["title"][..],
            json!(crate::model::clip(integration.name.as_str(), TITLE_MAX)),
        ),
        (&["kind"], json!("production")),
        (&["server", "type"], json!(SERVER_TYPE)),
        (
            &["server", "managementPortalUri"],
            json!([integration.region.console_url()]),
        ),
    ];
    let mut properties = Properties::new();
    for (path, value) in values {
        FieldPath::new(path).set(&mut properties, Some(value));
    }
    for (name, value) in &integration.default_custom_properties.environment {
        FieldPath::new(&["customProperties", name]).set(&mut properties, Some(value.clone()));
    }
    properties
}
