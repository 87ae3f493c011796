use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::super::answer::problem_answer;
use super::super::query::{ApiFilter, Filter};
use super::*;
use crate::engine::{
    ApiCondition, ApiView, Condition, IntegrationDetail, IntegrationProperties, IntegrationView, LinkState, LinkWord,
};
use crate::model::document::{DocumentProperties, SourceProperties};
use crate::model::{
    AccountId, ApiType, Conflict, ErrorCode, Failure, Gateway, GatewayReport, GatewayState, Outcome, PastRun, Problem,
    Region, Report, Requests, SkipReason, Skipped, Totals,
};

const HOSTILE: &str = r#""><script>alert(1)</script>'&amp;<img src=x onerror=alert(1)>"#;
const PORTAL: &str = "https://portal.azure.com/#resource/x/overview";
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
        },
    }
}

fn api(number: usize, condition: ApiCondition) -> ApiView {
    ApiView {
        name: format!("shop-{number:010}"),
        title: format!("API {number}"),
        api_id: format!("{number:010}"),
        api_type: Some(ApiType::Rest),
        gateways: vec![Gateway {
            account: AccountId::parse("111122223333"),
            region: Region::parse("us-east-1").unwrap(),
        }],
        stages: vec!["prod".to_owned(), "staging".to_owned()],
        skipped: Vec::new(),
        failure: None,
        condition,
        console_url: Some(format!("https://us-east-1.console.aws.amazon.com/apigateway/{number}")),
    }
}

fn visit(query: &str) -> Visit {
    Visit::of(&format!("/api/integrations?{query}").parse().unwrap())
}

fn code_query() -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", CODE)
        .finish()
}

fn overview_of(views: &[IntegrationView], visit: &Visit) -> String {
    overview(views, views.len(), &Filter::default(), visit, PORTAL).into_string()
}

fn detail(integration: IntegrationView, apis: Vec<ApiView>) -> IntegrationDetail {
    IntegrationDetail {
        integration,
        apis,
        conflict_titles: BTreeMap::from([("apis/shop-c3".to_owned(), "By hand".to_owned())]),
    }
}

fn detail_of(integration: IntegrationView, apis: Vec<ApiView>) -> String {
    integration_page(&detail(integration, apis), &ApiFilter::default(), &Visit::default())
}

fn integration_page(detail: &IntegrationDetail, filter: &ApiFilter, visit: &Visit) -> String {
    integration(detail, filter, visit, PORTAL).into_string()
}

/// What is between these two texts, each time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let parts = text.split(before).skip(1);
    parts.filter_map(|rest| rest.split(after).next()).collect()
}

#[test]
fn every_integration_has_its_row() {
    let mut held = report(Outcome::Held);
    held.deletions_id = Some("0123abcd".to_owned());
    held.message = Some("9 of 10 APIs would be deleted".to_owned());
    let views = [
        view("new", None),
        view("good", Some(report(Outcome::Succeeded))),
        view("held", Some(held)),
        view("bad", Some(report(Outcome::Failed))),
        view("late", Some(report(Outcome::Partial))),
    ];
    let page = overview_of(&views, &Visit::default());
    for view in &views {
        assert!(
            page.contains(&format!(r#"<a href="/api/integrations/{}">"#, view.name)),
            "{page}"
        );
    }
    for word in ["initializing", "succeeded", "held", "error", "partial"] {
        assert!(
            page.contains(&format!(r#"<span class="badge {word}">{word}</span>"#)),
            "{word}"
        );
    }
    assert!(page.contains("9 of 10 APIs would be deleted"));
    assert!(
        page.contains("/api/integrations/held/sync?confirmDeletions=0123abcd"),
        "{page}"
    );
    assert!(page.contains("5 of 5 integrations") && page.contains(r#"<td class="wide">nothing</td>"#));
    assert!(page.contains("<time datetime=\"2026-11-23T12:01:30Z\">2026-11-23 12:01 UTC</time>"));
    assert_eq!(page.matches("<svg").count(), 4, "a chart for all that had a run");
}

#[test]
fn what_is_wrong_is_told_with_what_helps() {
    let mut bad = report(Outcome::Partial);
    bad.skipped = vec![Skipped {
        api_type: ApiType::Rest,
        account: None,
        region: "us-east-1".to_owned(),
        api_id: "a1".to_owned(),
        title: Some("Orders".to_owned()),
        stage_name: Some("v1".to_owned()),
        reason: SkipReason::DefinitionTooLarge,
        message: "it has 4 MiB".to_owned(),
    }];
    bad.failed = vec![Failure {
        api_type: ApiType::Rest,
        account: None,
        region: "us-east-1".to_owned(),
        api_id: "b2".to_owned(),
        title: None,
        message: "Amazon is down".to_owned(),
    }];
    bad.conflicts = vec![Conflict {
        name: "apis/shop-c3".to_owned(),
    }];
    bad.remaining = 12;
    bad.retry_after_seconds = Some(0);
    bad.totals = Some(Totals {
        skipped: 30,
        failed: 1,
        conflicts: 1,
        gateways: 0,
    });
    let page = detail_of(view("shop", Some(bad)), Vec::new());
    for text in [
        "Skipped: 1 of 30",
        "Orders <span class=\"quiet\"><code>a1</code></span>, stage <code>v1</code>: it has 4 MiB",
        "<li>and 29 more</li>",
        "<li><code>b2</code>: ",
        "By hand <span class=\"quiet\"><code>apis/shop-c3</code></span>",
        "Split the API",
        "Amazon is down",
        "apis/shop-c3",
        "no time for 12 APIs",
        "shop/sync&quot;",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
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
    hostile_api.stages = vec![HOSTILE.to_owned()];
    hostile_api.failure = Some(HOSTILE.to_owned());
    hostile_api.console_url = Some(HOSTILE.to_owned());
    let filter = ApiFilter {
        of_api: Filter {
            search: Some(HOSTILE.to_owned()),
            state: None,
        },
        ..ApiFilter::default()
    };
    let detail = detail(hostile.clone(), vec![hostile_api]);
    let visit = visit(&code_query());
    let pages = [
        overview(
            &[hostile],
            1,
            &Filter {
                search: filter.of_api.search.clone(),
                state: Some(Condition::Held),
            },
            &visit,
            PORTAL,
        )
        .into_string(),
        integration_page(&detail, &filter, &visit),
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
    ];
    for page in pages {
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
                link.starts_with("https://") || ["data:,", "#content"].contains(link),
                "{link}"
            );
        }
        let hidden = r#"<input type="hidden" name="code" value="a+b/c==&quot;&amp;&lt;d&gt;">"#;
        assert_eq!(page.matches(hidden).count(), 1, "{page}");
        let rest = page
            .replace(hidden, "")
            .replace("code=a%2Bb%2Fc%3D%3D%22%26%3Cd%3E", "");
        assert!(!rest.contains("a+b/c") && !rest.contains("a%2Bb"), "{rest}");
    }
    assert!(!format!("{visit:?}").contains("a+b"), "{visit:?}");
    assert!(!overview_of(&[], &Visit::default()).contains("code="));
}

#[test]
fn links_and_calls_have_the_prefix_that_the_page_was_called_with() {
    let visit = Visit::of(&"/v1/x/integrations?code=1".parse().unwrap());
    let mut held = report(Outcome::Held);
    held.deletions_id = Some("0123abcd".to_owned());
    let detail = detail(view("shop", Some(held)), vec![api(1, ApiCondition::Synced)]);
    let pages = [
        overview_of(&[], &visit),
        overview_of(std::slice::from_ref(&detail.integration), &visit),
        integration_page(&detail, &ApiFilter::default(), &visit),
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
    assert_eq!(outside.len(), 3, "{outside:?}");
    assert!(
        outside.iter().all(|link| link.contains(r#"rel="noreferrer noopener""#)),
        "{outside:?}"
    );
    assert!(page.contains(PORTAL) && page.contains("console.aws.amazon.com"));
}

#[test]
fn a_filter_chooses_and_is_shown() {
    let detail = detail(
        view("shop", None),
        vec![
            api(1, ApiCondition::Synced),
            api(2, ApiCondition::Failed),
            api(12, ApiCondition::Synced),
        ],
    );
    let shown = |search: Option<&str>, state| {
        let filter = ApiFilter {
            of_api: Filter {
                search: search.map(str::to_owned),
                state,
            },
            ..ApiFilter::default()
        };
        let page = integration_page(&detail, &filter, &Visit::default());
        let caption = between(&page, "<caption>", "</caption>")[0].to_owned();
        (caption, page)
    };
    assert_eq!(shown(Some("aPi 1"), None).0, "2 of 3 APIs");
    assert_eq!(shown(Some("1"), Some(ApiCondition::Failed)).0, "0 of 3 APIs");
    let (caption, page) = shown(None, Some(ApiCondition::Failed));
    assert_eq!(caption, "1 of 3 APIs");
    assert!(
        page.contains(r#"<option value="failed" selected>"#) && page.contains("Show all"),
        "{page}"
    );
}

#[test]
fn apis_are_chosen_by_account_and_region() {
    let mut elsewhere = api(2, ApiCondition::Synced);
    elsewhere.gateways = ["us-east-1", "eu-west-1"]
        .map(|region| Gateway {
            account: AccountId::parse("444455556666"),
            region: Region::parse(region).unwrap(),
        })
        .to_vec();
    let mut unknown = api(3, ApiCondition::Synced);
    unknown.gateways.clear();
    let detail = detail(
        view("shop", None),
        vec![api(1, ApiCondition::Synced), elsewhere, unknown],
    );
    let shown = |account: Option<&str>, region: Option<&str>| {
        let filter = ApiFilter {
            account: account.map(|account| AccountId::parse(account).unwrap()),
            region: region.map(|region| Region::parse(region).unwrap()),
            ..ApiFilter::default()
        };
        let page = integration_page(&detail, &filter, &Visit::default());
        (between(&page, "<caption>", "</caption>")[0].to_owned(), page)
    };
    assert_eq!(shown(None, None).0, "3 of 3 APIs");
    assert_eq!(shown(Some("444455556666"), None).0, "1 of 3 APIs");
    assert_eq!(shown(None, Some("us-east-1")).0, "2 of 3 APIs");
    // One gateway has to be in both.
    assert_eq!(shown(Some("111122223333"), Some("eu-west-1")).0, "0 of 3 APIs");
    let (caption, page) = shown(Some("999999999999"), Some("eu-west-1"));
    assert_eq!(caption, "0 of 3 APIs");
    for text in [
        r#"<option value="999999999999" selected>"#,
        r#"<option value="111122223333">"#,
        r#"<option value="eu-west-1" selected>"#,
        "<div class=\"whole\">444455556666 eu-west-1</div>",
    ] {
        let page = if text.starts_with("<div") {
            &shown(None, None).1
        } else {
            &page
        };
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[test]
fn gateways_are_shown_with_what_to_do_and_those_first_that_need_it() {
    let mut partial = report(Outcome::Held);
    let mut held = gateway("111122223333", GatewayState::Read);
    (held.held, held.deletions_id) = (Some(9), Some("0123abcd".to_owned()));
    partial.gateways = vec![
        gateway("000011112222", GatewayState::Read),
        held,
        GatewayReport {
            apis: None,
            message: Some("the role cannot be assumed".to_owned()),
            ..gateway("222233334444", GatewayState::Denied)
        },
    ];
    partial.totals = Some(Totals {
        gateways: 40,
        ..Totals::default()
    });
    let page = detail_of(view("shop", Some(partial)), Vec::new());
    let table = between(&page, "aria-label=\"Table of gateways\"", "</table>")[0];
    let accounts = between(table, "<th class=\"whole\" scope=\"row\">", "<br>");
    assert_eq!(accounts, ["111122223333", "222233334444", "000011112222"]);
    for text in [
        "3 of 40 gateways",
        "kept with 3 gateways",
        "<span class=\"badge denied\">denied</span>",
        "the role cannot be assumed",
        "roll the member role out",
        "9 deletions are held.",
        "/shop/sync?confirmDeletions=0123abcd",
        "us-east-1<br>source prod",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!detail_of(view("shop", None), Vec::new()).contains("gateways"));
}

#[test]
fn the_chart_says_in_words_what_it_shows() {
    let runs: Vec<PastRun> = (0..30)
        .map(|number| {
            run(if number == 29 {
                Outcome::Failed
            } else {
                Outcome::Succeeded
            })
        })
        .collect();
    let svg = chart::chart(&runs).into_string();
    assert_eq!(svg.matches("<rect").count(), 24);
    assert_eq!(svg.matches(r#"class="mark""#).count(), 1);
    assert!(
        svg.contains(r#"role="img" aria-label="Last 24 runs: 23 succeeded, 1 failed; the newest failed""#),
        "{svg}"
    );
    assert_eq!(
        chart::chart(&[]).into_string(),
        r#"<span class="quiet">no runs yet</span>"#
    );
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a figure to look at, not an assertion"
)]
fn a_thousand_apis_are_a_page_of_a_thousand_rows() {
    let detail = detail(
        view("shop", Some(report(Outcome::Succeeded))),
        (0..1000).map(|number| api(number, ApiCondition::Synced)).collect(),
    );
    let began: OffsetDateTime = std::time::SystemTime::now().into();
    let page = integration_page(&detail, &ApiFilter::default(), &Visit::default());
    let ended: OffsetDateTime = std::time::SystemTime::now().into();
    println!("1,000 APIs: {} bytes in {}", page.len(), ended - began);
    assert_eq!(page.matches("<tr><th scope=\"row\">API ").count(), 1000);
}

#[tokio::test]
async fn the_page_of_a_problem_tells_the_same_time_to_wait_as_its_header() {
    let problem = Problem::new(ErrorCode::TooManyRequests, "not now");
    let problem = problem.with_retry_after(std::time::Duration::from_millis(1200));
    let answer = problem_answer(&problem, |status| problem_page(&problem, status, &Visit::default()));
    assert_eq!(answer.headers()["retry-after"], "2");
    let page = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(page.contains("<dd>2 seconds</dd>"), "{page}");
}
