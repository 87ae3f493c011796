//! Amazon API Gateway: what it has, through the AWS SDK, within the rate that the account allows. Nothing here writes.

mod document;
mod error;
#[cfg(test)]
mod tests;
mod transport;

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::{Builder, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_apigateway::types;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub use self::error::{Call, GatewayError};
pub use self::transport::Transport;
use self::transport::{ANSWER_MAX_BYTES, NoBlindRetries};
use crate::limits::{Budget, Pacer};
use crate::model::{Export, Failure, Region, RestApi, RestApiId, Secret, SkipReason, Stage};

/// Most APIs that Amazon lists on a page; the fewest requests (`GetRestApis`, API version 2015-07-09).
const PAGE_SIZE: i32 = 500;
/// Limit of one attempt: the SDK has none, and an answer that took longer would be asked for again anyway.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Limit of an operation with its retries: four attempts and the waits between them.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(90);
/// How long an answer may stand still: as long as an attempt, since large exports are slow to begin.
const STALL_GRACE: Duration = Duration::from_secs(20);
/// Limit of making a connection, the first leg of an attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts of an operation, counting the first.
const ATTEMPTS: u32 = 4;
/// First wait after a 429 that does not say how long; it doubles from there.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest wait after a 429 that does not say how long: Amazon's burst quota has refilled several times by then.
const BACKOFF_MAX: Duration = Duration::from_secs(16);
/// How this app names itself to Amazon.
const APP_NAME: &str = "apicenter-aws-sync";

/// An access key of an AWS account. It cannot be printed.
#[derive(Clone)]
pub struct AwsCredentials {
    access_key_id: Secret,
    secret_access_key: Secret,
}

impl AwsCredentials {
    /// An access key of its two parts.
    #[must_use]
    pub fn new(access_key_id: Secret, secret_access_key: Secret) -> Self {
        Self {
            access_key_id,
            secret_access_key,
        }
    }
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// All REST APIs of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Those that can be worked with, each once, in Amazon's order.
    pub apis: Vec<RestApi>,
    /// Those whose id is missing (then it is empty here) or of a form that no catalog name can be made from.
    pub unusable: Vec<Failure>,
}

/// The API Gateway of one account and region, for one run.
#[derive(Debug)]
pub struct Gateway {
    client: Client,
    region: Region,
    credentials: AwsCredentials,
    pacer: Arc<Pacer>,
    budget: Budget,
}

impl Gateway {
    /// Makes a client; nothing is sent yet.
    ///
    /// `pacer` is the one of this account and region in this process, `requests` counts the attempts of this run. The
    /// only settings taken from the environment are the SDK's own, such as `AWS_ENDPOINT_URL_API_GATEWAY` and
    /// `AWS_ENDPOINT_URL`: no profile files, no other source of credentials.
    pub async fn connect(
        transport: &Transport,
        region: &Region,
        credentials: AwsCredentials,
        pacer: Arc<Pacer>,
        requests: Arc<AtomicU64>,
        budget: Budget,
    ) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.as_str().to_owned()))
            .http_client(transport.metered(Arc::clone(&pacer), requests))
            .no_credentials()
            .profile_files(no_profile_files())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let Ok(name) = AppName::new(APP_NAME) {
            loader = loader.app_name(name);
        }
        Self::of_config(&loader.load().await, region, credentials, pacer, budget)
    }

    fn of_config(
        config: &SdkConfig,
        region: &Region,
        credentials: AwsCredentials,
        pacer: Arc<Pacer>,
        budget: Budget,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let config = Builder::from(config)
            .credentials_provider(Credentials::new(
                credentials.access_key_id.expose(),
                credentials.secret_access_key.expose(),
                None,
                None,
                "key-vault",
            ))
            .timeout_config(timeouts)
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled()
                    .grace_period(STALL_GRACE)
                    .build(),
            )
            .retry_classifier(NoBlindRetries)
            .build();
        Self {
            client: Client::from_conf(config),
            region: region.clone(),
            credentials,
            pacer,
            budget,
        }
    }

    /// Makes one signed call, to see whether the access key is good for anything.
    ///
    /// # Errors
    /// When it fails.
    pub async fn check(&self) -> Result<(), GatewayError> {
        let request = || self.client.get_rest_apis().limit(1).send();
        self.call(&self.listing_call(), request).await.map(|_| ())
    }

    /// Lists all REST APIs, or fails: never a part of them.
    ///
    /// # Errors
    /// When a page cannot be had, or leads to one that was there before.
    pub async fn rest_apis(&self) -> Result<Listing, GatewayError> {
        let call = self.listing_call();
        let mut listing = Listing {
            apis: Vec::new(),
            unusable: Vec::new(),
        };
        let mut listed = HashSet::new();
        let mut visited = HashSet::new();
        let mut position: Option<String> = None;
        loop {
            let request = || {
                let page = self.client.get_rest_apis().limit(PAGE_SIZE);
                page.set_position(position.clone()).send()
            };
            let page = self.call(&call, request).await?;
            for item in page.items.unwrap_or_default() {
                let id = item.id.clone().unwrap_or_default();
                // Amazon moves the window while APIs come and go, so that a page may repeat one of the page before.
                if !id.is_empty() && !listed.insert(id.clone()) {
                    continue;
                }
                match RestApiId::parse(&id) {
                    Ok(id) => listing.apis.push(rest_api(id, item)),
                    Err(error) => listing.unusable.push(Failure {
                        rest_api_id: id,
                        message: error.to_string(),
                    }),
                }
            }
            let Some(next) = page.position.filter(|position| !position.is_empty()) else {
                return Ok(listing);
            };
            if !visited.insert(next.clone()) {
                let message = format!("its pages lead in a circle, back to position {next:?}");
                return Err(GatewayError::Malformed { call, message });
            }
            position = Some(next);
        }
    }

    /// Lists the stages of a REST API; Amazon has no pages for them.
    ///
    /// # Errors
    /// When they cannot be had, or one has no name.
    pub async fn stages(&self, id: &RestApiId) -> Result<Vec<Stage>, GatewayError> {
        let call = Call {
            operation: "GetStages",
            subject: format!("REST API {id}"),
        };
        let request = || self.client.get_stages().rest_api_id(id.as_str()).send();
        let answer = self.call(&call, request).await?;
        let stages: Option<Vec<Stage>> = answer.item.unwrap_or_default().into_iter().map(stage).collect();
        stages.ok_or_else(|| GatewayError::Malformed {
            call,
            message: "a stage has no name".to_owned(),
        })
    }

    /// Exports what a stage runs, as OpenAPI 3.0 in JSON without Amazon's extensions.
    ///
    /// # Errors
    /// When there is no telling whether there is a definition. That there is none to be had is not an error.
    pub async fn export(&self, api: &RestApi, stage_name: &str) -> Result<Export, GatewayError> {
        let call = Call {
            operation: "GetExport",
            subject: format!("stage {stage_name:?} of REST API {}", api.id),
        };
        let request = || {
            let export = self.client.get_export().rest_api_id(api.id.as_str());
            // JSON is what the SDK asks for whatever `accepts` is set to.
            export.stage_name(stage_name).export_type("oas30").send()
        };
        match self.call(&call, request).await {
            Ok(answer) if !is_export(answer.content_type()) => Err(GatewayError::Malformed {
                message: format!("it is {}", answer.content_type().unwrap_or_default()),
                call,
            }),
            Ok(answer) => {
                let body = answer.body.map(aws_smithy_types::Blob::into_inner);
                Ok(document::judge(api, body.unwrap_or_default()))
            }
            Err(GatewayError::Refused { message, .. }) => Ok(Export::Unavailable {
                reason: SkipReason::ExportRefused,
                message,
            }),
            Err(GatewayError::TooLong { .. }) => Ok(document::endless(ANSWER_MAX_BYTES)),
            Err(error) => Err(error),
        }
    }

    fn listing_call(&self) -> Call {
        Call {
            operation: "GetRestApis",
            subject: format!("region {}", self.region),
        }
    }

    /// Calls until Amazon does not throttle, or there is no time to wait as long as it says.
    async fn call<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, GatewayError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut backoff = BACKOFF_FIRST;
        loop {
            let result = self.attempt(call, Box::pin(request())).await;
            let Err(GatewayError::Throttled { retry_after, .. }) = &result else {
                return result;
            };
            let delay = retry_after.unwrap_or(backoff);
            if !self.budget.wait(delay).await {
                return Err(GatewayError::Throttled {
                    call: call.clone(),
                    retry_after: Some(delay),
                });
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    async fn attempt<T, E>(
        &self,
        call: &Call,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, GatewayError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let out_of_time = || GatewayError::OutOfTime { call: call.clone() };
        if self.budget.is_spent() {
            return Err(out_of_time());
        }
        let paced = async {
            self.pacer.wait().await;
            request.await
        };
        tokio::select! {
            result = paced => result.map_err(|error| self.redacted(GatewayError::of_sdk(call, &error))),
            () = self.budget.spent() => Err(out_of_time()),
        }
    }

    /// Amazon repeats the `Authorization` header of a request whose signature it cannot read.
    fn redacted(&self, error: GatewayError) -> GatewayError {
        error
            .without(self.credentials.secret_access_key.expose())
            .without(self.credentials.access_key_id.expose())
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

/// Whether this is a type of Amazon's own answers; a page of HTML is from somebody on the way to Amazon.
fn is_export(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|content_type| {
        content_type
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("application/")
    })
}

fn rest_api(id: RestApiId, item: types::RestApi) -> RestApi {
    let endpoint = item.endpoint_configuration;
    RestApi {
        id,
        name: item.name.unwrap_or_default(),
        description: item.description,
        version: item.version,
        private: endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.types().contains(&types::EndpointType::Private)),
        vpc_endpoint_ids: endpoint
            .and_then(|endpoint| endpoint.vpc_endpoint_ids)
            .unwrap_or_default(),
        execute_api_disabled: item.disable_execute_api_endpoint,
    }
}

/// `None` when it has no name.
fn stage(item: types::Stage) -> Option<Stage> {
    Some(Stage {
        name: item.stage_name.filter(|name| !name.is_empty())?,
        deployment_id: item.deployment_id.unwrap_or_default(),
        description: item.description,
        last_updated: item.last_updated_date.map(|date| date.secs()),
        documentation_version: item.documentation_version,
        canary_deployment_id: item.canary_settings.and_then(|canary| canary.deployment_id),
    })
}
