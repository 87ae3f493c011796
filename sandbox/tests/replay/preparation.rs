//! What is in place before a scenario starts.

use std::collections::HashSet;

use sandbox::api_center::ApiCenter;
use serde_json::{Map, Value, json};

use super::exchange::Exchange;

/// Puts in place what a scenario takes for granted: its recording starts after its preparations.
pub struct Preparation<'a> {
    pub api_center: &'a ApiCenter,
    /// What the scenario has made, or what is in place already.
    pub there: HashSet<String>,
}

impl Preparation<'_> {
    pub fn prepare(&mut self, exchanges: &[&Exchange]) {
        self.there.insert("apis/swagger-petstore".to_owned());
        for exchange in exchanges {
            self.declare_metadata(exchange);
        }
        for (index, exchange) in exchanges.iter().enumerate() {
            self.prepare_exchange(exchange, &exchanges[index + 1..]);
        }
    }

    fn prepare_exchange(&mut self, exchange: &Exchange, later: &[&Exchange]) {
        let path = exchange.short_path();
        let segments: Vec<&str> = path.split('/').collect();
        let is_list = segments.len() % 2 == 1;
        let action = ["importSpecification", "exportSpecification", "operationResults"]
            .into_iter()
            .find(|action| segments.contains(action));
        if exchange.request.method == "PUT" {
            self.ensure_parents(&path);
            if let Some(sent) = exchange
                .request
                .body
                .as_ref()
                .and_then(|body| body["properties"].as_object())
            {
                self.ensure_references(sent);
            }
            let updated = exchange
                .response
                .body
                .as_ref()
                .is_some_and(|body| body["systemData"].get("createdAt").is_none());
            if updated {
                self.ensure(&path, None);
            }
            self.there.insert(path);
        } else if let Some(action) = action {
            let definition = path
                .split(&format!("/{action}"))
                .next()
                .expect("a definition")
                .to_owned();
            self.ensure(&definition, None);
            self.prepare_content(exchange, action, &definition, later);
        } else if is_list || exchange.request.method == "GET" && exchange.response.status == 200 {
            self.ensure_parents(&path);
            for (path, properties) in exchange.properties_seen() {
                self.ensure(&path, Some(properties));
            }
        } else if exchange.request.method == "DELETE" {
            self.ensure(&path, None);
        }
    }

    fn prepare_content(&mut self, exchange: &Exchange, action: &str, definition: &str, later: &[&Exchange]) {
        let exported = |exchange: &Exchange| {
            exchange
                .response
                .body
                .as_ref()
                .and_then(|body| body["value"].as_str().map(str::to_owned))
        };
        let content = format!("{definition}#content");
        match action {
            "importSpecification" => {
                let body = exchange.request.body.as_ref().expect("an import has a body");
                if body["format"] == "link" {
                    let document = later.iter().find_map(|later| exported(later));
                    let url = body["value"].as_str().expect("a link");
                    self.api_center
                        .add_linked_document(url, document.unwrap_or_else(|| "{}".to_owned()));
                }
                self.there.insert(content);
            }
            "exportSpecification" if !self.there.contains(&content) => {
                self.api_center
                    .set_definition(definition, &exported(exchange).expect("a document"));
            }
            _ => {}
        }
    }

    /// Makes the metadata that entities of the scenario hold, or that an exported schema has.
    fn declare_metadata(&mut self, exchange: &Exchange) {
        if exchange.short_path() == "exportMetadataSchema" {
            let entity = &exchange.request.body.as_ref().expect("a body")["assignedTo"];
            let schema = exported_schema(exchange.response.body.as_ref().expect("a body"));
            let custom = &schema["properties"]["customProperties"];
            let required = custom["required"].as_array().expect("required names");
            for (name, part) in custom["properties"].as_object().expect("custom properties") {
                let required = required.iter().any(|required| required == name.as_str());
                self.put_schema(name, part, &json!([{"entity": entity, "required": required}]));
            }
        }
        let sent = exchange
            .request
            .body
            .as_ref()
            .map(|body| &body["properties"]["customProperties"]);
        for (name, value) in sent.and_then(Value::as_object).into_iter().flatten() {
            assert!(value.is_boolean(), "{}: {name} is {value}", exchange.describe());
            let every = json!([{"entity": "api"}, {"entity": "environment"}, {"entity": "deployment"}]);
            self.put_schema(name, &json!({"type": "boolean"}), &every);
        }
    }

    fn put_schema(&mut self, name: &str, schema: &Value, assigned_to: &Value) {
        let path = format!("metadataSchemas/{name}");
        let properties = json!({"schema": schema.to_string(), "assignedTo": assigned_to});
        self.api_center.put(&path, properties).expect("a metadata schema");
        self.there.insert(path);
    }

    fn ensure(&mut self, path: &str, properties: Option<&Map<String, Value>>) {
        if self.there.contains(path) {
            return;
        }
        self.ensure_parents(path);
        let default = default_properties(path);
        let properties = properties.unwrap_or_else(|| default.as_object().expect("an object"));
        self.ensure_references(properties);
        self.api_center
            .put(path, Value::Object(properties.clone()))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        self.there.insert(path.to_owned());
        // An API shows a stage only when it has a version: the read-only property comes from there.
        if path.starts_with("apis/")
            && path.matches('/').count() == 1
            && let Some(stage) = properties.get("lifecycleStage")
        {
            let version = json!({"title": "recorded", "lifecycleStage": stage});
            self.api_center
                .put(&format!("{path}/versions/recorded"), version)
                .expect("a version");
        }
    }

    fn ensure_parents(&mut self, path: &str) {
        let segments: Vec<&str> = path.split('/').collect();
        for end in (2..segments.len()).step_by(2) {
            self.ensure(&segments[..end].join("/"), None);
        }
    }

    fn ensure_references(&mut self, properties: &Map<String, Value>) {
        for name in ["environmentId", "definitionId"] {
            if let Some(id) = properties.get(name).and_then(Value::as_str) {
                let path = id
                    .strip_prefix("/workspaces/default/")
                    .expect("an id within the API center");
                self.ensure(path, None);
            }
        }
    }
}

fn default_properties(path: &str) -> Value {
    let collection = path.rsplit('/').nth(1).expect("the path of an entity");
    match collection {
        "apis" => json!({"title": "Echo API", "kind": "rest"}),
        "versions" => json!({"title": "v1.0.0", "lifecycleStage": "production"}),
        "definitions" => json!({"title": "OpenAPI"}),
        "environments" => json!({"title": "test environment", "kind": "testing"}),
        "deployments" => json!({"title": "test deployment"}),
        "metadataSchemas" => json!({"schema": "{\"type\":\"boolean\", \"title\":\"Public Facing\"}"}),
        other => panic!("no default for {other}"),
    }
}

pub fn exported_schema(body: &Value) -> Value {
    serde_json::from_str(body["value"].as_str().expect("a schema")).expect("JSON")
}
