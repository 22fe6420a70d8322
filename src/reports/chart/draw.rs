//! How a chart becomes a picture: bars in a column, with their numbers behind them. Nothing is cut that tells
//! two bars apart, and nothing runs over an edge.

use std::fmt::Write as _;

/// Width of the picture and of the labels, in pixels.
const WIDTH: i64 = 960;
const LABELS: i64 = 270;
/// Free on each side.
const EDGE: i64 = 16;
/// Height of a row and of what stands above the rows.
const ROW: i64 = 26;
const TOP: i64 = 110;
/// Height of a line below the bars.
const LINE: i64 = 18;
/// Most rows of a chart; more are not read by anybody.
const MAX_ROWS: usize = 60;
/// Longest label, in characters.
const MAX_LABEL: usize = 34;
/// A character of the texts takes no more, in pixels.
const CHARACTER: i64 = 8;
const COLORS: [&str; 3] = ["#1b5e8c", "#e0a030", "#c9d3da"];
/// What is said of bars that are not of a whole.
const PARTIAL: &str = "only a part lies in the period";

/// One row of a chart.
#[derive(Debug, Default)]
pub(super) struct Bar {
    /// What it is of; its end is cut where the label would be too long.
    pub label: String,
    /// What tells it from others of the same label; never cut.
    pub detail: String,
    /// Lengths in the color of their place.
    pub parts: [i64; 3],
    /// What stands behind the bar.
    pub text: String,
    /// Where a line crosses the bar.
    pub mark: Option<i64>,
    /// Whether only a part of what it is of lies in the period; an outline then.
    pub partial: bool,
}

/// A chart in words and numbers.
#[derive(Debug, Default)]
pub(super) struct Chart {
    pub title: &'static str,
    pub legend: &'static [&'static str],
    pub bars: Vec<Bar>,
    /// The longest that a bar can be, where that is not its own.
    pub whole: Option<i64>,
}

impl Chart {
    /// Rows that the picture does not show.
    pub fn left_out(&self) -> usize {
        self.bars.len().saturating_sub(MAX_ROWS)
    }

    fn shown(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().take(MAX_ROWS)
    }

    /// The picture; `below` are the lines below the title, `foot` those below the bars.
    pub fn draw(&self, below: &[String; 2], foot: &[&str]) -> String {
        let count = i64::try_from(self.shown().count()).unwrap_or_default();
        let own = self.shown().map(Bar::longest).max().unwrap_or_default();
        let whole = own.max(self.whole.unwrap_or_default()).max(1);
        let behind = self.shown().map(|bar| length(&bar.text)).max().unwrap_or_default();
        let room = (WIDTH - LABELS - EDGE - 6 - behind).max(WIDTH / 4);
        let bottom = TOP + count.max(1) * ROW;
        let lines = i64::try_from(foot.len()).unwrap_or_default();
        let height = bottom + lines * LINE + EDGE;
        let mut out = self.head(below, height);
        for (bar, place) in self.shown().zip(0..) {
            bar.draw(&mut out, TOP + place * ROW, (room, whole));
        }
        if self.bars.is_empty() {
            let y = TOP + EDGE;
            let _ = writeln!(
                out,
                "<text x=\"{EDGE}\" y=\"{y}\">There is nothing in this period.</text>"
            );
        }
        for (line, place) in foot.iter().zip(1..) {
            let y = bottom + place * LINE;
            let _ = writeln!(
                out,
                "<text x=\"{EDGE}\" y=\"{y}\" fill=\"#444444\">{}</text>",
                safe(line)
            );
        }
        out.push_str("</svg>\n");
        out
    }

    fn head(&self, below: &[String; 2], height: i64) -> String {
        let (title, partial) = (safe(self.title), self.partial());
        let [first, second] = below.each_ref().map(|line| safe(line));
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <title>{title}</title>\n<desc>{first}, {second}{partial}</desc>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
             <text x=\"{EDGE}\" y=\"28\" font-size=\"17\" font-weight=\"bold\">{title}</text>\n\
             <text x=\"{EDGE}\" y=\"50\" fill=\"#444444\">{first}</text>\n\
             <text x=\"{EDGE}\" y=\"68\" fill=\"#444444\">{second}</text>\n"
        );
        let mut x = EDGE;
        for (name, color) in self.legend.iter().zip(COLORS) {
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"80\" width=\"12\" height=\"12\" fill=\"{color}\" stroke=\"#333333\"/>\
                 <text x=\"{}\" y=\"91\">{name}</text>",
                x + 18
            );
            x += 110;
        }
        if !partial.is_empty() {
            let [color, ..] = COLORS;
            let outline = paint(color, true);
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"80\" width=\"12\" height=\"12\" {outline}/>\
                 <text x=\"{}\" y=\"91\">{PARTIAL}</text>",
                x + 18
            );
        }
        out
    }

    /// What is said of the bars that are not of a whole, behind everything else; nothing where all are.
    fn partial(&self) -> String {
        let names: Vec<&str> =
            self.shown().filter(|bar| bar.partial).map(|bar| bar.label.as_str()).collect();
        if names.is_empty() {
            return String::new();
        }
        format!("; of {} {PARTIAL}", safe(&names.join(" and ")))
    }
}

/// How a bar is filled; one that is not of a whole is an outline, which is seen without colors too.
fn paint(color: &str, partial: bool) -> String {
    if partial {
        format!("fill=\"#ffffff\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"5 3\"")
    } else {
        format!("fill=\"{color}\" stroke=\"#333333\" stroke-width=\"0.5\"")
    }
}

impl Bar {
    fn longest(&self) -> i64 {
        self.parts.iter().sum::<i64>().max(self.mark.unwrap_or_default())
    }

    /// The label, with what tells it apart whole.
    fn name(&self) -> String {
        let space = usize::from(!self.label.is_empty() && !self.detail.is_empty());
        let room = MAX_LABEL.saturating_sub(self.detail.chars().count() + space);
        let label = if self.label.chars().count() > room {
            let head: String = self.label.chars().take(room.saturating_sub(1)).collect();
            format!("{head}…")
        } else {
            self.label.clone()
        };
        format!("{label}{}{}", " ".repeat(space), self.detail)
    }

    /// `room` are the pixels of a bar of the length `whole`.
    fn draw(&self, out: &mut String, y: i64, (room, whole): (i64, i64)) {
        let (base, name) = (y + 14, safe(&self.name()));
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{name}</text>",
            LABELS - 8
        );
        let length = |number: i64| number.saturating_mul(room) / whole;
        let mut x = LABELS;
        for (part, color) in self.parts.into_iter().zip(COLORS) {
            let width = length(part);
            if width > 0 {
                let _ = writeln!(
                    out,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"18\" {}/>",
                    paint(color, self.partial)
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
        let _ = writeln!(out, "<text x=\"{}\" y=\"{base}\">{}</text>", x + 6, safe(&self.text));
    }
}

/// The most that a text takes, in pixels.
fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or_default() * CHARACTER
}

/// A text as XML takes it.
fn safe(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_label_keeps_what_tells_it_apart() {
        let named = |label: &str, detail: &str| {
            Bar { label: label.to_owned(), detail: detail.to_owned(), ..Bar::default() }.name()
        };
        let long = "cascadia-peer-recovery-alliance";
        assert_eq!(named(long, "delivered in 90 days"), "cascadia-pee… delivered in 90 days");
        assert_eq!(named("", "released in 7 days"), "released in 7 days");
        assert_eq!(named(long, ""), long);
        assert_eq!(named(&long.repeat(2), "").chars().count(), MAX_LABEL);
    }

    #[test]
    fn what_is_not_of_a_whole_is_an_outline_and_is_said() {
        let bar = |label: &str, partial: bool| Bar {
            label: label.to_owned(),
            parts: [40, 0, 0],
            partial,
            ..Bar::default()
        };
        let picture = |partial: [bool; 3]| {
            let months = ["2026-06", "2026-07", "2026-08"].into_iter().zip(partial);
            let bars = months.map(|(label, partial)| bar(label, partial)).collect();
            let chart = Chart { title: "t", legend: &["units"], bars, ..Chart::default() };
            chart.draw(&["a".to_owned(), "b".to_owned()], &[])
        };
        let whole = picture([false; 3]);
        assert!(
            !whole.contains("stroke-dasharray") && whole.contains("<desc>a, b</desc>"),
            "{whole}"
        );
        assert_eq!(
            whole.matches("fill=\"#1b5e8c\"").count(),
            4,
            "the legend and the bars: {whole}"
        );
        let ends = picture([true, false, true]);
        assert_eq!(ends.matches("stroke-dasharray").count(), 3, "the legend and two bars: {ends}");
        assert_eq!(ends.matches("fill=\"#1b5e8c\"").count(), 2, "the legend and one bar: {ends}");
        let said = "<desc>a, b; of 2026-06 and 2026-08 only a part lies in the period</desc>";
        assert!(ends.contains(said), "{ends}");
        assert!(ends.contains(">only a part lies in the period</text>"), "{ends}");
    }

    #[test]
    fn the_longest_bar_leaves_room_for_its_text() {
        let bar = |units: i64, text: &str| Bar {
            parts: [units, 0, 0],
            text: text.to_owned(),
            ..Bar::default()
        };
        let text = "104 units, 34 contacts";
        let chart = Chart { bars: vec![bar(104, text), bar(3, "3 units")], ..Chart::default() };
        let picture = chart.draw(&[String::new(), String::new()], &["a line below"]);
        let end: i64 = picture
            .lines()
            .find(|line| line.ends_with(&format!("{text}</text>")))
            .and_then(|line| line.strip_prefix("<text x=\""))
            .and_then(|line| line.split('"').next())
            .unwrap()
            .parse()
            .unwrap();
        assert!(end + length(text) <= WIDTH, "{end}");
    }
}
