//! JSON bodies, read strictly: right type, right size, UTF-8, no unknown fields (the types say
//! `deny_unknown_fields`; serde then refuses repeated fields too), no list in the place of an object
//! (`objects`), and every fault with its place.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::objects::{NO_LIST, ObjectsOnly};
use super::{body, messages};
use crate::error::{AppError, Code, Fault};

/// A JSON body, for handlers that need no Idempotency-Key (PUT, PATCH, previews).
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            expect_json(&request)?;
            let bytes = body::read(&request, &mut payload).await?;
            decode(&bytes).map(Self)
        })
    }
}

/// Refuses a body that does not call itself JSON.
pub(super) fn expect_json(request: &HttpRequest) -> Result<(), AppError> {
    match body::media_type(request)?.as_deref() {
        Some("application/json") => Ok(()),
        _ => Err(AppError::new(
            Code::UnsupportedMediaType,
            "Send JSON, with the header Content-Type: application/json.",
        )),
    }
}

/// Reads one JSON value. Not JSON: `malformed_body` with line and column; a wrong field:
/// `invalid_input` with its pointer.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, AppError> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let detail = format!("The body is not UTF-8: byte {} cannot be read.", e.valid_up_to() + 1);
        AppError::new(Code::MalformedBody, detail)
    })?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(ObjectsOnly(&mut reader)).map_err(|error| {
        let pointer = pointer(error.path());
        fault(&pointer, &error.into_inner())
    })?;
    reader.end().map_err(|error| fault("", &error))?;
    // Nor where any value is read, as of a pack: a body is an object.
    if text.trim_start().starts_with('[') {
        return Err(AppError::field("", NO_LIST));
    }
    Ok(value)
}

fn fault(pointer: &str, error: &serde_json::Error) -> AppError {
    let message = messages::clean(&error.to_string());
    if error.classify() == serde_json::error::Category::Data {
        let pointer = match messages::named_field(&error.to_string()) {
            // The path ends at the object when the field itself is not there or not known.
            Some(field) if !pointer.ends_with(&format!("/{}", escape(field))) => {
                format!("{pointer}/{}", escape(field))
            }
            _ => pointer.to_owned(),
        };
        return AppError::field(&pointer, message);
    }
    let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
    let place = Fault::on_line(line, Some(&error.column().to_string()), message);
    AppError::new(Code::MalformedBody, "The body is not JSON.").with_faults(vec![place])
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut out, segment| {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape(key),
            Segment::Enum { variant } => escape(variant),
            Segment::Unknown => return out,
        };
        out.push('/');
        out.push_str(&part);
        out
    })
}

fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifiers::Npi;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        items: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        count: u32,
        npi: Option<Npi>,
    }

    fn refused(text: &str) -> (Code, Fault) {
        let error = decode::<Outer>(text.as_bytes()).unwrap_err();
        (error.code, error.faults[0].clone())
    }

    #[test]
    fn every_wrong_field_is_named_by_its_pointer() {
        for (text, pointer) in [
            (r#"{"items":[{"count":1},{"count":"x"}]}"#, "/items/1/count"),
            (r#"{"items":[{"count":-1}]}"#, "/items/0/count"),
            (r#"{"items":[{"count":1,"npi":"1234567890"}]}"#, "/items/0/npi"),
            (r#"{"items":[{"count":1,"extra":2}]}"#, "/items/0/extra"),
            (r#"{"items":[{"count":1,"a/b~":2}]}"#, "/items/0/a~1b~0"),
            (r#"{"items":[{}]}"#, "/items/0/count"),
            (r#"{"items":[{"count":1,"count":2}]}"#, "/items/0/count"),
            (r#"{"items":[],"items":[]}"#, "/items"),
            ("{}", "/items"),
            ("3", ""),
            ("[[]]", ""),
        ] {
            let (code, fault) = refused(text);
            assert_eq!(code, Code::InvalidInput, "{text}");
            assert_eq!(fault.pointer.as_deref(), Some(pointer), "{text}");
        }
    }

    #[test]
    fn values_are_never_repeated() {
        for text in [
            r#"{"items":[{"count":"Marigold Vance"}]}"#,
            r#"{"items":"Marigold Vance"}"#,
            r#"{"items":[{"count":1,"npi":"Marigold Vance"}]}"#,
        ] {
            let (_, fault) = refused(text);
            assert!(!fault.message.contains("Marigold"), "{}", fault.message);
            assert!(!fault.message.is_empty());
        }
    }

    #[test]
    fn what_is_not_json_has_a_line_and_a_column() {
        let (code, fault) = refused("{\"items\":\n [}");
        assert_eq!(code, Code::MalformedBody);
        assert_eq!((fault.line, fault.column.as_deref()), (Some(2), Some("3")));
        for text in ["", "{", r#"{"items":[]} x"#, r#"{"items":[]}{}"#, "\u{feff}{}"] {
            assert_eq!(decode::<Outer>(text.as_bytes()).unwrap_err().code, Code::MalformedBody);
        }
        let error = decode::<Outer>(b"{\"items\": \"\xff\"}").unwrap_err();
        assert_eq!(error.code, Code::MalformedBody);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "[".repeat(100_000);
        assert!(decode::<serde_json::Value>(text.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail_otherwise(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Err(error) = decode::<Outer>(&bytes) {
                prop_assert!(matches!(error.code, Code::MalformedBody | Code::InvalidInput));
            }
        }
    }
}
