//! Recording: the outcome of a run, written to the environment that holds the integration.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::model::marker::{INTEGRATION_SCHEMA, metadata_path};
use crate::model::{FieldPath, IntegrationState, Owned, Properties};
use crate::target::CatalogError;

use super::history::History;
use super::outcome::StoredOutcome;
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
            // A run that overlapped may have been a good one, or have used a confirmation.
            if let Some(kept) = kept {
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

/// Writes down that a confirmation is used, where an outcome is kept; otherwise the run's own does that.
///
/// # Errors
/// When the environment cannot be read or written.
pub(super) async fn note_confirmation(
    session: &Session<'_>,
    registration: &Registration,
    confirmations: u64,
) -> Result<(), CatalogError> {
    let Some(owned) = Owned::environment(&registration.name, &registration.environment) else {
        return Ok(());
    };
    let note = |properties: &mut Properties| {
        let still = holder(properties) == Some((registration.name.clone(), IntegrationState::Active));
        if let (true, Some(mut outcome)) = (still, kept(properties)) {
            outcome.next.confirmations = outcome.next.confirmations.max(confirmations);
            set_outcome(properties, &outcome);
        }
    };
    session.catalog().update(&owned, note).await.map(|_| ())
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
