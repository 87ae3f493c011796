//! What a person sees meanwhile: a bar with counts and the time left on a terminal, plain lines otherwise, on standard error.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::tell;

/// How often a bar is redrawn.
const TICK: Duration = Duration::from_millis(120);
/// A bar whose length is known: how far, how long still.
const COUNTED: &str = "{msg} {wide_bar} {pos}/{len} APIs, {elapsed} gone, {eta} left";
/// One whose length is not.
const WAITING: &str = "{spinner} {msg}, {elapsed}";

/// The progress of one piece of work. What is drawn of it goes when it ends.
#[derive(Debug)]
pub struct Progress {
    what: String,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins to show the progress of some work, such as `synchronizing shop`.
    pub fn start(what: impl Into<String>) -> Self {
        let what = what.into();
        if !stderr().is_terminal() {
            return Self { what, bar: None };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template(WAITING) {
            bar.set_style(style);
        }
        bar.set_message(what.clone());
        bar.enable_steady_tick(TICK);
        Self { what, bar: Some(bar) }
    }

    /// So many of so many are done, and the work goes on.
    pub fn note(&self, done: usize, total: usize) {
        let Some(bar) = &self.bar else {
            return tell(&format!("{}: {done} of {total} APIs are done, going on", self.what));
        };
        if bar.length().is_none()
            && let Ok(style) = ProgressStyle::with_template(COUNTED)
        {
            bar.set_style(style);
        }
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    }

    /// Nothing goes on for so long, because a cloud throttles.
    pub fn wait(&self, seconds: u64) {
        let note = format!("{}: throttled, going on in {seconds} seconds", self.what);
        match &self.bar {
            Some(bar) => bar.println(note),
            None => tell(&note),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
