//! Whose credentials they are: Security Token Service tells that to everybody who asks with a good signature.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::{Builder, IdentityCache};

use super::error::{Exchange, RoleError, redact};
use crate::aws::connection::{AwsConnection, CONNECT_TIMEOUT, Call};
use crate::aws::credentials::AwsCredentials;

/// Limit of the question, which is asked once: whoever asks can do without the answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The number of the account that credentials are of (`GetCallerIdentity`). It needs no permission.
///
/// # Errors
/// When nobody says: the credentials are not accepted in the connection's region, or the service cannot be reached.
pub async fn account_of(connection: &AwsConnection, credentials: &AwsCredentials) -> Result<String, RoleError> {
    let call = Call {
        operation: "GetCallerIdentity",
        subject: format!("{credentials} in region {}", connection.region),
    };
    let out_of_time = || RoleError::OutOfTime { call: call.clone() };
    if connection.budget.is_spent() {
        return Err(out_of_time());
    }
    let current = credentials.current().await?;
    let config = Builder::from(&connection.config)
        .credentials_provider(credentials.clone())
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        // The same limit of connecting as everywhere, so that the connections are the same, too.
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_timeout(TIMEOUT)
                .build(),
        );
    let client = Client::from_conf(config.build());
    let answer = tokio::select! {
        answer = client.get_caller_identity().send() => answer,
        () = connection.budget.spent() => return Err(out_of_time()),
    };
    let answer = answer.map_err(|error| {
        let exchange = Exchange::Signature {
            credentials: credentials.to_string(),
            owner: "their owner".to_owned(),
        };
        let error = RoleError::of_sdk(&call, &exchange, &connection.region, &error);
        redact(error, &current)
    })?;
    answer.account.ok_or_else(|| RoleError::Unavailable {
        call,
        message: "the response has no account".to_owned(),
        retry_after: None,
    })
}
