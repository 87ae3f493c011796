//! Observes both sides, each gateway completely or not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::gateways::{Gateways, Unread, state_of};
use super::index::{CatalogIndex, reclaimed};
use super::listing::{Listed, list};
use super::moves::read_moves;
use super::session::Session;
use crate::aws::{GatewayError, Listing};
use crate::azure::{Catalog, CatalogError, MetadataSchema, PlanLimits};
use crate::catalog::settings::{Registration, rules_digest};
use crate::model::{
    AccountId, ApiList, Domains, ErrorCode, Failure, Gateway, GatewayApi, GatewayReport, GatewayState,
    ImportSpecification, Integration, MetadataTypes, Problem, SourceKey,
};
use crate::plan::{CatalogApis, CatalogLimits, Moves, Observation, Observed, Rules, Scope};
use crate::planted::panic_if_planted;
use crate::translate::{Place, Subject, api_title, listed_api, listed_selection, names_environments, source_key};

use super::schemas::{metadata_types, required};

/// Both sides of one integration.
#[derive(Debug)]
pub struct Sides {
    /// The rules for planning.
    pub rules: Arc<Rules>,
    /// The observations.
    pub observed: Observed,
    /// The gateways and their clients.
    pub gateways: Gateways,
    /// Their APIs.
    pub apis: HashMap<SourceKey, GatewayApi>,
    /// Their custom domains.
    pub domains: HashMap<Gateway, Domains>,
    /// The report of each.
    pub reports: BTreeMap<Gateway, GatewayReport>,
    /// Gateways with unread parts that are wanted: a domain, or a list that failed for another reason than denied
    /// access.
    pub gaps: BTreeSet<Gateway>,
    /// Why the list of gateways is incomplete, if so.
    pub notes: Vec<String>,
    /// The APIs that cannot have an entity.
    pub failed: Vec<Failure>,
    /// The APIs that the integration's rules exclude.
    pub excluded: Vec<Excluded>,
    /// The existing metadata schemas.
    pub schemas: Vec<MetadataSchema>,
}

/// Why both sides could not be observed.
#[derive(Debug)]
pub struct Unobserved {
    /// The first reason.
    pub problem: Problem,
    /// The report of each gateway, if none could be read.
    pub gateways: Vec<GatewayReport>,
}

impl From<Problem> for Unobserved {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            gateways: Vec::new(),
        }
    }
}

/// An API that the integration's rules exclude.
#[derive(Debug)]
pub struct Excluded {
    /// The API.
    pub key: SourceKey,
    /// Its title, were it in the catalog.
    pub title: String,
    /// The rule, as in `exclude[1] fits it`.
    pub rule: String,
}

/// Reads both sides: the whole catalog, and the gateways that can be read.
///
/// # Errors
/// If the catalog cannot be read completely, or no gateway can be read.
pub async fn observe(
    session: &Session,
    (registration, integration): (&Registration, &Integration),
    gateways: Option<Gateways>,
    index: Option<&CatalogIndex>,
) -> Result<Sides, Unobserved> {
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
        let types = async {
            let schemas = catalog.metadata_schemas().await?;
            let types = field_types(&catalog, integration, &schemas).await?;
            Ok((schemas, types))
        };
        let read = tokio::try_join!(listed, catalog.limits(), types);
        read.map_err(|error| Unobserved::from(error.problem()))
    };
    let aws = async |known: BTreeSet<AccountId>| {
        let gateways = match gateways {
            Some(gateways) => gateways,
            None => session.gateways(integration, &known).await,
        };
        let listed = list(&gateways, &integration.api_types, &session.budget).await;
        if listed.iter().all(|listed| listed.found.is_err()) {
            return Err(none_read(integration, &gateways, &listed));
        }
        Ok((gateways, listed))
    };
    let ((gateways, listed), (mut apis, limits, (schemas, types))) = if integration.reads_an_organization() {
        // If a list of accounts is incomplete, read the accounts that the catalog knows.
        let azure = azure.await?;
        (aws(azure.0.accounts()).await?, azure)
    } else {
        tokio::try_join!(aws(BTreeSet::new()), azure)?
    };
    let mut sides = Sides {
        rules: Arc::new(rules(integration, limits, &schemas, types)),
        observed: Observed {
            gateways: BTreeMap::new(),
            has_all_gateways: gateways.is_whole(),
            has_same_rules: registration.journal.rules.as_ref() == Some(&rules_digest(integration)),
            api_types: integration.api_types.clone(),
            catalog: CatalogApis::default(),
            moves: Moves::new(),
            scope: Scope::All,
        },
        notes: notes(integration, &gateways),
        gateways,
        apis: HashMap::new(),
        domains: HashMap::new(),
        reports: BTreeMap::new(),
        gaps: BTreeSet::new(),
        failed: Vec::new(),
        excluded: Vec::new(),
        schemas,
    };
    for listed in listed {
        sides.add(integration, listed);
    }
    let names = sides.observed.gateways.values().flat_map(|gateway| &gateway.apis);
    for name in names.map(|api| &api.name) {
        if apis.others().contains(name)
            && let Some(api) = reclaimed(&catalog, &integration.name, name).await?
        {
            apis.reclaim(api.folded());
        }
    }
    sides.observed.catalog = apis;
    sides.observed.moves = read_moves(&catalog, &sides.observed).await;
    Ok(sides)
}

impl Sides {
    /// Adds a gateway's lists.
    fn add(&mut self, integration: &Integration, listed: Listed) {
        let Listed {
            source,
            gateway,
            account_name,
            found,
        } = listed;
        let label = integration.sources[source].label();
        let place = Place {
            source: &integration.sources[source],
            account_name: account_name.as_deref(),
            gateway: &gateway,
        };
        let mut observation = Observation::default();
        let report = match found {
            Ok((lists, domains)) => {
                let mut unread = Vec::new();
                for (list, listing) in lists {
                    match listing {
                        Ok(listing) => {
                            observation.lists.insert(list);
                            self.add_list(integration, place, (list, listing), &mut observation);
                        }
                        Err(error) => unread.push((list, error)),
                    }
                }
                let is_denied =
                    |(_, error): &(ApiList, GatewayError)| matches!(error, GatewayError::AccessDenied { .. });
                if !domains.gaps().is_empty() || !unread.iter().all(is_denied) {
                    self.gaps.insert(gateway.clone());
                }
                let report = read_report(label, &gateway, observation.apis.len(), &unread, &domains);
                self.domains.insert(gateway.clone(), domains);
                report
            }
            Err(unread) => {
                if !unread.state.is_permanent() {
                    self.gaps.insert(gateway.clone());
                }
                unread_report(label, &gateway, &unread)
            }
        };
        self.reports.insert(gateway.clone(), report);
        self.observed.gateways.insert(gateway, observation);
    }
}

impl Sides {
    fn add_list(
        &mut self,
        integration: &Integration,
        place: Place<'_>,
        (list, listing): (ApiList, Listing),
        observation: &mut Observation,
    ) {
        let gateway = place.gateway;
        for api in listing.unusable {
            let failure = Failure::of(list.kind(), api.id, api.name, gateway, api.message);
            self.failed.push(failure);
        }
        let wanted = listing.apis.into_iter();
        for api in wanted.filter(|api| integration.api_types.contains(&api.api_type)) {
            let selection = listed_selection(integration, Subject::of(place, &api));
            if !selection.is_in() {
                self.excluded.push(Excluded {
                    title: api_title(&api),
                    key: source_key(gateway, &api),
                    rule: selection.to_string(),
                });
                observation
                    .excluded
                    .insert((api.api_type, api.id), selection.to_string());
                continue;
            }
            match listed_api(integration, place, &api) {
                Ok(wanted) => {
                    self.apis.insert(source_key(gateway, &api), api);
                    observation.apis.push(wanted);
                }
                Err(error) => {
                    let (kind, id, title) = (api.api_type, api.id.to_string(), Some(api_title(&api)));
                    self.failed
                        .push(Failure::of(kind, id, title, gateway, error.to_string()));
                }
            }
        }
    }
}

/// The report of a gateway with at least one list.
fn read_report(
    source: Option<String>,
    gateway: &Gateway,
    apis: usize,
    unread: &[(ApiList, GatewayError)],
    domains: &Domains,
) -> GatewayReport {
    let lists = unread.iter().map(|(list, error)| {
        let (title, why) = (list.title(), error.problem().message);
        format!("the {title} could not be listed, so those in the catalog stay as they are: {why}")
    });
    let parts: Vec<String> = lists.chain(domains.gaps()).collect();
    let state = unread.first().map(|(_, error)| state_of(error));
    GatewayReport {
        apis: Some(apis),
        message: (!parts.is_empty()).then(|| parts.join(". ")),
        ..report(source, gateway, state.unwrap_or(GatewayState::Read))
    }
}

/// The report of a gateway that was not read.
fn unread_report(source: Option<String>, gateway: &Gateway, unread: &Unread) -> GatewayReport {
    GatewayReport {
        message: Some(unread.problem.message.clone()),
        ..report(source, gateway, unread.state)
    }
}

/// Why no gateway could be read: the first one's reason, or why the gateways are unknown.
fn none_read(integration: &Integration, gateways: &Gateways, listed: &[Listed]) -> Unobserved {
    let unread = listed
        .iter()
        .filter_map(|listed| Some((listed, listed.found.as_ref().err()?)));
    // Permanent ones come last: they are no news.
    let first = unread.clone().min_by_key(|(_, why)| why.state.is_permanent());
    let problem = match (first, gateways.cut.first()) {
        (Some((_, why)), _) if listed.len() == 1 => why.problem.clone(),
        (Some((Listed { gateway, .. }, Unread { problem, .. })), _) => {
            let (count, message) = (listed.len(), &problem.message);
            let message = format!("none of {count} gateways can be read; the first is {gateway}: {message}");
            problem.clone().with_message(message)
        }
        (None, Some(cut)) => cut.why.problem.clone(),
        (None, None) => {
            let message = "the organisation has no active account that is not excluded";
            Problem::new(ErrorCode::AwsAccessDenied, message)
        }
    };
    let reports: BTreeMap<&Gateway, GatewayReport> = unread
        .map(|(Listed { source, gateway, .. }, why)| {
            let label = integration.sources[*source].label();
            (gateway, unread_report(label, gateway, why))
        })
        .collect();
    Unobserved {
        problem,
        gateways: reports.into_values().collect(),
    }
}

/// The report of a gateway with nothing but its state.
pub fn report(source: Option<String>, gateway: &Gateway, state: GatewayState) -> GatewayReport {
    GatewayReport {
        source,
        account: gateway.account.as_ref().map(ToString::to_string),
        region: gateway.region.to_string(),
        state,
        apis: None,
        held: None,
        deletions_id: None,
        message: None,
    }
}

/// Why the list of gateways is incomplete.
fn notes(integration: &Integration, gateways: &Gateways) -> Vec<String> {
    let cut = gateways.cut.iter().map(|cut| {
        let source = integration.sources[cut.source].label().unwrap_or_default();
        let message = &cut.why.problem.message;
        format!("the accounts of source {source} could not be listed completely, so none of them departs: {message}")
    });
    cut.collect()
}

/// The types of the fields that rules set, with the existing environments if the integration names any.
///
/// # Errors
/// If the environments cannot be listed.
pub async fn field_types(
    catalog: &Catalog,
    integration: &Integration,
    schemas: &[MetadataSchema],
) -> Result<MetadataTypes, CatalogError> {
    let types = metadata_types(schemas);
    if !names_environments(integration) {
        return Ok(types);
    }
    let environments = catalog.environments().await?;
    Ok(types.with_environments(environments.into_iter().map(|environment| environment.name)))
}

/// The rules for planning.
pub fn rules(integration: &Integration, limits: PlanLimits, schemas: &[MetadataSchema], types: MetadataTypes) -> Rules {
    Rules {
        integration: integration.name.clone(),
        limits: CatalogLimits {
            apis: limits.apis,
            versions_per_api: limits.versions_per_api,
            deployments_per_api: limits.deployments_per_api,
        },
        required: required(schemas),
        types,
        on_demand: integration.import_specification == ImportSpecification::OnDemand,
    }
}
