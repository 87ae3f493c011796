//! AWS Signature Version 4, checked by signing the request again.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, HeaderName};
use time::format_description::{self, FormatItem};
use time::{OffsetDateTime, PrimitiveDateTime};

use super::errors::AmazonError;

/// The name of the service in the scope of a credential.
const SERVICE: &str = "apigateway";
/// The only algorithm taken.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the time of a signature may be from the service's, "Elements of an AWS API request signature".
const MAX_SKEW: Duration = Duration::from_mins(5);
/// The header with the session token of temporary credentials.
const SECURITY_TOKEN: &str = "x-amz-security-token";

/// An access key that is known to the service.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    /// Its public half.
    pub access_key_id: String,
    /// Its secret half.
    pub secret: String,
    /// The session it belongs to, when it is a temporary one.
    pub session_token: Option<String>,
}

/// Checks that a request was signed for this service and region by a known key, and tells by which.
pub(super) fn verify(
    request: &Request<Bytes>,
    credentials: &[Credential],
    region: &str,
    now: SystemTime,
) -> Result<String, AmazonError> {
    let Some(header) = request.headers().get(AUTHORIZATION) else {
        return Err(AmazonError::missing_authentication_token());
    };
    let header = header
        .to_str()
        .map_err(|_| AmazonError::incomplete_signature("Authorization header is not text"))?;
    let claim = Claim::parse(header)?;
    claim.check_coverage(request)?;
    let date_text = header_text(request, "x-amz-date").ok_or_else(|| {
        AmazonError::incomplete_signature(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    })?;
    let signed_at = parse_date(date_text)
        .ok_or_else(|| AmazonError::incomplete_signature("Date must be in ISO-8601 'basic format'."))?;
    claim.check_scope(region, date_text)?;
    let credential = credentials
        .iter()
        .find(|credential| credential.access_key_id == claim.access_key_id)
        .ok_or_else(AmazonError::unrecognized_client)?;
    if header_text(request, SECURITY_TOKEN) != credential.session_token.as_deref() {
        return Err(AmazonError::unrecognized_client());
    }
    check_skew(date_text, signed_at, now)?;
    if !same(
        &signature(request, &claim, credential, region, signed_at)?,
        claim.signature,
    ) {
        return Err(AmazonError::invalid_signature(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    Ok(credential.access_key_id.clone())
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
    fn parse(header: &'a str) -> Result<Self, AmazonError> {
        let Some((ALGORITHM, parameters)) = header.split_once(' ') else {
            return Err(AmazonError::incomplete_signature(format!(
                "Authorization header requires '{ALGORITHM}' algorithm."
            )));
        };
        let parameter = |name: &str| {
            parameters
                .split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| {
                    AmazonError::incomplete_signature(format!("Authorization header requires '{name}' parameter."))
                })
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
    fn check_coverage(&self, request: &Request<Bytes>) -> Result<(), AmazonError> {
        let present = request.headers().keys().map(HeaderName::as_str);
        let amazons = present.filter(|name| name.starts_with("x-amz-"));
        match ["host", "x-amz-date"]
            .into_iter()
            .chain(amazons)
            .find(|required| !self.signed_headers.contains(required))
        {
            None => Ok(()),
            Some(required) => Err(AmazonError::invalid_signature(format!(
                "'{required}' must be a 'SignedHeader' in the AWS Authorization header."
            ))),
        }
    }

    fn check_scope(&self, region: &str, date_text: &str) -> Result<(), AmazonError> {
        let [date, scoped_region, service, "aws4_request"] = self.scope.as_slice() else {
            return Err(AmazonError::incomplete_signature(
                "Credential must have exactly 5 slash-delimited elements and end with 'aws4_request'.",
            ));
        };
        if !date_text.starts_with(date) || date.len() != 8 {
            return Err(AmazonError::invalid_signature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != \
                 '{date_text}'."
            )));
        }
        if *scoped_region != region {
            return Err(AmazonError::invalid_signature(format!(
                "Credential should be scoped to a valid region, not '{scoped_region}'."
            )));
        }
        if *service != SERVICE {
            return Err(AmazonError::invalid_signature(format!(
                "Credential should be scoped to correct service: '{SERVICE}'."
            )));
        }
        Ok(())
    }
}

fn check_skew(date_text: &str, signed_at: SystemTime, now: SystemTime) -> Result<(), AmazonError> {
    let shown = |time: SystemTime| {
        OffsetDateTime::from(time)
            .format(&basic_format())
            .unwrap_or_else(|_| date_text.to_owned())
    };
    if signed_at + MAX_SKEW < now {
        return Err(AmazonError::invalid_signature(format!(
            "Signature expired: {date_text} is now earlier than {} ({} - 5 min.)",
            shown(now - MAX_SKEW),
            shown(now)
        )));
    }
    if signed_at > now + MAX_SKEW {
        return Err(AmazonError::invalid_signature(format!(
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
    region: &str,
    signed_at: SystemTime,
) -> Result<String, AmazonError> {
    let unsignable = |_| AmazonError::invalid_signature("The request cannot be signed as it is.");
    let mut headers = Vec::new();
    for name in &claim.signed_headers {
        for value in request.headers().get_all(*name) {
            let value = std::str::from_utf8(value.as_bytes())
                .map_err(|_| AmazonError::invalid_signature(format!("The header '{name}' is not UTF-8.")))?;
            headers.push((*name, value));
        }
    }
    let identity = Credentials::new(&credential.access_key_id, &credential.secret, None, None, "sandbox").into();
    // The client decides what it signs: nothing is left out that it named.
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(signed_at)
        .settings(settings)
        .build()
        .map_err(|_| AmazonError::internal_failure())?
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
