//! Sums for the utilization report: recorded encounters, their lines, and what released claims state.
//!
//! The three counts are grouped by the same columns of the encounter, so that they can be laid side
//! by side. Dates and ids are bound or are numbers of ours; no text of a caller stands in the SQL.

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::conn::Conn;
use super::error::StoreError;
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::status::ClaimStatus;
use crate::domain::text::code_list;

code_list!(
    /// What the report can be grouped by.
    Dimension, "a dimension" {
        /// Month of the service date.
        Month = "month",
        /// Organization.
        Organization = "organization",
        /// Service of the contract.
        Service = "service",
        /// The role in which the peer worked.
        Role = "role",
        /// In person, by video, by telephone.
        Mode = "mode",
        /// Where the member was.
        Setting = "setting",
        /// Program, site or grant of the organization.
        Program = "program",
    }
);

impl Dimension {
    fn column(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Organization => "organization_id",
            Self::Service => "service",
            Self::Role => "role",
            Self::Mode => "mode",
            Self::Setting => "setting",
            Self::Program => "program",
        }
    }

    /// `shared`: for a payer, who is told of waivers and programs of the state, and not of the
    /// organization's sites and grants.
    fn expression(self, shared: bool) -> &'static str {
        match self {
            Self::Month => "CAST(e.service_month AS BIGINT)",
            Self::Organization => "e.organization_id",
            Self::Service => "e.service",
            Self::Role => "e.role",
            Self::Mode => "e.mode",
            Self::Setting => "e.setting",
            Self::Program if shared => {
                "(SELECT g.key FROM programs g WHERE g.organization_id = e.organization_id \
                 AND g.key = e.program AND g.kind = 'program')"
            }
            Self::Program => "e.program",
        }
    }

    fn nothing(self) -> &'static str {
        match self {
            Self::Month | Self::Organization => "CAST(NULL AS BIGINT)",
            Self::Service | Self::Role | Self::Mode | Self::Setting | Self::Program => {
                "CAST(NULL AS TEXT)"
            }
        }
    }
}

/// Whose encounters are counted.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// First service date.
    pub from: NaiveDate,
    /// Last service date.
    pub to: NaiveDate,
    /// One organization, or all.
    pub organization: Option<OrganizationId>,
    /// One payer, or all.
    pub payer: Option<PayerId>,
    /// Only what stands on released live claims (a payer's view).
    pub released_only: bool,
}

/// A group's place: the values of the dimensions; those that are not grouped by are none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, QueryableByName)]
pub struct Place {
    /// 202607.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub month: Option<i64>,
    /// Organization.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub organization_id: Option<i64>,
    /// Service; none also where the rules found none.
    #[diesel(sql_type = Nullable<Text>)]
    pub service: Option<String>,
    /// Role of the peer.
    #[diesel(sql_type = Nullable<Text>)]
    pub role: Option<String>,
    /// Mode.
    #[diesel(sql_type = Nullable<Text>)]
    pub mode: Option<String>,
    /// Setting.
    #[diesel(sql_type = Nullable<Text>)]
    pub setting: Option<String>,
    /// Program; none also for visits that name none.
    #[diesel(sql_type = Nullable<Text>)]
    pub program: Option<String>,
}

/// Counts of encounters in a group.
#[derive(Debug, Clone, QueryableByName)]
pub struct EncounterSums {
    /// Which group it is.
    #[diesel(embed)]
    pub place: Place,
    /// Different people: for a payer by member number, for organizations by roster.
    #[diesel(sql_type = BigInt)]
    pub members: i64,
    /// All but voided.
    #[diesel(sql_type = BigInt)]
    pub recorded: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub ready: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub held: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub non_billable: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub claimed: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub submitted: i64,
    /// Minutes of contact.
    #[diesel(sql_type = BigInt)]
    pub minutes: i64,
}

/// Units of lines in a group, by status.
#[derive(Debug, Clone, QueryableByName)]
pub struct LineSums {
    /// Which group it is.
    #[diesel(embed)]
    pub place: Place,
    /// Of all lines that count.
    #[diesel(sql_type = BigInt)]
    pub recorded: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub ready: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub held: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub claimed: i64,
    /// By status.
    #[diesel(sql_type = BigInt)]
    pub submitted: i64,
}

/// Units and cents on released live claims in a group.
#[derive(Debug, Clone, QueryableByName)]
pub struct ClaimSums {
    /// Which group it is.
    #[diesel(embed)]
    pub place: Place,
    /// Units.
    #[diesel(sql_type = BigInt)]
    pub units: i64,
    /// Cents charged.
    #[diesel(sql_type = BigInt)]
    pub charge: i64,
    /// Cents that the contract should pay.
    #[diesel(sql_type = BigInt)]
    pub expected: i64,
}

/// A claim's lines lie at most so many days after its first: a month. The index on a claim's date
/// bounds the search by it.
const CLAIM_DAYS: i64 = 31;

/// The statuses of claims that are billed, as a list of SQL.
fn billed() -> String {
    let statuses = ClaimStatus::ALL.iter().filter(|s| s.is_billed());
    let quoted: Vec<String> = statuses.map(|s| format!("'{s}'")).collect();
    format!("({})", quoted.join(", "))
}

/// Joins parts of claim lines to their claims: `p` part, `k` claim line, `c` claim.
const CLAIM_JOIN: &str = "claim_line_parts p \
     JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
     JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id";

fn select(span: &Span, by: &[Dimension]) -> String {
    let columns = Dimension::ALL.iter().map(|d| {
        let expression =
            if by.contains(d) { d.expression(span.released_only) } else { d.nothing() };
        format!("{expression} AS {}", d.column())
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// By the places of the columns in the list of `select`.
fn group(by: &[Dimension]) -> String {
    // An aggregate without GROUP BY always gives one row, also of nothing: wanted for totals.
    let places = Dimension::ALL.iter().zip(1..).filter(|(d, _)| by.contains(d));
    let places: Vec<String> = places.map(|(_, place): (_, usize)| place.to_string()).collect();
    if places.is_empty() { String::new() } else { format!("GROUP BY {}", places.join(", ")) }
}

/// A further condition, where there is one.
fn only(column: &str, id: Option<i64>) -> String {
    id.map_or(String::new(), |id| format!(" AND {column} = {id}"))
}

fn condition(span: &Span) -> String {
    let organization = only("e.organization_id", span.organization.map(OrganizationId::as_i64));
    let payer = only("e.payer_id", span.payer.map(PayerId::as_i64));
    format!("e.voided_at IS NULL AND e.service_date BETWEEN $1 AND $2{organization}{payer}")
}

fn released(span: &Span) -> String {
    let payer = only("c.payer_id", span.payer.map(PayerId::as_i64));
    format!("p.live AND c.status IN {}{payer}", billed())
}

fn sum(column: &str) -> String {
    format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT)")
}

/// Sums over encounters.
pub fn encounters(
    conn: &mut Conn,
    span: &Span,
    by: &[Dimension],
) -> Result<Vec<EncounterSums>, StoreError> {
    let only = if span.released_only {
        format!(
            " AND EXISTS (SELECT 1 FROM {CLAIM_JOIN} WHERE p.organization_id = e.organization_id \
             AND p.encounter_id = e.id AND {})",
            released(span)
        )
    } else {
        String::new()
    };
    // A payer knows its members by number, whichever roster they are on; an organization knows
    // them by its roster, whatever their numbers. Rosters are never tied together in an answer.
    let person = if span.released_only {
        "e.payer_id || ':' || e.member_number"
    } else {
        "e.organization_id || '/' || e.member_id"
    };
    let of = |status: &str| sum(&format!("CASE WHEN e.status = '{status}' THEN 1 ELSE 0 END"));
    let sql = format!(
        "SELECT {}, COUNT(DISTINCT {person}) AS members, COUNT(*) AS recorded, \
         {} AS ready, {} AS held, {} AS non_billable, {} AS claimed, {} AS submitted, \
         {} AS minutes FROM encounters e WHERE {}{only} {}",
        select(span, by),
        of("ready"),
        of("held"),
        of("non_billable"),
        of("claimed"),
        of("submitted"),
        sum("e.minutes"),
        condition(span),
        group(by),
    );
    Ok(diesel::sql_query(sql).bind::<Date, _>(span.from).bind::<Date, _>(span.to).load(conn)?)
}

/// Sums over the lines that count, neither superseded nor void.
pub fn lines(conn: &mut Conn, span: &Span, by: &[Dimension]) -> Result<Vec<LineSums>, StoreError> {
    let of =
        |status: &str| sum(&format!("CASE WHEN l.status = '{status}' THEN l.units ELSE 0 END"));
    let sql = format!(
        "SELECT {}, {} AS recorded, {} AS ready, {} AS held, {} AS claimed, {} AS submitted \
         FROM decision_lines l JOIN encounters e \
         ON e.organization_id = l.organization_id AND e.id = l.encounter_id \
         WHERE l.status IN ('ready', 'held', 'claimed', 'submitted') AND {} {}",
        select(span, by),
        sum("l.units"),
        of("ready"),
        of("held"),
        of("claimed"),
        of("submitted"),
        condition(span),
        group(by),
    );
    Ok(diesel::sql_query(sql).bind::<Date, _>(span.from).bind::<Date, _>(span.to).load(conn)?)
}

/// Sums over released live claims, by the encounters that they state.
pub fn claims(
    conn: &mut Conn,
    span: &Span,
    by: &[Dimension],
) -> Result<Vec<ClaimSums>, StoreError> {
    let sql = format!(
        "SELECT {}, {} AS units, {} AS charge, {} AS expected FROM {CLAIM_JOIN} \
         JOIN encounters e ON e.organization_id = p.organization_id AND e.id = p.encounter_id \
         WHERE {} AND {} {}",
        select(span, by),
        sum("p.units"),
        sum("p.charge"),
        sum("p.expected"),
        released(span),
        condition(span),
        group(by),
    );
    Ok(diesel::sql_query(sql).bind::<Date, _>(span.from).bind::<Date, _>(span.to).load(conn)?)
}

/// The control of the report: the same sums taken from the claim lines themselves, not from the
/// visits behind them.
pub fn claim_control(conn: &mut Conn, span: &Span) -> Result<ClaimSums, StoreError> {
    let organization = only("c.organization_id", span.organization.map(OrganizationId::as_i64));
    let payer = only("c.payer_id", span.payer.map(PayerId::as_i64));
    let sql = format!(
        "SELECT {}, {} AS units, {} AS charge, {} AS expected FROM claims c JOIN claim_lines k \
         ON k.organization_id = c.organization_id AND k.claim_id = c.id \
         WHERE c.status IN {} AND k.service_date BETWEEN $1 AND $2 \
         AND c.service_date BETWEEN $3 AND $2{organization}{payer}",
        select(span, &[]),
        sum("k.units"),
        sum("k.charge"),
        sum("k.expected"),
        billed(),
    );
    Ok(diesel::sql_query(sql)
        .bind::<Date, _>(span.from)
        .bind::<Date, _>(span.to)
        .bind::<Date, _>(span.from - TimeDelta::days(CLAIM_DAYS))
        .get_result(conn)?)
}

#[derive(Debug, QueryableByName)]
struct Name {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    key: String,
}

/// Keys of organizations, by id.
pub fn organization_keys(
    conn: &mut Conn,
) -> Result<std::collections::HashMap<i64, String>, StoreError> {
    let rows: Vec<Name> = diesel::sql_query("SELECT id, key FROM organizations").load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.key)).collect())
}
