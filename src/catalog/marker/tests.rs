//! Markers are read leniently and written so that nothing is lost.

use super::*;
use crate::model::SystemData;

fn entity(name: &str, custom_properties: Value) -> Entity {
    Entity {
        name: EntityName::parse(name).unwrap(),
        properties: Properties::from_iter([("customProperties".to_owned(), custom_properties)]),
        etag: None,
        system_data: SystemData::default(),
    }
}

#[test]
fn what_a_run_that_overlaps_has_listed_meanwhile_stays_listed() {
    let path = metadata_path(API_SCHEMA, "versions");
    for (found, before, after, expected) in [
        ("prod", "prod", "prod test", "prod test"),
        ("blue prod", "prod", "prod test", "blue prod test"),
        ("blue prod", "prod", "", "blue"),
        ("", "prod", "prod test", "test"),
    ] {
        let value = merged(&path, &json!(found), Some(&json!(before)), Some(&json!(after)));
        assert_eq!(value, Some(json!(expected)), "{found:?} {before:?} {after:?}");
    }
    let record = |names: &[&str]| json!(json!({ "format": 1, "name": "shop-a1", "deployments": names }).to_string());
    let path = metadata_path(API_SCHEMA, "record");
    let value = merged(
        &path,
        &record(&["blue", "dev"]),
        Some(&record(&["dev"])),
        Some(&record(&["dev", "test"])),
    );
    let value: Value = serde_json::from_str(value.unwrap().as_str().unwrap()).unwrap();
    assert_eq!(value["deployments"], json!(["blue", "dev", "test"]));
}

/// The marker as it is read where it was written.
fn read_back(marker: &ApiMarker, name: &str) -> Option<ApiMarker> {
    let mut api = entity(name, json!({}));
    for (path, value) in marker.fields() {
        path.set(&mut api.properties, value);
    }
    ApiMarker::read(&api)
}

fn member(api_type: ApiType, id: &str) -> SourceKey {
    SourceKey::parse(&format!("012345678901/us-east-1/{id}"), api_type).unwrap()
}

#[test]
fn kinds_and_urls_are_read_as_they_are_written() {
    let mut marker = ApiMarker::new("shop".to_owned(), &EntityName::parse("shop-a1").unwrap());
    for (members, kept) in [
        (vec![member(ApiType::Rest, "a1")], false),
        (vec![member(ApiType::Http, "a1")], true),
        (vec![member(ApiType::Websocket, "a1")], true),
        (vec![member(ApiType::Http, "a1"), member(ApiType::Rest, "a2")], true),
    ] {
        marker.members = members;
        let (_, record) = marker.fields().pop().unwrap();
        let is_kept = record.unwrap().as_str().unwrap().contains("apiTypes");
        assert_eq!(is_kept, kept, "REST goes without saying: {:?}", marker.members);
        let read = read_back(&marker, "shop-a1").unwrap();
        assert_eq!(read.members, marker.members);
        assert_eq!(read.fields(), marker.fields());
    }
    let urls = [
        "https://api.example.com/v1",
        "wss://a1.execute-api.us-east-1.amazonaws.com/prod",
    ];
    let urls = BTreeMap::from([
        (name("prod").unwrap(), urls.map(str::to_owned).into()),
        (name("dev").unwrap(), vec![]),
    ]);
    marker.record.urls.clone_from(&urls);
    assert_eq!(read_back(&marker, "shop-a1").unwrap().record.urls, urls);
}

#[test]
fn urls_of_the_run_that_writes_last_stay_beside_the_names_of_the_other() {
    let path = metadata_path(API_SCHEMA, "record");
    let record = |names: &[&str], url: &str| {
        let urls = json!({ "dev": [url] });
        json!(
            json!({ "name": "shop-a1", "deployments": names, "urls": urls, "apiTypes": { "-/us-east-1/a1": "HTTP" } })
                .to_string()
        )
    };
    let (found, before) = (record(&["blue", "dev"], "https://b"), record(&["dev"], "https://a"));
    let after = record(&["dev", "test"], "https://c");
    let value = merged(&path, &found, Some(&before), Some(&after)).unwrap();
    let value: Value = serde_json::from_str(value.as_str().unwrap()).unwrap();
    assert_eq!(value["deployments"], json!(["blue", "dev", "test"]));
    assert_eq!(value["urls"], json!({ "dev": ["https://c"] }));
    assert_eq!(value["apiTypes"], json!({ "-/us-east-1/a1": "HTTP" }));
}

#[test]
fn a_broken_list_of_members_asks_for_the_id_on_both_lists() {
    let api = |source: &str, types: Value| {
        let record = json!({ "name": "shop-a1", "apiTypes": types }).to_string();
        let marker = json!({ "aws-sync": { "integration": "shop", "source": source, "record": record } });
        ApiMarker::read(&entity("shop-a1", marker)).unwrap()
    };
    let http = json!({ "-/us-east-1/a1": "HTTP" });
    for (source, types, expected) in [
        ("-/us-east-1/a1", json!({}), vec![ApiType::Rest]),
        ("-/us-east-1/a1", http.clone(), vec![ApiType::Http]),
        (
            "-/us-east-1/a1",
            json!({ "-/us-east-1/a1": "SOAP" }),
            vec![ApiType::Rest],
        ),
        ("", http.clone(), vec![ApiType::Rest, ApiType::Http]),
        ("a1 ?", http, vec![ApiType::Rest, ApiType::Http]),
    ] {
        let origins = api(source, types.clone()).origins(&EntityName::parse("shop-a1").unwrap());
        let found: Vec<(ApiType, &str)> = origins
            .iter()
            .map(|origin| (origin.api_type, origin.api_id.as_str()))
            .collect();
        let expected: Vec<(ApiType, &str)> = expected.into_iter().map(|api_type| (api_type, "a1")).collect();
        assert_eq!(found, expected, "{source:?} {types}");
    }
}

#[test]
fn a_deployments_marker_tells_the_kind_of_its_api() {
    for api_type in ApiType::ALL {
        let names = ["shop-a1", "prod", "prod"].map(|text| EntityName::parse(text).unwrap());
        let [api, own, version] = &names;
        let from = member(api_type, "a1");
        let marker = StageMarker::new("shop".to_owned(), (api, own, version), &from, ("prod", "d1"), None);
        let mut deployment = entity("prod", json!({}));
        for (path, value) in marker.fields() {
            path.set(&mut deployment.properties, value);
        }
        assert_eq!(StageMarker::read(&deployment), Some(marker));
    }
}

#[test]
fn what_another_release_keeps_in_a_record_stays() {
    let record = r#"{"format":7,"name":"shop-a1","state":"synced","deployments":["dev"],"later":{"a":1}}"#;
    let api = entity(
        "shop-a1",
        json!({ "aws-sync": { "integration": "shop", "source": "", "versions": "dev", "record": record } }),
    );
    let marker = ApiMarker::read(&api).unwrap();
    let (_, written) = marker.fields().pop().unwrap();
    let written: Value = serde_json::from_str(written.unwrap().as_str().unwrap()).unwrap();
    assert_eq!(
        (&written["later"]["a"], &written["state"]),
        (&json!(1), &json!("synced"))
    );
}

#[test]
fn what_cannot_be_read_of_a_record_takes_nothing_else_along() {
    let record = r#"{"name":"shop-a1","state":"postponed","skipped":[{"reason":"Snow"}],"deployments":["dev"]}"#;
    let marker = json!({ "aws-sync": { "integration": "shop", "versions": "dev ..", "record": record } });
    let marker = ApiMarker::read(&entity("shop-a1", marker)).unwrap();
    assert_eq!(marker.record.state, ApiState::Updating);
    assert_eq!((marker.record.skipped.len(), marker.record.deployments.len()), (0, 1));
    assert_eq!(marker.versions.len(), 1);
}

#[test]
fn a_marker_of_another_entity_is_none() {
    let marker = ApiMarker::new("shop".to_owned(), &EntityName::parse("shop-a1").unwrap());
    let mut properties = Properties::new();
    for (path, value) in marker.fields() {
        path.set(&mut properties, value);
    }
    let custom = &properties["customProperties"];
    assert_eq!(ApiMarker::read(&entity("shop-a1", custom.clone())), Some(marker));
    assert_eq!(ApiMarker::read(&entity("shop-a2", custom.clone())), None);
}
