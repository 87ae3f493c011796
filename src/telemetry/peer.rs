//! Who is asked, and how a try of a request ended.

/// Who is asked.
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

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// With an answer of this status.
    Answered { status: u16, throttled: bool },
    /// Without an answer.
    Failed,
    /// Nobody waited for the answer any longer: its time was up.
    Abandoned,
}
