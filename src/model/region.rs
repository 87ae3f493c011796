//! AWS regions and their partitions.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::quote_name;

/// A region in no AWS partition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an AWS region: expected a name such as us-east-1")]
pub struct UnknownRegion(String);

/// An AWS region of a known partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Region {
    name: Arc<str>,
    partition: &'static Partition,
}

/// A partition: separate accounts and DNS names (botocore `partitions.json`).
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Partition {
    name: &'static str,
    prefixes: &'static [&'static str],
    /// The regions that every account has; others must be enabled first ("AWS Regions", regions that are enabled by
    /// default), including all added after 2019.
    always_enabled: &'static [&'static str],
    dns_suffix: &'static str,
    console_host: &'static str,
}

const PARTITIONS: &[Partition] = &[
    Partition {
        name: "aws",
        prefixes: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
        always_enabled: &[
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-southeast-1",
            "ap-southeast-2",
            "ca-central-1",
            "eu-central-1",
            "eu-north-1",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "sa-east-1",
        ],
        dns_suffix: "amazonaws.com",
        console_host: "console.aws.amazon.com",
    },
    Partition {
        name: "aws-cn",
        prefixes: &["cn"],
        always_enabled: &["cn-north-1", "cn-northwest-1"],
        dns_suffix: "amazonaws.com.cn",
        console_host: "console.amazonaws.cn",
    },
    Partition {
        name: "aws-us-gov",
        prefixes: &["us-gov"],
        always_enabled: &["us-gov-west-1", "us-gov-east-1"],
        dns_suffix: "amazonaws.com",
        console_host: "console.amazonaws-us-gov.com",
    },
    Partition {
        name: "aws-eusc",
        prefixes: &["eusc-de"],
        always_enabled: &["eusc-de-east-1"],
        dns_suffix: "amazonaws.eu",
        console_host: "console.amazonaws-eusc.eu",
    },
    Partition {
        name: "aws-iso",
        prefixes: &["us-iso"],
        always_enabled: &["us-iso-east-1"],
        dns_suffix: "c2s.ic.gov",
        console_host: "console.c2shome.ic.gov",
    },
    Partition {
        name: "aws-iso-b",
        prefixes: &["us-isob"],
        always_enabled: &["us-isob-east-1"],
        dns_suffix: "sc2s.sgov.gov",
        console_host: "console.sc2shome.sgov.gov",
    },
    Partition {
        name: "aws-iso-e",
        prefixes: &["eu-isoe"],
        always_enabled: &["eu-isoe-west-1"],
        dns_suffix: "cloud.adc-e.uk",
        console_host: "console.cloud.adc-e.uk",
    },
    Partition {
        name: "aws-iso-f",
        prefixes: &["us-isof", "eu-isof"],
        always_enabled: &["us-isof-south-1"],
        dns_suffix: "csp.hci.ic.gov",
        console_host: "console.csp.hci.ic.gov",
    },
];

impl Region {
    /// Parses a region's name.
    ///
    /// # Errors
    /// If no partition has its prefix, or it is not `PREFIX-WORD-DIGIT`.
    pub fn parse(name: &str) -> Result<Self, UnknownRegion> {
        let partition = prefix_of(name)
            .and_then(|prefix| PARTITIONS.iter().find(|partition| partition.prefixes.contains(&prefix)))
            .ok_or_else(|| UnknownRegion(quote_name(name)))?;
        Ok(Self {
            name: name.into(),
            partition,
        })
    }

    /// The region's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The partition's name in ARNs.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        self.partition.name
    }

    /// The DNS suffix of this region's partition, such as `amazonaws.com`.
    #[must_use]
    pub fn dns_suffix(&self) -> &'static str {
        self.partition.dns_suffix
    }

    /// Whether every account has this region without enabling it.
    #[must_use]
    pub fn is_always_enabled(&self) -> bool {
        self.partition.always_enabled.contains(&self.as_str())
    }

    /// A region of the same partition that every account has.
    #[must_use]
    pub fn home(&self) -> Self {
        let name = self.partition.always_enabled.first().copied();
        Self {
            name: name.map_or_else(|| Arc::clone(&self.name), Arc::from),
            partition: self.partition,
        }
    }

    /// The page of the AWS console that lists this region's APIs.
    #[must_use]
    pub fn console_url(&self) -> String {
        self.console_page("apis", "")
    }

    /// A page of API Gateway in the AWS console; `query` ends in `&` unless empty.
    #[must_use]
    pub fn console_page(&self, page: &str, query: &str) -> String {
        let (host, region) = (self.partition.console_host, &self.name);
        format!("https://{host}/apigateway/main/{page}?{query}region={region}")
    }
}

/// The region whose token service issues sessions for all of `regions`, which share a partition: the first of them that
/// every account has, else one of the partition that every account has; without any, `us-east-1`.
///
/// A session from a regional token service is valid in every region. One from the global host is not valid in regions
/// that must be enabled.
#[must_use]
pub fn token_service_region(regions: &[Region]) -> Region {
    let enabled = regions.iter().find(|region| region.is_always_enabled()).cloned();
    enabled
        .or_else(|| regions.first().map(Region::home))
        .unwrap_or_else(|| Region {
            name: "us-east-1".into(),
            partition: &PARTITIONS[0],
        })
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.as_str().to_owned()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The text before `-WORD-DIGITS` in a name of that shape.
fn prefix_of(name: &str) -> Option<&str> {
    let (rest, digits) = name.rsplit_once('-')?;
    let (prefix, word) = rest.rsplit_once('-')?;
    let number = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let direction = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    (number && direction).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::{PARTITIONS, Region, token_service_region};

    #[test]
    fn regions_know_their_partition() {
        for (name, suffix) in [
            ("us-east-1", "amazonaws.com"),
            ("ap-southeast-5", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("us-gov-west-1", "amazonaws.com"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
        ] {
            assert_eq!(
                Region::parse(name).map(|region| region.dns_suffix()),
                Ok(suffix),
                "{name}"
            );
        }
    }

    #[test]
    fn every_partition_has_a_region_of_its_own_that_every_account_has() {
        for partition in PARTITIONS {
            for name in partition.always_enabled {
                let region = Region::parse(name).unwrap();
                assert!(
                    region.is_always_enabled() && region.partition() == partition.name,
                    "{name}"
                );
            }
        }
        for (name, home) in [
            ("eu-south-1", "us-east-1"),
            ("ap-east-1", "us-east-1"),
            ("eusc-de-east-2", "eusc-de-east-1"),
        ] {
            let region = Region::parse(name).unwrap();
            assert!(!region.is_always_enabled(), "{name}");
            assert_eq!(region.home().as_str(), home);
        }
        assert_eq!(Region::parse("cn-northwest-1").unwrap().home().as_str(), "cn-north-1");
        assert_eq!(Region::parse("us-gov-east-1").unwrap().home().as_str(), "us-gov-west-1");
    }

    #[test]
    fn the_token_service_is_asked_in_a_region_that_every_account_has() {
        for (regions, asked) in [
            (&["me-south-1", "eu-west-1", "us-east-1"][..], "eu-west-1"),
            (&["me-south-1", "af-south-1"], "us-east-1"),
            (&["cn-northwest-1"], "cn-northwest-1"),
            (&["us-gov-east-1"], "us-gov-east-1"),
            (&["eusc-de-east-2"], "eusc-de-east-1"),
            (&[], "us-east-1"),
        ] {
            let regions: Vec<Region> = regions.iter().map(|name| Region::parse(name).unwrap()).collect();
            let found = token_service_region(&regions);
            assert_eq!(found.as_str(), asked, "{regions:?}");
            assert_eq!(Region::parse(asked), Ok(found), "it is a whole region");
        }
    }

    #[test]
    fn a_name_that_fits_no_partition_is_refused() {
        for name in [
            "",
            "us-east",
            "mars-east-1",
            "us-east-1.evil.example",
            "us-east-x",
            "US-EAST-1",
            "us-East-1",
        ] {
            assert!(Region::parse(name).is_err(), "{name}");
        }
    }
}
