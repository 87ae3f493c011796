//! The exchange: retried after throttles, temporary failures, and expiry of the credentials that sign it.

use std::error::Error;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::{Client, types};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::error::{Exchange, RoleError, is_about_the_provider, redact};
use super::{AssumedRole, Inner, Proof};
use crate::aws::connection::{Backoff, Call, error_code, is_expired, message};
use crate::model::{ExternalId, claims, fault_of_line};

/// Waits before retries after a failure at the identity provider: three attempts in all.
const PROVIDER_WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// How long after the first such attempt another may start.
const PROVIDER_TIME: Duration = Duration::from_secs(10);

/// A failed exchange.
struct Failure {
    error: RoleError,
    again: Again,
}

/// When to retry.
enum Again {
    Never,
    /// Not before the time that AWS asks for.
    Throttled(Option<Duration>),
    /// Soon: AWS could not reach the identity provider.
    Soon,
    /// Immediately, once, with new credentials: those that signed it have expired.
    Renewed,
}

impl From<RoleError> for Failure {
    fn from(error: RoleError) -> Self {
        let again = match &error {
            RoleError::Throttled { retry_after, .. } => Again::Throttled(*retry_after),
            RoleError::Refused { .. }
            | RoleError::RegionDisabled { .. }
            | RoleError::AudienceRefused { .. }
            | RoleError::AuthenticationFailed { .. }
            | RoleError::NoToken { .. }
            | RoleError::Unavailable { .. }
            | RoleError::OutOfTime { .. } => Again::Never,
        };
        Self { error, again }
    }
}

impl Failure {
    fn of_sdk<E>(error: &SdkError<E, HttpResponse>, told: RoleError) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if is_expired(error_code(error)) {
            Self {
                error: told,
                again: Again::Renewed,
            }
        } else if is_about_the_provider(error_code(error), &message(error)) {
            Self {
                error: told,
                again: Again::Soon,
            }
        } else {
            told.into()
        }
    }
}

impl Inner {
    /// Repeats the exchange until there are credentials, a retry is useless, or the time runs out.
    pub(super) async fn assume(&self) -> Result<Credentials, RoleError> {
        let (began, mut backoff) = (Instant::now(), Backoff::default());
        let mut provider_waits = PROVIDER_WAITS.into_iter();
        // Other proofs cannot be renewed here.
        let mut renewals = 0..usize::from(matches!(self.proof, Proof::Role { .. }));
        loop {
            let Failure { error, again } = match self.attempt().await {
                Ok(credentials) => return Ok(credentials),
                Err(failure) => failure,
            };
            let delay = match again {
                Again::Never => None,
                Again::Throttled(asked) => Some(backoff.next(asked)),
                Again::Soon => provider_waits
                    .next()
                    .filter(|wait| began.elapsed() + *wait <= PROVIDER_TIME),
                Again::Renewed => renewals.next().map(|_| Duration::ZERO),
            };
            let Some(delay) = delay else {
                return Err(error);
            };
            if !self.budget.wait(delay).await {
                return Err(error.again_after(delay));
            }
        }
    }

    async fn attempt(&self) -> Result<Credentials, Failure> {
        let call = self.call();
        let out_of_time = || RoleError::OutOfTime { call: call.clone() };
        if self.budget.is_spent() {
            return Err(out_of_time().into());
        }
        let given = tokio::select! {
            given = self.exchange(&call) => given?,
            () = self.budget.spent() => return Err(out_of_time().into()),
        };
        given.and_then(credentials).ok_or_else(|| {
            let message = "the response has no usable credentials".to_owned();
            let retry_after = None;
            RoleError::Unavailable {
                call,
                message,
                retry_after,
            }
            .into()
        })
    }

    async fn exchange(&self, call: &Call) -> Result<Option<types::Credentials>, Failure> {
        match &self.proof {
            Proof::AccessKey { key, external_id } => {
                let credentials = key.credentials();
                let exchange = Exchange::Signature {
                    credentials: "the access key".to_owned(),
                    owner: "the access key's user".to_owned(),
                };
                self.by_signature(call, &credentials, &exchange, external_id.as_ref())
                    .await
            }
            Proof::Role { hub, external_id } => {
                // The exchange for the other role has waited already.
                let credentials = current(hub).await.map_err(|error| Failure {
                    error,
                    again: Again::Never,
                })?;
                let exchange = Exchange::Signature {
                    credentials: format!("the temporary credentials of the role {}", hub.arn()),
                    owner: format!("the role {}", hub.arn()),
                };
                let given = self
                    .by_signature(call, &credentials, &exchange, external_id.as_ref())
                    .await;
                if let Err(Failure {
                    again: Again::Renewed, ..
                }) = &given
                {
                    hub.discard(&credentials).await;
                }
                given
            }
            Proof::WebIdentity(identity) => {
                let token = identity.token(call).await?;
                let token = token.expose_secret();
                let request = Client::from_conf(self.config.clone().build())
                    .assume_role_with_web_identity()
                    .role_arn(self.role.as_str())
                    .role_session_name(&self.session_name)
                    .web_identity_token(token);
                // The semaphore is never closed.
                let _permit = self.exchanges.acquire().await;
                let answer = request.send().await.map_err(|error| {
                    let exchange = Exchange::WebIdentity(claims(token));
                    let told = RoleError::of_sdk(call, &exchange, &self.region, &error).without(token);
                    Failure::of_sdk(&error, told)
                })?;
                Ok(answer.credentials)
            }
        }
    }

    async fn by_signature(
        &self,
        call: &Call,
        credentials: &Credentials,
        exchange: &Exchange,
        external_id: Option<&ExternalId>,
    ) -> Result<Option<types::Credentials>, Failure> {
        let config = self.config.clone().credentials_provider(credentials.clone());
        let request = Client::from_conf(config.build())
            .assume_role()
            .role_arn(self.role.as_str())
            .role_session_name(&self.session_name)
            .set_external_id(external_id.map(|id| id.as_str().to_owned()));
        // The semaphore is never closed.
        let _permit = self.exchanges.acquire().await;
        let answer = request.send().await.map_err(|error| {
            let told = RoleError::of_sdk(call, exchange, &self.region, &error);
            Failure::of_sdk(&error, redact(told, credentials))
        })?;
        Ok(answer.credentials)
    }

    pub(super) fn call(&self) -> Call {
        Call {
            operation: match self.proof {
                Proof::AccessKey { .. } | Proof::Role { .. } => "AssumeRole",
                Proof::WebIdentity(_) => "AssumeRoleWithWebIdentity",
            },
            subject: format!("role {}", self.role),
        }
    }
}

/// The credentials of another role: boxed, since that may need yet another one.
fn current(hub: &AssumedRole) -> Pin<Box<dyn Future<Output = Result<Credentials, RoleError>> + Send + '_>> {
    Box::pin(hub.current())
}

/// `None` if their expiry is invalid, or a part does not fit into a header: the SDK would panic.
fn credentials(given: types::Credentials) -> Option<Credentials> {
    let expiration = SystemTime::try_from(given.expiration).ok()?;
    let parts = [&given.access_key_id, &given.secret_access_key, &given.session_token];
    if parts.iter().any(|part| fault_of_line(part).is_some()) {
        return None;
    }
    Some(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        Some(expiration),
        "security-token-service",
    ))
}
