//! Why the work on an API ended before its end.

use tokio::time::Instant;

use futures::FutureExt;

use crate::aws::{GatewayError, RoleError};
use crate::azure::CatalogError;
use crate::error_chain::error_chain;
use crate::model::{EntityPath, Problem};
use crate::panics::{Panicked, caught};

/// Why the work on an API ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Interruption {
    /// The time budget is used up.
    #[error("there was no time left")]
    OutOfTime,
    /// Refusals in a row have ended the work on the gateway before.
    #[error("the work on this gateway ended before it started")]
    GivenUp,
    /// Another call has changed or deleted the integration: this run is not about what is wanted now.
    #[error("the integration was changed or deleted meanwhile")]
    Superseded,
    /// The catalog has no room for another entity of this kind.
    #[error("{0}")]
    NoRoom(String),
    /// A write or read was refused.
    #[error(transparent)]
    Catalog(CatalogError),
    /// Amazon gave no answer to work with.
    #[error(transparent)]
    Gateway(GatewayError),
    /// The work on it panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// An entity that was to be changed is no longer ours.
    #[error("{0} is no longer this integration's: somebody else changed its marker")]
    NotOurs(EntityPath),
    /// What was to go because a list of this run lacks it is on the gateway.
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
    /// Whether there was no time for it: neither for the request nor for the wait that Amazon or Azure ask for.
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

    /// Whether the work is only put off: the next run goes on with it.
    #[must_use]
    pub fn is_put_off(&self) -> bool {
        self.is_for_lack_of_time() || matches!(self, Self::GivenUp | Self::Superseded)
    }

    /// Whether the account or the identity is refused, whatever it is about.
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

    /// What to wait for, where a throttle outlasts the time that there is.
    #[must_use]
    pub fn wait(&self) -> Option<Wait> {
        let problem = self.problem().filter(|_| self.is_for_lack_of_time())?;
        Some(Wait {
            why: error_chain(self),
            until: problem.retry_after.map(|after| Instant::now() + after),
        })
    }

    /// What callers are told, where it is somebody's fault.
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

/// Does a piece of the work on one API. A panic in it is an interruption like any other, so that the other APIs go on.
pub(super) fn guarded<T>(
    work: impl Future<Output = Result<T, Interruption>>,
) -> impl Future<Output = Result<T, Interruption>> {
    caught(work).map(|result| result.unwrap_or_else(|panicked| Err(panicked.into())))
}

/// Why something remains, if not only because the time ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// For people.
    pub why: String,
    /// Until when the same call would come no further.
    pub until: Option<Instant>,
}
