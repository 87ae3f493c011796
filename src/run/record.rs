//! Recording: the outcome of a run, written to the environment that holds the integration.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::guard::Charges;
use super::hands::{Ending, Watch};
use super::session::Session;
use crate::azure::CatalogError;
use crate::catalog::Owned;
use crate::catalog::journal::{Confirmation, Journal};
use crate::catalog::settings::{Held, Registration, SERVER_TYPE, set_journal, set_outcome};
use crate::model::{FieldPath, Gateway, Properties, Report};

/// Writes the outcome, unless the environment no longer holds the integration as it was; then it says how.
///
/// Only the outcome is written, and the one field of an environment that belongs to the source where it was made, into what
/// is read right before, so that a change made during the run stays.
///
/// # Errors
/// When the environment cannot be read or written.
pub async fn record(
    session: &Session,
    registration: &Registration,
    watch: &Watch,
    (report, journal, charges): (&Report, &Journal, &Charges),
) -> Result<Option<Ending>, CatalogError> {
    let Some(owned) = Owned::environment(&registration.name, &registration.environment) else {
        return Ok(Some(Ending::Gone));
    };
    let before = registration.journal.held.clone().unwrap_or_default();
    let ending = Mutex::new(None);
    let set = |properties: &mut Properties| {
        let held = Held::of(properties);
        let seen = watch.see(held);
        if let Ok(mut ending) = ending.lock() {
            *ending = seen;
        }
        let (None, Some(held)) = (seen, held) else { return };
        let (mut journal, found) = (journal.clone(), held.journal());
        // A run that overlapped may have been a good one, have used a confirmation, or hold what this one knew nothing of.
        let others = found.held.clone().unwrap_or_default();
        let holds = journal.held.get_or_insert_default();
        holds.extend(others.difference(&before).cloned());
        journal.confirmations = journal.confirmations.max(found.confirmations);
        journal.confirmed = confirmed(&journal, &found, charges);
        journal
            .uncompared
            .extend(found.uncompared.difference(&registration.journal.uncompared).cloned());
        journal.succeeded_on(found.last_success_on());
        let history = held.history().merged(registration.history.clone()).with(report);
        let is_made = held.is_made();
        set_outcome(properties, report, &journal, &history);
        if is_made {
            FieldPath::new(&["server", "type"]).set(properties, Some(json!(SERVER_TYPE)));
        }
    };
    match session.catalog_for_epilogue().update(&owned, set).await {
        Ok(_) => Ok(ending.into_inner().unwrap_or_default()),
        Err(error @ CatalogError::NotFound { .. }) => {
            // A write that is not found says nothing of an integration that a read still finds there.
            let found = session.catalog_for_epilogue().get(owned.path()).await?;
            let held = found.as_ref().and_then(|found| Held::of(&found.properties));
            watch.see(held).map_or(Err(error), |ending| Ok(Some(ending)))
        }
        Err(error) => Err(error),
    }
}

/// The confirmations that stay in the journal: those that another call has given meanwhile, and this run's with what others
/// have used of them and what this one gives back.
fn confirmed(ours: &Journal, found: &Journal, known: &Charges) -> BTreeMap<String, Confirmation> {
    let mut confirmed = ours.confirmed.clone();
    for (gateway, other) in &found.confirmed {
        match known.get(gateway).filter(|known| known.id == other.id) {
            None => {
                confirmed.insert(gateway.clone(), other.clone());
            }
            Some(known) => {
                if let Some(ours) = confirmed.get_mut(gateway) {
                    ours.left = other.left.saturating_add(known.given_back);
                }
            }
        }
    }
    confirmed
}

/// Charges the confirmation of a gateway with removals before they are made; gives how many of them it still allows. Another
/// run may have used it meanwhile.
///
/// # Errors
/// When the environment cannot be read or written.
pub async fn charge(
    session: &Session,
    registration: &Registration,
    (journal, gateway): (&Journal, &Gateway),
    count: usize,
) -> Result<usize, CatalogError> {
    let Some(owned) = Owned::environment(&registration.name, &registration.environment) else {
        return Ok(0);
    };
    let gateway = gateway.to_string();
    let allowed = AtomicUsize::new(0);
    let charge = |properties: &mut Properties| {
        allowed.store(0, Ordering::Relaxed);
        let held = Held::of(properties).filter(|held| held.name().as_ref() == Some(&registration.name));
        let (Some(mut found), Some(ours)) = (held.map(Held::journal), journal.confirmed.get(&gateway)) else {
            return;
        };
        let of_gateway = found.confirmed.get_mut(&gateway);
        let Some(confirmed) = of_gateway.filter(|confirmed| confirmed.id == ours.id) else {
            return;
        };
        let granted = count.min(confirmed.left);
        confirmed.left -= granted;
        found.confirmations = found.confirmations.max(journal.confirmations);
        allowed.store(granted, Ordering::Relaxed);
        set_journal(properties, &found);
    };
    session.catalog().update(&owned, charge).await?;
    Ok(allowed.into_inner())
}

/// Writes down at once what must not be lost when the run is killed.
///
/// # Errors
/// When the environment cannot be read or written.
pub async fn note(session: &Session, registration: &Registration, journal: &Journal) -> Result<(), CatalogError> {
    let Some(owned) = Owned::environment(&registration.name, &registration.environment) else {
        return Ok(());
    };
    let note = |properties: &mut Properties| {
        let held = Held::of(properties).filter(|held| held.name().as_ref() == Some(&registration.name));
        if let Some(found) = held.map(Held::journal) {
            let mut noted = found.clone();
            noted.held.clone_from(&journal.held);
            noted.confirmed.clone_from(&journal.confirmed);
            noted.uncompared.clone_from(&journal.uncompared);
            noted.confirmations = journal.confirmations.max(found.confirmations);
            set_journal(properties, &noted);
        }
    };
    session.catalog().update(&owned, note).await.map(|_| ())
}
