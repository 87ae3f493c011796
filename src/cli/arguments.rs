//! The arguments: those of `az apic integration`, and additions.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use secrecy::SecretString;

use super::help;
use super::output::Shape;
use crate::engine::OneApi;
use crate::model::{ApiType, ImportSpecification, IntegrationName, LifecycleStage};

/// The name of the program.
pub const NAME: &str = "apicenter-aws-sync";

/// Keep Azure API Center in sync with Amazon API Gateway.
///
/// By default, this program does the work, with your own sign-in (az login, azd auth login). With --function-url, a
/// deployed function app does it.
#[derive(Debug, Parser)]
#[command(name = NAME, version, after_long_help = help::ALL, arg_required_else_help = true)]
pub struct CommandLine {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, apply, show, plan, synchronize and delete integrations.
    #[command(subcommand, arg_required_else_help = true)]
    Integration(Integration),
    /// Check every prerequisite, and say how to fix what is missing.
    #[command(after_long_help = help::DOCTOR)]
    Doctor(Doctor),
    /// Explain why an API is, or is not, in the catalog.
    #[command(after_long_help = help::EXPLAIN)]
    Explain(Explain),
    /// Print the completion script for a shell.
    #[command(after_long_help = help::COMPLETION)]
    Completion {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, for man.
    #[command(after_long_help = help::MAN)]
    Man,
}

/// The commands on integrations.
#[derive(Debug, Subcommand)]
pub enum Integration {
    /// Create or replace an integration, and synchronize it.
    #[command(subcommand, arg_required_else_help = true)]
    Create(Create),
    /// Create or replace the integrations in a file. Integrations that the file does not name stay as they are.
    #[command(after_long_help = help::APPLY)]
    Apply(Apply),
    /// Print integrations as YAML for `apply`.
    #[command(after_long_help = help::EXPORT)]
    Export(Export),
    /// Print the JSON Schema of the file for `apply`.
    #[command(after_long_help = help::SCHEMA)]
    Schema,
    /// List all integrations.
    #[command(after_long_help = help::LIST)]
    List(List),
    /// Show an integration and the report of its last run.
    #[command(after_long_help = help::SHOW)]
    Show(One),
    /// Delete an integration and everything that it created.
    #[command(after_long_help = help::DELETE)]
    Delete(Delete),
    /// Synchronize an integration now.
    #[command(after_long_help = help::SYNC)]
    Sync(Sync),
    /// Show what a synchronization would change, without writing anything.
    #[command(after_long_help = help::PLAN)]
    Plan(Plan),
}

/// The kinds of integration.
#[derive(Debug, Subcommand)]
pub enum Create {
    /// Integrate an Amazon API Gateway.
    #[command(after_long_help = help::CREATE)]
    Aws(Box<CreateAws>),
}

/// The API center, and who does the work.
#[derive(Debug, Clone, Args)]
pub struct Center {
    /// Resource group of the API center.
    #[arg(short = 'g', long, value_name = "NAME")]
    pub resource_group: Option<String>,
    /// Name of the API center.
    #[arg(short = 'n', long, alias = "service-name-name", value_name = "NAME")]
    pub service_name: Option<String>,
    /// Id of the API center's subscription. Default: `AZURE_SUBSCRIPTION_ID`.
    #[arg(long, value_name = "ID")]
    pub subscription: Option<String>,
    /// Let the function app at this address do the work.
    #[arg(long, value_name = "URL")]
    pub function_url: Option<String>,
    /// Key of the function app. Prefer `FUNCTION_KEY`: other users of the machine can see this option.
    #[arg(long, value_name = "KEY", requires = "function_url")]
    pub function_key: Option<SecretString>,
}

/// The arguments of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// The output format.
    #[command(flatten)]
    pub shape: Shape,
}

/// One integration of an API center.
#[derive(Debug, Clone, Args)]
pub struct One {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// Name of the integration.
    #[arg(short = 'i', long, value_name = "NAME", value_parser = integration_name)]
    pub integration_name: IntegrationName,
    /// The output format.
    #[command(flatten)]
    pub shape: Shape,
}

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// YAML or JSON file with integrations, one per document; `-` reads standard input.
    #[arg(short, long, value_name = "FILE")]
    pub file: PathBuf,
    /// The output format.
    #[command(flatten)]
    pub shape: Shape,
}

/// The arguments of `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// Name of the integration.
    #[arg(short = 'i', long, value_name = "NAME", value_parser = integration_name, required_unless_present = "all")]
    pub integration_name: Option<IntegrationName>,
    /// Export all integrations of the API center, one per document.
    #[arg(long, conflicts_with = "integration_name")]
    pub all: bool,
}

/// The settings of a new integration.
#[derive(Debug, Args)]
pub struct CreateAws {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// Key Vault secret identifier of the AWS access key.
    #[arg(short = 'a', long, value_name = "URI", required_unless_present = "aws_role_arn")]
    pub aws_access_key_reference: Option<String>,
    /// Key Vault secret identifier of the AWS secret access key.
    #[arg(short = 's', long, value_name = "URI", required_unless_present = "aws_role_arn")]
    pub aws_secret_access_key_reference: Option<String>,
    /// Region of the Amazon API Gateway, such as us-east-1.
    #[arg(short = 'r', long, value_name = "REGION")]
    pub aws_region_name: String,
    /// Role to assume: with the access key, or, without one, with the identity of the function app.
    #[arg(long, value_name = "ARN")]
    pub aws_role_arn: Option<String>,
    /// External id that the role's trust policy requires.
    #[arg(long, value_name = "ID", requires = "aws_role_arn")]
    pub aws_external_id: Option<String>,
    /// Kinds of API to synchronize. Default: all.
    #[arg(long, value_name = "KIND", num_args = 1.., ignore_case = true)]
    pub api_types: Option<Vec<ApiType>>,
    /// When to import API definitions.
    #[arg(long, value_name = "WHEN", ignore_case = true)]
    pub import_specification: Option<ImportSpecification>,
    /// Resource id of a managed identity. It is stored and shown, but not used.
    #[arg(long, value_name = "ID")]
    pub msi_resource_id: Option<String>,
    /// Environment of the deployments, /workspaces/default/environments/NAME. Default: a new one with the integration's name.
    #[arg(long, value_name = "ID")]
    pub target_environment_id: Option<String>,
    /// Lifecycle stage of new versions.
    #[arg(long, value_name = "STAGE", ignore_case = true)]
    pub target_lifecycle_stage: Option<LifecycleStage>,
}

/// The arguments of `delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// Do not prompt for confirmation.
    #[arg(short, long)]
    pub yes: bool,
}

/// How much to compare.
#[derive(Debug, Clone, Args)]
pub struct Depth {
    /// Import definitions now, although the integration imports them on demand only.
    #[arg(long)]
    pub definitions: bool,
    /// Compare everything below every API, even if nothing seems to have changed.
    #[arg(long)]
    pub deep: bool,
}

/// The arguments of `sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// How much to compare.
    #[command(flatten)]
    pub depth: Depth,
    /// Apply this plan only. If anything has changed since, nothing is written.
    #[arg(long, value_name = "ID", value_parser = id)]
    pub plan_id: Option<String>,
    /// Confirm the held deletions with these ids, from a report or a plan.
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = id)]
    pub confirm_deletions: Vec<String>,
    /// Synchronize only the API with this id. Nothing is removed, and the outcome is not recorded.
    #[arg(long, value_name = "ID", conflicts_with_all = ["plan_id", "confirm_deletions"], value_parser = one_api)]
    pub api: Option<OneApi>,
}

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// How much to compare.
    #[command(flatten)]
    pub depth: Depth,
    /// Exit with code 2 if there are changes.
    #[arg(long, visible_alias = "detailed-exitcode")]
    pub exit_code: bool,
}

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// Also check the secrets, credentials and region of this integration.
    #[arg(short = 'i', long, value_name = "NAME", value_parser = integration_name)]
    pub integration_name: Option<IntegrationName>,
    /// The output format.
    #[command(flatten)]
    pub shape: Shape,
}

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// Name or id of the API in AWS, or its name in the catalog.
    #[arg(value_name = "NAME|ID")]
    pub api: String,
}

fn integration_name(text: &str) -> Result<IntegrationName, String> {
    IntegrationName::parse(text).map_err(|error| error.to_string())
}

fn one_api(text: &str) -> Result<OneApi, String> {
    OneApi::parse(text).map_err(|error| error.to_string())
}

fn id(text: &str) -> Result<String, String> {
    let hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| text.to_ascii_lowercase())
        .ok_or_else(|| "it is not an id from a report or a plan".to_owned())
}
