//! The commands about integrations.

use std::io::{BufRead, IsTerminal, stdin};

use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::arguments::{Create, CreateAws, Delete, Depth, Integration, List, One, Plan, Sync};
use super::failure::{Exit, Failure};
use super::output::{Shape, Table, tell};
use super::place::Place;
use super::progress::Progress;
use super::rounds::{self, Rounds};
use super::{apply, export, view};
use crate::engine::{PlanView, SyncRequest};
use crate::model::document::{DocumentProperties, SourceProperties};

/// The columns of integrations.
const INTEGRATION: [(&str, &str); 5] = [
    ("Name", "/name"),
    ("State", "/properties/linkState/state"),
    ("Region", "/properties/amazonApiGatewaySource/regionName"),
    ("LastOutcome", "/properties/lastSync/outcome"),
    ("LastRun", "/properties/lastSync/finishedOn"),
];
/// The columns of a report.
const REPORT: [(&str, &str); 9] = [
    ("Outcome", "/outcome"),
    ("Created", "/created"),
    ("Updated", "/updated"),
    ("Deleted", "/deleted"),
    ("Unchanged", "/unchanged"),
    ("Remaining", "/remaining"),
    ("Failed", "/failed"),
    ("Skipped", "/skipped"),
    ("FinishedOn", "/finishedOn"),
];
/// The columns of a plan.
const CHANGE: [(&str, &str); 4] = [
    ("Action", "/action"),
    ("Entity", "/entity"),
    ("Name", "/name"),
    ("Reason", "/reason"),
];

/// Runs a command.
pub async fn run(command: Integration, stop: &CancellationToken) -> Result<Exit, Failure> {
    match command {
        Integration::Create(Create::Aws(arguments)) => create(*arguments, stop).await,
        Integration::Apply(arguments) => apply::run(&arguments, stop).await,
        Integration::Export(arguments) => export::run(&arguments, stop).await,
        Integration::Schema => export::schema(),
        Integration::List(arguments) => list(&arguments, stop).await,
        Integration::Show(one) => show(&one, stop).await,
        Integration::Delete(arguments) => delete(&arguments, stop).await,
        Integration::Sync(arguments) => sync(arguments, stop).await,
        Integration::Plan(arguments) => plan(arguments, stop).await,
    }
}

async fn create(arguments: CreateAws, stop: &CancellationToken) -> Result<Exit, Failure> {
    let One {
        integration_name: name,
        center,
        shape,
    } = &arguments.one;
    let place = Place::of(center, stop)?;
    let progress = Progress::start(format!("creating {name}"), place.meter());
    let (integration, failure) = rounds::put(&place, name, &document(&arguments), &progress).await?;
    drop(progress);
    print_integrations(shape, &integration)?;
    let report = rounds::last_report(&integration)?;
    if let Some(message) = report.as_ref().and_then(|report| report.message.as_deref()) {
        tell(&format!("warning: {}", view::line(message)));
    }
    failure.map_or(Ok(report.map_or(Exit::Done, |report| Exit::of(&report))), Err)
}

/// The body of the `PUT`, without what is not given.
fn document(arguments: &CreateAws) -> Value {
    let source = SourceProperties {
        access_key: arguments.aws_access_key_reference.clone(),
        secret_access_key: arguments.aws_secret_access_key_reference.clone(),
        role_arn: arguments.aws_role_arn.clone(),
        external_id: arguments.aws_external_id.clone(),
        account: None,
        region_name: arguments.aws_region_name.clone(),
        msi_resource_id: arguments.msi_resource_id.clone(),
    };
    let properties = DocumentProperties {
        api_types: arguments.api_types.clone(),
        import_specification: arguments.import_specification,
        target_environment_id: arguments.target_environment_id.clone(),
        target_lifecycle_stage: arguments.target_lifecycle_stage,
        ..DocumentProperties::of_source(source)
    };
    json!({ "properties": properties })
}

async fn list(arguments: &List, stop: &CancellationToken) -> Result<Exit, Failure> {
    let integrations = Place::of(&arguments.center, stop)?.list().await?;
    print_integrations(&arguments.shape, &integrations)?;
    Ok(Exit::Done)
}

async fn show(one: &One, stop: &CancellationToken) -> Result<Exit, Failure> {
    let integration = Place::of(&one.center, stop)?.get(&one.integration_name).await?;
    print_integrations(&one.shape, &integration)?;
    Ok(Exit::Done)
}

fn print_integrations(shape: &Shape, integrations: &Value) -> Result<(), Failure> {
    shape.print(integrations, |value| Table::of(items(value), &INTEGRATION))
}

/// The items of a list, or the value itself.
fn items(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

async fn delete(arguments: &Delete, stop: &CancellationToken) -> Result<Exit, Failure> {
    let (name, center) = (&arguments.one.integration_name, &arguments.one.center);
    let place = Place::of(center, stop)?;
    if !arguments.yes {
        confirm(
            &format!("Delete the integration {name} and all the APIs that it created?"),
            stop,
        )
        .await?;
    }
    let progress = Progress::start(format!("deleting {name}"), place.meter());
    rounds::delete(&place, name, &progress).await?;
    Ok(Exit::Done)
}

/// Asks a person for confirmation; without a terminal, the command fails.
async fn confirm(question: &str, stop: &CancellationToken) -> Result<(), Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::usage(
            "no terminal to confirm on: use --yes to delete without a prompt",
        ));
    }
    tell(&format!("{question} (y/n)"));
    // On its own thread, so that Ctrl-C counts as an answer.
    let answer = spawn_blocking(|| {
        let mut answer = String::new();
        stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    let answer = tokio::select! {
        answer = answer => answer.ok().and_then(Result::ok).unwrap_or_default(),
        () = stop.cancelled() => return Err(Failure::interrupted()),
    };
    if ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) {
        Ok(())
    } else {
        Err(Failure::new("nothing was deleted"))
    }
}

fn request(depth: &Depth) -> SyncRequest {
    SyncRequest {
        definitions: depth.definitions,
        deep: depth.deep,
        ..SyncRequest::default()
    }
}

async fn sync(arguments: Sync, stop: &CancellationToken) -> Result<Exit, Failure> {
    let One {
        integration_name: name,
        center,
        shape,
    } = &arguments.one;
    let place = Place::of(center, stop)?;
    let request = SyncRequest {
        plan_id: arguments.plan_id,
        confirm_deletions: arguments.confirm_deletions.into_iter().collect(),
        api: arguments.api,
        ..request(&arguments.depth)
    };
    let progress = Progress::start(format!("synchronizing {name}"), place.meter());
    let Rounds { sum, failure } = rounds::synchronize(&place, name, request, &progress).await;
    drop(progress);
    // After an interruption, nobody wants to see more.
    if let Some(report) = sum.as_ref().filter(|_| !stop.is_cancelled()) {
        let table = |value: &Value| Table::of([value], &REPORT);
        shape.print_or(&json!(report), table, || view::report(name, report))?;
    }
    failure.map_or(Ok(sum.map_or(Exit::Done, |report| Exit::of(&report))), Err)
}

async fn plan(arguments: Plan, stop: &CancellationToken) -> Result<Exit, Failure> {
    let One {
        integration_name: name,
        center,
        shape,
    } = &arguments.one;
    let place = Place::of(center, stop)?;
    let progress = Progress::start(format!("planning {name}"), place.meter());
    let value = place.plan(name, &request(&arguments.depth)).await?;
    drop(progress);
    let plan: PlanView = serde_json::from_value(value.clone())
        .map_err(|error| Failure::new(format!("cannot parse the plan: {error}")))?;
    let table = |value: &Value| Table::of(items(&value["changes"]), &CHANGE);
    shape.print_or(&value, table, || view::plan(&plan, &arguments.one, &arguments.depth))?;
    Ok(match (plan.changes.is_empty(), plan.complete) {
        (false, _) if arguments.exit_code => Exit::Changes,
        (_, false) => Exit::Unwell,
        (_, true) => Exit::Done,
    })
}
