//! Observing: both sides, each completely or not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::session::Session;
use crate::aws::{GatewayClient, GatewayError};
use crate::azure::{Assignment, Catalog, CatalogError, MetadataSchema, PlanLimits};
use crate::catalog::schemas::schemas;
use crate::catalog::{ApiProof, FoldedApi, OwnedApi};
use crate::model::{
    ApiId, ApiList, ApiType, Domains, Entity, EntityKind, EntityName, EntityPath, ErrorCode, Failure, Gateway,
    GatewayApi, GatewayReport, GatewayState, ImportSpecification, Integration, IntegrationName, MetadataTypes, Problem,
    is_our_schema,
};
use crate::plan::{CatalogApis, CatalogLimits, Observation, Observed, RequiredMetadata, Rules, Scope};
use crate::planted::panic_if_planted;
use crate::translate::{self, api_title, desired_api, source_key};

/// Both sides of one integration.
#[derive(Debug)]
pub struct Sides {
    /// What planning goes by.
    pub rules: Arc<Rules>,
    /// What was observed.
    pub observed: Observed,
    /// The gateway's APIs, by entity name.
    pub apis: HashMap<EntityName, GatewayApi>,
    /// Its custom domains.
    pub domains: Domains,
    /// What there is to tell of the gateway, where its lists were read.
    pub report: Option<GatewayReport>,
    /// Whether something of the gateway could not be read that was wanted: a domain, or a list that is not merely denied.
    pub has_gaps: bool,
    /// The APIs that no entity can be made for.
    pub failed: Vec<Failure>,
    /// The metadata schemas that are there.
    pub schemas: Vec<MetadataSchema>,
}

/// All APIs of the catalog, listed once for several integrations.
#[derive(Debug, Default)]
pub struct CatalogIndex {
    owned: HashMap<IntegrationName, Vec<FoldedApi>>,
    others: Vec<EntityName>,
}

impl CatalogIndex {
    /// Lists the catalog.
    ///
    /// # Errors
    /// When a page cannot be had.
    pub async fn read(catalog: &Catalog) -> Result<Self, CatalogError> {
        let mut index = Self::default();
        catalog.each_api(|api| index.add(&api)).await?;
        Ok(index)
    }

    fn add(&mut self, api: &Entity) {
        match owner(api) {
            Some((name, api)) => self.owned.entry(name).or_default().push(api.folded()),
            None => self.others.push(api.name.clone()),
        }
    }

    /// The integrations that markers name.
    pub fn integrations(&self) -> impl Iterator<Item = (&IntegrationName, &[FoldedApi])> {
        self.owned.iter().map(|(name, apis)| (name, apis.as_slice()))
    }

    /// What is in the catalog, as a run of this integration sees it.
    fn seen_by(&self, integration: &IntegrationName) -> CatalogApis {
        let mut apis = CatalogApis::default();
        for (name, owned) in &self.owned {
            for api in owned {
                if name == integration {
                    apis.add_owned(api.clone());
                } else {
                    apis.add_other(api.proof.name.clone());
                }
            }
        }
        self.others.iter().cloned().for_each(|name| apis.add_other(name));
        apis
    }
}

/// The integration that an API's marker names, whichever it is.
#[must_use]
pub fn owner(api: &Entity) -> Option<(IntegrationName, OwnedApi)> {
    let marker = crate::catalog::marker::ApiMarker::read(api)?;
    let name = IntegrationName::parse(&marker.integration).ok()?;
    let owned = OwnedApi::claim(&name, api)?;
    Some((name, owned))
}

/// Reads both sides completely, or fails.
///
/// # Errors
/// When a list cannot be had to its end: never a part of it.
pub async fn observe(
    session: &Session,
    integration: &Integration,
    (gateway, client): (&Gateway, &GatewayClient),
    index: Option<&CatalogIndex>,
) -> Result<Sides, Problem> {
    panic_if_planted("observe", integration.name.as_str());
    let catalog = session.catalog();
    let azure = async {
        let listed = async {
            if let Some(index) = index {
                return Ok(index.seen_by(&integration.name));
            }
            let mut apis = CatalogApis::default();
            catalog.each_api(|api| apis.add(&integration.name, &api)).await?;
            Ok(apis)
        };
        let read = tokio::try_join!(listed, catalog.limits(), catalog.metadata_schemas());
        read.map_err(|error| error.problem())
    };
    let aws = async {
        let lists = client.lists(&integration.api_types).await;
        let lists = lists.map_err(|error| error.problem())?;
        Ok((lists, Box::pin(client.domains()).await))
    };
    let ((lists, domains), (mut apis, limits, schemas)) = tokio::try_join!(aws, azure)?;
    let mut observation = Observation {
        api_types: integration.api_types.clone(),
        ..Observation::default()
    };
    let rules = rules(integration, limits, &schemas);
    let (mut failed, mut listed, mut unread) = (Vec::new(), HashMap::new(), Vec::new());
    for (list, listing) in lists {
        let listing = match listing {
            Ok(listing) => listing,
            Err(error) => {
                unread.push((list, error));
                continue;
            }
        };
        observation.lists.insert(list);
        for api in listing.unusable {
            failed.push(Failure::of(list.kind(), api.id, api.name, gateway, api.message));
        }
        let wanted = listing.apis.into_iter();
        for api in wanted.filter(|api| integration.api_types.contains(&api.api_type)) {
            match desired_api(integration, gateway, &api, &rules.types) {
                Ok(wanted) => {
                    listed.insert(wanted.name.clone(), api);
                    observation.apis.push(wanted);
                }
                Err(error) => {
                    let (kind, id, title) = (api.api_type, api.id.to_string(), Some(api_title(&api)));
                    failed.push(Failure::of(kind, id, title, gateway, error.to_string()));
                }
            }
        }
    }
    let report = gateway_report(gateway, observation.apis.len(), &unread, &domains);
    let is_denied = |(_, error): &(ApiList, GatewayError)| matches!(error, GatewayError::AccessDenied { .. });
    let has_gaps = !domains.gaps().is_empty() || !unread.iter().all(is_denied);
    for name in observation.apis.iter().map(|api| &api.name) {
        if apis.others().contains(name)
            && let Some(api) = reclaimed(&catalog, &integration.name, name).await?
        {
            apis.reclaim(api.folded());
        }
    }
    Ok(Sides {
        rules: Arc::new(rules),
        observed: Observed {
            gateways: BTreeMap::from([(gateway.clone(), observation)]),
            catalog: apis,
            scope: Scope::All,
        },
        apis: listed,
        domains,
        report: Some(report),
        has_gaps,
        failed,
        schemas,
    })
}

/// Reads one API on both sides, and nothing else.
///
/// # Errors
/// When neither side has it, or one cannot be read.
pub async fn observe_one(
    session: &Session,
    integration: &Integration,
    (gateway, client): (&Gateway, &GatewayClient),
    id: &ApiId,
) -> Result<Option<Sides>, Problem> {
    panic_if_planted("observe", integration.name.as_str());
    let catalog = session.catalog();
    let name = EntityName::of_api(&integration.name, id)
        .map_err(|error| Problem::new(ErrorCode::InvalidRequest, error.to_string()).with_target("api"))?;
    let path = EntityPath::Api(name.clone());
    let azure = async {
        let read = tokio::try_join!(catalog.get(&path), catalog.limits(), catalog.metadata_schemas());
        read.map_err(|error| error.problem())
    };
    let aws = async { one_api(client, &integration.api_types, id).await };
    let (api, (found, limits, schemas)) = tokio::try_join!(aws, azure)?;
    let mut apis = CatalogApis::default();
    if let Some(found) = &found {
        apis.add(&integration.name, found);
        if apis.others().contains(&name)
            && let Some(api) = reclaimed(&catalog, &integration.name, &name).await?
        {
            apis.reclaim(api.folded());
        }
    }
    let Some(api) = api else {
        let is_ours = found.is_some() && !apis.others().contains(&name);
        let message = format!(
            "region {} of the account has no API {id}, and the catalog none of the integration {}",
            gateway.region, integration.name
        );
        return if is_ours {
            Ok(None)
        } else {
            Err(Problem::new(ErrorCode::ApiNotFound, message).with_target("api"))
        };
    };
    let rules = rules(integration, limits, &schemas);
    let desired = desired_api(integration, gateway, &api, &rules.types)
        .map_err(|error| Problem::new(ErrorCode::InvalidRequest, error.to_string()).with_target("api"))?;
    let scope = Scope::Only(vec![source_key(gateway, &api)]);
    let observation = Observation {
        apis: vec![desired],
        ..Observation::default()
    };
    Ok(Some(Sides {
        rules: Arc::new(rules),
        observed: Observed {
            gateways: BTreeMap::from([(gateway.clone(), observation)]),
            catalog: apis,
            scope,
        },
        apis: HashMap::from([(name, api)]),
        domains: Domains::Unknown("a run of one API does not read them".to_owned()),
        report: None,
        has_gaps: false,
        failed: Vec::new(),
        schemas,
    }))
}

/// The API of this id, of whichever kind.
async fn one_api(
    client: &GatewayClient,
    api_types: &BTreeSet<ApiType>,
    id: &ApiId,
) -> Result<Option<GatewayApi>, Problem> {
    let lists: BTreeMap<ApiList, ApiType> = api_types.iter().map(|api_type| (api_type.list(), *api_type)).collect();
    for api_type in lists.into_values() {
        let found = client.api(api_type, id).await.map_err(|error| error.problem())?;
        if let Some(api) = found.filter(|api| api_types.contains(&api.api_type)) {
            return Ok(Some(api));
        }
    }
    Ok(None)
}

/// What there is to tell of a gateway: which of its lists could not be read, and which domains.
fn gateway_report(
    gateway: &Gateway,
    apis: usize,
    unread: &[(ApiList, GatewayError)],
    domains: &Domains,
) -> GatewayReport {
    let lists = unread.iter().map(|(list, error)| {
        let (title, why) = (list.title(), error.problem().message);
        format!("the {title} could not be listed, so that those in the catalog stay as they are: {why}")
    });
    let parts: Vec<String> = lists.chain(domains.gaps()).collect();
    let state = unread.first().map(|(_, error)| match error {
        GatewayError::AccessDenied { .. } => GatewayState::Denied,
        error if error.is_account_wide() => GatewayState::Unauthorized,
        _ => GatewayState::Unavailable,
    });
    GatewayReport {
        account: gateway.account.as_ref().map(ToString::to_string),
        region: gateway.region.to_string(),
        state: state.unwrap_or(GatewayState::Read),
        apis,
        message: (!parts.is_empty()).then(|| parts.join(". ")),
    }
}

/// The API of this name, if it has lost its marker and deployments of ours are below it.
async fn reclaimed(
    catalog: &Catalog,
    integration: &IntegrationName,
    name: &EntityName,
) -> Result<Option<OwnedApi>, Problem> {
    let read = async {
        let path = EntityPath::Api(name.clone());
        let Some(api) = catalog.get(&path).await? else {
            return Ok(None);
        };
        if owner(&api).is_some() {
            return Ok(None);
        }
        let deployments = match catalog.deployments(name).await {
            Err(CatalogError::NotFound { .. }) => Vec::new(),
            deployments => deployments?,
        };
        Ok(OwnedApi::reclaim(integration, &api, &deployments))
    };
    read.await.map_err(|error: CatalogError| error.problem())
}

/// Gives an API that has lost its marker another one, if deployments of the integration's are below it.
///
/// # Errors
/// When it cannot be read or written.
pub async fn restore_marker(
    catalog: &Catalog,
    integration: &IntegrationName,
    name: &EntityName,
) -> Result<Option<ApiProof>, Problem> {
    let Some(api) = reclaimed(catalog, integration, name).await? else {
        return Ok(None);
    };
    let before = OwnedApi::record_path().get(&api.entity.properties).cloned();
    let restored = catalog.update(api.owned(), |properties| {
        if OwnedApi::record_path().get(properties) == before.as_ref() {
            for (path, value) in api.marker.fields() {
                path.set(properties, value);
            }
        }
    });
    let restored = restored.await.map_err(|error| error.problem())?;
    Ok(OwnedApi::claim(integration, &restored).map(|api| api.proof()))
}

fn rules(integration: &Integration, limits: PlanLimits, schemas: &[MetadataSchema]) -> Rules {
    Rules {
        integration: integration.name.clone(),
        limits: CatalogLimits {
            apis: limits.apis,
            versions_per_api: limits.versions_per_api,
            deployments_per_api: limits.deployments_per_api,
        },
        required: required(schemas),
        types: metadata_types(schemas),
        on_demand: integration.import_specification == ImportSpecification::OnDemand,
    }
}

/// What the organisation requires of the entities that are made here.
///
/// Our own schemas never count, whoever marked them as required: nobody but this app gives values for them.
#[must_use]
pub fn required(present: &[MetadataSchema]) -> RequiredMetadata {
    let on = |entity: &str| {
        let binds = |schema: &&MetadataSchema| {
            let mut assigned = schema.assigned_to.iter();
            !is_our_schema(&schema.name) && assigned.any(|to| to.required && to.entity.eq_ignore_ascii_case(entity))
        };
        present.iter().filter(binds).map(|schema| schema.name.clone()).collect()
    };
    RequiredMetadata {
        api: on("api"),
        environment: on("environment"),
        deployment: on("deployment"),
    }
}

/// The types of the fields that rules may fill: our own schemas are none of them.
fn metadata_types(present: &[MetadataSchema]) -> MetadataTypes {
    let kinds = [(EntityKind::Api, "api"), (EntityKind::Deployment, "deployment")];
    let theirs = present.iter().filter(|schema| !is_our_schema(&schema.name));
    MetadataTypes::new(theirs.flat_map(|schema| {
        let is_on = |entity: &str| {
            schema
                .assigned_to
                .iter()
                .any(|to| to.entity.eq_ignore_ascii_case(entity))
        };
        let on = kinds.into_iter().filter(move |(_, entity)| is_on(entity));
        on.map(|(kind, _)| (kind, schema.name.clone(), schema.schema.clone()))
    }))
}

/// Checks the rules of an integration against the metadata schemas that are there.
///
/// # Errors
/// When a rule fills metadata that the organisation does not have, or with a value that it never takes.
pub fn check_rules(integration: &Integration, present: &[MetadataSchema]) -> Result<(), Problem> {
    translate::check_rules(integration, &metadata_types(present))
}

/// Makes the schemas that markers need, and adds what an older release's lack. Writes nothing when all is there.
///
/// # Errors
/// When a schema cannot be written.
pub async fn ensure_schemas(catalog: &Catalog, present: &[MetadataSchema]) -> Result<(), CatalogError> {
    for wanted in schemas() {
        let assignment = Assignment {
            entity: wanted.entity.to_owned(),
            required: false,
            deprecated: false,
        };
        let found = present
            .iter()
            .find(|schema| schema.name.eq_ignore_ascii_case(wanted.name));
        let schema = match found {
            None => Some(MetadataSchema {
                name: wanted.name.to_owned(),
                schema: wanted.schema.clone(),
                assigned_to: vec![assignment],
            }),
            Some(found) => {
                let mut schema = found.clone();
                let mut assigned = found.assigned_to.iter();
                if !assigned.any(|to| to.entity.eq_ignore_ascii_case(wanted.entity)) {
                    schema.assigned_to.push(assignment);
                }
                schema.schema = wanted.completed(&found.schema).unwrap_or(schema.schema);
                (schema != *found).then_some(schema)
            }
        };
        if let Some(schema) = schema {
            catalog.put_metadata_schema(&schema).await?;
        }
    }
    Ok(())
}
