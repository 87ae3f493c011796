//! The part of the document that says where the gateway is and how Amazon is shown who we are.

use super::object::{Object, Strictness, invalid, missing};
use crate::model::{
    AccountId, AuthenticationParts, AwsAuthentication, ErrorCode, ExternalId, InvalidRoleArn, InvalidSecretIdentifier,
    Problem, Region, RoleArn, SecretIdentifier, VaultHosts,
};

/// What `amazonApiGatewaySource` holds.
pub(super) struct Source {
    pub region: Region,
    pub account: Option<AccountId>,
    pub authentication: AwsAuthentication,
    pub msi_resource_id: Option<String>,
}

/// Reads `amazonApiGatewaySource`.
pub(super) fn parse(source: &Object<'_>, hosts: &VaultHosts) -> Result<Source, Problem> {
    source.only(
        &[
            "accessKey",
            "secretAccessKey",
            "roleArn",
            "externalId",
            "regionName",
            "msiResourceId",
        ],
        &["account"],
    )?;
    let region = region(source)?;
    let parts = AuthenticationParts {
        access_key: secret(source, "accessKey", hosts)?,
        secret_access_key: secret(source, "secretAccessKey", hosts)?,
        role: role(source, &region)?,
        external_id: external_id(source)?,
    };
    let authentication = AwsAuthentication::of_parts(parts)
        .map_err(|error| invalid(&source.at(error.property()), &error.to_string()))?;
    let account = match source.strictness {
        Strictness::Body => None,
        Strictness::Kept => source.text("account")?.and_then(AccountId::parse),
    };
    Ok(Source {
        region,
        account,
        authentication,
        msi_resource_id: source.text("msiResourceId")?.map(str::to_owned),
    })
}

fn region(source: &Object<'_>) -> Result<Region, Problem> {
    let path = source.at("regionName");
    let name = source.text("regionName")?.ok_or_else(|| missing(&path))?;
    Region::parse(name).map_err(|error| Problem::new(ErrorCode::UnknownRegion, error.to_string()).with_target(path))
}

fn secret(source: &Object<'_>, property: &str, hosts: &VaultHosts) -> Result<Option<SecretIdentifier>, Problem> {
    let Some(text) = source.text(property)? else {
        return Ok(None);
    };
    SecretIdentifier::parse(text, hosts).map(Some).map_err(|error| {
        let code = match error {
            InvalidSecretIdentifier::Malformed(_) => ErrorCode::InvalidSecretIdentifier,
            InvalidSecretIdentifier::VaultNotAllowed(_) => ErrorCode::VaultNotAllowed,
        };
        Problem::new(code, error.to_string()).with_target(source.at(property))
    })
}

fn role(source: &Object<'_>, region: &Region) -> Result<Option<RoleArn>, Problem> {
    let path = source.at("roleArn");
    let role = source.text("roleArn")?.map(|text| RoleArn::parse(text, region));
    role.transpose().map_err(|error: InvalidRoleArn| {
        Problem::new(ErrorCode::InvalidRequest, format!("{path}: {error}")).with_target(path)
    })
}

fn external_id(source: &Object<'_>) -> Result<Option<ExternalId>, Problem> {
    let external_id = source.text("externalId")?.map(ExternalId::parse);
    external_id
        .transpose()
        .map_err(|error| invalid(&source.at("externalId"), &error.to_string()))
}
