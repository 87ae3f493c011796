//! Hostile clouds and callers: whatever arrives, a run ends with a reason, and everything stays in place.

use std::fmt::Write as _;
use std::fs;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{SHOP, World};

/// The handler's limit, in kilobytes of resident memory, debug builds included.
const MEMORY_MAX_KB: u64 = 700_000;
/// A third of the longest definition, in bytes: builds without optimisation take seconds for it.
const DENSE_BYTES: usize = 1_000_000;
/// The limit for a document's values, in kilobytes: sixteen times its length.
const DENSE_MAX_KB: u64 = 16_000;
/// An answer that nobody needs, in bytes.
const HUGE: usize = 100_000_000;
/// Stage names that try to leave their segment of a path, or to be seen as something else.
const STAGE_NAMES: &[&str] = &[
    "a/b",
    "../../../environments/shop",
    "..%2f..%2fapis",
    "a?api-version=1",
    "a#b",
    "a\\b",
    "a;b",
    "a b",
    "%00",
    "...",
    "日本",
    "İstanbul",
    "KELVIN",
    "$default",
];
/// Ids of REST APIs that are none.
const API_IDS: &[&str] = &[
    "../other",
    "a/b",
    "%2e%2e",
    "a?b",
    "a#b",
    "ａｂｃ",
    "a b",
    "a\u{0}b",
    "id:with",
];

fn ok(body: impl Into<Vec<u8>>) -> Fault {
    Fault::Answer {
        status: 200.try_into().unwrap(),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().unwrap())]),
        body: body.into().into(),
    }
}

fn document(text: impl Into<Vec<u8>>) -> Definition {
    Definition::Raw {
        content_type: "application/json".to_owned(),
        bytes: text.into().into(),
    }
}

fn usual() -> Definition {
    Definition::from(json!({ "paths": { "/orders": { "get": { "responses": {} } } } }))
}

/// Adds an API with one stage that runs this definition.
fn add(world: &World, id: &str, definition: Definition) {
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new(id, format!("API {id}")));
    world
        .cloud
        .api_gateway
        .put_stage(id, Stage::new("prod", format!("dep{id}"), definition));
}

/// The most memory that the handler has ever had, in kilobytes.
fn peak_memory(world: &World) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", world.host.handler_pid().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A change of an integration's source.
type Edit<'a> = Box<dyn Fn(&mut Value) + 'a>;

#[tokio::test]
async fn names_from_amazon_lead_nowhere_but_to_their_own_entities() {
    let world = World::start().await;
    add(&world, "good000001", usual());
    add(&world, "stages0001", usual());
    let ids = ["good000001", "stages0001"].iter().chain(API_IDS);
    let items: Vec<Value> = ids.map(|id| json!({ "id": id, "name": format!("../{id}") })).collect();
    let stages: Vec<Value> = STAGE_NAMES
        .iter()
        .map(|name| json!({ "stageName": name, "deploymentId": "dep", "lastUpdatedDate": 1 }))
        .collect();
    let gateway = Service::ApiGateway;
    world.fail(
        gateway,
        None,
        r"^/restapis\?",
        None,
        ok(json!({ "item": items }).to_string()),
    );
    world.fail(
        gateway,
        None,
        "^/restapis/stages0001/stages$",
        None,
        ok(json!({ "item": stages }).to_string()),
    );
    let export = r#"{"openapi":"3.0.1","paths":{}}"#;
    world.fail(
        gateway,
        None,
        "^/restapis/stages0001/stages/.*/exports/oas30",
        None,
        ok(export),
    );
    world.put(SHOP, world.document()).await.expect(201);
    let report = world.last_sync().await;
    assert_eq!(report["failed"].as_array().unwrap().len(), API_IDS.len(), "{report:#}");
    assert_eq!(report["created"], 2, "{report:#}");
    let versions = world
        .everything()
        .keys()
        .filter(|path| path.starts_with("apis/shop-stages0001/versions/") && path.split('/').count() == 4)
        .count();
    assert_eq!(versions, STAGE_NAMES.len());

    let exchanges = world.cloud.record.all_exchanges();
    let base = format!("{}/", world.cloud.description()["resourceId"].as_str().unwrap());
    for exchange in exchanges
        .iter()
        .filter(|exchange| exchange.service == Service::ApiCenter)
    {
        let below = exchange.path().strip_prefix(&base).unwrap_or_default();
        let is_name = |segment: &str| {
            !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        assert!(
            exchange.path() == base.trim_end_matches('/') || below.split('/').all(is_name),
            "{}",
            exchange.target
        );
        let query = exchange.target.split_once('?').unwrap().1;
        assert!(
            query
                .split('&')
                .all(|pair| pair == "api-version=2024-03-01" || pair.starts_with("$skip")),
            "{}",
            exchange.target
        );
    }
    for exchange in exchanges.iter().filter(|exchange| exchange.service == gateway) {
        let segments: Vec<&str> = exchange.path().split('/').skip(1).collect();
        let as_it_should = match segments[..] {
            ["restapis" | "domainnames"] | ["v2", "apis"] => true,
            ["restapis", _, "stages"] => exchange.path() == exchange.target,
            ["restapis", _, "stages", stage, "exports", "oas30"] => !["", ".", ".."].contains(&stage),
            _ => false,
        };
        assert!(as_it_should, "{}", exchange.target);
    }
}

#[tokio::test]
async fn hostile_strings_from_amazon_reach_the_catalog_tamed_and_other_apis_go_on() {
    let world = World::start().await;
    let names = [
        "\u{1b}]0;owned\u{7}\u{9b}31m",
        "\u{202e}txt.exe\u{2066}",
        "nul\u{0}",
        "line\r\nbreak\u{2028}",
        &"n".repeat(1_000_000),
        "\u{200b}",
    ];
    for (number, name) in names.iter().enumerate() {
        let mut api = RestApi::new(format!("hostile{number:03}"), *name);
        api.description = Some(format!("{name}\nsecond line"));
        api.version = Some((*name).to_owned());
        world.cloud.api_gateway.put_rest_api(api);
        let mut stage = Stage::new("prod", format!("dep{number}"), usual());
        stage.description = Some((*name).to_owned());
        stage.documentation_version = Some((*name).to_owned());
        world.cloud.api_gateway.put_stage(&format!("hostile{number:03}"), stage);
    }
    add(&world, "good000001", usual());
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new("badstage01", "has a stage that cannot be"));
    for stage in ["\u{1b}[2J", &*"s".repeat(1_000_000)] {
        world.fail(
            Service::ApiGateway,
            None,
            "^/restapis/badstage01/stages$",
            Some(1),
            ok(json!({ "item": [{ "stageName": stage, "deploymentId": "d" }] }).to_string()),
        );
        let report = match world.get(SHOP).await.status.as_u16() {
            404 => world.put_shop().await.json()["properties"]["lastSync"].clone(),
            _ => world.sync("deep=true").await.expect(200).json(),
        };
        assert_eq!(
            (&report["outcome"], report["failed"].as_array().unwrap().len()),
            (&json!("partial"), 1),
            "{report:#}"
        );
        assert!(report.to_string().len() < 5000, "{report:#}");
    }
    assert_eq!(
        world
            .catalog()
            .snapshot()
            .keys()
            .filter(|path| path.ends_with("/definitions/openapi"))
            .count(),
        names.len() + 1
    );
    for (path, entity) in world.everything() {
        assert_harmless(&path, &entity["properties"]);
    }
}

/// Asserts that no text in a value, at any depth, has terminal controls or changes the direction of text.
fn assert_harmless(path: &str, value: &Value) {
    match value {
        Value::String(text) => {
            let harmless =
                |letter: char| letter == '\n' || !(letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter));
            assert!(
                text.chars().all(harmless) && text.len() < 50_000,
                "{path}: {text:.200?}"
            );
            if let Ok(nested) = serde_json::from_str::<Value>(text) {
                assert!(
                    nested.is_string() || nested.is_number() || nested.is_boolean() || !text.contains("\\u00"),
                    "{path}: {text}"
                );
            }
        }
        Value::Array(values) => values.iter().for_each(|value| assert_harmless(path, value)),
        Value::Object(members) => members.values().for_each(|value| assert_harmless(path, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

#[tokio::test]
async fn hostile_definitions_are_skipped_with_a_reason_and_other_apis_go_on() {
    let world = World::start().await;
    let nested = format!(
        r#"{{"openapi":"3.0.1","x":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let mut many = r#"{"openapi":"3.0.1""#.to_owned();
    (0..150_000).for_each(|number| write!(many, ",\"k{number}\":0").unwrap());
    many.push('}');
    let refused: Vec<Vec<u8>> = vec![
        nested.into_bytes(),
        br#"{"openapi":["3.0.1"]}"#.to_vec(),
        br#"{"openapi":""}"#.to_vec(),
        br#"{"openapi":"3.0.1","openapi":3}"#.to_vec(),
        b"{\"openapi\":\"3.0.1\",\"x\":\"\xff\"}".to_vec(),
        b"{\"openapi\":\"3.0.1\",\"x\":\"\0\"}".to_vec(),
        b"\xef\xbb\xbf{\"openapi\":\"3.0.1\"}".to_vec(),
        br#"{"openapi":"3.0.1","x":"\ud800"}"#.to_vec(),
        br#"{"openapi":"3.0.1","x":1e}"#.to_vec(),
        b"null".to_vec(),
        Vec::new(),
        vec![0; 1000],
        format!(r#"{{"openapi":"3.0.1","x":"{}"}}"#, "x".repeat(4 << 20)).into_bytes(),
    ];
    let taken: Vec<Vec<u8>> = vec![
        br#"{"openapi":"2.0.0","openapi":"3.0.1","paths":{},"paths":{}}"#.to_vec(),
        br#"{"openapi":"3.0.1","x":1e400,"y":-0,"z":123456789012345678901234567890.5,"n":"\u0000"}"#.to_vec(),
        many.into_bytes(),
    ];
    for (number, text) in refused.iter().enumerate() {
        add(&world, &format!("refused{number:03}"), document(text.clone()));
    }
    for (number, text) in taken.iter().enumerate() {
        add(&world, &format!("taken{number:05}"), document(text.clone()));
    }
    add(&world, "good000001", usual());
    world.put_shop().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["failed"]),
        (&json!("succeeded"), &json!([])),
        "{report:#}"
    );
    let skipped = report["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), refused.len(), "{report:#}");
    for skip in skipped {
        assert!(skip["apiId"].as_str().unwrap().starts_with("refused"), "{skip}");
        assert!(
            ["ExportRefused", "DefinitionTooLarge"].contains(&skip["reason"].as_str().unwrap()),
            "{skip}"
        );
    }
    for (number, text) in taken.iter().enumerate() {
        let path = format!("apis/shop-taken{number:05}/versions/prod/definitions/openapi");
        assert_eq!(
            world.everything()[&path]["content"].as_str().map(str::as_bytes),
            Some(&text[..]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_answer_of_a_hundred_megabytes_from_anybody_takes_bounded_memory_and_ends_with_a_reason() {
    let mut world = World::synchronized_demo().await;
    let before = world.inventory();
    let list =
        |item: &str, member: &str| format!(r#"{{"{member}":[{}0]}}"#, item.repeat(HUGE / item.len())).into_bytes();
    let object = |member: &str| format!(r#"{{"{member}":"{}"}}"#, "x".repeat(HUGE)).into_bytes();
    let export = format!(r#"{{"openapi":"3.0.1","x":[{}0]}}"#, "0,".repeat(1_500_000)).into_bytes();
    let table: [(Service, &str, Vec<u8>); 10] = [
        (Service::ApiGateway, r"^/restapis\?", list("{},", "item")),
        (Service::ApiGateway, r"^/restapis\?", object("unknown")),
        (Service::ApiGateway, "/stages$", list("{\"stageName\":\"a\"},", "item")),
        (Service::ApiGateway, "/exports/", object("openapi")),
        (Service::ApiGateway, "/exports/", export),
        (Service::ApiCenter, r"/apis\?", list("0,", "value")),
        (Service::ApiCenter, r"/apis\?", list("{\"\":0},", "value")),
        (Service::ApiCenter, r"/environments\?", object("nextLink")),
        (Service::KeyVault, "^/secrets/", object("value")),
        (Service::Identity, ".", object("access_token")),
    ];
    let mut peaks = String::new();
    for (service, target, body) in table {
        world.restart_with(&[]).await;
        let idle = peak_memory(&world);
        world.cloud.faults.clear();
        for api in ["a1b2c3d4e5", "b2c3d4e5f6", "d4e5f6a7b8"] {
            // So that there is something to export.
            let mut stage = Stage::new("prod", format!("dep{}", peaks.len()), usual());
            stage.last_updated_date += i64::try_from(peaks.len()).unwrap();
            world.cloud.api_gateway.put_stage(api, stage);
        }
        world.fail(service, None, target, None, ok(body));
        let answer = world.sync("").await;
        let words = answer.text.clone();
        assert!(
            answer.status != 200 || !words.contains("\"outcome\":\"succeeded\"") || words.contains("\"skipped\":[{"),
            "{words:.1000}"
        );
        assert!(words.len() < 20_000, "{service:?} {target}: {}", words.len());
        let peak = peak_memory(&world);
        writeln!(peaks, "{service:?} {target}: {idle} kB idle, {peak} kB at most").unwrap();
        assert!(peak < MEMORY_MAX_KB, "{peaks}");
    }
    fs::write(
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory.txt"),
        &peaks,
    )
    .unwrap();
    world.cloud.faults.clear();
    let now = world.inventory();
    assert!(
        before.keys().all(|path| now.contains_key(path)),
        "nothing is deleted for an answer that cannot be used"
    );
    world.cloud.record.clear();
    world.sync("").await.expect(200);
    world.assert_in_line();
}

/// Definitions of one length: one long text, and values that are as small as can be.
fn dense_definitions() -> [(&'static str, String); 3] {
    let filled = |start: &str, item: &str, end: &str| {
        let items = item.repeat(DENSE_BYTES / item.len());
        format!(r#"{{"openapi":"3.0.1","x":{start}{items}{end}}}"#)
    };
    [
        ("one text", filled("\"", "a", "\"")),
        ("objects with a number", filled("[", r#"{"":0},"#, "0]")),
        ("members", filled("{", r#""":0,"#, r#""":0}"#)),
    ]
}

#[tokio::test]
async fn a_definition_of_tiny_values_takes_a_few_times_its_length() {
    let mut world = World::start().await;
    world.put_shop().await;
    let mut peaks = Vec::new();
    for (number, (what, text)) in dense_definitions().into_iter().enumerate() {
        world.restart_with(&[]).await;
        add(&world, &format!("dense{number:05}"), document(text));
        let report = world.sync("").await.expect(200).json();
        assert_eq!(report["definitionsWritten"], 1, "{what}: {report:#}");
        peaks.push((what, peak_memory(&world)));
    }
    let lines = peaks.iter().map(|(what, peak)| format!("{what}: {peak} kB at most\n"));
    let table = lines.collect::<Vec<_>>().concat();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("definitions.txt");
    fs::write(path, &table).unwrap();
    let (_, plain) = peaks[0];
    assert!(
        peaks.iter().all(|(_, peak)| peak.saturating_sub(plain) < DENSE_MAX_KB),
        "{table}"
    );
}

#[tokio::test]
async fn an_answer_of_amazons_of_tiny_values_takes_bounded_memory_and_ends_with_a_reason() {
    let mut world = World::synchronized_demo().await;
    let before = world.inventory();
    let list = format!(r#"{{"item":[{}{{}}]}}"#, "{},".repeat(16_000_000 / 3)).into_bytes();
    for (target, words) in [(r"^/restapis\?", "GetRestApis"), ("/stages$", "GetStages")] {
        world.restart_with(&[]).await;
        world.cloud.faults.clear();
        world.fail(Service::ApiGateway, None, target, None, ok(list.clone()));
        let answer = world.sync("").await.text;
        assert!(answer.contains(words) && answer.contains("more objects"), "{answer}");
        let peak = peak_memory(&world);
        assert!(peak < 300_000, "{target}: {peak} kB");
    }
    assert_eq!(world.inventory(), before);
}

/// Sends bytes to the handler and reads what it answers until it closes, or has answered.
async fn raw(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // It may have answered, and closed, before it has all.
    let _ = stream.write_all(request).await;
    let mut answer = vec![0; 65_536];
    let length = stream.read(&mut answer).await.unwrap_or_default();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn hostile_requests_are_refused_and_change_nothing() {
    let world = World::synchronized_demo().await;
    let before = world.everything();
    let many = (0..500).fold(String::new(), |mut headers, number| {
        write!(headers, "x-{number}: {number}\r\n").unwrap();
        headers
    });
    let long = "x".repeat(1_000_000);
    let requests = [
        "GET /api/integrations/..%2f..%2ffunction-timer HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "POST /api/integrations/../../function-timer HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "POST /api/integrations/shop%2fsync HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "GET /api/integrations/shop%00 HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /api/integrations/%ff HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /api/integrations/shop/plan?deep=%ff HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /api/integrations/shop\r\nx: y HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /api/integrations/shop?x=\u{1b}[2J HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "TRACE /api/integrations/shop HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "CONNECT evil.example:443 HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "PATCH /api/integrations/shop HTTP/1.1\r\nhost: x\r\nx-http-method-override: DELETE\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "POST /api/integrations/shop HTTP/1.1\r\nhost: x\r\nx-http-method: DELETE\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "POST /api/integrations/shop/sync?_method=DELETE HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "delete /api/integrations/shop HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "PUT /api/integrations/shop HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "PUT /api/integrations/shop HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n".to_owned(),
        "PUT /api/integrations/shop HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}".to_owned(),
        "PUT /api/integrations/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]".to_owned(),
        "PUT /api/integrations/shop HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n".to_owned(),
        format!("GET /api/integrations/shop HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
        format!("GET /api/integrations/shop HTTP/1.1\r\nhost: x\r\nlong: {long}\r\n\r\n"),
        format!("GET /api/integrations/{long} HTTP/1.1\r\nhost: x\r\n\r\n"),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}".to_owned(),
        "\0".repeat(1000) + "\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
    ];
    for request in &requests {
        let answer = raw(world.host.handler_port(), request.as_bytes()).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4");
        assert!(refused, "{request:.200?}: {answer}");
        assert!(answer.len() < 2000, "{request:.200?}: {}", answer.len());
        world.hear(&answer);
    }
    assert_eq!(world.everything(), before);
    let probe = raw(world.host.handler_port(), b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(probe.starts_with("HTTP/1.1 200"), "{probe}");
}

#[tokio::test]
async fn hostile_documents_are_refused_in_few_words_and_change_nothing() {
    let world = World::synchronized_demo().await;
    let before = world.everything();
    let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let long = "x".repeat(100_000);
    let changes: Vec<Edit<'_>> = vec![
        Box::new(|source| source["accessKey"] = json!(key)),
        Box::new(|source| source["secretAccessKey"] = json!(format!("https://x:{key}@vault/secrets/x"))),
        Box::new(|source| source["accessKey"] = json!(long)),
        Box::new(|source| source["accessKey"] = json!(["https://vault"])),
        Box::new(|source| source["regionName"] = json!(long)),
        Box::new(|source| source["regionName"] = json!("us-east-1\u{0}")),
        Box::new(|source| source["regionName"] = json!("us-east-1/../x")),
        Box::new(|source| source["regionName"] = json!(1e308)),
        Box::new(|source| source[&long] = json!(1)),
        Box::new(|source| source["\u{1b}[2J\u{202e}"] = json!(1)),
        Box::new(|source| *source = json!(vec![json!([]); 10_000])),
        Box::new(|source| (0..10_000).for_each(|number| source[format!("k{number}")] = json!(number))),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut document = world.document();
        change(&mut document["properties"]["amazonApiGatewaySource"]);
        let refusal = world.put("other", document).await.expect(400);
        assert!(refusal.text.len() < 1500, "{number}: {}", refusal.text);
        assert!(!refusal.text.contains("wJalr"), "{}", refusal.text);
    }
    assert!(!world.host.output().contains("wJalr"), "{}", world.host.output());
    for path in [
        "integrations/%2e%2e",
        "integrations/a%2Fb",
        "integrations/shop%0d%0ax:y",
        "integrations/ｓｈｏｐ",
    ] {
        let refusal = world.call(Method::GET, path, None).await;
        assert!(refusal.status.is_client_error(), "{path}: {refusal:?}");
    }
    assert_eq!(world.everything(), before);
}
