//! Proofs of ownership: what a write must hold in its hands.
//!
//! Nothing is updated or deleted without an [`Owned`], nothing is created without a [`Vacant`], and only the checks
//! in this file make them.

use super::marker::{ApiMarker, ApiState, INTEGRATION_SCHEMA, StageMarker, text};
use super::{Entity, EntityName, EntityPath, IntegrationName, RestApiId, SystemData, stage_entity_name};

/// The path of an entity that may be written or deleted for the integration: as a rule, it carries the integration's
/// marker *and* the right name.
///
/// There are three others: an environment that the user named and that no other integration is in, what was created
/// just now, and what is below an API that goes as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owned(EntityPath);

impl Owned {
    /// Where the entity is.
    #[must_use]
    pub fn path(&self) -> &EntityPath {
        &self.0
    }

    /// The environment, if it holds the integration.
    #[must_use]
    pub fn environment(integration: &IntegrationName, environment: &Entity) -> Option<Self> {
        let holder = integration_of(environment)?;
        (holder == *integration).then(|| Self(EntityPath::Environment(environment.name.clone())))
    }

    /// An environment that the user named for an integration, if no other integration is in it.
    ///
    /// Only the marker may be written to it.
    #[must_use]
    pub fn named_environment(integration: &IntegrationName, environment: &Entity) -> Option<Self> {
        let free = environment
            .metadata(INTEGRATION_SCHEMA)
            .is_none_or(super::Properties::is_empty);
        if free {
            return Some(Self(EntityPath::Environment(environment.name.clone())));
        }
        Self::environment(integration, environment)
    }

    /// What a write has just made out of nothing.
    #[must_use]
    pub fn created(vacant: &Vacant) -> Self {
        Self(vacant.0.clone())
    }
}

/// The path of an entity that is not there, so that creating it overwrites nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vacant(EntityPath);

impl Vacant {
    /// The path, if nothing was found there.
    #[must_use]
    pub fn at<T>(path: EntityPath, found: Option<&T>) -> Option<Self> {
        found.is_none().then_some(Self(path))
    }

    /// Where the entity will be.
    #[must_use]
    pub fn path(&self) -> &EntityPath {
        &self.0
    }
}

/// An API that the integration owns, and what its marker says.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedApi {
    owned: Owned,
    /// The API's name.
    pub name: EntityName,
    /// The REST API it stands for.
    pub rest_api_id: RestApiId,
    /// Its marker.
    pub marker: ApiMarker,
    /// The entity as it was read.
    pub entity: Entity,
}

impl OwnedApi {
    /// The API, if it carries the integration's marker and the name that goes with the marker's REST API.
    #[must_use]
    pub fn claim(integration: &IntegrationName, api: &Entity) -> Option<Self> {
        let marker = ApiMarker::read(api)?;
        let holder = IntegrationName::parse(&marker.integration).ok()?;
        let rest_api_id = RestApiId::parse(&marker.rest_api_id).ok()?;
        let name = EntityName::of_api(integration, &rest_api_id).ok()?;
        (holder == *integration && name == api.name).then(|| Self {
            owned: Owned(EntityPath::Api(api.name.clone())),
            name: api.name.clone(),
            rest_api_id,
            marker,
            entity: api.clone(),
        })
    }

    /// The proof for the API itself.
    #[must_use]
    pub fn owned(&self) -> &Owned {
        &self.owned
    }

    /// What is left of it when nothing but that it is ours has to be remembered.
    #[must_use]
    pub fn proof(&self) -> ApiProof {
        ApiProof {
            owned: self.owned.clone(),
            name: self.name.clone(),
            rest_api_id: self.rest_api_id.clone(),
        }
    }

    /// The same in little memory.
    #[must_use]
    pub fn folded(self) -> FoldedApi {
        let proof = self.proof();
        // Writing JSON to memory cannot fail.
        let properties = serde_json::to_string(&self.entity.properties).unwrap_or_default();
        FoldedApi {
            proof,
            marker: self.marker,
            properties: properties.into_boxed_str(),
        }
    }

    /// The version, if the API's marker lists it, or nothing below the API can be anybody else's.
    #[must_use]
    pub fn version(&self, version: &EntityName) -> Option<Owned> {
        self.lists(version)
            .then(|| Owned(EntityPath::Version(self.name.clone(), version.clone())))
    }

    /// A definition of a version that is ours.
    #[must_use]
    pub fn definition(&self, version: &EntityName, definition: &EntityName) -> Option<Owned> {
        self.lists(version).then(|| {
            Owned(EntityPath::Definition(
                self.name.clone(),
                version.clone(),
                definition.clone(),
            ))
        })
    }

    /// The deployment, if it is listed or carries the marker of the stage that its name is made from.
    #[must_use]
    pub fn deployment(&self, deployment: &Entity) -> Option<Owned> {
        let marked = StageMarker::read(deployment)
            .is_some_and(|marker| stage_entity_name(&marker.stage_name) == deployment.name);
        (marked || self.lists(&deployment.name))
            .then(|| Owned(EntityPath::Deployment(self.name.clone(), deployment.name.clone())))
    }

    /// An entity below the API, when the API goes as a whole: then all that is below it goes, whoever made it.
    #[must_use]
    pub fn everything_below(&self, path: EntityPath) -> Option<Owned> {
        let below = match &path {
            EntityPath::Version(api, _) | EntityPath::Definition(api, _, _) | EntityPath::Deployment(api, _) => {
                *api == self.name
            }
            EntityPath::Api(_) | EntityPath::Environment(_) => false,
        };
        below.then_some(Owned(path))
    }

    fn lists(&self, name: &EntityName) -> bool {
        self.marker.state == ApiState::Creating || self.marker.versions.contains(name)
    }
}

/// That an API is ours, and which one it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiProof {
    owned: Owned,
    /// The API's name.
    pub name: EntityName,
    /// The REST API it stands for.
    pub rest_api_id: RestApiId,
}

impl ApiProof {
    /// The proof for the API itself.
    #[must_use]
    pub fn owned(&self) -> &Owned {
        &self.owned
    }
}

/// An API that the integration owns, its properties folded into a text: a run holds ten thousand of them.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldedApi {
    /// That it is ours.
    pub proof: ApiProof,
    /// Its marker.
    pub marker: ApiMarker,
    properties: Box<str>,
}

impl FoldedApi {
    /// The API as it was listed.
    #[must_use]
    pub fn unfolded(&self) -> OwnedApi {
        let proof = self.proof.clone();
        OwnedApi {
            entity: Entity {
                name: proof.name.clone(),
                // It was written from properties.
                properties: serde_json::from_str(&self.properties).unwrap_or_default(),
                etag: None,
                system_data: SystemData::default(),
            },
            owned: proof.owned,
            name: proof.name,
            rest_api_id: proof.rest_api_id,
            marker: self.marker.clone(),
        }
    }
}

/// The integration that an environment holds, if any.
#[must_use]
pub fn integration_of(environment: &Entity) -> Option<IntegrationName> {
    IntegrationName::parse(&text(environment.metadata(INTEGRATION_SCHEMA)?, "name")?).ok()
}
