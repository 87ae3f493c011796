//! Follows the pages of a list, within bounds.

use std::collections::HashSet;

use crate::model::quote_name;

/// Most bytes kept of a listing: ten thousand APIs, the most that fit an API center, with long descriptions.
const LISTING_MAX_BYTES: usize = 64 * 1024 * 1024;
/// The size of an API, or a page, besides its texts, in bytes.
const OVERHEAD_BYTES: usize = 512;

/// The pages of a list so far.
#[derive(Debug, Default)]
pub(in crate::aws) struct Pages {
    visited: HashSet<String>,
    bytes: usize,
}

impl Pages {
    /// The position of the next page; `None` after the last.
    ///
    /// # Errors
    /// If the pages do not end: they return to an earlier one, or exceed any real list.
    pub fn next(&mut self, position: Option<String>) -> Result<Option<String>, String> {
        let Some(next) = position.filter(|position| !position.is_empty()) else {
            return Ok(None);
        };
        self.weigh(next.len())?;
        if !self.visited.insert(next.clone()) {
            return Err(format!("its pages loop, back to position {:?}", quote_name(&next)));
        }
        Ok(Some(next))
    }

    /// Counts what is kept of a page.
    ///
    /// # Errors
    /// If it exceeds any real list.
    pub fn weigh(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes + OVERHEAD_BYTES;
        if self.bytes > LISTING_MAX_BYTES {
            return Err(format!("it exceeds {LISTING_MAX_BYTES} bytes"));
        }
        Ok(())
    }
}
