//! The gateways of an integration, and the way to each.

use std::collections::HashMap;
use std::sync::Arc;

use crate::aws::{GatewayClient, GatewayError, RoleError};
use crate::model::{Gateway, GatewayState, Problem};

/// The gateways that an integration wants read.
#[derive(Debug, Default)]
pub struct Gateways {
    /// Each once, in the order of sources, then of accounts and regions.
    pub all: Vec<Reach>,
    /// The organisations whose lists of accounts could not be read to their end: who else is wanted is not known.
    pub cut: Vec<CutList>,
}

/// A gateway, and the way to it.
#[derive(Debug)]
pub struct Reach {
    /// The source that it is read for, by its place among the integration's.
    pub source: usize,
    /// The gateway.
    pub gateway: Gateway,
    /// The account's name, where its organisation tells it.
    pub account_name: Option<String>,
    /// The client that reads it, or why there is none.
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

/// A list of accounts that could not be read to its end.
#[derive(Debug)]
pub struct CutList {
    /// The source, by its place among the integration's.
    pub source: usize,
    /// Why.
    pub why: Unread,
}

impl Gateways {
    /// Adds a gateway, unless an earlier source names it.
    pub fn add(&mut self, reach: Reach) {
        if self.all.iter().all(|other| other.gateway != reach.gateway) {
            self.all.push(reach);
        }
    }

    /// Whether these are all that are wanted.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.cut.is_empty()
    }

    /// The clients by gateway, where there is one.
    #[must_use]
    pub fn clients(&self) -> HashMap<Gateway, Arc<GatewayClient>> {
        let reached = self.all.iter();
        let with_client =
            reached.filter_map(|reach| Some((reach.gateway.clone(), Arc::clone(reach.client.as_ref().ok()?))));
        with_client.collect()
    }
}

impl Unread {
    /// Why a source's credentials cannot be had or used.
    #[must_use]
    pub fn without_credentials(problem: Problem) -> Self {
        Self {
            state: GatewayState::Unauthorized,
            problem,
        }
    }
}

/// The state of a gateway that gave this error.
#[must_use]
pub fn state_of(error: &GatewayError) -> GatewayState {
    match error {
        GatewayError::AccessDenied { .. } | GatewayError::Role(RoleError::Refused { .. }) => GatewayState::Denied,
        GatewayError::Role(RoleError::RegionDisabled { .. }) => GatewayState::NotEnabled,
        error if error.is_account_wide() => GatewayState::Unauthorized,
        _ => GatewayState::Unavailable,
    }
}
