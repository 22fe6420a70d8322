//! `/docs`: everything of the OpenAPI document is on the page, and the page needs nothing else.

use std::collections::BTreeSet;

use crate::app::TestApp;

/// The values of an attribute.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!("{attribute}=\"");
    page.split(start.as_str()).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_and_each_schema_is_on_the_page() {
    let app = TestApp::sqlite().await;
    let answer = app.get("/docs", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let page = &answer.body;
    let document = app.get("/openapi.json", "").await.expect(200);
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let heading = format!(
                "<span class=\"method {method}\">{}</span> <code>{path}</code></a></h3>",
                method.to_uppercase()
            );
            assert_eq!(page.matches(&heading).count(), 1, "{method} {path}");
            operations += 1;
        }
    }
    assert!(operations > 40, "{operations}");
    assert_eq!(page.matches("<section class=\"operation\"").count(), operations);
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!(">{name}</a></h3>")), "{name}");
    }
    // A field, a limit, an example, a call.
    assert!(page.contains("<code>started_at</code> <span class=\"need\">required</span>"));
    assert!(page.contains("At most <code>500</code> characters."));
    assert!(page.contains("curl -X POST -H &quot;Authorization: Bearer $KEY&quot;"));
    assert!(page.contains("<p class=\"note\">No key is needed.</p>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_of_the_page_leads_somewhere() {
    let app = TestApp::sqlite().await;
    let page = app.get("/docs", "").await.body;
    let ids = values(&page, "id");
    let anchors: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(anchors.len(), ids.len(), "an anchor is there twice");
    for link in values(&page, "href") {
        match link.strip_prefix('#') {
            Some(anchor) => assert!(anchors.contains(anchor), "{link}"),
            None => assert_eq!(app.get(link, "").await.status, 200, "{link}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_may_load_its_style_and_nothing_else() {
    let app = TestApp::sqlite().await;
    let page = app.get("/docs", "").await;
    let style = app.get("/docs/style.css", "").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    for answer in [&page, &style] {
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    for loader in ["<script", "<img", "<iframe", " style=", " onclick=", "src=", "@import", "url("]
    {
        assert!(!page.body.contains(loader) && !style.body.contains(loader), "{loader}");
    }
    assert!(!page.body.contains("https://") || !page.body.contains("href=\"http"));
    // Tags are closed, so that no part swallows the next.
    for tag in ["section", "table", "pre", "ul", "li", "p", "details", "nav", "main", "tr", "td"] {
        let open = page.body.matches(&format!("<{tag}>")).count()
            + page.body.matches(&format!("<{tag} ")).count();
        assert_eq!(open, page.body.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}
