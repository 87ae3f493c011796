//! Peers, and how attempts of requests end.

/// The receiver of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Amazon API Gateway, and Security Token Service.
    Aws,
    /// Azure Resource Manager.
    Azure,
    /// Azure Key Vault.
    KeyVault,
    /// The managed identity's endpoint.
    Identity,
}

impl Peer {
    /// Its name in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::KeyVault => "key_vault",
            Self::Identity => "identity",
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a response of this status.
    Answered { status: u16, throttled: bool },
    /// Without a response.
    Failed,
    /// Its time was up before a response.
    Abandoned,
}
