//! All the stand-ins of the two clouds, each on its port.

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::api_center::{ApiCenter, ApiCenterOptions};
use crate::api_gateway::{ApiGateway, ApiGatewayOptions, RestApi, Stage};
use crate::control::{self, ControlServer};
use crate::faults::Faults;
use crate::identity::Identity;
use crate::key_vault::{KeyVault, KeyVaultOptions};
use crate::keyring::{Keyring, USER_ARN};
use crate::record::{Record, Service};
use crate::security_token::{OidcProvider, Role, SecurityToken, SecurityTokenOptions, Trust};
use crate::serve::{Answer, Conditions, KillHook, Port, Server, serve};
use crate::tls::{Tls, TlsError};
use crate::token::{ISSUER, OBJECT_ID};

/// The API center's id unless another one is asked for.
pub const DEFAULT_RESOURCE_ID: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/sandbox\
                                       /providers/Microsoft.ApiCenter/services/sandbox";

/// The secret that holds the Amazon access key's id.
pub const ACCESS_KEY_SECRET: &str = "aws-access-key";

/// The secret that holds the Amazon secret access key.
pub const SECRET_ACCESS_KEY_SECRET: &str = "aws-secret-access-key";

/// The role that the account has: it trusts the identity's tokens for [`AUDIENCE`], and the user of the access key.
pub const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/apicenter-aws-sync";

/// What the identity's tokens for Amazon are for.
pub const AUDIENCE: &str = "api://apicenter-aws-sync";

/// A rate as the clouds state it: calls per second and burst.
pub type Rate = (f64, f64);

/// How the clouds are to be.
#[derive(Debug, Clone)]
pub struct CloudOptions {
    /// The API center's ARM id.
    pub resource_id: String,
    /// The API center's plan, `Free` or `Standard`.
    pub sku: String,
    /// The Amazon region.
    pub region: String,
    /// Entities on a page of an API Center list.
    pub api_center_page_size: usize,
    /// Items on a page of an Amazon list when the caller does not say.
    pub api_gateway_page_size: usize,
    /// Most items on a page of an Amazon list, whatever the caller says.
    pub api_gateway_page_size_max: usize,
    /// ARM's budget for reads.
    pub reads: Rate,
    /// ARM's budget for writes.
    pub writes: Rate,
    /// ARM's budget for deletes.
    pub deletes: Rate,
    /// Amazon's budget for management calls.
    pub gateway_rate: Rate,
    /// How long every answer takes, besides the work.
    pub latency: Duration,
    /// Whether Amazon's services speak TLS, with a certificate for their real names in the region.
    pub amazon_over_tls: bool,
}

impl Default for CloudOptions {
    /// The budgets are the real ones; the pages are small, so that paging is always exercised.
    fn default() -> Self {
        Self {
            resource_id: DEFAULT_RESOURCE_ID.to_owned(),
            sku: "Standard".to_owned(),
            region: "us-east-1".to_owned(),
            api_center_page_size: 10,
            api_gateway_page_size: 25,
            api_gateway_page_size_max: 500,
            reads: (25.0, 250.0),
            writes: (10.0, 200.0),
            deletes: (10.0, 200.0),
            gateway_rate: (10.0, 40.0),
            latency: Duration::ZERO,
            amazon_over_tls: false,
        }
    }
}

impl CloudOptions {
    /// With budgets that no test runs into.
    #[must_use]
    pub fn unthrottled(self) -> Self {
        const UNLIMITED: Rate = (1e6, 1e6);
        Self {
            reads: UNLIMITED,
            writes: UNLIMITED,
            deletes: UNLIMITED,
            gateway_rate: UNLIMITED,
            ..self
        }
    }
}

/// Why the clouds did not start.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// No certificate.
    #[error("preparing TLS for the stand-ins failed")]
    Tls(#[from] TlsError),
    /// No port.
    #[error("taking a loopback port for the stand-ins failed")]
    Port(#[from] io::Error),
}

/// The stand-ins, running; they end when this is dropped.
pub struct Cloud {
    /// Azure Resource Manager with the API center behind it.
    pub api_center: Arc<ApiCenter>,
    /// Amazon API Gateway.
    pub api_gateway: Arc<ApiGateway>,
    /// AWS Security Token Service.
    pub sts: Arc<SecurityToken>,
    /// Key Vault.
    pub key_vault: Arc<KeyVault>,
    /// The managed-identity endpoint.
    pub identity: Arc<Identity>,
    /// Every exchange with any of them.
    pub record: Record,
    /// What goes wrong.
    pub faults: Faults,
    /// How the process under test is killed when a fault says so.
    pub kill: KillHook,
    /// The API center's ARM id.
    pub resource_id: String,
    /// The Amazon region.
    pub region: String,
    /// What a caller of the identity endpoint has to send as `X-IDENTITY-HEADER`.
    pub identity_header: String,
    /// The Amazon access key's id.
    pub aws_access_key_id: String,
    /// The Amazon secret access key.
    pub aws_secret_access_key: String,
    servers: Servers,
    tls: Tls,
}

struct Servers {
    api_center: Server,
    api_gateway: Server,
    sts: Server,
    key_vault: Server,
    identity: Server,
    control: ControlServer,
}

struct Ports {
    api_center: Port,
    api_gateway: Port,
    sts: Port,
    key_vault: Port,
    identity: Port,
    control: Port,
}

impl Ports {
    fn take(tls: &Tls, amazon_over_tls: bool) -> io::Result<Self> {
        let amazons = amazon_over_tls.then_some(tls);
        Ok(Self {
            api_center: Port::take(0, Some(tls))?,
            api_gateway: Port::take(0, amazons)?,
            sts: Port::take(0, amazons)?,
            key_vault: Port::take(0, Some(tls))?,
            identity: Port::take(0, None)?,
            control: Port::take(0, None)?,
        })
    }
}

impl Cloud {
    /// Starts all stand-ins; the vault holds the two Amazon secrets, everything else is empty.
    ///
    /// # Errors
    /// When no certificate can be made or no port taken.
    #[expect(
        clippy::unused_async,
        reason = "the stand-ins are tasks of a runtime, which a caller that awaits is sure to have"
    )]
    pub async fn start(options: CloudOptions) -> Result<Self, CloudError> {
        let tls = Tls::new(&[format!("*.{}.amazonaws.com", options.region)])?;
        let ports = Ports::take(&tls, options.amazon_over_tls)?;
        let aws_access_key_id = format!("AKIA{}", random_text(16).to_ascii_uppercase());
        let aws_secret_access_key = random_text(40);
        let identity_header = random_text(32);
        let keyring = Keyring::default();
        keyring.set_lasting(vec![(aws_access_key_id.clone(), aws_secret_access_key.clone())]);
        let sts = Arc::new(security_token(&options.region, &keyring));
        let api_gateway = Arc::new(ApiGateway::new(ApiGatewayOptions {
            region: options.region.clone(),
            keyring,
            page_size_default: options.api_gateway_page_size,
            page_size_max: options.api_gateway_page_size_max,
            rate: options.gateway_rate,
        }));
        let key_vault = Arc::new(KeyVault::new(KeyVaultOptions {
            base_url: ports.key_vault.base_url(),
        }));
        key_vault.set_secret(ACCESS_KEY_SECRET, &aws_access_key_id);
        key_vault.set_secret(SECRET_ACCESS_KEY_SECRET, &aws_secret_access_key);
        let identity = Arc::new(Identity::new(&identity_header));
        identity.know(&ports.api_center.base_url());
        identity.know(AUDIENCE);
        let conditions = Conditions {
            latency: options.latency,
            ..Conditions::default()
        };
        let resource_id = options.resource_id.clone();
        let region = options.region.clone();
        let api_center = Arc::new(api_center(options, ports.api_center.base_url()));
        Ok(Self {
            servers: Servers::start(
                ports,
                &api_center,
                &api_gateway,
                &sts,
                &key_vault,
                &identity,
                &conditions,
            ),
            api_center,
            api_gateway,
            sts,
            key_vault,
            identity,
            record: conditions.record,
            faults: conditions.faults,
            kill: conditions.kill,
            resource_id,
            region,
            identity_header,
            aws_access_key_id,
            aws_secret_access_key,
            tls,
        })
    }

    /// Waits until every stand-in accepts connections, after faults have let them be refused.
    pub async fn is_up(&self) {
        let Servers {
            api_center,
            api_gateway,
            sts,
            key_vault,
            identity,
            control: _,
        } = &self.servers;
        for server in [api_center, api_gateway, sts, key_vault, identity] {
            server.is_up().await;
        }
    }

    /// Fills the gateway.
    pub fn fill_gateway(&self, estate: Vec<(RestApi, Vec<Stage>)>) {
        for (rest_api, stages) in estate {
            let id = rest_api.id.clone();
            self.api_gateway.put_rest_api(rest_api);
            for stage in stages {
                self.api_gateway.put_stage(&id, stage);
            }
        }
    }

    /// Azure Resource Manager's base URL.
    #[must_use]
    pub fn api_center_url(&self) -> &str {
        self.servers.api_center.base_url()
    }

    /// Amazon API Gateway's base URL.
    #[must_use]
    pub fn api_gateway_url(&self) -> &str {
        self.servers.api_gateway.base_url()
    }

    /// AWS Security Token Service's base URL.
    #[must_use]
    pub fn sts_url(&self) -> &str {
        self.servers.sts.base_url()
    }

    /// The vault's base URL.
    #[must_use]
    pub fn key_vault_url(&self) -> &str {
        self.servers.key_vault.base_url()
    }

    /// The ports of Amazon API Gateway and of AWS Security Token Service.
    #[must_use]
    pub fn amazon_ports(&self) -> (u16, u16) {
        (self.servers.api_gateway.port(), self.servers.sts.port())
    }

    /// The vault's host and port.
    #[must_use]
    pub fn key_vault_host(&self) -> String {
        format!("127.0.0.1:{}", self.servers.key_vault.port())
    }

    /// The identity endpoint, as `IDENTITY_ENDPOINT` gives it.
    #[must_use]
    pub fn identity_endpoint(&self) -> String {
        format!("{}/msi/token", self.servers.identity.base_url())
    }

    /// The control endpoint's base URL.
    #[must_use]
    pub fn control_url(&self) -> &str {
        self.servers.control.base_url()
    }

    /// The throw-away authority's certificate, PEM.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        self.tls.ca_file()
    }

    /// The throw-away authority's certificate, PEM text.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.tls.ca_pem()
    }

    /// The identifier of a secret in the vault, without a version.
    #[must_use]
    pub fn secret_identifier(&self, name: &str) -> String {
        format!("{}/secrets/{name}", self.key_vault_url())
    }

    /// The app settings that point the handler at these stand-ins; the budgets are the handler's own.
    #[must_use]
    pub fn handler_environment(&self) -> Vec<(String, String)> {
        let ca_file = self.ca_file().display().to_string();
        [
            ("APICENTER_RESOURCE_ID", self.resource_id.clone()),
            ("AZURE_RESOURCE_MANAGER_URL", self.api_center_url().to_owned()),
            ("KEY_VAULT_HOSTS", self.key_vault_host()),
            ("AWS_ENDPOINT_URL_API_GATEWAY", self.api_gateway_url().to_owned()),
            ("AWS_ENDPOINT_URL_STS", self.sts_url().to_owned()),
            ("AWS_WEB_IDENTITY_AUDIENCE", AUDIENCE.to_owned()),
            ("IDENTITY_ENDPOINT", self.identity_endpoint()),
            ("IDENTITY_HEADER", self.identity_header.clone()),
            ("SSL_CERT_FILE", ca_file),
            ("SYNC_SCHEDULE", "0 0 * * * *".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// The same, with budgets that no test runs into.
    #[must_use]
    pub fn unpaced_handler_environment(&self) -> Vec<(String, String)> {
        let budgets = [
            "AWS_REQUESTS_PER_SECOND",
            "ARM_READS_PER_SECOND",
            "ARM_WRITES_PER_SECOND",
            "ARM_DELETES_PER_SECOND",
        ];
        let mut environment = self.handler_environment();
        environment.extend(budgets.map(|name| (name.to_owned(), "100000".to_owned())));
        environment
    }

    /// Everything that another program has to know to work with these stand-ins, as one JSON object.
    #[must_use]
    pub fn description(&self) -> Value {
        json!({
            "resourceId": self.resource_id,
            "apiCenter": self.api_center_url(),
            "apiGateway": self.api_gateway_url(),
            "keyVault": self.key_vault_url(),
            "identityEndpoint": self.identity_endpoint(),
            "identityHeader": self.identity_header,
            "caFile": self.ca_file(),
            "awsAccessKeyId": self.aws_access_key_id,
            "awsSecretAccessKey": self.aws_secret_access_key,
            "region": self.region,
            "sts": self.sts_url(),
            "roleArn": ROLE_ARN,
            "audience": AUDIENCE,
            "control": self.control_url(),
        })
    }
}

impl Servers {
    fn start(
        ports: Ports,
        api_center: &Arc<ApiCenter>,
        api_gateway: &Arc<ApiGateway>,
        sts: &Arc<SecurityToken>,
        key_vault: &Arc<KeyVault>,
        identity: &Arc<Identity>,
        conditions: &Conditions,
    ) -> Self {
        let start = |port, service, answer| serve(port, service, answer, conditions.clone());
        Self {
            api_center: start(
                ports.api_center,
                Service::ApiCenter,
                answer_of(api_center, |it, request| async move { it.answer(&request).await }),
            ),
            api_gateway: start(
                ports.api_gateway,
                Service::ApiGateway,
                answer_of(api_gateway, |it, request| async move { it.answer(&request).await }),
            ),
            sts: start(
                ports.sts,
                Service::Sts,
                answer_of(sts, |it, request| async move { it.answer(&request).await }),
            ),
            key_vault: start(
                ports.key_vault,
                Service::KeyVault,
                answer_of(key_vault, |it, request| async move { it.answer(&request).await }),
            ),
            identity: start(
                ports.identity,
                Service::Identity,
                answer_of(identity, |it, request| async move { it.answer(&request).await }),
            ),
            control: control::start(
                ports.control,
                conditions.record.clone(),
                conditions.faults.clone(),
                api_center.clone(),
            ),
        }
    }
}

fn answer_of<S, F>(stand_in: &Arc<S>, answer: impl Fn(Arc<S>, Request<Bytes>) -> F + Send + Sync + 'static) -> Answer
where
    S: Send + Sync + 'static,
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    let stand_in = stand_in.clone();
    Arc::new(move |request| Box::pin(answer(stand_in.clone(), request)))
}

fn api_center(options: CloudOptions, base_url: String) -> ApiCenter {
    let mut api_center = ApiCenterOptions::new(options.resource_id);
    api_center.sku = options.sku;
    api_center.page_size = options.api_center_page_size;
    api_center.reads = options.reads;
    api_center.writes = options.writes;
    api_center.deletes = options.deletes;
    api_center.base_url = base_url;
    ApiCenter::new(api_center)
}

/// The service of an account with one role and the identity's provider, as `ROLE_ARN` says.
fn security_token(region: &str, keyring: &Keyring) -> SecurityToken {
    let sts = SecurityToken::new(SecurityTokenOptions {
        region: region.to_owned(),
        keyring: keyring.clone(),
    });
    sts.put_provider(OidcProvider {
        issuer: ISSUER.to_owned(),
        client_ids: vec![AUDIENCE.to_owned()],
    });
    let by_token = Trust::WebIdentity {
        issuer: ISSUER.to_owned(),
        audiences: Some(vec![AUDIENCE.to_owned()]),
        subjects: Some(vec![OBJECT_ID.to_owned()]),
    };
    let by_key = Trust::Principal {
        arn: USER_ARN.to_owned(),
        external_id: None,
    };
    sts.put_role(Role::new(ROLE_ARN, vec![by_token, by_key]));
    sts
}

/// `length` letters and digits; new ones every time, so that a leaked one leads to nothing.
pub(crate) fn random_text(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&uuid::Uuid::new_v4().simple().to_string());
    }
    text.truncate(length);
    text
}
