//! What the clients of Amazon's services have in common: connections, limits, and how refusals are read.

mod answer;
mod backoff;
mod objects;
mod pages;
mod plugs;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use tokio::sync::Semaphore;

pub use self::answer::Call;
pub(super) use self::answer::{
    RETRY_AFTER_DEFAULT, error_code, is_authentication, is_expired, is_throttle, is_unknown, message, presentable,
    retry_after, with_clock_hint, with_region_hint,
};
pub(super) use self::backoff::Backoff;
pub(super) use self::pages::Pages;
pub(super) use self::plugs::{NoBlindRetries, NoEmptyAnswers, is_too_long};
pub use self::transport::Transport;
pub(super) use self::transport::{ANSWER_MAX_BYTES, is_not_connected};
use crate::limits::{Breaker, Budget, Pacer, Traffic};
use crate::model::Region;

/// Limit of one attempt: the SDK has none, and an answer that took longer would be asked for again anyway.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Limit of an operation with its retries: four attempts and the waits between them.
pub(super) const OPERATION_TIMEOUT: Duration = Duration::from_secs(90);
/// Limit of making a connection, the first leg of an attempt: whole regions have been out of reach for weeks, and one that is not
/// answers within a tenth of this.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Attempts of an operation, counting the first.
pub(super) const ATTEMPTS: u32 = 4;
/// How this app names itself to Amazon.
const APP_NAME: &str = "apicenter-aws-sync";

/// The way to one region of Amazon for one run: its connections, its pace and its time.
#[derive(Debug, Clone)]
pub struct AwsConnection {
    pub(super) config: SdkConfig,
    pub(super) region: Region,
    pub(super) pacer: Arc<Pacer>,
    /// Of this account and region alone: what one account refuses says nothing of others.
    pub(super) breaker: Arc<Breaker>,
    /// Permits to assume a role, of the whole process.
    pub(super) exchanges: Arc<Semaphore>,
    pub(super) budget: Budget,
}

impl AwsConnection {
    /// Prepares clients; nothing is sent yet.
    ///
    /// `pacer` is the one of this account and region in this process, `traffic` counts the attempts of this run. The
    /// only settings taken from the environment are the SDK's own, such as `AWS_ENDPOINT_URL_API_GATEWAY`,
    /// `AWS_ENDPOINT_URL_APIGATEWAYV2`, `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL_ORGANIZATIONS` and `AWS_ENDPOINT_URL`: no profile files, no other source of credentials.
    pub async fn new(
        transport: &Transport,
        region: &Region,
        pacer: Arc<Pacer>,
        traffic: Arc<Traffic>,
        budget: Budget,
    ) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.as_str().to_owned()))
            .http_client(transport.metered(Arc::clone(&pacer), traffic))
            .no_credentials()
            .profile_files(no_profile_files())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let Ok(name) = AppName::new(APP_NAME) {
            loader = loader.app_name(name);
        }
        Self {
            exchanges: transport.exchanges(),
            ..Self::of_config(loader.load().await, region, pacer, budget)
        }
    }

    /// The same way to another region.
    pub(super) fn in_region(&self, region: &Region) -> Self {
        let config = self.config.clone().into_builder();
        Self {
            config: config
                .region(aws_config::Region::new(region.as_str().to_owned()))
                .build(),
            region: region.clone(),
            breaker: Arc::default(),
            ..self.clone()
        }
    }

    /// The same of a configuration that has everything but limits of time.
    pub(super) fn of_config(config: SdkConfig, region: &Region, pacer: Arc<Pacer>, budget: Budget) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        Self {
            config: config
                .into_builder()
                .timeout_config(timeouts)
                // An answer that stands still is given up with its attempt: all of it is read within that time.
                .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                .build(),
            region: region.clone(),
            pacer,
            breaker: Arc::default(),
            exchanges: Transport::permits(),
            budget,
        }
    }
}

/// One file without contents: a set without files is not allowed.
#[expect(deprecated, reason = "aws-config exports these from the module they are leaving")]
fn no_profile_files() -> aws_config::profile::profile_file::ProfileFiles {
    use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};

    ProfileFiles::builder()
        .with_contents(ProfileFileKind::Config, "")
        .build()
}
