//! Runs in flight: one for each integration in this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tracing::{Instrument, Span};

use crate::limits::Budget;
use crate::model::{ErrorCode, IntegrationName, Problem};
use crate::run::{End, SyncRequest};

/// How a call takes part in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Starts,
    Joins,
    Waits,
}

/// The outcome of a run.
type Landing = Result<End, Problem>;
type Flight = Shared<BoxFuture<'static, Landing>>;

/// The runs in flight, by integration.
#[derive(Debug, Default)]
pub struct Flights(Mutex<HashMap<IntegrationName, (SyncRequest, Flight)>>);

impl Flights {
    /// Starts a run, or joins the run of this integration in flight if its request is the same. A different run in
    /// flight is awaited first.
    ///
    /// A run continues when its caller disconnects: those who joined still get its report.
    ///
    /// # Errors
    /// Those of the run, or if the time ends before another call's run does.
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
                    // A run starts only once; it has landed before this branch can be reached again.
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
