//! The state of an API center, which every request is answered from.

use std::collections::HashMap;

use serde_json::{Map, json};

use super::catalog::Catalog;
use super::operations::{Operations, Unfinished};
use super::options::ApiCenterOptions;
use super::path::{Collection, Kind, Target};
use super::permissions::{Permission, contributor};
use super::service::Service;

/// What the API center is and holds.
#[derive(Debug)]
pub(super) struct State {
    pub base_url: String,
    pub page_size: usize,
    pub service: Service,
    pub catalog: Catalog,
    pub operations: Operations,
    /// The documents that imports from a link find, by URL.
    pub documents: HashMap<String, String>,
    /// What the first polls of an import say.
    pub unfinished: Vec<Unfinished>,
    /// Whether imports of inline texts are operations, too.
    pub defers_imports: bool,
    /// Whether an enumeration that is in use takes no further choice.
    pub refuses_choices: bool,
    /// What the caller's role assignments allow: the actions of each, and those it excludes.
    pub permissions: Vec<Permission>,
}

impl State {
    pub fn new(options: ApiCenterOptions) -> Self {
        Self {
            service: Service::new(&options.resource_id, options.sku),
            base_url: options.base_url,
            page_size: options.page_size.max(1),
            catalog: new_catalog(),
            operations: Operations::default(),
            documents: HashMap::new(),
            unfinished: vec![Unfinished::InProgress],
            defers_imports: false,
            refuses_choices: false,
            permissions: contributor(),
        }
    }

    /// Lets it hold this, with nothing in flight.
    pub fn restore(&mut self, catalog: Catalog) {
        self.catalog = catalog;
        self.operations = Operations::default();
    }
}

/// What a new API center holds: the default workspace and the sample API.
pub(super) fn new_catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let workspaces = Target::parse(&["workspaces", "default"]);
    if let Some(Target::Entity(workspace)) = workspaces {
        let title = Map::from_iter([("title".to_owned(), json!("Default workspace"))]);
        catalog.put(&workspace, title);
    }
    if let Ok(sample) = serde_json::from_str(include_str!("swagger_petstore.json")) {
        let apis = Collection::in_default_workspace(Kind::Api);
        catalog.put(&apis.address("swagger-petstore"), sample);
    }
    catalog
}
