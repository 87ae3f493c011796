//! The benchmark of a company: ten accounts in four regions, whose APIs are in groups. What the catalog has after each phase is
//! held against an oracle that only knows the gateways.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::cloud::Cloud;
use sandbox::company::Company;
use sandbox::estate::{Estate, FullEstate};
use sandbox::organizations::Member;
use sandbox::scenario::Integration;
use serde_json::{Value, json};

use super::bounds::Bounds;
use super::setting::{BenchError, Setting, sped_up_cloud};
use super::table::Row;
use super::{measure_run, start_host};

const ACCOUNTS: usize = 10;
const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];
const GATEWAYS: usize = ACCOUNTS * REGIONS.len();
/// The lists of a gateway: REST APIs, the others, and custom domains.
const LISTS: usize = 3;
const NAME: &str = "company";
/// The metadata schemas of facts, which the first run makes that has APIs.
const FACTS: usize = 4;

/// What is measured, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The integration is there, and nothing else.
    First,
    /// Nothing has changed since the last run.
    Unchanged,
    /// An account denies its role.
    Denied,
    /// It left the organisation.
    Left,
    /// It is back, and one API has got a tag that a rule leaves out.
    Excluded,
    /// A group has got one more member.
    Grown,
}

impl Phase {
    const ALL: [Self; 6] = [
        Self::First,
        Self::Unchanged,
        Self::Denied,
        Self::Left,
        Self::Excluded,
        Self::Grown,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Unchanged => "unchanged",
            Self::Denied => "denied",
            Self::Left => "left",
            Self::Excluded => "excluded",
            Self::Grown => "grown",
        }
    }

    /// What the report has to say: the outcome, and how many APIs were created, updated and deleted.
    fn expected(self, apis: Apis) -> Value {
        match self {
            Self::First => json!(["succeeded", apis.groups, 0, 0]),
            Self::Unchanged => json!(["succeeded", 0, 0, 0]),
            Self::Denied => json!(["partial", 0, 0, 0]),
            Self::Left => json!(["held", 0, apis.shared(), 0]),
            Self::Excluded => json!(["succeeded", 0, apis.shared(), 1]),
            Self::Grown => json!(["succeeded", 0, 1, 0]),
        }
    }

    /// The fewest calls to Amazon, and the fewest writes to API Center, for so many APIs in so many groups.
    fn bounds(self, all: Apis) -> Bounds {
        let (apis, groups) = (all.count, all.groups);
        let look = GATEWAYS * LISTS + apis;
        let of_account = (REGIONS.len() * LISTS) + apis / ACCOUNTS;
        let (aws, writes) = match self {
            // Each API is exported, and each group has a marker before and after, a version, a definition and its text.
            Self::First => (look + apis, 1 + FACTS + 5 * groups + apis),
            Self::Unchanged => (look, 1),
            Self::Denied => (look - of_account, 1),
            // The marker of a group says that something of it waits, and later that nothing does.
            Self::Left => (look - of_account, 1 + all.shared()),
            // The marker, the deployment, the definition, the version and the API.
            Self::Excluded => (look - 1, 1 + 5 + all.shared()),
            // The marker before and after, and the deployment.
            Self::Grown => (look - 1 + 1 + 1, 1 + 3),
        };
        Bounds { aws, writes }
    }
}

/// The APIs: by number, and each with the number of its gateway and of its group.
#[derive(Debug, Clone, Copy)]
struct Apis {
    count: usize,
    groups: usize,
}

impl Apis {
    fn group(self, number: usize) -> usize {
        number % self.groups
    }

    /// Members of a group are on different gateways.
    fn gateway(self, number: usize) -> usize {
        (number + number / self.groups) % GATEWAYS
    }

    /// The groups that have members in the first account and in others.
    fn shared(self) -> usize {
        let is_first = |number: &usize| self.gateway(*number) < REGIONS.len();
        let members = |group: usize| (group..self.count).step_by(self.groups);
        let is_shared = |group: &usize| {
            let first = members(*group).filter(is_first).count();
            (1..members(*group).count()).contains(&first)
        };
        (0..self.groups).filter(is_shared).count()
    }

    /// The last of the groups with one member, which is left out in the end.
    fn excluded(self) -> usize {
        self.groups - 1
    }

    /// A number that no API has, for the member that comes last; its group is the one before.
    fn grown(self) -> usize {
        self.count
    }

    fn api(self, number: usize, group: usize) -> (RestApi, Vec<Stage>) {
        let mut api = RestApi::new(id(number), format!("Service {group}"));
        api.tags.insert("service".to_owned(), service(group));
        if number == self.excluded() {
            api.tags.insert("visibility".to_owned(), "shown".to_owned());
        }
        let document = json!({
            "openapi": "3.0.1",
            "info": { "title": format!("Service {group}") },
            "paths": { format!("/{group}"): { "get": { "responses": { "200": { "description": "x".repeat(2000) } } } } },
        });
        (api, vec![Stage::new("prod", "d1", Definition::from(document))])
    }
}

fn id(number: usize) -> String {
    format!("api{number:07}")
}

fn service(group: usize) -> String {
    format!("service-{group:04}")
}

fn account(gateway: usize) -> String {
    format!("{:012}", gateway / REGIONS.len() + 1)
}

fn region(gateway: usize) -> &'static str {
    REGIONS[gateway % REGIONS.len()]
}

/// Measures all phases; `tell` is given each row as soon as it is there.
///
/// # Errors
/// When something does not start, a run does not do its work, or the catalog is not what the gateways call for.
pub async fn measure_company(setting: &Setting, mut tell: impl FnMut(&Row)) -> Result<(), BenchError> {
    let count = setting.gateway.apis;
    let apis = Apis {
        count,
        groups: (count * 6 / 10).max(1),
    };
    let cloud = sped_up_cloud(setting).await?;
    let host = start_host(&cloud, setting).await?;
    let company = Company {
        members: (0..ACCOUNTS).map(|place| member(place * REGIONS.len())).collect(),
        regions: REGIONS.map(str::to_owned).into(),
        ..Company::default()
    };
    company.found(&cloud, |_, _| FullEstate::from(Estate::default()));
    let others = [&company.management.id, &company.hub.id];
    let accounts = json!({ "organization": true, "except": others });
    let body = json!({ "properties": {
        "amazonApiGatewaySources": [company.source("all", &accounts)],
        "groupBy": "tag:service",
        "exclude": [{ "tags": { "visibility": "hidden" } }],
    } });
    let integration = Integration {
        host: &host,
        name: NAME,
    };
    integration.put(&body).await?;
    for gateway in 0..GATEWAYS {
        let of_gateway = (0..count).filter(|number| apis.gateway(*number) == gateway);
        let estate: Estate = of_gateway.map(|number| apis.api(number, apis.group(number))).collect();
        FullEstate::from(estate).fill(&cloud.gateway(&account(gateway), region(gateway)));
    }
    for phase in Phase::ALL {
        prepare(&cloud, &company, phase, apis);
        cloud.record.clear();
        tell(&measure_phase(&cloud, integration, (setting, phase), apis).await?);
        hold_against_oracle(&cloud, phase, apis)?;
    }
    Ok(())
}

fn member(gateway: usize) -> Member {
    Member::new(account(gateway), format!("Account {}", account(gateway)))
}

fn prepare(cloud: &Cloud, company: &Company, phase: Phase, apis: Apis) {
    match phase {
        Phase::First | Phase::Unchanged => (),
        Phase::Denied => cloud.sts.remove_role(&company.member_role_arn(&account(0))),
        Phase::Left => cloud.organizations.remove_account(&account(0)),
        Phase::Excluded => {
            company.join(cloud, member(0));
            let number = apis.excluded();
            let (mut api, _) = apis.api(number, apis.group(number));
            api.tags.insert("visibility".to_owned(), "hidden".to_owned());
            gateway_of(cloud, apis.gateway(number)).put_rest_api(api);
        }
        Phase::Grown => {
            let (api, stages) = apis.api(apis.grown(), 0);
            let gateway = gateway_of(cloud, 3);
            gateway.put_rest_api(api);
            for stage in stages {
                gateway.put_stage(&id(apis.grown()), stage);
            }
        }
    }
}

fn gateway_of(cloud: &Cloud, gateway: usize) -> std::sync::Arc<sandbox::api_gateway::ApiGateway> {
    cloud.gateway(&account(gateway), region(gateway))
}

async fn measure_phase(
    cloud: &Cloud,
    integration: Integration<'_>,
    (setting, phase): (&Setting, Phase),
    apis: Apis,
) -> Result<Row, BenchError> {
    let host = integration.host;
    let bounds = phase.bounds(apis);
    let row = measure_run(cloud, host, setting, (phase.name(), phase == Phase::First, bounds)).await?;
    let report = integration.last_sync().await?;
    let found = json!([
        report["outcome"],
        report["created"],
        report["updated"],
        report["deleted"]
    ]);
    if found == phase.expected(apis) {
        return Ok(row);
    }
    Err(BenchError::Run {
        phase: phase.name(),
        what: format!("{report:#}"),
    })
}

/// Whether each group is an API with the URLs of all its members, and there is nothing else.
fn hold_against_oracle(cloud: &Cloud, phase: Phase, apis: Apis) -> Result<(), BenchError> {
    let url = |number: usize, gateway: usize| {
        format!(
            "https://{}.execute-api.{}.amazonaws.com/prod",
            id(number),
            region(gateway)
        )
    };
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |group: usize, url: String| {
        expected
            .entry(format!("apis/{NAME}-{}", service(group)))
            .or_default()
            .insert(url);
    };
    let is_left_out = matches!(phase, Phase::Excluded | Phase::Grown);
    for number in (0..apis.count).filter(|number| !is_left_out || *number != apis.excluded()) {
        add(apis.group(number), url(number, apis.gateway(number)));
    }
    if phase == Phase::Grown {
        add(0, url(apis.grown(), 3));
    }
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, entity) in cloud.api_center.snapshot() {
        if let Some((api, _)) = path.split_once("/deployments/") {
            let urls = entity["properties"]["server"]["runtimeUri"]
                .as_array()
                .into_iter()
                .flatten();
            let urls = urls.filter_map(|url| url.as_str().map(str::to_owned));
            found.entry(api.to_owned()).or_default().extend(urls);
        }
    }
    let odd = expected.iter().find(|(api, urls)| found.get(*api) != Some(urls));
    let more = found.keys().find(|api| !expected.contains_key(*api));
    match (odd, more) {
        (None, None) => Ok(()),
        (odd, more) => Err(BenchError::Run {
            phase: phase.name(),
            what: format!("the catalog lacks {odd:?} or has {more:?} beside what it should"),
        }),
    }
}
