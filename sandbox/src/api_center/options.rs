//! The options of an API center.

use crate::throttle::{Rate, UNLIMITED};

/// The default id of the API center.
const RESOURCE_ID: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/sandbox\
                           /providers/Microsoft.ApiCenter/services/sandbox";

/// The options of an API center.
#[derive(Debug, Clone)]
pub struct ApiCenterOptions {
    /// `/subscriptions/…/resourceGroups/…/providers/Microsoft.ApiCenter/services/NAME`.
    pub resource_id: String,
    /// The plan: `Standard` or `Free`; quotas depend on it.
    pub sku: String,
    /// The entities per page of a list.
    pub page_size: usize,
    /// The budget for reads.
    pub reads: Rate,
    /// The budget for writes; every `POST` counts as one.
    pub writes: Rate,
    /// The budget for deletions.
    pub deletes: Rate,
    /// Its URL, such as `https://127.0.0.1:1234`; the prefix of links in responses.
    pub base_url: String,
}

impl ApiCenterOptions {
    /// An API center of the Standard plan with the budgets of Azure Resource Manager (05/28/2025), and with pages so small
    /// that paging is always exercised.
    #[must_use]
    pub fn new(resource_id: impl Into<String>) -> Self {
        Self {
            resource_id: resource_id.into(),
            sku: "Standard".to_owned(),
            page_size: 10,
            reads: (25.0, 250.0),
            writes: (10.0, 200.0),
            deletes: (10.0, 200.0),
            base_url: "https://127.0.0.1".to_owned(),
        }
    }

    /// With budgets that no test exhausts.
    #[must_use]
    pub fn unthrottled(self) -> Self {
        Self {
            reads: UNLIMITED,
            writes: UNLIMITED,
            deletes: UNLIMITED,
            ..self
        }
    }
}

impl Default for ApiCenterOptions {
    fn default() -> Self {
        Self::new(RESOURCE_ID)
    }
}
