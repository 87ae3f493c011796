//! What of ours below an API goes: the versions and deployments of stages that are no longer on the gateway.

use std::collections::BTreeSet;
use std::ops::AddAssign;

use super::below::Below;
use super::fields::Write;
use crate::catalog::OwnedApi;
use crate::catalog::marker::ApiState;
use crate::model::{Entity, EntityName};

/// How much there is of what is below APIs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Versions, with or without a deployment.
    pub versions: usize,
    /// Deployments.
    pub deployments: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.versions += other.versions;
        self.deployments += other.deployments;
    }
}

/// A version or deployment of ours that has no stage any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Removal {
    /// The name of the version and the deployment.
    pub name: EntityName,
    /// The deletions, in the order to make them.
    pub writes: Vec<Write>,
    /// What the guard counts of it.
    pub counted: Counts,
}

/// The removals below an API of everything that is ours and not in `kept`, in the order of names.
///
/// What is left over from an earlier API of this name is not counted while the API is `made` by this run: it never was a
/// stage of this one.
pub(super) fn plan_removals(api: &OwnedApi, below: &Below, kept: &BTreeSet<EntityName>, made: bool) -> Vec<Removal> {
    let versions = below.versions.iter().map(|version| &version.name);
    let deployments = below.deployments.iter().map(|deployment| &deployment.name);
    let names: BTreeSet<&EntityName> = versions.chain(deployments).collect();
    names
        .into_iter()
        .filter(|name| !kept.contains(*name))
        .filter_map(|name| plan_removal(api, below, name, made))
        .collect()
}

fn plan_removal(api: &OwnedApi, below: &Below, name: &EntityName, made: bool) -> Option<Removal> {
    const REASON: &str = "the stage is gone";
    let deployment = below
        .deployments
        .iter()
        .find(|deployment| deployment.name == *name)
        .and_then(|deployment| api.deployment(deployment));
    let version = below
        .versions
        .iter()
        .find(|version| version.name == *name)
        .and_then(|version| api.version(&version.name));
    let definitions = below.definitions.get(name).map(Vec::as_slice).unwrap_or_default();
    let is_ours = |found: &&Entity| api.marker.record.state == ApiState::Creating || found.name.is_definition();
    let (mut ours, others): (Vec<&Entity>, Vec<&Entity>) = definitions.iter().partition(is_ours);
    ours.sort_by_key(|found| &found.name);
    let counted = if made {
        Counts::default()
    } else {
        Counts {
            versions: usize::from(version.is_some()),
            deployments: usize::from(deployment.is_some()),
        }
    };
    let mut writes = Vec::new();
    writes.extend(deployment.map(|owned| Write::delete(owned, REASON)));
    if let Some(version) = version {
        let owned = ours.iter().filter_map(|found| api.definition(name, &found.name));
        writes.extend(owned.map(|owned| Write::delete(owned, REASON)));
        // A version that holds somebody's own definitions stays with them.
        if others.is_empty() {
            writes.push(Write::delete(version, REASON));
        }
    }
    (!writes.is_empty()).then(|| Removal {
        name: name.clone(),
        writes,
        counted,
    })
}
