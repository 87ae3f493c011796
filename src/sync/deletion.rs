//! Deleting: an API with all that is below it, a removed stage, and a whole integration.

use futures::{StreamExt, stream};

use crate::error_chain::error_chain;
use crate::limits::Budget;
use crate::model::marker::{REST_API_SCHEMA, metadata_path};
use crate::model::{
    ApiProof, Conflict, Entity, EntityName, EntityPath, IntegrationName, OwnedApi, Problem, Properties,
};
use crate::panics::panic_if_planted;
use crate::source::Gateway;
use crate::target::{Catalog, CatalogError};

use super::apply::{Interruption, Wait, claim, ensure_gone, guarded};

/// APIs that are deleted side by side: enough to use up the delete budget at usual latencies.
const SIDE_BY_SIDE: usize = 8;

/// What came of the deletion of several APIs.
#[derive(Debug, Default)]
pub(super) struct DeletedApis {
    pub deleted: usize,
    pub remaining: usize,
    /// What the first of them waits for that a throttle holds up.
    pub wait: Option<Wait>,
    /// The APIs of ours that are still there, for whatever reason.
    pub left: Vec<EntityName>,
    pub failed: Vec<(ApiProof, String)>,
    /// APIs that are somebody else's by now, and left alone.
    pub conflicts: Vec<Conflict>,
    /// Why the first of those that failed did, or the first that had to wait for longer than there is time.
    pub problem: Option<Problem>,
}

/// Deletes APIs with all that is below them, as far as the budget allows: those that a gateway, if one is given, says it
/// does not have.
pub(super) async fn delete_apis(
    catalog: &Catalog,
    integration: &IntegrationName,
    apis: Vec<ApiProof>,
    gone_from: Option<&Gateway>,
    budget: &Budget,
) -> DeletedApis {
    let mut results = stream::iter(apis.into_iter().enumerate())
        .map(|(index, api)| async move {
            // The first ones always begin, so that every run makes progress.
            let result = if catalog.refusal().is_some() {
                Err(Interruption::GivenUp)
            } else if index < SIDE_BY_SIDE || budget.may_begin() {
                guarded(delete_if_gone(catalog, integration, &api, gone_from, budget)).await
            } else {
                Err(Interruption::OutOfTime)
            };
            (result, api)
        })
        .buffer_unordered(SIDE_BY_SIDE);
    let (mut deleted, mut refused, mut throttled) = (DeletedApis::default(), Vec::new(), None);
    while let Some((result, api)) = results.next().await {
        let interruption = match result {
            Ok(()) => {
                deleted.deleted += 1;
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

async fn delete_if_gone(
    catalog: &Catalog,
    integration: &IntegrationName,
    api: &ApiProof,
    gone_from: Option<&Gateway>,
    budget: &Budget,
) -> Result<(), Interruption> {
    if let Some(gateway) = gone_from {
        ensure_gone(gateway, &api.rest_api_id).await?;
    }
    delete_api(catalog, integration, api, budget).await
}

/// Deletes an API: deployments, definitions and versions first, because the service leaves them behind otherwise.
///
/// The API is read once more before anything goes: between the listing and now somebody may have taken it over. Its
/// fingerprint goes first, so that an API that is back before all of it is gone is not taken for untouched.
async fn delete_api(
    catalog: &Catalog,
    integration: &IntegrationName,
    api: &ApiProof,
    budget: &Budget,
) -> Result<(), Interruption> {
    panic_if_planted("delete", api.rest_api_id.as_str());
    let in_time = || {
        if budget.is_spent() {
            Err(Interruption::OutOfTime)
        } else {
            Ok(())
        }
    };
    in_time()?;
    let fingerprint = metadata_path(REST_API_SCHEMA, "fingerprint");
    let unsettle = |found: &mut Properties| {
        let ours = claim(integration, &api.name, found);
        if ours.is_some_and(|api| !api.marker.versions.is_empty()) {
            fingerprint.set(found, None);
        }
    };
    let found = match catalog.update(api.owned(), unsettle).await {
        Err(CatalogError::NotFound { .. }) => return Ok(()),
        found => found?,
    };
    let Some(api) = OwnedApi::claim(integration, &found) else {
        return Err(Interruption::NotOurs(api.owned().path().clone()));
    };
    let path = api.owned().path();
    for deployment in below(catalog, path, || catalog.deployments(&api.name)).await? {
        in_time()?;
        delete_below(catalog, &api, EntityPath::Deployment(api.name.clone(), deployment.name)).await?;
    }
    for version in below(catalog, path, || catalog.versions(&api.name)).await? {
        let path = EntityPath::Version(api.name.clone(), version.name.clone());
        for definition in below(catalog, &path, || catalog.definitions(&api.name, &version.name)).await? {
            in_time()?;
            let path = EntityPath::Definition(api.name.clone(), version.name.clone(), definition.name);
            delete_below(catalog, &api, path).await?;
        }
        in_time()?;
        delete_below(catalog, &api, path).await?;
    }
    in_time()?;
    Ok(catalog.delete(api.owned()).await?)
}

async fn delete_below(catalog: &Catalog, api: &OwnedApi, path: EntityPath) -> Result<(), Interruption> {
    match api.everything_below(path) {
        Some(owned) => Ok(catalog.delete(&owned).await?),
        None => Ok(()),
    }
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
