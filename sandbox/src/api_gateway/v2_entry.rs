//! An HTTP or WebSocket API with everything below it, and its deployment.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::definition::Definition;
use super::errors::AmazonError;
use super::v2_api::{Protocol, V2Api, V2Stage};
use crate::random;

/// Letters and digits of a deployment's id.
const DEPLOYMENT_ID_LENGTH: usize = 6;
/// AWS's description of its automatic deployments.
const AUTO_DEPLOYED: &str = "Automatic deployment triggered by changes to the Api configuration";

/// A deployment of an HTTP or WebSocket API.
#[derive(Debug, Clone)]
pub(super) struct V2Deployment {
    /// Its id.
    pub id: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether a change of the API created it.
    pub auto_deployed: bool,
    /// When it was created, seconds since 1970.
    pub created_date: i64,
    /// The snapshot.
    pub definition: Definition,
}

/// An HTTP or WebSocket API and everything below it.
#[derive(Debug, Clone)]
pub(super) struct V2Entry {
    /// The API itself.
    pub api: V2Api,
    /// The snapshot for the next deployment, also the export without a stage.
    pub draft: Definition,
    /// Its deployments by id.
    pub deployments: BTreeMap<String, V2Deployment>,
    /// Its stages by name.
    pub stages: BTreeMap<String, V2Stage>,
}

impl V2Entry {
    /// An API with nothing below it.
    pub fn new(api: V2Api) -> Self {
        Self {
            api,
            draft: Definition::from(json!({ "paths": {} })),
            deployments: BTreeMap::new(),
            stages: BTreeMap::new(),
        }
    }

    /// A stage, which must be there.
    pub fn stage(&self, name: &str) -> Result<&V2Stage, AmazonError> {
        self.stages.get(name).ok_or_else(AmazonError::unknown_stage)
    }

    /// Puts a stage with its deployment, which becomes the API's own configuration unless a stage with automatic
    /// deployment determines it.
    pub fn put_stage(&mut self, stage: V2Stage, now: i64) {
        if let Some(id) = &stage.deployment_id {
            let deployment = V2Deployment {
                id: id.clone(),
                description: stage.auto_deploy.then(|| AUTO_DEPLOYED.to_owned()),
                auto_deployed: stage.auto_deploy,
                created_date: now,
                definition: stage.definition.clone(),
            };
            self.deployments.insert(id.clone(), deployment);
            if stage.auto_deploy || !self.stages.values().any(|other| other.auto_deploy) {
                self.draft = stage.definition.clone();
            }
        }
        self.stages.insert(stage.name.clone(), stage);
    }

    /// Deploys the configuration.
    pub fn deploy(&mut self, description: Option<String>, auto_deployed: bool, now: i64) -> V2Deployment {
        let deployment = V2Deployment {
            id: random::text(DEPLOYMENT_ID_LENGTH),
            description,
            auto_deployed,
            created_date: now,
            definition: self.draft.clone(),
        };
        self.deployments.insert(deployment.id.clone(), deployment.clone());
        deployment
    }

    /// Lets a stage, which must be there, run a deployment.
    pub fn run(&mut self, stage_name: &str, deployment: &V2Deployment, now: i64) -> Result<(), AmazonError> {
        let stage = self.stages.get_mut(stage_name).ok_or_else(AmazonError::unknown_stage)?;
        stage.deployment_id = Some(deployment.id.clone());
        stage.definition = deployment.definition.clone();
        stage.last_updated_date = now;
        if stage.auto_deploy {
            let id = &deployment.id;
            let message = format!("Successfully deployed stage with deployment ID '{id}'");
            stage.last_deployment_status_message = Some(message);
        }
        Ok(())
    }

    /// Deploys a change to the stages with automatic deployment; an API without routes cannot be deployed.
    pub fn deploy_change(&mut self, now: i64) -> Result<(), AmazonError> {
        let automatic = self.stages.values().filter(|stage| stage.auto_deploy);
        let names: Vec<String> = automatic.map(|stage| stage.name.clone()).collect();
        if names.is_empty() || self.api.routes.is_empty() {
            return Ok(());
        }
        let deployment = self.deploy(Some(AUTO_DEPLOYED.to_owned()), true, now);
        names.iter().try_for_each(|name| self.run(name, &deployment, now))
    }

    /// Adds the operation of a route to an HTTP API's configuration.
    pub fn add_operation(&mut self, route_key: &str) {
        let (path, method) = operation(route_key);
        let mut operation =
            json!({ "responses": { "default": { "description": format!("Default response for {route_key}") } } });
        if route_key == "$default" {
            operation["isDefaultRoute"] = json!(true);
        }
        self.change_paths(|paths| paths[&path][&method] = operation);
    }

    /// Removes the operation of a route from an HTTP API's configuration.
    pub fn remove_operation(&mut self, route_key: &str) {
        let (path, method) = operation(route_key);
        self.change_paths(|paths| {
            let Some(paths) = paths.as_object_mut() else {
                return;
            };
            let Some(methods) = paths.get_mut(&path).and_then(Value::as_object_mut) else {
                return;
            };
            methods.remove(&method);
            if methods.is_empty() {
                paths.remove(&path);
            }
        });
    }

    fn change_paths(&mut self, change: impl FnOnce(&mut Value)) {
        match (self.api.protocol, &mut self.draft) {
            (Protocol::Http, Definition::OpenApi(document)) => change(&mut Arc::make_mut(document)["paths"]),
            (Protocol::Http, Definition::Refused(_) | Definition::Raw { .. }) | (Protocol::Websocket, _) => (),
        }
    }
}

/// The path and the member below it that are a route's in a document.
fn operation(route_key: &str) -> (String, String) {
    let any = || "x-amazon-apigateway-any-method".to_owned();
    match route_key.split_once(' ') {
        None => (format!("/{route_key}"), any()),
        Some(("ANY", path)) => (path.to_owned(), any()),
        Some((method, path)) => (path.to_owned(), method.to_ascii_lowercase()),
    }
}
