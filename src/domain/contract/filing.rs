//! The filing clock (RK66): from which day it runs, how long, and where it ends at the latest.

use chrono::{Datelike, Months, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::facets::OF_FILING;
use super::known::Known;
use super::layer::{Direction, Layer, weigh_agreement, weigh_layer};
use super::read_layer::{Kind, read_agreement_direction, read_layer};
use super::reader::{Reader, Spot};
use super::source_of::{self, SourceOf, read_source_of, weigh};
use super::table::{MAX_ITEMS, Table};
use crate::domain::dates::day_after;
use crate::domain::finding::Authority;
use crate::domain::text::code_list;

/// Longest filing clock, in days: two years, the longest that a state allows.
pub(super) const MAX_DAYS: u32 = 730;
/// Longest filing clock, in months.
pub(super) const MAX_MONTHS: u32 = 24;
/// Days before the deadline on which warnings begin, unless the pack says otherwise.
const WARN_DAYS: u32 = 14;
/// Longest wait for an answer to a batch, in days: after that the file is lost.
const MAX_ANSWER_DAYS: u32 = 90;
/// Longest rest: more holidays in a row than any list has. After so many steps a roll stops.
const MAX_ROLL: u32 = 62;

/// The filing clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    /// Days to deliver an original claim, after the anchor, which is day 0.
    pub days: u32,
    /// Months instead of days, to the same day or the month's last; 0: days count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub months: u32,
    /// Other days from which the clock may run; the latest of them and of the service date counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later_of: Vec<FilingAnchor>,
    /// Whether a deadline on a weekend or holiday moves to the next business day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub next_business_day: bool,
    /// Holidays of the payer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<NaiveDate>,
    /// Days after the service date at which it stops, whatever the anchor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_days: Option<u32>,
    /// From how many days before the deadline a visit is warned about.
    pub warn_days: u32,
    /// Within how many days after delivery a TA1 or 999 is expected.
    #[serde(default = "usual_acknowledgment", skip_serializing_if = "is_usual_acknowledgment")]
    pub acknowledgment_days: u32,
    /// Within how many days after delivery a 277CA is expected.
    #[serde(default = "usual_status", skip_serializing_if = "is_usual_status")]
    pub claim_status_days: u32,
    /// The layer around this one (RK31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// How an agreement may change its length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Direction>,
    /// Where it is written.
    pub source: Authority,
    /// Where single values are written, if elsewhere.
    #[serde(default, skip_serializing_if = "SourceOf::is_empty")]
    pub source_of: SourceOf,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A TA1 or 999 comes on the next business day (CAQH CORE's rule for batches): three days, for the
/// weekend.
const fn usual_acknowledgment() -> u32 {
    3
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_usual_acknowledgment(days: &u32) -> bool {
    *days == usual_acknowledgment()
}

/// A 277CA comes some business days after the 999: a week.
const fn usual_status() -> u32 {
    7
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_usual_status(days: &u32) -> bool {
    *days == usual_status()
}

code_list!(
    /// A day from which a filing clock may run besides the service date.
    FilingAnchor, "an anchor of the filing clock" {
        /// The payer gave the organization its provider number (`provider_number_issued`).
        ProviderNumber = "provider_number_issued",
        /// The coverage became known to the organization.
        CoverageKnown = "coverage_known",
    }
);

impl Filing {
    /// The last day for a visit of `service_date`; `anchor` gives the day of an anchor, if it is known.
    pub fn last_day(
        &self,
        service_date: NaiveDate,
        anchor: impl Fn(FilingAnchor) -> Option<NaiveDate>,
    ) -> NaiveDate {
        let anchors = self.later_of.iter().filter_map(|named| anchor(*named));
        let start = anchors.fold(service_date, NaiveDate::max);
        let runs_to = match self.months {
            0 => day_after(start, self.days),
            months => start.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX),
        };
        let stop = self.stop_days.map(|days| day_after(service_date, days));
        let rolled = self.rolled(runs_to);
        stop.map_or(rolled, |stop| rolled.min(stop))
    }

    fn rolled(&self, day: NaiveDate) -> NaiveDate {
        let mut rolled = day;
        for _ in 0..MAX_ROLL {
            let rests = matches!(rolled.weekday(), Weekday::Sat | Weekday::Sun)
                || self.holidays.contains(&rolled);
            match rolled.succ_opt() {
                Some(next) if self.next_business_day && rests => rolled = next,
                _ => break,
            }
        }
        rolled
    }

    /// How long it is: `95 days`, `6 months`.
    pub fn length(&self) -> String {
        match (self.months, self.days) {
            (0, 1) => "1 day".to_owned(),
            (0, days) => format!("{days} days"),
            (1, _) => "1 month".to_owned(),
            (months, _) => format!("{months} months"),
        }
    }
}

pub(super) const KEYS: &[&str] = &[
    "days",
    "months",
    "later_of",
    "next_business_day",
    "holidays",
    "stop_days",
    "warn_days",
    "acknowledgment_days",
    "claim_status_days",
    "layer",
    "agreement",
    "source",
    source_of::KEY,
];
/// Keys that move the last day to a later one.
const LATER: &[&str] = &["later_of", "next_business_day", "holidays"];

/// The filing clock.
pub(super) fn read_filing<'a>(
    r: &mut Reader,
    at: &Spot<'a>,
    known: &mut Known<'a>,
) -> Option<Filing> {
    let table = at.table(r, KEYS)?;
    let (days, months) = read_length(r, &table);
    let most = days.filter(|days| *days > 0).unwrap_or(MAX_DAYS);
    let warn_days = match table.get("warn_days") {
        Some(spot) => spot.number(r, 0..=most),
        None => Some(WARN_DAYS.min(most)),
    };
    let stop_days = match table.get("stop_days") {
        Some(spot) => spot.number(r, days.unwrap_or(1).max(1)..=MAX_DAYS).map(Some),
        None => Some(None),
    };
    let next_business_day = table.flag(r, "next_business_day", false);
    let holidays = read_holidays(r, &table);
    if let (Some(spot), Some(false)) = (table.get("holidays"), next_business_day) {
        spot.refuse(r, "this goes with `next_business_day = true` only; remove it");
    }
    let later_of = table.values(r, "later_of");
    let mut answer = |key: &str, usual: u32| match table.get(key) {
        Some(spot) => spot.number(r, 1..=MAX_ANSWER_DAYS),
        None => Some(usual),
    };
    let acknowledgment_days = answer("acknowledgment_days", usual_acknowledgment());
    let claim_status_days = answer("claim_status_days", usual_status());
    let source = known.cited(r, &table);
    let source_of = read_source_of(r, &table, known)?;
    weigh(r, &table, source.as_ref(), &source_of, LATER);
    let agreement = read_agreement_direction(r, &table);
    let mut filing = Filing {
        days: days?,
        months: months?,
        later_of,
        next_business_day: next_business_day?,
        holidays,
        stop_days: stop_days?,
        warn_days: warn_days?,
        acknowledgment_days: acknowledgment_days?,
        claim_status_days: claim_status_days?,
        layer: None,
        agreement: agreement?,
        source: source?,
        source_of,
    };
    let kind = Kind { keys: OF_FILING, added: None, within: None };
    filing.layer = read_layer(r, &table, known, &filing.facets(), kind)?;
    weigh_layer(r, &table, &filing.source_of, filing.layer.as_ref());
    weigh_agreement(r, &table, Some(&filing.source), &filing.source_of, filing.agreement);
    Some(filing)
}

/// Days, or months in their place.
fn read_length(r: &mut Reader, table: &Table<'_>) -> (Option<u32>, Option<u32>) {
    match (table.known(r, "days"), table.get("months")) {
        (Some(_), Some(spot)) => {
            spot.refuse(r, "the clock has `days` already; keep one of both");
            (None, None)
        }
        (None, Some(spot)) => (Some(0), spot.number(r, 1..=MAX_MONTHS)),
        (Some(spot), None) => (spot.number(r, 1..=MAX_DAYS), Some(0)),
        (None, None) if table.get("days").is_some() => (Some(MAX_DAYS), Some(0)),
        (None, None) => (table.need(r, "days").and(None), None),
    }
}

fn read_holidays(r: &mut Reader, table: &Table<'_>) -> Vec<NaiveDate> {
    let Some(list) = table.get("holidays") else { return Vec::new() };
    let mut days: Vec<NaiveDate> = Vec::new();
    for spot in list.items(r, MAX_ITEMS) {
        let Some(day) = spot.date(r) else { continue };
        if days.contains(&day) {
            spot.refuse(r, "this is in the list twice; remove one");
        }
        days.push(day);
    }
    days
}
