//! Paths in an API center: collections, entities and their actions.

/// The kinds of entity below an API center.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    MetadataSchema,
    Workspace,
    Environment,
    Api,
    Version,
    Definition,
    Deployment,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::MetadataSchema,
        Self::Workspace,
        Self::Environment,
        Self::Api,
        Self::Version,
        Self::Definition,
        Self::Deployment,
    ];

    /// The word for its collections in a path.
    pub fn word(self) -> &'static str {
        match self {
            Self::MetadataSchema => "metadataSchemas",
            Self::Workspace => "workspaces",
            Self::Environment => "environments",
            Self::Api => "apis",
            Self::Version => "versions",
            Self::Definition => "definitions",
            Self::Deployment => "deployments",
        }
    }

    /// The parent's kind; `None` for those directly below the API center.
    pub fn parent(self) -> Option<Self> {
        match self {
            Self::MetadataSchema | Self::Workspace => None,
            Self::Environment | Self::Api => Some(Self::Workspace),
            Self::Version | Self::Deployment => Some(Self::Api),
            Self::Definition => Some(Self::Version),
        }
    }

    /// The kinds from the API center down to this one.
    fn line(self) -> Vec<Self> {
        let mut line = self.parent().map(Self::line).unwrap_or_default();
        line.push(self);
        line
    }

    /// The resource type, as answers name it.
    pub fn type_name(self) -> String {
        let words = self.line().into_iter().map(Self::word);
        ["Microsoft.ApiCenter/services"]
            .into_iter()
            .chain(words)
            .collect::<Vec<_>>()
            .join("/")
    }

    fn below(parent: Option<Self>, word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.parent() == parent && kind.word().eq_ignore_ascii_case(word))
    }
}

/// All entities of one kind below one parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collection {
    pub kind: Kind,
    /// The names of its ancestors, outermost first.
    parents: Vec<String>,
}

impl Collection {
    pub fn metadata_schemas() -> Self {
        Self {
            kind: Kind::MetadataSchema,
            parents: Vec::new(),
        }
    }

    /// A collection directly below the default workspace.
    pub fn in_default_workspace(kind: Kind) -> Self {
        Self {
            kind,
            parents: vec!["default".to_owned()],
        }
    }

    /// Its parent entity, unless that is the API center itself.
    pub fn parent(&self) -> Option<Address> {
        let kind = self.kind.parent()?;
        let (name, parents) = self.parents.split_last()?;
        Some(Address {
            collection: Self {
                kind,
                parents: parents.to_vec(),
            },
            name: name.clone(),
        })
    }

    pub fn address(&self, name: &str) -> Address {
        Address {
            collection: self.clone(),
            name: name.to_owned(),
        }
    }

    /// The path below the API center, with names as written.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (index, kind) in self.kind.line().into_iter().enumerate() {
            path.push('/');
            path.push_str(kind.word());
            if let Some(name) = self.parents.get(index) {
                path.push('/');
                path.push_str(name);
            }
        }
        path
    }

    /// The identity of a collection: its path with names in lower case, since names ignore case.
    pub fn key(&self) -> String {
        let parents = self.parents.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self {
            kind: self.kind,
            parents,
        }
        .path()
    }
}

/// The address of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub collection: Collection,
    pub name: String,
}

impl Address {
    pub fn kind(&self) -> Kind {
        self.collection.kind
    }

    /// The path below the API center, names as they were written.
    pub fn path(&self) -> String {
        format!("{}/{}", self.collection.path(), self.name)
    }

    /// Whether the name is valid: `^[a-zA-Z0-9-]{3,90}$` (swagger 2024-03-01).
    pub fn has_valid_name(&self) -> bool {
        (3..=90).contains(&self.name.len())
            && self
                .name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }
}

/// The target of a path below an API center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The API center itself.
    Service,
    /// An action of the API center.
    ServiceAction(String),
    Collection(Collection),
    Entity(Address),
    /// An action of an entity.
    Action(Address, String),
    /// The result of an operation on an entity.
    OperationResult(Address, String),
}

impl Target {
    /// Parses the segments of a path below an API center; `None` if there is nothing.
    pub fn parse(segments: &[&str]) -> Option<Self> {
        let mut kind = None;
        let mut parents: Vec<String> = Vec::new();
        let mut rest = segments;
        while let [word, name, tail @ ..] = rest {
            let Some(next) = Kind::below(kind, word) else { break };
            kind = Some(next);
            parents.push((*name).to_owned());
            rest = tail;
        }
        if let [word] = rest
            && let Some(kind) = Kind::below(kind, word)
        {
            return Some(Self::Collection(Collection { kind, parents }));
        }
        let Some(kind) = kind else {
            return match rest {
                [] => Some(Self::Service),
                [action] => Some(Self::ServiceAction((*action).to_owned())),
                _ => None,
            };
        };
        let name = parents.pop()?;
        let address = Address {
            collection: Collection { kind, parents },
            name,
        };
        match rest {
            [] => Some(Self::Entity(address)),
            [action] => Some(Self::Action(address, (*action).to_owned())),
            [word, id] if word.eq_ignore_ascii_case("operationResults") => {
                Some(Self::OperationResult(address, (*id).to_owned()))
            }
            _ => None,
        }
    }

    /// Parses an entity's path as people write it: below the default workspace, or `metadataSchemas/NAME`.
    pub fn parse_short(path: &str) -> Option<Address> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let in_workspace = [&["workspaces", "default"], segments.as_slice()].concat();
        match (Self::parse(&segments), Self::parse(&in_workspace)) {
            (Some(Self::Entity(address)), _) | (_, Some(Self::Entity(address))) => Some(address),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> Option<Target> {
        Target::parse(
            &path
                .split('/')
                .filter(|segment| !segment.is_empty())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn every_kind_of_path_is_read() {
        assert_eq!(parse(""), Some(Target::Service));
        assert!(matches!(parse("exportMetadataSchema"), Some(Target::ServiceAction(_))));
        assert!(matches!(parse("workspaces/default/apis"), Some(Target::Collection(_))));
        assert!(matches!(parse("WORKSPACES/default/APIS/x"), Some(Target::Entity(_))));
        let definition = "workspaces/default/apis/a/versions/b/definitions/c";
        assert!(matches!(
            parse(&format!("{definition}/importSpecification")),
            Some(Target::Action(..))
        ));
        assert!(matches!(
            parse(&format!("{definition}/operationResults/1")),
            Some(Target::OperationResult(..))
        ));
        for path in ["apis/x", "workspaces/default/versions/x/y", "metadataSchemas/x/y/z"] {
            assert_eq!(parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_is_written_as_it_was_read() {
        let Some(address) = Target::parse_short("apis/A/versions/b") else {
            panic!("not an entity")
        };
        assert_eq!(address.path(), "/workspaces/default/apis/A/versions/b");
        assert_eq!(address.collection.key(), "/workspaces/default/apis/a/versions");
        assert_eq!(
            address.kind().type_name(),
            "Microsoft.ApiCenter/services/workspaces/apis/versions"
        );
    }
}
