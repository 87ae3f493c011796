//! A catalog in memory to which plans are applied, write by write, as a run applies them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{ApiPlan, Below, Done, Event, Import, Standing, Step, Work, Write, plan_api};
use super::fixtures::{Source, export};
use crate::catalog::{OwnedApi, Vacant};
use crate::model::{Definition, Entity, EntityName, EntityPath, Export, Properties, SystemData, digest};

/// Enough writes for any run of these tests.
pub(super) const ALL: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct World {
    pub entities: BTreeMap<EntityPath, Properties>,
    /// The texts of the definitions that were imported.
    pub contents: BTreeMap<EntityPath, String>,
}

/// The run was killed.
#[derive(Debug)]
pub(super) struct Killed;

/// A run that is killed before its write after the last it may make.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub left: usize,
    pub made: Vec<String>,
    pub done: Done,
}

impl Run {
    fn step(&mut self, what: String) -> Result<(), Killed> {
        self.left = self.left.checked_sub(1).ok_or(Killed)?;
        self.made.push(what);
        Ok(())
    }
}

impl World {
    /// The world after a whole run.
    pub fn synced(source: &Source) -> Self {
        let mut world = Self::default();
        world.sync(source, ALL);
        world
    }

    /// Runs until nothing is left to do: a removal makes room that the next run uses.
    pub fn settle(&mut self, source: &Source) {
        for _ in 0..3 {
            self.sync(source, ALL);
        }
        assert_eq!(self.sync(source, ALL), Vec::<String>::new());
    }

    /// One deep run, killed after so many writes; tells what it wrote.
    pub fn sync(&mut self, source: &Source, writes: usize) -> Vec<String> {
        self.run(source, writes, true).made
    }

    /// The same, by a run that looks below the API if it is `deep` or the API is not known to be as desired.
    pub fn run(&mut self, source: &Source, writes: usize, deep: bool) -> Run {
        let mut run = Run {
            left: writes,
            ..Run::default()
        };
        let Some(standing) = self.standing(source) else {
            return run;
        };
        let mut work = Self::work(source, standing, deep);
        // A killed run is what is tested.
        let _ = self.drive(source, &mut work, Event::Begin, &mut run);
        run.done = work.into_done();
        run
    }

    /// The machine of the API.
    pub fn work(source: &Source, standing: Standing, deep: bool) -> Work {
        Work::new(Arc::new(source.rules()), source.desired(), standing, deep, false)
    }

    /// Carries out the steps of a machine, from an event on.
    pub fn drive(&mut self, source: &Source, work: &mut Work, event: Event, run: &mut Run) -> Result<(), Killed> {
        let mut step = work.next(event);
        loop {
            let event = match step {
                Step::AwaitRemovals if source.held => Some(Event::Judged(BTreeSet::new())),
                Step::AwaitRemovals => Some(Event::Judged(all_removals(work))),
                step => self.carry_out(source, step, run)?,
            };
            let Some(event) = event else { return Ok(()) };
            step = work.next(event);
        }
    }

    /// Carries out a step; what came of it, if it is not the last one.
    pub fn carry_out(&mut self, source: &Source, step: Step, run: &mut Run) -> Result<Option<Event>, Killed> {
        let event = match step {
            Step::Create(write) | Step::Write(write) => {
                self.write(&write, run)?;
                Event::Written(self.entity(write.path()).map(Box::new))
            }
            Step::Read { api, .. } => Event::Below(self.below(&api)),
            Step::Export { .. } if source.failing => Event::NotExported {
                why: "denied".to_owned(),
                is_account_wide: false,
            },
            Step::Export { stage, .. } => Event::Exported(exported(source, &stage)),
            Step::Import(import) => {
                self.import(&import, run)?;
                Event::Imported(None)
            }
            Step::ReadStages(members) => {
                let versions = source.desired().versions;
                let names: BTreeSet<EntityName> = versions.into_iter().map(|version| version.name).collect();
                Event::Stages(members.into_iter().map(|member| (member, names.clone())).collect())
            }
            Step::AwaitRemovals | Step::Done => return Ok(None),
        };
        Ok(Some(event))
    }

    /// The plan of the API as it stands.
    pub fn plan(&self, source: &Source) -> ApiPlan {
        let standing = self.standing(source).unwrap();
        let below = standing.owned().map(|api| self.below(api)).unwrap_or_default();
        plan(source, &standing, &below)
    }

    /// Where the API is; `None` if somebody else's is in its place.
    pub fn standing(&self, source: &Source) -> Option<Standing> {
        match self.owned(source) {
            Some(api) => Some(Standing::Owned(Box::new(api))),
            None => self.vacant(source).map(Standing::Missing),
        }
    }

    pub fn owned(&self, source: &Source) -> Option<OwnedApi> {
        let api = self.entity(&EntityPath::Api(source.desired().name))?;
        OwnedApi::claim(&source.integration.name, &api)
    }

    /// What is below an API, its definitions compared with what was imported.
    pub fn below(&self, api: &OwnedApi) -> Below {
        let mut below = Below::default();
        for path in self.entities.keys() {
            let entity = self.entity(path).unwrap();
            match path {
                EntityPath::Version(parent, _) if *parent == api.name => below.versions.push(entity),
                EntityPath::Deployment(parent, _) if *parent == api.name => below.deployments.push(entity),
                EntityPath::Definition(parent, version, _) if *parent == api.name => {
                    if api.version(version).is_some() {
                        below.definitions.entry(version.clone()).or_default().push(entity);
                    }
                }
                EntityPath::Api(_)
                | EntityPath::Environment(_)
                | EntityPath::Version(..)
                | EntityPath::Definition(..)
                | EntityPath::Deployment(..) => {}
            }
        }
        for (version, found) in &below.definitions {
            for definition in found.iter().map(|found| &found.name) {
                let path = EntityPath::Definition(api.name.clone(), version.clone(), definition.clone());
                if let Some(text) = self.contents.get(&path)
                    && let Some(imported) = api.marker.imported(version, definition)
                    && digest(text.as_bytes()) != *imported
                {
                    below.damaged.insert((version.clone(), definition.clone()));
                }
            }
        }
        below
    }

    /// Removes an entity and what is below it, but leaves what is below an API, as the service does.
    pub fn remove(&mut self, path: &EntityPath) {
        let below = |other: &EntityPath| match (path, other) {
            (EntityPath::Version(api, version), EntityPath::Definition(parent, parent_version, _)) => {
                (api, version) == (parent, parent_version)
            }
            _ => false,
        };
        self.entities.retain(|other, _| other != path && !below(other));
        self.contents.retain(|other, _| other != path && !below(other));
    }

    pub fn entity(&self, path: &EntityPath) -> Option<Entity> {
        let (EntityPath::Environment(name)
        | EntityPath::Api(name)
        | EntityPath::Version(_, name)
        | EntityPath::Definition(_, _, name)
        | EntityPath::Deployment(_, name)) = path;
        Some(Entity {
            name: name.clone(),
            properties: self.entities.get(path)?.clone(),
            etag: None,
            system_data: SystemData::default(),
        })
    }

    fn vacant(&self, source: &Source) -> Option<Vacant> {
        let path = EntityPath::Api(source.desired().name);
        let found = self.entity(&path);
        Vacant::at(path, found.as_ref())
    }

    pub fn import(&mut self, import: &Import, run: &mut Run) -> Result<(), Killed> {
        let path = import.definition.path();
        run.step(format!("import {path}"))?;
        assert!(self.entities.contains_key(path));
        self.contents.insert(path.clone(), import.document.text.clone());
        Ok(())
    }

    pub fn write(&mut self, write: &Write, run: &mut Run) -> Result<(), Killed> {
        run.step(describe(write))?;
        let path = write.path();
        match write {
            Write::Create(_, change) => {
                let mut properties = Properties::new();
                change.apply_to(&mut properties);
                let before = self.entities.insert(path.clone(), properties);
                assert_eq!(before, None, "{path} was overwritten");
            }
            Write::Update(_, change) => change.apply_to(self.entities.get_mut(path).unwrap()),
            Write::Delete(..) => {
                let count = self.entities.len();
                self.remove(path);
                assert_eq!(
                    self.entities.len(),
                    count - 1,
                    "{path} took others along, or was not there"
                );
            }
        }
        Ok(())
    }
}

/// What AWS gives for a stage.
fn exported(source: &Source, stage_name: &str) -> Export {
    let stage = source.stages.iter().find(|stage| stage.name == stage_name);
    match &stage.unwrap().definition {
        Definition::Exported(revision) => export(revision),
        other => panic!("no export of {other:?} is wanted"),
    }
}

pub(super) fn plan(source: &Source, standing: &Standing, below: &Below) -> ApiPlan {
    plan_api(&source.rules(), &source.desired(), standing, below)
}

/// A write in short: what is done to which entity.
pub(super) fn describe(write: &Write) -> String {
    let verb = match write {
        Write::Create(..) => "create",
        Write::Update(..) => "update",
        Write::Delete(..) => "delete",
    };
    format!("{verb} {}", write.path())
}

/// The names of all removals that wait for the guard.
pub(super) fn all_removals(work: &Work) -> BTreeSet<EntityName> {
    work.removals().iter().map(|removal| removal.name.clone()).collect()
}
