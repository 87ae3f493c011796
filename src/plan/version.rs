//! The plan of one version: its own fields, and the stages of the members that have it.

use std::collections::BTreeSet;

use super::fields::Write;
use super::stage::{Base, Link, StagePlan, Turn};
use crate::catalog::Owned;
use crate::model::{Change, DesiredVersion, EntityName};

/// Definitions that a version can have (Azure subscription limits, API Center, 2024-11).
pub(super) const DEFINITIONS_PER_VERSION: usize = 5;

/// The plan of one version, as far as it can be told before the exports.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionPlan {
    /// The version as it has to be.
    pub desired: DesiredVersion,
    /// The version's write.
    pub version: Option<Write>,
    /// The stages of its members, in their order: the one whose definition every version has comes first.
    pub stages: Vec<StagePlan>,
    /// What is known of that definition where its member is unknown; `None` where that is the first of the stages.
    pub(super) unknown_base: Option<Base>,
    /// How many more definitions the version may have.
    pub(super) room: usize,
    /// The definitions of ours that members have for themselves, and whether they may go if no stage above names them.
    pub(super) own: Vec<OwnDefinition>,
}

/// A definition that a member of a group has for itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnDefinition {
    pub name: EntityName,
    pub owned: Owned,
    /// Whether a deployment of somebody else's or of another member names it.
    pub is_named: bool,
}

impl VersionPlan {
    /// Whether the version is missing.
    #[must_use]
    pub fn makes_version(&self) -> bool {
        matches!(self.version, Some(Write::Create(..)))
    }

    /// What the members are compared with, as far as is known before the exports.
    pub(super) fn base(&self) -> Base {
        if let Some(base) = &self.unknown_base {
            return base.clone();
        }
        let nothing = Base {
            is_known: false,
            digest: None,
            room: self.room,
        };
        match self.stages.first() {
            Some(first) if !first.needs_export() => first.finish(None, &nothing).base(self.room),
            Some(_) | None => nothing,
        }
    }

    /// Whether the text of a stage's definition may be replaced, so that nobody vouches for it meanwhile.
    pub(super) fn may_export(&self, stage: &StagePlan) -> bool {
        let base = self.base();
        let waits = !stage.seat.leads && self.unknown_base.is_none() && !base.is_known;
        waits || matches!(stage.turn(&base), Turn::Export)
    }

    /// The definitions that go once the stages have these links: nothing names them any more.
    pub(super) fn spare(&self, links: &[Link]) -> Vec<&OwnDefinition> {
        let stages = self.stages.iter().zip(links);
        let used: BTreeSet<EntityName> = stages
            .filter(|(stage, link)| matches!(link, Link::Own | Link::AsItIs) || stage.removes_definition())
            .map(|(stage, _)| stage.seat.definition_name())
            .collect();
        let own = self.own.iter();
        own.filter(|own| !own.is_named && !used.contains(&own.name)).collect()
    }

    /// The links of the stages, as far as they are known before the exports.
    fn expected_links(&self) -> Vec<Link> {
        let base = self.base();
        let expected = |stage: &StagePlan| match stage.turn(&base) {
            Turn::Export => Link::AsItIs,
            Turn::Write(writes) => writes.link,
        };
        self.stages.iter().map(expected).collect()
    }

    /// Whether anything of the version is to be written, as far as can be told before the exports.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let base = self.base();
        self.version.is_some()
            || self.stages.iter().any(|stage| stage.has_changes(&base))
            || !self.spare(&self.expected_links()).is_empty()
    }

    /// The changes for people to see before any export.
    #[must_use]
    pub fn preview(&self) -> Vec<Change> {
        let base = self.base();
        let mut changes: Vec<Change> = self.version.iter().map(|write| write.change().clone()).collect();
        changes.extend(self.stages.iter().flat_map(|stage| stage.preview(&base)));
        let spare = self.spare(&self.expected_links());
        changes.extend(spare.into_iter().map(|own| own.removal().change().clone()));
        changes
    }
}

impl OwnDefinition {
    /// Its removal: it is nobody's, so the guard does not count it.
    pub(super) fn removal(&self) -> Write {
        Write::delete(self.owned.clone(), "no deployment refers to it any more")
    }
}
