//! Keeping the catalog true: the calls that read, change and synchronize integrations.
//!
//! A call reads where integrations stand ([`registry`](self) in the catalog's environments), observes both sides,
//! compares, applies, and records how it ended. Nothing is kept in memory from one call to the next but connections.

mod apply;
mod clock;
mod confirmation;
mod deletion;
mod detail;
mod doctor;
mod explain;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod history;
mod outcome;
mod pass;
mod record;
mod registration;
mod registry;
mod removal;
mod run;
mod schemas;
mod session;
mod synchronize;
mod tally;
mod task;
mod view;

use futures::future::join_all;
use time::OffsetDateTime;

use crate::error_chain::error_chain;
use crate::limits::Budget;
use crate::model::document::ParsedDocument;
use crate::model::{ApiCenterId, Entity, ErrorCode, IntegrationName, IntegrationState, Problem, Report};
use crate::panics::{caught, panic_if_planted};
pub use crate::plan::Preview as PlanView;
use crate::settings::Settings;
use crate::telemetry::set_last_successes;

pub use self::clock::Clock;
pub use self::detail::{ApiCondition, ApiView, Condition, IntegrationDetail, Word};
pub use self::doctor::{Check, CheckState, Examination};
pub use self::explain::{ApiExplanation, Explanation, Standing};
use self::outcome::StoredOutcome;
use self::registration::Registered;
use self::registry::Registration;
use self::session::{Clouds, Session};
pub use self::view::{IntegrationProperties, IntegrationView, LinkState, LinkWord};

/// What a sync is asked to do beside what every run does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncRequest {
    /// Import definitions, also where that is done on demand.
    pub definitions: bool,
    /// Look below every API.
    pub deep: bool,
    /// The deletions to make although they are many.
    pub confirm_deletions: Option<String>,
    /// The only plan to apply.
    pub plan_id: Option<String>,
}

impl SyncRequest {
    /// Whether all of it is planned before anything is written.
    fn is_strict(&self) -> bool {
        self.confirm_deletions.is_some() || self.plan_id.is_some()
    }
}

/// What a `PUT` did.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// The integration is new.
    Created(IntegrationView),
    /// It was there before.
    Updated(IntegrationView),
}

/// How far a `DELETE` came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Nothing is left.
    Done,
    /// There was no time for this many APIs; the same call, or the timer, goes on.
    Remaining(usize),
}

/// What became of one integration in a run of all.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// The integration.
    pub name: IntegrationName,
    /// Its report, when there is one.
    pub outcome: Option<Report>,
    /// Whether nothing could be planned for it.
    pub could_not_be_read: bool,
    /// What a person should know.
    pub message: Option<String>,
}

/// Everything this app does, behind one value.
#[derive(Debug)]
pub struct Engine(Clouds);

impl Engine {
    /// Prepares the connections; nothing is sent yet.
    ///
    /// # Errors
    /// When there is no certificate to trust, or the host's managed identity is of a kind that cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, Problem> {
        Self::with_clock(settings, Clock::SYSTEM)
    }

    /// The same by another clock than the system's.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn with_clock(settings: &Settings, clock: Clock) -> Result<Self, Problem> {
        Clouds::new(settings, clock).map(Self)
    }

    /// All integrations, those without an environment included.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub async fn list(&self, budget: &Budget) -> Result<Vec<IntegrationView>, Problem> {
        let session = Session::new(&self.0, budget);
        let catalog = session.catalog();
        let (environments, apis) =
            tokio::try_join!(catalog.environments(), catalog.apis()).map_err(|error| error.problem())?;
        let registrations = registry::registrations(&environments, &self.0.vault_hosts);
        let center = &self.0.resource_id;
        let mut views: Vec<IntegrationView> = registrations
            .iter()
            .map(|registration| IntegrationView::of(center, registration))
            .collect();
        let orphans = view::orphans(&apis, &registrations);
        views.extend(orphans.iter().map(|orphan| IntegrationView::of_orphan(center, orphan)));
        views.sort_by_cached_key(|view| view.name.to_ascii_lowercase());
        Ok(views)
    }

    /// One integration.
    ///
    /// # Errors
    /// When it is not there or the catalog cannot be read.
    pub async fn get(&self, name: &IntegrationName, budget: &Budget) -> Result<IntegrationView, Problem> {
        let session = Session::new(&self.0, budget);
        let center = &self.0.resource_id;
        if let Some(registration) = self.find(&session, name).await? {
            return Ok(IntegrationView::of(center, &registration));
        }
        let apis = session.catalog().apis().await.map_err(|error| error.problem())?;
        orphan(center, &apis, name)
    }

    /// One integration with its APIs.
    ///
    /// # Errors
    /// As [`Engine::get`].
    pub async fn detail(&self, name: &IntegrationName, budget: &Budget) -> Result<IntegrationDetail, Problem> {
        let session = Session::new(&self.0, budget);
        let catalog = session.catalog();
        let (environments, apis) =
            tokio::try_join!(catalog.environments(), catalog.apis()).map_err(|error| error.problem())?;
        let center = &self.0.resource_id;
        let integration = match registry::find(&environments, name, &self.0.vault_hosts) {
            Some(registration) => IntegrationView::of(center, &registration),
            None => orphan(center, &apis, name)?,
        };
        let report = integration.properties.last_sync.as_ref();
        Ok(IntegrationDetail {
            conflict_titles: detail::conflict_titles(&apis, report),
            apis: detail::api_views(name, &apis, report),
            integration,
        })
    }

    /// Creates or replaces an integration, then synchronizes it.
    ///
    /// # Errors
    /// When what is asked for cannot be; then nothing but metadata schemas was written. When another call deletes the
    /// integration meanwhile. A failed synchronization is no error: the integration tells of it.
    pub async fn put(
        &self,
        name: &IntegrationName,
        document: ParsedDocument,
        budget: &Budget,
    ) -> Result<Written, Problem> {
        let session = Session::new(&self.0, budget);
        let Registered {
            mut registration,
            gateway,
            is_new,
        } = registration::register(&session, name, document).await?;
        let request = SyncRequest::default();
        // Why nothing could be planned is kept with the integration, and is in the log.
        let (outcome, _) = synchronize::run(&session, &registration, &request, Some(gateway)).await?;
        match session.catalog_for_epilogue().environments().await {
            Ok(environments) => {
                let current = registry::find(&environments, name, &self.0.vault_hosts);
                registration = match current {
                    Some(current) if current.state == IntegrationState::Active => current,
                    Some(_) => return Err(is_deleting(name)),
                    None if registration::is_gone(&session, &registration).await => return Err(is_deleting(name)),
                    None => registration,
                };
                // An outcome that could not be recorded is told here, or nowhere but in the log.
                let is_older = |kept: &StoredOutcome| kept.report.started_on < outcome.report.started_on;
                if registration.outcome.as_ref().is_none_or(is_older) {
                    registration.outcome = Some(outcome);
                }
            }
            // It was written: that it cannot be read now is no reason to say otherwise.
            Err(error) => {
                let (integration, error) = (name.as_str(), error_chain(&error));
                tracing::warn!(
                    integration,
                    error,
                    "the integration could not be read after its synchronization"
                );
                registration.outcome = Some(outcome);
            }
        }
        let view = IntegrationView::of(&self.0.resource_id, &registration);
        Ok(if is_new {
            Written::Created(view)
        } else {
            Written::Updated(view)
        })
    }

    /// Synchronizes an integration now.
    ///
    /// # Errors
    /// When it is not there, is going away, what is asked for cannot be, or nothing could be planned.
    pub async fn sync(
        &self,
        name: &IntegrationName,
        request: &SyncRequest,
        budget: &Budget,
    ) -> Result<Report, Problem> {
        let session = Session::new(&self.0, budget);
        let registration = self.active(&session, name).await?;
        synchronize::synchronize(&session, &registration, request).await
    }

    /// What a synchronization would do; nothing is written.
    ///
    /// # Errors
    /// As [`Engine::sync`].
    pub async fn plan(
        &self,
        name: &IntegrationName,
        request: &SyncRequest,
        budget: &Budget,
    ) -> Result<PlanView, Problem> {
        let session = Session::new(&self.0, budget);
        let registration = self.active(&session, name).await?;
        synchronize::plan(&session, &registration, request).await
    }

    /// Deletes an integration with everything it made.
    ///
    /// # Errors
    /// When it is not there, or something of it cannot be deleted.
    pub async fn delete(&self, name: &IntegrationName, budget: &Budget) -> Result<Deletion, Problem> {
        removal::remove(&Session::new(&self.0, budget), name).await
    }

    /// Synchronizes all integrations side by side, and goes on with deletions that were begun.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub async fn run_all(&self, budget: &Budget) -> Result<Vec<RunSummary>, Problem> {
        let environments = Session::new(&self.0, budget).environments().await?;
        let registrations = registry::registrations(&environments, &self.0.vault_hosts);
        set_last_successes(last_successes(&registrations));
        Ok(join_all(registrations.iter().map(async |registration| {
            let summary = caught(self.run_one(registration, budget)).await;
            summary.unwrap_or_else(|panicked| RunSummary {
                name: registration.name.clone(),
                outcome: None,
                could_not_be_read: true,
                message: Some(panicked.to_string()),
            })
        }))
        .await)
    }

    async fn run_one(&self, registration: &Registration, budget: &Budget) -> RunSummary {
        panic_if_planted("run", registration.name.as_str());
        let session = Session::new(&self.0, budget);
        let name = registration.name.clone();
        let summary = |outcome: Option<Report>, could_not_be_read, message| RunSummary {
            name: name.clone(),
            outcome,
            could_not_be_read,
            message,
        };
        let failed = |problem: Problem| match problem.code {
            // Another call has deleted it since the environments were listed, or is about to: gone is done.
            ErrorCode::IntegrationNotFound | ErrorCode::IntegrationDeleting => {
                summary(None, false, Some("it was deleted meanwhile".to_owned()))
            }
            _ => summary(None, true, Some(problem.message)),
        };
        match registration.state {
            IntegrationState::Active => {
                match synchronize::synchronize(&session, registration, &SyncRequest::default()).await {
                    Ok(report) => {
                        let message = report.message.clone();
                        summary(Some(report), false, message)
                    }
                    Err(problem) => failed(problem),
                }
            }
            IntegrationState::Deleting => match removal::remove(&session, &name).await {
                Ok(Deletion::Done) => summary(None, false, Some("it was deleted".to_owned())),
                Ok(Deletion::Remaining(apis)) => {
                    summary(None, false, Some(format!("{apis} of its APIs are still to be deleted")))
                }
                Err(problem) => failed(problem),
            },
        }
    }

    async fn find(&self, session: &Session<'_>, name: &IntegrationName) -> Result<Option<Registration>, Problem> {
        Ok(registry::find(
            &session.environments().await?,
            name,
            &self.0.vault_hosts,
        ))
    }

    async fn active(&self, session: &Session<'_>, name: &IntegrationName) -> Result<Registration, Problem> {
        let registration = self.find(session, name).await?.ok_or_else(|| not_found(name))?;
        match registration.state {
            IntegrationState::Active => Ok(registration),
            IntegrationState::Deleting => Err(is_deleting(name)),
        }
    }
}

fn last_successes(registrations: &[Registration]) -> impl Iterator<Item = (String, OffsetDateTime)> {
    registrations
        .iter()
        .filter_map(|registration| Some((registration.name.to_string(), registration.last_success_on?)))
}

/// What is left of the integration of this name, whose environment is gone.
fn orphan(center: &ApiCenterId, apis: &[Entity], name: &IntegrationName) -> Result<IntegrationView, Problem> {
    let orphans = view::orphans(apis, &[]);
    let orphan = orphans.iter().find(|orphan| orphan.name == *name);
    orphan
        .map(|orphan| IntegrationView::of_orphan(center, orphan))
        .ok_or_else(|| not_found(name))
}

fn not_found(name: &IntegrationName) -> Problem {
    Problem::new(
        ErrorCode::IntegrationNotFound,
        format!("there is no integration {name}"),
    )
}

fn is_deleting(name: &IntegrationName) -> Problem {
    let message = format!("the integration {name} is being deleted; wait until it is gone, or DELETE it again");
    Problem::new(ErrorCode::IntegrationDeleting, message)
}
