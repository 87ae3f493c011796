//! What the query of a call asks for.
//!
//! A parameter that is not known is refused: a misspelt one must not pass for none.

use url::form_urlencoded;

use crate::engine::{ApiCondition, ApiView, Condition, IntegrationView, OneApi, SyncRequest, Word};
use crate::model::{AccountId, ErrorCode, Gateway, Problem, Region, one_line};

/// As much of a parameter's name as is repeated, in UTF-16 units.
pub(super) const REPEATED_MAX: usize = 100;

/// Parameters that are the host's own, and Azure's.
const FOREIGN_PARAMETERS: [&str; 4] = ["code", "clientId", "api-version", ""];
/// Longest name of an API that is looked for, in characters: Amazon's own are shorter.
pub(super) const API_MAX_CHARACTERS: usize = 1024;

/// Which of many to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter<State> {
    /// Those that hold this text, whatever its case.
    pub search: Option<String>,
    /// Those in this state.
    pub state: Option<State>,
}

/// Which of an integration's APIs to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ApiFilter {
    /// By text and state.
    pub of_api: Filter<ApiCondition>,
    /// Those in this account.
    pub account: Option<AccountId>,
    /// Those in this region.
    pub region: Option<Region>,
}

impl<State> Default for Filter<State> {
    fn default() -> Self {
        Self {
            search: None,
            state: None,
        }
    }
}

impl Filter<Condition> {
    /// Whether an integration is one of those to show.
    pub fn passes(&self, integration: &IntegrationView) -> bool {
        let region = &integration.properties.document.region_names();
        self.state.is_none_or(|state| state == integration.condition()) && self.finds(&[&integration.name, region])
    }
}

impl ApiFilter {
    /// Whether an API is one of those to show: one of its gateways is in the account and the region.
    pub fn passes(&self, api: &ApiView) -> bool {
        let texts = [&api.title, &api.name].into_iter().chain(&api.stages);
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        let is_there = |gateway: &Gateway| {
            let is_in_account = self.account.is_none() || self.account == gateway.account;
            is_in_account && self.region.as_ref().is_none_or(|region| *region == gateway.region)
        };
        let is_anywhere = self.account.is_none() && self.region.is_none();
        (is_anywhere || api.gateways.iter().any(is_there))
            && self.of_api.state.is_none_or(|state| state == api.condition)
            && self.of_api.finds(&texts)
    }
}

impl<State> Filter<State> {
    fn finds(&self, texts: &[&str]) -> bool {
        self.search.as_ref().is_none_or(|wanted| {
            let wanted = wanted.to_lowercase();
            texts.iter().any(|text| text.to_lowercase().contains(&wanted))
        })
    }
    /// Reads a parameter that lists and pages have in common.
    fn read(&mut self, (name, value): (&str, &str), known: &str) -> Result<(), Problem>
    where
        State: Word,
    {
        match (name, value) {
            ("search", "") => self.search = None,
            ("search", text) => self.search = Some(one_line(text, REPEATED_MAX)),
            ("state", "") => self.state = None,
            ("state", word) => {
                let state = State::ALL.iter().find(|state| state.word().eq_ignore_ascii_case(word));
                self.state =
                    Some(*state.ok_or_else(|| refuse("state", &format!("must be one of {}", words::<State>())))?);
            }
            (foreign, _) if FOREIGN_PARAMETERS.contains(&foreign) => (),
            _ => return Err(refuse(name, &format!("is unknown; expected one of {known}"))),
        }
        Ok(())
    }
}

/// Reads the query of a sync.
pub(super) fn sync_request(query: &str) -> Result<SyncRequest, Problem> {
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
pub(super) fn plan_request(query: &str) -> Result<SyncRequest, Problem> {
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
        _ => return Err(refuse(name, &format!("is unknown; expected one of {known}"))),
    }
    Ok(())
}

/// Reads the query of a list. An empty value is none: forms send those.
pub(super) fn filter<State: Word>(query: &str) -> Result<Filter<State>, Problem> {
    let mut filter = Filter::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        filter.read((&name, value.trim()), "search and state")?;
    }
    Ok(filter)
}

/// Reads the query of an integration's page.
pub(super) fn api_filter(query: &str) -> Result<ApiFilter, Problem> {
    let mut filter = ApiFilter::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (name.as_ref(), value.trim()) {
            ("account", "") => filter.account = None,
            ("account", text) => {
                let account = AccountId::parse(text).ok_or_else(|| refuse("account", "must be twelve digits"));
                filter.account = Some(account?);
            }
            ("region", "") => filter.region = None,
            ("region", text) => {
                let region = Region::parse(text).map_err(|error| refuse("region", &format!("is none: {error}")));
                filter.region = Some(region?);
            }
            parameter => filter.of_api.read(parameter, "search, state, account and region")?,
        }
    }
    Ok(filter)
}

fn words<State: Word>() -> String {
    let words: Vec<&str> = State::ALL.iter().map(|state| state.word()).collect();
    words.join(", ")
}

/// Reads the query of a call that takes no parameters.
pub(super) fn no_parameters(query: &str) -> Result<(), Problem> {
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    match names.find(|name| !FOREIGN_PARAMETERS.contains(&name.as_ref())) {
        Some(name) => Err(refuse(&name, "is not known; there are none here")),
        None => Ok(()),
    }
}

/// Reads the query of an explanation: the one API that is meant.
pub(super) fn explained_api(query: &str) -> Result<String, Problem> {
    let mut api = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "api" => api = Some(value.into_owned()),
            foreign if FOREIGN_PARAMETERS.contains(&foreign) => (),
            _ => return Err(refuse(&name, "is unknown; expected api")),
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
