//! The form that searches and filters.

use maud::{Markup, html};

use super::Visit;
use crate::engine::Word;

/// A parameter that is one of several words.
pub(super) struct Choice {
    /// The parameter's name.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// The words there are.
    pub words: Vec<String>,
    /// The one that is chosen.
    pub chosen: Option<String>,
}

impl Choice {
    /// The choice of a state.
    pub fn of_state<State: Word>(chosen: Option<State>) -> Self {
        Self {
            name: "state",
            label: "State",
            words: State::ALL.iter().map(|state| state.word().to_owned()).collect(),
            chosen: chosen.map(|state| state.word().to_owned()),
        }
    }
}

/// The form that leads to `action`.
pub(super) fn filter_form(action: &str, visit: &Visit, search: Option<&str>, choices: &[Choice]) -> Markup {
    let is_set = search.is_some() || choices.iter().any(|choice| choice.chosen.is_some());
    html! {
        form.filter method="get" action=(action) role="search" {
            (visit.hidden_field())
            div {
                label for="search" { "Search" }
                input #search type="search" name="search" value=(search.unwrap_or_default());
            }
            @for choice in choices { (select(choice)) }
            button type="submit" { "Show" }
            @if is_set { a href=(visit.link(action, &[])) { "Show all" } }
        }
    }
}

fn select(choice: &Choice) -> Markup {
    let Choice {
        name,
        label,
        words,
        chosen,
    } = choice;
    // What is chosen is shown, also where nothing has it.
    let unlisted = chosen.as_ref().filter(|chosen| !words.contains(chosen));
    html! {
        div {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                option value="" { "any" }
                @for word in unlisted.into_iter().chain(words) {
                    option value=(word) selected[chosen.as_ref() == Some(word)] { (word) }
                }
            }
        }
    }
}
