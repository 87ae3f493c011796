//! HTTP and WebSocket APIs: API version 2018-11-29, whose lists have no paginators in the SDK.

use aws_sdk_apigatewayv2::error::SdkError;
use aws_sdk_apigatewayv2::operation::get_apis::{GetApisError, GetApisOutput};
use aws_sdk_apigatewayv2::types;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::GatewayClient;
use super::error::GatewayError;
use super::listing::{Collected, Listing, all_pages, v2_api};
use super::rest::without_export;
use super::stage::{STAGES_MAX, v2_stage};
use crate::aws::connection::Call;
use crate::model::{ApiId, GatewayApi, Model, Route, Stage, StageExport};

/// Items per page, a string on the wire. AWS documents neither a default nor a maximum.
pub(super) const PAGE_SIZE: &str = "100";
/// Most routes and most models read of an API: AWS allows 300 routes by default. A model has at most 32 KiB.
const PARTS_MAX: usize = 1000;
/// Part of the response of a region without HTTP APIs, although nobody asked about a function.
const NO_HTTP_APIS: &[u8] = b"functionName";

impl GatewayClient {
    /// Lists all HTTP and WebSocket APIs, or fails: never a part of them. In a region without either kind, the list is
    /// empty.
    ///
    /// # Errors
    /// If a page cannot be read or repeats.
    pub async fn http_and_websocket_apis(&self) -> Result<Listing, GatewayError> {
        let call = Call {
            operation: "GetApis",
            subject: format!("region {}", self.caller.connection.region),
        };
        let mut collected = Collected::default();
        let mut token = None;
        loop {
            let page = self.caller.call(&call, || self.v2_page(token.clone())).await?;
            let items = page.items.unwrap_or_default();
            let added = items.into_iter().try_for_each(|item| {
                let name = item.name.clone();
                collected.add(item.api_id.clone(), name.as_deref(), |id| of_item(id, item))
            });
            token = added
                .and_then(|()| collected.next_page(page.next_token))
                .map_err(|message| GatewayError::malformed(&call, message))?;
            if token.is_none() {
                return Ok(collected.listing);
            }
        }
    }

    async fn v2_page(&self, token: Option<String>) -> Result<GetApisOutput, SdkError<GetApisError, HttpResponse>> {
        let page = self.v2.get_apis().max_results(PAGE_SIZE).set_next_token(token);
        let page = page.send().await;
        match &page {
            Ok(_) => _ = self.has_v2.set(true),
            Err(error) if lacks_http_apis(error) => {
                _ = self.has_v2.set(false);
                return Ok(GetApisOutput::builder().build());
            }
            Err(_) => (),
        }
        page
    }

    /// Whether the region has neither HTTP nor WebSocket APIs.
    pub(super) async fn lacks_v2(&self) -> bool {
        if self.has_v2.get().is_none() {
            // A failure leaves it unknown.
            let _ = self.http_and_websocket_apis().await;
        }
        self.has_v2.get() == Some(&false)
    }

    pub(super) async fn http_or_websocket_api(&self, id: &ApiId) -> Result<GatewayApi, GatewayError> {
        let call = Call {
            operation: "GetApi",
            subject: format!("API {id}"),
        };
        let request = || self.v2.get_api().api_id(id.as_str()).send();
        let answer = self.caller.call(&call, request).await?;
        let protocol = answer.protocol_type().cloned();
        let is_disabled = answer.disable_execute_api_endpoint().unwrap_or_default();
        let texts = [answer.name, answer.description, answer.version];
        v2_api(id.clone(), protocol.as_ref(), texts, is_disabled, answer.tags)
            .map_err(|message| GatewayError::malformed(&call, message))
    }

    /// The stages of an HTTP or WebSocket API.
    pub(super) async fn v2_stages(&self, api: &GatewayApi) -> Result<Vec<Stage>, GatewayError> {
        let call = Call {
            operation: "GetStages",
            subject: api.to_string(),
        };
        let page = async |token: Option<String>| {
            let page = || {
                let page = self.v2.get_stages().api_id(api.id.as_str()).max_results(PAGE_SIZE);
                page.set_next_token(token.clone()).send()
            };
            let page = self.caller.call(&call, page).await?;
            Ok((page.items.unwrap_or_default(), page.next_token))
        };
        let stages = all_pages(&call, STAGES_MAX, page).await?.into_iter();
        let stages: Result<Vec<Stage>, String> = stages.map(v2_stage).collect();
        stages.map_err(|message| GatewayError::malformed(&call, message))
    }

    /// The export without extensions, which would reveal ARNs and what integrations send.
    pub(super) async fn http_export(&self, api: &GatewayApi, stage_name: &str) -> Result<StageExport, GatewayError> {
        let call = Call {
            operation: "ExportApi",
            subject: format!("stage {stage_name:?} of {api}"),
        };
        let request = || {
            let export = self.v2.export_api().api_id(api.id.as_str()).stage_name(stage_name);
            let export = export.specification("OAS30").output_type("JSON");
            export.include_extensions(false).send()
        };
        match self.caller.call(&call, request).await {
            Ok(answer) => {
                let body = answer.body.map(aws_smithy_types::Blob::into_inner).unwrap_or_default();
                if is_page(&body) {
                    return Err(GatewayError::malformed(&call, "it is a page, not JSON"));
                }
                Ok(StageExport::OpenApi(body))
            }
            Err(error) => without_export(error),
        }
    }

    /// The parts of a WebSocket API in their current state, since AWS does not return those of a deployment.
    pub(super) async fn websocket_export(&self, api: &GatewayApi) -> Result<StageExport, GatewayError> {
        let export = match self.routes(api).await {
            Ok(routes) => self.models(api).await.map(|models| (routes, models)),
            Err(error) => Err(error),
        };
        match export {
            Ok((routes, models)) => Ok(StageExport::WebSocket { routes, models }),
            Err(error) => without_export(error),
        }
    }

    async fn routes(&self, api: &GatewayApi) -> Result<Vec<Route>, GatewayError> {
        let call = Call {
            operation: "GetRoutes",
            subject: api.to_string(),
        };
        let page = async |token: Option<String>| {
            let page = || {
                let page = self.v2.get_routes().api_id(api.id.as_str()).max_results(PAGE_SIZE);
                page.set_next_token(token.clone()).send()
            };
            let page = self.caller.call(&call, page).await?;
            Ok((page.items.unwrap_or_default(), page.next_token))
        };
        let routes = all_pages(&call, PARTS_MAX, page).await?;
        Ok(routes.into_iter().map(route).collect())
    }

    async fn models(&self, api: &GatewayApi) -> Result<Vec<Model>, GatewayError> {
        let call = Call {
            operation: "GetModels",
            subject: api.to_string(),
        };
        let page = async |token: Option<String>| {
            let page = || {
                let page = self.v2.get_models().api_id(api.id.as_str()).max_results(PAGE_SIZE);
                page.set_next_token(token.clone()).send()
            };
            let page = self.caller.call(&call, page).await?;
            Ok((page.items.unwrap_or_default(), page.next_token))
        };
        let models = all_pages(&call, PARTS_MAX, page).await?;
        Ok(models.into_iter().map(model).collect())
    }
}

/// Whether the region has no HTTP and WebSocket APIs at all. AWS answers with a 400 that is not even JSON, about a
/// missing function name; nothing else does.
fn lacks_http_apis(error: &SdkError<GetApisError, HttpResponse>) -> bool {
    error.raw_response().is_some_and(|response| {
        let body = response.body().bytes().unwrap_or_default();
        response.status().as_u16() == 400 && body.windows(NO_HTTP_APIS.len()).any(|part| part == NO_HTTP_APIS)
    })
}

fn of_item(id: ApiId, item: types::Api) -> Result<GatewayApi, String> {
    let protocol = item.protocol_type;
    let texts = [item.name, item.description, item.version];
    let is_disabled = item.disable_execute_api_endpoint.unwrap_or_default();
    v2_api(id, protocol.as_ref(), texts, is_disabled, item.tags)
}

/// Whether this is a page of HTML, from a server in between.
///
/// The SDK does not return the type of this response, as it does for REST APIs. No JSON begins like a page.
fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn route(item: types::Route) -> Route {
    let parameters = item.request_parameters.unwrap_or_default().into_iter();
    Route {
        key: item.route_key.unwrap_or_default(),
        operation_name: item.operation_name,
        authorization_type: item.authorization_type.map(|found| found.as_str().to_owned()),
        authorization_scopes: item.authorization_scopes.unwrap_or_default(),
        api_key_required: item.api_key_required.unwrap_or_default(),
        request_models: item.request_models.unwrap_or_default().into_iter().collect(),
        request_parameters: parameters
            .map(|(name, constraint)| (name, constraint.required.unwrap_or_default()))
            .collect(),
        is_two_way: item
            .route_response_selection_expression
            .is_some_and(|found| !found.is_empty()),
    }
}

fn model(item: types::Model) -> Model {
    Model {
        name: item.name.unwrap_or_default(),
        content_type: item.content_type,
        schema: item.schema.unwrap_or_default(),
    }
}
