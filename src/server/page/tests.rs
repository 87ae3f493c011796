//! What every page keeps to; what each shows is tested below.

mod lists;
mod plans;
mod times;

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::super::answer::problem_answer;
use super::super::query::{ApiFilter, Filter};
use super::*;
use crate::engine::{
    ApiCondition, ApiExplanation, ApiView, Condition, Explanation, Finding, IntegrationDetail, IntegrationProperties,
    IntegrationView, LinkState, LinkWord, PlanView, PreviewChange, StageView, SyncRequest,
};
use crate::model::document::{DocumentProperties, SourceProperties};
use crate::model::{
    AccountId, Action, ApiType, Conflict, EntityKind, ErrorCode, Failure, FieldChange, FieldPath, Gateway,
    GatewayReport, GatewayState, Outcome, PastRun, Problem, Region, Report, Requests, SkipReason, Skipped, Totals,
    parse_time,
};

const HOSTILE: &str = r#""><script>alert(1)</script>'&amp;<img src=x onerror=alert(1)>"#;
const PORTAL: &str = "https://portal.azure.com/#resource/x";
/// A key with everything that means something in queries and in HTML.
const CODE: &str = r#"a+b/c=="&<d>"#;

fn report(outcome: Outcome) -> Report {
    Report {
        started_on: "2026-11-23T12:00:00Z".to_owned(),
        finished_on: "2026-11-23T12:01:30Z".to_owned(),
        outcome,
        message: None,
        created: 1,
        updated: 2,
        deleted: 3,
        unchanged: 4,
        remaining: 0,
        retry_after_seconds: None,
        definitions_written: 0,
        skipped: Vec::new(),
        failed: Vec::new(),
        conflicts: Vec::new(),
        deletions_id: None,
        plan_id: None,
        requests: Requests::default(),
        totals: None,
        gateways: Vec::new(),
    }
}

fn gateway(account: &str, state: GatewayState) -> GatewayReport {
    GatewayReport {
        source: Some("prod".to_owned()),
        account: Some(account.to_owned()),
        region: "us-east-1".to_owned(),
        state,
        apis: Some(7),
        held: None,
        deletions_id: None,
        message: None,
    }
}

fn run(outcome: Outcome) -> PastRun {
    PastRun {
        started_on: "2026-11-23T12:00:00Z".to_owned(),
        duration_seconds: 90,
        outcome,
        created: 0,
        updated: 0,
        deleted: 0,
        unchanged: 7,
        remaining: 0,
        skipped: 0,
        failed: 0,
        conflicts: 0,
    }
}

fn view(name: &str, report: Option<Report>) -> IntegrationView {
    let state = match report.as_ref().map(|report| report.outcome) {
        None => LinkWord::Initializing,
        Some(Outcome::Failed) => LinkWord::Error,
        Some(Outcome::Succeeded | Outcome::Partial | Outcome::Held) => LinkWord::Syncing,
    };
    IntegrationView {
        id: format!("/x/{name}"),
        name: name.to_owned(),
        kind: "AmazonApiGateway",
        properties: IntegrationProperties {
            document: DocumentProperties::of_source(SourceProperties {
                region_name: "us-east-1".to_owned(),
                ..SourceProperties::default()
            }),
            link_state: LinkState {
                state,
                message: report.as_ref().and_then(|report| report.message.clone()),
                last_updated_on: None,
            },
            history: report.iter().map(|report| run(report.outcome)).collect(),
            last_success_on: report
                .as_ref()
                .filter(|report| report.outcome == Outcome::Succeeded)
                .map(|report| report.finished_on.clone()),
            last_sync: report,
            apis: Some(3),
        },
    }
}

fn api(number: usize, condition: ApiCondition) -> ApiView {
    ApiView {
        name: format!("shop-{number:010}"),
        title: format!("API {number}"),
        api_id: format!("{number:010}"),
        api_type: Some(ApiType::Rest),
        owners: Vec::new(),
        gateways: BTreeMap::from([(
            at("111122223333", "us-east-1"),
            format!("https://us-east-1.console.aws.amazon.com/apigateway/{number}"),
        )]),
        stages: ["prod", "staging"].map(stage).to_vec(),
        skipped: Vec::new(),
        failure: None,
        condition,
    }
}

fn at(account: &str, region: &str) -> Gateway {
    Gateway {
        account: AccountId::parse(account),
        region: Region::parse(region).unwrap(),
    }
}

fn stage(name: &str) -> StageView {
    StageView {
        name: name.to_owned(),
        urls: vec![format!("https://api.example.com/{name}")],
    }
}

/// Four minutes after the report's end.
fn now() -> OffsetDateTime {
    parse_time("2026-11-23T12:05:45Z").unwrap()
}

fn portal() -> Portal {
    Portal(PORTAL.to_owned())
}

fn change(path: &str, action: Action) -> PreviewChange {
    PreviewChange {
        action,
        entity: EntityKind::Api,
        name: path.to_owned(),
        reason: "the title differs".to_owned(),
        fields: vec![FieldChange {
            path: FieldPath::new(&["title"]),
            before: Some("Old".into()),
            after: Some("New".into()),
            rule: Some("map[0].set".to_owned()),
        }],
    }
}

fn a_plan(changes: Vec<PreviewChange>) -> PlanView {
    PlanView {
        plan_id: "0123456789abcdef".to_owned(),
        complete: true,
        changes,
        ..PlanView::default()
    }
}

fn plan_of(view: &PlanView, visit: &Visit) -> String {
    plan("shop", view, &SyncRequest::default(), visit).into_string()
}

fn found(verdict: Finding, text: &str) -> Explanation {
    Explanation {
        integration: "shop".to_owned(),
        query: text.to_owned(),
        apis: vec![ApiExplanation {
            api_id: Some("a1b2c3d4e5".to_owned()),
            title: Some(text.to_owned()),
            name: Some("apis/shop-a1b2c3d4e5".to_owned()),
            verdict,
            message: format!("this is what is with {text}"),
            changes: vec![change(text, Action::Update)],
            skipped: Vec::new(),
            conflicts: Vec::new(),
            disagreements: vec![text.to_owned()],
        }],
    }
}

fn explanation_of(view: &Explanation, visit: &Visit) -> String {
    explanation(view, visit, &portal()).into_string()
}

fn visit(query: &str) -> Visit {
    Visit::of(&format!("/api/integrations?{query}").parse().unwrap(), now())
}

fn code_query() -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", CODE)
        .finish()
}

fn overview_of(views: &[IntegrationView], visit: &Visit) -> String {
    overview(views, &Filter::default(), visit, &portal()).into_string()
}

fn detail(integration: IntegrationView, apis: Vec<ApiView>) -> IntegrationDetail {
    IntegrationDetail {
        integration,
        apis,
        conflict_titles: BTreeMap::from([("apis/shop-c3".to_owned(), "By hand".to_owned())]),
    }
}

fn detail_of(integration: IntegrationView, apis: Vec<ApiView>) -> String {
    integration_page(&detail(integration, apis), &ApiFilter::default(), &visit(""))
}

fn integration_page(detail: &IntegrationDetail, filter: &ApiFilter, visit: &Visit) -> String {
    integration(detail, filter, visit, &portal()).into_string()
}

/// What is between these two texts, each time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let parts = text.split(before).skip(1);
    parts.filter_map(|rest| rest.split(after).next()).collect()
}

#[test]
fn hostile_names_stay_texts() {
    let mut bad = report(Outcome::Held);
    bad.message = Some(HOSTILE.to_owned());
    bad.deletions_id = Some(HOSTILE.to_owned());
    bad.failed = vec![Failure {
        api_type: ApiType::Rest,
        account: Some(HOSTILE.to_owned()),
        region: HOSTILE.to_owned(),
        api_id: HOSTILE.to_owned(),
        title: Some(HOSTILE.to_owned()),
        message: HOSTILE.to_owned(),
    }];
    bad.gateways = vec![GatewayReport {
        source: Some(HOSTILE.to_owned()),
        account: Some(HOSTILE.to_owned()),
        region: HOSTILE.to_owned(),
        held: Some(1),
        deletions_id: Some(HOSTILE.to_owned()),
        message: Some(HOSTILE.to_owned()),
        ..gateway("111122223333", GatewayState::Denied)
    }];
    let mut hostile = view(HOSTILE, Some(bad));
    let source = hostile.properties.document.amazon_api_gateway_source.as_mut();
    source.unwrap().region_name = HOSTILE.to_owned();
    hostile.properties.last_success_on = Some(HOSTILE.to_owned());
    let mut hostile_api = api(1, ApiCondition::Failed);
    hostile_api.title = HOSTILE.to_owned();
    hostile_api.stages = vec![StageView {
        name: HOSTILE.to_owned(),
        urls: vec![HOSTILE.to_owned()],
    }];
    hostile_api.owners = vec![HOSTILE.to_owned()];
    hostile_api.name = HOSTILE.to_owned();
    hostile_api.failure = Some(HOSTILE.to_owned());
    let filter = ApiFilter {
        of_api: Filter {
            search: Some(HOSTILE.to_owned()),
            state: None,
        },
        ..ApiFilter::default()
    };
    let detail = detail(hostile.clone(), vec![hostile_api]);
    let mut hostile_change = change(HOSTILE, Action::Delete);
    hostile_change.reason = HOSTILE.to_owned();
    hostile_change.fields[0].before = Some(HOSTILE.into());
    hostile_change.fields[0].rule = Some(HOSTILE.to_owned());
    let hostile_plan = PlanView {
        message: Some(HOSTILE.to_owned()),
        deletions_id: Some(HOSTILE.to_owned()),
        disagreements: vec![HOSTILE.to_owned()],
        ..a_plan(vec![hostile_change])
    };
    let visit = visit(&code_query());
    let pages = [
        overview(
            &[hostile],
            &Filter {
                search: filter.of_api.search.clone(),
                state: Some(Condition::Held),
            },
            &visit,
            &portal(),
        )
        .into_string(),
        integration_page(&detail, &filter, &visit),
        plan_of(&hostile_plan, &visit),
        explanation_of(&found(Finding::Differs, HOSTILE), &visit),
    ];
    for page in pages {
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(!page.contains(HOSTILE) && !page.contains(CODE), "{page}");
    }
}

#[test]
fn the_code_is_in_links_and_forms_of_our_own_and_nowhere_else() {
    let detail = detail(
        view("shop", Some(report(Outcome::Partial))),
        vec![api(1, ApiCondition::Synced)],
    );
    let visit = visit(&code_query());
    let pages = [
        overview_of(std::slice::from_ref(&detail.integration), &visit),
        integration_page(&detail, &ApiFilter::default(), &visit),
        plan_of(&a_plan(Vec::new()), &visit),
        explanation_of(&found(Finding::InLine, "Orders"), &visit),
    ];
    for (page, forms) in pages.into_iter().zip([1, 2, 0, 1]) {
        let links = between(&page, "href=\"", "\"");
        let own: Vec<&&str> = links.iter().filter(|link| link.starts_with('/')).collect();
        assert!(own.len() > 1, "{links:?}");
        assert!(
            own.iter()
                .all(|link| link.contains("code=a%2Bb%2Fc%3D%3D%22%26%3Cd%3E")),
            "{own:?}"
        );
        for link in links.iter().filter(|link| !link.starts_with('/')) {
            assert!(!link.contains("code="), "{link}");
            assert!(
                link.starts_with("https://") || ["data:,", "#content", "#todo"].contains(link),
                "{link}"
            );
        }
        let hidden = r#"<input type="hidden" name="code" value="a+b/c==&quot;&amp;&lt;d&gt;">"#;
        assert_eq!(page.matches(hidden).count(), forms, "{page}");
        let rest = page
            .replace(hidden, "")
            .replace("code=a%2Bb%2Fc%3D%3D%22%26%3Cd%3E", "");
        assert!(!rest.contains("a+b/c") && !rest.contains("a%2Bb"), "{rest}");
    }
    assert!(!format!("{visit:?}").contains("a+b"), "{visit:?}");
}

#[test]
fn links_and_calls_have_the_prefix_that_the_page_was_called_with() {
    let visit = Visit::of(&"/v1/x/integrations?code=1".parse().unwrap(), now());
    let mut held = report(Outcome::Held);
    held.deletions_id = Some("0123abcd".to_owned());
    let detail = detail(view("shop", Some(held)), vec![api(1, ApiCondition::Synced)]);
    let pages = [
        overview_of(&[], &visit),
        overview_of(std::slice::from_ref(&detail.integration), &visit),
        integration_page(&detail, &ApiFilter::default(), &visit),
        plan_of(&a_plan(vec![change("apis/x", Action::Create)]), &visit),
        explanation_of(&found(Finding::InLine, "Orders"), &visit),
    ];
    for page in pages {
        assert!(!page.contains("/api/"), "{page}");
        let own = between(&page, "=\"/", "\"");
        assert!(own.iter().all(|link| link.starts_with("v1/x/integrations")), "{own:?}");
    }
    let page = overview_of(std::slice::from_ref(&detail.integration), &visit);
    assert!(
        page.contains(
            "\"$URL/v1/x/integrations/shop/sync?confirmDeletions=0123abcd"
                .replace('"', "&quot;")
                .as_str()
        ),
        "{page}"
    );
}

#[test]
fn links_to_elsewhere_tell_nothing_of_where_they_were_followed() {
    let page = detail_of(view("shop", None), vec![api(1, ApiCondition::Synced)]);
    let outside: Vec<&str> = between(&page, "<a ", ">")
        .into_iter()
        .filter(|link| link.contains("https://"))
        .collect();
    assert_eq!(outside.len(), 4, "{outside:?}");
    assert!(
        outside.iter().all(|link| link.contains(r#"rel="noreferrer noopener""#)),
        "{outside:?}"
    );
    assert!(page.contains(PORTAL) && page.contains("console.aws.amazon.com"));
}

#[tokio::test]
async fn the_page_of_a_problem_tells_the_same_time_to_wait_as_its_header() {
    let problem = Problem::new(ErrorCode::TooManyRequests, "not now");
    let problem = problem.with_retry_after(std::time::Duration::from_millis(1200));
    let answer = problem_answer(&problem, |status| problem_page(&problem, status, &visit("")));
    assert_eq!(answer.headers()["retry-after"], "2");
    let page = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(page.contains("<dd>2 seconds</dd>"), "{page}");
}
