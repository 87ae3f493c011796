//! Reads, writes and deletes the catalog's entities.

use std::sync::Arc;

use azure_core::Bytes;
use azure_core::credentials::TokenCredential;
use azure_core::http::{HttpClient, Method, Url, new_http_client};
use serde_json::Value;

use super::error::{Call, CatalogError, Refusal, unexpected_precondition};
use super::metadata::MetadataSchema;
use super::plan_limits::PlanLimits;
use super::transport::{Answer, Message, Rates, Reply, Transport};
use super::wire;
use crate::catalog::{Owned, Vacant};
use crate::limits::{Budget, Traffic};
use crate::model::{ApiCenterId, Entity, EntityPath, Properties, SystemData};

/// The newest stable version (Azure REST API specifications, `Microsoft.ApiCenter`).
const API_VERSION: &str = "2024-03-01";
/// Attempts of an update, including the first, while the entity changes between read and write.
const UPDATE_TRIES: usize = 4;

/// An API center: its connections, created once per process.
#[derive(Debug, Clone)]
pub struct ApiCenter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    transport: Transport,
    base_url: Url,
    center: ApiCenterId,
}

/// Its default workspace for one run, with the run's time budget and count of attempts.
#[derive(Debug, Clone)]
pub struct Catalog {
    shared: Arc<Shared>,
    budget: Budget,
    traffic: Arc<Traffic>,
}

impl ApiCenter {
    /// Prepares the connections and sends nothing. `base_url` is that of Azure Resource Manager.
    ///
    /// # Errors
    /// If the URL is invalid.
    pub fn new(
        base_url: &str,
        center: ApiCenterId,
        credential: Arc<dyn TokenCredential>,
        rates: Rates,
    ) -> Result<Self, CatalogError> {
        // This client follows no redirects, so that no token goes where a response points.
        Self::over(new_http_client(None), base_url, center, credential, rates)
    }

    /// Same, through a given client.
    pub(super) fn over(
        http_client: Arc<dyn HttpClient>,
        base_url: &str,
        center: ApiCenterId,
        credential: Arc<dyn TokenCredential>,
        rates: Rates,
    ) -> Result<Self, CatalogError> {
        let base_url = base_url.trim_end_matches('/');
        let parsed = Url::parse(base_url).map_err(|error| CatalogError::Malformed {
            call: Call {
                method: "GET",
                path: base_url.to_owned(),
            },
            message: error.to_string(),
        })?;
        let transport = Transport::new(http_client, base_url, credential, rates);
        Ok(Self(Arc::new(Shared {
            transport,
            base_url: parsed,
            center,
        })))
    }

    /// The catalog, for a run.
    #[must_use]
    pub fn catalog(&self, budget: Budget, traffic: Arc<Traffic>) -> Catalog {
        Catalog {
            shared: Arc::clone(&self.0),
            budget,
            traffic,
        }
    }
}

impl Catalog {
    /// The limits of the API center's plan.
    ///
    /// # Errors
    /// If the service cannot be read.
    pub async fn limits(&self) -> Result<PlanLimits, CatalogError> {
        let answer = self.success(&self.message(Method::Get, "", None)?).await?;
        let service = answer.json()?;
        let plan = service
            .get("sku")
            .and_then(|sku| sku.get("name"))
            .and_then(Value::as_str);
        Ok(PlanLimits::of(plan.unwrap_or_default()))
    }

    /// Creates or replaces a metadata schema.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn put_metadata_schema(&self, schema: &MetadataSchema) -> Result<(), CatalogError> {
        let path = format!("metadataSchemas/{}", schema.name);
        self.success(&self.message(Method::Put, &path, Some(schema.body()))?)
            .await
            .map(|_| ())
    }

    /// One entity, if it exists.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn get(&self, path: &EntityPath) -> Result<Option<Entity>, CatalogError> {
        match self
            .reply(&self.message(Method::Get, &self.entity_path(path), None)?)
            .await?
        {
            Reply::Success(answer) => read_entity(&answer).map(Some),
            Reply::NotFound(..) => Ok(None),
            Reply::Changed(call) => Err(unexpected_precondition(call)),
        }
    }

    /// Creates an entity where there is none.
    ///
    /// `If-None-Match` keeps what somebody else created meanwhile. An entity that has everything to be written counts
    /// as created: it is from this very call, whose response was lost, or from another run.
    ///
    /// # Errors
    /// If it is refused, or something else has its name.
    pub async fn create(&self, vacant: &Vacant, properties: &Properties) -> Result<Entity, CatalogError> {
        let path = vacant.path();
        let body = wire::body(path.kind(), properties);
        let mut message = self.message(Method::Put, &self.entity_path(path), Some(body))?;
        message.if_absent = true;
        let call = match self.reply(&message).await? {
            Reply::Success(answer) => return read_entity(&answer),
            Reply::NotFound(call, message) => return Err(CatalogError::NotFound { call, message }),
            Reply::Changed(call) => call,
        };
        let found = self.get(path).await?;
        found
            .filter(|found| holds(&found.properties, properties))
            .ok_or_else(|| CatalogError::Refused {
                call,
                status: 412,
                refusal: Refusal::ForNow(None),
                message: "somebody else created it at the same moment".to_owned(),
            })
    }

    /// Reads one of our entities, applies `change` to its properties, and writes them if they differ.
    ///
    /// Starts over if somebody else writes in between.
    ///
    /// # Errors
    /// If it no longer exists, or the write is refused.
    pub async fn update(&self, owned: &Owned, change: impl Fn(&mut Properties)) -> Result<Entity, CatalogError> {
        let path = owned.path();
        let mut tries = 0;
        loop {
            let read = self
                .success(&self.message(Method::Get, &self.entity_path(path), None)?)
                .await?;
            let current = read_entity(&read)?;
            let mut properties = current.properties.clone();
            change(&mut properties);
            if properties == current.properties {
                // Only writes return the time of creation, and callers take it for a sign that they created it.
                return Ok(Entity {
                    system_data: SystemData::default(),
                    ..current
                });
            }
            let body = wire::body(path.kind(), &properties);
            let mut message = self.message(Method::Put, &self.entity_path(path), Some(body))?;
            message.if_match.clone_from(&current.etag);
            tries += 1;
            match self.reply(&message).await? {
                Reply::Success(answer) => return read_entity(&answer),
                Reply::Changed(_) if tries < UPDATE_TRIES => (),
                Reply::Changed(call) => {
                    let message = "somebody else keeps changing it".to_owned();
                    return Err(CatalogError::Refused {
                        call,
                        status: 412,
                        refusal: Refusal::ForNow(None),
                        message,
                    });
                }
                Reply::NotFound(call, message) => return Err(CatalogError::NotFound { call, message }),
            }
        }
    }

    /// Deletes one of our entities; fine if it is gone already.
    ///
    /// # Errors
    /// If it still exists.
    pub async fn delete(&self, owned: &Owned) -> Result<(), CatalogError> {
        match self
            .reply(&self.message(Method::Delete, &self.entity_path(owned.path()), None)?)
            .await?
        {
            Reply::Success(answer) => self.finish(answer).await.map(|_| ()),
            Reply::NotFound(call, message) => match self.get(owned.path()).await? {
                // What counts as gone is never read again.
                Some(_) => Err(CatalogError::Refused {
                    call,
                    status: 404,
                    refusal: Refusal::ForNow(None),
                    message: format!("it still exists, although Azure does not find it: {message}"),
                }),
                None => Ok(()),
            },
            Reply::Changed(call) => Err(unexpected_precondition(call)),
        }
    }

    /// The path of an entity below the API center.
    #[expect(clippy::unused_self, reason = "paths are the catalog's own business")]
    pub(super) fn entity_path(&self, path: &EntityPath) -> String {
        format!("workspaces/default/{path}")
    }

    pub(super) fn base_url(&self) -> &Url {
        &self.shared.base_url
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// A request below the API center.
    pub(super) fn message(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Message, CatalogError> {
        let call = Call {
            method: method_name(method),
            path: path.to_owned(),
        };
        let below = if path.is_empty() {
            String::new()
        } else {
            format!("/{path}")
        };
        let target = format!("{}{below}?api-version={API_VERSION}", self.shared.center);
        let url = self.same_host(&call, &target)?;
        Ok(Message {
            call,
            method,
            url,
            body: body.map(Bytes::from),
            if_match: None,
            if_absent: false,
        })
    }

    /// Why no further work may begin on this side, if so.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.traffic.breaker().tripped()
    }

    pub(super) async fn reply(&self, message: &Message) -> Result<Reply, CatalogError> {
        let result = self.shared.transport.send(message, &self.budget, &self.traffic).await;
        let breaker = self.traffic.breaker();
        match &result {
            Ok(_) => breaker.accepted(&message.call.kind()),
            Err(error) if error.is_account_wide() => {
                breaker.refused(&message.call.kind(), || error.problem().message);
            }
            Err(_) => (),
        }
        result
    }

    pub(super) async fn success(&self, message: &Message) -> Result<Answer, CatalogError> {
        match self.reply(message).await? {
            Reply::Success(answer) => Ok(answer),
            Reply::NotFound(call, message) => Err(CatalogError::NotFound { call, message }),
            Reply::Changed(call) => Err(unexpected_precondition(call)),
        }
    }
}

fn read_entity(answer: &Answer) -> Result<Entity, CatalogError> {
    wire::entity(answer.json()?, answer.header("etag")).map_err(|fault| answer.malformed(fault))
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Delete => "DELETE",
        Method::Post => "POST",
        Method::Put => "PUT",
        _ => "GET",
    }
}

/// Whether an object has all members of another, besides its own.
fn holds(found: &Properties, wanted: &Properties) -> bool {
    wanted.iter().all(|(name, wanted)| match (found.get(name), wanted) {
        (Some(Value::Object(found)), Value::Object(wanted)) => holds(found, wanted),
        (found, wanted) => found == Some(wanted),
    })
}
