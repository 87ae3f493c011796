//! Deleting APIs: what is ours, right after a look at what is there. What people have put below an API stays, and the API
//! with it, without our marker.

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

/// APIs that are deleted side by side: enough to use up the delete budget at usual latencies.
const SIDE_BY_SIDE: usize = 8;

/// What came of the deletion of several APIs.
#[derive(Debug, Default)]
pub struct DeletedApis {
    /// How many are gone, or no longer ours.
    pub deleted: usize,
    /// How many there was no time for.
    pub remaining: usize,
    /// What the first of them waits for that a throttle holds up.
    pub wait: Option<Wait>,
    /// The APIs of ours that are still there, for whatever reason.
    pub left: Vec<EntityName>,
    /// Those that failed, and why.
    pub failed: Vec<(ApiProof, String)>,
    /// What is somebody else's and was left alone.
    pub conflicts: Vec<Conflict>,
    /// Why the first of those that failed did, or the first that had to wait for longer than there is time.
    pub problem: Option<Problem>,
}

/// What a deletion needs.
#[derive(Debug, Clone, Copy)]
pub struct Deleting<'a> {
    /// API Center.
    pub catalog: &'a Catalog,
    /// The integration.
    pub integration: &'a IntegrationName,
    /// The environment that holds it.
    pub environment: Option<&'a EntityName>,
    /// What asks the gateways, each of which has to say that it lacks its part of an API, and the gateway of what tells none;
    /// `None` when Amazon is not asked.
    pub gone_from: Option<(&'a Hands, &'a Gateway)>,
    /// The time that there is.
    pub budget: &'a Budget,
    /// Counts the APIs that are done, where the call is about nothing else.
    pub meter: Option<&'a Meter>,
}

/// Deletes APIs with all that is ours below them, as far as the budget allows.
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
    // Those in the row that ended the work are told of once, with its end.
    if catalog.refusal().is_some() {
        deleted.remaining += refused.len();
    } else {
        deleted.failed.append(&mut refused);
    }
    deleted.problem = deleted.problem.or(throttled);
    deleted
}

/// Asks Amazon once more whether an API is gone, right before it goes from the catalog.
///
/// # Errors
/// When it is there, or nobody knows.
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
        return Err(Interruption::NotGone(format!(
            "{}, whose marker has no id,",
            api.name
        )));
    }
    Ok(())
}

async fn delete_if_gone(deleting: Deleting<'_>, api: &ApiProof) -> Result<Vec<Conflict>, Interruption> {
    if let Some((hands, gateway)) = deleting.gone_from {
        ensure_gone(hands, gateway, api).await?;
    }
    delete_api(deleting, api).await
}

/// Deletes an API: deployments, definitions and versions first, because the service leaves them behind otherwise. Gives
/// what is not ours and stays.
///
/// The API is read once more before anything goes: between the listing and now somebody may have taken it over. Its
/// fingerprint goes first, so that an API that is back before all of it is gone is not taken for untouched.
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
        // Since it was made, the organisation may have come to require what nobody has given a value for. It goes without.
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

/// An environment that a deployment of somebody else's names stays when the integration goes, whoever made it.
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

/// The API of this name, if the integration owns it with these properties.
fn claim(integration: &IntegrationName, name: &EntityName, properties: &Properties) -> Option<OwnedApi> {
    let entity = Entity {
        name: name.clone(),
        properties: properties.clone(),
        etag: None,
        system_data: SystemData::default(),
    };
    OwnedApi::claim(integration, &entity)
}

/// Lists what is below an entity. Another run may delete the same at the same time: what is gone has nothing below it.
///
/// A list that is not found below an entity that is there says nothing of what would be on it; the entity may have come back
/// in between, so it is asked for once more.
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
