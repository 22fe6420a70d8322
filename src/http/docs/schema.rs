//! Schemas as tables of fields.

use serde_json::{Map, Value};

use super::html::{escape, inline, prose, put, slug};

/// The name that a `$ref` refers to.
pub(super) fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// What stands in place of a `$ref`; the schema itself when it is none.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let path = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
    path.and_then(|path| document.pointer(path)).unwrap_or(schema)
}

/// A list in a schema, such as `oneOf`.
fn list<'a>(schema: &'a Value, name: &str) -> &'a [Value] {
    schema.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The kinds of JSON values that a schema names, without `null`.
pub(super) fn kinds(schema: &Value) -> Vec<&str> {
    let all: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|kind| *kind != "null").collect()
}

/// The choices of a schema, without `null`; empty when it is no choice.
pub(super) fn choices(schema: &Value) -> Vec<&Value> {
    let of = |name| list(schema, name).iter();
    let all = of("oneOf").chain(of("anyOf")).chain(of("allOf"));
    all.filter(|s| s.get("type").and_then(Value::as_str) != Some("null")).collect()
}

/// The type in a few words, with links to schemas that have a name.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return format!("<a href=\"#schema-{}\">{}</a>", slug(name), escape(name));
    }
    let choices = choices(schema);
    if !choices.is_empty() {
        return choices.iter().map(|s| kind(s)).collect::<Vec<_>>().join(" or ");
    }
    let word = |kind: &str| match kind {
        "array" => {
            let items = schema.get("items").map_or_else(|| "anything".to_owned(), self::kind);
            format!("list of {items}")
        }
        "object" => match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("object of {}", self::kind(values)),
            _ => "object".to_owned(),
        },
        "string" => match schema.get("format").and_then(Value::as_str) {
            Some(format) => format!("string ({})", escape(format)),
            None => "string".to_owned(),
        },
        other => escape(other),
    };
    let kinds = kinds(schema);
    if kinds.is_empty() {
        return "anything".to_owned();
    }
    kinds.into_iter().map(word).collect::<Vec<_>>().join(" or ")
}

/// Limits, allowed values and examples, as a sentence each.
pub(super) fn notes(schema: &Value) -> Vec<String> {
    let code = |value: &Value| format!("<code>{}</code>", escape(&shown(value)));
    let mut notes = Vec::new();
    let allowed = list(schema, "enum");
    if !allowed.is_empty() {
        let values: Vec<String> = allowed.iter().filter(|v| !v.is_null()).map(code).collect();
        notes.push(format!("One of {}.", values.join(", ")));
    }
    for (name, words) in [
        ("minLength", "At least {} characters."),
        ("maxLength", "At most {} characters."),
        ("minimum", "At least {}."),
        ("maximum", "At most {}."),
        ("minItems", "At least {} entries."),
        ("maxItems", "At most {} entries."),
        ("pattern", "Pattern {}."),
        ("default", "Default {}."),
        ("example", "Example: {}."),
    ] {
        if let Some(value) = schema.get(name).filter(|value| !value.is_null()) {
            notes.push(words.replace("{}", &code(value)));
        }
    }
    notes.extend(list(schema, "examples").iter().take(1).map(|v| format!("Example: {}.", code(v))));
    notes
}

/// A value as it is written in prose: texts without their quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What there is to say of a schema beside its type: its description and its notes.
pub(super) fn remarks(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let mut parts: Vec<String> = Vec::new();
    if !text.is_empty() {
        parts.push(inline(text));
    }
    parts.extend(notes(schema));
    for inner in choices(schema).into_iter().filter(|s| reference(s).is_none()) {
        parts.extend(notes(inner));
    }
    parts.join(" ")
}

fn required(schema: &Value) -> Vec<&str> {
    list(schema, "required").iter().filter_map(Value::as_str).collect()
}

/// The fields of an object as a table.
pub(super) fn fields(schema: &Value) -> String {
    let Some(fields) = schema.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    let required = required(schema);
    let mut out = "<table>\n<thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead>\n\
                   <tbody>\n"
        .to_owned();
    for (name, field) in fields {
        let need = if required.contains(&name.as_str()) {
            " <span class=\"need\">required</span>"
        } else {
            ""
        };
        put!(
            out,
            "<tr><td><code>{}</code>{need}</td><td>{}</td><td>{}</td></tr>\n",
            escape(name),
            kind(field),
            remarks(field)
        );
    }
    out + "</tbody></table>\n"
}

/// The body of a schema: its fields, or what else it is, choice by choice.
pub(super) fn body(schema: &Value) -> String {
    if schema.get("properties").is_some() {
        return fields(schema);
    }
    let choices = choices(schema);
    if choices.is_empty() {
        let notes = notes(schema).join(" ");
        return format!("<p>{}. {notes}</p>\n", kind(schema));
    }
    let together = schema.get("allOf").is_some();
    let lead = if together { "All of:" } else { "One of:" };
    let item = |s: &&Value| {
        let inner = if reference(s).is_some() { String::new() } else { fields(s) };
        format!("<li>{} {}{inner}</li>\n", kind(s), remarks(s))
    };
    let items: Vec<String> = choices.iter().map(item).collect();
    format!("<p>{lead}</p>\n<ul>\n{}</ul>\n", items.concat())
}

/// All named schemas, each with its anchor.
pub(super) fn all(document: &Value) -> String {
    let empty = Map::new();
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let mut sorted: Vec<_> = schemas.unwrap_or(&empty).iter().collect();
    sorted.sort_by_key(|(name, _)| name.to_lowercase());
    let mut out = String::new();
    for (name, schema) in sorted {
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let anchor = slug(name);
        put!(
            out,
            "<section class=\"schema\" id=\"schema-{anchor}\">\n\
             <h3><a href=\"#schema-{anchor}\">{}</a></h3>\n{}{}</section>\n",
            escape(name),
            prose(text),
            body(schema)
        );
    }
    out
}
