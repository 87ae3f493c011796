//! The account of credentials: Security Token Service returns it for any valid signature.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::{Builder, IdentityCache};

use super::error::{Exchange, RoleError, redact};
use crate::aws::connection::{AwsConnection, CONNECT_TIMEOUT, Call};
use crate::aws::credentials::AwsCredentials;

/// Timeout of the only attempt: callers can do without the answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The id of the account that the credentials belong to (`GetCallerIdentity`). It needs no permission.
///
/// # Errors
/// If it is unknown: the connection's region rejects the credentials, or the service is unreachable.
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
        // The usual connect timeout, so that connections are shared.
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
