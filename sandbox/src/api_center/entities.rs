//! Stores, reads, lists and removes entities, with every check of the service.

use bytes::Bytes;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::{Seen, empty, entity_body, entity_response};
use super::catalog::Entity;
use super::filter::Filter;
use super::metadata;
use super::path::{Address, Collection, Kind, Target};
use super::properties;
use super::query::Query;
use super::refusal::Refusal;
use super::state::State;
use crate::json;

/// The members of an entity's body besides `properties`: read-only and ignored.
const READ_ONLY_MEMBERS: [&str; 4] = ["id", "name", "type", "systemData"];

impl State {
    pub(super) fn get(&self, address: &Address) -> Result<Response<Bytes>, Refusal> {
        let entity = self.existing(address)?;
        Ok(entity_response(&self.service.id, address, entity, Seen::Read))
    }

    pub(super) fn list(&self, collection: &Collection, query: &Query) -> Result<Response<Bytes>, Refusal> {
        if !self.catalog.has_parent(collection) {
            return Err(Refusal::NotFound(String::new()));
        }
        let filter = query.get("$filter").map(Filter::parse).transpose()?.unwrap_or_default();
        let after = query.skip_token()?;
        let mut entities = self
            .catalog
            .list(collection, after.as_deref())
            .filter(|entity| filter.fits(entity))
            .peekable();
        let page: Vec<&Entity> = entities.by_ref().take(self.page_size).collect();
        let value: Vec<Value> = page
            .iter()
            .map(|entity| entity_body(&self.service.id, collection, entity, Seen::Read))
            .collect();
        let mut body = json!({"value": value});
        if let (Some(_), Some(last)) = (entities.peek(), page.last()) {
            let path = format!("{}{}{}", self.base_url, self.service.id, collection.path());
            body["nextLink"] = Value::from(query.next_link(&path, &last.name));
        }
        Ok(json::answer(StatusCode::OK, &body))
    }

    /// Answers a `PUT` of an entity.
    pub(super) fn put(
        &mut self,
        address: &Address,
        headers: &HeaderMap,
        body: &Map<String, Value>,
    ) -> Result<Response<Bytes>, Refusal> {
        let known = |name: &String| name == "properties" || READ_ONLY_MEMBERS.contains(&name.as_str());
        if let Some(unknown) = body.keys().find(|name| !known(name)) {
            return Err(invalid(format!("'{unknown}' is not a known property")));
        }
        let Some(Value::Object(properties)) = body.get("properties") else {
            return Err(invalid("'properties' is required and must be an object"));
        };
        let seen = self.store(address, properties, headers)?;
        let entity = self.existing(address)?;
        Ok(entity_response(&self.service.id, address, entity, seen))
    }

    /// Stores a whole entity: missing properties are removed.
    pub(super) fn store(
        &mut self,
        address: &Address,
        sent: &Map<String, Value>,
        headers: &HeaderMap,
    ) -> Result<Seen, Refusal> {
        if !address.has_valid_name() {
            return Err(invalid(format!(
                "the name '{}' must match ^[a-zA-Z0-9-]{{3,90}}$",
                address.name
            )));
        }
        if !self.catalog.has_parent(&address.collection) {
            return Err(Refusal::NotFound(String::new()));
        }
        let current = self.catalog.get(address);
        check_preconditions(headers, current)?;
        let properties = properties::normalize(address.kind(), sent, current.map(|entity| &entity.properties))?;
        if current.is_none() {
            self.check_quota(&address.collection)?;
        }
        self.check_meaning(address, &properties)?;
        let stage = properties.get("lifecycleStage").cloned();
        let created = self.catalog.put(address, properties);
        if address.kind() == Kind::Version
            && let (Some(api), Some(stage)) = (address.collection.parent(), stage)
        {
            self.set_lifecycle_stage(&api, stage);
        }
        Ok(if created { Seen::Created } else { Seen::Updated })
    }

    /// Answers a `DELETE`: `200` for an existing definition, `204` for anything else (recorded, 2024-03-01).
    pub(super) fn delete(&mut self, address: &Address, headers: &HeaderMap) -> Result<Response<Bytes>, Refusal> {
        if address.kind() == Kind::Workspace {
            return Err(invalid("the default workspace cannot be deleted"));
        }
        if !self.catalog.has_parent(&address.collection) {
            return Err(Refusal::NotFound(String::new()));
        }
        check_preconditions(headers, self.catalog.get(address))?;
        if address.kind() == Kind::MetadataSchema {
            metadata::check_unused(&self.catalog, &address.name)?;
        }
        let removed = self.catalog.remove(address);
        Ok(match address.kind() {
            Kind::Definition if removed => empty(StatusCode::OK),
            _ => empty(StatusCode::NO_CONTENT),
        })
    }

    pub(super) fn existing(&self, address: &Address) -> Result<&Entity, Refusal> {
        self.catalog.get(address).ok_or_else(|| {
            Refusal::NotFound(match address.kind() {
                Kind::Environment => "The environment with the specified ID does not exist.".to_owned(),
                _ => String::new(),
            })
        })
    }

    /// The checks beyond the properties themselves.
    fn check_meaning(&self, address: &Address, properties: &Map<String, Value>) -> Result<(), Refusal> {
        metadata::check_custom_properties(&self.catalog, address.kind(), properties)?;
        match address.kind() {
            Kind::MetadataSchema => metadata::check_schema(
                &self.catalog,
                &address.name,
                properties,
                metadata::Strictness {
                    per_entity_max: self.quotas().metadata_per_entity,
                    refuses_choices: self.refuses_choices,
                },
            ),
            Kind::Deployment => {
                self.check_reference(properties, "environmentId", Kind::Environment)?;
                self.check_reference(properties, "definitionId", Kind::Definition)
            }
            Kind::Workspace | Kind::Environment | Kind::Api | Kind::Version | Kind::Definition => Ok(()),
        }
    }

    /// Checks that a property refers to an existing entity, by its id within the API center or in full.
    fn check_reference(&self, properties: &Map<String, Value>, name: &str, kind: Kind) -> Result<(), Refusal> {
        let Some(id) = properties.get(name).and_then(Value::as_str) else {
            return Ok(());
        };
        let scoped = match id.get(..self.service.id.len()) {
            Some(start) if start.eq_ignore_ascii_case(&self.service.id) => &id[self.service.id.len()..],
            _ => id,
        };
        let segments: Vec<&str> = scoped.strip_prefix('/').unwrap_or_default().split('/').collect();
        match Target::parse(&segments) {
            Some(Target::Entity(address)) if address.kind() == kind && self.catalog.get(&address).is_some() => Ok(()),
            _ => Err(invalid(format!(
                "'properties.{name}' names '{id}', which does not exist"
            ))),
        }
    }

    fn check_quota(&self, collection: &Collection) -> Result<(), Refusal> {
        let quotas = self.quotas();
        let max = match collection.kind {
            Kind::MetadataSchema => return Ok(()),
            Kind::Workspace => 1,
            Kind::Environment => 20,
            Kind::Api => quotas.apis,
            Kind::Version => quotas.versions_per_api,
            Kind::Definition => 5,
            Kind::Deployment => 10,
        };
        if self.catalog.count(collection) < max {
            return Ok(());
        }
        Err(Refusal::invalid(
            "QuotaExceeded",
            format!("there are {max} {} already, which is the limit", collection.kind.word()),
        ))
    }

    fn quotas(&self) -> &'static Quotas {
        if self.service.sku.eq_ignore_ascii_case("Free") {
            &FREE
        } else {
            &STANDARD
        }
    }

    /// An API shows the stage of the version written last, and its `ETag` changes with it (recorded, 2024-03-01).
    fn set_lifecycle_stage(&mut self, api: &Address, stage: Value) {
        let Some(entity) = self.catalog.get(api) else { return };
        if entity.properties.get("lifecycleStage") == Some(&stage) {
            return;
        }
        let mut with_stage = entity.properties.clone();
        with_stage.insert("lifecycleStage".to_owned(), stage);
        // Normalizing brings the new property to its place among the others.
        let mut sent = with_stage.clone();
        sent.shift_remove("lifecycleStage");
        let properties = properties::normalize(Kind::Api, &sent, Some(&with_stage)).unwrap_or(with_stage);
        self.catalog.set_read_only(api, properties);
    }
}

/// What depends on the plan of the API center (limits of API Center, 11/07/2024).
struct Quotas {
    apis: usize,
    versions_per_api: usize,
    metadata_per_entity: usize,
}

const FREE: Quotas = Quotas {
    apis: 200,
    versions_per_api: 5,
    metadata_per_entity: 10,
};

const STANDARD: Quotas = Quotas {
    apis: 10_000,
    versions_per_api: 100,
    metadata_per_entity: 20,
};

/// No public specification has conditional requests; the stand-in assumes that they work as in other Azure services.
fn check_preconditions(headers: &HeaderMap, current: Option<&Entity>) -> Result<(), Refusal> {
    let etag = current.map(|entity| entity.etag.as_str());
    let fits = |wanted: &str| {
        wanted.split(',').map(str::trim).any(|wanted| {
            let tag = wanted.trim_start_matches("W/").trim_matches('"');
            etag.is_some_and(|etag| tag == "*" || tag == etag)
        })
    };
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if header(IF_MATCH).is_some_and(|wanted| !fits(wanted)) {
        return Err(Refusal::PreconditionFailed(
            "the entity is not the one that If-Match names".to_owned(),
        ));
    }
    if header(IF_NONE_MATCH).is_some_and(fits) {
        return Err(Refusal::PreconditionFailed(
            "the entity is one that If-None-Match names".to_owned(),
        ));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::invalid("ValidationError", message)
}
