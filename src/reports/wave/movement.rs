//! Movement (E4, C8): what changed in a period between two times, visit by visit. It is also the
//! restatement of any report issued at the first time: opening + steps = closing.

use std::collections::HashMap;

use crate::domain::dates::Instant;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::tally::{first_day, placed};
use crate::store::report_facts::{Wanted, each};
use crate::store::{Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key(
        "step",
        "opening: as known at since; late: not known then; released: now on a released claim; \
         corrected: other numbers; voided; withdrawn: not on a released claim any more; moved: to or \
         from another period or reader; closing: as known at as_of",
    ),
    Column::distinct("contacts", "contacts", "contacts of the step; signed in the steps between"),
    Column::distinct("changed", "contacts", "contacts that the step changed"),
    Column::distinct("units", "units", "units; signed in the steps between"),
    Column {
        additive: false,
        ..Column::money("billed", "charges of released claims; signed in the steps between")
    },
    Column {
        additive: false,
        ..Column::money("expected", "expected of released claims; signed in the steps between")
    },
];

const STEPS: [&str; 6] = ["late", "released", "corrected", "voided", "withdrawn", "moved"];
const CHAIN: &str = "opening + late + released + corrected + voided + withdrawn + moved = closing";

/// Contacts, units, charge and expected of a visit, as the reader sees it.
type Numbers = [i64; 4];

#[derive(Debug, Clone, Copy, Default)]
struct Step {
    changed: i64,
    numbers: Numbers,
}

impl Step {
    fn add(&mut self, delta: Numbers) {
        self.changed += 1;
        for (sum, more) in self.numbers.iter_mut().zip(delta) {
            *sum += more;
        }
    }

    fn row(&self, name: &str) -> Vec<Value> {
        let [contacts, units, charge, expected] = self.numbers;
        vec![
            Value::text(name),
            Value::Integer(contacts),
            Value::Integer(self.changed),
            Value::Integer(units),
            Value::Money(charge),
            Value::Money(expected),
        ]
    }
}

/// A visit at one time.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// As the reader sees it; none when the reader does not.
    numbers: Option<Numbers>,
    /// Whether it is not void.
    counts: bool,
    /// Whether a released claim states it.
    sent: bool,
}

type Visits = HashMap<(i64, i64), State>;

fn visits(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Visits, StoreError> {
    let (organization, to) = (asked.lens.organization, asked.to);
    let mut all = Visits::new();
    let Some(from) = first_day(asked) else { return Ok(all) };
    each(conn, Wanted { organization, from, to, as_of }, |known| {
        let fact = &known.fact;
        let there = placed(asked.basis, &known).is_some_and(|d| (asked.from..=to).contains(&d));
        let billed = fact.billed.unwrap_or_default();
        let numbers = [1, asked.lens.units(fact), billed.charge, billed.expected];
        let numbers = (there && asked.lens.sees(fact)).then_some(numbers);
        let (counts, sent) = (fact.counts(), fact.billed.is_some());
        all.insert((known.organization, known.encounter), State { numbers, counts, sent });
    })?;
    Ok(all)
}

/// The step by which a visit became another, and by how much.
fn step(before: Option<State>, after: Option<State>) -> Option<(&'static str, Numbers)> {
    let of = |state: Option<State>| state.and_then(|s| s.numbers);
    let less = |a: Numbers, b: Numbers| {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a, b);
        [a0 - b0, a1 - b1, a2 - b2, a3 - b3]
    };
    let sent = |state: Option<State>| state.is_some_and(|s| s.sent);
    match (of(before), of(after)) {
        (None, None) => None,
        (None, Some(now)) => {
            let why = match before {
                None => "late",
                Some(_) if !sent(before) && sent(after) => "released",
                Some(_) => "moved",
            };
            Some((why, now))
        }
        (Some(then), None) => {
            let why = match after {
                Some(state) if !state.counts => "voided",
                Some(_) if sent(before) && !sent(after) => "withdrawn",
                _ => "moved",
            };
            Some((why, less([0; 4], then)))
        }
        (Some(then), Some(now)) if then == now => None,
        (Some(then), Some(now)) => {
            let why = match (sent(before), sent(after)) {
                (false, true) => "released",
                (true, false) => "withdrawn",
                _ => "corrected",
            };
            Some((why, less(now, then)))
        }
    }
}

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let since = asked.since.unwrap_or(as_of);
    let (mut before, after) = (visits(conn, asked, since)?, visits(conn, asked, as_of)?);
    let (mut opening, mut closing) = (Step::default(), Step::default());
    before.values().filter_map(|state| state.numbers).for_each(|n| opening.add(n));
    after.values().filter_map(|state| state.numbers).for_each(|n| closing.add(n));
    let mut steps: HashMap<&'static str, Step> = HashMap::new();
    for (visit, now) in after {
        if let Some((why, delta)) = step(before.remove(&visit), Some(now)) {
            steps.entry(why).or_default().add(delta);
        }
    }
    for then in before.into_values() {
        if let Some((why, delta)) = step(Some(then), None) {
            steps.entry(why).or_default().add(delta);
        }
    }
    let mut table = Table::new(COLUMNS);
    table.rows.push(Step { changed: 0, ..opening }.row("opening"));
    let mut sum = opening.numbers;
    for name in STEPS {
        let step = steps.get(name).copied().unwrap_or_default();
        for (total, more) in sum.iter_mut().zip(step.numbers) {
            *total += more;
        }
        table.rows.push(step.row(name));
    }
    table.rows.push(Step { changed: 0, ..closing }.row("closing"));
    let [contacts, units, charge, expected] = sum;
    let [c, u, m, e] = closing.numbers;
    let checks = vec![
        Check::whole("contacts: opening + steps = closing", contacts, c),
        Check::whole("units: opening + steps = closing", units, u),
        Check::cents("billed: opening + steps = closing", charge, m),
        Check::cents("expected: opening + steps = closing", expected, e),
    ];
    Ok(Built::whole(table, Ties::of(CHAIN, checks), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(units: i64, charge: i64) -> State {
        let numbers = Some([1, units, charge, charge]);
        State { numbers, counts: true, sent: charge > 0 }
    }

    #[test]
    fn each_change_has_its_cause() {
        let void = State { numbers: None, counts: false, sent: false };
        let hidden = State { numbers: None, counts: true, sent: false };
        let (ready, sent) = (state(4, 0), state(4, 900));
        for (before, after, wanted) in [
            (None, Some(ready), Some(("late", [1, 4, 0, 0]))),
            (Some(ready), Some(sent), Some(("released", [0, 0, 900, 900]))),
            (Some(ready), Some(state(2, 0)), Some(("corrected", [0, -2, 0, 0]))),
            (Some(sent), Some(ready), Some(("withdrawn", [0, 0, -900, -900]))),
            (Some(ready), Some(void), Some(("voided", [-1, -4, 0, 0]))),
            (None, Some(void), None),
            (Some(ready), None, Some(("moved", [-1, -4, 0, 0]))),
            // A payer sees a visit from its release on; by submission, so does everybody.
            (Some(hidden), Some(sent), Some(("released", [1, 4, 900, 900]))),
            (Some(sent), Some(hidden), Some(("withdrawn", [-1, -4, -900, -900]))),
            (Some(sent), Some(void), Some(("voided", [-1, -4, -900, -900]))),
            (Some(hidden), Some(hidden), None),
            // Not on a claim before or after: of another period by now.
            (Some(ready), Some(hidden), Some(("moved", [-1, -4, 0, 0]))),
            (Some(sent), Some(state(3, 700)), Some(("corrected", [0, -1, -200, -200]))),
        ] {
            assert_eq!(step(before, after), wanted, "{before:?} {after:?}");
        }
    }
}
