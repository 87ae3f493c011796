//! What people are told of removals that are held.

use crate::model::IntegrationName;
use crate::plan::Verdict;

/// Gateways whose reasons are told; the report has all.
const TOLD: usize = 3;

/// What is wrong with the removals that are held, and the call that confirms them; `None` where none is.
pub fn held_message(integration: &IntegrationName, deletions_id: &str, verdict: &Verdict) -> Option<String> {
    let holds = verdict.holds.iter();
    let mut reasons: Vec<String> = holds
        .flat_map(|(gateway, hold)| {
            let of = |why: &str| match verdict.holds.len() {
                1 => why.to_owned(),
                _ => format!("{gateway}: {why}"),
            };
            let departures = hold.departures.as_ref().map(|(count, why)| {
                let what = if *count == 1 { "deletion" } else { "deletions" };
                of(&format!("{why}: {count} {what} on {gateway} would be made"))
            });
            let suspicion = hold.suspicion.as_deref().map(of);
            suspicion.into_iter().chain(departures)
        })
        .collect();
    let more = reasons.len().saturating_sub(TOLD);
    reasons.truncate(TOLD);
    if more > 0 {
        reasons.push(format!("and {more} more reasons, see the gateways in the report"));
    }
    (!reasons.is_empty()).then(|| {
        format!(
            "{}; none of that was deleted. If this is right, confirm with \
             POST …/integrations/{integration}/sync?confirmDeletions={deletions_id}",
            reasons.join("; ")
        )
    })
}
