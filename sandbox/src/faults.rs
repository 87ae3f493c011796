//! Faults of the stand-ins.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::IF_MATCH;
use http::{HeaderMap, Method, Response, StatusCode};
use tokio::sync::watch;

use crate::record::{Exchange, Service};

/// A fault.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This response instead of the real one; nothing is done.
    Answer {
        /// Its status.
        status: StatusCode,
        /// Its headers.
        headers: HeaderMap,
        /// Its body.
        body: Bytes,
    },
    /// No answer, ever; nothing is done.
    Hang,
    /// The service goes down: all its connections end, and new ones are refused until all rules are taken away.
    Refuse,
    /// The connection is closed before anything is done.
    ResetBefore,
    /// The work is done and the connection closed without an answer.
    ResetAfter,
    /// The work is done and half of the answer's body sent.
    Truncate,
    /// The work is done after a delay.
    Delay(Duration),
    /// The hook is called, for something else that happens at that moment; then the work is done as usual.
    Interject,
    /// The process under test is killed before the work is done.
    KillBefore,
    /// The work is done, then the process under test is killed, without an answer.
    KillAfter,
}

impl From<Response<Bytes>> for Fault {
    fn from(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self::Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

/// The requests of a fault. All given properties must match.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    /// The stand-in.
    pub service: Option<Service>,
    /// The method.
    pub method: Option<Method>,
    /// A regular expression for the path and query.
    pub target: Option<regex::Regex>,
    /// Whether only writes match.
    pub writes_only: bool,
    /// Whether only requests with `If-Match` match, or only those without it.
    pub conditional: Option<bool>,
    /// The AWS account of the requests.
    pub account: Option<String>,
    /// Their AWS region.
    pub region: Option<String>,
    /// AWS's operation, if method and path do not determine it.
    pub operation: Option<String>,
}

impl Matcher {
    fn matches(&self, request: &Exchange) -> bool {
        let is = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let subject = &request.subject;
        self.service.is_none_or(|wanted| wanted == request.service)
            && self.method.as_ref().is_none_or(|wanted| *wanted == request.method)
            && self
                .target
                .as_ref()
                .is_none_or(|wanted| wanted.is_match(&request.target))
            && (!self.writes_only || request.is_write())
            && self
                .conditional
                .is_none_or(|wanted| wanted == request.request_headers.contains_key(IF_MATCH))
            && is(&self.account, &subject.account)
            && is(&self.region, &subject.region)
            && is(&self.operation, &subject.operation)
    }
}

/// A fault for some requests, a number of times.
#[derive(Debug, Clone)]
pub struct FaultRule {
    /// The requests.
    pub matcher: Matcher,
    /// The number of requests that pass first.
    pub skip: usize,
    /// The number of requests that fail then; `None` for all.
    pub times: Option<usize>,
    /// What goes wrong.
    pub fault: Fault,
}

/// The faults in force; clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<FaultRule>>>,
    down: Arc<watch::Sender<BTreeSet<Service>>>,
}

impl Faults {
    /// Adds a rule; earlier rules go first.
    pub fn add(&self, rule: FaultRule) {
        self.locked().push(rule);
    }

    /// Removes all rules; services that went down come up again.
    pub fn clear(&self) {
        self.locked().clear();
        self.down.send_replace(BTreeSet::new());
    }

    /// The rules in force, each with what is left of its `skip` and `times`.
    #[must_use]
    pub fn rules(&self) -> Vec<FaultRule> {
        self.locked().clone()
    }

    /// The fault that strikes this request, if any; counts it against its rule.
    #[must_use]
    pub fn strike(&self, request: &Exchange) -> Option<Fault> {
        let mut rules = self.locked();
        for rule in rules.iter_mut().filter(|rule| rule.matcher.matches(request)) {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            match &mut rule.times {
                Some(0) => continue,
                Some(times) => *times -= 1,
                None => {}
            }
            if matches!(rule.fault, Fault::Refuse) {
                self.down.send_modify(|down| {
                    down.insert(request.service);
                });
            }
            return Some(rule.fault.clone());
        }
        None
    }

    /// The services that are down.
    pub(crate) fn down(&self) -> watch::Receiver<BTreeSet<Service>> {
        self.down.subscribe()
    }

    fn locked(&self) -> MutexGuard<'_, Vec<FaultRule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
