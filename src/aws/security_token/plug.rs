//! Limits the SDK's retries.

use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::error::is_about_the_provider;
use crate::aws::connection::is_throttle;

/// Stops SDK retries of exchanges that are retried here.
///
/// The time budget decides how long to wait for throttled ones. Security Token Service answers 400 and `Throttling`
/// instead of 429.
#[derive(Debug)]
pub(super) struct NoBlindRetries;

impl ClassifyRetry for NoBlindRetries {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let error = error.and_then(OrchestratorError::as_operation_error);
        let code = error.and_then(|error| {
            let by_key = error.downcast_ref::<AssumeRoleError>();
            let by_token = error.downcast_ref::<AssumeRoleWithWebIdentityError>();
            let by_key = by_key.and_then(ProvideErrorMetadata::code);
            by_key.or_else(|| by_token.and_then(ProvideErrorMetadata::code))
        });
        let status = context.response().map_or(0, |response| response.status().as_u16());
        let code = code.unwrap_or_default();
        if is_throttle(status, code) || is_about_the_provider(code, "") {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "no blind retries of exchanges"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
