//! The documents in full, which the tests against other people's programs read as well, and what holds for all of them.

mod models;
mod properties;

use serde_json::json;

use super::*;

const NAMELESS: Info<'_> = Info {
    name: " ",
    description: None,
    version: None,
};

fn route(key: &str) -> Route {
    Route {
        key: key.to_owned(),
        operation_name: None,
        authorization_type: None,
        authorization_scopes: Vec::new(),
        api_key_required: false,
        request_models: BTreeMap::new(),
        request_parameters: BTreeMap::new(),
        is_two_way: false,
    }
}

fn taking(key: &str, models: &[(&str, &str)]) -> Route {
    let models = models
        .iter()
        .map(|(key, model)| ((*key).to_owned(), (*model).to_owned()));
    Route {
        request_models: models.collect(),
        ..route(key)
    }
}

fn connect(parameters: &[(&str, bool)]) -> Route {
    let parameters = parameters
        .iter()
        .map(|(name, required)| ((*name).to_owned(), *required));
    Route {
        request_parameters: parameters.collect(),
        ..route("$connect")
    }
}

fn model(name: &str, schema: &(impl ToString + ?Sized)) -> Model {
    Model {
        name: name.to_owned(),
        content_type: Some("application/json".to_owned()),
        schema: schema.to_string(),
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn url_of(model: &str) -> String {
    format!("https://apigateway.amazonaws.com/restapis/a1b2c3d4e5/models/{model}")
}

fn parsed(routes: &[Route], models: &[Model], urls: &[&str]) -> Value {
    serde_json::from_str(&asyncapi(NAMELESS, routes, models, &texts(urls))).unwrap()
}

#[test]
fn an_api_without_anything_has_a_valid_document() {
    assert_eq!(asyncapi(NAMELESS, &[], &[], &[]), include_str!("empty.json").trim_end());
}

#[test]
fn an_ordinary_api_is_described_in_full() {
    let order = json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "Order",
        "type": "object",
        "required": ["action", "lines"],
        "properties": {
            "action": {"enum": ["order"]},
            "lines": {"type": "array", "minItems": 1, "items": {"$ref": url_of("Line")}},
            "remark": {"$ref": "#/definitions/remark"},
        },
        "definitions": {"remark": {"type": "string", "maxLength": 200}},
    });
    let line = json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {
            "price": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
            "parts": {"type": "array", "items": {"$ref": url_of("Line")}},
        },
    });
    let routes = [
        route("$connect"),
        route("$disconnect"),
        route("$default"),
        Route {
            operation_name: Some("PlaceOrder".to_owned()),
            is_two_way: true,
            ..taking("order", &[("$default", "Order")])
        },
        taking("line", &[("add", "Line"), ("remove", "LineId")]),
    ];
    let models = [
        model("Order", &order),
        model("Line", &line),
        Model {
            content_type: Some("application/vnd.shop+json".to_owned()),
            ..model("LineId", r#"{"type":"integer"}"#)
        },
    ];
    let info = Info {
        name: "Shop",
        description: Some("Orders as they come in."),
        version: Some("2.1"),
    };
    let urls = texts(&[
        "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod",
        "wss://shop.example.com",
    ]);
    let document = asyncapi(info, &routes, &models, &urls);
    assert_eq!(document, include_str!("ordinary.json").trim_end());
}

#[test]
fn what_a_connection_needs_is_described() {
    let routes = [
        Route {
            authorization_type: Some("AWS_IAM".to_owned()),
            api_key_required: true,
            ..connect(&[
                ("route.request.querystring.room", true),
                ("route.request.querystring.language", false),
                ("route.request.header.X-Client", true),
                ("integration.request.header.X-Inner", true),
            ])
        },
        Route {
            api_key_required: true,
            ..route("send")
        },
    ];
    let urls = texts(&["wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod"]);
    let document = asyncapi(NAMELESS, &routes, &[], &urls);
    assert_eq!(document, include_str!("secured.json").trim_end());
}

#[test]
fn hostile_names_and_schemas_make_a_valid_document() {
    let hostile = "a[b]/c d%~1#é\"";
    let routes = [
        connect(&[
            ("route.request.querystring.a[b]/c d%", true),
            ("route.request.header.constructor", false),
        ]),
        taking("$default", &[("$default", "missing model")]),
        taking("my.route", &[("$default", "Aliased")]),
        taking("constructor", &[("$default", "constructor")]),
        taking(hostile, &[("x/y", hostile), ("x~1y", "Broken")]),
        route("<b>\u{0}\n"),
    ];
    let models = [
        model(
            hostile,
            &json!({"properties": {hostile: {"$ref": "#/definitions/a~1b%25"}, "self": {"$ref": "#"}}, "definitions": {"a/b%": {}}}),
        ),
        model(
            "Aliased",
            &json!({"$ref": "#/definitions/inner", "definitions": {"inner": {"type": "object"}}}),
        ),
        model("Itself", &json!({"$ref": url_of("Itself")})),
        model(
            "Losing",
            &json!({"allOf": [
                {"$ref": url_of("Missing")}, {"$ref": "#/definitions/missing"}, {"$ref": "https://example.com/schema.json"},
                {"$ref": url_of("Broken")}, {"$ref": url_of("Aliased#/definitions/inner")}
            ]}),
        ),
        model("Broken", "{\"type\": "),
        model("List", "[{}]"),
        model("Deep", &format!("{}{}", "{\"not\":".repeat(101) + "1", "}".repeat(101))),
        model(
            "constructor",
            &json!({"$id": 1, "$schema": false, "id": "no uri", "type": "nothing"}),
        ),
        model("a b", &json!({})),
        model("a/b", &json!({})),
    ];
    let urls = texts(&[
        "wss://example.com/a%20b/",
        "wss://example.com/a%20b",
        "https://example.com",
        "wss://",
        "wss:///x",
    ]);
    let document = asyncapi(NAMELESS, &routes, &models, &urls);
    assert_eq!(document, include_str!("hostile.json").trim_end());
}

#[test]
fn a_property_named_ref_is_a_property() {
    let schema = r##"{"properties":{"$ref":{"type":"string"},"next":{"$ref":"#"}},"enum":[{"$ref":1}]}"##;
    let routes = [connect(&[("route.request.querystring.$ref", true)])];
    let document = asyncapi(NAMELESS, &routes, &[model("Pointer", schema)], &[]);
    assert_eq!(document, include_str!("property_named_ref.json").trim_end());
}

#[test]
fn models_that_need_each_other_refer_to_each_other() {
    let models = [
        model("Branch", &json!({"type": "array", "items": {"$ref": url_of("Leaf")}})),
        model("Leaf", &json!({"properties": {"branch": {"$ref": url_of("Branch")}}})),
    ];
    assert_eq!(
        asyncapi(NAMELESS, &[], &models, &[]),
        include_str!("mutual.json").trim_end()
    );
}

#[test]
fn authorisation_of_a_connection_becomes_a_security_scheme() {
    let scopes: &[&str] = &["write", "read", "read"];
    for (kind, scopes, key) in [
        (None, &[][..], None),
        (Some("NONE"), scopes, None),
        (Some("AWS_IAM"), &[], Some("awsIam")),
        (Some("JWT"), scopes, Some("jwt")),
        (Some("CUSTOM"), &[], Some("authorizer")),
        (Some("NEW"), &[], Some("authorizer")),
    ] {
        let connect = Route {
            authorization_type: kind.map(str::to_owned),
            authorization_scopes: texts(scopes),
            ..route("$connect")
        };
        let document = parsed(&[connect], &[], &["wss://example.com"]);
        let Some(key) = key else {
            assert_eq!(document.get("components"), None, "{kind:?}");
            assert_eq!(document["servers"]["server-1"].get("security"), None, "{kind:?}");
            continue;
        };
        let reference = json!([{ "$ref": format!("#/components/securitySchemes/{key}") }]);
        assert_eq!(document["servers"]["server-1"]["security"], reference);
        let scheme = &document["components"]["securitySchemes"][key];
        let description = scheme["description"].as_str().unwrap();
        assert_eq!(
            description.contains("scopes is needed: read, write."),
            !scopes.is_empty(),
            "{kind:?}"
        );
    }
}

#[test]
fn servers_are_sorted_once_each_and_end_in_no_slash() {
    let urls = [
        "wss://b.example.com/x/",
        "wss://a.example.com/",
        "wss://b.example.com/x",
        "https://c.example.com",
        "wss://",
    ];
    let document = parsed(&[], &[], &urls);
    let expected = json!({
        "server-1": {"host": "a.example.com", "protocol": "wss"},
        "server-2": {"host": "b.example.com", "pathname": "/x", "protocol": "wss"},
    });
    assert_eq!(document["servers"], expected);
    assert_eq!(parsed(&[], &[], &[]).get("servers"), None);
}
