//! The catalog for people: all APIs as a table, and the custom properties of one as in the developer portal.

use std::collections::BTreeMap;

use serde_json::Value;

/// The catalog, as [`ApiCenter::snapshot`](crate::api_center::ApiCenter::snapshot) gives it.
type Catalog = BTreeMap<String, Value>;

/// Most characters of a value; the rest is cut off.
const VALUE_MAX: usize = 80;

/// The names of the handler's definitions.
const DEFINITIONS: [&str; 2] = ["openapi", "asyncapi"];

/// All APIs, a row each.
#[must_use]
pub fn table(catalog: &Catalog) -> String {
    let mut rows = vec![["API", "KIND", "TITLE", "VERSIONS", "DEFINITIONS", "DEPLOYMENTS"].map(str::to_owned)];
    for (path, name, api) in apis(catalog) {
        let versions = below(catalog, &format!("{path}/versions/"));
        let definitions = versions
            .iter()
            .flat_map(|version| below(catalog, &format!("{path}/versions/{version}/definitions/")))
            .filter(|name| DEFINITIONS.contains(name))
            .count();
        rows.push([
            name.to_owned(),
            api["kind"].as_str().unwrap_or_default().to_owned(),
            api["title"].as_str().unwrap_or_default().to_owned(),
            versions.join(" "),
            definitions.to_string(),
            below(catalog, &format!("{path}/deployments/")).len().to_string(),
        ]);
    }
    aligned(&rows)
}

/// The gateways of a run's report, a row each.
#[must_use]
pub fn gateways(report: &Value) -> String {
    let mut rows = vec![["ACCOUNT", "REGION", "STATE", "APIS"].map(str::to_owned)];
    let gateways = report["gateways"].as_array().into_iter().flatten();
    rows.extend(gateways.map(|gateway| ["account", "region", "state", "apis"].map(|member| shown(&gateway[member]))));
    aligned(&rows)
}

/// The title of the first API that has custom properties, and these under the titles that the metadata schemas give them.
#[must_use]
pub fn first_synchronized(catalog: &Catalog) -> Option<String> {
    let (name, api, properties) = apis(catalog).find_map(|(_, name, api)| {
        let properties = api["customProperties"].as_object()?;
        (!properties.is_empty()).then_some((name, api, properties))
    })?;
    let mut rows = Vec::new();
    for (property, value) in properties {
        let schema = schema(catalog, property);
        let title = title(&schema, property);
        match value {
            Value::Object(members) => {
                rows.push([format!("  {title}"), String::new()]);
                rows.extend(members.iter().map(|(key, member)| {
                    let title = self::title(&schema["properties"][key], key);
                    [format!("    {title}"), shown(member)]
                }));
            }
            _ => rows.push([format!("  {title}"), shown(value)]),
        }
    }
    let heading = api["title"].as_str().unwrap_or(name);
    Some(format!("\"{heading}\" ({name}):\n\n{}", aligned(&rows)))
}

/// The path, the name and the properties of each API.
fn apis(catalog: &Catalog) -> impl Iterator<Item = (&str, &str, &Value)> {
    catalog.iter().filter_map(|(path, api)| {
        let name = path.strip_prefix("apis/").filter(|name| !name.contains('/'))?;
        Some((path.as_str(), name, &api["properties"]))
    })
}

/// The names right below a collection.
fn below<'a>(catalog: &'a Catalog, prefix: &str) -> Vec<&'a str> {
    let names = catalog.keys().filter_map(|path| path.strip_prefix(prefix));
    names.filter(|name| !name.contains('/')).collect()
}

/// The JSON schema of a custom property; nothing where there is none.
fn schema(catalog: &Catalog, property: &str) -> Value {
    let entity = catalog.get(&format!("metadataSchemas/{}", property.to_ascii_lowercase()));
    let text = entity.and_then(|entity| entity["properties"]["schema"].as_str());
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

fn title<'a>(schema: &'a Value, name: &'a str) -> &'a str {
    schema["title"].as_str().unwrap_or(name)
}

/// A value in one line: nothing for none, a text without its quotation marks, several with commas between them, all else as JSON.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            texts.join(", ")
        }
        _ => value.to_string(),
    };
    let text = text.replace('\n', " ");
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Lines of cells, each as wide as the widest of its column.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..COLUMNS).filter_map(width).collect();
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        let cells: Vec<String> = cells.collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn properties_stand_under_the_titles_of_their_schemas() {
        let schema = json!({ "type": "object", "title": "Amazon", "properties": {
            "stage": { "type": "string", "title": "Stage" },
            "tags": { "type": "string", "title": "Tags (JSON)" },
        } });
        let catalog = Catalog::from([
            (
                "apis/by-hand".to_owned(),
                json!({ "properties": { "title": "By hand", "customProperties": {} } }),
            ),
            (
                "apis/orders".to_owned(),
                json!({ "properties": { "title": "Orders", "customProperties": {
                    "amazon": { "stage": "prod", "tags": format!("{{\"a\":\"{}\"}}", "ü".repeat(90)), "other": true },
                    "teams": ["one", "two"],
                } } }),
            ),
            (
                "apis/orders/versions/v1".to_owned(),
                json!({ "properties": { "title": "v1" } }),
            ),
            (
                "apis/products".to_owned(),
                json!({ "properties": { "title": "Products", "customProperties": { "teams": [] } } }),
            ),
            (
                "metadataSchemas/amazon".to_owned(),
                json!({ "properties": { "schema": schema.to_string() } }),
            ),
        ]);

        let shown = first_synchronized(&catalog).unwrap();

        let tags = format!("{{\"a\":\"{}…", "ü".repeat(VALUE_MAX - 6));
        assert_eq!(
            shown,
            format!(
                "\"Orders\" (orders):\n\n  Amazon\n    Stage        prod\n    Tags (JSON)  {tags}\n    other        true\n  teams          one, two\n"
            )
        );
    }

    #[test]
    fn the_table_has_the_kind_of_each_api_and_counts_definitions_of_either_name() {
        let api = |kind: &str, title: &str| json!({ "properties": { "title": title, "kind": kind } });
        let catalog = Catalog::from([
            ("apis/chat".to_owned(), api("websocket", "Chat")),
            ("apis/chat/versions/live".to_owned(), json!({})),
            ("apis/chat/versions/live/definitions/asyncapi".to_owned(), json!({})),
            ("apis/chat/versions/live/definitions/by-hand".to_owned(), json!({})),
            ("apis/chat/deployments/live".to_owned(), json!({})),
            ("apis/orders".to_owned(), api("rest", "Orders")),
            ("apis/orders/versions/v1".to_owned(), json!({})),
            ("apis/orders/versions/v1/definitions/openapi".to_owned(), json!({})),
        ]);
        let expected = [
            "API     KIND       TITLE   VERSIONS  DEFINITIONS  DEPLOYMENTS",
            "chat    websocket  Chat    live      1            1",
            "orders  rest       Orders  v1        1            0",
        ];
        assert_eq!(table(&catalog).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_catalog_without_custom_properties_has_nothing_to_show() {
        let catalog = Catalog::from([(
            "apis/by-hand".to_owned(),
            json!({ "properties": { "title": "By hand" } }),
        )]);
        assert_eq!(first_synchronized(&catalog), None);
        assert_eq!(table(&catalog).lines().count(), 2);
    }
}
