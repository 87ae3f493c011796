//! The permissions that the handler's requests need are exactly those granted and documented.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use reqwest::header::{AUTHORIZATION, HeaderMap, LOCATION};
use reqwest::{Method, StatusCode};
use sandbox::api_gateway::{Definition, DomainName, RestApi, RoutingMode};
use sandbox::company::Company;
use sandbox::estate::{FullEstate, demo_full};
use sandbox::faults::Fault;
use sandbox::organizations::{ROOT, Unit};
use sandbox::record::{Exchange, Service};
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::json;
use url::form_urlencoded;

use crate::keyless::{by_key, keyless};
use crate::world::{SHOP, World};

/// The REST API that things happen to.
const ORDERS: &str = "a1b2c3d4e5";
/// The prefix of API Gateway ARNs in the template.
const GATEWAY_ARN: &str = "arn:${AWS::Partition}:apigateway:*:";
/// The account in such an ARN, in the template, and what the documentation has for it.
const ACCOUNT: (&str, &str) = ("${AWS::AccountId}:", "account: ");

/// The name of the company's member roles, which no other role here has.
const MEMBER_ROLE: &str = "reads-gateways";
/// The roles that are assumed: as the template has them, and as the documentation does.
const ROLE: (&str, &str) = ("Role.Arn", "role");
const MEMBER_ROLES: (&str, &str) = ("arn:${AWS::Partition}:iam::*:role/${MemberRole}", "member roles");

/// Everything that can happen to an integration, at least once.
async fn everything_happens() -> World {
    let world = World::start().await;
    demo_full().fill(&world.cloud.api_gateway);
    add_domains(&world);
    world.put_shop().await;
    world.run_timer().await;

    import_slowly(&world);
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new(ORDERS, "Orders and returns"));
    redeploy(&world);
    world.run_timer().await;
    world.cloud.faults.clear();
    world.sync("deep=true").await.expect(200);

    world.cloud.api_gateway.remove_stage(ORDERS, "staging");
    world.run_timer().await;
    world.cloud.api_gateway.remove_rest_api(ORDERS);
    let plan = format!("integrations/{SHOP}/plan?deep=true");
    world.call(Method::GET, &plan, None).await.expect(200);
    world.run_timer().await;
    world.cloud.api_gateway.remove_v2_api("g3h4i5j6k7");
    world.run_timer().await;

    world.put(SHOP, by_key(&world)).await.expect(200);
    world.put(SHOP, keyless(&world)).await.expect(200);
    world.put(SHOP, world.document()).await.expect(200);
    world.call(Method::GET, "integrations", None).await.expect(200);
    world.get(SHOP).await.expect(200);
    let doctor = format!("integrations/{SHOP}/doctor");
    world.call(Method::GET, &doctor, None).await.expect(200);
    world.delete(SHOP).await.expect(204);
    a_company_is_read(&world).await;
    world
}

/// Reads an organisation, except a unit.
async fn a_company_is_read(world: &World) {
    let company = Company {
        role_name: MEMBER_ROLE.to_owned(),
        ..Company::default()
    };
    company.found(&world.cloud, |_, _| FullEstate::default());
    let left_out = Unit {
        id: "ou-ab12-34567890".to_owned(),
        name: "Sandboxes".to_owned(),
        parent: ROOT.to_owned(),
    };
    let except = json!([left_out.id]);
    world.cloud.organizations.put_unit(left_out);
    let source = company.source("all", &json!({ "organization": true, "except": except }));
    let document = json!({ "properties": { "amazonApiGatewaySources": [source] } });
    world.put("company", document).await.expect(201);
    world.delete("company").await.expect(204);
}

/// Adds a private domain, and one with routing rules.
fn add_domains(world: &World) {
    let gateway = &world.cloud.api_gateway;
    let private = DomainName::private("internal.example.com", "d1");
    let ruled = DomainName {
        routing_mode: RoutingMode::Rules,
        ..DomainName::regional("ruled.example.com")
    };
    for domain in [private, ruled] {
        gateway.put_domain(domain);
    }
}

fn redeploy(world: &World) {
    let estate = world.cloud.api_gateway.estate();
    let (_, stages) = estate.into_iter().find(|(api, _)| api.id == ORDERS).unwrap();
    let mut stage = stages.into_iter().find(|stage| stage.name == "prod").unwrap();
    stage.deployment_id.push_str("next");
    stage.definition = Definition::from(json!({ "openapi": "3.0.1", "paths": { "/next": {} } }));
    world.cloud.api_gateway.put_stage(ORDERS, stage);
}

/// Lets the next import be accepted only, with an operation to ask for its end.
fn import_slowly(world: &World) {
    let definition = "workspaces/default/apis/shop-a1b2c3d4e5/versions/prod/definitions/openapi";
    let (base, center) = (world.cloud.api_center_url(), &world.cloud.resource_id);
    let location = format!("{base}{center}/{definition}/operationResults/1?api-version=2024-03-01");
    let answer = |status: u16, headers: HeaderMap, body: &str| Fault::Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: body.to_owned().into(),
    };
    let accepted = answer(202, HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]), "");
    let succeeded = answer(200, HeaderMap::new(), r#"{"status":"Succeeded"}"#);
    let (post, get) = (Some(Method::POST), Some(Method::GET));
    world.fail(Service::ApiCenter, post, "/importSpecification", Some(1), accepted);
    world.fail(Service::ApiCenter, get, "/operationResults/", None, succeeded);
}

/// The action for a request to Azure Resource Manager: types and names alternate in its path.
fn azure_action(resource_id: &str, exchange: &Exchange) -> String {
    let path = exchange.path().strip_prefix(resource_id).unwrap();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if let ["providers", provider, kind] = segments[..] {
        assert_eq!(exchange.method, Method::GET);
        return format!("{provider}/{kind}/read");
    }
    let types: Vec<&str> = segments.iter().copied().step_by(2).collect();
    let verb = match exchange.method.as_str() {
        "GET" => "read",
        "PUT" => "write",
        "DELETE" => "delete",
        "POST" => "action",
        other => panic!("{other} {path}"),
    };
    ["Microsoft.ApiCenter/services"]
        .into_iter()
        .chain(types)
        .chain([verb])
        .collect::<Vec<_>>()
        .join("/")
}

/// The action for a request to a vault.
fn vault_action(exchange: &Exchange) -> String {
    assert_eq!(exchange.method, Method::GET);
    assert!(exchange.path().starts_with("/secrets/"), "{}", exchange.path());
    "Microsoft.KeyVault/vaults/secrets/getSecret/action".to_owned()
}

/// The action and resource for a request to Amazon API Gateway, with `*` for every name. For an API itself that would
/// include everything below it: its id is as many `?`. The version is in no ARN; private domains and routing rules have
/// the account in theirs.
fn gateway_permission(exchange: &Exchange) -> (String, String) {
    let path = exchange.path();
    let segments: Vec<&str> = path.split('/').skip(1).filter(|segment| *segment != "v2").collect();
    match segments[..] {
        [kind @ ("restapis" | "apis"), id] => {
            let id = "?".repeat(id.len());
            (format!("apigateway:{}", exchange.method), format!("/{kind}/{id}"))
        }
        ["domainnames", _, "routingrules"] => {
            let resource = format!("{}/domainnames/*/routingrules/*", ACCOUNT.1);
            ("apigateway:ListRoutingRules".to_owned(), resource)
        }
        _ => {
            let is_private = exchange.target.contains("domainNameId=");
            let segments = segments.iter().enumerate();
            let resource = segments.fold(String::new(), |resource, (index, segment)| {
                resource + "/" + if index % 2 == 0 { segment } else { "*" }
            });
            let account = if is_private { ACCOUNT.1 } else { "" };
            (
                format!("apigateway:{}", exchange.method),
                format!("{account}{resource}"),
            )
        }
    }
}

/// The permission for a request to Security Token Service: none with a token, and none for `GetCallerIdentity` ("no
/// permissions are required").
fn token_permission(exchange: &Exchange) -> Option<(String, &'static str)> {
    let member = |wanted: &str| {
        let mut members = form_urlencoded::parse(&exchange.request_body);
        members.find(|(name, _)| name == wanted).map(|(_, value)| value)
    };
    let operation = member("Action").unwrap();
    let is_member = || member("RoleArn").unwrap().ends_with(MEMBER_ROLE);
    let signed = exchange.request_headers.contains_key(AUTHORIZATION);
    match operation.as_ref() {
        "AssumeRole" if signed => {
            let role = if is_member() { MEMBER_ROLES } else { ROLE };
            Some(("sts:AssumeRole".to_owned(), role.0))
        }
        "GetCallerIdentity" if signed => None,
        "AssumeRoleWithWebIdentity" if !signed => None,
        other => panic!("{other}, signed: {signed}"),
    }
}

/// Actions, each with what it is allowed on.
type Permissions = BTreeSet<(String, String)>;

/// The needed permissions.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needed {
    azure: BTreeSet<String>,
    vault: BTreeSet<String>,
    gateway: BTreeSet<(String, String)>,
    other: BTreeSet<(String, &'static str)>,
}

impl Needed {
    fn of(world: &World) -> Self {
        let mut needed = Self::default();
        for exchange in world.cloud.record.exchanges() {
            match exchange.service {
                Service::ApiCenter => needed.azure.extend([azure_action(&world.cloud.resource_id, &exchange)]),
                Service::KeyVault => needed.vault.extend([vault_action(&exchange)]),
                Service::ApiGateway => needed.gateway.extend([gateway_permission(&exchange)]),
                Service::Sts => needed.other.extend(token_permission(&exchange)),
                Service::Organizations => {
                    let operation = exchange.subject.operation.iter();
                    let permissions = operation.map(|operation| (format!("organizations:{operation}"), "*"));
                    needed.other.extend(permissions);
                }
                Service::Identity => (),
            }
        }
        needed
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The actions of the custom role.
fn custom_role() -> BTreeSet<String> {
    let actions: Vec<String> = serde_json::from_str(&read("infra/api-center-actions.json")).unwrap();
    let set: BTreeSet<String> = actions.iter().cloned().collect();
    assert_eq!(set.len(), actions.len(), "none is listed twice");
    set
}

/// The permissions of a template on gateways, with resources as documented, and on everything else.
fn template_permissions(path: &str) -> (Permissions, Permissions) {
    let documents = Yaml::load_from_str(&read(path)).unwrap();
    let resources = &documents[0]["Resources"];
    let mut permissions = BTreeSet::new();
    for (_, resource) in resources.as_mapping().unwrap() {
        let properties = &resource["Properties"];
        if !properties.contains_mapping_key("PolicyDocument") {
            continue;
        }
        for statement in properties["PolicyDocument"]["Statement"].as_sequence().unwrap() {
            assert_eq!(statement["Effect"].as_str(), Some("Allow"));
            for action in texts(&statement["Action"]) {
                permissions.extend(texts(&statement["Resource"]).map(|resource| (action.clone(), resource)));
            }
        }
    }
    let (gateway, other): (BTreeSet<_>, BTreeSet<_>) = permissions
        .into_iter()
        .partition(|(action, _): &(String, String)| action.starts_with("apigateway:"));
    let gateway = gateway.into_iter().map(|(action, arn)| {
        let rest = arn.strip_prefix(GATEWAY_ARN).unwrap();
        let resource = match rest.strip_prefix(ACCOUNT.0) {
            Some(path) => format!("{}{path}", ACCOUNT.1),
            None => rest.strip_prefix(':').unwrap().to_owned(),
        };
        (action, resource)
    });
    (gateway.collect(), other)
}

/// The texts of a node that is a text, a list or a function of texts.
fn texts<'a>(node: &'a Yaml<'a>) -> impl Iterator<Item = String> + 'a {
    let nodes = match node {
        Yaml::Sequence(nodes) => nodes.as_slice(),
        one => std::slice::from_ref(one),
    };
    nodes.iter().map(|node| match node {
        Yaml::Tagged(_, inner) => inner.as_str().unwrap().to_owned(),
        other => other.as_str().unwrap().to_owned(),
    })
}

/// The rows of the documentation's table of permissions: the texts in backticks of the first two columns.
fn documented() -> BTreeSet<(String, String)> {
    let guide = read("docs/permissions.md");
    let (_, after) = guide.split_once("\n## Actions\n").unwrap();
    let section = after.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [action, resource, reason] = cells[..] else {
            panic!("{row}");
        };
        assert!(reason.len() > 10, "{row}");
        (action.trim_matches('`').to_owned(), resource.replace('`', ""))
    })
    .collect()
}

#[tokio::test]
async fn what_is_granted_and_documented_is_what_is_needed_and_nothing_else() {
    let needed = Needed::of(&everything_happens().await);
    assert_eq!(custom_role(), needed.azure, "infra/api-center-actions.json");

    let other: BTreeSet<(String, String)> = needed
        .other
        .iter()
        .map(|(action, resource)| (action.clone(), (*resource).to_owned()))
        .collect();
    let hub = "infra/aws/identity.yaml";
    assert_eq!(
        template_permissions(hub),
        (needed.gateway.clone(), other.clone()),
        "{hub}"
    );
    // A member role may read the organisation, and assumes no role itself.
    let of_member = other.into_iter().filter(|(action, _)| action != "sts:AssumeRole");
    let member = "infra/aws/member-role.yaml";
    let allowed = (needed.gateway.clone(), of_member.collect());
    assert_eq!(template_permissions(member), allowed, "{member}");

    let on = |place: &'static str| move |action: String| (action, place.to_owned());
    let mut expected: BTreeSet<(String, String)> = needed.azure.into_iter().map(on("API center")).collect();
    expected.extend(needed.vault.into_iter().map(on("secret")));
    expected.extend(needed.gateway);
    let told = |resource| {
        [ROLE, MEMBER_ROLES]
            .into_iter()
            .find(|role| role.0 == resource)
            .map_or(resource, |role| role.1)
    };
    expected.extend(
        needed
            .other
            .into_iter()
            .map(|(action, resource)| (action, told(resource).to_owned())),
    );
    assert_eq!(documented(), expected, "docs/permissions.md");
}
