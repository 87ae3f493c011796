//! Recording: the outcome of a run, written to the environment that holds the integration.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::model::marker::{INTEGRATION_SCHEMA, metadata_path};
use crate::model::{FieldPath, IntegrationState, Owned, Properties};
use crate::target::CatalogError;

use super::history::History;
use super::outcome::StoredOutcome;
use super::pass::Continuation;
use super::registry::{Registration, SERVER_TYPE, changed_on, history, holder, was_made};
use super::session::Session;

/// Whether an outcome could be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    /// It was.
    Kept,
    /// The integration is gone, or being deleted.
    Gone,
}

/// Writes the outcome, unless the environment no longer holds the integration or it is being deleted.
///
/// Only the outcome is written, and the one field of an environment that belongs to the source where it was made, into what is read right before, so that a change made during the run stays.
///
/// A release before has made no room for the history, and what a schema lacks is refused: then it waits for a run that
/// has completed the schema.
///
/// # Errors
/// When the environment cannot be read or written.
pub(super) async fn record(
    session: &Session<'_>,
    registration: &Registration,
    outcome: &StoredOutcome,
    schema_is_complete: bool,
) -> Result<Recorded, CatalogError> {
    let Some(owned) = Owned::environment(&registration.name, &registration.environment) else {
        return Ok(Recorded::Gone);
    };
    let gone = AtomicBool::new(false);
    let known_hold = registration.outcome.as_ref().and_then(|before| before.next.held);
    let set = |properties: &mut Properties| {
        let still = holder(properties) == Some((registration.name.clone(), IntegrationState::Active));
        gone.store(!still, Ordering::Relaxed);
        if still {
            let mut outcome = outcome.clone();
            let kept = kept(properties);
            // A `PUT` since the run began has ended what passes and confirmations of before were about.
            if changed_on(properties) != registration.changed_on {
                let next = kept.as_ref().map(|kept| kept.next.clone()).unwrap_or_default();
                (outcome.next.passes, outcome.next.confirmed) = (next.passes, next.confirmed);
            }
            // A run that overlapped may have been a good one, have used a confirmation, or hold what this one knew nothing of.
            if let Some(kept) = kept {
                if kept.next.held == Some(true) && known_hold != Some(true) {
                    outcome.next.held = Some(true);
                }
                outcome.next.confirmations = outcome.next.confirmations.max(kept.next.confirmations);
                outcome.last_success_on = outcome.last_success_on.max(kept.last_success_on);
            }
            set_outcome(properties, &outcome);
            let kept = history(properties);
            if schema_is_complete || kept.is_some() {
                let runs = kept.unwrap_or_default().merged(registration.history.clone());
                set_history(properties, &runs.with(&outcome.report));
            }
            if was_made(&registration.environment) {
                FieldPath::new(&["server", "type"]).set(properties, Some(json!(SERVER_TYPE)));
            }
        }
    };
    match session.catalog_for_epilogue().update(&owned, set).await {
        Ok(_) if gone.load(Ordering::Relaxed) => Ok(Recorded::Gone),
        Ok(_) => Ok(Recorded::Kept),
        Err(CatalogError::NotFound { .. }) => Ok(Recorded::Gone),
        Err(error) => Err(error),
    }
}

/// Writes down at once what must not be lost when the run is killed, where an outcome is kept; otherwise the run's own does
/// that.
///
/// # Errors
/// When the environment cannot be read or written.
pub(super) async fn note(
    session: &Session<'_>,
    registration: &Registration,
    change: impl Fn(&mut Continuation) + Sync,
) -> Result<(), CatalogError> {
    let Some(owned) = Owned::environment(&registration.name, &registration.environment) else {
        return Ok(());
    };
    let note = |properties: &mut Properties| {
        let still = holder(properties) == Some((registration.name.clone(), IntegrationState::Active));
        if let (true, Some(mut outcome)) = (still, kept(properties)) {
            change(&mut outcome.next);
            set_outcome(properties, &outcome);
        }
    };
    session.catalog().update(&owned, note).await.map(|_| ())
}

/// Ends the passes and confirmations that were about what was wanted before a `PUT`. The rest of the outcome stays, also where the
/// integration moves into the environment from another one.
pub(super) fn keep_outcome(properties: &mut Properties, known: Option<&Registration>) {
    let before = || known.and_then(|known| known.outcome.clone());
    if let Some(mut outcome) = kept(properties).or_else(before) {
        outcome.next.passes.clear();
        outcome.next.confirmed = None;
        set_outcome(properties, &outcome);
    }
}

/// The outcome that an environment holds.
fn kept(properties: &Properties) -> Option<StoredOutcome> {
    let text = metadata_path(INTEGRATION_SCHEMA, "lastSync")
        .get(properties)?
        .as_str()?;
    StoredOutcome::read(text)
}

fn set_outcome(properties: &mut Properties, outcome: &StoredOutcome) {
    metadata_path(INTEGRATION_SCHEMA, "lastSync").set(properties, Some(json!(outcome.to_text())));
}

fn set_history(properties: &mut Properties, history: &History) {
    metadata_path(INTEGRATION_SCHEMA, "history").set(properties, Some(json!(history.to_text())));
}
