//! Looks at an integration without writing anything.

use std::collections::BTreeSet;

use super::agenda::{Before, Tasks, agenda};
use super::ground::Ground;
use super::guard::Guard;
use super::hands::{Hands, Watch};
use super::observe::observe;
use super::preview::preview;
use super::request::SyncRequest;
use super::session::Session;
use crate::catalog::settings::Registration;
use crate::model::{Integration, Problem};
use crate::plan::Preview;

/// What a run would do. Writes nothing.
///
/// # Errors
/// If AWS or API Center cannot be read.
pub async fn plan(
    session: &Session,
    registration: &Registration,
    integration: &Integration,
    request: &SyncRequest,
) -> Result<Preview, Problem> {
    let planned = look_only(session, registration, integration, request).await?;
    let Planned {
        ground,
        hands,
        mut tasks,
        guard,
    } = planned;
    let order = std::mem::take(&mut tasks.order);
    let looks = ground.look_at_all(&hands, order).await;
    Ok(preview(&tasks, &looks, &hands, &guard))
}

/// The inputs of a look at an integration.
pub struct Planned {
    /// The data that work on every API needs.
    pub ground: Ground,
    /// Connections and the time.
    pub hands: Hands,
    /// The APIs.
    pub tasks: Tasks,
    /// The state of the guard.
    pub guard: Guard,
}

/// Observes both sides, independent of the hour and of where the last run stopped.
///
/// # Errors
/// If AWS or API Center cannot be read.
pub async fn look_only(
    session: &Session,
    registration: &Registration,
    integration: &Integration,
    request: &SyncRequest,
) -> Result<Planned, Problem> {
    let integration = &integration.without_facts(&registration.journal.left_out_facts);
    let observed = observe(session, (registration, integration), None, None).await;
    let mut sides = observed.map_err(|unobserved| unobserved.problem)?;
    let ground = Ground::of(integration, &mut sides, request);
    let clients = sides.gateways.clients();
    let mut journal = registration.journal.clone();
    (journal.cursor, journal.given_up_at) = (None, None);
    let before = Before {
        journal: &journal,
        failed: &BTreeSet::new(),
        hour: None,
    };
    let tasks = agenda(sides, &ground, request, before);
    let guard = Guard::new(integration, journal.clone(), &tasks);
    let watch = Watch::new(registration);
    let hands = Hands::new(
        session.catalog(),
        clients,
        session.budget.clone(),
        &session.clouds,
        watch,
    );
    Ok(Planned {
        ground,
        hands,
        tasks,
        guard,
    })
}
