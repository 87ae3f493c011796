//! Why the work on an API ended early.

use tokio::time::Instant;

use futures::FutureExt;

use crate::aws::{GatewayError, RoleError};
use crate::azure::CatalogError;
use crate::error_chain::error_chain;
use crate::model::{EntityPath, Problem};
use crate::panics::{Panicked, caught};

/// Why the work on an API ended early.
#[derive(Debug, thiserror::Error)]
pub enum Interruption {
    /// The time budget is used up.
    #[error("there was no time left")]
    OutOfTime,
    /// Consecutive refusals have ended the work on the gateway.
    #[error("the work on this gateway ended before it started")]
    GivenUp,
    /// Another call has changed or deleted the integration: this run's desired state is outdated.
    #[error("the integration was changed or deleted meanwhile")]
    Superseded,
    /// The catalog has no room for another entity of this kind.
    #[error("{0}")]
    NoRoom(String),
    /// A write or read was refused.
    #[error(transparent)]
    Catalog(CatalogError),
    /// AWS gave no usable response.
    #[error(transparent)]
    Gateway(GatewayError),
    /// The work on it panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// An entity to be changed is no longer ours.
    #[error("{0} is no longer this integration's: somebody else changed its marker")]
    NotOurs(EntityPath),
    /// The gateway still has what a list of this run lacks.
    #[error("{0} still exists in AWS although this run's list lacks it, so it stays")]
    NotGone(String),
}

impl From<CatalogError> for Interruption {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::OutOfTime { .. } => Self::OutOfTime,
            other => Self::Catalog(other),
        }
    }
}

impl From<GatewayError> for Interruption {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::OutOfTime { .. } | GatewayError::Role(RoleError::OutOfTime { .. }) => Self::OutOfTime,
            other => Self::Gateway(other),
        }
    }
}

impl Interruption {
    /// Whether the time ran out: for the request, or for the wait that AWS or Azure asks for.
    #[must_use]
    pub fn is_for_lack_of_time(&self) -> bool {
        match self {
            Self::OutOfTime => true,
            Self::GivenUp
            | Self::Superseded
            | Self::NoRoom(_)
            | Self::NotOurs(_)
            | Self::NotGone(_)
            | Self::Panicked(_) => false,
            Self::Catalog(error) => matches!(error, CatalogError::Throttled { .. }),
            Self::Gateway(error) => error.is_for_lack_of_time(),
        }
    }

    /// Whether the work is only put off: the next run continues it.
    #[must_use]
    pub fn is_put_off(&self) -> bool {
        self.is_for_lack_of_time() || matches!(self, Self::GivenUp | Self::Superseded)
    }

    /// Whether the account or the identity is refused as a whole.
    #[must_use]
    pub fn is_account_wide(&self) -> bool {
        match self {
            Self::Catalog(error) => error.is_account_wide(),
            Self::Gateway(error) => error.is_account_wide(),
            Self::OutOfTime
            | Self::GivenUp
            | Self::Superseded
            | Self::NoRoom(_)
            | Self::NotOurs(_)
            | Self::NotGone(_)
            | Self::Panicked(_) => false,
        }
    }

    /// What to wait for, if a throttle outlasts the time.
    #[must_use]
    pub fn wait(&self) -> Option<Wait> {
        let problem = self.problem().filter(|_| self.is_for_lack_of_time())?;
        Some(Wait {
            why: error_chain(self),
            until: problem.retry_after.map(|after| Instant::now() + after),
        })
    }

    /// The problem to report to callers, if it is an error.
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        match self {
            Self::OutOfTime
            | Self::GivenUp
            | Self::Superseded
            | Self::NoRoom(_)
            | Self::NotOurs(_)
            | Self::NotGone(_) => None,
            Self::Catalog(error) => Some(error.problem()),
            Self::Gateway(error) => Some(error.problem()),
            Self::Panicked(panicked) => Some((*panicked).into()),
        }
    }
}

/// Does part of the work on one API. A panic interrupts only this API.
pub(super) fn guarded<T>(
    work: impl Future<Output = Result<T, Interruption>>,
) -> impl Future<Output = Result<T, Interruption>> {
    caught(work).map(|result| result.unwrap_or_else(|panicked| Err(panicked.into())))
}

/// Why something remains, beyond the time limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// For people.
    pub why: String,
    /// Until when the same call cannot continue.
    pub until: Option<Instant>,
}
