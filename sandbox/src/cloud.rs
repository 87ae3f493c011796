//! All the stand-ins of the two clouds, each on its port.

mod settings;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::api_center::{ApiCenter, ApiCenterOptions};
use crate::api_gateway::{ApiGateway, ApiGatewayOptions, Gateways};
use crate::control::{self, ControlServer};
use crate::estate::{Estate, FullEstate};
use crate::faults::Faults;
use crate::identity::Identity;
use crate::key_vault::KeyVault;
use crate::keyring::{Keyring, USER_ARN, user_arn};
use crate::organizations::Organizations;
use crate::proxy::ForwardProxy;
use crate::random;
use crate::record::Record;
use crate::region::{REGIONS, dns_suffix};
use crate::security_token::{OidcProvider, Role, SecurityToken, Trust};
use crate::serve::{Conditions, KillHook, Port, Server, host};
use crate::tls::{Tls, TlsError};
use crate::token::{ISSUER, OBJECT_ID};

/// The secret that holds the AWS access key's id.
pub const ACCESS_KEY_SECRET: &str = "aws-access-key";

/// The secret that holds the AWS secret access key.
pub const SECRET_ACCESS_KEY_SECRET: &str = "aws-secret-access-key";

/// The account's role: it trusts the identity's tokens for [`AUDIENCE`], and the user of the access key.
pub const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/apicenter-aws-sync";

/// The audience of the identity's tokens for AWS.
pub const AUDIENCE: &str = "api://apicenter-aws-sync";

/// How the clouds are to be: each stand-in by its own options, and what all have around them.
#[derive(Debug, Clone, Default)]
pub struct CloudOptions {
    /// Azure Resource Manager with the API center behind it; its URL is set on start.
    pub api_center: ApiCenterOptions,
    /// Amazon API Gateway, whose region is that of AWS Security Token Service, too; the account gets a new access key.
    pub api_gateway: ApiGatewayOptions,
    /// The latency of every response, besides the work.
    pub latency: Duration,
    /// Whether AWS's services speak TLS and are known by their real names in every region only, which a proxy must lead
    /// here ([`Cloud::is_behind`]).
    pub amazon_over_tls: bool,
}

impl CloudOptions {
    /// With budgets that no test exhausts.
    #[must_use]
    pub fn unthrottled(self) -> Self {
        Self {
            api_center: self.api_center.unthrottled(),
            api_gateway: self.api_gateway.unthrottled(),
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
    /// Amazon API Gateway of the first account in the region.
    pub api_gateway: Arc<ApiGateway>,
    /// AWS Security Token Service.
    pub sts: Arc<SecurityToken>,
    /// AWS Organizations; no account is in an organisation at first.
    pub organizations: Arc<Organizations>,
    /// Key Vault.
    pub key_vault: Arc<KeyVault>,
    /// The managed-identity endpoint.
    pub identity: Arc<Identity>,
    /// The record of every exchange.
    pub record: Record,
    /// The faults.
    pub faults: Faults,
    /// Kills the process under test when a fault says so.
    pub kill: KillHook,
    /// The API center's ARM id.
    pub resource_id: String,
    /// The AWS region.
    pub region: String,
    /// The `X-IDENTITY-HEADER` of the identity endpoint.
    pub identity_header: String,
    /// The AWS access key's id.
    pub aws_access_key_id: String,
    /// The AWS secret access key.
    pub aws_secret_access_key: String,
    gateways: Arc<Gateways>,
    keyring: Keyring,
    amazon_over_tls: bool,
    servers: Servers,
    tls: Tls,
}

struct Servers {
    api_center: Server,
    api_gateway: Server,
    sts: Server,
    organizations: Server,
    key_vault: Server,
    identity: Server,
    control: ControlServer,
}

impl Cloud {
    /// Starts all stand-ins; the vault holds the two Amazon secrets, everything else is empty.
    ///
    /// # Errors
    /// If no certificate can be made or no port taken.
    #[expect(
        clippy::unused_async,
        reason = "the stand-ins are tasks of a runtime, which a caller that awaits is sure to have"
    )]
    pub async fn start(options: CloudOptions) -> Result<Self, CloudError> {
        let CloudOptions {
            api_center,
            api_gateway,
            latency,
            amazon_over_tls,
        } = options;
        let (resource_id, region) = (api_center.resource_id.clone(), api_gateway.region.clone());
        let names = REGIONS.map(|region| format!("*.{region}.{}", dns_suffix(region)));
        let tls = Tls::new(&names)?;
        let (azure_port, amazon_port) = (
            || Port::take(0, Some(&tls)),
            || Port::take(0, amazon_over_tls.then_some(&tls)),
        );
        let conditions = Conditions {
            latency,
            ..Conditions::default()
        };
        let (aws_access_key_id, aws_secret_access_key) = new_access_key();
        let identity_header = random::text(32);
        let keyring = Keyring::default();
        let user = user_arn(&api_gateway.account, &region);
        keyring.add_lasting(&user, &aws_access_key_id, &aws_secret_access_key);

        let make = |base_url| ApiCenter::new(ApiCenterOptions { base_url, ..api_center });
        let (api_center, api_center_server) = host(azure_port()?, make, &conditions);
        let options = ApiGatewayOptions {
            keyring: keyring.clone(),
            ..api_gateway
        };
        let make = |_| Gateways::new(options);
        let (gateways, api_gateway_server) = host(amazon_port()?, make, &conditions);
        let make = |_| security_token(&region, keyring.clone());
        let (sts, sts_server) = host(amazon_port()?, make, &conditions);
        let make = |_| Organizations::new(keyring.clone());
        let (organizations, organizations_server) = host(amazon_port()?, make, &conditions);
        let (key_vault, key_vault_server) = host(azure_port()?, KeyVault::new, &conditions);
        key_vault.set_secret(ACCESS_KEY_SECRET, &aws_access_key_id);
        key_vault.set_secret(SECRET_ACCESS_KEY_SECRET, &aws_secret_access_key);
        let make = |_| Identity::new(&identity_header);
        let (identity, identity_server) = host(Port::take(0, None)?, make, &conditions);
        identity.know(api_center_server.base_url());
        identity.know(AUDIENCE);
        let control = control::start(Port::take(0, None)?, &conditions, api_center.clone());
        Ok(Self {
            servers: Servers {
                api_center: api_center_server,
                api_gateway: api_gateway_server,
                sts: sts_server,
                organizations: organizations_server,
                key_vault: key_vault_server,
                identity: identity_server,
                control,
            },
            api_center,
            api_gateway: gateways.first(),
            sts,
            organizations,
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
            gateways,
            keyring,
            amazon_over_tls,
            tls,
        })
    }

    /// Waits until every stand-in accepts connections, after faults have let them be refused.
    pub async fn is_up(&self) {
        let all = &self.servers;
        for server in [
            &all.api_center,
            &all.api_gateway,
            &all.sts,
            &all.organizations,
            &all.key_vault,
            &all.identity,
        ] {
            server.is_up().await;
        }
    }

    /// Amazon API Gateway of an account in a region, empty until it is filled.
    #[must_use]
    pub fn gateway(&self, account: &str, region: &str) -> Arc<ApiGateway> {
        self.gateways.gateway(account, region)
    }

    /// Gives a user of any account a new access key, which lasts: its id and its secret.
    #[must_use]
    pub fn add_access_key(&self, user_arn: &str) -> (String, String) {
        let (access_key_id, secret) = new_access_key();
        self.keyring.add_lasting(user_arn, &access_key_id, &secret);
        (access_key_id, secret)
    }

    /// Sets whether an account has enabled a region; where it has not, no key of its is known.
    pub fn set_region_enabled(&self, account: &str, region: &str, enabled: bool) {
        self.keyring.set_region_enabled(account, region, enabled);
    }

    /// Fills the gateway with REST APIs.
    pub fn fill_gateway(&self, estate: Estate) {
        self.fill(FullEstate::from(estate));
    }

    /// Fills the gateway with APIs of every kind and the domain names before them.
    pub fn fill(&self, estate: FullEstate) {
        estate.fill(&self.api_gateway);
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

    /// AWS Organizations' base URL.
    #[must_use]
    pub fn organizations_url(&self) -> &str {
        self.servers.organizations.base_url()
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

    /// Lets a proxy lead all the real names of AWS's services here.
    pub fn is_behind(&self, proxy: &ForwardProxy) {
        let servers = &self.servers;
        for (service, server) in [
            ("apigateway", &servers.api_gateway),
            ("sts", &servers.sts),
            ("organizations", &servers.organizations),
        ] {
            for region in REGIONS {
                let host = format!("{service}.{region}.{}:443", dns_suffix(region));
                proxy.route(&host, server.port());
            }
        }
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

    /// The identifier of a secret in the vault, without a version.
    #[must_use]
    pub fn secret_identifier(&self, name: &str) -> String {
        format!("{}/secrets/{name}", self.key_vault_url())
    }
}

fn new_access_key() -> (String, String) {
    let access_key_id = format!("AKIA{}", random::text(16).to_ascii_uppercase());
    (access_key_id, random::text(40))
}

/// The service of an account with one role and the identity's provider, as `ROLE_ARN` says.
fn security_token(region: &str, keyring: Keyring) -> SecurityToken {
    let sts = SecurityToken::new(region, keyring);
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
