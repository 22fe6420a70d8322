//! Engagement (U8): how soon people are seen after their enrollment, and whether they are still seen 30,
//! 60 and 90 days on. Cohorts by month of enrollment; whoever waits stays in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::domain::dates::{Instant, Span};
use crate::domain::episode::EpisodeData;
use crate::domain::ids::{EpisodeId, OrganizationId, PayerId};
use crate::domain::report::engagement::{Enrollment, MARKS, Mark, median};
use crate::reports::frame::{Asked, Check, Column, Table, Ties, Value, month};
use crate::reports::registry::Built;
use crate::reports::source::{Part, Source};
use crate::reports::tally::count;
use crate::reports::utilization::Perspective;
use crate::reports::wave::part2::Wall;
use crate::store::report_facts::{Wanted, each};
use crate::store::report_lines::Visit;
use crate::store::{self, Conn, StoreError};

/// Episodes that are read at a time.
const PAGE: i64 = 500;
/// Episodes whose consents are read at a time.
const HIDDEN_AT_ONCE: usize = 500;
/// Days after enrollment in which contacts are looked for.
const FOLLOWED_DAYS: i64 = 366;

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("month", "month of the enrollment: the first day of the episode"),
    Column::sum(
        "enrolled",
        "episodes",
        "episodes that began in the month; each counts once; for a payer, those that name it as their payer",
    ),
    Column::sum(
        "engaged",
        "episodes",
        "seen on or after the first day, within 366 days; not by a visit from which the member was absent",
    ),
    Column::rate("engaged_share", "", "engaged / enrolled; null without episodes"),
    Column::sum("early", "episodes", "with two contacts in the first 14 days"),
    Column::distinct(
        "median_days_to_first",
        "days",
        "calendar days; those not seen yet count as long as they were watched; null (not_reached)",
    ),
    Column::sum("due_30", "episodes", "open on day 30, which has come"),
    Column::sum("retained_30", "episodes", "of those, with a contact in days 1 to 30"),
    Column::rate("retained_share_30", "", "retained_30 / due_30; null without any due"),
    Column::sum("ended_30", "episodes", "ended before day 30: completed or left, kept apart"),
    Column::sum("due_60", "episodes", "open on day 60, which has come"),
    Column::sum("retained_60", "episodes", "of those, with a contact in days 31 to 60"),
    Column::rate("retained_share_60", "", "retained_60 / due_60; null without any due"),
    Column::sum("ended_60", "episodes", "ended before day 60"),
    Column::sum("due_90", "episodes", "open on day 90, which has come"),
    Column::sum("retained_90", "episodes", "of those, with a contact in days 61 to 90"),
    Column::rate("retained_share_90", "", "retained_90 / due_90; null without any due"),
    Column::sum("ended_90", "episodes", "ended before day 90"),
];

const CHAIN: &str =
    "enrolled = episodes that began in the period; enrolled = due + ended + not due yet";

/// A cohort.
#[derive(Debug, Default)]
struct Cohort {
    enrolled: i64,
    engaged: i64,
    early: i64,
    seen: Vec<i64>,
    waiting: Vec<i64>,
    /// Retained, not seen, ended, not due, at each mark.
    marks: [[i64; 4]; 3],
}

impl Cohort {
    fn add(&mut self, of: &Enrollment, today: NaiveDate) {
        self.enrolled += 1;
        self.engaged += i64::from(!of.contacts.is_empty());
        self.early += i64::from(of.early() >= 2);
        match of.first() {
            Some(days) => self.seen.push(days),
            None => self.waiting.push(of.watched(today)),
        }
        for (counts, k) in self.marks.iter_mut().zip(MARKS) {
            let [retained, not_seen, ended, not_due] = counts;
            match of.mark(k, today) {
                Mark::Retained => *retained += 1,
                Mark::NotSeen => *not_seen += 1,
                Mark::Ended => *ended += 1,
                Mark::NotDue => *not_due += 1,
            }
        }
    }

    fn row(&self, organization: &str, month: &str) -> Vec<Value> {
        let first = match median(&self.seen, &self.waiting) {
            Some(days) => Value::Integer(days),
            None if self.enrolled == 0 => Value::Null("no_denominator"),
            None => Value::Null("not_reached"),
        };
        let mut row = vec![
            Value::text(organization),
            Value::text(month),
            Value::Integer(self.enrolled),
            Value::Integer(self.engaged),
            Value::share(self.engaged, self.enrolled),
            Value::Integer(self.early),
            first,
        ];
        for [retained, not_seen, ended, _] in self.marks {
            let due = retained + not_seen;
            row.extend([
                Value::Integer(due),
                Value::Integer(retained),
                Value::share(retained, due),
                Value::Integer(ended),
            ]);
        }
        row
    }
}

/// What was counted.
#[derive(Debug, Default)]
struct Work {
    cohorts: BTreeMap<(String, String), Cohort>,
    all: Cohort,
    episodes: i64,
    left_out: bool,
}

/// An episode, as it is kept with an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    id: EpisodeId,
    member: i64,
    span: Span,
}

/// Makes it.
pub fn build(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
    source: &mut Source,
) -> Result<Built, StoreError> {
    let mut work = Work::default();
    for (id, name) in super::listed(conn, asked, source)? {
        work.organization(conn, asked, source, ((id, &name), as_of))?;
    }
    let Work { cohorts, all, episodes, left_out } = work;
    let mut table = Table::new(COLUMNS);
    for ((organization, month), cohort) in &cohorts {
        table.rows.push(cohort.row(organization, month));
    }
    table.totals = Some(all.row("all", "all"));
    let mut checks = super::adds_up(&table);
    checks.push(Check::whole("enrolled = episodes", all.enrolled, episodes));
    let waiting = count(all.waiting.len());
    checks.push(Check::whole("enrolled = engaged + waiting", all.enrolled, all.engaged + waiting));
    for (counts, k) in all.marks.iter().zip(MARKS) {
        let what = format!("day {k}: enrolled = retained + not seen + ended + not due");
        checks.push(Check::whole(what, all.enrolled, counts.iter().sum()));
    }
    let left_out = (asked.lens.edition == Perspective::Payer).then_some(left_out);
    Ok(Built { left_out, ..Built::whole(table, Ties::of(CHAIN, checks), None) })
}

impl Work {
    fn organization(
        &mut self,
        conn: &mut Conn,
        asked: &Asked,
        source: &mut Source,
        ((id, name), as_of): ((OrganizationId, &str), Instant),
    ) -> Result<(), StoreError> {
        let today = super::today(conn, source, (id, as_of))?;
        let seen_by = source.visits(conn, as_of)?;
        let contacts = contacts(conn, asked, id, seen_by)?;
        let begun: Vec<Begun> =
            source.of(conn, (Part::Episodes, id), |conn| begun(conn, asked, id))?;
        let hidden: BTreeSet<EpisodeId> = source.of(conn, (Part::Consents, id), |conn| {
            hidden(conn, asked, (id, as_of), (&begun, &contacts))
        })?;
        for episode in begun.iter().filter(|episode| episode.span.from <= today) {
            if hidden.contains(&episode.id) {
                self.left_out = true;
            } else {
                self.add(name, &enrollment(episode, &contacts), today);
            }
        }
        Ok(())
    }

    fn add(&mut self, organization: &str, of: &Enrollment, today: NaiveDate) {
        self.episodes += 1;
        let cohort = (organization.to_owned(), month(of.from));
        self.cohorts.entry(cohort).or_default().add(of, today);
        self.all.add(of, today);
    }
}

/// Whether an episode began in the period and is the reader's to see: a payer is told of those that name
/// it, and of no others.
fn wanted(asked: &Asked, data: &EpisodeData) -> bool {
    let own = match (asked.lens.edition, asked.lens.payer) {
        (Perspective::Payer, payer) => data.payer.is_some() && data.payer == payer,
        (_, Some(payer)) => data.counts_for(payer),
        (_, None) => true,
    };
    own && (asked.from..=asked.to).contains(&data.span.from)
}

/// The episodes that began in the period and are the reader's to see.
fn begun(conn: &mut Conn, asked: &Asked, id: OrganizationId) -> Result<Vec<Begun>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let filter = store::episodes::Filter::default();
        let list = store::episodes::list(conn, id, &filter, after, PAGE)?;
        after = list.last().map(|e| e.id);
        let full = i64::try_from(list.len()).is_ok_and(|n| n == PAGE);
        let list = list.into_iter().filter(|episode| wanted(asked, &episode.data));
        all.extend(list.map(|episode| {
            let EpisodeData { member, span, .. } = episode.data;
            Begun { id: episode.id, member: member.as_i64(), span }
        }));
        if !full {
            return Ok(all);
        }
    }
}

/// Of these episodes those that a payer may not be told of: a consent is missing for a service and day that
/// they may be for, or for a contact that they count. That somebody is enrolled in a Part 2 program is told with
/// a consent only, also in a sum.
fn hidden(
    conn: &mut Conn,
    asked: &Asked,
    (id, as_of): (OrganizationId, Instant),
    (begun, contacts): (&[Begun], &HashMap<i64, Vec<Visit>>),
) -> Result<BTreeSet<EpisodeId>, StoreError> {
    let payer = asked.lens.payer.filter(|_| asked.lens.edition == Perspective::Payer);
    let Some(payer) = payer.map(PayerId::as_i64) else { return Ok(BTreeSet::new()) };
    let zone = store::report_facts::zone_at(conn, id, as_of)?;
    let Some(mut wall) = Wall::between(conn, id, std::iter::once(payer), (as_of, zone))? else {
        return Ok(BTreeSet::new());
    };
    let mut all = BTreeSet::new();
    for list in begun.chunks(HIDDEN_AT_ONCE) {
        let visits: Vec<Visit> =
            list.iter().flat_map(|episode| followed(episode, contacts)).cloned().collect();
        let behind = wall.hides(conn, payer, &visits)?;
        wall.learn(conn, list.iter().map(|episode| episode.member))?;
        let hides = |episode: &&Begun| {
            let days = (episode.span.from, episode.span.to);
            !wall.shows_person((payer, episode.member), days)
                || followed(episode, contacts).any(|visit| behind.contains(&visit.encounter))
        };
        all.extend(list.iter().filter(hides).map(|episode| episode.id));
    }
    Ok(all)
}

/// The contacts that an episode counts.
fn followed<'a>(
    episode: &Begun,
    contacts: &'a HashMap<i64, Vec<Visit>>,
) -> impl Iterator<Item = &'a Visit> {
    let (from, to) = (episode.span.from, episode.span.to);
    contacts.get(&episode.member).into_iter().flatten().filter(move |visit| {
        visit.date >= from
            && to.is_none_or(|to| visit.date <= to)
            && (visit.date - from).num_days() < FOLLOWED_DAYS
    })
}

fn enrollment(episode: &Begun, contacts: &HashMap<i64, Vec<Visit>>) -> Enrollment {
    let mut days: Vec<NaiveDate> = followed(episode, contacts).map(|visit| visit.date).collect();
    days.sort_unstable();
    Enrollment { from: episode.span.from, to: episode.span.to, contacts: days }
}

/// Contacts by member, as far as the reader sees them.
fn contacts(
    conn: &mut Conn,
    asked: &Asked,
    id: OrganizationId,
    as_of: Instant,
) -> Result<HashMap<i64, Vec<Visit>>, StoreError> {
    let mut all: HashMap<i64, Vec<Visit>> = HashMap::new();
    let to = asked.to.checked_add_signed(TimeDelta::days(FOLLOWED_DAYS)).unwrap_or(asked.to);
    let wanted = Wanted { organization: Some(id), from: asked.from, to, as_of };
    each(conn, wanted, |known| {
        // Whoever did not come was not seen.
        if asked.lens.sees(&known.fact) && !known.fact.absent {
            all.entry(known.fact.member).or_default().push(known.visit());
        }
    })?;
    Ok(all)
}
