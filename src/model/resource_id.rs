//! The id of the API center that is kept up to date.

use std::fmt;

/// A text that is not the resource id of an API center.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the id of an API center: expected \
     /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.ApiCenter/services/NAME"
)]
pub struct InvalidApiCenterId(String);

/// `/subscriptions/…/resourceGroups/…/providers/Microsoft.ApiCenter/services/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCenterId(String);

impl ApiCenterId {
    /// Parses an id; the fixed words are compared without case, as Azure does.
    ///
    /// # Errors
    /// When it is not the id of an API center.
    pub fn parse(id: &str) -> Result<Self, InvalidApiCenterId> {
        let invalid = || InvalidApiCenterId(id.to_owned());
        let rest = id.trim_end_matches('/').strip_prefix('/').ok_or_else(invalid)?;
        let segments: Vec<&str> = rest.split('/').collect();
        let [
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            provider,
            services,
            name,
        ] = segments[..]
        else {
            return Err(invalid());
        };
        let fixed = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (provider, "Microsoft.ApiCenter"),
            (services, "services"),
        ];
        let valid = fixed
            .iter()
            .all(|(found, expected)| found.eq_ignore_ascii_case(expected))
            && [subscription, group, name].iter().all(|segment| is_segment(segment));
        if !valid {
            return Err(invalid());
        }
        Ok(Self(format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ApiCenter/services/{name}"
        )))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiCenterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Resource group names may hold letters, digits, `-_.()`; the others a subset of them.
fn is_segment(segment: &str) -> bool {
    !segment.is_empty()
        && segment != "."
        && segment != ".."
        && segment
            .chars()
            .all(|character| character.is_alphanumeric() || "-_.()".contains(character))
}

#[cfg(test)]
mod tests {
    use super::ApiCenterId;

    #[test]
    fn an_id_is_parsed_without_regard_to_case() {
        let id = ApiCenterId::parse("/Subscriptions/1/resourcegroups/g/providers/microsoft.apicenter/services/n/");
        assert_eq!(
            id.as_ref().map(ApiCenterId::as_str),
            Ok("/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiCenter/services/n")
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for id in [
            "",
            "n",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiManagement/service/n",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiCenter/services/",
            "/subscriptions/1/resourceGroups/../providers/Microsoft.ApiCenter/services/n",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiCenter/services/n?x=1",
        ] {
            assert!(ApiCenterId::parse(id).is_err(), "{id}");
        }
    }
}
