//! Who is one person for a payer, found the slow way from what the API lists: names go round between the
//! numbers of each member until nothing changes (ADR 140).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::past::day;
use crate::raw::{Raw, Visit};
use crate::report_recount::{Question, bare, month};

/// A number of a payer, from the day on which it was passed on; none before any.
type Node = (String, String, Option<NaiveDate>);

/// Whose the numbers of payers are.
pub struct Whose {
    passed: Vec<Node>,
    names: BTreeMap<Node, Node>,
}

/// A coverage of a member of whom the payer was told.
struct Held {
    organization: &'static str,
    member: String,
    payer: String,
    number: String,
    from: NaiveDate,
}

fn held(raws: &[Raw]) -> Vec<Held> {
    let mut all = Vec::new();
    for raw in raws {
        for member in &raw.members {
            for coverage in member["coverages"].as_array().unwrap() {
                let text = |name: &str| coverage[name].as_str().unwrap().to_owned();
                let own = raw.visits.iter().filter(|v| member["id"] == v.member.as_str());
                let told = own.flat_map(|v| &v.claims).any(|claim| {
                    let went = !["batched", "withdrawn"].contains(&claim.status.as_str());
                    coverage["payer"] == claim.payer.as_str() && went
                });
                if told {
                    all.push(Held {
                        organization: raw.key,
                        member: member["id"].as_str().unwrap().to_owned(),
                        payer: text("payer"),
                        number: text("member_number"),
                        from: day(&coverage["from"]),
                    });
                }
            }
        }
    }
    all
}

impl Whose {
    pub fn of(raws: &[Raw]) -> Self {
        let held = held(raws);
        let same = |a: &Held, b: &Held| {
            (a.organization, &a.payer, &a.number) == (b.organization, &b.payer, &b.number)
        };
        let mut passed = Vec::new();
        for one in &held {
            let before = held.iter().filter(|b| same(b, one) && b.from < one.from);
            let last = before.max_by_key(|b| b.from);
            if last.is_some_and(|last| last.member != one.member) {
                passed.push((one.payer.clone(), one.number.clone(), Some(one.from)));
            }
        }
        let mut whose = Self { passed, names: BTreeMap::new() };
        loop {
            let before = whose.names.clone();
            for one in &held {
                let own = held.iter().filter(|h| {
                    (h.organization, &h.member, &h.payer)
                        == (one.organization, &one.member, &one.payer)
                });
                let least = own.map(|h| whose.who(&h.payer, &h.number, h.from)).min().unwrap();
                let node = whose.node(&one.payer, &one.number, one.from);
                let name = whose.names.entry(node.clone()).or_insert(node);
                *name = name.clone().min(least);
            }
            if whose.names == before {
                return whose;
            }
        }
    }

    fn node(&self, payer: &str, number: &str, day: NaiveDate) -> Node {
        let of = self.passed.iter().filter(|p| (p.0.as_str(), p.1.as_str()) == (payer, number));
        let last = of.filter_map(|p| p.2).filter(|from| *from <= day).max();
        (payer.to_owned(), number.to_owned(), last)
    }

    /// Who has a number on a day.
    pub fn who(&self, payer: &str, number: &str, day: NaiveDate) -> Node {
        let node = self.node(payer, number, day);
        self.names.get(&node).cloned().unwrap_or(node)
    }
}

/// Says of each visit who it was with, for its payer.
pub fn name(raws: &mut [Raw]) {
    let whose = Whose::of(raws);
    for visit in raws.iter_mut().flat_map(|raw| &mut raw.visits) {
        if let (Some(payer), Some(number)) = (&visit.payer, &visit.number) {
            visit.person = format!("{:?}", whose.who(payer, number, visit.day));
        }
    }
}

impl Question<'_> {
    /// Different people at each level of utilization.
    pub async fn members_at_each_level(&self, app: &TestApp, all: &[(NaiveDate, &Visit)]) {
        let (from, to, query) = (self.from, self.to, self.reader.query);
        let path = format!(
            "/v1/reports/utilization?from={from}&to={to}{query}&group_by=organization,month"
        );
        let report = app.get(&path, &self.reader.key).await.expect(200);
        let same = |level: &str, told: &Value, visits: &[&Visit]| {
            let members = json!(self.group(visits).members);
            self.reader.same(&format!("utilization {level}"), &told["members"], &members);
        };
        same("totals", &report["totals"], &bare(all));
        for level in ["rows", "subtotals"] {
            for row in report[level].as_array().unwrap() {
                let of = |(day, v): &&(NaiveDate, &Visit)| {
                    let of_month = row["month"].as_str().is_none_or(|m| m == month(*day));
                    row["organization"] == v.organization && of_month
                };
                same(level, row, &all.iter().filter(of).map(|(_, v)| *v).collect::<Vec<_>>());
            }
        }
    }
}
