//! The survey: from the two complete lists to what is new, what is ours, and what is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::api::listed_fields;
use super::deletions::Counts;
use super::fields::Write;
use crate::model::{
    Conflict, DesiredApi, Entity, EntityName, EntityPath, FoldedApi, Integration, IntegrationName, OwnedApi,
    Properties, Skip, SkipReason, Vacant,
};

/// What the API center's plan has room for (Azure subscription limits, API Center, 2024-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogLimits {
    /// APIs in the service.
    pub apis: usize,
    /// Versions of an API.
    pub versions_per_api: usize,
    /// Deployments of an API.
    pub deployments_per_api: usize,
}

/// The metadata that an organisation requires on the entities that are made here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequiredMetadata {
    /// On APIs.
    pub api: BTreeSet<String>,
    /// On environments.
    pub environment: BTreeSet<String>,
    /// On deployments.
    pub deployment: BTreeSet<String>,
}

impl RequiredMetadata {
    /// The required names that these values lack.
    #[must_use]
    pub fn missing(required: &BTreeSet<String>, values: &Properties) -> Vec<String> {
        required
            .iter()
            .filter(|name| values.get(*name).is_none_or(Value::is_null))
            .cloned()
            .collect()
    }
}

/// The catalog's APIs, as far as a survey needs them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CatalogApis {
    owned: BTreeMap<EntityName, FoldedApi>,
    others: BTreeSet<EntityName>,
}

impl CatalogApis {
    /// Adds an API as the catalog lists it; of several with one name, the first counts.
    pub fn add(&mut self, integration: &IntegrationName, api: &Entity) {
        if self.owned.contains_key(&api.name) || self.others.contains(&api.name) {
            return;
        }
        match OwnedApi::claim(integration, api) {
            Some(owned) => {
                self.owned.insert(api.name.clone(), owned.folded());
            }
            None => {
                self.others.insert(api.name.clone());
            }
        }
    }
}

/// What a survey looks at beside the catalog's APIs.
#[derive(Debug, Clone, Copy)]
pub struct SurveyInput<'a> {
    /// The integration.
    pub integration: &'a Integration,
    /// The gateway's APIs, all of them.
    pub desired: &'a [DesiredApi],
    /// What the catalog has room for.
    pub limits: CatalogLimits,
    /// What the organisation requires.
    pub required: &'a RequiredMetadata,
    /// The first of the unchanged APIs to look at: where the last run stopped.
    pub resume_at: Option<&'a EntityName>,
    /// APIs that an earlier run did not get right although nothing seemed to be wrong with them.
    pub again: &'a BTreeSet<EntityName>,
}

/// An API to bring in line.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// The catalog lacks it.
    New(DesiredApi, Vacant),
    /// It is there and ours; `differs` when its listed fields are not as they shall be.
    Existing {
        /// As it shall be.
        desired: DesiredApi,
        /// As it is.
        current: Box<FoldedApi>,
        /// Whether the fields that lists show differ.
        differs: bool,
    },
}

impl Task {
    /// The API as it shall be.
    #[must_use]
    pub fn desired(&self) -> &DesiredApi {
        match self {
            Self::New(desired, _) | Self::Existing { desired, .. } => desired,
        }
    }

    /// What was ours below it when the catalog was listed, as its marker tells.
    #[must_use]
    pub fn owned_below(&self) -> Counts {
        match self {
            Self::New(..) => Counts::default(),
            Self::Existing { current, .. } => {
                let versions = current.marker.versions.len();
                Counts {
                    versions,
                    deployments: versions.saturating_sub(current.marker.undeployed.len()),
                }
            }
        }
    }
}

/// The outcome of a survey.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Survey {
    /// What to bring in line, in the order to do it: new, differing or to be looked at again, then the rest from where the
    /// last run stopped.
    pub tasks: Vec<Task>,
    /// How many of the last of these an earlier call of the same pass has looked at already.
    pub carried: usize,
    /// What is ours and no longer on the gateway.
    pub gone: Vec<FoldedApi>,
    /// How many APIs are ours.
    pub owned: usize,
    /// What stays out of the catalog.
    pub skips: Vec<Skip>,
    /// What is in the way and not ours.
    pub conflicts: Vec<Conflict>,
}

/// Compares the two lists.
#[must_use]
pub fn survey(input: &SurveyInput<'_>, catalog: CatalogApis) -> Survey {
    let CatalogApis { mut owned, others } = catalog;
    let mut survey = Survey {
        owned: owned.len(),
        ..Survey::default()
    };
    let mut room = input.limits.apis.saturating_sub(owned.len() + others.len());
    let missing = RequiredMetadata::missing(&input.required.api, &input.integration.default_custom_properties.api);
    let (mut new, mut differing, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();

    let mut desired: Vec<&DesiredApi> = input.desired.iter().collect();
    desired.sort_by(|one, other| (&one.name, &one.rest_api_id).cmp(&(&other.name, &other.rest_api_id)));
    for api in desired {
        if !seen.insert(api.name.clone()) {
            let message = format!("another REST API has the same entity name {}", api.name);
            survey.skips.push(skip(api, SkipReason::NameCollision, message));
        } else if let Some(current) = owned.remove(&api.name) {
            let path = EntityPath::Api(api.name.clone());
            let listed = current.unfolded();
            let differs = Write::update(
                listed.owned().clone(),
                &listed.entity.properties,
                listed_fields(api, Some(&listed.entity)),
                path.to_string(),
            )
            .is_some();
            let unfinished = current.marker.fingerprint.is_none();
            let task = Task::Existing {
                desired: api.clone(),
                current: Box::new(current),
                differs,
            };
            // What an earlier run did not finish, or failed with, comes before what it may have found right.
            if differs || unfinished || input.again.contains(&api.name) {
                differing.push(task);
            } else {
                rest.push(task);
            }
        } else if let Some(vacant) = Vacant::at(EntityPath::Api(api.name.clone()), others.get(&api.name)) {
            if !missing.is_empty() {
                survey
                    .skips
                    .push(skip(api, SkipReason::MissingMetadata, missing_message("api", &missing)));
            } else if room == 0 {
                let message = format!("the API center's plan has room for {} APIs", input.limits.apis);
                survey.skips.push(skip(api, SkipReason::TooManyApis, message));
            } else {
                room -= 1;
                new.push(Task::New(api.clone(), vacant));
            }
        } else {
            survey.conflicts.push(Conflict {
                name: EntityPath::Api(api.name.clone()).to_string(),
            });
        }
    }
    survey.gone = owned.into_values().collect();
    if let Some(resume_at) = input.resume_at {
        let start = rest.partition_point(|task: &Task| task.desired().name < *resume_at);
        rest.rotate_left(start);
        survey.carried = start;
    }
    survey.tasks = new.into_iter().chain(differing).chain(rest).collect();
    survey
}

/// Tells which metadata is missing and where its values go.
#[must_use]
pub fn missing_message(entity: &str, missing: &[String]) -> String {
    format!(
        "the organisation requires the metadata {}: give values in defaultCustomProperties.{entity}",
        missing.join(", ")
    )
}

fn skip(api: &DesiredApi, reason: SkipReason, message: String) -> Skip {
    Skip {
        rest_api_id: api.rest_api_id.to_string(),
        title: Some(api.title.clone()),
        stage_name: None,
        reason,
        message,
    }
}
