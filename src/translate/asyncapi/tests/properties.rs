//! What holds for all routes and models.

use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;

/// Names that meet each other often, and any others.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "A",
            "B",
            "a/b",
            "a~1b",
            "a b",
            "%41",
            "$default",
            "$connect",
            "$disconnect",
            "$ref",
            "__proto__"
        ])
        .prop_map(str::to_owned),
        "[ab/~%#\\[\\] ]{0,3}",
        any::<String>(),
    ]
}

fn references() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "#",
            "#/definitions/A",
            "#/properties/$ref",
            "#/%64efinitions/a~1b",
            "#/x/0",
            "",
            "B",
            "#/~"
        ])
        .prop_map(str::to_owned),
        names().prop_map(|name| url_of(&name)),
        names().prop_map(|name| format!("#/definitions/{name}")),
        any::<String>(),
    ]
}

fn schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!(null)),
        any::<i64>().prop_map(Value::from),
        references().prop_map(|reference| json!({ "$ref": reference })),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        let names = prop_oneof![
            names(),
            prop::sample::select(vec!["$ref", "definitions", "properties", "x", "description"]).prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            references().prop_map(Value::from),
        ]
    })
}

prop_compose! {
    fn routes()(
        key in names(),
        operation_name in prop::option::of(any::<String>()),
        authorization_type in prop::option::of(prop::sample::select(vec!["AWS_IAM", "CUSTOM", "JWT", "NONE", "x"])),
        authorization_scopes in prop::collection::vec(any::<String>(), 0..2),
        (api_key_required, is_two_way) in any::<(bool, bool)>(),
        request_models in prop::collection::btree_map(names(), names(), 0..3),
        parameters in prop::collection::btree_map(names(), any::<bool>(), 0..3),
    ) -> Route {
        let request_parameters = parameters
            .into_iter()
            .map(|(name, required)| (format!("route.request.querystring.{name}"), required))
            .collect();
        Route {
            key,
            operation_name,
            authorization_type: authorization_type.map(str::to_owned),
            authorization_scopes,
            api_key_required,
            request_models,
            request_parameters,
            is_two_way,
        }
    }
}

fn models() -> impl Strategy<Value = Model> {
    let texts = prop_oneof![9 => schemas().prop_map(|schema| schema.to_string()), 1 => any::<String>()];
    (names(), texts).prop_map(|(name, text)| model(&name, &text))
}

/// The texts of all references in a value, however they are meant.
fn all_references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| all_references(item, found)),
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| all_references(member, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn references_lead_somewhere_and_order_does_not_matter(
        routes in prop::collection::vec(routes(), 0..5),
        models in prop::collection::vec(models(), 0..5),
        turn in 0..5_usize,
    ) {
        let urls = texts(&["wss://b.example.com/x", "wss://a.example.com"]);
        let text = asyncapi(NAMELESS, &routes, &models, &urls);
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut references = Vec::new();
        all_references(&document, &mut references);
        for reference in references {
            let fragment = reference.strip_prefix('#').expect("all references are local");
            let pointer = percent_decode_str(fragment).decode_utf8().unwrap();
            prop_assert!(document.pointer(&pointer).is_some_and(Value::is_object), "{reference}\n{text}");
            prop_assert!(fragment.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>[\\]^`{|}".contains(&byte)), "{reference}");
        }
        let (mut routes, mut models, mut urls) = (routes, models, urls);
        let routes_turn = turn.min(routes.len());
        let models_turn = turn.min(models.len());
        routes.rotate_left(routes_turn);
        models.rotate_left(models_turn);
        routes.reverse();
        models.reverse();
        urls.reverse();
        prop_assert_eq!(asyncapi(NAMELESS, &routes, &models, &urls), text);
    }

    #[test]
    fn every_route_of_messages_is_an_operation_with_messages_of_its_own(routes in prop::collection::vec(routes(), 0..6)) {
        let document = parsed(&routes, &[], &[]);
        let keys: BTreeSet<&str> = routes.iter().map(|route| &*route.key).filter(|key| ![CONNECT, DISCONNECT].contains(key)).collect();
        let operations = document["operations"].as_object().unwrap();
        prop_assert_eq!(operations.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys);
        let mut messages = Vec::new();
        operations.values().for_each(|operation| all_references(&operation["messages"], &mut messages));
        let different: BTreeSet<&str> = messages.iter().copied().collect();
        prop_assert_eq!(different.len(), messages.len());
        prop_assert_eq!(document["channels"]["root"]["messages"].as_object().unwrap().len(), messages.len());
    }
}
