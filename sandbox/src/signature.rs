//! AWS Signature Version 4, checked by signing the request again.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, HOST, HeaderName};
use time::format_description::{self, FormatItem};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::keyring::{Credential, Keyring};
use crate::region::{self, REGIONS};

/// The only algorithm taken.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the time of a signature may be from the service's, "Elements of an AWS API request signature".
const MAX_SKEW: Duration = Duration::from_mins(5);
/// The header with the session token of temporary credentials.
const SECURITY_TOKEN: &str = "x-amz-security-token";

/// What a signature must be for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The region.
    pub region: &'a str,
    /// The name of the service.
    pub service: &'a str,
}

/// What is wrong with a signature; each service has its own words for some of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// There is none.
    Unsigned,
    /// Something of it is missing.
    Incomplete(String),
    /// It is not the signature of this request.
    Invalid(String),
    /// The key is not known, or does not go with the session token.
    Unknown,
    /// The session that the key belongs to is over.
    Expired,
    /// The signature could not be worked out.
    Unsignable,
}

impl SignatureError {
    fn incomplete(message: impl Into<String>) -> Self {
        Self::Incomplete(message.into())
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }
}

/// The key that a request claims to be signed with.
pub(crate) fn claimed_key(request: &Request<Bytes>) -> Option<&str> {
    let claim = Claim::parse(header_text(request, AUTHORIZATION.as_str())?).ok()?;
    Some(claim.access_key_id)
}

/// The region that a request is for: that of its host, or else the one that it claims to be signed for, if there is such a
/// region, since a host of no region serves all.
pub(crate) fn region_of(request: &Request<Bytes>) -> Option<&str> {
    let host = header_text(request, HOST.as_str()).and_then(region::of_host);
    host.or_else(|| {
        let claim = Claim::parse(header_text(request, AUTHORIZATION.as_str())?).ok()?;
        let claimed = claim.scope.get(1).copied();
        claimed.filter(|region| REGIONS.contains(region))
    })
}

/// Checks that a request was signed for this service and region by a known key, and tells by which.
pub(crate) fn verify(
    request: &Request<Bytes>,
    keyring: &Keyring,
    scope: Scope<'_>,
    now: SystemTime,
) -> Result<Credential, SignatureError> {
    let Some(header) = request.headers().get(AUTHORIZATION) else {
        return Err(SignatureError::Unsigned);
    };
    let header = header
        .to_str()
        .map_err(|_| SignatureError::incomplete("Authorization header is not text"))?;
    let claim = Claim::parse(header)?;
    claim.check_coverage(request)?;
    let date_text = header_text(request, "x-amz-date").ok_or_else(|| {
        SignatureError::incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    })?;
    let signed_at =
        parse_date(date_text).ok_or_else(|| SignatureError::incomplete("Date must be in ISO-8601 'basic format'."))?;
    claim.check_scope(scope, date_text)?;
    let credential = keyring
        .known_in(scope.region, claim.access_key_id)
        .ok_or(SignatureError::Unknown)?;
    let session = credential.session.as_ref();
    if header_text(request, SECURITY_TOKEN) != session.map(|session| session.token.as_str()) {
        return Err(SignatureError::Unknown);
    }
    if session.is_some_and(|session| session.ends <= now) {
        return Err(SignatureError::Expired);
    }
    check_skew(date_text, signed_at, now)?;
    if !same(
        &signature(request, &claim, &credential, scope, signed_at)?,
        claim.signature,
    ) {
        return Err(SignatureError::invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    Ok(credential)
}

/// What an `Authorization` header claims.
#[derive(Debug)]
struct Claim<'a> {
    access_key_id: &'a str,
    scope: Vec<&'a str>,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        let Some((ALGORITHM, parameters)) = header.split_once(' ') else {
            return Err(SignatureError::incomplete(format!(
                "Authorization header requires '{ALGORITHM}' algorithm."
            )));
        };
        let parameter = |name: &str| {
            parameters
                .split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| SignatureError::incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let mut credential = parameter("Credential")?.split('/');
        let claim = Self {
            access_key_id: credential.next().unwrap_or_default(),
            scope: credential.collect(),
            signed_headers: parameter("SignedHeaders")?.split(';').collect(),
            signature: parameter("Signature")?,
        };
        Ok(claim)
    }

    /// A signature covers the host and every `x-amz-*` header ("Create a signed AWS API request").
    fn check_coverage(&self, request: &Request<Bytes>) -> Result<(), SignatureError> {
        let present = request.headers().keys().map(HeaderName::as_str);
        let amazons = present.filter(|name| name.starts_with("x-amz-"));
        match ["host", "x-amz-date"]
            .into_iter()
            .chain(amazons)
            .find(|required| !self.signed_headers.contains(required))
        {
            None => Ok(()),
            Some(required) => Err(SignatureError::invalid(format!(
                "'{required}' must be a 'SignedHeader' in the AWS Authorization header."
            ))),
        }
    }

    fn check_scope(&self, scope: Scope<'_>, date_text: &str) -> Result<(), SignatureError> {
        let [date, region, service, "aws4_request"] = self.scope.as_slice() else {
            return Err(SignatureError::incomplete(
                "Credential must have exactly 5 slash-delimited elements and end with 'aws4_request'.",
            ));
        };
        if !date_text.starts_with(date) || date.len() != 8 {
            return Err(SignatureError::invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != \
                 '{date_text}'."
            )));
        }
        if *region != scope.region {
            return Err(SignatureError::invalid(format!(
                "Credential should be scoped to a valid region, not '{region}'."
            )));
        }
        if *service != scope.service {
            return Err(SignatureError::invalid(format!(
                "Credential should be scoped to correct service: '{}'.",
                scope.service
            )));
        }
        Ok(())
    }
}

fn check_skew(date_text: &str, signed_at: SystemTime, now: SystemTime) -> Result<(), SignatureError> {
    let shown = |time: SystemTime| {
        OffsetDateTime::from(time)
            .format(&basic_format())
            .unwrap_or_else(|_| date_text.to_owned())
    };
    if signed_at + MAX_SKEW < now {
        return Err(SignatureError::invalid(format!(
            "Signature expired: {date_text} is now earlier than {} ({} - 5 min.)",
            shown(now - MAX_SKEW),
            shown(now)
        )));
    }
    if signed_at > now + MAX_SKEW {
        return Err(SignatureError::invalid(format!(
            "Signature not yet current: {date_text} is still later than {} ({} + 5 min.)",
            shown(now + MAX_SKEW),
            shown(now)
        )));
    }
    Ok(())
}

/// The signature that the key gives to the request, over the headers that the claim names.
fn signature(
    request: &Request<Bytes>,
    claim: &Claim<'_>,
    credential: &Credential,
    scope: Scope<'_>,
    signed_at: SystemTime,
) -> Result<String, SignatureError> {
    let unsignable = |_| SignatureError::invalid("The request cannot be signed as it is.");
    let mut headers = Vec::new();
    for name in &claim.signed_headers {
        for value in request.headers().get_all(*name) {
            let value = std::str::from_utf8(value.as_bytes())
                .map_err(|_| SignatureError::invalid(format!("The header '{name}' is not UTF-8.")))?;
            headers.push((*name, value));
        }
    }
    let identity = Credentials::new(&credential.access_key_id, &credential.secret, None, None, "sandbox").into();
    // The client decides what it signs: nothing is left out that it named.
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(signed_at)
        .settings(settings)
        .build()
        .map_err(|_| SignatureError::Unsignable)?
        .into();
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let signable = SignableRequest::new(
        request.method().as_str(),
        format!("http://localhost{target}"),
        headers.into_iter(),
        SignableBody::Bytes(request.body()),
    )
    .map_err(unsignable)?;
    Ok(sign(signable, &parameters).map_err(unsignable)?.signature().to_owned())
}

/// Whether two signatures are the same, in a time that does not tell where they differ.
fn same(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left
            .bytes()
            .zip(right.bytes())
            .fold(0, |differences, (left, right)| differences | (left ^ right))
            == 0
}

fn header_text<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

fn parse_date(text: &str) -> Option<SystemTime> {
    let date = PrimitiveDateTime::parse(text, &basic_format()).ok()?;
    Some(date.assume_utc().into())
}

fn basic_format() -> Vec<FormatItem<'static>> {
    format_description::parse_borrowed::<2>("[year][month][day]T[hour][minute][second]Z").unwrap_or_default()
}
