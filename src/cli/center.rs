//! Determines the API center.

use super::arguments::Center;
use super::failure::Failure;
use crate::model::ApiCenterId;
use crate::settings::CommandLineSettings;

/// The given parts of an API center's id, each of which must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    subscription: Option<String>,
    resource_group: Option<String>,
    name: Option<String>,
}

impl Wanted {
    /// The parts in the arguments.
    pub fn of(center: &Center) -> Self {
        Self {
            subscription: center.subscription.clone(),
            resource_group: center.resource_group.clone(),
            name: center.service_name.clone(),
        }
    }

    /// Checks that an API center matches the given parts.
    ///
    /// # Errors
    /// If it is another one.
    pub fn check(&self, served: &ApiCenterId) -> Result<(), Failure> {
        let parts = [
            ("--subscription", &self.subscription, served.subscription()),
            ("--resource-group", &self.resource_group, served.resource_group()),
            ("--service-name", &self.name, served.name()),
        ];
        for (option, wanted, found) in parts {
            if let Some(wanted) = wanted.as_deref().filter(|wanted| !wanted.eq_ignore_ascii_case(found)) {
                return Err(Failure::new(format!(
                    "the function app serves another API center, {served}, whose {option} is not {wanted:?}; nothing \
                     was done"
                )));
            }
        }
        Ok(())
    }

    /// The id of the API center; the environment supplies what the arguments leave open.
    ///
    /// # Errors
    /// If a part is missing or invalid.
    pub fn resolve(&self, environment: &CommandLineSettings) -> Result<ApiCenterId, Failure> {
        let known = environment.resource_id.as_deref().map(ApiCenterId::parse).transpose();
        let known = known.map_err(|error| Failure::usage(format!("APICENTER_RESOURCE_ID: {error}")))?;
        if let Some(known) = known.as_ref().filter(|known| self.check(known).is_ok()) {
            return Ok(known.clone());
        }
        let either = |given: &Option<String>, known: Option<&str>, missing: &str| {
            let part = given.clone().or_else(|| known.map(str::to_owned));
            part.ok_or_else(|| Failure::usage(format!("which API center? {missing}")))
        };
        let id = either(&self.subscription, environment.subscription_id.as_deref(), SUBSCRIPTION)?;
        let group = either(
            &self.resource_group,
            known.as_ref().map(ApiCenterId::resource_group),
            GROUP,
        )?;
        let name = either(&self.name, known.as_ref().map(ApiCenterId::name), NAME)?;
        ApiCenterId::of(&id, &group, &name).map_err(|error| Failure::usage(error.to_string()))
    }
}

const SUBSCRIPTION: &str = "Give its subscription with --subscription, or in AZURE_SUBSCRIPTION_ID \
    (az account show --query id --output tsv shows it), or the whole id in APICENTER_RESOURCE_ID";
const GROUP: &str = "Give its resource group with --resource-group, or the whole id in APICENTER_RESOURCE_ID";
const NAME: &str = "Give its name with --service-name, or the whole id in APICENTER_RESOURCE_ID";

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(subscription: &str, group: &str, name: &str) -> Wanted {
        let part = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Wanted {
            subscription: part(subscription),
            resource_group: part(group),
            name: part(name),
        }
    }

    fn environment(subscription: &str, resource_id: &str) -> CommandLineSettings {
        CommandLineSettings::read(|name| match name {
            "AZURE_SUBSCRIPTION_ID" => Some(subscription.to_owned()),
            "APICENTER_RESOURCE_ID" => Some(resource_id.to_owned()),
            _ => None,
        })
    }

    #[test]
    fn options_come_before_the_environment() {
        let id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiCenter/services/n";
        let table = [
            (wanted("1", "g", "n"), environment("", ""), id),
            (wanted("", "g", "n"), environment("1", ""), id),
            (wanted("", "", ""), environment("2", id), id),
            (wanted("", "G", "N"), environment("2", id), id),
            (
                wanted("1", "g", "n"),
                environment("2", &id.replace("/g/", "/other/")),
                id,
            ),
        ];
        for (wanted, environment, id) in table {
            let found = wanted.resolve(&environment).unwrap();
            assert_eq!(found.as_str(), id, "{wanted:?}");
        }
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        let id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiCenter/services/n";
        let table = [
            (wanted("", "g", "n"), environment("", ""), "--subscription"),
            (wanted("", "g", "other"), environment("", id), "--subscription"),
            (wanted("1", "", "n"), environment("", ""), "--resource-group"),
            (wanted("1", "g", ""), environment("", ""), "--service-name"),
            (wanted("1", "g/h", "n"), environment("", ""), "not the id"),
            (wanted("", "", ""), environment("1", "center"), "APICENTER_RESOURCE_ID"),
        ];
        for (wanted, environment, word) in table {
            let failure = wanted.resolve(&environment).unwrap_err();
            assert!(failure.message.contains(word), "{failure}");
        }
    }

    #[test]
    fn another_api_center_than_was_named_is_refused() {
        let served = ApiCenterId::of("1", "group", "center").unwrap();
        for (subscription, group, name, is_right) in [
            ("", "", "", true),
            ("1", "GROUP", "Center", true),
            ("2", "group", "center", false),
            ("1", "other", "center", false),
            ("", "", "other", false),
        ] {
            assert_eq!(wanted(subscription, group, name).check(&served).is_ok(), is_right);
        }
    }
}
