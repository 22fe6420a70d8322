//! The utilization report as files: one line for each group of each level, told apart by `level`. CSV and
//! Parquet have the same lines, and the columns that the list of reports explains.

use super::csv_out;
use super::measures::Measures;
use super::parquet_out::Parquet;
use super::registry::UTILIZATION;
use super::table::Value;
use super::utilization::{Row, Utilization};
use super::utilization_columns::COLUMNS;
use crate::error::AppError;

impl Utilization {
    /// As CSV.
    pub fn csv(&self) -> Result<String, AppError> {
        let names: Vec<&str> = COLUMNS.iter().map(|c| c.name).collect();
        let mut table = csv_out::Table::new(&names)?;
        for line in self.lines() {
            let fields: Vec<String> = line.iter().map(Value::plain).collect();
            table.row(fields.iter().map(String::as_str))?;
        }
        table.finish()
    }

    /// As Parquet: the lines of the CSV with their types.
    pub fn parquet(&self) -> Result<Vec<u8>, AppError> {
        let mut bytes = Vec::new();
        let mut file = Parquet::begin(&mut bytes, COLUMNS, &self.said())?;
        for line in self.lines() {
            file.row(&line)?;
        }
        file.end(&[])?;
        Ok(bytes)
    }

    /// What is said of the whole.
    fn said(&self) -> Vec<(&'static str, String)> {
        let said = [
            ("report", Some(UTILIZATION.name.to_owned())),
            ("definition", Some(UTILIZATION.version.to_string())),
            ("edition", Some(super::issue::edition(self.perspective).to_owned())),
            ("basis", Some("service".to_owned())),
            ("from", Some(self.from.to_string())),
            ("to", Some(self.to.to_string())),
            ("as_of", Some(self.as_of.to_string())),
            ("group_by", Some(self.group_by.join(","))),
            ("privacy", Some(UTILIZATION.privacy.to_owned())),
            ("notice", self.notice.map(str::to_owned)),
            ("ties", Some(self.ties.ties.to_string())),
        ];
        said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The finest groups, those between, and all together.
    fn lines(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        let rows = self.rows.iter().map(|row| ("row", Some(row), &row.measures));
        let between = self.subtotals.iter().map(|row| ("subtotal", Some(row), &row.measures));
        let all = rows.chain(between).chain(std::iter::once(("total", None, &self.totals)));
        all.map(|(level, row, measures)| self.line(level, row, measures))
    }

    fn line(&self, level: &str, row: Option<&Row>, m: &Measures) -> Vec<Value> {
        let text = |pick: fn(&Row) -> &Option<String>| {
            row.and_then(|r| pick(r).as_ref()).map_or(Value::Null("not_grouped"), Value::text)
        };
        let maybe = |count: Option<i64>| count.map_or(Value::Null("not_released"), Value::Integer);
        let (e, u) = (&m.encounters, &m.units);
        let units = |count: Option<i64>| match count.map(|count| u.told(count)) {
            None => Value::Null("not_released"),
            Some(None) => Value::Null("mixed_units"),
            Some(Some(count)) => Value::Integer(count),
        };
        vec![
            Value::text(level),
            text(|r| &r.month),
            text(|r| &r.organization),
            text(|r| &r.service),
            text(|r| &r.role),
            text(|r| &r.mode),
            text(|r| &r.setting),
            text(|r| &r.program),
            Value::Integer(m.members),
            Value::Integer(e.recorded),
            maybe(e.ready),
            maybe(e.held),
            maybe(e.non_billable),
            maybe(e.claimed),
            Value::Integer(e.submitted),
            units(Some(u.recorded)),
            units(u.ready),
            units(u.held),
            units(u.claimed),
            units(Some(u.submitted)),
            Value::Integer(m.contact_minutes),
            Value::Decimal(m.contact_hours),
            m.units_per_member.map_or(Value::Null("no_denominator"), Value::Decimal),
            Value::Money(m.billed.cents()),
            Value::Money(m.expected.cents()),
            m.paid.map_or(Value::Null("no_remittances"), |paid| Value::Money(paid.cents())),
            Value::Flag(self.ties.ties),
            self.notice.map_or(Value::Null("not_so"), Value::text),
        ]
    }
}
