//! Members' months: units that a limit holds, units far above those of others with the same service, and
//! months of an authorization without a visit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::columns::{Flag, Found, Who};
use crate::domain::ids::PayerId;
use crate::domain::member::Member;
use crate::domain::report::over_use::{Alone, Spread};
use crate::domain::rules::RuleId;
use crate::reports::frame::Lens;
use crate::reports::tally::{Lengths, Person, count};
use crate::reports::utilization::Perspective;
use crate::reports::wave::part2::Wall;
use crate::store::report_authorizations::Used;
use crate::store::report_facts::Known;
use crate::store::{Conn, StoreError};

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
    /// The days, with the members on the roster: a payer's number may be on it twice.
    visits: Vec<(NaiveDate, i64)>,
}

impl Own {
    fn add(&mut self, known: &Known, units: i64, unit_minutes: &[i64]) {
        self.units += units;
        self.lengths.add(unit_minutes);
        self.member = known.fact.member;
        self.number.clone_from(&known.fact.number);
        self.visits.push((known.date, known.fact.member));
    }

    fn flag(self, payer: &str, found: Found, days: (NaiveDate, NaiveDate)) -> Flag {
        let (meetings, who) = (count(self.visits.len()), Who::Member(self.member, self.number));
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
    /// What a payer may see of people; none: all of it.
    pub(super) wall: Option<&'a mut Wall>,
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
    /// Adds a visit that the reader sees.
    pub(super) fn add(&mut self, lens: &Lens, known: &Known) {
        let (fact, units) = (&known.fact, lens.units(&known.fact));
        match (fact.payer, &fact.service) {
            (Some(payer), Some(service)) => {
                let group = self.served.entry((payer, service.clone())).or_default();
                let own = group.entry(lens.person(known)).or_default();
                own.add(known, units, lens.unit_minutes(fact));
            }
            _ => self.loose += units,
        }
        if let (Some(payer), false) = (fact.payer, fact.absent) {
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
        conn: &mut Conn,
        told: &mut Told<'_>,
        (approved, members): (&[Used], &HashMap<i64, Member>),
    ) -> Result<Vec<Flag>, StoreError> {
        let (first, last) = told.days;
        let whole = |used: &&Used| {
            used.approved > 0 && used.from <= first && used.to.is_none_or(|to| last <= to)
        };
        let missed = |used: &&Used| !self.seen.contains(&(used.payer, used.member));
        let without: Vec<(&Used, String)> = approved
            .iter()
            .filter(whole)
            .filter(missed)
            .filter_map(|used| Some((used, covered(members.get(&used.member)?, used, told.days)?)))
            .collect();
        if let Some(wall) = &mut told.wall {
            wall.learn(conn, without.iter().map(|(used, _)| used.member))?;
        }
        let mut flags: BTreeMap<(i64, i64), Flag> = BTreeMap::new();
        for (used, number) in without {
            if told.wall.as_ref().is_some_and(|wall| !wall.shows(used)) {
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
        Ok(flags.into_values().collect())
    }

    /// The other flags, and the groups in which they were looked for.
    pub(super) fn flags(
        self,
        conn: &mut Conn,
        told: &mut Told<'_>,
    ) -> Result<Vec<Flag>, StoreError> {
        let mut flags = Vec::new();
        for ((payer, _), own) in self.held {
            let units = (!own.lengths.mixed()).then_some(own.units);
            flags.push(own.flag(&told.payer(payer), Found::OverCap(units), told.days));
        }
        for ((payer, service), people) in self.served {
            let people: Vec<Own> = people.into_values().filter(|own| own.units > 0).collect();
            if people.is_empty() {
                continue;
            }
            let units: Vec<i64> = people.iter().map(|own| own.units).collect();
            let (all, compared) = (units.iter().sum(), count(people.len()));
            let mut lengths = Lengths::default();
            people.iter().for_each(|own| lengths.join(&own.lengths));
            // What was twice as many before a contract changed is not far above.
            let spread = if lengths.mixed() { Err(Alone::MixedUnits) } else { Spread::of(&units) };
            let key = told.payer(Some(payer));
            flags.push(Flag {
                payer: key.clone(),
                found: Found::Compared(all, compared, spread),
                who: Who::All,
                service: Some(service.clone()),
                days: told.days,
                meetings: people.iter().map(|own| count(own.visits.len())).sum(),
            });
            let Ok(spread) = spread else { continue };
            let far: Vec<Own> = people.into_iter().filter(|own| spread.is_far(own.units)).collect();
            if let Some(wall) = &mut told.wall {
                let visits = far.iter().flat_map(|own| &own.visits);
                wall.learn(conn, visits.map(|(_, member)| *member))?;
            }
            for own in far {
                // Nobody looked at the diagnoses: each visit is taken for one of substance use.
                let shown = told.wall.as_ref().is_none_or(|wall| {
                    let may = |(day, member): &(NaiveDate, i64)| {
                        wall.shows_line((payer, *member), &service, *day, true)
                    };
                    own.visits.iter().all(may)
                });
                if !shown {
                    *told.left_out = true;
                    continue;
                }
                let found = Found::FarAbove(own.units, compared, spread);
                let flag = own.flag(&key, found, told.days);
                flags.push(Flag { service: Some(service.clone()), ..flag });
            }
        }
        Ok(flags)
    }
}

/// The member's number on the last day of the month, if its payer covered it on every day by the roster.
fn covered(member: &Member, used: &Used, (first, last): (NaiveDate, NaiveDate)) -> Option<String> {
    let payer = PayerId::from_i64(used.payer);
    let of_payer = || member.coverages.iter().filter(move |c| c.data.payer == payer);
    let mut days = first.iter_days().take_while(|day| *day <= last);
    if !days.all(|day| of_payer().any(|c| c.data.span.covers(day))) {
        return None;
    }
    let at_end = of_payer().filter(|c| c.data.span.covers(last));
    at_end.map(|c| c.data.member_number.to_string()).min()
}
