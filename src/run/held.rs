//! The message about held removals.

use crate::model::IntegrationName;
use crate::plan::Verdict;

/// Gateways with reasons in the message; the report has all.
const TOLD: usize = 3;

/// Why removals are held, and the call that confirms them; `None` if none is held.
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
