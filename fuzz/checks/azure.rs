//! What must hold of Azure Resource Manager's answers, whatever they are.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::Response;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::Headers;
use azure_core::http::request::Body;
use azure_core::http::{AsyncRawResponse, HttpClient, Method, Request, Url};
use azure_core::time::OffsetDateTime;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{ApiCenter, Catalog, CatalogError, Exported, Rates};
use crate::catalog::{Owned, Vacant};
use crate::fuzzing::model::{assert_tame, assert_tame_lines, markers};
use crate::fuzzing::work::at_once;
use crate::limits::{Budget, Traffic};
use crate::model::{ApiCenterId, Document, Entity, EntityName, EntityPath, Format, Properties};

const BASE_URL: &str = "https://arm.test";
const CENTER: &str = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";
/// What [`super::wire::body`] leaves out of an API.
const READ_ONLY: [&str; 3] = ["lifecycleStage", "sourceLifecycleStage", "apimSource"];
/// Longest text of an error, in UTF-16 units.
const ERROR_MAX: usize = 1000;
/// More answers than any operation here needs.
const ANSWERS_MAX: usize = 16;

type Answers = VecDeque<Response<Vec<u8>>>;
/// A request's method and body, and the answer to it.
type Exchange = (Method, Vec<u8>, Response<Vec<u8>>);

/// A service that gives the answers one by one, and after the last none.
#[derive(Debug)]
struct Script {
    answers: Mutex<Answers>,
    given: Mutex<Vec<Exchange>>,
}

#[async_trait]
impl HttpClient for Script {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        assert_belongs_here(request.url());
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(answer) = answer else {
            return std::future::pending().await;
        };
        let mut headers = Headers::new();
        for (name, value) in answer.headers() {
            if let Ok(value) = value.to_str() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        let (status, body) = (answer.status().as_u16(), answer.body().clone());
        let sent = match request.body() {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::SeekableStream(_) => Vec::new(),
        };
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.push((request.method(), sent, answer));
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
    }
}

/// The token is shown to nobody else.
fn assert_belongs_here(url: &Url) {
    assert_eq!(url.origin().ascii_serialization(), BASE_URL, "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
}

#[derive(Debug)]
struct Token;

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let expires_on = OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1);
        Ok(AccessToken::new("token", expires_on))
    }
}

/// Does `operation` with these answers to its requests.
pub(crate) fn answers(operation: &str, answers: Answers) -> bool {
    let script = Arc::new(Script {
        answers: Mutex::new(answers.into_iter().take(ANSWERS_MAX).collect()),
        given: Mutex::default(),
    });
    let (Some(catalog), Ok(name)) = (catalog(Arc::<Script>::clone(&script)), EntityName::parse("shop-a1b2c3")) else {
        unreachable!("the catalog is made of constants");
    };
    let api = EntityPath::Api(name.clone());
    let definition = EntityPath::Definition(name.clone(), name, EntityName::definition(Format::OpenApi));
    match operation {
        "apis" => check(at_once(catalog.apis()), |apis| listed(&script, apis)),
        "environments" => check(at_once(catalog.environments()), |environments| {
            listed(&script, environments);
        }),
        "schemas" => check(at_once(catalog.metadata_schemas()), |_| assert_is_last_page(&script)),
        "limits" => check(at_once(catalog.limits()), |_| ()),
        "get" => check(at_once(catalog.get(&api)), |entity| {
            if let Some(entity) = entity {
                markers(entity.properties);
            }
        }),
        "create" => check(
            vacant(api).and_then(|api| at_once(catalog.create(&api, &title()))),
            |_| (),
        ),
        "update" => {
            let change = |properties: &mut Properties| properties.extend(title());
            let taken = check(owned(api).and_then(|api| at_once(catalog.update(&api, change))), |_| ());
            assert_nothing_lost(&script);
            taken
        }
        "delete" => check(owned(api).and_then(|api| at_once(catalog.delete(&api))), |()| ()),
        "import" => {
            let document = Document {
                format: Format::OpenApi,
                text: "{}".to_owned(),
                specification_version: "3.0.1".to_owned(),
                content_digest: String::new(),
                canonical_digest: String::new(),
                comparison_digest: String::new(),
            };
            let import = |owned| at_once(catalog.import_specification(&owned, &document));
            check(owned(definition).and_then(import), |()| ())
        }
        "export" => check(
            at_once(catalog.export_specification(&definition)),
            |exported| match exported {
                Exported::Text(text) | Exported::Link(text) => assert!(!text.is_empty()),
                Exported::Nothing => (),
            },
        ),
        _ => false,
    }
}

fn catalog(http_client: Arc<dyn HttpClient>) -> Option<Catalog> {
    let center = ApiCenterId::parse(CENTER).ok()?;
    let rates = Rates {
        reads: 1e6,
        writes: 1e6,
        deletes: 1e6,
    };
    let center = ApiCenter::over(http_client, BASE_URL, center, Arc::new(Token), rates).ok()?;
    // Whoever asks to wait is not waited for.
    let budget = Budget::new(Duration::from_mins(1), CancellationToken::new());
    Some(center.catalog(budget, Arc::<Traffic>::default()))
}

fn vacant(path: EntityPath) -> Option<Vacant> {
    Vacant::at(path, None::<&Entity>)
}

fn owned(path: EntityPath) -> Option<Owned> {
    vacant(path).map(|vacant| Owned::created(&vacant))
}

fn title() -> Properties {
    Properties::from_iter([("title".to_owned(), json!("Orders"))])
}

/// What is taken holds what it must, and what is not is told in a few tame words.
fn check<T>(result: Option<Result<T, CatalogError>>, taken: impl FnOnce(T)) -> bool {
    match result {
        Some(Ok(value)) => {
            taken(value);
            true
        }
        Some(Err(error)) => {
            assert_tame(&error.to_string(), ERROR_MAX);
            assert_tame_lines(&error.problem().message, ERROR_MAX);
            false
        }
        None => false,
    }
}

fn listed(script: &Script, entities: Vec<Entity>) {
    let names: HashSet<&EntityName> = entities.iter().map(|entity| &entity.name).collect();
    assert_eq!(names.len(), entities.len());
    assert_is_last_page(script);
    for entity in entities {
        markers(entity.properties);
    }
}

/// A list is taken for all there is only after a page that leads nowhere.
fn assert_is_last_page(script: &Script) {
    let given = script.given.lock().unwrap_or_else(PoisonError::into_inner);
    let last = given
        .last()
        .map(|(_, _, answer)| answer.body().as_slice())
        .unwrap_or_default();
    let page: Value = serde_json::from_slice(last).unwrap_or_default();
    assert!(page["value"].is_array(), "{page}");
    assert!(matches!(page["nextLink"].as_str(), None | Some("")), "{page}");
}

/// What an update writes is what it read, to the byte, but for what it changes and what the service itself puts there.
fn assert_nothing_lost(script: &Script) {
    let given = script.given.lock().unwrap_or_else(PoisonError::into_inner);
    let mut read = Value::Null;
    for (method, sent, answer) in given.iter() {
        if *method == Method::Get {
            read = serde_json::from_slice(answer.body()).unwrap_or_default();
            continue;
        }
        let Some(Value::Object(mut wanted)) = read.get("properties").cloned() else {
            unreachable!("an update without a read");
        };
        wanted.extend(title());
        wanted.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
        assert_eq!(json!({ "properties": wanted }).to_string().as_bytes(), sent);
    }
}
