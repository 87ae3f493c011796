//! What must hold of Amazon's answers, whatever they are.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use axum::http::Response;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::access_key::AccessKey;
use super::connection::{AwsConnection, Transport};
use super::credentials::AwsCredentials;
use super::gateway::{GatewayClient, GatewayError, Listing};
use super::organization::OrganizationClient;
use super::security_token::{AssumedRole, Proof, WebIdentity};
use crate::fuzzing::model::{assert_tame, assert_tame_lines};
use crate::fuzzing::work::at_once;
use crate::limits::{Budget, Pacer, Traffic};
use crate::model::{
    Account, AccountId, Accounts, ApiId, ApiType, AwsAuthentication, DEFINITION_MAX_BYTES, DefaultCustomProperties,
    DesiredApi, Document, Domains, EndpointType, EntityName, Export, Fact, Field, FieldPath, Format, Gateway,
    GatewayApi, GroupBy, ImportSpecification, Integration, IntegrationName, LifecycleStage, MetadataTypes, Problem,
    Region, RoleArn, Source, Stage, StageExport, UnitId, digest, stage_entity_name,
};
use crate::translate::{Around, Place, add_fields, add_stages, definition, listed_api};

/// The host of the API's own URLs.
const OWN_HOST: &str = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";
/// More answers than any operation here needs.
const ANSWERS_MAX: usize = 16;

type Answers = VecDeque<Response<Vec<u8>>>;

/// A service that gives the answers one by one, and after the last none.
#[derive(Debug, Clone)]
struct Script {
    answers: Arc<Mutex<Answers>>,
    last: Arc<Mutex<Vec<u8>>>,
}

impl Script {
    fn new(answers: Answers) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().take(ANSWERS_MAX).collect())),
            last: Arc::default(),
        }
    }

    fn client(&self) -> SharedHttpClient {
        let script = self.clone();
        http_client_fn(move |_, _| SharedHttpConnector::new(script.clone()))
    }

    fn answer(&self) -> Option<HttpResponse> {
        let answer = self
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()?;
        let (parts, body) = answer.into_parts();
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&body);
        let mut answer = HttpResponse::new(parts.status.as_u16().try_into().ok()?, SdkBody::from(body));
        for (name, value) in &parts.headers {
            if let Ok(value) = value.to_str() {
                answer.headers_mut().append(name.as_str().to_owned(), value.to_owned());
            }
        }
        Some(answer)
    }
}

impl HttpConnector for Script {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let answer = self.answer();
        HttpConnectorFuture::new(async move {
            match answer {
                Some(answer) => Ok(answer),
                None => std::future::pending().await,
            }
        })
    }
}

#[derive(Debug)]
struct Token(String);

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let expires_on = OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1);
        Ok(AccessToken::new(self.0.clone(), expires_on))
    }
}

/// Does `operation` with these answers to its requests.
pub(crate) fn amazon(operation: &str, answers: Answers) -> bool {
    let script = Script::new(answers);
    let Some(integration) = integration() else {
        unreachable!("the integration is made of constants");
    };
    let gateway = GatewayClient::connect(
        connection(&script, &region(&integration)),
        AwsCredentials::AccessKey(key()),
    );
    let (Some(rest), Some(http), Some(websocket)) = (api(ApiType::Rest), api(ApiType::Http), api(ApiType::Websocket))
    else {
        unreachable!("the APIs are made of constants");
    };
    match operation {
        "apis" => check(at_once(gateway.rest_apis()), |listing| {
            listed(&integration, &listing);
            assert_is_last_page(&script, "position");
        }),
        "v2-apis" => check(at_once(gateway.http_and_websocket_apis()), |listing| {
            listed(&integration, &listing);
            assert_is_last_page(&script, "nextToken");
        }),
        "stages" => check(at_once(gateway.stages(&rest)), |stages| {
            staged(&integration, &rest, &stages);
        }),
        "v2-stages" => check(at_once(gateway.stages(&http)), |stages| {
            staged(&integration, &http, &stages);
            staged(&integration, &websocket, &stages);
            assert_is_last_page(&script, "nextToken");
        }),
        "export" => is_exported(at_once(gateway.export(&rest, "prod")), &rest),
        "v2-export" => is_exported(at_once(gateway.export(&http, "prod")), &http),
        "routes" => is_exported(at_once(gateway.export(&websocket, "prod")), &websocket),
        "check" => check(at_once(gateway.check(&integration.api_types)), |()| ()),
        "domains" => at_once(gateway.domains()).is_some_and(|domains| {
            mapped(&integration, [&rest, &http, &websocket], &domains);
            matches!(domains, Domains::Listed(_))
        }),
        _ => false,
    }
}

/// Reads an organisation with these answers: its accounts, or those below a unit.
pub(crate) fn organization(operation: &str, answers: Answers) -> bool {
    let script = Script::new(answers);
    let (Ok(region), Ok(unit)) = (Region::parse("us-east-1"), UnitId::parse("ou-ab12-34567890")) else {
        unreachable!("both are constants");
    };
    let credentials = AwsCredentials::AccessKey(key());
    let client = OrganizationClient::connect(connection(&script, &region), credentials);
    let accounts = match operation {
        "accounts" => at_once(client.accounts()),
        "below" => at_once(client.accounts_below(&[unit].into())).map(|below| {
            let account = |id| Account {
                id,
                name: String::new(),
                is_active: false,
                state: String::new(),
            };
            below.map(|ids| ids.into_iter().map(account).collect())
        }),
        _ => None,
    };
    match accounts {
        Some(Ok(accounts)) => {
            assert_is_last_page(&script, "NextToken");
            assert!(operation == "below" || !accounts.is_empty());
            let ids: HashSet<&AccountId> = accounts.iter().map(|account| &account.id).collect();
            assert_eq!(ids.len(), accounts.len());
            for account in &accounts {
                assert!(!account.is_active || account.state == "ACTIVE", "{account:?}");
                assert_tame(&account.name, 100);
                assert_tame(&account.state, 100);
            }
            true
        }
        Some(Err(error)) => {
            tame(&error.problem());
            false
        }
        None => false,
    }
}

/// Takes on a role with these answers; the operation is `AssumeRole`, or the token that is shown.
pub(crate) fn security_token(operation: &str, answers: Answers) -> bool {
    let script = Script::new(answers);
    let Some(integration) = integration() else {
        unreachable!("the integration is made of constants");
    };
    let Some(role) = integration.sources[0].authentication.role().cloned() else {
        unreachable!("the role is a constant");
    };
    let proof = match operation {
        "AssumeRole" => Proof::AccessKey {
            key: key(),
            external_id: None,
        },
        token => Proof::WebIdentity(WebIdentity::new(Arc::new(Token(token.to_owned())), "api://aws")),
    };
    let role = AssumedRole::new(
        &connection(&script, &region(&integration)),
        role,
        &integration.name,
        proof,
    );
    let mut is_taken = false;
    // What is kept of the first answer is looked at by the second.
    for _ in 0..2 {
        match at_once(role.current()) {
            Some(Ok(credentials)) => {
                assert!(credentials.expiry().is_some() && credentials.session_token().is_some());
                is_taken = true;
            }
            Some(Err(error)) => {
                assert_tame(&error.to_string(), Problem::MESSAGE_MAX);
                tame(&error.problem());
            }
            None => (),
        }
    }
    is_taken
}

fn key() -> AccessKey {
    AccessKey::new("id".into(), "secret".into())
}

fn integration() -> Option<Integration> {
    let region = Region::parse("us-east-1").ok()?;
    let role = RoleArn::parse("arn:aws:iam::123456789012:role/sync", &region).ok()?;
    Some(Integration {
        name: IntegrationName::parse("shop").ok()?,
        sources: vec![Source {
            name: None,
            regions: vec![region],
            authentication: AwsAuthentication::RoleByWebIdentity { role },
            accounts: Accounts::Own,
            account: None,
            environment: None,
            lifecycle_stage: None,
            msi_resource_id: None,
        }],
        api_types: [ApiType::Rest].into(),
        facts: Fact::ALL.into_iter().collect(),
        import_specification: ImportSpecification::Always,
        environment: EntityName::parse("shop").ok()?,
        lifecycle_stage: LifecycleStage::Design,
        default_custom_properties: DefaultCustomProperties::default(),
        include: Vec::new(),
        exclude: Vec::new(),
        map: Vec::new(),
        group_by: GroupBy::None,
        group_trim: BTreeSet::new(),
    })
}

fn api(api_type: ApiType) -> Option<GatewayApi> {
    Some(GatewayApi {
        api_type,
        id: ApiId::parse("a1b2c3d4e5").ok()?,
        name: "Orders".to_owned(),
        description: None,
        version: None,
        endpoint_type: EndpointType::Regional,
        vpc_endpoint_ids: Vec::new(),
        execute_api_disabled: false,
        tags: Box::default(),
    })
}

fn connection(script: &Script, region: &Region) -> AwsConnection {
    let pacer = Arc::new(Pacer::new(1e6, NonZeroU32::MAX));
    let transport = Transport::over(script.client());
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::new("us-east-1"))
        .endpoint_url("http://127.0.0.1:9")
        .http_client(transport.metered(Arc::clone(&pacer), Arc::<Traffic>::default()))
        .retry_config(RetryConfig::disabled())
        .build();
    // Whoever asks to wait is not waited for.
    let budget = Budget::new(Duration::from_mins(1), CancellationToken::new());
    AwsConnection::of_config(config, region, pacer, budget)
}

/// What is taken holds what it must, and what is not is told in tame words.
fn check<T>(result: Option<Result<T, GatewayError>>, taken: impl FnOnce(T)) -> bool {
    match result {
        Some(Ok(value)) => {
            taken(value);
            true
        }
        Some(Err(error)) => {
            tame(&error.problem());
            false
        }
        None => false,
    }
}

fn tame(problem: &Problem) {
    assert!(!problem.message.is_empty());
    assert_tame_lines(&problem.message, Problem::MESSAGE_MAX);
}

fn listed(integration: &Integration, listing: &Listing) {
    let ids: HashSet<&str> = listing.apis.iter().map(|api| api.id.as_str()).collect();
    assert_eq!(ids.len(), listing.apis.len());
    for failure in &listing.unusable {
        assert_tame(&failure.id, 100);
        assert_tame(failure.name.as_deref().unwrap_or_default(), 100);
        assert_tame_lines(&failure.message, Problem::MESSAGE_MAX);
    }
    for api in &listing.apis {
        let desired = desired(integration, api);
        assert!(!desired.title().trim().is_empty());
        assert_tame(desired.title(), 50);
        assert_tame_lines(&text(&desired.members[0].fields.enforced, "description"), 1000);
    }
}

/// A list is taken for all there is only after a page that leads nowhere, or the refusal of a region without such APIs.
fn assert_is_last_page(script: &Script, position: &str) {
    let last = script.last.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(!last.is_empty(), "no answer is no page");
    let page: Value = serde_json::from_slice(&last).unwrap_or_default();
    assert!(matches!(page[position].as_str(), None | Some("")), "{page}");
}

fn desired(integration: &Integration, api: &GatewayApi) -> DesiredApi {
    let (gateway, types) = (gateway(integration), MetadataTypes::default());
    let place = place(integration, &gateway);
    let Ok(mut desired) = listed_api(integration, place, api) else {
        unreachable!("there is no name for {api:?}");
    };
    add_fields(&mut desired, integration, place, api, &types);
    desired
}

fn gateway(integration: &Integration) -> Gateway {
    Gateway {
        account: None,
        region: region(integration),
    }
}

fn place<'a>(integration: &'a Integration, gateway: &'a Gateway) -> Place<'a> {
    Place {
        source: &integration.sources[0],
        account_name: None,
        gateway,
    }
}

fn region(integration: &Integration) -> Region {
    integration.sources[0].regions[0].clone()
}

/// A text among the fields, empty if there is none.
fn text(fields: &[Field], name: &str) -> String {
    let mut fields = fields.iter();
    let found = fields.find(|(path, _)| *path == FieldPath::new(&[name]));
    let text = found.and_then(|(_, value)| value.as_ref()?.as_str());
    text.unwrap_or_default().to_owned()
}

/// The API with the versions of its stages.
fn translated(integration: &Integration, api: &GatewayApi, stages: &[Stage], domains: &Domains) -> DesiredApi {
    let mut translated = desired(integration, api);
    let recorded = ["https://old.example.com/a/b", "https://a.example.com"].map(str::to_owned);
    let gateway = gateway(integration);
    let around = Around {
        integration,
        place: place(integration, &gateway),
        domains,
        types: &MetadataTypes::default(),
        recorded: &BTreeMap::from([(stage_entity_name("old"), recorded.into())]),
        with_definitions: true,
    };
    add_stages(&mut translated, around, api, stages);
    let names: HashSet<&EntityName> = translated.versions.iter().map(|version| &version.name).collect();
    assert_eq!(names.len(), translated.versions.len());
    assert_eq!(translated.versions.len() + translated.skips.len(), stages.len());
    for skip in translated
        .versions
        .iter()
        .flat_map(|version| &version.deployments)
        .flat_map(|stage| &stage.skips)
        .chain(&translated.skips)
    {
        assert_tame_lines(&skip.message, Problem::MESSAGE_MAX);
    }
    translated
}

fn staged(integration: &Integration, api: &GatewayApi, stages: &[Stage]) {
    for version in translated(integration, api, stages, &Domains::Listed(Vec::new())).versions {
        let deployment = &version.deployments[0];
        assert_tame(&version.stage_name, 128);
        assert_tame(&deployment.deployment_id, 128);
        let title = text(&deployment.version.enforced, "title");
        assert!(!title.trim().is_empty());
        assert_tame(&title, 50);
        assert_tame_lines(&text(&deployment.fields.initial, "description"), 500);
        let path = FieldPath::new(&["server", "runtimeUri"]);
        let uris = deployment.fields.enforced.iter().find(|(found, _)| *found == path);
        let uris = uris.and_then(|(_, value)| value.as_ref()?.as_array());
        for uri in uris.into_iter().flatten().filter_map(Value::as_str) {
            let url = url(uri);
            assert_eq!(url.host_str(), Some(OWN_HOST), "{uri}");
            assert_eq!(url.path_segments().map(Iterator::count), Some(1), "{uri}");
        }
    }
}

/// A URL that API Center can hold.
fn url(uri: &str) -> Url {
    assert!(uri.len() <= 200 && !uri.ends_with('/'), "{uri}");
    let Ok(url) = Url::parse(uri) else {
        unreachable!("{uri} is no URL");
    };
    assert!(url.query().is_none() && url.fragment().is_none(), "{uri}");
    assert!(url.username().is_empty() && url.port().is_none(), "{uri}");
    url
}

fn mapped(integration: &Integration, apis: [&GatewayApi; 3], domains: &Domains) {
    for gap in domains.gaps() {
        assert_tame_lines(&gap, 2 * Problem::MESSAGE_MAX);
    }
    let hosts: HashSet<&str> = match domains {
        Domains::Unknown(_) => ["old.example.com", "a.example.com", OWN_HOST].into(),
        Domains::Listed(domains) => domains.iter().map(|domain| &*domain.name).chain([OWN_HOST]).collect(),
    };
    let stages = ["$default", "old", "prod"].map(|name| Stage {
        name: name.to_owned(),
        deployment_id: "d1".to_owned(),
        description: None,
        last_updated: None,
        documentation_version: None,
        canary_deployment_id: None,
    });
    for api in apis {
        for version in translated(integration, api, &stages, domains).versions {
            let urls = &version.deployments[0].urls;
            let distinct: HashSet<&String> = urls.iter().collect();
            assert_eq!(distinct.len(), urls.len());
            for uri in urls {
                let host = url(uri).host_str().unwrap_or_default().to_owned();
                assert!(hosts.contains(&*host), "{uri}");
            }
        }
    }
}

/// Whether there was an answer, whole and tame.
fn is_exported(export: Option<Result<StageExport, GatewayError>>, api: &GatewayApi) -> bool {
    let mut is_whole = false;
    let is_taken = check(export, |export| {
        let servers = ["https://api.example.com/v1".to_owned()];
        is_whole = [None, Some(&servers[..])].into_iter().all(|servers| {
            let export = definition(api, export.clone(), servers);
            export.is_ok_and(|export| {
                exported(&export, servers);
                true
            })
        });
    });
    is_taken && is_whole
}

fn exported(export: &Export, servers: Option<&[String]>) {
    match export {
        Export::Document(document) => {
            assert!(document.text.len() <= DEFINITION_MAX_BYTES);
            assert_eq!(document.content_digest, digest(document.text.as_bytes()));
            assert_eq!(document.canonical_digest.len(), 64);
            assert_tame(&document.specification_version, 100);
            told(document, servers);
        }
        Export::Unavailable { message, .. } => assert_tame(message, Problem::MESSAGE_MAX),
    }
}

/// A document is JSON, and tells the servers that it has to.
fn told(document: &Document, servers: Option<&[String]>) {
    let Ok(read) = serde_json::from_str::<Value>(&document.text) else {
        unreachable!("it is no JSON: {}", document.text);
    };
    if let (Format::OpenApi, Some(servers)) = (document.format, servers) {
        let servers: Vec<Value> = servers.iter().map(|url| json!({ "url": url })).collect();
        assert_eq!(read["servers"], json!(servers), "{}", document.text);
    }
}
