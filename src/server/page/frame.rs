//! The frame of all pages, and their responses.

use std::sync::LazyLock;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::Visit;
use super::times::exact_time;
use crate::model::{Problem, rfc3339};

const STYLE: &str = include_str!("style.css");

/// Allows the style sheet and forms to ourselves only; images are allowed for the empty icon.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'"
    )
});

/// A page as a response.
pub(in super::super) fn page_response(page: Markup) -> Response {
    let mut response = ([(CONTENT_TYPE, "text/html; charset=utf-8")], page.into_string()).into_response();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The page of a problem.
pub(in super::super) fn problem_page(problem: &Problem, status: StatusCode, visit: &Visit) -> Response {
    let content = html! {
        p.what { (problem.message) }
        dl {
            dt { "Code" } dd { code { (problem.code) } }
            @if let Some(target) = &problem.target {
                dt { "About" } dd { code { (target) } }
            }
            dt { "Status" } dd { (status.as_str()) }
            @if let Some(seconds) = problem.retry_after_seconds() {
                dt { "Try again in" } dd { (seconds) " seconds" }
            }
        }
        p { a href=(visit.link(&visit.base.to_string(), &[])) { "All integrations" } }
    };
    page_response(frame("This cannot be done", visit, &content))
}

/// A page with this heading and content.
pub(super) fn frame(heading: &str, visit: &Visit, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { (heading) " · Amazon API Gateway in Azure API Center" }
                // Browsers ask for one elsewhere, without the key, when none is named.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header {
                    nav aria-label="Pages" {
                        span.brand { "API Gateway → API Center" }
                        a href=(visit.link(&visit.base.to_string(), &[])) { "All integrations" }
                        a href=(visit.link(&visit.base.one("openapi.json"), &[])) { "API description (OpenAPI)" }
                    }
                }
                main #content tabindex="-1" {
                    h1 { (heading) }
                    (content)
                }
                footer {
                    p { "As of " (exact_time(&rfc3339(visit.now))) ". Reload the page for newer news." }
                }
            }
        }
    }
}

/// A link to another site, without a referrer.
pub(super) fn outside(url: &str, text: &str) -> Markup {
    html! { a.outside href=(url) rel="noreferrer noopener" { (text) } }
}

/// A state as a word, with a matching colour.
pub(super) fn badge(word: &str) -> Markup {
    badge_of(word, word)
}

/// A badge with the colour of a state and another word.
pub(super) fn badge_of(class: &str, words: &str) -> Markup {
    html! { span class={ "badge " (class) } { (words) } }
}
