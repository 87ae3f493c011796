//! Work that has all it needs, for checks that are made many thousand times a second.

use futures::FutureExt;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = runtime();
}

fn runtime() -> Runtime {
    let Ok(runtime) = Builder::new_current_thread().enable_time().build() else {
        unreachable!("a runtime is made of memory only");
    };
    runtime
}

/// What comes of some work; `None` when it would wait for anything.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> Option<T> {
    RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        work.now_or_never()
    })
}
