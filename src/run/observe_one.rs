//! Observes one API, for a run of nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::gateways::{Gateways, Reach};
use super::index::reclaimed;
use super::observe::{Sides, field_types, rules};
use super::request::OneApi;
use super::session::Session;
use crate::aws::GatewayClient;
use crate::catalog::FoldedApi;
use crate::model::{
    ApiId, ApiList, ApiType, Domains, EntityName, EntityPath, ErrorCode, Gateway, GatewayApi, Integration, Problem,
};
use crate::plan::{CatalogApis, Moves, Observation, Observed, Scope};
use crate::planted::panic_if_planted;
use crate::translate::{Place, Subject, listed_api, listed_selection, source_key};

/// Gateways asked concurrently if nothing tells which one has the API.
const SIDE_BY_SIDE: usize = 32;

/// Reads one API on both sides, and nothing else. `None` if only the catalog has it.
///
/// # Errors
/// If neither side has it, or one cannot be read.
pub async fn observe_one(
    session: &Session,
    integration: &Integration,
    gateways: Gateways,
    wanted: &OneApi,
) -> Result<Option<Sides>, Problem> {
    panic_if_planted("observe", integration.name.as_str());
    let catalog = session.catalog();
    let id = &wanted.id;
    let invalid = |message: String| Problem::new(ErrorCode::InvalidRequest, message).with_target("api");
    let name = EntityName::of_api(&integration.name, id).map_err(|error| invalid(error.to_string()))?;
    let read = tokio::try_join!(catalog.limits(), catalog.metadata_schemas());
    let (limits, schemas) = read.map_err(|error| error.problem())?;
    let mut apis = CatalogApis::default();
    let is_found = add(session, integration, &mut apis, &name).await?;
    let of_ours = apis.gateways_of(&name);
    let is_meant = |reach: &&Reach| match &wanted.gateway {
        Some(gateway) => reach.gateway.may_be(gateway),
        None => of_ours.is_empty() || of_ours.iter().any(|gateway| reach.gateway.may_be(gateway)),
    };
    let mut on_amazon = ask(gateways.all.iter().filter(is_meant), &integration.api_types, id).await?;
    let Some((gateway, api)) = on_amazon.pop() else {
        let message = format!(
            "{} no API {id}, and neither has the integration {} in the catalog",
            nowhere(&gateways),
            integration.name
        );
        return if is_found && !apis.others().contains(&name) {
            Ok(None)
        } else {
            Err(Problem::new(ErrorCode::ApiNotFound, message).with_target("api"))
        };
    };
    if let Some((other, _)) = on_amazon.first() {
        let message = format!("{gateway} and {other} each have an API {id}: ask for {gateway}/{id} or {other}/{id}");
        return Err(invalid(message));
    }
    let types = field_types(&catalog, integration, &schemas).await;
    let types = types.map_err(|error| error.problem())?;
    let rules = rules(integration, limits, &schemas, types);
    let desired = {
        let reach = gateways.all.iter().find(|reach| reach.gateway == gateway);
        let place = Place {
            // The gateway belongs to one of the sources, and there is at least one.
            source: &integration.sources[reach.map_or(0, |reach| reach.source)],
            account_name: reach.and_then(|reach| reach.account_name.as_deref()),
            gateway: &gateway,
        };
        let selection = listed_selection(integration, Subject::of(place, &api));
        if !selection.is_in() {
            let message = format!("the integration excludes {api}: {selection}");
            return Err(Problem::new(ErrorCode::ApiNotFound, message).with_target("api"));
        }
        listed_api(integration, place, &api).map_err(|error| invalid(error.to_string()))?
    };
    if desired.name != name {
        add(session, integration, &mut apis, &desired.name).await?;
    }
    let key = source_key(&gateway, &api);
    let is_member = |api: &Arc<FoldedApi>| api.members.contains(&key);
    if desired.is_group && !apis.api(&desired.name).is_some_and(is_member) {
        // It may belong to another group, which tells what people wrote.
        let listed = catalog.each_api(|api| apis.add(&integration.name, &api)).await;
        listed.map_err(|error| error.problem())?;
    }
    let observation = Observation {
        apis: vec![desired],
        ..Observation::default()
    };
    let unread = Domains::Unknown("a run of one API does not read them".to_owned());
    let mut observed = Observed {
        gateways: BTreeMap::from([(gateway.clone(), observation)]),
        has_all_gateways: false,
        has_same_rules: false,
        api_types: integration.api_types.clone(),
        catalog: apis,
        moves: Moves::new(),
        scope: Scope::Only(vec![key.clone()]),
    };
    observed.moves = observed.moves();
    Ok(Some(Sides {
        rules: Arc::new(rules),
        observed,
        gateways,
        apis: HashMap::from([(key, api)]),
        domains: HashMap::from([(gateway, unread)]),
        reports: BTreeMap::new(),
        gaps: BTreeSet::new(),
        notes: Vec::new(),
        failed: Vec::new(),
        excluded: Vec::new(),
        schemas,
    }))
}

/// Adds the API of a name if the catalog has it; returns whether it does.
async fn add(
    session: &Session,
    integration: &Integration,
    apis: &mut CatalogApis,
    name: &EntityName,
) -> Result<bool, Problem> {
    let catalog = session.catalog();
    let found = catalog.get(&EntityPath::Api(name.clone())).await;
    let Some(found) = found.map_err(|error| error.problem())? else {
        return Ok(false);
    };
    apis.add(&integration.name, &found);
    if apis.others().contains(name)
        && let Some(api) = reclaimed(&catalog, &integration.name, name).await?
    {
        apis.reclaim(api.folded());
    }
    Ok(true)
}

/// Asks gateways for an API; returns those that have it.
///
/// # Errors
/// If none has it and not all could be asked.
async fn ask(
    reaches: impl Iterator<Item = &Reach>,
    api_types: &BTreeSet<ApiType>,
    id: &ApiId,
) -> Result<Vec<(Gateway, GatewayApi)>, Problem> {
    let questions: Vec<_> = reaches.map(|reach| ask_one(reach, api_types, id)).collect();
    let answers: Vec<_> = stream::iter(questions).buffered(SIDE_BY_SIDE).collect().await;
    let (mut found, mut refused) = (Vec::new(), None);
    for answer in answers {
        match answer {
            Ok(api) => found.extend(api),
            Err(problem) => refused = refused.or(Some(problem)),
        }
    }
    match refused {
        Some(problem) if found.is_empty() => Err(problem),
        _ => Ok(found),
    }
}

async fn ask_one(
    reach: &Reach,
    api_types: &BTreeSet<ApiType>,
    id: &ApiId,
) -> Result<Option<(Gateway, GatewayApi)>, Problem> {
    let client = reach.client.as_ref().map_err(|unread| unread.problem.clone())?;
    let api = one_api(client, api_types, id).await?;
    Ok(api.map(|api| (reach.gateway.clone(), api)))
}

/// The API of this id, of any kind.
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

/// Where an API that does not exist was looked for.
fn nowhere(gateways: &Gateways) -> String {
    match gateways.all.as_slice() {
        [only] => format!("region {} of the account has", only.gateway.region),
        all => format!("none of the {} gateways has", all.len()),
    }
}
