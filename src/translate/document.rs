//! Definitions: their digests, and whether API Center can hold them.

mod outline;

use self::outline::{Member, outline};
use super::asyncapi::{Info, asyncapi};
use super::servers::with_servers;
use crate::model::{DEFINITION_MAX_BYTES, Document, Export, Format, GatewayApi, SkipReason, StageExport, digest, hex};

/// Longest request that Azure Resource Manager accepts, in bytes.
const REQUEST_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Room for the rest of the request that imports a definition, in bytes.
const REQUEST_FRAME_BYTES: usize = 256;
/// Longest accepted version of a format, in characters: far longer than any real one, and within that room.
const VERSION_MAX: usize = 32;

/// The definition of a stage from its export, with its servers replaced if `servers` are given.
///
/// # Errors
/// If the text is truncated, which says nothing about the whole.
pub fn definition(api: &GatewayApi, export: StageExport, servers: Option<&[String]>) -> Result<Export, Cut> {
    let document = match export {
        StageExport::OpenApi(body) => document(api, body, servers),
        StageExport::WebSocket { routes, models } => {
            let info = Info {
                name: &api.name,
                description: api.description.as_deref(),
                version: api.version.as_deref(),
            };
            let text = asyncapi(info, &routes, &models, servers.unwrap_or_default());
            checked(api, Format::AsyncApi, text)
        }
        StageExport::Refused(message) => Err(Fault::Unfit(SkipReason::ExportRefused, message)),
        StageExport::Endless(read) => {
            let message =
                format!("the definition is longer than {read} bytes; API Center takes {DEFINITION_MAX_BYTES}");
            Err(Fault::Unfit(SkipReason::DefinitionTooLarge, message))
        }
    };
    match document {
        Ok(document) => Ok(Export::Document(document)),
        Err(Fault::Unfit(reason, message)) => Ok(Export::Unavailable { reason, message }),
        Err(Fault::Cut) => Err(Cut),
    }
}

/// A truncated text.
#[derive(Debug)]
pub struct Cut;

/// Why a text is not a document.
#[derive(Debug)]
enum Fault {
    /// API Center cannot hold it, or it is not one.
    Unfit(SkipReason, String),
    /// It is truncated.
    Cut,
}

fn document(api: &GatewayApi, body: Vec<u8>, servers: Option<&[String]>) -> Result<Document, Fault> {
    if body.len() > DEFINITION_MAX_BYTES {
        return Err(too_long(body.len()));
    }
    let text = String::from_utf8(body).map_err(|error| {
        let message = format!("the export is not UTF-8 text: {error}");
        Fault::Unfit(SkipReason::ExportRefused, message)
    })?;
    let exported = checked(api, Format::OpenApi, text)?;
    match servers.map(|servers| with_servers(&exported.text, servers)) {
        None => Ok(exported),
        Some(Some(text)) => checked(api, Format::OpenApi, text),
        Some(None) => {
            let message = "the export has servers twice, so they cannot be replaced".to_owned();
            Err(Fault::Unfit(SkipReason::ExportRefused, message))
        }
    }
}

fn too_long(length: usize) -> Fault {
    let message = format!("the definition has {length} bytes; API Center takes {DEFINITION_MAX_BYTES}");
    Fault::Unfit(SkipReason::DefinitionTooLarge, message)
}

/// A text as a document, if API Center can hold it.
fn checked(api: &GatewayApi, format: Format, text: String) -> Result<Document, Fault> {
    if text.len() > DEFINITION_MAX_BYTES {
        return Err(too_long(text.len()));
    }
    let refused = |message: String| Fault::Unfit(SkipReason::ExportRefused, message);
    let request = escaped_length(&text) + REQUEST_FRAME_BYTES;
    if request > REQUEST_MAX_BYTES {
        let message = format!(
            "the definition has {} bytes and the request that imports it {request}; Azure takes {REQUEST_MAX_BYTES}",
            text.len()
        );
        return Err(Fault::Unfit(SkipReason::DefinitionTooLarge, message));
    }
    // AWS writes a time stamp as the version of an API without one: it changes although nothing else does.
    let is_versioned = api.version.as_deref().is_some_and(|version| !version.is_empty());
    let outline = outline(&text, format.name(), is_versioned).map_err(|error| {
        if error.is_eof() && !text.is_empty() {
            Fault::Cut
        } else if error.is_data() {
            refused("the export is not a JSON object".to_owned())
        } else {
            refused("the export is not JSON, or nested too deep to be read".to_owned())
        }
    })?;
    let specification_version = match outline.version {
        Member::Text(version) if is_version(&version) => version,
        Member::Text(_) | Member::Other => {
            return Err(refused(format!(
                "the export's {} member is not a version",
                format.name()
            )));
        }
        Member::Missing => return Err(refused(format!("the export has no {} member", format.name()))),
    };
    Ok(Document {
        format,
        content_digest: digest(text.as_bytes()),
        canonical_digest: hex(&outline.digest),
        comparison_digest: hex(&outline.comparison_digest),
        specification_version,
        text,
    })
}

fn is_version(text: &str) -> bool {
    (1..=VERSION_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The length of `text` as a JSON string, in bytes, including quotes.
fn escaped_length(text: &str) -> usize {
    let escapes: usize = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => 1,
            0x00..=0x1F => 5,
            _ => 0,
        })
        .sum();
    text.len() + escapes + 2
}

#[cfg(test)]
mod tests {

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::{ApiId, ApiType, EndpointType};

    fn api(version: Option<&str>) -> GatewayApi {
        GatewayApi {
            api_type: ApiType::Rest,
            id: ApiId::parse("a1b2c3d4e5").unwrap(),
            name: "Orders".to_owned(),
            description: None,
            version: version.map(str::to_owned),
            endpoint_type: EndpointType::Edge,
            vpc_endpoint_ids: Vec::new(),
            execute_api_disabled: false,
            tags: Box::default(),
        }
    }

    fn judged(version: Option<&str>, body: &[u8]) -> Result<Export, Cut> {
        definition(&api(version), StageExport::OpenApi(body.to_vec()), None)
    }

    fn taken(version: Option<&str>, text: &str) -> Document {
        match judged(version, text.as_bytes()).unwrap() {
            Export::Document(document) => document,
            Export::Unavailable { reason, message } => panic!("{reason:?}: {message}"),
        }
    }

    fn refused(body: impl Into<Vec<u8>>) -> (SkipReason, String) {
        match judged(None, &body.into()).unwrap() {
            Export::Document(document) => panic!("taken: {document:?}"),
            Export::Unavailable { reason, message } => (reason, message),
        }
    }

    #[test]
    fn a_document_is_kept_to_the_byte() {
        let text = "{ \"openapi\" : \"3.0.1\",\n \"info\":{\"title\":\"é\"}, \"x\": 1.50 }\n";
        let document = taken(None, text);
        assert_eq!(document.text, text);
        assert_eq!(document.specification_version, "3.0.1");
        assert_eq!(document.content_digest, digest(text.as_bytes()));
        assert_eq!(document.content_digest.len(), 64);
    }

    #[test]
    fn a_time_stamp_for_a_version_does_not_count_when_the_api_has_no_version() {
        let one = r#"{"openapi":"3.0.1","info":{"title":"a","version":"2025-12-17T19:16:58Z"}}"#;
        let two = r#"{"info":{"version":"2026-01-01T00:00:00Z","title":"a"},"openapi":"3.0.1"}"#;
        assert_eq!(taken(None, one).canonical_digest, taken(Some(""), two).canonical_digest);
        assert_ne!(
            taken(Some("1"), one).canonical_digest,
            taken(Some("1"), two).canonical_digest
        );
        assert_ne!(taken(None, one).content_digest, taken(None, two).content_digest);
    }

    #[test]
    fn members_of_a_group_may_differ_in_servers_and_naming_and_in_nothing_else() {
        let document = |info: &str, rest: &str| {
            let text = format!(r#"{{"openapi":"3.0.1","info":{{{info}}},"paths":{{}}{rest}}}"#);
            taken(None, &text)
        };
        let first = document(r#""title":"a","version":"2025""#, "");
        for (info, rest, is_alike) in [
            (r#""version":"2026","title":"b","description":"c""#, "", true),
            (r#""title":"a""#, r#","servers":[{"url":"https://b"}]"#, true),
            (r#""title":"a","contact":{"title":"x"}"#, "", false),
            (r#""title":"a""#, r#","x":{"title":"x"}"#, false),
        ] {
            let other = document(info, rest);
            assert_eq!(
                first.comparison_digest == other.comparison_digest,
                is_alike,
                "{info} {rest}"
            );
            assert_ne!(first.content_digest, other.content_digest);
        }
        let versioned = |version: &str| {
            let text = format!(r#"{{"openapi":"3.0.1","info":{{"title":"a","version":"{version}"}}}}"#);
            taken(Some("1"), &text).comparison_digest
        };
        assert_ne!(versioned("1"), versioned("2"));
    }

    #[test]
    fn what_is_no_open_api_document_is_refused_with_a_reason() {
        let nested = format!(
            "{{\"openapi\":\"3.0.1\",\"x\":{}1{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        for (body, reason) in [
            (b"".to_vec(), "not JSON"),
            (b"openapi: 3.0.1".to_vec(), "not JSON"),
            (b"[]".to_vec(), "not a JSON object"),
            (b"\"openapi\"".to_vec(), "not a JSON object"),
            (br#"{"swagger":"2.0"}"#.to_vec(), "no openapi member"),
            (br#"{"openapi":3.0}"#.to_vec(), "not a version"),
            (br#"{"openapi":"3.0.1\u0000\u202e"}"#.to_vec(), "not a version"),
            (
                format!(r#"{{"openapi":"{}"}}"#, "3".repeat(1 << 20)).into_bytes(),
                "not a version",
            ),
            (b"{\"openapi\":\"\xff\"}".to_vec(), "not UTF-8"),
            (nested.into_bytes(), "nested too deep"),
        ] {
            let (skip, message) = refused(body);
            assert_eq!(skip, SkipReason::ExportRefused);
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn a_text_that_ends_in_the_middle_is_no_verdict() {
        for body in ["{", r#"{"openapi":"3.0.1""#, r#"{"openapi":"3.0"#] {
            assert!(judged(None, body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_document_may_be_three_mebibytes_long_and_no_longer() {
        let document = |length: usize| {
            let frame = r#"{"openapi":"3.0.1","x":""}"#;
            format!(r#"{{"openapi":"3.0.1","x":"{}"}}"#, "a".repeat(length - frame.len()))
        };
        assert_eq!(
            taken(None, &document(DEFINITION_MAX_BYTES)).text.len(),
            DEFINITION_MAX_BYTES
        );
        let (reason, message) = refused(document(DEFINITION_MAX_BYTES + 1));
        assert_eq!(reason, SkipReason::DefinitionTooLarge);
        assert_eq!(message, "the definition has 3145729 bytes; API Center takes 3145728");
    }

    #[test]
    fn a_document_that_escaping_makes_too_long_for_a_request_is_too_large() {
        let quotes = "\\\"".repeat(1_200_000);
        let (reason, message) = refused(format!(r#"{{"openapi":"3.0.1","x":"{quotes}"}}"#));
        assert_eq!(reason, SkipReason::DefinitionTooLarge);
        assert!(
            message.contains("2400026 bytes") && message.contains("4194304"),
            "{message}"
        );
    }

    proptest! {
        #[test]
        fn the_escaped_length_is_that_of_the_json_string(text in any::<String>(), control in "[\u{0}-\u{1f}\"\\\\]{0,9}") {
            for text in [text, control] {
                prop_assert_eq!(escaped_length(&text), json!(text).to_string().len());
            }
        }
    }
}
