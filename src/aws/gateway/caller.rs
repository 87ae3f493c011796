//! Calls AWS at the account's rate, with retries, within the time budget.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::error::GatewayError;
use crate::aws::access_key::redacted;
use crate::aws::attempt::{Unanswered, attempt};
use crate::aws::connection::{AwsConnection, Backoff, Call};
use crate::aws::credentials::AwsCredentials;

/// Longest hold, whatever a response says: the next hourly run asks again.
const HOLD_MAX: Duration = Duration::from_mins(50);

/// Common to all calls to a gateway, in both API versions.
pub(super) struct Caller {
    /// Boxed: the SDK's settings are large, and a gateway is in most futures.
    pub connection: Box<AwsConnection>,
    pub credentials: AwsCredentials,
}

impl Caller {
    /// Calls, and counts refusals of the whole account.
    ///
    /// # Errors
    /// If there is no usable response.
    pub async fn call<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, GatewayError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let result = self.ask(call, request).await;
        let breaker = &self.connection.breaker;
        match &result {
            Ok(_) => breaker.accepted(call.operation),
            Err(error) if error.is_account_wide() => breaker.refused(call.operation, || error.problem().message),
            Err(_) => (),
        }
        result
    }

    /// Calls until AWS does not throttle, or the wait exceeds the time. Does not count refusals.
    ///
    /// # Errors
    /// If there is no usable response.
    pub async fn ask<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, GatewayError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut backoff = Backoff::default();
        loop {
            let result = self.attempt(call, &request).await;
            let Err(GatewayError::Throttled { retry_after, .. }) = &result else {
                return result;
            };
            self.hold_others_back(*retry_after);
            let delay = backoff.next(*retry_after);
            if !self.connection.budget.wait(delay).await {
                return result.map_err(|error| error.again_after(delay));
            }
        }
    }

    /// AWS throttles the account, not the call: all its calls slow down, and wait as long as AWS says.
    fn hold_others_back(&self, asked: Option<Duration>) {
        let pacer = &self.connection.pacer;
        pacer.slow_down();
        pacer.hold(asked.unwrap_or_default().min(HOLD_MAX));
    }

    async fn attempt<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, GatewayError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        // Boxed: it is in most futures.
        let result = Box::pin(attempt(&self.connection, &self.credentials, request)).await;
        result.map_err(|unanswered| match unanswered {
            Unanswered::OutOfTime => GatewayError::OutOfTime { call: call.clone() },
            Unanswered::Held(held) => GatewayError::Throttled {
                call: call.clone(),
                retry_after: Some(held),
            },
            Unanswered::Role(error) => error.into(),
            // AWS repeats the `Authorization` header of a request whose signature it cannot parse. Redact secrets
            // before cutting the text: a part of one would not be found.
            Unanswered::Failed(error, credentials) => {
                let error = GatewayError::of_sdk(call, &self.credentials.to_string(), &self.connection.region, &error);
                error.with_message(|message| redacted(message, &credentials))
            }
        })
    }
}
