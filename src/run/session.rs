//! What calls share and what each has: connections, budgets and the clock.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use time::OffsetDateTime;
use tokio::sync::{OnceCell, Semaphore};

use crate::aws::{AwsConnection, Transport, WebIdentity};
use crate::azure::Vault;
use crate::azure::credential::azure_credential;
use crate::azure::{ApiCenter, Catalog};
use crate::error_chain::error_chain;
use crate::limits::{Budget, Kept, Pacer, Traffic};
use crate::model::{AccountId, ApiCenterId, Entity, ErrorCode, Problem, Region, Requests, VaultHosts};
use crate::settings::Settings;
use crate::trust::check_trust;

use super::clock::Clock;
use super::meter::Meter;

/// Burst of AWS calls: two seconds' worth of the default rate, a quarter of the burst that AWS allows.
const GATEWAY_BURST: u32 = 10;
/// Unused pacers that are kept: the gateways of a company. A dropped one forgets its throttle.
const PACERS_MAX: usize = 1024;
/// Keys whose account is remembered: more than all integrations have, including those before a rotation.
const ACCOUNTS_MAX: usize = 64;
/// Definitions in memory at once, in the whole process; each is at most 16 MiB while it is read and 3 MiB after.
const DEFINITIONS_MAX: usize = 4;
/// The time after the end of the budget, for the outcome and cleanup. HTTP calls are cut 30 s after it.
const EPILOGUE: Duration = Duration::from_secs(15);

/// The connections and request budgets of this process.
#[derive(Debug)]
pub struct Clouds {
    /// The API center.
    pub resource_id: ApiCenterId,
    /// The vaults that may hold secrets.
    pub vault_hosts: VaultHosts,
    /// The app's settings.
    pub settings: Settings,
    /// Key Vault.
    pub vault: Vault,
    /// Our identity in Azure.
    pub credential: Arc<dyn TokenCredential>,
    /// What tells the time.
    pub clock: Clock,
    api_center: ApiCenter,
    transport: Transport,
    /// By account and region; a key of an unknown account counts by its digest.
    pacers: Kept<(String, Region), Pacer>,
    /// By the digest of a key.
    pub(super) accounts: Kept<String, OnceCell<AccountId>>,
    /// Permits to hold a definition in memory, for the whole process.
    pub definitions: Arc<Semaphore>,
    /// The progress of the newest call.
    pub meter: Arc<Meter>,
}

impl Clouds {
    /// Prepares the connections and sends nothing.
    ///
    /// # Errors
    /// If there is no trusted certificate, or the host's kind of managed identity is not supported.
    pub fn new(settings: &Settings, clock: Clock) -> Result<Self, Problem> {
        check_trust()?;
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
            settings: settings.clone(),
            clock,
            api_center,
            vault: Vault::new(Arc::clone(&credential)),
            transport: Transport::new(),
            credential,
            pacers: Kept::new(PACERS_MAX),
            accounts: Kept::new(ACCOUNTS_MAX),
            definitions: Arc::new(Semaphore::new(DEFINITIONS_MAX)),
            meter: Arc::default(),
        })
    }

    pub(super) fn web_identity(&self) -> Result<WebIdentity, Problem> {
        const SETTING: &str = "AWS_WEB_IDENTITY_AUDIENCE";
        let audience = self.settings.web_identity_audience.as_deref().ok_or_else(|| {
            let message = format!(
                "the app setting {SETTING} is missing: a role without an access key needs it; set it to the Application ID \
                 URI that the role's account trusts, such as api://…"
            );
            Problem::new(ErrorCode::MissingSetting, message).with_target(SETTING)
        })?;
        Ok(WebIdentity::new(Arc::clone(&self.credential), audience))
    }

    fn pacer(&self, account: &str, region: &Region) -> Arc<Pacer> {
        let burst = NonZeroU32::new(GATEWAY_BURST).unwrap_or(NonZeroU32::MIN);
        let key = (account.to_owned(), region.clone());
        self.pacers
            .get_or_make(key, || Pacer::new(self.settings.aws_requests_per_second, burst))
    }
}

/// One call's time and requests.
#[derive(Debug)]
pub struct Session {
    /// What calls share.
    pub clouds: Arc<Clouds>,
    /// The time budget.
    pub budget: Budget,
    /// When the call began.
    pub started: OffsetDateTime,
    epilogue: OnceLock<Budget>,
    /// One for each connection to AWS: consecutive refusals count for one gateway.
    aws: Mutex<Vec<Arc<Traffic>>>,
    azure: Arc<Traffic>,
}

impl Session {
    /// Starts a call.
    pub fn new(clouds: &Arc<Clouds>, budget: &Budget) -> Self {
        Self {
            budget: budget.clone(),
            started: clouds.clock.now(),
            clouds: Arc::clone(clouds),
            epilogue: OnceLock::new(),
            aws: Mutex::default(),
            azure: Arc::default(),
        }
    }

    /// The current time.
    pub fn now(&self) -> OffsetDateTime {
        self.clouds.clock.now()
    }

    /// The current hour, counted from 1970.
    pub fn hour(&self) -> i64 {
        self.started.unix_timestamp().div_euclid(3600)
    }

    /// The catalog, for the duration of the call.
    pub fn catalog(&self) -> Catalog {
        self.catalog_within(self.budget.clone())
    }

    /// The catalog, for work that must happen even after the time is up.
    pub fn catalog_for_epilogue(&self) -> Catalog {
        self.catalog_within(self.epilogue())
    }

    /// The time for work that must happen even after the time is up; it starts with the first use.
    pub fn epilogue(&self) -> Budget {
        self.epilogue.get_or_init(|| epilogue(&self.budget)).clone()
    }

    /// The catalog with this budget.
    pub fn catalog_within(&self, budget: Budget) -> Catalog {
        self.clouds.api_center.catalog(budget, Arc::clone(&self.azure))
    }

    /// The connection to a region, at the pace of an account.
    pub(super) async fn connection(&self, account: &str, region: &Region) -> AwsConnection {
        self.connection_within(account, region, self.budget.clone()).await
    }

    /// Same, with this budget.
    pub(super) async fn connection_within(&self, account: &str, region: &Region, budget: Budget) -> AwsConnection {
        let traffic = Arc::<Traffic>::default();
        self.aws
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&traffic));
        let connection = AwsConnection::new(
            &self.clouds.transport,
            region,
            self.clouds.pacer(account, region),
            traffic,
            budget,
        );
        // Boxed: loading the SDK's configuration takes a large future.
        Box::pin(connection).await
    }

    /// All environments of the catalog.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub async fn environments(&self) -> Result<Vec<Entity>, Problem> {
        self.catalog().environments().await.map_err(|error| error.problem())
    }

    /// The requests sent so far.
    pub fn requests(&self) -> Requests {
        Requests {
            aws: self.aws(Traffic::requests),
            azure: self.azure.requests(),
        }
    }

    /// The number of throttled requests.
    pub fn throttles(&self) -> u64 {
        self.aws(Traffic::throttles) + self.azure.throttles()
    }

    /// The sum over all connections to AWS.
    fn aws(&self, count: impl Fn(&Traffic) -> u64) -> u64 {
        let connections = self.aws.lock().unwrap_or_else(PoisonError::into_inner);
        connections.iter().map(|traffic| count(traffic)).sum()
    }
}

/// The remaining time, or the reserve if that is longer.
///
/// A throttle may outlast the reserve, which must not lose the outcome of a run with most of its time left.
fn epilogue(budget: &Budget) -> Budget {
    budget.renewed(budget.remaining().max(EPILOGUE))
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;
    use tokio_util::sync::CancellationToken;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_must_be_done_has_all_the_time_that_is_left_and_some_when_none_is() {
        let budget = Budget::with_overrun(SECOND * 200, SECOND * 10, CancellationToken::new());
        advance(SECOND * 20).await;
        assert_eq!(epilogue(&budget).remaining(), SECOND * 190);
        advance(SECOND * 189).await;
        assert_eq!(epilogue(&budget).remaining(), EPILOGUE);
        advance(SECOND * 60).await;
        assert_eq!(epilogue(&budget).remaining(), EPILOGUE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_what_must_be_done_too() {
        let stop = CancellationToken::new();
        let budget = Budget::new(SECOND * 200, stop.clone());
        let epilogue = epilogue(&budget);
        stop.cancel();
        assert!(epilogue.is_spent());
    }
}
