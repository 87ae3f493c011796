//! The resource id of the API center.

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
    /// Parses an id; ignores case in the fixed words, as Azure does.
    ///
    /// # Errors
    /// If it is not the id of an API center.
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

    /// The id of the API center of this name in a subscription and resource group.
    ///
    /// # Errors
    /// If one of the three is not valid in an id.
    pub fn of(subscription: &str, resource_group: &str, name: &str) -> Result<Self, InvalidApiCenterId> {
        Self::parse(&format!(
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.ApiCenter/services/{name}"
        ))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its subscription.
    #[must_use]
    pub fn subscription(&self) -> &str {
        self.segment(2)
    }

    /// Its resource group.
    #[must_use]
    pub fn resource_group(&self) -> &str {
        self.segment(4)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.segment(8)
    }

    fn segment(&self, index: usize) -> &str {
        self.0.split('/').nth(index).unwrap_or_default()
    }
}

impl fmt::Display for ApiCenterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Resource group names may have letters, digits, `-_.()`; the others a subset.
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
    fn an_id_is_made_of_three_parts_and_has_them() {
        let id = ApiCenterId::of("1", "group", "center").unwrap();
        let parts = (id.subscription(), id.resource_group(), id.name());
        assert_eq!(parts, ("1", "group", "center"));
        for (subscription, group, name) in [("1/2", "g", "n"), ("", "g", "n"), ("1", "..", "n"), ("1", "g", "n?x")] {
            assert!(ApiCenterId::of(subscription, group, name).is_err());
        }
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
