//! What must hold of secret identifiers and markers, wherever they come from.

use serde_json::Value;
use url::{Host, Url};

use crate::catalog::OwnedApi;
use crate::catalog::marker::{ApiMarker, StageMarker};
use crate::model::{
    API_SCHEMA, Entity, EntityName, FieldPath, Format, IntegrationName, InvalidSecretIdentifier, Properties,
    STAGE_SCHEMA, SecretIdentifier, SystemData, VaultHosts, vault_host,
};

/// Longest text of an error about something short, in UTF-16 units.
const ERROR_MAX: usize = 1000;

/// A text that people are shown is no longer than `limit` UTF-16 units, and nothing in it deceives them.
pub(crate) fn assert_tame(text: &str, limit: usize) {
    assert!(text.encode_utf16().count() <= limit, "too long: {text:?}");
    assert!(!text.contains(is_wild), "{text:?}");
}

/// The same of a text that may have several lines.
pub(crate) fn assert_tame_lines(text: &str, limit: usize) {
    assert!(text.encode_utf16().count() <= limit, "too long: {text:?}");
    assert!(
        !text.contains(|character| is_wild(character) && !['\n', '\t'].contains(&character)),
        "{text:?}"
    );
}

fn is_wild(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An identifier is taken by no more vaults than are allowed, and is read by a URL parser as it is by us.
pub(crate) fn secret_identifier(hosts: &str, text: &str) -> bool {
    let listed: Vec<String> = hosts.split(',').filter_map(vault_host).collect();
    for host in &listed {
        assert_eq!(vault_host(host).as_ref(), Some(host), "a host is written one way");
    }
    let is_listed = |host: &str| listed.iter().any(|listed| listed == host);
    let by_list = taken(text, &VaultHosts::Listed(listed.clone()), is_listed);
    let is_public = |host: &str| {
        let clouds = ["vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net"];
        host.split_once('.')
            .is_some_and(|(vault, cloud)| clouds.contains(&cloud) && (1..=24).contains(&vault.len()))
    };
    taken(text, &VaultHosts::PublicClouds, is_public) || by_list
}

fn taken(text: &str, hosts: &VaultHosts, is_allowed: impl Fn(&str) -> bool) -> bool {
    let identifier = match SecretIdentifier::parse(text, hosts) {
        Ok(identifier) => identifier,
        Err(InvalidSecretIdentifier::Malformed(_)) => return false,
        Err(error @ InvalidSecretIdentifier::VaultNotAllowed(_)) => {
            assert_tame(&error.to_string(), ERROR_MAX);
            return false;
        }
    };
    let Ok(url) = Url::parse(text) else {
        unreachable!("{text:?} is no URL");
    };
    let vault = identifier.vault_url();
    let host = vault.strip_prefix("https://").unwrap_or_default();
    assert!(is_allowed(host), "{host:?} is not allowed");
    assert_eq!(Some(url.origin()), Url::parse(&vault).ok().map(|vault| vault.origin()));
    assert!(matches!(url.host(), Some(Host::Domain(_) | Host::Ipv4(_))), "{text:?}");
    assert!(url.username().is_empty() && url.password().is_none(), "{text:?}");
    assert!(url.query().is_none() && url.fragment().is_none(), "{text:?}");
    let version = identifier.version().map(|version| format!("/{version}"));
    let path = format!("/secrets/{}{}", identifier.name(), version.unwrap_or_default());
    assert_eq!(url.path().strip_suffix('/').unwrap_or(url.path()), path);
    assert_eq!(identifier.as_str(), format!("{vault}{path}"));
    let again = SecretIdentifier::parse(identifier.as_str(), hosts);
    assert_eq!(again, Ok(identifier), "it is written in one way");
    true
}

/// What is read of a marker is read again once it is written, and no name is ours that is not made from the marker.
pub(crate) fn markers(properties: Properties) -> (Entity, bool) {
    let entity = Entity {
        name: name_of(&properties),
        properties,
        etag: None,
        system_data: SystemData::default(),
    };
    let of_api = ApiMarker::read(&entity);
    let of_stage = StageMarker::read(&entity);
    let is_marked = of_api.is_some() || of_stage.is_some();
    if let Some(marker) = of_api {
        let written = written(&entity, marker.fields());
        assert_eq!(ApiMarker::read(&written), Some(marker.clone()));
        if let Ok(integration) = IntegrationName::parse(&marker.integration) {
            let Some(api) = OwnedApi::claim(&integration, &entity) else {
                unreachable!("it has the integration's marker");
            };
            assert_eq!(api.folded().unfolded().marker, marker);
            assert_eq!(OwnedApi::reclaim(&integration, &entity, &[]), None, "it has a marker");
            let mut copy = entity.clone();
            copy.name = another(&entity.name);
            assert_eq!(OwnedApi::claim(&integration, &copy), None, "it is of another name");
        }
    }
    if let Some(marker) = of_stage {
        let written = written(&entity, marker.fields());
        assert_eq!(StageMarker::read(&written), Some(marker));
        let mut copy = entity.clone();
        copy.name = another(&entity.name);
        assert_eq!(StageMarker::read(&copy), None, "it is of another name");
        assert!(written.metadata(STAGE_SCHEMA).is_some());
    }
    (entity, is_marked)
}

/// The name that the records claim, or one that none claims.
fn name_of(properties: &Properties) -> EntityName {
    let claimed = |schema| {
        let record = FieldPath::new(&["customProperties", schema, "record"]);
        let record: Value = serde_json::from_str(record.get(properties)?.as_str()?).ok()?;
        EntityName::parse(record.get("name")?.as_str()?).ok()
    };
    let claimed = claimed(API_SCHEMA).or_else(|| claimed(STAGE_SCHEMA));
    claimed.unwrap_or_else(|| EntityName::definition(Format::OpenApi))
}

fn another(name: &EntityName) -> EntityName {
    let others = ["copy", "another"]
        .into_iter()
        .filter_map(|other| EntityName::parse(other).ok());
    let Some(other) = others.into_iter().find(|other| other != name) else {
        unreachable!("both names are constants");
    };
    other
}

fn written(entity: &Entity, fields: Vec<(FieldPath, Option<Value>)>) -> Entity {
    let mut entity = entity.clone();
    for (path, value) in fields {
        path.set(&mut entity.properties, value);
    }
    entity
}
