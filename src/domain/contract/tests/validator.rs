//! A small reader of JSON Schema draft 7, written apart from what makes ours: the keywords that it
//! uses and no others. An unknown keyword or pattern is a failure of the test.

use serde_json::Value;

/// What is wrong with a value, each with its place.
pub(super) fn errors(root: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(root, root, value, "", &mut found);
    found
}

fn sound(root: &Value, schema: &Value, value: &Value, at: &str) -> bool {
    let mut found = Vec::new();
    walk(root, schema, value, at, &mut found);
    found.is_empty()
}

fn walk(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let words = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => return found.push(format!("{at}: may not be here")),
        Value::Object(words) => words,
        other => panic!("no schema: {other}"),
    };
    for (word, rule) in words {
        match word.as_str() {
            "$schema" | "title" | "description" | "definitions" | "then" | "else" | "default" => {}
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                walk(root, root.pointer(pointer).unwrap(), value, at, found);
            }
            "allOf" => {
                for part in rule.as_array().unwrap() {
                    walk(root, part, value, at, found);
                }
            }
            "anyOf" | "oneOf" => {
                let fits = |s: &&Value| sound(root, s, value, at);
                let count = rule.as_array().unwrap().iter().filter(fits).count();
                if count == 0 {
                    // Which keys are not known in any of them.
                    let mut inner = Vec::new();
                    rule.as_array()
                        .unwrap()
                        .iter()
                        .for_each(|s| walk(root, s, value, at, &mut inner));
                    found.extend(inner.into_iter().filter(|e| e.ends_with(": not known")));
                }
                if count == 0 || (word == "oneOf" && count > 1) {
                    found.push(format!("{at}: {word} fits {count}"));
                }
            }
            "if" => {
                let branch = if sound(root, rule, value, at) { "then" } else { "else" };
                if let Some(branch) = words.get(branch) {
                    walk(root, branch, value, at, found);
                }
            }
            _ => one(root, (words, word.as_str(), rule), value, at, found),
        }
    }
}

type Rule<'a> = (&'a serde_json::Map<String, Value>, &'a str, &'a Value);

fn one(
    root: &Value,
    (words, word, rule): Rule<'_>,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
    let count = || usize::try_from(rule.as_u64().unwrap()).unwrap();
    let fine = match (word, value) {
        ("type", _) => is(rule.as_str().unwrap(), value),
        ("enum", _) => rule.as_array().unwrap().contains(value),
        ("const", _) => rule == value,
        ("pattern", Value::String(text)) => matches(rule.as_str().unwrap(), text),
        ("minLength", Value::String(text)) => text.chars().count() >= count(),
        ("maxLength", Value::String(text)) => text.chars().count() <= count(),
        ("minimum", Value::Number(number)) => number.as_f64() >= rule.as_f64(),
        ("maximum", Value::Number(number)) => number.as_f64() <= rule.as_f64(),
        ("minItems", Value::Array(items)) => items.len() >= count(),
        ("maxItems", Value::Array(items)) => items.len() <= count(),
        ("uniqueItems", Value::Array(items)) => {
            (1..items.len()).all(|i| !items[..i].contains(&items[i]))
        }
        ("minProperties", Value::Object(table)) => table.len() >= count(),
        ("items", Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                walk(root, rule, item, &format!("{at}/{index}"), found);
            }
            true
        }
        ("properties", Value::Object(table)) => {
            for (key, schema) in rule.as_object().unwrap() {
                if let Some(value) = table.get(key) {
                    walk(root, schema, value, &format!("{at}/{key}"), found);
                }
            }
            true
        }
        ("additionalProperties", Value::Object(table)) => {
            let known = words.get("properties").and_then(Value::as_object);
            for (key, value) in
                table.iter().filter(|(k, _)| known.is_none_or(|p| !p.contains_key(*k)))
            {
                match rule {
                    Value::Bool(false) => found.push(format!("{at}/{key}: not known")),
                    schema => walk(root, schema, value, &format!("{at}/{key}"), found),
                }
            }
            true
        }
        ("propertyNames", Value::Object(table)) => {
            let names = rule["enum"].as_array().unwrap();
            for key in table.keys().filter(|key| !names.iter().any(|n| n == key.as_str())) {
                found.push(format!("{at}/{key}: not known"));
            }
            true
        }
        ("required", Value::Object(table)) => {
            for key in rule.as_array().unwrap().iter().filter_map(Value::as_str) {
                if !table.contains_key(key) {
                    found.push(format!("{at}: {key} is missing"));
                }
            }
            true
        }
        ("dependencies", Value::Object(table)) => {
            let asks = rule.as_object().unwrap().iter().filter(|(key, _)| table.contains_key(*key));
            asks.flat_map(|(_, needs)| needs.as_array().unwrap())
                .all(|need| table.contains_key(need.as_str().unwrap()))
        }
        (
            "pattern"
            | "minLength"
            | "maxLength"
            | "minimum"
            | "maximum"
            | "minItems"
            | "maxItems"
            | "uniqueItems"
            | "minProperties"
            | "items"
            | "properties"
            | "additionalProperties"
            | "propertyNames"
            | "required"
            | "dependencies",
            _,
        ) => true,
        other => panic!("a keyword that is not known: {}", other.0),
    };
    if !fine {
        found.push(format!("{at}: {word} {rule}"));
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("a type that is not known: {other}"),
    }
}

/// The patterns that ours uses, each said in another way than by a regular expression.
fn matches(pattern: &str, text: &str) -> bool {
    let all = |set: fn(u8) -> bool| text.bytes().all(set);
    let digit = |b: u8| b.is_ascii_digit();
    let code = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    match pattern {
        "\\S" => text.chars().any(|c| !c.is_whitespace()),
        "^[a-z][a-z0-9_-]{0,39}$" => {
            let set = |b: u8| b.is_ascii_lowercase() || digit(b) || b == b'_' || b == b'-';
            (1..=40).contains(&text.len())
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.bytes().all(set)
        }
        "^[A-Z]{2}$" => text.len() == 2 && all(|b| b.is_ascii_uppercase()),
        "^[A-Z0-9]{2}$" => text.len() == 2 && text.bytes().all(code),
        "^[A-Z0-9]{5}$" => text.len() == 5 && text.bytes().all(code),
        "^[A-Z0-9]{2,15}$" => (2..=15).contains(&text.len()) && text.bytes().all(code),
        "^[0-9]{2}$" => text.len() == 2 && all(|b| b.is_ascii_digit()),
        "^[A-Za-z0-9.-]{1,20}$" => {
            let set = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
            (1..=20).contains(&text.len()) && text.bytes().all(set)
        }
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" => {
            let parts: Vec<&str> = text.split('-').collect();
            let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
            lengths == [4, 2, 2] && parts.iter().all(|p| p.bytes().all(digit))
        }
        "^[0-9]+(\\.[0-9]+)?$" => {
            let parts: Vec<&str> = text.split('.').collect();
            parts.len() <= 2 && parts.iter().all(|p| !p.is_empty() && p.bytes().all(digit))
        }
        other => panic!("a pattern that is not known: {other}"),
    }
}
