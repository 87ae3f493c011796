//! A bounded cache of shared values.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

/// Values by key, created on first use and shared.
///
/// Beyond its capacity, drops the least recently used value that nobody holds: values in use are kept, whatever their
/// number.
#[derive(Debug)]
pub struct Kept<K, V> {
    capacity: usize,
    /// Most recently used last.
    entries: Mutex<VecDeque<(K, Arc<V>)>>,
}

impl<K: PartialEq, V> Kept<K, V> {
    /// Room for `capacity` unused values.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::default(),
        }
    }

    /// The value of a key, created if needed.
    pub fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        let Ok(value) = self.get_or_try_make(key, || Ok::<_, Infallible>(make()));
        value
    }

    /// Same, for a value whose creation may fail.
    ///
    /// # Errors
    /// If it cannot be created; then nothing is cached.
    pub fn get_or_try_make<E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.iter().position(|(other, _)| *other == key);
        let entry = match found.and_then(|index| entries.remove(index)) {
            Some(entry) => entry,
            None => (key, Arc::new(make()?)),
        };
        let value = Arc::clone(&entry.1);
        entries.push_back(entry);
        while entries.len() > self.capacity {
            let Some(index) = entries.iter().position(|(_, value)| Arc::strong_count(value) == 1) else {
                break;
            };
            entries.remove(index);
        }
        Ok(value)
    }

    /// The number of values.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(kept: &Kept<u32, u32>, key: u32, value: u32) -> Arc<u32> {
        kept.get_or_make(key, || value)
    }

    #[test]
    fn a_value_is_made_once_and_one_that_cannot_be_made_leaves_nothing() {
        let kept = Kept::new(2);
        assert_eq!(kept.get_or_try_make(1, || Err("no")), Err("no"));
        assert_eq!(kept.count(), 0);
        assert!(Arc::ptr_eq(&get(&kept, 1, 10), &get(&kept, 1, 11)));
    }

    #[test]
    fn what_was_not_asked_for_for_longest_goes_and_what_is_used_stays() {
        let kept = Kept::new(2);
        let used = get(&kept, 1, 10);
        for key in 2..100 {
            get(&kept, key, key);
            get(&kept, 2, 20);
        }
        assert_eq!(kept.count(), 2);
        assert_eq!(*get(&kept, 1, 11), 10);
        assert_eq!(*get(&kept, 2, 21), 20);
        let all: Vec<Arc<u32>> = (200..210).map(|key| get(&kept, key, key)).collect();
        assert_eq!(kept.count(), 1 + all.len());
        drop((used, all));
        get(&kept, 300, 300);
        assert_eq!(kept.count(), 2);
    }
}
