//! The service over HTTP, with signed requests.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::{Value, json};

use super::{Member, OrganizationsError, ROOT, Unit};
use crate::clock::now;
use crate::cloud::{Cloud, CloudOptions};
use crate::faults::{FaultRule, Matcher};
use crate::keyring::ACCOUNT;
use crate::record::Service;

const MEMBER: &str = "111111111111";

struct World {
    cloud: Cloud,
    client: reqwest::Client,
}

impl World {
    /// The first account's organisation, with one other account in it.
    async fn new() -> Self {
        let cloud = Cloud::start(CloudOptions::default().unthrottled()).await.unwrap();
        cloud.organizations.create(Member::new(ACCOUNT, "Management"));
        cloud.organizations.put_account(Member::new(MEMBER, "Development"));
        Self {
            cloud,
            client: reqwest::Client::new(),
        }
    }

    fn key(&self) -> (String, String) {
        (
            self.cloud.aws_access_key_id.clone(),
            self.cloud.aws_secret_access_key.clone(),
        )
    }

    fn key_of(&self, account: &str) -> (String, String) {
        self.cloud.add_access_key(&format!("arn:aws:iam::{account}:user/sync"))
    }

    async fn call_in(&self, region: &str, key: &(String, String), operation: &str, input: &Value) -> (u16, Value) {
        let (url, body) = (self.cloud.organizations_url(), input.to_string());
        let target = format!("AWSOrganizationsV20161128.{operation}");
        let host = url.strip_prefix("http://").unwrap();
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let identity = Credentials::new(&key.0, &key.1, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("organizations")
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let signed = headers.into_iter().chain([("host", host)]);
        let signable =
            SignableRequest::new("POST", format!("{url}/"), signed, SignableBody::Bytes(body.as_bytes())).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn call(&self, operation: &str, input: Value) -> (u16, Value) {
        self.call_in("us-east-1", &self.key(), operation, &input).await
    }

    /// The pages of a list: how many entries each has, and the ids of all.
    async fn pages(&self, operation: &str, member: &str, input: Value) -> (Vec<usize>, Vec<String>) {
        let (mut sizes, mut ids, mut input) = (Vec::new(), Vec::new(), input);
        loop {
            let (status, page) = self.call(operation, input.clone()).await;
            assert_eq!(status, 200, "{page}");
            let entries = page[member].as_array().unwrap();
            sizes.push(entries.len());
            ids.extend(entries.iter().map(|entry| entry["Id"].as_str().unwrap().to_owned()));
            if page["NextToken"].is_null() {
                return (sizes, ids);
            }
            input["NextToken"] = page["NextToken"].clone();
        }
    }
}

#[tokio::test]
async fn accounts_come_in_pages_one_of_which_is_empty() {
    let world = World::new().await;
    assert_eq!(world.pages("ListAccounts", "Accounts", json!({})).await.0, [2]);
    let ids: Vec<String> = (0..43).map(|number| format!("2{number:011}")).collect();
    for id in &ids {
        world.cloud.organizations.put_account(Member::new(id, "Member"));
    }
    let (sizes, found) = world.pages("ListAccounts", "Accounts", json!({})).await;
    assert_eq!(sizes, [20, 0, 20, 5]);
    assert_eq!(found[2..], ids);
    world.cloud.organizations.set_page_size(40);
    let few = json!({ "MaxResults": 15 });
    assert_eq!(world.pages("ListAccounts", "Accounts", few).await.0, [15, 0, 15, 15]);
    for bad in [
        json!({ "MaxResults": 21 }),
        json!({ "MaxResults": 0 }),
        json!({ "NextToken": "20.0.x" }),
    ] {
        let (status, refusal) = world.call("ListAccounts", bad).await;
        assert_eq!((status, &refusal["__type"]), (400, &json!("InvalidInputException")));
    }
}

#[tokio::test]
async fn an_account_tells_its_state_and_its_status_or_neither() {
    let world = World::new().await;
    let organizations = &world.cloud.organizations;
    organizations.put_account(Member {
        state: Some("CLOSED".to_owned()),
        status: Some("SUSPENDED".to_owned()),
        ..Member::new("222222222222", "Closed")
    });
    organizations.put_account(Member {
        state: None,
        status: None,
        ..Member::new("333333333333", "Silent")
    });
    let (_, page) = world.call("ListAccounts", json!({})).await;
    let accounts = page["Accounts"].as_array().unwrap();
    let states: Vec<(&Value, &Value)> = accounts.iter().map(|it| (&it["State"], &it["Status"])).collect();
    let (active, null) = (json!("ACTIVE"), Value::Null);
    assert_eq!(
        states,
        [
            (&active, &active),
            (&active, &active),
            (&json!("CLOSED"), &json!("SUSPENDED")),
            (&null, &null)
        ]
    );
    assert_eq!(
        accounts[0]["Arn"],
        "arn:aws:organizations::123456789012:account/o-sandbox001/111111111111"
    );
    assert_eq!(accounts[0]["Name"], "Development");
    organizations.remove_account("222222222222");
    let left = world.pages("ListAccounts", "Accounts", json!({})).await.1;
    assert!(!left.contains(&"222222222222".to_owned()), "{left:?}");
}

#[tokio::test]
async fn units_and_accounts_hang_below_the_root() {
    let world = World::new().await;
    let organizations = &world.cloud.organizations;
    let (workloads, test) = ("ou-sand-workload1", "ou-sand-testtest1");
    for (id, parent) in [(workloads, ROOT), (test, workloads)] {
        organizations.put_unit(Unit {
            id: id.to_owned(),
            name: id.to_owned(),
            parent: parent.to_owned(),
        });
    }
    organizations.put_account(Member {
        parent: test.to_owned(),
        ..Member::new(MEMBER, "Development")
    });
    assert_eq!(world.pages("ListRoots", "Roots", json!({})).await.1, [ROOT]);
    let units = |parent: &str| json!({ "ParentId": parent });
    let list = "ListOrganizationalUnitsForParent";
    assert_eq!(
        world.pages(list, "OrganizationalUnits", units(ROOT)).await.1,
        [workloads]
    );
    assert_eq!(
        world.pages(list, "OrganizationalUnits", units(workloads)).await.1,
        [test]
    );
    assert_eq!(
        world.pages("ListAccountsForParent", "Accounts", units(test)).await.1,
        [MEMBER]
    );
    assert_eq!(
        world.pages("ListAccountsForParent", "Accounts", units(ROOT)).await.1,
        [ACCOUNT]
    );
    for (child, parent, kind) in [
        (MEMBER, test, "ORGANIZATIONAL_UNIT"),
        (test, workloads, "ORGANIZATIONAL_UNIT"),
        (ACCOUNT, ROOT, "ROOT"),
    ] {
        let (_, page) = world.call("ListParents", json!({ "ChildId": child })).await;
        assert_eq!(page["Parents"], json!([{ "Id": parent, "Type": kind }]));
    }
    for (operation, input, code) in [
        (list, units("ou-sand-nothing01"), "ParentNotFoundException"),
        (
            "ListParents",
            json!({ "ChildId": "999999999999" }),
            "ChildNotFoundException",
        ),
        ("ListPolicies", json!({}), "UnknownOperationException"),
    ] {
        assert_eq!(world.call(operation, input).await.1["__type"], code);
    }
}

#[tokio::test]
async fn only_the_management_account_and_delegated_administrators_may_read_it() {
    let world = World::new().await;
    let (member, stranger) = (world.key_of(MEMBER), world.key_of("999999999999"));
    let list = async |key| world.call_in("us-east-1", key, "ListAccounts", &json!({})).await;
    let (status, refusal) = list(&member).await;
    assert_eq!(
        (status, refusal),
        (
            400,
            json!({ "__type": "AccessDeniedException", "Message": "You don't have permissions to access this resource." })
        )
    );
    let (status, described) = world
        .call_in("us-east-1", &member, "DescribeOrganization", &json!({}))
        .await;
    assert_eq!(
        (status, &described["Organization"]["MasterAccountId"]),
        (200, &json!(ACCOUNT))
    );
    world.cloud.organizations.set_delegated_administrator(MEMBER, true);
    assert_eq!(list(&member).await.0, 200);
    world.cloud.organizations.set_delegated_administrator(MEMBER, false);
    assert_eq!(list(&member).await.0, 400);
    assert_eq!(list(&stranger).await.1["__type"], "AWSOrganizationsNotInUseException");
}

#[tokio::test]
async fn signatures_are_for_the_partitions_one_region() {
    let world = World::new().await;
    let (key, nothing) = (world.key(), json!({}));
    let (status, refusal) = world.call_in("eu-west-1", &key, "ListAccounts", &nothing).await;
    assert_eq!((status, &refusal["__type"]), (400, &json!("InvalidSignatureException")));
    let unknown = ("AKIAUNKNOWN".to_owned(), "secret".to_owned());
    let (_, refusal) = world.call_in("us-east-1", &unknown, "ListAccounts", &nothing).await;
    assert_eq!(refusal["__type"], "UnrecognizedClientException");
}

#[tokio::test]
async fn the_second_page_can_be_throttled_for_good() {
    let world = World::new().await;
    world.cloud.organizations.set_page_size(1);
    world.cloud.faults.add(FaultRule {
        matcher: Matcher {
            service: Some(Service::Organizations),
            operation: Some("ListAccounts".to_owned()),
            account: Some(ACCOUNT.to_owned()),
            ..Matcher::default()
        },
        skip: 1,
        times: None,
        fault: OrganizationsError::too_many_requests().into(),
    });
    let (_, first) = world.call("ListAccounts", json!({})).await;
    let rest = json!({ "NextToken": first["NextToken"] });
    assert_eq!(world.call("ListRoots", json!({})).await.0, 200);
    assert_eq!(
        world.call("ListAccounts", rest).await.1["__type"],
        "TooManyRequestsException"
    );
    let denied = OrganizationsError::not_authorized("arn:aws:iam::123456789012:user/sync", "ListAccounts");
    world.cloud.faults.clear();
    world.cloud.faults.add(FaultRule {
        matcher: Matcher::default(),
        skip: 0,
        times: None,
        fault: denied.into(),
    });
    let (_, refusal) = world.call("ListAccounts", json!({})).await;
    let words = refusal["Message"].as_str().unwrap();
    assert!(
        words.contains("is not authorized to perform: organizations:ListAccounts"),
        "{words}"
    );
}
