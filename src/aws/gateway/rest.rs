//! REST APIs: API version 2015-07-09.

use std::sync::PoisonError;

use aws_sdk_apigateway::operation::get_rest_apis::GetRestApisOutput;

use super::GatewayClient;
use super::error::GatewayError;
use super::listing::{Collected, Listing, rest_api, rest_api_found};
use super::stage::rest_stages;
use crate::aws::connection::{ANSWER_MAX_BYTES, Call};
use crate::model::{ApiId, GatewayApi, Stage, StageExport};

/// Largest page of APIs, for the fewest requests (`GetRestApis`, API version 2015-07-09).
const PAGE_SIZE: i32 = 500;

impl GatewayClient {
    /// Makes one signed call, to check the credentials.
    ///
    /// It is the first of the listing, which does not repeat it.
    ///
    /// # Errors
    /// If it fails.
    pub async fn check_rest_apis(&self) -> Result<(), GatewayError> {
        let page = self.rest_page(&self.rest_listing(), None).await?;
        *self.first_page.lock().unwrap_or_else(PoisonError::into_inner) = Some(page);
        Ok(())
    }

    /// Lists all REST APIs, or fails: never a part of them.
    ///
    /// # Errors
    /// If a page cannot be read or repeats.
    pub async fn rest_apis(&self) -> Result<Listing, GatewayError> {
        let call = self.rest_listing();
        let mut collected = Collected::default();
        let first = self.first_page.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut page = match first {
            Some(page) => page,
            None => self.rest_page(&call, None).await?,
        };
        loop {
            let items = page.items.unwrap_or_default();
            let added = items.into_iter().try_for_each(|item| {
                let name = item.name.clone();
                collected.add(item.id.clone(), name.as_deref(), |id| Ok(rest_api(id, item)))
            });
            let position = added.and_then(|()| collected.next_page(page.position));
            let Some(position) = position.map_err(|message| GatewayError::malformed(&call, message))? else {
                return Ok(collected.listing);
            };
            page = self.rest_page(&call, Some(position)).await?;
        }
    }

    async fn rest_page(&self, call: &Call, position: Option<String>) -> Result<GetRestApisOutput, GatewayError> {
        let request = || {
            let page = self.rest.get_rest_apis().limit(PAGE_SIZE);
            page.set_position(position.clone()).send()
        };
        self.caller.call(call, request).await
    }

    fn rest_listing(&self) -> Call {
        Call {
            operation: "GetRestApis",
            subject: format!("region {}", self.caller.connection.region),
        }
    }

    pub(super) async fn rest_api(&self, id: &ApiId) -> Result<GatewayApi, GatewayError> {
        let call = Call {
            operation: "GetRestApi",
            subject: format!("REST API {id}"),
        };
        let request = || self.rest.get_rest_api().rest_api_id(id.as_str()).send();
        let answer = self.caller.call(&call, request).await?;
        Ok(rest_api_found(id.clone(), answer))
    }

    /// The stages of a REST API, which have no pages.
    pub(super) async fn rest_stages(&self, api: &GatewayApi) -> Result<Vec<Stage>, GatewayError> {
        let call = Call {
            operation: "GetStages",
            subject: api.to_string(),
        };
        let request = || self.rest.get_stages().rest_api_id(api.id.as_str()).send();
        let answer = self.caller.call(&call, request).await?;
        rest_stages(answer).map_err(|message| GatewayError::Malformed { call, message })
    }

    pub(super) async fn rest_export(&self, api: &GatewayApi, stage_name: &str) -> Result<StageExport, GatewayError> {
        let call = Call {
            operation: "GetExport",
            subject: format!("stage {stage_name:?} of {api}"),
        };
        let request = || {
            let export = self.rest.get_export().rest_api_id(api.id.as_str());
            // The SDK asks for JSON whatever `accepts` is set to.
            export.stage_name(stage_name).export_type("oas30").send()
        };
        match self.caller.call(&call, request).await {
            Ok(answer) if !is_export(answer.content_type()) => {
                let message = format!("it is {}", answer.content_type().unwrap_or_default());
                Err(GatewayError::malformed(&call, message))
            }
            Ok(answer) => {
                let body = answer.body.map(aws_smithy_types::Blob::into_inner);
                Ok(StageExport::OpenApi(body.unwrap_or_default()))
            }
            Err(error) => without_export(error),
        }
    }
}

/// The result of a call without an export.
pub(super) fn without_export(error: GatewayError) -> Result<StageExport, GatewayError> {
    match error {
        GatewayError::Refused { message, .. } => Ok(StageExport::Refused(message)),
        GatewayError::TooLong { .. } => Ok(StageExport::Endless(ANSWER_MAX_BYTES)),
        error => Err(error),
    }
}

/// Whether API Gateway itself answers with this type; HTML comes from a server in between.
fn is_export(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|content_type| {
        content_type
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("application/")
    })
}
