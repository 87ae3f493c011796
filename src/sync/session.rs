//! What calls share, and what each has for itself.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use time::OffsetDateTime;

use crate::credential::azure_credential;
use crate::error_chain::error_chain;
use crate::limits::{Budget, Pacer, Traffic};
use crate::model::{
    AccessKeySecrets, ApiCenterId, AwsAuthentication, Entity, ErrorCode, Integration, Problem, Requests, VaultHosts,
};
use crate::settings::Settings;
use crate::source::{
    AccessKey, AssumedRole, AwsConnection, AwsCredentials, Gateway, Proof, Transport, Vault, WebIdentity,
};
use crate::target::{ApiCenter, Catalog};
use crate::trust::check_trust;

use super::clock::Clock;

/// Amazon calls that may come at once: two seconds' worth of the default rate, a quarter of Amazon's burst.
const GATEWAY_BURST: u32 = 10;
/// The time for what is done after the budget has ended: the outcome, and taking back. HTTP is cut 30 s after it.
const EPILOGUE: Duration = Duration::from_secs(15);

/// The connections and request budgets of this process.
#[derive(Debug)]
pub(super) struct Clouds {
    pub resource_id: ApiCenterId,
    pub vault_hosts: VaultHosts,
    pub settings: Settings,
    pub vault: Vault,
    pub credential: Arc<dyn TokenCredential>,
    clock: Clock,
    api_center: ApiCenter,
    transport: Transport,
    /// By region and account; an access key stands for its account, which it does not tell.
    gateway_pacers: Mutex<HashMap<(String, String), Arc<Pacer>>>,
}

impl Clouds {
    /// Prepares the connections; nothing is sent yet.
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
            gateway_pacers: Mutex::default(),
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

    fn gateway_pacer(&self, integration: &Integration) -> Arc<Pacer> {
        let account = match &integration.authentication {
            AwsAuthentication::AccessKey(secrets) => secrets.access_key.to_string(),
            AwsAuthentication::RoleByAccessKey { role, .. } | AwsAuthentication::RoleByWebIdentity { role } => {
                role.account().to_owned()
            }
        };
        let key = (integration.region.to_string(), account);
        let mut pacers = self.gateway_pacers.lock().unwrap_or_else(PoisonError::into_inner);
        let burst = NonZeroU32::new(GATEWAY_BURST).unwrap_or(NonZeroU32::MIN);
        let pacer = pacers
            .entry(key)
            .or_insert_with(|| Arc::new(Pacer::new(self.settings.aws_requests_per_second, burst)));
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
    aws: Arc<Traffic>,
    azure: Arc<Traffic>,
}

impl<'a> Session<'a> {
    pub fn new(clouds: &'a Clouds, budget: &Budget) -> Self {
        Self {
            clouds,
            budget: budget.clone(),
            started: clouds.clock.now(),
            epilogue: OnceLock::new(),
            aws: Arc::default(),
            azure: Arc::default(),
        }
    }

    /// The time it is.
    pub fn now(&self) -> OffsetDateTime {
        self.clouds.clock.now()
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

    pub fn catalog_within(&self, budget: Budget) -> Catalog {
        self.clouds.api_center.catalog(budget, Arc::clone(&self.azure))
    }

    /// Reads the secrets, if there are any, and makes a client of the gateway; nothing is sent to Amazon yet.
    pub async fn gateway(&self, integration: &Integration) -> Result<Gateway, Problem> {
        let connection = AwsConnection::new(
            &self.clouds.transport,
            &integration.region,
            self.clouds.gateway_pacer(integration),
            Arc::clone(&self.aws),
            self.budget.clone(),
        );
        // Boxed: reading the SDK's settings takes a large future.
        let connection = Box::pin(connection).await;
        let (role, proof) = match &integration.authentication {
            AwsAuthentication::AccessKey(secrets) => {
                let key = self.access_key(secrets).await?;
                return Ok(Gateway::connect(connection, AwsCredentials::AccessKey(key)));
            }
            AwsAuthentication::RoleByAccessKey {
                secrets,
                role,
                external_id,
            } => {
                let (key, external_id) = (self.access_key(secrets).await?, external_id.clone());
                (role, Proof::AccessKey { key, external_id })
            }
            AwsAuthentication::RoleByWebIdentity { role } => (role, Proof::WebIdentity(self.clouds.web_identity()?)),
        };
        let role = AssumedRole::new(&connection, role.clone(), &integration.name, proof);
        Ok(Gateway::connect(connection, AwsCredentials::Role(role)))
    }

    async fn access_key(&self, secrets: &AccessKeySecrets) -> Result<AccessKey, Problem> {
        let read = |identifier| self.clouds.vault.read(identifier, &self.budget);
        let (id, secret) = tokio::try_join!(read(&secrets.access_key), read(&secrets.secret_access_key))
            .map_err(|error| error.problem())?;
        Ok(AccessKey::new(id, secret))
    }

    /// All environments of the catalog.
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
