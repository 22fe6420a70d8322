//! Timeliness (E2): days from the visit to its record, to the first release and to the delivery.
//!
//! A leg that is not finished counts as soon as its days have passed: leaving out the slow ones would
//! flatter the result. The first submission counts; what is sent again has its own clock. A payer is told of
//! nothing that it was not sent, so that its shares leave the slowest out, and its columns say so.

use std::collections::{BTreeMap, HashMap};

use crate::domain::dates::Instant;
use crate::domain::status::EncounterStatus;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::tally::{count, twice_median, visits_sent};
use crate::reports::utilization::Perspective;
use crate::store::{self, Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("leg", "recorded, released or delivered: from the service date to that day"),
    Column::sum(
        "started",
        "contacts",
        "contacts of the period but non-billable ones; for a payer only those of which it was sent a \
         claim: what is late because it was not sent is not among them, which flatters the shares",
    ),
    Column::sum("finished", "contacts", "of them, those that came to the end of the leg"),
    Column::sum("within_7", "contacts", "finished in at most 7 days"),
    Column::sum("due_7", "contacts", "finished, or more than 7 days have passed"),
    Column::rate("share_within_7", "", "within_7 / due_7; null without any"),
    Column::sum("within_30", "contacts", "finished in at most 30 days"),
    Column::sum("due_30", "contacts", "finished, or more than 30 days have passed"),
    Column::rate("share_within_30", "", "within_30 / due_30; null without any"),
    Column::sum("within_90", "contacts", "finished in at most 90 days"),
    Column::sum("due_90", "contacts", "finished, or more than 90 days have passed"),
    Column::rate("share_within_90", "", "within_90 / due_90; null without any"),
    Column::rate(
        "median_days",
        "days",
        "of all that started; null (not_reached) while fewer than half are finished",
    )
    .places(1),
    Column::distinct(
        "p90_days",
        "days",
        "nine in ten of all that started; null (not_reached) while fewer are finished",
    ),
    Column::distinct("longest_days", "days", "of those that are finished; null without any"),
];

const LEGS: [&str; 3] = ["recorded", "released", "delivered"];
const LIMITS: [i64; 3] = [7, 30, 90];
const CHAIN: &str = "contacts on live claims are released ones; units, billed and expected of what started \
                     = released claim lines";

/// A leg of a group.
#[derive(Debug, Clone, Default)]
struct Leg {
    days: Vec<i64>,
    /// Days that have passed for those that are not finished.
    waiting: Vec<i64>,
}

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let names = store::report_days::organization_keys(conn)?;
    let mut today = HashMap::new();
    for (id, _) in super::organizations(conn, asked)? {
        let zone = store::report_facts::zone_at(conn, id, as_of)?;
        today.insert(id.as_i64(), zone.date_of(as_of));
    }
    let mut groups: BTreeMap<(String, usize), Leg> = BTreeMap::new();
    let mut all = [Leg::default(), Leg::default(), Leg::default()];
    // On a live claim, by the claim; of those, released, by its batch; what those claims say.
    let (mut live, mut of_live, mut released) = (0, 0, [0; 3]);
    visits_sent(conn, asked, as_of, |_, known| {
        let fact = &known.fact;
        // Billable is what is recorded and not non-billable, as in completeness: also what waits because
        // no payer was found for it, and has no units yet.
        if fact.status == EncounterStatus::NonBillable && fact.sent.is_none() {
            return;
        }
        let own = asked.lens.edition == Perspective::Organization;
        let sent_on = fact.sent.as_ref();
        if let Some(billed) = fact.billed {
            live += 1;
            of_live += i64::from(sent_on.is_some());
            let says = [billed.units, billed.charge, billed.expected];
            released.iter_mut().zip(says).for_each(|(sum, more)| *sum += more);
        }
        let ends =
            [Some(fact.recorded), sent_on.map(|s| s.first), sent_on.and_then(|s| s.delivered)];
        // Days end where the organization is, as those of its visits do.
        let today = today.get(&known.organization).copied().unwrap_or(known.date);
        let name = names.get(&known.organization).cloned().unwrap_or_default();
        for (place, end) in ends.into_iter().enumerate() {
            // When a visit was written down is the organization's own matter.
            if place == 0 && !own {
                continue;
            }
            // A claim is sent of the day that it states, wherever the visit was moved since.
            let of_claim = if place == 0 { None } else { sent_on.and_then(|sent| sent.day) };
            let start = of_claim.unwrap_or(known.date);
            let group = groups.entry((name.clone(), place)).or_default();
            for leg in [Some(group), all.get_mut(place)].into_iter().flatten() {
                match end {
                    Some(end) => leg.days.push((end - start).num_days()),
                    None => leg.waiting.push((today - start).num_days()),
                }
            }
        }
    })?;
    let [_, leg, _] = &all;
    let started = count(leg.days.len()) + count(leg.waiting.len());
    let of_rows = groups.iter().filter(|((_, place), _)| *place == 1);
    let of_rows: i64 =
        of_rows.map(|(_, leg)| count(leg.days.len()) + count(leg.waiting.len())).sum();
    let checks = vec![
        Check::whole("contacts on live claims = those of them that were released", live, of_live),
        Check::whole("rows: started", of_rows, started),
    ];
    let mut table = Table::new(COLUMNS);
    for ((name, place), leg) in groups {
        table.rows.push(row(&name, LEGS.get(place).copied().unwrap_or_default(), leg));
    }
    Ok(Built::whole(table, Ties::of(CHAIN, checks), Some(released)))
}

fn row(name: &str, leg: &str, mut of: Leg) -> Vec<Value> {
    let finished = count(of.days.len());
    let started = finished + count(of.waiting.len());
    let mut row = vec![
        Value::text(name),
        Value::text(leg),
        Value::Integer(started),
        Value::Integer(finished),
    ];
    for limit in LIMITS {
        let within = count(of.days.iter().filter(|d| **d <= limit).count());
        let due = finished + count(of.waiting.iter().filter(|d| **d > limit).count());
        row.extend([Value::Integer(within), Value::Integer(due), Value::share(within, due)]);
    }
    let waiting = of.waiting.len();
    // Who waits is slower than all that are finished.
    let mut with_waiting = of.days.clone();
    with_waiting.extend(std::iter::repeat_n(i64::MAX / 4, waiting));
    let median = match twice_median(&mut with_waiting) {
        None => Value::Null("no_denominator"),
        Some(twice) if twice >= i64::MAX / 4 => Value::Null("not_reached"),
        Some(twice) => Value::ratio(twice, 2, 1),
    };
    of.days.sort_unstable();
    let rank = (started * 9 + 9) / 10;
    let p90 = match usize::try_from(rank - 1).ok().and_then(|p| of.days.get(p)) {
        _ if started == 0 => Value::Null("no_denominator"),
        None => Value::Null("not_reached"),
        Some(days) => Value::Integer(*days),
    };
    let longest = of.days.last().map_or(Value::Null("no_denominator"), |d| Value::Integer(*d));
    row.extend([median, p90, longest]);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(days: &[i64], waiting: &[i64]) -> Vec<String> {
        let row = row("a", "released", Leg { days: days.into(), waiting: waiting.into() });
        row.iter().skip(2).map(Value::plain).collect()
    }

    #[test]
    fn who_waits_is_not_left_out() {
        // Two finished in time; one waits since 8 days: due for 7 days, not for 30.
        let row = texts(&[3, 7], &[8]);
        assert_eq!(row[..5], ["3", "2", "2", "3", "0.6667"]);
        assert_eq!(row[5..8], ["2", "2", "1.0000"]);
        assert_eq!(row[11..], ["7.0", "", "7"]);
        // Half of them wait: there is no median yet, instead of that of the quick ones.
        assert_eq!(texts(&[1, 2], &[40, 50])[11..], ["", "", "2"]);
        // Who waits on the seventh day may still be in time, and on the eighth no more.
        assert_eq!(texts(&[], &[7])[3..5], ["0", ""]);
        assert_eq!(texts(&[], &[8])[3..5], ["1", "0.0000"]);
        assert_eq!(texts(&[30, 7], &[7, 8])[2..5], ["1", "3", "0.3333"]);
        // Nobody: null, not 0 and not 100.
        assert_eq!(texts(&[], &[])[..5], ["0", "0", "0", "0", ""]);
        // The seventh day is in time, the eighth is not.
        assert_eq!(texts(&[7, 8], &[])[2..5], ["1", "2", "0.5000"]);
    }
}
