//! Drives the work on one API: performs each step and reports its result.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use tokio::sync::SemaphorePermit;

use super::agenda::Members;
use super::hands::Hands;
use super::interruption::{Interruption, guarded};
use super::places::Places;
use crate::azure::{Catalog, CatalogError, Exported, Refusal};
use crate::catalog::{ApiProof, OwnedApi};
use crate::error_chain::error_chain;
use crate::model::{
    Change, Entity, EntityName, EntityPath, GatewayApi, Integration, IntegrationName, Properties, SourceKey, Stage,
    SystemData, digest, stage_entity_name,
};
use crate::plan::{Below, Event, Import, Step, Work, Write, unsettle};
use crate::planted::panic_if_planted;
use crate::translate::{self, Cut, definition, is_deployed, stage_selection};

/// The work on one API, between two steps.
#[derive(Debug)]
pub struct Paused {
    /// The work.
    pub work: Work,
    /// The step that comes next.
    pub step: Step,
}

/// The API to work on, with its members in AWS.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The integration.
    pub integration: &'a Integration,
    /// The sources of its gateways.
    pub places: &'a Places,
    /// The API's name in the catalog.
    pub name: &'a EntityName,
    /// Its members.
    pub apis: &'a Members,
}

/// Looks at an API: everything up to the first step that changes something.
///
/// # Errors
/// If something cannot be read.
pub async fn look(hands: &Hands, subject: Subject<'_>, mut work: Work) -> Result<Paused, Interruption> {
    let looking = async {
        let mut step = work.next(Event::Begin);
        while work.is_looking() {
            let is_export = matches!(step, Step::Export { .. });
            let _permit = if is_export {
                hands.definitions.acquire().await.ok()
            } else {
                None
            };
            step = work.next(perform(hands, subject, step).await?.0);
        }
        Ok(Paused { work, step })
    };
    guarded(looking).await
}

/// Works on an API until nothing is left to do, or it waits for the guard. Sets `born` if it creates the API, even if
/// it fails later.
///
/// # Errors
/// If a step fails. Then it disclaims what is below an API under construction, unless the work is only put off.
pub async fn drive(
    hands: &Hands,
    subject: Subject<'_>,
    paused: &mut Paused,
    born: &mut Option<ApiProof>,
) -> Result<(), Interruption> {
    let driven = guarded(drive_on(hands, subject, paused, born)).await;
    if let Err(interruption) = &driven
        && !interruption.is_put_off()
        && !matches!(interruption, Interruption::NotOurs(_))
        && let Some(write) = paused.work.disclaiming()
    {
        // If this fails, too, the interruption is still the error to report, and the next run gets here again.
        let _ = write_api(&hands.catalog, &subject.integration.name, &write).await;
    }
    driven
}

/// Marks an API whose deep check failed, so that the next run repeats it. If this fails, too, the API's next turn comes
/// anyway.
pub async fn mark_unchecked(hands: &Hands, subject: Subject<'_>, api: &OwnedApi) {
    let Some(write) = unsettle(api).filter(|_| api.marker.record.fingerprint.is_some()) else {
        return;
    };
    if hands.watch.look(&hands.catalog).await.is_ok() {
        let _ = write_api(&hands.catalog, &subject.integration.name, &write).await;
    }
}

async fn drive_on(
    hands: &Hands,
    subject: Subject<'_>,
    paused: &mut Paused,
    born: &mut Option<ApiProof>,
) -> Result<(), Interruption> {
    let mut looked = false;
    let mut permit: Option<SemaphorePermit<'_>> = None;
    loop {
        match &paused.step {
            Step::Done | Step::AwaitRemovals => return Ok(()),
            Step::Read { .. } | Step::ReadStages(_) | Step::Export { .. } => (),
            Step::Create(_) | Step::Write(_) | Step::Import(_) if looked => (),
            Step::Create(_) | Step::Write(_) | Step::Import(_) => {
                hands.watch.look(&hands.catalog).await?;
                looked = true;
            }
        }
        if hands.budget.is_spent() {
            return Err(Interruption::OutOfTime);
        }
        if let Step::Export { .. } = paused.step {
            // Held until the import, to bound the definitions in memory. A holder never waits for another one. The
            // semaphore is never closed.
            drop(permit.take());
            permit = hands.definitions.acquire().await.ok();
        }
        let (event, made) = perform(hands, subject, mem::replace(&mut paused.step, Step::Done)).await?;
        if let Some(api) = made {
            *born = Some(api);
        }
        if matches!(event, Event::Imported(_) | Event::NotExported { .. }) {
            permit = None;
        }
        paused.step = paused.work.next(event);
    }
}

/// Performs one step; also returns the API if the step created it.
async fn perform(hands: &Hands, subject: Subject<'_>, step: Step) -> Result<(Event, Option<ApiProof>), Interruption> {
    let event = match step {
        Step::Create(write) => return create(hands, subject, &write).await,
        Step::Write(write) if matches!(write.path(), EntityPath::Api(_)) => {
            let api = write_api(&hands.catalog, &subject.integration.name, &write).await?;
            let born = made(&subject.integration.name, &api);
            return Ok((Event::Written(Some(Box::new(api))), born));
        }
        Step::Write(write) => {
            for key in subject.apis.keys() {
                panic_if_planted("write", key.api_id.as_str());
            }
            match make(&hands.catalog, &write).await {
                Ok(entity) => Event::Written(entity.map(Box::new)),
                Err(error) => refused_definition(matches!(write.path(), EntityPath::Definition(..)), error)?,
            }
        }
        Step::Read { api, deep } => Event::Below(read_below(hands, &api, deep).await?),
        Step::Export { from, stage, servers } => export(hands, subject, &from, &stage, servers.as_deref()).await?,
        Step::Import(import) => match self::import(&hands.catalog, &import).await {
            Ok(digest) => Event::Imported(digest),
            Err(error) => refused_definition(true, error)?,
        },
        Step::ReadStages(members) => {
            let mut found = BTreeMap::new();
            for member in members {
                if let Some(stages) = stages_of(hands, subject, &member).await? {
                    found.insert(member, stages);
                }
            }
            Event::Stages(found)
        }
        Step::AwaitRemovals | Step::Done => Event::Judged(BTreeSet::new()),
    };
    Ok((event, None))
}

/// Exports a member's stage.
async fn export(
    hands: &Hands,
    subject: Subject<'_>,
    from: &SourceKey,
    stage: &str,
    servers: Option<&[String]>,
) -> Result<Event, Interruption> {
    let api = subject.apis.get(from).ok_or(Interruption::GivenUp)?;
    let event = match hands.client(&from.gateway)?.export(api, stage).await {
        Ok(export) => match definition(api, export, servers) {
            Ok(export) => Event::Exported(export),
            Err(Cut) => Event::NotExported {
                why: format!("the export of stage {stage:?} of {api} is truncated"),
                is_account_wide: false,
            },
        },
        Err(error) if error.is_for_lack_of_time() => return Err(error.into()),
        Err(error) => Event::NotExported {
            why: error_chain(&error),
            is_account_wide: error.is_account_wide(),
        },
    };
    Ok(event)
}

/// The current stages of a member; `None` if it is gone, or no longer a member.
async fn stages_of(
    hands: &Hands,
    subject: Subject<'_>,
    member: &SourceKey,
) -> Result<Option<BTreeSet<EntityName>>, Interruption> {
    let (gateway, client) = (&member.gateway, hands.client(&member.gateway)?);
    let is_member = |api: &GatewayApi| {
        subject
            .places
            .is_member(subject.integration, gateway, api, subject.name)
    };
    let api = match subject.apis.get(member) {
        Some(api) => Some(api.clone()),
        None => client.api(member.api_type, &member.api_id).await?.filter(is_member),
    };
    let Some(api) = api else { return Ok(None) };
    let of_rules = translate::Subject::of(subject.places.place(subject.integration, gateway), &api);
    let is_wanted = |stage: &&Stage| {
        let selection = stage_selection(subject.integration, of_rules, &stage.name);
        is_deployed(&api, stage) && selection.is_in()
    };
    let stages = client.stages(&api).await?;
    let deployed = stages.iter().filter(is_wanted);
    Ok(Some(deployed.map(|stage| stage_entity_name(&stage.name)).collect()))
}

/// Continues without a definition that API Center refuses; other errors would hit all later steps, too.
fn refused_definition(is_definition: bool, error: CatalogError) -> Result<Event, Interruption> {
    match error {
        CatalogError::Refused { .. } if is_definition => Ok(Event::Refused(error_chain(&error))),
        other => Err(other.into()),
    }
}

/// Creates the API, unless something has its name by now.
async fn create(hands: &Hands, subject: Subject<'_>, write: &Write) -> Result<(Event, Option<ApiProof>), Interruption> {
    if let Some(why) = hands.full() {
        return Err(Interruption::NoRoom(why));
    }
    if let Some(found) = hands.catalog.get(write.path()).await? {
        return Ok((Event::Found(Box::new(found)), None));
    }
    // Others are created concurrently: one of them may have been refused since.
    if let Some(why) = hands.full() {
        return Err(Interruption::NoRoom(why));
    }
    match write_api(&hands.catalog, &subject.integration.name, write).await {
        Ok(api) => {
            let born = made(&subject.integration.name, &api);
            Ok((Event::Written(Some(Box::new(api))), born))
        }
        Err(Interruption::Catalog(
            error @ CatalogError::Refused {
                refusal: Refusal::NoRoom,
                ..
            },
        )) => {
            let why = error.to_string();
            hands.set_full(why.clone());
            Err(Interruption::NoRoom(why))
        }
        Err(error) => Err(error),
    }
}

/// The API, if the write created it: only then does the service return the time of creation.
fn made(integration: &IntegrationName, api: &Entity) -> Option<ApiProof> {
    let is_new = api.system_data.created_at.is_some();
    OwnedApi::claim(integration, api)
        .filter(|_| is_new)
        .map(|api| api.proof())
}

/// Performs one write; returns the resulting entity, unless it was a deletion.
async fn make(catalog: &Catalog, write: &Write) -> Result<Option<Entity>, CatalogError> {
    match write {
        Write::Create(vacant, change) => {
            let mut properties = Properties::new();
            change.apply_to(&mut properties);
            catalog.create(vacant, &properties).await.map(Some)
        }
        Write::Update(owned, change) => {
            let updated = catalog.update(owned, |properties| change.apply_to(properties)).await;
            updated.map(Some)
        }
        Write::Delete(owned, _) => catalog.delete(owned).await.map(|()| None),
    }
}

/// Writes an API if it is still ours: since the listing, somebody may have taken it over.
async fn write_api(catalog: &Catalog, integration: &IntegrationName, write: &Write) -> Result<Entity, Interruption> {
    let not_ours = || Interruption::NotOurs(write.path().clone());
    let (Write::Update(owned, change), EntityPath::Api(name)) = (write, write.path()) else {
        return make(catalog, write).await?.ok_or_else(not_ours);
    };
    let updated = catalog.update(owned, |properties| {
        if is_still_ours(integration, name, properties, change) {
            change.apply_to(properties);
        }
    });
    Ok(updated.await?)
}

/// Whether an API with these properties is the integration's: it has the marker, or is unchanged since it was claimed
/// for the deployments below it.
fn is_still_ours(integration: &IntegrationName, name: &EntityName, properties: &Properties, change: &Change) -> bool {
    let entity = Entity {
        name: name.clone(),
        properties: properties.clone(),
        etag: None,
        system_data: SystemData::default(),
    };
    let is_unmarked = || {
        let before = change.fields.iter().find(|field| field.path == OwnedApi::record_path());
        before.is_some_and(|field| field.before.as_ref() == field.path.get(properties))
    };
    OwnedApi::claim(integration, &entity).is_some() || is_unmarked()
}

/// Reads what is below an API; `deep` also compares the definitions' content with what was imported.
async fn read_below(hands: &Hands, api: &OwnedApi, deep: bool) -> Result<Below, Interruption> {
    let catalog = &hands.catalog;
    let (versions, deployments) = tokio::try_join!(catalog.versions(&api.name), catalog.deployments(&api.name))?;
    let mut below = Below {
        versions,
        deployments,
        ..Below::default()
    };
    for version in &below.versions {
        if api.version(&version.name).is_some() {
            let definitions = catalog.definitions(&api.name, &version.name).await?;
            below.definitions.insert(version.name.clone(), definitions);
        }
    }
    if deep {
        for (version, found) in definitions(&below) {
            let Some(imported) = api.marker.imported(&version, &found) else {
                continue;
            };
            let path = EntityPath::Definition(api.name.clone(), version.clone(), found.clone());
            let _permit = hands.definitions.acquire().await.ok();
            let content = content_digest(&catalog.export_specification(&path).await?);
            if content.is_some_and(|content| content != *imported) {
                below.damaged.insert((version, found));
            }
        }
    }
    Ok(below)
}

/// The definitions found, with their versions.
fn definitions(below: &Below) -> Vec<(EntityName, EntityName)> {
    let versions = below.definitions.iter();
    let named = versions.flat_map(|(version, found)| found.iter().map(|found| (version.clone(), found.name.clone())));
    named.collect()
}

/// Imports a document; returns the digest of the stored content if that is read back.
async fn import(catalog: &Catalog, import: &Import) -> Result<Option<String>, CatalogError> {
    let Import {
        definition,
        document,
        verify,
    } = import;
    catalog.import_specification(definition, document).await?;
    if !verify {
        return Ok(None);
    }
    Ok(content_digest(&catalog.export_specification(definition.path()).await?))
}

/// The digest of the stored content; `None` for a link, whose host must not get our token.
fn content_digest(exported: &Exported) -> Option<String> {
    match exported {
        Exported::Text(text) => Some(digest(text.as_bytes())),
        Exported::Nothing => Some(digest(b"")),
        Exported::Link(_) => None,
    }
}
