//! Pages of a list.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Bound;

use sha2::{Digest, Sha256};

use super::call::Call;
use super::errors::AmazonError;

/// Most items on a page of version 1 (`GetRestApis`, `GetDeployments`, `GetDomainNames`).
const LIMIT_MAX: usize = 500;
/// Hex digits at the end of a position that bind it to its list.
const SEAL_DIGITS: usize = 16;

/// The items of the requested page, and the position of the next one.
pub(super) type Page<'a, T> = (Vec<&'a T>, Option<String>);

/// The page of a list of version 1: `limit` items after `position`.
pub(super) fn page<'a, T>(
    items: &'a BTreeMap<String, T>,
    list: &str,
    call: &Call<'_>,
) -> Result<Page<'a, T>, AmazonError> {
    let limit = match call.query("limit") {
        None => call.page_size_default,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| AmazonError::bad_request(format!("Invalid limit: must be between 1 and {LIMIT_MAX}")))?,
    };
    let limit = limit.min(call.page_size_max);
    cut(items, list, limit, call.query("position"))
        .ok_or_else(|| AmazonError::bad_request("Invalid position parameter specified"))
}

/// The page of a list of version 2: `maxResults` items after `nextToken`.
///
/// AWS documents no most: more than a page holds is taken for a full page.
pub(super) fn v2_page<'a, T>(
    items: &'a BTreeMap<String, T>,
    list: &str,
    call: &Call<'_>,
) -> Result<Page<'a, T>, AmazonError> {
    let limit = match call.query("maxResults") {
        None => call.page_size_default,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| AmazonError::bad_request("Invalid maxResults"))?,
    };
    v2_page_of(items, list, limit.min(call.page_size_max), call)
}

/// A page of version 2 of so many items, after `nextToken`.
pub(super) fn v2_page_of<'a, T>(
    items: &'a BTreeMap<String, T>,
    list: &str,
    limit: usize,
    call: &Call<'_>,
) -> Result<Page<'a, T>, AmazonError> {
    cut(items, list, limit, call.query("nextToken")).ok_or_else(|| AmazonError::bad_request("Invalid nextToken"))
}

/// The items after a position; `None` if the position belongs to another list.
fn cut<'a, T>(items: &'a BTreeMap<String, T>, list: &str, limit: usize, position: Option<&str>) -> Option<Page<'a, T>> {
    let after = match position {
        None => Bound::Unbounded,
        Some(position) => Bound::Excluded(open(position, list)?),
    };
    let mut rest = items.range::<String, _>((after, Bound::Unbounded));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let position = match (page.last(), rest.next()) {
        (Some((key, _)), Some(_)) => Some(seal(key, list)),
        (None, _) | (_, None) => None,
    };
    Some((page.into_iter().map(|(_, item)| item).collect(), position))
}

/// The opaque position after a key.
fn seal(key: &str, list: &str) -> String {
    let mut position = hex(key.as_bytes());
    position.push_str(&hex(&Sha256::digest(format!("{list}\n{key}")))[..SEAL_DIGITS]);
    position
}

fn open(position: &str, list: &str) -> Option<String> {
    let digits = position.get(..position.len().checked_sub(SEAL_DIGITS)?)?;
    let bytes: Option<Vec<u8>> = (0..digits.len())
        .step_by(2)
        .map(|start| u8::from_str_radix(digits.get(start..start + 2)?, 16).ok())
        .collect();
    let key = String::from_utf8(bytes?).ok()?;
    (seal(&key, list) == position).then_some(key)
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
