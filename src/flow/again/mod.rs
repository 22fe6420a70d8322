//! Deciding again: what a change touches is decided anew, in the background and in order.
//!
//! **To mark a change** (what a colleague's step calls): in the transaction that stores it,
//!
//! ```ignore
//! again::mark(ctx, conn, organization, Cause::Consent, &[Touched::Member(member, Days::ALL)])?;
//! ```
//!
//! Call it once in a transaction, with the whole list, after everything else was written: it waits
//! for the decisions that read what was before the change, so that none of them is missed. Marks
//! commit with the change or not at all. The worker then takes them in turn (`work`), finds the
//! visits that they touch (`store::touched`), decides those again in bounded chunks (`redo`), and
//! tells what came of it: outcomes that changed in a feed (`changes`), claimed visits that would be
//! billed otherwise today on a list (`corrections`). What a new decision sets free is marked by
//! itself; a step that decides or voids through `flow::encounters` has nothing more to mark.
//!
//! A decision that reads an organization, its contracts or anything that [`Touched::Organization`]
//! and [`Touched::Payer`] stand for begins with [`deciding`].

mod alone;
mod bundle;
mod claimed;
mod division;
mod lean;
mod mark;
mod numbers;
mod pending;
mod read;
mod redo;
mod work;
mod write;

pub use crate::domain::again::{Cause, Change, Days, Freed, Outcome, Touched};
pub use crate::domain::correction::{BilledLine, Billing, Correction, Difference};
pub(in crate::flow) use claimed::{as_if_free, beside_told};
pub use claimed::{let_go, told_otherwise};
pub use lean::{Holders, gone, terms_of_all, uncounted, wake};
pub(in crate::flow) use mark::follow;
pub use mark::{changing, deciding, deciding_by, mark, reach_others, retell};
pub use numbers::follow_numbers;
pub use pending::Pending;
pub use read::{Feed, Filter, Listed, changes, corrections};
pub(in crate::flow) use redo::ready_units;
pub use redo::{Ways, Wish, redo};
pub use work::{CHUNK_VISITS, Round, Turn, settle, turn};
pub use write::{Again, end_lines, freed, write};

use super::Ctx;

impl Ctx {
    /// Waits until something was marked in this process.
    pub async fn marked(&self) {
        self.wake.notified().await;
    }
}
