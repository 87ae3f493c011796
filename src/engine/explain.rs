//! `GET integrations/NAME/explain`: why an API is, or is not, in the catalog.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entry::{Engine, usable};
use crate::limits::Budget;
use crate::model::{IntegrationName, Problem};
use crate::run::{ApiExplanation, Session, explain};

/// The explanation of a name or an id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The integration.
    pub integration: String,
    /// What was asked for.
    pub query: String,
    /// The APIs that the query matches, or one entry that says there is none.
    pub apis: Vec<ApiExplanation>,
}

impl Engine {
    /// Explains why the API of this name or id is, or is not, in the catalog. Writes nothing.
    ///
    /// # Errors
    /// If the integration does not exist, or AWS or API Center cannot be read.
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
