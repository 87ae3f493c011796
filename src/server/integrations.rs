//! `/api/integrations`: the calls of users.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use percent_encoding::{CONTROLS, percent_encode};
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::Instrument;

use super::answer::{problem_response, unfinished};
use super::route::{Misrouted, Route};
use super::{App, BODY_TIMEOUT, guarded, respond, span, work};
use crate::limits::Budget;
use crate::model::document::parse_document;
use crate::model::{ErrorCode, IntegrationName, Problem};
use crate::sync::{Deletion, Engine, Examination, PlanView, Written};

/// Says which API center the app keeps.
const API_CENTER: &str = "x-api-center";
/// What it says while the app's settings cannot be used.
const NO_API_CENTER: &str = "unknown";
/// Longest body of a `PUT`, in bytes: a document with all its defaults is a hundredth of that.
const BODY_MAX_BYTES: usize = 256 * 1024;
/// After this many bytes even a sender who would not hear of it is cut off.
const DROPPED_MAX_BYTES: usize = 16 * 1024 * 1024;

/// Answers a call.
pub(super) async fn call(State(app): State<App>, request: Request) -> Response {
    let (span, header) = (span(&request), served(&app));
    let call = async {
        match Route::of(request.method(), request.uri()) {
            Ok(route) => respond(answer(app, route, request).await),
            Err(misrouted) => refuse(&app, misrouted),
        }
    };
    let mut response = guarded(call).instrument(span).await;
    response.headers_mut().insert(API_CENTER, header);
    response
}

/// Whose catalog this app keeps, so that callers can tell whom they call.
fn served(app: &App) -> HeaderValue {
    let center = app.ready().map(|(_, settings)| settings.resource_id.as_str());
    // Resource groups may have letters that headers may not.
    let encoded = center.map(|center| percent_encode(center.as_bytes(), CONTROLS).to_string());
    let value = encoded.ok().and_then(|encoded| HeaderValue::from_str(&encoded).ok());
    value.unwrap_or(HeaderValue::from_static(NO_API_CENTER))
}

fn refuse(app: &App, misrouted: Misrouted) -> Response {
    // What is wrong with the settings is said to every call.
    let problem = app.ready().err().unwrap_or(misrouted.problem);
    let mut response = problem_response(&problem);
    if let Some(allow) = misrouted.allow {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    }
    response
}

async fn answer(app: App, route: Route, request: Request) -> Result<Response, Problem> {
    if let Route::Doctor(name) = route {
        return work(&app, |app| examine(app, name)).await;
    }
    let (_, settings) = app.ready()?;
    let budget = app.budget(settings.http_budget);
    let document = match &route {
        Route::Put(name) => {
            let (parts, body) = request.into_parts();
            let body = json_body(&parts.headers, body).await?;
            Some(parse_document(
                &body,
                name,
                &settings.resource_id,
                &settings.vault_hosts,
            )?)
        }
        Route::List | Route::Get(_) | Route::Delete(_) | Route::Sync(..) | Route::Doctor(_) | Route::Explain(..) => {
            None
        }
        Route::Plan(name, wanted) => {
            let as_text = prefers_text(request.headers());
            let (name, wanted) = (name.clone(), wanted.clone());
            let plan = work(&app, move |app| async move {
                app.engine()?.plan(&name, &wanted, &budget).await
            });
            return Ok(plan_response(&route, &plan.await?, as_text));
        }
    };
    work(&app, move |app| async move {
        let engine = app.engine()?;
        Ok(match (route, document) {
            (Route::List, _) => Json(json!({ "value": engine.list(&budget).await? })).into_response(),
            (Route::Get(name), _) => Json(engine.get(&name, &budget).await?).into_response(),
            (Route::Put(name), Some(document)) => match engine.put(&name, document, &budget).await? {
                Written::Created(view) => (StatusCode::CREATED, Json(view)).into_response(),
                Written::Updated(view) => Json(view).into_response(),
            },
            (Route::Delete(name), _) => delete(engine, &name, &budget).await?,
            (Route::Sync(name, wanted), _) => {
                let report = engine.sync(&name, &wanted, &budget).await?;
                if report.remaining > 0 {
                    unfinished(Json(report))
                } else {
                    Json(report).into_response()
                }
            }
            (Route::Explain(name, api), _) => Json(engine.explain(&name, &api, &budget).await?).into_response(),
            (Route::Put(_), None) | (Route::Plan(..) | Route::Doctor(_), _) => {
                let message = "the call was routed without its body";
                return Err(Problem::new(ErrorCode::InternalError, message));
            }
        })
    })
    .await
}

/// What the doctor finds; of an app whose settings cannot be used, that.
async fn examine(app: App, name: IntegrationName) -> Result<Response, Problem> {
    let examination = match app.ready() {
        Ok((engine, settings)) => engine.examine(&name, &app.budget(settings.http_budget)).await,
        Err(problem) => Examination::of_settings(&problem),
    };
    Ok(Json(examination).into_response())
}

async fn delete(engine: &Engine, name: &IntegrationName, budget: &Budget) -> Result<Response, Problem> {
    Ok(match engine.delete(name, budget).await? {
        Deletion::Done => StatusCode::NO_CONTENT.into_response(),
        Deletion::Remaining(remaining) => {
            let message =
                format!("there was no time for {remaining} of its APIs: call again, or leave it to the timer");
            unfinished(Json(json!({ "remaining": remaining, "message": message })))
        }
    })
}

/// The plan as JSON, or as text for people.
fn plan_response(route: &Route, plan: &PlanView, as_text: bool) -> Response {
    if as_text {
        let mut text = plan.to_text();
        if let Route::Plan(name, _) = route
            && plan.complete
            && !plan.changes.is_empty()
        {
            text.push_str("\nTo apply exactly this plan, with the same parameters:\n");
            let call = [
                "  POST /api/integrations/",
                name.as_str(),
                "/sync?planId=",
                &plan.plan_id,
                "\n",
            ];
            text.extend(call);
        }
        text.into_response()
    } else {
        Json(plan).into_response()
    }
}

fn prefers_text(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    let media_types = accept
        .split(',')
        .map(|part| part.split(';').next().unwrap_or_default().trim());
    media_types
        .into_iter()
        .find(|name| ["text/plain", "application/json", "*/*"].contains(name))
        == Some("text/plain")
}

async fn json_body(headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if media_type != "application/json" && !media_type.ends_with("+json") {
        let message = "the body must be JSON: send Content-Type: application/json";
        return Err(Problem::new(ErrorCode::UnsupportedMediaType, message).with_target("Content-Type"));
    }
    let bytes = timeout(BODY_TIMEOUT, read(body)).await.map_err(|_| {
        let message = format!("the body did not arrive within {} seconds", BODY_TIMEOUT.as_secs());
        Problem::new(ErrorCode::InvalidRequest, message)
    })??;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(ErrorCode::InvalidRequest, format!("the body is not JSON: {error}")))
}

/// Reads a body, as far as it may go. A longer one is read to its end and dropped, so that its sender sees the answer.
async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut length = 0;
    let mut frames = body.into_data_stream();
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|_| Problem::new(ErrorCode::InvalidRequest, "the body did not arrive whole"))?;
        length += frame.len();
        if length <= BODY_MAX_BYTES {
            bytes.extend_from_slice(&frame);
        } else if length > DROPPED_MAX_BYTES {
            break;
        }
    }
    if length > BODY_MAX_BYTES {
        let message = format!("the body is longer than {BODY_MAX_BYTES} bytes");
        return Err(Problem::new(ErrorCode::RequestTooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use futures::stream;

    use super::*;

    fn json() -> HeaderMap {
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))]
            .into_iter()
            .collect()
    }

    fn parts(parts: &[&'static str]) -> Body {
        let parts: Vec<Result<Bytes, std::io::Error>> = parts
            .iter()
            .map(|part| Ok(Bytes::from_static(part.as_bytes())))
            .collect();
        Body::from_stream(stream::iter(parts).chain(stream::pending()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_given_up() {
        for sent in [&[][..], &["{"], &["{\"a\"", ":1}"]] {
            let problem = json_body(&json(), parts(sent)).await.unwrap_err();
            assert_eq!(problem.code, ErrorCode::InvalidRequest);
            assert!(problem.message.contains("within 30 seconds"), "{problem}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_in_for_ever_is_given_up() {
        let trickle = stream::unfold((), |()| async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
        });
        let problem = json_body(&json(), Body::from_stream(trickle)).await.unwrap_err();
        assert!(problem.message.contains("within 30 seconds"), "{problem}");
    }

    #[tokio::test]
    async fn a_body_without_end_is_cut_off() {
        let spaces = Bytes::from(vec![b' '; 65_536]);
        let endless = stream::repeat_with(move || Ok::<_, std::io::Error>(spaces.clone()));
        let problem = json_body(&json(), Body::from_stream(endless)).await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::RequestTooLarge);
    }

    #[tokio::test]
    async fn hostile_json_is_refused_in_few_words() {
        let deep = |open: &str, close: &str| format!("{}{}", open.repeat(60_000), close.repeat(60_000));
        for text in [
            deep("[", "]"),
            "{\"a\":".repeat(40_000),
            String::new(),
            "\u{feff}{}".to_owned(),
            "{\"a\":\"\\ud800\"}".to_owned(),
            "{\"a\":01}".to_owned(),
            "{\"a\":1e}".to_owned(),
            "{\"a\":NaN}".to_owned(),
            "{'a':1}".to_owned(),
            "{\"a\":\"\u{0}\"}".to_owned(),
            "{}{}".to_owned(),
            "\0".repeat(1000),
        ] {
            let problem = json_body(&json(), Body::from(text.clone())).await.unwrap_err();
            let words = problem.message.as_str();
            assert!(
                words.starts_with("the body is not JSON") && words.len() < 200,
                "{words}"
            );
        }
        let not_utf8 = json_body(&json(), Body::from(&b"{\"a\":\"\xff\"}"[..])).await;
        assert_eq!(not_utf8.unwrap_err().code, ErrorCode::InvalidRequest);
    }
}
