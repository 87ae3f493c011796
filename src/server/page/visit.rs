//! The call of a page, and the links that follow from it.

use std::fmt;

use axum::http::Uri;
use maud::{Markup, html};
use time::OffsetDateTime;
use url::form_urlencoded;

use crate::server::route::BasePath;
use crate::settings::Settings;

/// Portals by the resource manager's host; any other is the public cloud's.
const PORTALS: [(&str, &str); 2] = [
    ("usgovcloudapi.net", "https://portal.azure.us"),
    ("chinacloudapi.cn", "https://portal.azure.cn"),
];

/// A call of a page.
#[derive(Clone)]
pub(in super::super) struct Visit {
    /// The path of all integrations.
    pub base: BasePath,
    /// The time of the call.
    pub now: OffsetDateTime,
    /// The function key, if the query has it.
    code: Option<String>,
}

impl fmt::Debug for Visit {
    /// Without the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Visit").finish_non_exhaustive()
    }
}

impl Visit {
    /// The call with this URI.
    pub fn of(uri: &Uri, now: OffsetDateTime) -> Self {
        let query = uri.query().unwrap_or_default();
        let code = form_urlencoded::parse(query.as_bytes()).find(|(name, value)| name == "code" && !value.is_empty());
        Self {
            base: BasePath::of(uri.path()),
            now,
            code: code.map(|(_, value)| value.into_owned()),
        }
    }

    /// A link to one of our paths.
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

    /// The key as a field of one of our forms.
    pub fn hidden_field(&self) -> Markup {
        html! {
            @if let Some(code) = &self.code {
                input type="hidden" name="code" value=(code);
            }
        }
    }
}

/// The API center in the Azure portal.
#[derive(Debug, Clone)]
pub(in super::super) struct Portal(pub(super) String);

impl Portal {
    /// The portal of the settings' cloud.
    pub fn of(settings: &Settings) -> Self {
        let manager = settings.resource_manager_url.as_str();
        let portal = PORTALS.iter().find(|(host, _)| manager.ends_with(host));
        let portal = portal.map_or("https://portal.azure.com", |(_, portal)| portal);
        Self(format!("{portal}/#resource{}", settings.resource_id))
    }

    /// The page of the API center.
    pub fn center(&self) -> String {
        format!("{}/overview", self.0)
    }

    /// The page of an entity, by its path in the workspace.
    pub fn entity(&self, path: &str) -> String {
        format!("{}/workspaces/default/{path}", self.0)
    }
}
