//! Movement (E4, C8): what changed in a period between two times, visit by visit. It is also the
//! restatement of any report issued at the first time: opening + steps = closing, and a visit of which a
//! report tells something else has a step, also where its numbers are the same.

mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::dates::{Instant, year_month};
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::tally::{Lengths, first_day, placed};
use crate::reports::utilization::Perspective;
use crate::store::report_facts::{Wanted, each};
use crate::store::{self, Conn, StoreError};
use state::{Numbers, State, step};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key(
        "step",
        "opening: as known at since; late: not known then; released: now on a released claim (for a payer \
         every visit that it did not see then); corrected: other numbers; described: another day, mode, \
         setting, service or the like; answered: another answer, delivery or claim; waits: another state, \
         another reason to wait, other amounts that wait; voided; rejected: the payer rejected its claim; \
         withdrawn: not on a released claim any more; moved: to or from another period or reader; closing: as known at as_of. A visit has one step",
    ),
    Column::distinct("contacts", "contacts", "contacts of the step; signed in the steps between"),
    Column::distinct("changed", "contacts", "contacts that the step changed"),
    Column::distinct(
        "units",
        "units",
        "units; signed in the steps between; null (mixed_units) where any are of different lengths",
    ),
    Column {
        additive: false,
        ..Column::money("billed", "charges of released claims; signed in the steps between")
    },
    Column {
        additive: false,
        ..Column::money("expected", "expected of released claims; signed in the steps between")
    },
    Column::distinct("contact_minutes", "minutes", "minutes; signed in the steps between"),
];

/// The steps between, in their order.
pub const STEPS: [&str; 10] = [
    "late",
    "released",
    "corrected",
    "described",
    "answered",
    "waits",
    "voided",
    "rejected",
    "withdrawn",
    "moved",
];
const CHAIN: &str = "opening + late + released + corrected + described + answered + waits + voided + \
                     rejected + withdrawn + moved = closing";

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

    fn row(&self, name: &str, lengths: &Lengths) -> Vec<Value> {
        let [contacts, units, minutes, charge, expected] = self.numbers;
        vec![
            Value::text(name),
            Value::Integer(contacts),
            Value::Integer(self.changed),
            lengths.told(Value::Integer(units)),
            Value::Money(charge),
            Value::Money(expected),
            Value::Integer(minutes),
        ]
    }
}

/// What was known at a time.
#[derive(Default)]
struct Known {
    visits: HashMap<(i64, i64), State>,
    /// Units, charge and expected of released claims of the visits that count.
    released: [i64; 3],
}

fn known(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    lengths: &mut Lengths,
) -> Result<Known, StoreError> {
    let (organization, to) = (asked.lens.organization, asked.to);
    let mut all = Known::default();
    let Some(from) = first_day(asked) else { return Ok(all) };
    // A payer is told of the state's programs, and not of sites and grants.
    let payer_reads = asked.lens.edition == Perspective::Payer;
    let shared =
        if payer_reads { store::report_days::shared_programs(conn)? } else { BTreeSet::new() };
    each(conn, Wanted { organization, from, to, as_of }, |known| {
        let fact = &known.fact;
        let placed = placed(asked.basis, &known);
        let there = placed.is_some_and(|d| (asked.from..=to).contains(&d));
        let is_told =
            |key: &&String| !payer_reads || shared.contains(&(known.organization, (*key).clone()));
        let told = (fact, fact.program.as_ref().filter(is_told));
        let Some(state) = State::of(&asked.lens, told, (known.date, placed), there) else { return };
        if state.numbers.is_some() {
            lengths.add(asked.lens.unit_minutes(fact));
            let billed = fact.billed.unwrap_or_default();
            let says = [billed.units, billed.charge, billed.expected];
            all.released.iter_mut().zip(says).for_each(|(sum, more)| *sum += more);
        }
        all.visits.insert((known.organization, known.encounter), state);
    })?;
    Ok(all)
}

/// Where visits moved, organization and month, before or after: which steps did, and whether any of them
/// changed a number.
pub type Places = BTreeMap<(i64, i32), BTreeMap<&'static str, bool>>;

/// The movement of a period.
struct Moved {
    steps: HashMap<&'static str, Step>,
    places: Places,
    opening: Step,
    closing: Step,
    released: [i64; 3],
    lengths: Lengths,
}

fn moved(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Moved, StoreError> {
    let since = asked.since.unwrap_or(as_of);
    let mut lengths = Lengths::default();
    let mut before = known(conn, asked, since, &mut lengths)?.visits;
    let after = known(conn, asked, as_of, &mut lengths)?;
    let (mut opening, mut closing) = (Step::default(), Step::default());
    before.values().filter_map(|state| state.numbers).for_each(|n| opening.add(n));
    after.visits.values().filter_map(|state| state.numbers).for_each(|n| closing.add(n));
    let payer = asked.lens.edition == Perspective::Payer;
    let (mut steps, mut places) = (HashMap::<&'static str, Step>::new(), Places::new());
    let mut look = |organization: i64, was: Option<&State>, is: Option<&State>| {
        let Some((why, delta)) = step(was, is, payer) else { return };
        steps.entry(why).or_default().add(delta);
        for state in [was, is].into_iter().flatten() {
            let place = places.entry((organization, year_month(state.date))).or_default();
            *place.entry(why).or_default() |= delta != Numbers::default();
        }
    };
    for (visit, now) in &after.visits {
        look(visit.0, before.remove(visit).as_ref(), Some(now));
    }
    for (visit, then) in &before {
        look(visit.0, Some(then), None);
    }
    Ok(Moved { steps, places, opening, closing, released: after.released, lengths })
}

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    Ok(with_places(conn, asked, as_of)?.0)
}

/// Makes it, with the places where visits moved: for the causes of a restatement.
pub fn with_places(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
) -> Result<(Built, Places), StoreError> {
    let Moved { steps, places, opening, closing, released, lengths } = moved(conn, asked, as_of)?;
    let mut table = Table::new(COLUMNS);
    table.rows.push(Step { changed: 0, ..opening }.row("opening", &lengths));
    let mut sum = opening.numbers;
    for name in STEPS {
        let step = steps.get(name).copied().unwrap_or_default();
        for (total, more) in sum.iter_mut().zip(step.numbers) {
            *total += more;
        }
        table.rows.push(step.row(name, &lengths));
    }
    table.rows.push(Step { changed: 0, ..closing }.row("closing", &lengths));
    let [contacts, units, minutes, charge, expected] = sum;
    let [end_contacts, end_units, end_minutes, end_charge, end_expected] = closing.numbers;
    let checks = vec![
        Check::whole("contacts: opening + steps = closing", contacts, end_contacts),
        Check::whole("units: opening + steps = closing", units, end_units),
        Check::whole("minutes: opening + steps = closing", minutes, end_minutes),
        Check::cents("billed: opening + steps = closing", charge, end_charge),
        Check::cents("expected: opening + steps = closing", expected, end_expected),
    ];
    // What stands at the end is held against the claim lines themselves, where it is the present.
    Ok((Built::whole(table, Ties::of(CHAIN, checks), Some(released)), places))
}
