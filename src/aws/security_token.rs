//! AWS Security Token Service: temporary credentials for a role, in exchange for an access key or an Azure token.

mod caller;
mod claims;
mod error;
mod exchange;
mod plug;
mod session_name;
#[cfg(test)]
mod tests;
mod web_identity;

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::config::Builder;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinError;
use tokio::time::Instant;
use tracing::Instrument as _;

pub use self::caller::account_of;
pub use self::error::RoleError;
use self::plug::NoBlindRetries;
use self::session_name::session_name;
pub use self::web_identity::WebIdentity;
use super::access_key::AccessKey;
use super::connection::AwsConnection;
use crate::limits::Budget;
use crate::model::{ExternalId, IntegrationName, Region, RoleArn};

/// How long before their expiry credentials are renewed: longer than any operation with them can last.
const RENEWAL: Duration = Duration::from_mins(5);
/// How long a failure is cached: an account that denies its role has many regions, and a hub role has hundreds of
/// member roles.
const FAILURE_KEPT: Duration = Duration::from_secs(30);

/// The proof for Security Token Service.
#[derive(Debug)]
pub enum Proof {
    /// An access key whose user may assume the role (`AssumeRole`).
    AccessKey {
        /// The access key.
        key: AccessKey,
        /// The external id that the role's trust policy requires.
        external_id: Option<ExternalId>,
    },
    /// A token of the app's Azure identity, which the role's account trusts (`AssumeRoleWithWebIdentity`).
    WebIdentity(WebIdentity),
    /// A session of another role that may assume this one (`AssumeRole`).
    Role {
        /// The other role.
        hub: AssumedRole,
        /// The external id that the role's trust policy requires.
        external_id: Option<ExternalId>,
    },
}

/// A role, assumed on first use and again before its credentials expire. Clones share it.
#[derive(Clone)]
pub struct AssumedRole(Arc<Inner>);

struct Inner {
    /// Without credentials: those of another role change.
    config: Builder,
    role: RoleArn,
    region: Region,
    session_name: String,
    proof: Proof,
    budget: Budget,
    /// Permits for an exchange, for the whole process.
    exchanges: Arc<Semaphore>,
    /// Locked during the exchange, so that all who wait share one.
    outcome: Mutex<Outcome>,
}

/// The outcome of the last exchange.
enum Outcome {
    /// None yet, or nothing worth keeping.
    Nothing,
    Session(Credentials),
    Failure(RoleError, Instant),
}

impl Outcome {
    /// Itself, while it is new enough.
    fn kept(&self) -> Option<Result<Credentials, RoleError>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "credentials have an end, which only the clock tells"
        )]
        let now = SystemTime::now();
        match self {
            Self::Session(kept) if kept.expiry().is_some_and(|end| end > now + RENEWAL) => Some(Ok(kept.clone())),
            Self::Failure(error, end) if Instant::now() < *end => Some(Err(error.clone())),
            Self::Nothing | Self::Session(_) | Self::Failure(..) => None,
        }
    }
}

impl AssumedRole {
    /// Prepares the exchange and sends nothing. The session is named after the integration.
    ///
    /// Requests go to the endpoint of the connection's region, unless `AWS_ENDPOINT_URL_STS` or `AWS_ENDPOINT_URL` says
    /// otherwise.
    #[must_use]
    pub fn new(connection: &AwsConnection, role: RoleArn, integration: &IntegrationName, proof: Proof) -> Self {
        Self(Arc::new(Inner {
            config: Builder::from(&connection.config).retry_classifier(NoBlindRetries),
            role,
            region: connection.region.clone(),
            session_name: session_name(integration),
            proof,
            budget: connection.budget.clone(),
            exchanges: Arc::clone(&connection.exchanges),
            outcome: Mutex::new(Outcome::Nothing),
        }))
    }

    /// The role.
    #[must_use]
    pub fn arn(&self) -> &RoleArn {
        &self.0.role
    }

    /// The access key at the end of the chain, if there is one.
    pub(super) fn key(&self) -> Option<&AccessKey> {
        match &self.0.proof {
            Proof::AccessKey { key, .. } => Some(key),
            Proof::WebIdentity(_) => None,
            Proof::Role { hub, .. } => hub.key(),
        }
    }

    /// Credentials that are valid for some minutes at least. Shortly after a failure, returns the same failure.
    ///
    /// # Errors
    /// If the role cannot be assumed.
    pub(super) async fn current(&self) -> Result<Credentials, RoleError> {
        if let Some(kept) = self.0.outcome.lock().await.kept() {
            return kept;
        }
        // The exchange goes on if this caller gives up: others need it, too.
        let inner = Arc::clone(&self.0);
        let renewing = tokio::spawn(async move { inner.renew().await }.in_current_span());
        match renewing.await.map_err(JoinError::try_into_panic) {
            Ok(given) => given,
            Err(Ok(panic)) => resume_unwind(panic),
            // The process ends.
            Err(Err(_)) => Err(RoleError::OutOfTime { call: self.0.call() }),
        }
    }

    /// Drops credentials that AWS says have expired, unless there are newer ones.
    pub(super) async fn discard(&self, stale: &Credentials) {
        let mut outcome = self.0.outcome.lock().await;
        if matches!(&*outcome, Outcome::Session(kept) if kept == stale) {
            *outcome = Outcome::Nothing;
        }
    }
}

impl Inner {
    async fn renew(&self) -> Result<Credentials, RoleError> {
        let mut outcome = self.outcome.lock().await;
        // Somebody else may have been first.
        if let Some(kept) = outcome.kept() {
            return kept;
        }
        let given = self.assume().await;
        *outcome = match &given {
            Ok(credentials) => Outcome::Session(credentials.clone()),
            // Other callers may have more of it.
            Err(RoleError::OutOfTime { .. }) => Outcome::Nothing,
            Err(error) => Outcome::Failure(error.clone(), Instant::now() + FAILURE_KEPT),
        };
        given
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
