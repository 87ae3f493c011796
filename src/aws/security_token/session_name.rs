//! Names of sessions, as the role's account sees them in its log.

use crate::model::{IntegrationName, digest};

/// Longest name of a session, in characters (`AssumeRole`, API version 2011-06-15); the shortest has two.
const LENGTH_MAX: usize = 64;
/// The prefix of every name.
const PREFIX: &str = "apicenter-";
/// Hex digits that tell cut names apart.
const DIGEST_DIGITS: usize = 8;

/// The name of an integration's sessions: stable and unique.
pub(super) fn session_name(integration: &IntegrationName) -> String {
    let name = format!("{PREFIX}{integration}");
    if name.len() <= LENGTH_MAX {
        return name;
    }
    // The names of integrations are ASCII.
    let stem: String = name.chars().take(LENGTH_MAX - DIGEST_DIGITS - 1).collect();
    let digits: String = digest(name.as_bytes()).chars().take(DIGEST_DIGITS).collect();
    format!("{stem}-{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_and_apart_however_long_the_integrations_name_is() {
        let name = |integration: &str| session_name(&IntegrationName::parse(integration).unwrap());
        assert_eq!(name("shop"), "apicenter-shop");
        let (short, long, other) = ("x".repeat(54), "x".repeat(60), format!("{}y", "x".repeat(59)));
        assert_eq!(name(&short), format!("apicenter-{short}"), "it is whole");
        for integration in [&short, &long, &other] {
            let name = name(integration);
            let fits = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
            assert!(fits && name.len() == LENGTH_MAX, "{name}");
        }
        assert_eq!(name(&long), name(&long));
        assert_ne!(name(&long), name(&other));
    }
}
