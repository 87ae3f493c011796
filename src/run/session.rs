//! What calls share, and what each has for itself: connections, budgets and the clock.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use time::OffsetDateTime;
use tokio::sync::{OnceCell, Semaphore};

use crate::aws::{
    AccessKey, AssumedRole, AwsConnection, AwsCredentials, GatewayClient, Proof, Transport, WebIdentity, account_of,
};
use crate::azure::Vault;
use crate::azure::credential::azure_credential;
use crate::azure::{ApiCenter, Catalog};
use crate::error_chain::error_chain;
use crate::limits::{Budget, Kept, Pacer, Traffic};
use crate::model::{
    AccessKeySecrets, AccountId, ApiCenterId, AwsAuthentication, Entity, ErrorCode, Gateway, Integration, Problem,
    Region, Requests, RoleArn, VaultHosts,
};
use crate::settings::Settings;
use crate::trust::check_trust;

use super::clock::Clock;
use super::source::Source;

/// Amazon calls that may come at once: two seconds' worth of the default rate, a quarter of Amazon's burst.
const GATEWAY_BURST: u32 = 10;
/// Pacers that are kept while nobody uses them: three times what an API center has room for, 20 integrations. One that goes
/// forgets a throttle.
const PACERS_MAX: usize = 64;
/// Keys whose account is remembered: more than all integrations have, and those before a rotation.
const ACCOUNTS_MAX: usize = 64;
/// Definitions in memory at once, in the whole process; each is at most 16 MiB while it is read and 3 MiB after.
const DEFINITIONS_MAX: usize = 4;
/// The time for what is done after the budget has ended: the outcome, and taking back. HTTP is cut 30 s after it.
const EPILOGUE: Duration = Duration::from_secs(15);

/// The connections and request budgets of this process.
#[derive(Debug)]
pub struct Clouds {
    /// The API center.
    pub resource_id: ApiCenterId,
    /// The vaults that secrets may be read from.
    pub vault_hosts: VaultHosts,
    /// The app's settings.
    pub settings: Settings,
    /// Key Vault.
    pub vault: Vault,
    /// Who we are to Azure.
    pub credential: Arc<dyn TokenCredential>,
    clock: Clock,
    api_center: ApiCenter,
    transport: Transport,
    /// By account and region; where nobody says which account a key is of, its digest stands for it.
    pacers: Kept<(String, Region), Pacer>,
    /// By the digest of a key.
    accounts: Kept<String, OnceCell<AccountId>>,
    /// Permits to hold a definition in memory, whoever does.
    pub definitions: Arc<Semaphore>,
}

impl Clouds {
    /// Prepares the connections; nothing is sent yet.
    ///
    /// # Errors
    /// When there is no certificate to trust, or the host's managed identity is of a kind that cannot be used.
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
        })
    }

    fn web_identity(&self) -> Result<WebIdentity, Problem> {
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

/// One call's work: its time and its requests.
#[derive(Debug)]
pub struct Session {
    /// What calls share.
    pub clouds: Arc<Clouds>,
    /// The time that there is.
    pub budget: Budget,
    /// When the call began.
    pub started: OffsetDateTime,
    epilogue: OnceLock<Budget>,
    aws: Arc<Traffic>,
    azure: Arc<Traffic>,
}

impl Session {
    /// Begins a call's work.
    pub fn new(clouds: &Arc<Clouds>, budget: &Budget) -> Self {
        Self {
            budget: budget.clone(),
            started: clouds.clock.now(),
            clouds: Arc::clone(clouds),
            epilogue: OnceLock::new(),
            aws: Arc::default(),
            azure: Arc::default(),
        }
    }

    /// The time it is.
    pub fn now(&self) -> OffsetDateTime {
        self.clouds.clock.now()
    }

    /// The hour that it is, counted from 1970.
    pub fn hour(&self) -> i64 {
        self.started.unix_timestamp().div_euclid(3600)
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
        self.epilogue.get_or_init(|| epilogue(&self.budget)).clone()
    }

    /// The catalog, for this long.
    pub fn catalog_within(&self, budget: Budget) -> Catalog {
        self.clouds.api_center.catalog(budget, Arc::clone(&self.azure))
    }

    /// Reads the secrets, if there are any, and makes a client of the gateway. Amazon is asked for nothing but the account
    /// of a key that this process meets for the first time.
    ///
    /// # Errors
    /// When a secret cannot be had, or a setting is missing.
    pub async fn source(&self, integration: &Integration) -> Result<Source, Problem> {
        let region = &integration.region;
        match &integration.authentication {
            AwsAuthentication::AccessKey(secrets) => {
                let key = self.access_key(secrets).await?;
                let account = self.account(&key, region).await.or_else(|| integration.account.clone());
                let pace = account.as_ref().map_or_else(|| key.digest(), ToString::to_string);
                let connection = self.connection(&pace, region).await;
                let client = GatewayClient::connect(connection, AwsCredentials::AccessKey(key));
                let region = region.clone();
                let gateway = Gateway { account, region };
                Ok(Source { gateway, client })
            }
            AwsAuthentication::RoleByAccessKey {
                secrets,
                role,
                external_id,
            } => {
                let (key, external_id) = (self.access_key(secrets).await?, external_id.clone());
                let proof = Proof::AccessKey { key, external_id };
                Ok(self.source_of_role(integration, role, proof).await)
            }
            AwsAuthentication::RoleByWebIdentity { role } => {
                let proof = Proof::WebIdentity(self.clouds.web_identity()?);
                Ok(self.source_of_role(integration, role, proof).await)
            }
        }
    }

    async fn source_of_role(&self, integration: &Integration, role: &RoleArn, proof: Proof) -> Source {
        let gateway = Gateway {
            account: AccountId::parse(role.account()),
            region: integration.region.clone(),
        };
        let connection = self.connection(role.account(), &integration.region).await;
        let role = AssumedRole::new(&connection, role.clone(), &integration.name, proof);
        let client = GatewayClient::connect(connection, AwsCredentials::Role(role));
        Source { gateway, client }
    }

    /// The account of a key, where Amazon tells.
    async fn account(&self, key: &AccessKey, region: &Region) -> Option<AccountId> {
        let digest = key.digest();
        let known = self.clouds.accounts.get_or_make(digest.clone(), OnceCell::new);
        let ask = async {
            let connection = self.connection(&digest, region).await;
            let account = account_of(&connection, &AwsCredentials::AccessKey(key.clone())).await;
            account.map_err(|error| error_chain(&error)).and_then(|account| {
                AccountId::parse(&account).ok_or_else(|| format!("{account:?} is not the number of an account"))
            })
        };
        // Boxed: it is rare, and the SDK's futures are large.
        match Box::pin(known.get_or_try_init(|| ask)).await {
            Ok(account) => Some(account.clone()),
            Err(error) => {
                tracing::debug!(
                    error,
                    "the account of an access key is not known: the key has a pace of its own"
                );
                None
            }
        }
    }

    async fn connection(&self, account: &str, region: &Region) -> AwsConnection {
        let connection = AwsConnection::new(
            &self.clouds.transport,
            region,
            self.clouds.pacer(account, region),
            Arc::clone(&self.aws),
            self.budget.clone(),
        );
        // Boxed: reading the SDK's settings takes a large future.
        Box::pin(connection).await
    }

    async fn access_key(&self, secrets: &AccessKeySecrets) -> Result<AccessKey, Problem> {
        let read = |identifier| self.clouds.vault.read(identifier, &self.budget);
        let (id, secret) = tokio::try_join!(read(&secrets.access_key), read(&secrets.secret_access_key))
            .map_err(|error| error.problem())?;
        Ok(AccessKey::new(id, secret))
    }

    /// All environments of the catalog.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn environments(&self) -> Result<Vec<Entity>, Problem> {
        self.catalog().environments().await.map_err(|error| error.problem())
    }

    /// What was sent so far.
    pub fn requests(&self) -> Requests {
        Requests {
            aws: self.aws.requests(),
            azure: self.azure.requests(),
        }
    }

    /// How much of it was throttled.
    pub fn throttles(&self) -> u64 {
        self.aws.throttles() + self.azure.throttles()
    }
}

/// The time that is left, or that for what must be done even when none is.
///
/// A throttle may ask for longer than the latter, which must not lose the outcome of a run with most of its time left.
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
