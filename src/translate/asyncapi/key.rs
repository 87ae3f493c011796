//! Keys of components, which allow fewer characters than names in AWS.

use crate::model::{digest, ends_like_a_digest};

/// Longest readable part of a key, in characters.
const STEM_MAX: usize = 64;
/// Hex digits of the name's SHA-256 that keep keys apart.
const DIGEST_DIGITS: usize = 16;

/// The key of a component: it matches `^[a-zA-Z0-9._-]+$` (AsyncAPI 3.0.0, Components Object), and different names have
/// different keys.
///
/// A valid name is its own key. Any other is made readable and gets its digest. A valid name that ends like such a key
/// counts as invalid, so the two never collide.
pub(super) fn component_key(name: &str) -> String {
    if is_fit(name) {
        return name.to_owned();
    }
    let readable = |character: char| if is_key_character(character) { character } else { '-' };
    let stem: String = name.chars().map(readable).take(STEM_MAX).collect();
    format!("{stem}-{}", &digest(name.as_bytes())[..DIGEST_DIGITS])
}

fn is_key_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._-".contains(character)
}

fn is_fit(name: &str) -> bool {
    // Every JavaScript object has a member of this name, which confuses some readers.
    let is_reserved = name == "__proto__";
    !name.is_empty() && !is_reserved && name.chars().all(is_key_character) && !ends_like_a_digest(name, DIGEST_DIGITS)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fit_name_is_its_own_key_and_any_other_is_made_readable() {
        for name in ["Order", "my.model", "a-b_c", "constructor"] {
            assert_eq!(component_key(name), name);
        }
        for (name, stem) in [
            ("a[b]/c d%", "a-b--c-d--"),
            ("", "-"),
            ("__proto__", "__proto__-"),
            ("é", "--"),
        ] {
            let key = component_key(name);
            assert!(key.starts_with(stem), "{key}");
            assert_eq!(key.len(), stem.len() + DIGEST_DIGITS);
        }
        let made = component_key("a b");
        assert_ne!(component_key(&made), made);
    }

    proptest! {
        #[test]
        fn keys_are_fit_and_different(names in prop::collection::hash_set(prop_oneof![any::<String>(), "[a/ ]{0,3}", "[ab]{0,2}-[0-9a-f]{16}"], 2..40)) {
            let keys: HashSet<_> = names.iter().map(|name| component_key(name)).collect();
            prop_assert_eq!(keys.len(), names.len());
            prop_assert!(keys.iter().all(|key| !key.is_empty() && key.chars().all(is_key_character)));
        }
    }
}
