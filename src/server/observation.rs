//! Telemetry of every call except the host's probes.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::app::{App, invocation_id};
use super::route::template;
use crate::telemetry::{Invocation, Trigger};

/// Answers a call within its own span.
pub(super) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let trigger = match request.uri().path() {
        "/" => return next.run(request).await,
        "/function-timer" => Trigger::Timer,
        path => Trigger::Http(request.method().clone(), template(path)),
    };
    let headers = request.headers();
    let invocation = Invocation::begin(&trigger, &invocation_id(headers), headers);
    let response = invocation.during(next.run(request)).await;
    invocation.end(response.status().as_u16());
    // In the background, so that the response does not wait.
    app.flush_soon();
    response
}
