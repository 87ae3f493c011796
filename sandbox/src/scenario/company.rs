//! A company in its own integration: three accounts by assumed roles, two regions, a rule, and a catalog API for each
//! service.

use serde_json::{Value, json};

use super::call::{Integration, ScenarioError};
use crate::cloud::Cloud;
use crate::company::Company;
use crate::estate::team;
use crate::functions_host::FunctionsHost;

/// The integration's name.
pub const COMPANY: &str = "company";
/// The account that has no member role.
const DENIED: &str = "222222222222";

/// Founds the usual company, one account of which denies its role, and makes an integration of it; gives the outcome of its
/// run.
///
/// # Errors
/// If it is not made.
pub async fn found_company(cloud: &Cloud, host: &FunctionsHost) -> Result<Value, ScenarioError> {
    let company = Company::default();
    company.found(cloud, team);
    cloud.sts.remove_role(&company.member_role_arn(DENIED));
    let accounts: Vec<&str> = company.members.iter().map(|member| member.id.as_str()).collect();
    let body = json!({ "properties": {
        "amazonApiGatewaySources": [company.source("teams", &json!(accounts))],
        "exclude": [{ "name": "*-internal" }],
        "groupBy": "tag:service",
    } });
    let integration = Integration { host, name: COMPANY };
    integration.put(&body).await?;
    integration.last_sync().await
}
