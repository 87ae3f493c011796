//! Tags of APIs and stages, which both versions read and write by the resource's ARN.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::errors::AmazonError;
use super::state::State;
use super::wire::{empty_answer, json_answer};

/// Most tags of a resource (AWS's limit).
const TAGS_MAX: usize = 50;
/// What the keys of AWS's own tags begin with, which nobody else may set.
const RESERVED: &str = "aws:";

type Tags = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
struct NewTags {
    tags: Tags,
}

/// Answers a call below `/tags` or `/v2/tags`; `arn` are the segments of the resource's ARN.
pub(super) fn answer(state: &mut State, call: &Call<'_>, arn: &[&str]) -> Result<Response<Bytes>, AmazonError> {
    let arn = arn.join("/");
    let tags = tags_of(state, &arn, call.region)?;
    match *call.method {
        Method::GET => Ok(json_answer(StatusCode::OK, &json!({ "tags": tags }))),
        Method::PUT | Method::POST => {
            let new: NewTags = call.json()?;
            if new.tags.keys().any(|key| key.is_empty() || key.starts_with(RESERVED)) {
                return Err(AmazonError::bad_request(
                    "Tag keys must not be empty or start with aws:",
                ));
            }
            let mut all = tags.clone();
            all.extend(new.tags);
            if all.len() > TAGS_MAX {
                return Err(AmazonError::bad_request("Too many tags"));
            }
            *tags = all;
            let status = if *call.method == Method::PUT {
                StatusCode::NO_CONTENT
            } else {
                StatusCode::CREATED
            };
            Ok(empty_answer(status))
        }
        Method::DELETE => {
            for key in call.queries("tagKeys") {
                tags.remove(key);
            }
            Ok(empty_answer(StatusCode::NO_CONTENT))
        }
        _ => Err(AmazonError::unknown_operation(&format!("{} of tags", call.method))),
    }
}

/// The tags of what an ARN such as `arn:aws:apigateway:us-east-1::/restapis/ID/stages/NAME` names.
fn tags_of<'a>(state: &'a mut State, arn: &str, region: &str) -> Result<&'a mut Tags, AmazonError> {
    let (service, resource) = arn.split_once("::/").unwrap_or_default();
    if !service.ends_with(&format!(":apigateway:{region}")) {
        return Err(AmazonError::bad_request("Invalid ARN specified in the request"));
    }
    let tags = match resource.split('/').collect::<Vec<_>>().as_slice() {
        ["restapis", id] => state.apis.get_mut(*id).map(|entry| &mut entry.api.tags),
        ["restapis", id, "stages", name] => {
            let entry = state.apis.get_mut(*id);
            entry.and_then(|entry| Some(&mut entry.stages.get_mut(*name)?.tags))
        }
        ["apis", id] => state.v2_apis.get_mut(*id).map(|entry| &mut entry.api.tags),
        ["apis", id, "stages", name] => {
            let entry = state.v2_apis.get_mut(*id);
            entry.and_then(|entry| Some(&mut entry.stages.get_mut(*name)?.tags))
        }
        _ => None,
    };
    tags.ok_or_else(|| AmazonError::not_found("Invalid resource identifier specified"))
}
