//! A report of the frame for people at a terminal: its lines without the columns that say nothing in any of
//! them, and whether it ties.

use crate::reports::formats::{Format, LEVEL};
use crate::reports::frame::{Answer, Value};

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Printed {
    /// For people.
    Table,
    /// As the API gives it out.
    As(Format),
}

impl std::fmt::Display for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Table => f.write_str("table"),
            Self::As(format) => format.fmt(f),
        }
    }
}

/// Reads one.
pub(super) fn printed(text: &str) -> Result<Printed, String> {
    match text {
        "table" => Ok(Printed::Table),
        _ => Format::parse(text).map(Printed::As).map_err(|e| format!("table, or {e}")),
    }
}

/// The lines, and the checks that do not hold.
pub(super) fn table(answer: &Answer) -> String {
    let lines: Vec<_> = answer.levels().collect();
    let says = |place: usize| {
        let of = |row: &[Value]| row.get(place).is_some_and(|v| !matches!(v, Value::Null(_)));
        lines.iter().any(|(_, row)| of(row))
    };
    let columns = answer.table.columns.iter().enumerate();
    let shown: Vec<(usize, &str)> =
        columns.filter(|(place, _)| says(*place)).map(|(place, c)| (place, c.name)).collect();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(std::iter::once(LEVEL.name).chain(shown.iter().map(|(_, name)| *name)));
    for (level, row) in &lines {
        let cell =
            |(place, _): &(usize, &str)| row.get(*place).map(Value::plain).unwrap_or_default();
        let cells = shown.iter().map(cell);
        table.add_row(std::iter::once((*level).to_owned()).chain(cells));
    }
    let checks = answer.ties.checks.iter().chain(answer.control.iter().flat_map(|c| &c.checks));
    let broken: Vec<String> = checks
        .filter(|check| !check.holds)
        .map(|c| format!("\n  {}: {} against {}", c.what, c.left, c.right))
        .collect();
    let word = if broken.is_empty() { "ties" } else { "DOES NOT TIE" };
    format!("{table}\nThe report {word}.{}", broken.concat())
}
