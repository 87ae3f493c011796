//! Settings and descriptions for other programs that use the stand-ins.

use serde_json::{Value, json};

use super::{AUDIENCE, Cloud, ROLE_ARN};

impl Cloud {
    /// The app settings that point the handler at these stand-ins; the budgets are the handler's own.
    #[must_use]
    pub fn handler_environment(&self) -> Vec<(String, String)> {
        let ca_file = self.ca_file().display().to_string();
        let mut settings = vec![
            ("APICENTER_RESOURCE_ID", self.resource_id.clone()),
            ("AZURE_RESOURCE_MANAGER_URL", self.api_center_url().to_owned()),
            ("KEY_VAULT_HOSTS", self.key_vault_host()),
            ("AWS_WEB_IDENTITY_AUDIENCE", AUDIENCE.to_owned()),
            ("IDENTITY_ENDPOINT", self.identity_endpoint()),
            ("IDENTITY_HEADER", self.identity_header.clone()),
            ("SSL_CERT_FILE", ca_file),
            ("SYNC_SCHEDULE", "0 0 * * * *".to_owned()),
        ];
        if !self.amazon_over_tls {
            settings.extend([
                ("AWS_ENDPOINT_URL_API_GATEWAY", self.api_gateway_url().to_owned()),
                ("AWS_ENDPOINT_URL_APIGATEWAYV2", self.api_gateway_url().to_owned()),
                ("AWS_ENDPOINT_URL_STS", self.sts_url().to_owned()),
                ("AWS_ENDPOINT_URL_ORGANIZATIONS", self.organizations_url().to_owned()),
            ]);
        }
        let named = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
        named.collect()
    }

    /// The same, with budgets that no test exhausts.
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

    /// A description of these stand-ins for other programs, as one JSON object.
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
            "organizations": self.organizations_url(),
            "roleArn": ROLE_ARN,
            "audience": AUDIENCE,
            "control": self.control_url(),
        })
    }
}
