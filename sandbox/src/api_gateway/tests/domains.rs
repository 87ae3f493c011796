//! Custom domain names, as both versions show them.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{AmazonError, DomainName, Mapping, RestApi, RoutingMode, RoutingRule};
use super::World;
use crate::cloud::CloudOptions;
use crate::faults::{FaultRule, Matcher};

impl World {
    /// One with names of every kind, each with a mapping of its root to a REST API.
    async fn with_domains() -> Self {
        let world = Self::with_v2_apis().await;
        let gateway = &world.cloud.api_gateway;
        gateway.put_rest_api(RestApi::new("orders0001", "Orders"));
        let mut old = DomainName::regional("old.example.com");
        old.security_policy = "TLS_1_0".to_owned();
        for domain in [
            DomainName::regional("api.example.com"),
            DomainName::edge("edge.example.com"),
            DomainName::private("in.example.com", "one"),
            DomainName::private("in.example.com", "two"),
            old,
        ] {
            let key = domain.key();
            gateway.put_domain(domain);
            gateway.put_mapping(&key, Mapping::new(format!("m-{key}"), "", "orders0001", "prod"));
        }
        world
    }
}

fn texts<'a>(list: &'a Value, items: &str, name: &str) -> Vec<&'a str> {
    let items = list[items].as_array().unwrap();
    items.iter().map(|item| item[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn version_1_lists_all_domain_names_of_the_account() {
    let world = World::with_domains().await;
    let list = world.get("/domainnames?limit=500&resourceOwner=SELF").await.body;
    let all = [
        "api.example.com",
        "edge.example.com",
        "in.example.com",
        "in.example.com",
        "old.example.com",
    ];
    assert_eq!(texts(&list, "item", "domainName"), all);
    let types = |place: usize| list["item"][place]["endpointConfiguration"]["types"][0].clone();
    assert_eq!(
        (types(0), types(1), types(2)),
        (json!("REGIONAL"), json!("EDGE"), json!("PRIVATE"))
    );
    assert_eq!(list["item"][0].get("domainNameId"), None);
    assert_eq!(list["item"][3]["domainNameId"], "two");
    let arn = "arn:aws:apigateway:us-east-1:123456789012:/domainnames/in.example.com+two";
    assert_eq!(list["item"][3]["domainNameArn"], arn);
    assert!(
        list["item"][1]["distributionDomainName"]
            .as_str()
            .unwrap()
            .ends_with(".cloudfront.net")
    );
    assert_eq!(list["item"][0]["certificateUploadDate"], 1_709_294_400);
    assert_eq!(list["item"][0]["routingMode"], "BASE_PATH_MAPPING_ONLY");
    assert_eq!(list["item"][4]["securityPolicy"], "TLS_1_0");
    let others = world.get("/domainnames?resourceOwner=OTHER_ACCOUNTS").await.body;
    assert_eq!(others, json!({ "item": [] }));
    let first = world.get("/domainnames?limit=2").await.body;
    let next = format!("/domainnames?position={}", first["position"].as_str().unwrap());
    assert_eq!(texts(&world.get(&next).await.body, "item", "domainName"), all[2..]);
    for query in ["resourceOwner=ALL", "limit=501", "position=x"] {
        let answer = world.get(&format!("/domainnames?{query}")).await;
        assert_eq!(answer.refusal(), (400, "BadRequestException"), "{query}");
    }
}

#[tokio::test]
async fn base_path_mappings_of_a_private_name_need_its_id() {
    let world = World::with_domains().await;
    for (target, status) in [
        ("api.example.com/basepathmappings", 200),
        ("edge.example.com/basepathmappings", 200),
        ("old.example.com/basepathmappings", 200),
        ("in.example.com/basepathmappings?domainNameId=two", 200),
        ("in.example.com/basepathmappings", 404),
        ("in.example.com/basepathmappings?domainNameId=three", 404),
        ("api.example.com/basepathmappings?domainNameId=two", 404),
        ("absent.example.com/basepathmappings", 404),
        ("absent.example.com", 404),
    ] {
        let answer = world.get(&format!("/domainnames/{target}")).await;
        assert_eq!(answer.status, status, "{target}");
        if status == 200 {
            let mapping = json!({ "basePath": "(none)", "restApiId": "orders0001", "stage": "prod" });
            assert_eq!(answer.body, json!({ "item": [mapping] }), "{target}");
        }
    }
}

#[tokio::test]
async fn version_1_keeps_silent_about_what_it_could_not_have_made() {
    let world = World::with_domains().await;
    let gateway = &world.cloud.api_gateway;
    let mut open = Mapping::new("m2", "any", "orders0001", "prod");
    open.stage = None;
    gateway.put_mapping("api.example.com", open);
    gateway.put_mapping("api.example.com", Mapping::new("m3", "a/b", "orders0001", "prod"));
    gateway.put_mapping(
        "api.example.com",
        Mapping::new("m4", "basket", "http000001", "$default"),
    );
    let v1 = "/domainnames/api.example.com/basepathmappings";
    let list = world.get(v1).await.body;
    assert_eq!(texts(&list, "item", "basePath"), ["(none)", "any"]);
    assert_eq!(list["item"][1].get("stage"), None);
    gateway.set_v1_lists_all_mappings(true);
    let list = world.get(v1).await.body;
    assert_eq!(texts(&list, "item", "basePath"), ["(none)", "a/b", "any", "basket"]);
    let v2 = world.get("/v2/domainnames/api.example.com/apimappings").await.body;
    assert_eq!(
        texts(&v2, "items", "apiMappingId"),
        ["m-api.example.com", "m2", "m3", "m4"]
    );
    gateway.remove_mapping("api.example.com", "m4");
    gateway.remove_v2_api("http000001");
    let one = world.get("/v2/domainnames/api.example.com/apimappings/m3").await.body;
    let expected = json!({ "apiId": "orders0001", "apiMappingId": "m3", "apiMappingKey": "a/b", "stage": "prod" });
    assert_eq!(one, expected);
    let gone = world.get("/v2/domainnames/api.example.com/apimappings/m4").await;
    assert_eq!(gone.refusal(), (404, "NotFoundException"));
}

#[tokio::test]
async fn version_2_manages_regional_names_with_tls_1_2_only() {
    let world = World::with_domains().await;
    for (name, refusal) in [
        ("edge.example.com", (400, "BadRequestException")),
        ("old.example.com", (400, "BadRequestException")),
        ("in.example.com", (404, "NotFoundException")),
        ("in.example.com+one", (404, "NotFoundException")),
        ("absent.example.com", (404, "NotFoundException")),
    ] {
        let answer = world.get(&format!("/v2/domainnames/{name}/apimappings")).await;
        assert_eq!(answer.refusal(), refusal, "{name}");
        if refusal.0 == 400 {
            let words = "Only REGIONAL domain names with a security policy of TLS 1.2 can be managed";
            assert!(answer.message().starts_with(words));
        }
    }
    let mut options = CloudOptions::default();
    options.api_gateway.v2_page_size_default = 1;
    let world = World::with(options).await;
    let gateway = &world.cloud.api_gateway;
    gateway.put_domain(DomainName::regional("api.example.com"));
    for id in ["m1", "m2"] {
        gateway.put_mapping("api.example.com", Mapping::new(id, id, "orders0001", "prod"));
    }
    let target = "/v2/domainnames/api.example.com/apimappings";
    let first = world.get(target).await.body;
    assert_eq!(texts(&first, "items", "apiMappingId"), ["m1"]);
    let next = format!("{target}?nextToken={}", first["nextToken"].as_str().unwrap());
    assert_eq!(texts(&world.get(&next).await.body, "items", "apiMappingId"), ["m2"]);
}

#[tokio::test]
async fn version_2_dates_certificates_by_who_made_the_name() {
    let world = World::with_domains().await;
    let mut new = DomainName::regional("new.example.com");
    new.made_with_v1 = false;
    new.routing_mode = RoutingMode::RulesThenMappings;
    world.cloud.api_gateway.put_domain(new);
    let list = world.get("/v2/domainnames").await.body;
    let names = [
        "api.example.com",
        "edge.example.com",
        "new.example.com",
        "old.example.com",
    ];
    assert_eq!(texts(&list, "items", "domainName"), names);
    let date = |place: usize| list["items"][place]["domainNameConfigurations"][0]["certificateUploadDate"].clone();
    assert_eq!(
        (date(0), date(2)),
        (json!(1_709_294_400), json!("2024-03-01T12:00:00Z"))
    );
    assert_eq!(list["items"][2]["routingMode"], "ROUTING_RULE_THEN_API_MAPPING");
    assert_eq!(
        world.get("/v2/domainnames/in.example.com").await.refusal(),
        (404, "NotFoundException")
    );
}

#[tokio::test]
async fn routing_rules_come_in_the_order_in_which_they_are_tried() {
    let world = World::with_domains().await;
    let rule = |id: &str, priority| RoutingRule::new(id, priority, "orders0001", "prod");
    let mut narrow = rule("a", 20);
    narrow.base_paths = vec!["v1".to_owned()];
    narrow.headers = vec![("x-beta".to_owned(), "*".to_owned())];
    let gateway = &world.cloud.api_gateway;
    gateway.put_routing_rule("api.example.com", narrow);
    gateway.put_routing_rule("api.example.com", rule("b", 3));
    gateway.put_routing_rule("in.example.com+one", rule("c", 1));
    let target = "/v2/domainnames/api.example.com/routingrules";
    let list = world.get(target).await.body;
    assert_eq!(texts(&list, "routingRules", "routingRuleId"), ["b", "a"]);
    assert_eq!(list["routingRules"][0]["conditions"], json!([]));
    let rule = &list["routingRules"][1];
    let conditions = json!([
        { "matchHeaders": { "anyOf": [{ "header": "x-beta", "valueGlob": "*" }] } },
        { "matchBasePaths": { "anyOf": ["v1"] } },
    ]);
    assert_eq!(rule["conditions"], conditions);
    let invoke = json!({ "apiId": "orders0001", "stage": "prod", "stripBasePath": false });
    assert_eq!(rule["actions"], json!([{ "invokeApi": invoke }]));
    let first = world.get(&format!("{target}?maxResults=1")).await.body;
    let next = format!("{target}?nextToken={}", first["nextToken"].as_str().unwrap());
    assert_eq!(
        texts(&world.get(&next).await.body, "routingRules", "routingRuleId"),
        ["a"]
    );
    for query in ["maxResults=0", "maxResults=101", "nextToken=x"] {
        let answer = world.get(&format!("{target}?{query}")).await;
        assert_eq!(answer.refusal(), (400, "BadRequestException"), "{query}");
    }
    let private = "/v2/domainnames/in.example.com/routingrules";
    let of_one = world.get(&format!("{private}?domainNameId=one")).await.body;
    assert_eq!(texts(&of_one, "routingRules", "routingRuleId"), ["c"]);
    assert_eq!(world.get(private).await.refusal(), (404, "NotFoundException"));
    gateway.remove_routing_rule("api.example.com", "b");
    gateway.remove_routing_rule("api.example.com", "a");
    assert_eq!(world.get(target).await.body, json!({ "routingRules": [] }));
}

#[tokio::test]
async fn access_associations_name_the_endpoints_of_private_names() {
    let world = World::with_domains().await;
    let mut domain = DomainName::private("in.example.com", "two");
    domain.vpc_endpoint_ids = vec!["vpce-1".to_owned()];
    world.cloud.api_gateway.put_domain(domain);
    let list = world.get("/domainnameaccessassociations").await.body;
    assert_eq!(texts(&list, "item", "accessAssociationSource"), ["vpce-1"]);
    let arn = "arn:aws:apigateway:us-east-1:123456789012:/domainnames/in.example.com+two";
    assert_eq!(list["item"][0]["domainNameArn"], arn);
}

#[tokio::test]
async fn each_operation_can_be_denied_by_its_path() {
    let world = World::with_domains().await;
    let operations = [
        "/v2/apis",
        "/v2/apis/http000001/stages",
        "/v2/apis/http000001/exports/OAS30?outputType=JSON",
        "/v2/apis/socket0001/routes",
        "/v2/apis/socket0001/models",
        "/domainnames",
        "/domainnames/api.example.com/basepathmappings",
        "/v2/domainnames/api.example.com/apimappings",
        "/v2/domainnames/api.example.com/routingrules",
        "/domainnameaccessassociations",
    ];
    for denied in operations {
        let target = format!("^{}$", regex::escape(denied));
        let user = "arn:aws:iam::123456789012:user/sync";
        world.cloud.faults.add(FaultRule {
            matcher: Matcher {
                target: Some(regex::Regex::new(&target).unwrap()),
                ..Matcher::default()
            },
            skip: 0,
            times: None,
            fault: AmazonError::access_denied(user, "apigateway:GET", "arn:aws:apigateway:us-east-1::/x").into(),
        });
        for operation in operations {
            let status = world.call(Method::GET, operation, &Value::Null).await.status;
            assert_eq!(
                status == 403,
                operation == denied,
                "{operation} while {denied} is denied"
            );
        }
        world.cloud.faults.clear();
    }
}
