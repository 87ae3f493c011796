//! The client against an organisation that answers what it is told to.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::aws::access_key::AccessKey;
use crate::aws::connection::{ATTEMPTS, Transport};
use crate::limits::{Budget, Pacer, Traffic};
use crate::model::{ErrorCode, Region};

/// What was asked: the host, the signature, the operation and the body.
type Asked = (String, String, String, Value);

/// Answers in their order, the last again and again.
#[derive(Debug, Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
    requests: Arc<Mutex<Vec<Asked>>>,
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        let operation = header("x-amz-target").rsplit('.').next().unwrap_or_default().to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let asked = (request.uri().to_owned(), header("authorization"), operation, body);
        self.requests.lock().unwrap().push(asked);
        let mut answers = self.answers.lock().unwrap();
        let (status, body) = if answers.len() > 1 {
            answers.pop_front().unwrap()
        } else {
            answers.front().unwrap().clone()
        };
        let body = SdkBody::from(body.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), body)))
    }
}

impl Script {
    fn new(answers: Vec<(u16, Value)>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into())),
            ..Self::default()
        }
    }

    fn client(&self, region: &str) -> OrganizationClient {
        let (connector, pacer) = (self.clone(), Arc::new(Pacer::new(1e6, NonZeroU32::new(1000).unwrap())));
        let client =
            http_client_fn(move |_: &HttpConnectorSettings, _: &_| SharedHttpConnector::new(connector.clone()));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.to_owned()))
            .http_client(Transport::over(client).metered(Arc::clone(&pacer), Arc::<Traffic>::default()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        let budget = Budget::new(Duration::from_mins(1), CancellationToken::new());
        let connection = AwsConnection::of_config(config, &Region::parse(region).unwrap(), pacer, budget);
        let key = AccessKey::new("AKIAIOSFODNN7EXAMPLE".into(), "secret".into());
        OrganizationClient::connect(connection, AwsCredentials::AccessKey(key))
    }

    fn operations(&self) -> Vec<(String, Value)> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .map(|(_, _, operation, body)| (operation.clone(), body.clone()))
            .collect()
    }
}

fn page(ids: &[&str], next: Option<&str>) -> (u16, Value) {
    let accounts: Vec<Value> = ids
        .iter()
        .map(|id| json!({"Id": id, "Name": "n", "State": "ACTIVE"}))
        .collect();
    (200, json!({"Accounts": accounts, "NextToken": next}))
}

fn refused(code: &str, message: &str) -> (u16, Value) {
    (400, json!({"__type": code, "Message": message}))
}

const FIRST: &str = "000000000001";
const SECOND: &str = "000000000002";

#[tokio::test(start_paused = true)]
async fn pages_may_be_empty_and_an_account_counts_once() {
    let script = Script::new(vec![
        page(&[SECOND], Some("a")),
        page(&[], Some("b")),
        page(&[FIRST, SECOND], None),
    ]);
    let accounts = script.client("eu-west-1").accounts().await.unwrap();
    let ids: Vec<&str> = accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, [FIRST, SECOND]);
    let asked: Vec<Value> = script.operations().into_iter().map(|(_, body)| body).collect();
    assert_eq!(asked, [json!({}), json!({"NextToken": "a"}), json!({"NextToken": "b"})]);
}

#[tokio::test(start_paused = true)]
async fn an_account_is_active_only_if_amazon_says_so() {
    let accounts = json!([
        {"Id": "000000000001", "Name": "Shop\u{1b}", "State": "ACTIVE", "Status": "SUSPENDED"},
        {"Id": "000000000002", "Status": "ACTIVE"},
        {"Id": "000000000003", "State": "CLOSED"},
        {"Id": "000000000004", "State": "PENDING_CLOSURE", "Status": "ACTIVE"},
        {"Id": "000000000005", "State": "SOMETHING_NEW"},
        {"Id": "000000000006", "Status": "SUSPENDED"},
        {"Id": "000000000007"},
    ]);
    let script = Script::new(vec![(200, json!({ "Accounts": accounts }))]);
    let accounts = script.client("us-east-1").accounts().await.unwrap();
    let found: Vec<(bool, &str)> = accounts
        .iter()
        .map(|account| (account.is_active, account.state.as_str()))
        .collect();
    let told = [
        (true, "ACTIVE"),
        (true, "ACTIVE"),
        (false, "CLOSED"),
        (false, "PENDING_CLOSURE"),
        (false, "SOMETHING_NEW"),
        (false, "SUSPENDED"),
        (false, ""),
    ];
    assert_eq!(found, told);
    assert_eq!(accounts[0].name, "Shop\u{fffd}");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_cut_short_is_no_list() {
    for (answers, words) in [
        (
            vec![
                page(&[FIRST], Some("a")),
                refused("TooManyRequestsException", "slow down"),
            ],
            "too many",
        ),
        (vec![page(&[FIRST], Some("a")), (500, json!({}))], "not available"),
        (
            vec![page(&[FIRST], Some("a")), page(&[SECOND], Some("a"))],
            "pages loop",
        ),
        (vec![page(&[FIRST, "12345"], None)], "12345"),
        (vec![page(&[], None)], "no accounts"),
        (
            vec![page(&[FIRST], Some("a")), refused("AccessDeniedException", "no")],
            "page 2",
        ),
    ] {
        let script = Script::new(answers);
        let error = script.client("us-east-1").accounts().await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn throttles_are_waited_for() {
    let throttled = || refused("TooManyRequestsException", "slow down");
    let script = Script::new(vec![
        throttled(),
        throttled(),
        throttled(),
        throttled(),
        throttled(),
        page(&[FIRST], None),
    ]);
    assert_eq!(script.client("us-east-1").accounts().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_told_apart_by_what_helps() {
    let by_policy = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: organizations:ListAccounts on resource: *";
    for (answer, words, code) in [
        (
            refused(
                "AccessDeniedException",
                "You don't have permissions to access this resource.",
            ),
            "delegated administrator",
            ErrorCode::AwsAccessDenied,
        ),
        (
            refused(
                "AWSOrganizationsNotInUseException",
                "Your account is not a member of an organization.",
            ),
            "to no organisation",
            ErrorCode::AwsAccessDenied,
        ),
        (
            refused("AccessDeniedException", by_policy),
            "allow organizations:ListAccounts",
            ErrorCode::AwsAccessDenied,
        ),
        (
            refused(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            "rejects the access key",
            ErrorCode::AwsAuthenticationFailed,
        ),
        ((503, json!({})), "not available", ErrorCode::ServiceUnavailable),
    ] {
        let script = Script::new(vec![answer]);
        let error = script.client("us-east-1").accounts().await.unwrap_err();
        let problem = error.problem();
        assert!(problem.code == code && problem.message.contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_two_levels_below_a_unit_are_found() {
    let units = |ids: &[&str]| {
        let units: Vec<Value> = ids.iter().map(|id| json!({ "Id": id })).collect();
        (200, json!({ "OrganizationalUnits": units }))
    };
    let (top, below) = ("ou-ab12-11111111", "ou-ab12-22222222");
    let script = Script::new(vec![
        page(&[], Some("a")),
        page(&[FIRST], None),
        units(&[below]),
        page(&[SECOND], None),
        // There is none, but a unit that leads back would not be followed for ever.
        units(&[top]),
    ]);
    let asked = BTreeSet::from([UnitId::parse(top).unwrap()]);
    let found = script.client("us-east-1").accounts_below(&asked).await.unwrap();
    assert_eq!(found, [FIRST, SECOND].map(|id| AccountId::parse(id).unwrap()).into());
    let asked: Vec<String> = script
        .operations()
        .into_iter()
        .map(|(operation, body)| format!("{operation} {}", body["ParentId"].as_str().unwrap()))
        .collect();
    assert_eq!(
        asked,
        [
            format!("ListAccountsForParent {top}"),
            format!("ListAccountsForParent {top}"),
            format!("ListOrganizationalUnitsForParent {top}"),
            format!("ListAccountsForParent {below}"),
            format!("ListOrganizationalUnitsForParent {below}"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_is_not_there_is_named() {
    let script = Script::new(vec![refused("ParentNotFoundException", "no such parent")]);
    let unit = UnitId::parse("ou-ab12-11111111").unwrap();
    let error = script
        .client("us-east-1")
        .accounts_below(&[unit].into())
        .await
        .unwrap_err();
    assert!(matches!(error, OrganizationError::NoUnit { .. }), "{error}");
    assert!(error.to_string().contains("ou-ab12-11111111"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_region_of_the_partition_that_answers_is_asked() {
    for (region, host, signed) in [
        (
            "eu-west-1",
            "https://organizations.us-east-1.amazonaws.com/",
            "us-east-1",
        ),
        (
            "cn-north-1",
            "https://organizations.cn-northwest-1.amazonaws.com.cn/",
            "cn-northwest-1",
        ),
        (
            "us-gov-east-1",
            "https://organizations.us-gov-west-1.amazonaws.com/",
            "us-gov-west-1",
        ),
    ] {
        let script = Script::new(vec![page(&[FIRST], None)]);
        script.client(region).accounts().await.unwrap();
        let requests = script.requests.lock().unwrap();
        let (url, authorization, ..) = &requests[0];
        assert_eq!(url, host);
        assert!(
            authorization.contains(&format!("/{signed}/organizations/aws4_request")),
            "{authorization}"
        );
    }
}
