//! What calls share, and what each has for itself.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::credential::azure_credential;
use crate::error_chain::error_chain;
use crate::limits::{Budget, Pacer};
use crate::model::{ApiCenterId, Entity, ErrorCode, Integration, Problem, Requests, VaultHosts};
use crate::settings::Settings;
use crate::source::{AwsCredentials, Gateway, Transport, Vault};
use crate::target::{ApiCenter, Catalog};

use super::clock::now;

/// Amazon calls that may come at once: half of a second's worth more than the default rate, a quarter of Amazon's burst.
const GATEWAY_BURST: u32 = 10;
/// Longest time for what is done after the budget has ended: the outcome, and taking back. HTTP is cut 30 s after it.
const EPILOGUE: Duration = Duration::from_secs(15);

/// The connections and request budgets of this process.
#[derive(Debug)]
pub(super) struct Clouds {
    pub resource_id: ApiCenterId,
    pub vault_hosts: VaultHosts,
    api_center: ApiCenter,
    vault: Vault,
    transport: Transport,
    gateway_rate: f64,
    /// By region and access key: that is as near to an account's quota as can be told without asking who it is.
    gateway_pacers: Mutex<HashMap<(String, String), Arc<Pacer>>>,
}

impl Clouds {
    /// Prepares the connections; nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self, Problem> {
        let credential = azure_credential(settings.client_id.as_deref(), settings.managed_identity)
            .map_err(|error| Problem::new(ErrorCode::InternalError, error_chain(&error)))?;
        let api_center = ApiCenter::new(
            &settings.resource_manager_url,
            settings.resource_id.clone(),
            Arc::clone(&credential),
            settings.arm_rates,
        )
        .map_err(|error| error.problem())?;
        Ok(Self {
            resource_id: settings.resource_id.clone(),
            vault_hosts: settings.vault_hosts.clone(),
            api_center,
            vault: Vault::new(credential),
            transport: Transport::new(),
            gateway_rate: settings.aws_requests_per_second,
            gateway_pacers: Mutex::default(),
        })
    }

    fn gateway_pacer(&self, integration: &Integration) -> Arc<Pacer> {
        let key = (integration.region.to_string(), integration.access_key.to_string());
        let mut pacers = self.gateway_pacers.lock().unwrap_or_else(PoisonError::into_inner);
        let burst = NonZeroU32::new(GATEWAY_BURST).unwrap_or(NonZeroU32::MIN);
        let pacer = pacers
            .entry(key)
            .or_insert_with(|| Arc::new(Pacer::new(self.gateway_rate, burst)));
        Arc::clone(pacer)
    }
}

/// One call's work: its time and its requests.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub clouds: &'a Clouds,
    pub budget: Budget,
    pub started: OffsetDateTime,
    epilogue: OnceLock<Budget>,
    aws: Arc<AtomicU64>,
    azure: Arc<AtomicU64>,
}

impl<'a> Session<'a> {
    pub fn new(clouds: &'a Clouds, budget: &Budget) -> Self {
        Self {
            clouds,
            budget: budget.clone(),
            started: now(),
            epilogue: OnceLock::new(),
            aws: Arc::default(),
            azure: Arc::default(),
        }
    }

    /// The catalog, for as long as the call may take.
    pub fn catalog(&self) -> Catalog {
        self.catalog_within(self.budget.clone())
    }

    /// The catalog, for what must be done even when the time is up.
    pub fn catalog_for_epilogue(&self) -> Catalog {
        self.catalog_within(self.epilogue())
    }

    /// The time for what must be done even when the time is up; it begins when it is first asked for.
    pub fn epilogue(&self) -> Budget {
        self.epilogue.get_or_init(|| self.budget.renewed(EPILOGUE)).clone()
    }

    pub fn catalog_within(&self, budget: Budget) -> Catalog {
        self.clouds.api_center.catalog(budget, Arc::clone(&self.azure))
    }

    /// Reads both secrets and makes a client of the gateway; nothing is sent to Amazon yet.
    pub async fn gateway(&self, integration: &Integration) -> Result<Gateway, Problem> {
        let read = |identifier| self.clouds.vault.read(identifier, &self.budget);
        let (access_key_id, secret_access_key) =
            tokio::try_join!(read(&integration.access_key), read(&integration.secret_access_key))
                .map_err(|error| error.problem())?;
        let credentials = AwsCredentials::new(access_key_id, secret_access_key);
        let pacer = self.clouds.gateway_pacer(integration);
        let (transport, aws) = (&self.clouds.transport, Arc::clone(&self.aws));
        Ok(Gateway::connect(
            transport,
            &integration.region,
            credentials,
            pacer,
            aws,
            self.budget.clone(),
        )
        .await)
    }

    /// All environments of the catalog.
    pub async fn environments(&self) -> Result<Vec<Entity>, Problem> {
        self.catalog().environments().await.map_err(|error| error.problem())
    }

    /// What was sent so far.
    pub fn requests(&self) -> Requests {
        Requests {
            aws: self.aws.load(Ordering::Relaxed),
            azure: self.azure.load(Ordering::Relaxed),
        }
    }
}
