//! Members of groups in names: tell apart the entities of several members below one API.

use super::{EntityName, SourceKey, digest};

/// Hex digits of a key's SHA-256 that tell members apart in names.
pub const MEMBER_DIGITS: usize = 8;

impl SourceKey {
    /// The end of names below a group that tells its members apart: hex digits of the key's SHA-256.
    #[must_use]
    pub fn short_digest(&self) -> String {
        let mut digest = digest(self.to_string().as_bytes());
        digest.truncate(MEMBER_DIGITS);
        digest
    }
}

impl EntityName {
    /// The name with a group member at its end: of its stage's deployment below a version of this name, or of its own
    /// definition.
    #[must_use]
    pub fn of_member(&self, key: &SourceKey) -> Self {
        self.with_end(&key.short_digest())
    }

    /// The name without the member at its end; `None` if it ends otherwise.
    #[must_use]
    pub fn without_member(&self, key: &SourceKey) -> Option<Self> {
        let readable = self.as_str().strip_suffix(&key.short_digest())?.strip_suffix('-')?;
        Self::parse(readable).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ApiType, stage_entity_name};

    #[test]
    fn what_is_a_members_has_its_digest_and_no_other_members() {
        let key = |id: &str| SourceKey::parse(&format!("012345678901/eu-west-1/{id}"), ApiType::Rest).unwrap();
        let prod = stage_entity_name("prod");
        let of_one = prod.of_member(&key("a1"));
        assert_eq!(of_one.as_str().len(), "prod-".len() + 8);
        assert_eq!(of_one.without_member(&key("a1")), Some(prod));
        assert_eq!(of_one.without_member(&key("a2")), None);
        let longest = stage_entity_name(&"S".repeat(128)).of_member(&key("a1"));
        assert!(EntityName::parse(longest.as_str()).is_ok(), "{longest}");
    }
}
