//! What a claimed visit has without an authorization and what it has on one is one number to the payer. Where it
//! needs more of the authorization than was booked for it, because somebody else counts among the units without
//! one now, its claim stays as it is and nothing is to be corrected; but the units are booked, so that nobody else
//! is given them (`docs/adr/0170`); and back, where it needs fewer again.

use super::claimed::{as_if_free, beside_others};
use super::mark::follow;
use super::redo::Standing;
use super::write::{freed, goes_on_without_end};
use crate::domain::again::{Cause, Days, Touched};
use crate::domain::decision::{Decision, DecisionLine, LineAnswer};
use crate::domain::ids::{AuthorizationId, LineId};
use crate::domain::ledger::{self, Entry};
use crate::domain::line::Line;
use crate::domain::organization::Organization;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::intake::bench::Bench;
use crate::flow::intake::draws::{Draws, draw};
use crate::store::{self, Conn};

/// Another division of a line's units: so many on the authorization that its claim names.
struct Divided {
    line: LineId,
    authorization: AuthorizationId,
    authorized: u32,
}

/// Books how the units of a claimed visit divide today, and puts it on the bench. Not for those whose
/// minutes are summed over a day.
pub(super) fn book(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    bench: &mut Bench,
    one: &mut Standing,
) -> Result<(), AppError> {
    let divisions = divided(ctx, conn, organization, bench, one)?;
    if divisions.is_empty() {
        return Ok(());
    }
    let tenant = organization.id;
    let ids: Vec<LineId> = divisions.iter().map(|d| d.line).collect();
    let mut drawn = Draws::default();
    let held = store::ledger::holdings(conn, tenant, &ids)?;
    for line in &mut one.lines {
        let Some(of) = divisions.iter().find(|d| d.line == line.id) else { continue };
        let more = of.authorized > line.authorized_units;
        let (from, to) =
            if more { (None, Some(of.authorization)) } else { (Some(of.authorization), None) };
        let units = of.authorized.abs_diff(line.authorized_units);
        let held = held.iter().find(|h| h.line == Some(line.id) && h.authorization == from);
        let enough = |h: &&Entry| i64::from(units) <= h.reserved.saturating_add(h.consumed);
        let held = held.filter(enough);
        let held = held.ok_or_else(|| AppError::internal("a claimed line holds other units"))?;
        drawn.own.extend(ledger::shift(held.clone(), units, to));
        line.authorized_units = of.authorized;
        store::divisions::set_authorized(conn, tenant, line.id, of.authorized)?;
    }
    draw(ctx, conn, tenant, ctx.now(), drawn)?;
    bench.lift(one.encounter.id, &one.encounter.data);
    let booked = one.decision.booked(&one.lines);
    bench.put(ctx, one.encounter.id, &one.encounter.data, &booked);
    let depth = one.wish.depth;
    if goes_on_without_end(tenant, depth) {
        return Ok(());
    }
    // Whoever drew on it beside the visit may have no room there any more, and others may have more.
    let mut touched = freed([&one.encounter]);
    touched.push(Touched::Member(one.encounter.data.member, Days::ALL));
    follow(ctx, conn, tenant, Cause::Authorization, depth + 1, &touched)
}

fn divided(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    bench: &mut Bench,
    one: &Standing,
) -> Result<Vec<Divided>, AppError> {
    // Of what was all on authorizations when it was claimed, all is.
    let made = one.decision.answer.lines.iter();
    let mut named = made.filter_map(|l| Some((l.units, l.authorization.as_ref()?.units)));
    let may = named.any(|(units, drawn)| drawn < units);
    if one.decision.answer.day_sum.is_some() || !may {
        return Ok(Vec::new());
    }
    let lifted = bench.lift(one.encounter.id, &one.encounter.data);
    let (_, mut answer) = as_if_free(bench, &one.encounter.data, &one.decision)?;
    bench.restore(lifted);
    if otherwise(&one.lines, &answer).is_none() {
        // Perhaps only because visits that would give way to it hold what this one was given.
        (_, answer) = beside_others(ctx, conn, organization, one)?;
    }
    Ok(otherwise(&one.lines, &answer).unwrap_or_default())
}

/// How lines that are claimed divide otherwise by an answer that says the same of them; none where something else
/// would be billed, which is to be corrected.
fn otherwise(lines: &[Line], answer: &Decision) -> Option<Vec<Divided>> {
    let claimed: Vec<&Line> = lines.iter().filter(|l| l.status.is_claimed()).collect();
    let ready = answer.lines.iter().filter(|l| l.answer == LineAnswer::Ready);
    let ready: Vec<&DecisionLine> = ready.collect();
    let on = |l: &DecisionLine| l.authorization.as_ref().map(|draw| draw.id);
    let same = |(line, said): (&&Line, &&DecisionLine)| {
        (line.units, line.authorization) == (said.units, on(said))
    };
    if claimed.len() != ready.len() || !claimed.iter().zip(&ready).all(same) {
        return None;
    }
    let pairs = claimed.into_iter().zip(ready);
    let divisions = pairs.filter_map(|(line, said)| {
        let draw = said.authorization.as_ref().filter(|d| d.units != line.authorized_units)?;
        Some(Divided { line: line.id, authorization: draw.id, authorized: draw.units })
    });
    Some(divisions.collect())
}
