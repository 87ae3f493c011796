//! Query parameters.
//!
//! Unknown parameters are refused: a misspelt one must not be ignored.

use url::form_urlencoded;

use crate::engine::{ApiCondition, ApiView, Condition, IntegrationView, OneApi, SyncRequest, Word};
use crate::model::{AccountId, ApiType, ErrorCode, Gateway, Problem, Region, one_line};

/// Longest repeated part of a parameter's name, in UTF-16 units.
pub(super) const REPEATED_MAX: usize = 100;

/// Parameters of the host and of Azure.
const FOREIGN_PARAMETERS: [&str; 4] = ["code", "clientId", "api-version", ""];
/// Longest name of an API in a query, in characters: longer than in AWS.
pub(super) const API_MAX_CHARACTERS: usize = 1024;

/// Selects what to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter<State> {
    /// Only those that contain this text, ignoring case.
    pub search: Option<String>,
    /// Only those in this state.
    pub state: Option<State>,
}

/// Selects the APIs of an integration to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ApiFilter {
    /// By text and state.
    pub of_api: Filter<ApiCondition>,
    /// Only those in this account.
    pub account: Option<AccountId>,
    /// Only those in this region.
    pub region: Option<Region>,
    /// Those of this kind.
    pub kind: Option<ApiType>,
    /// Which page of them; the first is 0.
    pub page: usize,
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
    /// Whether to show an integration.
    pub fn passes(&self, integration: &IntegrationView) -> bool {
        let region = &integration.properties.document.region_names();
        self.state.is_none_or(|state| state == integration.condition()) && self.finds(&[&integration.name, region])
    }
}

impl ApiFilter {
    /// Whether to show an API: one of its gateways is in the account and the region.
    pub fn passes(&self, api: &ApiView) -> bool {
        let stages = api
            .stages
            .iter()
            .flat_map(|stage| [&stage.name].into_iter().chain(&stage.urls));
        let texts = [&api.title, &api.name].into_iter().chain(&api.owners).chain(stages);
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        let is_there = |gateway: &Gateway| {
            let is_in_account = self.account.is_none() || self.account == gateway.account;
            is_in_account && self.region.as_ref().is_none_or(|region| *region == gateway.region)
        };
        let is_anywhere = self.account.is_none() && self.region.is_none();
        (is_anywhere || api.gateways.keys().any(is_there))
            && self.kind.is_none_or(|kind| Some(kind) == api.api_type)
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
    /// Parses a parameter common to lists and pages.
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

/// Parses the query of a sync.
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

/// Parses the id of an API, alone or as `account/region/id`.
fn one_api(value: &str) -> Result<OneApi, Problem> {
    let parsed = OneApi::parse(value);
    parsed.map_err(|error| Problem::new(ErrorCode::InvalidRequest, error.to_string()).with_target("api"))
}

/// Parses the query of a plan. Refuses what only a sync accepts: the sender would expect an effect.
pub(super) fn plan_request(query: &str) -> Result<SyncRequest, Problem> {
    let mut request = SyncRequest::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        read_depth(&mut request, (&name, &value), "definitions and deep")?;
    }
    Ok(request)
}

/// Parses a parameter common to syncs and plans.
fn read_depth(request: &mut SyncRequest, (name, value): (&str, &str), known: &str) -> Result<(), Problem> {
    match name {
        "definitions" => request.definitions = flag(name, value)?,
        "deep" => request.deep = flag(name, value)?,
        foreign if FOREIGN_PARAMETERS.contains(&foreign) => (),
        _ => return Err(refuse(name, &format!("is unknown; expected one of {known}"))),
    }
    Ok(())
}

/// Parses the query of a list. Ignores empty values, which forms send.
pub(super) fn filter<State: Word>(query: &str) -> Result<Filter<State>, Problem> {
    let mut filter = Filter::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        filter.read((&name, value.trim()), "search and state")?;
    }
    Ok(filter)
}

/// Parses the query of an integration's page.
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
            ("kind", "") => filter.kind = None,
            ("kind", word) => {
                let kind = ApiType::ALL.iter().find(|kind| kind.word().eq_ignore_ascii_case(word));
                let words = ApiType::ALL.map(ApiType::word).join(", ");
                filter.kind = Some(*kind.ok_or_else(|| refuse("kind", &format!("must be one of {words}")))?);
            }
            ("page", number) => {
                let number = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                filter.page = number.ok_or_else(|| refuse("page", "must be a number from 1"))?;
            }
            parameter => filter
                .of_api
                .read(parameter, "search, state, kind, account, region and page")?,
        }
    }
    Ok(filter)
}

fn words<State: Word>() -> String {
    let words: Vec<&str> = State::ALL.iter().map(|state| state.word()).collect();
    words.join(", ")
}

/// Parses the query of a call without parameters.
pub(super) fn no_parameters(query: &str) -> Result<(), Problem> {
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    match names.find(|name| !FOREIGN_PARAMETERS.contains(&name.as_ref())) {
        Some(name) => Err(refuse(&name, "is not known; there are none here")),
        None => Ok(()),
    }
}

/// Parses the query of an explanation: the API's name or id.
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
