//! Utilization: what was delivered, to how many people, and what became of it
//! (`docs/definitions.md` section 7).
//!
//! Every level (the rows, the subtotals, the total) is computed for itself, because the number of
//! different people does not add up. What does add up is checked in the `ties` block: rows against
//! totals, statuses against recorded, and money against the claim lines themselves.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::cells::{Dimension, Groups, Levels, Place, Span, Sums, levels};
use super::frame::NOTICE;
use super::measures::{Measures, measures};
use super::ties::{Ties, ties};
use crate::domain::dates::Instant;
use crate::domain::ids::{OrganizationId, PayerId};
use crate::error::{AppError, Code};
use crate::store::{self, Conn, Db, Scope, StoreError};

/// Longest period of one report, in days: ten years and their leap days.
const MAX_DAYS: i64 = 3_653;

/// Why units are null.
const MIXED: &str = "units are null (mixed_units) where units of different lengths would be added: read the \
                     minutes, or group by service and month.";

/// Who reads: decides what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Perspective {
    /// All recorded visits, with what became of them.
    Organization,
    /// Released claims only.
    Payer,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who reads.
    pub perspective: Perspective,
    /// One organization, or all.
    pub organization: Option<OrganizationId>,
    /// One payer, or all.
    pub payer: Option<PayerId>,
    /// First service date.
    pub from: NaiveDate,
    /// Last service date.
    pub to: NaiveDate,
    /// In the order of the columns.
    pub group_by: Vec<Dimension>,
}

/// The report.
#[derive(Debug, Serialize)]
pub struct Utilization {
    /// Its name.
    pub report: &'static str,
    /// By which date visits are counted.
    pub basis: &'static str,
    /// Who reads.
    pub perspective: Perspective,
    /// First service date.
    pub from: NaiveDate,
    /// Last service date.
    pub to: NaiveDate,
    /// The moment of the report.
    pub as_of: Instant,
    /// What the rows are grouped by.
    pub group_by: Vec<&'static str>,
    /// The finest level.
    pub rows: Vec<Row>,
    /// The levels between rows and totals, coarsest first.
    pub subtotals: Vec<Row>,
    /// All together.
    pub totals: Measures,
    /// What adds up, and what does not.
    pub ties: Ties,
    /// Measures that do not add up over rows.
    pub non_additive: [&'static str; 2],
    /// What is null, and why.
    pub notes: Vec<&'static str>,
    /// For a payer, what 42 CFR 2.32 says.
    pub notice: Option<&'static str>,
}

/// One group.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Month of the service date, 2026-07.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Organization's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Service of the contract; `none` where the rules found none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Role of the peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// In person, by video, by telephone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Where the member was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<String>,
    /// Program, site or grant of the organization; `none` for visits that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// What is counted.
    #[serde(flatten)]
    pub measures: Measures,
}

/// Makes the report from one snapshot.
pub async fn run(db: &Db, request: Request) -> Result<Utilization, AppError> {
    let days = (request.to - request.from).num_days();
    if !(0..=MAX_DAYS).contains(&days) {
        let detail = "The period runs from a day to the same or a later one, ten years at most.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    let scope = request.organization.map_or(Scope::Service, Scope::Tenant);
    db.read(scope, move |conn| Ok(build(conn, &request)?)).await
}

fn build(conn: &mut Conn, request: &Request) -> Result<Utilization, StoreError> {
    let span = Span {
        from: request.from,
        to: request.to,
        organization: request.organization,
        payer: request.payer,
        released_only: request.perspective == Perspective::Payer,
    };
    let as_of = store::report_facts::clock(conn)?;
    let names = store::report_days::organization_keys(conn)?;
    let by = request.group_by.as_slice();
    let Levels { groups, control } = levels(conn, &span, by)?;
    let show = |(depth, groups): (usize, &Groups)| -> Vec<Row> {
        let by = by.get(..depth).unwrap_or(by);
        groups.iter().map(|(place, sums)| row(place, sums, by, &names, request)).collect()
    };
    let totals = groups.first().and_then(|groups| groups.values().next()).map_or_else(
        || measures(&Sums::default(), request.perspective),
        |sums| measures(sums, request.perspective),
    );
    let inner = groups.iter().enumerate().skip(1).take(by.len().saturating_sub(1));
    let subtotals = inner.flat_map(show).collect();
    let rows = groups.iter().enumerate().skip(1).last().map(show).unwrap_or_default();
    let ties = ties(&rows, by.is_empty(), &totals, &control);
    let mut notes = vec!["paid is null: this version does not post remittances yet."];
    if groups.iter().flat_map(|level| level.values()).any(|sums| sums.mixed) {
        notes.push(MIXED);
    }
    Ok(Utilization {
        report: "utilization",
        basis: "service date",
        perspective: request.perspective,
        from: request.from,
        to: request.to,
        as_of,
        group_by: by.iter().map(|d| d.as_str()).collect(),
        rows,
        subtotals,
        totals,
        ties,
        non_additive: ["members", "units_per_member"],
        notes,
        notice: (request.perspective == Perspective::Payer).then_some(NOTICE),
    })
}

fn row(
    place: &Place,
    sums: &Sums,
    by: &[Dimension],
    names: &HashMap<i64, String>,
    request: &Request,
) -> Row {
    let or_none = |dimension: Dimension, value: &Option<String>| {
        by.contains(&dimension).then(|| value.clone().unwrap_or_else(|| "none".to_owned()))
    };
    Row {
        month: place.month.map(|m| format!("{:04}-{:02}", m / 100, m % 100)),
        organization: place.organization_id.map(|id| names.get(&id).cloned().unwrap_or_default()),
        service: or_none(Dimension::Service, &place.service),
        role: place.role.clone(),
        mode: place.mode.clone(),
        setting: place.setting.clone(),
        program: or_none(Dimension::Program, &place.program),
        measures: measures(sums, request.perspective),
    }
}
