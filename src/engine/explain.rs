//! `GET integrations/NAME/explain`: why an API is, or is not, in the catalog.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entry::{Engine, usable};
use crate::limits::Budget;
use crate::model::{IntegrationName, Problem};
use crate::run::{ApiExplanation, Session, explain};

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

impl Engine {
    /// Why the API of this name or id is, or is not, in the catalog. Nothing is written.
    ///
    /// # Errors
    /// When the integration is not there, or both sides cannot be read.
    pub async fn explain(&self, name: &IntegrationName, api: &str, budget: &Budget) -> Result<Explanation, Problem> {
        let session = Session::new(&self.clouds, budget);
        let registration = self.active(&session, name).await?;
        let integration = usable(&registration)?;
        Ok(Explanation {
            integration: name.to_string(),
            query: api.to_owned(),
            apis: explain(&session, &registration, integration, api).await?,
        })
    }
}
