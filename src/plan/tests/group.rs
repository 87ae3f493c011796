//! A group of APIs of several gateways, and runs over it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::super::{Below, Done, Event, Standing, Step, Work};
use super::fixtures::{Source, source};
use super::world::{ALL, Run, World, all_removals};
use crate::catalog::{OwnedApi, Vacant};
use crate::model::{
    ApiType, Definition, DesiredApi, DesiredDeployment, DesiredMember, DesiredVersion, Document, EntityName,
    EntityPath, Export, Fact, FieldPath, Fields, Format, SkipReason, SourceKey, digest, stage_entity_name,
};

/// The revision whose export AWS refuses.
pub(super) const REFUSED: u8 = 99;

/// What the gateways have of one group.
#[derive(Clone)]
pub(super) struct Group {
    pub source: Source,
    pub members: Vec<Api>,
    /// Whether no definitions are wanted.
    pub never: bool,
}

/// An API of a gateway.
#[derive(Debug, Clone)]
pub(super) struct Api {
    /// Also the place of its source: members are in the order of their numbers.
    pub number: usize,
    pub title: String,
    pub region: &'static str,
    /// Its stages with their revisions: those of one parity differ in naming only, those of one half are one document.
    pub stages: Vec<(&'static str, u8)>,
    /// Whether it cannot be read.
    pub unknown: bool,
    /// Whether AWS gives no export for now.
    pub failing: bool,
}

/// What a run did.
#[derive(Debug, Default)]
pub(super) struct GroupRun {
    pub made: Vec<String>,
    pub exports: Vec<String>,
    pub done: Done,
}

pub(super) fn group_name() -> EntityName {
    EntityName::parse("shop-orders").unwrap()
}

pub(super) fn key(number: usize) -> SourceKey {
    SourceKey::parse(&format!("{number:012}/us-east-1/api{number:02}"), ApiType::Rest).unwrap()
}

pub(super) fn api(number: usize, stages: &[(&'static str, u8)]) -> Api {
    Api {
        number,
        title: format!("Orders {number}"),
        region: "us-east-1",
        stages: stages.to_vec(),
        unknown: false,
        failing: false,
    }
}

/// A group of so many members with one stage and one document.
pub(super) fn group(members: impl IntoIterator<Item = Api>) -> Group {
    Group {
        source: source(&[]),
        members: members.into_iter().collect(),
        never: false,
    }
}

/// What an export of a member gives: revisions `2n` and `2n + 1` are one document, and all members' titles differ.
fn export(api: &Api, revision: u8) -> Export {
    if revision == REFUSED {
        return Export::Unavailable {
            reason: SkipReason::ExportRefused,
            message: "no".to_owned(),
        };
    }
    let comparison_digest = format!("document {}", revision / 2);
    let text = format!("{comparison_digest} of {}", api.title);
    Export::Document(Document {
        format: Format::OpenApi,
        canonical_digest: format!("canonical {text}"),
        content_digest: digest(text.as_bytes()),
        comparison_digest,
        specification_version: "3.0.1".to_owned(),
        text,
    })
}

impl std::fmt::Debug for Group {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let limit = self.source.limits.deployments_per_api;
        write!(
            formatter,
            "limit {limit}, held {}, never {}:",
            self.source.held, self.never
        )?;
        self.members.iter().try_for_each(|api| {
            let Api {
                number,
                stages,
                unknown,
                failing,
                ..
            } = api;
            write!(formatter, " [{number} {stages:?} unknown {unknown} failing {failing}]")
        })
    }
}

impl Api {
    fn desired(&self, never: bool) -> DesiredApi {
        let text = |path: &[&str], text: &str| (FieldPath::new(path), Some(json!(text)));
        let fact = |fact: Fact, value: String| (fact.path(), Some(json!([value])));
        let from = key(self.number);
        let versions = self.stages.iter().map(|(stage, revision)| {
            let name = stage_entity_name(stage);
            let deployment = DesiredDeployment {
                name: name.of_member(&from),
                from: from.clone(),
                deployment_id: format!("dep{revision}"),
                urls: vec![format!("https://{}/{stage}", from.api_id)],
                servers: None,
                version: Fields {
                    enforced: vec![text(&["title"], stage)],
                    initial: vec![text(&["lifecycleStage"], &format!("stage{}", self.number))],
                    ..Fields::default()
                },
                fields: Fields {
                    enforced: vec![(
                        FieldPath::new(&["server", "runtimeUri"]),
                        Some(json!([format!("https://{}/{stage}", from.api_id)])),
                    )],
                    initial: vec![text(&["title"], "us-east-1")],
                    ..Fields::default()
                },
                definition: if never {
                    Definition::Absent
                } else {
                    Definition::Exported(revision.to_string())
                },
                skips: Vec::new(),
            };
            DesiredVersion {
                name,
                stage_name: (*stage).to_owned(),
                format: Format::OpenApi,
                deployments: vec![deployment],
            }
        });
        let member = DesiredMember {
            source_order: self.number,
            title: self.title.clone(),
            fields: Fields {
                enforced: vec![
                    text(&["title"], &self.title),
                    fact(Fact::ApiType, "REST".to_owned()),
                    fact(Fact::Account, from.gateway.account.as_ref().unwrap().to_string()),
                    fact(Fact::Region, self.region.to_owned()),
                ],
                ..Fields::default()
            },
            key: from.clone(),
        };
        DesiredApi {
            versions: versions.collect(),
            ..DesiredApi::of_member(group_name(), true, member)
        }
    }
}

impl Group {
    /// The group as it must be, joined in the order of the list.
    pub fn desired(&self) -> DesiredApi {
        let mut known = self.members.iter().filter(|api| !api.unknown);
        let mut desired = known.next().unwrap().desired(self.never);
        known.for_each(|api| desired.join(api.desired(self.never)));
        let unknown = self.members.iter().filter(|api| api.unknown);
        desired.unknown = unknown.map(|api| key(api.number)).collect();
        desired
    }

    /// A run over the catalog that is not deep.
    pub fn run(&self, world: &mut World) -> GroupRun {
        self.run_until(world, ALL, false)
    }

    /// A run, killed before so many writes.
    pub fn run_until(&self, world: &mut World, writes: usize, deep: bool) -> GroupRun {
        let mut run = Run {
            left: writes,
            ..Run::default()
        };
        let mut exports = Vec::new();
        let rules = Arc::new(self.source.rules());
        let mut work = Work::new(rules, self.desired(), self.standing(world), deep, false);
        self.drive(world, &mut work, &mut run, &mut exports);
        GroupRun {
            made: run.made,
            exports,
            done: work.into_done(),
        }
    }

    /// Runs until nothing is left to do.
    pub fn settle(&self, world: &mut World) {
        for _ in 0..4 {
            self.run(world);
        }
        for deep in [false, true] {
            let run = self.run_until(world, ALL, deep);
            assert_eq!(run.made, Vec::<String>::new(), "deep: {deep}");
            // A deep run looks whether AWS gives what it refused before.
            let refused = self
                .members
                .iter()
                .flat_map(|api| &api.stages)
                .filter(|(_, revision)| *revision == REFUSED);
            assert!(
                run.exports.len() <= if deep { refused.count() } else { 0 },
                "{:?}",
                run.exports
            );
        }
    }

    /// The catalog after a run until nothing is left to do.
    pub fn synced(&self) -> World {
        let mut world = World::default();
        self.run(&mut world);
        let run = self.run(&mut world);
        assert_eq!((run.made, run.exports), (Vec::new(), Vec::new()), "the second run");
        world
    }

    /// Carries out the steps of a machine from its beginning on.
    pub fn drive(&self, world: &mut World, work: &mut Work, run: &mut Run, exports: &mut Vec<String>) {
        let mut step = work.next(Event::Begin);
        loop {
            let event = match step {
                Step::AwaitRemovals if self.source.held => Some(Event::Judged(BTreeSet::new())),
                Step::AwaitRemovals => Some(Event::Judged(all_removals(work))),
                step => self.carry_out(world, step, run, exports),
            };
            let Some(event) = event else { return };
            step = work.next(event);
        }
    }

    fn carry_out(&self, world: &mut World, step: Step, run: &mut Run, exports: &mut Vec<String>) -> Option<Event> {
        let event = match step {
            Step::Create(write) | Step::Write(write) => {
                world.write(&write, run).ok()?;
                Event::Written(world.entity(write.path()).map(Box::new))
            }
            Step::Read { api, .. } => Event::Below(world.below(&api)),
            Step::Export { from, stage, .. } => {
                let api = self.members.iter().find(|api| key(api.number) == from).unwrap();
                let found = api.stages.iter().find(|(name, _)| *name == stage).unwrap();
                exports.push(format!("{}/{stage}", api.number));
                if api.failing {
                    Event::NotExported {
                        why: "denied".to_owned(),
                        is_account_wide: false,
                    }
                } else {
                    Event::Exported(export(api, found.1))
                }
            }
            Step::Import(import) => {
                world.import(&import, run).ok()?;
                Event::Imported(None)
            }
            Step::ReadStages(members) => Event::Stages(self.stages_of(&members)),
            Step::AwaitRemovals | Step::Done => return None,
        };
        Some(event)
    }

    fn stages_of(&self, members: &BTreeSet<SourceKey>) -> BTreeMap<SourceKey, BTreeSet<EntityName>> {
        let asked = self.members.iter().filter(|api| members.contains(&key(api.number)));
        let names = |api: &Api| api.stages.iter().map(|(stage, _)| stage_entity_name(stage)).collect();
        asked.map(|api| (key(api.number), names(api))).collect()
    }

    pub fn standing(&self, world: &World) -> Standing {
        let path = EntityPath::Api(group_name());
        let found = world.entity(&path);
        match found
            .as_ref()
            .and_then(|api| OwnedApi::claim(&self.source.integration.name, api))
        {
            Some(api) => Standing::Owned(Box::new(api)),
            None => Standing::Missing(Vacant::at(path, found.as_ref()).unwrap()),
        }
    }

    pub fn owned(&self, world: &World) -> OwnedApi {
        self.standing(world).owned().unwrap().clone()
    }

    pub fn below(&self, world: &World) -> Below {
        world.below(&self.owned(world))
    }
}

pub(super) fn version_path(stage: &str) -> EntityPath {
    EntityPath::Version(group_name(), stage_entity_name(stage))
}

pub(super) fn deployment_path(stage: &str, number: usize) -> EntityPath {
    EntityPath::Deployment(group_name(), stage_entity_name(stage).of_member(&key(number)))
}

/// The definition that a version has from its first member.
pub(super) fn base_path(stage: &str) -> EntityPath {
    EntityPath::Definition(
        group_name(),
        stage_entity_name(stage),
        EntityName::definition(Format::OpenApi),
    )
}

/// The definition that a member has for itself.
pub(super) fn own_path(stage: &str, number: usize) -> EntityPath {
    let own = EntityName::definition(Format::OpenApi).of_member(&key(number));
    EntityPath::Definition(group_name(), stage_entity_name(stage), own)
}

/// Which definition a member's deployment names: the first member's, its own, or none.
pub(super) fn named(world: &World, stage: &str, number: usize) -> &'static str {
    let deployment = &world.entities[&deployment_path(stage, number)];
    let named = deployment.get("definitionId").and_then(|id| id.as_str());
    let leads_to = |path: EntityPath| named == Some(&*path.scoped_id());
    match named {
        None => "none",
        Some(_) if leads_to(base_path(stage)) => "base",
        Some(_) if leads_to(own_path(stage, number)) => "own",
        Some(_) => "another",
    }
}

pub(super) fn definitions(world: &World, stage: &str) -> usize {
    let of = |path: &EntityPath| matches!(path, EntityPath::Definition(_, version, _) if *version == stage_entity_name(stage));
    world.entities.keys().filter(|path| of(path)).count()
}
