//! Members' months: units that a limit holds, units far above those of others with the same service, and
//! months of an authorization without a visit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::Coverages;
use super::columns::{Flag, Found, Who};
use crate::domain::ids::PayerId;
use crate::domain::member::CoverageData;
use crate::domain::report::over_use::{Alone, Spread};
use crate::domain::rules::RuleId;
use crate::reports::frame::Lens;
use crate::reports::tally::{Lengths, Person, count};
use crate::reports::utilization::Perspective;
use crate::store::report_authorizations::Paper;
use crate::store::report_facts::Known;

/// Rules by which a limit of the contract holds units.
const OF_LIMITS: [RuleId; 5] = [
    RuleId::LimitVisit,
    RuleId::LimitBillUpTo,
    RuleId::LimitHold,
    RuleId::LimitNever,
    RuleId::LimitAcross,
];

/// A member's visits of one kind.
#[derive(Debug, Default)]
struct Own {
    units: i64,
    lengths: Lengths,
    member: i64,
    number: Option<String>,
    /// How many.
    visits: i64,
    /// Whether there are more, which are not told.
    hidden: bool,
}

impl Own {
    fn add(&mut self, known: &Known, units: i64, unit_minutes: &[i64]) {
        self.units += units;
        self.lengths.add(unit_minutes);
        self.member = known.fact.member;
        self.number.clone_from(&known.fact.number);
        self.visits += 1;
    }

    fn flag(self, payer: &str, found: Found, days: (NaiveDate, NaiveDate)) -> Flag {
        let (meetings, who) = (self.visits, Who::Member(self.member, self.number));
        Flag { payer: payer.to_owned(), found, who, service: None, days, meetings }
    }
}

/// The members of an organization in a month.
#[derive(Debug, Default)]
pub(super) struct Months {
    /// By payer and service, and who it is.
    served: BTreeMap<(i64, String), BTreeMap<Person, Own>>,
    held: BTreeMap<(Option<i64>, i64), Own>,
    seen: BTreeSet<(i64, i64)>,
    /// Units without a payer or service.
    loose: i64,
}

/// What the month is told with.
pub(super) struct Told<'a> {
    /// Keys of payers.
    pub(super) payers: &'a HashMap<i64, String>,
    /// First and last day.
    pub(super) days: (NaiveDate, NaiveDate),
    /// The authorizations that a payer may not see.
    pub(super) hidden: &'a BTreeSet<i64>,
    /// Whether somebody was left out behind it.
    pub(super) left_out: &'a mut bool,
}

impl Told<'_> {
    fn payer(&self, id: Option<i64>) -> String {
        let key = id.map(|id| self.payers.get(&id).cloned().unwrap_or_default());
        key.unwrap_or_else(|| "none".to_owned())
    }
}

impl Months {
    /// Adds a visit that the reader sees; of one that is not `shown`, a payer is told nothing.
    pub(super) fn add(&mut self, lens: &Lens, known: &Known, shown: bool) {
        let (fact, units) = (&known.fact, lens.units(&known.fact));
        match (fact.payer, &fact.service) {
            (Some(payer), Some(service)) => {
                let group = self.served.entry((payer, service.clone())).or_default();
                let own = group.entry(lens.person(known)).or_default();
                if shown {
                    own.add(known, units, lens.unit_minutes(fact));
                } else {
                    own.hidden = true;
                }
            }
            _ if shown => self.loose += units,
            _ => {}
        }
        if let (Some(payer), false, true) = (fact.payer, fact.absent, shown) {
            self.seen.insert((payer, fact.member));
        }
        let limited = fact.held_by.iter().any(|rule| OF_LIMITS.iter().any(|r| r.as_str() == rule));
        if lens.edition == Perspective::Organization && limited && fact.units.held > 0 {
            let held = self.held.entry((fact.payer, fact.member)).or_default();
            held.add(known, fact.units.held, &fact.unit_minutes);
        }
    }

    /// Units of all of them.
    pub(super) fn units(&self) -> i64 {
        let served = self.served.values().flat_map(BTreeMap::values);
        self.loose + served.map(|own| own.units).sum::<i64>()
    }

    /// Who has an authorization for the whole month, was covered on each of its days, and was not seen.
    pub(super) fn unseen(
        &self,
        told: &mut Told<'_>,
        (approved, coverages): (&[Paper], &Coverages),
    ) -> Vec<Flag> {
        let (first, last) = told.days;
        let whole = |used: &&Paper| {
            used.approved > 0 && used.from <= first && used.to.is_none_or(|to| last <= to)
        };
        let missed = |used: &&Paper| !self.seen.contains(&(used.payer, used.member));
        let without: Vec<(&Paper, String)> = approved
            .iter()
            .filter(whole)
            .filter(missed)
            .filter_map(|used| {
                Some((used, covered(coverages.get(&used.member)?, used, told.days)?))
            })
            .collect();
        let mut flags: BTreeMap<(i64, i64), Flag> = BTreeMap::new();
        for (used, number) in without {
            if told.hidden.contains(&used.id) {
                *told.left_out = true;
                continue;
            }
            let who = Who::Member(used.member, Some(number));
            let flag = Flag {
                payer: told.payer(Some(used.payer)),
                found: Found::NoVisits,
                who,
                service: None,
                days: told.days,
                meetings: 0,
            };
            flags.entry((used.payer, used.member)).or_insert(flag);
        }
        flags.into_values().collect()
    }

    /// The other flags, and the groups in which they were looked for. Who has a visit that is not shown is in
    /// none: a part of what somebody had is no number to compare.
    pub(super) fn flags(self, told: &Told<'_>) -> Vec<Flag> {
        let mut flags = Vec::new();
        for ((payer, _), own) in self.held {
            let units = (!own.lengths.mixed()).then_some(own.units);
            flags.push(own.flag(&told.payer(payer), Found::OverCap(units), told.days));
        }
        for ((payer, service), people) in self.served {
            let whole = |own: &Own| own.units > 0 && !own.hidden;
            let people: Vec<Own> = people.into_values().filter(whole).collect();
            if people.is_empty() {
                continue;
            }
            let units: Vec<i64> = people.iter().map(|own| own.units).collect();
            let (all, compared) = (units.iter().sum(), count(people.len()));
            let mut lengths = Lengths::default();
            for own in &people {
                lengths.join(&own.lengths);
            }
            // What was twice as many before a contract changed is not far above.
            let spread = if lengths.mixed() { Err(Alone::MixedUnits) } else { Spread::of(&units) };
            let key = told.payer(Some(payer));
            flags.push(Flag {
                payer: key.clone(),
                found: Found::Compared(all, compared, spread),
                who: Who::All,
                service: Some(service.clone()),
                days: told.days,
                meetings: people.iter().map(|own| own.visits).sum(),
            });
            let Ok(spread) = spread else { continue };
            for own in people.into_iter().filter(|own| spread.is_far(own.units)) {
                let found = Found::FarAbove(own.units, compared, spread);
                let flag = own.flag(&key, found, told.days);
                flags.push(Flag { service: Some(service.clone()), ..flag });
            }
        }
        flags
    }
}

/// The member's number on the last day of the month, if its payer covered it on every day by the roster.
fn covered(
    coverages: &[CoverageData],
    used: &Paper,
    (first, last): (NaiveDate, NaiveDate),
) -> Option<String> {
    let payer = PayerId::from_i64(used.payer);
    let of_payer = || coverages.iter().filter(move |c| c.payer == payer);
    let mut days = first.iter_days().take_while(|day| *day <= last);
    if !days.all(|day| of_payer().any(|c| c.span.covers(day))) {
        return None;
    }
    let at_end = of_payer().filter(|c| c.span.covers(last));
    at_end.map(|c| c.member_number.to_string()).min()
}
