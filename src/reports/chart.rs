//! The four charts that people look at, as plain SVG: units by month, authorizations used against time
//! passed, held work by reason, timeliness. Bars with their numbers beside them, read without colors too; a month
//! that the period cuts does not look like a whole one.

mod draw;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use draw::{Bar, Chart};

use super::frame::{Answer, Basis, Value};
use crate::error::{AppError, Code};

/// A share of one, in ten-thousandths.
const WHOLE: i64 = 10_000;

/// What is told in place of units that are no number.
const MIXED: &str = "units of different lengths";

/// What stands beside a month that the period cuts.
const PART: &str = "(part)";

/// Reports that have a picture.
const CHARTED: [&str; 6] = ["delivery", "authorizations", "ending", "pace", "held", "timeliness"];

fn no_chart() -> AppError {
    let detail = "Parameter format: svg is for delivery, authorizations, ending, pace, held and \
                  timeliness.";
    AppError::new(Code::InvalidParameter, detail)
}

/// Refuses a report without a picture, and one without numbers.
pub(super) fn charted(name: &str, basis: Basis) -> Result<(), AppError> {
    if matches!(basis, Basis::Receipt | Basis::Paid) {
        let detail = "Parameter format: on this basis there is nothing to draw, because remittances \
                      are not posted yet.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    if CHARTED.contains(&name) { Ok(()) } else { Err(no_chart()) }
}

impl Answer {
    /// The report as a picture.
    pub(super) fn picture(&self) -> Result<String, AppError> {
        charted(self.definition.name, self.asked.basis)?;
        let chart = match self.definition.name {
            "delivery" => self.by_month(),
            "authorizations" | "ending" | "pace" => self.burn_down(),
            "held" => self.by_reason(),
            "timeliness" => self.in_time(),
            _ => return Err(no_chart()),
        };
        Ok(chart.draw(&self.below(&chart), &self.foot()))
    }

    fn cell<'a>(&self, row: &'a [Value], name: &str) -> Option<&'a Value> {
        let place = self.table.columns.iter().position(|c| c.name == name)?;
        row.get(place)
    }

    fn whole(&self, row: &[Value], name: &str) -> i64 {
        match self.cell(row, name) {
            Some(Value::Integer(number)) => *number,
            _ => 0,
        }
    }

    /// Units of a row; none where they are of different lengths.
    fn units(&self, row: &[Value]) -> Option<i64> {
        match self.cell(row, "units") {
            Some(Value::Integer(units)) => Some(*units),
            _ => None,
        }
    }

    fn word(&self, row: &[Value], name: &str) -> String {
        self.cell(row, name).map(Value::plain).unwrap_or_default()
    }

    /// A share in ten-thousandths.
    fn share(&self, row: &[Value], name: &str) -> Option<i64> {
        match self.cell(row, name) {
            Some(Value::Decimal(share)) => (share * Decimal::from(WHOLE)).round().to_i64(),
            _ => None,
        }
    }

    /// A month that the period cuts is marked: a short bar of it says nothing of the month.
    fn by_month(&self) -> Chart {
        // Units of different lengths make no bar: of one row, or of several that are not one number.
        let total = self.table.totals.as_ref().and_then(|totals| self.units(totals));
        let mut months: BTreeMap<String, Option<i64>> = BTreeMap::new();
        for row in &self.table.rows {
            let units = self.units(row);
            months
                .entry(self.word(row, "month"))
                .and_modify(|sum| *sum = total.and(*sum).zip(units).map(|(sum, more)| sum + more))
                .or_insert(units);
        }
        let partial = self.asked.partial_months();
        let bar = |(label, units): (String, Option<i64>)| {
            let partial = partial.contains(&label);
            Bar {
                label,
                detail: if partial { PART } else { "" }.to_owned(),
                parts: [units.unwrap_or_default(), 0, 0],
                text: units.map_or_else(|| MIXED.to_owned(), |units| units.to_string()),
                partial,
                ..Bar::default()
            }
        };
        let bars = months.into_iter().map(bar).collect();
        Chart { title: "Units by month", legend: &["units"], bars, ..Chart::default() }
    }

    /// Each bar is as long as its own authorization; those that run out first come first.
    fn burn_down(&self) -> Chart {
        let mut bars: Vec<(i64, Bar)> = Vec::new();
        for row in &self.table.rows {
            let (approved, used) = (self.whole(row, "approved"), self.whole(row, "used"));
            let used = used + self.whole(row, "opening");
            let (reserved, left) = (self.whole(row, "reserved"), self.whole(row, "remaining"));
            let elapsed = self.share(row, "time_elapsed");
            let of_approved = |units: i64| units.saturating_mul(WHOLE) / approved.max(1);
            let parts = [used, reserved, left.max(0)].map(of_approved);
            let ahead = parts.iter().take(2).sum::<i64>() - elapsed.unwrap_or_default();
            let text = format!("{left} of {approved} left");
            let bar = Bar {
                label: self.word(row, "authorization"),
                parts,
                text,
                mark: elapsed,
                ..Bar::default()
            };
            bars.push((ahead, bar));
        }
        bars.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.label.cmp(&y.label)));
        Chart {
            title: "Authorizations: units used, reserved and left; the line is the time that has passed",
            legend: &["used", "reserved", "left"],
            bars: bars.into_iter().map(|(_, bar)| bar).collect(),
            whole: Some(WHOLE),
        }
    }

    fn by_reason(&self) -> Chart {
        let rows = self.table.rows.iter().filter(|row| self.word(row, "reason") != "held");
        let mut bars: Vec<Bar> = rows
            .map(|row| {
                let (units, contacts) = (self.units(row), self.whole(row, "contacts"));
                let parts = [units.unwrap_or_default(), 0, 0];
                let told = units.map_or_else(|| MIXED.to_owned(), |units| format!("{units} units"));
                let text = format!("{told}, {contacts} contacts");
                Bar { label: self.word(row, "reason"), parts, text, ..Bar::default() }
            })
            .collect();
        bars.sort_by(|a, b| b.parts.cmp(&a.parts).then_with(|| a.label.cmp(&b.label)));
        let title = "Held and unreleased units by reason; a visit may wait for several";
        Chart { title, legend: &["units"], bars, ..Chart::default() }
    }

    fn in_time(&self) -> Chart {
        let mut bars = Vec::new();
        for row in &self.table.rows {
            for days in ["7", "30", "90"] {
                let share = self.share(row, &format!("share_within_{days}"));
                let leg = self.word(row, "leg");
                // One that was asked for stands below the title.
                let of = match self.names.0 {
                    Some(_) => String::new(),
                    None => self.word(row, "organization"),
                };
                let text = share.map_or_else(
                    || "nothing is due yet".to_owned(),
                    |share| format!("{}.{:02} %", share / 100, share % 100),
                );
                bars.push(Bar {
                    label: of,
                    detail: format!("{leg} in {days} days"),
                    parts: [share.unwrap_or_default(), 0, 0],
                    text,
                    ..Bar::default()
                });
            }
        }
        let title = "Share of contacts in time, of those that are finished or due";
        Chart { title, legend: &["in time"], bars, whole: Some(WHOLE) }
    }

    /// What whoever reads it has to know, below the bars.
    fn foot(&self) -> Vec<&'static str> {
        let hidden = "Rows of people are not shown, and not in any total, for want of a consent.";
        let hidden = self.left_out.unwrap_or_default().then_some(hidden);
        self.notice().into_iter().chain(hidden).collect()
    }

    /// What a number is about stands with it.
    fn below(&self, chart: &Chart) -> [String; 2] {
        let all = |name: &Option<String>| name.clone().unwrap_or_else(|| "all".to_owned());
        let complete = if self.asked.complete(self.as_of) { "complete" } else { "not complete" };
        let more = match chart.left_out() {
            0 => String::new(),
            more => format!("; {more} more rows"),
        };
        let (organization, payer) = (all(&self.names.0), all(&self.names.1));
        let (from, to) = (self.asked.from, self.asked.to);
        [
            format!("organization {organization}, payer {payer}"),
            format!(
                "by {} date, {from} to {to}, as of {}, {complete}{more}",
                self.asked.basis, self.as_of
            ),
        ]
    }
}
