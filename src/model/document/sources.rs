//! The sources in the document: one in Microsoft's form, or several.

use std::collections::BTreeSet;

use serde_json::Value;

use super::object::{Object, invalid, missing};
use super::source::{self, AUTHENTICATION};
use super::target::{ENVIRONMENT, LIFECYCLE_STAGE, environment_name, word};
use crate::model::{
    AccountId, Accounts, ApiCenterId, MemberRole, Organization, Problem, Region, RoleName, Source, SourceName, UnitId,
    VaultHosts, quote_name,
};

const ONE: &str = "amazonApiGatewaySource";
const SEVERAL: &str = "amazonApiGatewaySources";
/// The default role in each account.
const ROLE_NAME: &str = "apicenter-aws-sync";
/// Most sources of an integration, and most regions or accounts of a source: all must fit into the metadata of one
/// environment.
const SOURCES_MAX: usize = 20;
const ACCOUNTS_MAX: usize = 1000;

/// Parses the sources of an integration.
pub(super) fn parse(properties: &Object<'_>, center: &ApiCenterId, hosts: &VaultHosts) -> Result<Vec<Source>, Problem> {
    match (properties.object(ONE)?, properties.member(SEVERAL)) {
        (Some(one), None) => Ok(vec![source::parse(&one, hosts)?]),
        (None, Some(several)) => several_sources(properties, several, center, hosts),
        (None, None) => Err(missing(&properties.at(ONE))),
        (Some(_), Some(_)) => {
            let problem = format!("cannot be combined with {ONE}: list all sources in {SEVERAL}");
            Err(invalid(&properties.at(SEVERAL), &problem))
        }
    }
}

fn several_sources(
    properties: &Object<'_>,
    value: &Value,
    center: &ApiCenterId,
    hosts: &VaultHosts,
) -> Result<Vec<Source>, Problem> {
    let path = properties.at(SEVERAL);
    let items = list(value, &path, SOURCES_MAX, "sources")?;
    let mut names = BTreeSet::new();
    let mut sources = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let item = Object::of(item, &format!("{path}[{index}]"), properties.strictness)?;
        let source = listed_source(&item, center, hosts)?;
        if !names.insert(source.name.clone()) {
            return Err(invalid(&item.at("name"), "is the name of another source"));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn listed_source(source: &Object<'_>, center: &ApiCenterId, hosts: &VaultHosts) -> Result<Source, Problem> {
    let own = [
        "name",
        "regionNames",
        "accounts",
        "roleName",
        ENVIRONMENT,
        LIFECYCLE_STAGE,
    ];
    source.only(&[&own[..], &AUTHENTICATION].concat(), &["account"])?;
    let name = source.text("name")?.ok_or_else(|| missing(&source.at("name")))?;
    let name = SourceName::parse(name).ok_or_else(|| {
        let problem = "must be 1 to 16 lower-case letters, digits and hyphens";
        invalid(&source.at("name"), problem)
    })?;
    let regions = regions(source)?;
    let mut parts = source::parts(source, &regions[0], hosts)?;
    let accounts = source.member("accounts");
    let external_id = parts.external_id.clone();
    let has_key = parts.access_key.is_some() || parts.secret_access_key.is_some();
    if accounts.is_some() && (parts.role.is_none() || !has_key) {
        // It belongs to the roles in the accounts: neither a key nor a role assumed with a token needs one.
        parts.external_id = None;
    }
    let authentication = source::authentication(parts, source)?;
    let accounts = match accounts {
        Some(value) => accounts_by_role(
            source,
            value,
            &regions[0],
            MemberRole {
                name: role_name(source)?,
                external_id,
            },
        )?,
        None if source.member("roleName").is_some() => {
            let problem = "names a role in each of several accounts: add accounts, or use roleArn";
            return Err(invalid(&source.at("roleName"), problem));
        }
        None => Accounts::Own,
    };
    let environment = source.text(ENVIRONMENT)?;
    Ok(Source {
        name: Some(name),
        authentication,
        accounts,
        account: source::account(source)?,
        environment: environment
            .map(|id| environment_name(&source.at(ENVIRONMENT), id, center))
            .transpose()?,
        lifecycle_stage: word(source, LIFECYCLE_STAGE)?,
        msi_resource_id: None,
        regions,
    })
}

fn regions(source: &Object<'_>) -> Result<Vec<Region>, Problem> {
    let path = source.at("regionNames");
    let value = source.member("regionNames").ok_or_else(|| missing(&path))?;
    let mut regions: Vec<Region> = Vec::new();
    for (index, name) in list(value, &path, SOURCES_MAX * 2, "regions")?.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let name = name.as_str().ok_or_else(|| invalid(&path, "must be a string"))?;
        let region = source::region(name, &path)?;
        if regions.contains(&region) {
            return Err(invalid(&path, "is listed twice"));
        }
        if regions
            .first()
            .is_some_and(|first| first.partition() != region.partition())
        {
            let problem = "is in another AWS partition than the first region: use one source per partition";
            return Err(invalid(&path, problem));
        }
        regions.push(region);
    }
    Ok(regions)
}

fn accounts_by_role(
    source: &Object<'_>,
    value: &Value,
    region: &Region,
    role: MemberRole,
) -> Result<Accounts, Problem> {
    let path = source.at("accounts");
    if value.is_array() {
        let mut accounts = BTreeSet::new();
        for (index, item) in list(value, &path, ACCOUNTS_MAX, "accounts")?.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if !accounts.insert(account_id(item, &path)?) {
                return Err(invalid(&path, "is listed twice"));
            }
        }
        return Ok(Accounts::Listed(accounts, role));
    }
    let object = Object::of(value, &path, source.strictness)
        .map_err(|_| invalid(&path, "must be a list of account ids, or {\"organization\": true}"))?;
    object.only(&["organization", "roleArn", "except"], &[])?;
    if object.member("organization") != Some(&Value::Bool(true)) {
        return Err(invalid(&object.at("organization"), "must be true"));
    }
    let mut organization = Organization {
        role: source::role(&object, region)?,
        ..Organization::default()
    };
    let path = object.at("except");
    let except = object
        .member("except")
        .map(|value| list(value, &path, ACCOUNTS_MAX, "accounts and units"));
    for (index, item) in except.transpose()?.into_iter().flatten().enumerate() {
        let path = format!("{path}[{index}]");
        match item.as_str().and_then(|text| UnitId::parse(text).ok()) {
            Some(unit) => organization.except_units.insert(unit),
            None => organization.except_accounts.insert(account_id(item, &path)?),
        };
    }
    Ok(Accounts::Organization(organization, role))
}

fn role_name(source: &Object<'_>) -> Result<RoleName, Problem> {
    let name = source.text("roleName")?.unwrap_or(ROLE_NAME);
    RoleName::parse(name).map_err(|error| invalid(&source.at("roleName"), &error.to_string()))
}

/// An account's id: a string, since a number would lose leading zeros.
fn account_id(value: &Value, path: &str) -> Result<AccountId, Problem> {
    if value.is_number() {
        return Err(invalid(
            path,
            "must be a string of twelve digits: put the account id in quotes",
        ));
    }
    let text = value.as_str().unwrap_or_default();
    AccountId::parse(text).ok_or_else(|| {
        let problem = format!(
            "must be an account id, a string of twelve digits, not {}",
            quote_name(text)
        );
        invalid(path, &problem)
    })
}

/// The items of a non-empty list with at most `max`.
fn list<'a>(value: &'a Value, path: &str, max: usize, what: &str) -> Result<&'a [Value], Problem> {
    let items = value.as_array().map(Vec::as_slice).filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| invalid(path, &format!("must be a non-empty list of {what}")))?;
    if items.len() > max {
        return Err(invalid(
            path,
            &format!("has {} {what}; at most {max} are allowed", items.len()),
        ));
    }
    Ok(items)
}
