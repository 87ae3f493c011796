//! Stages, validated: their names and ids go into paths and markers unchanged.

use aws_sdk_apigateway::operation::get_stages::GetStagesOutput;
use aws_sdk_apigateway::types;
use aws_sdk_apigatewayv2::types as v2;
use aws_smithy_types::DateTime;

use crate::model::{Stage, digest, one_line};

/// Most stages of an API: AWS allows ten by default, and API Center a hundred.
pub(super) const STAGES_MAX: usize = 1000;
/// Longest name of a stage, in characters (`CreateStage`, API version 2015-07-09); ids are shorter.
const NAME_MAX: usize = 128;

/// The stages of a REST API.
///
/// # Errors
/// If there are too many, or one has an invalid name or id.
pub(super) fn rest_stages(answer: GetStagesOutput) -> Result<Vec<Stage>, String> {
    let items = answer.item.unwrap_or_default();
    if items.len() > STAGES_MAX {
        return Err(format!(
            "it has {} stages; the app reads at most {STAGES_MAX}",
            items.len()
        ));
    }
    let stage = |item: types::Stage| {
        let stage = stage(
            item.stage_name,
            item.deployment_id,
            item.description,
            item.last_updated_date,
        )?;
        Ok(Stage {
            documentation_version: item.documentation_version.map(told_apart),
            canary_deployment_id: item
                .canary_settings
                .and_then(|canary| canary.deployment_id)
                .map(told_apart),
            ..stage
        })
    };
    items.into_iter().map(stage).collect()
}

/// A stage of an HTTP or WebSocket API.
///
/// # Errors
/// If it has an invalid name or id.
pub(super) fn v2_stage(item: v2::Stage) -> Result<Stage, String> {
    stage(
        item.stage_name,
        item.deployment_id,
        item.description,
        item.last_updated_date,
    )
}

fn stage(
    name: Option<String>,
    deployment_id: Option<String>,
    description: Option<String>,
    last_updated: Option<DateTime>,
) -> Result<Stage, String> {
    let name = name.filter(|name| !name.is_empty()).ok_or("a stage has no name")?;
    if !is_name(&name) {
        return Err(format!("a stage has the invalid name {:?}", one_line(&name, NAME_MAX)));
    }
    let deployment_id = deployment_id.unwrap_or_default();
    if !deployment_id.is_empty() && !is_name(&deployment_id) {
        return Err(format!("stage {name:?} runs a deployment with an invalid id"));
    }
    Ok(Stage {
        name,
        deployment_id,
        description,
        last_updated: last_updated.map(|date| date.secs()),
        documentation_version: None,
        canary_deployment_id: None,
    })
}

/// Whether a text has the length of a name, and is one path segment, encoded or not.
fn is_name(text: &str) -> bool {
    text.chars().count() <= NAME_MAX && text != "." && text != ".." && one_line(text, 2 * NAME_MAX) == text
}

/// A text for comparison only: unchanged, or its digest if long or odd.
fn told_apart(text: String) -> String {
    if text.is_empty() || is_name(&text) {
        text
    } else {
        digest(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(item: types::Stage) -> Result<Stage, String> {
        rest_stages(GetStagesOutput::builder().item(item).build()).map(|mut stages| stages.remove(0))
    }

    fn named(name: &str) -> Result<Stage, String> {
        of(types::Stage::builder().stage_name(name).deployment_id("d1").build())
    }

    #[test]
    fn names_that_amazon_has_are_taken_and_others_only_where_they_do_no_harm() {
        for name in [
            "prod",
            "$default",
            "my_stage",
            "a/b",
            "%2e%2e",
            "...",
            "日本",
            &"s".repeat(128),
            &"é".repeat(128),
        ] {
            assert_eq!(named(name).map(|stage| stage.name), Ok(name.to_owned()));
        }
        for name in [
            "",
            ".",
            "..",
            "a\tb",
            "a\0",
            "a\u{1b}[2J",
            "\u{202e}dorp",
            &"s".repeat(129),
            &"s".repeat(1 << 20),
        ] {
            let refusal = named(name).unwrap_err();
            assert!(refusal.len() < 200 && !refusal.contains('\u{1b}'), "{refusal}");
        }
    }

    #[test]
    fn ids_that_cannot_be_are_refused_and_what_only_tells_apart_is_shortened() {
        let long = "x".repeat(1 << 20);
        assert!(of(types::Stage::builder().stage_name("prod").deployment_id(&long).build()).is_err());
        let canary = types::CanarySettings::builder().deployment_id(&long).build();
        let item = types::Stage::builder()
            .stage_name("prod")
            .documentation_version(&long)
            .canary_settings(canary);
        let stage = of(item.build()).unwrap();
        assert_eq!(stage.documentation_version, Some(digest(long.as_bytes())));
        assert_eq!(stage.canary_deployment_id, Some(digest(long.as_bytes())));
        let odd = types::Stage::builder()
            .stage_name("prod")
            .documentation_version("v\u{9b}1")
            .build();
        assert_eq!(
            of(odd).unwrap().documentation_version,
            Some(digest("v\u{9b}1".as_bytes()))
        );
    }

    #[test]
    fn more_stages_than_can_be_are_refused() {
        let item = || types::Stage::builder().stage_name("prod").build();
        let many = GetStagesOutput::builder()
            .set_item(Some((0..1001).map(|_| item()).collect()))
            .build();
        assert!(rest_stages(many).unwrap_err().contains("1001 stages"));
    }
}
