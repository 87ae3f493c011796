//! From a request's path, method and query to what is asked for.

use std::borrow::Cow;
use std::fmt;

use axum::http::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::form_urlencoded;

use crate::engine::{ApiCondition, ApiView, Condition, IntegrationView, OneApi, SyncRequest, Word};
use crate::model::{ErrorCode, IntegrationName, InvalidName, Problem, one_line};

/// As much of a parameter's name as is repeated, in UTF-16 units.
const REPEATED_MAX: usize = 100;

/// Parameters that are the host's own, and Azure's.
const FOREIGN_PARAMETERS: [&str; 4] = ["code", "clientId", "api-version", ""];
/// Longest name of an API that is looked for, in characters: Amazon's own are shorter.
pub(super) const API_MAX_CHARACTERS: usize = 1024;

/// The segment that the function's own route begins with. What comes before it is the app's `routePrefix`, which forwarded
/// calls carry and nothing tells the handler of.
const INTEGRATIONS: &str = "integrations";
/// What is encoded where a prefix is repeated: anything that could mean something in a URL.
const NOT_IN_SEGMENTS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of all integrations as a caller has it: `/api/integrations`, unless the app has another prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BasePath(String);

/// What a path names.
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

/// What a call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// All integrations.
    List(Filter<Condition>),
    /// The description of this interface.
    Describe,
    /// One integration.
    Get(IntegrationName, Filter<ApiCondition>),
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

/// Which of many to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter<State> {
    /// Those that hold this text, whatever its case.
    pub search: Option<String>,
    /// Those in this state.
    pub state: Option<State>,
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
    /// The one that a path begins with; the usual one when it has none.
    pub fn of(path: &str) -> Self {
        split(path).map(|(base, _)| base).unwrap_or_default()
    }

    /// The path of an integration.
    pub fn one(&self, name: &str) -> String {
        format!("{self}/{name}")
    }
}

impl Filter<Condition> {
    /// Whether an integration is one of those to show.
    pub fn passes(&self, integration: &IntegrationView) -> bool {
        let region = &integration.properties.document.region_names();
        self.state.is_none_or(|state| state == integration.condition()) && self.finds(&[&integration.name, region])
    }
}

impl Filter<ApiCondition> {
    /// Whether an API is one of those to show.
    pub fn passes_api(&self, api: &ApiView) -> bool {
        let texts = [&api.title, &api.name].into_iter().chain(&api.stages);
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        self.state.is_none_or(|state| state == api.condition) && self.finds(&texts)
    }
}

impl<State> Filter<State> {
    fn finds(&self, texts: &[&str]) -> bool {
        self.search.as_ref().is_none_or(|wanted| {
            let wanted = wanted.to_lowercase();
            texts.iter().any(|text| text.to_lowercase().contains(&wanted))
        })
    }
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
        let resource = resource(uri.path())?;
        let query = uri.query().unwrap_or_default();
        let allow = resource.allow();
        Ok(match (resource, method.as_str()) {
            (Resource::All, "GET") => Self::List(filter(query)?),
            (Resource::Description, "GET") => only_foreign(query, Self::Describe)?,
            (Resource::One(name), "GET") => Self::Get(name, filter(query)?),
            (Resource::One(name), "PUT") => only_foreign(query, Self::Put(name))?,
            (Resource::One(name), "DELETE") => only_foreign(query, Self::Delete(name))?,
            (Resource::Sync(name), "POST") => Self::Sync(name, sync_request(query)?),
            (Resource::Plan(name), "GET") => Self::Plan(name, plan_request(query)?),
            (Resource::Doctor(name), "GET") => only_foreign(query, Self::Doctor(name))?,
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

impl Resource {
    /// The path under the usual prefix, with its variable parts named.
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

    /// The methods there are.
    fn allow(&self) -> &'static str {
        match self {
            Self::All | Self::Description | Self::Plan(_) | Self::Doctor(_) | Self::Explain(_) => "GET",
            Self::One(_) => "GET, PUT, DELETE",
            Self::Sync(_) => "POST",
        }
    }
}

/// What is at a path, with its variable parts named and under the usual prefix, whatever the app's is: telemetry has a fixed
/// set of routes. `None` when nothing is.
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
        // No integration's name has a dot.
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

/// The path of all integrations, and the segments below it; `None` when no segment is the route's first.
///
/// Of several such segments the last one counts, since a company's prefix may be `integrations`; so no integration can be
/// called that.
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
    // An empty segment has no name, and at the beginning of a link it would lead to another host.
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

/// Reads the query of a sync. A parameter that is not known is refused: a misspelt one must not pass for none.
fn sync_request(query: &str) -> Result<SyncRequest, Problem> {
    let mut request = SyncRequest::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "confirmDeletions" => {
                let ids = value.split(',').map(|value| id(&name, value.trim()));
                request.confirm_deletions = ids.collect::<Result<_, _>>()?;
            }
            "planId" => request.plan_id = Some(id(&name, &value)?),
            "api" => request.api = Some(one_api(&value)?),
            _ => read_depth(
                &mut request,
                (&name, &value),
                "definitions, deep, confirmDeletions, planId and api",
            )?,
        }
    }
    if request.api.is_some() && request.is_strict() {
        return Err(refuse(
            "api",
            "cannot be given with confirmDeletions or planId: those are about all APIs",
        ));
    }
    Ok(request)
}

/// Reads the id of an API, alone or as `account/region/id`.
fn one_api(value: &str) -> Result<OneApi, Problem> {
    let parsed = OneApi::parse(value);
    parsed.map_err(|error| Problem::new(ErrorCode::InvalidRequest, error.to_string()).with_target("api"))
}

/// Reads the query of a plan. What only a sync takes is refused: whoever sends it believes that it does something.
fn plan_request(query: &str) -> Result<SyncRequest, Problem> {
    let mut request = SyncRequest::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        read_depth(&mut request, (&name, &value), "definitions and deep")?;
    }
    Ok(request)
}

/// Reads a parameter that syncs and plans have in common.
fn read_depth(request: &mut SyncRequest, (name, value): (&str, &str), known: &str) -> Result<(), Problem> {
    match name {
        "definitions" => request.definitions = flag(name, value)?,
        "deep" => request.deep = flag(name, value)?,
        foreign if FOREIGN_PARAMETERS.contains(&foreign) => (),
        _ => return Err(refuse(name, &format!("is not known; known are {known}"))),
    }
    Ok(())
}

/// Reads the query of a list or a page. An empty value is none: forms send those.
fn filter<State: Word>(query: &str) -> Result<Filter<State>, Problem> {
    let mut filter = Filter {
        search: None,
        state: None,
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (name.as_ref(), value.trim()) {
            ("search", "") => filter.search = None,
            ("search", text) => filter.search = Some(one_line(text, REPEATED_MAX)),
            ("state", "") => filter.state = None,
            ("state", word) => {
                let state = State::ALL.iter().find(|state| state.word().eq_ignore_ascii_case(word));
                filter.state =
                    Some(*state.ok_or_else(|| refuse("state", &format!("must be one of {}", words::<State>())))?);
            }
            (foreign, _) if FOREIGN_PARAMETERS.contains(&foreign) => (),
            _ => return Err(refuse(&name, "is not known; known are search and state")),
        }
    }
    Ok(filter)
}

fn words<State: Word>() -> String {
    let words: Vec<&str> = State::ALL.iter().map(|state| state.word()).collect();
    words.join(", ")
}

fn only_foreign(query: &str, route: Route) -> Result<Route, Problem> {
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    match names.find(|name| !FOREIGN_PARAMETERS.contains(&name.as_ref())) {
        Some(name) => Err(refuse(&name, "is not known; there are none here")),
        None => Ok(route),
    }
}

/// Reads the query of an explanation: the one API that is meant.
fn explained_api(query: &str) -> Result<String, Problem> {
    let mut api = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "api" => api = Some(value.into_owned()),
            foreign if FOREIGN_PARAMETERS.contains(&foreign) => (),
            _ => return Err(refuse(&name, "is not known; known is api")),
        }
    }
    let is_one = |api: &String| !api.trim().is_empty() && api.chars().count() <= API_MAX_CHARACTERS;
    api.filter(is_one)
        .map(|api| api.trim().to_owned())
        .ok_or_else(|| refuse("api", "must be the name or id of an API"))
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

#[cfg(test)]
pub(super) mod tests;
