//! Work that has all it needs, for checks that are made many thousand times a second.

use tokio::runtime::Builder;
use tokio::task::yield_now;

/// More turns than work and the tasks that it spawns need if nothing waits.
const TURNS: usize = 16;

/// What comes of some work; `None` when it would wait for anything.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> Option<T> {
    let Ok(runtime) = Builder::new_current_thread().enable_time().build() else {
        unreachable!("a runtime is made of memory only");
    };
    let turns = async {
        for _ in 0..TURNS {
            yield_now().await;
        }
    };
    runtime.block_on(async {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = turns => None,
        }
    })
}
