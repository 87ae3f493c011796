//! Identifiers of Key Vault secrets, and which vaults may be asked.

use std::fmt;

use serde::{Serialize, Serializer};
use url::Url;

/// Ends of vault host names in the clouds that Microsoft runs for everyone.
const PUBLIC_VAULT_SUFFIXES: &[&str] = &[".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"];
/// Longest name of a secret, in characters (Key Vault, "Object identifiers").
const SECRET_NAME_MAX: usize = 127;

/// A text that is not the identifier of a secret that may be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecretIdentifier {
    /// It has another shape.
    #[error("{0:?} is not a secret identifier: expected https://VAULT.vault.azure.net/secrets/NAME or …/NAME/VERSION")]
    Malformed(String),
    /// Its vault is not one that this app may ask.
    #[error("the vault {0:?} is not one that KEY_VAULT_HOSTS allows")]
    VaultNotAllowed(String),
}

/// The vaults whose secrets may be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultHosts {
    /// Any vault of the public clouds.
    PublicClouds,
    /// These only: lower-case host names, with `:port` where it is not 443.
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

/// The identifier of a secret in a vault that may be asked.
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
    /// When it is not `https://HOST/secrets/NAME` or `https://HOST/secrets/NAME/VERSION`, or its host is not allowed.
    pub fn parse(text: &str, hosts: &VaultHosts) -> Result<Self, InvalidSecretIdentifier> {
        let malformed = || InvalidSecretIdentifier::Malformed(text.to_owned());
        // What is parsed must be what was written: a URL parser forgives backslashes, tabs and upper case.
        let rest = text.strip_prefix("https://").ok_or_else(malformed)?;
        let (host, path) = rest.split_once('/').ok_or_else(malformed)?;
        let plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.:/".contains(&byte))
        };
        if !plain(host) || !plain(path) || host.is_empty() {
            return Err(malformed());
        }
        let host = host.to_ascii_lowercase();
        Url::parse(&format!("https://{host}/")).map_err(|_| malformed())?;
        let mut segments = path.trim_end_matches('/').split('/');
        let (Some("secrets"), Some(name), version, None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(malformed());
        };
        let fit = |segment: &str| {
            (1..=SECRET_NAME_MAX).contains(&segment.len())
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !fit(name) || !version.is_none_or(fit) {
            return Err(malformed());
        }
        if !hosts.allow(&host) {
            return Err(InvalidSecretIdentifier::VaultNotAllowed(host));
        }
        Ok(Self {
            text: text.to_owned(),
            name: name.to_owned(),
            version: version.map(str::to_owned),
            host,
        })
    }

    /// The identifier as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The base URL of the vault, without a trailing slash.
    #[must_use]
    pub fn vault_url(&self) -> String {
        format!("https://{}", self.host)
    }

    /// Whether the vault is one of a public cloud, whose challenge names a resource that its host name ends with.
    #[must_use]
    pub fn is_in_public_cloud(&self) -> bool {
        is_public_vault(&self.host)
    }

    /// The secret's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The secret's version; without one, the current version is meant.
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

fn is_public_vault(host: &str) -> bool {
    PUBLIC_VAULT_SUFFIXES.iter().any(|suffix| {
        host.strip_suffix(suffix).is_some_and(|vault| {
            !vault.is_empty() && vault.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{InvalidSecretIdentifier, SecretIdentifier, VaultHosts};

    #[test]
    fn an_identifier_is_taken_with_and_without_a_version() {
        let current = SecretIdentifier::parse(
            "https://kv.vault.azure.net/secrets/aws-access-key",
            &VaultHosts::PublicClouds,
        );
        let pinned = SecretIdentifier::parse(
            "https://KV.vault.azure.net/secrets/key/0123abc/",
            &VaultHosts::PublicClouds,
        );
        assert_eq!(
            current.map(|secret| (secret.name().to_owned(), secret.version().map(str::to_owned))),
            Ok(("aws-access-key".to_owned(), None))
        );
        assert_eq!(
            pinned.map(|secret| (secret.vault_url(), secret.version().map(str::to_owned))),
            Ok(("https://kv.vault.azure.net".to_owned(), Some("0123abc".to_owned())))
        );
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in [
            "",
            "http://kv.vault.azure.net/secrets/key",
            "https://user@kv.vault.azure.net/secrets/key",
            "https://kv.vault.azure.net\\secrets/key",
            "https://kv.vault.azure.net/keys/key",
            "https://kv.vault.azure.net/secrets/",
            "https://kv.vault.azure.net/secrets/key/1/2",
            "https://kv.vault.azure.net/secrets/key?x=1",
            "https://kv.vault.azure.net/secrets/key#x",
            "https://kv.vault.azure.net/secrets/../key",
            "https://kv.vault.azure.net/secrets/k%65y",
            "https://kv。vault.azure.net/secrets/key",
        ] {
            let parsed = SecretIdentifier::parse(text, &VaultHosts::PublicClouds);
            assert!(
                matches!(parsed, Err(InvalidSecretIdentifier::Malformed(_))),
                "{text}: {parsed:?}"
            );
        }
    }

    #[test]
    fn only_allowed_vaults_are_taken() {
        let listed = VaultHosts::Listed(vec!["127.0.0.1:8443".to_owned()]);
        for (text, hosts, allowed) in [
            ("https://127.0.0.1:8443/secrets/key", &listed, true),
            ("https://127.0.0.1:8444/secrets/key", &listed, false),
            ("https://kv.vault.azure.net/secrets/key", &listed, false),
            (
                "https://kv.vault.azure.net:8443/secrets/key",
                &VaultHosts::PublicClouds,
                false,
            ),
            (
                "https://a.kv.vault.azure.net/secrets/key",
                &VaultHosts::PublicClouds,
                false,
            ),
            ("https://evil.example/secrets/key", &VaultHosts::PublicClouds, false),
            (
                "https://kv.vault.azure.net.evil.example/secrets/key",
                &VaultHosts::PublicClouds,
                false,
            ),
        ] {
            let parsed = SecretIdentifier::parse(text, hosts);
            assert_eq!(parsed.is_ok(), allowed, "{text}");
        }
    }
}
