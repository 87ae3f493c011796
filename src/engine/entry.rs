//! The engine: the app's calls, behind one value.

use std::sync::Arc;

use time::OffsetDateTime;

use super::flights::Flights;
use crate::catalog::settings::{Registration, find};
use crate::model::{Integration, IntegrationName, IntegrationState, Problem};
use crate::run::{Clock, Clouds, Meter, Session};
use crate::settings::Settings;

/// The app's calls, behind one value.
#[derive(Debug)]
pub struct Engine {
    pub(super) clouds: Arc<Clouds>,
    pub(super) flights: Flights,
}

impl Engine {
    /// Prepares the connections and sends nothing.
    ///
    /// # Errors
    /// If there is no trusted certificate, or the host's kind of managed identity is not supported.
    pub fn new(settings: &Settings) -> Result<Self, Problem> {
        Self::with_clock(settings, Clock::SYSTEM)
    }

    /// Same as [`Engine::new`], with another clock.
    ///
    /// # Errors
    /// Same as [`Engine::new`].
    pub fn with_clock(settings: &Settings, clock: Clock) -> Result<Self, Problem> {
        Ok(Self {
            clouds: Arc::new(Clouds::new(settings, clock)?),
            flights: Flights::default(),
        })
    }

    /// The time by the engine's clock.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clouds.clock.now()
    }

    /// The progress of the newest call.
    #[must_use]
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.clouds.meter)
    }

    /// The integration's environment, if there is one.
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

    /// The integration's environment, unless the integration is being deleted.
    pub(super) async fn active(&self, session: &Session, name: &IntegrationName) -> Result<Registration, Problem> {
        let registration = self.find(session, name).await?;
        let registration = registration.ok_or_else(|| Problem::integration_not_found(name))?;
        match registration.state {
            IntegrationState::Active => Ok(registration),
            IntegrationState::Deleting => Err(Problem::integration_deleting(name)),
        }
    }
}

/// The integration, if its stored settings are valid.
pub(super) fn usable(registration: &Registration) -> Result<&Integration, Problem> {
    registration.integration.as_ref().map_err(Clone::clone)
}
