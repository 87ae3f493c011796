//! From the identity's token to each member's gateway, as the handler goes.

use std::cell::RefCell;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::json;
use url::form_urlencoded;

use super::Company;
use crate::api_gateway::RestApi;
use crate::clock::now;
use crate::cloud::{AUDIENCE, Cloud, CloudOptions};
use crate::estate::FullEstate;
use crate::token::{Claims, OBJECT_ID};

const FORM: &str = "application/x-www-form-urlencoded";

/// A signed request: its status and its body.
async fn call(url: &str, service: &str, region: &str, key: Option<&Credentials>, body: String) -> (u16, String) {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let client = reqwest::Client::new();
    let mut request = client
        .request(method.parse().unwrap(), url)
        .header("content-type", FORM);
    if let Some(key) = key {
        let identity = key.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let host = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let headers = [("host", host), ("content-type", FORM)];
        let signable =
            SignableRequest::new(method, url, headers.into_iter(), SignableBody::Bytes(body.as_bytes())).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            request = request.header(name, value);
        }
    }
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// A session of a role, for a token where there is no key.
async fn assume(
    cloud: &Cloud,
    role: &str,
    external_id: Option<&str>,
    key: Option<&Credentials>,
) -> Option<Credentials> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", "apicenter-shop"),
    ]);
    if key.is_some() {
        form.append_pair("Action", "AssumeRole");
        form.extend_pairs(external_id.map(|id| ("ExternalId", id)));
    } else {
        let token = Claims::new(AUDIENCE, OBJECT_ID, Duration::from_mins(5)).signed();
        form.extend_pairs([("Action", "AssumeRoleWithWebIdentity"), ("WebIdentityToken", &token)]);
    }
    let url = format!("{}/", cloud.sts_url());
    let (status, text) = call(&url, "sts", "eu-west-1", key, form.finish()).await;
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.to_owned())
    };
    (status == 200).then(|| {
        Credentials::new(
            element("AccessKeyId").unwrap(),
            element("SecretAccessKey").unwrap(),
            element("SessionToken"),
            None,
            "test",
        )
    })
}

#[tokio::test]
async fn the_identity_reads_every_members_gateways_by_way_of_the_hub() {
    let cloud = Cloud::start(CloudOptions::default().unthrottled()).await.unwrap();
    let company = Company {
        role_name: "catalog/apicenter-aws-sync".to_owned(),
        ..Company::default()
    };
    let number = RefCell::new(0);
    company.found(&cloud, |account, region| {
        *number.borrow_mut() += 1;
        let api = RestApi::new(format!("api{:07}", number.borrow()), format!("{account} {region}"));
        FullEstate::from(vec![(api, Vec::new())])
    });
    let hub = assume(&cloud, &company.hub_role_arn(), None, None).await.unwrap();
    for member in &company.members {
        let role = company.member_role_arn(&member.id);
        assert!(assume(&cloud, &role, Some("wrong"), Some(&hub)).await.is_none());
        let session = assume(&cloud, &role, Some("apicenter"), Some(&hub)).await.unwrap();
        for region in &company.regions {
            let url = format!("{}/restapis", cloud.api_gateway_url());
            let (status, list) = call(&url, "apigateway", region, Some(&session), String::new()).await;
            assert_eq!(status, 200, "{list}");
            assert!(list.contains(&format!("{} {region}", member.id)), "{list}");
        }
    }
    let management = company.member_role_arn(&company.management.id);
    assert!(
        assume(&cloud, &management, Some("apicenter"), Some(&hub))
            .await
            .is_none()
    );
}

#[test]
fn a_source_names_the_roles_of_its_regions_partition() {
    let company = Company {
        regions: vec!["cn-north-1".to_owned()],
        external_id: None,
        ..Company::default()
    };
    assert_eq!(
        company.source("china", &json!(["111111111111"])),
        json!({
            "name": "china",
            "regionNames": ["cn-north-1"],
            "roleArn": "arn:aws-cn:iam::100000000002:role/apicenter-aws-sync-hub",
            "accounts": ["111111111111"],
            "roleName": "apicenter-aws-sync",
        })
    );
}
