//! Proofs of ownership, which every write needs.
//!
//! Updates and deletions take an [`Owned`], creations a [`Vacant`]; only the checks in this file make them.

use super::marker::{ApiMarker, ApiState, StageMarker, metadata_path, text};
use crate::model::{
    API_SCHEMA, Entity, EntityName, EntityPath, FieldPath, INTEGRATION_SCHEMA, IntegrationName, Origin, Properties,
    SourceKey, SystemData,
};

/// The path of an entity that the integration may write or delete. Normally, the entity carries the integration's marker
/// *and* the name recorded in the marker.
///
/// There are four exceptions: an environment that the user named and no other integration uses, an entity created just
/// now, an API without a marker that has deployments of ours, and everything below an API that is deleted as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owned(EntityPath);

impl Owned {
    /// The entity's path.
    #[must_use]
    pub fn path(&self) -> &EntityPath {
        &self.0
    }

    /// The environment, if it stores the integration.
    #[must_use]
    pub fn environment(integration: &IntegrationName, environment: &Entity) -> Option<Self> {
        let holder = integration_of(environment)?;
        (holder == *integration).then(|| Self(EntityPath::Environment(environment.name.clone())))
    }

    /// An environment that the user named for an integration, or that has its name, if no other integration is stored in it.
    ///
    /// Only the marker may be written to it.
    #[must_use]
    pub fn named_environment(integration: &IntegrationName, environment: &Entity) -> Option<Self> {
        let free = environment
            .metadata(INTEGRATION_SCHEMA)
            .is_none_or(Properties::is_empty);
        if free {
            return Some(Self(EntityPath::Environment(environment.name.clone())));
        }
        Self::environment(integration, environment)
    }

    /// An entity that a write has just created.
    #[must_use]
    pub fn created(vacant: &Vacant) -> Self {
        Self(vacant.0.clone())
    }
}

/// The path of an entity that does not exist, so creating it overwrites nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vacant(EntityPath);

impl Vacant {
    /// The path, if nothing was found there.
    #[must_use]
    pub fn at<T>(path: EntityPath, found: Option<&T>) -> Option<Self> {
        found.is_none().then_some(Self(path))
    }

    /// The path of the new entity.
    #[must_use]
    pub fn path(&self) -> &EntityPath {
        &self.0
    }
}

/// An API that the integration owns, with its marker.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedApi {
    owned: Owned,
    /// The API's name.
    pub name: EntityName,
    /// Its marker.
    pub marker: ApiMarker,
    /// The entity as it was read.
    pub entity: Entity,
}

impl OwnedApi {
    /// The API, if it carries the integration's marker and the marker was not copied from another entity.
    #[must_use]
    pub fn claim(integration: &IntegrationName, api: &Entity) -> Option<Self> {
        let marker = ApiMarker::read(api)?;
        let holder = IntegrationName::parse(&marker.integration).ok()?;
        (holder == *integration).then(|| Self::of(api, marker))
    }

    /// The API, if it has no marker but one of its deployments has one that names it and the integration: another tool
    /// replaced all custom properties of the API.
    #[must_use]
    pub fn reclaim(integration: &IntegrationName, api: &Entity, deployments: &[Entity]) -> Option<Self> {
        if ApiMarker::read(api).is_some() {
            return None;
        }
        let mut marker = ApiMarker::new(integration.to_string(), &api.name);
        for deployment in deployments.iter().filter_map(StageMarker::read) {
            if is_of(&deployment, integration, &api.name) {
                marker.members.push(deployment.from);
                marker.record.deployments.insert(deployment.name);
                marker.versions.insert(deployment.version);
            }
        }
        reclaim_definitions(&mut marker, deployments);
        marker.members.sort();
        marker.members.dedup();
        (!marker.members.is_empty()).then(|| Self::of(api, marker))
    }

    fn of(api: &Entity, marker: ApiMarker) -> Self {
        Self {
            owned: Owned(EntityPath::Api(api.name.clone())),
            name: api.name.clone(),
            marker,
            entity: api.clone(),
        }
    }

    /// The proof for the API itself.
    #[must_use]
    pub fn owned(&self) -> &Owned {
        &self.owned
    }

    /// The proof of ownership without the API's contents.
    #[must_use]
    pub fn proof(&self) -> ApiProof {
        ApiProof {
            owned: self.owned.clone(),
            name: self.name.clone(),
            origins: self.marker.origins(&self.name),
        }
    }

    /// The same in less memory.
    #[must_use]
    pub fn folded(self) -> FoldedApi {
        let proof = self.proof();
        // Writing JSON to memory cannot fail.
        let properties = serde_json::to_string(&self.entity.properties).unwrap_or_default();
        FoldedApi {
            proof,
            members: self.marker.members.clone(),
            reclaimed: ApiMarker::read(&self.entity).is_none().then(|| Box::new(self.marker)),
            properties: properties.into_boxed_str(),
        }
    }

    /// The version, if the API's marker lists it or everything below the API is ours.
    #[must_use]
    pub fn version(&self, version: &EntityName) -> Option<Owned> {
        (self.owns_all() || self.marker.versions.contains(version))
            .then(|| Owned(EntityPath::Version(self.name.clone(), version.clone())))
    }

    /// A definition of a version that is ours.
    #[must_use]
    pub fn definition(&self, version: &EntityName, definition: &EntityName) -> Option<Owned> {
        let path = EntityPath::Definition(self.name.clone(), version.clone(), definition.clone());
        self.version(version).map(|_| Owned(path))
    }

    /// A definition of a version, if it is ours: the one that every version has, one listed in the record, or any if
    /// everything below the API is ours.
    #[must_use]
    pub fn own_definition(&self, version: &EntityName, definition: &EntityName) -> Option<Owned> {
        let listed = self.marker.record.own_definitions.get(version);
        let is_ours =
            self.owns_all() || definition.is_definition() || listed.is_some_and(|listed| listed.contains(definition));
        self.definition(version, definition).filter(|_| is_ours)
    }

    /// The deployment, if the API's record lists it, or its own marker names it, the API and the integration.
    #[must_use]
    pub fn deployment(&self, deployment: &Entity) -> Option<Owned> {
        let listed = self.owns_all() || self.marker.record.deployments.contains(&deployment.name);
        let marked = || {
            let integration = IntegrationName::parse(&self.marker.integration).ok()?;
            let marker = StageMarker::read(deployment)?;
            is_of(&marker, &integration, &self.name).then_some(())
        };
        (listed || marked().is_some())
            .then(|| Owned(EntityPath::Deployment(self.name.clone(), deployment.name.clone())))
    }

    /// The property that holds an API's record.
    #[must_use]
    pub fn record_path() -> FieldPath {
        metadata_path(API_SCHEMA, "record")
    }

    fn owns_all(&self) -> bool {
        self.marker.record.state == ApiState::Creating
    }
}

/// Claims the members' own definitions, which their deployments name.
fn reclaim_definitions(marker: &mut ApiMarker, deployments: &[Entity]) {
    let ours = deployments
        .iter()
        .filter(|deployment| marker.record.deployments.contains(&deployment.name));
    for deployment in ours {
        let named = deployment.text("definitionId").and_then(|id| id.rsplit('/').next());
        let (Some(stage), Some(definition)) = (
            StageMarker::read(deployment),
            named.and_then(|name| EntityName::parse(name).ok()),
        ) else {
            continue;
        };
        if definition
            .without_member(&stage.from)
            .is_some_and(|name| name.is_definition())
        {
            let own = marker.record.own_definitions.entry(stage.version).or_default();
            own.insert(definition);
        }
    }
}

fn is_of(marker: &StageMarker, integration: &IntegrationName, api: &EntityName) -> bool {
    marker.api == *api && IntegrationName::parse(&marker.integration).is_ok_and(|holder| holder == *integration)
}

/// Proof that an API is ours, with its members.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiProof {
    owned: Owned,
    /// The API's name.
    pub name: EntityName,
    /// Its members.
    pub origins: Vec<Origin>,
}

impl ApiProof {
    /// The proof for the API itself.
    #[must_use]
    pub fn owned(&self) -> &Owned {
        &self.owned
    }

    /// Its id for reports, if the title is unknown.
    #[must_use]
    pub fn api_id(&self) -> String {
        let first = self.origins.first();
        first.map_or_else(|| self.name.to_string(), |origin| origin.api_id.to_string())
    }
}

/// An API that the integration owns, with its properties as text to save memory: a run holds ten thousand of them.
#[derive(Debug, PartialEq)]
pub struct FoldedApi {
    /// The proof of ownership.
    pub proof: ApiProof,
    /// Its members, in order.
    pub members: Vec<SourceKey>,
    /// The marker rebuilt for an API that lost its own.
    reclaimed: Option<Box<ApiMarker>>,
    properties: Box<str>,
}

impl FoldedApi {
    /// The API as it was listed.
    #[must_use]
    pub fn unfolded(&self) -> OwnedApi {
        let name = &self.proof.name;
        let entity = Entity {
            name: name.clone(),
            // It was written from properties.
            properties: serde_json::from_str(&self.properties).unwrap_or_default(),
            etag: None,
            system_data: SystemData::default(),
        };
        let marker = match &self.reclaimed {
            Some(marker) => Some(ApiMarker::clone(marker)),
            None => ApiMarker::read(&entity),
        };
        OwnedApi {
            owned: self.proof.owned.clone(),
            name: name.clone(),
            // It was read from these properties before.
            marker: marker.unwrap_or_else(|| ApiMarker::new(String::new(), name)),
            entity,
        }
    }

    /// Its marker.
    #[must_use]
    pub fn marker(&self) -> ApiMarker {
        self.unfolded().marker
    }
}

/// The integration stored in an environment, if any.
#[must_use]
pub fn integration_of(environment: &Entity) -> Option<IntegrationName> {
    IntegrationName::parse(text(environment.metadata(INTEGRATION_SCHEMA)?, "name")?).ok()
}
