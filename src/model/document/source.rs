//! The AWS authentication of a source in the document.

use super::object::{Object, Strictness, invalid, missing};
use crate::model::{
    AccountId, Accounts, AuthenticationParts, AwsAuthentication, ErrorCode, ExternalId, InvalidRoleArn,
    InvalidSecretIdentifier, Problem, Region, RoleArn, SecretIdentifier, Source, VaultHosts,
};

/// The properties of the authentication.
pub(super) const AUTHENTICATION: [&str; 4] = ["accessKey", "secretAccessKey", "roleArn", "externalId"];

/// Parses `amazonApiGatewaySource`: one account in one region.
pub(super) fn parse(source: &Object<'_>, hosts: &VaultHosts) -> Result<Source, Problem> {
    let own = ["regionName", "msiResourceId"];
    source.only(&[&AUTHENTICATION[..], &own].concat(), &["account"])?;
    let path = source.at("regionName");
    let name = source.text("regionName")?.ok_or_else(|| missing(&path))?;
    let region = region(name, &path)?;
    let authentication = authentication(parts(source, &region, hosts)?, source)?;
    Ok(Source {
        name: None,
        regions: vec![region],
        authentication,
        accounts: Accounts::Own,
        account: account(source)?,
        environment: None,
        lifecycle_stage: None,
        msi_resource_id: source.text("msiResourceId")?.map(str::to_owned),
    })
}

/// Parses the name of a region at this path.
pub(super) fn region(name: &str, path: &str) -> Result<Region, Problem> {
    let unknown = |error: &dyn ToString| Problem::new(ErrorCode::UnknownRegion, error.to_string()).with_target(path);
    Region::parse(name).map_err(|error| unknown(&error))
}

/// Parses the parts of a source's authentication.
pub(super) fn parts(source: &Object<'_>, region: &Region, hosts: &VaultHosts) -> Result<AuthenticationParts, Problem> {
    Ok(AuthenticationParts {
        access_key: secret(source, "accessKey", hosts)?,
        secret_access_key: secret(source, "secretAccessKey", hosts)?,
        role: role(source, region)?,
        external_id: external_id(source)?,
    })
}

/// Combines the parts of a source's authentication.
pub(super) fn authentication(parts: AuthenticationParts, source: &Object<'_>) -> Result<AwsAuthentication, Problem> {
    AwsAuthentication::of_parts(parts).map_err(|error| invalid(&source.at(error.property()), &error.to_string()))
}

/// The account of the credentials, which only our releases write.
pub(super) fn account(source: &Object<'_>) -> Result<Option<AccountId>, Problem> {
    match source.strictness {
        Strictness::Body => Ok(None),
        Strictness::Kept => Ok(source.text("account")?.and_then(AccountId::parse)),
    }
}

/// Parses the ARN of a role in the partition of a region.
pub(super) fn role(source: &Object<'_>, region: &Region) -> Result<Option<RoleArn>, Problem> {
    let path = source.at("roleArn");
    let role = source.text("roleArn")?.map(|text| RoleArn::parse(text, region));
    role.transpose().map_err(|error: InvalidRoleArn| {
        Problem::new(ErrorCode::InvalidRequest, format!("{path}: {error}")).with_target(path)
    })
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

fn external_id(source: &Object<'_>) -> Result<Option<ExternalId>, Problem> {
    let external_id = source.text("externalId")?.map(ExternalId::parse);
    external_id
        .transpose()
        .map_err(|error| invalid(&source.at("externalId"), &error.to_string()))
}
