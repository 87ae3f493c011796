//! Allots the room below an API to the members of a group.

use std::collections::{BTreeMap, BTreeSet};

use super::below::Below;
use crate::catalog::OwnedApi;
use crate::model::{DesiredApi, DesiredDeployment, Skip, SkipReason, SourceKey};

/// The number of deployments that each member may still create.
#[derive(Debug, Clone, Default)]
pub(super) struct Rooms {
    left: BTreeMap<SourceKey, usize>,
    out: BTreeSet<SourceKey>,
}

impl Rooms {
    /// Whether a member is left out entirely.
    pub fn is_out(&self, member: &SourceKey) -> bool {
        self.out.contains(member)
    }

    /// Takes one place of a member; returns whether it had one.
    pub fn take(&mut self, member: &SourceKey) -> bool {
        match self.left.get_mut(member) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            Some(_) | None => false,
        }
    }
}

/// Allots the free places below an API to its members in order. Existing deployments keep their places; a member
/// without any fits entirely or is left out, with a skip. An API that stands alone takes as much as fits.
pub(super) fn allot(
    desired: &DesiredApi,
    api: Option<&OwnedApi>,
    below: &Below,
    limit: usize,
) -> (Rooms, Vec<(SourceKey, Skip)>) {
    let mut free = limit.saturating_sub(below.deployments.len());
    let (mut rooms, mut out) = (Rooms::default(), Vec::new());
    for member in &desired.members {
        let versions = desired.versions.iter().flat_map(|version| &version.deployments);
        let stages: Vec<&DesiredDeployment> = versions.filter(|stage| stage.from == member.key).collect();
        let found = stages.iter().filter_map(|stage| below.deployment(&stage.name));
        let there = found.clone().count();
        let is_in = !desired.is_group
            || found
                .into_iter()
                .any(|found| api.is_some_and(|api| api.deployment(found).is_some()));
        let wanted = stages.len() - there;
        if is_in || wanted <= free {
            let given = wanted.min(free);
            free -= given;
            rooms.left.insert(member.key.clone(), given);
            continue;
        }
        let message = format!(
            "an API has at most {limit} deployments, which leaves no room for the {wanted} stages of {}",
            member.key
        );
        rooms.out.insert(member.key.clone());
        let skip = Skip {
            member: Some(member.key.to_string()),
            stage_name: None,
            reason: SkipReason::TooManyDeployments,
            message,
        };
        out.push((member.key.clone(), skip));
    }
    (rooms, out)
}
