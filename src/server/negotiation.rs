//! Content negotiation: the only code that reads `Accept`.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// The form of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For programs.
    Json,
    /// For terminals.
    Text,
    /// For browsers.
    Page,
}

impl Form {
    /// The offered form that `Accept` names first; defaults to the first offered one.
    ///
    /// Ignores weights (`q`): browsers, curl and HTTP libraries name what they prefer first.
    pub fn wanted(headers: &HeaderMap, offered: &[Self]) -> Self {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges = values.flat_map(|value| value.split(','));
        let named = ranges.find_map(|range| offered.iter().find(|form| form.is_in(range)));
        named.or(offered.first()).copied().unwrap_or(Self::Json)
    }

    /// Whether this form matches a media range, such as `text/*; q=0.5`.
    fn is_in(self, range: &str) -> bool {
        let media_type = match self {
            Self::Json => "application/json",
            Self::Text => "text/plain",
            Self::Page => "text/html",
        };
        let range = range.split(';').next().unwrap_or_default().trim();
        let any_subtype = range.strip_suffix("/*");
        let kind = media_type.split('/').next().unwrap_or_default();
        range.eq_ignore_ascii_case(media_type)
            || any_subtype.is_some_and(|own| own == "*" || own.eq_ignore_ascii_case(kind))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::Form::{Json, Page, Text};
    use super::*;

    fn headers(accept: &[&'static str]) -> HeaderMap {
        let values = accept.iter().map(|text| (ACCEPT, HeaderValue::from_static(text)));
        values.collect()
    }

    #[test]
    fn the_form_that_is_named_first_is_given() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, wanted) in [
            (&[][..], Json),
            (&[""], Json),
            (&["*/*"], Json),
            (&[browser], Page),
            (&["text/html"], Page),
            (&["TEXT/HTML; charset=utf-8"], Page),
            (&["application/json, text/html;q=0.9"], Json),
            (&["text/html, application/json"], Page),
            (&["application/json, text/html"], Json),
            (&["text/*"], Page),
            (&["text/*;q=0.5, */*;q=0.1"], Page),
            (&["image/*", "text/html; q=0.9"], Page),
            (&["image/png"], Json),
            (&["no media type, text/html"], Page),
        ] {
            assert_eq!(Form::wanted(&headers(accept), &[Json, Page]), wanted, "{accept:?}");
        }
    }

    #[test]
    fn a_terminal_gets_text_where_there_is_text() {
        for (accept, wanted) in [
            ("text/plain", Text),
            ("text/plain, application/json", Text),
            ("application/json, text/plain", Json),
            ("*/*", Json),
            ("text/html", Json),
        ] {
            assert_eq!(Form::wanted(&headers(&[accept]), &[Json, Text]), wanted, "{accept}");
        }
    }
}
