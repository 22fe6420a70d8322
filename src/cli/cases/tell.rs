//! Results of cases: for people, for programs, for build servers.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Format, Outcome};

/// All outcomes in a format.
pub(super) fn all(outcomes: &[Outcome], format: Format) -> String {
    match format {
        Format::Text => text(outcomes),
        Format::Json => as_json(outcomes),
        Format::Junit => junit(outcomes),
    }
}

fn text(outcomes: &[Outcome]) -> String {
    let mut out = String::new();
    for outcome in outcomes.iter().filter(|o| !o.differences.is_empty()) {
        let _ = writeln!(out, "FAILED {}", outcome.path);
        if !outcome.title.is_empty() {
            let _ = writeln!(out, "  {}", outcome.title);
        }
        for difference in &outcome.differences {
            let _ = writeln!(out, "  - {}", difference.replace('\n', "\n    "));
        }
    }
    let failed = outcomes.iter().filter(|o| !o.differences.is_empty()).count();
    let _ = writeln!(
        out,
        "{} cases, {} as they say, {failed} not",
        outcomes.len(),
        outcomes.len() - failed
    );
    out
}

fn as_json(outcomes: &[Outcome]) -> String {
    let each: Vec<Value> = outcomes
        .iter()
        .map(|o| {
            json!({"path": o.path, "title": o.title, "rules": o.rules,
                "boundaries": o.boundaries,
                "passed": o.differences.is_empty(), "differences": o.differences})
        })
        .collect();
    let failed = outcomes.iter().filter(|o| !o.differences.is_empty()).count();
    let all = json!({"cases": outcomes.len(), "failed": failed, "results": each});
    format!("{all:#}\n")
}

fn junit(outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|o| !o.differences.is_empty()).count();
    let took: Duration = outcomes.iter().map(|o| o.took).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"peerclaims cases\" tests=\"{}\" failures=\"{failed}\" time=\"{:.3}\">",
        outcomes.len(),
        took.as_secs_f64()
    );
    for o in outcomes {
        let (path, title) = (escaped(&o.path), escaped(&o.title));
        let time = o.took.as_secs_f64();
        let head = format!("<testcase classname=\"{path}\" name=\"{title}\" time=\"{time:.3}\"");
        if o.differences.is_empty() {
            let _ = writeln!(out, "  {head}/>");
        } else {
            let first = escaped(o.differences.first().map_or("", String::as_str));
            let all = escaped(&o.differences.join("\n"));
            let failure = format!("<failure message=\"{first}\">{all}</failure>");
            let _ = writeln!(out, "  {head}>{failure}</testcase>");
        }
    }
    out.push_str("</testsuite>\n");
    out
}

/// Text as XML may hold it; other control characters have no place in XML 1.0.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::boundary::Boundary;
    use super::*;

    fn outcomes() -> Vec<Outcome> {
        let one = |title: &str, differences: &[&str]| Outcome {
            path: "a/<b>.toml".to_owned(),
            title: title.to_owned(),
            rules: vec!["RK19".to_owned()],
            boundaries: vec![Boundary::LeapDay],
            differences: differences.iter().map(|d| (*d).to_owned()).collect(),
            took: Duration::from_millis(1500),
        };
        vec![one("It fits", &[]), one("\"16\" & more", &["ready units: expected 4, found 3", "b"])]
    }

    #[test]
    fn a_failure_is_told_in_each_format() {
        let text = all(&outcomes(), Format::Text);
        assert!(text.contains("FAILED a/<b>.toml\n  \"16\" & more\n  - ready units: expected 4"));
        assert!(text.ends_with("2 cases, 1 as they say, 1 not\n"));
        let json: Value = serde_json::from_str(&all(&outcomes(), Format::Json)).unwrap();
        assert_eq!((&json["failed"], &json["results"][0]["passed"]), (&json!(1), &json!(true)));
        assert_eq!(json["results"][1]["differences"][1], "b");
        assert_eq!(json["results"][0]["boundaries"], json!(["leap_day"]));
        let junit = all(&outcomes(), Format::Junit);
        assert!(junit.contains("tests=\"2\" failures=\"1\" time=\"3.000\""), "{junit}");
        assert!(
            junit.contains("classname=\"a/&lt;b&gt;.toml\" name=\"&quot;16&quot; &amp; more\"")
        );
        assert!(junit.contains(">ready units: expected 4, found 3&#10;b</failure>"));
    }
}
