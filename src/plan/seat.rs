//! The seat of a member's stage: its place below an API.

use super::below::Below;
use crate::model::{Entity, EntityName, EntityPath, Format, SourceKey};

/// The place of a member's stage below an API.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seat {
    /// The integration's name.
    pub integration: String,
    /// The API.
    pub api: EntityName,
    /// The version.
    pub version: EntityName,
    /// The stage's name in AWS.
    pub stage_name: String,
    /// The format of its definition.
    pub format: Format,
    /// The member.
    pub member: SourceKey,
    /// Whether the API is a group.
    pub is_grouped: bool,
    /// Whether the version's definition is this member's.
    pub leads: bool,
}

impl Seat {
    /// The name of the definition: the version's, or the member's own.
    pub fn definition_name(&self) -> EntityName {
        let base = EntityName::definition(self.format);
        if self.leads { base } else { base.of_member(&self.member) }
    }

    /// The path of the definition.
    pub fn definition_path(&self) -> EntityPath {
        EntityPath::Definition(self.api.clone(), self.version.clone(), self.definition_name())
    }

    /// The path of the version's definition.
    pub fn base_path(&self) -> EntityPath {
        let base = EntityName::definition(self.format);
        EntityPath::Definition(self.api.clone(), self.version.clone(), base)
    }

    /// The member, if a skip must name it.
    pub fn member(&self) -> Option<String> {
        self.is_grouped.then(|| self.member.to_string())
    }
}

/// A group member's own definition in a version, if it exists.
pub(super) fn own_definition_of<'a>(below: &'a Below, version: &EntityName, member: &SourceKey) -> Option<&'a Entity> {
    let mut definitions = below.definitions.get(version)?.iter();
    definitions.find(|found| {
        let base = found.name.without_member(member);
        base.is_some_and(|base| base.is_definition())
    })
}
