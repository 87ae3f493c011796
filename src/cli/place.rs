//! Where the work is done: in this process, or in a deployed function app.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::arguments::Center;
use super::center::Wanted;
use super::failure::Failure;
use crate::engine::{Deletion, Engine, Meter, SyncRequest, Written};
use crate::limits::Budget;
use crate::model::IntegrationName;
use crate::model::document::parse_document;
use crate::settings::{CommandLineSettings, Settings, variable};

/// How long work may overrun its budget, as in the function app.
const OVERRUN: Duration = Duration::from_secs(10);

/// Where the work is done.
#[derive(Debug)]
pub enum Place {
    /// In this process, with the person's own sign-in.
    Local(Box<Local>),
    /// In a function app, with its identity.
    App(Box<App>),
}

/// The engine in this process.
#[derive(Debug)]
pub struct Local {
    engine: Engine,
    settings: Settings,
    stop: CancellationToken,
}

impl Local {
    fn new(wanted: &Wanted, environment: &CommandLineSettings, stop: CancellationToken) -> Result<Self, Failure> {
        let center = wanted.resolve(environment)?.to_string();
        let settings = Settings::read(|name| match name {
            "APICENTER_RESOURCE_ID" => Some(center.clone()),
            _ => variable(name),
        })?;
        Ok(Self {
            engine: Engine::new(&settings)?,
            settings,
            stop,
        })
    }

    /// One call's time: as in the function app, so that there is progress to report.
    fn budget(&self) -> Budget {
        Budget::with_overrun(self.settings.http_budget, OVERRUN, self.stop.clone())
    }
}

impl Place {
    /// The place according to the arguments and the environment; sends nothing.
    ///
    /// # Errors
    /// If they do not determine one.
    pub fn of(center: &Center, stop: &CancellationToken) -> Result<Self, Failure> {
        let environment = CommandLineSettings::read(variable);
        let wanted = Wanted::of(center);
        match &center.function_url {
            Some(url) => {
                let key = center.function_key.clone().or(environment.function_key);
                Ok(Self::App(Box::new(App::new(url, key, wanted, stop.clone())?)))
            }
            None => Ok(Self::Local(Box::new(Local::new(&wanted, &environment, stop.clone())?))),
        }
    }

    /// The meter of a call in this process.
    pub fn meter(&self) -> Option<Arc<Meter>> {
        match self {
            Self::Local(local) => Some(local.engine.meter()),
            Self::App(_) => None,
        }
    }

    /// All integrations, as an array.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn list(&self) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => Ok(value(&local.engine.list(&local.budget()).await?)),
            Self::App(app) => {
                let mut answer = app.call(Method::Get, app.url(None, None), None).await?;
                let list = answer.body.get_mut("value").filter(|list| list.is_array());
                list.map(Value::take)
                    .ok_or_else(|| Failure::new("cannot parse the list: it has no array `value`"))
            }
        }
    }

    /// One integration.
    ///
    /// # Errors
    /// If it does not exist or cannot be read.
    pub async fn get(&self, name: &IntegrationName) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => Ok(value(&local.engine.get(name, &local.budget()).await?)),
            Self::App(app) => Ok(app.call(Method::Get, app.url(Some(name), None), None).await?.body),
        }
    }

    /// Creates or replaces an integration, and synchronizes it as far as one call's time allows.
    ///
    /// # Errors
    /// If the request is invalid.
    pub async fn put(&self, name: &IntegrationName, document: &Value) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => {
                let settings = &local.settings;
                let document = parse_document(document, name, &settings.resource_id, &settings.vault_hosts)?;
                match local.engine.put(name, document, &local.budget()).await? {
                    Written::Created(view) | Written::Updated(view) => Ok(value(&view)),
                }
            }
            Self::App(app) => {
                app.check(name).await?;
                Ok(app
                    .call(Method::Put, app.url(Some(name), None), Some(document))
                    .await?
                    .body)
            }
        }
    }

    /// Deletes an integration, as far as one call's time allows; returns the number of APIs left.
    ///
    /// # Errors
    /// If it does not exist, or something of it cannot be deleted.
    pub async fn delete(&self, name: &IntegrationName) -> Result<usize, Failure> {
        match self {
            Self::Local(local) => match local.engine.delete(name, &local.budget()).await? {
                Deletion::Done => Ok(0),
                Deletion::Remaining(remaining) => Ok(remaining),
            },
            Self::App(app) => {
                app.check(name).await?;
                let answer = app.call(Method::Delete, app.url(Some(name), None), None).await?;
                let remaining = answer.body["remaining"].as_u64().unwrap_or(1);
                Ok(match answer.status {
                    202 => usize::try_from(remaining).unwrap_or(usize::MAX),
                    _ => 0,
                })
            }
        }
    }

    /// Synchronizes an integration, as far as one call's time allows; returns the report.
    ///
    /// # Errors
    /// If the request is invalid, or planning fails.
    pub async fn sync(&self, name: &IntegrationName, request: &SyncRequest) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => Ok(value(&local.engine.sync(name, request, &local.budget()).await?)),
            Self::App(app) => {
                app.check(name).await?;
                let url = app.request_url(name, "sync", request);
                Ok(app.call(Method::Post, url, None).await?.body)
            }
        }
    }

    /// Waits, unless interrupted.
    ///
    /// # Errors
    /// If interrupted.
    pub async fn wait(&self, time: Duration) -> Result<(), Failure> {
        let stop = match self {
            Self::Local(local) => &local.stop,
            Self::App(app) => app.stop(),
        };
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = stop.cancelled() => Err(Failure::interrupted()),
        }
    }

    /// The doctor's result; only the general prerequisites if there is no integration of this name.
    ///
    /// # Errors
    /// If the app cannot be called.
    pub async fn examine(&self, name: &IntegrationName) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => Ok(value(&local.engine.examine(name, &local.budget()).await)),
            Self::App(app) => {
                let url = app.url(Some(name), Some("doctor"));
                Ok(app.call(Method::Get, url, None).await?.body)
            }
        }
    }

    /// Why an API is, or is not, in the catalog.
    ///
    /// # Errors
    /// If AWS or API Center cannot be read.
    pub async fn explain(&self, name: &IntegrationName, api: &str) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => Ok(value(&local.engine.explain(name, api, &local.budget()).await?)),
            Self::App(app) => {
                let mut url = app.url(Some(name), Some("explain"));
                url.query_pairs_mut().append_pair("api", api);
                Ok(app.call(Method::Get, url, None).await?.body)
            }
        }
    }

    /// What a synchronization would do.
    ///
    /// # Errors
    /// If AWS or API Center cannot be read.
    pub async fn plan(&self, name: &IntegrationName, request: &SyncRequest) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => Ok(value(&local.engine.plan(name, request, &local.budget()).await?)),
            Self::App(app) => {
                let url = app.request_url(name, "plan", request);
                Ok(app.call(Method::Get, url, None).await?.body)
            }
        }
    }
}

fn value(view: &impl Serialize) -> Value {
    json!(view)
}
