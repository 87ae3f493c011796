//! Works on all APIs concurrently.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use futures::future::join_all;
use futures::{StreamExt, stream};
use tokio::sync::Semaphore;
use tracing::{Instrument, Span};

use super::agenda::Task;
use super::drive::{Paused, Subject, drive, look, mark_unchecked};
use super::ground::Ground;
use super::hands::Hands;
use super::interruption::{Interruption, Wait, guarded};
use super::moves::versions_and_deployments;
use crate::catalog::ApiProof;
use crate::error_chain::error_chain;
use crate::model::{
    Conflict, DesiredApi, DesiredMember, Domains, EntityName, Gateway, GatewayApi, SourceKey, Stage, stage_entity_name,
};
use crate::plan::{Current, Done, Event, Standing, Step, Whole, Work, inherit};
use crate::planted::panic_if_planted;
use crate::telemetry::api_span;
use crate::translate::{self, Around, add_stages, stage_selection};

/// APIs of one gateway worked on concurrently: enough to use both sides' request budgets at usual latencies.
pub const SIDE_BY_SIDE: usize = 16;
/// The same for many gateways: each has its own pace, so that one of its calls is usually waiting.
const OF_MANY: usize = 2;
/// APIs worked on concurrently on all gateways: each takes up to 200 KB.
const IN_FLIGHT_MAX: usize = 48;
/// The domains of a gateway that was not read.
static UNREAD: LazyLock<Domains> = LazyLock::new(|| Domains::Unknown("they were not read".to_owned()));

/// How the work on an API ended.
#[derive(Debug)]
pub enum Ended {
    /// Everything was done.
    Done,
    /// It is not ours.
    LeftAlone,
    /// The time ran out, or another run is working on it.
    Remaining,
    /// The catalog has no room for it.
    NoRoom(String),
    /// Something about it could not be read or written.
    Failed(String),
    /// The account or the identity was refused: a failure, unless it ended all work.
    Refused(String),
}

/// The outcome for an API.
#[derive(Debug)]
pub struct ApiOutcome {
    /// Whether its work began.
    pub begun: bool,
    /// How it ended.
    pub ended: Ended,
    /// What it waits for, if it remains.
    pub wait: Option<Wait>,
    /// The changes made.
    pub done: Done,
    /// Whether it was looked at.
    pub looked_at: bool,
    /// The work, if it waits for the guard.
    pub pending: Option<Box<Paused>>,
    /// The API, if this run created it.
    pub born: Option<ApiProof>,
}

impl ApiOutcome {
    /// The outcome when the time ran out before the work began.
    pub fn unbegun() -> Self {
        Self {
            begun: false,
            ended: Ended::Remaining,
            wait: None,
            done: Done::default(),
            looked_at: false,
            pending: None,
            born: None,
        }
    }

    fn interrupted(interruption: &Interruption) -> Self {
        let mut outcome = Self {
            begun: true,
            ..Self::unbegun()
        };
        outcome.interrupt(interruption);
        outcome
    }

    /// Records the changes and how the work ended.
    pub fn finish(&mut self, work: Work) {
        self.done = work.into_done();
        self.ended = match (&self.done.failures.first(), &self.done.remaining) {
            (Some(failure), _) if self.done.refusals > 0 => Ended::Refused((*failure).clone()),
            (Some(failure), _) => Ended::Failed((*failure).clone()),
            (None, Some(why)) => {
                self.wait = Some(Wait {
                    why: why.clone(),
                    until: None,
                });
                Ended::Remaining
            }
            (None, None) if self.done.left_alone => Ended::LeftAlone,
            (None, None) => Ended::Done,
        };
    }

    /// Records why the work on the API ended early.
    pub fn interrupt(&mut self, interruption: &Interruption) {
        self.ended = match interruption {
            Interruption::OutOfTime | Interruption::GivenUp | Interruption::Superseded => Ended::Remaining,
            Interruption::NoRoom(why) => Ended::NoRoom(why.clone()),
            Interruption::NotOurs(path) => {
                self.done.conflicts.push(Conflict { name: path.to_string() });
                Ended::LeftAlone
            }
            Interruption::Catalog(_) | Interruption::Gateway(_) if interruption.is_for_lack_of_time() => {
                self.wait = interruption.wait();
                Ended::Remaining
            }
            Interruption::Catalog(_) | Interruption::Gateway(_) if interruption.is_account_wide() => {
                Ended::Refused(error_chain(interruption))
            }
            Interruption::Catalog(_)
            | Interruption::Gateway(_)
            | Interruption::NotGone(_)
            | Interruption::Panicked(_) => Ended::Failed(error_chain(interruption)),
        };
    }
}

/// An API after its look.
#[derive(Debug)]
pub struct Looked {
    /// The API.
    pub task: Task,
    /// Its work, or why that is unknown.
    pub look: Result<Paused, Interruption>,
}

/// An API after its work.
#[derive(Debug)]
pub struct Worked {
    /// The API.
    pub task: Task,
    /// Its outcome.
    pub outcome: ApiOutcome,
}

impl Ground {
    /// Looks at one API.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn look_at(&self, hands: &Hands, task: &Task) -> Result<Paused, Interruption> {
        let looking = async {
            panic_if_planted("look", task.api().id.as_str());
            let standing = match &task.job.current {
                Current::Missing(vacant) => Standing::Missing(vacant.clone()),
                Current::Owned(api) => Standing::Owned(Box::new(api.unfolded())),
            };
            let (mut desired, failures) = self.read_stages(hands, task, &standing).await?;
            for (member, old) in task.predecessors() {
                let below = versions_and_deployments(&hands.catalog, old).await?;
                let (api, below) = (&old.unfolded(), &below);
                inherit(&mut desired, member, Whole { api, below });
            }
            // The fingerprint excludes what is imported on demand, so look deeper.
            let deep = task.deep;
            let mut work = Work::new(
                Arc::clone(&self.rules),
                desired,
                standing,
                deep,
                self.imports_on_demand(),
            );
            work.fail(failures);
            look(hands, self.subject(task), work).await
        };
        guarded(looking).await
    }

    /// The API with the stages of all its members, and why some could not be read: their entities in the catalog stay.
    async fn read_stages(
        &self,
        hands: &Hands,
        task: &Task,
        standing: &Standing,
    ) -> Result<(DesiredApi, Vec<String>), Interruption> {
        const NONE: &BTreeMap<EntityName, Vec<String>> = &BTreeMap::new();
        let recorded = standing.owned().map_or(NONE, |api| &api.marker.record.urls);
        let members = &task.job.desired.members;
        let reads = members
            .iter()
            .map(|member| self.read_member(hands, task, member, recorded));
        let reads = join_all(reads).await;
        let (mut desired, mut failures) = (task.job.desired.clone(), Vec::new());
        self.add_fields(&mut desired, |key| task.apis.get(key));
        for (DesiredMember { key, .. }, read) in members.iter().zip(reads) {
            match read {
                Ok(one) => desired.join(one),
                Err(interruption) if interruption.is_for_lack_of_time() || desired.members.len() == 1 => {
                    return Err(interruption);
                }
                Err(interruption) => {
                    desired.forget(key);
                    let why = error_chain(&interruption);
                    failures.push(format!(
                        "the stages of {key} could not be read, so they stay as they are: {why}"
                    ));
                }
            }
        }
        Ok((desired, failures))
    }

    /// The desired state of one member.
    async fn read_member(
        &self,
        hands: &Hands,
        task: &Task,
        member: &DesiredMember,
        recorded: &BTreeMap<EntityName, Vec<String>>,
    ) -> Result<DesiredApi, Interruption> {
        let gateway = &member.key.gateway;
        if hands.refusal_on(gateway).is_some() {
            return Err(Interruption::GivenUp);
        }
        let api = &task.apis[&member.key];
        let stages = hands.client(gateway)?.stages(api).await?;
        let mut one = DesiredApi::of_member(task.job.desired.name.clone(), task.job.desired.is_group, member.clone());
        if !self.has_same_rules {
            one.departed_stages = self.left_out(&member.key, api, &stages, one.is_group);
        }
        let around = Around {
            integration: &self.integration,
            place: self.places.place(&self.integration, gateway),
            domains: self.domains.get(gateway).unwrap_or(&UNREAD),
            types: &self.rules.types,
            recorded,
            with_definitions: self.with_definitions,
        };
        add_stages(&mut one, around, api, &stages);
        Ok(one)
    }

    /// The versions and deployments of stages that rules exclude.
    fn left_out(&self, member: &SourceKey, api: &GatewayApi, stages: &[Stage], is_group: bool) -> BTreeSet<EntityName> {
        let subject = translate::Subject::of(self.places.place(&self.integration, &member.gateway), api);
        let is_out = |stage: &&Stage| !stage_selection(&self.integration, subject, &stage.name).is_in();
        let out = stages.iter().filter(is_out).map(|stage| stage_entity_name(&stage.name));
        out.flat_map(|version| [is_group.then(|| version.of_member(member)), Some(version)])
            .flatten()
            .collect()
    }

    fn imports_on_demand(&self) -> bool {
        self.with_definitions && self.rules.on_demand
    }

    /// The driver's view of an API.
    fn subject<'a>(&'a self, task: &'a Task) -> Subject<'a> {
        Subject {
            integration: &self.integration,
            places: &self.places,
            name: &task.job.desired.name,
            apis: &task.apis,
        }
    }

    /// Looks at all APIs. Writes nothing.
    pub async fn look_at_all(&self, hands: &Hands, tasks: Vec<Task>) -> Vec<Looked> {
        hands.meter.start(tasks.len());
        let look = |_, task: Task| async move {
            let look = self.look_at(hands, &task).instrument(span(&task)).await;
            hands.meter.count();
            Looked { task, look }
        };
        for_each(tasks, Task::gateway, look).await
    }

    /// Looks at all APIs and brings them in line.
    pub async fn work_on_all(&self, hands: &Hands, tasks: Vec<Task>) -> Vec<Worked> {
        hands.meter.start(tasks.len());
        let work = |place, task: Task| async move {
            let outcome = if may_begin(hands, place, task.gateway()) {
                let work = async { self.work_on(hands, &task, self.look_at(hands, &task).await).await };
                let outcome = work.instrument(span(&task)).await;
                hands.meter.count();
                outcome
            } else {
                ApiOutcome::unbegun()
            };
            Worked { task, outcome }
        };
        for_each(tasks, Task::gateway, work).await
    }

    /// Brings all APIs in line that were looked at.
    pub async fn work_on_looks(&self, hands: &Hands, looks: Vec<Looked>) -> Vec<Worked> {
        hands.meter.start(looks.len());
        let work = |place, Looked { task, look }: Looked| async move {
            let takes_time = look
                .as_ref()
                .is_ok_and(|paused| !matches!(paused.step, Step::Done | Step::AwaitRemovals));
            let outcome = if !takes_time || may_begin(hands, place, task.gateway()) {
                let outcome = self.work_on(hands, &task, look).instrument(span(&task)).await;
                hands.meter.count();
                outcome
            } else {
                ApiOutcome::unbegun()
            };
            Worked { task, outcome }
        };
        for_each(looks, |looked| looked.task.gateway(), work).await
    }

    async fn work_on(&self, hands: &Hands, task: &Task, look: Result<Paused, Interruption>) -> ApiOutcome {
        let mut outcome = match look {
            Ok(paused) => {
                let mut outcome = ApiOutcome {
                    begun: true,
                    ..ApiOutcome::unbegun()
                };
                self.go_on(hands, task, paused, &mut outcome).await;
                outcome.looked_at = true;
                outcome
            }
            Err(interruption) => {
                if let (true, Current::Owned(api)) = (task.deep, &task.job.current) {
                    mark_unchecked(hands, self.subject(task), &api.unfolded()).await;
                }
                ApiOutcome::interrupted(&interruption)
            }
        };
        outcome.begun = true;
        outcome
    }

    /// Ends the work on APIs that wait for the guard, without removals; returns whether any did.
    pub async fn leave_removals(&self, hands: &Hands, worked: &mut [Worked]) -> bool {
        let waited = worked.iter().any(|worked| worked.outcome.pending.is_some());
        for Worked { task, outcome } in worked {
            if let Some(mut paused) = outcome.pending.take() {
                paused.step = paused.work.next(Event::Judged(BTreeSet::new()));
                self.go_on(hands, task, *paused, outcome).await;
            }
        }
        waited
    }

    /// Continues the work on an API until its end, or until it waits for the guard.
    pub async fn go_on(&self, hands: &Hands, task: &Task, mut paused: Paused, outcome: &mut ApiOutcome) {
        match drive(hands, self.subject(task), &mut paused, &mut outcome.born).await {
            Ok(()) if matches!(paused.step, Step::AwaitRemovals) => outcome.pending = Some(Box::new(paused)),
            Ok(()) => outcome.finish(paused.work),
            Err(interruption) => {
                outcome.finish(paused.work);
                outcome.interrupt(&interruption);
            }
        }
    }
}

fn span(task: &Task) -> Span {
    api_span(task.api().id.as_str())
}

/// Does work on all tasks, given their places in the order, and returns the results in that order.
///
/// Each gateway has a queue of its own, so that a throttled one holds up nobody else. They take turns.
async fn for_each<T, R, W: Future<Output = R>>(
    tasks: Vec<T>,
    gateway: impl Fn(&T) -> &Gateway,
    work: impl Fn(usize, T) -> W,
) -> Vec<R> {
    let mut queues: HashMap<Gateway, Vec<(usize, T)>> = HashMap::new();
    for (place, task) in tasks.into_iter().enumerate() {
        queues.entry(gateway(&task).clone()).or_default().push((place, task));
    }
    let of_one = (IN_FLIGHT_MAX / queues.len().max(1)).clamp(OF_MANY, SIDE_BY_SIDE);
    let permits = Semaphore::new(IN_FLIGHT_MAX);
    let (work, permits) = (&work, &permits);
    let queues = queues.into_values().map(|queue| {
        let queue = stream::iter(queue).map(move |(place, task)| async move {
            // The semaphore is never closed.
            let _permit = permits.acquire().await;
            // Boxed, so that those that wait take no memory.
            (place, Box::pin(work(place, task)).await)
        });
        Box::pin(queue.buffer_unordered(of_one))
    });
    let mut done: Vec<(usize, R)> = stream::select_all(queues).collect().await;
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Whether work on an API may begin: the first few always may, so that every run makes progress.
fn may_begin(hands: &Hands, place: usize, gateway: &Gateway) -> bool {
    hands.refusal_on(gateway).is_none() && (place < SIDE_BY_SIDE || hands.budget.may_begin())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    /// Work that takes so many seconds; returns the results with their times.
    async fn times(tasks: Vec<(Gateway, u64)>) -> Vec<u64> {
        let began = Instant::now();
        let work = |_, (_, seconds)| async move {
            sleep(Duration::from_secs(seconds)).await;
            began.elapsed().as_secs()
        };
        for_each(tasks, |(gateway, _)| gateway, work).await
    }

    fn gateway(region: &str) -> Gateway {
        Gateway {
            account: None,
            region: crate::model::Region::parse(region).unwrap(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_gateway_holds_up_no_other() {
        let [slow, other] = ["eu-west-1", "us-east-1"].map(gateway);
        let mut tasks = vec![(slow, 100); 160];
        tasks.extend(vec![(other, 1); 32]);
        let times = times(tasks).await;
        assert_eq!(
            (times[..160].iter().max(), times[160..].iter().max()),
            (Some(&1_000), Some(&2))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_gateway_has_many_in_flight_and_many_gateways_have_no_more_than_all_may() {
        let one = vec![(gateway("eu-west-1"), 1); 32];
        assert_eq!(times(one).await.last(), Some(&2));
        let regions = (0..100).map(|number| gateway(&format!("eu-west-{number}")));
        let most = Mutex::new((0, 0));
        let work = |_, _| async {
            let in_flight = {
                let mut counts = most.lock().unwrap();
                counts.0 += 1;
                counts.1 = counts.1.max(counts.0);
                counts.0
            };
            sleep(Duration::from_secs(1)).await;
            most.lock().unwrap().0 -= 1;
            in_flight
        };
        for_each(regions.collect(), |gateway| gateway, work).await;
        assert_eq!(*most.lock().unwrap(), (0, IN_FLIGHT_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn results_are_in_the_order_of_the_tasks() {
        let [one, other] = ["eu-west-1", "us-east-1"].map(gateway);
        let tasks = vec![(one.clone(), 3), (other.clone(), 1), (one, 5), (other, 2)];
        assert_eq!(times(tasks).await, [3, 1, 5, 2]);
    }
}
