//! What a terminal obeys.

use crate::model::turns_text;

/// Whether a character, printed as it is, does something to a terminal or to the order of what is read there.
pub(super) fn commands_a_terminal(character: char) -> bool {
    turns_text(character)
        || matches!(character, '\u{2028}' | '\u{2029}')
        || (character.is_control() && character != '\n')
}
