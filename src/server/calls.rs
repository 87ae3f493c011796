//! User calls: routes each one, performs it, and answers.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{ALLOW, CACHE_CONTROL, HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::response::Response;
use percent_encoding::{CONTROLS, percent_encode};
use tracing::Instrument;

use super::answer::{problem_answer, problem_response};
use super::app::{App, guarded, span};
use super::description::describe;
use super::integrations::{delete, examine, explain, get, list, plan, put, synchronize};
use super::negotiation::Form;
use super::page::{Visit, problem_page};
use super::route::{BasePath, Route};
use crate::model::{ErrorCode, Problem};

/// Header with the app's API center.
const API_CENTER: &str = "x-api-center";
/// Its value while the app's settings are invalid.
const NO_API_CENTER: &str = "unknown";

/// Headers of every response: it depends on `Accept`, is never cached or shared, and has exactly its content type.
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
    let visit = (wanted == Form::Page).then(|| Visit::of(request.uri(), app.now()));
    let call = async {
        let (problem, allow) = match Route::of(request.method(), request.uri()) {
            Ok(route) => match answer(&app, route, request, visit.as_ref()).await {
                Ok(response) => return response,
                Err(problem) => (problem, None),
            },
            // With invalid settings, every call says so.
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

/// The app's API center, so that callers can tell which one they call.
fn served(app: &App) -> HeaderValue {
    let center = app.ready().map(|(_, settings)| settings.resource_id.as_str());
    // Resource groups may have letters that are not allowed in headers.
    let encoded = center.map(|center| percent_encode(center.as_bytes(), CONTROLS).to_string());
    let value = encoded.ok().and_then(|encoded| HeaderValue::from_str(&encoded).ok());
    value.unwrap_or(HeaderValue::from_static(NO_API_CENTER))
}

async fn answer(app: &App, route: Route, request: Request, visit: Option<&Visit>) -> Result<Response, Problem> {
    if let Route::Doctor(name) = route {
        return examine(app, name).await;
    }
    let (_, settings) = app.ready()?;
    let budget = app.budget(settings.http_budget);
    let base = BasePath::of(request.uri().path());
    match route {
        Route::Describe => Ok(describe(&base)),
        Route::List(filter) => list(app, budget, &filter, visit).await,
        Route::Get(name, filter) => get(app, budget, name, &filter, visit).await,
        Route::Put(name) => put(app, budget, name, request).await,
        Route::Delete(name) => delete(app, budget, name).await,
        Route::Sync(name, wanted) => synchronize(app, budget, name, wanted).await,
        Route::Plan(name, wanted) => {
            let form = Form::wanted(request.headers(), &[Form::Json, Form::Text, Form::Page]);
            let is_text = form == Form::Text;
            let visit = visit.filter(|_| !is_text);
            plan(app, budget, &base, (name, wanted), (is_text, visit)).await
        }
        Route::Explain(name, api) => explain(app, budget, name, api, visit).await,
        Route::Doctor(_) => Err(Problem::new(ErrorCode::InternalError, "the doctor was called twice")),
    }
}
