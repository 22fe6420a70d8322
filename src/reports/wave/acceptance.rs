//! Acceptance (E3): what became of what was sent. A claim is accepted or rejected by the payer's answer
//! alone; without one it is in flight, and no share is told of those.

use std::collections::BTreeMap;

use crate::domain::dates::Instant;
use crate::domain::report::fact::Sent;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value, month};
use crate::reports::registry::Built;
use crate::reports::tally::visits_sent;
use crate::store::{self, Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("month", "month of the date that the basis names"),
    Column::sum("submitted", "contacts", "contacts that were on a released claim"),
    Column::sum("accepted", "contacts", "of them, those whose last claim was accepted"),
    Column::sum("rejected", "contacts", "those whose last claim was rejected"),
    Column::sum("in_flight", "contacts", "those whose last claim has no answer yet"),
    Column::sum("other", "contacts", "those whose last claim was taken back or replaced"),
    Column::sum("sent_again", "contacts", "those on more than one released claim"),
    Column::sum("rejected_first", "contacts", "those whose first claim was rejected"),
    Column::rate(
        "acceptance_first",
        "",
        "not rejected at first / those whose first claim has an answer, also where it was accepted and is \
         replaced or voided by now; null without any",
    ),
    Column::rate(
        "rejection_rate",
        "",
        "rejected / those whose last claim has an answer; null without any",
    ),
];

const CHAIN: &str = "submitted = accepted + rejected + in flight + other";

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    submitted: i64,
    accepted: i64,
    rejected: i64,
    in_flight: i64,
    other: i64,
    again: i64,
    first_rejected: i64,
    first_answered: i64,
}

impl Sums {
    fn add(&mut self, sent: &Sent) {
        let in_flight = |status: &str| matches!(status, "released" | "delivered");
        let accepted =
            |status: &str| matches!(status, "accepted" | "paid" | "partly_paid" | "denied");
        let (first, last) = (sent.first_status.as_str(), sent.last_status.as_str());
        self.submitted += 1;
        self.accepted += i64::from(accepted(last));
        self.rejected += i64::from(last == "rejected");
        self.in_flight += i64::from(in_flight(last));
        self.other += i64::from(matches!(last, "withdrawn" | "voided" | "replaced" | "closed"));
        self.again += i64::from(sent.times > 1);
        self.first_rejected += i64::from(first == "rejected");
        // Replaced or voided since, it still was answered first.
        let answered = first == "rejected" || accepted(first) || sent.first_accepted;
        self.first_answered += i64::from(answered);
    }

    fn row(&self, organization: &str, month: &str) -> Vec<Value> {
        vec![
            Value::text(organization),
            Value::text(month),
            Value::Integer(self.submitted),
            Value::Integer(self.accepted),
            Value::Integer(self.rejected),
            Value::Integer(self.in_flight),
            Value::Integer(self.other),
            Value::Integer(self.again),
            Value::Integer(self.first_rejected),
            Value::share(self.first_answered - self.first_rejected, self.first_answered),
            Value::share(self.rejected, self.accepted + self.rejected),
        ]
    }
}

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let names = store::report_days::organization_keys(conn)?;
    let (mut groups, mut all) = (BTreeMap::<(String, String), Sums>::new(), Sums::default());
    let mut released = [0; 3];
    visits_sent(conn, asked, as_of, |date, known| {
        let [units, charge, expected] = &mut released;
        let billed = known.fact.billed.unwrap_or_default();
        *units += billed.units;
        *charge += billed.charge;
        *expected += billed.expected;
        if let Some(sent) = &known.fact.sent {
            let name = names.get(&known.organization).cloned().unwrap_or_default();
            groups.entry((name, month(date))).or_default().add(sent);
            all.add(sent);
        }
    })?;
    let mut table = Table::new(COLUMNS);
    for ((organization, month), sums) in &groups {
        table.rows.push(sums.row(organization, month));
    }
    table.totals = Some(all.row("all", "all"));
    let mut checks = super::adds_up(&table);
    let parts = all.accepted + all.rejected + all.in_flight + all.other;
    checks.push(Check::whole(CHAIN, all.submitted, parts));
    Ok(Built::whole(table, Ties::of(CHAIN, checks), Some(released)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(first: &str, accepted: bool) -> Sent {
        serde_json::from_value(json!({
            "first": "2026-07-02", "times": 2, "first_status": first, "first_accepted": accepted,
            "last_status": "accepted",
        }))
        .unwrap()
    }

    #[test]
    fn a_first_claim_that_was_replaced_keeps_its_answer() {
        let mut sums = Sums::default();
        for (status, accepted) in [
            ("accepted", false),
            ("rejected", false),
            ("replaced", true),
            ("voided", true),
            // Without an answer of its own: taken from the portal and replaced.
            ("replaced", false),
            ("withdrawn", false),
            ("delivered", false),
        ] {
            sums.add(&sent(status, accepted));
        }
        let row = sums.row("all", "all");
        assert_eq!(row.get(9).map(Value::plain).as_deref(), Some("0.7500"));
        assert_eq!((sums.first_answered, sums.first_rejected), (4, 1));
    }
}
