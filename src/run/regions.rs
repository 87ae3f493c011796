//! Unreachable regions: detected with a few calls instead of one for each account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::model::Region;

/// Gateways of a region asked concurrently before the first response.
const WAITING: usize = 4;
/// Unreachable gateways after which this run skips the region.
const UNREACHED: usize = 2;

/// The state of the regions in one run.
#[derive(Debug, Default)]
pub struct Regions(Mutex<HashMap<Region, Arc<State>>>);

#[derive(Debug)]
struct State {
    waiting: Semaphore,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    answered: bool,
    unreached: usize,
    why: Option<String>,
}

/// Permission to ask a gateway of a region.
#[derive(Debug)]
pub struct Turn(Arc<State>);

impl Regions {
    /// The turn of a gateway of this region.
    pub fn turn(&self, region: &Region) -> Turn {
        let mut regions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            Arc::new(State {
                waiting: Semaphore::new(WAITING),
                seen: Mutex::default(),
            })
        };
        Turn(Arc::clone(regions.entry(region.clone()).or_insert_with(make)))
    }
}

impl Turn {
    /// Waits until the gateway may be asked. Until the region has answered, the permit holds back others of the region.
    ///
    /// # Errors
    /// If the region is unreachable: the error of its first gateway.
    pub async fn wait(&self) -> Result<Option<SemaphorePermit<'_>>, String> {
        if self.has_answered() {
            return Ok(None);
        }
        // The semaphore is never closed.
        let permit = self.0.waiting.acquire().await.ok();
        let seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &seen.why {
            Some(why) if !seen.answered && seen.unreached >= UNREACHED => Err(why.clone()),
            _ if seen.answered => Ok(None),
            _ => Ok(permit),
        }
    }

    /// Records that a gateway has answered, whatever it said.
    pub fn answered(&self) {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).answered = true;
    }

    /// Records that a gateway was unreachable.
    pub fn unreached(&self, why: &str) {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.unreached += 1;
        seen.why.get_or_insert_with(|| why.to_owned());
    }

    fn has_answered(&self) -> bool {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        Region::parse(name).unwrap()
    }

    #[tokio::test]
    async fn after_two_gateways_that_were_not_reached_the_others_of_the_region_are_not_asked() {
        let regions = Regions::default();
        let turn = |name: &str| regions.turn(&region(name));
        assert!(turn("us-east-1").wait().await.is_ok());
        turn("us-east-1").unreached("no route");
        assert!(turn("us-east-1").wait().await.is_ok());
        turn("us-east-1").unreached("no route, either");
        assert_eq!(turn("us-east-1").wait().await.unwrap_err(), "no route");
        assert!(turn("eu-west-1").wait().await.is_ok());
        // One that answers speaks for the region.
        turn("us-east-1").answered();
        assert!(turn("us-east-1").wait().await.is_ok());
    }

    #[tokio::test]
    async fn at_most_four_gateways_wait_for_a_region_that_has_not_answered() {
        let regions = Regions::default();
        let turns: Vec<Turn> = (0..6).map(|_| regions.turn(&region("us-east-1"))).collect();
        let mut permits = Vec::new();
        for turn in &turns[..4] {
            permits.push(turn.wait().await.unwrap());
        }
        let mut fifth = Box::pin(turns[4].wait());
        assert!(futures::poll!(&mut fifth).is_pending());
        turns[0].answered();
        assert!(turns[5].wait().await.unwrap().is_none());
        permits.clear();
        assert!(fifth.await.unwrap().is_none());
    }
}
