//! The whole page: contents at the side, operations by tag, schemas.

use serde_json::Value;

use super::html::{escape, inline, prose, put, slug};
use super::operation::Operation;
use super::schema;

/// Methods in the order in which they are shown.
const METHODS: [&str; 6] = ["get", "post", "put", "patch", "delete", "head"];

/// All operations with their tags; tags in the order of their first operation.
fn by_tag(document: &Value) -> Vec<(&str, Vec<Operation<'_>>)> {
    let mut tags: Vec<(&str, Vec<Operation<'_>>)> = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for method in METHODS {
            let Some(value) = item.get(method) else { continue };
            let operation = Operation { method, path, value };
            match tags.iter_mut().find(|(tag, _)| *tag == operation.tag()) {
                Some((_, list)) => list.push(operation),
                None => tags.push((operation.tag(), vec![operation])),
            }
        }
    }
    // What most people look for first comes first; health comes last.
    tags.sort_by_key(|(tag, _)| (*tag == "health", *tag != "encounters"));
    tags
}

/// The page for a document.
pub(super) fn write(document: &Value) -> String {
    let text = |path: &str| document.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let (title, version) = (escape(text("/info/title")), escape(text("/info/version")));
    let tags = by_tag(document);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} API</title>\n<link rel=\"stylesheet\" href=\"/docs/style.css\">\n\
         </head>\n<body>\n<a class=\"skip\" href=\"#top\">To the text</a>\n{}\
         <main id=\"top\">\n<h1>{title} API <small>{version}</small></h1>\n{}{INTRODUCTION}",
        contents(&tags),
        prose(text("/info/description")),
    );
    for (tag, operations) in &tags {
        put!(out, "<h2 id=\"tag-{}\">{}</h2>\n", slug(tag), escape(&heading(tag)));
        out.extend(operations.iter().map(|operation| operation.write(document)));
    }
    out += "<h2 id=\"schemas\">Schemas</h2>\n";
    out += &schema::all(document);
    out + "</main>\n</body>\n</html>\n"
}

/// What holds for all calls.
const INTRODUCTION: &str = "<p>The same as OpenAPI 3.1: <a href=\"/openapi.json\">openapi.json</a>. \
    Search this page with your browser (Ctrl+F, or Cmd+F).</p>\n\
    <p>The examples are for a shell in which <code>$BASE</code> is the address of the service and \
    <code>$KEY</code> an API key:</p>\n\
    <pre>BASE=http://127.0.0.1:8080\nKEY=$(peerclaims keys create --role admin)</pre>\n";

fn heading(tag: &str) -> String {
    let mut letters = tag.replace(['_', '-'], " ");
    if let Some(first) = letters.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    letters
}

fn contents(tags: &[(&str, Vec<Operation<'_>>)]) -> String {
    let mut out = "<nav aria-label=\"Contents\">\n".to_owned();
    for (tag, operations) in tags {
        put!(out, "<h2><a href=\"#tag-{}\">{}</a></h2>\n<ul>\n", slug(tag), escape(&heading(tag)));
        for operation in operations {
            put!(
                out,
                "<li><a href=\"#{}\"><span class=\"method {}\">{}</span> {}\
                 <code>{}</code></a></li>\n",
                operation.anchor(),
                escape(operation.method),
                escape(&operation.method.to_uppercase()),
                inline(operation.title()),
                escape(operation.path),
            );
        }
        out += "</ul>\n";
    }
    out + "<h2><a href=\"#schemas\">Schemas</a></h2>\n</nav>\n"
}
