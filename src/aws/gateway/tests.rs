//! The client against a gateway that answers what it is told to, on loopback.

mod connection;
mod domains;
mod hostile;
mod refusals;
mod sessions;
mod v2;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_apigateway::config::Region as SdkRegion;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::aws::access_key::AccessKey;
use crate::aws::connection::{ANSWER_MAX_BYTES, ATTEMPT_TIMEOUT, ATTEMPTS, OPERATION_TIMEOUT, Transport};
use crate::limits::{Budget, Pacer, Traffic};
use crate::model::{EndpointType, ErrorCode, Region};

const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A status, headers and a body; the last answer is given again when there are more requests.
#[derive(Debug, Clone)]
struct Answer(u16, Vec<(&'static str, String)>, Vec<u8>);

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer(status, Vec::new(), body.into())
}

fn coded(status: u16, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({ "message": message }).to_string();
    Answer(
        status,
        vec![("x-amzn-errortype", format!("{code}:http://internal.amazon.com/"))],
        body.into_bytes(),
    )
}

impl Answer {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.1.push((name, value.to_owned()));
        self
    }
}

#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<String>>,
}

async fn respond(State(script): State<Arc<Script>>, request: Request) -> Response {
    let target = request
        .uri()
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let signed = request.headers().contains_key("authorization");
    let mut requests = script.requests.lock().unwrap_or_else(PoisonError::into_inner);
    requests.push(format!(
        "{} {target}{}",
        request.method(),
        if signed { "" } else { " unsigned" }
    ));
    let mut answers = script.answers.lock().unwrap_or_else(PoisonError::into_inner);
    let Answer(status, headers, body) = if answers.len() > 1 {
        answers.pop_front().unwrap()
    } else {
        answers.front().unwrap().clone()
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

struct Bench {
    gateway: GatewayClient,
    script: Arc<Script>,
    traffic: Arc<Traffic>,
}

impl Bench {
    async fn new(answers: Vec<Answer>) -> Self {
        Self::with_budget(answers, Duration::from_mins(1)).await
    }

    async fn with_budget(answers: Vec<Answer>, budget: Duration) -> Self {
        Self::of(answers, budget, "us-east-1", |_| credentials()).await
    }

    async fn of(
        answers: Vec<Answer>,
        budget: Duration,
        region: &str,
        credentials: impl FnOnce(&AwsConnection) -> AwsCredentials,
    ) -> Self {
        let script = Arc::new(Script {
            answers: Mutex::new(answers.into()),
            requests: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(respond).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let pacer = Arc::new(Pacer::new(1e6, NonZeroU32::new(1000).unwrap()));
        let traffic = Arc::<Traffic>::default();
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(SdkRegion::new(region.to_owned()))
            .endpoint_url(url)
            .http_client(Transport::new().metered(Arc::clone(&pacer), Arc::clone(&traffic)))
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS)
                    .with_initial_backoff(Duration::from_millis(1)),
            )
            .build();
        let region = Region::parse(region).unwrap();
        let budget = Budget::new(budget, CancellationToken::new());
        let connection = AwsConnection::of_config(config, &region, pacer, budget);
        let credentials = credentials(&connection);
        Self {
            gateway: GatewayClient::connect(connection, credentials),
            script,
            traffic,
        }
    }

    fn requests(&self) -> Vec<String> {
        self.script.requests.lock().unwrap().clone()
    }

    fn attempts(&self) -> u64 {
        self.traffic.requests()
    }
}

fn credentials() -> AwsCredentials {
    AwsCredentials::AccessKey(AccessKey::new(KEY_ID.into(), KEY.into()))
}

fn id(text: &str) -> ApiId {
    ApiId::parse(text).unwrap()
}

fn api() -> GatewayApi {
    GatewayApi {
        api_type: ApiType::Rest,
        id: id("a1b2c3d4e5"),
        name: "Orders".to_owned(),
        description: None,
        version: None,
        endpoint_type: EndpointType::Regional,
        vpc_endpoint_ids: Vec::new(),
        execute_api_disabled: false,
        tags: Box::default(),
    }
}

fn with_id(text: &str) -> GatewayApi {
    GatewayApi { id: id(text), ..api() }
}

fn rest() -> BTreeSet<ApiType> {
    [ApiType::Rest].into()
}

#[tokio::test]
async fn all_pages_make_one_listing_without_repetitions() {
    let first = r#"{"item":[{"id":"aaa","name":"A","createdDate":1700000000,"version":"1","description":"d",
        "endpointConfiguration":{"types":["PRIVATE"],"vpcEndpointIds":["vpce-1"]},
        "tags":{"owner":"a\u001bb","aws:cloudformation:stack-name":"s","empty":""}},
        {"id":"b/b"}],"position":"next=="}"#;
    let second = r#"{"item":[{"id":"aaa","name":"A"},{"id":"ccc","name":"C","disableExecuteApiEndpoint":true,
        "endpointConfiguration":{"types":["SOMETHING_NEW"]},"somethingNew":1}]}"#;
    let bench = Bench::new(vec![answer(200, first), answer(200, second)]).await;
    let listing = bench.gateway.rest_apis().await.unwrap();
    let private = GatewayApi {
        api_type: ApiType::Rest,
        id: id("aaa"),
        name: "A".to_owned(),
        description: Some("d".to_owned()),
        version: Some("1".to_owned()),
        endpoint_type: EndpointType::Private,
        vpc_endpoint_ids: vec!["vpce-1".to_owned()],
        execute_api_disabled: false,
        tags: [
            ("aws:cloudformation:stack-name", "s"),
            ("empty", ""),
            ("owner", "a\u{fffd}b"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into(),
    };
    let disabled = GatewayApi {
        id: id("ccc"),
        name: "C".to_owned(),
        execute_api_disabled: true,
        ..api()
    };
    assert_eq!(listing.apis, [private, disabled]);
    let unusable: Vec<&str> = listing.unusable.iter().map(|unusable| unusable.id.as_str()).collect();
    assert_eq!(unusable, ["b/b"]);
    assert_eq!(
        bench.requests(),
        ["GET /restapis?limit=500", "GET /restapis?position=next%3D%3D&limit=500"]
    );
    assert_eq!(bench.attempts(), 2);
}

#[tokio::test]
async fn a_listing_with_an_api_that_has_no_id_is_an_error() {
    for nameless in [r#"{"name":"nameless"}"#, r#"{"id":"","name":"nameless"}"#] {
        let body = format!(r#"{{"item":[{{"id":"aaa"}},{nameless}]}}"#);
        let error = Bench::new(vec![answer(200, body)]).await.gateway.rest_apis().await;
        let error = error.unwrap_err();
        assert!(matches!(error, GatewayError::Malformed { .. }), "{error:?}");
        assert!(error.to_string().ends_with("it has an API without an id"), "{error}");
    }
}

#[tokio::test]
async fn an_api_is_lacked_only_when_amazon_says_so() {
    let table: [(Answer, Option<bool>); 6] = [
        (coded(404, "NotFoundException", "Invalid API identifier"), Some(true)),
        (answer(200, r#"{"id":"aaa"}"#), Some(false)),
        (answer(200, ""), None),
        (answer(404, "<html>no such page</html>"), None),
        (coded(403, "AccessDeniedException", "not authorized"), None),
        (coded(400, "BadRequestException", "no"), None),
    ];
    for (given, expected) in table {
        let what = format!("{given:?}");
        let bench = Bench::new(vec![given]).await;
        assert_eq!(
            bench
                .gateway
                .api(ApiType::Rest, &id("aaa"))
                .await
                .ok()
                .map(|api| api.is_none()),
            expected,
            "{what}"
        );
        assert_eq!(bench.requests(), ["GET /restapis/aaa"]);
    }
}

#[tokio::test]
async fn a_listing_that_goes_in_a_circle_is_an_error() {
    let bench = Bench::new(vec![answer(200, r#"{"item":[{"id":"aaa"}],"position":"p"}"#)]).await;
    let error = bench.gateway.rest_apis().await.unwrap_err();
    assert!(matches!(error, GatewayError::Malformed { .. }), "{error:?}");
    assert_eq!(bench.attempts(), 2);
}

#[tokio::test]
async fn a_listing_is_complete_or_an_error() {
    let first = answer(200, r#"{"item":[{"id":"aaa"}],"position":"p"}"#);
    let bench = Bench::new(vec![first, coded(403, "AccessDeniedException", "no")]).await;
    let error = bench.gateway.rest_apis().await.unwrap_err();
    assert!(matches!(error, GatewayError::AccessDenied { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_of_another_form_is_malformed() {
    for body in ["<html>", r#"{"item":{"id":"aaa"}}"#] {
        let bench = Bench::new(vec![answer(200, body)]).await;
        let error = bench.gateway.rest_apis().await.unwrap_err();
        assert!(matches!(error, GatewayError::Malformed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn stages_are_read_with_all_that_a_revision_needs() {
    let body = r#"{"item":[{"stageName":"prod","deploymentId":"dep","description":"d","lastUpdatedDate":1700000000.5,
        "createdDate":1600000000,"documentationVersion":"v1","canarySettings":{"deploymentId":"can","percentTraffic":5.0}},
        {"stageName":"bare"}]}"#;
    let bench = Bench::new(vec![answer(200, body)]).await;
    let stages = bench.gateway.stages(&with_id("aaa")).await.unwrap();
    let full = Stage {
        name: "prod".to_owned(),
        deployment_id: "dep".to_owned(),
        description: Some("d".to_owned()),
        last_updated: Some(1_700_000_000),
        documentation_version: Some("v1".to_owned()),
        canary_deployment_id: Some("can".to_owned()),
    };
    let bare = Stage {
        name: "bare".to_owned(),
        deployment_id: String::new(),
        description: None,
        last_updated: None,
        documentation_version: None,
        canary_deployment_id: None,
    };
    assert_eq!(stages, [full, bare]);
    assert_eq!(bench.requests(), ["GET /restapis/aaa/stages"]);
}

#[tokio::test]
async fn a_stage_without_a_name_is_malformed_and_a_missing_api_not_found() {
    let bench = Bench::new(vec![answer(200, r#"{"item":[{"deploymentId":"dep"}]}"#)]).await;
    let error = bench.gateway.stages(&with_id("aaa")).await.unwrap_err();
    assert!(matches!(error, GatewayError::Malformed { .. }), "{error:?}");
    let bench = Bench::new(vec![coded(
        404,
        "NotFoundException",
        "Invalid API identifier specified",
    )])
    .await;
    let error = bench.gateway.stages(&with_id("aaa")).await.unwrap_err();
    assert!(matches!(error, GatewayError::NotFound { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "GetStages of REST API aaa: AWS does not find it: NotFoundException: Invalid API identifier specified"
    );
}

#[tokio::test]
async fn an_export_is_the_text_that_amazon_gave() {
    let text = "{\n  \"openapi\" : \"3.0.1\", \"paths\":{\"/{proxy+}\":{\"get\":{}}} }";
    let bench = Bench::new(vec![answer(200, text)]).await;
    let export = bench.gateway.export(&api(), "my_stage").await.unwrap();
    assert_eq!(export, StageExport::OpenApi(text.into()));
    assert_eq!(
        bench.requests(),
        ["GET /restapis/a1b2c3d4e5/stages/my_stage/exports/oas30"]
    );
}

#[tokio::test]
async fn an_export_that_amazon_refuses_says_why() {
    let words = "Only found non-JSON body models in API";
    let bench = Bench::new(vec![coded(400, "BadRequestException", words)]).await;
    let export = bench.gateway.export(&api(), "prod").await.unwrap();
    let refused = StageExport::Refused(format!("BadRequestException: {words}"));
    assert_eq!(export, refused);
}

#[tokio::test]
async fn an_export_without_end_is_too_large_and_read_once() {
    let bench = Bench::new(vec![answer(200, "a".repeat(ANSWER_MAX_BYTES + 1))]).await;
    let export = bench.gateway.export(&api(), "prod").await.unwrap();
    assert_eq!(export, StageExport::Endless(ANSWER_MAX_BYTES));
    assert_eq!(bench.attempts(), 1);
}

#[tokio::test]
async fn an_export_of_a_missing_stage_is_an_error() {
    let bench = Bench::new(vec![coded(
        404,
        "NotFoundException",
        "Invalid stage identifier specified",
    )])
    .await;
    let error = bench.gateway.export(&api(), "gone").await.unwrap_err();
    assert!(matches!(error, GatewayError::NotFound { .. }), "{error:?}");
}
