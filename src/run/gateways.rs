//! The gateways of an integration, and the client of each.

use std::collections::HashMap;
use std::sync::Arc;

use crate::aws::{GatewayClient, GatewayError, RoleError};
use crate::model::{Gateway, GatewayState, Problem};

/// The gateways that an integration reads.
#[derive(Debug, Default)]
pub struct Gateways {
    /// Each once, in the order of sources, then of accounts and regions.
    pub all: Vec<Reach>,
    /// The organisations whose lists of accounts are incomplete: further accounts are unknown.
    pub cut: Vec<CutList>,
}

/// A gateway and its client.
#[derive(Debug)]
pub struct Reach {
    /// The source that reads it, as an index into the integration's sources.
    pub source: usize,
    /// The gateway.
    pub gateway: Gateway,
    /// The account's name, if its organisation gives one.
    pub account_name: Option<String>,
    /// The client, or why there is none.
    pub client: Result<Arc<GatewayClient>, Unread>,
}

/// Why a gateway is not read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// In a word.
    pub state: GatewayState,
    /// In full.
    pub problem: Problem,
}

/// An incomplete list of accounts.
#[derive(Debug)]
pub struct CutList {
    /// The source, as an index into the integration's sources.
    pub source: usize,
    /// The reason.
    pub why: Unread,
}

impl Gateways {
    /// Adds a gateway, unless an earlier source names it.
    pub fn add(&mut self, reach: Reach) {
        if self.all.iter().all(|other| other.gateway != reach.gateway) {
            self.all.push(reach);
        }
    }

    /// Whether the list of gateways is complete.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.cut.is_empty()
    }

    /// The clients by gateway.
    #[must_use]
    pub fn clients(&self) -> HashMap<Gateway, Arc<GatewayClient>> {
        let reached = self.all.iter();
        let with_client =
            reached.filter_map(|reach| Some((reach.gateway.clone(), Arc::clone(reach.client.as_ref().ok()?))));
        with_client.collect()
    }
}

impl Unread {
    /// The reason when a source's credentials are missing or rejected.
    #[must_use]
    pub fn without_credentials(problem: Problem) -> Self {
        Self {
            state: GatewayState::Unauthorized,
            problem,
        }
    }
}

/// The state of a gateway after this error.
#[must_use]
pub fn state_of(error: &GatewayError) -> GatewayState {
    match error {
        GatewayError::AccessDenied { .. } | GatewayError::Role(RoleError::Refused { .. }) => GatewayState::Denied,
        GatewayError::Role(RoleError::RegionDisabled { .. }) => GatewayState::NotEnabled,
        error if error.is_account_wide() => GatewayState::Unauthorized,
        _ => GatewayState::Unavailable,
    }
}
