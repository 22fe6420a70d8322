//! Questions to the table of holds: a page in one of three orders, and sums.
//!
//! What stands in the SQL are numbers and names of rules of ours, never a text of a caller.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::conn::Conn;
use super::error::StoreError;
use super::holds::day_number;
use super::types;
use crate::domain::finding::Who;
use crate::domain::hold::{Due, Unknown};
use crate::domain::ids::{EncounterId, OrganizationId, PayerId};
use crate::domain::money::Money;
use crate::domain::rules::{RULES, RuleId};
use crate::domain::text::code_list;

code_list!(
    /// What the worklist is sorted by.
    Order, "an order" {
        /// Money at risk, weighed by how near the deadline is.
        Urgency = "urgency",
        /// The nearest deadline first.
        Deadline = "deadline",
        /// The most money first.
        Money = "money",
    }
);

/// What the worklist is narrowed to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// By reason.
    pub rule: Option<RuleId>,
    /// By who can fix some reason of it.
    pub who: Option<Who>,
    /// By the payer that would be billed.
    pub payer: Option<PayerId>,
    /// By deadline.
    pub due: Option<Due>,
    /// Those with a reason that the contract lets a person override, or those without.
    pub overridable: Option<bool>,
}

/// Where a row stands: rows are in order of rank, then of id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The rank in the order asked for; the lowest first.
    pub rank: i64,
    /// The visit.
    pub encounter: EncounterId,
}

/// A row of the worklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Where it stands.
    pub place: Place,
    /// The payer that would be billed.
    pub payer: Option<PayerId>,
    /// Whether nothing of the visit is ready.
    pub whole: bool,
    /// Units that wait.
    pub units: u32,
    /// What they are worth, or why that is not known.
    pub at_risk: Result<Money, Unknown>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    rank: i64,
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    payer_id: Option<i64>,
    #[diesel(sql_type = Bool)]
    whole: bool,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    expected: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    unknown: Option<String>,
}

impl Row {
    fn into_waiting(self) -> Result<Waiting, StoreError> {
        let at_risk = match (self.expected, types::read_optional("holds.unknown", self.unknown)?) {
            (Some(cents), _) => Ok(Money::from_cents(cents)),
            (None, Some(why)) => Err(why),
            (None, None) => return Err(types::broken("holds.unknown")),
        };
        let encounter = EncounterId::from_i64(self.encounter_id);
        Ok(Waiting {
            place: Place { rank: self.rank, encounter },
            payer: self.payer_id.map(PayerId::from_i64),
            whole: self.whole,
            units: types::read_count("holds.units", self.units)?,
            at_risk,
        })
    }
}

/// The days of a bucket as a condition on `due_day`.
fn within(due: Due, today: i64) -> String {
    match due.days() {
        None => "h.due_day IS NULL".to_owned(),
        Some((i64::MIN, last)) => format!("h.due_day <= {}", today + last),
        Some((first, i64::MAX)) => format!("h.due_day >= {}", today + first),
        Some((first, last)) => {
            format!("h.due_day BETWEEN {} AND {}", today + first, today + last)
        }
    }
}

/// The rank as an expression; unknown money stands behind all that is known.
fn rank(order: Order, today: i64) -> String {
    let last = i64::from(i32::MAX);
    match order {
        Order::Deadline => format!("CAST(COALESCE(h.due_day, {last}) AS BIGINT)"),
        Order::Money => "COALESCE(-h.expected, 1)".to_owned(),
        Order::Urgency => {
            let weighed = Due::ALL.iter().filter(|due| due.weight() > 1);
            let cases: String = weighed
                .map(|due| format!(" WHEN {} THEN {}", within(*due, today), due.weight()))
                .collect();
            format!("COALESCE(-h.expected * (CASE{cases} ELSE 1 END), 1)")
        }
    }
}

/// The conditions of a filter.
fn conditions(organization: OrganizationId, filter: &Filter, today: i64) -> String {
    let mut all = vec![format!("h.organization_id = {}", organization.as_i64())];
    all.extend(filter.payer.map(|p| format!("h.payer_id = {}", p.as_i64())));
    all.extend(filter.due.map(|due| within(due, today)));
    let some = |what: &str| {
        format!(
            "EXISTS (SELECT 1 FROM hold_reasons r WHERE r.organization_id = h.organization_id \
             AND r.encounter_id = h.encounter_id AND {what})"
        )
    };
    all.extend(filter.rule.map(|rule| some(&format!("r.rule = '{rule}'"))));
    all.extend(filter.who.map(|who| some(&format!("r.rule IN ({})", rules_of(who)))));
    let free = |yes| if yes { "h.overridable" } else { "NOT h.overridable" };
    all.extend(filter.overridable.map(|yes| free(yes).to_owned()));
    all.join(" AND ")
}

/// The rules that one can fix, as a list.
fn rules_of(who: Who) -> String {
    let rules = RULES.iter().filter(|r| r.id.who() == who).map(|r| format!("'{}'", r.id));
    rules.collect::<Vec<_>>().join(", ")
}

/// A page of what waits, seen on `today`, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    (order, today): (Order, NaiveDate),
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Waiting>, StoreError> {
    let today = i64::from(day_number(today));
    let rank = rank(order, today);
    let mut conditions = conditions(organization, filter, today);
    if let Some(Place { rank: last, encounter }) = after {
        let id = encounter.as_i64();
        let more = format!(" AND ({rank} > {last} OR ({rank} = {last} AND h.encounter_id > {id}))");
        conditions.push_str(&more);
    }
    let limit = types::page_size(limit);
    let text = format!(
        "SELECT {rank} AS rank, h.encounter_id, h.payer_id, h.whole, h.units, h.expected, \
         h.unknown FROM holds h WHERE {conditions} ORDER BY 1, h.encounter_id LIMIT {limit}"
    );
    let rows: Vec<Row> = diesel::sql_query(text).load(conn)?;
    rows.into_iter().map(Row::into_waiting).collect()
}

/// What waits of a group of visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Visits of which something waits.
    pub encounters: i64,
    /// Those of which nothing is ready.
    pub whole: i64,
    /// Units that wait.
    pub units: i64,
    /// What is known of their worth.
    pub at_risk: Money,
    /// Visits whose worth is not known.
    pub unknown: i64,
    /// Visits with a reason that may be overridden.
    pub overridable: i64,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self {
            encounters: self.encounters + other.encounters,
            whole: self.whole + other.whole,
            units: self.units + other.units,
            at_risk: [self.at_risk, other.at_risk].into_iter().sum(),
            unknown: self.unknown + other.unknown,
            overridable: self.overridable + other.overridable,
        }
    }
}

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
    #[diesel(sql_type = BigInt)]
    encounters: i64,
    #[diesel(sql_type = BigInt)]
    whole: i64,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    at_risk: i64,
    #[diesel(sql_type = BigInt)]
    unknown: i64,
    #[diesel(sql_type = BigInt)]
    overridable: i64,
}

impl SumRow {
    fn sums(&self) -> Sums {
        Sums {
            encounters: self.encounters,
            whole: self.whole,
            units: self.units,
            at_risk: Money::from_cents(self.at_risk),
            unknown: self.unknown,
            overridable: self.overridable,
        }
    }
}

/// All sums of what waits.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Over everything.
    pub all: Sums,
    /// By rule. A visit that waits for two reasons is in both groups.
    pub by_rule: Vec<(String, Sums)>,
    /// By who can fix a reason of it; a visit may be in several groups.
    pub by_who: Vec<(Who, Sums)>,
    /// By deadline: each visit once.
    pub by_due: Vec<(Due, Sums)>,
    /// By payer: each visit once.
    pub by_payer: Vec<(Option<PayerId>, Sums)>,
}

/// What sums are grouped by.
#[derive(Clone, Copy)]
struct Group<'a> {
    name: &'a str,
    number: &'a str,
    join: &'a str,
    overridable: &'a str,
}

const NO_NUMBER: &str = "CAST(NULL AS BIGINT)";
const NO_NAME: &str = "CAST(NULL AS TEXT)";

/// Sums, one row for each value of `group`; a visit is counted once in each.
fn sums(conn: &mut Conn, group: Group<'_>, conditions: &str) -> Result<Vec<SumRow>, StoreError> {
    let Group { name, number, join, overridable } = group;
    let count = |what: &str, name: &str| {
        format!("CAST(COALESCE(SUM(CASE WHEN {what} THEN 1 ELSE 0 END), 0) AS BIGINT) AS {name}")
    };
    let text = format!(
        "SELECT {name} AS name, {number} AS number, COUNT(*) AS encounters, \
         CAST(COALESCE(SUM(h.units), 0) AS BIGINT) AS units, \
         CAST(COALESCE(SUM(h.expected), 0) AS BIGINT) AS at_risk, {}, {}, {} \
         FROM holds h {join} WHERE {conditions} GROUP BY 1, 2",
        count("h.whole", "whole"),
        count("h.expected IS NULL", "unknown"),
        count(overridable, "overridable"),
    );
    Ok(diesel::sql_query(text).load(conn)?)
}

/// A value of ours as an expression, by cases; NULL where none fits.
fn cases<'a>(list: impl Iterator<Item = (String, &'a str)>) -> String {
    let cases: String = list.map(|(when, name)| format!(" WHEN {when} THEN '{name}'")).collect();
    format!("CASE{cases} END")
}

/// The sums of the rows that have this name.
fn named(rows: &[SumRow], name: &str) -> Sums {
    rows.iter().find(|r| r.name.as_deref() == Some(name)).map(SumRow::sums).unwrap_or_default()
}

/// Sums of all that waits and fits the filter, seen on `today`.
pub fn summary(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    today: NaiveDate,
) -> Result<Summary, StoreError> {
    let today = i64::from(day_number(today));
    let conditions = conditions(organization, filter, today);
    let plain = Group { name: NO_NAME, number: NO_NUMBER, join: "", overridable: "h.overridable" };
    let due = cases(Due::ALL.iter().map(|due| (within(*due, today), due.as_str())));
    let by_due = sums(conn, Group { name: &due, ..plain }, &conditions)?;
    let by_payer = sums(conn, Group { number: "h.payer_id", ..plain }, &conditions)?;
    let join = "JOIN hold_reasons r ON r.organization_id = h.organization_id AND \
                r.encounter_id = h.encounter_id";
    let of_rules = Group { name: "r.rule", number: NO_NUMBER, join, overridable: "r.overridable" };
    let by_rule = sums(conn, of_rules, &conditions)?;
    let by_who = {
        let who = Who::ALL.iter().map(|w| (format!("rule IN ({})", rules_of(*w)), w.as_str()));
        // Each visit once for each who, however many reasons that one can fix.
        let join = format!(
            "JOIN (SELECT DISTINCT encounter_id, {} AS who FROM hold_reasons WHERE \
             organization_id = {}) w ON w.encounter_id = h.encounter_id",
            cases(who),
            organization.as_i64()
        );
        sums(conn, Group { name: "w.who", join: &join, ..plain }, &conditions)?
    };
    let of_rule = |row: &SumRow| (row.name.clone().unwrap_or_default(), row.sums());
    Ok(Summary {
        all: by_due.iter().map(SumRow::sums).fold(Sums::default(), Sums::plus),
        by_rule: by_rule.iter().map(of_rule).collect(),
        by_who: Who::ALL.iter().map(|who| (*who, named(&by_who, who.as_str()))).collect(),
        by_due: Due::ALL.iter().map(|due| (*due, named(&by_due, due.as_str()))).collect(),
        by_payer: by_payer.iter().map(|r| (r.number.map(PayerId::from_i64), r.sums())).collect(),
    })
}
