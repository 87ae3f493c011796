//! A gateway made from OpenAPI documents.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::api_gateway::{Definition, Estate, RestApi, Stage};

/// The stage that every API of a folder has.
const STAGE: &str = "prod";
/// Letters of a REST API's id.
const ID_LENGTH: usize = 10;

/// One API with one stage for each OpenAPI document (`*.json`) in a folder, those in folders below it included.
///
/// # Errors
/// If the folder or a file cannot be read, or holds no document at all.
pub fn from_openapi_folder(folder: &Path) -> io::Result<Estate> {
    let mut estate = Estate::new();
    read_folder(folder, folder, &mut estate)?;
    if estate.is_empty() {
        let message = format!("there is no OpenAPI document (*.json) in {}", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    estate.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    Ok(estate)
}

fn read_folder(root: &Path, folder: &Path, estate: &mut Estate) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(root, &path, estate)?;
        } else if path.extension().is_some_and(|extension| extension == "json")
            && let Ok(document) = serde_json::from_slice::<Value>(&fs::read(&path)?)
            && (document.get("openapi").is_some() || document.get("swagger").is_some())
        {
            let place = path.strip_prefix(root).unwrap_or(&path);
            estate.push(api(&place.to_string_lossy(), document));
        }
    }
    Ok(())
}

/// The id comes from the place of the file, so that it is the same every time.
fn api(place: &str, document: Value) -> (RestApi, Vec<Stage>) {
    let digest = Sha256::digest(place.as_bytes());
    let mut id: String = digest.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
    id.truncate(ID_LENGTH);
    let text = |name: &str| {
        document["info"][name]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let mut api = RestApi::new(id.clone(), text("title").unwrap_or_else(|| place.to_owned()));
    api.description = text("description");
    api.version = text("version");
    let stage = Stage::new(STAGE, &id[..6], Definition::from(document));
    (api, vec![stage])
}
