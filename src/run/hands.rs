//! What the steps with I/O have in their hands: connections, the time, and how much may be held at once.

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

/// What the steps of one run have in their hands.
#[derive(Debug)]
pub struct Hands {
    /// API Center, for as long as the run may take.
    pub catalog: Catalog,
    /// Amazon's gateways.
    clients: HashMap<Gateway, Arc<GatewayClient>>,
    /// The time that there is.
    pub budget: Budget,
    /// Permits to hold a definition in memory.
    pub definitions: Arc<Semaphore>,
    /// Counts the APIs that are done.
    pub meter: Arc<Meter>,
    /// Whether the run is still about what is wanted.
    pub watch: Watch,
    /// Why the catalog has no room for another API, once it has said so.
    full: Mutex<Option<String>>,
}

impl Hands {
    /// Takes everything in hand.
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
    /// When there is none: then nothing of the gateway is worked on.
    pub fn client(&self, gateway: &Gateway) -> Result<&GatewayClient, Interruption> {
        self.clients.get(gateway).map(Arc::as_ref).ok_or(Interruption::GivenUp)
    }

    /// Why nothing more is to be begun, if so: Azure refuses the identity, or another call has changed the integration.
    pub fn refusal(&self) -> Option<String> {
        let refused = self.catalog.refusal();
        refused.or_else(|| self.watch.ending().map(|_| Interruption::Superseded.to_string()))
    }

    /// Why nothing more is to be begun on a gateway, if so: Amazon refuses the account, or nothing is to be begun at all.
    pub fn refusal_on(&self, gateway: &Gateway) -> Option<String> {
        let client = self.clients.get(gateway);
        client.and_then(|client| client.refusal()).or_else(|| self.refusal())
    }

    /// The gateways that refuse the account, and how.
    pub fn refusals(&self) -> BTreeMap<Gateway, String> {
        let clients = self.clients.iter();
        let refused = clients.filter_map(|(gateway, client)| Some((gateway.clone(), client.refusal()?)));
        refused.collect()
    }

    /// Why the catalog has no room for another API, once it has said so: it is not asked a thousand times.
    pub fn full(&self) -> Option<String> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the catalog has no room for another API.
    pub fn set_full(&self, message: String) {
        *self.full.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
    }
}

/// Looks whether the environment still holds the integration as it was when the run began.
///
/// Runs in two processes overlap every day, and neither knows of the other: the environment tells.
#[derive(Debug)]
pub struct Watch {
    name: IntegrationName,
    environment: EntityPath,
    settings: String,
    ending: OnceLock<Ending>,
}

/// How the integration is no longer what the run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is gone from its environment, or going.
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

    /// How the integration is no longer what the run is about, as far as was seen.
    pub fn ending(&self) -> Option<Ending> {
        self.ending.get().copied()
    }

    /// Looks, before something is written.
    ///
    /// # Errors
    /// When the run is to stop, or the environment cannot be read.
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

    /// Takes what the environment holds, as somebody else has read it; says whether the run is still about that.
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
