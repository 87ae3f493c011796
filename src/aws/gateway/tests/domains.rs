//! Custom domains, and what they lead to.

use super::*;
use crate::model::{Domain, Domains, Known, Mapping};

/// An answer that lists these domains.
fn names(items: &str) -> Answer {
    answer(200, format!(r#"{{"item":[{items}]}}"#))
}

/// A regional domain with TLS 1.2, and these members beside.
fn regional(name: &str, beside: &str) -> String {
    let endpoint = r#""endpointConfiguration":{"types":["REGIONAL"]},"securityPolicy":"TLS_1_2""#;
    format!(r#"{{"domainName":"{name}",{endpoint}{beside}}}"#)
}

fn mappings(items: &str) -> Answer {
    answer(200, format!(r#"{{"items":[{items}]}}"#))
}

fn base_paths(items: &str) -> Answer {
    answer(200, format!(r#"{{"item":[{items}]}}"#))
}

fn rules(items: &str) -> Answer {
    answer(200, format!(r#"{{"routingRules":[{items}]}}"#))
}

fn mapping(api_id: &str, stage: Option<&str>, key: &str) -> Mapping {
    Mapping {
        api_id: id(api_id),
        stage: stage.map(str::to_owned),
        key: key.to_owned(),
    }
}

/// How far a domain is known, in a word.
fn word(known: &Known) -> &'static str {
    match known {
        Known::All => "all",
        Known::RestOnly(_) => "rest",
        Known::Nothing(_) => "nothing",
    }
}

impl Bench {
    /// The domains, whose list can be read.
    async fn domains(&self) -> Vec<Domain> {
        match self.gateway.domains().await {
            Domains::Listed(domains) => domains,
            Domains::Unknown(why) => panic!("{why}"),
        }
    }

    /// The only domain of the list.
    async fn domain(&self) -> (Vec<Mapping>, &'static str) {
        let mut domains = self.domains().await;
        assert_eq!(domains.len(), 1);
        let domain = domains.remove(0);
        (domain.mappings, word(&domain.known))
    }

    /// The requests after the one that lists the domains.
    fn requests_of_domains(&self) -> Vec<String> {
        let mut requests = self.requests();
        assert_eq!(requests.remove(0), "GET /domainnames?limit=500");
        requests
    }
}

#[tokio::test]
async fn a_domain_is_asked_for_where_its_kind_is_told() {
    const V1: &str = "GET /domainnames/api.example.com/basepathmappings?limit=500";
    const PRIVATE: &str = "GET /domainnames/api.example.com/basepathmappings?domainNameId=p1&limit=500";
    const V2: &str = "GET /v2/domainnames/api.example.com/apimappings?maxResults=100";
    let of = |members: &str| format!(r#"{{"domainName":"API.example.com"{members}}}"#);
    let v1 = || base_paths(r#"{"restApiId":"aaa","stage":"prod","basePath":"v1"}"#);
    let v2 = || mappings(r#"{"apiId":"aaa","stage":"prod","apiMappingKey":"v1","apiMappingId":"m"}"#);
    let table = [
        ("regional", regional("Api.Example.com", ""), v2(), V2),
        ("without an endpoint", of(""), v2(), V2),
        (
            "TLS 1.3",
            of(r#","endpointConfiguration":{"types":["REGIONAL"]},"securityPolicy":"SecurityPolicy_TLS13_2025_EDGE""#),
            v2(),
            V2,
        ),
        (
            "TLS 1.0",
            of(r#","endpointConfiguration":{"types":["REGIONAL"]},"securityPolicy":"TLS_1_0""#),
            v1(),
            V1,
        ),
        (
            "edge",
            of(r#","endpointConfiguration":{"types":["EDGE"]},"securityPolicy":"TLS_1_2""#),
            v1(),
            V1,
        ),
        (
            "both",
            of(r#","endpointConfiguration":{"types":["EDGE","REGIONAL"]},"securityPolicy":"TLS_1_2""#),
            v1(),
            V1,
        ),
        (
            "private",
            of(r#","domainNameId":"p1","endpointConfiguration":{"types":["PRIVATE"]},"securityPolicy":"TLS_1_2""#),
            v1(),
            PRIVATE,
        ),
    ];
    for (what, item, found, request) in table {
        let bench = Bench::new(vec![names(&item), found]).await;
        let domain = Domain {
            name: "api.example.com".to_owned(),
            mappings: vec![mapping("aaa", Some("prod"), "v1")],
            known: Known::All,
        };
        assert_eq!(bench.domains().await, [domain], "{what}");
        assert_eq!(bench.requests_of_domains(), [request], "{what}");
    }
}

#[tokio::test]
async fn a_domain_that_stands_for_many_hosts_is_not_asked_about() {
    let list = names(&[regional("*.example.com", ""), regional("api.example.com", "")].join(","));
    let bench = Bench::new(vec![list, mappings("")]).await;
    let domains = bench.domains().await;
    let found: Vec<&str> = domains.iter().map(|domain| &*domain.name).collect();
    assert_eq!(found, ["api.example.com"]);
    assert_eq!(bench.requests().len(), 2);
}

#[tokio::test]
async fn the_older_version_is_asked_where_the_newer_one_does_not_know() {
    let denied = || coded(403, "AccessDeniedException", "no");
    let found = || base_paths(r#"{"restApiId":"aaa","stage":"prod"}"#);
    let only = "Only REGIONAL domain names can be managed through the API Gateway V2 API";
    let fails = |status: u16| vec![answer(status, ""); ATTEMPTS as usize];
    let read = || vec![mapping("aaa", Some("prod"), "")];
    //    what v2 answers, what v1 answers → the mappings, how far they are known
    let table = [
        (
            "400",
            vec![coded(400, "BadRequestException", only), answer(200, r#"{"items":[]}"#)],
            found(),
            read(),
            "rest",
        ),
        (
            "400 where there are no HTTP APIs",
            vec![
                coded(400, "BadRequestException", "Bad Request"),
                answer(400, r#"{"message": "Value \'function:\' at \'functionName\'"}"#),
            ],
            found(),
            read(),
            "all",
        ),
        (
            "404",
            vec![coded(404, "NotFoundException", "no")],
            found(),
            read(),
            "rest",
        ),
        (
            "404 of somebody else",
            vec![answer(404, "<html>")],
            found(),
            read(),
            "rest",
        ),
        ("500", fails(500), found(), read(), "rest"),
        ("503", fails(503), found(), read(), "rest"),
        (
            "404 twice",
            vec![coded(404, "NotFoundException", "no")],
            coded(404, "NotFoundException", "no"),
            vec![],
            "nothing",
        ),
        (
            "400 and denied",
            vec![coded(400, "BadRequestException", only), answer(200, r#"{"items":[]}"#)],
            denied(),
            vec![],
            "nothing",
        ),
        ("denied", vec![denied()], found(), vec![], "nothing"),
        ("an empty answer", vec![answer(200, "")], found(), read(), "rest"),
    ];
    for (what, newer, older, mappings, known) in table {
        let asks_both = known != "nothing" || what.contains("and") || what.contains("twice");
        // A 400 may be because the region has no HTTP APIs at all: their list tells.
        let requests = newer.len() + usize::from(asks_both);
        let list = names(&regional("api.example.com", ""));
        let bench = Bench::new([vec![list], newer, vec![older]].concat()).await;
        assert_eq!(bench.domain().await, (mappings, known), "{what}");
        assert_eq!(bench.requests_of_domains().len(), requests, "{what}");
    }
}

#[tokio::test]
async fn roots_stages_and_targets_are_taken_as_each_version_writes_them() {
    let edge = r#"{"domainName":"api.example.com","endpointConfiguration":{"types":["EDGE"]}}"#;
    let regional = regional("api.example.com", "");
    let older = |item: &str| (edge, base_paths(item));
    let newer = |item: &str| (&*regional, mappings(item));
    let table = [
        (
            older(r#"{"basePath":"(none)","restApiId":"aaa","stage":"prod"}"#),
            Some((Some("prod"), "")),
        ),
        (older(r#"{"restApiId":"aaa","stage":"prod"}"#), Some((Some("prod"), ""))),
        (
            older(r#"{"basePath":"v1","restApiId":"aaa","stage":"(none)"}"#),
            Some((None, "v1")),
        ),
        (older(r#"{"basePath":"v1","restApiId":"aaa"}"#), Some((None, "v1"))),
        (older(r#"{"basePath":"v1","stage":"prod"}"#), None),
        (
            newer(r#"{"apiId":"aaa","stage":"$default"}"#),
            Some((Some("$default"), "")),
        ),
        (
            newer(r#"{"apiId":"aaa","stage":"prod","apiMappingKey":""}"#),
            Some((Some("prod"), "")),
        ),
        (
            newer(r#"{"apiId":"aaa","stage":"prod","apiMappingKey":"a/b"}"#),
            Some((Some("prod"), "a/b")),
        ),
        (newer(r#"{"apiId":"a/a","stage":"prod"}"#), None),
    ];
    for ((item, found), expected) in table {
        let what = format!("{found:?}");
        let bench = Bench::new(vec![names(item), found]).await;
        let expected = expected.map(|(stage, key)| mapping("aaa", stage, key));
        assert_eq!(bench.domain().await, (expected.into_iter().collect(), "all"), "{what}");
    }
}

#[tokio::test]
async fn the_mode_of_a_domain_says_whether_rules_or_mappings_count() {
    let by_key = || mappings(r#"{"apiId":"mmm","stage":"prod","apiMappingKey":"m"}"#);
    let by_rule =
        || rules(r#"{"routingRuleId":"r","priority":1,"actions":[{"invokeApi":{"apiId":"rrr","stage":"prod"}}]}"#);
    let denied = || coded(403, "AccessDeniedException", "no");
    let (m, r) = (mapping("mmm", Some("prod"), "m"), mapping("rrr", Some("prod"), ""));
    let (one, two) = ("ROUTING_RULE_ONLY", "ROUTING_RULE_THEN_BASE_PATH_MAPPING");
    //    the mode, the answers → the mappings, how far they are known
    let table = [
        ("BASE_PATH_MAPPING_ONLY", vec![by_key()], vec![m.clone()], "all"),
        (one, vec![by_rule()], vec![r.clone()], "all"),
        (two, vec![by_key(), by_rule()], vec![m, r.clone()], "all"),
        (one, vec![denied()], vec![], "nothing"),
        (two, vec![by_key(), denied()], vec![], "nothing"),
        (two, vec![denied(), by_rule()], vec![r], "nothing"),
    ];
    for (mode, answers, mappings, known) in table {
        let what = format!("{mode} {answers:?}");
        let requests = answers.len();
        let list = names(&regional("api.example.com", &format!(r#","routingMode":"{mode}""#)));
        let bench = Bench::new([vec![list], answers].concat()).await;
        assert_eq!(bench.domain().await, (mappings, known), "{what}");
        let asked = bench.requests_of_domains();
        assert_eq!(asked.len(), requests, "{what}");
        let rules = "GET /v2/domainnames/api.example.com/routingrules?maxResults=100";
        assert_eq!(
            asked.last().unwrap() == rules,
            mode != "BASE_PATH_MAPPING_ONLY",
            "{what}"
        );
    }
}

#[tokio::test]
async fn rules_lead_to_where_they_lead_whatever_the_headers() {
    let to = |conditions: &str| {
        format!(
            r#"{{"priority":1,"conditions":[{conditions}],"actions":[{{"invokeApi":{{"apiId":"rrr","stage":"prod","stripBasePath":true}}}}]}}"#
        )
    };
    let paths = r#"{"matchBasePaths":{"anyOf":["b","a"]}}"#;
    let headers = r#"{"matchHeaders":{"anyOf":[{"header":"x","valueGlob":"*"}]}}"#;
    let both = format!("{paths},{headers}");
    for (conditions, keys) in [
        ("", vec![""]),
        (paths, vec!["a", "b"]),
        (headers, vec![]),
        (&both, vec![]),
    ] {
        let list = names(&regional("api.example.com", r#","routingMode":"ROUTING_RULE_ONLY""#));
        let bench = Bench::new(vec![list, rules(&to(conditions))]).await;
        let expected = keys.into_iter().map(|key| mapping("rrr", Some("prod"), key)).collect();
        assert_eq!(bench.domain().await, (expected, "all"), "{conditions}");
    }
}

#[tokio::test]
async fn all_pages_of_a_domain_are_read_or_it_is_not_known() {
    let page = |api: &str, token: &str| {
        answer(
            200,
            format!(r#"{{"items":[{{"apiId":"{api}","stage":"prod"}}],"nextToken":"{token}"}}"#),
        )
    };
    let list = || names(&regional("api.example.com", ""));
    let two = ["aaa", "bbb"].map(|api| mapping(api, Some("prod"), ""));
    let bench = Bench::new(vec![list(), page("bbb", "2"), page("aaa", "")]).await;
    assert_eq!(bench.domain().await, (two.into(), "all"));
    let path = "GET /v2/domainnames/api.example.com/apimappings?maxResults=100";
    assert_eq!(
        bench.requests_of_domains(),
        [path.to_owned(), format!("{path}&nextToken=2")]
    );
    let circle = Bench::new(vec![list(), page("aaa", "2")]).await;
    assert_eq!(circle.domain().await, (vec![], "nothing"));
    let cut = Bench::new(vec![
        list(),
        page("aaa", "2"),
        coded(403, "AccessDeniedException", "no"),
    ])
    .await;
    assert_eq!(cut.domain().await, (vec![], "nothing"));
}

#[tokio::test]
async fn a_list_of_domains_that_is_not_whole_leaves_all_of_them_unknown() {
    let first = || answer(200, r#"{"item":[{"domainName":"*.example.com"}],"position":"p"}"#);
    for (answers, why) in [
        (vec![coded(403, "AccessDeniedException", "no")], "denies access"),
        (
            vec![first(), coded(403, "AccessDeniedException", "no")],
            "denies access",
        ),
        (vec![first()], "loop"),
        (vec![names("{}")], "no name"),
        (vec![names(&regional("", ""))], "no name"),
        (vec![answer(200, "")], "empty"),
        (vec![answer(500, "")], "not available"),
    ] {
        let bench = Bench::new(answers).await;
        let domains = bench.gateway.domains().await;
        assert!(
            matches!(&domains, Domains::Unknown(found) if found.contains(why)),
            "{why}: {domains:?}"
        );
        assert_eq!(domains.gaps().len(), 1);
    }
}

#[tokio::test]
async fn domains_that_may_not_be_read_do_not_end_the_work_on_the_gateway() {
    let items: Vec<String> = (0..6)
        .map(|number| regional(&format!("d{number}.example.com"), ""))
        .collect();
    let denied = coded(403, "AccessDeniedException", "no");
    let bench = Bench::new(vec![names(&items.join(",")), denied]).await;
    let known: Vec<&str> = bench.domains().await.iter().map(|domain| word(&domain.known)).collect();
    assert_eq!(known, ["nothing"; 6]);
    for _ in 0..5 {
        assert!(matches!(bench.gateway.domains().await, Domains::Unknown(_)));
    }
    assert_eq!(bench.gateway.refusal(), None);
}

#[tokio::test]
async fn what_is_no_host_name_is_not_asked_about() {
    let odd = ["..", "a/b", "a?b=c", "a b.example.com", "\\u001b.example.com", "a..b"];
    let items: Vec<String> = odd.iter().map(|name| regional(name, "")).collect();
    let bench = Bench::new(vec![names(&items.join(",")), mappings("")]).await;
    assert_eq!(bench.gateway.domains().await.gaps(), Vec::<String>::new());
    assert_eq!(bench.requests().len(), 1, "{:?}", bench.requests());
}
