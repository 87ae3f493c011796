//! The plan of one version: its own fields, and its members' stages.

use std::collections::BTreeSet;

use super::fields::Write;
use super::stage::{Base, Link, StagePlan, Turn};
use crate::catalog::Owned;
use crate::model::{Change, DesiredVersion, EntityName};

/// Definitions per version (Azure subscription limits, API Center, 2024-11).
pub(super) const DEFINITIONS_PER_VERSION: usize = 5;

/// The plan of one version, as far as is known before the exports.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionPlan {
    /// The desired version.
    pub desired: DesiredVersion,
    /// The version's write.
    pub version: Option<Write>,
    /// The stages of its members in order: the one whose definition is the version's comes first.
    pub stages: Vec<StagePlan>,
    /// What is known of that definition if its member is unknown; `None` if it is the first stage's.
    pub(super) unknown_base: Option<Base>,
    /// The number of further definitions that fit.
    pub(super) room: usize,
    /// Our definitions of single members; each is deleted if unused by the stages above and not named otherwise.
    pub(super) own: Vec<OwnDefinition>,
}

/// A group member's own definition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnDefinition {
    pub name: EntityName,
    pub owned: Owned,
    /// Whether somebody else's or another member's deployment refers to it.
    pub is_named: bool,
}

impl VersionPlan {
    /// Whether the version is missing.
    #[must_use]
    pub fn makes_version(&self) -> bool {
        matches!(self.version, Some(Write::Create(..)))
    }

    /// The definition to compare with, as far as is known before the exports.
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

    /// Whether a stage's definition may be replaced, so that its record must go first.
    pub(super) fn may_export(&self, stage: &StagePlan) -> bool {
        let base = self.base();
        let waits = !stage.seat.leads && self.unknown_base.is_none() && !base.is_known;
        waits || matches!(stage.turn(&base), Turn::Export)
    }

    /// The definitions that these links leave unused.
    pub(super) fn spare(&self, links: &[Link]) -> Vec<&OwnDefinition> {
        let stages = self.stages.iter().zip(links);
        let used: BTreeSet<EntityName> = stages
            .filter(|(stage, link)| matches!(link, Link::Own | Link::AsItIs) || stage.removes_definition())
            .map(|(stage, _)| stage.seat.definition_name())
            .collect();
        let own = self.own.iter();
        own.filter(|own| !own.is_named && !used.contains(&own.name)).collect()
    }

    /// The links of the stages, as far as is known before the exports.
    fn expected_links(&self) -> Vec<Link> {
        let base = self.base();
        let expected = |stage: &StagePlan| match stage.turn(&base) {
            Turn::Export => Link::AsItIs,
            Turn::Write(writes) => writes.link,
        };
        self.stages.iter().map(expected).collect()
    }

    /// Whether anything of the version is written, as far as is known before the exports.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let base = self.base();
        self.version.is_some()
            || self.stages.iter().any(|stage| stage.has_changes(&base))
            || !self.spare(&self.expected_links()).is_empty()
    }

    /// The changes to show before any export.
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
    /// Its removal: nobody's loss, so the guard does not count it.
    pub(super) fn removal(&self) -> Write {
        Write::delete(self.owned.clone(), "no deployment refers to it any more")
    }
}
