//! Reads the lists of many gateways concurrently.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use tokio::time::timeout;

use super::gateways::{Gateways, Reach, Unread, state_of};
use super::regions::Regions;
use crate::aws::{GatewayClient, List};
use crate::limits::Budget;
use crate::model::{ApiList, ApiType, Domains, ErrorCode, Gateway, GatewayState, Problem};

/// Gateways read concurrently.
const SIDE_BY_SIDE: usize = 32;
/// The share of the time for listing one of several gateways: a permanently throttled one must not starve the others.
const SHARE: u32 = 4;

/// The lists of a gateway.
#[derive(Debug)]
pub struct Listed {
    /// The source that reads it, as an index into the integration's sources.
    pub source: usize,
    /// The gateway.
    pub gateway: Gateway,
    /// The account's name, if its organisation gives one.
    pub account_name: Option<String>,
    /// Its lists, each complete or an error, and its custom domains; or why none was read.
    pub found: Result<(Vec<(ApiList, List)>, Domains), Unread>,
}

/// Reads the lists of all gateways that can be reached, in their order.
pub async fn list(gateways: &Gateways, api_types: &BTreeSet<ApiType>, budget: &Budget) -> Vec<Listed> {
    let regions = Regions::default();
    let most = (gateways.all.len() > 1).then(|| budget.remaining() / SHARE);
    let lists = gateways.all.iter().enumerate();
    let lists: Vec<_> = lists
        .map(|(turn, reach)| list_one(reach, api_types, (&regions, most)).map(move |listed| (turn, listed)))
        .collect();
    let mut listed: Vec<(usize, Listed)> = stream::iter(lists).buffer_unordered(SIDE_BY_SIDE).collect().await;
    listed.sort_by_key(|(turn, _)| *turn);
    listed.into_iter().map(|(_, listed)| listed).collect()
}

async fn list_one(
    reach: &Reach,
    api_types: &BTreeSet<ApiType>,
    (regions, most): (&Regions, Option<Duration>),
) -> Listed {
    let found = match (&reach.client, most) {
        (Ok(client), None) => read(client, reach, api_types, regions).await,
        (Ok(client), Some(most)) => timeout(most, read(client, reach, api_types, regions))
            .await
            .unwrap_or_else(|_| Err(too_slow(reach, most))),
        (Err(unread), _) => Err(unread.clone()),
    };
    Listed {
        source: reach.source,
        gateway: reach.gateway.clone(),
        account_name: reach.account_name.clone(),
        found,
    }
}

fn too_slow(reach: &Reach, most: Duration) -> Unread {
    let message = format!(
        "gateway {} could not be listed within {} seconds: it may be throttled",
        reach.gateway,
        most.as_secs()
    );
    Unread {
        state: GatewayState::Unavailable,
        problem: Problem::new(ErrorCode::ServiceUnavailable, message),
    }
}

async fn read(
    client: &GatewayClient,
    reach: &Reach,
    api_types: &BTreeSet<ApiType>,
    regions: &Regions,
) -> Result<(Vec<(ApiList, List)>, Domains), Unread> {
    let turn = regions.turn(&reach.gateway.region);
    let waiting = turn.wait().await.map_err(|why| {
        let message = format!("region {} cannot be reached: {why}", reach.gateway.region);
        Unread {
            state: GatewayState::Unavailable,
            problem: Problem::new(ErrorCode::ServiceUnavailable, message),
        }
    })?;
    let lists = client.lists(api_types).await;
    match &lists {
        Err(error) if error.is_unreachable() => turn.unreached(&error.problem().message),
        _ => turn.answered(),
    }
    drop(waiting);
    match lists {
        Ok(lists) => Ok((lists, Box::pin(client.domains()).await)),
        Err(error) => Err(Unread {
            state: if Box::pin(client.is_region_disabled(&error)).await {
                GatewayState::NotEnabled
            } else {
                state_of(&error)
            },
            problem: error.problem(),
        }),
    }
}
