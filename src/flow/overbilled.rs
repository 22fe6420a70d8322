//! What a batch says for the first time, and would not be said today (`docs/adr/0158`): it is asked when the batch
//! is released, while nobody was told yet.

use super::Ctx;
use super::again::{self, Ways, Wish};
use super::batching::Visits;
use crate::domain::correction::Difference;
use crate::domain::ids::EncounterId;
use crate::error::{AppError, Fault};
use crate::store::{self, Conn};

/// Whether a difference does no harm where no more is billed than would be today.
fn is_of_amount(difference: Difference) -> bool {
    matches!(difference, Difference::Units | Difference::Charge | Difference::Authorization)
}

/// What claims say for the first time that would not be said today, and would be denied or paid too much: by the
/// list of corrections, after what is marked has been decided. A replacement tells the payer nothing that it does
/// not have; what it says too much is corrected afterwards.
pub(super) fn overbilled(
    ctx: &Ctx,
    conn: &mut Conn,
    visits: &Visits,
    ids: &[EncounterId],
) -> Result<Vec<Fault>, AppError> {
    let tenant = visits.organization.id;
    let pending = again::Pending::read(conn, tenant)?;
    let marked = ids.iter().filter_map(|id| pending.wish(visits.encounters.get(id)?));
    let marked: Vec<Wish> = marked.collect();
    let forward = Ways { back: false, forward: true };
    again::redo(ctx, conn, &visits.organization, &marked, forward)?;
    let open = store::corrections::open_of(conn, tenant, ids)?;
    let mut faults = Vec::new();
    for (id, correction) in ids.iter().filter_map(|id| Some((id, open.get(id)?))) {
        let (billed, today) = (&correction.billed, &correction.today);
        let differs = billed.differs(today);
        if differs.iter().copied().all(is_of_amount)
            && billed.units() <= today.units()
            && billed.charge() <= today.charge()
        {
            // More could be billed, or another authorization be named: a replacement may say so later.
            continue;
        }
        let Some(encounter) = visits.encounters.get(id) else { continue };
        let differs: Vec<&str> = differs.iter().map(|d| d.as_str()).collect();
        let message = format!(
            "{}: {} units were claimed and {} would be today; what differs: {}.",
            encounter.data.reference,
            billed.units(),
            today.units(),
            differs.join(", "),
        );
        faults.push(Fault::at(format!("/encounters/{id}"), message));
    }
    Ok(faults)
}
