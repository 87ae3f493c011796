//! How rules set fields.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fit::fitted;
use super::subject::Subject;
use crate::model::{
    EntityKind, EntityName, EntityPath, ErrorCode, Fields, Integration, MapRule, MappedField, MetadataTypes, Problem,
    Skip, SkipReason, Template, Variable, clip, is_blank, quote_message, quote_name,
};

/// The prefix of environments in deployments.
const ENVIRONMENTS: &str = "/workspaces/default/environments/";

/// The rules that set the fields of one API, or of one of its stages.
#[derive(Debug, Clone)]
pub(super) struct Mapping<'a> {
    pub rules: &'a [MapRule],
    pub types: &'a MetadataTypes,
    pub subject: Subject<'a>,
    pub stage_name: Option<&'a str>,
    /// Its member in a group.
    pub member: Option<String>,
}

/// The rule that decides a field.
#[derive(Debug, Clone, Copy)]
struct Decision<'a> {
    rule: usize,
    is_set: bool,
    template: &'a Template,
}

impl Decision<'_> {
    /// The rule's name in plans.
    fn name(&self) -> String {
        let list = if self.is_set { "set" } else { "default" };
        format!("map[{}].{list}", self.rule)
    }
}

impl<'a> Mapping<'a> {
    /// Sets the fields of an entity of this kind, and returns those that failed.
    ///
    /// A field that a rule cannot set keeps its value; a new entity gets the value it would have without the rule.
    pub fn fill(&self, kind: EntityKind, fields: &mut Fields) -> Vec<Skip> {
        let mut skips = Vec::new();
        for (field, decision) in self.decisions(kind) {
            let value_of = |variable: &Variable| self.subject.value_of(variable, self.stage_name);
            let Some(value) = decision.template.filled(&value_of) else {
                continue;
            };
            let names_environment = value.as_str().is_some_and(|text| environment(text).is_ok());
            let reason = if field.is_environment() && names_environment {
                SkipReason::EnvironmentMissing
            } else {
                SkipReason::MappingFailed
            };
            match fitting(field, self.types, value) {
                Ok(value) => {
                    place(fields, field, value, decision.is_set);
                    fields.rules.insert(field.path().clone(), decision.name());
                }
                Err(why) => {
                    loosen(fields, field);
                    skips.push(Skip {
                        member: self.member.clone(),
                        stage_name: self.stage_name.map(str::to_owned),
                        reason,
                        message: format!("map[{}] does not fill {field}: {}", decision.rule, quote_message(&why)),
                    });
                }
            }
        }
        skips
    }

    /// The last matching rule for each field.
    fn decisions(&self, kind: EntityKind) -> BTreeMap<&'a MappedField, Decision<'a>> {
        let mut decisions = BTreeMap::new();
        let fire = self.rules.iter().enumerate().filter(|(_, rule)| self.fires(rule));
        for (index, rule) in fire {
            for (fields, is_set) in [(&rule.set, true), (&rule.default, false)] {
                let decision = |template| Decision {
                    rule: index,
                    is_set,
                    template,
                };
                let fields = fields.iter().filter(|(field, _)| field.kind() == kind);
                decisions.extend(fields.map(|(field, template)| (field, decision(template))));
            }
        }
        decisions
    }

    /// Whether a rule matches the API or stage, and every variable in it has a value. A field that needs the stage
    /// always has one.
    fn fires(&self, rule: &MapRule) -> bool {
        let is_meant = rule.when.as_ref().is_none_or(|when| match self.stage_name {
            Some(stage_name) => self.subject.fits_stage(when, stage_name),
            None => when.stage.is_none() && self.subject.fits(when),
        });
        let has_value = |variable: &Variable| {
            *variable == Variable::Stage || self.subject.value_of(variable, self.stage_name).is_some()
        };
        is_meant
            && rule
                .fields()
                .all(|(_, template)| template.variables().into_iter().all(has_value))
    }
}

/// Checks the rules against the existing fields: the organisation's metadata, and constant values.
///
/// # Errors
/// If a rule sets metadata that does not exist, or gives it an invalid value.
pub fn check_rules(integration: &Integration, types: &MetadataTypes) -> Result<(), Problem> {
    for (index, rule) in integration.map.iter().enumerate() {
        for (list, fields) in [("set", &rule.set), ("default", &rule.default)] {
            for (field, template) in fields {
                let fault = match (types.schema(field), template.literal()) {
                    (None, _) => Some(unknown(field)),
                    (Some(_), Some(value)) => fitting(field, types, value.clone()).err(),
                    (Some(_), None) => None,
                };
                if let Some(fault) = fault {
                    let target = format!("properties.map[{index}].{list}.{field}");
                    let problem = Problem::new(ErrorCode::InvalidRequest, format!("{target}: {fault}"));
                    return Err(problem.with_target(target));
                }
            }
        }
    }
    Ok(())
}

/// Whether an integration refers to environments besides its own, which people may delete.
#[must_use]
pub fn names_environments(integration: &Integration) -> bool {
    let mut rules = integration.map.iter().flat_map(MapRule::fields);
    let mut sources = integration.sources.iter();
    sources.any(|source| source.environment.is_some()) || rules.any(|(field, _)| field.is_environment())
}

/// The environments that rules always name: they must exist.
#[must_use]
pub fn environments_named(integration: &Integration) -> BTreeSet<EntityName> {
    let fields = integration.map.iter().flat_map(MapRule::fields);
    let literals = fields.filter(|(field, _)| field.is_environment());
    let literals = literals.filter_map(|(_, template)| template.literal()?.as_str());
    literals.filter_map(|text| environment(text).ok()).collect()
}

/// The value as the field takes it, or why it does not fit.
fn fitting(field: &MappedField, types: &MetadataTypes, value: Value) -> Result<Value, String> {
    let schema = types.schema(field).ok_or_else(|| unknown(field))?;
    let value = match value {
        Value::String(text) if field.is_environment() => {
            Value::String(EntityPath::Environment(environment(&text)?).scoped_id())
        }
        Value::String(text) if field.metadata().is_none() => Value::String(as_own(schema, &text)),
        other => other,
    };
    match fitted(schema, value)? {
        Value::String(text) if field.metadata().is_none() && is_blank(&text) => Err("it would be empty".to_owned()),
        value => Ok(value),
    }
}

/// A text for one of API Center's own fields: a choice in lower case, anything else cut to its length.
fn as_own(schema: &Value, text: &str) -> String {
    let most = schema.get("maxLength").and_then(Value::as_u64);
    match most.and_then(|most| usize::try_from(most).ok()) {
        Some(most) => clip(text, most),
        None if schema.get("enum").is_some() => text.to_lowercase(),
        None => text.to_owned(),
    }
}

fn environment(text: &str) -> Result<EntityName, String> {
    let prefix = text.get(..ENVIRONMENTS.len());
    let name = match prefix.filter(|prefix| prefix.eq_ignore_ascii_case(ENVIRONMENTS)) {
        Some(prefix) => &text[prefix.len()..],
        None => text,
    };
    EntityName::parse(name).map_err(|_| {
        let text = quote_name(text);
        format!("{text:?} is not an environment: it must be a name or {ENVIRONMENTS}NAME")
    })
}

fn unknown(field: &MappedField) -> String {
    let name = field.metadata().unwrap_or_default();
    format!("the organisation has no metadata {name:?} for an entity of this kind")
}

/// Sets a field, replacing any value.
fn place(fields: &mut Fields, field: &MappedField, value: Value, is_set: bool) {
    let (taken, other) = if is_set {
        (&mut fields.enforced, &mut fields.initial)
    } else {
        (&mut fields.initial, &mut fields.enforced)
    };
    other.retain(|(path, _)| path != field.path());
    match taken.iter_mut().find(|(path, _)| path == field.path()) {
        Some((_, found)) => *found = Some(value),
        None => taken.push((field.path().clone(), Some(value))),
    }
}

/// Makes a field initial, so that only a new entity gets it.
fn loosen(fields: &mut Fields, field: &MappedField) {
    let is_it = |(path, _): &mut (_, _)| path == field.path();
    let loosened: Vec<_> = fields.enforced.extract_if(.., is_it).collect();
    fields.initial.extend(loosened);
}
