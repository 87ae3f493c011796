//! Answers as AWS Security Token Service writes them.

use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::errors::StsError;
use crate::keyring::{Credential, account_of, partition_of};
use crate::token::Claims;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A session that was given to somebody.
#[derive(Debug)]
pub(super) struct Given {
    pub credential: Credential,
    pub session_name: String,
}

/// The answer to `AssumeRole`.
pub(super) fn assumed_role(given: &Given) -> Response<Bytes> {
    result("AssumeRole", &session(given))
}

/// The answer to `AssumeRoleWithWebIdentity`.
pub(super) fn assumed_role_with_web_identity(given: &Given, claims: &Claims, audience: &str) -> Response<Bytes> {
    let provider = claims.iss.trim_start_matches("https://");
    let principal = &given.credential.principal;
    let (partition, account) = (partition_of(principal), account_of(principal));
    let provider = format!("arn:{partition}:iam::{account}:oidc-provider/{provider}");
    let members = format!(
        "{}{}{}{}",
        element("SubjectFromWebIdentityToken", &claims.sub),
        element("Audience", audience),
        session(given),
        element("Provider", &provider),
    );
    result("AssumeRoleWithWebIdentity", &members)
}

/// The answer to `GetCallerIdentity`.
pub(super) fn caller_identity(caller: &Credential) -> Response<Bytes> {
    let members = format!(
        "{}{}{}",
        element("Arn", &caller.principal),
        element("UserId", &unique_id(&caller.principal)),
        element("Account", caller.account())
    );
    result("GetCallerIdentity", &members)
}

impl From<StsError> for Response<Bytes> {
    fn from(error: StsError) -> Self {
        let id = request_id();
        let kind = if error.is_senders() { "Sender" } else { "Receiver" };
        let body = format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error>{}{}{}</Error>{}</ErrorResponse>",
            element("Type", kind),
            element("Code", error.code),
            element("Message", &error.message),
            element("RequestId", &id)
        );
        answer(error.status, body, &id)
    }
}

fn session(given: &Given) -> String {
    let credential = &given.credential;
    let session = credential.session.as_ref();
    let ends = session.and_then(|session| OffsetDateTime::from(session.ends).format(&Rfc3339).ok());
    let id = format!("{}:{}", unique_id(&credential.principal), given.session_name);
    format!(
        "<AssumedRoleUser>{}{}</AssumedRoleUser><Credentials>{}{}{}{}</Credentials>",
        element("Arn", &credential.principal),
        element("AssumedRoleId", &id),
        element("AccessKeyId", &credential.access_key_id),
        element("SecretAccessKey", &credential.secret),
        element("SessionToken", session.map_or("", |session| &session.token)),
        element("Expiration", &ends.unwrap_or_default()),
    )
}

/// An id in AWS's form; the same for the same principal.
fn unique_id(principal: &str) -> String {
    use sha2::{Digest as _, Sha256};

    let prefix = if principal.contains(":user/") { "AIDA" } else { "AROA" };
    let mut id = prefix.to_owned();
    for byte in Sha256::digest(principal).iter().take(8) {
        // Writing to a `String` cannot fail.
        let _ = write!(id, "{byte:02X}");
    }
    id
}

fn result(operation: &str, members: &str) -> Response<Bytes> {
    let id = request_id();
    let body = format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{members}</{operation}Result>\
         <ResponseMetadata>{}</ResponseMetadata></{operation}Response>",
        element("RequestId", &id)
    );
    answer(StatusCode::OK, body, &id)
}

fn element(name: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<{name}>{text}</{name}>")
}

fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn answer(status: StatusCode, body: String, id: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
