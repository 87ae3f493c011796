//! HTTP and WebSocket APIs.

use super::*;
use crate::model::{Model, Route};

/// What a region without HTTP APIs answers: it is not JSON, since `\'` is no escape.
const NO_HTTP_APIS: &str = r#"{"message": "1 validation error detected: Value \'arn:aws:lambda:eu-south-2:123456789012:function:\' at \'functionName\' failed to satisfy constraint"}"#;

fn of_type(api_type: ApiType) -> GatewayApi {
    GatewayApi { api_type, ..api() }
}

#[tokio::test]
async fn all_pages_of_http_and_websocket_apis_make_one_listing() {
    let first = r#"{"items":[{"apiId":"aaa","name":"A","protocolType":"HTTP","createdDate":"2020-04-08T00:08:44Z",
        "version":"1","description":"d","disableExecuteApiEndpoint":true,"routeSelectionExpression":"x","tags":{"a":"b"}},
        {"apiId":"b/b","name":"B","protocolType":"HTTP"},{"apiId":"ggg","name":"G","protocolType":"GRPC"},
        {"apiId":"nnn","name":"N"}],"nextToken":"next=="}"#;
    let second = r#"{"items":[{"apiId":"aaa","name":"A","protocolType":"HTTP"},
        {"apiId":"www","name":"W","protocolType":"WEBSOCKET","disableSchemaValidation":true}],"nextToken":""}"#;
    let bench = Bench::new(vec![answer(200, first), answer(200, second)]).await;
    let listing = bench.gateway.http_and_websocket_apis().await.unwrap();
    let http = GatewayApi {
        api_type: ApiType::Http,
        id: id("aaa"),
        name: "A".to_owned(),
        description: Some("d".to_owned()),
        version: Some("1".to_owned()),
        execute_api_disabled: true,
        tags: [("a".to_owned(), "b".to_owned())].into(),
        ..api()
    };
    let websocket = GatewayApi {
        api_type: ApiType::Websocket,
        id: id("www"),
        name: "W".to_owned(),
        ..api()
    };
    assert_eq!(listing.apis, [http, websocket]);
    let unusable: Vec<(&str, bool)> = listing
        .unusable
        .iter()
        .map(|unusable| (&*unusable.id, unusable.message.contains("an unknown kind")))
        .collect();
    assert_eq!(unusable, [("b/b", false), ("ggg", true), ("nnn", true)]);
    assert_eq!(
        bench.requests(),
        [
            "GET /v2/apis?maxResults=100",
            "GET /v2/apis?maxResults=100&nextToken=next%3D%3D"
        ]
    );
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_an_error() {
    let page = |items: &str| answer(200, format!(r#"{{"items":[{items}],"nextToken":"t"}}"#));
    let usable = r#"{"apiId":"aaa","name":"A","protocolType":"HTTP"}"#;
    let malformed = ErrorCode::ServiceUnavailable;
    //    the answers, the error, the requests
    let table = [
        ("a circle", vec![page(usable)], malformed, 2),
        (
            "no id",
            vec![page(r#"{"name":"A","protocolType":"HTTP"}"#)],
            malformed,
            1,
        ),
        (
            "an empty id",
            vec![page(r#"{"apiId":"","protocolType":"HTTP"}"#)],
            malformed,
            1,
        ),
        (
            "a date of the other version",
            vec![page(r#"{"apiId":"aaa","createdDate":1700000000}"#)],
            malformed,
            1,
        ),
        ("nothing", vec![answer(200, "")], malformed, 1),
        ("markup", vec![answer(200, "<html>")], malformed, 1),
        (
            "half of it",
            vec![page(usable), coded(403, "AccessDeniedException", "no")],
            ErrorCode::AwsAccessDenied,
            2,
        ),
        (
            "no HTTP APIs said to somebody else",
            vec![coded(403, "AccessDeniedException", "functionName")],
            ErrorCode::AwsAccessDenied,
            1,
        ),
        (
            "another refusal",
            vec![coded(400, "BadRequestException", "no")],
            ErrorCode::InvalidRequest,
            1,
        ),
        (
            "another refusal that is not JSON",
            vec![answer(400, r"{'message': 'no \'such\' thing'}")],
            ErrorCode::InvalidRequest,
            1,
        ),
        ("not found", vec![answer(404, "")], malformed, 1),
    ];
    for (what, answers, code, requests) in table {
        let bench = Bench::new(answers).await;
        let error = bench.gateway.http_and_websocket_apis().await;
        let error = error.map(|listing| format!("{what}: {listing:?}")).unwrap_err();
        assert_eq!(error.problem().code, code, "{what}: {error}");
        assert_eq!(bench.requests().len(), requests, "{what}");
    }
}

#[tokio::test]
async fn a_region_without_http_apis_has_an_empty_list() {
    let words = "1 validation error detected: Value 'arn:aws:lambda:eu-south-2::function:' at 'functionName'";
    for refusal in [
        answer(400, NO_HTTP_APIS),
        answer(400, NO_HTTP_APIS).with("x-amzn-errortype", "ValidationException"),
        coded(400, "ValidationException", words),
    ] {
        let bench = Bench::new(vec![refusal.clone()]).await;
        let listing = bench.gateway.http_and_websocket_apis().await;
        assert_eq!(listing, Ok(Listing::default()), "{refusal:?}");
        assert_eq!(bench.gateway.check(&[ApiType::Http].into()).await, Ok(()));
        assert_eq!(bench.gateway.refusal(), None);
        assert_eq!(bench.attempts(), 2, "it is not tried again");
    }
}

#[tokio::test]
async fn an_api_that_is_asked_for_is_of_the_kind_that_amazon_tells() {
    let found = |protocol: &str| {
        answer(
            200,
            format!(r#"{{"apiId":"aaa","name":"A","protocolType":"{protocol}"}}"#),
        )
    };
    //    the answer → the kind, `None` where nobody knows
    let table = [
        (found("HTTP"), Some(Some(ApiType::Http))),
        (found("WEBSOCKET"), Some(Some(ApiType::Websocket))),
        (found("GRPC"), None),
        (answer(200, "{}"), None),
        (coded(404, "NotFoundException", "Invalid API identifier"), Some(None)),
        (answer(404, "<html>"), None),
        (coded(403, "AccessDeniedException", "no"), None),
    ];
    for (given, kind) in table {
        let what = format!("{given:?}");
        let bench = Bench::new(vec![given]).await;
        let api = bench.gateway.api(ApiType::Websocket, &id("aaa")).await.ok();
        assert_eq!(api.map(|api| api.map(|api| api.api_type)), kind, "{what}");
        assert_eq!(bench.requests(), ["GET /v2/apis/aaa"]);
    }
}

#[tokio::test]
async fn stages_come_in_pages_and_may_run_nothing() {
    let first = r#"{"items":[{"stageName":"$default","deploymentId":"dep","description":"d","autoDeploy":true,
        "createdDate":"2020-04-08T00:08:44Z","lastUpdatedDate":"2023-11-14T22:13:20.5Z"}],"nextToken":"2"}"#;
    let second = r#"{"items":[{"stageName":"bare"}]}"#;
    let bench = Bench::new(vec![answer(200, first), answer(200, second)]).await;
    let stages = bench.gateway.stages(&of_type(ApiType::Http)).await.unwrap();
    let full = Stage {
        name: "$default".to_owned(),
        deployment_id: "dep".to_owned(),
        description: Some("d".to_owned()),
        last_updated: Some(1_700_000_000),
        documentation_version: None,
        canary_deployment_id: None,
    };
    let bare = Stage {
        name: "bare".to_owned(),
        deployment_id: String::new(),
        description: None,
        last_updated: None,
        ..full.clone()
    };
    assert_eq!(stages, [full, bare]);
    let path = "GET /v2/apis/a1b2c3d4e5/stages?maxResults=100";
    assert_eq!(bench.requests(), [path.to_owned(), format!("{path}&nextToken=2")]);
}

#[tokio::test]
async fn stages_that_cannot_be_all_there_are_are_an_error() {
    for body in [
        r#"{"items":[{"stageName":"prod"}],"nextToken":"t"}"#,
        r#"{"items":[{"deploymentId":"dep"}]}"#,
        r#"{"items":[{"stageName":".."}]}"#,
        r#"{"items":[{"stageName":"prod","lastUpdatedDate":1700000000}]}"#,
    ] {
        let bench = Bench::new(vec![answer(200, body)]).await;
        let error = bench.gateway.stages(&of_type(ApiType::Http)).await.unwrap_err();
        assert!(matches!(error, GatewayError::Malformed { .. }), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn an_http_api_is_exported_without_extensions() {
    let text = "{ \"openapi\" : \"3.0.1\",\n\"paths\":{} }";
    let bench = Bench::new(vec![answer(200, text)]).await;
    for (stage, encoded) in [
        ("$default", "%24default"),
        ("prod", "prod"),
        ("a b&c=d", "a%20b%26c%3Dd"),
    ] {
        let export = bench.gateway.export(&of_type(ApiType::Http), stage).await;
        assert_eq!(export, Ok(StageExport::OpenApi(text.into())));
        let line = bench.requests().pop().unwrap();
        let (path, query) = line.split_once('?').unwrap();
        assert_eq!(path, "GET /v2/apis/a1b2c3d4e5/exports/OAS30");
        let mut query: Vec<&str> = query.split('&').collect();
        query.sort_unstable();
        let stage = format!("stageName={encoded}");
        assert_eq!(query, ["includeExtensions=false", "outputType=JSON", &*stage], "{line}");
    }
}

#[tokio::test]
async fn an_export_of_an_http_api_that_cannot_be_had_says_why() {
    let refused = StageExport::Refused("BadRequestException: no".to_owned());
    let endless = answer(200, "a".repeat(ANSWER_MAX_BYTES + 1));
    let table = [
        (coded(400, "BadRequestException", "no"), Some(refused)),
        (endless, Some(StageExport::Endless(ANSWER_MAX_BYTES))),
        (answer(200, ""), Some(StageExport::OpenApi(Vec::new()))),
        // From somebody on the way to AWS: it says nothing of the API, which comes first in the next run.
        (answer(200, "\n<html><body>Sign in</body></html>"), None),
        (coded(404, "NotFoundException", "no such stage"), None),
        (coded(403, "AccessDeniedException", "no"), None),
    ];
    for (given, expected) in table {
        let status = given.0;
        let bench = Bench::new(vec![given]).await;
        let export = bench.gateway.export(&of_type(ApiType::Http), "prod").await;
        assert_eq!(export.ok(), expected, "{status}");
    }
}

#[tokio::test]
async fn a_websocket_api_is_told_by_its_routes_and_models() {
    let routes = r#"{"items":[{"routeKey":"$connect","authorizationType":"CUSTOM","apiKeyRequired":true,
        "authorizationScopes":["s"],"requestParameters":{"route.request.querystring.token":{"required":true},
        "route.request.header.x":{}},"target":"integrations/1"}],"nextToken":"2"}"#;
    let more = r#"{"items":[{"routeKey":"send","operationName":"Send","requestModels":{"$default":"Message"},
        "routeResponseSelectionExpression":"$default"}]}"#;
    let models = r#"{"items":[{"name":"Message","contentType":"application/json","schema":"{}"}]}"#;
    let bench = Bench::new([routes, more, models].map(|body| answer(200, body)).into()).await;
    let export = bench
        .gateway
        .export(&of_type(ApiType::Websocket), "prod")
        .await
        .unwrap();
    let connect = Route {
        key: "$connect".to_owned(),
        operation_name: None,
        authorization_type: Some("CUSTOM".to_owned()),
        authorization_scopes: vec!["s".to_owned()],
        api_key_required: true,
        request_models: [].into(),
        request_parameters: [
            ("route.request.querystring.token".to_owned(), true),
            ("route.request.header.x".to_owned(), false),
        ]
        .into(),
        is_two_way: false,
    };
    let send = Route {
        key: "send".to_owned(),
        operation_name: Some("Send".to_owned()),
        authorization_type: None,
        authorization_scopes: Vec::new(),
        api_key_required: false,
        request_models: [("$default".to_owned(), "Message".to_owned())].into(),
        request_parameters: [].into(),
        is_two_way: true,
    };
    let message = Model {
        name: "Message".to_owned(),
        content_type: Some("application/json".to_owned()),
        schema: "{}".to_owned(),
    };
    let (routes, models) = (vec![connect, send], vec![message]);
    assert_eq!(export, StageExport::WebSocket { routes, models });
    assert_eq!(
        bench.requests(),
        [
            "GET /v2/apis/a1b2c3d4e5/routes?maxResults=100",
            "GET /v2/apis/a1b2c3d4e5/routes?maxResults=100&nextToken=2",
            "GET /v2/apis/a1b2c3d4e5/models?maxResults=100",
        ]
    );
}

#[tokio::test]
async fn a_websocket_api_of_which_a_part_is_missing_has_no_description() {
    let routes = || answer(200, r#"{"items":[{"routeKey":"send"}]}"#);
    let refused = StageExport::Refused("BadRequestException: no".to_owned());
    for (answers, expected) in [
        (vec![coded(400, "BadRequestException", "no")], Some(refused.clone())),
        (vec![routes(), coded(400, "BadRequestException", "no")], Some(refused)),
        (vec![routes(), coded(403, "AccessDeniedException", "no")], None),
        (vec![routes(), coded(404, "NotFoundException", "no")], None),
        (vec![answer(200, r#"{"items":[],"nextToken":"t"}"#)], None),
    ] {
        let what = format!("{answers:?}");
        let bench = Bench::new(answers).await;
        let export = bench.gateway.export(&of_type(ApiType::Websocket), "prod").await;
        assert_eq!(export.ok(), expected, "{what}");
    }
}

#[tokio::test]
async fn the_lists_that_are_asked_for_are_those_of_the_kinds_that_are_wanted() {
    use ApiList::{HttpAndWebSocket, Rest};
    use ApiType::{Http, Websocket};
    type Table<'a> = Vec<(&'a str, &'a [ApiType], Vec<Answer>, Option<Vec<(ApiList, bool)>>, usize)>;
    let empty = || answer(200, "{}");
    let denied = || coded(403, "AccessDeniedException", "no");
    let unavailable = || vec![answer(503, ""); ATTEMPTS as usize];
    let all: &[ApiType] = &ApiType::ALL;
    //    the kinds, the answers → the lists and whether they were read, or `None`; the requests
    let table: Table<'_> = vec![
        ("REST", &[ApiType::Rest], vec![empty()], Some(vec![(Rest, true)]), 1),
        ("HTTP", &[Http], vec![empty()], Some(vec![(HttpAndWebSocket, true)]), 1),
        (
            "one list",
            &[Http, Websocket],
            vec![empty()],
            Some(vec![(HttpAndWebSocket, true)]),
            1,
        ),
        (
            "all",
            all,
            vec![empty()],
            Some(vec![(Rest, true), (HttpAndWebSocket, true)]),
            2,
        ),
        ("none of them", all, vec![denied()], None, 2),
        (
            "not the first",
            all,
            vec![denied(), empty()],
            Some(vec![(Rest, false), (HttpAndWebSocket, true)]),
            2,
        ),
        (
            "not the second",
            all,
            vec![empty(), denied()],
            Some(vec![(Rest, true), (HttpAndWebSocket, false)]),
            2,
        ),
        (
            "the first is not available",
            all,
            [unavailable(), vec![empty()]].concat(),
            Some(vec![(Rest, false), (HttpAndWebSocket, true)]),
            ATTEMPTS as usize + 1,
        ),
        (
            "the first has an API without an id",
            all,
            vec![answer(200, r#"{"item":[{"name":"x"}]}"#), empty()],
            Some(vec![(Rest, false), (HttpAndWebSocket, true)]),
            2,
        ),
        ("neither is available", all, unavailable(), None, 2 * ATTEMPTS as usize),
        (
            "the credentials are not accepted",
            all,
            vec![coded(403, "UnrecognizedClientException", "no"), empty()],
            None,
            1,
        ),
    ];
    for (what, api_types, answers, expected, requests) in table {
        let bench = Bench::new(answers).await;
        let api_types: BTreeSet<ApiType> = api_types.iter().copied().collect();
        let lists = bench.gateway.lists(&api_types).await.ok();
        let read = lists.map(|lists| lists.into_iter().map(|(list, read)| (list, read.is_ok())).collect());
        assert_eq!(read, expected, "{what}");
        assert_eq!(bench.requests().len(), requests, "{what}");
    }
}

#[tokio::test]
async fn credentials_are_good_when_they_are_for_any_of_the_kinds() {
    let empty = || answer(200, "{}");
    let denied = || coded(403, "AccessDeniedException", "no");
    let wrong = || coded(403, "UnrecognizedClientException", "no");
    for (answers, expected, requests) in [
        (vec![empty()], None, 1),
        (vec![denied(), empty()], None, 2),
        (vec![denied(), denied()], Some(ErrorCode::AwsAccessDenied), 2),
        (vec![wrong()], Some(ErrorCode::AwsAuthenticationFailed), 1),
        (vec![denied(), wrong()], Some(ErrorCode::AwsAuthenticationFailed), 2),
    ] {
        let what = format!("{answers:?}");
        let bench = Bench::new(answers).await;
        let checked = bench.gateway.check(&ApiType::ALL.into()).await;
        assert_eq!(checked.err().map(|error| error.problem().code), expected, "{what}");
        assert_eq!(bench.requests().len(), requests, "{what}");
    }
}
