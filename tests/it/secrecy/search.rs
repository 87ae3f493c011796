//! The search for secrets: in every usual encoding, broken over lines, and in parts.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Characters in a row that betray a secret: a shorter part could be anything.
const WINDOW: usize = 16;
/// Characters of a block: as many as fit into a number.
const BLOCK: usize = 8;
/// One block is kept of this many consecutive positions: any window then contains a whole one.
const STRIDE: usize = WINDOW - BLOCK + 1;
/// Slots of the filter, as a power of two: many more than the blocks of all the signatures of the longest test.
const FILTER_BITS: u32 = 22;

/// The searched secrets.
///
/// Tests search hundreds of megabytes without optimisation, so almost every character must cost only one lookup in the
/// filter.
#[derive(Debug)]
pub struct Searcher {
    /// Every encoding, and whose it is.
    encoded: Vec<(Vec<u8>, &'static str)>,
    /// The position of each block, by encoding.
    blocks: HashMap<u64, Vec<(usize, usize)>>,
    /// Whether any block has this slot.
    filter: Vec<bool>,
    /// Secrets shorter than a window.
    short: Vec<(String, &'static str)>,
}

impl Default for Searcher {
    fn default() -> Self {
        Self {
            encoded: Vec::new(),
            blocks: HashMap::new(),
            filter: vec![false; 1 << FILTER_BITS],
            short: Vec::new(),
        }
    }
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
            for (number, block) in encoded.array_windows().step_by(STRIDE).enumerate() {
                let block = u64::from_be_bytes(*block);
                self.filter[slot(block)] = true;
                let places = self.blocks.entry(block).or_default();
                places.push((self.encoded.len(), number * STRIDE));
            }
            self.encoded.push((encoded, what));
        }
    }

    /// The secret in a text, if any.
    pub fn find(&self, text: &str) -> Option<&'static str> {
        let text = plain(text);
        let mut block = 0;
        for (last, &byte) in text.iter().enumerate() {
            block = (block << 8) | u64::from(byte);
            if last + 1 >= BLOCK && self.filter[slot(block)] {
                let found = self.around(&text, last + 1 - BLOCK, block);
                if found.is_some() {
                    return found;
                }
            }
        }
        let text = String::from_utf8_lossy(&text);
        let short = self.short.iter().find(|(secret, _)| text.contains(secret));
        short.map(|(_, what)| *what)
    }

    /// The secret whose window surrounds the block at this position.
    fn around(&self, text: &[u8], begin: usize, block: u64) -> Option<&'static str> {
        let mut places = self.blocks.get(&block)?.iter();
        places.find_map(|&(number, offset)| {
            let (encoded, what) = &self.encoded[number];
            let before = alike(text[..begin].iter().rev(), encoded[..offset].iter().rev());
            let after = alike(text[begin..].iter(), encoded[offset..].iter());
            (before + after >= WINDOW).then_some(*what)
        })
    }
}

/// The block's place in the filter: the upper bits of a product depend on all bits.
fn slot(block: u64) -> usize {
    // The odd number next to the golden ratio's share of 2^64, as in Knuth's multiplicative hashing.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    usize::try_from(block.wrapping_mul(FACTOR) >> (u64::BITS - FILTER_BITS)).unwrap()
}

/// How many of the first characters are the same.
fn alike<'a>(left: impl Iterator<Item = &'a u8>, right: impl Iterator<Item = &'a u8>) -> usize {
    left.zip(right).take_while(|(left, right)| left == right).count()
}

/// A text without what may break it over lines or quote it, and without case.
fn plain(text: &str) -> Vec<u8> {
    let kept = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' | b'\\' | b'"' | b'\'');
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

#[test]
fn every_window_of_a_secret_is_found_wherever_it_stands_and_nothing_shorter() {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let mut searcher = Searcher::default();
    searcher.add("the key", secret);
    for before in 0..BLOCK {
        let text = |part: &str| format!("{}{part}~", "~".repeat(before));
        for window in secret.as_bytes().windows(WINDOW) {
            let window = str::from_utf8(window).unwrap();
            assert!(searcher.find(&text(window)).is_some(), "{window} after {before}");
            assert_eq!(searcher.find(&text(&window[1..])), None, "{window} after {before}");
        }
    }
}
