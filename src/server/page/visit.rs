//! Who looks at a page, and how its links lead on.

use std::fmt;

use axum::http::Uri;
use maud::{Markup, html};
use url::form_urlencoded;

use crate::server::route::BasePath;
use crate::settings::Settings;

/// Portals by the resource manager's host; any other is the public cloud's.
const PORTALS: [(&str, &str); 2] = [
    ("usgovcloudapi.net", "https://portal.azure.us"),
    ("chinacloudapi.cn", "https://portal.azure.cn"),
];

/// A call of a page.
#[derive(Clone, Default)]
pub(in super::super) struct Visit {
    /// Where it found all integrations.
    pub base: BasePath,
    /// The function key, when the query gave it.
    code: Option<String>,
}

impl fmt::Debug for Visit {
    /// Without the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Visit").finish_non_exhaustive()
    }
}

impl Visit {
    /// Reads what a page was called with.
    pub fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        let code = form_urlencoded::parse(query.as_bytes()).find(|(name, value)| name == "code" && !value.is_empty());
        Self {
            base: BasePath::of(uri.path()),
            code: code.map(|(_, value)| value.into_owned()),
        }
    }

    /// A link to one of our own paths.
    pub fn link(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let code = self.code.iter().map(|code| ("code", code.as_str()));
        let parameters: Vec<(&str, &str)> = parameters.iter().copied().chain(code).collect();
        if parameters.is_empty() {
            return path.to_owned();
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        format!("{path}?{query}")
    }

    /// The key as a part of one of our own forms.
    pub fn hidden_field(&self) -> Markup {
        html! {
            @if let Some(code) = &self.code {
                input type="hidden" name="code" value=(code);
            }
        }
    }
}

/// The API center in the Azure portal.
pub(in super::super) fn portal_url(settings: &Settings) -> String {
    let manager = settings.resource_manager_url.as_str();
    let portal = PORTALS.iter().find(|(host, _)| manager.ends_with(host));
    let portal = portal.map_or("https://portal.azure.com", |(_, portal)| portal);
    format!("{portal}/#resource{}/overview", settings.resource_id)
}
