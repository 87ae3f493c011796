//! What a run would change, entity by entity.

use maud::{Markup, html};
use serde_json::Value;

use super::frame::badge;
use crate::engine::PreviewChange;
use crate::model::{Action, EntityKind, FieldChange, one_line};

/// Most changes on a page: longer plans are for programs.
pub(super) const CHANGES_MAX: usize = 500;
/// Longest shown value, in UTF-16 units.
const VALUE_MAX: usize = 300;

/// The number of changes with this action.
pub(super) fn count(changes: &[PreviewChange], action: Action) -> usize {
    changes.iter().filter(|change| change.action == action).count()
}

/// The first changes, up to [`CHANGES_MAX`].
pub(super) fn changes(changes: &[PreviewChange]) -> Markup {
    let shown = changes.len().min(CHANGES_MAX);
    html! {
        @if !changes.is_empty() {
            div.scroll role="region" aria-label="Table of changes" tabindex="0" {
                table.cards {
                    caption { (shown) " of " (changes.len()) " changes" }
                    thead { tr {
                        th scope="col" { "Entity" }
                        th scope="col" { "Change" }
                        th scope="col" { "Why" }
                        th scope="col" { "Fields" }
                    } }
                    tbody { @for change in &changes[..shown] { (row(change)) } }
                }
            }
        }
    }
}

fn row(change: &PreviewChange) -> Markup {
    let action = match change.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    };
    let kind = match change.entity {
        EntityKind::Environment => "environment",
        EntityKind::Api => "API",
        EntityKind::Version => "version",
        EntityKind::Definition => "definition",
        EntityKind::Deployment => "deployment",
    };
    html! {
        tr {
            th.wide scope="row" { (kind) br; code.quiet { (change.name) } }
            td { (badge(action)) }
            td data-label="Why" { (change.reason) }
            td.wide {
                @if !change.fields.is_empty() {
                    details {
                        summary { (change.fields.len()) " field" @if change.fields.len() != 1 { "s" } }
                        ul { @for field in &change.fields { li { (self::field(field)) } } }
                    }
                }
            }
        }
    }
}

fn field(field: &FieldChange) -> Markup {
    let shown = |value: &Value| one_line(&value.to_string(), VALUE_MAX);
    html! {
        (field.path) ": "
        @if let Some(before) = &field.before { code { (shown(before)) } " → " }
        @if let Some(after) = &field.after { code { (shown(after)) } } @else { span.quiet { "none" } }
        @if let Some(rule) = &field.rule { " " span.quiet { "(" (rule) ")" } }
    }
}
