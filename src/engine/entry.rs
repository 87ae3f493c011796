//! The engine: everything this app does, behind one value.

use std::sync::Arc;

use super::flights::Flights;
use crate::catalog::settings::{Registration, find};
use crate::model::{Integration, IntegrationName, IntegrationState, Problem};
use crate::run::{Clock, Clouds, Meter, Session};
use crate::settings::Settings;

/// Everything this app does, behind one value.
#[derive(Debug)]
pub struct Engine {
    pub(super) clouds: Arc<Clouds>,
    pub(super) flights: Flights,
}

impl Engine {
    /// Prepares the connections; nothing is sent yet.
    ///
    /// # Errors
    /// When there is no certificate to trust, or the host's managed identity is of a kind that cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, Problem> {
        Self::with_clock(settings, Clock::SYSTEM)
    }

    /// The same by another clock than the system's.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn with_clock(settings: &Settings, clock: Clock) -> Result<Self, Problem> {
        Ok(Self {
            clouds: Arc::new(Clouds::new(settings, clock)?),
            flights: Flights::default(),
        })
    }

    /// How far the newest call is.
    #[must_use]
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.clouds.meter)
    }

    /// Where an integration is kept, if it is.
    pub(super) async fn find(
        &self,
        session: &Session,
        name: &IntegrationName,
    ) -> Result<Option<Registration>, Problem> {
        let environments = session.environments().await?;
        Ok(find(
            &environments,
            name,
            &self.clouds.resource_id,
            &self.clouds.vault_hosts,
        ))
    }

    /// Where an integration is kept that is to be kept up to date.
    pub(super) async fn active(&self, session: &Session, name: &IntegrationName) -> Result<Registration, Problem> {
        let registration = self.find(session, name).await?;
        let registration = registration.ok_or_else(|| Problem::integration_not_found(name))?;
        match registration.state {
            IntegrationState::Active => Ok(registration),
            IntegrationState::Deleting => Err(Problem::integration_deleting(name)),
        }
    }
}

/// The integration, if what is kept of it can be used.
pub(super) fn usable(registration: &Registration) -> Result<&Integration, Problem> {
    registration.integration.as_ref().map_err(Clone::clone)
}
