//! A company: an organisation with a hub account, member accounts and their roles.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::cloud::{AUDIENCE, Cloud};
use crate::estate::FullEstate;
use crate::json::present;
use crate::organizations::Member;
use crate::region::partition;
use crate::security_token::{OidcProvider, Role, Trust};
use crate::token::{ISSUER, OBJECT_ID};

/// The company's options.
#[derive(Debug, Clone)]
pub struct Company {
    /// The management account. It has no member role: nothing rolls one out there.
    pub management: Member,
    /// The account that trusts the identity's tokens; a delegated administrator of the organisation.
    pub hub: Member,
    /// The accounts that have a member role.
    pub members: Vec<Member>,
    /// The regions in which each of the members has APIs.
    pub regions: Vec<String>,
    /// The name of the member roles, with a path if they have one.
    pub role_name: String,
    /// The member roles' external id, if any.
    pub external_id: Option<String>,
}

impl Default for Company {
    /// Three members in two regions.
    fn default() -> Self {
        Self {
            management: Member::new("100000000001", "Management"),
            hub: Member::new("100000000002", "Platform"),
            members: vec![
                Member::new("111111111111", "Development"),
                Member::new("222222222222", "Test"),
                Member::new("333333333333", "Production"),
            ],
            regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
            role_name: "apicenter-aws-sync".to_owned(),
            external_id: Some("apicenter".to_owned()),
        }
    }
}

impl Company {
    /// Creates the organisation and the roles, and fills each member's gateway in each region with its `estate`.
    pub fn found(&self, cloud: &Cloud, estate: impl Fn(&str, &str) -> FullEstate) {
        cloud.organizations.create(self.management.clone());
        cloud.organizations.put_account(self.hub.clone());
        cloud.organizations.set_delegated_administrator(&self.hub.id, true);
        let provider = OidcProvider {
            issuer: ISSUER.to_owned(),
            client_ids: vec![AUDIENCE.to_owned()],
        };
        cloud.sts.put_provider_of(&self.hub.id, provider);
        let by_token = Trust::WebIdentity {
            issuer: ISSUER.to_owned(),
            audiences: Some(vec![AUDIENCE.to_owned()]),
            subjects: Some(vec![OBJECT_ID.to_owned()]),
        };
        cloud.sts.put_role(Role::new(self.hub_role_arn(), vec![by_token]));
        for member in &self.members {
            self.join(cloud, member.clone());
            for region in &self.regions {
                estate(&member.id, region).fill(&cloud.gateway(&member.id, region));
            }
        }
    }

    /// Adds an account with a member role to the organisation.
    pub fn join(&self, cloud: &Cloud, member: Member) {
        let by_hub = Trust::Principal {
            arn: self.hub_role_arn(),
            external_id: self.external_id.clone(),
        };
        cloud
            .sts
            .put_role(Role::new(self.member_role_arn(&member.id), vec![by_hub]));
        cloud.organizations.put_account(member);
    }

    /// The ARN of the hub's role.
    #[must_use]
    pub fn hub_role_arn(&self) -> String {
        self.role_arn(&self.hub.id, "apicenter-aws-sync-hub")
    }

    /// The ARN of an account's member role.
    #[must_use]
    pub fn member_role_arn(&self, account: &str) -> String {
        self.role_arn(account, &self.role_name)
    }

    /// The source of an integration that reads these accounts, or all of the organisation.
    #[must_use]
    pub fn source(&self, name: &str, accounts: &Value) -> Value {
        present(json!({
            "name": name,
            "regionNames": self.regions,
            "roleArn": self.hub_role_arn(),
            "externalId": self.external_id,
            "accounts": accounts,
            "roleName": self.role_name,
        }))
    }

    fn role_arn(&self, account: &str, name: &str) -> String {
        let region = self.regions.first().map_or("us-east-1", String::as_str);
        format!("arn:{}:iam::{account}:role/{name}", partition(region))
    }
}
