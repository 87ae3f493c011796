//! The operations.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::errors::OrganizationsError;
use super::state::{Input, Member, ORGANIZATION, PAGE_MAX, ROOT, State, Unit};
use crate::json::present;

/// 2024-01-01T00:00:00Z, seconds since 1970.
const JOINED: u64 = 1_704_067_200;

/// Answers an operation for somebody who may read the organisation, or `DescribeOrganization` for any account in it.
pub(super) fn answer(
    state: &State,
    (partition, management_account): (&str, &str),
    operation: &str,
    input: &Input,
) -> Result<Value, OrganizationsError> {
    let arn = |kind: &str, id: &str| format!("arn:{partition}:organizations::{management_account}:{kind}/{id}");
    let account = |member: &Member| account(member, &arn("account", &format!("{ORGANIZATION}/{}", member.id)));
    let unit = |unit: &Unit| json!({ "Id": unit.id, "Arn": arn("ou", &format!("{ORGANIZATION}/{}", unit.id)), "Name": unit.name });
    match operation {
        "DescribeOrganization" => Ok(json!({ "Organization": {
            "Id": ORGANIZATION,
            "Arn": arn("organization", ORGANIZATION),
            "FeatureSet": "ALL",
            "MasterAccountId": management_account,
            "MasterAccountArn": arn("account", &format!("{ORGANIZATION}/{management_account}")),
            "MasterAccountEmail": email(management_account),
        } })),
        "ListAccounts" => listed(state, input, "Accounts", "", state.members.values().map(account)),
        "ListRoots" => {
            let arn = arn("root", &format!("{ORGANIZATION}/{ROOT}"));
            let root = json!({ "Id": ROOT, "Arn": arn, "Name": "Root", "PolicyTypes": [] });
            listed(state, input, "Roots", "", [root].into_iter())
        }
        "ListOrganizationalUnitsForParent" => {
            let parent = parent(state, input)?;
            let units = state.units.values().filter(|unit| unit.parent == parent);
            listed(state, input, "OrganizationalUnits", parent, units.map(unit))
        }
        "ListAccountsForParent" => {
            let parent = parent(state, input)?;
            let members = state.members.values().filter(|member| member.parent == parent);
            listed(state, input, "Accounts", parent, members.map(account))
        }
        "ListParents" => {
            let child = input.child_id.as_deref().unwrap_or_default();
            let of_unit = state.units.get(child).map(|unit| &unit.parent);
            let found = of_unit.or_else(|| state.members.get(child).map(|member| &member.parent));
            let parent = found.ok_or_else(OrganizationsError::child_not_found)?;
            let kind = if parent == ROOT { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
            listed(
                state,
                input,
                "Parents",
                child,
                [json!({ "Id": parent, "Type": kind })].into_iter(),
            )
        }
        _ => Err(OrganizationsError::unknown_operation()),
    }
}

fn account(member: &Member, arn: &str) -> Value {
    present(json!({
        "Id": member.id,
        "Arn": arn,
        "Email": email(&member.id),
        "Name": member.name,
        "State": member.state,
        "Status": member.status,
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": JOINED,
    }))
}

fn email(account: &str) -> String {
    format!("aws+{account}@example.com")
}

/// The root or the unit that is asked about.
fn parent<'a>(state: &State, input: &'a Input) -> Result<&'a str, OrganizationsError> {
    let parent = input.parent_id.as_deref().unwrap_or_default();
    if parent == ROOT || state.units.contains_key(parent) {
        Ok(parent)
    } else {
        Err(OrganizationsError::parent_not_found())
    }
}

/// A page of a list. The one after the first is empty where there are more, as AWS says that any may be.
fn listed(
    state: &State,
    input: &Input,
    member: &str,
    below: &str,
    entries: impl Iterator<Item = Value>,
) -> Result<Value, OrganizationsError> {
    let limit = input.max_results.unwrap_or(PAGE_MAX);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(OrganizationsError::invalid_page_size());
    }
    let limit = limit.min(state.page_size);
    let entries: Vec<Value> = entries.collect();
    let token = |start: usize, is_empty: bool| token(&format!("{member} {below}"), start, is_empty);
    let (start, is_empty) = match &input.next_token {
        None => (0, false),
        Some(given) => place(given)
            .filter(|(start, is_empty)| *start <= entries.len() && *given == token(*start, *is_empty))
            .ok_or_else(OrganizationsError::invalid_next_token)?,
    };
    let end = if is_empty {
        start
    } else {
        entries.len().min(start + limit)
    };
    let next = (end < entries.len()).then(|| token(end, start == 0));
    let mut body = Map::from_iter([(member.to_owned(), Value::from(entries[start..end].to_vec()))]);
    body.extend(next.map(|token| ("NextToken".to_owned(), Value::from(token))));
    Ok(Value::Object(body))
}

/// The token that leads to an entry of a list, or to an empty page before it.
fn token(list: &str, start: usize, is_empty: bool) -> String {
    let place = format!("{start}.{}", u8::from(is_empty));
    let seal = STANDARD.encode(Sha256::digest(format!("{list} {place}")));
    format!("{place}.{seal}")
}

/// The place that a token is for, if it is one.
fn place(token: &str) -> Option<(usize, bool)> {
    let mut parts = token.split('.');
    let (start, is_empty) = (parts.next()?, parts.next()?);
    Some((start.parse().ok()?, is_empty == "1"))
}
