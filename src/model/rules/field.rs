//! The fields that rules may set.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::{EntityKind, EntityName, FieldPath};

/// The organisation's own metadata on an entity.
const CUSTOM: &str = "customProperties";
/// The fields, except the organisation's metadata (swagger of `Microsoft.ApiCenter` 2024-03-01). An API's kind, a
/// deployment's URLs and its definition always belong to the source.
const FIELDS: [(EntityKind, &str); 13] = [
    (EntityKind::Api, "title"),
    (EntityKind::Api, "description"),
    (EntityKind::Api, "summary"),
    (EntityKind::Api, "termsOfService"),
    (EntityKind::Api, "license"),
    (EntityKind::Api, "contacts"),
    (EntityKind::Api, "externalDocumentation"),
    (EntityKind::Version, "title"),
    (EntityKind::Version, "lifecycleStage"),
    (EntityKind::Deployment, "title"),
    (EntityKind::Deployment, "description"),
    (EntityKind::Deployment, "state"),
    (EntityKind::Deployment, "environmentId"),
];

/// A text that is not a field that rules may set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a field that a rule can set; expected one of {}", known())]
pub struct UnknownField;

/// A field of an API, a version or a deployment that rules may set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MappedField {
    kind: EntityKind,
    path: FieldPath,
    /// The name of the organisation's metadata, if it is that.
    metadata: Option<String>,
}

impl MappedField {
    /// Parses a field such as `api.summary` or `deployment.customProperties.tier`.
    ///
    /// # Errors
    /// If rules cannot set it.
    pub fn parse(text: &str) -> Result<Self, UnknownField> {
        let (entity, rest) = text.split_once('.').ok_or(UnknownField)?;
        if let Some(&(kind, name)) = FIELDS
            .iter()
            .find(|(kind, name)| word(*kind) == entity && *name == rest)
        {
            return Ok(Self::own(kind, name));
        }
        let kinds = [EntityKind::Api, EntityKind::Deployment];
        let kind = kinds.into_iter().find(|kind| word(*kind) == entity);
        match (kind, rest.split_once('.')) {
            (Some(kind), Some((CUSTOM, name))) if EntityName::parse(name).is_ok() => Ok(Self::custom(kind, name)),
            (_, _) => Err(UnknownField),
        }
    }

    /// A field of API Center's own.
    pub(in crate::model) fn own(kind: EntityKind, name: &str) -> Self {
        Self {
            kind,
            path: FieldPath::new(&[name]),
            metadata: None,
        }
    }

    /// The organisation's metadata of this name.
    #[must_use]
    pub fn custom(kind: EntityKind, name: &str) -> Self {
        Self {
            kind,
            path: FieldPath::new(&[CUSTOM, name]),
            metadata: Some(name.to_owned()),
        }
    }

    /// The kind of its entity.
    #[must_use]
    pub fn kind(&self) -> EntityKind {
        self.kind
    }

    /// Its path in the entity's properties.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// The name of the organisation's metadata, if it is that.
    #[must_use]
    pub fn metadata(&self) -> Option<&str> {
        self.metadata.as_deref()
    }

    /// The environment of a deployment.
    #[must_use]
    pub fn environment() -> Self {
        Self::own(EntityKind::Deployment, "environmentId")
    }

    /// Whether it is the environment of a deployment.
    #[must_use]
    pub fn is_environment(&self) -> bool {
        *self == Self::environment()
    }
}

impl fmt::Display for MappedField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", word(self.kind), self.path)
    }
}

impl Serialize for MappedField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Environment => "environment",
        EntityKind::Api => "api",
        EntityKind::Version => "version",
        EntityKind::Definition => "definition",
        EntityKind::Deployment => "deployment",
    }
}

fn known() -> String {
    let custom = [EntityKind::Api, EntityKind::Deployment].map(|kind| format!("{}.{CUSTOM}.NAME", word(kind)));
    let own = FIELDS.iter().map(|(kind, name)| format!("{}.{name}", word(*kind)));
    own.chain(custom).collect::<Vec<String>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_written_as_it_is_read() {
        let own = FIELDS.map(|(kind, name)| format!("{}.{name}", word(kind)));
        let custom = ["api.customProperties.team", "deployment.customProperties.cost-centre"].map(str::to_owned);
        for text in own.into_iter().chain(custom) {
            assert_eq!(MappedField::parse(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_the_source_s_or_unknown_cannot_be_filled() {
        for text in [
            "",
            "api",
            "api.",
            "api.kind",
            "api.lifecycleStage",
            "api.Summary",
            "api.customProperties",
            "api.customProperties.",
            "api.customProperties.a.b",
            "api.customProperties.ab",
            "version.customProperties.team",
            "environment.title",
            "environment.customProperties.team",
            "definition.title",
            "deployment.server.runtimeUri",
            "deployment.definitionId",
        ] {
            let error = MappedField::parse(text).unwrap_err().to_string();
            assert!(error.contains("api.customProperties.NAME"), "{text}: {error}");
        }
    }
}
