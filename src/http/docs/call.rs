//! A call with curl that can be pasted into a shell.

use serde_json::Value;

use super::example;
use super::operation::{Operation, contents};

/// Joins lines of one command.
const NEXT_LINE: &str = " \\\n  ";

pub(super) fn with_curl(operation: Operation<'_>, document: &Value) -> String {
    let mut parts = Vec::new();
    if operation.method != "get" {
        parts.push(format!("-X {}", operation.method.to_uppercase()));
    }
    if !operation.public() {
        parts.push("-H \"Authorization: Bearer $KEY\"".to_owned());
    }
    if matches!(operation.method, "put" | "patch") {
        parts.push("-H 'If-Match: \"ETAG\"'".to_owned());
    }
    parts.push(format!("\"$BASE{}\"", target(operation, document)));
    let body = body(operation, document).map(|body| format!("{NEXT_LINE}{body}"));
    format!("curl {}{}", parts.join(" "), body.unwrap_or_default())
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The path with its required parameters; what has no example is written in capitals.
fn target(operation: Operation<'_>, document: &Value) -> String {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.parameters() {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        let given = parameter.get("example").cloned();
        let made = || parameter.get("schema").map_or(Value::Null, |s| example::of(document, s));
        let value = match shown(&given.unwrap_or_else(made)) {
            text if text == example::TEXT => name.to_uppercase(),
            text => text,
        };
        match parameter.get("in").and_then(Value::as_str) {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &value),
            Some("query") if parameter.get("required") == Some(&Value::Bool(true)) => {
                query.push(format!("{name}={value}"));
            }
            _ => {}
        }
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

/// The body: JSON where the operation takes it.
fn body(operation: Operation<'_>, document: &Value) -> Option<String> {
    let body = operation.value.get("requestBody")?;
    let json = contents(body).find(|(kind, _)| *kind == "application/json");
    let (kind, schema) = json.or_else(|| contents(body).next())?;
    let data = match schema.filter(|_| kind == "application/json") {
        Some(schema) => {
            let body = example::of(document, schema);
            let text = serde_json::to_string_pretty(&body).unwrap_or_default();
            format!("-d '{}'", text.replace('\'', "'\\''"))
        }
        None => "--data-binary @FILE".to_owned(),
    };
    Some(format!("-H 'Content-Type: {kind}'{NEXT_LINE}{data}"))
}
