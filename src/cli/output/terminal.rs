//! Characters that terminals obey.

use crate::model::turns_text;

/// Whether a character controls a terminal or the order of its text.
pub(super) fn commands_a_terminal(character: char) -> bool {
    turns_text(character)
        || matches!(character, '\u{2028}' | '\u{2029}')
        || (character.is_control() && character != '\n')
}
