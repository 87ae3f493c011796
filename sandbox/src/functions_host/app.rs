//! A function app according to its folder: `host.json` and each `function.json`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::route::{Route, RouteError};

/// Why a folder is not a function app.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A file cannot be read.
    #[error("reading `{path}` failed")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not the JSON it should be.
    #[error("`{path}` is not as the Functions host wants it")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// `host.json` has another version than 2.0: the real host does not start either.
    #[error("host.json has version `{0}`, not `2.0`")]
    Version(String),
    /// `functionTimeout` is not a time span.
    #[error("`{0}` is not a time span")]
    TimeSpan(String),
    /// A route cannot be understood.
    #[error("the route of `{function}` cannot be used")]
    Route {
        /// The function's name.
        function: String,
        /// Why.
        source: RouteError,
    },
    /// A method is none.
    #[error("`{method}` in `{function}` is not a method")]
    Method {
        /// The function's name.
        function: String,
        /// The method.
        method: String,
    },
}

/// A function app.
#[derive(Debug, Clone)]
pub struct App {
    /// Its folder.
    pub folder: PathBuf,
    /// `defaultExecutablePath`, as written.
    pub executable: String,
    /// The handler's arguments.
    pub arguments: Vec<String>,
    /// Where the handler starts, relative to the app's folder.
    pub working_directory: PathBuf,
    /// How long an invocation may take; `None` for ever.
    pub function_timeout: Option<Duration>,
    /// The prefix of every route, `api` unless `host.json` says otherwise.
    pub route_prefix: String,
    /// `enableProxyingHttpRequest`.
    pub proxying: bool,
    /// `enableForwardingHttpRequest`.
    pub forwarding: bool,
    /// Its functions, by name.
    pub functions: Vec<Function>,
}

/// One function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its folder's name.
    pub name: String,
    /// Its trigger.
    pub trigger: Trigger,
}

/// The trigger of a function.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// A schedule.
    Timer(TimerTrigger),
    /// An HTTP request.
    Http(HttpTrigger),
    /// An unsupported trigger; such a function is never called.
    Other(String),
}

/// A timer trigger.
#[derive(Debug, Clone)]
pub struct TimerTrigger {
    /// The binding's name.
    pub binding: String,
    /// The schedule as written, `%SETTING%` unresolved.
    pub schedule: String,
    /// Whether the host stores the status between runs.
    pub use_monitor: bool,
}

/// An HTTP trigger.
#[derive(Debug, Clone)]
pub struct HttpTrigger {
    /// The binding's name.
    pub binding: String,
    /// The name of the output binding, if there is one.
    pub output: Option<String>,
    /// The authorization level.
    pub level: AuthLevel,
    /// The methods; all when empty.
    pub methods: Vec<Method>,
    /// The route, below the prefix.
    pub route: Route,
    /// Whether the function has one `httpTrigger`, one `http` output and nothing else: only then are requests passed on raw.
    pub raw: bool,
}

/// The authorization level of an HTTP function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuthLevel {
    /// Everyone.
    Anonymous,
    /// Callers with a function key.
    #[default]
    Function,
    /// Callers with the master key.
    Admin,
}

impl App {
    /// Reads the app in `folder`.
    ///
    /// # Errors
    /// If `host.json` is missing, a file is malformed, or a route, method or time span cannot be understood.
    pub fn read(folder: &Path) -> Result<Self, AppError> {
        let host: HostFile = read_json(&folder.join("host.json"))?;
        if host.version != "2.0" {
            return Err(AppError::Version(host.version));
        }
        let handler = host.custom_handler;
        Ok(Self {
            folder: folder.to_owned(),
            executable: handler.description.default_executable_path,
            arguments: handler.description.arguments,
            working_directory: handler.description.working_directory,
            function_timeout: function_timeout(host.function_timeout.as_deref())?,
            route_prefix: host.extensions.http.route_prefix,
            proxying: handler.enable_proxying_http_request,
            forwarding: handler.enable_forwarding_http_request,
            functions: read_functions(folder)?,
        })
    }

    /// The program to start: in the app's folder if it exists there, else from the path.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        let below = self.folder.join(&self.executable);
        if below.is_file() {
            below
        } else {
            PathBuf::from(&self.executable)
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostFile {
    version: String,
    function_timeout: Option<String>,
    custom_handler: CustomHandler,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomHandler {
    description: Description,
    #[serde(default)]
    enable_forwarding_http_request: bool,
    #[serde(default)]
    enable_proxying_http_request: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    default_executable_path: String,
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    working_directory: PathBuf,
}

#[derive(Deserialize, Default)]
struct Extensions {
    #[serde(default)]
    http: HttpExtension,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct HttpExtension {
    route_prefix: String,
}

impl Default for HttpExtension {
    fn default() -> Self {
        Self {
            route_prefix: "api".to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct FunctionFile {
    bindings: Vec<BindingFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BindingFile {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    schedule: String,
    use_monitor: Option<bool>,
    #[serde(default)]
    auth_level: AuthLevel,
    #[serde(default)]
    methods: Vec<String>,
    route: Option<String>,
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, AppError> {
    let text = std::fs::read_to_string(path).map_err(|source| AppError::Read {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| AppError::Parse {
        path: path.to_owned(),
        source,
    })
}

/// `-1` is for ever; left out, it is the 30 minutes of every plan but Consumption.
fn function_timeout(text: Option<&str>) -> Result<Option<Duration>, AppError> {
    match text {
        None => Ok(Some(Duration::from_mins(30))),
        Some("-1") => Ok(None),
        Some(text) => time_span(text)
            .map(Some)
            .ok_or_else(|| AppError::TimeSpan(text.to_owned())),
    }
}

/// `hh:mm:ss`, with days and a dot before it if need be.
fn time_span(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) => (days.parse::<u64>().ok()?, clock),
        None => (0, text),
    };
    let parts = clock
        .split(':')
        .map(|part| part.parse::<u64>().ok())
        .collect::<Option<Vec<_>>>()?;
    let [hours, minutes, seconds] = parts[..] else {
        return None;
    };
    Some(Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds))
}

fn read_functions(folder: &Path) -> Result<Vec<Function>, AppError> {
    let unreadable = |source| AppError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut functions = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let file = entry.path().join("function.json");
        if file.is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            functions.push(read_function(name, &file)?);
        }
    }
    functions.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(functions)
}

fn read_function(name: String, file: &Path) -> Result<Function, AppError> {
    let FunctionFile { bindings } = read_json(file)?;
    let trigger = bindings
        .iter()
        .find(|binding| binding.kind.to_ascii_lowercase().ends_with("trigger"));
    let trigger = match trigger {
        Some(binding) if binding.kind.eq_ignore_ascii_case("timerTrigger") => Trigger::Timer(TimerTrigger {
            binding: binding.name.clone(),
            schedule: binding.schedule.clone(),
            use_monitor: binding.use_monitor.unwrap_or(true),
        }),
        Some(binding) if binding.kind.eq_ignore_ascii_case("httpTrigger") => {
            Trigger::Http(http_trigger(&name, binding, &bindings)?)
        }
        Some(binding) => Trigger::Other(binding.kind.clone()),
        None => Trigger::Other("none".to_owned()),
    };
    Ok(Function { name, trigger })
}

fn http_trigger(name: &str, binding: &BindingFile, bindings: &[BindingFile]) -> Result<HttpTrigger, AppError> {
    let output = bindings.iter().find(|other| other.kind.eq_ignore_ascii_case("http"));
    let methods = binding.methods.iter().map(|method| {
        Method::from_bytes(method.to_ascii_uppercase().as_bytes()).map_err(|_| AppError::Method {
            function: name.to_owned(),
            method: method.clone(),
        })
    });
    Ok(HttpTrigger {
        binding: binding.name.clone(),
        output: output.map(|output| output.name.clone()),
        level: binding.auth_level,
        methods: methods.collect::<Result<_, _>>()?,
        route: Route::parse(binding.route.as_deref().unwrap_or(name)).map_err(|source| AppError::Route {
            function: name.to_owned(),
            source,
        })?,
        raw: output.is_some() && bindings.len() == 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read_as_the_host_writes_them() {
        assert_eq!(time_span("00:30:00"), Some(Duration::from_mins(30)));
        assert_eq!(time_span("10.00:00:01"), Some(Duration::from_secs(864_001)));
        assert_eq!(time_span("half an hour"), None);
    }
}
