//! The recount of what became of visits: how much could be billed, what waits, what was answered, and how
//! long each leg took.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::raw::{Told, Visit};
use crate::report_recount::{Question, bare, by, count, money, month, ratio, row, share};

impl Question<'_> {
    pub async fn completeness(&self, app: &TestApp) {
        let of = |organization: &str, month: &str, visits: &[&Visit]| {
            let with = |status: &str| count(visits.iter().filter(|v| v.status == status));
            let units = |states: &[&str]| visits.iter().map(|v| v.units(states)).sum::<i64>();
            let all = units(&["ready", "held", "claimed", "submitted"]);
            row(
                &[("organization", organization), ("month", month)],
                json!({
                    "recorded": visits.len(), "non_billable": with("non_billable"), "held": with("held"),
                    "ready": with("ready"), "claimed": with("claimed"), "submitted": with("submitted"),
                    "units_recorded": all, "units_held": units(&["held"]), "units_ready": units(&["ready"]),
                    "units_claimed": units(&["claimed"]), "units_submitted": units(&["submitted"]),
                    "submitted_share": share(with("submitted"), count(visits) - with("non_billable")),
                    "units_submitted_share": share(units(&["submitted"]), all),
                }),
            )
        };
        let all = self.visits();
        let groups = by(&all, |day, visit| (visit.organization, month(day)));
        let rows =
            groups.iter().map(|((organization, month), visits)| of(organization, month, visits));
        self.holds(app, "completeness", "", rows.collect(), Some(of("all", "all", &bare(&all))))
            .await;
    }

    pub async fn held(&self, app: &TestApp) {
        let open = |visit: &Visit| visit.units(&["ready", "claimed"]);
        let of = |reason: &str, visits: &[&Visit]| {
            let states: &[&str] = match reason {
                "unreleased" => &["ready", "claimed"],
                "all" => &["held", "ready", "claimed"],
                _ => &["held"],
            };
            row(
                &[("reason", reason)],
                json!({
                    "contacts": visits.len(), "members": self.group(visits).members,
                    "units": visits.iter().map(|v| v.units(states)).sum::<i64>(),
                    "expected": money(visits.iter().map(|v| v.expected(states)).sum()),
                }),
            )
        };
        let all = bare(&self.visits());
        let with = |wanted: &dyn Fn(&Visit) -> bool| -> Vec<&Visit> {
            all.iter().copied().filter(|v| wanted(v)).collect()
        };
        let reasons: BTreeSet<&String> = all.iter().flat_map(|v| &v.waits_for).collect();
        let mut rows: Vec<Value> = reasons
            .iter()
            .map(|reason| of(reason, &with(&|v| v.waits_for.contains(*reason))))
            .collect();
        for (name, wanted) in
            [("held", with(&|v| !v.waits_for.is_empty())), ("unreleased", with(&|v| open(v) > 0))]
        {
            if !wanted.is_empty() {
                rows.push(of(name, &wanted));
            }
        }
        let totals = of("all", &with(&|v| open(v) > 0 || !v.waits_for.is_empty()));
        self.holds(app, "held", "", rows, Some(totals)).await;
    }

    pub async fn acceptance(&self, app: &TestApp) {
        let of = |organization: &str, month: &str, visits: &[&Visit]| {
            let sent: Vec<Vec<&Told>> = visits.iter().map(|v| v.sent()).collect();
            let last = |states: &[&str]| {
                count(sent.iter().filter(|s| states.contains(&s.last().unwrap().status.as_str())))
            };
            let first = |states: &[&str]| {
                count(sent.iter().filter(|s| states.contains(&s[0].status.as_str())))
            };
            // What the payer answered first stays its answer when the claim is replaced or voided.
            let changed = |told: &Told| ["replaced", "voided"].contains(&told.status.as_str());
            let once = count(sent.iter().filter(|s| changed(s[0]) && s[0].was_accepted));
            let taken = first(&["accepted"]) + once;
            row(
                &[("organization", organization), ("month", month)],
                json!({
                    "submitted": sent.len(), "accepted": last(&["accepted"]), "rejected": last(&["rejected"]),
                    "in_flight": last(&["released", "delivered"]),
                    "other": last(&["withdrawn", "voided", "replaced", "closed"]),
                    "sent_again": count(sent.iter().filter(|s| s.len() > 1)), "rejected_first": first(&["rejected"]),
                    "acceptance_first": share(taken, taken + first(&["rejected"])),
                    "rejection_rate": share(last(&["rejected"]), last(&["accepted", "rejected"])),
                }),
            )
        };
        let all: Vec<_> =
            self.visits_sent().into_iter().filter(|(_, v)| !v.sent().is_empty()).collect();
        let groups = by(&all, |day, visit| (visit.organization, month(day)));
        let rows =
            groups.iter().map(|((organization, month), visits)| of(organization, month, visits));
        self.holds(app, "acceptance", "", rows.collect(), Some(of("all", "all", &bare(&all))))
            .await;
    }

    pub async fn timeliness(&self, app: &TestApp, today: &BTreeMap<&str, NaiveDate>) {
        // Billable: recorded less non-billable, and whatever was sent.
        let all: Vec<_> = self
            .visits_sent()
            .into_iter()
            .filter(|(_, v)| v.status != "non_billable" || !v.sent().is_empty())
            .collect();
        let mut rows = Vec::new();
        for (organization, visits) in by(&all, |_, visit| visit.organization) {
            for leg in ["recorded", "released", "delivered"] {
                if leg == "recorded" && self.reader.payer {
                    continue;
                }
                // Days it took, or days it has waited.
                let legs: Vec<Result<i64, i64>> = visits
                    .iter()
                    .map(|visit| {
                        let sent = visit.sent();
                        let end = match leg {
                            "recorded" => Some(visit.recorded),
                            "released" => sent.first().and_then(|t| t.released),
                            _ => sent.iter().find_map(|t| t.delivered),
                        };
                        match end {
                            Some(end) => Ok((end - visit.day).num_days()),
                            None => Err((today[organization] - visit.day).num_days()),
                        }
                    })
                    .collect();
                rows.push(leg_row(organization, leg, &legs));
            }
        }
        self.holds(app, "timeliness", "", rows, None).await;
    }
}

fn leg_row(organization: &str, leg: &str, legs: &[Result<i64, i64>]) -> Value {
    let mut days: Vec<i64> = legs.iter().filter_map(|leg| leg.ok()).collect();
    days.sort_unstable();
    let mut numbers = json!({"started": legs.len(), "finished": days.len()});
    for limit in [7, 30, 90] {
        let within = count(legs.iter().filter(|leg| leg.is_ok_and(|days| days <= limit)));
        // Finished, whenever; or not, and its days have passed.
        let due = count(legs.iter().filter(|leg| match leg {
            Ok(_) => true,
            Err(waited) => *waited > limit,
        }));
        numbers[format!("within_{limit}")] = json!(within);
        numbers[format!("due_{limit}")] = json!(due);
        numbers[format!("share_within_{limit}")] = share(within, due);
    }
    // The one at a place of all that started, those that wait being the last.
    let at = |place: usize| days.get(place).copied();
    let median = at((legs.len() - 1) / 2).zip(at(legs.len() / 2));
    numbers["median_days"] = median.map_or(Value::Null, |(low, high)| ratio(low + high, 2, 1));
    numbers["p90_days"] = json!(at((legs.len() * 9).div_ceil(10) - 1));
    numbers["longest_days"] = json!(days.last());
    row(&[("organization", organization), ("leg", leg)], numbers)
}
