//! A verified request, taken apart.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::errors::AmazonError;
use crate::region::partition;

/// A request signed with a known key.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// Its account.
    pub account: &'a str,
    /// Its region.
    pub region: &'a str,
    /// The method.
    pub method: &'a Method,
    /// The segments of the path, decoded.
    pub segments: Vec<String>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a Bytes,
    /// The default page size.
    pub page_size_default: usize,
    /// The maximum page size.
    pub page_size_max: usize,
    /// The time, seconds since 1970.
    pub now: i64,
    query: Vec<(String, String)>,
}

impl<'a> Call<'a> {
    /// Takes a request apart.
    pub fn new(
        request: &'a Request<Bytes>,
        (account, region): (&'a str, &'a str),
        (page_size_default, page_size_max): (usize, usize),
        now: i64,
    ) -> Self {
        Self {
            account,
            region,
            method: request.method(),
            segments: request
                .uri()
                .path()
                .split('/')
                .skip(1)
                .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
                .collect(),
            headers: request.headers(),
            body: request.body(),
            page_size_default,
            page_size_max,
            now,
            query: url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        }
    }

    /// The value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.as_str())
    }

    /// The ARN of one of the account's resources in the region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let (account, region) = (self.account, self.region);
        format!("arn:{}:{service}:{region}:{account}:{resource}", partition(region))
    }

    /// All values of a query parameter.
    pub fn queries(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.query.iter().filter(move |(candidate, _)| candidate == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The body as JSON of some shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, AmazonError> {
        serde_json::from_slice(self.body).map_err(|_| AmazonError::serialization())
    }
}
