//! A fault rule as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::{Fault, FaultRule, Matcher};
use crate::record::Service;

/// A rule: its requests and their fault.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(default)]
    writes_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conditional: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(default)]
    skip: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<usize>,
    fault: FaultForm,
}

#[derive(Debug, Serialize, Deserialize)]
// Not tagged from inside: that would buffer the numbers, which `arbitrary_precision` makes unreadable.
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum FaultForm {
    Answer {
        status: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Text as it is, any other JSON value as JSON.
        #[serde(default)]
        body: Value,
    },
    Hang,
    Refuse,
    ResetBefore,
    ResetAfter,
    Truncate,
    Delay {
        milliseconds: u64,
    },
    Interject,
    KillBefore,
    KillAfter,
}

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("`{0}` is not a method")]
    Method(String),
    #[error("the target is not a regular expression: {0}")]
    Target(#[from] regex::Error),
    #[error("{0} is not a status")]
    Status(u16),
    #[error("`{0}` is not a header, or its value is none")]
    Header(String),
}

impl RuleForm {
    /// The fault rule.
    pub fn into_rule(self) -> Result<FaultRule, RuleError> {
        let method = self
            .method
            .map(|name| Method::from_bytes(name.as_bytes()).map_err(|_| RuleError::Method(name)))
            .transpose()?;
        Ok(FaultRule {
            matcher: Matcher {
                service: self.service,
                method,
                target: self.target.map(|pattern| regex::Regex::new(&pattern)).transpose()?,
                writes_only: self.writes_only,
                conditional: self.conditional,
                account: self.account,
                region: self.region,
                operation: self.operation,
            },
            skip: self.skip,
            times: self.times,
            fault: self.fault.into_fault()?,
        })
    }
}

impl From<FaultRule> for RuleForm {
    fn from(rule: FaultRule) -> Self {
        Self {
            service: rule.matcher.service,
            method: rule.matcher.method.map(|method| method.to_string()),
            target: rule.matcher.target.map(|pattern| pattern.to_string()),
            writes_only: rule.matcher.writes_only,
            conditional: rule.matcher.conditional,
            account: rule.matcher.account,
            region: rule.matcher.region,
            operation: rule.matcher.operation,
            skip: rule.skip,
            times: rule.times,
            fault: rule.fault.into(),
        }
    }
}

impl FaultForm {
    fn into_fault(self) -> Result<Fault, RuleError> {
        Ok(match self {
            Self::Answer { status, headers, body } => Fault::Answer {
                status: StatusCode::from_u16(status).map_err(|_| RuleError::Status(status))?,
                headers: header_map(headers)?,
                body: match body {
                    Value::Null => Bytes::new(),
                    Value::String(text) => Bytes::from(text),
                    json => Bytes::from(json.to_string()),
                },
            },
            Self::Hang => Fault::Hang,
            Self::Refuse => Fault::Refuse,
            Self::ResetBefore => Fault::ResetBefore,
            Self::ResetAfter => Fault::ResetAfter,
            Self::Truncate => Fault::Truncate,
            Self::Delay { milliseconds } => Fault::Delay(Duration::from_millis(milliseconds)),
            Self::Interject => Fault::Interject,
            Self::KillBefore => Fault::KillBefore,
            Self::KillAfter => Fault::KillAfter,
        })
    }
}

impl From<Fault> for FaultForm {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Answer { status, headers, body } => Self::Answer {
                status: status.as_u16(),
                headers: headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                    .collect(),
                body: Value::from(String::from_utf8_lossy(&body)),
            },
            Fault::Hang => Self::Hang,
            Fault::Refuse => Self::Refuse,
            Fault::ResetBefore => Self::ResetBefore,
            Fault::ResetAfter => Self::ResetAfter,
            Fault::Truncate => Self::Truncate,
            Fault::Delay(delay) => Self::Delay {
                milliseconds: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            },
            Fault::Interject => Self::Interject,
            Fault::KillBefore => Self::KillBefore,
            Fault::KillAfter => Self::KillAfter,
        }
    }
}

fn header_map(headers: BTreeMap<String, String>) -> Result<HeaderMap, RuleError> {
    headers
        .into_iter()
        .map(|(name, value)| {
            let parsed = HeaderName::try_from(&name).ok().zip(HeaderValue::try_from(value).ok());
            parsed.ok_or(RuleError::Header(name))
        })
        .collect()
}
