//! Integrations in a file, so that they can live in git.

use std::collections::BTreeSet;

use azure_core::http::Url;
use serde_json::{Value, json};

use super::failure::Failure;
use crate::model::document::{DocumentProperties, parse_document};
use crate::model::{ApiCenterId, ErrorCode, Integration, IntegrationName, Problem, VaultHosts, vault_host};

/// An integration in a file.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its name.
    pub name: IntegrationName,
    /// The body of its `PUT`.
    pub document: Value,
}

/// Reads a file of YAML documents, or of one JSON document.
///
/// # Errors
/// If it is neither, has no integration, or one without a name of its own.
pub fn read(text: &str) -> Result<Vec<Declaration>, Failure> {
    let text = text.trim_start_matches('\u{feff}');
    let documents = match serde_json::from_str(text) {
        Ok(document) => vec![document],
        Err(_) => serde_saphyr::from_multiple_with_options(text, yaml_1_2()).map_err(|error| {
            let error = error.to_string();
            let why = error.trim_start_matches("error: ");
            Failure::usage(format!("the file is neither YAML nor JSON: {why}"))
        })?,
    };
    let mut names = BTreeSet::new();
    let declarations = documents
        .into_iter()
        .zip(1..)
        .map(|(document, number): (Value, usize)| {
            let unusable = |why: String| Failure::usage(format!("document {number} of the file {why}"));
            let name = document.get("name").and_then(Value::as_str);
            let name =
                name.ok_or_else(|| unusable("has no name: an integration has a name and properties".to_owned()))?;
            let name =
                IntegrationName::parse(name).map_err(|error| unusable(format!("has an invalid name: {error}")))?;
            if !names.insert(name.clone()) {
                return Err(unusable(format!("repeats the integration {name}")));
            }
            Ok(Declaration { name, document })
        });
    let declarations = declarations.collect::<Result<Vec<_>, _>>()?;
    if declarations.is_empty() {
        return Err(Failure::usage("the file has no integration"));
    }
    Ok(declarations)
}

/// YAML 1.2, as editors read it: `no` and `on` are strings.
fn yaml_1_2() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true }
}

impl Declaration {
    /// The declaration of an existing integration, without read-only properties.
    ///
    /// # Errors
    /// If the integration cannot be put again as it is.
    pub fn of(integration: &Value) -> Result<Self, Problem> {
        let current = Current::of(integration)?;
        let settings = current.settings(integration)?;
        let mut properties = json!(DocumentProperties::from(&settings));
        // The default environment has the integration's name.
        if settings.environment == *current.name.entity_name()
            && let Some(properties) = properties.as_object_mut()
        {
            properties.remove("targetEnvironmentId");
        }
        Ok(Self {
            document: json!({ "name": current.name.as_str(), "properties": properties }),
            name: current.name,
        })
    }

    /// Whether an existing integration has these settings, and works.
    pub fn describes(&self, integration: &Value) -> bool {
        let Ok(current) = Current::of(integration) else {
            return false;
        };
        let settings = [&self.document, integration].map(|document| current.settings(document));
        matches!(settings, [Ok(declared), Ok(there)] if declared == there)
    }
}

/// An existing integration.
struct Current {
    name: IntegrationName,
    center: ApiCenterId,
}

impl Current {
    /// Parses an existing integration.
    ///
    /// # Errors
    /// If it is being deleted, cannot work, or is malformed.
    fn of(integration: &Value) -> Result<Self, Problem> {
        let text = |path: &str| integration.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let state = text("/properties/linkState/state");
        if !["initializing", "syncing"].contains(&state) {
            let message = format!("its state is {state:?}: {}", text("/properties/linkState/message"));
            return Err(Problem::new(ErrorCode::InvalidRequest, message));
        }
        let unknown = |why: String| Problem::new(ErrorCode::InvalidRequest, why);
        let center = text("/id").split("/workspaces/").next().unwrap_or_default();
        Ok(Self {
            name: IntegrationName::parse(text("/name")).map_err(|error| unknown(error.to_string()))?,
            center: ApiCenterId::parse(center).map_err(|error| unknown(error.to_string()))?,
        })
    }

    /// The settings in a document. Allows all its vaults: only the app knows which ones it may read.
    fn settings(&self, document: &Value) -> Result<Integration, Problem> {
        let parsed = parse_document(document, &self.name, &self.center, &vaults(document))?;
        Ok(parsed.integration)
    }
}

/// The vaults in a document.
fn vaults(document: &Value) -> VaultHosts {
    let properties = &document["properties"];
    let several = properties["amazonApiGatewaySources"].as_array();
    let sources = several
        .into_iter()
        .flatten()
        .chain([&properties["amazonApiGatewaySource"]]);
    let secrets = sources.flat_map(|source| [&source["accessKey"], &source["secretAccessKey"]]);
    let hosts = secrets.filter_map(|secret| {
        let url = Url::parse(secret.as_str()?).ok()?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        vault_host(&format!("{}{port}", url.host_str()?))
    });
    VaultHosts::Listed(hosts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENTER: &str = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiCenter/services/n";
    const KEY: &str = "https://vault.internal:8443/secrets/key";

    fn names(text: &str) -> Vec<String> {
        let declarations = read(text).unwrap();
        declarations
            .iter()
            .map(|declaration| declaration.name.to_string())
            .collect()
    }

    #[test]
    fn a_file_is_several_documents_of_yaml_or_one_of_json() {
        for (text, expected) in [
            ("name: shop\nproperties: {}\n", &["shop"][..]),
            (
                "# yaml-language-server: $schema=x.json\n---\nname: shop\n---\nname: yes-men\n---\n",
                &["shop", "yes-men"],
            ),
            (
                "\u{feff}{\n\t\"name\": \"shop\", \"properties\": { \"x\": \"\\ud83d\\ude00\" }\n}",
                &["shop"],
            ),
        ] {
            assert_eq!(names(text), expected, "{text:?}");
        }
    }

    #[test]
    fn texts_and_numbers_are_what_yaml_1_2_takes_them_for() {
        let text =
            "name: shop\nproperties: { a: no, b: 'true', c: true, d: on, e: '012', f: null, g: 1.5, h: 2026-11-28 }";
        let properties = &read(text).unwrap()[0].document["properties"];
        let expected = json!({
            "a": "no", "b": "true", "c": true, "d": "on", "e": "012", "f": null, "g": 1.5, "h": "2026-11-28",
        });
        assert_eq!(*properties, expected);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_refused_with_the_reason() {
        for (text, word) in [
            ("", "no integration"),
            ("---\n---\n", "no integration"),
            ("properties: {}", "document 1 of the file has no name"),
            ("name: shop\n---\nname: a", "document 2 of the file has an invalid name"),
            ("name: shop\n---\nname: Shop", "document 2 of the file repeats"),
            ("- name: shop", "document 1 of the file has no name"),
            ("name: shop\nname: shop", "neither YAML nor JSON"),
            ("name: [", "neither YAML nor JSON"),
        ] {
            let failure = read(text).unwrap_err();
            assert!(failure.message.contains(word), "{text:?}: {failure}");
        }
    }

    /// An existing integration, as in a response.
    fn integration(state: &str, properties: &Value) -> Value {
        let mut integration = json!({
            "id": format!("{CENTER}/workspaces/default/environments/shop"), "name": "shop", "type": "AmazonApiGateway",
            "properties": properties,
        });
        integration["properties"]["linkState"] = json!({ "state": state });
        integration["properties"]["history"] = json!([]);
        integration
    }

    fn declaration(properties: &Value) -> Declaration {
        let document = json!({ "name": "shop", "properties": properties });
        read(&document.to_string()).unwrap().remove(0)
    }

    #[test]
    fn what_is_exported_describes_what_there_is() {
        let source =
            json!({ "accessKey": KEY, "secretAccessKey": KEY, "account": "123456789012", "regionName": "us-east-1" });
        let one =
            json!({ "amazonApiGatewaySource": source, "targetEnvironmentId": "/workspaces/default/environments/shop" });
        let several = json!({
            "amazonApiGatewaySources": [
                { "name": "prod", "regionNames": ["us-east-1"], "roleArn": "arn:aws:iam::111122223333:role/hub", "accounts": ["000000000001"] },
                { "name": "dev", "regionNames": ["us-east-1"], "accessKey": KEY, "secretAccessKey": KEY, "account": "123456789012" },
            ],
            "targetEnvironmentId": "/workspaces/default/environments/aws",
            "include": [{ "tags": { "on": "no" } }],
            "map": [{ "set": { "api.summary": "${name}: 1.0" } }],
        });
        for properties in [one, several] {
            let there = integration("syncing", &properties);
            let exported = Declaration::of(&there).unwrap();
            let text = exported.document.to_string();
            for read_only in ["linkState", "history", "\"account\":", "environments/shop"] {
                assert!(!text.contains(read_only), "{text}");
            }
            assert!(exported.describes(&there), "{text}");
            let yaml = super::super::output::yaml(&exported.document);
            assert!(read(&yaml).unwrap()[0].describes(&there), "{yaml}");
        }
    }

    #[test]
    fn a_difference_is_one_of_settings_not_of_words() {
        let source = json!({ "accessKey": KEY, "secretAccessKey": KEY, "regionName": "us-east-1" });
        let there = integration(
            "syncing",
            &json!({ "amazonApiGatewaySource": source, "apiTypes": ["REST", "HTTP"] }),
        );
        for (changes, is_same) in [
            (
                json!({ "apiTypes": ["http", "rest"], "importSpecification": "Always" }),
                true,
            ),
            (json!({ "apiTypes": ["REST"] }), false),
            (json!({}), false),
            (json!({ "apiTypes": ["REST", "HTTP"], "unknown": 1 }), false),
        ] {
            let mut properties = changes;
            properties["amazonApiGatewaySource"] = source.clone();
            assert_eq!(declaration(&properties).describes(&there), is_same, "{properties}");
        }
        let same = declaration(&json!({ "amazonApiGatewaySource": source, "apiTypes": ["HTTP", "REST"] }));
        for (state, is_same) in [
            ("initializing", true),
            ("syncing", true),
            ("error", false),
            ("deleting", false),
        ] {
            let mut there = there.clone();
            there["properties"]["linkState"]["state"] = json!(state);
            assert_eq!(same.describes(&there), is_same, "{state}");
            assert_eq!(Declaration::of(&there).is_ok(), is_same, "{state}");
        }
    }
}
