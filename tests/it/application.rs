//! The function app's files, and the direction of imports.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use apicenter_aws_sync::settings::Settings;
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

#[test]
fn the_application_files_fit_their_schemas() {
    let table = [
        ("host.json", "host.schema.json"),
        ("function-timer/function.json", "function.schema.json"),
        ("function-http/function.json", "function.schema.json"),
    ];
    for (file, schema) in table {
        let mut schema = read(&format!("tests/data/functions-host/{schema}"));
        // One of them names draft 4 and uses `const`, which came after it: under draft 4 it would take no binding at all.
        schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&read(file))
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{file}");
    }
}

#[test]
fn the_schemas_refuse_what_hosts_refuse() {
    let mut schema = read("tests/data/functions-host/function.schema.json");
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut function = read("function-timer/function.json");
    function["bindings"][0]["runOnStartup"] = json!("no");
    assert!(!validator.is_valid(&function));
}

#[test]
fn host_json_starts_the_handler_and_passes_calls_on() {
    let host = read("host.json");
    let handler = &host["customHandler"];
    assert_eq!(handler["description"]["defaultExecutablePath"], "handler");
    assert_eq!(handler["enableProxyingHttpRequest"], true);
    assert_eq!(handler["enableForwardingHttpRequest"], true);
    assert!(
        handler.get("http").is_none(),
        "routes of its own would bypass the function keys"
    );
    assert_eq!(host["functionTimeout"], "00:30:00");
}

#[test]
fn the_sample_settings_have_every_setting_that_is_required() {
    let values = read("local.settings.sample.json")["Values"].clone();
    for name in [
        "APICENTER_RESOURCE_ID",
        "SYNC_SCHEDULE",
        "FUNCTIONS_WORKER_RUNTIME",
        "AzureWebJobsStorage",
    ] {
        assert!(values[name].is_string(), "{name}");
    }
}

/// Who may import whom; `model`, `limits` and `telemetry` may be imported by all.
const LAYERS: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("limits", &["model"]),
    ("telemetry", &["model", "limits"]),
    ("catalog", &["model"]),
    ("aws", &["model", "limits", "error_chain", "telemetry"]),
    ("azure", &["model", "catalog", "limits", "error_chain", "telemetry"]),
    ("translate", &["model"]),
    ("plan", &["model", "catalog"]),
    (
        "run",
        &[
            "model",
            "catalog",
            "aws",
            "azure",
            "translate",
            "plan",
            "limits",
            "settings",
            "error_chain",
            "panics",
            "planted",
            "telemetry",
            "trust",
        ],
    ),
    (
        "engine",
        &[
            "model",
            "catalog",
            "aws",
            "azure",
            "plan",
            "run",
            "limits",
            "settings",
            "error_chain",
            "panics",
            "planted",
            "telemetry",
        ],
    ),
    (
        "server",
        &["model", "limits", "engine", "settings", "panics", "telemetry"],
    ),
    (
        "cli",
        &[
            "model",
            "limits",
            "engine",
            "settings",
            "telemetry",
            "error_chain",
            "panics",
            "trust",
        ],
    ),
];

#[test]
fn imports_point_one_way() {
    for (layer, allowed) in LAYERS {
        let mut files = vec![root().join(format!("src/{layer}.rs"))];
        add_files(&root().join("src").join(layer), &mut files);
        assert!(files.len() > 1, "{layer}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for import in text.split("crate::").skip(1) {
                let module: String = import
                    .chars()
                    .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                    .collect();
                assert!(
                    module == layer || allowed.contains(&module.as_str()),
                    "{} imports {module:?}",
                    file.display()
                );
            }
        }
    }
}

/// Adds all files below a folder.
pub fn add_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn every_setting_is_described_where_it_belongs() {
    let places = [
        ("src/settings.rs", "docs/settings.md", 13),
        ("src/settings/export.rs", "docs/telemetry.md", 11),
        ("src/settings/command_line.rs", "docs/command-line.md", 3),
    ];
    for (file, document, least) in places {
        let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let (code, document) = (read(file), read(document));
        let code = code.split("#[cfg(test)]").next().unwrap();
        let is_setting =
            |text: &&str| text.len() > 5 && text.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
        let names: Vec<&str> = code.split('"').filter(is_setting).collect();
        assert!(names.len() >= least, "{names:?}");
        for name in names {
            assert!(document.contains(&format!("`{name}`")), "{name}");
        }
    }
}

/// The variants of an enumeration, from its source.
fn variants(path: &str, name: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(root().join(path)).unwrap();
    let (_, after) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = after.split_once("\n}").unwrap();
    body.lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .map(str::to_owned)
        .collect()
}

/// The names of the doctor's checks, from their source.
fn checks() -> BTreeSet<String> {
    let source = fs::read_to_string(root().join("src/engine/doctor/examination.rs")).unwrap();
    source
        .lines()
        .filter_map(|line| line.strip_prefix("pub(super) const ")?.split('"').nth(1))
        .map(str::to_owned)
        .collect()
}

/// A variant as JSON has it.
fn camel_case(variant: &str) -> String {
    let (first, rest) = variant.split_at(1);
    first.to_lowercase() + rest
}

#[test]
fn troubleshooting_explains_everything_that_people_may_see_and_nothing_else() {
    let guide = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let states = variants("src/model/report.rs", "GatewayState");
    for (heading, expected) in [
        ("Errors", variants("src/model/problem.rs", "ErrorCode")),
        ("Skips", variants("src/model/skip.rs", "SkipReason")),
        ("Gateways", states.iter().map(|state| camel_case(state)).collect()),
        ("Checks of the doctor", checks()),
    ] {
        let (_, after) = guide.split_once(&format!("\n## {heading}\n")).unwrap();
        let section = after.split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let explained: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
        assert!(expected.len() > 7, "{heading}: {expected:?}");
        assert_eq!(explained.len(), expected.len(), "{heading} has a row for each");
        let explained: BTreeSet<String> = explained.into_iter().map(str::to_owned).collect();
        assert_eq!(explained, expected, "{heading}");
    }
}

#[test]
fn how_soon_a_change_arrives_is_promised_with_arithmetic_that_holds() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let center = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiCenter/services/c";
    let settings = Settings::read(|name| (name == "APICENTER_RESOURCE_ID").then(|| center.to_owned())).unwrap();
    let (time, calls) = (settings.timer_budget.as_secs_f64(), settings.aws_requests_per_second);
    let (most, writes) = (600.0 + 600.0 + 120.0, settings.arm_rates.writes);
    assert!(most * 10.0 / writes < time, "even the first run fits into its time");
    let guide = read("docs/operations.md");
    let (_, after) = guide.split_once("\n## How soon a change arrives\n").unwrap();
    let section = after.split("\n## ").next().unwrap();
    let thousands = |number: f64| format!("{:.0},{:03.0}", (number / 1000.0).floor(), number % 1000.0);
    for words in [
        format!("{} |", thousands(most)),
        format!("{:.1} minutes", most / calls / 60.0),
        format!("{:.0} minutes", most * 10.0 / writes / 60.0),
        format!("{} APIs", thousands(time * calls)),
        format!("{} writes", thousands(time * writes)),
    ] {
        assert!(section.contains(&words), "{words}: {section}");
    }
    for path in [
        "README.md",
        "docs/aws-account.md",
        "docs/comparison.md",
        "docs/concepts.md",
        "docs/deploy.md",
        "docs/http.md",
    ] {
        let text = read(path);
        assert!(!text.contains("within the hour"), "{path}");
    }
    for path in ["README.md", "docs/comparison.md"] {
        assert!(read(path).contains("operations.md#how-soon-a-change-arrives"), "{path}");
    }
}
