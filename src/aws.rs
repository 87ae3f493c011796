//! Amazon Web Services: connections, credentials, roles, and Amazon API Gateway.

mod access_key;
mod attempt;
mod connection;
mod credentials;
#[cfg(any(test, fuzzing))]
#[path = "../fuzz/checks/aws.rs"]
pub(crate) mod fuzzing;
mod gateway;
mod organization;
mod security_token;

pub use access_key::AccessKey;
pub use connection::{AwsConnection, Call, Transport};
pub use credentials::AwsCredentials;
pub use gateway::{GatewayClient, GatewayError, List, Listing, Unusable};
pub use organization::{OrganizationClient, OrganizationError};
pub use security_token::{AssumedRole, Proof, RoleError, WebIdentity, account_of};
