//! The state of an API center, from which every request is answered.

use std::collections::HashMap;

use serde_json::{Map, json};

use super::catalog::Catalog;
use super::operations::{Operations, Unfinished};
use super::options::ApiCenterOptions;
use super::path::{Collection, Kind, Target};
use super::permissions::{Permission, contributor};
use super::service::Service;

/// The API center and its contents.
#[derive(Debug)]
pub(super) struct State {
    pub base_url: String,
    pub page_size: usize,
    pub service: Service,
    pub catalog: Catalog,
    pub operations: Operations,
    /// The documents for imports from a link, by URL.
    pub documents: HashMap<String, String>,
    /// The statuses of an import's first polls.
    pub unfinished: Vec<Unfinished>,
    /// Whether inline imports are long-running operations, too.
    pub defers_imports: bool,
    /// Whether an enumeration in use accepts no further choice.
    pub refuses_choices: bool,
    /// The caller's role assignments: the actions of each, and those it excludes.
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

    /// Restores this content, with nothing in flight.
    pub fn restore(&mut self, catalog: Catalog) {
        self.catalog = catalog;
        self.operations = Operations::default();
    }
}

/// The content of a new API center: the default workspace and the sample API.
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
