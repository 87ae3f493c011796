//! The standard settings of OpenTelemetry that the SDK does not read itself.
//!
//! The SDK reads `OTEL_EXPORTER_OTLP_HEADERS` (a secret, not read here), `OTEL_RESOURCE_ATTRIBUTES`,
//! `OTEL_TRACES_SAMPLER` and those of its batches.

use std::time::Duration;

use super::{Problem, Variables, problem};
use crate::telemetry::{Export, FunctionApp};

/// The only supported protocol.
const PROTOCOL: &str = "http/protobuf";
/// Default timeout (OTLP exporter specification).
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// The names of the variables for each kind of telemetry.
const TRACES: Names = Names {
    endpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    protocol: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    timeout: "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    exporter: "OTEL_TRACES_EXPORTER",
};
const METRICS: Names = Names {
    endpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    protocol: "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    timeout: "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
    exporter: "OTEL_METRICS_EXPORTER",
};
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

struct Names {
    endpoint: &'static str,
    protocol: &'static str,
    timeout: &'static str,
    exporter: &'static str,
}

/// The telemetry to export; `None` without a collector.
///
/// # Errors
/// If a setting is malformed. The problem names it without its value.
pub fn export(read: impl Fn(&str) -> Option<String>) -> Result<Option<Export>, Problem> {
    let variables = Variables(&read);
    let disabled = variables.text("OTEL_SDK_DISABLED");
    if disabled.is_some_and(|disabled| disabled.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let traces = timeout(&variables, &TRACES)?;
    let metrics = timeout(&variables, &METRICS)?;
    if traces.is_none() && metrics.is_none() {
        return Ok(None);
    }
    Ok(Some(Export {
        traces,
        metrics,
        is_sampled: variables.text("OTEL_TRACES_SAMPLER").is_some(),
        service_name: variables.text("OTEL_SERVICE_NAME"),
        function_app: variables.text("WEBSITE_SITE_NAME").map(|name| FunctionApp {
            name,
            instance: variables.text("WEBSITE_INSTANCE_ID"),
            region: variables.text("REGION_NAME"),
        }),
    }))
}

/// The timeout for one kind of telemetry; `None` if that is not exported.
fn timeout<R>(variables: &Variables<'_, R>, names: &Names) -> Result<Option<Duration>, Problem>
where
    R: Fn(&str) -> Option<String>,
{
    let either = |one: &'static str, all: &'static str| {
        let name = if variables.text(one).is_some() { one } else { all };
        (name, variables.text(name))
    };
    let (endpoint_name, endpoint) = either(names.endpoint, ENDPOINT);
    let exporter = variables.text(names.exporter);
    let Some(endpoint) = endpoint.filter(|_| exporter.as_deref() != Some("none")) else {
        return Ok(None);
    };
    let is_http = |url: url::Url| url.has_host() && ["http", "https"].contains(&url.scheme());
    if !url::Url::parse(&endpoint).is_ok_and(is_http) {
        return Err(malformed(endpoint_name, "it is not an http or https URL"));
    }
    let (protocol_name, protocol) = either(names.protocol, "OTEL_EXPORTER_OTLP_PROTOCOL");
    if protocol.is_some_and(|protocol| protocol != PROTOCOL) {
        return Err(malformed(protocol_name, &format!("only {PROTOCOL} is supported")));
    }
    let (timeout_name, timeout) = either(names.timeout, "OTEL_EXPORTER_OTLP_TIMEOUT");
    let timeout = timeout
        .map(|timeout| timeout.parse().map(Duration::from_millis))
        .transpose();
    let timeout = timeout.map_err(|_| malformed(timeout_name, "it is not a number of milliseconds"))?;
    Ok(Some(timeout.unwrap_or(TIMEOUT_DEFAULT)))
}

fn malformed(name: &str, why: &str) -> Problem {
    problem(format!("the app setting {name} is invalid: {why}"), name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const COLLECTOR: (&str, &str) = (ENDPOINT, "http://127.0.0.1:4318");

    fn read(variables: &[(&str, &str)]) -> Result<Option<Export>, Problem> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        export(|name| variables.get(name).map(|&value| value.to_owned()))
    }

    #[test]
    fn nothing_is_exported_unless_a_collector_is_named() {
        let table = [
            &[][..],
            &[(ENDPOINT, " ")],
            &[COLLECTOR, ("OTEL_SDK_DISABLED", "TRUE")],
            &[
                COLLECTOR,
                ("OTEL_TRACES_EXPORTER", "none"),
                ("OTEL_METRICS_EXPORTER", "none"),
            ],
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ],
        ];
        for variables in table {
            assert_eq!(read(variables).unwrap(), None, "{variables:?}");
        }
    }

    #[test]
    fn each_kind_of_telemetry_can_have_its_own() {
        let one = read(&[
            (TRACES.endpoint, "https://collector.example/v1/traces"),
            (TRACES.timeout, "500"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
        ]);
        let one = one.unwrap().unwrap();
        assert_eq!((one.traces, one.metrics), (Some(Duration::from_millis(500)), None));
        let both = read(&[
            COLLECTOR,
            (METRICS.protocol, PROTOCOL),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
        ]);
        let both = both.unwrap().unwrap();
        let two_seconds = Some(Duration::from_secs(2));
        assert_eq!((both.traces, both.metrics), (two_seconds, two_seconds));
        let usual = read(&[COLLECTOR]).unwrap().unwrap();
        assert_eq!((usual.traces, usual.is_sampled), (Some(TIMEOUT_DEFAULT), false));
        assert_eq!(usual.function_app, None);
    }

    #[test]
    fn what_cannot_be_used_is_named_and_not_repeated() {
        let table = [
            (ENDPOINT, "collector-key:4318"),
            (ENDPOINT, "grpc://key@collector"),
            (ENDPOINT, "key"),
            (TRACES.endpoint, "/v1/traces?key"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc-key"),
            (METRICS.protocol, "http/json-key"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "-key"),
            (TRACES.timeout, "10s-key"),
        ];
        for (name, value) in table {
            let problem = read(&[COLLECTOR, (name, value)]).unwrap_err();
            assert_eq!(problem.target.as_deref(), Some(name), "{value}");
            assert!(
                problem.message.contains(name) && !problem.message.contains("key"),
                "{problem}"
            );
        }
    }
}
