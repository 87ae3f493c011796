//! Records the outcome of a run in the integration's environment.

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

/// Writes the outcome, unless the integration has changed; then returns how.
///
/// Reads the environment right before, and changes only the outcome and, where the app created the environment, the one
/// field that belongs to the source. Changes made during the run stay.
///
/// # Errors
/// If the environment cannot be read or written.
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
        // An overlapping run may have succeeded, used a confirmation, or hold removals unknown to this one.
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
            // A 404 for the write does not mean that the integration is gone, if a read still finds it.
            let found = session.catalog_for_epilogue().get(owned.path()).await?;
            let held = found.as_ref().and_then(|found| Held::of(&found.properties));
            watch.see(held).map_or(Err(error), |ending| Ok(Some(ending)))
        }
        Err(error) => Err(error),
    }
}

/// The confirmations that stay in the journal: new ones from other calls, and this run's, less what others used of
/// them, plus what this one returns.
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

/// Charges a gateway's confirmation before the removals; returns how many it still allows. Another run may have used it
/// meanwhile.
///
/// # Errors
/// If the environment cannot be read or written.
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

/// Records at once what must survive if the run is killed.
///
/// # Errors
/// If the environment cannot be read or written.
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
