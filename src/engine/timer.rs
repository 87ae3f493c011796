//! The timer: all integrations, side by side.

use std::sync::Arc;

use futures::future::join_all;

use super::delete::{Deletion, delete};
use super::entry::Engine;
use super::view::Orphans;
use crate::catalog::settings::{Registration, registrations};
use crate::limits::Budget;
use crate::model::{Entity, ErrorCode, IntegrationName, IntegrationState, Problem, Report};
use crate::panics::caught;
use crate::planted::panic_if_planted;
use crate::run::{CatalogIndex, Session, SyncRequest};
use crate::telemetry::set_last_successes;

/// The outcome of one integration in a timer run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// The integration.
    pub name: IntegrationName,
    /// Its report, when there is one.
    pub outcome: Option<Report>,
    /// Whether planning failed.
    pub could_not_be_read: bool,
    /// A message for people.
    pub message: Option<String>,
}

impl Engine {
    /// Synchronizes all integrations concurrently and continues unfinished deletions. Lists the catalog once.
    ///
    /// # Errors
    /// If the catalog cannot be read.
    pub async fn run_all(&self, budget: &Budget) -> Result<Vec<RunSummary>, Problem> {
        let session = Session::new(&self.clouds, budget);
        let environments = session.environments().await?;
        let known = self.registrations(&environments);
        let successes = known
            .iter()
            .filter_map(|known| Some((known.name.to_string(), known.journal.last_success_on()?)));
        set_last_successes(successes);
        let catalog = session.catalog();
        // Without it, each run reads the catalog itself, and its own report says why it cannot.
        let index = CatalogIndex::read(&catalog).await.ok().map(Arc::new);
        let runs = known.iter().map(async |registration| {
            let summary = caught(self.run_one(registration, index.as_ref(), budget)).await;
            summary.unwrap_or_else(|panicked| RunSummary {
                name: registration.name.clone(),
                outcome: None,
                could_not_be_read: true,
                message: Some(panicked.to_string()),
            })
        });
        let mut summaries = join_all(runs).await;
        if let Some(index) = &index {
            summaries.extend(self.orphans(&session, index, known).await?);
        }
        Ok(summaries)
    }

    fn registrations(&self, environments: &[Entity]) -> Vec<Registration> {
        registrations(environments, &self.clouds.resource_id, &self.clouds.vault_hosts)
    }

    /// The integrations that markers name but no environment holds, even when read again: somebody deleted or overwrote
    /// the environment.
    async fn orphans(
        &self,
        session: &Session,
        index: &CatalogIndex,
        known: Vec<Registration>,
    ) -> Result<Vec<RunSummary>, Problem> {
        let is_lost = |name: &IntegrationName| known.iter().all(|known| known.name != *name);
        if index.integrations().all(|(name, _)| !is_lost(name)) {
            return Ok(Vec::new());
        }
        let again = self.registrations(&session.environments().await?);
        let known: Vec<Registration> = known.into_iter().chain(again).collect();
        let mut orphans = Orphans::default();
        for (name, apis) in index.integrations() {
            for api in apis {
                orphans.add(name.clone(), &api.marker(), &known);
            }
        }
        let mut lost = Vec::new();
        for orphan in orphans.all() {
            // It may have been deleted since the catalog was listed.
            let first = index.integrations().find(|(name, _)| **name == orphan.name);
            let path = first
                .and_then(|(_, apis)| apis.first())
                .map(|api| api.proof.owned().path().clone());
            let found = match path {
                Some(path) => session.catalog().get(&path).await.map_err(|error| error.problem())?,
                None => None,
            };
            if found.is_some() {
                lost.push(RunSummary {
                    name: orphan.name.clone(),
                    outcome: None,
                    could_not_be_read: true,
                    message: Some(orphan.message()),
                });
            }
        }
        Ok(lost)
    }

    async fn run_one(
        &self,
        registration: &Registration,
        index: Option<&Arc<CatalogIndex>>,
        budget: &Budget,
    ) -> RunSummary {
        panic_if_planted("run", registration.name.as_str());
        let session = Arc::new(Session::new(&self.clouds, budget));
        let name = registration.name.clone();
        let summary = |outcome: Option<Report>, could_not_be_read, message| RunSummary {
            name: name.clone(),
            outcome,
            could_not_be_read,
            message,
        };
        let failed = |problem: Problem| match problem.code {
            // Another call has deleted it since the listing, or is about to: done.
            ErrorCode::IntegrationNotFound | ErrorCode::IntegrationDeleting => {
                summary(None, false, Some("it was deleted meanwhile".to_owned()))
            }
            _ => summary(None, true, Some(problem.message)),
        };
        match registration.state {
            IntegrationState::Active => {
                let request = SyncRequest::default();
                let index = index.map(Arc::clone);
                match self.fly(session, registration.clone(), request, None, index).await {
                    Ok(end) => match end.problem {
                        None => {
                            let message = end.report.message.clone();
                            summary(Some(end.report), false, message)
                        }
                        Some(problem) => failed(problem),
                    },
                    Err(problem) => failed(problem),
                }
            }
            IntegrationState::Deleting => match delete(&session, &name).await {
                Ok(Deletion::Done) => summary(None, false, Some("it was deleted".to_owned())),
                Ok(Deletion::Remaining(apis)) => {
                    summary(None, false, Some(format!("{apis} of its APIs are still to be deleted")))
                }
                Err(problem) => failed(problem),
            },
        }
    }
}
