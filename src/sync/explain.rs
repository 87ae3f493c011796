//! Why one REST API is, or is not, in the catalog.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::limits::Budget;
use crate::model::{Conflict, IntegrationName, Problem, Skip};
use crate::plan::PreviewChange;

use super::run::observe;
use super::session::Session;
use super::synchronize::continuation;
use super::{Engine, SyncRequest};

/// What was found of a name or an id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The integration.
    pub integration: String,
    /// What was asked for.
    pub query: String,
    /// The APIs that it names; one that says so, if it names none.
    pub apis: Vec<ApiExplanation>,
}

/// What was found of one API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiExplanation {
    /// The REST API's id, if there is or was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rest_api_id: Option<String>,
    /// Its name on Amazon, or the title that is left of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// Where it is in the catalog, or would be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// How it stands.
    pub verdict: Standing,
    /// How it stands, for people.
    pub message: String,
    /// What a synchronization would change about it.
    pub changes: Vec<PreviewChange>,
    /// What of it is not in the catalog, and why.
    pub skipped: Vec<Skip>,
    /// What is in its way and not ours.
    pub conflicts: Vec<Conflict>,
}

/// How an API stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// The catalog holds what it has to.
    InLine,
    /// The same, and there is nothing below it because it is not deployed.
    NotDeployed,
    /// Something about it differs.
    Differs,
    /// The catalog lacks it, and the next run makes it.
    Missing,
    /// It stays out of the catalog, for a reason.
    Skipped,
    /// Something that is not ours is where it would be.
    Conflict,
    /// It could not be read.
    Failed,
    /// What is gone of it stays until somebody confirms that.
    Held,
    /// It is in the catalog, and no longer on Amazon.
    Gone,
    /// There is no such API.
    NotOnAmazon,
}

impl Engine {
    /// Why the REST API of this name or id is, or is not, in the catalog. Nothing is written.
    ///
    /// # Errors
    /// When the integration is not there, or both sides cannot be read.
    pub async fn explain(&self, name: &IntegrationName, api: &str, budget: &Budget) -> Result<Explanation, Problem> {
        let session = Session::new(&self.0, budget);
        let registration = self.active(&session, name).await?;
        let integration = registration.integration.as_ref().map_err(Clone::clone)?;
        let gateway = session.gateway(integration).await?;
        let (request, before) = (SyncRequest::default(), continuation(&registration).for_a_plan());
        let situation = observe(&session, integration, gateway, &request, before).await?;
        Ok(Explanation {
            integration: name.to_string(),
            query: api.to_owned(),
            apis: situation.explain(api).await,
        })
    }
}
