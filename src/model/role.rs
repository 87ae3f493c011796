//! IAM roles and external ids.

use std::fmt;

use serde::Serialize;

use super::{AccountId, Region, quote_name};

/// Digits of an AWS account id.
const ACCOUNT_DIGITS: usize = 12;
/// Longest name of a role, in characters (IAM and STS quotas).
const ROLE_NAME_MAX: usize = 64;
/// Longest path of a role with its slashes, in characters (IAM and STS quotas).
const ROLE_PATH_MAX: usize = 512;
/// Shortest and longest external id, in characters (`AssumeRole`, API version 2011-06-15).
const EXTERNAL_ID_LENGTHS: std::ops::RangeInclusive<usize> = 2..=1224;

/// A text that is not the ARN of an assumable role in a region's partition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoleArn {
    /// It has another shape.
    #[error(
        "{0:?} is not the ARN of a role: expected arn:aws:iam::ACCOUNT:role/NAME, with a path before the name if it has one"
    )]
    Malformed(String),
    /// Its partition has no such region.
    #[error(
        "the role is in partition {found:?}, the region {region} in partition {wanted:?}: name a role in the region's \
         partition"
    )]
    OtherPartition {
        /// The partition in the ARN.
        found: String,
        /// The region.
        region: Region,
        /// The partition of the region.
        wanted: &'static str,
    },
}

/// The ARN of an IAM role in the partition of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct RoleArn {
    text: String,
    account: String,
}

impl RoleArn {
    /// Parses the ARN of a role to assume in `region`.
    ///
    /// # Errors
    /// If it is not `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`, or its partition is not the region's.
    pub fn parse(text: &str, region: &Region) -> Result<Self, InvalidRoleArn> {
        let malformed = || InvalidRoleArn::Malformed(text.to_owned());
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
            return Err(malformed());
        };
        let path_and_name = resource.strip_prefix("role").ok_or_else(malformed)?;
        let (path, name) = path_and_name.rsplit_once('/').ok_or_else(malformed)?;
        let is_account = account.len() == ACCOUNT_DIGITS && account.bytes().all(|byte| byte.is_ascii_digit());
        if partition.is_empty() || !is_account || !is_role_path(path) || !is_role_name(name) {
            return Err(malformed());
        }
        if *partition != region.partition() {
            return Err(InvalidRoleArn::OtherPartition {
                found: (*partition).to_owned(),
                region: region.clone(),
                wanted: region.partition(),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            account: (*account).to_owned(),
        })
    }

    /// The ARN of a role in an account, in the partition of `region`.
    #[must_use]
    pub fn in_account(region: &Region, account: &AccountId, role: &RoleName) -> Self {
        Self {
            text: format!("arn:{}:iam::{account}:role/{role}", region.partition()),
            account: account.to_string(),
        }
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id of the role's account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl From<RoleArn> for String {
    fn from(role: RoleArn) -> Self {
        role.text
    }
}

/// A text that is not the name of a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoleName {
    /// It is an ARN, which belongs to one account.
    #[error(
        "{0:?} is an ARN: expected the role's name, such as apicenter-aws-sync, which is the same in every account"
    )]
    Arn(String),
    /// It has another shape.
    #[error(
        "{0:?} is not the name of a role: expected 1 to 64 characters of A-Z a-z 0-9 _ + = , . @ -, with a path before the name \
         if the role has one, such as team/apicenter-aws-sync"
    )]
    Malformed(String),
}

/// The name of an IAM role in many accounts, including its path: `team/sync`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RoleName(String);

impl RoleName {
    /// Parses a role's name; drops a leading slash.
    ///
    /// # Errors
    /// If it is an ARN, or not a valid path and name in IAM.
    pub fn parse(text: &str) -> Result<Self, InvalidRoleName> {
        if text.starts_with("arn:") {
            return Err(InvalidRoleName::Arn(quote_name(text)));
        }
        let whole = text.strip_prefix('/').unwrap_or(text);
        let (path, name) = whole
            .rsplit_once('/')
            .map_or((String::new(), whole), |(path, name)| (format!("/{path}"), name));
        if is_role_path(&path) && is_role_name(name) {
            Ok(Self(whole.to_owned()))
        } else {
            Err(InvalidRoleName::Malformed(quote_name(text)))
        }
    }

    /// The path and the name, without a leading slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether this is a path without its last slash: empty, or `/…` in printable characters.
fn is_role_path(path: &str) -> bool {
    let is_root = path.is_empty();
    let is_below = path.len() > 1 && path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    path.len() < ROLE_PATH_MAX && (is_root || is_below)
}

fn is_role_name(name: &str) -> bool {
    (1..=ROLE_NAME_MAX).contains(&name.len()) && name.bytes().all(|byte| is_word(byte) || b"+=,.@-".contains(&byte))
}

/// `\w` in IAM's patterns.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A text that is not an external id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an external id: expected 2 to 1224 characters of A-Z a-z 0-9 _ + = , . @ : / -")]
pub struct InvalidExternalId;

/// An external id, which a role's trust policy may require; not a secret (IAM, "External ID").
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ExternalId(String);

impl ExternalId {
    /// Parses an external id.
    ///
    /// # Errors
    /// If it does not match `[\w+=,.@:\/-]{2,1224}`.
    pub fn parse(text: &str) -> Result<Self, InvalidExternalId> {
        let fits = text.bytes().all(|byte| is_word(byte) || b"+=,.@:/-".contains(&byte));
        if fits && EXTERNAL_ID_LENGTHS.contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidExternalId)
        }
    }

    /// The external id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arn: &str, region: &str) -> Result<RoleArn, InvalidRoleArn> {
        RoleArn::parse(arn, &Region::parse(region).unwrap())
    }

    #[test]
    fn a_role_is_taken_with_and_without_a_path_in_its_regions_partition() {
        let long_path = format!("arn:aws:iam::123456789012:role/{}/name", "p".repeat(ROLE_PATH_MAX - 2));
        let long_name = format!("arn:aws:iam::123456789012:role/{}", "n".repeat(ROLE_NAME_MAX));
        for (arn, region) in [
            ("arn:aws:iam::123456789012:role/sync", "us-east-1"),
            ("arn:aws:iam::123456789012:role/teams/a:b/sync+=,.@_-", "eu-west-1"),
            ("arn:aws-cn:iam::123456789012:role/sync", "cn-north-1"),
            ("arn:aws-us-gov:iam::123456789012:role/sync", "us-gov-west-1"),
            ("arn:aws-eusc:iam::123456789012:role/sync", "eusc-de-east-1"),
            ("arn:aws-iso-b:iam::123456789012:role/sync", "us-isob-east-1"),
            (&long_path, "us-east-1"),
            (&long_name, "us-east-1"),
        ] {
            let role = parse(arn, region).unwrap();
            assert_eq!((role.as_str(), role.account()), (arn, "123456789012"));
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        let long_path = format!("arn:aws:iam::123456789012:role/{}/name", "p".repeat(ROLE_PATH_MAX - 1));
        let long_name = format!("arn:aws:iam::123456789012:role/{}", "n".repeat(ROLE_NAME_MAX + 1));
        for arn in [
            "",
            "sync",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role",
            "arn:aws:iam::123456789012:rolesync",
            "arn:aws:iam::123456789012:role//sync",
            "arn:aws:iam::123456789012:user/sync",
            "arn:aws:iam::12345678901:role/sync",
            "arn:aws:iam::12345678901x:role/sync",
            "arn:aws:iam:us-east-1:123456789012:role/sync",
            "arn:aws:sts::123456789012:assumed-role/sync/session",
            "arn::iam::123456789012:role/sync",
            "ARN:aws:iam::123456789012:role/sync",
            "arn:aws:iam::123456789012:role/sy nc",
            "arn:aws:iam::123456789012:role/a b/sync",
            "arn:aws:iam::123456789012:role/sync\n",
            "arn:aws:iam::123456789012:role/größe",
            &long_path,
            &long_name,
        ] {
            assert_eq!(
                parse(arn, "us-east-1"),
                Err(InvalidRoleArn::Malformed(arn.to_owned())),
                "{arn}"
            );
        }
    }

    #[test]
    fn a_role_of_another_partition_is_told_so() {
        let error = parse("arn:aws-cn:iam::123456789012:role/sync", "us-east-1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the role is in partition \"aws-cn\", the region us-east-1 in partition \"aws\": name a role in the \
             region's partition"
        );
    }

    #[test]
    fn a_role_of_a_name_is_in_the_partition_of_the_region_and_in_the_account() {
        let account = AccountId::parse("012345678901").unwrap();
        for (region, name, arn) in [
            ("eu-west-1", "sync", "arn:aws:iam::012345678901:role/sync"),
            (
                "cn-north-1",
                "/team/sync",
                "arn:aws-cn:iam::012345678901:role/team/sync",
            ),
            (
                "us-gov-west-1",
                "a/b:c/sync+=,.@_-",
                "arn:aws-us-gov:iam::012345678901:role/a/b:c/sync+=,.@_-",
            ),
        ] {
            let region = Region::parse(region).unwrap();
            let role = RoleArn::in_account(&region, &account, &RoleName::parse(name).unwrap());
            assert_eq!((role.as_str(), role.account()), (arn, account.as_str()));
            assert_eq!(RoleArn::parse(arn, &region), Ok(role), "it is one that is taken");
        }
        assert_eq!(RoleName::parse("/sync"), RoleName::parse("sync"));
        assert_eq!(RoleName::parse("/a/b/sync").unwrap().as_str(), "a/b/sync");
    }

    #[test]
    fn what_is_no_name_of_a_role_is_refused() {
        let arn = "arn:aws:iam::123456789012:role/sync";
        assert_eq!(RoleName::parse(arn), Err(InvalidRoleName::Arn(arn.to_owned())));
        let (long_path, long_name) = ("p".repeat(ROLE_PATH_MAX - 1), "n".repeat(ROLE_NAME_MAX + 1));
        for text in [
            "",
            "/",
            "//sync",
            "team/",
            "a b/sync",
            "sy nc",
            "größe",
            "sync\n",
            &format!("{long_path}/sync"),
            &long_name,
        ] {
            let error = RoleName::parse(text).unwrap_err();
            assert!(matches!(error, InvalidRoleName::Malformed(_)), "{text}");
        }
    }

    #[test]
    fn an_external_id_is_what_sts_takes() {
        for (text, is_taken) in [
            ("ab", true),
            ("a/b:c@d.e,f=g+h-i_j9", true),
            (&"x".repeat(1224), true),
            ("a", false),
            ("", false),
            (&"x".repeat(1225), false),
            ("a b", false),
            ("größe", false),
            ("a\\b", false),
        ] {
            assert_eq!(ExternalId::parse(text).is_ok(), is_taken, "{text}");
        }
    }
}
