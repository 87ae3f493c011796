//! Calling Amazon: within the rate that the account allows, patiently, and no longer than there is time.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::error::GatewayError;
use crate::aws::access_key::redacted;
use crate::aws::connection::{AwsConnection, Call};
use crate::aws::credentials::AwsCredentials;

/// First wait after a 429 that does not say how long; it doubles from there.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest wait after a 429 that does not say how long: Amazon's burst quota has refilled several times by then.
const BACKOFF_MAX: Duration = Duration::from_secs(16);
/// Longest time that others are held back for, whatever an answer says: the next hourly run asks for itself.
const HOLD_MAX: Duration = Duration::from_mins(50);

/// What every call to a gateway goes through, whichever the version of the API.
pub(super) struct Caller {
    /// Boxed: the SDK's settings are large, and a gateway is in most futures.
    pub connection: Box<AwsConnection>,
    pub credentials: AwsCredentials,
}

impl Caller {
    /// Calls, and counts refusals of the whole account.
    ///
    /// # Errors
    /// When there is no answer to work with.
    pub async fn call<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, GatewayError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let result = self.ask(call, request).await;
        let breaker = self.connection.traffic.breaker();
        match &result {
            Ok(_) => breaker.accepted(call.operation),
            Err(error) if error.is_account_wide() => breaker.refused(call.operation, || error.problem().message),
            Err(_) => (),
        }
        result
    }

    /// Calls until Amazon does not throttle, or there is no time to wait as long as it says. Refusals are not counted.
    ///
    /// # Errors
    /// When there is no answer to work with.
    pub async fn ask<T, E, F>(&self, call: &Call, request: impl Fn() -> F) -> Result<T, GatewayError>
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
