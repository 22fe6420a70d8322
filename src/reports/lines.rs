//! The lines behind utilization, one by one: what an analyst holds against the payer's own claim data.
//!
//! Written as they are read, page by page, so that memory holds a page however many there are; all of it from
//! one snapshot of the database, which is as of its beginning. At its end the sums of what was written are
//! held against those of utilization in the same snapshot.

mod rows;
mod sums;

use std::collections::HashMap;
use std::io::Write;

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value as Json, json};

use super::formats::Format;
use super::frame::{Asked, Column, NOTICE, Nulls, Value};
use super::rows_out::{self, Entries, RowsOut, Tail};
use super::utilization::Perspective;
use super::wave::{organizations, part2::Wall};
use super::{issue, registry};
use crate::domain::dates::Instant;
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::report::day::Counts;
use crate::error::{AppError, Code};
use crate::store::line_pages::{self, SentClaim, Source};
use crate::store::{self, Conn};
pub use rows::COLUMNS;
use rows::{Told, sent, waiting};
use sums::{Lengths, MIXED, Sums};

/// Claims or lines that are read at a time.
const PAGE: usize = 500;
/// A claim's lines lie at most so many days after its first: a month.
const CLAIM_DAYS: i64 = 31;
/// What the last line of a text says of the whole.
const TAIL: Tail = &[
    Column::time("as_of", "of the total: what was known at this time, in UTC"),
    Column::flag("complete", "of the total: whether the run-out had passed at that time"),
    Column::flag(
        "ties",
        "of the total: whether the lines add up to what utilization says; empty where lines are left out",
    ),
    Column::words("notice", "of the total: for a payer, what 42 CFR 2.32 says"),
    Column::flag(
        "left_out_without_consent",
        "of the total: whether lines of people are not shown, and not in it, for want of a consent",
    ),
    Column::words(
        "partial_months",
        "of the total: months of which only a part lies in the period, joined by semicolons",
    ),
];

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Lines.
    pub lines: u64,
    /// As of when.
    pub as_of: Instant,
    /// Whether they add up to what utilization says; none where lines were left out.
    pub ties: Option<bool>,
}

/// Refuses what cannot be answered.
pub fn check(asked: &Asked, format: Format) -> Result<(), AppError> {
    if format == Format::Svg {
        let detail = "Parameter format: lines are written as json, csv, pipe, xlsx or parquet.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    super::look::look(&registry::LINES, asked)
}

/// What the columns are, as CSV.
pub fn dictionary() -> Result<String, AppError> {
    super::formats::dictionary(COLUMNS, TAIL)
}

/// As of when the lines are that [`write`] writes in the same snapshot, which began after `now`.
pub fn as_of(conn: &mut Conn, now: Instant) -> Result<Instant, AppError> {
    Ok(store::report_facts::clock(conn)?.max(now))
}

/// Writes all of them, in the caller's snapshot, which began after `now`. `step` is told of the lines so far
/// after each page, and may end it by an error. What was written is whole only when this has succeeded.
pub fn write(
    conn: &mut Conn,
    asked: &Asked,
    now: Instant,
    (format, to): (Format, impl Write + Send),
    step: &mut dyn FnMut(u64) -> Result<(), AppError>,
) -> Result<Written, AppError> {
    check(asked, format)?;
    let as_of = as_of(conn, now)?;
    let late = sums::late(conn, asked)?;
    let head = head(conn, asked, as_of)?;
    let payers = store::report_days::payer_keys(conn)?;
    let out = rows_out::begin(format, to, COLUMNS, head, TAIL)?;
    let own = asked.lens.edition == Perspective::Organization;
    let (sums, nulls) = (Sums::default(), Vec::new());
    let mut work =
        Work { asked, as_of, own, payers, out, sums, nulls, lines: 0, left_out: false, step };
    for (id, key) in organizations(conn, asked)? {
        work.claims(conn, id, &key)?;
        if own {
            work.waiting(conn, id, &key)?;
        }
    }
    let (counts, lengths) = sums::utilization(conn, asked, &late)?;
    work.end(&counts, &lengths)
}

/// What stands before the lines.
fn head(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Entries, AppError> {
    let definition = &registry::LINES;
    let (organization, payer) = registry::names(conn, asked)?;
    let notice = (asked.lens.edition == Perspective::Payer).then_some(NOTICE);
    Ok(vec![
        ("report", json!(definition.name)),
        ("definition", json!(definition.version)),
        ("edition", json!(issue::edition(asked.lens.edition))),
        ("organization", json!(organization)),
        ("payer", json!(payer)),
        ("basis", json!(asked.basis.as_str())),
        ("from", json!(asked.from)),
        ("to", json!(asked.to)),
        ("partial_months", json!(asked.partial_months())),
        ("as_of", json!(as_of)),
        ("run_out_days", json!(asked.run_out_days)),
        ("complete", json!(asked.complete(as_of))),
        ("privacy", json!(definition.privacy)),
        ("suppression", json!(definition.suppression())),
        ("notice", json!(notice)),
    ])
}

/// The writing, as far as it has come.
struct Work<'a> {
    asked: &'a Asked,
    as_of: Instant,
    own: bool,
    payers: HashMap<i64, String>,
    out: Box<dyn RowsOut + 'a>,
    sums: Sums,
    nulls: Vec<Nulls>,
    lines: u64,
    left_out: bool,
    step: &'a mut dyn FnMut(u64) -> Result<(), AppError>,
}

impl Work<'_> {
    /// The lines on claims of an organization.
    fn claims(&mut self, conn: &mut Conn, id: OrganizationId, key: &str) -> Result<(), AppError> {
        let lens = self.asked.lens;
        let wanted =
            line_pages::Wanted { organization: id, payer: lens.payer, released_only: !self.own };
        let mut wall = None;
        if !self.own {
            let payer = lens.payer.map(PayerId::as_i64);
            let zone = store::report_facts::zone(conn, id)?;
            wall = Wall::between(conn, id, payer.into_iter(), (self.as_of, zone))?;
        }
        let before = TimeDelta::days(CLAIM_DAYS);
        let from = self.asked.from.checked_sub_signed(before).unwrap_or(self.asked.from);
        let mut next = Some(from);
        while let Some(day) = self.day(conn, Source::Claims, id, next)? {
            let mut after = 0;
            loop {
                let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
                let ids = line_pages::claims_of_day(conn, wanted, day, after, limit)?;
                let Some(last) = ids.last() else { break };
                after = *last;
                let claims = line_pages::claims_with_lines(conn, id, &ids)?;
                self.page(conn, (id, key), claims, wall.as_mut())?;
                (self.step)(self.lines)?;
                if ids.len() < PAGE {
                    break;
                }
            }
            next = day.succ_opt();
        }
        Ok(())
    }

    /// The next day on which there are any.
    fn day(
        &self,
        conn: &mut Conn,
        source: Source,
        id: OrganizationId,
        from: Option<NaiveDate>,
    ) -> Result<Option<NaiveDate>, AppError> {
        let Some(from) = from.filter(|from| *from <= self.asked.to) else { return Ok(None) };
        Ok(line_pages::first_day(conn, source, id, (from, self.asked.to))?)
    }

    fn page(
        &mut self,
        conn: &mut Conn,
        (id, key): (OrganizationId, &str),
        mut claims: Vec<SentClaim>,
        mut wall: Option<&mut Wall>,
    ) -> Result<(), AppError> {
        let period = self.asked.from..=self.asked.to;
        for claim in &mut claims {
            claim.lines.retain(|line| period.contains(&line.date));
        }
        if let Some(wall) = &mut wall {
            wall.learn(conn, claims.iter().map(|claim| claim.member))?;
        }
        let (mut members, mut visits) = (HashMap::new(), HashMap::new());
        if self.own {
            let ids: Vec<i64> = claims.iter().map(|claim| claim.member).collect();
            members = line_pages::member_references(conn, id, &ids)?;
            let ids: Vec<i64> = claims.iter().flat_map(|c| &c.lines).map(|line| line.id).collect();
            visits = line_pages::references(conn, id, &ids)?;
        }
        for claim in &claims {
            let payer = self.payers.get(&claim.payer).cloned().unwrap_or_default();
            let people = (claim.payer, claim.member);
            for line in &claim.lines {
                let shown = wall.as_ref().is_none_or(|wall| {
                    wall.shows_line(people, &line.service, line.date, claim.substance_use)
                });
                let status = rows::status(claim.status);
                self.sums.add(status, [line.units, line.charge, line.expected], shown);
                if !shown {
                    self.left_out = true;
                    continue;
                }
                self.sums.service(status, &line.service);
                let member = members.get(&claim.member).map(String::as_str);
                let visits = visits.get(&line.id).map(|list| list.join(";"));
                let told = Told { organization: key, payer: &payer, member, visits };
                self.row(&sent(claim, line, told))?;
            }
        }
        Ok(())
    }

    /// The lines that are on no claim.
    fn waiting(&mut self, conn: &mut Conn, id: OrganizationId, key: &str) -> Result<(), AppError> {
        let of = (id, self.asked.lens.payer);
        let mut next = Some(self.asked.from);
        while let Some(day) = self.day(conn, Source::Visits, id, next)? {
            let mut after = (0, 0);
            loop {
                let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
                let lines = line_pages::waiting(conn, of, day, after, limit)?;
                let Some(last) = lines.last() else { break };
                after = (last.encounter_id, last.id);
                for line in &lines {
                    let payer = line.payer_id.and_then(|id| self.payers.get(&id).cloned());
                    let payer = payer.unwrap_or_else(|| "none".to_owned());
                    self.sums.add(&line.status, [line.units, line.charge, line.expected], true);
                    self.sums.service(&line.status, &line.service);
                    self.row(&waiting(line, key, &payer))?;
                }
                (self.step)(self.lines)?;
                if lines.len() < PAGE {
                    break;
                }
            }
            next = day.succ_opt();
        }
        Ok(())
    }

    fn row(&mut self, row: &[Value]) -> Result<(), AppError> {
        self.lines += 1;
        for (column, value) in COLUMNS.iter().zip(row) {
            let Value::Null(reason) = value else { continue };
            match self.nulls.iter_mut().find(|n| n.column == column.name && n.reason == *reason) {
                Some(known) => known.count += 1,
                None => self.nulls.push(Nulls { column: column.name, reason, count: 1 }),
            }
        }
        self.out.row(row)
    }

    /// The end of it: what the lines add up to, and whether that is what utilization says.
    fn end(mut self, counts: &Counts, lengths: &Lengths) -> Result<Written, AppError> {
        let mut ties = self.sums.against(counts, self.own);
        if self.left_out {
            // With both sides told, what was left out could be read off.
            ties.checks.clear();
        }
        // What is told is less than utilization says then, and nobody can hold the one against the other.
        let holds = (!self.left_out).then_some(ties.ties);
        let totals = self.sums.totals(lengths);
        if self.sums.mixed(None, lengths) {
            self.nulls.push(Nulls { column: "units", reason: MIXED, count: 1 });
        }
        let mut foot: Entries = vec![("lines", json!(self.lines))];
        foot.push(("by_status", self.sums.by_status(lengths)));
        let fixed: [&str; 0] = [];
        foot.push(("non_additive", json!(fixed)));
        foot.push(("nulls", json!(self.nulls)));
        foot.push(("left_out_without_consent", Json::Bool(self.left_out)));
        let told = json!({"ties": holds, "chain": ties.chain, "checks": ties.checks});
        foot.push(("ties", told));
        self.out.end(&totals, &foot)?;
        Ok(Written { lines: self.lines, as_of: self.as_of, ties: holds })
    }
}
