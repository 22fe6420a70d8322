//! Utilization by month and service in the recount, by service date and by submission.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::raw::Visit;
use crate::report_recount::{Question, bare, by, count, money, month, ratio, row};

impl Question<'_> {
    pub async fn utilization(&self, app: &TestApp) {
        let payer = self.reader.payer;
        let own = |number: i64| if payer { Value::Null } else { json!(number) };
        let of = |month: Option<&str>, service: Option<&str>, visits: &[&Visit]| {
            let g = self.group(visits);
            let with = |status: &str| count(visits.iter().filter(|v| v.status == status));
            let units = |states: &[&str]| visits.iter().map(|v| v.units(states)).sum::<i64>();
            let billed = |place: usize| {
                visits.iter().filter_map(|v| v.billed()).map(|sums| sums[place]).sum::<i64>()
            };
            let submitted = if payer { count(visits) } else { with("submitted") };
            row(
                &[],
                json!({
                    "month": month, "organization": null, "service": service, "role": null, "mode": null,
                    "setting": null, "program": null, "members": g.members,
                    "encounters_recorded": visits.len(), "encounters_ready": own(with("ready")),
                    "encounters_held": own(with("held")), "encounters_non_billable": own(with("non_billable")),
                    "encounters_claimed": own(with("claimed")), "encounters_submitted": submitted,
                    "units_recorded": g.units, "units_ready": own(units(&["ready"])),
                    "units_held": own(units(&["held"])), "units_claimed": own(units(&["claimed"])),
                    "units_submitted": billed(0), "contact_minutes": g.minutes,
                    "contact_hours": ratio(g.minutes, 60, 2), "units_per_member": ratio(g.units, g.members, 2),
                    "billed": money(billed(1)), "expected": money(billed(2)), "paid": null,
                }),
            )
        };
        let all = self.visits();
        let groups = by(&all, |day, visit| (month(day), visit.service.clone()));
        let rows = groups
            .iter()
            .map(|((month, service), visits)| of(Some(month), Some(service), visits))
            .collect();
        let totals = of(None, None, &bare(&all));
        let report =
            self.holds(app, "utilization", "&group_by=month,service", rows, Some(totals)).await;
        let months = by(&all, |day, _| month(day));
        let subtotals: Vec<Value> =
            months.iter().map(|(month, visits)| of(Some(month), None, visits)).collect();
        let what = format!("utilization {} {}..{} subtotals", self.basis, self.from, self.to);
        self.reader.same(&what, &report["subtotals"], &json!(subtotals));
    }
}
