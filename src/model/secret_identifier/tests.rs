//! What is a secret identifier and what only looks like one.

use proptest::prelude::*;
use url::Url;

use super::{InvalidSecretIdentifier, SecretIdentifier, VaultHosts, vault_host};

/// What people and attackers put into URLs, to be mixed into good identifiers.
const SPICES: &[&str] = &[
    "@",
    ":",
    ":443",
    ":0",
    ":8443",
    ":65536",
    ".",
    "..",
    "/",
    "//",
    "\\",
    "?",
    "#",
    "%",
    "%2e",
    "%2F",
    "%00",
    "%40",
    "\t",
    "\n",
    "\r\n",
    " ",
    "\u{0}",
    "user:pass@",
    "evil.example",
    ".evil.example",
    "evil.example/",
    "evil.example#",
    "xn--",
    "xn--fiq228c",
    "--",
    "-",
    "[::1]",
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "。",
    "．",
    "ａ",
    "а",
    "ß",
    "İ",
    "K",
    "\u{ad}",
    "\u{200b}",
    "\u{202e}",
    "vault.azure.net",
    ".vault.azure.net",
    "secrets",
    "keys",
    "https://",
    "http://",
    ";",
    "&",
    "=",
    "*",
    "_",
    "~",
    "$",
    "!",
    "'",
    "\"",
];

fn parse(text: &str) -> Result<SecretIdentifier, InvalidSecretIdentifier> {
    SecretIdentifier::parse(text, &VaultHosts::PublicClouds)
}

#[test]
fn an_identifier_is_taken_with_and_without_a_version() {
    for (text, vault, name, version) in [
        (
            "https://kv.vault.azure.net/secrets/aws-access-key",
            "https://kv.vault.azure.net",
            "aws-access-key",
            None,
        ),
        (
            "https://KV.vault.azure.net/secrets/key/0123abc/",
            "https://kv.vault.azure.net",
            "key",
            Some("0123abc"),
        ),
        (
            "https://kv.vault.azure.net:443/secrets/key",
            "https://kv.vault.azure.net",
            "key",
            None,
        ),
        (
            "https://my-kv1.VAULT.azure.CN/secrets/Key/",
            "https://my-kv1.vault.azure.cn",
            "Key",
            None,
        ),
        (
            "https://kv.vault.usgovcloudapi.net/secrets/key",
            "https://kv.vault.usgovcloudapi.net",
            "key",
            None,
        ),
    ] {
        let secret = parse(text).unwrap();
        assert_eq!(
            (&*secret.vault_url(), secret.name(), secret.version()),
            (vault, name, version),
            "{text}"
        );
        let version = version.map(|version| format!("/{version}")).unwrap_or_default();
        assert_eq!(secret.as_str(), format!("{vault}/secrets/{name}{version}"));
        assert!(secret.is_in_public_cloud());
    }
}

#[test]
fn anything_else_is_malformed() {
    let long = format!("https://kv.vault.azure.net/secrets/{}", "k".repeat(128));
    let endless = format!("https://{}.vault.azure.net/secrets/key", "v.".repeat(500_000));
    for text in [
        "",
        "https://",
        "https:///secrets/key",
        "HTTPS://kv.vault.azure.net/secrets/key",
        "http://kv.vault.azure.net/secrets/key",
        " https://kv.vault.azure.net/secrets/key",
        "//kv.vault.azure.net/secrets/key",
        "https:kv.vault.azure.net/secrets/key",
        "https:\\\\kv.vault.azure.net/secrets/key",
        "https://user@kv.vault.azure.net/secrets/key",
        "https://user:pass@kv.vault.azure.net/secrets/key",
        "https://kv.vault.azure.net@evil.example/secrets/key",
        "https://evil.example#@kv.vault.azure.net/secrets/key",
        "https://kv.vault.azure.net\\secrets/key",
        "https://evil.example\\.vault.azure.net/secrets/key",
        "https://evil.example\\@kv.vault.azure.net/secrets/key",
        "https://kv.vault.azure.net:/secrets/key",
        "https://kv.vault.azure.net:0443/secrets/key",
        "https://kv.vault.azure.net:65536/secrets/key",
        "https://kv.vault.azure.net:4:43/secrets/key",
        "https://kv.vault.azure.net./secrets/key",
        "https://.vault.azure.net/secrets/key",
        "https://kv..vault.azure.net/secrets/key",
        "https://k\tv.vault.azure.net/secrets/key",
        "https://kv.vault.azure.net\n/secrets/key",
        "https://kv%2evault.azure.net/secrets/key",
        "https://kv.vault.azure.net%2f@evil.example/secrets/key",
        "https://kv。vault.azure.net/secrets/key",
        "https://ｋｖ.vault.azure.net/secrets/key",
        "https://kv.vаult.azure.net/secrets/key",
        "https://xn--.vault.azure.net/secrets/key",
        "https://[::1]/secrets/key",
        "https://[::ffff:127.0.0.1]/secrets/key",
        "https://2130706433/secrets/key",
        "https://0x7f000001/secrets/key",
        "https://127.1/secrets/key",
        "https://kv.vault.azure.net/keys/key",
        "https://kv.vault.azure.net/Secrets/key",
        "https://kv.vault.azure.net/secrets",
        "https://kv.vault.azure.net/secrets/",
        "https://kv.vault.azure.net/secrets//",
        "https://kv.vault.azure.net//secrets/key",
        "https://kv.vault.azure.net/secrets/key//",
        "https://kv.vault.azure.net/secrets/key/1/2",
        "https://kv.vault.azure.net/secrets/key?x=1",
        "https://kv.vault.azure.net/secrets/key#x",
        "https://kv.vault.azure.net/secrets/../key",
        "https://kv.vault.azure.net/secrets/key/..",
        "https://kv.vault.azure.net/secrets/.",
        "https://kv.vault.azure.net/secrets/k%65y",
        "https://kv.vault.azure.net/secrets/key\\1",
        "https://kv.vault.azure.net/secrets/key\u{0}",
        "https://kv.vault.azure.net/secrets/kéy",
        &long,
        &endless,
    ] {
        for hosts in [
            VaultHosts::PublicClouds,
            VaultHosts::Listed(vec!["kv.vault.azure.net".to_owned()]),
        ] {
            let parsed = SecretIdentifier::parse(text, &hosts);
            // A thousand labels are a name, if nobody's.
            let is_strangers = text == endless && matches!(parsed, Err(InvalidSecretIdentifier::VaultNotAllowed(_)));
            assert!(
                is_strangers || matches!(parsed, Err(InvalidSecretIdentifier::Malformed(_))),
                "{text}: {parsed:?}"
            );
        }
    }
}

#[test]
fn only_allowed_vaults_are_taken() {
    let listed = VaultHosts::Listed(vec!["127.0.0.1:8443".to_owned(), "kv.example".to_owned()]);
    let public = VaultHosts::PublicClouds;
    for (host, hosts, allowed) in [
        ("127.0.0.1:8443", &listed, true),
        ("127.0.0.1:8444", &listed, false),
        ("127.0.0.1", &listed, false),
        ("KV.example", &listed, true),
        ("kv.example:443", &listed, true),
        ("kv.example:8443", &listed, false),
        ("a.kv.example", &listed, false),
        ("kv.example.evil.example", &listed, false),
        ("kv.vault.azure.net", &listed, false),
        ("kv.vault.azure.net:8443", &public, false),
        ("a.kv.vault.azure.net", &public, false),
        ("vault.azure.net", &public, false),
        ("evilvault.azure.net", &public, false),
        ("kvvault.azure.net", &public, false),
        ("kv.vault.azure.net.evil.example", &public, false),
        ("kv.vault.azure.com", &public, false),
        ("kv.vault.azure.us", &public, false),
        ("kv.managedhsm.azure.net", &public, false),
        ("kv.vaultcore.azure.net", &public, false),
        ("-kv.vault.azure.net", &public, false),
        ("kv-.vault.azure.net", &public, false),
        ("1kv.vault.azure.net", &public, false),
        ("k--v.vault.azure.net", &public, false),
        ("xn--kv-fka.vault.azure.net", &public, false),
        ("a-vault-name-of-24-chars.vault.azure.net", &public, true),
        ("a-vault-name-of-25-letter.vault.azure.net", &public, false),
        ("evil.example", &public, false),
        ("127.0.0.1", &public, false),
        ("localhost", &public, false),
    ] {
        let text = format!("https://{host}/secrets/key");
        let parsed = SecretIdentifier::parse(&text, hosts);
        let as_it_should = match &parsed {
            Ok(_) => allowed,
            Err(InvalidSecretIdentifier::VaultNotAllowed(_)) => !allowed,
            Err(InvalidSecretIdentifier::Malformed(_)) => false,
        };
        assert!(as_it_should, "{text}: {parsed:?}");
    }
}

#[test]
fn a_host_without_end_is_none() {
    let long = |labels: usize| format!("https://{}.vault.azure.net/secrets/a", vec!["a"; labels].join("."));
    assert!(matches!(
        parse(&long(110)),
        Err(InvalidSecretIdentifier::VaultNotAllowed(_))
    ));
    assert!(matches!(
        parse(&long(1 << 16)),
        Err(InvalidSecretIdentifier::Malformed(_))
    ));
}

#[test]
fn a_secret_in_the_place_of_its_identifier_is_not_repeated() {
    for secret in [
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "https://user:wJalrXUtnFEMI@kv.vault.azure.net/secrets/key",
        "https://kv.vault.azure.net/secrets/key?sig=wJalrXUtnFEMI",
    ] {
        let error = parse(secret).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("wJalr"), "{error}");
    }
}

/// The same question asked of a URL parser: whether a client would ask a public vault, and nothing else.
fn would_be_asked_of_a_public_vault(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let labels: Vec<&str> = url.host_str().unwrap_or_default().split('.').collect();
    let in_public_cloud = matches!(
        labels[..],
        [_, "vault", "azure", "net" | "cn"] | [_, "vault", "usgovcloudapi", "net"]
    );
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    url.scheme() == "https" && url.port().is_none() && plain && in_public_cloud && url.path().starts_with("/secrets/")
}

/// A good identifier into which, at some places, something was mixed.
fn spiced() -> impl Strategy<Value = String> {
    let good = "https://[a-zA-Z][a-z0-9]{1,8}\\.vault\\.(azure\\.net|azure\\.cn|usgovcloudapi\\.net)/secrets/[a-z-]{1,9}(/[0-9a-f]{4})?";
    let spice = (0..SPICES.len(), any::<prop::sample::Index>());
    (good, prop::collection::vec(spice, 0..4)).prop_map(|(mut text, spices)| {
        for (spice, place) in spices {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            text.insert_str(places[place.index(places.len())], SPICES[spice]);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_is_taken_is_asked_of_a_public_vault_and_of_nobody_else(text in prop_oneof![spiced(), any::<String>(), "https://[!-~]{0,40}"]) {
        if let Ok(secret) = parse(&text) {
            prop_assert!(would_be_asked_of_a_public_vault(&text), "{text:?}");
            let rebuilt = format!("{}/secrets/{}", secret.vault_url(), secret.name());
            prop_assert!(would_be_asked_of_a_public_vault(&rebuilt), "{rebuilt}");
            let asked = Url::parse(&text).unwrap();
            let vault = Url::parse(&secret.vault_url()).unwrap();
            prop_assert_eq!(asked.origin(), vault.origin());
            prop_assert_eq!(asked.path().trim_end_matches('/'), ["/secrets/", secret.name(), &secret.version().map(|version| format!("/{version}")).unwrap_or_default()].concat());
        }
    }

    #[test]
    fn every_good_identifier_is_taken(text in "https://[a-zA-Z]([a-z0-9]|-[a-z0-9]){1,9}\\.vault\\.azure\\.net/secrets/[a-zA-Z0-9-]{1,127}(/[0-9a-f]{32})?") {
        prop_assert!(parse(&text).is_ok(), "{text}");
    }

    #[test]
    fn a_host_is_what_a_url_parser_makes_of_it(text in prop_oneof!["[a-zA-Z0-9.:-]{1,20}", any::<String>(), "[0-9a-fx.]{1,12}(:[0-9]{0,6})?"]) {
        if let Some(host) = vault_host(&text) {
            let url = Url::parse(&format!("https://{text}/")).unwrap();
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            prop_assert_eq!(format!("{}{port}", url.host_str().unwrap()), host.clone());
            prop_assert_eq!(vault_host(&host), Some(host));
        }
    }
}
