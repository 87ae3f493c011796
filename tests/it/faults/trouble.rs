//! Faults of a call.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use sandbox::faults::{Fault, FaultRule};
use sandbox::record::Service;
use serde_json::json;

use super::kinds::Kind;
use super::site::Scene;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// An answer with this status and words that fit it.
    Status(u16),
    /// The same with `Retry-After`.
    ThrottledFor,
    Refused,
    ResetBefore,
    ResetAfter,
    Hang,
    Truncated,
    MalformedJson,
    WrongContentType,
    Redirect,
}

/// Everything that goes wrong, once and always.
const TROUBLES: [Trouble; 17] = [
    // Those that take longest come first, so that others are tried while they wait.
    Trouble::Hang,
    Trouble::Status(429),
    Trouble::Status(503),
    Trouble::ThrottledFor,
    Trouble::Refused,
    Trouble::ResetBefore,
    Trouble::ResetAfter,
    Trouble::Truncated,
    Trouble::Status(500),
    Trouble::MalformedJson,
    Trouble::WrongContentType,
    Trouble::Status(401),
    Trouble::Status(403),
    Trouble::Status(404),
    Trouble::Status(409),
    Trouble::Status(412),
    Trouble::Redirect,
];
/// Seconds in `Retry-After`: once short enough to wait for, always longer than the time.
const PATIENCE: [&str; 2] = ["1", "60"];

/// One way in which one kind of call goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Combination {
    pub kind: Kind,
    pub trouble: Trouble,
    pub always: bool,
}

/// All combinations of these kinds. A service that is down is down for everybody until it is up again: always.
pub fn combinations(kinds: &[Kind]) -> Vec<Combination> {
    let mut all = Vec::new();
    for trouble in TROUBLES {
        for always in [true, false] {
            if always || trouble != Trouble::Refused {
                all.extend(kinds.iter().map(|&kind| Combination { kind, trouble, always }));
            }
        }
    }
    all
}

impl Combination {
    /// The rule for the stand-ins; `elsewhere` is where a redirect leads.
    pub fn rule(&self, elsewhere: &str) -> FaultRule {
        FaultRule {
            matcher: self.kind.matcher(),
            skip: 0,
            times: (!self.always).then_some(1),
            fault: self.fault(elsewhere),
        }
    }

    /// Whether a handler remembers it beyond the call: it holds back further requests.
    pub fn is_remembered(&self) -> bool {
        self.always && matches!(self.trouble, Trouble::Status(429) | Trouble::ThrottledFor)
    }

    /// Whether only a new handler makes the call, without tokens or the key's account. Roles are assumed in every run.
    pub fn needs_new_handler(&self, scene: Scene) -> bool {
        match self.kind.service {
            Service::Identity => true,
            Service::Sts => scene.is_about_all(),
            Service::ApiCenter | Service::ApiGateway | Service::Organizations | Service::KeyVault => false,
        }
    }

    fn fault(&self, elsewhere: &str) -> Fault {
        let service = self.kind.service;
        match self.trouble {
            Trouble::Status(status) => refusal(service, status, None),
            Trouble::ThrottledFor => refusal(
                service,
                429,
                Some((RETRY_AFTER.as_str(), PATIENCE[usize::from(self.always)])),
            ),
            Trouble::Redirect => refusal(service, 307, Some((LOCATION.as_str(), elsewhere))),
            Trouble::Refused => Fault::Refuse,
            Trouble::ResetBefore => Fault::ResetBefore,
            Trouble::ResetAfter => Fault::ResetAfter,
            Trouble::Hang => Fault::Hang,
            Trouble::Truncated => Fault::Truncate,
            Trouble::MalformedJson => answer(StatusCode::OK, "application/json", None, "{\"value\":[{\"name\":"),
            Trouble::WrongContentType => answer(StatusCode::OK, "text/html", None, "<html><body>Sign in</body></html>"),
        }
    }
}

/// A refusal in the service's own shape.
fn refusal(service: Service, status: u16, header: Option<(&'static str, &str)>) -> Fault {
    const WORDS: &str = "as told";
    let status: StatusCode = status.try_into().unwrap();
    let (content_type, body) = match service {
        Service::ApiCenter | Service::KeyVault => (
            "application/json",
            json!({ "error": { "code": "Trouble", "message": WORDS } }).to_string(),
        ),
        Service::ApiGateway | Service::Organizations => ("application/json", json!({ "message": WORDS }).to_string()),
        Service::Identity => (
            "application/json",
            json!({ "statusCode": status.as_u16(), "message": WORDS }).to_string(),
        ),
        Service::Sts => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>Trouble</Code><Message>{WORDS}</Message></Error></ErrorResponse>"
            ),
        ),
    };
    answer(status, content_type, header, body)
}

fn answer(
    status: StatusCode,
    content_type: &'static str,
    header: Option<(&'static str, &str)>,
    body: impl Into<String>,
) -> Fault {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    if let Some((name, value)) = header {
        headers.insert(name, value.parse().unwrap());
    }
    Fault::Answer {
        status,
        headers,
        body: body.into().into(),
    }
}
