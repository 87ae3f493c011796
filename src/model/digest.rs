//! Digests: tell contents apart.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of some bytes, as lower-case hex.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Whether a name ends like one with this many digits of a digest: `-` and lower-case hex.
#[must_use]
pub fn ends_like_a_digest(name: &str, digits: usize) -> bool {
    name.rsplit_once('-').is_some_and(|(_, tail)| {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        tail.len() == digits && tail.bytes().all(is_hex)
    })
}

/// Bytes as lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
