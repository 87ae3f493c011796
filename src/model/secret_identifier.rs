//! Identifiers of Key Vault secrets, and the allowed vaults.

use std::fmt;

use serde::{Serialize, Serializer};
use url::Url;

#[cfg(test)]
mod tests;

/// Suffixes of vault host names in Microsoft's public clouds.
const PUBLIC_VAULT_SUFFIXES: &[&str] = &[".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"];
/// Longest name of a vault, in characters (Azure resource name rules, `vaults`).
const VAULT_NAME_MAX: usize = 24;
/// Longest name of a host, in characters (RFC 1035).
const HOST_NAME_MAX: usize = 253;
/// Longest name of a secret, in characters (Key Vault, "Object identifiers").
const SECRET_NAME_MAX: usize = 127;

/// A text that is not the identifier of an allowed secret.
///
/// Errors do not repeat the text: it may well be the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecretIdentifier {
    /// It has another shape.
    #[error(
        "it is not a secret identifier: {0}; expected https://VAULT.vault.azure.net/secrets/NAME or …/NAME/VERSION, and not \
         the secret itself"
    )]
    Malformed(&'static str),
    /// Its vault is not allowed.
    #[error("the vault {0:?} is not one that KEY_VAULT_HOSTS allows")]
    VaultNotAllowed(String),
}

/// The allowed vaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultHosts {
    /// Any vault of the public clouds.
    PublicClouds,
    /// Only these, as [`vault_host`] writes them.
    Listed(Vec<String>),
}

impl VaultHosts {
    fn allow(&self, host: &str) -> bool {
        match self {
            Self::PublicClouds => is_public_vault(host),
            Self::Listed(hosts) => hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)),
        }
    }
}

/// The identifier of a secret in an allowed vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretIdentifier {
    text: String,
    host: String,
    name: String,
    version: Option<String>,
}

impl SecretIdentifier {
    /// Parses an identifier and checks its vault.
    ///
    /// # Errors
    /// If it is not `https://HOST/secrets/NAME` or `https://HOST/secrets/NAME/VERSION`, or its host is not allowed.
    pub fn parse(text: &str, hosts: &VaultHosts) -> Result<Self, InvalidSecretIdentifier> {
        let malformed = InvalidSecretIdentifier::Malformed;
        // Parse exactly what was given: a URL parser forgives backslashes, tabs and much else.
        let rest = text
            .strip_prefix("https://")
            .ok_or(malformed("it does not begin with https://"))?;
        let (host, path) = rest.split_once('/').ok_or(malformed("it has no path"))?;
        let host = vault_host(host).ok_or(malformed("its host is not a plain host name"))?;
        let (name, version) = name_and_version(path).ok_or(malformed("its path has another shape"))?;
        if !hosts.allow(&host) {
            return Err(InvalidSecretIdentifier::VaultNotAllowed(host));
        }
        let segment = version.map(|version| format!("/{version}"));
        Ok(Self {
            text: format!("https://{host}/secrets/{name}{}", segment.unwrap_or_default()),
            name: name.to_owned(),
            version: version.map(str::to_owned),
            host,
        })
    }

    /// The identifier in canonical form: the host in lower case, nothing after the name or version.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The base URL of the vault, without a trailing slash.
    #[must_use]
    pub fn vault_url(&self) -> String {
        format!("https://{}", self.host)
    }

    /// Whether the vault is in a public cloud, where its host name must end with the resource of its challenge.
    #[must_use]
    pub fn is_in_public_cloud(&self) -> bool {
        is_public_vault(&self.host)
    }

    /// The secret's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The secret's version; without one, the current version.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

impl fmt::Display for SecretIdentifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for SecretIdentifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// The canonical form of `HOST` or `HOST:PORT`: lower case, without the default port of `https`.
///
/// `None` if it is invalid or ambiguous to a URL parser: an address in an unusual form, a trailing dot, non-ASCII
/// letters.
#[must_use]
pub fn vault_host(text: &str) -> Option<String> {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_port = |port: &str| !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit());
    if name.len() > HOST_NAME_MAX
        || !name.split('.').all(is_label)
        || !port.is_none_or(|port| !port.is_empty() && is_port(port))
    {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let url = Url::parse(&format!("https://{}/", text.to_ascii_lowercase())).ok()?;
    if url.host_str() != Some(&name) {
        return None;
    }
    Some(url.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}")))
}

/// The parts of `secrets/NAME` or `secrets/NAME/VERSION`.
fn name_and_version(path: &str) -> Option<(&str, Option<&str>)> {
    let below = path.strip_suffix('/').unwrap_or(path).strip_prefix("secrets/")?;
    let (name, version) = match below.split_once('/') {
        Some((name, version)) => (name, Some(version)),
        None => (below, None),
    };
    let fit = |segment: &str| {
        (1..=SECRET_NAME_MAX).contains(&segment.len())
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (fit(name) && version.is_none_or(fit)).then_some((name, version))
}

/// Whether it is a valid host name of a vault in a public cloud.
fn is_public_vault(host: &str) -> bool {
    let is_name = |name: &str| {
        name.len() <= VAULT_NAME_MAX
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && !name.ends_with('-')
            && !name.contains("--")
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    PUBLIC_VAULT_SUFFIXES
        .iter()
        .any(|suffix| host.strip_suffix(suffix).is_some_and(is_name))
}
