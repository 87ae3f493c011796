//! What the pages list, and how it is chosen.

use super::*;

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
    let page = overview_of(&views, &visit(""));
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
    assert!(page.contains("5 of 5 integrations") && page.contains("nothing to do"));
    let time = "<time datetime=\"2026-11-23T12:01:30Z\">2026-11-23 12:01 UTC</time>";
    assert!(
        page.contains(&format!("{time}, <span class=\"age\">4 minutes ago</span>")),
        "{page}"
    );
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
        ..Totals::default()
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
        let page = integration_page(&detail, &filter, &visit(""));
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
        .map(|region| (at("444455556666", region), String::new()))
        .into();
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
        let page = integration_page(&detail, &filter, &visit(""));
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
        "<span class=\"whole\">444455556666</span> <span class=\"whole\">eu-west-1</span>",
    ] {
        let page = if text.starts_with("<span") {
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
        gateways_to_look_at: 30,
        ..Totals::default()
    });
    let page = detail_of(view("shop", Some(partial)), Vec::new());
    let table = between(&page, "aria-label=\"Table of gateways\"", "</table>")[0];
    let accounts = between(table, "<th class=\"whole\" scope=\"row\">", "<br>");
    assert_eq!(accounts, ["111122223333", "222233334444", "000011112222"]);
    for text in [
        "3 of 40 gateways",
        "names 3 gateways",
        "<strong>40</strong><span class=\"quiet\">30 to look at</span>",
        "30 gateways to look at",
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
fn the_figures_tell_how_many_how_fresh_and_who_is_needed() {
    let mut denied = report(Outcome::Succeeded);
    denied.gateways = vec![
        gateway("111122223333", GatewayState::Read),
        gateway("222233334444", GatewayState::Denied),
    ];
    let mut late = report(Outcome::Partial);
    late.remaining = 7;
    let mut views = [
        view("good", Some(report(Outcome::Succeeded))),
        view("denied", Some(denied)),
        view("late", Some(late)),
        view("bad", Some(report(Outcome::Failed))),
    ];
    for late in &mut views[2..] {
        late.properties.last_success_on = Some("2026-11-21T12:05:45Z".to_owned());
    }
    let page = overview_of(&views, &visit(""));
    let figures = between(&page, "<dl class=\"figures\">", "</dl>")[0];
    for text in [
        "<strong>12</strong><span class=\"quiet\">from 4 integrations</span>",
        "<strong>2 days ago</strong>",
        "<strong>2</strong><span class=\"quiet\">1 to look at</span>",
        // More time is all that `late` needs.
        "<strong>2</strong><span class=\"quiet\"><a href=\"/api/integrations/denied\">denied</a>, \
         <a href=\"/api/integrations/bad\">bad</a></span>",
    ] {
        assert!(figures.contains(text), "{text}: {figures}");
    }
    views[0].properties.last_success_on = None;
    let page = overview_of(&views, &visit(""));
    assert!(page.contains("<strong>never</strong>"), "{page}");
    let page = detail_of(views[1].clone(), Vec::new());
    assert!(page.contains("<a href=\"#todo\">1 gateway to look at</a>"), "{page}");
    assert!(page.contains("<h2 id=\"todo\">"), "{page}");
}

#[test]
fn an_api_is_shown_with_its_owner_its_urls_and_both_consoles() {
    let mut orders = api(1, ApiCondition::Synced);
    orders.owners = vec!["Team Shop".to_owned()];
    orders.stages[0].urls = (0..5).map(|number| format!("https://{number}.example.com")).collect();
    let page = detail_of(view("shop", None), vec![orders]);
    for text in [
        "Owner: Team Shop",
        "<b>prod</b><details><summary>5 URLs</summary>",
        "<b>staging</b><ul class=\"plain\"><li><span class=\"url\">https://api.example.com/staging</span></li></ul>",
        "href=\"https://us-east-1.console.aws.amazon.com/apigateway/1\"",
        "href=\"https://portal.azure.com/#resource/x/workspaces/default/apis/shop-0000000001\"",
        "href=\"/api/integrations/shop/explain?api=shop-0000000001\"",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[test]
fn apis_are_chosen_by_kind() {
    let mut http = api(2, ApiCondition::Synced);
    http.api_type = Some(ApiType::Http);
    let detail = detail(view("shop", None), vec![api(1, ApiCondition::Synced), http]);
    let filter = ApiFilter {
        kind: Some(ApiType::Http),
        ..ApiFilter::default()
    };
    let page = integration_page(&detail, &filter, &visit(""));
    assert!(
        page.contains("1 of 2 APIs") && page.contains("API 2") && !page.contains("API 1"),
        "{page}"
    );
    assert!(page.contains(r#"<option value="HTTP" selected>"#), "{page}");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a figure to look at, not an assertion"
)]
fn ten_thousand_apis_are_a_hundred_pages() {
    let detail = detail(
        view("shop", Some(report(Outcome::Succeeded))),
        (0..10_000).map(|number| api(number, ApiCondition::Synced)).collect(),
    );
    let mut filter = ApiFilter::default();
    filter.of_api.search = Some("api".to_owned());
    filter.kind = Some(ApiType::Rest);
    let visit = visit(&code_query());
    let mut shown = Vec::new();
    for (page, first, links) in [
        (0, "API 0", 2),
        (57, "API 5700", 4),
        (99, "API 9900", 2),
        (1000, "API 9900", 2),
    ] {
        filter.page = page;
        let began: OffsetDateTime = std::time::SystemTime::now().into();
        let text = integration_page(&detail, &filter, &visit);
        let ended: OffsetDateTime = std::time::SystemTime::now().into();
        println!("page {page} of 10,000 APIs: {} bytes in {}", text.len(), ended - began);
        assert!(text.contains("10000 of 10000 APIs"), "{text}");
        assert_eq!(text.matches("<tr><th scope=\"row\">API ").count(), 100);
        assert!(text.contains(&format!("<tr><th scope=\"row\">{first}<br>")), "{first}");
        let paging = between(&text, "<nav class=\"paging\"", "</nav>")[0].to_owned();
        assert_eq!(paging.matches("<a ").count(), links, "{paging}");
        shown.push(paging);
    }
    assert!(shown[1].contains("Page 58 of 100"), "{}", shown[1]);
    let next = "/api/integrations/shop?search=api&amp;kind=REST&amp;page=59&amp;code=a%2Bb%2Fc%3D%3D%22%26%3Cd%3E#apis";
    assert!(
        shown[1].contains(&format!("<a href=\"{next}\">Next</a>")),
        "{}",
        shown[1]
    );
    assert!(!detail_of(view("shop", None), vec![api(1, ApiCondition::Synced)]).contains("class=\"paging\""));
}
