//! The gateway over HTTP, with requests signed as the SDKs sign them.

mod accounts;
mod domains;
mod estates;
mod reads;
mod refusals;
mod tags;
mod v2_exports;
mod v2_reads;
mod v2_writes;
mod writes;

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{RestApi, Stage};
use crate::clock::now;
use crate::cloud::{Cloud, CloudOptions};

/// A gateway on its port and someone who calls it.
struct World {
    cloud: Cloud,
    client: reqwest::Client,
}

/// With what a request is signed.
struct Signer {
    access_key_id: String,
    secret: String,
    session_token: Option<String>,
    region: String,
    service: String,
    time: SystemTime,
}

/// An answer, its body read as JSON.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    body: Value,
}

impl World {
    async fn new() -> Self {
        Self::with(CloudOptions::default().unthrottled()).await
    }

    async fn with(options: CloudOptions) -> Self {
        Self {
            cloud: Cloud::start(options).await.unwrap(),
            client: reqwest::Client::new(),
        }
    }

    /// One that has an API with the stage `prod`.
    async fn with_an_api(document: Value) -> Self {
        let world = Self::new().await;
        let gateway = &world.cloud.api_gateway;
        gateway.put_rest_api(RestApi::new("orders0001", "Orders"));
        gateway.put_stage("orders0001", Stage::new("prod", "dep001", document));
        world
    }

    fn signer(&self) -> Signer {
        Signer {
            access_key_id: self.cloud.aws_access_key_id.clone(),
            secret: self.cloud.aws_secret_access_key.clone(),
            session_token: None,
            region: self.cloud.region.clone(),
            service: "apigateway".to_owned(),
            time: now(),
        }
    }

    fn url(&self, target: &str) -> String {
        format!("{}{target}", self.cloud.api_gateway_url())
    }

    /// A request as the SDKs make it, not sent yet.
    fn signed(&self, signer: &Signer, method: Method, target: &str, accept: &str, body: Vec<u8>) -> reqwest::Request {
        let url = self.url(target);
        let host = self.cloud.api_gateway_url().strip_prefix("http://").unwrap();
        let headers = [("accept", accept), ("host", host)];
        let identity = Credentials::new(
            &signer.access_key_id,
            &signer.secret,
            signer.session_token.clone(),
            None,
            "test",
        )
        .into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&signer.region)
            .name(&signer.service)
            .time(signer.time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let signable =
            SignableRequest::new(method.as_str(), &url, headers.into_iter(), SignableBody::Bytes(&body)).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let mut request = self.client.request(method, url).header("accept", accept).body(body);
        for (name, value) in instructions.headers() {
            request = request.header(name, value);
        }
        request.build().unwrap()
    }

    async fn send(&self, request: reqwest::Request) -> Answered {
        let response = self.client.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        Answered {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    async fn call_as(&self, signer: &Signer, method: Method, target: &str, body: &Value) -> Answered {
        let body = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        self.send(self.signed(signer, method, target, "application/json", body))
            .await
    }

    async fn call(&self, method: Method, target: &str, body: &Value) -> Answered {
        self.call_as(&self.signer(), method, target, body).await
    }

    async fn get(&self, target: &str) -> Answered {
        self.call(Method::GET, target, &Value::Null).await
    }
}

impl Answered {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The status and the code of an error.
    fn refusal(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.header("x-amzn-errortype").unwrap_or("no code"),
        )
    }

    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed `json!` all the time")]
fn document(paths: Value) -> Value {
    json!({ "openapi": "3.0.1", "info": { "title": "ignored", "version": "ignored" }, "paths": paths })
}

fn ids(list: &Value) -> Vec<&str> {
    let items = list["item"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}
