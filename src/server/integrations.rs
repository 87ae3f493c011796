//! The calls of users, about integrations.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use percent_encoding::{CONTROLS, percent_encode};
use serde_json::Value;
use tokio::time::timeout;
use tracing::Instrument;

use super::answer::{problem_answer, problem_response, unfinished};
use super::description::{self, IntegrationList, UnfinishedDeletion};
use super::negotiation::Form;
use super::page::{self, Visit, page_response, portal_url, problem_page};
use super::route::{BasePath, Filter, Route};
use super::{App, BODY_TIMEOUT, guarded, span, work};
use crate::limits::Budget;
use crate::model::document::parse_document;
use crate::model::{ErrorCode, IntegrationName, Problem, Report};
use crate::sync::{Condition, Deletion, Engine, Examination, IntegrationView, PlanView, Written};

/// Says which API center the app keeps.
const API_CENTER: &str = "x-api-center";
/// What it says while the app's settings cannot be used.
const NO_API_CENTER: &str = "unknown";
/// Longest body of a `PUT`, in bytes: a document with all its defaults is a hundredth of that.
const BODY_MAX_BYTES: usize = 256 * 1024;
/// After this many bytes even a sender who would not hear of it is cut off.
const DROPPED_MAX_BYTES: usize = 16 * 1024 * 1024;
/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Headers of every answer: it depends on what form is asked for, is out of date at once, is nobody else's, and is what it says it is.
const HEADERS: [(HeaderName, &str); 4] = [
    (VARY, "Accept"),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Answers a call.
pub(super) async fn call(State(app): State<App>, request: Request) -> Response {
    let span = span(&request);
    let wanted = Form::wanted(request.headers(), &[Form::Json, Form::Page]);
    let visit = (wanted == Form::Page).then(|| Visit::of(request.uri()));
    let call = async {
        let (problem, allow) = match Route::of(request.method(), request.uri()) {
            Ok(route) => match answer(&app, route, request, visit.as_ref()).await {
                Ok(response) => return response,
                Err(problem) => (problem, None),
            },
            // What is wrong with the settings is said to every call.
            Err(misrouted) => (app.ready().err().unwrap_or(misrouted.problem), misrouted.allow),
        };
        let mut response = match &visit {
            Some(visit) => problem_answer(&problem, |status| problem_page(&problem, status, visit)),
            None => problem_response(&problem),
        };
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    };
    let mut response = guarded(call).instrument(span).await;
    response.headers_mut().insert(API_CENTER, served(&app));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
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

async fn answer(app: &App, route: Route, request: Request, visit: Option<&Visit>) -> Result<Response, Problem> {
    if let Route::Doctor(name) = route {
        return work(app, |app| examine(app, name)).await;
    }
    let (_, settings) = app.ready()?;
    let budget = app.budget(settings.http_budget);
    let portal = portal_url(settings);
    let visit = visit.cloned();
    let base = BasePath::of(request.uri().path());
    match route {
        Route::Describe => Ok(Json(description::document(&base)).into_response()),
        Route::List(filter) => {
            let list = work(app, move |app| async move { app.engine()?.list(&budget).await });
            Ok(list_response(list.await?, &filter, visit.as_ref(), &portal))
        }
        Route::Get(name, filter) => {
            if let Some(visit) = visit {
                let detail = work(
                    app,
                    move |app| async move { app.engine()?.detail(&name, &budget).await },
                );
                let page = page::integration(&detail.await?, &filter, &visit, &portal);
                return Ok(page_response(page));
            }
            let view = work(app, move |app| async move { app.engine()?.get(&name, &budget).await });
            Ok(Json(view.await?).into_response())
        }
        Route::Put(name) => {
            let (parts, body) = request.into_parts();
            let body = json_body(&parts.headers, body).await?;
            let document = parse_document(&body, &name, &settings.resource_id, &settings.vault_hosts)?;
            let written = work(app, move |app| async move {
                app.engine()?.put(&name, document, &budget).await
            });
            Ok(match written.await? {
                Written::Created(view) => (StatusCode::CREATED, Json(view)).into_response(),
                Written::Updated(view) => Json(view).into_response(),
            })
        }
        Route::Delete(name) => {
            work(
                app,
                move |app| async move { delete(app.engine()?, &name, &budget).await },
            )
            .await
        }
        Route::Sync(name, wanted) => {
            let report = work(app, move |app| async move {
                app.engine()?.sync(&name, &wanted, &budget).await
            });
            Ok(report_response(report.await?))
        }
        Route::Plan(name, wanted) => {
            let form = Form::wanted(request.headers(), &[Form::Json, Form::Text]);
            let one = base.one(name.as_str());
            let plan = work(app, move |app| async move {
                app.engine()?.plan(&name, &wanted, &budget).await
            });
            Ok(plan_response(&one, &plan.await?, form))
        }
        Route::Explain(name, api) => {
            let explanation = work(app, move |app| async move {
                app.engine()?.explain(&name, &api, &budget).await
            });
            Ok(Json(explanation.await?).into_response())
        }
        Route::Doctor(_) => Err(Problem::new(ErrorCode::InternalError, "the doctor was called twice")),
    }
}

/// The integrations that are asked for, as JSON or as a page.
fn list_response(
    mut integrations: Vec<IntegrationView>,
    filter: &Filter<Condition>,
    visit: Option<&Visit>,
    portal: &str,
) -> Response {
    let total = integrations.len();
    integrations.retain(|integration| filter.passes(integration));
    match visit {
        Some(visit) => page_response(page::overview(&integrations, total, filter, visit, portal)),
        None => Json(IntegrationList { value: integrations }).into_response(),
    }
}

/// The report of a run, and whether the same call would go on.
fn report_response(report: Report) -> Response {
    match report.retry_after_seconds {
        Some(seconds) => unfinished(seconds, Json(report)),
        None => Json(report).into_response(),
    }
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
            unfinished(0, Json(UnfinishedDeletion { remaining, message }))
        }
    })
}

/// The plan as JSON, or as text for people; `one` is the integration's path.
fn plan_response(one: &str, plan: &PlanView, form: Form) -> Response {
    match form {
        Form::Text => plan_text(one, plan).into_response(),
        Form::Json | Form::Page => Json(plan).into_response(),
    }
}

/// The plan for people, and the call that makes its changes and no others.
fn plan_text(one: &str, plan: &PlanView) -> String {
    let mut text = plan.to_text();
    if plan.complete && !plan.changes.is_empty() {
        text.push_str("\nTo apply exactly this plan, with the same parameters:\n");
        text.extend(["  POST ", one, "/sync?planId=", &plan.plan_id, "\n"]);
    }
    text
}

pub(super) async fn json_body(headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
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
    if is_utf_16(&bytes) {
        let message = "the body is in UTF-16: send it in UTF-8";
        return Err(Problem::new(ErrorCode::InvalidRequest, message));
    }
    // Editors and PowerShell put a mark before UTF-8, which says nothing.
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    serde_json::from_slice(text)
        .map_err(|error| Problem::new(ErrorCode::InvalidRequest, format!("the body is not JSON: {error}")))
}

/// Whether a text is in UTF-16: it begins with a mark of it, or with an ASCII character in two bytes, as all JSON does.
fn is_utf_16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [0, letter, ..] | [letter, 0, ..] => letter.is_ascii() && *letter != 0,
        _ => false,
    }
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
            "\u{feff}\u{feff}{}".to_owned(),
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

    #[tokio::test]
    async fn a_byte_order_mark_before_the_body_is_taken() {
        let body = json_body(&json(), Body::from("\u{feff}{\"a\":1}")).await;
        assert_eq!(body.unwrap(), serde_json::json!({ "a": 1 }));
    }

    #[tokio::test]
    async fn a_body_in_utf_16_is_refused_by_that_name() {
        let units = "{\"a\":1}".encode_utf16();
        let little = units.clone().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let big = units.flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        for (mark, text) in [
            (&[0xff, 0xfe][..], &little),
            (&[0xfe, 0xff], &big),
            (&[], &little),
            (&[], &big),
        ] {
            let body = [mark, text].concat();
            let problem = json_body(&json(), Body::from(body)).await.unwrap_err();
            assert_eq!(problem.code, ErrorCode::InvalidRequest);
            assert_eq!(problem.message, "the body is in UTF-16: send it in UTF-8");
        }
    }
}
