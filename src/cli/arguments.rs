//! The arguments: those of `az apic integration`, and what it lacks.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use secrecy::SecretString;

use super::help;
use super::output::Shape;
use crate::engine::OneApi;
use crate::model::{ApiType, ImportSpecification, IntegrationName, LifecycleStage};

/// What the program is called.
pub const NAME: &str = "apicenter-aws-sync";

/// Keep the inventory of Azure API Center in line with Amazon API Gateway.
///
/// By default, this program does the work, with your own sign-in (az login, azd auth login). With --function-url, a deployed
/// function app does it.
#[derive(Debug, Parser)]
#[command(name = NAME, version, after_long_help = help::ALL, arg_required_else_help = true)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, apply, show, plan, synchronize and delete integrations.
    #[command(subcommand, arg_required_else_help = true)]
    Integration(Integration),
    /// Check every prerequisite, and say how to fix what is missing.
    #[command(after_long_help = help::DOCTOR)]
    Doctor(Doctor),
    /// Explain why an API on Amazon is in the catalog as it is, or why it is not there.
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

/// What can be done with integrations.
#[derive(Debug, Subcommand)]
pub enum Integration {
    /// Create an integration, or replace it, and synchronize it.
    #[command(subcommand, arg_required_else_help = true)]
    Create(Create),
    /// Create or replace the integrations in a file. Integrations that the file does not name stay as they are.
    #[command(after_long_help = help::APPLY)]
    Apply(Apply),
    /// Print integrations as YAML that `apply` takes.
    #[command(after_long_help = help::EXPORT)]
    Export(Export),
    /// Print the JSON Schema of the file that `apply` takes.
    #[command(after_long_help = help::SCHEMA)]
    Schema,
    /// List all integrations.
    #[command(after_long_help = help::LIST)]
    List(List),
    /// Show an integration and the report of its last run.
    #[command(after_long_help = help::SHOW)]
    Show(One),
    /// Delete an integration and everything that it made.
    #[command(after_long_help = help::DELETE)]
    Delete(Delete),
    /// Synchronize an integration now.
    #[command(after_long_help = help::SYNC)]
    Sync(Sync),
    /// Show what a synchronization would change, without writing anything.
    #[command(after_long_help = help::PLAN)]
    Plan(Plan),
}

/// The kinds of integration there are.
#[derive(Debug, Subcommand)]
pub enum Create {
    /// Integrate an Amazon API Gateway.
    #[command(after_long_help = help::CREATE)]
    Aws(Box<CreateAws>),
}

/// Which API center, and where the work is done.
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
    /// Have the function app at this address do the work.
    #[arg(long, value_name = "URL")]
    pub function_url: Option<String>,
    /// Key of the function app. Prefer `FUNCTION_KEY`: other users of the machine can see this option.
    #[arg(long, value_name = "KEY", requires = "function_url")]
    pub function_key: Option<SecretString>,
}

/// What is listed.
#[derive(Debug, Args)]
pub struct List {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// How the result is printed.
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
    /// How the result is printed.
    #[command(flatten)]
    pub shape: Shape,
}

/// What is applied.
#[derive(Debug, Args)]
pub struct Apply {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// YAML or JSON file with integrations, one a document; `-` reads standard input.
    #[arg(short, long, value_name = "FILE")]
    pub file: PathBuf,
    /// How the result is printed.
    #[command(flatten)]
    pub shape: Shape,
}

/// What is exported.
#[derive(Debug, Args)]
pub struct Export {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// Name of the integration.
    #[arg(short = 'i', long, value_name = "NAME", value_parser = integration_name, required_unless_present = "all")]
    pub integration_name: Option<IntegrationName>,
    /// All integrations of the API center, one a document.
    #[arg(long, conflicts_with = "integration_name")]
    pub all: bool,
}

/// What an integration is made of.
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
    /// External id that the role's trust policy asks for.
    #[arg(long, value_name = "ID", requires = "aws_role_arn")]
    pub aws_external_id: Option<String>,
    /// Kinds of API to synchronize. Default: all.
    #[arg(long, value_name = "KIND", num_args = 1.., ignore_case = true)]
    pub api_types: Option<Vec<ApiType>>,
    /// When to import API definitions.
    #[arg(long, value_name = "WHEN", ignore_case = true)]
    pub import_specification: Option<ImportSpecification>,
    /// Resource id of a managed identity. It is kept and shown, but not used.
    #[arg(long, value_name = "ID")]
    pub msi_resource_id: Option<String>,
    /// Environment of the deployments, /workspaces/default/environments/NAME. Default: a new one with the integration's name.
    #[arg(long, value_name = "ID")]
    pub target_environment_id: Option<String>,
    /// Lifecycle stage of new versions.
    #[arg(long, value_name = "STAGE", ignore_case = true)]
    pub target_lifecycle_stage: Option<LifecycleStage>,
}

/// What is deleted, and whether unasked.
#[derive(Debug, Args)]
pub struct Delete {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub yes: bool,
}

/// What is looked at.
#[derive(Debug, Clone, Args)]
pub struct Depth {
    /// Import definitions now, although the integration imports them on demand only.
    #[arg(long)]
    pub definitions: bool,
    /// Check everything below every API, even where nothing seems to have changed.
    #[arg(long)]
    pub deep: bool,
}

/// What a synchronization is to do.
#[derive(Debug, Args)]
pub struct Sync {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// What is looked at.
    #[command(flatten)]
    pub depth: Depth,
    /// Apply this plan only. If anything has changed since, nothing is written.
    #[arg(long, value_name = "ID", value_parser = id)]
    pub plan_id: Option<String>,
    /// Make the held deletions with these ids, from a report or a plan.
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = id)]
    pub confirm_deletions: Vec<String>,
    /// Synchronize only the API with this id. Nothing is removed, and the outcome is not kept.
    #[arg(long, value_name = "ID", conflicts_with_all = ["plan_id", "confirm_deletions"], value_parser = one_api)]
    pub api: Option<OneApi>,
}

/// What is planned.
#[derive(Debug, Args)]
pub struct Plan {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// What is looked at.
    #[command(flatten)]
    pub depth: Depth,
    /// End with exit code 2 if there are changes.
    #[arg(long, visible_alias = "detailed-exitcode")]
    pub exit_code: bool,
}

/// What is examined.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The API center.
    #[command(flatten)]
    pub center: Center,
    /// The integration whose secrets, credentials and region are checked, too.
    #[arg(short = 'i', long, value_name = "NAME", value_parser = integration_name)]
    pub integration_name: Option<IntegrationName>,
    /// How the result is printed.
    #[command(flatten)]
    pub shape: Shape,
}

/// What is explained.
#[derive(Debug, Args)]
pub struct Explain {
    /// The integration.
    #[command(flatten)]
    pub one: One,
    /// Name or id of the API on Amazon, or its name in the catalog.
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
