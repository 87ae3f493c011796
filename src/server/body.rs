//! The body of a call, as JSON.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use futures::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

use super::app::BODY_TIMEOUT;
use crate::model::{ErrorCode, Problem};

/// Longest body of a `PUT`, in bytes: a document with all its defaults is a hundredth of that.
const BODY_MAX_BYTES: usize = 256 * 1024;
/// After this many bytes, a sender that does not stop is cut off.
const DROPPED_MAX_BYTES: usize = 16 * 1024 * 1024;
/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a body.
///
/// # Errors
/// If it is not JSON, has another content type, or is too long or too slow.
pub(super) async fn json_body(headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if media_type != "application/json" && !media_type.ends_with("+json") {
        let message = "the body must be JSON: send Content-Type: application/json";
        return Err(Problem::new(ErrorCode::UnsupportedMediaType, message).with_target("Content-Type"));
    }
    let bytes = timeout(BODY_TIMEOUT, read(body)).await.map_err(|_| {
        let message = format!("the body did not arrive within {} seconds", BODY_TIMEOUT.as_secs());
        Problem::new(ErrorCode::InvalidRequest, message)
    })??;
    if is_utf_16(&bytes) {
        let message = "the body is in UTF-16: send it in UTF-8";
        return Err(Problem::new(ErrorCode::InvalidRequest, message));
    }
    // Editors and PowerShell write a byte-order mark in UTF-8; ignore it.
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    serde_json::from_slice(text)
        .map_err(|error| Problem::new(ErrorCode::InvalidRequest, format!("the body is not JSON: {error}")))
}

/// Whether a text is in UTF-16: it begins with a byte-order mark, or with an ASCII character in two bytes, as all JSON
/// does.
fn is_utf_16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [0, letter, ..] | [letter, 0, ..] => letter.is_ascii() && *letter != 0,
        _ => false,
    }
}

/// Reads a body up to the limit. A longer one is read and dropped, so that its sender gets the answer.
async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut length = 0;
    let mut frames = body.into_data_stream();
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|_| Problem::new(ErrorCode::InvalidRequest, "the body is incomplete"))?;
        length += frame.len();
        if length <= BODY_MAX_BYTES {
            bytes.extend_from_slice(&frame);
        } else if length > DROPPED_MAX_BYTES {
            break;
        }
    }
    if length > BODY_MAX_BYTES {
        let message = format!("the body is longer than {BODY_MAX_BYTES} bytes");
        return Err(Problem::new(ErrorCode::RequestTooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::HeaderValue;
    use futures::stream;

    use super::*;

    fn json() -> HeaderMap {
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))]
            .into_iter()
            .collect()
    }

    fn parts(parts: &[&'static str]) -> Body {
        let parts: Vec<Result<Bytes, std::io::Error>> = parts
            .iter()
            .map(|part| Ok(Bytes::from_static(part.as_bytes())))
            .collect();
        Body::from_stream(stream::iter(parts).chain(stream::pending()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_given_up() {
        for sent in [&[][..], &["{"], &["{\"a\"", ":1}"]] {
            let problem = json_body(&json(), parts(sent)).await.unwrap_err();
            assert_eq!(problem.code, ErrorCode::InvalidRequest);
            assert!(problem.message.contains("within 30 seconds"), "{problem}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_in_for_ever_is_given_up() {
        let trickle = stream::unfold((), |()| async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
        });
        let problem = json_body(&json(), Body::from_stream(trickle)).await.unwrap_err();
        assert!(problem.message.contains("within 30 seconds"), "{problem}");
    }

    #[tokio::test]
    async fn a_body_without_end_is_cut_off() {
        let spaces = Bytes::from(vec![b' '; 65_536]);
        let endless = stream::repeat_with(move || Ok::<_, std::io::Error>(spaces.clone()));
        let problem = json_body(&json(), Body::from_stream(endless)).await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::RequestTooLarge);
    }

    #[tokio::test]
    async fn hostile_json_is_refused_in_few_words() {
        let deep = |open: &str, close: &str| format!("{}{}", open.repeat(60_000), close.repeat(60_000));
        for text in [
            deep("[", "]"),
            "{\"a\":".repeat(40_000),
            String::new(),
            "\u{feff}\u{feff}{}".to_owned(),
            "{\"a\":\"\\ud800\"}".to_owned(),
            "{\"a\":01}".to_owned(),
            "{\"a\":1e}".to_owned(),
            "{\"a\":NaN}".to_owned(),
            "{'a':1}".to_owned(),
            "{\"a\":\"\u{0}\"}".to_owned(),
            "{}{}".to_owned(),
            "\0".repeat(1000),
        ] {
            let problem = json_body(&json(), Body::from(text.clone())).await.unwrap_err();
            let words = problem.message.as_str();
            assert!(
                words.starts_with("the body is not JSON") && words.len() < 200,
                "{words}"
            );
        }
        let not_utf8 = json_body(&json(), Body::from(&b"{\"a\":\"\xff\"}"[..])).await;
        assert_eq!(not_utf8.unwrap_err().code, ErrorCode::InvalidRequest);
    }

    #[tokio::test]
    async fn a_byte_order_mark_before_the_body_is_taken() {
        let body = json_body(&json(), Body::from("\u{feff}{\"a\":1}")).await;
        assert_eq!(body.unwrap(), serde_json::json!({ "a": 1 }));
    }

    #[tokio::test]
    async fn a_body_in_utf_16_is_refused_by_that_name() {
        let units = "{\"a\":1}".encode_utf16();
        let little = units.clone().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let big = units.flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        for (mark, text) in [
            (&[0xff, 0xfe][..], &little),
            (&[0xfe, 0xff], &big),
            (&[], &little),
            (&[], &big),
        ] {
            let body = [mark, text].concat();
            let problem = json_body(&json(), Body::from(body)).await.unwrap_err();
            assert_eq!(problem.code, ErrorCode::InvalidRequest);
            assert_eq!(problem.message, "the body is in UTF-16: send it in UTF-8");
        }
    }
}
