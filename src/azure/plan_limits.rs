//! The limits of the API center's plan.

/// Limits of a plan (API Center limits, 2024-11-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanLimits {
    /// APIs in the service.
    pub apis: usize,
    /// Versions of an API.
    pub versions_per_api: usize,
    /// Deployments of an API.
    pub deployments_per_api: usize,
}

impl PlanLimits {
    /// The limits of the plan with this name; those of the Standard plan for an unknown name.
    #[must_use]
    pub fn of(plan: &str) -> Self {
        let is_free = plan.eq_ignore_ascii_case("Free");
        Self {
            apis: if is_free { 200 } else { 10_000 },
            versions_per_api: if is_free { 5 } else { 100 },
            deployments_per_api: 10,
        }
    }
}
