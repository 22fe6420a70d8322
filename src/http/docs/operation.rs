//! One operation: what it is for, its parameters, its body, its answers, and how to call it.

use serde_json::Value;

use super::html::{escape, inline, prose, put, slug};
use super::schema::{self, resolve};
use super::{call, example};

/// The media types of a body or an answer, with their schemas.
pub(super) fn contents(part: &Value) -> impl Iterator<Item = (&str, Option<&Value>)> {
    let contents = part.get("content").and_then(Value::as_object).into_iter().flatten();
    contents.map(|(kind, content)| (kind.as_str(), content.get("schema")))
}

/// An operation of the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) value: &'a Value,
}

impl<'a> Operation<'a> {
    pub(super) fn anchor(self) -> String {
        slug(&format!("{} {}", self.method, self.path))
    }

    /// The first sentence of what it is for.
    pub(super) fn title(self) -> &'a str {
        let text = |name| self.value.get(name).and_then(Value::as_str);
        let whole = text("summary").or_else(|| text("description")).unwrap_or_default();
        whole.split_once(". ").map_or(whole, |(first, _)| first).trim_end_matches('.')
    }

    pub(super) fn tag(self) -> &'a str {
        self.value.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other")
    }

    /// Whether it needs no key.
    pub(super) fn public(self) -> bool {
        let security = self.value.get("security").and_then(Value::as_array);
        security.is_some_and(|list| {
            list.iter().all(|s| s.as_object().is_some_and(serde_json::Map::is_empty))
        })
    }

    pub(super) fn parameters(self) -> impl Iterator<Item = &'a Value> {
        self.value.get("parameters").and_then(Value::as_array).into_iter().flatten()
    }

    pub(super) fn write(self, document: &Value) -> String {
        let anchor = self.anchor();
        let mut out = format!(
            "<section class=\"operation\" id=\"{anchor}\">\n<h3><a href=\"#{anchor}\">\
             <span class=\"method {0}\">{1}</span> <code>{2}</code></a></h3>\n",
            escape(self.method),
            escape(&self.method.to_uppercase()),
            escape(self.path),
        );
        for name in ["summary", "description"] {
            out += &prose(self.value.get(name).and_then(Value::as_str).unwrap_or_default());
        }
        if self.public() {
            out += "<p class=\"note\">No key is needed.</p>\n";
        }
        out += &self.parameter_table();
        out += &self.request(document);
        put!(out, "<h4>Call it</h4>\n<pre>{}</pre>\n", escape(&call::with_curl(self, document)));
        out += &self.responses(document);
        out + "</section>\n"
    }

    fn parameter_table(self) -> String {
        let row = |p: &Value| {
            let text = |name| p.get(name).and_then(Value::as_str).unwrap_or_default();
            let schema = p.get("schema").unwrap_or(&Value::Null);
            let need = if p.get("required") == Some(&Value::Bool(true)) {
                " <span class=\"need\">required</span>"
            } else {
                ""
            };
            let mut meaning = vec![inline(text("description"))];
            if let Some(example) = p.get("example") {
                let shown = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                meaning.push(format!("Example: <code>{}</code>.", escape(&shown)));
            }
            meaning.extend(schema::notes(schema));
            format!(
                "<tr><td><code>{}</code>{need}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escape(text("name")),
                escape(text("in")),
                schema::kind(schema),
                meaning.join(" "),
            )
        };
        let rows: Vec<String> = self.parameters().map(row).collect();
        let rows = rows.concat();
        if rows.is_empty() {
            return rows;
        }
        format!(
            "<h4>Parameters</h4>\n<table>\n<thead><tr><th>Name</th><th>In</th><th>Type</th>\
             <th>Meaning</th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n"
        )
    }

    fn request(self, document: &Value) -> String {
        let Some(body) = self.value.get("requestBody") else { return String::new() };
        let mut out = "<h4>Body</h4>\n".to_owned();
        for (kind, schema) in contents(body) {
            let named = schema.map(schema::kind).unwrap_or_default();
            put!(out, "<p><code>{}</code> {named}</p>\n", escape(kind));
            if let Some(schema) = schema.filter(|_| kind.ends_with("json")) {
                out += &schema::fields(resolve(document, schema));
            }
        }
        out
    }

    fn responses(self, document: &Value) -> String {
        let responses = self.value.get("responses").and_then(Value::as_object);
        let mut out = "<h4>Answers</h4>\n".to_owned();
        for (status, response) in responses.into_iter().flatten() {
            let response = resolve(document, response);
            let text = response.get("description").and_then(Value::as_str).unwrap_or_default();
            let kinds = contents(response).map(|(kind, schema)| {
                let named = schema.map(schema::kind).unwrap_or_default();
                format!("<code>{}</code> {named}", escape(kind))
            });
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            put!(
                out,
                "<p><span class=\"status\">{}</span> {} {kinds}</p>\n",
                escape(status),
                inline(text),
            );
            let good = status.starts_with('2');
            for (kind, schema) in contents(response).filter(|_| good) {
                let Some(schema) = schema.filter(|_| kind == "application/json") else { continue };
                let body = example::of(document, schema);
                if body.as_object().is_none_or(|o| !o.is_empty()) {
                    let body = serde_json::to_string_pretty(&body).unwrap_or_default();
                    put!(
                        out,
                        "<details><summary>Example</summary><pre>{}</pre></details>\n",
                        escape(&body)
                    );
                }
            }
        }
        out
    }
}
