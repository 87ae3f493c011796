//! AWS Security Token Service: temporary credentials for a role, in exchange for an access key or a token of Azure's.

mod caller;
mod claims;
mod error;
mod retries;
#[cfg(test)]
mod tests;
mod web_identity;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Builder;
use aws_sdk_sts::types;
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

pub use self::caller::account_of;
pub use self::error::RoleError;
use self::error::{Exchange, redact};
use self::retries::NoThrottledRetries;
pub use self::web_identity::WebIdentity;
use super::access_key::AccessKey;
use super::connection::{AwsConnection, Call};
use crate::limits::Budget;
use crate::model::{ExternalId, IntegrationName, Region, RoleArn, claims, fault_of_line};

/// How long before their end credentials are renewed: longer than an operation that was begun with them can last.
const RENEWAL: Duration = Duration::from_mins(5);

/// What Security Token Service is shown.
#[derive(Debug)]
pub enum Proof {
    /// An access key whose user may take on the role (`AssumeRole`).
    AccessKey {
        /// The access key.
        key: AccessKey,
        /// What the role's owner wants to be told.
        external_id: Option<ExternalId>,
    },
    /// A token of this app's Azure identity, which the role's account trusts (`AssumeRoleWithWebIdentity`).
    WebIdentity(WebIdentity),
}

/// A role that is taken on when it is needed first, and again before its credentials end. Clones share it.
#[derive(Clone)]
pub struct AssumedRole(Arc<Inner>);

struct Inner {
    client: Client,
    role: RoleArn,
    region: Region,
    session_name: String,
    proof: Proof,
    budget: Budget,
    /// Locked while the role is assumed, so that all who wait for credentials ask for them once.
    credentials: Mutex<Option<Credentials>>,
}

impl AssumedRole {
    /// Prepares the exchange; nothing is sent yet. The session is named as the integration.
    ///
    /// Requests go to the endpoint of the connection's region, unless the SDK's own `AWS_ENDPOINT_URL_STS` or
    /// `AWS_ENDPOINT_URL` says otherwise.
    #[must_use]
    pub fn new(connection: &AwsConnection, role: RoleArn, integration: &IntegrationName, proof: Proof) -> Self {
        let mut config = Builder::from(&connection.config).retry_classifier(NoThrottledRetries);
        if let Proof::AccessKey { key, .. } = &proof {
            config = config.credentials_provider(key.credentials());
        }
        Self(Arc::new(Inner {
            client: Client::from_conf(config.build()),
            role,
            region: connection.region.clone(),
            session_name: integration.to_string(),
            proof,
            budget: connection.budget.clone(),
            credentials: Mutex::default(),
        }))
    }

    /// The role.
    #[must_use]
    pub fn arn(&self) -> &RoleArn {
        &self.0.role
    }

    /// The access key that it is taken on with, if that is how.
    pub(super) fn key(&self) -> Option<&AccessKey> {
        match &self.0.proof {
            Proof::AccessKey { key, .. } => Some(key),
            Proof::WebIdentity(_) => None,
        }
    }

    /// Credentials that are good for some minutes at least.
    ///
    /// # Errors
    /// When the role cannot be taken on.
    pub(super) async fn current(&self) -> Result<Credentials, RoleError> {
        let mut kept = self.0.credentials.lock().await;
        #[expect(
            clippy::disallowed_methods,
            reason = "credentials have an end, which only the clock tells"
        )]
        let now = SystemTime::now();
        let is_good = |kept: &Credentials| kept.expiry().is_some_and(|end| end > now + RENEWAL);
        if let Some(credentials) = kept.as_ref().filter(|kept| is_good(kept)) {
            return Ok(credentials.clone());
        }
        Ok(kept.insert(self.0.assume().await?).clone())
    }
}

impl fmt::Debug for AssumedRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AssumedRole")
            .field("role", &self.0.role)
            .finish_non_exhaustive()
    }
}

impl Inner {
    async fn assume(&self) -> Result<Credentials, RoleError> {
        let call = self.call();
        let out_of_time = || RoleError::OutOfTime { call: call.clone() };
        if self.budget.is_spent() {
            return Err(out_of_time());
        }
        let given = tokio::select! {
            given = self.exchange(&call) => given?,
            () = self.budget.spent() => return Err(out_of_time()),
        };
        given.and_then(credentials).ok_or_else(|| RoleError::Unavailable {
            call,
            message: "the answer has no credentials that can be used".to_owned(),
            retry_after: None,
        })
    }

    async fn exchange(&self, call: &Call) -> Result<Option<types::Credentials>, RoleError> {
        match &self.proof {
            Proof::AccessKey { key, external_id } => {
                let request = self.client.assume_role().role_arn(self.role.as_str());
                let request = request
                    .role_session_name(&self.session_name)
                    .set_external_id(external_id.as_ref().map(|id| id.as_str().to_owned()));
                let answer = request.send().await.map_err(|error| {
                    let error = RoleError::of_sdk(call, &Exchange::AccessKey, &self.region, &error);
                    redact(error, &key.credentials())
                })?;
                Ok(answer.credentials)
            }
            Proof::WebIdentity(identity) => {
                let token = identity.token(call).await?;
                let request = self
                    .client
                    .assume_role_with_web_identity()
                    .role_arn(self.role.as_str())
                    .role_session_name(&self.session_name)
                    .web_identity_token(token.expose_secret());
                let answer = request.send().await.map_err(|error| {
                    let exchange = Exchange::WebIdentity(claims(token.expose_secret()));
                    RoleError::of_sdk(call, &exchange, &self.region, &error).without(token.expose_secret())
                })?;
                Ok(answer.credentials)
            }
        }
    }

    fn call(&self) -> Call {
        Call {
            operation: match self.proof {
                Proof::AccessKey { .. } => "AssumeRole",
                Proof::WebIdentity(_) => "AssumeRoleWithWebIdentity",
            },
            subject: format!("role {}", self.role),
        }
    }
}

/// `None` when their end is no time, or a part does not fit into a header: the SDK would panic.
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
