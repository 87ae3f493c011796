use super::*;
use crate::model::{AccountId, Region};

/// Every path there is, with its methods.
pub(in super::super) fn all() -> Vec<(&'static str, &'static str)> {
    let name = || IntegrationName::parse("shop").unwrap();
    let resources = [
        Resource::All,
        Resource::Description,
        Resource::One(name()),
        Resource::Sync(name()),
        Resource::Plan(name()),
        Resource::Doctor(name()),
        Resource::Explain(name()),
    ];
    resources
        .iter()
        .map(|resource| {
            // A new one must be told of above, too.
            match resource {
                Resource::All
                | Resource::Description
                | Resource::One(_)
                | Resource::Sync(_)
                | Resource::Plan(_)
                | Resource::Doctor(_)
                | Resource::Explain(_) => (resource.template(), resource.allow()),
            }
        })
        .collect()
}

fn route(method: &Method, uri: &str) -> Result<Route, Misrouted> {
    Route::of(method, &uri.parse().unwrap())
}

#[test]
fn every_path_and_method_is_a_route() {
    for (template, allow) in all() {
        let path = template.replace("{name}", "shop");
        let uri = if path.ends_with("/explain") {
            format!("{path}?api=orders")
        } else {
            path.clone()
        };
        for method in [
            Method::GET,
            Method::PUT,
            Method::POST,
            Method::DELETE,
            Method::HEAD,
            Method::PATCH,
        ] {
            let is_there = allow.split(", ").any(|allowed| allowed == method.as_str());
            match route(&method, &uri) {
                Ok(_) => assert!(is_there, "{method} {path}"),
                Err(misrouted) => assert_eq!((is_there, misrouted.allow), (false, Some(allow)), "{method} {path}"),
            }
        }
        let loud = path.to_ascii_uppercase();
        assert_eq!(super::template(&loud), Some(template), "{loud}");
    }
}

#[test]
fn the_route_is_found_below_any_prefix() {
    let one = || Route::Get(IntegrationName::parse("shop").unwrap(), ApiFilter::default());
    for (path, base) in [
        ("/integrations/shop", "/integrations"),
        ("/api/integrations/shop/", "/api/integrations"),
        ("/v1/X/Integrations/shop", "/v1/X/integrations"),
        ("/integrations/integrations/shop", "/integrations/integrations"),
        ("/a%20b/%5C%2f%3F/integrations/shop", "/a%20b/%5C%2F%3F/integrations"),
        (
            "/{tenant}/\\evil/integrations/shop",
            "/%7Btenant%7D/%5Cevil/integrations",
        ),
    ] {
        assert_eq!(route(&Method::GET, path).unwrap(), one(), "{path}");
        assert_eq!(BasePath::of(path).to_string(), base, "{path}");
        assert_eq!(super::template(path), Some("/api/integrations/{name}"), "{path}");
    }
    assert!(matches!(
        route(&Method::GET, "/integrations/integrations"),
        Ok(Route::List(_))
    ));
}

#[test]
fn what_is_not_found_is_told_with_the_prefix_of_the_caller() {
    for (path, told) in [
        (
            "/v1/x/integrations/shop/nothing",
            "integrations are at /v1/x/integrations",
        ),
        ("/integrations/shop/sync/now", "integrations are at /integrations"),
        ("/api/elsewhere", "a path that ends in /integrations"),
        ("//evil.example/integrations/shop", "a path that ends in /integrations"),
        ("/api//integrations/shop", "a path that ends in /integrations"),
        ("/api/integrations/%ff", "a path that ends in /integrations"),
    ] {
        let problem = route(&Method::GET, path).unwrap_err().problem;
        assert_eq!(problem.code, ErrorCode::NotFound, "{path}");
        assert!(problem.message.ends_with(told), "{path}: {problem}");
    }
    assert_eq!(BasePath::of("//evil.example/integrations"), BasePath::default());
}

#[test]
fn a_filter_is_read_and_anything_else_refused() {
    let wanted = Filter {
        search: Some("a b".to_owned()),
        state: Some(Condition::Held),
    };
    let found = route(&Method::GET, "/api/integrations?code=x&search=+a%20b&state=HELD").unwrap();
    assert_eq!(found, Route::List(wanted));
    let empty = "/api/integrations/shop?search=&state=&account=&region=&code=";
    assert!(matches!(route(&Method::GET, empty).unwrap(), Route::Get(_, filter) if filter == ApiFilter::default()));
    let placed = "/api/integrations/shop?account=111122223333&region=eu-west-1";
    let wanted = ApiFilter {
        account: AccountId::parse("111122223333"),
        region: Region::parse("eu-west-1").ok(),
        ..ApiFilter::default()
    };
    assert!(matches!(route(&Method::GET, placed).unwrap(), Route::Get(_, filter) if filter == wanted));
    for uri in [
        "/api/integrations?serach=a",
        "/api/integrations?state=good",
        "/api/integrations/shop?state=held",
        "/api/integrations/shop?account=7",
        "/api/integrations/shop?region=moon",
        "/api/integrations?account=111122223333",
        "/api/integrations/openapi.json?search=a",
    ] {
        assert_eq!(
            route(&Method::GET, uri).unwrap_err().problem.code,
            ErrorCode::InvalidRequest,
            "{uri}"
        );
    }
    assert!(route(&Method::DELETE, "/api/integrations/shop?force=true").is_err());
}

#[test]
fn a_plan_is_asked_for_without_what_only_a_sync_does() {
    let deep = SyncRequest {
        definitions: true,
        deep: true,
        ..SyncRequest::default()
    };
    let query = "definitions=true&deep=TRUE&code=x";
    let planned = route(&Method::GET, &format!("/api/integrations/shop/plan?{query}")).unwrap();
    assert!(matches!(planned, Route::Plan(_, request) if request == deep));
    let synced = route(&Method::POST, &format!("/api/integrations/shop/sync?{query}")).unwrap();
    assert!(matches!(synced, Route::Sync(_, request) if request == deep));
    for only_of_syncs in ["planId=0123", "confirmDeletions=0123"] {
        let refused = route(&Method::GET, &format!("/api/integrations/shop/plan?{only_of_syncs}")).unwrap_err();
        assert_eq!(refused.problem.code, ErrorCode::InvalidRequest, "{only_of_syncs}");
        assert!(route(&Method::POST, &format!("/api/integrations/shop/sync?{only_of_syncs}")).is_ok());
    }
}
