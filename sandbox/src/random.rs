//! Random texts.

/// `length` letters and digits; new ones every time, so that a leaked one leads to nothing.
pub(crate) fn text(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&uuid::Uuid::new_v4().simple().to_string());
    }
    text.truncate(length);
    text
}
