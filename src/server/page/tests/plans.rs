//! The pages of plans and explanations.

use super::*;

#[test]
fn a_plan_shows_every_change_and_the_call_that_applies_it() {
    let mut view = a_plan(vec![
        change("apis/shop-a1", Action::Create),
        change("apis/shop-b2", Action::Update),
        change("apis/shop-c3", Action::Delete),
    ]);
    view.deletions_id = Some("feedfeed".to_owned());
    view.message = Some("1 of 3 APIs would be deleted".to_owned());
    let request = SyncRequest {
        deep: true,
        ..SyncRequest::default()
    };
    let page = plan("shop", &view, &request, &visit("")).into_string();
    for text in [
        "Plan of shop",
        "<dt>To create</dt><dd><strong>1</strong>",
        "3 of 3 changes",
        "1 of 3 APIs would be deleted",
        "/shop/sync?confirmDeletions=feedfeed",
        "/shop/sync?planId=0123456789abcdef&amp;deep=true",
        "API<br><code class=\"quiet\">apis/shop-b2</code>",
        "<code>&quot;Old&quot;</code> → <code>&quot;New&quot;</code>",
        "(map[0].set)",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let page = plan_of(&a_plan(Vec::new()), &visit(""));
    assert!(page.contains("No changes") && !page.contains("planId"), "{page}");
    let incomplete = PlanView {
        complete: false,
        remaining: 5,
        ..a_plan(vec![change("apis/shop-a1", Action::Create)])
    };
    let page = plan_of(&incomplete, &visit(""));
    assert!(
        page.contains("5 APIs were not looked at") && !page.contains("planId"),
        "{page}"
    );
}

#[test]
fn a_plan_of_thousands_is_cut_and_says_so() {
    let change = |number| change(&format!("apis/shop-{number}"), Action::Create);
    let page = plan_of(&a_plan((0..10_000).map(change).collect()), &visit(""));
    assert!(page.contains("500 of 10000 changes") && page.contains("Accept: text/plain"));
    assert!(page.contains("<strong>10000</strong>"), "all are counted");
    assert_eq!(page.matches("<details>").count(), 500);
}

#[test]
fn an_explanation_tells_what_was_found_and_can_be_asked_for_again() {
    let page = explanation_of(&found(Finding::Differs, "Orders"), &visit(""));
    for text in [
        "<h2>Orders <span class=\"badge partial\">differs</span></h2>",
        "this is what is with Orders",
        "<code>a1b2c3d4e5</code>",
        "https://portal.azure.com/#resource/x/workspaces/default/apis/shop-a1b2c3d4e5",
        "1 of 1 changes",
        "Members disagree: 1",
        "action=\"/api/integrations/shop/explain\"",
        "name=\"api\" value=\"Orders\" required",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
}
