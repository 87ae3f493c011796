//! Shared by the steps with I/O: connections, the time budget, and limits on memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::Semaphore;

use super::interruption::Interruption;
use super::meter::Meter;
use super::session::Clouds;
use crate::aws::GatewayClient;
use crate::azure::Catalog;
use crate::catalog::settings::{Held, Registration};
use crate::limits::Budget;
use crate::model::{EntityPath, Gateway, IntegrationName, IntegrationState};

/// The connections, budget and limits of one run.
#[derive(Debug)]
pub struct Hands {
    /// API Center, for the duration of the run.
    pub catalog: Catalog,
    /// The gateways' clients.
    clients: HashMap<Gateway, Arc<GatewayClient>>,
    /// The time budget.
    pub budget: Budget,
    /// Permits to hold a definition in memory.
    pub definitions: Arc<Semaphore>,
    /// Counts the finished APIs.
    pub meter: Arc<Meter>,
    /// Watches whether the integration is still the same.
    pub watch: Watch,
    /// Why the catalog is full, once it has said so.
    full: Mutex<Option<String>>,
}

impl Hands {
    /// Gathers them.
    pub fn new(
        catalog: Catalog,
        clients: HashMap<Gateway, Arc<GatewayClient>>,
        budget: Budget,
        clouds: &Clouds,
        watch: Watch,
    ) -> Self {
        Self {
            catalog,
            clients,
            budget,
            definitions: Arc::clone(&clouds.definitions),
            meter: Arc::clone(&clouds.meter),
            watch,
            full: Mutex::default(),
        }
    }

    /// The client of a gateway.
    ///
    /// # Errors
    /// If there is none: then nothing of the gateway is worked on.
    pub fn client(&self, gateway: &Gateway) -> Result<&GatewayClient, Interruption> {
        self.clients.get(gateway).map(Arc::as_ref).ok_or(Interruption::GivenUp)
    }

    /// Why no further work may begin, if so: Azure refuses the identity, or another call has changed the integration.
    pub fn refusal(&self) -> Option<String> {
        let refused = self.catalog.refusal();
        refused.or_else(|| self.watch.ending().map(|_| Interruption::Superseded.to_string()))
    }

    /// Why no further work may begin on a gateway, if so: AWS refuses the account, or no work may begin at all.
    pub fn refusal_on(&self, gateway: &Gateway) -> Option<String> {
        let client = self.clients.get(gateway);
        client.and_then(|client| client.refusal()).or_else(|| self.refusal())
    }

    /// The gateways that refuse the account, with the refusals.
    pub fn refusals(&self) -> BTreeMap<Gateway, String> {
        let clients = self.clients.iter();
        let refused = clients.filter_map(|(gateway, client)| Some((gateway.clone(), client.refusal()?)));
        refused.collect()
    }

    /// Why the catalog is full, once it has said so, so that it is not asked a thousand times.
    pub fn full(&self) -> Option<String> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records that the catalog is full.
    pub fn set_full(&self, message: String) {
        *self.full.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
    }
}

/// Checks that the environment still holds the integration as it was when the run began.
///
/// Runs in two processes overlap every day without knowing of each other: only the environment tells.
#[derive(Debug)]
pub struct Watch {
    name: IntegrationName,
    environment: EntityPath,
    settings: String,
    ending: OnceLock<Ending>,
}

/// How the integration changed during the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It has left its environment, or is being deleted.
    Gone,
    /// Another call has given it other settings.
    Changed,
}

impl Watch {
    /// Watches an integration.
    pub fn new(registration: &Registration) -> Self {
        Self {
            name: registration.name.clone(),
            environment: EntityPath::Environment(registration.environment.name.clone()),
            settings: registration.settings().to_owned(),
            ending: OnceLock::new(),
        }
    }

    /// How the integration changed, as far as is known.
    pub fn ending(&self) -> Option<Ending> {
        self.ending.get().copied()
    }

    /// Checks before a write.
    ///
    /// # Errors
    /// If the run must stop, or the environment cannot be read.
    pub async fn look(&self, catalog: &Catalog) -> Result<(), Interruption> {
        if self.ending().is_none() {
            let found = catalog.get(&self.environment).await?;
            let held = found.as_ref().and_then(|found| Held::of(&found.properties));
            self.see(held);
        }
        match self.ending() {
            Some(_) => Err(Interruption::Superseded),
            None => Ok(()),
        }
    }

    /// Checks the environment's content as read elsewhere; returns how the integration changed, if it did.
    pub fn see(&self, held: Option<Held<'_>>) -> Option<Ending> {
        let held = held.filter(|held| held.name().as_ref() == Some(&self.name));
        let ending = match held {
            None => Some(Ending::Gone),
            Some(held) if held.state() == IntegrationState::Deleting => Some(Ending::Gone),
            Some(held) if held.settings().unwrap_or_default() != self.settings => Some(Ending::Changed),
            Some(_) => None,
        };
        if let Some(ending) = ending {
            // The first one counts.
            let _ = self.ending.set(ending);
        }
        ending
    }
}
