//! A Functions host before a handler that records what it is sent, byte for byte.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandbox::functions_host::{FunctionsHost, HostOptions, HttpMode, TimerKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The function key, as it stands in the recordings.
pub const KEY: &str = "KEY";

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub head: String,
    pub chunks: Vec<usize>,
    pub body: Vec<u8>,
}

/// Takes one request from each connection and answers as it was told to.
pub struct Handler {
    port: u16,
    seen: watch::Receiver<Vec<Seen>>,
    answer: Arc<Mutex<String>>,
}

impl Handler {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (sender, seen) = watch::channel(Vec::new());
        let handler = Self {
            port: listener.local_addr().unwrap().port(),
            seen,
            answer: Arc::default(),
        };
        handler.answer(200, &json!({}));
        let answer = handler.answer.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                sender.send_modify(|seen| seen.push(request));
                let text = answer.lock().unwrap().clone();
                stream.write_all(text.as_bytes()).await.unwrap();
            }
        });
        handler
    }

    /// From now on, this is answered, as JSON.
    pub fn answer(&self, status: u16, body: &Value) {
        let body = body.to_string();
        let length = body.len();
        self.answer_raw(&format!(
            "HTTP/1.1 {status} S\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
    }

    /// From now on, this is answered.
    pub fn answer_raw(&self, text: &str) {
        text.clone_into(&mut self.answer.lock().unwrap());
    }

    pub fn last(&self) -> Seen {
        self.seen.borrow().last().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.seen.borrow().len()
    }

    pub async fn wait_for(&self, count: usize) {
        self.seen.clone().wait_for(|seen| seen.len() >= count).await.unwrap();
    }
}

async fn read(stream: &mut TcpStream) -> Seen {
    let mut reader = BufReader::new(stream);
    let mut seen = Seen {
        head: String::new(),
        chunks: Vec::new(),
        body: Vec::new(),
    };
    while !seen.head.ends_with("\r\n\r\n") {
        assert_ne!(
            reader.read_line(&mut seen.head).await.unwrap(),
            0,
            "the head ends early"
        );
    }
    let lower = seen.head.to_ascii_lowercase();
    if let Some((_, rest)) = lower.split_once("content-length: ") {
        seen.body = vec![0; rest.lines().next().unwrap().parse().unwrap()];
        reader.read_exact(&mut seen.body).await.unwrap();
    } else if lower.contains("transfer-encoding: chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await.unwrap();
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk).await.unwrap();
            if length == 0 {
                break;
            }
            seen.chunks.push(length);
            seen.body.extend(&chunk[..length]);
        }
    }
    seen
}

/// A host and its handler.
pub struct World {
    pub host: FunctionsHost,
    pub handler: Handler,
    client: reqwest::Client,
    _app: TempDir,
}

impl World {
    pub async fn new(mode: HttpMode) -> Self {
        Self::with(true, |options| options.mode = Some(mode)).await
    }

    /// One whose timer keeps no status.
    pub async fn unmonitored() -> Self {
        Self::with(false, |_| ()).await
    }

    /// One that gives functions a tenth of a second.
    pub async fn impatient() -> Self {
        Self::with(true, |options| {
            options.function_timeout = Some(Duration::from_millis(100));
        })
        .await
    }

    pub async fn without_a_schedule() -> Self {
        Self::with(true, |options| options.environment.clear()).await
    }

    async fn with(use_monitor: bool, change: impl FnOnce(&mut HostOptions)) -> Self {
        let app = TempDir::new().unwrap();
        write_app(app.path(), use_monitor);
        let handler = Handler::start().await;
        let mut options = HostOptions::new(app.path());
        options.function_key = Some(KEY.to_owned());
        options.environment = vec![("SYNC_SCHEDULE".to_owned(), "0 0 * * * *".to_owned())];
        change(&mut options);
        let host = FunctionsHost::attach(options, handler.port).await.unwrap();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            host,
            handler,
            client,
            _app: app,
        }
    }

    pub async fn get(&self, target: &str) -> reqwest::Response {
        self.get_with(KEY, target).await
    }

    /// A request with a key in its header, unless it is empty.
    pub async fn get_with(&self, key: &str, target: &str) -> reqwest::Response {
        let mut request = self.client.get(format!("{}{target}", self.host.base_url()));
        if !key.is_empty() {
            request = request.header("x-functions-key", key);
        }
        request.send().await.unwrap()
    }

    /// The status with which the admin API answers the wish for a timer run.
    pub async fn start_by_hand(&self, key: &str, content_type: &str, body: &str) -> u16 {
        let url = format!("{}/admin/functions/function-timer", self.host.base_url());
        let request = self.client.post(url).header("x-functions-key", key);
        let request = request.header("content-type", content_type).body(body.to_owned());
        request.send().await.unwrap().status().as_u16()
    }

    /// Runs the timer and holds what the handler saw against a recording.
    pub async fn assert_run(&self, kind: TimerKind, name: &str) {
        assert!(self.host.fire_timer(kind).await.unwrap().succeeded, "{name}");
        self.assert_timer_request(name);
    }

    /// Holds what the handler saw last against a recording.
    pub fn assert_timer_request(&self, name: &str) {
        let (expected_head, body) = fixture(name);
        let seen = self.handler.last();
        assert_eq!(head(&seen.head), head(&expected_head), "{name}");
        let (envelope, expected) = (serde_json::from_slice(&seen.body), serde_json::from_slice(&body));
        assert_eq!(masked(envelope.unwrap()), masked(expected.unwrap()), "{name}");
    }
}

fn write_app(folder: &Path, use_monitor: bool) {
    let write = |name: &str, content: Value| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content.to_string()).unwrap();
    };
    write(
        "host.json",
        json!({ "version": "2.0", "customHandler": { "description": { "defaultExecutablePath": "handler" } } }),
    );
    write(
        "function-timer/function.json",
        json!({ "bindings": [{
            "type": "timerTrigger",
            "direction": "in",
            "name": "timer",
            "schedule": "%SYNC_SCHEDULE%",
            "useMonitor": use_monitor,
        }] }),
    );
    write(
        "function-http/function.json",
        json!({ "bindings": [
            {
                "type": "httpTrigger",
                "direction": "in",
                "name": "req",
                "route": "integrations/{name?}/{operation?}",
                "methods": ["get", "put", "post", "delete"],
            },
            { "type": "http", "direction": "out", "name": "res" },
        ] }),
    );
}

/// A recording: the head and the body.
pub fn fixture(name: &str) -> (String, Vec<u8>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/functions-host");
    let read = |end: &str| std::fs::read(folder.join(format!("{name}.{end}"))).unwrap();
    (String::from_utf8(read("head.txt")).unwrap(), read("body"))
}

/// The lines of a head in an order of their own; what differs from call to call is replaced.
pub fn head(text: &str) -> Vec<String> {
    let (first, rest) = text.trim_end().split_once("\r\n").unwrap();
    let mut lines: Vec<String> = rest.split("\r\n").map(header).collect();
    lines.sort();
    lines.insert(0, first.to_owned());
    lines
}

fn header(line: &str) -> String {
    let (name, value) = line.split_once(": ").unwrap();
    let name = name.to_ascii_lowercase();
    let value = match name.as_str() {
        "host" if value.starts_with("127.0.0.1:") => "127.0.0.1:PORT",
        "x-azure-functions-invocationid" | "x-ms-invocation-id" => "ID",
        _ => value,
    };
    format!("{name}: {value}")
}

/// An envelope in which what differs from call to call is replaced.
pub fn masked(mut envelope: Value) -> Value {
    for name in ["sys", "$sys"] {
        if let Some(sys) = envelope["Metadata"].get_mut(name).filter(|sys| sys.is_object()) {
            assert!(sys["UtcNow"].as_str().unwrap().ends_with('Z'));
            sys["UtcNow"] = json!("TIME");
            sys["RandGuid"] = json!("GUID");
        }
    }
    if let Some(status) = envelope.pointer_mut("/Data/timer/ScheduleStatus") {
        for time in status
            .as_object_mut()
            .into_iter()
            .flat_map(|status| status.values_mut())
        {
            let text = time.as_str().unwrap();
            assert!(text.ends_with("+00:00"), "{text}");
            if !text.starts_with("0001-") {
                *time = json!("TIME");
            }
        }
    }
    for pointer in ["/Data/req/Headers", "/Metadata/Headers"] {
        if let Some(Value::Object(headers)) = envelope.pointer_mut(pointer) {
            let renamed = std::mem::take(headers)
                .into_iter()
                .map(|(name, value)| (recased(name), value));
            *headers = renamed.collect();
        }
    }
    envelope
}

/// The stand-in loses the case of names that are not standard ones.
fn recased(name: String) -> String {
    if name.starts_with("X-") {
        name.to_ascii_lowercase()
    } else {
        name
    }
}

/// Sends bytes to the host and reads the answer to its end.
pub async fn send(host: &FunctionsHost, request: &[u8]) -> String {
    let address = host.base_url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
