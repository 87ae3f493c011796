//! Where what stands for a member's stage is below an API.

use super::below::Below;
use crate::model::{Entity, EntityName, EntityPath, Format, SourceKey};

/// Where what stands for a member's stage is below an API.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seat {
    /// The integration's name.
    pub integration: String,
    /// The API.
    pub api: EntityName,
    /// The version.
    pub version: EntityName,
    /// The stage's own name.
    pub stage_name: String,
    /// The format of its definition.
    pub format: Format,
    /// The member.
    pub member: SourceKey,
    /// Whether the API is a group.
    pub is_grouped: bool,
    /// Whether the definition that every version has is this member's.
    pub leads: bool,
}

impl Seat {
    /// The name of the definition: the one that every version has, or the member's own.
    pub fn definition_name(&self) -> EntityName {
        let base = EntityName::definition(self.format);
        if self.leads { base } else { base.of_member(&self.member) }
    }

    /// Where the definition is.
    pub fn definition_path(&self) -> EntityPath {
        EntityPath::Definition(self.api.clone(), self.version.clone(), self.definition_name())
    }

    /// Where the definition is that every version has.
    pub fn base_path(&self) -> EntityPath {
        let base = EntityName::definition(self.format);
        EntityPath::Definition(self.api.clone(), self.version.clone(), base)
    }

    /// The member, where a skip has to say which it is about.
    pub fn member(&self) -> Option<String> {
        self.is_grouped.then(|| self.member.to_string())
    }
}

/// The definition that a group's member has for itself in a version, if it is there.
pub(super) fn own_definition_of<'a>(below: &'a Below, version: &EntityName, member: &SourceKey) -> Option<&'a Entity> {
    let mut definitions = below.definitions.get(version)?.iter();
    definitions.find(|found| {
        let base = found.name.without_member(member);
        base.is_some_and(|base| base.is_definition())
    })
}
