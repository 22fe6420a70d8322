//! Over- and under-use (U4): flags of members' months and of peers' days. Rows are people's, for their own
//! payer: P1.
//!
//! A flag is a prompt for a talk, never a denial. What an authorization's pace says is in `pace`, and what is
//! left of limits in `limits`.

mod columns;
mod members;
mod peers;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{Datelike, Days as Count, Months as Step, NaiveDate};

pub use columns::COLUMNS;
use columns::{Flag, Names, Who, totals};
use members::{Months, Told};
use peers::{Counted, Days};

use super::authorizations;
use super::part2::Wall;
use crate::domain::dates::Instant;
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::domain::member::{CoverageData, Member};
use crate::reports::frame::{Asked, Check, Lens, Table, Ties, Value};
use crate::reports::registry::Built;
use crate::reports::source::{Part, Source};
use crate::reports::tally::Tally;
use crate::reports::utilization::Perspective;
use crate::store::report_authorizations::{Paper, papers};
use crate::store::report_facts::{Known, Wanted, each};
use crate::store::report_lines::Visit;
use crate::store::{self, Conn, StoreError};

const CHAIN: &str =
    "minutes of peers' days = staff minutes of delivery; units of members' months = its units";

/// Keys by which rows are in order: organization, payer, flag, people, service, day.
const KEYS: usize = 8;

/// What is counted beside the flags, to tie.
#[derive(Default)]
struct Sums {
    all: Tally,
    /// Without what a payer is not shown.
    shown: Tally,
    minutes: i64,
    units: i64,
    left_out: bool,
}

/// Makes it, an organization and a month at a time.
pub fn build(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    source: &mut Source,
) -> Result<Built, StoreError> {
    let mut table = Table::new(COLUMNS);
    let payers = store::report_days::payer_keys(conn)?;
    let mut sums = Sums::default();
    for (id, name) in super::listed(conn, asked, source)? {
        let flags = of(conn, asked, source, (id, as_of), (&payers, &mut sums))?;
        let names = names(conn, asked, source, (id, &flags))?;
        table.rows.extend(flags.iter().map(|flag| flag.row(&name, &names)));
    }
    table
        .rows
        .sort_by_cached_key(|row| row.iter().take(KEYS).map(Value::plain).collect::<Vec<_>>());
    let place = COLUMNS.iter().position(|c| c.name == "flags").unwrap_or_default();
    table.totals = Some(totals(table.sum(place)));
    let Sums { all, shown, minutes, units, left_out } = sums;
    let checks = vec![
        Check::whole("staff minutes: peers' days = sessions", minutes, shown.staff_minutes()),
        Check::whole("units: members' months = visits", units, shown.units),
    ];
    let payer_reads = asked.lens.edition == Perspective::Payer;
    let c = &all.counts;
    let released = Some([c.sent_units, c.sent_charge, c.sent_expected]);
    let left_out = payer_reads.then_some(left_out);
    Ok(Built { left_out, ..Built::whole(table, Ties::of(CHAIN, checks), released) })
}

/// Coverages by member on the roster.
type Coverages = BTreeMap<i64, Vec<CoverageData>>;

/// The flags of an organization.
fn of(
    conn: &mut Conn,
    asked: &Asked,
    source: &mut Source,
    (id, as_of): (OrganizationId, Instant),
    (payers, sums): (&HashMap<i64, String>, &mut Sums),
) -> Result<Vec<Flag>, StoreError> {
    let lens = asked.lens;
    let today = super::today(conn, source, (id, as_of))?;
    let seen_by = source.visits(conn, as_of)?;
    let touching = authorizations::touching(asked, id);
    let approved: Vec<Paper> =
        source.of(conn, (Part::Authorizations, id), |conn| papers(conn, touching))?;
    let covered: Coverages =
        source.of(conn, (Part::Coverages, id), |conn| coverages(conn, id, &approved))?;
    let closed = authorizations::hidden(conn, asked, source, (id, as_of), &approved)?;
    let whose = match lens.payer.map(PayerId::as_i64) {
        Some(payer) => payers.get(&payer).cloned().unwrap_or_default(),
        None => "all".to_owned(),
    };
    let (mut flags, mut sessions) = (Vec::new(), Counted::new());
    for (first, last) in months(asked.from, asked.to) {
        let (mut days, mut people) = (Days::default(), Months::default());
        // A session of the day before may reach into the month.
        let before = first.checked_sub_days(Count::new(1)).unwrap_or(first);
        let visits = visits(conn, asked, (id, seen_by), (before, last))?;
        let hidden: BTreeSet<i64> =
            source.of(conn, (Part::Consents, hidden_of(id, first)), |conn| {
                hidden(conn, asked, (id, as_of), &visits)
            })?;
        for known in &visits {
            let (counts, shown) = (first <= known.date, !hidden.contains(&known.encounter));
            if shown {
                days.add(known, counts, &mut sessions);
            }
            if counts {
                people.add(&lens, known, shown);
                sums.add(&lens, known, shown);
            }
        }
        sums.minutes += days.minutes();
        sums.units += people.units();
        flags.extend(days.flags(&whose));
        let left_out = &mut sums.left_out;
        let mut told = Told { payers, days: (first, last), hidden: &closed, left_out };
        if is_whole(first, last) && last < today {
            flags.extend(people.unseen(&mut told, (&approved, &covered)));
        }
        flags.extend(people.flags(&told));
    }
    Ok(flags)
}

impl Sums {
    fn add(&mut self, lens: &Lens, known: &Known, shown: bool) {
        self.all.add(lens, known);
        if shown {
            self.shown.add(lens, known);
        } else {
            self.left_out = true;
        }
    }
}

/// The visits of some days that the reader sees.
fn visits(
    conn: &mut Conn,
    asked: &Asked,
    (id, as_of): (OrganizationId, Instant),
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Known>, StoreError> {
    let mut all = Vec::new();
    each(conn, Wanted { organization: Some(id), from, to, as_of }, |known| {
        if asked.lens.sees(&known.fact) {
            all.push(known);
        }
    })?;
    Ok(all)
}

/// As what is hidden of a month is kept.
fn hidden_of(id: OrganizationId, first: NaiveDate) -> String {
    format!("{id} {first}")
}

/// Those of them that a payer may not be told of now.
fn hidden(
    conn: &mut Conn,
    asked: &Asked,
    (id, as_of): (OrganizationId, Instant),
    visits: &[Known],
) -> Result<BTreeSet<i64>, StoreError> {
    if asked.lens.edition == Perspective::Organization {
        return Ok(BTreeSet::new());
    }
    let zone = store::report_facts::zone_at(conn, id, as_of)?;
    let own = asked.lens.payer.map(PayerId::as_i64);
    let Some(mut wall) = Wall::between(conn, id, own.into_iter(), (as_of, zone))? else {
        return Ok(BTreeSet::new());
    };
    let visits: Vec<Visit> = visits.iter().map(Known::visit).collect();
    Ok(wall.hides(conn, own.unwrap_or_default(), &visits)?.into_iter().collect())
}

/// The months of a period; the first and last may be parts.
fn months(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
    let next = |day: NaiveDate| day.with_day(1)?.checked_add_months(Step::new(1));
    let starts = std::iter::successors(Some(from), move |day| next(*day).filter(|day| *day <= to));
    starts.map(move |first| {
        let end = next(first).and_then(|day| day.pred_opt());
        (first, end.map_or(to, |end| end.min(to)))
    })
}

/// Whether it is a month from its first day to its last.
fn is_whole(first: NaiveDate, last: NaiveDate) -> bool {
    first.day() == 1 && last.succ_opt().is_some_and(|day| day.day() == 1)
}

/// The coverages of those who have authorizations.
fn coverages(
    conn: &mut Conn,
    id: OrganizationId,
    approved: &[Paper],
) -> Result<Coverages, StoreError> {
    let ids: HashSet<i64> = approved.iter().map(|paper| paper.member).collect();
    let ids: Vec<MemberId> = ids.into_iter().map(MemberId::from_i64).collect();
    let of = |member: Member| {
        (member.id.as_i64(), member.coverages.into_iter().map(|c| c.data).collect())
    };
    Ok(store::members::by_ids(conn, id, &ids)?.into_iter().map(of).collect())
}

fn names(
    conn: &mut Conn,
    asked: &Asked,
    source: &mut Source,
    (id, flags): (OrganizationId, &[Flag]),
) -> Result<Names, StoreError> {
    let peers = source.of(conn, (Part::Names, format!("{id} peers")), |conn| {
        let npis = store::peers::npis(conn, id)?;
        Ok(npis.into_iter().collect::<BTreeMap<i64, String>>())
    })?;
    if asked.lens.edition == Perspective::Payer {
        return Ok(Names { members: None, peers });
    }
    let of = |flag: &Flag| match flag.who {
        Who::Member(member, _) => Some(member),
        Who::Peer(_) | Who::All => None,
    };
    let members = source.of(conn, (Part::Names, id), |conn| {
        let ids: HashSet<i64> = flags.iter().filter_map(of).collect();
        let ids: Vec<MemberId> = ids.into_iter().map(MemberId::from_i64).collect();
        let found = store::members::by_ids(conn, id, &ids)?;
        let name = |member: Member| (member.id.as_i64(), member.data.reference.to_string());
        Ok(found.into_iter().map(name).collect::<BTreeMap<i64, String>>())
    })?;
    Ok(Names { members: Some(members), peers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    #[test]
    fn a_period_is_cut_at_its_months() {
        let day = |text: &str| parse_date(text).unwrap();
        let cut = |from: &str, to: &str| -> Vec<(String, String, bool)> {
            let all = months(day(from), day(to));
            all.map(|(a, b)| (a.to_string(), b.to_string(), is_whole(a, b))).collect()
        };
        let part = |from: &str, to: &str, whole| (from.to_owned(), to.to_owned(), whole);
        assert_eq!(
            cut("2026-01-15", "2026-03-31"),
            [
                part("2026-01-15", "2026-01-31", false),
                part("2026-02-01", "2026-02-28", true),
                part("2026-03-01", "2026-03-31", true),
            ]
        );
        assert_eq!(
            cut("2026-12-31", "2027-01-01"),
            [part("2026-12-31", "2026-12-31", false), part("2027-01-01", "2027-01-01", false),]
        );
        assert_eq!(cut("2026-02-01", "2026-02-28"), [part("2026-02-01", "2026-02-28", true)]);
        assert_eq!(cut("2028-02-01", "2028-02-28"), [part("2028-02-01", "2028-02-28", false)]);
    }
}
