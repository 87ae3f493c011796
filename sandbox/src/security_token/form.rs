//! A request of AWS's query protocol, taken apart and checked.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;

use super::errors::StsError;

/// The only version of the service there has been.
const VERSION: &str = "2011-06-15";
/// The content type of a form.
const FORM: &str = "application/x-www-form-urlencoded";
/// Shortest and longest session that can be asked for (`AssumeRole`).
const DURATION_SECONDS: RangeInclusive<u64> = 900..=43_200;

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

/// The rule for a text parameter.
struct Rule {
    lengths: RangeInclusive<usize>,
    pattern: &'static str,
    /// Characters beside letters, digits and `_`; everything printable when there are none.
    others: Option<&'static str>,
}

const ROLE_ARN: Rule = Rule {
    lengths: 20..=2048,
    pattern: "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+",
    others: None,
};
const ROLE_SESSION_NAME: Rule = Rule {
    lengths: 2..=64,
    pattern: "[\\w+=,.@-]*",
    others: Some("+=,.@-"),
};
const EXTERNAL_ID: Rule = Rule {
    lengths: 2..=1224,
    pattern: "[\\w+=,.@:\\/-]*",
    others: Some("+=,.@:/-"),
};
const WEB_IDENTITY_TOKEN: Rule = Rule {
    lengths: 4..=20_000,
    pattern: ".+",
    others: None,
};

/// The parameters common to all exchanges.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub role_arn: &'a str,
    pub session_name: &'a str,
    pub duration: Duration,
}

impl Form {
    /// Takes a request apart: a `POST` of a form, or a `GET`.
    pub fn read(request: &Request<Bytes>) -> Result<Self, StsError> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_form = content_type.is_some_and(|kind| kind.starts_with(FORM));
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let text = if is_form { request.body().as_ref() } else { query };
        if request.uri().path() != "/" {
            return Err(StsError::missing_action());
        }
        Ok(Self(url::form_urlencoded::parse(text).into_owned().collect()))
    }

    /// The operation, of the right version.
    pub fn operation(&self) -> Result<&str, StsError> {
        let operation = self.get("Action").ok_or_else(StsError::missing_action)?;
        if self.version() == VERSION {
            Ok(operation)
        } else {
            Err(StsError::invalid_action(operation, self.version()))
        }
    }

    /// The version that is asked for.
    pub fn version(&self) -> &str {
        self.get("Version").unwrap_or("NO_VERSION_SPECIFIED")
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The token of the identity provider.
    pub fn web_identity_token(&self) -> Result<&str, StsError> {
        let mut violations = Vec::new();
        let token = self.required("WebIdentityToken", &WEB_IDENTITY_TOKEN, &mut violations);
        refuse(&violations)?;
        Ok(token)
    }

    /// The external id, if there is one.
    pub fn external_id(&self) -> Result<Option<&str>, StsError> {
        let external_id = self.get("ExternalId");
        let mut violations = Vec::new();
        if let Some(value) = external_id {
            EXTERNAL_ID.check("externalId", value, &mut violations);
        }
        refuse(&violations)?;
        Ok(external_id)
    }

    /// What every exchange asks for.
    pub fn asked(&self) -> Result<Asked<'_>, StsError> {
        let mut violations = Vec::new();
        let role_arn = self.required("RoleArn", &ROLE_ARN, &mut violations);
        let session_name = self.required("RoleSessionName", &ROLE_SESSION_NAME, &mut violations);
        let seconds = match self.get("DurationSeconds").map(str::parse) {
            None => 3600,
            Some(Ok(seconds)) => seconds,
            Some(Err(_)) => return Err(StsError::validation("DurationSeconds is not an integer")),
        };
        let mut limit = |holds: bool, words: &str, limit: &u64| {
            if !holds {
                violations.push(format!(
                    "Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value {words} than \
                     or equal to {limit}"
                ));
            }
        };
        limit(
            seconds >= *DURATION_SECONDS.start(),
            "greater",
            DURATION_SECONDS.start(),
        );
        limit(seconds <= *DURATION_SECONDS.end(), "less", DURATION_SECONDS.end());
        refuse(&violations)?;
        if !is_arn(role_arn) {
            return Err(StsError::validation(format!("{role_arn} is invalid")));
        }
        Ok(Asked {
            role_arn,
            session_name,
            duration: Duration::from_secs(seconds),
        })
    }

    fn required(&self, name: &str, rule: &Rule, violations: &mut Vec<String>) -> &str {
        let member = format!("{}{}", name[..1].to_ascii_lowercase(), &name[1..]);
        let Some(value) = self.get(name) else {
            violations.push(format!(
                "Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ));
            return "";
        };
        rule.check(&member, value, violations);
        value
    }
}

impl Rule {
    fn check(&self, member: &str, value: &str, violations: &mut Vec<String>) {
        // The value of a secret parameter is not repeated.
        let shown = if member == "webIdentityToken" { "***" } else { value };
        let mut violated = |constraint: String| {
            violations.push(format!(
                "Value '{shown}' at '{member}' failed to satisfy constraint: {constraint}"
            ));
        };
        let length = value.chars().count();
        if length < *self.lengths.start() {
            violated(format!(
                "Member must have length greater than or equal to {}",
                self.lengths.start()
            ));
        }
        if length > *self.lengths.end() {
            violated(format!(
                "Member must have length less than or equal to {}",
                self.lengths.end()
            ));
        }
        let fits = |letter: char| match self.others {
            Some(others) => letter.is_ascii_alphanumeric() || letter == '_' || others.contains(letter),
            None => !letter.is_control(),
        };
        if !value.chars().all(fits) {
            violated(format!(
                "Member must satisfy regular expression pattern: {}",
                self.pattern
            ));
        }
    }
}

fn refuse(violations: &[String]) -> Result<(), StsError> {
    if violations.is_empty() {
        return Ok(());
    }
    let count = violations.len();
    let errors = if count == 1 { "error" } else { "errors" };
    let message = format!("{count} validation {errors} detected: {}", violations.join("; "));
    Err(StsError::validation(message))
}

fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(
        parts.as_slice(),
        ["arn", _, "iam", "", account, resource] if is_account(account) && resource.starts_with("role/")
    )
}
