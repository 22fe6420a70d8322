//! The utilization report as CSV: one line for each group of each level, told apart by `level`.

use super::csv_out::Table;
use super::measures::Measures;
use super::utilization::{Row, Utilization};
use crate::error::AppError;

/// The columns, as `docs/reports.md` documents them.
pub const COLUMNS: [&str; 27] = [
    "level",
    "month",
    "organization",
    "service",
    "role",
    "mode",
    "setting",
    "program",
    "members",
    "encounters_recorded",
    "encounters_ready",
    "encounters_held",
    "encounters_non_billable",
    "encounters_claimed",
    "encounters_submitted",
    "units_recorded",
    "units_ready",
    "units_held",
    "units_claimed",
    "units_submitted",
    "contact_minutes",
    "contact_hours",
    "units_per_member",
    "billed",
    "expected",
    "paid",
    "ties",
];

impl Utilization {
    /// As CSV.
    pub fn csv(&self) -> Result<String, AppError> {
        let mut table = Table::new(&COLUMNS)?;
        for row in &self.rows {
            self.line(&mut table, "row", Some(row), &row.measures)?;
        }
        for row in &self.subtotals {
            self.line(&mut table, "subtotal", Some(row), &row.measures)?;
        }
        self.line(&mut table, "total", None, &self.totals)?;
        table.finish()
    }

    fn line(
        &self,
        table: &mut Table,
        level: &str,
        row: Option<&Row>,
        m: &Measures,
    ) -> Result<(), AppError> {
        let text = |pick: fn(&Row) -> &Option<String>| {
            row.and_then(|r| pick(r).clone()).unwrap_or_default()
        };
        let maybe = |count: Option<i64>| count.map(|c| c.to_string()).unwrap_or_default();
        let (e, u) = (&m.encounters, &m.units);
        let units = |count: Option<i64>| maybe(count.and_then(|count| u.told(count)));
        let fields = [
            level.to_owned(),
            text(|r| &r.month),
            text(|r| &r.organization),
            text(|r| &r.service),
            text(|r| &r.role),
            text(|r| &r.mode),
            text(|r| &r.setting),
            text(|r| &r.program),
            m.members.to_string(),
            e.recorded.to_string(),
            maybe(e.ready),
            maybe(e.held),
            maybe(e.non_billable),
            maybe(e.claimed),
            e.submitted.to_string(),
            units(Some(u.recorded)),
            units(u.ready),
            units(u.held),
            units(u.claimed),
            units(Some(u.submitted)),
            m.contact_minutes.to_string(),
            m.contact_hours.to_string(),
            m.units_per_member.map(|d| d.to_string()).unwrap_or_default(),
            m.billed.to_string(),
            m.expected.to_string(),
            m.paid.map(|p| p.to_string()).unwrap_or_default(),
            self.ties.ties.to_string(),
        ];
        table.row(fields.iter().map(String::as_str))
    }
}
