//! The permissions of an identity on the API center, queried instead of tried.

use azure_core::http::Method;
use serde::Deserialize;

use super::api_center::Catalog;
use super::error::CatalogError;

/// The version of `Microsoft.Authorization` (Permissions - List For Resource).
const API_VERSION: &str = "2022-04-01";

/// The combined permissions of an identity's role assignments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions(Vec<Permission>);

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Permission {
    actions: Vec<String>,
    not_actions: Vec<String>,
}

impl Permissions {
    /// Those of these actions that are not allowed.
    #[must_use]
    pub fn lacks<'a>(&self, actions: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        actions.into_iter().filter(|action| !self.allow(action)).collect()
    }

    /// Another role may allow what one excludes.
    fn allow(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, action));
        self.0
            .iter()
            .any(|permission| any(&permission.actions) && !any(&permission.not_actions))
    }
}

/// Whether an action matches a pattern; `*` matches any text, and case does not count.
fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = action.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut is_open = false;
    for part in parts {
        is_open = true;
        match rest.find(part) {
            Some(at) if !part.is_empty() => rest = &rest[at + part.len()..],
            Some(_) => (),
            None => return false,
        }
    }
    // The last part is at the end, wherever it is found first.
    rest.is_empty() || (is_open && action.ends_with(pattern.rsplit('*').next().unwrap_or_default()))
}

impl Catalog {
    /// The permissions of the app's identity on the API center.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn permissions(&self) -> Result<Permissions, CatalogError> {
        let mut message = self.message(Method::Get, "providers/Microsoft.Authorization/permissions", None)?;
        message.url.set_query(Some(&format!("api-version={API_VERSION}")));
        let mut permissions = Vec::new();
        self.each(message, |item| {
            let permission = serde_json::from_value(item).map_err(|_| "it is not a list of permissions")?;
            permissions.push(permission);
            Ok(())
        })
        .await?;
        Ok(Permissions(permissions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_actions_without_case() {
        for (pattern, action, expected) in [
            ("*", "Microsoft.ApiCenter/services/read", true),
            ("*/read", "Microsoft.ApiCenter/services/read", true),
            ("*/read", "Microsoft.ApiCenter/services/write", false),
            (
                "Microsoft.ApiCenter/services/*",
                "microsoft.apicenter/services/workspaces/apis/write",
                true,
            ),
            (
                "Microsoft.ApiCenter/services/*/read",
                "Microsoft.ApiCenter/services/workspaces/apis/read",
                true,
            ),
            (
                "Microsoft.ApiCenter/services/*/read",
                "Microsoft.ApiCenter/services/workspaces/read/write",
                false,
            ),
            (
                "Microsoft.ApiCenter/services/read",
                "Microsoft.ApiCenter/services/read",
                true,
            ),
            (
                "Microsoft.ApiCenter/services/read",
                "Microsoft.ApiCenter/services/readmore",
                false,
            ),
            (
                "Microsoft.ApiCenter/services",
                "Microsoft.ApiCenter/services/read",
                false,
            ),
            ("a*b*b", "ab", false),
            ("a*b*b", "abb", true),
        ] {
            assert_eq!(fits(pattern, action), expected, "{pattern} {action}");
        }
    }

    #[test]
    fn what_one_role_excludes_another_may_allow() {
        let permission = |actions: &[&str], not_actions: &[&str]| Permission {
            actions: actions.iter().map(|&action| action.to_owned()).collect(),
            not_actions: not_actions.iter().map(|&action| action.to_owned()).collect(),
        };
        let contributor = permission(&["a/*"], &["a/secret/*"]);
        let one = Permissions(vec![contributor.clone()]);
        assert_eq!(
            one.lacks(["a/read", "a/secret/read", "b/read"]),
            ["a/secret/read", "b/read"]
        );
        let two = Permissions(vec![contributor, permission(&["*/read"], &[])]);
        assert_eq!(two.lacks(["a/read", "a/secret/read", "b/read", "b/write"]), ["b/write"]);
        assert_eq!(Permissions::default().lacks(["a/read"]), ["a/read"]);
    }
}
