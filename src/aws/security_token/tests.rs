//! The exchange against a service that answers what it is told to.

mod chains;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::RawResponse;
use azure_core::http::headers::Headers;
use azure_core::time::{Duration as AzureDuration, OffsetDateTime};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::aws::connection::ATTEMPTS;
use crate::limits::{Pacer, Traffic};
use crate::model::{ErrorCode, Region};

const ROLE: &str = "arn:aws:iam::123456789012:role/sync";
const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// `{"iss":"https://sts.windows.net/t/","aud":"api://aws","sub":"42"}`, without a good signature.
const TOKEN: &str =
    "e30.eyJpc3MiOiJodHRwczovL3N0cy53aW5kb3dzLm5ldC90LyIsImF1ZCI6ImFwaTovL2F3cyIsInN1YiI6IjQyIn0.c2lnbmF0dXJl";

/// A service that takes a second for each answer.
#[derive(Debug, Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    requests: Arc<Mutex<Vec<(bool, String)>>>,
    /// The session tokens that requests had.
    sessions: Arc<Mutex<Vec<String>>>,
    in_flight: Arc<AtomicUsize>,
    most_in_flight: Arc<AtomicUsize>,
}

impl Script {
    /// The last answer is given again when there are more requests.
    fn answer(&self) -> (u16, String) {
        let mut answers = self.answers.lock().unwrap();
        if answers.len() > 1 {
            answers.pop_front().unwrap()
        } else {
            answers.front().unwrap().clone()
        }
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let signed = request.headers().get("authorization").is_some();
        let form = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
        self.requests.lock().unwrap().push((signed, form));
        let session = request.headers().get("x-amz-security-token").unwrap_or_default();
        self.sessions.lock().unwrap().push(session.to_owned());
        let (status, body) = self.answer();
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        let script = self.clone();
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            script.in_flight.fetch_sub(1, Ordering::Relaxed);
            Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
        })
    }
}

/// What Azure answers when it is asked for a token.
#[derive(Debug, Default)]
struct FakeCredential {
    refusal: Option<(u16, &'static str)>,
    scopes: Mutex<Vec<String>>,
    tokens: AtomicUsize,
}

type Pending<'a> = Pin<Box<dyn Future<Output = azure_core::Result<AccessToken>> + Send + 'a>>;

impl TokenCredential for FakeCredential {
    fn get_token<'s, 'l1, 'l2, 'l3, 'a>(
        &'s self,
        scopes: &'l1 [&'l2 str],
        _options: Option<TokenRequestOptions<'l3>>,
    ) -> Pending<'a>
    where
        's: 'a,
        'l1: 'a,
        'l2: 'a,
        'l3: 'a,
        Self: 'a,
    {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        self.scopes
            .lock()
            .unwrap()
            .extend(scopes.iter().map(|scope| (*scope).to_owned()));
        let result = match self.refusal {
            None => Ok(AccessToken::new(
                TOKEN.to_owned(),
                OffsetDateTime::now_utc() + AzureDuration::hours(1),
            )),
            Some((0, words)) => Err(azure_core::Error::with_message(ErrorKind::Credential, words)),
            Some((status, body)) => {
                let response = RawResponse::from_bytes(status.into(), Headers::new(), body);
                let kind = ErrorKind::HttpResponse {
                    status: status.into(),
                    error_code: None,
                    raw_response: Some(Box::new(response)),
                };
                let inner = azure_core::Error::with_message(kind, "The requested identity has not been assigned");
                Err(azure_core::Error::with_error(ErrorKind::Credential, inner, "failed"))
            }
        };
        Box::pin(async move { result })
    }
}

struct Bench {
    role: AssumedRole,
    connection: AwsConnection,
    script: Script,
    credential: Arc<FakeCredential>,
    traffic: Arc<Traffic>,
}

impl Bench {
    fn keyless(answers: Vec<(u16, String)>) -> Self {
        Self::new(answers, FakeCredential::default(), None)
    }

    fn with_key(answers: Vec<(u16, String)>) -> Self {
        let key = AccessKey::new(KEY_ID.into(), KEY.into());
        let external_id = Some(ExternalId::parse("shop:42").unwrap());
        Self::new(
            answers,
            FakeCredential::default(),
            Some(Proof::AccessKey { key, external_id }),
        )
    }

    fn new(answers: Vec<(u16, String)>, credential: FakeCredential, proof: Option<Proof>) -> Self {
        let script = Script {
            answers: Arc::new(Mutex::new(answers.into())),
            ..Script::default()
        };
        let traffic = Arc::<Traffic>::default();
        let connection = connection(&script, &traffic);
        let credential = Arc::new(credential);
        let proof = proof.unwrap_or_else(|| {
            let credential = Arc::clone(&credential);
            Proof::WebIdentity(WebIdentity::new(credential, "api://aws"))
        });
        Self {
            role: assumed(&connection, &connection.region, proof),
            connection,
            script,
            credential,
            traffic,
        }
    }

    fn requests(&self) -> Vec<(bool, String)> {
        self.script.requests.lock().unwrap().clone()
    }

    async fn refusal(&self) -> RoleError {
        self.role.current().await.unwrap_err()
    }
}

fn connection(script: &Script, traffic: &Arc<Traffic>) -> AwsConnection {
    let (pacer, connector) = (pacer(), script.clone());
    let client = http_client_fn(move |_: &HttpConnectorSettings, _: &_| SharedHttpConnector::new(connector.clone()));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::new("us-east-1"))
        .http_client(crate::aws::Transport::over(client).metered(Arc::clone(&pacer), Arc::clone(traffic)))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .build();
    let region = Region::parse("us-east-1").unwrap();
    AwsConnection::of_config(config, &region, pacer, budget())
}

fn assumed(connection: &AwsConnection, region: &Region, proof: Proof) -> AssumedRole {
    let role = ROLE.replace("arn:aws:", &format!("arn:{}:", region.partition()));
    let role = RoleArn::parse(&role, region).unwrap();
    AssumedRole::new(connection, role, &IntegrationName::parse("shop").unwrap(), proof)
}

fn budget() -> Budget {
    Budget::new(Duration::from_mins(1), CancellationToken::new())
}

fn pacer() -> Arc<Pacer> {
    Arc::new(Pacer::new(1e6, NonZeroU32::new(1000).unwrap()))
}

fn session(operation: &str, number: u32, expiration: &str) -> (u16, String) {
    let body = format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result><Credentials>\
         <AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>secret{number}</SecretAccessKey>\
         <SessionToken>token{number}</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
         </{operation}Result></{operation}Response>"
    );
    (200, body)
}

fn for_token(number: u32, expiration: &str) -> (u16, String) {
    session("AssumeRoleWithWebIdentity", number, expiration)
}

fn refused(status: u16, code: &str, message: &str) -> (u16, String) {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    (status, body)
}

const LATER: &str = "2999-01-01T00:00:00Z";

#[tokio::test(start_paused = true)]
async fn a_token_of_azures_is_exchanged_without_a_signature_and_once() {
    let bench = Bench::keyless(vec![for_token(1, LATER)]);
    let credentials = bench.role.current().await.unwrap();
    assert_eq!(credentials.access_key_id(), "ASIA1");
    assert_eq!(credentials.session_token(), Some("token1"));
    let all = futures::future::join_all((0..20).map(|_| bench.role.current())).await;
    assert!(all.iter().all(Result::is_ok));
    let requests = bench.requests();
    let [(false, form)] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    for part in [
        "Action=AssumeRoleWithWebIdentity&",
        "Version=2011-06-15&",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fsync&",
        "RoleSessionName=apicenter-shop&",
        &format!("WebIdentityToken={TOKEN}"),
    ] {
        assert!(form.contains(part), "{part} {form}");
    }
    assert_eq!(*bench.credential.scopes.lock().unwrap(), ["api://aws/.default"]);
    assert_eq!(bench.traffic.requests(), 1, "it is counted");
}

#[tokio::test(start_paused = true)]
async fn an_access_key_is_exchanged_with_a_signature_and_the_external_id() {
    let bench = Bench::with_key(vec![session("AssumeRole", 1, LATER)]);
    assert_eq!(bench.role.current().await.unwrap().access_key_id(), "ASIA1");
    let requests = bench.requests();
    let [(true, form)] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    assert!(
        form.contains("ExternalId=shop%3A42") && form.contains("RoleSessionName=apicenter-shop"),
        "{form}"
    );
    assert_eq!(bench.credential.tokens.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_do_not_fit_into_a_header_are_not_used() {
    for part in ["ASIA1", "secret1", "token1"] {
        let (status, body) = for_token(1, LATER);
        let broken = body.replace(part, &format!("{part}&#10;{part}"));
        let bench = Bench::keyless(vec![(status, broken)]);
        let refusal = bench.refusal().await;
        assert!(matches!(refusal, RoleError::Unavailable { .. }), "{refusal:?}");
        assert!(!refusal.to_string().contains(part), "{refusal}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_who_come_at_once_share_one_exchange() {
    let bench = Bench::keyless(vec![for_token(1, LATER)]);
    let all = futures::future::join_all((0..20).map(|_| bench.role.current())).await;
    assert!(
        all.iter()
            .all(|credentials| credentials.as_ref().unwrap().access_key_id() == "ASIA1")
    );
    assert_eq!(bench.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_exchange_whose_caller_gives_up_serves_the_next_one() {
    let bench = Bench::keyless(vec![for_token(1, LATER)]);
    let halfway = tokio::time::timeout(Duration::from_millis(500), bench.role.current()).await;
    assert!(halfway.is_err(), "{halfway:?}");
    assert_eq!(bench.role.current().await.unwrap().access_key_id(), "ASIA1");
    assert_eq!(bench.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_about_to_end_are_renewed_with_a_new_exchange() {
    let soon = OffsetDateTime::now_utc() + RENEWAL - AzureDuration::seconds(1);
    let soon = azure_core::time::to_rfc3339(&soon);
    let bench = Bench::keyless(vec![for_token(1, &soon), for_token(2, LATER)]);
    let mut given = Vec::new();
    for _ in 0..3 {
        given.push(bench.role.current().await.unwrap().access_key_id().to_owned());
    }
    assert_eq!(given, ["ASIA1", "ASIA2", "ASIA2"]);
    assert_eq!(bench.credential.tokens.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_a_token_are_told_apart_by_what_helps() {
    for (answer, code, attempts, words) in [
        (
            refused(400, "InvalidIdentityToken", "Incorrect token audience"),
            ErrorCode::RoleNotAssumable,
            1,
            "OpenID Connect provider",
        ),
        (
            refused(403, "AccessDenied", "Not authorized"),
            ErrorCode::RoleNotAssumable,
            1,
            "trust policy",
        ),
        (
            refused(400, "ExpiredTokenException", "Token expired"),
            ErrorCode::RoleNotAssumable,
            1,
            "clocks",
        ),
        (
            refused(403, "IDPRejectedClaim", "no"),
            ErrorCode::RoleNotAssumable,
            1,
            "OpenID Connect provider",
        ),
        (
            refused(400, "MalformedPolicyDocument", "no"),
            ErrorCode::RoleNotAssumable,
            1,
            "MalformedPolicyDocument",
        ),
        (
            refused(403, "RegionDisabledException", "no"),
            ErrorCode::RoleNotAssumable,
            1,
            "activate AWS STS",
        ),
        (
            refused(400, "ValidationError", "no"),
            ErrorCode::RoleNotAssumable,
            1,
            "ValidationError: no",
        ),
        ((403, String::new()), ErrorCode::RoleNotAssumable, 1, "HTTP 403"),
        (
            refused(400, "Throttling", "Rate exceeded"),
            ErrorCode::TooManyRequests,
            7,
            "too many",
        ),
        ((429, String::new()), ErrorCode::TooManyRequests, 7, "too many"),
        (
            refused(400, "IDPCommunicationError", "no"),
            ErrorCode::ServiceUnavailable,
            3,
            "IDPCommunicationError",
        ),
        (
            refused(500, "InternalFailure", "no"),
            ErrorCode::ServiceUnavailable,
            4,
            "HTTP 500",
        ),
        ((503, "<html>".to_owned()), ErrorCode::ServiceUnavailable, 4, "HTTP 503"),
        (
            (200, "<html>".to_owned()),
            ErrorCode::ServiceUnavailable,
            1,
            "cannot be parsed",
        ),
        (
            (200, for_token(1, "soon").1),
            ErrorCode::ServiceUnavailable,
            1,
            "cannot be parsed",
        ),
        (
            (200, for_token(1, LATER).1.replace("Credentials>", "Something>")),
            ErrorCode::ServiceUnavailable,
            1,
            "no usable credentials",
        ),
        ((302, String::new()), ErrorCode::ServiceUnavailable, 1, "HTTP 302"),
    ] {
        let bench = Bench::keyless(vec![answer.clone()]);
        let error = bench.refusal().await;
        let problem = error.problem();
        assert_eq!(problem.code, code, "{answer:?} {error}");
        assert_eq!(bench.requests().len(), attempts, "{answer:?}");
        assert!(problem.message.contains(words), "{error}");
        assert!(problem.message.contains(ROLE), "{error}");
        let waits = matches!(problem.code, ErrorCode::TooManyRequests | ErrorCode::ServiceUnavailable);
        assert_eq!(problem.retry_after.is_some(), waits, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_a_key_are_told_apart_from_those_of_the_role() {
    for (code, told) in [
        ("InvalidClientTokenId", ErrorCode::AwsAuthenticationFailed),
        ("SignatureDoesNotMatch", ErrorCode::AwsAuthenticationFailed),
        ("MissingAuthenticationToken", ErrorCode::AwsAuthenticationFailed),
        ("AccessDenied", ErrorCode::RoleNotAssumable),
    ] {
        let bench = Bench::with_key(vec![refused(403, code, "no")]);
        let problem = bench.refusal().await.problem();
        assert_eq!(problem.code, told, "{problem}");
        assert!(problem.message.contains(code), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_token_says_of_itself_is_told_and_no_secret() {
    let words = format!("{KEY_ID} {KEY} {TOKEN}");
    let keyless = Bench::keyless(vec![refused(403, "AccessDenied", &words)]);
    let with_key = Bench::with_key(vec![refused(403, "SignatureDoesNotMatch", &words)]);
    let told = keyless.refusal().await.to_string();
    for claim in ["https://sts.windows.net/t/", "api://aws", "subject 42"] {
        assert!(told.contains(claim), "{told}");
    }
    assert!(!told.contains(TOKEN), "{told}");
    let told = format!("{:?} {:?}", with_key.refusal().await, with_key.role);
    assert!(!told.contains(KEY_ID) && !told.contains(KEY), "{told}");
}

#[tokio::test(start_paused = true)]
async fn the_identitys_refusals_are_told_apart_and_amazon_is_not_asked() {
    let entra =
        r#"{"error":"invalid_resource","error_description":"AADSTS500011: The resource principal was not found"}"#;
    let app_service = r#"{"statusCode":400,"message":"AADSTS500011: The resource principal was not found"}"#;
    let opaque = r#"{"statusCode":500,"message":"An unexpected error occured while fetching the AAD Token."}"#;
    for (refusal, code, words) in [
        ((400, entra), ErrorCode::RoleNotAssumable, "AADSTS500011"),
        ((400, app_service), ErrorCode::RoleNotAssumable, "AADSTS500011"),
        ((400, "no JSON"), ErrorCode::RoleNotAssumable, "has not been assigned"),
        (
            (0, "AzureCliCredential: AADSTS65001: consent"),
            ErrorCode::RoleNotAssumable,
            "AADSTS65001",
        ),
        (
            (0, "az is not installed"),
            ErrorCode::ServiceUnavailable,
            "az is not installed",
        ),
        ((500, opaque), ErrorCode::ServiceUnavailable, "fetching the AAD Token"),
        ((429, "{}"), ErrorCode::TooManyRequests, "too many"),
    ] {
        let credential = FakeCredential {
            refusal: Some(refusal),
            ..FakeCredential::default()
        };
        let bench = Bench::new(vec![for_token(1, LATER)], credential, None);
        let problem = bench.refusal().await.problem();
        assert_eq!(problem.code, code, "{problem}");
        assert!(problem.message.contains(words), "{problem}");
        if code != ErrorCode::TooManyRequests {
            assert!(problem.message.contains("AWS_WEB_IDENTITY_AUDIENCE"), "{problem}");
        }
        assert_eq!(bench.requests(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_once_the_budget_is_spent() {
    let mut bench = Bench::keyless(vec![for_token(1, LATER)]);
    let inner = Arc::get_mut(&mut bench.role.0).unwrap();
    inner.budget = Budget::new(Duration::ZERO, CancellationToken::new());
    assert!(matches!(bench.refusal().await, RoleError::OutOfTime { .. }));
    assert_eq!(bench.requests(), []);
}

/// Takes down where requests would go.
#[derive(Debug, Clone, Default)]
struct Nowhere(Arc<Mutex<Vec<String>>>);

impl HttpConnector for Nowhere {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.0.lock().unwrap().push(request.uri().to_owned());
        HttpConnectorFuture::ready(Err(ConnectorError::user("nowhere".into())))
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_override_the_regions_own_endpoint_is_asked_over_tls() {
    for (region, url) in [
        ("us-east-1", "https://sts.us-east-1.amazonaws.com/"),
        ("eu-central-1", "https://sts.eu-central-1.amazonaws.com/"),
        ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/"),
        ("us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com/"),
    ] {
        let region = Region::parse(region).unwrap();
        let nowhere = Nowhere::default();
        let connector = nowhere.clone();
        let client =
            http_client_fn(move |_: &HttpConnectorSettings, _: &_| SharedHttpConnector::new(connector.clone()));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.as_str().to_owned()))
            .http_client(client)
            .build();
        let connection = AwsConnection::of_config(config, &region, pacer(), budget());
        let identity = WebIdentity::new(Arc::new(FakeCredential::default()), "api://aws");
        let role = assumed(&connection, &region, Proof::WebIdentity(identity));
        assert!(matches!(role.current().await, Err(RoleError::Unavailable { .. })));
        assert_eq!(*nowhere.0.lock().unwrap(), [url]);
    }
}
