//! AWS's regions, and what their partitions have to do with names.

/// Every region that has API Gateway (`endpoints.json` of botocore): those of each partition together.
pub(crate) const REGIONS: [&str; 39] = [
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
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "eusc-de-east-1",
];

/// The last part of the names of hosts in a region.
pub(crate) fn dns_suffix(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        Some(_) | None => "amazonaws.com",
    }
}

/// The first part of the ARNs of a region, after `arn:`.
pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

/// The region whose host this is, `apigateway.eu-west-1.amazonaws.com` for one, whatever its port.
pub(crate) fn of_host(host: &str) -> Option<&'static str> {
    let name = host.split(':').next().unwrap_or_default();
    REGIONS.into_iter().find(|region| {
        let service = name
            .strip_suffix(dns_suffix(region))
            .and_then(|rest| rest.strip_suffix('.')?.strip_suffix(region)?.strip_suffix('.'));
        service.is_some_and(|service| !service.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::of_host;

    #[test]
    fn a_host_tells_its_region() {
        for (host, region) in [
            ("apigateway.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("sts.us-gov-west-1.amazonaws.com:443", Some("us-gov-west-1")),
            ("sts.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("sts.eusc-de-east-1.amazonaws.eu", Some("eusc-de-east-1")),
            ("sts.cn-north-1.amazonaws.com", None),
            ("sts.amazonaws.com", None),
            ("127.0.0.1:4711", None),
        ] {
            assert_eq!(of_host(host), region, "{host}");
        }
    }
}
