//! Settings: environment variables, read here and nowhere else.

mod command_line;
mod export;

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::azure::Rates;
use crate::model::{ApiCenterId, ErrorCode, Problem, VaultHosts, vault_host};

pub use self::command_line::CommandLineSettings;
pub use self::export::export;

/// The resource manager of the public cloud.
const RESOURCE_MANAGER_URL: &str = "https://management.azure.com";
/// Less than the Functions host's timeout of 30 minutes, with room to finish work.
const TIMER_BUDGET_SECONDS: f64 = 1500.0;
/// Less than the 230 seconds after which Azure cuts an HTTP call: finishing work takes ten seconds more, recording it
/// fifteen. So it is also the maximum.
const HTTP_BUDGET_SECONDS: f64 = 200.0;
/// Half of what AWS allows an account and region, since the customer's own tools share it (API Gateway quotas).
const AWS_REQUESTS_PER_SECOND: f64 = 5.0;
/// The refill rates of Azure Resource Manager, per identity and subscription (request limits, 2025-05-28).
const ARM_RATES: Rates = Rates {
    reads: 25.0,
    writes: 10.0,
    deletes: 10.0,
};
/// Lowest rate per second: at one request in a quarter of an hour nothing gets done, and the token bucket cannot
/// represent much less.
const RATE_MIN: f64 = 0.001;
/// Longest time budget of a timer run, in seconds: a day.
const TIMER_BUDGET_MAX_SECONDS: f64 = 86_400.0;

/// All settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The API center to synchronize. Read from `APICENTER_RESOURCE_ID`.
    pub resource_id: ApiCenterId,
    /// The user-assigned identity to use instead of the system-assigned one. Read from `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// Whether the host offers a managed identity. Read from `IDENTITY_ENDPOINT`.
    pub managed_identity: bool,
    /// The allowed vaults. Read from `KEY_VAULT_HOSTS`.
    pub vault_hosts: VaultHosts,
    /// The audience of tokens for AWS, without an access key. Read from `AWS_WEB_IDENTITY_AUDIENCE`.
    pub web_identity_audience: Option<String>,
    /// The base URL of Azure Resource Manager, also its token audience. Read from `AZURE_RESOURCE_MANAGER_URL`.
    pub resource_manager_url: String,
    /// How long a timer run may start work. Read from `SYNC_TIME_BUDGET_SECONDS`.
    pub timer_budget: Duration,
    /// How long an HTTP call may start work. Read from `HTTP_TIME_BUDGET_SECONDS`.
    pub http_budget: Duration,
    /// The timer's schedule, which the host reads itself. Read from `SYNC_SCHEDULE`.
    pub schedule: Option<String>,
    /// Whether a Functions host started the app. Read from `FUNCTIONS_CUSTOMHANDLER_PORT`.
    pub is_hosted: bool,
    /// Requests per second to AWS, per account and region. Read from `AWS_REQUESTS_PER_SECOND`.
    pub aws_requests_per_second: f64,
    /// Requests per second to Azure Resource Manager. Read from `ARM_READS_PER_SECOND`, `ARM_WRITES_PER_SECOND` and
    /// `ARM_DELETES_PER_SECOND`.
    pub arm_rates: Rates,
}

impl Settings {
    /// Reads all settings with `read`, which returns the value of a variable.
    ///
    /// # Errors
    /// If one is missing or malformed; the problem names it and says what it must be.
    pub fn read(read: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let variables = Variables(&read);
        Ok(Self {
            resource_id: variables.required("APICENTER_RESOURCE_ID", ApiCenterId::parse)?,
            client_id: variables.text("AZURE_CLIENT_ID"),
            managed_identity: variables.text("IDENTITY_ENDPOINT").is_some(),
            vault_hosts: variables
                .optional("KEY_VAULT_HOSTS", vault_hosts)?
                .unwrap_or(VaultHosts::PublicClouds),
            web_identity_audience: variables.optional("AWS_WEB_IDENTITY_AUDIENCE", audience)?,
            resource_manager_url: variables
                .optional("AZURE_RESOURCE_MANAGER_URL", https_url)?
                .unwrap_or_else(|| RESOURCE_MANAGER_URL.to_owned()),
            timer_budget: variables
                .seconds("SYNC_TIME_BUDGET_SECONDS", TIMER_BUDGET_MAX_SECONDS)?
                .unwrap_or(Duration::from_secs_f64(TIMER_BUDGET_SECONDS)),
            http_budget: variables
                .seconds("HTTP_TIME_BUDGET_SECONDS", HTTP_BUDGET_SECONDS)?
                .unwrap_or(Duration::from_secs_f64(HTTP_BUDGET_SECONDS)),
            schedule: variables.text("SYNC_SCHEDULE"),
            is_hosted: variables.text("FUNCTIONS_CUSTOMHANDLER_PORT").is_some(),
            aws_requests_per_second: variables.rate("AWS_REQUESTS_PER_SECOND", AWS_REQUESTS_PER_SECOND)?,
            arm_rates: Rates {
                reads: variables.rate("ARM_READS_PER_SECOND", ARM_RATES.reads)?,
                writes: variables.rate("ARM_WRITES_PER_SECOND", ARM_RATES.writes)?,
                deletes: variables.rate("ARM_DELETES_PER_SECOND", ARM_RATES.deletes)?,
            },
        })
    }
}

/// The value of an environment variable, if it is set and text.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    std::env::var(name).ok()
}

/// The port on which the Functions host calls the handler. Read from `FUNCTIONS_CUSTOMHANDLER_PORT`.
///
/// # Errors
/// If it is set and not a port.
pub fn port(read: impl Fn(&str) -> Option<String>) -> Result<Option<u16>, Problem> {
    Variables(&read).optional("FUNCTIONS_CUSTOMHANDLER_PORT", str::parse::<u16>)
}

struct Variables<'a, R>(&'a R);

impl<R: Fn(&str) -> Option<String>> Variables<'_, R> {
    /// A setting, unless empty: the portal keeps emptied ones.
    fn text(&self, name: &str) -> Option<String> {
        let text = (self.0)(name)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn optional<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, Problem> {
        let parsed = self.text(name).map(|text| parse(&text)).transpose();
        parsed.map_err(|error| problem(format!("the app setting {name} is malformed: {error}"), name))
    }

    fn required<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, Problem> {
        let missing = || {
            problem(
                format!("the app setting {name} is missing: set it in the function app"),
                name,
            )
        };
        self.optional(name, parse)?.ok_or_else(missing)
    }

    fn seconds(&self, name: &str, max: f64) -> Result<Option<Duration>, Problem> {
        let parse = |text: &str| match f64::from_str(text) {
            Ok(seconds) if seconds > 0.0 && seconds <= max => Ok(Duration::from_secs_f64(seconds)),
            Ok(_) | Err(_) => Err(format!("{text:?} is not a number of seconds above 0 and up to {max}")),
        };
        self.optional(name, parse)
    }

    fn rate(&self, name: &str, default: f64) -> Result<f64, Problem> {
        let parse = |text: &str| match f64::from_str(text) {
            Ok(rate) if rate >= RATE_MIN && rate.is_finite() => Ok(rate),
            Ok(_) | Err(_) => Err(format!("{text:?} is not a number of at least {RATE_MIN}")),
        };
        Ok(self.optional(name, parse)?.unwrap_or(default))
    }
}

fn problem(message: String, name: &str) -> Problem {
    Problem::new(ErrorCode::MissingSetting, message).with_target(name)
}

fn https_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    match url::Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.origin().ascii_serialization() == text.to_ascii_lowercase() => {
            Ok(text.to_owned())
        }
        Ok(_) | Err(_) => Err(format!("{text:?} is not an https URL without a path")),
    }
}

/// The resource of a token in Microsoft Entra ID: an Application ID URI or an application's id.
fn audience(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
    if text.ends_with("/.default") {
        Err(format!("{text:?} is a scope: leave out /.default"))
    } else if text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not an Application ID URI such as api://…"))
    }
}

fn vault_hosts(text: &str) -> Result<VaultHosts, String> {
    let listed = text.split(',').map(str::trim).filter(|host| !host.is_empty());
    let hosts: Vec<String> = listed
        .map(|host| vault_host(host).ok_or_else(|| format!("{host:?} is not HOST or HOST:PORT")))
        .collect::<Result<_, _>>()?;
    if hosts.is_empty() {
        Err("it names no host".to_owned())
    } else {
        Ok(VaultHosts::Listed(hosts))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const CENTER: &str = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Problem> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        Settings::read(|name| variables.get(name).map(|&value| value.to_owned()))
    }

    #[test]
    fn only_the_api_center_is_required() {
        let settings = read(&[("APICENTER_RESOURCE_ID", CENTER)]).unwrap();
        assert_eq!(settings.resource_manager_url, RESOURCE_MANAGER_URL);
        assert_eq!(settings.vault_hosts, VaultHosts::PublicClouds);
        assert_eq!(settings.timer_budget, Duration::from_mins(25));
        assert_eq!(settings.http_budget, Duration::from_secs(200));
        assert!(!settings.managed_identity);
    }

    #[test]
    fn a_missing_or_malformed_setting_is_named() {
        assert_eq!(read(&[]).unwrap_err().target.as_deref(), Some("APICENTER_RESOURCE_ID"));
        let table = [
            ("APICENTER_RESOURCE_ID", "center"),
            ("AZURE_RESOURCE_MANAGER_URL", "http://management.azure.com"),
            ("AZURE_RESOURCE_MANAGER_URL", "https://management.azure.com/path"),
            ("AZURE_RESOURCE_MANAGER_URL", "https://somebody@management.azure.com"),
            ("AZURE_RESOURCE_MANAGER_URL", "https://management.azure.com?x=1"),
            ("KEY_VAULT_HOSTS", "https://vault.vault.azure.net"),
            ("KEY_VAULT_HOSTS", "a@vault.vault.azure.net"),
            ("KEY_VAULT_HOSTS", " , "),
            ("AWS_WEB_IDENTITY_AUDIENCE", "api://aws/.default"),
            ("AWS_WEB_IDENTITY_AUDIENCE", "api://aws gateway"),
            ("KEY_VAULT_HOSTS", "*.vault.azure.net"),
            ("KEY_VAULT_HOSTS", "vault.vault.azure.net."),
            ("KEY_VAULT_HOSTS", "v\u{e4}ult.example"),
            ("KEY_VAULT_HOSTS", "vault.example:0"),
            ("KEY_VAULT_HOSTS", "2130706433"),
            ("SYNC_TIME_BUDGET_SECONDS", "-1"),
            ("HTTP_TIME_BUDGET_SECONDS", "soon"),
            ("HTTP_TIME_BUDGET_SECONDS", "200.1"),
            ("HTTP_TIME_BUDGET_SECONDS", "600"),
            ("SYNC_TIME_BUDGET_SECONDS", "86401"),
            ("AWS_REQUESTS_PER_SECOND", "0"),
            ("AWS_REQUESTS_PER_SECOND", "1e-15"),
            ("ARM_READS_PER_SECOND", "0.0009"),
            ("ARM_WRITES_PER_SECOND", "inf"),
        ];
        for (name, value) in table {
            let problem = read(&[("APICENTER_RESOURCE_ID", CENTER), (name, value)]).unwrap_err();
            assert_eq!(
                (problem.code, problem.target.as_deref()),
                (ErrorCode::MissingSetting, Some(name)),
                "{value}"
            );
            assert!(problem.message.contains(name));
        }
    }

    #[test]
    fn vault_hosts_are_a_list_with_ports() {
        let settings = read(&[
            ("APICENTER_RESOURCE_ID", CENTER),
            ("KEY_VAULT_HOSTS", "One.vault.azure.net:443, 127.0.0.1:8443"),
        ]);
        let hosts = vec!["one.vault.azure.net".to_owned(), "127.0.0.1:8443".to_owned()];
        assert_eq!(settings.unwrap().vault_hosts, VaultHosts::Listed(hosts));
    }

    #[test]
    fn an_audience_is_an_application_id_uri_or_an_id() {
        for audience in [
            "api://aws-gateway",
            "https://example.com/aws/",
            "22222222-2222-4222-8222-222222222222",
        ] {
            let settings = read(&[
                ("APICENTER_RESOURCE_ID", CENTER),
                ("AWS_WEB_IDENTITY_AUDIENCE", audience),
            ]);
            assert_eq!(settings.unwrap().web_identity_audience.as_deref(), Some(audience));
        }
    }

    #[test]
    fn an_emptied_setting_counts_as_missing() {
        let settings = read(&[
            ("APICENTER_RESOURCE_ID", CENTER),
            ("KEY_VAULT_HOSTS", "  "),
            ("AZURE_CLIENT_ID", ""),
        ]);
        assert_eq!(settings.unwrap().client_id, None);
    }
}
