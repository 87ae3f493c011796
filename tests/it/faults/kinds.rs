//! The kinds of calls of the handler, and their scenes.

use std::collections::BTreeSet;

use reqwest::header::IF_MATCH;
use sandbox::faults::Matcher;
use sandbox::record::{Exchange, Service};

use super::site::Scene;
use super::site::Scene::{Create, Deferred, Delete, RoleByKey, RoleByToken, Timer};

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    pub service: Service,
    method: &'static str,
    /// Its path and query; `*` stands for a name.
    target: &'static str,
    /// Whether it has `If-Match`, if there are calls of both sorts.
    conditional: Option<bool>,
    /// The scenes in which it occurs when nothing goes wrong.
    scenes: &'static [Scene],
}

/// All of them. Scenes whose only point is one of them have no others.
const KINDS: &[Kind] = &[
    of(
        Service::Identity,
        "a token for vaults",
        "GET",
        "resource=https%3A%2F%2Fvault",
        &[Create, Timer],
    ),
    of(
        Service::Identity,
        "a token for Azure Resource Manager",
        "GET",
        "resource=https%3A%2F%2F127",
        &[Create, Timer, Delete],
    ),
    of(
        Service::Identity,
        "a token for Amazon",
        "GET",
        "resource=api%3A",
        &[RoleByToken],
    ),
    of(
        Service::KeyVault,
        "the access key's id",
        "GET",
        "/secrets/aws-access-key[/?]",
        &[Create, Timer],
    ),
    of(
        Service::KeyVault,
        "the secret access key",
        "GET",
        "/secrets/aws-secret-access-key[/?]",
        &[Create, Timer],
    ),
    of(
        Service::Sts,
        "the key's account, or the role",
        "POST",
        ".",
        &[Create, Timer, RoleByKey, RoleByToken],
    ),
    of(
        Service::ApiGateway,
        "the list of REST APIs",
        "GET",
        "^/restapis[?]limit=500$",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "a REST API that the list lacks",
        "GET",
        "^/restapis/*$",
        &[Timer],
    ),
    of(
        Service::ApiGateway,
        "the stages",
        "GET",
        "^/restapis/*/stages$",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the export",
        "GET",
        "^/restapis/*/stages/*/exports/",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the list of HTTP and WebSocket APIs",
        "GET",
        "^/v2/apis[?]",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "an HTTP API that the list lacks",
        "GET",
        "^/v2/apis/*$",
        &[Timer],
    ),
    of(
        Service::ApiGateway,
        "the stages of an HTTP or WebSocket API",
        "GET",
        "^/v2/apis/*/stages[?]",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the export of an HTTP API",
        "GET",
        "^/v2/apis/*/exports/",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the routes",
        "GET",
        "^/v2/apis/*/routes[?]",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the models",
        "GET",
        "^/v2/apis/*/models[?]",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the list of domains",
        "GET",
        "^/domainnames[?]",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the mappings of a regional domain",
        "GET",
        "^/v2/domainnames/*/apimappings[?]",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the mappings of another domain",
        "GET",
        "^/domainnames/*/basepathmappings[?]",
        &[Create, Timer],
    ),
    of(
        Service::ApiGateway,
        "the routing rules",
        "GET",
        "^/v2/domainnames/*/routingrules[?]",
        &[Create, Timer],
    ),
    arm("the plan's limits", "GET", "", &[Create, Timer]),
    arm("the metadata schemas", "GET", "/metadataSchemas", &[Create, Timer]),
    arm("a metadata schema", "GET", "/metadataSchemas/*", &[Create]),
    arm("a metadata schema's making", "PUT", "/metadataSchemas/*", &[Create]),
    arm("the environments", "GET", "/environments", &[Create, Timer, Delete]),
    arm("an environment", "GET", "/environments/*", &[Create, Timer, Delete]),
    update(false, "an environment's making", "/environments/*", &[Create]),
    update(
        true,
        "an environment's change",
        "/environments/*",
        &[Create, Timer, Delete],
    ),
    arm("an environment's end", "DELETE", "/environments/*", &[Delete]),
    arm("the APIs", "GET", "/apis", &[Create, Timer, Delete]),
    arm("an API", "GET", "/apis/*", &[Create, Timer, Delete]),
    update(false, "an API's making", "/apis/*", &[Create, Timer]),
    update(true, "an API's change", "/apis/*", &[Create, Timer, Delete]),
    arm("an API's end", "DELETE", "/apis/*", &[Timer, Delete]),
    arm("the versions", "GET", "/apis/*/versions", &[Create, Timer, Delete]),
    arm("a version", "GET", "/apis/*/versions/*", &[]),
    update(false, "a version's making", "/apis/*/versions/*", &[Create, Timer]),
    update(true, "a version's change", "/apis/*/versions/*", &[]),
    arm("a version's end", "DELETE", "/apis/*/versions/*", &[Timer, Delete]),
    arm(
        "the definitions",
        "GET",
        "/apis/*/versions/*/definitions",
        &[Timer, Delete],
    ),
    arm("a definition", "GET", "/apis/*/versions/*/definitions/*", &[]),
    update(
        false,
        "a definition's making",
        "/apis/*/versions/*/definitions/*",
        &[Create, Timer],
    ),
    update(true, "a definition's change", "/apis/*/versions/*/definitions/*", &[]),
    arm(
        "a definition's end",
        "DELETE",
        "/apis/*/versions/*/definitions/*",
        &[Timer, Delete],
    ),
    arm(
        "a definition's import",
        "POST",
        "/apis/*/versions/*/definitions/*/importSpecification",
        &[Create, Timer],
    ),
    arm(
        "a definition's export",
        "POST",
        "/apis/*/versions/*/definitions/*/exportSpecification",
        &[Timer],
    ),
    arm(
        "an import's progress",
        "GET",
        "/apis/*/versions/*/definitions/*/operationResults/*",
        &[Deferred],
    ),
    arm(
        "the deployments",
        "GET",
        "/apis/*/deployments",
        &[Create, Timer, Delete],
    ),
    arm("a deployment", "GET", "/apis/*/deployments/*", &[Timer]),
    update(
        false,
        "a deployment's making",
        "/apis/*/deployments/*",
        &[Create, Timer],
    ),
    update(true, "a deployment's change", "/apis/*/deployments/*", &[Timer]),
    arm(
        "a deployment's end",
        "DELETE",
        "/apis/*/deployments/*",
        &[Timer, Delete],
    ),
];

const fn of(
    service: Service,
    name: &'static str,
    method: &'static str,
    target: &'static str,
    scenes: &'static [Scene],
) -> Kind {
    Kind {
        name,
        service,
        method,
        target,
        conditional: None,
        scenes,
    }
}

/// A call to the API center, by what is below it or its workspace.
const fn arm(name: &'static str, method: &'static str, target: &'static str, scenes: &'static [Scene]) -> Kind {
    of(Service::ApiCenter, name, method, target, scenes)
}

/// A `PUT` that creates an entity, or updates one that was read before.
const fn update(conditional: bool, name: &'static str, target: &'static str, scenes: &'static [Scene]) -> Kind {
    Kind {
        conditional: Some(conditional),
        ..arm(name, "PUT", target, scenes)
    }
}

impl Kind {
    /// The matcher for its calls.
    pub fn matcher(&self) -> Matcher {
        Matcher {
            service: Some(self.service),
            method: Some(self.method.parse().unwrap()),
            target: Some(self.pattern().parse().unwrap()),
            writes_only: false,
            conditional: self.conditional,
            ..Matcher::default()
        }
    }

    fn pattern(&self) -> String {
        let target = self.target.replace("/*", "/[^/?]+");
        if self.service == Service::ApiCenter {
            format!("/services/[^/?]+(/workspaces/default)?{target}[?]")
        } else {
            target
        }
    }

    /// Whether a call is of this kind.
    pub fn is_of(&self, exchange: &Exchange) -> bool {
        let (matcher, conditional) = (self.matcher(), exchange.request_headers.contains_key(IF_MATCH));
        matcher.service == Some(exchange.service)
            && matcher.method.as_ref() == Some(&exchange.method)
            && matcher.conditional.is_none_or(|wanted| wanted == conditional)
            && matcher.target.is_some_and(|target| target.is_match(&exchange.target))
    }
}

/// The kinds of calls of a scene, checked against its record: no call may be missing in the table, and every kind must
/// occur.
pub fn kinds_of(scene: Scene, exchanges: &[Exchange]) -> Vec<Kind> {
    let mut found = BTreeSet::new();
    for exchange in exchanges {
        let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| kind.is_of(exchange)).collect();
        let [kind] = kinds[..] else {
            panic!(
                "{scene:?}: {} {} is of the kinds {kinds:?}",
                exchange.method, exchange.target
            );
        };
        found.insert(kind.name);
    }
    let kinds: Vec<Kind> = KINDS
        .iter()
        .copied()
        .filter(|kind| kind.scenes.contains(&scene))
        .collect();
    let wanted: BTreeSet<&str> = kinds.iter().map(|kind| kind.name).collect();
    if scene.is_about_all() {
        assert_eq!(
            found, wanted,
            "{scene:?}: the kinds of calls made, and those in the table"
        );
    } else {
        assert!(
            found.is_superset(&wanted),
            "{scene:?}: {found:?} lacks some of {wanted:?}"
        );
    }
    kinds
}
