//! Facts: flat custom properties by which people filter APIs.

use std::collections::BTreeSet;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountId, ApiType, EndpointType, FieldPath, Gateway, GatewayApi};

/// A fact about each API in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
#[value(rename_all = "camelCase")]
pub enum Fact {
    /// Its kind: `REST`, `HTTP` or `WebSocket`.
    ApiType,
    /// Its endpoint type: `Regional`, `Edge` or `Private`.
    EndpointType,
    /// Its account.
    Account,
    /// Its region.
    Region,
}

/// The regions (botocore `partitions.json`): all are choices from the start, because API Center may refuse to add one
/// later.
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

impl Fact {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ApiType, Self::EndpointType, Self::Account, Self::Region];

    /// Its word in an integration's `facts`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ApiType => "apiType",
            Self::EndpointType => "endpointType",
            Self::Account => "account",
            Self::Region => "region",
        }
    }

    /// Its metadata schema.
    #[must_use]
    pub fn schema_name(self) -> &'static str {
        match self {
            Self::ApiType => "aws-api-type",
            Self::EndpointType => "aws-endpoint-type",
            Self::Account => "aws-account",
            Self::Region => "aws-region",
        }
    }

    /// Its title in the catalog.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ApiType => "API type",
            Self::EndpointType => "Endpoint type",
            Self::Account => "AWS account",
            Self::Region => "AWS region",
        }
    }

    /// The predictable values; an account is not.
    #[must_use]
    pub fn known_values(self) -> BTreeSet<String> {
        let values: Vec<&str> = match self {
            Self::ApiType => ApiType::ALL.into_iter().map(ApiType::word).collect(),
            Self::EndpointType => [EndpointType::Regional, EndpointType::Edge, EndpointType::Private]
                .into_iter()
                .map(EndpointType::word)
                .collect(),
            Self::Account => Vec::new(),
            Self::Region => REGIONS.to_vec(),
        };
        values.into_iter().map(str::to_owned).collect()
    }

    /// Its value for an API; `None` while unknown.
    #[must_use]
    pub fn value(self, gateway: &Gateway, api: &GatewayApi) -> Option<String> {
        match self {
            Self::ApiType => Some(api.api_type.word().to_owned()),
            Self::EndpointType => Some(api.endpoint_type.word().to_owned()),
            Self::Account => gateway.account.as_ref().map(AccountId::to_string),
            Self::Region => Some(gateway.region.to_string()),
        }
    }

    /// Its path in an API.
    #[must_use]
    pub fn path(self) -> FieldPath {
        FieldPath::new(&["customProperties", self.schema_name()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;

    #[test]
    fn a_fact_is_read_by_its_own_word() {
        for fact in Fact::ALL {
            assert_eq!(Fact::from_str(fact.word(), false), Ok(fact));
            assert_eq!(serde_json::json!(fact), fact.word());
        }
    }

    #[test]
    fn every_region_that_is_known_is_one_and_stands_in_order() {
        assert!(REGIONS.is_sorted());
        for name in REGIONS {
            assert!(Region::parse(name).is_ok(), "{name}");
        }
    }
}
