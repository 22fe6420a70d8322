//! From JSON to the tree: places are JSON pointers (RFC 6901).
//!
//! The layout is that of the TOML form, key for key; dates are texts. An entry that is `null` is
//! taken as absent.

use serde_json::Value as Json;

use super::fault::{Fault, Place};
use super::node::{Budget, Entry, Node, Value};

/// Makes the tree, or the one fault that stopped it.
pub(super) fn from_json(document: &Json) -> Result<Node, Fault> {
    grow(document, &mut String::new(), 0, &mut Budget::default())
}

fn grow(
    json: &Json,
    pointer: &mut String,
    depth: usize,
    budget: &mut Budget,
) -> Result<Node, Fault> {
    let place = Place::Pointer(pointer.clone());
    let order = budget.node(depth, &place)?;
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number.as_i64().map_or(Value::Fraction, Value::Integer),
        Json::String(text) => {
            budget.text(text, &place)?;
            Value::Text(text.clone())
        }
        Json::Array(items) => {
            let mut nodes = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let node = under(&index.to_string(), pointer, |pointer| {
                    grow(item, pointer, depth + 1, budget)
                })?;
                nodes.push(node);
            }
            Value::List(nodes)
        }
        Json::Object(fields) => {
            let mut entries = Vec::new();
            for (key, field) in fields.iter().filter(|(_, field)| !field.is_null()) {
                budget.key(key, &place)?;
                let step = key.replace('~', "~0").replace('/', "~1");
                let node =
                    under(&step, pointer, |pointer| grow(field, pointer, depth + 1, budget))?;
                let (place, order) = (node.place.clone(), node.order);
                entries.push(Entry { key: key.clone(), place, order, node });
            }
            Value::Table(entries)
        }
    };
    Ok(Node { place, order, value })
}

/// Runs `work` with one more step on the pointer.
fn under<T>(step: &str, pointer: &mut String, work: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(step);
    let result = work(pointer);
    pointer.truncate(length);
    result
}
