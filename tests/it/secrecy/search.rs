//! The search for secrets: in every usual encoding, broken over lines, and in parts.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Characters in a row that betray a secret: a shorter part could be anything.
const WINDOW: usize = 16;

/// What is searched for.
#[derive(Debug, Default)]
pub struct Searcher {
    /// Every part of every encoding, and whose it is.
    parts: HashMap<[u8; WINDOW], &'static str>,
    /// What is no longer than a part.
    short: Vec<(String, &'static str)>,
}

impl Searcher {
    /// Searches for a secret from now on.
    pub fn add(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() > 8, "{secret:?} would be found anywhere");
        for encoded in encodings(secret) {
            let encoded = plain(&encoded);
            if encoded.len() < WINDOW {
                self.short.push((String::from_utf8(encoded).unwrap(), what));
                continue;
            }
            for part in encoded.array_windows() {
                self.parts.insert(*part, what);
            }
        }
    }

    /// What was found in a text, if anything.
    pub fn find(&self, text: &str) -> Option<&'static str> {
        let text = plain(text);
        let part = text.array_windows().find_map(|part| self.parts.get(part).copied());
        part.or_else(|| {
            let text = String::from_utf8_lossy(&text);
            let short = self.short.iter().find(|(secret, _)| text.contains(secret));
            short.map(|(_, what)| *what)
        })
    }
}

/// A text without what may break it over lines or quote it, and without case.
fn plain(text: &str) -> Vec<u8> {
    let kept = |byte: &u8| !byte.is_ascii_whitespace() && !b"\\\"'".contains(byte);
    text.bytes()
        .filter(kept)
        .map(|byte| byte.to_ascii_lowercase())
        .collect()
}

/// A text with each of its bytes written in some other way.
fn bytewise(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

/// A secret as it is, percent-encoded, in hexadecimal, and in Base64 wherever it begins in a longer text.
fn encodings(secret: &str) -> Vec<String> {
    let hex = bytewise(secret, |byte| format!("{byte:02x}"));
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let all_percent = bytewise(secret, |byte| format!("%{byte:02x}"));
    let reversed: String = secret.chars().rev().collect();
    let mut encodings = vec![secret.to_owned(), hex, percent, all_percent, reversed];
    for before in 0..3 {
        let shifted = ["~~~~".as_bytes().split_at(before).0, secret.as_bytes()].concat();
        for alphabet in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            let encoded = alphabet.encode(&shifted);
            // The first and last characters depend on the neighbours, too.
            let (begin, end) = ([0, 2, 3][before], encoded.len() - 1);
            encodings.push(encoded[begin..end].to_owned());
        }
    }
    encodings
}

#[test]
fn a_secret_is_found_in_whatever_form_it_is() {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let mut searcher = Searcher::default();
    searcher.add("the key", secret);
    searcher.add("a password", "Sh0rt/pass");
    let hex = bytewise(secret, |byte| format!("{byte:02X}"));
    let base64 = |text: String| BASE64_STANDARD_NO_PAD.encode(text);
    for text in [
        secret.to_owned(),
        format!("{{\"message\":\"key={secret};\"}}"),
        serde_json::json!({ "nested": serde_json::json!({ "key": secret }).to_string() }).to_string(),
        secret.replace('/', "\\/"),
        secret.replace('/', "%2F").replace('+', "%2B"),
        secret.replace('/', "%2f").replace('+', "%2b"),
        secret.to_uppercase(),
        hex,
        base64(secret.to_owned()),
        base64(format!("id:{secret}:more")),
        base64(format!("an id:{secret}")),
        base64(format!("that id:{secret}:more")),
        format!("{}\n{}", &secret[..20], &secret[20..]),
        format!("{}\\n    {}", &secret[..20], &secret[20..]),
        format!("{}…", &secret[..16]),
        format!("…{}", &secret[24..]),
        secret.chars().rev().collect(),
        "the password Sh0rt\\/pass".to_owned(),
    ] {
        assert!(searcher.find(&text).is_some(), "{text}");
    }
    for text in [
        "",
        "wJalrXUtnFEMI",
        "the keys of the kingdom, all of them",
        &"0".repeat(1000),
    ] {
        assert_eq!(searcher.find(text), None, "{text}");
    }
}
