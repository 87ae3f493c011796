//! Progress on standard error: a changing line on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write as _, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::output::tell;
use crate::engine::Meter;

/// Faster work shows nothing.
const QUIET: Duration = Duration::from_secs(2);
/// The interval of updates on a terminal.
const TICK: Duration = Duration::from_secs(1);
/// The interval of lines elsewhere, such as in the log of a pipeline.
const LINE: Duration = Duration::from_secs(10);
/// Clears the line on a terminal.
const CLEAR: &str = "\r\u{1b}[2K";
/// Keeps a long line on one line of the terminal, where it can be cleared.
const NO_WRAP: (&str, &str) = ("\u{1b}[?7l", "\u{1b}[?7h");

/// The progress of some work. Its line on a terminal disappears at the end.
#[derive(Debug)]
pub struct Progress {
    work: Arc<Work>,
    lines: JoinHandle<()>,
}

impl Progress {
    /// Starts to show the progress of some work, such as `synchronizing shop`. The meter counts work in this process;
    /// work in a function app is noted after each call.
    pub fn start(what: impl Into<String>, meter: Option<Arc<Meter>>) -> Self {
        let work = Arc::new(Work {
            what: what.into(),
            started: Instant::now(),
            meter,
            noted: Mutex::default(),
        });
        let lines = if stderr().is_terminal() {
            tokio::spawn(lines(Arc::clone(&work), TICK, draw))
        } else {
            tokio::spawn(lines(Arc::clone(&work), LINE, tell))
        };
        Self { work, lines }
    }

    /// Notes the progress after a call; another one follows.
    pub fn note(&self, done: usize, total: usize) {
        if let Some(meter) = &self.work.meter {
            meter.start(0);
        }
        *self.work.noted.lock().unwrap_or_else(PoisonError::into_inner) = (done, total);
        if !stderr().is_terminal() {
            let line = line(&self.work.what, self.work.started.elapsed(), (done, total));
            tell(&format!("{line}, calling again"));
        }
    }

    /// Notes a pause, because a cloud throttles.
    pub fn wait(&self, seconds: u64) {
        if stderr().is_terminal() {
            draw("");
        }
        tell(&format!(
            "{}: throttled, continuing in {seconds} seconds",
            self.work.what
        ));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.lines.abort();
        if stderr().is_terminal() {
            draw("");
        }
    }
}

/// The work, as far as its progress is concerned.
#[derive(Debug)]
struct Work {
    what: String,
    started: Instant,
    meter: Option<Arc<Meter>>,
    /// The progress of the calls so far.
    noted: Mutex<(usize, usize)>,
}

impl Work {
    /// The numbers of finished and of all APIs.
    fn counts(&self) -> (usize, usize) {
        let (noted, of_noted) = *self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, of_done) = self.meter.as_ref().map(|meter| meter.read()).unwrap_or_default();
        // A call starts with what earlier calls have left.
        let total = of_noted.max(of_done);
        ((noted + done).min(total), total)
    }
}

/// Emits a line about the work from time to time.
async fn lines(work: Arc<Work>, pause: Duration, mut give: impl FnMut(&str)) {
    sleep(QUIET).await;
    loop {
        give(&line(&work.what, work.started.elapsed(), work.counts()));
        sleep(pause).await;
    }
}

/// The line for this time and progress.
fn line(what: &str, elapsed: Duration, (done, total): (usize, usize)) -> String {
    if total == 0 {
        return format!("{what}: {}", words(elapsed));
    }
    let left = time_left(elapsed, done, total).map(|left| format!(", about {} left", words(left)));
    format!("{what}: {done} of {total} APIs{}", left.unwrap_or_default())
}

/// The estimated time left at this pace; empty without a pace, or near the end.
fn time_left(elapsed: Duration, done: usize, total: usize) -> Option<Duration> {
    let (done, left) = (u32::try_from(done).ok()?, u32::try_from(total - done).ok()?);
    let left = elapsed.checked_mul(left)?.checked_div(done)?;
    (left >= Duration::from_secs(1)).then_some(left)
}

fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        1 => "1 second".to_owned(),
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        _ => format!("{} hours", seconds / 3600),
    }
}

fn draw(line: &str) {
    // Nobody needs to see it.
    let mut stderr = stderr().lock();
    let _ = write!(stderr, "{CLEAR}{}{line}{}", NO_WRAP.0, NO_WRAP.1).and_then(|()| stderr.flush());
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// The lines of some work that takes this many seconds and is at 3 of 9 after the first call.
    async fn lines_within(seconds: u64) -> Vec<String> {
        let work = Arc::new(Work {
            what: "planning shop".to_owned(),
            started: Instant::now(),
            meter: None,
            noted: Mutex::new((3, 9)),
        });
        let mut given = Vec::new();
        let lines = lines(work, LINE, |line| given.push(line.to_owned()));
        let _ = timeout(Duration::from_secs(seconds), lines).await;
        given
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_within_two_seconds_shows_nothing() {
        assert_eq!(lines_within(1).await, Vec::<String>::new());
        assert_eq!(
            lines_within(13).await,
            [
                "planning shop: 3 of 9 APIs, about 4 seconds left",
                "planning shop: 3 of 9 APIs, about 24 seconds left",
            ]
        );
    }

    #[tokio::test]
    async fn a_call_counts_on_from_what_the_calls_before_it_have_done() {
        let meter = Arc::new(Meter::default());
        let progress = Progress::start("planning shop", Some(Arc::clone(&meter)));
        meter.start(9);
        meter.count();
        assert_eq!(progress.work.counts(), (1, 9));
        progress.note(4, 9);
        assert_eq!(progress.work.counts(), (4, 9));
        meter.start(9);
        meter.count();
        assert_eq!(progress.work.counts(), (5, 9));
        (0..8).for_each(|_| meter.count());
        assert_eq!(progress.work.counts(), (9, 9));
    }

    #[test]
    fn a_line_says_how_much_is_done_and_how_long_the_rest_takes() {
        let seconds = Duration::from_secs;
        for (elapsed, counts, expected) in [
            (3, (0, 0), "x: 3 seconds"),
            (3, (0, 9), "x: 0 of 9 APIs"),
            (60, (1, 10), "x: 1 of 10 APIs, about 9 minutes left"),
            (60, (1, 1000), "x: 1 of 1000 APIs, about 16 hours left"),
            (60, (9, 9), "x: 9 of 9 APIs"),
        ] {
            assert_eq!(line("x", seconds(elapsed), counts), expected);
        }
    }
}
