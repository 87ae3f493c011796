//! Where the pages of a list lead, within bounds.

use std::collections::HashSet;

use crate::model::quote_name;

/// Most that is kept of a listing, in bytes: what ten thousand APIs, the most that fit an API center, have with long
/// descriptions.
const LISTING_MAX_BYTES: usize = 64 * 1024 * 1024;
/// What an API, or a page, takes beside its texts, in bytes.
const OVERHEAD_BYTES: usize = 512;

/// Where the pages of a list have led so far.
#[derive(Debug, Default)]
pub(in crate::aws) struct Pages {
    visited: HashSet<String>,
    bytes: usize,
}

impl Pages {
    /// Where the next page is; `None` after the last.
    ///
    /// # Errors
    /// When there is no end to them: the page leads back to an earlier one, or there is more than anybody has.
    pub fn next(&mut self, position: Option<String>) -> Result<Option<String>, String> {
        let Some(next) = position.filter(|position| !position.is_empty()) else {
            return Ok(None);
        };
        self.weigh(next.len())?;
        if !self.visited.insert(next.clone()) {
            return Err(format!(
                "its pages loop, back to position {:?}",
                quote_name(&next)
            ));
        }
        Ok(Some(next))
    }

    /// Counts what is kept of a page.
    ///
    /// # Errors
    /// When it is more than anybody has.
    pub fn weigh(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes + OVERHEAD_BYTES;
        if self.bytes > LISTING_MAX_BYTES {
            return Err(format!("it exceeds {LISTING_MAX_BYTES} bytes"));
        }
        Ok(())
    }
}
