//! The four charts that people look at, as plain SVG: units by month, authorizations used against time
//! passed, held work by reason, timeliness. Bars with their numbers beside them, read without colors too.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::frame::{Answer, Value};
use crate::error::{AppError, Code};

/// Width of the picture, of the labels, and of the longest bar, in pixels.
const WIDTH: i64 = 960;
const LABELS: i64 = 250;
const BAR: i64 = 560;
/// Height of a row and of what stands above the rows.
const ROW: i64 = 26;
const TOP: i64 = 92;
/// Most rows of a chart; more are not read by anybody.
const MAX_ROWS: usize = 60;
/// Longest label, in characters.
const MAX_LABEL: usize = 34;
/// A share of one, in ten-thousandths.
const WHOLE: i64 = 10_000;
const COLORS: [&str; 3] = ["#1b5e8c", "#e0a030", "#c9d3da"];

/// One row of a chart.
#[derive(Debug, Default)]
struct Bar {
    label: String,
    /// Lengths in the color of their place.
    parts: [i64; 3],
    /// What stands behind the bar.
    text: String,
    /// Where a line crosses the bar.
    mark: Option<i64>,
}

/// A chart in words and numbers.
#[derive(Debug, Default)]
struct Chart {
    title: &'static str,
    legend: &'static [&'static str],
    bars: Vec<Bar>,
    /// The longest that a bar can be, where that is not its own.
    whole: Option<i64>,
}

/// Reports that have a picture.
const CHARTED: [&str; 6] = ["delivery", "authorizations", "ending", "pace", "held", "timeliness"];

fn no_chart() -> AppError {
    let detail = "Parameter format: svg is for delivery, authorizations, ending, pace, held and \
                  timeliness.";
    AppError::new(Code::InvalidParameter, detail)
}

/// Refuses a report without a picture.
pub(super) fn charted(name: &str) -> Result<(), AppError> {
    if CHARTED.contains(&name) { Ok(()) } else { Err(no_chart()) }
}

impl Answer {
    /// The report as a picture.
    pub(super) fn picture(&self) -> Result<String, AppError> {
        let chart = match self.definition.name {
            "delivery" => self.by_month(),
            "authorizations" | "ending" | "pace" => self.burn_down(),
            "held" => self.by_reason(),
            "timeliness" => self.in_time(),
            _ => return Err(no_chart()),
        };
        Ok(self.draw(&chart))
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

    fn by_month(&self) -> Chart {
        let mut months: BTreeMap<String, i64> = BTreeMap::new();
        for row in &self.table.rows {
            *months.entry(self.word(row, "month")).or_default() += self.whole(row, "units");
        }
        let bar = |(label, units): (String, i64)| Bar {
            label,
            parts: [units, 0, 0],
            text: units.to_string(),
            mark: None,
        };
        let bars = months.into_iter().map(bar).collect();
        Chart { title: "Units by month", legend: &["units"], bars, whole: None }
    }

    fn burn_down(&self) -> Chart {
        let bars = self.table.rows.iter().map(|row| {
            let (approved, used) = (self.whole(row, "approved"), self.whole(row, "used"));
            let (reserved, left) = (self.whole(row, "reserved"), self.whole(row, "remaining"));
            let elapsed = self.share(row, "time_elapsed");
            Bar {
                label: self.word(row, "authorization"),
                parts: [used, reserved, left.max(0)],
                text: format!("{left} of {approved} left"),
                mark: elapsed.map(|elapsed| approved * elapsed / WHOLE),
            }
        });
        Chart {
            title: "Authorizations: units used, reserved and left; the line is the time that has passed",
            legend: &["used", "reserved", "left"],
            bars: bars.collect(),
            whole: None,
        }
    }

    fn by_reason(&self) -> Chart {
        let rows = self.table.rows.iter().filter(|row| self.word(row, "reason") != "held");
        let mut bars: Vec<Bar> = rows
            .map(|row| {
                let (units, contacts) = (self.whole(row, "units"), self.whole(row, "contacts"));
                let parts = [units, 0, 0];
                let text = format!("{units} units, {contacts} contacts");
                Bar { label: self.word(row, "reason"), parts, text, mark: None }
            })
            .collect();
        bars.sort_by(|a, b| b.parts.cmp(&a.parts).then_with(|| a.label.cmp(&b.label)));
        let title = "Held and unreleased units by reason; a visit may wait for several";
        Chart { title, legend: &["units"], bars, whole: None }
    }

    fn in_time(&self) -> Chart {
        let mut bars = Vec::new();
        for row in &self.table.rows {
            for days in ["7", "30", "90"] {
                let share = self.share(row, &format!("share_within_{days}"));
                let (organization, leg) = (self.word(row, "organization"), self.word(row, "leg"));
                let text = share.map_or_else(
                    || "nothing is due yet".to_owned(),
                    |share| format!("{}.{:02} %", share / 100, share % 100),
                );
                bars.push(Bar {
                    label: format!("{organization} {leg} in {days} days"),
                    parts: [share.unwrap_or_default(), 0, 0],
                    text,
                    mark: None,
                });
            }
        }
        let title = "Share of contacts in time, of those that are finished or due";
        Chart { title, legend: &["in time"], bars, whole: Some(WHOLE) }
    }

    fn draw(&self, chart: &Chart) -> String {
        let shown = chart.bars.iter().take(MAX_ROWS);
        let count = i64::try_from(shown.len()).unwrap_or_default();
        let longest = |bar: &Bar| bar.parts.iter().sum::<i64>().max(bar.mark.unwrap_or_default());
        let own = chart.bars.iter().map(longest).max().unwrap_or_default();
        let whole = chart.whole.unwrap_or(own).max(1);
        let height = TOP + count.max(1) * ROW + 34;
        let (title, below) = (safe(chart.title), safe(&self.below(chart)));
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <title>{title}</title>\n<desc>{below}</desc>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
             <text x=\"16\" y=\"28\" font-size=\"17\" font-weight=\"bold\">{title}</text>\n\
             <text x=\"16\" y=\"50\" fill=\"#444444\">{below}</text>\n"
        );
        let mut x = 16;
        for (name, color) in chart.legend.iter().zip(COLORS) {
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"62\" width=\"12\" height=\"12\" fill=\"{color}\" stroke=\"#333333\"/>\
                 <text x=\"{}\" y=\"73\">{name}</text>",
                x + 18
            );
            x += 110;
        }
        for (bar, place) in shown.zip(0..) {
            bar.draw(&mut out, TOP + place * ROW, whole);
        }
        if chart.bars.is_empty() {
            let _ = writeln!(
                out,
                "<text x=\"16\" y=\"{}\">There is nothing in this period.</text>",
                TOP + 16
            );
        }
        out.push_str("</svg>\n");
        out
    }

    /// What a number is about stands with it.
    fn below(&self, chart: &Chart) -> String {
        let all = |name: &Option<String>| name.clone().unwrap_or_else(|| "all".to_owned());
        let complete = if self.asked.complete(self.as_of) { "complete" } else { "not complete" };
        let more = chart.bars.len().saturating_sub(MAX_ROWS);
        let more = if more > 0 { format!("; {more} more rows") } else { String::new() };
        format!(
            "organization {}, payer {}, by {} date, {} to {}, as of {}, {complete}{more}",
            all(&self.names.0),
            all(&self.names.1),
            self.asked.basis,
            self.asked.from,
            self.asked.to,
            self.as_of
        )
    }
}

impl Bar {
    fn draw(&self, out: &mut String, y: i64, whole: i64) {
        let label: String = self.label.chars().take(MAX_LABEL).collect();
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LABELS - 8,
            y + 14,
            safe(&label)
        );
        let length = |number: i64| number * BAR / whole;
        let mut x = LABELS;
        for (part, color) in self.parts.into_iter().zip(COLORS) {
            let width = length(part);
            if width > 0 {
                let _ = writeln!(
                    out,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"18\" fill=\"{color}\" \
                     stroke=\"#333333\" stroke-width=\"0.5\"/>"
                );
            }
            x += width;
        }
        if let Some(mark) = self.mark {
            let at = LABELS + length(mark);
            let _ = writeln!(
                out,
                "<line x1=\"{at}\" y1=\"{}\" x2=\"{at}\" y2=\"{}\" stroke=\"#b00020\" stroke-width=\"2\"/>",
                y - 3,
                y + 21
            );
            x = x.max(at);
        }
        let _ = writeln!(out, "<text x=\"{}\" y=\"{}\">{}</text>", x + 6, y + 14, safe(&self.text));
    }
}

/// A text as XML takes it.
fn safe(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
