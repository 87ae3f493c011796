//! One call to a service: signed, paced and within the time budget.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::connection::{AwsConnection, error_code, is_expired};
use super::credentials::AwsCredentials;
use super::security_token::RoleError;

/// Why a call has no result.
pub(super) enum Unanswered<E> {
    /// The time ran out.
    OutOfTime,
    /// Another call was throttled, for longer than the time left.
    Held(Duration),
    /// The role could not be assumed.
    Role(RoleError),
    /// The SDK's error, and the credentials of the request, which AWS may repeat.
    Failed(Box<SdkError<E, HttpResponse>>, Credentials),
}

/// Sends a request when its turn comes; once more with new credentials if they have expired.
///
/// # Errors
/// If there is no usable response.
pub(super) async fn attempt<T, E, F>(
    connection: &AwsConnection,
    credentials: &AwsCredentials,
    request: impl Fn() -> F,
) -> Result<T, Unanswered<E>>
where
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    // Boxed: the SDK's futures are large.
    let mut current = credentials.current().await.map_err(Unanswered::Role)?;
    let mut result = send(connection, Box::pin(request())).await?;
    if matches!(&result, Err(error) if is_expired(error_code(error))) && credentials.discard(&current).await {
        current = credentials.current().await.map_err(Unanswered::Role)?;
        result = send(connection, Box::pin(request())).await?;
    }
    result.map_err(|error| Unanswered::Failed(Box::new(error), current))
}

async fn send<R, E>(connection: &AwsConnection, request: impl Future<Output = R>) -> Result<R, Unanswered<E>> {
    if connection.budget.is_spent() {
        return Err(Unanswered::OutOfTime);
    }
    // Another call was throttled: no need to send this one.
    let held = connection.pacer.held_for();
    if held > connection.budget.remaining() {
        return Err(Unanswered::Held(held));
    }
    let paced = async {
        connection.pacer.wait().await;
        request.await
    };
    tokio::select! {
        result = paced => Ok(result),
        () = connection.budget.spent() => Err(Unanswered::OutOfTime),
    }
}
