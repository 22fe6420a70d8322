//! The frame that every report stands in: what was asked, by whom, on which basis, as of when, what is
//! null and why, and what the numbers reconcile to (`docs/reports.md`).

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::cells::Dimension;
pub use super::table::{Check, Column, Kind, Nulls, Table, Ties, Value};
use super::table::{Object, Objects};
use super::utilization::{Perspective, words};
use crate::domain::audit::Detail;
use crate::domain::dates::Instant;
use crate::domain::enrollment::{Convention, EnrollmentFile, Month};
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::text::code_list;

/// Days after the end of a period until it is taken for complete, when nobody says otherwise: three
/// months, after which the claims of a month are usually in.
pub const RUN_OUT_DAYS: i64 = 90;
/// Longest run-out that may be asked for: two years.
pub const MAX_RUN_OUT_DAYS: i64 = 730;
/// Longest period of one report, in days: ten years and their leap days.
pub const MAX_DAYS: i64 = 3_653;

code_list!(
    /// By which date a row is placed in the period.
    Basis, "a basis" {
        /// The date of service.
        Service = "service",
        /// The day on which the claim was first released.
        Submission = "submission",
        /// The day on which the payer says that it received the claim.
        Receipt = "receipt",
        /// The date of the payment.
        Paid = "paid",
    }
);

/// Whose report it is about: one organization or one payer or both.
#[derive(Debug, Clone, Copy)]
pub struct Lens {
    /// Who reads.
    pub edition: Perspective,
    /// One organization, or all.
    pub organization: Option<OrganizationId>,
    /// One payer, or all.
    pub payer: Option<PayerId>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// By whom, and about whom.
    pub lens: Lens,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// By which date.
    pub basis: Basis,
    /// As it was known then; as it is known now when none.
    pub as_of: Option<Instant>,
    /// For movements: against what was known then.
    pub since: Option<Instant>,
    /// Days after the period until it is complete.
    pub run_out_days: i64,
    /// For rates: how a member's month is counted.
    pub convention: Option<Convention>,
    /// For utilization: what its rows are grouped by, in this order.
    pub group_by: Vec<Dimension>,
}

impl Asked {
    /// Whether what was known at a time is complete for the period.
    pub fn complete(&self, as_of: Instant) -> bool {
        let end = self.to.checked_add_signed(TimeDelta::days(self.run_out_days));
        end.is_some_and(|end| as_of.utc().date_naive() >= end)
    }

    /// The months of which only a part lies in the period, as they are written: sums of theirs are not those
    /// of a month.
    pub fn partial_months(&self) -> Vec<String> {
        let ends = [self.from, self.to].map(Month::of);
        let partly = |at: &Month| at.first < self.from || at.last > self.to;
        let mut list: Vec<String> =
            ends.into_iter().filter(partly).map(|at| month(at.first)).collect();
        list.dedup();
        list
    }

    /// What the audit trail is told of the question.
    pub fn detail(&self, report: &str, format: impl std::fmt::Display) -> Detail {
        let detail = Detail::default()
            .about("report", report)
            .about("format", format)
            .about("basis", self.basis)
            .about("from", self.from)
            .about("to", self.to);
        let more = [("as_of", self.as_of), ("since", self.since)];
        let times = more.into_iter().filter_map(|(name, at)| Some((name, at?)));
        let detail = times.fold(detail, |detail, (name, at)| detail.about(name, at));
        let detail = match self.convention {
            Some(convention) => detail.about("convention", convention),
            None => detail,
        };
        if self.group_by.is_empty() {
            return detail;
        }
        detail.about("group_by", words(&self.group_by))
    }
}

/// A report as it is given out.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its definition.
    pub definition: &'static super::registry::Definition,
    /// What was asked.
    pub asked: Asked,
    /// Keys of the organization and the payer, where one is meant.
    pub names: (Option<String>, Option<String>),
    /// What was known at this time.
    pub as_of: Instant,
    /// The numbers.
    pub table: Table,
    /// What adds up.
    pub ties: Ties,
    /// What only the present can be held against: the claim lines as they are now.
    pub control: Option<Ties>,
    /// Whether somebody's rows are not shown for want of a consent, where that may be.
    pub left_out: Option<bool>,
    /// The payer's files of who is enrolled that were read.
    pub enrollment: Vec<EnrollmentFile>,
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (def, asked) = (self.definition, &self.asked);
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("report", def.name)?;
        map.serialize_entry("definition", &def.version)?;
        map.serialize_entry("edition", &asked.lens.edition)?;
        map.serialize_entry("organization", &self.names.0)?;
        map.serialize_entry("payer", &self.names.1)?;
        map.serialize_entry("basis", asked.basis.as_str())?;
        map.serialize_entry("from", &asked.from)?;
        map.serialize_entry("to", &asked.to)?;
        map.serialize_entry("partial_months", &asked.partial_months())?;
        map.serialize_entry("as_of", &self.as_of)?;
        map.serialize_entry("since", &asked.since)?;
        map.serialize_entry("run_out_days", &asked.run_out_days)?;
        map.serialize_entry("complete", &asked.complete(self.as_of))?;
        if let Some(convention) = asked.convention {
            map.serialize_entry("convention", convention.as_str())?;
        }
        let grouped = def.parameters.contains(&"group_by");
        if grouped {
            map.serialize_entry("group_by", &asked.group_by)?;
        }
        map.serialize_entry("privacy", def.privacy)?;
        map.serialize_entry("suppression", def.suppression())?;
        map.serialize_entry("notice", &self.notice())?;
        if let Some(left_out) = &self.left_out {
            map.serialize_entry("left_out_without_consent", left_out)?;
        }
        let columns = self.table.columns;
        map.serialize_entry("rows", &Objects(columns, &self.table.rows))?;
        if grouped {
            map.serialize_entry("subtotals", &Objects(columns, &self.table.subtotals))?;
        }
        map.serialize_entry("totals", &self.totals())?;
        let fixed = self.table.columns.iter().filter(|c| !c.additive && c.kind != Kind::Text);
        map.serialize_entry("non_additive", &fixed.map(|c| c.name).collect::<Vec<_>>())?;
        map.serialize_entry("nulls", &self.nulls())?;
        map.serialize_entry("ties", &self.ties)?;
        if let Some(control) = &self.control {
            map.serialize_entry("control", control)?;
        }
        map.end()
    }
}

/// Stands for every column, where all are null.
pub(super) const ALL: &str = "*";

/// What goes with every record of a Part 2 program to whoever may read it (42 CFR 2.32(a)(2)).
pub const NOTICE: &str = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";

impl Answer {
    /// The level above the rows, as it is written.
    pub(super) fn totals(&self) -> Option<Object<'_>> {
        self.table.totals.as_ref().map(|t| Object(self.table.columns, t))
    }

    /// What a payer is told of records that may be those of a Part 2 program.
    pub fn notice(&self) -> Option<&'static str> {
        (self.asked.lens.edition == Perspective::Payer).then_some(NOTICE)
    }

    /// What is null, and why.
    pub fn nulls(&self) -> Vec<Nulls> {
        match self.asked.basis {
            Basis::Receipt | Basis::Paid => {
                vec![Nulls { column: ALL, reason: "no_remittances", count: 1 }]
            }
            Basis::Service | Basis::Submission => self.table.nulls(),
        }
    }
}

/// The version of what the numbers of a report mean. The second one: a payer's people are counted under all
/// of their numbers (`docs/adr/0140`). The third one of rates: member-months of the payer's file stand beside them. Of authorizations: what was drawn before
/// go-live is no use of released claims.
pub(super) const fn version(report: &str) -> u32 {
    match report.as_bytes() {
        b"utilization" | b"delivery" | b"mix" | b"over_use" | b"authorizations" | b"ending"
        | b"pace" => 2,
        b"rates" => 3,
        _ => 1,
    }
}

/// A month as it is written.
pub fn month(day: NaiveDate) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}
