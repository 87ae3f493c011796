//! Route templates, as far as function apps use them.

/// Why a route template cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// A part that the stand-in does not understand.
    #[error("`{0}` is neither a literal, `{{name}}`, `{{name?}}` nor `{{*name}}`")]
    Part(String),
    /// Something follows an optional part or a catch-all.
    #[error("`{0}` follows a part that may be absent")]
    AfterOptional(String),
}

/// A route template such as `integrations/{name?}/{operation?}`.
#[derive(Debug, Clone)]
pub struct Route(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    Required(String),
    Optional(String),
    Rest(String),
}

/// The values of a route's parameters in the template's order; `None` for those that are absent.
pub type Parameters = Vec<(String, Option<String>)>;

impl Route {
    /// Parses a template.
    ///
    /// # Errors
    /// If a part has a constraint or is malformed, or something follows a part that may be absent.
    pub fn parse(template: &str) -> Result<Self, RouteError> {
        let mut parts: Vec<Part> = Vec::new();
        for text in template.split('/').filter(|text| !text.is_empty()) {
            let part = Part::parse(text)?;
            let may_be_absent = matches!(parts.last(), Some(Part::Optional(_) | Part::Rest(_)));
            if may_be_absent && !matches!(part, Part::Optional(_)) {
                return Err(RouteError::AfterOptional(text.to_owned()));
            }
            parts.push(part);
        }
        Ok(Self(parts))
    }

    /// The parameters if `segments`, the decoded parts of a path below the prefix, fit.
    #[must_use]
    pub fn matches(&self, segments: &[String]) -> Option<Parameters> {
        let mut parameters = Parameters::new();
        let mut rest = segments.iter();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => {
                    rest.next().filter(|segment| same(literal, segment))?;
                }
                Part::Required(name) => parameters.push((name.clone(), Some(rest.next()?.clone()))),
                Part::Optional(name) => parameters.push((name.clone(), rest.next().cloned())),
                Part::Rest(name) => {
                    let all = rest.by_ref().map(String::as_str).collect::<Vec<_>>().join("/");
                    parameters.push((name.clone(), Some(all).filter(|all| !all.is_empty())));
                }
            }
        }
        rest.next().is_none().then_some(parameters)
    }
}

impl Part {
    fn parse(text: &str) -> Result<Self, RouteError> {
        let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
            return if text.contains(['{', '}']) {
                Err(RouteError::Part(text.to_owned()))
            } else {
                Ok(Self::Literal(text.to_owned()))
            };
        };
        let (name, part): (&str, fn(String) -> Self) = if let Some(name) = inner.strip_prefix('*') {
            (name, Self::Rest)
        } else if let Some(name) = inner.strip_suffix('?') {
            (name, Self::Optional)
        } else {
            (inner, Self::Required)
        };
        if name.is_empty()
            || !name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        {
            return Err(RouteError::Part(text.to_owned()));
        }
        Ok(part(name.to_owned()))
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// The decoded parts of a path below `prefix`; `None` if it is not below it or has an empty part in its middle.
///
/// An encoded slash stays encoded, as the host leaves it.
#[must_use]
pub fn segments_below(prefix: &str, path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments = Vec::new();
    for segment in path.split('/') {
        if segment.is_empty() && path.contains('/') {
            return None;
        }
        segments.push(decode_but_slashes(segment));
    }
    for expected in prefix.split('/').filter(|part| !part.is_empty()) {
        if segments.is_empty() || !same(expected, &segments.remove(0)) {
            return None;
        }
    }
    Some(segments)
}

/// Decodes percent-encoding, except that of slashes.
#[must_use]
pub fn decode_but_slashes(text: &str) -> String {
    let pieces = text
        .split_inclusive("%2F")
        .flat_map(|piece| piece.split_inclusive("%2f"));
    let mut decoded = String::new();
    for piece in pieces {
        let is_cut_short = piece.ends_with("%2F") || piece.ends_with("%2f");
        let (plain, slash) = piece.split_at(piece.len() - if is_cut_short { 3 } else { 0 });
        decoded.push_str(&percent_encoding::percent_decode_str(plain).decode_utf8_lossy());
        decoded.push_str(slash);
    }
    decoded
}

/// A path without `.` and `..`, as the host's web server hands it on.
#[must_use]
pub fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        match part {
            "." | ".." => {
                if part == ".." && kept.len() > 1 {
                    kept.pop();
                }
                if parts.peek().is_none() {
                    kept.push("");
                }
            }
            part => kept.push(part),
        }
    }
    kept.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(path: &str) -> Option<Parameters> {
        let route = Route::parse("integrations/{name?}/{operation?}").unwrap();
        route.matches(&segments_below("api", path)?)
    }

    fn named(name: Option<&str>, operation: Option<&str>) -> Parameters {
        vec![
            ("name".to_owned(), name.map(str::to_owned)),
            ("operation".to_owned(), operation.map(str::to_owned)),
        ]
    }

    #[test]
    fn optional_parts_may_be_absent() {
        assert_eq!(parameters("/api/integrations"), Some(named(None, None)));
        assert_eq!(parameters("/api/integrations/a"), Some(named(Some("a"), None)));
        assert_eq!(
            parameters("/api/integrations/a/sync"),
            Some(named(Some("a"), Some("sync")))
        );
    }

    #[test]
    fn case_and_a_trailing_slash_do_not_matter() {
        assert_eq!(parameters("/API/Integrations/a/"), Some(named(Some("a"), None)));
    }

    #[test]
    fn a_third_part_a_double_slash_and_another_prefix_do_not_match() {
        for path in [
            "/api/integrations/a/b/c",
            "/api/integrations//a",
            "/integrations",
            "/",
            "/api",
        ] {
            assert_eq!(parameters(path), None, "{path}");
        }
    }

    #[test]
    fn an_encoded_slash_is_part_of_a_name() {
        assert_eq!(
            parameters("/api/integrations/a%2Fb%20c/op"),
            Some(named(Some("a%2Fb c"), Some("op")))
        );
    }

    #[test]
    fn a_catch_all_takes_the_rest() {
        let route = Route::parse("integrations/{*path}").unwrap();
        let rest = route.matches(&segments_below("api", "/api/integrations/a/b").unwrap());
        assert_eq!(rest, Some(vec![("path".to_owned(), Some("a/b".to_owned()))]));
    }

    #[test]
    fn constraints_are_refused_rather_than_ignored() {
        assert_eq!(
            Route::parse("a/{b:int}").err(),
            Some(RouteError::Part("{b:int}".to_owned()))
        );
    }

    #[test]
    fn dots_are_resolved() {
        assert_eq!(
            without_dots("/api/x/../integrations/./foo/b.c"),
            "/api/integrations/foo/b.c"
        );
    }
}
