//! Exported definitions: whether API Center can hold them, and their digests.

mod outline;

use self::outline::{Member, outline};
use crate::model::{DEFINITION_MAX_BYTES, Document, Export, RestApi, SkipReason, digest, hex};

/// Longest request that Azure Resource Manager takes, in bytes.
const REQUEST_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Room for what surrounds the definition in the request that imports it, in bytes.
const REQUEST_FRAME_BYTES: usize = 256;
/// Longest version of OpenAPI that is taken, in characters: far longer than any there is, and within that room.
const VERSION_MAX: usize = 32;

/// Judges what Amazon exported for a stage of `api`; the text is kept unchanged.
///
/// # Errors
/// When it ends in the middle, which says nothing of what all of it would be.
pub(super) fn judge(api: &RestApi, body: Vec<u8>) -> Result<Export, Cut> {
    match document(api, body) {
        Ok(document) => Ok(Export::Document(document)),
        Err(Fault::Unfit(reason, message)) => Ok(Export::Unavailable { reason, message }),
        Err(Fault::Cut) => Err(Cut),
    }
}

/// A text that ends in the middle.
#[derive(Debug)]
pub(super) struct Cut;

/// Why a text is no document.
#[derive(Debug)]
enum Fault {
    /// API Center cannot hold it, or it is none.
    Unfit(SkipReason, String),
    /// It ends in the middle.
    Cut,
}

/// What is said of an export of more than `read` bytes, of which the rest was not even read.
pub(super) fn endless(read: usize) -> Export {
    Export::Unavailable {
        reason: SkipReason::DefinitionTooLarge,
        message: format!("the definition is longer than {read} bytes; API Center takes {DEFINITION_MAX_BYTES}"),
    }
}

fn document(api: &RestApi, body: Vec<u8>) -> Result<Document, Fault> {
    if body.len() > DEFINITION_MAX_BYTES {
        let message = format!(
            "the definition has {} bytes; API Center takes {DEFINITION_MAX_BYTES}",
            body.len()
        );
        return Err(Fault::Unfit(SkipReason::DefinitionTooLarge, message));
    }
    let refused = |message: String| Fault::Unfit(SkipReason::ExportRefused, message);
    let text = String::from_utf8(body).map_err(|error| refused(format!("the export is not UTF-8 text: {error}")))?;
    let request = escaped_length(&text) + REQUEST_FRAME_BYTES;
    if request > REQUEST_MAX_BYTES {
        let message = format!(
            "the definition has {} bytes and the request that imports it {request}; Azure takes {REQUEST_MAX_BYTES}",
            text.len()
        );
        return Err(Fault::Unfit(SkipReason::DefinitionTooLarge, message));
    }
    // Amazon writes a time stamp as the version of an API that has none: it changes though nobody changed anything.
    let is_versioned = api.version.as_deref().is_some_and(|version| !version.is_empty());
    let outline = outline(&text, is_versioned).map_err(|error| {
        if error.is_eof() && !text.is_empty() {
            Fault::Cut
        } else if error.is_data() {
            refused("the export is not a JSON object".to_owned())
        } else {
            refused("the export is not JSON, or nested too deep to be read".to_owned())
        }
    })?;
    let specification_version = match outline.openapi {
        Member::Text(version) if is_version(&version) => version,
        Member::Text(_) | Member::Other => {
            return Err(refused("the export's openapi member is not a version".to_owned()));
        }
        Member::Missing => return Err(refused("the export has no openapi member".to_owned())),
    };
    Ok(Document {
        content_digest: digest(text.as_bytes()),
        canonical_digest: hex(&outline.digest),
        specification_version,
        text,
    })
}

fn is_version(text: &str) -> bool {
    (1..=VERSION_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// How long `text` is as a JSON string, in bytes, its quotes included.
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
    use crate::model::ApiId;

    fn api(version: Option<&str>) -> RestApi {
        RestApi {
            id: ApiId::parse("a1b2c3d4e5").unwrap(),
            name: "Orders".to_owned(),
            description: None,
            version: version.map(str::to_owned),
            private: false,
            vpc_endpoint_ids: Vec::new(),
            execute_api_disabled: false,
        }
    }

    fn taken(version: Option<&str>, text: &str) -> Document {
        match judge(&api(version), text.as_bytes().to_vec()).unwrap() {
            Export::Document(document) => document,
            Export::Unavailable { reason, message } => panic!("{reason:?}: {message}"),
        }
    }

    fn refused(body: impl Into<Vec<u8>>) -> (SkipReason, String) {
        match judge(&api(None), body.into()).unwrap() {
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
            assert!(judge(&api(None), body.into()).is_err(), "{body}");
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
