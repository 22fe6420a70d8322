//! Whether a replacement or void can stand in a file as it was made, and why not.

use crate::domain::batch::StoredClaim;
use crate::domain::grouping::{self, Group};
use crate::domain::ids::{EncounterId, OrganizationId};
use crate::domain::organization::Organization;
use crate::domain::status::EncounterStatus;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::batching::{Visits, form};
use crate::flow::submit::header_of;
use crate::store::holds::HeldVisit;
use crate::store::{Conn, StoreError, in_savepoint};
use crate::x12::{Writer837p, X12Error};

/// Most visits named in a problem: the first ones tell the story.
const MOST_NAMED: usize = 5;

/// Why a change is not in this batch.
pub(super) enum Stop {
    /// It cannot be built as it is.
    Problem(String),
    /// It belongs into another file.
    Later,
    Failed(AppError),
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Whether a claim of the same member and period is among those that are made already: none of them sees what the
/// others will say.
pub(super) fn twice(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    made: &[&StoredClaim],
    claim: &StoredClaim,
) -> Result<bool, AppError> {
    let terms = ctx.terms(conn, tenant, claim.contract_version)?;
    let period = |c: &StoredClaim| form(&terms).due(c.service_date);
    let same = |c: &&StoredClaim| (c.member, period(c)) == (claim.member, period(claim));
    Ok(terms.pack.claim.claims_once() && made.iter().any(same))
}

/// Most late visits that are tried one by one where not all fit: each try decides the claim again.
const MOST_TRIED: usize = 20;

/// Of the visits that came later, in order, those that fit on the claim together: each is tried with those before
/// it, and undone.
pub(super) fn fitting(
    conn: &mut Conn,
    late: &[HeldVisit],
    with: impl Fn(&mut Conn, &[HeldVisit]) -> Result<StoredClaim, Stop>,
) -> Result<Vec<HeldVisit>, Stop> {
    let mut some: Vec<HeldVisit> = Vec::new();
    for one in late.iter().take(MOST_TRIED) {
        some.push(*one);
        let tried = in_savepoint(conn, |conn: &mut Conn| {
            with(conn, &some)?;
            Err::<(), Stop>(Stop::Later)
        });
        match tried {
            Err(Stop::Failed(error)) => return Err(Stop::Failed(error)),
            Err(Stop::Problem(_)) => {
                some.pop();
            }
            Err(Stop::Later) | Ok(()) => {}
        }
    }
    Ok(some)
}

/// Writes the claim to nowhere: what its file would refuse must not stop the others.
pub(super) fn writable(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    claim: &StoredClaim,
) -> Result<(), Stop> {
    let terms = ctx.terms(conn, organization.id, claim.contract_version)?;
    let created = organization.data.zone.local(ctx.now());
    // Without a location that bills there is no file, which is told of all claims at once.
    let Some(header) = header_of(organization, &terms, created, (1, 2)) else { return Ok(()) };
    let refuse = |e: X12Error| Stop::Problem(format!("it cannot be written for the payer: {e}"));
    let mut writer = Writer837p::new(std::io::sink(), &header).map_err(refuse)?;
    writer.offer(&claim.document, &claim.detail).map(|_| ()).map_err(refuse)
}

/// A visit that its correction made held would leave the claim unseen: whoever wants that says so.
pub(super) fn nothing_held(
    own: &[EncounterId],
    visits: &Visits,
    group: &Group,
) -> Result<(), Stop> {
    let stated = grouping::encounters(std::slice::from_ref(group));
    let held: Vec<String> = own
        .iter()
        .filter(|id| !stated.contains(id))
        .filter_map(|id| visits.encounters.get(id))
        .filter(|e| e.status == EncounterStatus::Held)
        .take(MOST_NAMED)
        .map(|e| e.data.reference.to_string())
        .collect();
    if held.is_empty() {
        return Ok(());
    }
    let held = held.join(", ");
    Err(Stop::Problem(format!(
        "as corrected, these visits of the claim are held and would be missing from it: {held}. Mend \
         what holds them, or void them; to replace the claim without them, take it back (/keep) and \
         ask again with without_held"
    )))
}
