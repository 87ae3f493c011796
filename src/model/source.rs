//! Sources: where an integration reads from.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::{AccountId, AwsAuthentication, EntityName, ExternalId, LifecycleStage, Region, RoleArn, RoleName, UnitId};

/// Longest name of a source, in characters.
const NAME_MAX: usize = 16;

/// The name of a source: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SourceName(String);

impl SourceName {
    /// Parses a name; `None` if it does not match `^[a-z0-9-]{1,16}$`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(fits);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Accounts and regions read with one set of credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name; `None` in Microsoft's form, which has one source.
    pub name: Option<SourceName>,
    /// The regions; at least one, all of one partition.
    pub regions: Vec<Region>,
    /// Its AWS authentication.
    pub authentication: AwsAuthentication,
    /// The accounts.
    pub accounts: Accounts,
    /// The account of the credentials, if AWS reported it when the integration was put.
    pub account: Option<AccountId>,
    /// The environment of its deployments, if not the integration's.
    pub environment: Option<EntityName>,
    /// The lifecycle stage of its new versions, if not the integration's.
    pub lifecycle_stage: Option<LifecycleStage>,
    /// Stored and shown, but not used: it names the API center's identity, and ours is the function's.
    pub msi_resource_id: Option<String>,
}

/// The accounts of a source.
#[derive(Debug, Clone, PartialEq)]
pub enum Accounts {
    /// The account of the credentials.
    Own,
    /// These, each with a role in it.
    Listed(BTreeSet<AccountId>, MemberRole),
    /// The active ones of the organisation, each with a role in it.
    Organization(Organization, MemberRole),
}

/// The role to assume in each account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRole {
    /// Its name, the same in each account.
    pub name: RoleName,
    /// The external id that its trust policy requires.
    pub external_id: Option<ExternalId>,
}

/// How to list the organisation's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Organization {
    /// The role that may list them; defaults to the source's credentials.
    pub role: Option<RoleArn>,
    /// The excluded accounts.
    pub except_accounts: BTreeSet<AccountId>,
    /// The organisational units whose accounts are excluded, including the units below.
    pub except_units: BTreeSet<UnitId>,
}

impl Source {
    /// Its name in reports; `None` in Microsoft's form.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        self.name.as_ref().map(ToString::to_string)
    }

    /// The role in each account, if several accounts are read.
    #[must_use]
    pub fn member_role(&self) -> Option<&MemberRole> {
        match &self.accounts {
            Accounts::Own => None,
            Accounts::Listed(_, role) | Accounts::Organization(_, role) => Some(role),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for name in ["a", "prod", "eu-2", "0123456789abcdef"] {
            assert_eq!(SourceName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "Prod", "pro d", "pröd", "0123456789abcdefg", "a_b"] {
            assert_eq!(SourceName::parse(name), None, "{name}");
        }
    }
}
