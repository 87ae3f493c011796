//! The exchanges: a role's session for an access key, or for a token of an identity provider.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};

use super::account::{Role, State, Trust};
use super::errors::StsError;
use super::form::{Asked, Form};
use super::wire::{self, Given};
use crate::clock::{epoch_seconds, now};
use crate::keyring::{ACCOUNT, Credential, Keyring, Session};
use crate::random;
use crate::signature::{self, Scope};
use crate::token::{Claims, InvalidToken, read_token};

/// One region of each partition that every account has: the stand-in is their service, too.
const ALWAYS_ENABLED: [&str; 4] = ["us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"];

/// Who has signed a request, for this region or for one that every account has.
pub(super) fn verify(request: &Request<Bytes>, keyring: &Keyring, region: &str) -> Result<Credential, StsError> {
    let claimed = signature::claimed_region(request).filter(|claimed| ALWAYS_ENABLED.contains(claimed));
    let region = claimed.unwrap_or(region);
    let scope = Scope { region, service: "sts" };
    let known = keyring.known_in(region);
    Ok(signature::verify(request, &known, scope, now())?.clone())
}

/// A session for whoever has signed the request.
pub(super) fn assume_role(
    state: &mut State,
    keyring: &Keyring,
    form: &Form,
    caller: &Credential,
) -> Result<Response<Bytes>, StsError> {
    let (asked, told) = (form.asked()?, form.external_id()?);
    let trusts = |trust: &Trust| match trust {
        Trust::Principal { arn, external_id } => {
            *arn == caller.principal && external_id.as_deref().is_none_or(|wanted| told == Some(wanted))
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
    let given = give(role, &mut state.lifetimes, keyring, &asked)?;
    Ok(wire::assumed_role(&given))
}

/// A session for whoever a token is about. The request needs no signature: the token is the proof.
pub(super) fn assume_role_with_web_identity(
    state: &mut State,
    keyring: &Keyring,
    form: &Form,
) -> Result<Response<Bytes>, StsError> {
    let asked = form.asked()?;
    let claims = read_token(form.web_identity_token()?).map_err(|error| match error {
        InvalidToken::NotAJwt => StsError::invalid_identity_token(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ),
        InvalidToken::SignatureNotBase64 | InvalidToken::ForeignSignature => StsError::invalid_identity_token(
            "Couldn't retrieve verification key from your identity provider,  please reference \
             AssumeRoleWithWebIdentity documentation for requirements",
        ),
        InvalidToken::LacksAClaim => StsError::invalid_identity_token("Missing a required claim"),
    })?;
    // The token's own word for whom it was given to goes before its audience.
    let audience = claims.azp.as_deref().unwrap_or(&claims.aud);
    let is_ours = asked.role_arn.split(':').nth(4) == Some(ACCOUNT);
    let provider = state.providers.get(&claims.iss).filter(|_| is_ours).ok_or_else(|| {
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
    // Amazon tells whole seconds.
    let ends = UNIX_EPOCH + Duration::from_secs(u64::try_from(epoch_seconds(now() + lifetime)).unwrap_or_default());
    let name = role.arn.rsplit('/').next().unwrap_or_default();
    let credential = Credential {
        access_key_id: format!("ASIA{}", random::text(16).to_ascii_uppercase()),
        secret: random::text(40),
        principal: format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{}", asked.session_name),
        session: Some(Session {
            token: random::text(320),
            ends,
        }),
    };
    keyring.add(credential.clone());
    Ok(Given {
        credential,
        session_name: asked.session_name.to_owned(),
    })
}
