//! Where the truth comes from: the secrets, the gateway, and what they mean for the catalog.

mod api_gateway;
mod key_vault;
mod translate;

pub use api_gateway::{AwsCredentials, Call, Gateway, GatewayError, Listing, Transport};
pub use key_vault::{SecretError, Vault};
pub use translate::{TranslatedStages, desired_api, desired_stages};
