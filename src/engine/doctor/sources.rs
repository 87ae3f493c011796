//! The checks of several sources: secrets, lists of accounts, and access to each gateway.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};

use super::examination::{AWS_GATEWAYS, AWS_ORGANIZATION, Examination};
use super::secrets::secrets;
use crate::model::{Accounts, Gateway, GatewayState, Integration, Source};
use crate::run::{Gateways, Reach, Session, state_of};

/// Gateways checked concurrently.
const SIDE_BY_SIDE: usize = 32;
/// Gateways reported by name.
const TOLD: usize = 5;

/// A gateway that cannot be read, and the reason.
struct Unread {
    gateway: Gateway,
    state: GatewayState,
    message: String,
}

/// Checks all sources, without counting their APIs.
pub(super) async fn examine(
    session: &Session,
    integration: &Integration,
    examination: &mut Examination,
) -> Option<usize> {
    for source in &integration.sources {
        secrets(session, source, examination).await;
    }
    let gateways = session.gateways(integration, &BTreeSet::new()).await;
    for (index, source) in integration.sources.iter().enumerate() {
        organization((index, source), &gateways, examination);
        let reaches = gateways.all.iter().filter(|reach| reach.source == index);
        let looks: Vec<_> = reaches.map(|reach| look_at(reach, integration)).collect();
        let looked_at: Vec<Option<Unread>> = stream::iter(looks).buffered(SIDE_BY_SIDE).collect().await;
        let count = looked_at.len();
        let unread: Vec<Unread> = looked_at.into_iter().flatten().collect();
        tell(source, count, &unread, examination);
    }
    None
}

fn organization((index, source): (usize, &Source), gateways: &Gateways, examination: &mut Examination) {
    let label = source.label().unwrap_or_default();
    if !matches!(source.accounts, Accounts::Organization(..)) {
        return;
    }
    if let Some(cut) = gateways.cut.iter().find(|cut| cut.source == index) {
        let found = format!("source {label}: {}", cut.why.problem.message);
        let remedy = "Set accounts.roleArn to a role in the management account, or in a delegated administrator, that \
                      may list the accounts (docs/organisation.md)";
        return examination.failed(AWS_ORGANIZATION, &found, remedy);
    }
    let of_source = gateways.all.iter().filter(|reach| reach.source == index);
    let accounts: BTreeSet<_> = of_source.filter_map(|reach| reach.gateway.account.as_ref()).collect();
    let found = format!(
        "source {label}: the organisation has {} selected accounts",
        accounts.len()
    );
    examination.ok(AWS_ORGANIZATION, &found);
}

async fn look_at(reach: &Reach, integration: &Integration) -> Option<Unread> {
    let (state, message) = match &reach.client {
        Ok(client) => {
            let error = client.check(&integration.api_types).await.err()?;
            (state_of(&error), error.problem().message)
        }
        Err(unread) => (unread.state, unread.problem.message.clone()),
    };
    Some(Unread {
        gateway: reach.gateway.clone(),
        state,
        message,
    })
}

fn tell(source: &Source, count: usize, unread: &[Unread], examination: &mut Examination) {
    let label = source.label().unwrap_or_default();
    let readable = count - unread.len();
    let found = format!("source {label}: {readable} of {count} gateways can be read");
    let Some(first) = unread.first() else {
        return examination.ok(AWS_GATEWAYS, &found);
    };
    let told = unread
        .iter()
        .take(TOLD)
        .map(|unread| format!("{}: {}", unread.gateway, unread.message));
    let more = match unread.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let found = format!("{found}; {}{more}", told.collect::<Vec<_>>().join("; "));
    if readable > 0 && unread.iter().all(|unread| unread.state.is_permanent()) {
        examination.warning(AWS_GATEWAYS, &found, first.state.remedy());
    } else {
        examination.failed(AWS_GATEWAYS, &found, first.state.remedy());
    }
}
