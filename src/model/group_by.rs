//! How several gateway APIs are grouped into one API of the catalog.

use std::fmt;

use serde::{Serialize, Serializer};

/// The common property of a group's APIs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// Every API stands alone.
    #[default]
    None,
    /// Their name.
    Name,
    /// The value of the tag of this key.
    Tag(String),
}

impl GroupBy {
    /// The prefix of a tag's key.
    const TAG: &str = "tag:";

    /// Parses `none`, `name` or `tag:KEY`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "name" => Some(Self::Name),
            text => {
                let key = text.strip_prefix(Self::TAG)?;
                (!key.trim().is_empty()).then(|| Self::Tag(key.to_owned()))
            }
        }
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("none"),
            Self::Name => formatter.write_str("name"),
            Self::Tag(key) => write!(formatter, "{}{key}", Self::TAG),
        }
    }
}

impl Serialize for GroupBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
