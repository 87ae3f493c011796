//! The gateways of all accounts and regions, behind one address.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};

use super::{ApiGateway, ApiGatewayOptions};
use crate::record::{Service, Subject};
use crate::serve::StandIn;
use crate::signature::{claimed_key, region_of};

/// A gateway for each requested account and region; empty at first, since every account has one in every region.
#[derive(Debug)]
pub struct Gateways {
    /// The options of the first one; the others are the same elsewhere.
    options: ApiGatewayOptions,
    /// By account and region.
    made: Mutex<BTreeMap<(String, String), Arc<ApiGateway>>>,
}

impl Gateways {
    /// Gateways like this one, which gets the requests without a known key or region.
    #[must_use]
    pub fn new(options: ApiGatewayOptions) -> Self {
        Self {
            options,
            made: Mutex::default(),
        }
    }

    /// The gateway of an account in a region.
    #[must_use]
    pub fn gateway(&self, account: &str, region: &str) -> Arc<ApiGateway> {
        let place = (account.to_owned(), region.to_owned());
        let options = || ApiGatewayOptions {
            account: account.to_owned(),
            region: region.to_owned(),
            ..self.options.clone()
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let gateway = made
            .entry(place)
            .or_insert_with(|| Arc::new(ApiGateway::new(options())));
        Arc::clone(gateway)
    }

    /// The default gateway.
    #[must_use]
    pub fn first(&self) -> Arc<ApiGateway> {
        self.gateway(&self.options.account, &self.options.region)
    }
}

impl StandIn for Gateways {
    const SERVICE: Service = Service::ApiGateway;

    fn subject(&self, request: &Request<Bytes>) -> Subject {
        Subject {
            account: claimed_key(request).and_then(|id| self.options.keyring.account_of(id)),
            region: region_of(request).map(str::to_owned),
            operation: None,
        }
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let Subject { account, region, .. } = self.subject(request);
        let account = account.as_ref().unwrap_or(&self.options.account);
        let region = region.as_ref().unwrap_or(&self.options.region);
        self.gateway(account, region).answer(request)
    }
}
