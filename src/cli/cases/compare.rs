//! What must be so against what is so: every difference in a line that a person can read.

use rust_decimal::Decimal;

use super::words::{Expect, LineWords, Text};
use crate::domain::decision::{Decision, DecisionLine, LineAnswer, Remaining};
use crate::domain::money::Money;

/// How a figure that is not told is written.
const UNTOLD: &str = "untold";

/// All differences between a visit and what a case expects of it.
pub(super) fn differences(expect: &Expect, answer: &str, decision: &Decision) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, expected: String, is: String| {
        if expected != is {
            found.push(format!("{what}: expected {expected}, found {is}"));
        }
    };
    let wanted =
        expect.answer.as_deref().unwrap_or(if expect.ready > 0 { "ready" } else { "held" });
    same("answer", wanted.to_owned(), answer.to_owned());
    let of = |answer| decision.lines.iter().filter(move |l| l.answer == answer);
    let units = |answer| of(answer).map(|l| l.units).sum::<u32>();
    same("ready units", expect.ready.to_string(), units(LineAnswer::Ready).to_string());
    same("held units", expect.held.to_string(), units(LineAnswer::Held).to_string());
    let rules: Vec<&str> = decision.findings.iter().map(|f| f.rule.as_str()).collect();
    same("findings", list(&expect.findings), list(&rules));
    let money = |of_line: fn(&DecisionLine) -> Money| {
        of(LineAnswer::Ready).map(of_line).sum::<Money>().to_string()
    };
    let service = decision.service.as_ref().map_or("none", |s| s.as_str());
    let file_by = decision.file_by.map_or_else(|| "none".to_owned(), |d| d.to_string());
    let counted = expect.counted_minutes.map(|m| m.to_string());
    let said: [(&str, Option<&str>, String); 6] = [
        ("expected dollars", text(expect.expected.as_ref()), money(|l| l.expected)),
        ("charged dollars", text(expect.charge.as_ref()), money(|l| l.charge)),
        ("service", expect.service.as_deref(), service.to_owned()),
        ("service date", text(expect.date.as_ref()), decision.service_date.to_string()),
        ("file by", text(expect.file_by.as_ref()), file_by),
        ("minutes", counted.as_deref(), decision.minutes.to_string()),
    ];
    for (what, wanted, is) in said {
        if let Some(wanted) = wanted {
            same(what, wanted.to_owned(), is);
        }
    }
    if let Some(lines) = &expect.lines {
        found.extend(line_differences(lines, &decision.lines));
    }
    found.extend(left_differences(&expect.left, &decision.remaining));
    for words in &expect.told {
        let mut messages = decision.findings.iter().flat_map(|f| [&f.message, &f.fix]);
        if !messages.any(|m| m.contains(words)) {
            found.push(format!("no finding says `{words}`"));
        }
    }
    found
}

fn text(text: Option<&Text>) -> Option<&str> {
    text.map(|t| t.0.as_str())
}

fn list(items: &[impl AsRef<str>]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    format!("[{}]", items.join(", "))
}

fn line_differences(wanted: &[LineWords], lines: &[DecisionLine]) -> Vec<String> {
    if wanted.len() != lines.len() {
        return vec![format!("lines: expected {}, found {}", wanted.len(), lines.len())];
    }
    let mut found = Vec::new();
    for (number, (want, is)) in wanted.iter().zip(lines).enumerate() {
        let is = words_of(is);
        let number = number + 1;
        let mut same = |what: &str, wanted: String, is: String| {
            if wanted != is {
                found.push(format!("line {number}, {what}: expected {wanted}, found {is}"));
            }
        };
        same("ready units", format!("{:?}", want.ready), format!("{:?}", is.ready));
        same("held units", format!("{:?}", want.held), format!("{:?}", is.held));
        let shown = |t: &Option<Text>| t.as_ref().map(|t| t.0.clone());
        let pairs = [
            ("code", want.code.clone(), is.code.clone()),
            ("place", shown(&want.place), shown(&is.place)),
            ("expected dollars", shown(&want.expected), shown(&is.expected)),
            ("authorization", want.authorization.clone(), is.authorization.clone()),
            ("drawn", want.drawn.map(|d| d.to_string()), is.drawn.map(|d| d.to_string())),
        ];
        for (what, wanted, is) in pairs {
            if let Some(wanted) = wanted {
                same(what, wanted, is.unwrap_or_else(|| "none".to_owned()));
            }
        }
    }
    found
}

/// A line in a case's words.
fn words_of(line: &DecisionLine) -> LineWords {
    let ready = line.answer == LineAnswer::Ready;
    let code = std::iter::once(line.procedure.to_string())
        .chain(line.modifiers.iter().map(ToString::to_string));
    LineWords {
        ready: ready.then_some(line.units),
        held: (!ready).then_some(line.units),
        code: Some(code.collect::<Vec<_>>().join(" ")),
        place: Some(Text(line.place.to_string())),
        expected: Some(Text(line.expected.to_string())),
        authorization: line.authorization.as_ref().map(|d| d.number.to_string()),
        drawn: line.authorization.as_ref().map(|d| d.units),
    }
}

/// Differences in what is left.
pub(super) fn left_differences<'a>(
    wanted: impl IntoIterator<Item = (&'a String, &'a Text)>,
    remaining: &[Remaining],
) -> Vec<String> {
    let mut found = Vec::new();
    for (key, wanted) in wanted {
        let Some(row) = remaining.iter().find(|r| r.key == *key) else {
            let known: Vec<&str> = remaining.iter().map(|r| r.key.as_str()).collect();
            found.push(format!("left of {key}: nothing is told of it, only of {}", list(&known)));
            continue;
        };
        let is = row.remaining.map_or_else(|| UNTOLD.to_owned(), |r| r.normalize().to_string());
        let number = wanted.0.parse::<Decimal>().map(|d| d.normalize().to_string());
        let wanted = number.unwrap_or_else(|_| wanted.0.clone());
        if wanted != is {
            found.push(format!("left of {key}: expected {wanted}, found {is}"));
        }
    }
    found
}

/// What a decision says, for the reader of a failure.
pub(super) fn said(answer: &str, decision: &Decision) -> Vec<String> {
    let mut lines = vec![format!("it is {answer}, {} minutes", decision.minutes)];
    for line in &decision.lines {
        let words = words_of(line);
        let draws = words.authorization.map(|a| format!(" on {a}")).unwrap_or_default();
        lines.push(format!(
            "{} {} x {} at {}, {} dollars{draws}",
            line.answer.as_str(),
            line.units,
            words.code.unwrap_or_default(),
            line.place,
            line.expected,
        ));
    }
    lines.extend(decision.findings.iter().map(|f| format!("{}: {}", f.rule, f.message)));
    let left = decision.remaining.iter().map(|r| {
        let figure = r.remaining.map_or_else(|| UNTOLD.to_owned(), |r| r.normalize().to_string());
        format!("{} {figure}", r.key)
    });
    let left: Vec<String> = left.collect();
    if !left.is_empty() {
        lines.push(format!("left: {}", left.join(", ")));
    }
    lines
}
