//! From a request's path, method and query to what is asked for.

use std::borrow::Cow;

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::model::{ErrorCode, IntegrationName, Problem, one_line};
use crate::sync::SyncRequest;

/// As much of a parameter's name as is repeated, in UTF-16 units.
const REPEATED_MAX: usize = 100;

/// Longest name of a REST API that is looked for, in bytes: Amazon's own are shorter.
const API_MAX_BYTES: usize = 4096;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resource {
    All,
    One(IntegrationName),
    Sync(IntegrationName),
    Plan(IntegrationName),
    Doctor(IntegrationName),
    Explain(IntegrationName),
}

/// What a call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// All integrations.
    List,
    /// One integration.
    Get(IntegrationName),
    /// Create one, or replace it.
    Put(IntegrationName),
    /// Delete one.
    Delete(IntegrationName),
    /// Synchronize one.
    Sync(IntegrationName, SyncRequest),
    /// Plan that.
    Plan(IntegrationName, SyncRequest),
    /// Examine its prerequisites, or those of any where there is none of the name.
    Doctor(IntegrationName),
    /// Tell of one API, by its name or id.
    Explain(IntegrationName, String),
}

/// A refusal, and the methods there would be.
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
    /// Reads a call. The words of the path are compared without case, as the Functions host does.
    ///
    /// # Errors
    /// When there is nothing at the path, the method does not fit, or the query is wrong.
    pub fn of(method: &Method, uri: &Uri) -> Result<Self, Misrouted> {
        let (resource, allow) = resource(uri.path())?;
        let query = uri.query().unwrap_or_default();
        Ok(match (resource, method.as_str()) {
            (Resource::All, "GET") => Self::List,
            (Resource::One(name), "GET") => Self::Get(name),
            (Resource::One(name), "PUT") => Self::Put(name),
            (Resource::One(name), "DELETE") => Self::Delete(name),
            (Resource::Sync(name), "POST") => Self::Sync(name, sync_request(query)?),
            (Resource::Plan(name), "GET") => Self::Plan(name, sync_request(query)?),
            (Resource::Doctor(name), "GET") => Self::Doctor(name),
            (Resource::Explain(name), "GET") => Self::Explain(name, explained_api(query)?),
            (
                Resource::All
                | Resource::One(_)
                | Resource::Sync(_)
                | Resource::Plan(_)
                | Resource::Doctor(_)
                | Resource::Explain(_),
                method,
            ) => {
                let message = format!("{method} is not for this path; {allow} is");
                let problem = Problem::new(ErrorCode::MethodNotAllowed, message);
                return Err(Misrouted {
                    problem,
                    allow: Some(allow),
                });
            }
        })
    }
}

/// What is at a path, with its variable parts named; `None` when nothing is.
pub(super) fn template(path: &str) -> Option<&'static str> {
    let (resource, _) = resource(path).ok()?;
    Some(match resource {
        Resource::All => "/api/integrations",
        Resource::One(_) => "/api/integrations/{name}",
        Resource::Sync(_) => "/api/integrations/{name}/sync",
        Resource::Plan(_) => "/api/integrations/{name}/plan",
        Resource::Doctor(_) => "/api/integrations/{name}/doctor",
        Resource::Explain(_) => "/api/integrations/{name}/explain",
    })
}

fn resource(path: &str) -> Result<(Resource, &'static str), Problem> {
    let nothing = || {
        Problem::new(
            ErrorCode::NotFound,
            "there is nothing at this path; integrations are at /api/integrations",
        )
    };
    let decode = |segment| percent_decode_str(segment).decode_utf8().map_err(|_| nothing());
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<Cow<'_, str>> = trimmed.split('/').skip(1).map(decode).collect::<Result<_, _>>()?;
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    match segments[..] {
        [api, integrations, ref rest @ ..] if is(api, "api") && is(integrations, "integrations") => match *rest {
            [] => Ok((Resource::All, "GET")),
            [name] => Ok((Resource::One(parse_name(name)?), "GET, PUT, DELETE")),
            [name, operation] if is(operation, "sync") => Ok((Resource::Sync(parse_name(name)?), "POST")),
            [name, operation] if is(operation, "plan") => Ok((Resource::Plan(parse_name(name)?), "GET")),
            [name, operation] if is(operation, "doctor") => Ok((Resource::Doctor(parse_name(name)?), "GET")),
            [name, operation] if is(operation, "explain") => Ok((Resource::Explain(parse_name(name)?), "GET")),
            _ => Err(nothing()),
        },
        _ => Err(nothing()),
    }
}

fn parse_name(name: &str) -> Result<IntegrationName, Problem> {
    let invalid = |error: crate::model::InvalidName| {
        Problem::new(ErrorCode::InvalidIntegrationName, error.to_string()).with_target("name")
    };
    IntegrationName::parse(name).map_err(invalid)
}

/// Reads the query of a sync or a plan. A parameter that is not known is refused: a misspelt one must not pass for
/// none.
fn sync_request(query: &str) -> Result<SyncRequest, Problem> {
    let mut request = SyncRequest::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "definitions" => request.definitions = flag(&name, &value)?,
            "deep" => request.deep = flag(&name, &value)?,
            "confirmDeletions" => request.confirm_deletions = Some(id(&name, &value)?),
            "planId" => request.plan_id = Some(id(&name, &value)?),
            // Those are the host's own, and Azure's.
            "code" | "clientId" | "api-version" | "" => (),
            _ => {
                return Err(refuse(
                    &name,
                    "is not known; known are definitions, deep, confirmDeletions and planId",
                ));
            }
        }
    }
    Ok(request)
}

/// Reads the query of an explanation: the one API that is meant.
fn explained_api(query: &str) -> Result<String, Problem> {
    let mut api = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "api" => api = Some(value.trim().to_owned()),
            "code" | "clientId" | "api-version" | "" => (),
            _ => return Err(refuse(&name, "is not known; known is api")),
        }
    }
    let is_one = |api: &String| !api.is_empty() && api.len() <= API_MAX_BYTES;
    api.filter(is_one)
        .ok_or_else(|| refuse("api", "must be the name or id of a REST API"))
}

fn flag(name: &str, value: &str) -> Result<bool, Problem> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(refuse(name, "must be true or false")),
    }
}

fn id(name: &str, value: &str) -> Result<String, Problem> {
    let hex = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex {
        Ok(value.to_ascii_lowercase())
    } else {
        Err(refuse(name, "must be an id as a report or a plan gives it"))
    }
}

fn refuse(name: &str, why: &str) -> Problem {
    let name = one_line(name, REPEATED_MAX);
    Problem::new(ErrorCode::InvalidRequest, format!("the query parameter {name:?} {why}")).with_target(name)
}
