//! Selects the APIs and stages for the catalog, by `include` and `exclude`.

use std::fmt;

use super::subject::Subject;
use crate::model::{Integration, Match, Stage};

/// Whether something is selected, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Selected: no rule excludes it.
    All,
    /// Selected by the rule of this index in `include`.
    Included(usize),
    /// Excluded by the rule of this index in `exclude`.
    Excluded(usize),
    /// Not selected: no rule in `include` matches it.
    NotIncluded,
}

impl Selection {
    /// Whether it is selected.
    #[must_use]
    pub fn is_in(self) -> bool {
        match self {
            Self::All | Self::Included(_) => true,
            Self::Excluded(_) | Self::NotIncluded => false,
        }
    }
}

impl fmt::Display for Selection {
    /// As in `exclude[1] fits it`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("nothing excludes it"),
            Self::Included(index) => write!(formatter, "include[{index}] fits it"),
            Self::Excluded(index) => write!(formatter, "exclude[{index}] fits it"),
            Self::NotIncluded => formatter.write_str("no include rule matches it"),
        }
    }
}

/// The selection of an API by the list alone: an excluded one stays excluded whatever its stages, a selected one may
/// still be excluded once they are known.
#[must_use]
pub fn listed_selection(integration: &Integration, subject: Subject<'_>) -> Selection {
    let excludes = |rule: &Match| rule.stage.is_none() && subject.fits(rule);
    decided(integration, |rule| subject.fits(rule), excludes)
}

/// The selection of a stage.
#[must_use]
pub fn stage_selection(integration: &Integration, subject: Subject<'_>, stage_name: &str) -> Selection {
    let fits = |rule: &Match| subject.fits_stage(rule, stage_name);
    decided(integration, fits, fits)
}

/// The selection of an API with these stages: excluded if all stages are. Rules about stages do not apply to an API
/// without any.
#[must_use]
pub fn api_selection(integration: &Integration, subject: Subject<'_>, stages: &[Stage]) -> Selection {
    let mut names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
    names.sort_unstable();
    let of_stages = names.iter().map(|name| stage_selection(integration, subject, name));
    let of_stages: Vec<Selection> = of_stages.collect();
    let any_in = of_stages.iter().find(|selection| selection.is_in());
    any_in.or(of_stages.first()).copied().unwrap_or_else(|| {
        let fits = |rule: &Match| rule.stage.is_none() && subject.fits(rule);
        decided(integration, fits, fits)
    })
}

fn decided(
    integration: &Integration,
    includes: impl Fn(&Match) -> bool,
    excludes: impl Fn(&Match) -> bool,
) -> Selection {
    if let Some(index) = integration.exclude.iter().position(excludes) {
        return Selection::Excluded(index);
    }
    if integration.include.is_empty() {
        return Selection::All;
    }
    let index = integration.include.iter().position(includes);
    index.map_or(Selection::NotIncluded, Selection::Included)
}
