//! Examples made of schemas: values that the document gives, and plausible ones where it gives none.

use serde_json::{Map, Value, json};

use super::schema::{choices, kinds, resolve};

/// A text of which nothing is known.
pub(super) const TEXT: &str = "text";
/// How deep an example goes: schemas may refer to themselves.
const DEEPEST: usize = 8;

/// A value that the schema allows, as far as the document lets us know.
pub(super) fn of(document: &Value, schema: &Value) -> Value {
    at(document, schema, 0)
}

fn given(schema: &Value) -> Option<&Value> {
    let first = |name: &str| schema.get(name)?.as_array()?.iter().find(|v| !v.is_null());
    schema
        .get("example")
        .or_else(|| first("examples"))
        .or_else(|| schema.get("const"))
        .or_else(|| first("enum"))
        .or_else(|| schema.get("default").filter(|v| !v.is_null()))
}

fn at(document: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(value) = given(schema) {
        return value.clone();
    }
    let resolved = resolve(document, schema);
    if let Some(value) = given(resolved) {
        return value.clone();
    }
    if depth >= DEEPEST {
        return Value::Null;
    }
    let choices = choices(resolved);
    if resolved.get("allOf").is_some() {
        return together(document, resolved, &choices, depth);
    }
    if let Some(first) = choices.first() {
        return at(document, first, depth + 1);
    }
    if resolved.get("properties").is_some() {
        return Value::Object(object(document, resolved, depth));
    }
    match kinds(resolved).first().copied() {
        Some("string") => text(resolved),
        Some("integer" | "number") => resolved.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") => {
            let item = resolved.get("items").map(|items| at(document, items, depth + 1));
            Value::Array(item.into_iter().collect())
        }
        Some("object") => json!({}),
        _ => Value::Null,
    }
}

/// All parts of an `allOf` as one object.
fn together(document: &Value, schema: &Value, parts: &[&Value], depth: usize) -> Value {
    let mut all = object(document, schema, depth);
    for part in parts {
        match at(document, part, depth + 1) {
            Value::Object(fields) => all.extend(fields),
            // A single part that is no object stands for itself, such as an enum with a description.
            other => return other,
        }
    }
    Value::Object(all)
}

fn object(document: &Value, schema: &Value, depth: usize) -> Map<String, Value> {
    let fields = schema.get("properties").and_then(Value::as_object);
    let example = |(name, field): (&String, &Value)| (name.clone(), at(document, field, depth + 1));
    fields.map(|fields| fields.iter().map(example).collect()).unwrap_or_default()
}

fn text(schema: &Value) -> Value {
    json!(match schema.get("format").and_then(Value::as_str) {
        Some("date") => "2026-10-05",
        Some("date-time") => "2026-10-05T08:00:00-07:00",
        _ => TEXT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_made_of_what_the_document_gives() {
        let document = json!({"components": {"schemas": {
            "Kind": {"type": "string", "enum": ["a", "b"]},
            "Node": {"type": "object", "properties": {
                "kind": {"$ref": "#/components/schemas/Kind"},
                "maybe": {"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 3}]},
                "day": {"type": ["string", "null"], "format": "date"},
                "list": {"type": "array", "items": {"type": "string", "example": "x"}},
                "next": {"$ref": "#/components/schemas/Node"},
            }},
        }}});
        let node = json!({"$ref": "#/components/schemas/Node"});
        let made = of(&document, &node);
        assert_eq!(made["kind"], "a");
        assert_eq!(made["maybe"], 3);
        assert_eq!(made["day"], "2026-10-05");
        assert_eq!(made["list"], json!(["x"]));
        // It refers to itself and ends all the same.
        assert_eq!(made["next"]["kind"], "a");
    }
}
