//! Amazon API Gateway, read through the AWS SDK at the account's rate. Writes nothing.

mod caller;
mod domains;
mod error;
mod listing;
mod rest;
mod stage;
#[cfg(test)]
mod tests;
mod v2;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, OnceLock};

use aws_sdk_apigateway::config::IdentityCache;
use aws_sdk_apigateway::operation::get_rest_apis::GetRestApisOutput;

use self::caller::Caller;
pub use self::error::GatewayError;
pub use self::listing::{Listing, Unusable};
use super::connection::{AwsConnection, NoBlindRetries, NoEmptyAnswers};
use super::credentials::AwsCredentials;
use super::security_token::{RoleError, account_of};
use crate::model::{ApiId, ApiList, ApiType, GatewayApi, Stage, StageExport};

/// A complete list of APIs, or why there is none.
pub type List = Result<Listing, GatewayError>;

/// The API Gateway of one account and region, for one run.
pub struct GatewayClient {
    /// API version 2015-07-09: REST APIs and domains.
    rest: aws_sdk_apigateway::Client,
    /// API version 2018-11-29: HTTP and WebSocket APIs, and the mappings of most domains.
    v2: aws_sdk_apigatewayv2::Client,
    caller: Caller,
    /// The first page of the REST APIs, read to check the credentials: the listing continues from there.
    first_page: Mutex<Option<GetRestApisOutput>>,
    /// Whether the region has the newer version, once known.
    has_v2: OnceLock<bool>,
}

impl fmt::Debug for GatewayClient {
    /// Without the SDK's clients, which show the id of the access key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gateway")
            .field("region", &self.caller.connection.region)
            .finish_non_exhaustive()
    }
}

impl GatewayClient {
    /// Creates a client and sends nothing.
    #[must_use]
    pub fn connect(connection: AwsConnection, credentials: AwsCredentials) -> Self {
        // The credentials are cached outside the SDK, so that assuming a role does not count against the request's
        // timeouts. Set here, not per call: a call with its own configuration makes the SDK rebuild all of it.
        let rest = aws_sdk_apigateway::config::Builder::from(&connection.config)
            .credentials_provider(credentials.clone())
            .identity_cache(IdentityCache::no_cache())
            .retry_classifier(NoBlindRetries)
            .interceptor(NoEmptyAnswers)
            .build();
        let v2 = aws_sdk_apigatewayv2::config::Builder::from(&connection.config)
            .credentials_provider(credentials.clone())
            .identity_cache(IdentityCache::no_cache())
            .retry_classifier(NoBlindRetries)
            .interceptor(NoEmptyAnswers)
            .build();
        Self {
            rest: aws_sdk_apigateway::Client::from_conf(rest),
            v2: aws_sdk_apigatewayv2::Client::from_conf(v2),
            caller: Caller {
                connection: Box::new(connection),
                credentials,
            },
            first_page: Mutex::default(),
            has_v2: OnceLock::new(),
        }
    }

    /// Why no further work may begin on this gateway, if so.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.caller.connection.breaker.tripped()
    }

    /// The account of credentials that were refused with `error`, from a region that every account has.
    ///
    /// # Errors
    /// If that region rejects them, too, or does not say.
    pub async fn account_at_home(&self, error: &GatewayError) -> Result<String, RoleError> {
        let connection = &self.caller.connection;
        let home = connection.in_region(&connection.region.home());
        match (error, &self.caller.credentials) {
            // The role could not be assumed: its key was refused.
            (GatewayError::Role(error), AwsCredentials::Role(role)) => match role.key() {
                Some(key) => account_of(&home, &AwsCredentials::AccessKey(key.clone())).await,
                None => Err(error.clone()),
            },
            (_, credentials) => account_of(&home, credentials).await,
        }
    }

    /// Whether credentials were refused with `error` because their account has not enabled the region.
    ///
    /// AWS answers invalid ones the same way, so this asks a region that every account has; a role's session is valid,
    /// since the token service has just issued it.
    pub async fn is_region_disabled(&self, error: &GatewayError) -> bool {
        let may_be = error.is_unknown_credentials() && !self.caller.connection.region.is_always_enabled();
        may_be
            && match &self.caller.credentials {
                AwsCredentials::Role(_) => true,
                AwsCredentials::AccessKey(_) => self.account_at_home(error).await.is_ok(),
            }
    }

    /// Makes one signed call, to check the credentials for any of these kinds of API.
    ///
    /// # Errors
    /// The first error, if all fail.
    pub async fn check(&self, api_types: &BTreeSet<ApiType>) -> Result<(), GatewayError> {
        let mut denied = None;
        for list in lists_of(api_types) {
            let checked = match list {
                ApiList::Rest => self.check_rest_apis().await,
                ApiList::HttpAndWebSocket => self.http_and_websocket_apis().await.map(|_| ()),
            };
            match checked {
                Err(error @ GatewayError::AccessDenied { .. }) => denied = denied.or(Some(error)),
                checked => return checked,
            }
        }
        denied.map_or(Ok(()), Err)
    }

    /// Reads the lists for these kinds of API: each is complete, or an error. Skips a list that would fail like the one
    /// before.
    ///
    /// # Errors
    /// The first error, if all fail.
    pub async fn lists(&self, api_types: &BTreeSet<ApiType>) -> Result<Vec<(ApiList, List)>, GatewayError> {
        let mut lists: Vec<(ApiList, List)> = Vec::new();
        for list in lists_of(api_types) {
            if let Some((_, Err(error))) = lists.first()
                && error.is_of_every_list()
            {
                return Err(error.clone());
            }
            let listed = match list {
                ApiList::Rest => self.rest_apis().await,
                ApiList::HttpAndWebSocket => self.http_and_websocket_apis().await,
            };
            lists.push((list, listed));
        }
        match lists.first() {
            Some((_, Err(error))) if lists.iter().all(|(_, list)| list.is_err()) => Err(error.clone()),
            _ => Ok(lists),
        }
    }

    /// One API; `None` if AWS says that it does not exist. Its absence from a list would prove less: lists may lag.
    ///
    /// # Errors
    /// If AWS says neither.
    pub async fn api(&self, api_type: ApiType, id: &ApiId) -> Result<Option<GatewayApi>, GatewayError> {
        let found = match api_type {
            ApiType::Rest => self.rest_api(id).await,
            ApiType::Http | ApiType::Websocket => self.http_or_websocket_api(id).await,
        };
        match found {
            Ok(api) => Ok(Some(api)),
            Err(GatewayError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the stages of an API.
    ///
    /// # Errors
    /// If they cannot be read, or one is invalid.
    pub async fn stages(&self, api: &GatewayApi) -> Result<Vec<Stage>, GatewayError> {
        match api.api_type {
            ApiType::Rest => self.rest_stages(api).await,
            ApiType::Http | ApiType::Websocket => self.v2_stages(api).await,
        }
    }

    /// Exports a stage: a REST or HTTP API as OpenAPI 3.0 in JSON without AWS extensions, a WebSocket API as its parts.
    ///
    /// # Errors
    /// If it is unknown whether there is a definition. Having none is not an error.
    pub async fn export(&self, api: &GatewayApi, stage_name: &str) -> Result<StageExport, GatewayError> {
        match api.api_type {
            ApiType::Rest => self.rest_export(api, stage_name).await,
            ApiType::Http => self.http_export(api, stage_name).await,
            ApiType::Websocket => self.websocket_export(api).await,
        }
    }
}

fn lists_of(api_types: &BTreeSet<ApiType>) -> BTreeSet<ApiList> {
    api_types.iter().map(|api_type| api_type.list()).collect()
}
