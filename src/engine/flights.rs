//! Runs in flight: one for each integration in this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tracing::{Instrument, Span};

use crate::limits::Budget;
use crate::model::{ErrorCode, IntegrationName, Problem};
use crate::run::{End, SyncRequest};

/// What a call has to do with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Starts,
    Joins,
    Waits,
}

/// What a run comes to.
type Landing = Result<End, Problem>;
type Flight = Shared<BoxFuture<'static, Landing>>;

/// The runs in flight, by integration.
#[derive(Debug, Default)]
pub struct Flights(Mutex<HashMap<IntegrationName, (SyncRequest, Flight)>>);

impl Flights {
    /// Starts a run, or joins the one of this integration that is asked to do the same. One that is asked to do something
    /// else is waited for first.
    ///
    /// A run goes on when its caller goes away: whoever joined it still gets its report.
    ///
    /// # Errors
    /// As the run's. When the time ends before the run of another call does.
    pub async fn run(
        &self,
        name: &IntegrationName,
        request: &SyncRequest,
        budget: &Budget,
        start: impl FnOnce() -> BoxFuture<'static, Landing>,
    ) -> Landing {
        let mut start = Some(start);
        loop {
            let (flight, role) = self.flight(name, request, &mut start);
            tokio::select! {
                landing = flight.clone() => {
                    self.land(name, &flight);
                    if role != Role::Waits {
                        return landing;
                    }
                }
                () = budget.spent(), if role != Role::Starts => return Err(still_in_flight(name)),
            }
        }
    }

    fn flight(
        &self,
        name: &IntegrationName,
        request: &SyncRequest,
        start: &mut Option<impl FnOnce() -> BoxFuture<'static, Landing>>,
    ) -> (Flight, Role) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (flights.get(name), start.take()) {
            (Some((of, flight)), not_started) => {
                *start = not_started;
                let role = if of == request { Role::Joins } else { Role::Waits };
                (flight.clone(), role)
            }
            (None, start) => {
                let run = match start {
                    Some(start) => start(),
                    // A run is started once: it has landed before this can be asked for again.
                    None => futures::future::ready(Err(still_in_flight(name))).boxed(),
                };
                let flight = run.shared();
                flights.insert(name.clone(), (request.clone(), flight.clone()));
                tokio::spawn(flight.clone().instrument(Span::current()));
                (flight, Role::Starts)
            }
        }
    }

    fn land(&self, name: &IntegrationName, landed: &Flight) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if flights.get(name).is_some_and(|(_, flight)| flight.ptr_eq(landed)) {
            flights.remove(name);
        }
    }
}

fn still_in_flight(name: &IntegrationName) -> Problem {
    let message = format!("another run of the integration {name} is in flight: call again");
    Problem::new(ErrorCode::ServiceUnavailable, message).with_retry_after(std::time::Duration::ZERO)
}
