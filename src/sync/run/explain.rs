//! One API of a situation, looked at alone.

use crate::error_chain::error_chain;
use crate::model::{EntityPath, FoldedApi, OwnedApi, RestApiId, SkipReason};
use crate::plan::{Preview, PreviewChange, Task, Verdict, Write};
use crate::sync::apply::{Interruption, ensure_gone};
use crate::sync::explain::{ApiExplanation, Standing};
use crate::sync::task::Look;

use super::Situation;
use super::preview::unplanned;

impl Situation {
    /// What is found of the APIs that a name or an id means.
    pub async fn explain(&self, wanted: &str) -> Vec<ApiExplanation> {
        let mut found = Vec::new();
        for index in 0..self.survey.tasks.len() {
            let (desired, api) = (self.survey.tasks[index].desired(), &self.rest_apis[index]);
            let words = [api.id.as_str(), &api.name, &desired.title, desired.name.as_str()];
            if is_meant(wanted, &words) {
                found.push(self.explain_task(index).await);
            }
        }
        for api in self.survey.gone.iter().map(FoldedApi::unfolded) {
            let title = api.entity.text("title").unwrap_or_default();
            if is_meant(wanted, &[&api.marker.rest_api_id, title, api.name.as_str()]) {
                found.push((explain_gone(&api), Removed::Api(api.rest_api_id)));
            }
        }
        let mut found = self.explain_removals(found).await;
        if found.is_empty() {
            found = self.explain_left_out(wanted).await;
        }
        if found.is_empty() {
            let message = format!(
                "the account has no REST API of this name or id in region {}, and the integration none in the catalog; HTTP and \
                 WebSocket APIs are not synchronized",
                self.run.integration.region
            );
            found.push(ApiExplanation::new(Standing::NotOnAmazon, message));
        }
        found
    }

    async fn explain_task(&self, index: usize) -> (ApiExplanation, Removed) {
        let (task, api) = (&self.survey.tasks[index], &self.rest_apis[index]);
        let look = self.look_at(index).await;
        let mut explanation = match &look {
            Ok(look) => explain_look(task, look),
            Err(Interruption::OutOfTime) => {
                ApiExplanation::new(Standing::Failed, "there was no time left to look at it; ask again")
            }
            Err(error) => ApiExplanation::new(Standing::Failed, error_chain(error)),
        };
        let plan = look.as_ref().ok().and_then(Look::plan);
        let removed = match plan {
            Some(plan) if !plan.removals.is_empty() => Removed::Stages,
            Some(_) | None => Removed::Nothing,
        };
        explanation.rest_api_id = Some(api.id.to_string());
        explanation.title = Some(api.name.clone());
        explanation.name = Some(EntityPath::Api(task.desired().name.clone()).to_string());
        (explanation, removed)
    }

    /// Says of what is gone whether the next run removes it: the guard judges everything that is gone together.
    async fn explain_removals(&self, mut found: Vec<(ApiExplanation, Removed)>) -> Vec<ApiExplanation> {
        if found.iter().any(|(_, removed)| *removed != Removed::Nothing) {
            let looks = self.look_at_all().await;
            let (verdict, _) = self.verdict(&self.deletions_of(&looks));
            let unknown = unplanned(&looks);
            for (explanation, removed) in &mut found {
                self.explain_removal(explanation, removed, &verdict, unknown).await;
            }
        }
        found.into_iter().map(|(explanation, _)| explanation).collect()
    }

    async fn explain_removal(
        &self,
        explanation: &mut ApiExplanation,
        removed: &Removed,
        verdict: &Verdict,
        unknown: usize,
    ) {
        match (removed, verdict) {
            (Removed::Stages | Removed::Api(_), Verdict::Held { message, .. }) => {
                explanation.verdict = Standing::Held;
                explanation.message = if unknown == 0 {
                    message.clone()
                } else {
                    format!(
                        "what is gone is held; there was no time to look at {unknown} APIs, so see the plan for its id"
                    )
                };
            }
            (Removed::Stages | Removed::Api(_), Verdict::Allowed) if unknown > 0 => {
                let doubt = format!(", unless too much is gone with {unknown} APIs there was no time to look at");
                explanation.message.push_str(&doubt);
            }
            (Removed::Nothing, _) | (Removed::Stages, Verdict::Allowed) => (),
            // A run asks, too, before it deletes an API.
            (Removed::Api(id), Verdict::Allowed) => {
                if let Err(interruption) = ensure_gone(&self.run.gateway, id).await {
                    explanation.verdict = Standing::Failed;
                    explanation.message = error_chain(&interruption);
                }
            }
        }
    }

    /// What is on Amazon and in nobody's plan: their names are asked for once more.
    async fn explain_left_out(&self, wanted: &str) -> Vec<ApiExplanation> {
        let listed = self
            .run
            .gateway
            .rest_apis()
            .await
            .map(|listing| listing.apis)
            .unwrap_or_default();
        let title = |id: &str| {
            listed
                .iter()
                .find(|api| api.id.as_str() == id)
                .map(|api| api.name.clone())
        };
        let name = |id: &str| format!("{}-{id}", self.run.integration.name);
        let is_it = |id: &str| is_meant(wanted, &[id, &name(id), title(id).as_deref().unwrap_or(id)]);
        let of = |id: &str, verdict, message: String| ApiExplanation {
            rest_api_id: Some(id.to_owned()),
            title: title(id),
            name: Some(format!("apis/{}", name(id))),
            ..ApiExplanation::new(verdict, message)
        };
        let mut found = Vec::new();
        for skip in self.survey.skips.iter().filter(|skip| is_it(&skip.rest_api_id)) {
            let what = match skip.reason {
                SkipReason::TooManyApis | SkipReason::MissingMetadata | SkipReason::NameCollision => {
                    "it stays out of the catalog"
                }
                SkipReason::TooManyVersions
                | SkipReason::TooManyDeployments
                | SkipReason::DefinitionTooLarge
                | SkipReason::ExportRefused
                | SkipReason::NoInvokeUrl => "something of it stays out of the catalog",
            };
            let mut explanation = of(
                &skip.rest_api_id,
                Standing::Skipped,
                format!("{what}: {}", skip.message),
            );
            explanation.skipped.push(skip.clone());
            found.push(explanation);
        }
        for failure in self.failed.iter().filter(|failure| is_it(&failure.rest_api_id)) {
            found.push(of(&failure.rest_api_id, Standing::Failed, failure.message.clone()));
        }
        for conflict in &self.survey.conflicts {
            let prefix = format!("apis/{}-", self.run.integration.name).to_ascii_lowercase();
            let path = conflict.name.to_ascii_lowercase();
            let Some(id) = path.strip_prefix(&prefix).filter(|id| is_it(id)) else {
                continue;
            };
            let message = format!(
                "{} is there and is not this integration's, so that it is left alone",
                conflict.name
            );
            let mut explanation = of(id, Standing::Conflict, message);
            explanation.conflicts.push(conflict.clone());
            found.push(explanation);
        }
        found
    }
}

impl ApiExplanation {
    fn new(verdict: Standing, message: impl Into<String>) -> Self {
        Self {
            rest_api_id: None,
            title: None,
            name: None,
            verdict,
            message: message.into(),
            changes: Vec::new(),
            skipped: Vec::new(),
            conflicts: Vec::new(),
        }
    }
}

/// What of an API is to be removed.
#[derive(Debug, PartialEq, Eq)]
enum Removed {
    Nothing,
    Stages,
    Api(RestApiId),
}

fn explain_gone(api: &OwnedApi) -> ApiExplanation {
    let message = "it is in the catalog and no longer on Amazon; the next synchronization deletes it";
    let write = Write::delete(api.owned().clone(), "the REST API is gone");
    ApiExplanation {
        changes: vec![PreviewChange::from(&write)],
        rest_api_id: Some(api.marker.rest_api_id.clone()),
        title: api.entity.text("title").map(str::to_owned),
        name: Some(EntityPath::Api(api.name.clone()).to_string()),
        ..ApiExplanation::new(Standing::Gone, message)
    }
}

/// What a look at an API tells.
fn explain_look(task: &Task, look: &Look) -> ApiExplanation {
    let mut preview = Preview::default();
    look.add_to(&mut preview, task.desired());
    let preview = preview.sealed();
    let deployed = look.is_deployed();
    let (verdict, message) = match task {
        Task::New(..) => (
            Standing::Missing,
            "the catalog lacks it; the next synchronization makes it",
        ),
        Task::Existing { .. } if !preview.changes.is_empty() => (
            Standing::Differs,
            "the catalog differs from it; the next synchronization brings it in line",
        ),
        Task::Existing { .. } if !deployed => (
            Standing::NotDeployed,
            "it is in the catalog without versions, definitions and deployments: it is not deployed to a stage",
        ),
        Task::Existing { .. } => (Standing::InLine, "it is in the catalog as it has to be"),
    };
    let mut explanation = ApiExplanation::new(verdict, message);
    if !deployed && verdict != Standing::NotDeployed {
        explanation
            .message
            .push_str("; it is not deployed to a stage, so that nothing is below it");
    }
    if let (Some(first), Standing::InLine) = (preview.skipped.first(), verdict) {
        explanation.message = format!("it is in the catalog, but not all of it: {}", first.message);
    }
    explanation.changes = preview.changes;
    explanation.skipped = preview.skipped;
    explanation.conflicts = preview.conflicts;
    explanation
}

/// Whether one of these words is what somebody asks for; case is no matter.
fn is_meant(wanted: &str, words: &[&str]) -> bool {
    let wanted = wanted.trim().to_lowercase();
    let wanted = wanted.strip_prefix("apis/").unwrap_or(&wanted);
    words.iter().any(|word| word.trim().to_lowercase() == wanted)
}
