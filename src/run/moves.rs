//! Reads what people wrote on APIs that move to another API of the catalog.

use std::collections::{BTreeMap, btree_map};

use crate::azure::{Catalog, CatalogError};
use crate::catalog::{FoldedApi, OwnedApi};
use crate::model::{EntityName, SourceKey};
use crate::plan::{Below, MoveProgress, Moves, Observed, Whole, lost};

/// The moves of a run, with what people wrote and what has not arrived yet. Unreadable means not arrived.
pub async fn read_moves(catalog: &Catalog, observed: &Observed) -> Moves {
    let mut moves = observed.moves();
    let mut read: BTreeMap<EntityName, (OwnedApi, Below)> = BTreeMap::new();
    let arrived = moves.iter().filter(|(_, moved)| moved.progress != MoveProgress::Under);
    let arrived: Vec<(EntityName, SourceKey, EntityName)> = arrived
        .map(|((from, member), moved)| (from.clone(), member.clone(), moved.to.clone()))
        .collect();
    for (from, member, to) in arrived {
        let both = async {
            look_into(catalog, observed, &from, &mut read).await?;
            look_into(catalog, observed, &to, &mut read).await
        };
        let is_read = both.await.is_ok();
        let members = observed.catalog.api(&from).map(|api| api.members.clone());
        let stays = |other: &SourceKey| {
            let its = moves.get(&(from.clone(), other.clone()));
            its.is_none_or(|its| its.progress == MoveProgress::Under)
        };
        let stay: Vec<SourceKey> = members.into_iter().flatten().filter(stays).collect();
        let progress = match (read.get(&from), read.get(&to)) {
            (Some(old), Some(new)) if is_read => MoveProgress::Arrived(lost(&member, &stay, whole(old), whole(new))),
            _ => MoveProgress::Under,
        };
        if let Some(moved) = moves.get_mut(&(from, member)) {
            moved.progress = progress;
        }
    }
    moves
}

fn whole((api, below): &(OwnedApi, Below)) -> Whole<'_> {
    Whole { api, below }
}

/// Reads an API of ours and what is below it, once.
async fn look_into(
    catalog: &Catalog,
    observed: &Observed,
    name: &EntityName,
    read: &mut BTreeMap<EntityName, (OwnedApi, Below)>,
) -> Result<(), CatalogError> {
    if let (btree_map::Entry::Vacant(entry), Some(api)) = (read.entry(name.clone()), observed.catalog.api(name)) {
        entry.insert((api.unfolded(), versions_and_deployments(catalog, api).await?));
    }
    Ok(())
}

/// The versions and deployments of an API.
///
/// # Errors
/// If they cannot be read.
pub async fn versions_and_deployments(catalog: &Catalog, api: &FoldedApi) -> Result<Below, CatalogError> {
    let name = &api.proof.name;
    let (versions, deployments) = tokio::try_join!(catalog.versions(name), catalog.deployments(name))?;
    Ok(Below {
        versions,
        deployments,
        ..Below::default()
    })
}
