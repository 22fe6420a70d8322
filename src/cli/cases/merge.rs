//! One document laid over another: how a case bends a pack.

use serde_json::{Map, Value};

/// A TOML value as JSON; dates and times become texts.
pub(super) fn json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => Value::Array(items.iter().map(json).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.iter().map(|(k, v)| (k.clone(), json(v))).collect())
        }
    }
}

/// Lays `over` upon `base`: tables key by key, lists of tables with a `key` item by item, everything
/// else in the place of what was there.
pub(super) fn lay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(there) => lay(there, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (Value::Array(base), Value::Array(over)) if keyed(base) && keyed(&over) => {
            for item in over {
                match base.iter_mut().find(|b| b.get("key") == item.get("key")) {
                    Some(there) => lay(there, item),
                    None => base.push(item),
                }
            }
        }
        (base, over) => *base = over,
    }
}

fn keyed(items: &[Value]) -> bool {
    items.iter().all(|item| item.get("key").is_some())
}

/// Takes out what a path such as `limit.daily` or `service.peer.max_age` names. Whether it was there.
pub(super) fn remove(base: &mut Value, path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    match (base, rest) {
        (Value::Object(table), None) => table.shift_remove(first).is_some(),
        (Value::Object(table), Some(rest)) => {
            let gone = table.get_mut(first).is_some_and(|there| remove(there, rest));
            tidy(table, first);
            gone
        }
        (Value::Array(items), rest) => {
            let is = |item: &Value| item.get("key").and_then(Value::as_str) == Some(first);
            match rest {
                None => {
                    let before = items.len();
                    items.retain(|item| !is(item));
                    items.len() < before
                }
                Some(rest) => items.iter_mut().find(|i| is(i)).is_some_and(|i| remove(i, rest)),
            }
        }
        _ => false,
    }
}

/// A list of tables that has become empty is none.
fn tidy(table: &mut Map<String, Value>, key: &str) {
    if table.get(key).and_then(Value::as_array).is_some_and(Vec::is_empty) {
        table.shift_remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_laid_over_key_by_key() {
        let mut base = json!({"a": 1, "limit": [{"key": "x", "units": 1}, {"key": "y"}]});
        lay(
            &mut base,
            json!({"a": 2, "b": [3], "limit": [{"key": "x", "units": 5}, {"key": "z"}]}),
        );
        let limits = json!([{"key": "x", "units": 5}, {"key": "y"}, {"key": "z"}]);
        assert_eq!(base, json!({"a": 2, "b": [3], "limit": limits}));
    }

    #[test]
    fn what_is_removed_is_gone_and_what_is_not_there_is_told() {
        let mut base = json!({"limit": [{"key": "x", "units": 1}], "claim": {"period": "week"}});
        assert!(remove(&mut base, "limit.x.units"));
        assert!(remove(&mut base, "claim.period"));
        assert!(!remove(&mut base, "limit.y"));
        assert_eq!(base, json!({"limit": [{"key": "x"}], "claim": {}}));
        assert!(remove(&mut base, "limit.x"));
        assert_eq!(base, json!({"claim": {}}));
    }
}
