//! Visits whose minutes are summed over a day, or that are of a session, are decided again one by
//! one: the decision about one deals out the day's units to the others too (`flow::day_sums`), or
//! says what their session is.

use super::redo::{Standing, Ways, ready_units};
use super::write::Again;
use super::{claimed, division};
use crate::domain::ids::EncounterId;
use crate::domain::organization::Organization;
use crate::error::AppError;
use crate::flow::encounters::{bench_of, find, write_again};
use crate::flow::{Ctx, day_sums};
use crate::store::{self, Conn};

/// Decides visits again, each with a bench of its own; their accounts are locked. Gives those about
/// which decisions were stored.
pub(super) fn redo(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    standing: &[Standing],
    ways: Ways<'_>,
) -> Result<Vec<EncounterId>, AppError> {
    let mut stored = Vec::new();
    if ways.back {
        for one in standing.iter().rev() {
            if alone(ctx, conn, organization, one, ways.only(true))? {
                stored.push(one.encounter.id);
            }
        }
    }
    if ways.forward {
        for one in standing {
            if alone(ctx, conn, organization, one, ways.only(false))? {
                stored.push(one.encounter.id);
            }
        }
    }
    Ok(stored)
}

/// Decides one visit again as it stands now; on the way back only if it then holds less. Gives
/// whether a decision was stored.
fn alone(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    one: &Standing,
    ways: Ways<'_>,
) -> Result<bool, AppError> {
    let tenant = organization.id;
    // The decision about another visit of the day may have changed it.
    let encounter = find(conn, tenant, one.encounter.id)?;
    let id = encounter.id;
    let lines = store::decisions::current_lines(conn, tenant, &[id])?;
    let decision = store::decisions::by_ids(conn, tenant, &[encounter.decision])?.pop();
    let mut decision = decision.ok_or_else(|| AppError::internal("a visit has no decision"))?;
    if !lines.iter().any(|l| l.status.is_claimed()) {
        decision.answer = decision.booked(&lines);
    }
    let mut now = Standing { encounter, lines, decision, wish: one.wish, fresh: None };
    let data = now.encounter.data.clone();
    if ways.back && (now.is_claimed() || ready_units(&now.decision.answer) == 0) {
        return Ok(false);
    }
    let mut bench = bench_of(ctx, conn, organization, &[&data], id)?;
    if now.is_claimed() {
        let claims = store::corrections::live_claims(conn, tenant, &[id])?;
        let claim = claims.get(&id).copied();
        let claim = claim.ok_or_else(|| AppError::internal("a claimed visit has no claim"))?;
        division::book(ctx, conn, organization, &mut bench, &mut now)?;
        let found = claimed::examine(ctx, conn, organization, &mut bench, &now, claim)?;
        claimed::keep(ctx, conn, tenant, &[now], vec![found])?;
        return Ok(false);
    }
    let depth = one.wish.depth;
    let left = day_sums::leave_for(ctx, conn, tenant, id, bench.sum_key(&data), depth)?;
    if left {
        bench = bench_of(ctx, conn, organization, &[&data], id)?;
    }
    bench.put_aside(ways.aside);
    let stands = &now.decision.answer;
    let (case, answer) = bench.decide_again(&now.encounter, stands, ctx.now())?;
    let fewer = ready_units(&answer) < ready_units(&now.decision.answer);
    let wanted = if ways.back { fewer } else { !now.same(&case, &answer) };
    if !left && !wanted {
        return Ok(false);
    }
    let Standing { encounter, lines, decision: before, wish, .. } = now;
    let again =
        Again { encounter, revised: None, lines, before, case, answer, cause: wish.cause, depth };
    write_again(ctx, conn, tenant, bench, again)?;
    Ok(true)
}
