//! What a flag of over- or under-use says of itself, and its row.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::report::over_use::{Alone, Fraction, Spread};
use crate::reports::frame::{Column, Value};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("payer", "key of the payer; all: whoever pays; none where the rules found none"),
    Column::key(
        "flag",
        "of a member's month: over_cap, far_above, no_visits; of a peer's day: long_day, overlap; \
         compared: no flag, but whom far_above was looked for among; a prompt for a talk, never a denial",
    ),
    Column::key("member_number", "the member's number at the payer; null (of_peer, of_all, not_known)"),
    Column::key(
        "member",
        "the organization's own reference of the member; null (of_peer, of_all, not_told to a payer)",
    ),
    Column::key("rendering_npi", "NPI of the peer; null (of_member, of_all)"),
    Column::key("service", "the contract's service; null (any_service)"),
    Column { key: true, ..Column::date("from", "first day of the month or the day itself") },
    Column::date("to", "last day"),
    Column::sum("flags", "flags", "1; 0 where nothing is flagged (compared)"),
    Column::distinct(
        "meetings",
        "contacts or sessions",
        "contacts of members; of a peer: sessions, for overlap those that began before others had ended",
    ),
    Column::words("unit", "of value and bound: units or hours"),
    Column::rate(
        "value",
        "",
        "over_cap: units of visits that a limit holds; far_above: units; no_visits: 0; long_day: hours of \
         sessions; overlap: hours of those that were taken already; compared: units of all; null \
         (mixed_units) where they are of different lengths",
    )
    .places(2),
    Column::rate(
        "bound",
        "",
        "above it is a flag: 16 hours a day; units at which z is 3.5; null (no_bound, too_few, no_spread, mixed_units)",
    )
    .places(2),
    Column::distinct(
        "compared",
        "people",
        "members with units of the service in the month; null (not_compared)",
    ),
    Column::rate(
        "median",
        "units",
        "of the units of those members; null (not_compared), too_few: below 30, no_spread: no deviation, \
         mixed_units: of different lengths",
    )
    .places(2),
    Column::rate("mad", "units", "median of the absolute deviations from it; null as median").places(2),
    Column::rate(
        "z",
        "",
        "0.6745 * (value - median) / mad; null as median, or of_all where no member is meant",
    ),
];

/// Places of hours and units in a row.
const PLACES: u32 = 2;
const MINUTES: i64 = 60;

/// Of whom a flag is.
#[derive(Debug, Clone)]
pub(super) enum Who {
    /// A member, by the roster and by number.
    Member(i64, Option<String>),
    /// A peer.
    Peer(i64),
    /// Several members.
    All,
}

/// What was found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    /// Units of visits that a limit holds; none where they are of different lengths.
    OverCap(Option<i64>),
    /// Units far above those of so many others.
    FarAbove(i64, i64, Spread),
    /// A month of an authorization without a visit.
    NoVisits,
    /// Minutes of sessions.
    LongDay(i64, i64),
    /// Minutes that were taken already.
    Overlap(i64),
    /// Units of so many members, and how they spread.
    Compared(i64, i64, Result<Spread, Alone>),
}

impl Found {
    const fn name(self) -> &'static str {
        match self {
            Self::OverCap(_) => "over_cap",
            Self::FarAbove(..) => "far_above",
            Self::NoVisits => "no_visits",
            Self::LongDay(..) => "long_day",
            Self::Overlap(_) => "overlap",
            Self::Compared(..) => "compared",
        }
    }

    const fn is_of_time(self) -> bool {
        matches!(self, Self::LongDay(..) | Self::Overlap(_))
    }

    /// Value, bound, compared, median, mad and z.
    fn numbers(self) -> [Value; 6] {
        let none = || Value::Null("not_compared");
        let units = |units: i64| Value::ratio(units, 1, PLACES);
        let hours = |minutes: i64| Value::ratio(minutes, MINUTES, PLACES);
        let of = |(top, bottom): Fraction| Value::ratio(top, bottom, PLACES);
        let alone = |value: Value, bound: Value| [value, bound, none(), none(), none(), none()];
        match self {
            Self::OverCap(held) => {
                alone(held.map_or(Value::Null("mixed_units"), units), Value::Null("no_bound"))
            }
            Self::NoVisits => alone(units(0), Value::Null("no_bound")),
            Self::LongDay(minutes, bound) => alone(hours(minutes), hours(bound)),
            Self::Overlap(minutes) => alone(hours(minutes), Value::Null("no_bound")),
            Self::FarAbove(own, compared, spread) => {
                let (top, bottom) = spread.z(own);
                let z = Value::ratio(top, bottom, 4);
                let (median, mad) = (of(spread.median()), of(spread.deviation()));
                [units(own), of(spread.bound()), Value::Integer(compared), median, mad, z]
            }
            Self::Compared(all, compared, Ok(spread)) => {
                let (median, mad) = (of(spread.median()), of(spread.deviation()));
                let (bound, z) = (of(spread.bound()), Value::Null("of_all"));
                [units(all), bound, Value::Integer(compared), median, mad, z]
            }
            Self::Compared(all, compared, Err(alone)) => {
                let why = || Value::Null(alone.as_str());
                let value = if alone == Alone::MixedUnits { why() } else { units(all) };
                [value, why(), Value::Integer(compared), why(), why(), why()]
            }
        }
    }
}

/// One flag.
#[derive(Debug, Clone)]
pub(super) struct Flag {
    /// Key of the payer.
    pub(super) payer: String,
    /// What.
    pub(super) found: Found,
    /// Of whom.
    pub(super) who: Who,
    /// Of which service; none: of any.
    pub(super) service: Option<String>,
    /// First and last day.
    pub(super) days: (NaiveDate, NaiveDate),
    /// Contacts or sessions.
    pub(super) meetings: i64,
}

/// Names of an organization's people.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Of members, as the organization calls them; none for a payer.
    pub(super) members: Option<BTreeMap<i64, String>>,
    /// NPIs of peers.
    pub(super) peers: BTreeMap<i64, String>,
}

impl Flag {
    /// Its row.
    pub(super) fn row(&self, organization: &str, names: &Names) -> Vec<Value> {
        let text = |text: Option<&String>, why| text.map_or(Value::Null(why), Value::text);
        let [number, member, npi] = match &self.who {
            Who::Member(id, number) => {
                let member = match &names.members {
                    Some(names) => text(names.get(id), "not_known"),
                    None => Value::Null("not_told"),
                };
                [text(number.as_ref(), "not_known"), member, Value::Null("of_member")]
            }
            Who::Peer(id) => {
                let npi = text(names.peers.get(id), "not_known");
                [Value::Null("of_peer"), Value::Null("of_peer"), npi]
            }
            Who::All => [Value::Null("of_all"), Value::Null("of_all"), Value::Null("of_all")],
        };
        let flagged = !matches!(self.found, Found::Compared(..));
        let mut row = vec![
            Value::text(organization),
            Value::text(&self.payer),
            Value::text(self.found.name()),
            number,
            member,
            npi,
            text(self.service.as_ref(), "any_service"),
            Value::Date(self.days.0),
            Value::Date(self.days.1),
            Value::Integer(i64::from(flagged)),
            Value::Integer(self.meetings),
            Value::text(if self.found.is_of_time() { "hours" } else { "units" }),
        ];
        row.extend(self.found.numbers());
        row
    }
}

/// The row above all of them: how many flags there are.
pub(super) fn totals(flags: i64) -> Vec<Value> {
    let of = |column: &Column| match column.name {
        "organization" | "payer" | "flag" => Value::text("all"),
        "flags" => Value::Integer(flags),
        "unit" => Value::text(""),
        _ => Value::Null("of_one_only"),
    };
    COLUMNS.iter().map(of).collect()
}
