//! Every request that a real Functions host was recorded to send, byte by byte.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use sandbox::cloud::{Cloud, CloudOptions};
use sandbox::functions_host::{FunctionsHost, HostOptions, HttpMode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::secrecy::assert_kept;
use crate::world::{SHOP, World, host_options};

/// A response of a handler.
pub struct Answered {
    pub status: u16,
    body: Vec<u8>,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/functions-host")
}

/// The recordings whose names begin like this.
fn recordings(prefix: &str) -> BTreeSet<String> {
    let names = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| name.strip_suffix(".head.txt").map(str::to_owned));
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// Sends a recorded request to a handler as it was recorded, chunks included.
pub async fn replay(port: u16, name: &str) -> Answered {
    let head = fs::read_to_string(folder().join(format!("{name}.head.txt"))).unwrap();
    let body = fs::read(folder().join(format!("{name}.body"))).unwrap();
    let mut request = head.clone().into_bytes();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        request.extend(format!("{:x}\r\n", body.len()).into_bytes());
        request.extend(&body);
        request.extend(b"\r\n0\r\n\r\n");
    } else {
        request.extend(&body);
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).await.unwrap();
        answer.extend(&buffer[..length]);
        if let Some(answered) = complete(&answer, length == 0) {
            return answered;
        }
        assert!(
            length > 0,
            "{name}: the answer ended after {:?}",
            String::from_utf8_lossy(&answer)
        );
    }
}

/// The response, once complete.
fn complete(bytes: &[u8], ended: bool) -> Option<Answered> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let body = &bytes[end + 4..];
    let is_whole = length.map_or(ended, |length| body.len() >= length);
    is_whole.then(|| Answered {
        status,
        body: body.to_vec(),
    })
}

#[tokio::test]
async fn every_recorded_timer_request_is_answered_as_hosts_need_it() {
    let world = World::synchronized_demo().await;
    let names = recordings("timer-");
    assert_eq!(names.len(), 11, "{names:?}");
    for name in names {
        let answered = replay(world.host.handler_port(), &name).await;
        assert_eq!(answered.status, 200, "{name}");
        let body = answered.json();
        assert!(
            body.as_object().is_some_and(|object| !object.is_empty()),
            "{name}: {body}"
        );
        assert_eq!(body["Outputs"], json!({}), "{name}");
        assert!(
            body["Logs"].as_array().is_some_and(|logs| !logs.is_empty()),
            "{name}: {body}"
        );
    }
}

#[tokio::test]
async fn every_recorded_forwarded_request_is_answered_without_a_failure() {
    let world = World::synchronized_demo().await;
    let before = world.everything();
    let names = recordings("http-forward-");
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        let answered = replay(world.host.handler_port(), &name).await;
        assert!((200..500).contains(&answered.status), "{name}: {}", answered.status);
        assert!(
            answered.json()["error"]["code"].is_string(),
            "{name}: there is no integration of that name"
        );
    }
    let probe = replay(world.host.handler_port(), "probe").await;
    assert_eq!(probe.status, 200);
    assert_eq!(world.everything(), before);
    assert!(!world.host.output().contains("code=KEY"));
}

#[tokio::test]
async fn every_recorded_envelope_of_an_http_call_is_told_which_flags_are_missing() {
    let world = World::start().await;
    let names = recordings("http-envelope-");
    assert_eq!(names.len(), 11, "{names:?}");
    for name in names {
        let answered = replay(world.host.handler_port(), &name).await;
        assert_eq!(answered.status, 200, "{name}: the host would not pass on anything else");
        let body = answered.json();
        let res = &body["Outputs"]["res"];
        let status = res["statusCode"]
            .as_str()
            .map_or_else(|| res["statusCode"].clone(), |text| json!(text.parse::<u16>().unwrap()));
        assert_eq!(status, 500, "{name}: {body}");
        for flag in ["enableProxyingHttpRequest", "enableForwardingHttpRequest"] {
            assert!(res.to_string().contains(flag), "{name}: {body}");
        }
    }
}

#[tokio::test]
async fn calls_come_through_in_both_ways_of_forwarding_and_are_refused_in_envelopes() {
    for (mode, status) in [
        (HttpMode::Proxying, 201),
        (HttpMode::Forwarding, 201),
        (HttpMode::Envelope, 500),
    ] {
        let mut world = World::start().await;
        world.cloud.fill_gateway(sandbox::estate::demo());
        let mut options = host_options(&world.cloud, &[]);
        options.mode = Some(mode);
        world.move_to(options).await;
        let answer = world.put(SHOP, world.document()).await.expect(status);
        match mode {
            HttpMode::Envelope => assert!(answer.text.contains("enableForwardingHttpRequest"), "{}", answer.text),
            HttpMode::Proxying | HttpMode::Forwarding => world.assert_in_line(),
        }
    }
}

#[tokio::test]
async fn before_anything_is_configured_or_reachable_it_answers_and_says_what_is_missing() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let broken = [
        ("APICENTER_RESOURCE_ID", ""),
        ("APICENTER_RESOURCE_ID", "center"),
        ("AZURE_RESOURCE_MANAGER_URL", "http://management.azure.com"),
        ("KEY_VAULT_HOSTS", "https://vault"),
        ("SYNC_TIME_BUDGET_SECONDS", "soon"),
        ("SSL_CERT_FILE", "/no/such/file"),
        // There, and without a certificate in it.
        ("SSL_CERT_FILE", "/dev/null"),
    ];
    for (name, value) in broken {
        let host = FunctionsHost::start(host_options(&cloud, &[(name, value)]))
            .await
            .unwrap();
        let port = host.handler_port();
        assert_eq!(replay(port, "probe").await.status, 200, "{name}");
        let call = replay(port, "http-forward-get").await;
        assert_eq!(
            (call.status, &call.json()["error"]["code"]),
            (500, &json!("MissingSetting")),
            "{name}"
        );
        assert!(
            call.json()["error"]["message"].as_str().unwrap().contains(name),
            "{name}"
        );
        assert_eq!(replay(port, "timer-later").await.status, 500, "{name}");
        assert!(host.output().contains(name), "{name} is in the log: {}", host.output());
        assert_eq!(host.wait_for_exit(0).await.len(), 0, "{name}: it stays up");
        assert_kept(&cloud, &host);
    }
}

#[tokio::test]
async fn without_any_setting_at_all_it_answers_its_probe() {
    let mut options = HostOptions::new(env!("CARGO_MANIFEST_DIR"));
    options.executable = Some(env!("CARGO_BIN_EXE_handler").into());
    let host = FunctionsHost::start(options).await.unwrap();
    assert_eq!(replay(host.handler_port(), "probe").await.status, 200);
}
