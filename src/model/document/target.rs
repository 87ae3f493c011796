//! The properties of an integration and its sources about the target.

use clap::ValueEnum;

use super::object::{Object, invalid};
use crate::model::{ApiCenterId, EntityName, Problem};

/// The environment of deployments.
pub(super) const ENVIRONMENT: &str = "targetEnvironmentId";
/// The lifecycle stage of new versions.
pub(super) const LIFECYCLE_STAGE: &str = "targetLifecycleStage";

/// A word of a fixed set, compared ignoring case as Azure does.
pub(super) fn word<T: ValueEnum>(properties: &Object<'_>, property: &str) -> Result<Option<T>, Problem> {
    let word = |text| {
        T::from_str(text, true).map_err(|_| {
            let words = T::value_variants().iter().filter_map(T::to_possible_value);
            let words: Vec<String> = words.map(|word| word.get_name().to_owned()).collect();
            invalid(
                &properties.at(property),
                &format!("must be one of {}", words.join(", ")),
            )
        })
    };
    properties.text(property)?.map(word).transpose()
}

/// The name in `/workspaces/default/environments/NAME`, optionally preceded by the id of this API center.
pub(super) fn environment_name(path: &str, id: &str, center: &ApiCenterId) -> Result<EntityName, Problem> {
    const COLLECTION: &str = "/workspaces/default/environments/";
    let refuse = || {
        invalid(
            path,
            "must be /workspaces/default/environments/NAME, in this API center",
        )
    };
    let short = match id.get(..center.as_str().len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(center.as_str()) => &id[prefix.len()..],
        Some(_) | None => id,
    };
    let collection = short.get(..COLLECTION.len()).ok_or_else(refuse)?;
    if !collection.eq_ignore_ascii_case(COLLECTION) {
        return Err(refuse());
    }
    EntityName::parse(&short[COLLECTION.len()..]).map_err(|error| invalid(path, &error.to_string()))
}
