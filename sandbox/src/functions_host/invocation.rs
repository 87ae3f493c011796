//! Invocations in envelope mode: the call, and the host's judgement of the response.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};

use super::client::{CallError, Chunked, Line};

/// The imitated version.
pub const HOST_VERSION: &str = "4.1037.0.0";

/// The host's user agent.
pub const USER_AGENT: &str = "Azure-Functions-Host/4.1037.0.0";

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// The handler cannot be called.
    #[error(transparent)]
    NotReady(#[from] super::worker::NotReady),
    /// The call got no answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The answer is no success; its body, logs included, is ignored.
    #[error("the handler answered {0}")]
    Status(StatusCode),
    /// The answer is of another content type.
    #[error("the handler answered with content type `{0}`, not JSON")]
    ContentType(String),
    /// The answer is no JSON object.
    #[error("the handler's answer is no JSON object")]
    NotAnObject,
    /// The answer is empty or `null`, on which the real host waits until the function times out.
    #[error("the function timed out; the handler was killed")]
    TimedOut,
    /// The answer names an HTTP response that is none.
    #[error("the handler's answer has no usable HTTP response: {0}")]
    Response(&'static str),
}

/// A handler's response, before it is judged.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The host's verdict on a response.
pub enum Verdict {
    /// The invocation succeeded.
    Succeeded(Outcome),
    /// The invocation failed.
    Failed(InvocationError),
    /// The host ignores the response: the invocation continues until it times out.
    Ignored,
}

/// A good answer.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// `Outputs`, `None` if absent or `null`.
    pub outputs: Option<Map<String, Value>>,
    /// `Logs`.
    pub logs: Vec<String>,
}

/// Sends an envelope to the function.
pub async fn send(port: u16, function: &str, invocation_id: &str, envelope: &Value) -> Result<RawAnswer, CallError> {
    let mut request = Request::new(Chunked::new(envelope.to_string()));
    *request.method_mut() = Method::POST;
    // A folder's name has no character that a path could not hold.
    *request.uri_mut() = format!("/{function}").parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(header::HOST, text(&format!("127.0.0.1:{port}")));
    add_host_headers(headers, invocation_id);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    let response = Line::open(port).await?.send(request).await?;
    let (head, body) = response.into_parts();
    Ok(RawAnswer {
        status: head.status,
        headers: head.headers,
        body: body.collect().await?.to_bytes(),
    })
}

/// Adds the headers by which a handler knows the host and the invocation.
pub fn add_host_headers(headers: &mut HeaderMap, invocation_id: &str) {
    headers.insert("x-azure-functions-hostversion", HeaderValue::from_static(HOST_VERSION));
    headers.insert("x-azure-functions-invocationid", text(invocation_id));
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

/// Judges a response as the host does.
#[must_use]
pub fn judge(answer: &RawAnswer) -> Verdict {
    if !answer.status.is_success() {
        return Verdict::Failed(InvocationError::Status(answer.status));
    }
    let content_type = answer
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let is_json = ["application/json", "text/json"]
        .iter()
        .any(|json| media_type.eq_ignore_ascii_case(json));
    // Without a body the real host does not look at the type: it waits.
    if answer.body.is_empty() && (is_json || content_type.is_empty()) {
        return Verdict::Ignored;
    }
    if !is_json {
        return Verdict::Failed(InvocationError::ContentType(content_type.to_owned()));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(Value::Null) => Verdict::Ignored,
        Ok(Value::Object(object)) => outcome(object).map_or_else(Verdict::Failed, Verdict::Succeeded),
        Ok(_) | Err(_) => Verdict::Failed(InvocationError::NotAnObject),
    }
}

fn outcome(object: Map<String, Value>) -> Result<Outcome, InvocationError> {
    let mut outcome = Outcome::default();
    for (name, value) in object {
        match (name.to_ascii_lowercase().as_str(), value) {
            ("outputs", Value::Object(outputs)) => outcome.outputs = Some(outputs),
            ("logs", Value::Array(lines)) => {
                outcome.logs = lines
                    .into_iter()
                    .map(|line| line.as_str().map_or_else(|| line.to_string(), str::to_owned))
                    .collect();
            }
            ("outputs" | "logs", Value::Null) => {}
            ("outputs" | "logs", _) => return Err(InvocationError::NotAnObject),
            _ => {}
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, content_type: &str, body: &'static str) -> &'static str {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(header::CONTENT_TYPE, text(content_type));
        }
        let answer = RawAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::from_static(body.as_bytes()),
        };
        match judge(&answer) {
            Verdict::Succeeded(_) => "succeeded",
            Verdict::Failed(_) => "failed",
            Verdict::Ignored => "hangs",
        }
    }

    #[test]
    fn answers_are_judged_as_the_real_host_was_recorded_to() {
        let cases = [
            (200, "application/json", "{}", "succeeded"),
            (
                201,
                "text/json; charset=utf-8",
                r#"{"Outputs":{},"Logs":null}"#,
                "succeeded",
            ),
            (200, "application/json", "", "hangs"),
            (204, "", "", "hangs"),
            (200, "application/json", "null", "hangs"),
            (500, "application/json", "{}", "failed"),
            (404, "application/json", "{}", "failed"),
            (200, "text/plain", "{}", "failed"),
            (200, "application/problem+json", "{}", "failed"),
            (200, "", "{}", "failed"),
            (200, "application/json", r#"{"Outputs":"#, "failed"),
            (200, "application/json", "[]", "failed"),
            (200, "application/json", r#""text""#, "failed"),
        ];
        for (status, content_type, body, expected) in cases {
            assert_eq!(
                judged(status, content_type, body),
                expected,
                "{status} {content_type} {body}"
            );
        }
    }

    #[test]
    fn logs_come_out_of_the_answer() {
        let answer = RawAnswer {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, text("application/json"))]),
            body: Bytes::from_static(br#"{"Logs":["one","two"]}"#),
        };
        let Verdict::Succeeded(outcome) = judge(&answer) else {
            panic!("it succeeds");
        };
        assert_eq!(outcome.logs, ["one", "two"]);
    }
}
