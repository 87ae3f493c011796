//! Which API on which gateway: what everything here is listed, named and reported by.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiId, Region};

/// Stands for an account that is not known in the text of a key.
const UNKNOWN_ACCOUNT: &str = "-";

/// The kinds of API that Amazon API Gateway has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "UPPERCASE")]
#[value(rename_all = "UPPER")]
pub enum ApiType {
    /// A REST API (API version 2015-07-09).
    Rest,
    /// An HTTP API (API version 2018-11-29).
    Http,
    /// A WebSocket API (API version 2018-11-29).
    Websocket,
}

impl ApiType {
    /// All of them, in the order in which people read of them.
    pub const ALL: [Self; 3] = [Self::Rest, Self::Http, Self::Websocket];

    /// The list of Amazon's that has APIs of the kind.
    #[must_use]
    pub fn list(self) -> ApiList {
        match self {
            Self::Rest => ApiList::Rest,
            Self::Http | Self::Websocket => ApiList::HttpAndWebSocket,
        }
    }

    /// What people call an API of the kind, such as `HTTP API`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Rest => "REST API",
            Self::Http => "HTTP API",
            Self::Websocket => "WebSocket API",
        }
    }
}

/// The lists of APIs that a gateway has: each is complete or not for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiList {
    /// Of `GetRestApis`.
    Rest,
    /// Of `GetApis`.
    HttpAndWebSocket,
}

impl ApiList {
    /// The kind of what is on it, as far as the list alone tells.
    #[must_use]
    pub fn kind(self) -> ApiType {
        match self {
            Self::Rest => ApiType::Rest,
            Self::HttpAndWebSocket => ApiType::Http,
        }
    }

    /// What is on it, such as `REST APIs`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Rest => "REST APIs",
            Self::HttpAndWebSocket => "HTTP and WebSocket APIs",
        }
    }
}

/// The number of an AWS account: a text of twelve digits, which may begin with zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    /// Parses an account's number; `None` when it has not twelve digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| Self(text.to_owned()))
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One account in one region: the unit of listing, pacing, completeness and failure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gateway {
    /// The account, where Amazon tells whose the credentials are.
    pub account: Option<AccountId>,
    /// The region.
    pub region: Region,
}

impl fmt::Display for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.account.as_ref().map_or(UNKNOWN_ACCOUNT, AccountId::as_str);
        write!(formatter, "{account}/{}", self.region)
    }
}

/// An API of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceKey {
    /// Where it is.
    pub gateway: Gateway,
    /// What kind of API it is.
    pub api_type: ApiType,
    /// The id that Amazon gave it.
    pub api_id: ApiId,
}

impl SourceKey {
    /// The page of the AWS console that shows the API.
    #[must_use]
    pub fn console_url(&self) -> String {
        let id = &self.api_id;
        let page = match self.api_type {
            ApiType::Rest => format!("apis/{id}/resources"),
            ApiType::Http | ApiType::Websocket => "api-detail".to_owned(),
        };
        self.gateway.region.console_page(&page, &format!("api={id}&"))
    }

    /// Reads `account/region/apiId`, as [`Display`](fmt::Display) writes it; `None` when it is something else.
    #[must_use]
    pub fn parse(text: &str, api_type: ApiType) -> Option<Self> {
        let mut parts = text.split('/');
        let (account, region, api_id) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let account = match account {
            UNKNOWN_ACCOUNT => None,
            account => Some(AccountId::parse(account)?),
        };
        Some(Self {
            gateway: Gateway {
                account,
                region: Region::parse(region).ok()?,
            },
            api_type,
            api_id: ApiId::parse(api_id).ok()?,
        })
    }
}

impl fmt::Display for SourceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.gateway, self.api_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_nothing_else_is() {
        for text in ["012345678901/us-east-1/a1b2c3d4e5", "-/eu-west-1/a1"] {
            assert_eq!(SourceKey::parse(text, ApiType::Http).unwrap().to_string(), text);
        }
        for text in [
            "",
            "a1",
            "us-east-1/a1",
            "12345678901/us-east-1/a1",
            "012345678901/nowhere/a1",
            "012345678901/us-east-1/a1/x",
            "012345678901/us-east-1/",
        ] {
            assert_eq!(SourceKey::parse(text, ApiType::Rest), None, "{text}");
        }
    }
}
