//! Rates (U5): per 1,000 member-months of those whom the payer's own file says are enrolled, by a named
//! convention. Without such a file there is no rate: people who are served are not those who are enrolled.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;

use crate::domain::dates::{Instant, Span};
use crate::domain::enrollment::{Convention, Enrolled, Month, of_month, on};
use crate::domain::report::fact::Fact;
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value, month};
use crate::reports::registry::Built;
use crate::reports::tally::{Lengths, count, visits};
use crate::reports::utilization::Perspective;
use crate::store::{self, Conn, StoreError};

/// Places of rates and of member-months.
const PLACES: u32 = 4;

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("month", "month of the service date"),
    Column::words("convention", "any_day, prorated, last_day or mid_month: how a month is counted"),
    Column::words("enrollment", "id of the payer's enrollment file that was known"),
    Column::distinct(
        "enrolled",
        "people",
        "members enrolled on any day of it, for a payer as people, for an organization by number; null \
         (no_enrollment)",
    ),
    Column::rate("member_months", "months", "by the convention; those of all are their sum"),
    Column::rate(
        "file_member_months",
        "months",
        "by the numbers of the payer's file, as the payer itself counts: more than member_months where somebody \
         has several of them, fewer where one was passed on to somebody else",
    ),
    Column::distinct(
        "users",
        "people",
        "members with a contact on a day on which they were enrolled",
    ),
    Column::rate(
        "penetration",
        "",
        "users / enrolled; of all: over the whole period, no mean of months",
    ),
    Column::sum("user_months", "months", "users of each month"),
    Column::rate("users_per_1000_mm", "", "user_months x 1000 / member_months"),
    Column::sum(
        "units",
        "units",
        "units of contacts on enrolled days; null (mixed_units), with their rates, where they are of \
         different lengths",
    ),
    Column::rate("units_per_1000_mm", "units", "units x 1000 / member_months"),
    Column::rate(
        "annual_units_per_1000",
        "units",
        "units x 12000 / member_months: twelve times that",
    ),
    Column::sum(
        "not_enrolled",
        "contacts",
        "contacts on days on which the member was not enrolled: in no numerator, to be looked at",
    ),
];

const CHAIN: &str = "contacts of the period = on enrolled days + not enrolled";

/// What is counted of a month, or of all.
#[derive(Debug, Default)]
struct Use {
    people: BTreeSet<String>,
    units: i64,
    lengths: Lengths,
    contacts: i64,
    not_enrolled: i64,
}

/// Makes it.
pub fn build(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Built, StoreError> {
    let convention = asked.convention.unwrap_or(Convention::AnyDay);
    let period = (asked.from, asked.to);
    let file = match asked.lens.payer {
        Some(payer) => store::enrollments::newest(conn, payer, period, as_of)?,
        None => None,
    };
    let enrolled = match &file {
        Some(file) => Some(store::enrollments::enrolled(conn, file.id, period)?),
        None => None,
    };
    // For a payer a month is a person's, whatever the numbers (`docs/adr/0140`).
    let of_payer = asked.lens.payer.filter(|_| asked.lens.edition == Perspective::Payer);
    let by_number = enrolled.clone();
    let enrolled = match (enrolled, of_payer) {
        (Some(enrolled), Some(payer)) => {
            Some(store::persons::at(conn, payer, as_of)?.days_of_people(enrolled))
        }
        (enrolled, _) => enrolled,
    };
    let person = |fact: &Fact| {
        let person = if of_payer.is_some() { fact.person() } else { fact.number.as_deref() };
        person.unwrap_or_default().to_owned()
    };
    let nobody = Enrolled::new();
    let known = enrolled.as_ref().unwrap_or(&nobody);
    let (mut months, mut all): (BTreeMap<String, Use>, _) = (BTreeMap::new(), Use::default());
    visits(conn, asked, as_of, |day, visit| {
        let person = person(&visit.fact);
        let is = known.get(&person).is_some_and(|spans| on(spans, day));
        for of in [months.entry(month(day)).or_default(), &mut all] {
            of.contacts += 1;
            if is {
                of.people.insert(person.clone());
                of.units += asked.lens.units(&visit.fact);
                of.lengths.add(asked.lens.unit_minutes(&visit.fact));
            } else {
                of.not_enrolled += 1;
            }
        }
    })?;
    let mut table = Table::new(COLUMNS);
    let span = Span::new(asked.from, Some(asked.to)).ok();
    let empty = Use::default();
    let read = file.iter().cloned().collect();
    let file = file.map(|file| file.id.to_string()).unwrap_or_default();
    let source = (convention, file.as_str());
    let (mut sum, mut file_sum, mut user_months) = (Decimal::ZERO, Decimal::ZERO, 0);
    for one in span.and_then(Month::all).unwrap_or_default() {
        let name = month(one.first);
        let own = months.get(&name).unwrap_or(&empty);
        let of = enrolled.as_ref().zip(by_number.as_ref()).map(|(enrolled, numbers)| {
            let (people, months) = of_month(enrolled, one, convention);
            (people, [months, of_month(numbers, one, convention).1])
        });
        let [months, file_months] = of.map(|(_, months)| months).unwrap_or_default();
        sum += months;
        file_sum += file_months;
        user_months += count(own.people.len());
        table.rows.push(row(&name, source, of, own, count(own.people.len())));
    }
    let whole = enrolled.as_ref().map(|enrolled| (count(enrolled.len()), [sum, file_sum]));
    table.totals = Some(row("all", source, whole, &all, user_months));
    let mut checks = super::adds_up(&table);
    let enrolled_contacts = months.values().map(|m| m.contacts - m.not_enrolled).sum::<i64>();
    checks.push(Check::whole(CHAIN, all.contacts, enrolled_contacts + all.not_enrolled));
    Ok(Built { enrollment: read, ..Built::whole(table, Ties::of(CHAIN, checks), None) })
}

fn row(
    name: &str,
    (convention, file): (Convention, &str),
    of: Option<(i64, [Decimal; 2])>,
    own: &Use,
    user_months: i64,
) -> Vec<Value> {
    let mut row = vec![Value::text(name), Value::text(convention.as_str()), Value::text(file)];
    let Some((enrolled, [months, file_months])) = of else {
        row.extend(COLUMNS.iter().skip(3).map(|_| Value::Null("no_enrollment")));
        return row;
    };
    let users = count(own.people.len());
    let per = |number: i64, times: i64| {
        let rate = (Decimal::from(number) * Decimal::from(times)).checked_div(months);
        rate.map_or(Value::Null("no_denominator"), rounded)
    };
    row.extend([
        Value::Integer(enrolled),
        rounded(months),
        rounded(file_months),
        Value::Integer(users),
        Value::share(users, enrolled),
        Value::Integer(user_months),
        per(user_months, 1_000),
        own.lengths.told(Value::Integer(own.units)),
        own.lengths.told(per(own.units, 1_000)),
        own.lengths.told(per(own.units, 12_000)),
        Value::Integer(own.not_enrolled),
    ]);
    row
}

fn rounded(number: Decimal) -> Value {
    let mut rounded = number.round_dp_with_strategy(PLACES, MidpointAwayFromZero);
    rounded.rescale(PLACES);
    Value::Decimal(rounded)
}
