//! The checks of one source: secrets, region, credentials and their permissions.

use std::collections::BTreeSet;

use super::examination::{
    ACCESS_KEY, AWS_API, AWS_APIS, AWS_CREDENTIALS, AWS_DOMAINS, AWS_EXPORT, AWS_ROLE, AWS_STAGES, AWS_V2_APIS,
    Examination, INTEGRATION, REGION, SECRET_ACCESS_KEY,
};
use super::secrets::secrets;
use super::sources;
use crate::aws::{GatewayClient, GatewayError, RoleError};
use crate::model::{
    ApiList, Domains, ErrorCode, GatewayApi, GatewayState, Integration, Problem, Region, Source, Stage, StageExport,
};
use crate::run::Session;

/// APIs whose stages are read until one has some.
const APIS_ASKED: usize = 10;
const POLICY: &str = "Attach the policy of infra/aws/identity.yaml to the user or role: apigateway:GET on /restapis, /apis and /domainnames and what is below, and apigateway:ListRoutingRules";
const LATER: &str = "Wait a few minutes and check again; other tools may use up the account's quota";
const KEY: &str = "Store an active access key in the two secrets (docs/rotation.md)";

/// Checks a whole integration; returns the number of APIs on its gateways.
pub(super) async fn examine(
    session: &Session,
    integration: &Integration,
    examination: &mut Examination,
) -> Option<usize> {
    match integration.only_source() {
        Some(source) => examine_source(session, integration, source, examination).await,
        None => sources::examine(session, integration, examination).await,
    }
}

/// Checks the only source of an integration.
async fn examine_source(
    session: &Session,
    integration: &Integration,
    source: &Source,
    examination: &mut Examination,
) -> Option<usize> {
    if !secrets(session, source, examination).await {
        skip_from(REGION, "fix the secrets first", examination);
        return None;
    }
    let gateways = session.gateways(integration, &BTreeSet::new()).await;
    let reach = gateways.all.into_iter().next()?;
    let region = &reach.gateway.region;
    let gateway = match reach.client {
        Ok(client) => client,
        Err(unread) if unread.state == GatewayState::OtherAccount => {
            examination.ok(REGION, &format!("{region} is an AWS region"));
            role_is_good(source, examination);
            examination.failed(
                AWS_CREDENTIALS,
                &unread.problem.message,
                "Use credentials of the original account",
            );
            skip_from(AWS_APIS, "fix the account first", examination);
            return None;
        }
        Err(unread) => {
            examination.ok(REGION, &format!("{region} is an AWS region"));
            examination.failed(
                AWS_ROLE,
                &unread.problem.message,
                "Set AWS_WEB_IDENTITY_AUDIENCE (docs/aws-account.md, without keys)",
            );
            skip_from(AWS_CREDENTIALS, "fix the role first", examination);
            return None;
        }
    };
    match gateway.lists(&integration.api_types).await {
        Ok(lists) => {
            let found = format!("{region} is an AWS region, and answers");
            examination.ok(REGION, &found);
            role_is_good(source, examination);
            examination.ok(AWS_CREDENTIALS, "AWS accepts them");
            let (mut apis, mut count) = (Vec::new(), 0);
            for list in [ApiList::Rest, ApiList::HttpAndWebSocket] {
                let found = lists.iter().find(|(found, _)| *found == list);
                match found.map(|(_, listing)| listing) {
                    Some(Ok(listing)) => {
                        let found = format!("they may list {}; there are {}", list.title(), listing.apis.len());
                        examination.ok(check_of(list), &found);
                        count += listing.apis.len() + listing.unusable.len();
                        apis.extend(listing.apis.iter().cloned());
                    }
                    Some(Err(error)) => {
                        let is_denied = matches!(error, GatewayError::AccessDenied { .. });
                        let remedy = if is_denied { POLICY } else { LATER };
                        examination.failed(check_of(list), &error.to_string(), remedy);
                    }
                    None => examination.skipped(check_of(list), "the integration does not use them"),
                }
            }
            domains(&gateway, examination).await;
            stages_and_export(&gateway, &apis, examination).await;
            Some(count)
        }
        Err(error) => {
            // Boxed: rare, and the SDK's futures are large.
            Box::pin(refused((source, region), &gateway, &error, examination)).await;
            None
        }
    }
}

fn check_of(list: ApiList) -> &'static str {
    match list {
        ApiList::Rest => AWS_APIS,
        ApiList::HttpAndWebSocket => AWS_V2_APIS,
    }
}

async fn domains(gateway: &GatewayClient, examination: &mut Examination) {
    let domains = gateway.domains().await;
    match (&domains, domains.gaps().first()) {
        (_, Some(gap)) => examination.failed(AWS_DOMAINS, gap, POLICY),
        (Domains::Listed(domains), None) => {
            let found = format!("they may read custom domains; there are {}", domains.len());
            examination.ok(AWS_DOMAINS, &found);
        }
        (Domains::Unknown(_), None) => (),
    }
}

/// Reports why an integration cannot be checked, under the failing check, and skips the checks that depend on it.
pub(super) fn unusable(problem: &Problem, examination: &mut Examination) {
    let again = "Create the integration again with the right values";
    let (check, remedy) = match problem.code {
        ErrorCode::UnknownRegion => (
            REGION,
            "Delete the integration and create it again with the right region",
        ),
        ErrorCode::InvalidSecretIdentifier => (ACCESS_KEY, again),
        ErrorCode::VaultNotAllowed => (ACCESS_KEY, "Add the vault to KEY_VAULT_HOSTS, or use one that it lists"),
        ErrorCode::IntegrationDeleting => (INTEGRATION, "Wait until it is gone, or delete it again"),
        _ => (INTEGRATION, again),
    };
    examination.failed(check, &problem.message, remedy);
    for skipped in [
        INTEGRATION,
        ACCESS_KEY,
        SECRET_ACCESS_KEY,
        REGION,
        AWS_ROLE,
        AWS_CREDENTIALS,
        AWS_APIS,
    ] {
        if skipped != check {
            examination.skipped(skipped, "the integration cannot be used as it is");
        }
    }
}

fn role_is_good(source: &Source, examination: &mut Examination) {
    match source.authentication.role() {
        Some(role) => examination.ok(AWS_ROLE, &format!("{role} can be assumed")),
        None => examination.skipped(AWS_ROLE, "it has no role"),
    }
}

/// The likely fault when credentials are rejected in a region that not every account has.
enum Suspect {
    /// The account has not enabled the region.
    Region,
    /// The credentials: another region rejects them, too.
    Credentials(Region),
    /// Either.
    Either,
}

/// Asks a region that every account has: AWS answers bad credentials and a disabled region alike.
async fn suspect(gateway: &GatewayClient, region: &Region, error: &GatewayError) -> Suspect {
    match gateway.account_at_home(error).await {
        Ok(_) | Err(RoleError::RegionDisabled { .. }) => Suspect::Region,
        Err(RoleError::AuthenticationFailed { .. }) => Suspect::Credentials(region.home()),
        Err(
            RoleError::Refused { .. }
            | RoleError::AudienceRefused { .. }
            | RoleError::Throttled { .. }
            | RoleError::NoToken { .. }
            | RoleError::Unavailable { .. }
            | RoleError::OutOfTime { .. },
        ) => Suspect::Either,
    }
}

/// Reports the refusal of the first signed call, and what it implies for the earlier checks.
async fn refused(
    (source, region): (&Source, &Region),
    gateway: &GatewayClient,
    error: &GatewayError,
    examination: &mut Examination,
) {
    let mut found = error.to_string();
    let asks_elsewhere = matches!(
        error,
        GatewayError::AuthenticationFailed { .. }
            | GatewayError::Role(RoleError::AuthenticationFailed { .. } | RoleError::RegionDisabled { .. })
    );
    if asks_elsewhere && !region.is_always_enabled() {
        match suspect(gateway, region, error).await {
            Suspect::Region => return not_enabled(region, &found, examination),
            Suspect::Credentials(home) => found = format!("{found}; {home} rejects them, too"),
            Suspect::Either => (),
        }
    }
    let region = format!("{region} is an AWS region");
    let unreachable = "Check that your account has the region and that this host can reach it";
    match error {
        GatewayError::Unavailable { .. } | GatewayError::Role(RoleError::Unavailable { .. }) => {
            examination.failed(REGION, &found, unreachable);
            skip_from(AWS_ROLE, "fix the region first", examination);
        }
        GatewayError::Role(RoleError::AuthenticationFailed { .. }) => {
            examination.ok(REGION, &region);
            examination.skipped(AWS_ROLE, "fix the access key first");
            examination.failed(AWS_CREDENTIALS, &found, KEY);
            skip_from(AWS_APIS, "fix the credentials first", examination);
        }
        GatewayError::Role(_) => {
            examination.ok(REGION, &region);
            let remedy = "Let the role's trust policy name the identity, its audience and, with a key, the external id (docs/aws-account.md)";
            examination.failed(AWS_ROLE, &found, remedy);
            skip_from(AWS_CREDENTIALS, "fix the role first", examination);
        }
        GatewayError::AuthenticationFailed { .. } => {
            examination.ok(REGION, &region);
            role_is_good(source, examination);
            examination.failed(AWS_CREDENTIALS, &found, KEY);
            skip_from(AWS_APIS, "fix the credentials first", examination);
        }
        GatewayError::AccessDenied { .. } => {
            examination.ok(REGION, &region);
            role_is_good(source, examination);
            examination.ok(AWS_CREDENTIALS, "AWS accepts them");
            examination.failed(AWS_APIS, &found, POLICY);
            skip_from(AWS_V2_APIS, "fix the list of APIs first", examination);
        }
        GatewayError::NotFound { .. }
        | GatewayError::Refused { .. }
        | GatewayError::Throttled { .. }
        | GatewayError::OutOfTime { .. }
        | GatewayError::TooLong { .. }
        | GatewayError::Malformed { .. } => {
            examination.ok(REGION, &region);
            examination.failed(AWS_APIS, &found, LATER);
            skip_from(AWS_V2_APIS, "fix the list of APIs first", examination);
        }
    }
}

fn not_enabled(region: &Region, found: &str, examination: &mut Examination) {
    let found = format!("the region {region} is not enabled for the account: {found}");
    let remedy = "Enable the region in the account (AWS Regions, in its account settings), or delete the integration and \
                  create it again for the right one";
    examination.failed(REGION, &found, remedy);
    skip_from(AWS_ROLE, "fix the region first", examination);
}

/// Skips a check and all later ones.
fn skip_from(first: &str, why: &str, examination: &mut Examination) {
    let all = [
        REGION,
        AWS_ROLE,
        AWS_CREDENTIALS,
        AWS_APIS,
        AWS_V2_APIS,
        AWS_DOMAINS,
        AWS_API,
        AWS_STAGES,
        AWS_EXPORT,
    ];
    for check in all.into_iter().skip_while(|check| *check != first) {
        examination.skipped(check, why);
    }
}

async fn stages_and_export(gateway: &GatewayClient, apis: &[GatewayApi], examination: &mut Examination) {
    let Some(first) = apis.first() else {
        return skip_from(AWS_API, "there is no API to try it with", examination);
    };
    match gateway.api(first.api_type, &first.id).await {
        Ok(_) => examination.ok(
            AWS_API,
            "they may read one API, which the app does before it deletes one",
        ),
        Err(error) => examination.failed(AWS_API, &error.to_string(), POLICY),
    }
    match first_stage(gateway, apis).await {
        Ok(Some((api, stage))) => {
            examination.ok(AWS_STAGES, &format!("they may list stages; {api} has some"));
            export(gateway, api, &stage, examination).await;
        }
        Ok(None) => {
            examination.ok(AWS_STAGES, "they may list stages");
            examination.skipped(AWS_EXPORT, "none of the first APIs is deployed");
        }
        Err(error) => {
            examination.failed(AWS_STAGES, &error.to_string(), POLICY);
            examination.skipped(AWS_EXPORT, "fix the stages first");
        }
    }
}

async fn first_stage<'a>(
    gateway: &GatewayClient,
    apis: &'a [GatewayApi],
) -> Result<Option<(&'a GatewayApi, Stage)>, GatewayError> {
    for api in apis.iter().take(APIS_ASKED) {
        match gateway.stages(api).await {
            Ok(stages) => {
                if let Some(stage) = stages.into_iter().next() {
                    return Ok(Some((api, stage)));
                }
            }
            // It was deleted since the listing.
            Err(GatewayError::NotFound { .. }) => (),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

async fn export(gateway: &GatewayClient, api: &GatewayApi, stage: &Stage, examination: &mut Examination) {
    let of = format!("stage {} of {api}", stage.name);
    match gateway.export(api, &stage.name).await {
        Ok(StageExport::OpenApi(_) | StageExport::WebSocket { .. }) => {
            examination.ok(AWS_EXPORT, &format!("they may export definitions: that of {of}"));
        }
        Ok(StageExport::Endless(read)) => {
            examination.ok(
                AWS_EXPORT,
                &format!("they may export definitions; that of {of} is longer than {read} bytes"),
            );
        }
        Ok(StageExport::Refused(message)) => {
            let found = format!("they may export definitions; the export of {of} failed: {message}");
            examination.ok(AWS_EXPORT, &found);
        }
        Err(GatewayError::NotFound { .. }) => examination.skipped(AWS_EXPORT, &format!("{of} went meanwhile")),
        Err(error) => examination.failed(AWS_EXPORT, &error.to_string(), POLICY),
    }
}
