//! HTTP transport to AWS: one pool of connections, counted attempts, paced retries, bounded responses.

use std::error::Error;
use std::sync::Arc;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::Limited;
use tokio::sync::Semaphore;
use tracing::Instrument;
use url::Url;

use super::answer::is_throttle;
use super::objects::Counted;
use crate::limits::{Pacer, Traffic};
use crate::telemetry::{Outgoing, Peer};

/// Most bytes read of a response: five times the largest useful definition, and more than any page of a list.
pub(in crate::aws) const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Most roles assumed at once in this process: the first run over an organisation assumes hundreds.
const EXCHANGES_MAX: usize = 5;

/// The connections to AWS: created once per process and shared by all gateways.
#[derive(Debug, Clone)]
pub struct Transport {
    client: SharedHttpClient,
    exchanges: Arc<Semaphore>,
}

impl Transport {
    /// A pool without connections yet. They use the proxy in `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`,
    /// parsed by the same library as in the Azure SDK.
    #[must_use]
    pub fn new() -> Self {
        Self::of_client(Builder::new().build_with_connector_fn(|settings, components| {
            let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()
        }))
    }

    /// A transport over `client` instead of connections.
    #[cfg(any(test, fuzzing))]
    pub(in crate::aws) fn over(client: SharedHttpClient) -> Self {
        Self::of_client(client)
    }

    fn of_client(client: SharedHttpClient) -> Self {
        Self {
            client,
            exchanges: Self::permits(),
        }
    }

    /// The permits to assume a role.
    pub(in crate::aws) fn permits() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(EXCHANGES_MAX))
    }

    /// The permits to assume a role, shared by this transport.
    pub(in crate::aws) fn exchanges(&self) -> Arc<Semaphore> {
        Arc::clone(&self.exchanges)
    }

    /// The same connections for one gateway: retries wait for `pacer`, every attempt counts in `traffic`.
    pub(in crate::aws) fn metered(&self, pacer: Arc<Pacer>, traffic: Arc<Traffic>) -> SharedHttpClient {
        SharedHttpClient::new(Metered {
            inner: self.client.clone(),
            pacer,
            traffic,
        })
    }
}

impl Default for Transport {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug, Clone)]
struct Metered<T> {
    inner: T,
    pacer: Arc<Pacer>,
    traffic: Arc<Traffic>,
}

impl HttpClient for Metered<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Metered {
            inner: self.inner.http_connector(settings, components),
            pacer: Arc::clone(&self.pacer),
            traffic: Arc::clone(&self.traffic),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.inner, components, config)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, config: &ConfigBag) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.inner, components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

impl HttpConnector for Metered<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connection = self.clone();
        HttpConnectorFuture::new(async move {
            let resends = resends(&request);
            if resends > 0 {
                connection.pacer.wait().await;
            }
            connection.traffic.sent();
            let outgoing = outgoing(&request, resends);
            let is_export = request.uri().contains("/exports/");
            let response = match connection.inner.call(request).instrument(outgoing.span()).await {
                Ok(response) => response,
                Err(error) => {
                    outgoing.failed();
                    // A failed connection says something about the region; one retry makes sure. The SDK does not retry
                    // an error of kind "other".
                    return Err(if resends > 0 && is_not_connected(&error) {
                        ConnectorError::other(error.into(), None)
                    } else {
                        error
                    });
                }
            };
            let throttled = is_throttled(&response);
            outgoing.answered(response.status().as_u16(), throttled);
            if throttled {
                connection.traffic.throttled();
            }
            Ok(response.map(|body| {
                let body = Limited::new(body, ANSWER_MAX_BYTES);
                // To the SDK, an export is text, whatever it contains.
                if is_export {
                    SdkBody::from_body_1_x(body)
                } else {
                    SdkBody::from_body_1_x(Counted::new(body))
                }
            }))
        })
    }
}

/// How often the SDK has retried this request. First attempts have waited for the pacer already, before signing and
/// outside the attempt's timeout, so that a slow pace does not look like a slow service.
fn resends(request: &HttpRequest) -> u64 {
    let attempt = request.headers().get("amz-sdk-request").unwrap_or_default();
    let number = attempt.strip_prefix("attempt=").and_then(|rest| rest.split(';').next());
    number
        .and_then(|number| number.parse().ok())
        .map_or(0, |number: u64| number.saturating_sub(1))
}

fn outgoing(request: &HttpRequest, resends: u64) -> Outgoing {
    let url = Url::parse(request.uri()).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let port = url.as_ref().and_then(Url::port_or_known_default);
    Outgoing::begin(Peer::Aws, request.method(), host, port, resends)
}

/// Whether a response is a throttle, which the SDK may retry by itself.
fn is_throttled(response: &HttpResponse) -> bool {
    let code = response.headers().get("x-amzn-errortype").unwrap_or_default();
    // The service may append to the code, such as where it is documented.
    let code = code.split(':').next().unwrap_or_default();
    is_throttle(
        response.status().as_u16(),
        code.strip_suffix("Exception").unwrap_or(code),
    )
}

/// Whether a request was not sent for lack of a connection.
pub(in crate::aws) fn is_not_connected(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(hyper_util::client::legacy::Error::is_connect)
}
