//! What the lines add up to, and what utilization says of the same days in the same snapshot.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::super::frame::{Asked, Check, Ties, Value};
use super::super::utilization::Perspective;
use super::rows::COLUMNS;
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::money::Money;
use crate::domain::report::day::Counts;
use crate::domain::status::LineStatus;
use crate::error::{AppError, Code};
use crate::store::{self, Conn, StoreError};

const CHAIN: &str = "lines by status = units, billed and expected of utilization";
/// Why units are null.
pub(super) const MIXED: &str = "mixed_units";
/// Most days that are summed from the visits themselves because they changed after they were last packed.
const MOST_LATE: usize = 1_000;

/// Lines, units, charge, expected.
type Sum = [i64; 4];

/// By status: of the lines that are shown, and of all.
#[derive(Default)]
pub(super) struct Sums {
    shown: BTreeMap<String, Sum>,
    all: BTreeMap<String, Sum>,
    /// Services of the lines that are shown, by status.
    services: BTreeMap<String, BTreeSet<String>>,
}

/// Minutes of a unit of each service, as the packed days of the period have them: of several lengths, units
/// are not one number.
pub(super) type Lengths = BTreeMap<String, BTreeSet<u32>>;

impl Sums {
    /// Adds a line: units, charge, expected.
    pub(super) fn add(&mut self, status: &str, [units, charge, expected]: [i64; 3], shown: bool) {
        let add = |sums: &mut BTreeMap<String, Sum>| {
            if !sums.contains_key(status) {
                sums.insert(status.to_owned(), Sum::default());
            }
            let all = sums.get_mut(status).into_iter().flatten();
            for (sum, more) in all.zip([1, units, charge, expected]) {
                *sum += more;
            }
        };
        let own = [&mut self.all, &mut self.shown];
        own.into_iter().take(if shown { 2 } else { 1 }).for_each(add);
    }

    /// Says of which service a line is that is shown.
    pub(super) fn service(&mut self, status: &str, service: &str) {
        let known = self.services.get(status).is_some_and(|all| all.contains(service));
        if !known {
            let all = self.services.entry(status.to_owned()).or_default();
            all.insert(service.to_owned());
        }
    }

    /// Whether units of several lengths would be added: of one status, or of all.
    pub(super) fn mixed(&self, status: Option<&str>, lengths: &Lengths) -> bool {
        let of = |(known, _): &(&String, _)| status.is_none_or(|wanted| wanted == *known);
        let services = self.services.iter().filter(of).flat_map(|(_, services)| services);
        let all = services.filter_map(|service| lengths.get(service)).flatten();
        all.collect::<BTreeSet<_>>().len() > 1
    }

    /// As a row.
    pub(super) fn totals(&self, lengths: &Lengths) -> Vec<Value> {
        let mut all = Sum::default();
        for sum in self.shown.values() {
            for (sum, more) in all.iter_mut().zip(sum) {
                *sum += more;
            }
        }
        let [lines, units, charge, expected] = all;
        let of = |name: &str| match name {
            "lines" => Value::Integer(lines),
            "units" if self.mixed(None, lengths) => Value::Null(MIXED),
            "units" => Value::Integer(units),
            "charge" => Value::Money(charge),
            "expected" => Value::Money(expected),
            _ => Value::Null("of_one_only"),
        };
        COLUMNS.iter().map(|column| of(column.name)).collect()
    }

    /// For JSON.
    pub(super) fn by_status(&self, lengths: &Lengths) -> Json {
        let show = |(status, sum): (&String, &Sum)| {
            let [lines, units, charge, expected] = *sum;
            let (charge, expected) = (Money::from_cents(charge), Money::from_cents(expected));
            let units = (!self.mixed(Some(status.as_str()), lengths)).then_some(units);
            let sums =
                json!({"lines": lines, "units": units, "charge": charge, "expected": expected});
            (status.clone(), sums)
        };
        Json::Object(self.shown.iter().map(show).collect())
    }

    /// Against what utilization counts; `own`: for organizations.
    pub(super) fn against(&self, counts: &Counts, own: bool) -> Ties {
        let of = |status: LineStatus| self.all.get(status.as_str()).copied().unwrap_or_default();
        let [_, units, charge, expected] = of(LineStatus::Submitted);
        let mut checks = vec![
            Check::whole("submitted units: lines = utilization", units, counts.sent_units),
            Check::cents("billed: lines = utilization", charge, counts.sent_charge),
            Check::cents("expected: lines = utilization", expected, counts.sent_expected),
        ];
        if own {
            for (status, told) in [
                (LineStatus::Ready, counts.units_ready),
                (LineStatus::Held, counts.units_held),
                (LineStatus::Claimed, counts.units_claimed),
            ] {
                let [_, units, ..] = of(status);
                let what = format!("{status} units: lines = utilization");
                checks.push(Check::whole(what, units, told));
            }
        }
        Ties::of(CHAIN, checks)
    }
}

/// Days that changed after they were packed.
pub(super) type Late = HashSet<(i64, NaiveDate)>;

/// The days of this snapshot that are not packed as they are now: those that changed since the reports were
/// last brought up to date, a moment ago.
pub(super) fn late(conn: &mut Conn, asked: &Asked) -> Result<Late, AppError> {
    let (organization, period) = (asked.lens.organization, asked.from..=asked.to);
    let (mut late, mut seen) = (Late::new(), 0);
    let mut next = store::report_facts::next_marked(conn, organization, None)?;
    while let Some((owner, day)) = next {
        seen += 1;
        if seen >= MOST_LATE {
            let detail = "Many visits came in and the reports are not through with them. Ask again \
                          shortly.";
            return Err(AppError::new(Code::Busy, detail));
        }
        if period.contains(&day) {
            late.insert((owner.as_i64(), day));
        }
        next = store::report_facts::next_marked(conn, organization, next)?;
    }
    Ok(late)
}

/// What utilization counts in the period: from the packed days, and from the visits themselves where a day
/// is packed no longer as it is.
pub(super) fn utilization(
    conn: &mut Conn,
    asked: &Asked,
    late: &Late,
) -> Result<(Counts, Lengths), StoreError> {
    let (lens, period) = (asked.lens, (asked.from, asked.to));
    let payer = lens.payer.map(PayerId::as_i64);
    let of_payer = lens.edition == Perspective::Payer;
    let (mut counts, mut lengths) = (Counts::default(), Lengths::new());
    store::report_days::each(conn, lens.organization, period, |owner, date, day| {
        let packed = !late.contains(&(owner, date));
        let seen = |wanted: i64| payer.is_none_or(|payer| payer == wanted);
        for cell in day.cells.iter().filter(|cell| seen(cell.place.payer)) {
            if packed {
                counts.add(cell.counts);
            }
            let minutes = if of_payer { &cell.sent_unit_minutes } else { &cell.unit_minutes };
            let service =
                cell.place.service.and_then(|at| day.texts.get(usize::try_from(at).ok()?));
            if let Some(service) = service.filter(|_| !minutes.is_empty()) {
                lengths.entry(service.clone()).or_default().extend(minutes);
            }
        }
    })?;
    for (owner, date) in late {
        let owner = OrganizationId::from_i64(*owner);
        let zones = store::zones::Zones::of(conn, owner)?;
        // How long a unit is was said by the days as they were packed.
        let mut none = |_: &mut Conn, _: i64| Ok(HashMap::new());
        let mut unread = store::report_source::Lengths::new(&mut none);
        for (_, fact) in store::report_source::visits(conn, owner, &zones, *date, &mut unread)? {
            if payer.is_none() || payer == fact.payer {
                counts.add(Counts::of(&fact));
            }
        }
    }
    Ok((counts, lengths))
}
