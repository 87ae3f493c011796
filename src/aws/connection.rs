//! Shared parts of the AWS clients: connections, limits, and the parsing of errors.

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

/// Timeout of one attempt: the SDK has none, and a slower response would be retried anyway.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout of an operation with its retries: four attempts and the waits between them.
pub(super) const OPERATION_TIMEOUT: Duration = Duration::from_secs(90);
/// Timeout of a connection, the first part of an attempt: whole regions have been unreachable for weeks, and a
/// reachable one answers within a tenth of this.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Attempts of an operation, including the first.
pub(super) const ATTEMPTS: u32 = 4;
/// The app's name in the user agent.
const APP_NAME: &str = "apicenter-aws-sync";

/// The connection to one AWS region for one run: transport, pacer and time budget.
#[derive(Debug, Clone)]
pub struct AwsConnection {
    pub(super) config: SdkConfig,
    pub(super) region: Region,
    pub(super) pacer: Arc<Pacer>,
    /// Only for this account and region: the refusals of one account say nothing about others.
    pub(super) breaker: Arc<Breaker>,
    /// Permits to assume a role, for the whole process.
    pub(super) exchanges: Arc<Semaphore>,
    pub(super) budget: Budget,
}

impl AwsConnection {
    /// Prepares clients and sends nothing.
    ///
    /// `pacer` is the process's one for this account and region, `traffic` counts the attempts of this run. From the
    /// environment come only the SDK's own settings, such as `AWS_ENDPOINT_URL_API_GATEWAY`,
    /// `AWS_ENDPOINT_URL_APIGATEWAYV2`, `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL_ORGANIZATIONS` and
    /// `AWS_ENDPOINT_URL`: no profile files, no other source of credentials.
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

    /// The same connection to another region.
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

    /// The same, for a configuration without timeouts.
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
                // A stalled response fails with its attempt's timeout.
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

/// One empty file: an empty set of files is not allowed.
#[expect(deprecated, reason = "aws-config exports these from the module they are leaving")]
fn no_profile_files() -> aws_config::profile::profile_file::ProfileFiles {
    use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};

    ProfileFiles::builder()
        .with_contents(ProfileFileKind::Config, "")
        .build()
}
