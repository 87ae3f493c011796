//! The report of a gateway: its state, and what is held there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum GatewayState {
    /// All its lists were read.
    Read,
    /// The credentials lack access to one of its lists.
    Denied,
    /// The credentials are rejected or missing.
    Unauthorized,
    /// The credentials belong to another account than when the integration was put.
    OtherAccount,
    /// One of its lists could not be read.
    Unavailable,
    /// The account has not enabled the region.
    NotEnabled,
    /// The account is not active in its organisation.
    Inactive,
    /// The integration no longer reads it, and the catalog has APIs of it.
    Departed,
}

impl GatewayState {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Denied => "denied",
            Self::Unauthorized => "unauthorized",
            Self::OtherAccount => "otherAccount",
            Self::Unavailable => "unavailable",
            Self::NotEnabled => "notEnabled",
            Self::Inactive => "inactive",
            Self::Departed => "departed",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Read => "Grant the credentials the missing permissions",
            Self::Denied => {
                "Grant the credentials access, roll the member role out to the account, or exclude the account; \
                StackSets never \
                 deploy to the management account (docs/organisation.md)"
            }
            Self::Unauthorized => "Check the secrets, the hub role and its trust policy",
            Self::OtherAccount => "Use credentials of the original account, or PUT the integration again",
            Self::Unavailable => "Check that this host can reach the region",
            Self::NotEnabled => "Remove the region from regionNames, or enable it in the account",
            Self::Inactive => "Nothing to do: the app leaves an inactive account alone",
            Self::Departed => "Confirm the deletion of its APIs, or let the integration read it again",
        }
    }

    /// Whether it is fine as long as the catalog has nothing of the gateway: it was never readable.
    #[must_use]
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::Denied | Self::NotEnabled | Self::Inactive)
    }
}

/// The state of a gateway: an account in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayReport {
    /// The source that reads it, if the integration has several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// The account, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// The region.
    pub region: String,
    /// Its state.
    pub state: GatewayState,
    /// The number of its APIs, as far as it could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub apis: Option<usize>,
    /// The number of held deletions: of APIs, and of stages of APIs that stay.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held: Option<usize>,
    /// The id of the held deletions; a sync with this id makes them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deletions_id: Option<String>,
    /// What could not be read of it, and why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
}

impl GatewayReport {
    /// Whether people should look at it.
    #[must_use]
    pub fn is_to_look_at(&self) -> bool {
        self.state != GatewayState::Read || self.held.is_some() || self.message.is_some()
    }
}
