//! What properties, metadata and quotas refuse and take.

use super::*;

#[test]
fn properties_of_an_api_that_break_a_rule_are_refused_and_named() {
    assert_refused([
        ("apis/new", json!({"kind": "rest"}), "title"),
        ("apis/new", with(api(), "title", json!("")), "title"),
        ("apis/new", with(api(), "title", json!(7)), "title"),
        ("apis/new", with(api(), "title", long(51)), "title"),
        ("apis/new", with(api(), "title", Value::from("😀".repeat(26))), "title"),
        ("apis/new", json!({"title": "a"}), "kind"),
        ("apis/new", with(api(), "kind", json!("ftp")), "kind"),
        ("apis/new", with(api(), "description", long(1001)), "description"),
        ("apis/new", with(api(), "summary", long(201)), "summary"),
        ("apis/new", with(api(), "colour", json!("red")), "colour"),
        (
            "apis/new",
            with(api(), "termsOfService", json!({})),
            "termsOfService.url",
        ),
        (
            "apis/new",
            with(api(), "license", json!({"name": "x".repeat(51)})),
            "license.name",
        ),
        ("apis/new", with(api(), "license", json!({"url": "a b"})), "license.url"),
        (
            "apis/new",
            with(api(), "license", json!({"url": "x.org", "identifier": "MIT"})),
            "license",
        ),
        (
            "apis/new",
            with(api(), "contacts", json!([{"email": "nobody"}])),
            "contacts[0].email",
        ),
        (
            "apis/new",
            with(api(), "externalDocumentation", json!(vec![json!({"url": "x.org"}); 21])),
            "externalDocumentation",
        ),
        (
            "apis/new",
            with(api(), "customProperties", json!({"undeclared": 1})),
            "undeclared",
        ),
        ("apis/ab", api(), "ab"),
        ("apis/a_b", api(), "a_b"),
    ]);
}

#[test]
fn properties_of_other_entities_that_break_a_rule_are_refused_and_named() {
    let uri = |length: usize| format!("https://x/{}", "y".repeat(length - 10));
    assert_refused([
        ("apis/api/versions/new", json!({"title": "v"}), "lifecycleStage"),
        (
            "apis/api/versions/new",
            with(version(), "lifecycleStage", json!("Design")),
            "lifecycleStage",
        ),
        (
            "environments/new",
            with(environment(), "kind", json!("Production")),
            "kind",
        ),
        (
            "environments/new",
            with(environment(), "description", long(1001)),
            "description",
        ),
        (
            "environments/new",
            with(environment(), "server", json!({"type": "Amazon"})),
            "server.type",
        ),
        (
            "environments/new",
            with(
                environment(),
                "server",
                json!({"managementPortalUri": ["x.org", "y.org"]}),
            ),
            "server.managementPortalUri",
        ),
        (
            "apis/api/deployments/new",
            json!({"environmentId": "/workspaces/default/environments/no1"}),
            "environmentId",
        ),
        (
            "apis/api/deployments/new",
            json!({"environmentId": "env"}),
            "environmentId",
        ),
        (
            "apis/api/deployments/new",
            json!({"definitionId": "/workspaces/default/environments/env"}),
            "definitionId",
        ),
        ("apis/api/deployments/new", json!({"server": {}}), "server.runtimeUri"),
        (
            "apis/api/deployments/new",
            json!({"server": {"runtimeUri": ["/api/v 3"]}}),
            "server.runtimeUri[0]",
        ),
        (
            "apis/api/deployments/new",
            json!({"server": {"runtimeUri": ["https://"]}}),
            "server.runtimeUri[0]",
        ),
        (
            "apis/api/deployments/new",
            json!({"server": {"runtimeUri": [uri(201)]}}),
            "server.runtimeUri[0]",
        ),
        ("apis/api/deployments/new", json!({"state": "on"}), "state"),
        (
            "apis/api/deployments/new",
            json!({"description": "x".repeat(501)}),
            "description",
        ),
        ("metadataSchemas/new", json!({"schema": "{"}), "schema"),
        ("metadataSchemas/new", json!({"schema": "{}"}), "schema"),
        (
            "metadataSchemas/new",
            json!({"schema": r#"{"type":"array"}"#}),
            "schema",
        ),
        (
            "metadataSchemas/new",
            json!({"schema": r#"{"type":"string","pattern":"("}"#}),
            "schema",
        ),
        (
            "metadataSchemas/new",
            json!({"schema": r#"{"type":"string"}"#, "assignedTo": [{"entity": "version"}]}),
            "assignedTo[0].entity",
        ),
    ]);
}

#[test]
fn properties_at_their_limits_are_taken() {
    let deployment = json!({
        "title": "x".repeat(50),
        "description": "x".repeat(500),
        "environmentId": "/workspaces/default/environments/ENV",
        "definitionId": format!("{ID}/workspaces/default/apis/api/versions/ver/definitions/def"),
        "state": "active",
        "server": {"runtimeUri": []},
        "customProperties": {},
        "recommended": true,
    });
    for (path, properties) in [
        ("apis/new", with(api(), "title", Value::from("😀".repeat(25)))),
        ("apis/new", with(api(), "kind", json!("REST"))),
        ("apis/new", with(api(), "lifecycleStage", json!("ignored"))),
        ("apis/new", with(api(), "summary", Value::Null)),
        ("apis/api/deployments/new", deployment),
        (
            "metadataSchemas/new",
            json!({"schema": r#"{"type":"array","items":{"type":"string"}}"#}),
        ),
    ] {
        assert_eq!(filled().put(path, properties.clone()), Ok(()), "{path} {properties}");
    }
}

#[test]
fn custom_properties_must_fit_their_schemas() {
    let center = filled();
    let schema = json!({
        "schema": r#"{"type":"object","properties":{"size":{"type":"integer"}}}"#,
        "assignedTo": [{"entity": "api", "required": true}, {"entity": "environment"}],
    });
    center.put("metadataSchemas/extra", schema).unwrap();
    let custom = |value| with(api(), "customProperties", value);
    for (properties, fault) in [
        (api(), "is required"),
        (custom(json!({"extra": 1})), "does not fit"),
        (custom(json!({"extra": {"size": "big"}})), "does not fit"),
        (custom(json!({"Extra": {"size": 1}})), "is required"),
        (custom(json!({"extra": {"size": 1}, "more": 1})), "is not defined"),
    ] {
        let error = center.put("apis/api", properties.clone()).unwrap_err();
        assert!(error.contains(fault), "{properties}: {error}");
    }
    center.put("apis/api", custom(json!({"extra": {"size": 1}}))).unwrap();
    center.put("environments/env", environment()).unwrap();
    let deployment = json!({"customProperties": {"extra": {"size": 1}}});
    assert!(center.put("apis/api/deployments/new", deployment).is_err());
}

#[tokio::test]
async fn metadata_in_use_keeps_its_type_and_stays() {
    let center = filled();
    let schema = |kind: &str| json!({"schema": format!(r#"{{"type":"{kind}"}}"#), "assignedTo": [{"entity": "api"}]});
    center.put("metadataSchemas/extra", schema("string")).unwrap();
    center.put("metadataSchemas/extra", schema("number")).unwrap();
    center
        .put("apis/api", with(api(), "customProperties", json!({"extra": 1.5})))
        .unwrap();
    assert!(center.put("metadataSchemas/extra", schema("string")).is_err());
    let path = format!("{ID}/metadataSchemas/extra");
    assert_eq!(send(&center, "DELETE", &path, None).await.status(), 400);
    center.put("apis/api", api()).unwrap();
    assert_eq!(send(&center, "DELETE", &path, None).await.status(), 204);
}

#[test]
fn an_object_of_metadata_has_at_most_ten_members() {
    let schema = |members: usize| {
        let members: serde_json::Map<_, _> = (0..members)
            .map(|n| (format!("m{n}"), json!({"type": "string"})))
            .collect();
        json!({"schema": json!({"type": "object", "properties": members}).to_string()})
    };
    let center = ApiCenter::new(options());
    assert_eq!(center.put("metadataSchemas/ten", schema(10)), Ok(()));
    assert!(center.put("metadataSchemas/eleven", schema(11)).is_err());
}

#[test]
fn quotas_hold_for_each_plan() {
    let quota = |sku: &str, prefix: &str, properties: &Value| {
        let center = filled();
        center.state().service.sku = sku.to_owned();
        (0..20_000)
            .take_while(|index| center.put(&format!("{prefix}{index:05}"), properties.clone()).is_ok())
            .count()
    };
    let metadata = json!({"schema": r#"{"type":"string"}"#, "assignedTo": [{"entity": "deployment"}]});
    for (prefix, properties, free, standard) in [
        // The sample and the API that is there already count too.
        ("apis/", api(), 198, 9_998),
        ("apis/api/versions/", version(), 4, 99),
        ("apis/api/versions/ver/definitions/", json!({"title": "d"}), 4, 4),
        ("apis/api/deployments/", json!({}), 10, 10),
        ("environments/", environment(), 19, 19),
        ("metadataSchemas/", metadata, 10, 20),
    ] {
        assert_eq!(quota("Free", prefix, &properties), free, "{prefix}");
        assert_eq!(quota("Standard", prefix, &properties), standard, "{prefix}");
    }
}

#[test]
fn a_runtime_uri_may_be_relative() {
    for uri in [
        "https://example.com/v1",
        "/api/v3",
        "api/v3",
        "//example.com/v1",
        "x.org",
    ] {
        let deployment = json!({ "server": { "runtimeUri": [uri] } });
        assert_eq!(filled().put("apis/api/deployments/new", deployment), Ok(()), "{uri}");
    }
}
