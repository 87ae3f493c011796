//! Keys of gateway APIs: everything is listed, named and reported by them.

use std::fmt;
use std::sync::Arc;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiId, Region};

/// Stands for an unknown account in the text of a key.
const UNKNOWN_ACCOUNT: &str = "-";

/// The kinds of API in Amazon API Gateway.
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
    /// All of them, in display order.
    pub const ALL: [Self; 3] = [Self::Rest, Self::Http, Self::Websocket];

    /// The list with APIs of this kind.
    #[must_use]
    pub fn list(self) -> ApiList {
        match self {
            Self::Rest => ApiList::Rest,
            Self::Http | Self::Websocket => ApiList::HttpAndWebSocket,
        }
    }

    /// Its word in facts and rules.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rest => "REST",
            Self::Http => "HTTP",
            Self::Websocket => "WebSocket",
        }
    }

    /// Its name for people, such as `HTTP API`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Rest => "REST API",
            Self::Http => "HTTP API",
            Self::Websocket => "WebSocket API",
        }
    }
}

/// The lists of APIs on a gateway: each is complete or not on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiList {
    /// Of `GetRestApis`.
    Rest,
    /// Of `GetApis`.
    HttpAndWebSocket,
}

impl ApiList {
    /// The kind of its APIs, as far as the list alone tells.
    #[must_use]
    pub fn kind(self) -> ApiType {
        match self {
            Self::Rest => ApiType::Rest,
            Self::HttpAndWebSocket => ApiType::Http,
        }
    }

    /// Its contents, such as `REST APIs`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Rest => "REST APIs",
            Self::HttpAndWebSocket => "HTTP and WebSocket APIs",
        }
    }
}

/// The id of an AWS account: twelve digits, possibly with leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AccountId(Arc<str>);

impl AccountId {
    /// Parses an account's id; `None` unless it has twelve digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| Self(text.into()))
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
    /// The account, if AWS says whose the credentials are.
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
    /// Its gateway.
    pub gateway: Gateway,
    /// Its kind.
    pub api_type: ApiType,
    /// Its id in AWS.
    pub api_id: ApiId,
}

/// A gateway API, as far as its entity in the catalog tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its gateway; `None` if edited by hand.
    pub gateway: Option<Gateway>,
    /// Its kind.
    pub api_type: ApiType,
    /// Its id in AWS.
    pub api_id: ApiId,
}

impl From<&SourceKey> for Origin {
    fn from(key: &SourceKey) -> Self {
        Self {
            gateway: Some(key.gateway.clone()),
            api_type: key.api_type,
            api_id: key.api_id.clone(),
        }
    }
}

impl Gateway {
    /// Whether both may be the same gateway: an unknown account may be any.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        let is_one = match (&self.account, &other.account) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        };
        is_one && self.region == other.region
    }

    /// Parses `account/region`, as [`Display`](fmt::Display) writes it; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (account, region) = text.split_once('/')?;
        Some(Self {
            account: match account {
                UNKNOWN_ACCOUNT => None,
                account => Some(AccountId::parse(account)?),
            },
            region: Region::parse(region).ok()?,
        })
    }
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

    /// Parses `account/region/apiId`, as [`Display`](fmt::Display) writes it; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str, api_type: ApiType) -> Option<Self> {
        let (gateway, api_id) = text.rsplit_once('/')?;
        Some(Self {
            gateway: Gateway::parse(gateway)?,
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
