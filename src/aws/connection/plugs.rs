//! Interceptors of the SDK: limit its retries, and reject implausible responses.

use std::error::Error;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::LengthLimitError;

use super::objects::TooManyObjects;

/// Stops SDK retries that cannot help, or need a wait.
///
/// The SDK would retry a 429 within a second whatever `Retry-After` says, or not at all without an error code; a
/// response that is too long stays so.
#[derive(Debug)]
pub(in crate::aws) struct NoBlindRetries;

impl ClassifyRetry for NoBlindRetries {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let throttled = context
            .response()
            .is_some_and(|response| response.status().as_u16() == 429);
        let too_long = matches!(context.output_or_error(), Some(Err(error)) if is_too_long(error));
        if throttled || too_long {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "no blind retries"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Rejects empty responses, which the SDK would take for a list without items. Exports may be empty: they are not
/// lists.
#[derive(Debug)]
pub(in crate::aws) struct NoEmptyAnswers;

#[dyn_dispatch_hint]
impl Intercept for NoEmptyAnswers {
    fn name(&self) -> &'static str {
        "no empty answers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = config.load::<Metadata>();
        let is_export = call.is_some_and(|call| matches!(call.name(), "GetExport" | "ExportApi"));
        let answer = context.response();
        if !is_export && answer.status().is_success() && answer.body().bytes() == Some(b"") {
            return Err("the response is empty".into());
        }
        Ok(())
    }
}

/// Whether a response exceeded [`ANSWER_MAX_BYTES`](super::transport::ANSWER_MAX_BYTES), or the number of objects.
pub(in crate::aws) fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .any(|error| error.is::<LengthLimitError>() || error.is::<TooManyObjects>())
}
