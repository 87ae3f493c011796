//! The words of this system as types: parsed once at the edge, right from then on.

mod authentication;
mod change;
mod desired;
mod digest;
pub mod document;
mod entity;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod integration;
pub mod marker;
mod names;
mod ownership;
mod problem;
mod region;
mod report;
mod resource_id;
mod rest_api;
mod role;
mod schedule;
mod secret;
mod secret_identifier;
mod text;

pub use authentication::{AccessKeySecrets, AuthenticationParts, AwsAuthentication, IncompleteAuthentication};
pub use change::{Action, Change, FieldChange, FieldPath};
pub use desired::{DesiredApi, DesiredDefinition, DesiredStage};
pub use digest::{digest, hex};
pub use entity::{Entity, EntityKind, EntityPath, Properties, SystemData};
pub use integration::{DefaultCustomProperties, ImportSpecification, Integration, IntegrationState, LifecycleStage};
pub use names::{EntityName, IntegrationName, InvalidName, RestApiId, stage_entity_name};
pub use ownership::{ApiProof, FoldedApi, Owned, OwnedApi, Vacant, integration_of};
pub use problem::{ErrorCode, Problem, whole_seconds};
pub use region::{Region, UnknownRegion};
pub use report::{Conflict, Failure, Outcome, PastRun, Report, Requests, Skip, SkipReason, Totals};
pub use resource_id::{ApiCenterId, InvalidApiCenterId};
pub use rest_api::{DEFINITION_MAX_BYTES, Document, Export, RestApi, Stage};
pub use role::{ExternalId, InvalidExternalId, InvalidRoleArn, RoleArn};
pub use schedule::schedule_fault;
pub use secret::Secret;
pub use secret_identifier::{InvalidSecretIdentifier, SecretIdentifier, VaultHosts, vault_host};
pub use text::{clip, is_blank, one_line, some_lines};
