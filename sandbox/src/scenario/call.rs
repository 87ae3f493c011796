//! Calls to the handler about an integration.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::functions_host::{FunctionsHost, HostError};

/// Why the round failed.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The Functions host does not start.
    #[error("starting the Functions host failed")]
    Host(#[from] HostError),
    /// A call got no answer.
    #[error("calling the handler failed")]
    Call(#[from] reqwest::Error),
    /// The handler answered unexpectedly.
    #[error("{call} was answered with {answer}")]
    Answer {
        /// What was called.
        call: String,
        /// Status and body.
        answer: String,
    },
    /// The timer run failed.
    #[error("the timer run failed: {0}")]
    Timer(String),
}

/// An integration of the handler that this host runs.
#[derive(Debug, Clone, Copy)]
pub struct Integration<'a> {
    /// The host.
    pub host: &'a FunctionsHost,
    /// Its name.
    pub name: &'a str,
}

impl Integration<'_> {
    /// Where it is.
    pub(super) fn url(self) -> String {
        self.host.url(&format!("integrations/{}", self.name))
    }

    /// Creates or replaces it.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn put(self, body: &Value) -> Result<(), ScenarioError> {
        self.call(Method::PUT, |request| request.json(body)).await.map(|_| ())
    }

    /// The outcome of its last run.
    ///
    /// # Errors
    /// If the answer is no success.
    pub async fn last_sync(self) -> Result<Value, ScenarioError> {
        let integration = self.call(Method::GET, |request| request).await?;
        Ok(integration["properties"]["lastSync"].clone())
    }

    /// Calls the handler, and expects a success.
    async fn call(
        self,
        method: Method,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Value, ScenarioError> {
        let url = self.url();
        let call = format!("{method} {url}");
        let request = fill(reqwest::Client::new().request(method, url));
        let response = request
            .header("x-functions-key", self.host.function_key())
            .send()
            .await?;
        let status = response.status();
        let text = response.text().await?;
        match serde_json::from_str(&text) {
            Ok(body) if status.is_success() => Ok(body),
            Ok(_) | Err(_) => Err(ScenarioError::Answer {
                call,
                answer: format!("{status}: {text}"),
            }),
        }
    }
}
