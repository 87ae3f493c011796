//! Routes: from a request's path, method and query to an operation.

use std::borrow::Cow;
use std::fmt;

use axum::http::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::query::{
    ApiFilter, Filter, REPEATED_MAX, api_filter, explained_api, filter, no_parameters, plan_request, sync_request,
};
use crate::engine::{Condition, SyncRequest};
use crate::model::{ErrorCode, IntegrationName, InvalidName, Problem, one_line};

/// The first segment of the function's route. The app's `routePrefix` comes before it: forwarded calls carry it, and
/// nothing else tells the handler.
const INTEGRATIONS: &str = "integrations";
/// The characters to encode when a prefix is repeated: any with a meaning in a URL.
const NOT_IN_SEGMENTS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of all integrations for a caller: `/api/integrations`, unless the app has another prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BasePath(String);

/// The resource at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resource {
    All,
    Description,
    One(IntegrationName),
    Sync(IntegrationName),
    Plan(IntegrationName),
    Doctor(IntegrationName),
    Explain(IntegrationName),
}

/// The operation of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// All integrations.
    List(Filter<Condition>),
    /// The description of this interface.
    Describe,
    /// One integration.
    Get(IntegrationName, ApiFilter),
    /// Create one, or replace it.
    Put(IntegrationName),
    /// Delete one.
    Delete(IntegrationName),
    /// Synchronize one.
    Sync(IntegrationName, SyncRequest),
    /// Plan a synchronization.
    Plan(IntegrationName, SyncRequest),
    /// Check its prerequisites, or those of any integration if it does not exist.
    Doctor(IntegrationName),
    /// Explain one API, by its name or id.
    Explain(IntegrationName, String),
}

impl Default for BasePath {
    fn default() -> Self {
        Self(format!("/api/{INTEGRATIONS}"))
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl BasePath {
    /// The prefix of a path; defaults to the usual one.
    pub fn of(path: &str) -> Self {
        split(path).map(|(base, _)| base).unwrap_or_default()
    }

    /// The path of an integration.
    pub fn one(&self, name: &str) -> String {
        format!("{self}/{name}")
    }
}

/// A refusal, and the supported methods.
#[derive(Debug)]
pub(super) struct Misrouted {
    pub problem: Problem,
    pub allow: Option<&'static str>,
}

impl From<Problem> for Misrouted {
    fn from(problem: Problem) -> Self {
        Self { problem, allow: None }
    }
}

impl Route {
    /// Routes a call. Ignores case in the words of the path, as the Functions host does.
    ///
    /// # Errors
    /// If there is nothing at the path, the method is not supported, or the query is invalid.
    pub fn of(method: &Method, uri: &Uri) -> Result<Self, Misrouted> {
        let resource = resource(uri.path())?;
        let query = uri.query().unwrap_or_default();
        let allow = resource.allow();
        Ok(match (resource, method.as_str()) {
            (Resource::All, "GET") => Self::List(filter(query)?),
            (Resource::Description, "GET") => no_parameters(query).map(|()| Self::Describe)?,
            (Resource::One(name), "GET") => Self::Get(name, api_filter(query)?),
            (Resource::One(name), "PUT") => no_parameters(query).map(|()| Self::Put(name))?,
            (Resource::One(name), "DELETE") => no_parameters(query).map(|()| Self::Delete(name))?,
            (Resource::Sync(name), "POST") => Self::Sync(name, sync_request(query)?),
            (Resource::Plan(name), "GET") => Self::Plan(name, plan_request(query)?),
            (Resource::Doctor(name), "GET") => no_parameters(query).map(|()| Self::Doctor(name))?,
            (Resource::Explain(name), "GET") => Self::Explain(name, explained_api(query)?),
            (
                Resource::All
                | Resource::Description
                | Resource::One(_)
                | Resource::Sync(_)
                | Resource::Plan(_)
                | Resource::Doctor(_)
                | Resource::Explain(_),
                method,
            ) => {
                let method = one_line(method, REPEATED_MAX);
                let message = format!("this path does not support {method}, but {allow}");
                let problem = Problem::new(ErrorCode::MethodNotAllowed, message);
                return Err(Misrouted {
                    problem,
                    allow: Some(allow),
                });
            }
        })
    }
}

impl Resource {
    /// The path under the usual prefix, with placeholders.
    fn template(&self) -> &'static str {
        match self {
            Self::All => "/api/integrations",
            Self::Description => "/api/integrations/openapi.json",
            Self::One(_) => "/api/integrations/{name}",
            Self::Sync(_) => "/api/integrations/{name}/sync",
            Self::Plan(_) => "/api/integrations/{name}/plan",
            Self::Doctor(_) => "/api/integrations/{name}/doctor",
            Self::Explain(_) => "/api/integrations/{name}/explain",
        }
    }

    /// The supported methods.
    fn allow(&self) -> &'static str {
        match self {
            Self::All | Self::Description | Self::Plan(_) | Self::Doctor(_) | Self::Explain(_) => "GET",
            Self::One(_) => "GET, PUT, DELETE",
            Self::Sync(_) => "POST",
        }
    }
}

/// The resource at a path, with placeholders and under the usual prefix, whatever the app's is: telemetry needs a fixed
/// set of routes. `None` if there is none.
pub(super) fn template(path: &str) -> Option<&'static str> {
    Some(resource(path).ok()?.template())
}

fn resource(path: &str) -> Result<Resource, Problem> {
    let nothing = |place: &str| Problem::new(ErrorCode::NotFound, format!("there is nothing at this path; {place}"));
    let Some((base, rest)) = split(path) else {
        return Err(nothing("integrations are at a path that ends in /integrations"));
    };
    let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    match rest[..] {
        [] => Ok(Resource::All),
        // Integration names have no dots.
        [document] if is(document, "openapi.json") => Ok(Resource::Description),
        [name] => Ok(Resource::One(parse_name(name)?)),
        [name, operation] if is(operation, "sync") => Ok(Resource::Sync(parse_name(name)?)),
        [name, operation] if is(operation, "plan") => Ok(Resource::Plan(parse_name(name)?)),
        [name, operation] if is(operation, "doctor") => Ok(Resource::Doctor(parse_name(name)?)),
        [name, operation] if is(operation, "explain") => Ok(Resource::Explain(parse_name(name)?)),
        _ => {
            let base = one_line(&base.to_string(), REPEATED_MAX);
            Err(nothing(&format!("integrations are at {base}")))
        }
    }
}

/// The path of all integrations, and the segments below it; `None` if no segment is `integrations`.
///
/// The last such segment counts, since a company's prefix may be `integrations`; so no integration can have that name.
fn split(path: &str) -> Option<(BasePath, Vec<Cow<'_, str>>)> {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let segments = trimmed.strip_prefix('/')?.split('/');
    let mut segments: Vec<Cow<'_, str>> = segments
        .map(|segment| percent_decode_str(segment).decode_utf8())
        .collect::<Result<_, _>>()
        .ok()?;
    let at = segments
        .iter()
        .rposition(|segment| segment.eq_ignore_ascii_case(INTEGRATIONS))?;
    // An empty segment is not a name, and at the beginning of a link it would lead to another host.
    if segments.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    let rest = segments.split_off(at + 1);
    let mut base = String::new();
    for segment in segments[..at].iter().map(AsRef::as_ref).chain([INTEGRATIONS]) {
        base.push('/');
        base.extend(utf8_percent_encode(segment, NOT_IN_SEGMENTS));
    }
    Some((BasePath(base), rest))
}

fn parse_name(name: &str) -> Result<IntegrationName, Problem> {
    let invalid =
        |error: InvalidName| Problem::new(ErrorCode::InvalidIntegrationName, error.to_string()).with_target("name");
    IntegrationName::parse(name).map_err(invalid)
}

#[cfg(test)]
pub(super) mod tests;
