//! Sums of the ledger, as one statement. To plan it takes as long as to answer it, and a preview asks one: all
//! values are bound, so that the text is the same each time and is planned once for a connection.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Date, HasSqlType, Untyped};
use diesel::sqlite::SqliteConnection;

use super::{ends, list};
use crate::domain::windows::Days;
use crate::store::one_of::InList;

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

/// Ids of which more stand in the text: SQLite binds some thirty thousand values, and the ids of a batch that is
/// looked at once more are so many for each sum.
const MOST_BOUND: usize = 500;

/// Writes what comes behind the one that is looked for among ids.
fn push_ids<'b, DB>(out: &mut AstPass<'_, 'b, DB>, ids: &'b [i64]) -> QueryResult<()>
where
    DB: InList<BigInt, i64>,
{
    if ids.len() <= MOST_BOUND {
        return DB::push_in(out, ids);
    }
    out.unsafe_to_cache_prepared();
    out.push_sql(&format!(" IN ({})", list(ids)));
    Ok(())
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

impl<DB> QueryFragment<DB> for Asked<'_>
where
    DB: InList<BigInt, i64> + HasSqlType<BigInt> + HasSqlType<Date>,
    i64: ToSql<BigInt, DB>,
    NaiveDate: ToSql<Date, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for (place, sums) in self.sums.iter().enumerate() {
            if place > 0 {
                out.push_sql(UNION);
            }
            out.push_sql(&head(sums));
            out.push_bind_param::<BigInt, _>(&self.organization)?;
            out.push_sql(" AND (encounter_id IS NULL OR NOT encounter_id");
            push_ids(&mut out, self.except)?;
            out.push_sql(&format!(") AND {}", sums.by));
            push_ids(&mut out, &sums.ids)?;
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

impl RunQueryDsl<SqliteConnection> for Asked<'_> {}

impl RunQueryDsl<PgConnection> for Asked<'_> {}
