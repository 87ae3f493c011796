//! Deletes APIs: only what is ours, right after a fresh read. Entities that people put below an API stay, and so does
//! the API, without our marker.

use futures::{StreamExt, stream};

use super::hands::Hands;
use super::interruption::{Interruption, Wait, guarded};
use super::meter::Meter;
use crate::azure::{Catalog, CatalogError};
use crate::catalog::marker::{ApiState, metadata_path};
use crate::catalog::settings::Held;
use crate::catalog::{ApiProof, Owned, OwnedApi};
use crate::error_chain::error_chain;
use crate::limits::Budget;
use crate::model::{
    API_SCHEMA, Conflict, Entity, EntityName, EntityPath, FieldPath, Gateway, INTEGRATION_SCHEMA, IntegrationName,
    Problem, Properties, SystemData,
};
use crate::planted::panic_if_planted;

/// APIs deleted concurrently: enough to use the delete budget at usual latencies.
const SIDE_BY_SIDE: usize = 8;

/// The result of deleting several APIs.
#[derive(Debug, Default)]
pub struct DeletedApis {
    /// The number that are gone, or no longer ours.
    pub deleted: usize,
    /// The number left for lack of time.
    pub remaining: usize,
    /// What the first throttled one waits for.
    pub wait: Option<Wait>,
    /// Our APIs that still exist, for whatever reason.
    pub left: Vec<EntityName>,
    /// Those that failed, with the reason.
    pub failed: Vec<(ApiProof, String)>,
    /// Somebody else's entities, left alone.
    pub conflicts: Vec<Conflict>,
    /// Why the first failed one did, or the first whose wait exceeds the time.
    pub problem: Option<Problem>,
}

/// The inputs of a deletion.
#[derive(Debug, Clone, Copy)]
pub struct Deleting<'a> {
    /// API Center.
    pub catalog: &'a Catalog,
    /// The integration.
    pub integration: &'a IntegrationName,
    /// The environment of the integration.
    pub environment: Option<&'a EntityName>,
    /// The gateways, each of which must confirm that it lacks its part of an API, and the gateway for markers without
    /// one; `None` to delete without asking AWS.
    pub gone_from: Option<(&'a Hands, &'a Gateway)>,
    /// The time budget.
    pub budget: &'a Budget,
    /// Counts the finished APIs, if the call does nothing else.
    pub meter: Option<&'a Meter>,
}

/// Deletes APIs with everything of ours below them, as far as the budget allows.
pub async fn delete_apis(deleting: Deleting<'_>, apis: Vec<ApiProof>) -> DeletedApis {
    let Deleting {
        catalog, budget, meter, ..
    } = deleting;
    if let Some(meter) = meter {
        meter.start(apis.len());
    }
    let mut results = stream::iter(apis.into_iter().enumerate())
        .map(|(index, api)| async move {
            // The first ones always begin, so that every run makes progress.
            let result = if catalog.refusal().is_some() {
                Err(Interruption::GivenUp)
            } else if index < SIDE_BY_SIDE || budget.may_begin() {
                guarded(delete_if_gone(deleting, &api)).await
            } else {
                Err(Interruption::OutOfTime)
            };
            (result, api)
        })
        .buffer_unordered(SIDE_BY_SIDE);
    let (mut deleted, mut refused, mut throttled) = (DeletedApis::default(), Vec::new(), None);
    while let Some((result, api)) = results.next().await {
        let interruption = match result {
            Ok(left) => {
                if let Some(meter) = meter {
                    meter.count();
                }
                deleted.deleted += 1;
                deleted.conflicts.extend(left);
                continue;
            }
            Err(Interruption::NotOurs(path)) => {
                deleted.conflicts.push(Conflict { name: path.to_string() });
                continue;
            }
            Err(interruption) => interruption,
        };
        deleted.left.push(api.name.clone());
        if interruption.is_for_lack_of_time() {
            deleted.remaining += 1;
            deleted.wait = deleted.wait.or_else(|| interruption.wait());
            throttled = throttled.or(interruption.problem());
            continue;
        }
        deleted.problem = deleted.problem.or(interruption.problem());
        match &interruption {
            Interruption::GivenUp => deleted.remaining += 1,
            refusal if refusal.is_account_wide() => refused.push((api, error_chain(refusal))),
            other => deleted.failed.push((api, error_chain(other))),
        }
    }
    // The refusals that ended the work are reported once, with its end.
    if catalog.refusal().is_some() {
        deleted.remaining += refused.len();
    } else {
        deleted.failed.append(&mut refused);
    }
    deleted.problem = deleted.problem.or(throttled);
    deleted
}

/// Asks AWS once more whether an API is gone, right before deleting it from the catalog.
///
/// # Errors
/// If the API exists, or nobody knows.
pub async fn ensure_gone(hands: &Hands, gateway: &Gateway, api: &ApiProof) -> Result<(), Interruption> {
    for origin in &api.origins {
        let exact = origin.gateway.as_ref().and_then(|gateway| hands.client(gateway).ok());
        let client = match exact {
            Some(client) => client,
            None => hands.client(gateway)?,
        };
        if let Some(found) = client.api(origin.api_type, &origin.api_id).await? {
            return Err(Interruption::NotGone(found.to_string()));
        }
    }
    if api.origins.is_empty() {
        return Err(Interruption::NotGone(format!("{}, whose marker has no id,", api.name)));
    }
    Ok(())
}

async fn delete_if_gone(deleting: Deleting<'_>, api: &ApiProof) -> Result<Vec<Conflict>, Interruption> {
    if let Some((hands, gateway)) = deleting.gone_from {
        ensure_gone(hands, gateway, api).await?;
    }
    delete_api(deleting, api).await
}

/// Deletes an API: deployments, definitions and versions first, because the service would leave them behind. Returns
/// the conflicts that stay.
///
/// Reads the API again before anything else, because somebody may have taken it over since the listing. Removes its
/// fingerprint first, so that an API that comes back halfway does not look untouched.
async fn delete_api(deleting: Deleting<'_>, proof: &ApiProof) -> Result<Vec<Conflict>, Interruption> {
    let Deleting {
        catalog, integration, ..
    } = deleting;
    panic_if_planted("delete", &proof.api_id());
    in_time(deleting)?;
    let unsettle = |properties: &mut Properties| {
        if let Some(api) = claim(integration, &proof.name, properties)
            && !api.marker.versions.is_empty()
        {
            let mut marker = api.marker;
            marker.record.fingerprint = None;
            if marker.record.state == ApiState::Synced {
                marker.record.state = ApiState::Updating;
            }
            for (path, value) in marker.fields() {
                path.set(properties, value);
            }
        }
    };
    let found = match catalog.update(proof.owned(), unsettle).await {
        Err(CatalogError::NotFound { .. }) => return Ok(Vec::new()),
        // The organisation may require metadata since then that nobody gave a value for. Go on without it.
        Err(CatalogError::Refused { status: 400, .. }) => match catalog.get(proof.owned().path()).await? {
            Some(found) => found,
            None => return Ok(Vec::new()),
        },
        found => found?,
    };
    let Some(api) = OwnedApi::claim(integration, &found) else {
        return Err(Interruption::NotOurs(proof.owned().path().clone()));
    };
    let left = delete_below(deleting, &api).await?;
    in_time(deleting)?;
    if left.is_empty() {
        catalog.delete(api.owned()).await?;
        return Ok(left);
    }
    let unmark = |properties: &mut Properties| {
        if claim(integration, &proof.name, properties).is_some() {
            FieldPath::new(&["customProperties", API_SCHEMA]).set(properties, None);
        }
    };
    catalog.update(api.owned(), unmark).await?;
    Ok(left)
}

async fn delete_below(deleting: Deleting<'_>, api: &OwnedApi) -> Result<Vec<Conflict>, Interruption> {
    let catalog = deleting.catalog;
    let path = api.owned().path();
    let mut left = Vec::new();
    let keep = |path: EntityPath, left: &mut Vec<Conflict>| left.push(Conflict { name: path.to_string() });
    for deployment in below(catalog, path, || catalog.deployments(&api.name)).await? {
        in_time(deleting)?;
        if let Some(owned) = api.deployment(&deployment) {
            catalog.delete(&owned).await?;
        } else {
            keep_environment(deleting, &deployment).await?;
            keep(EntityPath::Deployment(api.name.clone(), deployment.name), &mut left);
        }
    }
    for version in below(catalog, path, || catalog.versions(&api.name)).await? {
        let path = EntityPath::Version(api.name.clone(), version.name.clone());
        let Some(owned) = api.version(&version.name) else {
            keep(path, &mut left);
            continue;
        };
        let mut is_empty = true;
        for definition in below(catalog, &path, || catalog.definitions(&api.name, &version.name)).await? {
            in_time(deleting)?;
            if let Some(owned) = api.own_definition(&version.name, &definition.name) {
                catalog.delete(&owned).await?;
            } else {
                is_empty = false;
                let path = EntityPath::Definition(api.name.clone(), version.name.clone(), definition.name);
                keep(path, &mut left);
            }
        }
        in_time(deleting)?;
        if is_empty {
            catalog.delete(&owned).await?;
        }
    }
    Ok(left)
}

/// Keeps an environment that somebody else's deployment refers to when the integration is deleted, whoever created it.
async fn keep_environment(deleting: Deleting<'_>, deployment: &Entity) -> Result<(), Interruption> {
    let Some(name) = deleting.environment else {
        return Ok(());
    };
    let path = EntityPath::Environment(name.clone());
    let names = deployment.text("environmentId").unwrap_or_default();
    if !names
        .to_ascii_lowercase()
        .ends_with(&path.scoped_id().to_ascii_lowercase())
    {
        return Ok(());
    }
    let Some(found) = deleting.catalog.get(&path).await? else {
        return Ok(());
    };
    let Some(owned) = Owned::environment(deleting.integration, &found) else {
        return Ok(());
    };
    let keep = |properties: &mut Properties| {
        let held = Held::of(properties).filter(|held| held.name().as_ref() == Some(deleting.integration));
        if held.is_some_and(Held::is_made) {
            metadata_path(INTEGRATION_SCHEMA, "madeEnvironment").set(properties, Some(false.into()));
        }
    };
    deleting.catalog.update(&owned, keep).await?;
    Ok(())
}

fn in_time(deleting: Deleting<'_>) -> Result<(), Interruption> {
    if deleting.budget.is_spent() {
        return Err(Interruption::OutOfTime);
    }
    Ok(())
}

/// The API of this name, if its properties say that the integration owns it.
fn claim(integration: &IntegrationName, name: &EntityName, properties: &Properties) -> Option<OwnedApi> {
    let entity = Entity {
        name: name.clone(),
        properties: properties.clone(),
        etag: None,
        system_data: SystemData::default(),
    };
    OwnedApi::claim(integration, &entity)
}

/// Lists what is below an entity. If another run deleted the entity meanwhile, there is nothing below it.
///
/// A 404 below an entity that exists does not prove an empty list, and the entity may have come back in between, so it
/// is read again.
async fn below<F>(catalog: &Catalog, parent: &EntityPath, list: impl Fn() -> F) -> Result<Vec<Entity>, CatalogError>
where
    F: Future<Output = Result<Vec<Entity>, CatalogError>>,
{
    match list().await {
        Err(CatalogError::NotFound { .. }) if catalog.get(parent).await?.is_none() => Ok(Vec::new()),
        Err(CatalogError::NotFound { .. }) => list().await,
        other => other,
    }
}
