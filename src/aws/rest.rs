//! Amazon API Gateway: what it has, through the AWS SDK, within the rate that the account allows. Nothing here writes.

mod document;
mod error;
mod listing;
mod stage;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::{Builder, IdentityCache};
use aws_sdk_apigateway::operation::get_rest_apis::GetRestApisOutput;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub use self::error::GatewayError;
use self::listing::Collected;
pub use self::listing::{Listing, Unusable};
use self::stage::stages;
use super::access_key::redacted;
use super::connection::{ANSWER_MAX_BYTES, AwsConnection, Call, NoBlindRetries, NoEmptyAnswers};
use super::credentials::AwsCredentials;
use super::security_token::{RoleError, account_of};
use crate::model::{ApiId, Export, RestApi, SkipReason, Stage};

/// Most APIs that Amazon lists on a page; the fewest requests (`GetRestApis`, API version 2015-07-09).
const PAGE_SIZE: i32 = 500;
/// First wait after a 429 that does not say how long; it doubles from there.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest wait after a 429 that does not say how long: Amazon's burst quota has refilled several times by then.
const BACKOFF_MAX: Duration = Duration::from_secs(16);
/// Longest time that others are held back for, whatever an answer says: the next hourly run asks for itself.
const HOLD_MAX: Duration = Duration::from_mins(50);

/// The API Gateway of one account and region, for one run.
pub struct GatewayClient {
    client: Client,
    /// Boxed: the SDK's settings are large, and a gateway is in most futures.
    connection: Box<AwsConnection>,
    credentials: AwsCredentials,
    /// The first page of the listing, once the credentials were checked with it: the listing goes on from there.
    first_page: Mutex<Option<GetRestApisOutput>>,
}

impl fmt::Debug for GatewayClient {
    /// Without the SDK's client, which shows the id of the access key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gateway")
            .field("region", &self.connection.region)
            .finish_non_exhaustive()
    }
}

impl GatewayClient {
    /// Makes a client; nothing is sent yet.
    #[must_use]
    pub fn connect(connection: AwsConnection, credentials: AwsCredentials) -> Self {
        let config = Builder::from(&connection.config)
            .credentials_provider(credentials.clone())
            // The credentials keep themselves, so that they are got outside the limits of the requests they are for.
            .identity_cache(IdentityCache::no_cache())
            .retry_classifier(NoBlindRetries)
            // Here and not in the calls: a call with settings of its own has the SDK put all of them together again.
            .interceptor(NoEmptyAnswers)
            .build();
        Self {
            client: Client::from_conf(config),
            connection: Box::new(connection),
            credentials,
            first_page: Mutex::default(),
        }
    }

    /// Why nothing more is to be begun on this gateway, if so.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.connection.traffic.breaker().tripped()
    }

    /// Makes one signed call, to see whether the credentials are good for anything.
    ///
    /// It is the first one of the listing, which does not make it again.
    ///
    /// # Errors
    /// When it fails.
    pub async fn check(&self) -> Result<(), GatewayError> {
        let page = self.page(&self.listing_call(), None).await?;
        *self.first_page.lock().unwrap_or_else(PoisonError::into_inner) = Some(page);
        Ok(())
    }

    /// The account of the credentials that were refused with `error`, as a region tells that every account has.
    ///
    /// # Errors
    /// When that region does not accept them either, or does not say.
    pub async fn account_at_home(&self, error: &GatewayError) -> Result<String, RoleError> {
        let home = self.connection.in_region(&self.connection.region.home());
        match (error, &self.credentials) {
            // The role could not be taken on: what was refused is its key.
            (GatewayError::Role(error), AwsCredentials::Role(role)) => match role.key() {
                Some(key) => account_of(&home, &AwsCredentials::AccessKey(key.clone())).await,
                None => Err(error.clone()),
            },
            (_, credentials) => account_of(&home, credentials).await,
        }
    }

    /// Lists all REST APIs, or fails: never a part of them.
    ///
    /// # Errors
    /// When a page cannot be had, or leads to one that was there before.
    pub async fn rest_apis(&self) -> Result<Listing, GatewayError> {
        let call = self.listing_call();
        let mut collected = Collected::default();
        let first = self.first_page.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut page = match first {
            Some(page) => page,
            None => self.page(&call, None).await?,
        };
        loop {
            let position = collected.add(page).map_err(|message| GatewayError::Malformed {
                call: call.clone(),
                message,
            })?;
            let Some(position) = position else {
                return Ok(collected.listing);
            };
            page = self.page(&call, Some(position)).await?;
        }
    }

    async fn page(&self, call: &Call, position: Option<String>) -> Result<GetRestApisOutput, GatewayError> {
        let request = || {
            let page = self.client.get_rest_apis().limit(PAGE_SIZE);
            page.set_position(position.clone()).send()
        };
        self.call(call, request).await
    }

    /// One REST API; `None` when Amazon says that there is none. That a list lacks it is not as good: a list may be late.
    ///
    /// # Errors
    /// When Amazon says neither: then nobody knows.
    pub async fn rest_api(&self, id: &ApiId) -> Result<Option<RestApi>, GatewayError> {
        let call = Call {
            operation: "GetRestApi",
            subject: format!("REST API {id}"),
        };
        let request = || self.client.get_rest_api().rest_api_id(id.as_str()).send();
        match self.call(&call, request).await {
            Ok(answer) => Ok(Some(listing::found(id.clone(), answer))),
            Err(GatewayError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the stages of a REST API; Amazon has no pages for them.
    ///
    /// # Errors
    /// When they cannot be had, or one is none that Amazon could have.
    pub async fn stages(&self, id: &ApiId) -> Result<Vec<Stage>, GatewayError> {
        let call = Call {
            operation: "GetStages",
            subject: format!("REST API {id}"),
        };
        let request = || self.client.get_stages().rest_api_id(id.as_str()).send();
        let answer = self.call(&call, request).await?;
        stages(answer).map_err(|message| GatewayError::Malformed { call, message })
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
                document::judge(api, body.unwrap_or_default()).map_err(|_| GatewayError::Malformed {
                    message: "it ends in the middle".to_owned(),
                    call,
                })
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
            subject: format!("region {}", self.connection.region),
        }
    }

    /// Calls, and counts refusals of the whole account.
    async fn call<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, GatewayError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let result = self.call_patiently(call, request).await;
        let breaker = self.connection.traffic.breaker();
        match &result {
            Ok(_) => breaker.accepted(call.operation),
            Err(error) if error.is_account_wide() => breaker.refused(call.operation, || error.problem().message),
            Err(_) => (),
        }
        result
    }

    /// Calls until Amazon does not throttle, or there is no time to wait as long as it says.
    async fn call_patiently<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, GatewayError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut backoff = BACKOFF_FIRST;
        loop {
            let result = self.attempt(call, Box::pin(request())).await;
            let Some(delay) = result.as_ref().err().and_then(|error| error.patience(backoff)) else {
                return result;
            };
            self.hold_others_back(result.as_ref().err());
            if !self.connection.budget.wait(delay).await {
                return result.map_err(|error| error.again_after(delay));
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    /// What Amazon throttles is not this call but the account: all of it slows down, and waits as long as Amazon says.
    fn hold_others_back(&self, error: Option<&GatewayError>) {
        if let Some(GatewayError::Throttled { retry_after, .. }) = error {
            self.connection.pacer.slow_down();
            self.connection
                .pacer
                .hold(retry_after.unwrap_or_default().min(HOLD_MAX));
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
        if self.connection.budget.is_spent() {
            return Err(out_of_time());
        }
        // Somebody else was throttled: no need to ask in order to know.
        let held = self.connection.pacer.held_for();
        if held > self.connection.budget.remaining() {
            return Err(GatewayError::Throttled {
                call: call.clone(),
                retry_after: Some(held),
            });
        }
        let credentials = self.credentials.current().await?;
        let paced = async {
            self.connection.pacer.wait().await;
            request.await
        };
        let result = tokio::select! {
            result = paced => result,
            () = self.connection.budget.spent() => return Err(out_of_time()),
        };
        // Amazon repeats the `Authorization` header of a request whose signature it cannot read. Nothing is cut before
        // secrets are looked for: a part of one would not be found.
        result.map_err(|error| {
            let error = GatewayError::of_sdk(call, &self.credentials.to_string(), &self.connection.region, &error);
            error.with_message(|message| redacted(message, &credentials))
        })
    }
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
