//! Where the truth comes from: the secrets, the gateway, and what they mean for the catalog.

mod amazon;
mod api_gateway;
mod credentials;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod key_vault;
mod security_token;
mod translate;

pub use amazon::{AwsConnection, Call, Transport};
pub use api_gateway::{Gateway, GatewayError, Listing};
pub use credentials::{AccessKey, AwsCredentials};
pub use key_vault::{SecretError, Vault};
pub use security_token::{AssumedRole, Proof, RoleError, WebIdentity, account_of};
pub use translate::{TranslatedStages, api_title, desired_api, desired_stages};
