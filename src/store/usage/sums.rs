//! Sums of the ledger, as one statement for each database.
//!
//! SQLite plans by fixed figures and quickly: ids and dates, which are values of ours, stand in the text.
//! PostgreSQL would take as long to plan such a statement as to answer it, and a preview asks one; there they
//! are bound, so that the text is the same each time and is planned once for a connection.

use chrono::NaiveDate;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Date, Untyped};

use super::{ends, left_out, list};
use crate::domain::windows::Days;

const GROUPED: &str = "service, service_date, authorization_id, modifiers, mode";

/// Which entries of the ledger are summed, and for whom.
#[derive(Debug)]
pub(super) struct Sums {
    /// The column of those whose sums they are.
    whose: &'static str,
    /// The column by which they are found.
    by: &'static str,
    ids: Vec<i64>,
    payer: Option<i64>,
    days: Option<(NaiveDate, NaiveDate)>,
}

impl Sums {
    /// Of those in a column.
    pub(super) fn of(whose: &'static str, ids: Vec<i64>) -> Self {
        Self { whose, by: whose, ids, payer: None, days: None }
    }

    /// Found by another column.
    pub(super) fn found_by(self, by: &'static str) -> Self {
        Self { by, ..self }
    }

    /// Of one payer only.
    pub(super) fn of_payer(self, payer: i64) -> Self {
        Self { payer: Some(payer), ..self }
    }

    /// On these days only.
    pub(super) fn within(self, days: Days) -> Self {
        Self { days: Some(ends(days)), ..self }
    }
}

/// Sums of one organization, but for what some encounters drew. What two of them find is the same in both, so
/// UNION keeps it once.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) organization: i64,
    pub(super) sums: &'a [Sums],
    pub(super) except: &'a [i64],
}

/// What comes before the condition on the organization.
fn head(sums: &Sums) -> String {
    format!(
        "SELECT {} AS whose, {GROUPED}, CAST(SUM(reserved + consumed) AS BIGINT) AS units \
         FROM unit_entries WHERE service IS NOT NULL AND organization_id = ",
        sums.whose
    )
}

/// What comes after all conditions.
fn tail(sums: &Sums) -> String {
    format!(" GROUP BY {}, {GROUPED} HAVING SUM(reserved + consumed) <> 0", sums.whose)
}

const UNION: &str = " UNION ";
const ORDER: &str = " ORDER BY 1, 3, 2, 4, 5, 6";

impl Asked<'_> {
    /// The statement with all values in its text.
    pub(super) fn text(&self) -> String {
        let select = |sums: &Sums| {
            let (head, tail, organization) = (head(sums), tail(sums), self.organization);
            let (by, ids, except) = (sums.by, list(&sums.ids), left_out(self.except));
            let payer = sums.payer.map(|payer| format!(" AND payer_id = {payer}"));
            let days = sums
                .days
                .map(|(from, to)| format!(" AND service_date BETWEEN '{from}' AND '{to}'"));
            let (payer, days) = (payer.unwrap_or_default(), days.unwrap_or_default());
            format!(
                "{head}{organization} AND (encounter_id IS NULL OR encounter_id NOT IN ({except})) \
                 AND {by} IN ({ids}){payer}{days}{tail}"
            )
        };
        self.sums.iter().map(select).collect::<Vec<_>>().join(UNION) + ORDER
    }
}

impl QueryFragment<Pg> for Asked<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (place, sums) in self.sums.iter().enumerate() {
            if place > 0 {
                out.push_sql(UNION);
            }
            out.push_sql(&head(sums));
            out.push_bind_param::<BigInt, _>(&self.organization)?;
            out.push_sql(" AND (encounter_id IS NULL OR encounter_id <> ALL(");
            out.push_bind_param::<Array<BigInt>, _>(self.except)?;
            out.push_sql(&format!(")) AND {} = ANY(", sums.by));
            out.push_bind_param::<Array<BigInt>, _>(&sums.ids)?;
            out.push_sql(")");
            if let Some(payer) = &sums.payer {
                out.push_sql(" AND payer_id = ");
                out.push_bind_param::<BigInt, _>(payer)?;
            }
            if let Some((from, to)) = &sums.days {
                out.push_sql(" AND service_date BETWEEN ");
                out.push_bind_param::<Date, _>(from)?;
                out.push_sql(" AND ");
                out.push_bind_param::<Date, _>(to)?;
            }
            out.push_sql(&tail(sums));
        }
        out.push_sql(ORDER);
        Ok(())
    }
}

/// Without an id of its type: statements are known by their text, of which there are few.
impl QueryId for Asked<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Asked<'_> {
    type SqlType = Untyped;
}

impl RunQueryDsl<PgConnection> for Asked<'_> {}
