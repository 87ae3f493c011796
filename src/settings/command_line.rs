//! What the command line is told through environment variables.

use secrecy::SecretString;

use super::Variables;

/// What a person's environment says, beside the settings of the engine.
#[derive(Debug, Clone, Default)]
pub struct CommandLineSettings {
    /// The key of the deployed function app. Read from `FUNCTION_KEY`.
    pub function_key: Option<SecretString>,
    /// The subscription, where none is given. Read from `AZURE_SUBSCRIPTION_ID`.
    pub subscription_id: Option<String>,
    /// The API center, where none is given. Read from `APICENTER_RESOURCE_ID`.
    pub resource_id: Option<String>,
}

impl CommandLineSettings {
    /// Reads them with `read`, which gives the value of a variable.
    #[must_use]
    pub fn read(read: impl Fn(&str) -> Option<String>) -> Self {
        let variables = Variables(&read);
        Self {
            function_key: variables.text("FUNCTION_KEY").map(SecretString::from),
            subscription_id: variables.text("AZURE_SUBSCRIPTION_ID"),
            resource_id: variables.text("APICENTER_RESOURCE_ID"),
        }
    }
}
