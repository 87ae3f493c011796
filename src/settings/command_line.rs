//! The environment variables of the command line.

use secrecy::SecretString;

use super::Variables;

/// The command line's settings, besides the engine's.
#[derive(Debug, Clone, Default)]
pub struct CommandLineSettings {
    /// The key of the deployed function app. Read from `FUNCTION_KEY`.
    pub function_key: Option<SecretString>,
    /// The default subscription. Read from `AZURE_SUBSCRIPTION_ID`.
    pub subscription_id: Option<String>,
    /// The default API center. Read from `APICENTER_RESOURCE_ID`.
    pub resource_id: Option<String>,
}

impl CommandLineSettings {
    /// Reads them with `read`, which returns the value of a variable.
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
