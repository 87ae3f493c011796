//! A catalog in memory to which plans are applied, write by write, as a run applies them.

use std::collections::BTreeMap;

use super::super::{ApiInput, ApiPlan, Below, Finished, StagePlan, Standing, Write, plan_api, recorded};
use super::fixtures::{Source, export};
use crate::model::digest;
use crate::model::marker::ApiState;
use crate::model::{Entity, EntityName, EntityPath, Export, OwnedApi, Properties, SystemData, Vacant};

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
struct Killed;

/// A run that is killed before its write after the last it may make.
struct Run {
    left: usize,
    made: Vec<String>,
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

    /// One run, killed after so many writes; tells what it wrote.
    pub fn sync(&mut self, source: &Source, writes: usize) -> Vec<String> {
        let mut run = Run {
            left: writes,
            made: Vec::new(),
        };
        // A killed run is what is tested.
        let _ = self.run(source, &mut run);
        run.made
    }

    /// The plan of the API as it stands.
    pub fn plan(&self, source: &Source) -> ApiPlan {
        match self.owned(source) {
            Some(api) => plan(source, Standing::Owned(&api), &self.below(&api)),
            None => plan(
                source,
                Standing::Missing(&self.vacant(source).unwrap()),
                &Below::default(),
            ),
        }
    }

    pub fn owned(&self, source: &Source) -> Option<OwnedApi> {
        let api = self.entity(&EntityPath::Api(source.api.name.clone()))?;
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
        for version in below.definitions.keys() {
            let path = EntityPath::Definition(api.name.clone(), version.clone(), EntityName::definition());
            let deployment = below.deployments.iter().find(|deployment| deployment.name == *version);
            let record = recorded(deployment, api.marker.undeployed.get(version));
            if let (Some(text), Some(imported)) = (self.contents.get(&path), record.content_digest)
                && digest(text.as_bytes()) != imported
            {
                below.damaged.insert(version.clone());
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

    fn entity(&self, path: &EntityPath) -> Option<Entity> {
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
        let path = EntityPath::Api(source.api.name.clone());
        let found = self.entity(&path);
        Vacant::at(path, found.as_ref())
    }

    fn run(&mut self, source: &Source, run: &mut Run) -> Result<(), Killed> {
        let (api, plan) = if let Some(api) = self.owned(source) {
            let plan = plan(source, Standing::Owned(&api), &self.below(&api));
            (api, plan)
        } else if let Some(vacant) = self.vacant(source) {
            let opening = plan(source, Standing::Missing(&vacant), &Below::default()).opening;
            self.write(&opening.unwrap(), run)?;
            let mut api = self.owned(source).unwrap();
            api.marker.state = ApiState::Creating;
            let plan = plan(source, Standing::Made(&api), &self.below(&api));
            (api, plan)
        } else {
            return Ok(());
        };
        if !plan.has_changes() {
            return Ok(());
        }
        let api = match &plan.opening {
            Some(opening) => {
                self.write(opening, run)?;
                self.owned(source).unwrap()
            }
            None => api,
        };
        let mut finished = Finished {
            complete: true,
            removed: !source.held,
            ..Finished::default()
        };
        for stage in &plan.stages {
            self.apply_stage(source, stage, run, &mut finished)?;
        }
        if !source.held {
            for removal in plan.removals.iter().flat_map(|removal| &removal.writes) {
                self.write(removal, run)?;
            }
        }
        if let Some(closing) = plan.closing(&api, &finished) {
            self.write(&closing, run)?;
        }
        Ok(())
    }

    fn apply_stage(
        &mut self,
        source: &Source,
        plan: &StagePlan,
        run: &mut Run,
        finished: &mut Finished,
    ) -> Result<(), Killed> {
        let denied = plan.needs_export() && source.failing;
        finished.complete &= !denied;
        let export = (plan.needs_export() && !denied).then(|| export(plan.desired_revision.as_ref().unwrap()));
        if let Some(version) = &plan.version {
            self.write(version, run)?;
        }
        let writes = plan.finish("a1", export.as_ref());
        if let Some(definition) = &writes.definition {
            self.write(definition, run)?;
        }
        if let (true, Some(Export::Document(document))) = (writes.import, &export) {
            run.step(format!("import {}", plan.definition_path))?;
            assert!(self.entities.contains_key(&plan.definition_path));
            self.contents
                .insert(plan.definition_path.clone(), document.text.clone());
        }
        if let Some(deployment) = plan.deployment_write(&writes) {
            self.write(&deployment, run)?;
        }
        if !plan.has_deployment() {
            finished.undeployed.insert(plan.stage.name.clone(), writes.record);
        }
        finished.skips.extend(writes.skip);
        Ok(())
    }

    fn write(&mut self, write: &Write, run: &mut Run) -> Result<(), Killed> {
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

pub(super) fn plan(source: &Source, standing: Standing<'_>, below: &Below) -> ApiPlan {
    plan_api(&ApiInput {
        integration: &source.integration,
        desired: &source.api,
        stages: &source.stages,
        skips: &source.skips,
        standing,
        below,
        limits: source.limits,
        required: &source.required,
    })
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
