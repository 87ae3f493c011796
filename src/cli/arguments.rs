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

/// Keeps the inventory of Azure API Center true to what runs on Amazon API Gateway.
///
/// The program does the work itself with your own sign-in (az login, azd auth login), or lets a deployed function app do it
/// (--function-url).
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
    /// Check every prerequisite one by one, and say how to fix what is missing.
    #[command(after_long_help = help::DOCTOR)]
    Doctor(Doctor),
    /// Tell why one API of Amazon's is in the catalog as it is, or is not.
    #[command(after_long_help = help::EXPLAIN)]
    Explain(Explain),
    /// Print the completions for a shell.
    #[command(after_long_help = help::COMPLETION)]
    Completion {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, in the format of man.
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
    /// Show an integration, with the outcome of its last run.
    #[command(after_long_help = help::SHOW)]
    Show(One),
    /// Delete an integration, and everything that it made.
    #[command(after_long_help = help::DELETE)]
    Delete(Delete),
    /// Synchronize an integration now.
    #[command(after_long_help = help::SYNC)]
    Sync(Sync),
    /// Show what a synchronization would change; nothing is written.
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
    /// Subscription of the API center, by its id; `AZURE_SUBSCRIPTION_ID` otherwise.
    #[arg(long, value_name = "ID")]
    pub subscription: Option<String>,
    /// Let the function app at this address do the work, instead of this program.
    #[arg(long, value_name = "URL")]
    pub function_url: Option<String>,
    /// The function app's key; better kept in `FUNCTION_KEY`, where no list of processes shows it.
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
    /// Role to take on, with the access key or, without one, with the identity of the function app.
    #[arg(long, value_name = "ARN")]
    pub aws_role_arn: Option<String>,
    /// What the role's trust policy asks for, with an access key.
    #[arg(long, value_name = "ID", requires = "aws_role_arn")]
    pub aws_external_id: Option<String>,
    /// Kinds of API to synchronise; all of them otherwise.
    #[arg(long, value_name = "KIND", num_args = 1.., ignore_case = true)]
    pub api_types: Option<Vec<ApiType>>,
    /// Whether to import API definitions.
    #[arg(long, value_name = "WHEN", ignore_case = true)]
    pub import_specification: Option<ImportSpecification>,
    /// Resource id of the API center's managed identity: kept and shown, not used.
    #[arg(long, value_name = "ID")]
    pub msi_resource_id: Option<String>,
    /// Environment for the deployments, /workspaces/default/environments/NAME; one is made otherwise.
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
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
}

/// What is looked at.
#[derive(Debug, Clone, Args)]
pub struct Depth {
    /// Import definitions, although the integration does that on demand.
    #[arg(long)]
    pub definitions: bool,
    /// Look below every API, also where nothing seems to have changed.
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
    /// Apply this plan and no other; when something changed since, nothing is written.
    #[arg(long, value_name = "ID", value_parser = id)]
    pub plan_id: Option<String>,
    /// Make the deletions of these ids, which a report or a plan has told, although they are held.
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = id)]
    pub confirm_deletions: Vec<String>,
    /// Look at the API with this id and at no other: nothing is removed, and the outcome is not kept.
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
    /// End with exit code 2 when there are changes.
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
    /// Name or id of the API on Amazon, or the name of its API in the catalog.
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
        .ok_or_else(|| "it is not an id as a report or a plan gives it".to_owned())
}
