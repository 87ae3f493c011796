//! The newest runs as a small chart: a bar's height is the run's duration, and a mark shows a bad outcome.

use maud::{Markup, html};

use super::times::duration;
use crate::model::{Outcome, PastRun};

/// Distance between bars, in the chart's units.
const STEP: usize = 8;
/// Height of the longest run.
const TALL: u64 = 24;
/// Height of the shortest run, which must stay visible.
const SHORT: u64 = 5;
/// Most runs in the chart.
const ROOM: usize = 24;

/// The chart, with a description in words.
pub(super) fn chart(runs: &[PastRun]) -> Markup {
    let Some(newest) = runs.last() else {
        return html! { span.quiet { "no runs yet" } };
    };
    let shown = &runs[runs.len().saturating_sub(ROOM)..];
    let longest = shown
        .iter()
        .map(|run| run.duration_seconds)
        .max()
        .unwrap_or_default()
        .max(1);
    let (width, ground) = (STEP * ROOM, TALL + 1);
    let label = format!("{}; the newest {}", summary(shown), newest.outcome.name());
    html! {
        svg role="img" aria-label=(label) width=(width) height=(ground + 9) viewBox={ "0 0 " (width) " " (ground + 9) } {
            line.ground x1="0" x2=(width) y1=(ground) y2=(ground) {}
            @for (place, run) in shown.iter().enumerate() {
                @let height = SHORT + (TALL - SHORT) * run.duration_seconds / longest;
                @let left = STEP * (place + ROOM - shown.len()) + 1;
                g class=(run.outcome.name()) {
                    title { (told(run)) }
                    rect class={ "bar " (run.outcome.name()) } x=(left) y=(ground - height) width=(STEP - 2) height=(height) {}
                    (mark(run.outcome, left, ground + 2))
                }
            }
        }
    }
}

/// The number of runs by outcome.
pub(super) fn summary(runs: &[PastRun]) -> String {
    let outcomes = [Outcome::Succeeded, Outcome::Partial, Outcome::Held, Outcome::Failed];
    let counts: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| {
            let count = runs.iter().filter(|run| run.outcome == *outcome).count();
            (count > 0).then(|| format!("{count} {}", outcome.name()))
        })
        .collect();
    match runs.len() {
        1 => format!("Last run: {}", counts.join(", ")),
        several => format!("Last {several} runs: {}", counts.join(", ")),
    }
}

fn told(run: &PastRun) -> String {
    format!(
        "{}: {}, {}",
        run.started_on,
        run.outcome.name(),
        duration(run.duration_seconds)
    )
}

/// A mark that distinguishes the outcomes without colour.
fn mark(outcome: Outcome, left: usize, top: u64) -> Markup {
    let path = match outcome {
        Outcome::Succeeded => return html! {},
        Outcome::Partial => format!("M{left} {}h6", top + 3),
        Outcome::Held => format!("M{} {top}v6m3 -6v6", left + 1),
        Outcome::Failed => format!("M{left} {top}l6 6m0 -6l-6 6"),
    };
    html! { path.mark d=(path) {} }
}
