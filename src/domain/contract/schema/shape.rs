//! Pieces of the schema: what single values, lists and tables may be.

use serde_json::{Map, Value, json};

use super::super::table::MAX_ITEMS;
use super::super::unknown::UNKNOWN;

/// One key of a table.
pub(in crate::domain::contract) struct Field {
    key: &'static str,
    says: String,
    shape: Value,
    needed: bool,
}

/// A key that must be there.
pub(in crate::domain::contract) fn need(key: &'static str, says: &str, shape: Value) -> Field {
    Field { key, says: says.to_owned(), shape, needed: true }
}

/// A key that may be there.
pub(in crate::domain::contract) fn may(key: &'static str, says: &str, shape: Value) -> Field {
    Field { key, says: says.to_owned(), shape, needed: false }
}

/// A table with these keys and no others.
pub(in crate::domain::contract) fn table(fields: Vec<Field>) -> Value {
    let required: Vec<&str> = fields.iter().filter(|f| f.needed).map(|f| f.key).collect();
    let described = |field: Field| {
        let mut shape = field.shape;
        if let Value::Object(shape) = &mut shape {
            shape.insert("description".into(), Value::String(field.says));
        }
        (field.key.to_owned(), shape)
    };
    let required = json!(required);
    let properties: Map<String, Value> = fields.into_iter().map(described).collect();
    json!({ "type": "object", "properties": properties, "required": required,
        "additionalProperties": false })
}

/// Sees to it that a table has every key that the reader has; one without words of its own takes
/// anything.
pub(super) fn known(table: &mut Value, keys: &[&str]) {
    if let Some(Value::Object(properties)) = table.get_mut("properties") {
        for key in keys {
            properties.entry(*key).or_insert_with(|| json!({}));
        }
    }
}

/// A list of tables.
pub(super) fn tables(item: Value, most: usize) -> Value {
    json!({ "type": "array", "items": item, "maxItems": most })
}

/// A list of tables that has one at least.
pub(super) fn some_tables(item: Value, most: usize) -> Value {
    json!({ "type": "array", "items": item, "minItems": 1, "maxItems": most })
}

/// A list of values, none twice, at least so many.
pub(in crate::domain::contract) fn list(item: Value, least: usize) -> Value {
    json!({ "type": "array", "items": item, "uniqueItems": true, "minItems": least,
        "maxItems": MAX_ITEMS })
}

/// One text out of a closed list.
pub(in crate::domain::contract) fn one_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    let texts: Vec<&str> = texts.into_iter().collect();
    json!({ "type": "string", "enum": texts })
}

/// The texts of a code list.
macro_rules! codes {
    ($list:ty) => {
        $crate::domain::contract::schema::shape::one_of(
            <$list>::ALL.iter().map(|value| value.as_str()),
        )
    };
}
pub(in crate::domain::contract) use codes;

/// A text of a shape.
pub(in crate::domain::contract) fn text(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

/// Any text; its rule is more than a pattern says.
pub(in crate::domain::contract) fn any_text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

/// A text for people.
pub(in crate::domain::contract) fn words(most: usize) -> Value {
    json!({ "type": "string", "pattern": "\\S", "maxLength": most })
}

/// A short name.
pub(in crate::domain::contract) fn key() -> Value {
    text("^[a-z][a-z0-9_-]{0,39}$")
}

/// Short names.
pub(super) fn keys(least: usize) -> Value {
    list(key(), least)
}

/// A procedure modifier.
pub(in crate::domain::contract) fn modifier() -> Value {
    text("^[A-Z0-9]{2}$")
}

/// A place of service.
pub(in crate::domain::contract) fn place() -> Value {
    text("^[0-9]{2}$")
}

/// A procedure code.
pub(in crate::domain::contract) fn procedure() -> Value {
    text("^[A-Z0-9]{5}$")
}

/// A trading partner's code.
pub(in crate::domain::contract) fn partner() -> Value {
    text("^[A-Z0-9]{2,15}$")
}

/// A date, which in TOML stands without quotes.
pub(super) fn date() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
}

/// True or false.
pub(in crate::domain::contract) fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// A whole number in a range.
pub(in crate::domain::contract) fn number(least: u32, most: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// An exact decimal above zero: a whole number, or a text such as `"11.97"`.
pub(super) fn amount() -> Value {
    json!({ "anyOf": [
        { "type": "integer", "minimum": 1 },
        { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
    ] })
}

/// A value that may be said to be unknown.
pub(super) fn unknown(shape: Value) -> Value {
    json!({ "anyOf": [shape, { "const": UNKNOWN }] })
}

/// Sources of single values.
pub(super) fn source_of() -> Value {
    json!({ "type": "object", "additionalProperties": key() })
}

/// What a visit must be.
pub(super) fn when() -> Value {
    json!({ "allOf": [{ "$ref": "#/definitions/when" }] })
}

/// Adds a rule to a table.
pub(super) fn add(table: &mut Value, rules: Vec<Value>) {
    if let Value::Object(table) = table {
        let all = table.entry("allOf").or_insert_with(|| json!([]));
        if let Value::Array(all) = all {
            all.extend(rules);
        }
    }
}

/// One of two keys stands in the table, not both.
pub(super) fn either(table: &mut Value, one: &str, other: &str) {
    add(table, vec![json!({ "oneOf": [{ "required": [one] }, { "required": [other] }] })]);
}

/// Where `key` says one of `names`, the table has `needed` and none of `barred`.
pub(super) fn given(key: &str, names: &[&str], needed: &[&str], barred: &[&str]) -> Value {
    let is = json!({ "properties": { key: { "enum": names } }, "required": [key] });
    let none: Map<String, Value> = barred.iter().map(|k| ((*k).to_owned(), json!(false))).collect();
    json!({ "if": is, "then": { "required": needed, "properties": none } })
}

/// What some windows need beside their name.
pub(super) fn windows() -> Vec<Value> {
    let rolling = ["rolling_months", "rolling_days", "consecutive_days"];
    let still = ["day", "week", "month", "quarter", "calendar_year", "lifetime"];
    vec![
        given("window", &still, &[], &["length", "first_month", "episode"]),
        given("window", &["fiscal_year"], &["first_month"], &["length", "episode"]),
        given("window", &rolling, &["length"], &["first_month", "episode"]),
        given("window", &["episode"], &[], &["length", "first_month"]),
        given("window", &["episode_year"], &["first_month"], &["length"]),
    ]
}
