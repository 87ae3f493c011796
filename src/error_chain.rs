//! Errors of third-party libraries, as one line.

use std::error::Error;

/// The error and its causes, outermost first; skips a cause that the text repeats.
///
/// Uses `Display`, never `Debug`, which has whole responses and backtraces.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::error_chain;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn causes_follow_their_effect_without_repetition() {
        let error = Layer("a: b", Some(Box::new(Layer("b", Some(Box::new(Layer("c", None)))))));
        assert_eq!(error_chain(&error), "a: b: c");
    }
}
