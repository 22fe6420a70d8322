//! A column that is one of a list of values, as a statement that is prepared once for a connection (`docs/adr/0161`).
//!
//! PostgreSQL is given the list as one array. SQLite knows no arrays: a list of other length is another statement,
//! and diesel's `eq_any` has each of them prepared anew each time, which takes longer than to look for a few
//! rows. Here lists are filled up to few lengths by their last value, and prepared statements are kept.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, Bool, HasSqlType};
use diesel::sqlite::Sqlite;

use super::conn::MultiBackend;

/// Lengths up to which lists are filled: so many statements are kept of each question. Single visits ask with one
/// value or a few; for as many as a chunk of an upload has, the preparing is nothing beside the asking.
const LENGTHS: [usize; 4] = [1, 4, 16, 64];

/// `left IN (values)`.
#[derive(Debug, Clone)]
pub(super) struct OneOf<L, ST, T> {
    left: L,
    values: Vec<T>,
    sql_type: PhantomData<ST>,
}

/// What columns are asked.
pub(super) trait OneOfDsl: Expression + Sized {
    /// Whether the value is one of these: like diesel's `eq_any`.
    fn one_of<T>(self, values: impl IntoIterator<Item = T>) -> OneOf<Self, Self::SqlType, T> {
        OneOf { left: self, values: values.into_iter().collect(), sql_type: PhantomData }
    }

    /// Whether the value is none of these: like diesel's `ne_all`.
    fn none_of<T>(
        self,
        values: impl IntoIterator<Item = T>,
    ) -> diesel::dsl::not<OneOf<Self, Self::SqlType, T>>
    where
        Self::SqlType: TypedExpressionType,
    {
        diesel::dsl::not(self.one_of(values))
    }
}

impl<L: Expression> OneOfDsl for L {}

/// How a database is asked whether something is in a list.
pub(super) trait InList<ST, T>: Backend {
    /// Writes what comes behind the one that is looked for.
    fn push_in<'b>(out: &mut AstPass<'_, 'b, Self>, values: &'b [T]) -> QueryResult<()>;
}

impl<ST, T> InList<ST, T> for Sqlite
where
    Self: HasSqlType<ST>,
    T: ToSql<ST, Self>,
{
    fn push_in<'b>(out: &mut AstPass<'_, 'b, Self>, values: &'b [T]) -> QueryResult<()> {
        let filled = LENGTHS.into_iter().find(|length| *length >= values.len());
        if filled.is_none() {
            out.unsafe_to_cache_prepared();
        }
        // Of nothing there is nothing to fill up with: SQLite takes an empty list.
        let last = values.last().into_iter().cycle();
        let length = filled.unwrap_or(values.len());
        out.push_sql(" IN (");
        for (place, value) in values.iter().chain(last).take(length).enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<ST, T>(value)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<ST, T> InList<ST, T> for Pg
where
    ST: 'static,
    Self: HasSqlType<Array<ST>>,
    [T]: ToSql<Array<ST>, Self>,
{
    fn push_in<'b>(out: &mut AstPass<'_, 'b, Self>, values: &'b [T]) -> QueryResult<()> {
        out.push_sql(" = ANY(");
        out.push_bind_param::<Array<ST>, [T]>(values)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<L, ST, T> OneOf<L, ST, T> {
    fn walk<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: InList<ST, T>,
        L: QueryFragment<DB>,
    {
        self.left.walk_ast(out.reborrow())?;
        DB::push_in(&mut out, &self.values)
    }
}

impl<L, ST, T> QueryFragment<Sqlite> for OneOf<L, ST, T>
where
    Sqlite: InList<ST, T>,
    L: QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk(out)
    }
}

impl<L, ST, T> QueryFragment<Pg> for OneOf<L, ST, T>
where
    Pg: InList<ST, T>,
    L: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk(out)
    }
}

impl<L, ST, T> QueryFragment<MultiBackend> for OneOf<L, ST, T>
where
    Self: QueryFragment<Sqlite> + QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(self, out)
    }
}

/// Without an id of its type: statements are known by their text.
impl<L, ST, T> QueryId for OneOf<L, ST, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<L, ST, T> Expression for OneOf<L, ST, T>
where
    L: Expression,
    ST: TypedExpressionType,
{
    type SqlType = Bool;
}

impl<L, ST, T, QS> AppearsOnTable<QS> for OneOf<L, ST, T>
where
    Self: Expression,
    L: AppearsOnTable<QS>,
{
}

impl<L, ST, T, QS> SelectableExpression<QS> for OneOf<L, ST, T>
where
    Self: AppearsOnTable<QS>,
    L: SelectableExpression<QS>,
{
}

impl<L, ST, T, GB> ValidGrouping<GB> for OneOf<L, ST, T>
where
    L: ValidGrouping<GB>,
{
    type IsAggregate = L::IsAggregate;
}

#[cfg(test)]
#[path = "one_of_tests.rs"]
mod tests;
