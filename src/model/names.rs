//! Names: of integrations, of APIs, and of the catalog entities made from them.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Format, digest, ends_like_a_digest, quote_name};

/// Longest name of a catalog entity, in characters (swagger of `Microsoft.ApiCenter` 2024-03-01).
const ENTITY_NAME_MAX: usize = 90;
/// Longest name of an integration, in characters: leaves room for `-` and an API's id in an entity name.
const INTEGRATION_NAME_MAX: usize = 60;
/// Shortest name of either, in characters.
const NAME_MIN: usize = 3;
/// Longest readable part of a stage name in its entity name, in characters.
const STAGE_STEM_MAX: usize = 64;
/// Hex digits of the stage name's SHA-256 that tell entity names apart.
const STAGE_DIGEST_DIGITS: usize = 16;
/// The end of the names of groups of WebSocket APIs, and no others.
const WEBSOCKET_END: &str = "-websocket";

/// A name that breaks the rule of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {name:?} must match {pattern}")]
pub struct InvalidName {
    kind: &'static str,
    /// As given, cut if very long.
    name: String,
    pattern: &'static str,
}

/// The name of a catalog entity: 3 to 90 characters of `[a-zA-Z0-9-]`, compared ignoring case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityName(Arc<str>);

impl EntityName {
    /// Parses a name.
    ///
    /// # Errors
    /// If it does not match `^[a-zA-Z0-9-]{3,90}$`.
    pub fn parse(name: &str) -> Result<Self, InvalidName> {
        if is_name(name, ENTITY_NAME_MAX) {
            Ok(Self(name.into()))
        } else {
            Err(InvalidName {
                kind: "the entity name",
                name: quote_name(name),
                pattern: "^[a-zA-Z0-9-]{3,90}$",
            })
        }
    }

    /// The name of an API in the catalog: `{integration}-{apiId}`.
    ///
    /// # Errors
    /// If both together are too long.
    pub fn of_api(integration: &IntegrationName, api: &ApiId) -> Result<Self, InvalidName> {
        Self::parse(&format!("{integration}-{api}"))
    }

    /// The name of a group in the catalog: `{integration}-{key}`, for WebSocket APIs `{integration}-{key}-websocket`.
    ///
    /// The key becomes a name as stages do. Its readable part is cut so that the whole fits, its digest never is.
    #[must_use]
    pub fn of_group(integration: &IntegrationName, key: &str, is_websocket: bool) -> Self {
        let end = if is_websocket { WEBSOCKET_END } else { "" };
        let room = ENTITY_NAME_MAX - integration.as_str().len() - 1 - end.len();
        let is_fit = is_fit_stage_name(key) && key.len() <= room && !key.ends_with(WEBSOCKET_END);
        let key = if is_fit { key.to_owned() } else { made_name(key, room) };
        Self(format!("{integration}-{key}{end}").into())
    }

    /// The name of our definitions in this format.
    #[must_use]
    pub fn definition(format: Format) -> Self {
        Self(format.name().into())
    }

    /// Whether it is the name of our definitions in any format.
    #[must_use]
    pub fn is_definition(&self) -> bool {
        Format::ALL.iter().any(|format| *self == Self::definition(*format))
    }

    /// The name of one of our versions or definitions with `-` and a short end.
    pub(super) fn with_end(&self, end: &str) -> Self {
        Self(format!("{self}-{end}").into())
    }

    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> Cow<'_, str> {
        if self.0.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(self.0.to_ascii_lowercase())
        } else {
            Cow::Borrowed(&self.0)
        }
    }
}

impl TryFrom<String> for EntityName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        Self::parse(&name)
    }
}

impl From<EntityName> for String {
    fn from(name: EntityName) -> Self {
        name.as_str().to_owned()
    }
}

impl PartialEq for EntityName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for EntityName {}

impl Hash for EntityName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl PartialOrd for EntityName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EntityName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded().cmp(&other.folded())
    }
}

impl fmt::Display for EntityName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of an integration: 3 to 60 characters of `[a-zA-Z0-9-]`, compared ignoring case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct IntegrationName(EntityName);

impl IntegrationName {
    /// The pattern of a name.
    pub const PATTERN: &'static str = "^[a-zA-Z0-9-]{3,60}$";

    /// Parses a name.
    ///
    /// # Errors
    /// If it does not match [`Self::PATTERN`].
    pub fn parse(name: &str) -> Result<Self, InvalidName> {
        if is_name(name, INTEGRATION_NAME_MAX) {
            Ok(Self(EntityName(name.into())))
        } else {
            Err(InvalidName {
                kind: "the integration name",
                name: quote_name(name),
                pattern: Self::PATTERN,
            })
        }
    }

    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name as that of a catalog entity.
    #[must_use]
    pub fn entity_name(&self) -> &EntityName {
        &self.0
    }
}

impl fmt::Display for IntegrationName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The id of an API in AWS: letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ApiId(Arc<str>);

impl ApiId {
    /// Longest accepted id, in characters: those of AWS have ten, and an entity name has room for this many.
    const MAX: usize = 25;

    /// Parses an id.
    ///
    /// # Errors
    /// If it does not match `^[a-zA-Z0-9]{1,25}$`.
    pub fn parse(id: &str) -> Result<Self, InvalidName> {
        let valid = (1..=Self::MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if valid {
            Ok(Self(id.into()))
        } else {
            Err(InvalidName {
                kind: "the API id",
                name: quote_name(id),
                pattern: "^[a-zA-Z0-9]{1,25}$",
            })
        }
    }

    /// The id as given by AWS.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The entity name of a stage's version and deployment: total, stable, and unique.
///
/// A valid name is used unchanged; any other is made readable and gets 16 hex digits of its SHA-256. A valid name that
/// ends like such a name counts as invalid, so the two never collide.
#[must_use]
pub fn stage_entity_name(stage_name: &str) -> EntityName {
    if is_fit_stage_name(stage_name) {
        return EntityName(stage_name.into());
    }
    EntityName(made_name(stage_name, ENTITY_NAME_MAX).into())
}

/// The readable part of a text and 16 hex digits of its SHA-256, in at most `room` characters.
fn made_name(text: &str, room: usize) -> String {
    let stem: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|character| if is_stage_character(character) { character } else { '-' })
        .skip_while(|&character| character == '-')
        .take(STAGE_STEM_MAX.min(room.saturating_sub(STAGE_DIGEST_DIGITS + 1)))
        .collect();
    let digest = digest(text.as_bytes());
    format!("{stem}-{}", &digest[..STAGE_DIGEST_DIGITS])
}

fn is_name(name: &str, max: usize) -> bool {
    (NAME_MIN..=max).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_stage_character(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
}

fn is_fit_stage_name(name: &str) -> bool {
    (NAME_MIN..=STAGE_STEM_MAX).contains(&name.len())
        && name.chars().all(is_stage_character)
        && !ends_like_a_digest(name, STAGE_DIGEST_DIGITS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fit_stage_name_is_its_own_entity_name() {
        for name in ["dev", "prod", "v-1", "2024-01"] {
            assert_eq!(stage_entity_name(name).as_str(), name);
        }
    }

    #[test]
    fn an_unfit_stage_name_is_made_readable_and_told_apart() {
        for (name, stem) in [
            ("v1", "v1-"),
            ("my_stage", "my-stage-"),
            ("Prod", "prod-"),
            ("$default", "default-"),
        ] {
            let entity = stage_entity_name(name);
            assert!(entity.as_str().starts_with(stem), "{entity}");
            assert_eq!(entity.as_str().len(), stem.len() + STAGE_DIGEST_DIGITS);
        }
        assert_ne!(stage_entity_name("Prod"), stage_entity_name("prod"));
    }

    #[test]
    fn a_name_that_looks_like_a_made_one_is_made_once_more() {
        let made = stage_entity_name("Prod");
        assert_ne!(stage_entity_name(made.as_str()), made);
    }

    #[test]
    fn a_wrong_name_without_end_is_not_repeated_to_its_end() {
        let text = IntegrationName::parse(&"/".repeat(1_000_000)).unwrap_err().to_string();
        assert!(text.len() < 200, "{text}");
        assert!(text.ends_with("must match ^[a-zA-Z0-9-]{3,60}$"), "{text}");
    }

    #[test]
    fn integration_names_are_compared_without_case() {
        assert_eq!(IntegrationName::parse("Shop").ok(), IntegrationName::parse("shop").ok());
        assert!(IntegrationName::parse("ab").is_err());
        assert!(IntegrationName::parse(&"a".repeat(61)).is_err());
        assert!(IntegrationName::parse("a/b").is_err());
    }

    fn shop() -> IntegrationName {
        IntegrationName::parse("shop").unwrap()
    }

    #[test]
    fn a_group_has_its_key_in_its_name_unless_that_would_be_another_groups() {
        for (key, is_websocket, name) in [
            ("orders", false, "shop-orders"),
            ("orders", true, "shop-orders-websocket"),
            ("orders-websocket", false, "shop-orders-websocket-e1beebe44837d983"),
            ("Orders", false, "shop-orders-"),
            ("v1", false, "shop-v1-"),
            ("Team Orders / EU", false, "shop-team-orders---eu-"),
        ] {
            let group = EntityName::of_group(&shop(), key, is_websocket);
            assert!(group.as_str().starts_with(name), "{group}");
            assert_eq!(
                group == EntityName::of_group(&shop(), "orders", true),
                is_websocket,
                "{group}"
            );
        }
    }

    #[test]
    fn a_long_integration_with_long_keys_has_legal_and_different_names() {
        let integration = IntegrationName::parse(&"i".repeat(60)).unwrap();
        let keys = [
            "a".repeat(200),
            format!("{}b", "a".repeat(199)),
            "a".repeat(49) + "x",
            "a".repeat(49) + "y",
        ];
        let mut names = std::collections::BTreeSet::new();
        for key in &keys {
            for is_websocket in [false, true] {
                let group = EntityName::of_group(&integration, key, is_websocket);
                assert!(EntityName::parse(group.as_str()).is_ok(), "{group}");
                assert_eq!(group.as_str().ends_with("-websocket"), is_websocket);
                names.insert(group);
            }
        }
        assert_eq!(names.len(), 2 * keys.len());
    }

    fn stage_names() -> impl Strategy<Value = String> {
        let plain = "[A-Za-z0-9_-]{1,128}";
        let short = "[aAbB_-]{1,4}";
        let hashed = "[a-c]{0,3}-[0-9a-f]{16}";
        prop_oneof![plain, short, hashed, any::<String>()]
    }

    fn group_keys() -> impl Strategy<Value = String> {
        let long = "[a-b]{60,70}";
        let websocket = "[a-c]{1,3}-websocket(-websocket)?";
        prop_oneof![stage_names(), long, websocket, any::<String>()]
    }

    proptest! {
        #[test]
        fn every_stage_name_has_a_valid_entity_name(name in stage_names()) {
            let entity = stage_entity_name(&name);
            prop_assert!(EntityName::parse(entity.as_str()).is_ok(), "{entity}");
        }

        #[test]
        fn different_stage_names_have_different_entity_names(names in prop::collection::hash_set(stage_names(), 2..40)) {
            let entities: std::collections::HashSet<_> = names.iter().map(|name| stage_entity_name(name)).collect();
            prop_assert_eq!(entities.len(), names.len());
        }

        #[test]
        fn every_key_has_a_group_of_its_own_whatever_the_integration(
            integration in "[a-zA-Z0-9-]{3,60}",
            keys in prop::collection::hash_set(group_keys(), 2..20),
        ) {
            let integration = IntegrationName::parse(&integration).unwrap();
            let mut names = std::collections::HashSet::new();
            for key in &keys {
                for is_websocket in [false, true] {
                    let group = EntityName::of_group(&integration, key, is_websocket);
                    prop_assert!(EntityName::parse(group.as_str()).is_ok(), "{group}");
                    prop_assert!(names.insert(group));
                }
            }
        }
    }
}
