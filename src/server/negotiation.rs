//! Which form of an answer its caller wants: the one place that reads `Accept`.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// A form that an answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For programs.
    Json,
    /// For terminals.
    Text,
    /// For browsers.
    Page,
}

/// A range of media types that is asked for.
#[derive(Debug)]
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: f32,
}

impl Form {
    /// The form among the offered ones that is wanted most; of equally wanted ones, the one that is named first, and the
    /// first that is offered. Who accepts none of them, or says nothing, gets the first.
    pub fn wanted(headers: &HeaderMap, offered: &[Self]) -> Self {
        let accept: Vec<&str> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let accept = accept.join(",");
        let ranges: Vec<Range<'_>> = accept.split(',').filter_map(Range::of).collect();
        let mut best = (0.0, 0, offered.first().copied().unwrap_or(Self::Json));
        for &form in offered {
            let Some((place, quality)) = form.found_in(&ranges) else {
                continue;
            };
            if quality > best.0 || (quality > 0.0 && quality >= best.0 && place < best.1) {
                best = (quality, place, form);
            }
        }
        best.2
    }

    fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Text => ("text", "plain"),
            Self::Page => ("text", "html"),
        }
    }

    /// The place and the quality of the range that says most exactly whether this form is wanted.
    fn found_in(self, ranges: &[Range<'_>]) -> Option<(usize, f32)> {
        let exactness = |range: &Range<'_>| range.exactness(self.media_type());
        let fitting = ranges
            .iter()
            .enumerate()
            .filter(|(_, range)| exactness(range).is_some());
        // Of equally exact ones the first.
        let best = fitting.rev().max_by_key(|(_, range)| exactness(range));
        best.map(|(place, range)| (place, range.quality))
    }
}

impl<'a> Range<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
        });
        let quality = quality.map_or(Some(1.0), |text| text.parse().ok());
        Some(Self {
            kind,
            subtype,
            quality: quality.filter(|quality| (0.0..=1.0).contains(quality)).unwrap_or(1.0),
        })
    }

    fn exactness(&self, (kind, subtype): (&str, &str)) -> Option<u8> {
        let kind_fits = self.kind.eq_ignore_ascii_case(kind);
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (_, "*") if kind_fits => Some(1),
            (_, own) if kind_fits && own.eq_ignore_ascii_case(subtype) => Some(2),
            (_, _) => None,
        }
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
    fn the_form_that_is_wanted_most_is_given() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, wanted) in [
            (&[][..], Json),
            (&[""], Json),
            (&["*/*"], Json),
            (&[browser], Page),
            (&["text/html"], Page),
            (&["TEXT/HTML; charset=utf-8"], Page),
            (&["application/json, text/html;q=0.9"], Json),
            (&["application/json;q=0.1, text/html;q=0.2"], Page),
            (&["text/html;q=0.2", "application/json;q=0.1"], Page),
            (&["text/html, application/json"], Page),
            (&["application/json, text/html"], Json),
            (&["text/*"], Page),
            (&["text/*;q=0.5, */*;q=0.1"], Page),
            (&["*/*;q=0.1, text/html;q=0"], Json),
            (&["application/json;q=0, text/html;q=0.001"], Page),
            (&["application/json;q=0, */*"], Page),
            (&["image/png"], Json),
            (&["text/html;q=0"], Json),
            (&["text/html;q=x, application/json;q=0.9"], Page),
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
            ("application/json;q=0.5, text/plain", Text),
            ("*/*", Json),
            ("text/html", Json),
        ] {
            assert_eq!(Form::wanted(&headers(&[accept]), &[Json, Text]), wanted, "{accept}");
        }
    }
}
