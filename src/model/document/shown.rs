//! Properties that an integration and its sources show alike.

use crate::model::{AwsAuthentication, EntityName, EntityPath};

/// An authentication, as shown.
pub(super) struct Authentication {
    pub access_key: Option<String>,
    pub secret_access_key: Option<String>,
    pub role_arn: Option<String>,
    pub external_id: Option<String>,
}

impl From<&AwsAuthentication> for Authentication {
    fn from(authentication: &AwsAuthentication) -> Self {
        let secrets = authentication.secrets();
        Self {
            access_key: secrets.map(|secrets| secrets.access_key.to_string()),
            secret_access_key: secrets.map(|secrets| secrets.secret_access_key.to_string()),
            role_arn: authentication.role().map(ToString::to_string),
            external_id: authentication.external_id().map(|id| id.as_str().to_owned()),
        }
    }
}

/// The id of an environment within the API center.
pub(super) fn environment_id(name: &EntityName) -> String {
    EntityPath::Environment(name.clone()).scoped_id()
}
