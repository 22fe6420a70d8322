//! A decision told step by step: each rule in the order of the table, what it looks at, and what it
//! said; and what two decisions say differently.

use super::looks::looks_at;
use super::{RULES, RuleId};
use crate::domain::decision::Decision;
use crate::domain::finding::Finding;

/// One rule of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule.
    pub rule: RuleId,
    /// What it looks at, by name: of the encounter, of the facts, of the contract.
    pub looks_at: &'static [&'static str],
    /// What it said; nothing, where it had nothing to object.
    pub findings: Vec<Finding>,
}

/// Every rule in the order of the table, with what it said in this decision. Findings of rules that
/// are gone come last, under no step, and are told by [`unknown`].
pub fn steps(decision: &Decision) -> Vec<Step> {
    let said = |rule: RuleId| {
        decision.findings.iter().filter(|f| f.rule == rule.as_str()).cloned().collect()
    };
    RULES
        .iter()
        .map(|row| Step { rule: row.id, looks_at: looks_at(row.id), findings: said(row.id) })
        .collect()
}

/// Findings of rules that this program does not know any more.
pub fn unknown(decision: &Decision) -> Vec<Finding> {
    let gone = |f: &&Finding| RuleId::parse(&f.rule).is_err();
    decision.findings.iter().filter(gone).cloned().collect()
}

/// What two decisions about one encounter say differently, in words; empty: nothing.
pub fn differences(then: &Decision, now: &Decision) -> Vec<String> {
    let mut told = Vec::new();
    let mut same = |what: &str, then: String, now: String| {
        if then != now {
            told.push(format!("{what}: {then} then, {now} today"));
        }
    };
    let none = || "none".to_owned();
    let key = |d: &Decision| d.service.as_ref().map_or_else(none, ToString::to_string);
    let file_by = |d: &Decision| d.file_by.map_or_else(none, |d| d.to_string());
    let lines = |d: &Decision| {
        let each = d.lines.iter().map(|l| {
            let draws = l.authorization.as_ref().map(|a| format!(" on {}", a.number));
            let copays: Vec<String> =
                l.copays.iter().map(|c| format!(" less {} for {}", c.amount, c.key)).collect();
            let (answer, draws) = (l.answer.as_str(), draws.unwrap_or_default());
            let code: Vec<String> = std::iter::once(l.procedure.to_string())
                .chain(l.modifiers.iter().map(ToString::to_string))
                .collect();
            format!(
                "{answer} {} x {} at {}, charge {}, expected {}{}{draws}",
                l.units,
                code.join(" "),
                l.place,
                l.charge,
                l.expected,
                copays.concat()
            )
        });
        let each: Vec<String> = each.collect();
        if each.is_empty() { none() } else { each.join(", ") }
    };
    let disposition = |d: &Decision| d.disposition.as_str().to_owned();
    same("disposition", disposition(then), disposition(now));
    same("service", key(then), key(now));
    same("service date", then.service_date.to_string(), now.service_date.to_string());
    same("minutes", then.minutes.to_string(), now.minutes.to_string());
    same("lines", lines(then), lines(now));
    same("last day to file", file_by(then), file_by(now));
    let only = |in_this: &Decision, in_that: &Decision| {
        let rules = in_this.findings.iter().map(|f| f.rule.clone());
        let new = rules.filter(|r| !in_that.findings.iter().any(|f| f.rule == *r));
        new.collect::<Vec<String>>()
    };
    told.extend(only(now, then).iter().map(|r| format!("{r} speaks today and did not then")));
    told.extend(only(then, now).iter().map(|r| format!("{r} spoke then and does not today")));
    told.extend(otherwise(then, now));
    told
}

/// Rules that speak in both decisions and say something else: other numbers, or another severity.
fn otherwise(then: &Decision, now: &Decision) -> Vec<String> {
    // Of how many days are left, each day says something else.
    let counts_down = |rule: &RuleId| *rule == RuleId::FilingSoon;
    let said = |d: &Decision, rule: RuleId| {
        let of_rule = d.findings.iter().filter(|f| f.rule == rule.as_str());
        let mut said: Vec<String> =
            of_rule.map(|f| format!("({}) {}", f.severity.as_str(), f.message)).collect();
        said.sort_unstable();
        said
    };
    let told = |rule: &RuleId| {
        let (then, now) = (said(then, *rule), said(now, *rule));
        let differs = !then.is_empty() && !now.is_empty() && then != now;
        differs.then(|| format!("{rule} says: {} then, {} today", then.join(" "), now.join(" ")))
    };
    RuleId::ALL.iter().filter(|rule| !counts_down(rule)).filter_map(told).collect()
}

/// As [`differences`], and whatever else of two decisions is not the same: for a replay, which is
/// either the same or told where it is not.
pub fn every_difference(then: &Decision, now: &Decision) -> Vec<String> {
    let mut told = differences(then, now);
    let finding = |now: &&Finding| {
        let alike: Vec<_> = then.findings.iter().filter(|f| f.rule == now.rule).collect();
        !alike.is_empty() && !alike.contains(now)
    };
    let others = now.findings.iter().filter(finding);
    told.extend(
        others.map(|f| format!("{} speaks today as then, and says something else", f.rule)),
    );
    if then.remaining != now.remaining {
        told.push("what is left of limits and authorizations is another".to_owned());
    }
    if then.day_sum != now.day_sum {
        told.push("the sum of the day is another".to_owned());
    }
    if told.is_empty() && then != now {
        told.push("the same is said in another form".to_owned());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Money;
    use crate::domain::rules::testing::{Case, limit, modifiers};

    #[test]
    fn other_lines_are_told_line_by_line() {
        let then = Case::new();
        let mut now = then.clone();
        assert_eq!(differences(&then.decide(), &now.decide()), Vec::<String>::new());
        now.encounter.ended_at = crate::domain::rules::testing::t("2026-07-01T13:45:00Z");
        let told = differences(&then.decide(), &now.decide());
        let lines = "lines: ready 4 x H0038 HE at 11, charge 80.00, expected 80.00 then, \
                     ready 3 x H0038 HE at 11, charge 60.00, expected 60.00 today";
        assert_eq!(told, ["minutes: 60 then, 45 today", lines]);
    }

    #[test]
    fn every_rule_is_a_step_and_every_finding_stands_under_its_rule() {
        let case = Case::with(|c| {
            c.facts.has_address = false;
            c.encounter.note = None;
        });
        let decision = case.decide();
        let steps = steps(&decision);
        assert_eq!(steps.iter().map(|s| s.rule).collect::<Vec<_>>(), RuleId::ALL);
        let spoke: Vec<Finding> = steps.iter().flat_map(|s| s.findings.clone()).collect();
        assert_eq!(spoke, decision.findings);
        assert!(spoke.len() > 1 && steps.iter().all(|s| !s.looks_at.is_empty()));
        assert!(unknown(&decision).is_empty());
        let mut old = decision.clone();
        old.findings[0].rule = "rule.of.old".to_owned();
        assert_eq!(unknown(&old).len(), 1);
    }

    #[test]
    fn what_is_looked_at_is_there() {
        let case = Case::new();
        let facts = serde_json::to_value(&case.facts).unwrap();
        // Facts that are left out while they are empty.
        let seldom = [
            "peer",
            "documents",
            "peer_windows",
            "earlier_visits",
            "face_to_face",
            "on_line",
            "supervised",
            "episodes",
            "consents",
            "peer_usage",
            "anchors",
            "full",
            "claimed",
            "gaps",
            "corrects",
            "day",
            "session",
            "kept",
            "planned",
        ];
        for step in steps(&case.decide()) {
            for name in step.looks_at {
                let (room, field) = name.split_once('.').unwrap();
                assert!(["encounter", "facts", "contract"].contains(&room), "{name}");
                let known =
                    room != "facts" || facts.get(field).is_some() || seldom.contains(&field);
                assert!(known, "{name}");
            }
        }
    }

    #[test]
    fn another_modifier_and_another_charge_are_differences() {
        type Bend = fn(&mut Decision);
        let then = Case::new().decide();
        let bent: [(Bend, &str); 3] = [
            (|d| d.lines[0].modifiers = modifiers(&["HF"]), "ready 4 x H0038 HF at 11"),
            (|d| d.lines[0].charge = Money::from_cents(8100), "charge 81.00"),
            (|d| d.lines[0].expected = Money::from_cents(7900), "expected 79.00"),
        ];
        for (bend, words) in bent {
            let mut now = then.clone();
            bend(&mut now);
            let told = differences(&then, &now);
            assert_eq!(told.len(), 1);
            assert!(told[0].starts_with("lines: ready 4 x H0038 HE at 11, charge "), "{told:?}");
            assert!(told[0].contains(words), "{told:?}");
        }
    }

    #[test]
    fn a_replay_that_is_not_the_same_says_where() {
        let then = Case::with(|c| c.facts.has_address = false).decide();
        assert!(every_difference(&then, &then).is_empty());
        let bent: [fn(&mut Decision); 6] = [
            |d| d.findings[0].message = "Otherwise.".to_owned(),
            |d| d.findings[0].overridable = true,
            |d| d.remaining.clear(),
            |d| d.day_sum = Some(crate::domain::day_sum::DaySum::default()),
            |d| d.lines[0].unit_rate = None,
            |d| d.minutes = 1,
        ];
        let limited = Case::with(|c| {
            c.facts.has_address = false;
            let window = crate::domain::windows::Window::Day;
            let hold = crate::domain::contract::Exceed::Hold;
            c.terms.pack.limits = vec![limit("daily", "16", window, hold)];
        });
        let then = limited.decide();
        for bend in bent {
            let mut now = then.clone();
            bend(&mut now);
            assert!(now != then && !every_difference(&then, &now).is_empty());
        }
    }

    #[test]
    fn the_same_rule_with_other_numbers_is_a_difference() {
        let then = Case::with(|c| {
            let window = crate::domain::windows::Window::Day;
            let hold = crate::domain::contract::Exceed::Hold;
            c.terms.pack.limits = vec![limit("daily", "2", window, hold)];
        });
        let mut now = then.clone();
        now.terms.pack.limits[0].units = "3".parse().unwrap();
        let told = differences(&then.decide(), &now.decide());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("limit.hold says: (hold) "), "{told:?}");
        assert!(differences(&then.decide(), &then.decide()).is_empty());
        // Days that pass are none.
        let mut soon =
            Case::with(|c| c.facts.as_of = c.facts.as_of.plus(chrono::TimeDelta::days(80)));
        soon.terms.pack.filing.warn_days = 300;
        let first = soon.decide();
        soon.facts.as_of = soon.facts.as_of.plus(chrono::TimeDelta::days(1));
        assert_eq!(first.findings[0].rule, "filing.soon");
        assert!(first.findings != soon.decide().findings);
        assert!(differences(&first, &soon.decide()).is_empty());
    }

    #[test]
    fn differences_are_told_both_ways_and_none_is_told_of_the_same() {
        let then = Case::new().decide();
        assert!(differences(&then, &then).is_empty());
        let now = Case::with(|c| c.facts.has_address = false).decide();
        let told = differences(&then, &now);
        assert_eq!(told[0], "disposition: ready then, held today");
        assert!(told.contains(&"member.no_address speaks today and did not then".to_owned()));
        let back = differences(&now, &then);
        assert!(back.contains(&"member.no_address spoke then and does not today".to_owned()));
    }
}
