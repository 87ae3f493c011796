//! The exchanges: a role's session for an access key, for a session of another role, or for a token of an identity provider.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};

use super::account::{Role, State, Trust};
use super::errors::StsError;
use super::form::{Asked, Form};
use super::wire::{self, Given};
use crate::clock::{epoch_seconds, now};
use crate::keyring::{Credential, Keyring, Session, account_of, partition_of};
use crate::random;
use crate::region::partition;
use crate::signature::{self, Scope};
use crate::token::{Claims, InvalidToken, read_token};

/// The longest session that a session of another role can be exchanged for ("Role chaining").
const CHAINED_MAX: Duration = Duration::from_hours(1);

/// Who has signed a request, for this region.
pub(super) fn verify(request: &Request<Bytes>, keyring: &Keyring, region: &str) -> Result<Credential, StsError> {
    let scope = Scope { region, service: "sts" };
    Ok(signature::verify(request, keyring, scope, now())?)
}

/// A session for whoever has signed the request.
pub(super) fn assume_role(
    state: &mut State,
    keyring: &Keyring,
    form: &Form,
    region: &str,
    caller: &Credential,
) -> Result<Response<Bytes>, StsError> {
    let (asked, told) = (form.asked()?, form.external_id()?);
    check_place(&asked, keyring, region)?;
    let trusts = |trust: &Trust| match trust {
        Trust::Principal { arn, external_id } => {
            is_meant(arn, caller) && external_id.as_deref().is_none_or(|wanted| told == Some(wanted))
        }
        Trust::WebIdentity { .. } => false,
    };
    let role = state.roles.get(asked.role_arn);
    let role = role.filter(|role| role.trust.iter().any(trusts)).ok_or_else(|| {
        StsError::access_denied(format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
            caller.principal, asked.role_arn
        ))
    })?;
    if caller.session.is_some() && asked.duration > CHAINED_MAX {
        return Err(StsError::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    let given = give(role, &mut state.lifetimes, keyring, &asked)?;
    Ok(wire::assumed_role(&given))
}

/// Whether a caller is the principal that a trust policy names: itself, the role of its session, or all of its account.
fn is_meant(arn: &str, caller: &Credential) -> bool {
    let root = format!("arn:{}:iam::{}:root", partition_of(&caller.principal), caller.account());
    let role = caller.session.as_ref().map(|session| session.role_arn.as_str());
    arn == caller.principal || Some(arn) == role || arn == root
}

/// A role is asked for in its own partition, and in a region that its account has enabled.
fn check_place(asked: &Asked<'_>, keyring: &Keyring, region: &str) -> Result<(), StsError> {
    if partition_of(asked.role_arn) != partition(region) {
        return Err(StsError::validation("Request ARN is invalid"));
    }
    let account = account_of(asked.role_arn);
    if keyring.has_enabled(account, region) {
        Ok(())
    } else {
        Err(StsError::region_disabled(account))
    }
}

/// A session for whoever a token is about. The request needs no signature: the token is the proof.
pub(super) fn assume_role_with_web_identity(
    state: &mut State,
    keyring: &Keyring,
    form: &Form,
    region: &str,
) -> Result<Response<Bytes>, StsError> {
    let asked = form.asked()?;
    check_place(&asked, keyring, region)?;
    let claims = read_token(form.web_identity_token()?).map_err(|error| match error {
        InvalidToken::NotAJwt => StsError::invalid_identity_token(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ),
        InvalidToken::SignatureNotBase64 | InvalidToken::ForeignSignature => StsError::no_verification_key(),
        InvalidToken::LacksAClaim => StsError::invalid_identity_token("Missing a required claim"),
    })?;
    // The token's own word for whom it was given to goes before its audience.
    let audience = claims.azp.as_deref().unwrap_or(&claims.aud);
    let registered = (account_of(asked.role_arn).to_owned(), claims.iss.clone());
    let provider = state.providers.get(&registered).ok_or_else(|| {
        let issuer = &claims.iss;
        StsError::invalid_identity_token(format!("No OpenIDConnect provider found in your account for {issuer}"))
    })?;
    if !provider.client_ids.iter().any(|id| id == audience) {
        return Err(StsError::invalid_identity_token("Incorrect token audience"));
    }
    check_time(&claims)?;
    let role = state.roles.get(asked.role_arn);
    let role = role
        .filter(|role| role.trust.iter().any(|trust| trusts(trust, &claims, audience)))
        .ok_or_else(|| StsError::access_denied("Not authorized to perform sts:AssumeRoleWithWebIdentity"))?;
    let given = give(role, &mut state.lifetimes, keyring, &asked)?;
    Ok(wire::assumed_role_with_web_identity(&given, &claims, audience))
}

fn trusts(trust: &Trust, claims: &Claims, audience: &str) -> bool {
    let is_one = |wanted: &Option<Vec<String>>, found: &str| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.iter().any(|wanted| wanted == found))
    };
    match trust {
        Trust::WebIdentity {
            issuer,
            audiences,
            subjects,
        } => *issuer == claims.iss && is_one(audiences, audience) && is_one(subjects, &claims.sub),
        Trust::Principal { .. } => false,
    }
}

fn check_time(claims: &Claims) -> Result<(), StsError> {
    let now = u64::try_from(epoch_seconds(now())).unwrap_or_default();
    if claims.exp <= now {
        return Err(StsError::expired_web_identity(format!(
            "Token expired: current date/time {now} must be before the expiration date/time {}",
            claims.exp
        )));
    }
    Ok(())
}

/// Makes the session known to the account and tells what the caller gets.
fn give(
    role: &Role,
    lifetimes: &mut std::collections::VecDeque<Duration>,
    keyring: &Keyring,
    asked: &Asked<'_>,
) -> Result<Given, StsError> {
    if asked.duration > role.session_max {
        return Err(StsError::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let lifetime = lifetimes.pop_front().unwrap_or(asked.duration);
    // AWS tells whole seconds.
    let ends = UNIX_EPOCH + Duration::from_secs(u64::try_from(epoch_seconds(now() + lifetime)).unwrap_or_default());
    let name = role.arn.rsplit('/').next().unwrap_or_default();
    let credential = Credential {
        access_key_id: format!("ASIA{}", random::text(16).to_ascii_uppercase()),
        secret: random::text(40),
        principal: format!(
            "arn:{}:sts::{}:assumed-role/{name}/{}",
            partition_of(&role.arn),
            account_of(&role.arn),
            asked.session_name
        ),
        session: Some(Session {
            token: random::text(320),
            ends,
            role_arn: role.arn.clone(),
        }),
    };
    keyring.add(credential.clone());
    Ok(Given {
        credential,
        session_name: asked.session_name.to_owned(),
    })
}
