//! Accounts of AWS Organizations, and the ids of its units.

use std::fmt;

use serde::Serialize;

use super::{AccountId, quote_name};

/// An account of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name; may be empty.
    pub name: String,
    /// Whether it is active. Others are not read.
    pub is_active: bool,
    /// Its state in the words of AWS, such as `SUSPENDED`; may be empty.
    pub state: String,
}

/// A text that is not the id of an organisational unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of an organisational unit or a root: expected ou-… or r-… as AWS Organizations shows it")]
pub struct InvalidUnitId(String);

/// The id of an organisational unit, `ou-…`, or of an organisation's root, `r-…` (AWS Organizations, `ParentId`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct UnitId(String);

impl UnitId {
    /// Parses the id of a unit or a root.
    ///
    /// # Errors
    /// If it matches neither `^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$` nor `^r-[0-9a-z]{4,32}$`.
    pub fn parse(text: &str) -> Result<Self, InvalidUnitId> {
        let is_unit = text
            .strip_prefix("ou-")
            .and_then(|rest| rest.split_once('-'))
            .is_some_and(|(root, unit)| is_part(root, 4) && is_part(unit, 8));
        let is_root = text.strip_prefix("r-").is_some_and(|root| is_part(root, 4));
        if is_unit || is_root {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidUnitId(quote_name(text)))
        }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_part(text: &str, least: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (least..=32).contains(&text.len()) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_units_and_roots_are_taken_and_nothing_else() {
        for (text, is_taken) in [
            ("ou-ab12-34567890", true),
            ("r-ab12", true),
            ("ou-ab12-3456789", false),
            ("ou-ab12", false),
            ("ou-ab1-34567890", false),
            ("ou-AB12-34567890", false),
            ("ou-ab12-34567890-1", false),
            ("r-ab12/", false),
            ("o-ab12345678", false),
            ("123456789012", false),
            ("", false),
        ] {
            assert_eq!(UnitId::parse(text).is_ok(), is_taken, "{text}");
        }
    }
}
