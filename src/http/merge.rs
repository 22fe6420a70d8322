//! Changes as JSON merge patches (RFC 7396): a field that is given replaces, `null` clears, what is
//! not named stays as it is; objects merge field by field, lists are replaced whole.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{body, json};
use crate::error::{AppError, Code};

/// A patch whose every field is one of `T` and of its type.
#[derive(Debug, Clone)]
pub struct MergePatch<T> {
    /// What was sent.
    pub patch: Map<String, Value>,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> FromRequest for MergePatch<T> {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let kind = body::media_type(&request)?;
            let read_here = ["application/json", "application/merge-patch+json"];
            if !kind.is_some_and(|kind| read_here.contains(&kind.as_str())) {
                let detail = "Send a merge patch, with the header Content-Type: \
                              application/merge-patch+json or application/json.";
                return Err(AppError::new(Code::UnsupportedMediaType, detail));
            }
            let bytes = body::read(&request, &mut payload).await?;
            read(&bytes)
        })
    }
}

/// Reads a patch: strictly as a `T` first, so that unknown, repeated and wrong fields are told at
/// their places, then as it is.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<MergePatch<T>, AppError> {
    json::decode::<T>(bytes)?;
    Ok(MergePatch { patch: json::decode(bytes)?, of: std::marker::PhantomData })
}

impl<T: DeserializeOwned> MergePatch<T> {
    /// What comes of it, applied to what is there.
    pub fn apply(self, current: Value) -> Result<T, AppError> {
        let mut target = current;
        merge(&mut target, Value::Object(self.patch));
        let bytes = serde_json::to_vec(&target).map_err(|e| AppError::internal(e.to_string()))?;
        json::decode(&bytes)
    }
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(&name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_examples_of_the_rfc() {
        for (target, patch, wanted) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut merged = target.clone();
            merge(&mut merged, patch.clone());
            assert_eq!(merged, wanted, "{target} {patch}");
        }
    }
}
