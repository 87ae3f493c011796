//! AWS Security Token Service: temporary credentials for a role, in exchange for an access key or a token of Azure's.

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
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::config::Builder;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

pub use self::caller::account_of;
pub use self::error::RoleError;
use self::plug::NoBlindRetries;
use self::session_name::session_name;
pub use self::web_identity::WebIdentity;
use super::access_key::AccessKey;
use super::connection::AwsConnection;
use crate::limits::Budget;
use crate::model::{ExternalId, IntegrationName, Region, RoleArn};

/// How long before their end credentials are renewed: longer than an operation that was begun with them can last.
const RENEWAL: Duration = Duration::from_mins(5);
/// How long a failure is told to all who ask: an account that denies its role has many regions, and a role that others are assumed
/// with has hundreds of those.
const FAILURE_KEPT: Duration = Duration::from_secs(30);

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
    /// A session of another role that may take on this one (`AssumeRole`).
    Role {
        /// The other role.
        hub: AssumedRole,
        /// What the role's owner wants to be told.
        external_id: Option<ExternalId>,
    },
}

/// A role that is assumed when it is needed first, and again before its credentials end. Clones share it.
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
    /// Permits for an exchange, of the whole process.
    exchanges: Arc<Semaphore>,
    /// Locked while the role is assumed, so that all who wait for credentials ask for them once.
    outcome: Mutex<Outcome>,
}

/// What came of the last exchange.
enum Outcome {
    /// There was none, or nothing of use came of it.
    Nothing,
    Session(Credentials),
    Failure(RoleError, Instant),
}

impl AssumedRole {
    /// Prepares the exchange; nothing is sent yet. The session is named for the integration.
    ///
    /// Requests go to the endpoint of the connection's region, unless the SDK's own `AWS_ENDPOINT_URL_STS` or
    /// `AWS_ENDPOINT_URL` says otherwise.
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

    /// The access key that it is assumed with in the end, if that is how.
    pub(super) fn key(&self) -> Option<&AccessKey> {
        match &self.0.proof {
            Proof::AccessKey { key, .. } => Some(key),
            Proof::WebIdentity(_) => None,
            Proof::Role { hub, .. } => hub.key(),
        }
    }

    /// Credentials that are good for some minutes at least. Whoever asks shortly after a failure is told the same.
    ///
    /// # Errors
    /// When the role cannot be assumed.
    pub(super) async fn current(&self) -> Result<Credentials, RoleError> {
        let mut outcome = self.0.outcome.lock().await;
        #[expect(
            clippy::disallowed_methods,
            reason = "credentials have an end, which only the clock tells"
        )]
        let now = SystemTime::now();
        match &*outcome {
            Outcome::Session(kept) if kept.expiry().is_some_and(|end| end > now + RENEWAL) => return Ok(kept.clone()),
            Outcome::Failure(error, end) if Instant::now() < *end => return Err(error.clone()),
            Outcome::Nothing | Outcome::Session(_) | Outcome::Failure(..) => (),
        }
        let given = self.0.assume().await;
        *outcome = match &given {
            Ok(credentials) => Outcome::Session(credentials.clone()),
            // Somebody else may have more of it.
            Err(RoleError::OutOfTime { .. }) => Outcome::Nothing,
            Err(error) => Outcome::Failure(error.clone(), Instant::now() + FAILURE_KEPT),
        };
        given
    }

    /// Gives up credentials that Amazon says are good no longer, unless there are others already.
    pub(super) async fn discard(&self, stale: &Credentials) {
        let mut outcome = self.0.outcome.lock().await;
        if matches!(&*outcome, Outcome::Session(kept) if kept == stale) {
            *outcome = Outcome::Nothing;
        }
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
