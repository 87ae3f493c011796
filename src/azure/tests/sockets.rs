//! What the SDK's own client does on a socket, and the whole client against the strict stand-in.

use axum::http::HeaderMap;
use azure_core::http::{Method, new_http_client};
use sandbox::api_center::{self, ApiCenterOptions};
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::record::Service;
use sandbox::serve::{Conditions, Port, Server, serve};
use sandbox::token::issue_token;

use super::*;

fn server(fault: Option<Fault>) -> (Server, Conditions) {
    let conditions = Conditions::default();
    if let Some(fault) = fault {
        conditions.faults.add(FaultRule {
            matcher: Matcher::default(),
            skip: 0,
            times: None,
            fault,
        });
    }
    let answer: sandbox::serve::Answer =
        Arc::new(|_| Box::pin(async { axum::http::Response::new(Bytes::from_static(br#"{"value":[]}"#)) }));
    let port = Port::take(0, None).unwrap();
    (serve(port, Service::ApiCenter, answer, conditions.clone()), conditions)
}

async fn get(url: &str) -> azure_core::Result<(u16, Bytes)> {
    let request = Request::new(url.parse().unwrap(), Method::Get);
    let answer = new_http_client(None).execute_request(&request).await?;
    let status = answer.status().into();
    Ok((status, answer.into_body().collect().await?))
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let (elsewhere, visits) = server(None);
    for status in [301, 302, 303, 307, 308] {
        let mut headers = HeaderMap::new();
        headers.insert("location", elsewhere.base_url().parse().unwrap());
        let fault = Fault::Answer {
            status: status.try_into().unwrap(),
            headers,
            body: Bytes::new(),
        };
        let (server, _) = server(Some(fault));
        assert_eq!(get(server.base_url()).await.unwrap().0, status);
    }
    assert_eq!(visits.record.count(|_| true), 0);
    assert_eq!(
        get(elsewhere.base_url()).await.unwrap(),
        (200, Bytes::from_static(br#"{"value":[]}"#))
    );
}

#[tokio::test]
async fn connections_that_break_are_of_a_kind_that_is_tried_again() {
    for fault in [Fault::ResetBefore, Fault::ResetAfter, Fault::Truncate] {
        let (server, _) = server(Some(fault.clone()));
        let error = get(server.base_url()).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Io, "{fault:?}");
    }
    let (server, _) = server(None);
    let url = server.base_url().to_owned();
    drop(server);
    // The port is closed once the server's task is gone.
    let error = loop {
        match get(&url).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind(), ErrorKind::Connection | ErrorKind::Io), "{error}");
}

/// The strict stand-in, without a socket.
#[derive(Debug)]
struct StandIn(api_center::ApiCenter);

#[async_trait]
impl HttpClient for StandIn {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut builder = axum::http::Request::builder()
            .method(request.method().as_str())
            .uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            builder = builder.header(name.as_str(), value.as_str());
        }
        let (head, body) = self.0.answer(&builder.body(body(request)).unwrap()).await.into_parts();
        let mut headers = Headers::new();
        for (name, value) in &head.headers {
            headers.insert(name.as_str().to_owned(), value.to_str().unwrap().to_owned());
        }
        Ok(AsyncRawResponse::from_bytes(head.status.as_u16().into(), headers, body))
    }
}

/// A credential whose tokens the stand-in accepts.
#[derive(Debug)]
struct Identity;

#[async_trait]
impl TokenCredential for Identity {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let audience = scopes[0].strip_suffix("/.default").unwrap();
        let token = issue_token(audience, "handler", Duration::from_hours(1));
        let expires_on = OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1);
        Ok(AccessToken::new(token, expires_on))
    }
}

fn stand_in() -> (Arc<StandIn>, Catalog) {
    let mut options = ApiCenterOptions::new(CENTER);
    options.base_url = BASE_URL.to_owned();
    options.page_size = 2;
    let stand_in = Arc::new(StandIn(api_center::ApiCenter::new(options)));
    let center = center(Arc::<StandIn>::clone(&stand_in), Arc::new(Identity));
    let budget = Budget::new(Duration::from_mins(1), CancellationToken::new());
    (stand_in, center.catalog(budget, Arc::default()))
}

#[tokio::test]
async fn a_strict_api_center_takes_what_is_sent_and_gives_it_back() {
    let (stand_in, catalog) = stand_in();
    let version = EntityPath::Version(name("shop-api"), name("live"));
    for (path, sent) in [
        (api_path(), json!({ "title": "Shop", "kind": "rest" })),
        (version.clone(), json!({ "title": "live", "lifecycleStage": "design" })),
        (definition_path(), json!({ "title": "OpenAPI" })),
    ] {
        assert_eq!(catalog.get(&path).await, Ok(None));
        catalog.create(&vacant(path), &properties(sent)).await.unwrap();
    }
    let definition = owned(definition_path());
    catalog.import_specification(&definition, &document()).await.unwrap();
    let exported = catalog.export_specification(definition.path()).await.unwrap();
    assert_eq!(exported, Exported::Text("openapi: 3.0.1".to_owned()));
    let describe = |properties: &mut Properties| {
        properties.insert("description".to_owned(), json!("All of it."));
    };
    let updated = catalog.update(&owned(api_path()), describe).await.unwrap();
    assert_eq!(
        (updated.text("title"), updated.text("description")),
        (Some("Shop"), Some("All of it."))
    );
    let retitle = |properties: &mut Properties| {
        properties.insert("title".to_owned(), json!("The API"));
    };
    catalog.update(&definition, retitle).await.unwrap();
    let definitions = catalog.definitions(&name("shop-api"), &name("live")).await.unwrap();
    assert_eq!((definitions.len(), definitions[0].text("title")), (1, Some("The API")));
    for path in [definition_path(), version, api_path()] {
        catalog.delete(&owned(path)).await.unwrap();
    }
    let left: Vec<String> = stand_in.0.snapshot().into_keys().collect();
    assert_eq!(left, ["apis/swagger-petstore"]);
    assert_eq!(
        kind(&catalog.versions(&name("shop-api")).await.unwrap_err()),
        "not found"
    );
}

#[tokio::test]
async fn all_pages_of_a_strict_api_center_are_read() {
    let (stand_in, catalog) = stand_in();
    for number in 1..=5 {
        let path = format!("apis/api-{number}");
        stand_in.0.put(&path, json!({ "title": "T", "kind": "rest" })).unwrap();
    }
    let mut apis = catalog.apis().await.unwrap();
    apis.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(
        names(&apis),
        ["api-1", "api-2", "api-3", "api-4", "api-5", "swagger-petstore"]
    );
}

#[tokio::test]
async fn an_update_loses_nothing_that_somebody_else_writes_between_its_read_and_its_write() {
    let (stand_in, catalog) = stand_in();
    let put = |summary: &str| {
        let properties = json!({ "title": "Shop", "kind": "rest", "summary": summary });
        stand_in.0.put("apis/shop-api", properties).unwrap();
    };
    put("before");
    let reads = AtomicUsize::new(0);
    let race = |properties: &mut Properties| {
        if reads.fetch_add(1, Ordering::Relaxed) == 0 {
            put("meanwhile");
        }
        properties.insert("description".to_owned(), json!("ours"));
    };
    let updated = catalog.update(&owned(api_path()), race).await.unwrap();
    assert_eq!(
        (updated.text("summary"), updated.text("description")),
        (Some("meanwhile"), Some("ours"))
    );
    assert_eq!(reads.load(Ordering::Relaxed), 2);
}
