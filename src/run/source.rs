//! Where a run reads from.

use crate::aws::GatewayClient;
use crate::model::Gateway;

/// Whose APIs are looked at, and through what.
#[derive(Debug)]
pub struct Source {
    /// The gateway.
    pub gateway: Gateway,
    /// The client that reads it.
    pub client: GatewayClient,
}
