//! Work that has all it needs, for checks that are made many thousand times a second.

use futures::FutureExt;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = runtime();
}

#[expect(clippy::expect_used, reason = "without a clock, nothing can be checked")]
fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime is made of memory only")
}

/// What comes of some work; `None` when it would wait for anything.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> Option<T> {
    RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        work.now_or_never()
    })
}
