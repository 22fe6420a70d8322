//! What reports of the present are held against: the claim lines themselves, as they are now.

use super::cells;
use super::frame::{Asked, Check, Ties};
use crate::domain::report::day::Control;
use crate::store::{Conn, StoreError};

/// The sums of a report (units, charge, expected of released claims) against the claim lines; `lines`, where
/// the report read them on its way.
pub(super) fn control(
    conn: &mut Conn,
    asked: &Asked,
    released: [i64; 3],
    lines: Option<Control>,
) -> Result<Ties, StoreError> {
    let lines = match lines {
        Some(lines) => lines,
        None => read(conn, asked)?,
    };
    let [units, charge, expected] = released;
    let checks = vec![
        Check::whole("units: report = released claim lines", units, lines.units),
        Check::cents("billed: report = released claim lines", charge, lines.charge),
        Check::cents("expected: report = released claim lines", expected, lines.expected),
    ];
    Ok(Ties::of("released claim lines = batches sent", checks))
}

fn read(conn: &mut Conn, asked: &Asked) -> Result<Control, StoreError> {
    let span = cells::Span {
        from: asked.from,
        to: asked.to,
        organization: asked.lens.organization,
        payer: asked.lens.payer,
        released_only: true,
    };
    Ok(cells::levels(conn, &span, &[])?.control)
}
