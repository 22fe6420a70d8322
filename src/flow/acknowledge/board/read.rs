//! What is known of the claims of a file's batches before its words are weighed. Each is asked once for
//! all batches: a clearinghouse answers those of a day in one file.

use std::collections::HashSet;

use super::{Beside, Board, Heard};
use crate::domain::claim_change::ChangeState;
use crate::domain::ids::{BatchId, ClaimId, OrganizationId};
use crate::domain::response::{Effect, Source, Stage, Taken, Verdict};
use crate::error::AppError;
use crate::flow::acknowledge::said::is_kept_again;
use crate::store::responses::{self, Refusal};
use crate::store::{self, Conn, acknowledged};

impl Board {
    /// Under the locks of its batches; `replaced` are those after whose numbered rejections the payer
    /// wants a replacement.
    pub(in crate::flow::acknowledge) fn read(
        conn: &mut Conn,
        tenant: OrganizationId,
        ids: &[BatchId],
        replaced: HashSet<BatchId>,
        beside: Beside,
    ) -> Result<Self, AppError> {
        let heard = ids.iter().map(|id| (*id, Heard::default())).collect();
        let mut board = Self { replaced, heard, beside, ..Self::default() };
        board.read_claims(conn, tenant, ids)?;
        board.read_words(conn, tenant, ids)?;
        board.read_changes(conn, tenant)?;
        board.now = board.before.clone();
        Ok(board)
    }

    /// The claims, and what shows that they arrived besides words: a number, or a payment.
    fn read_claims(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        ids: &[BatchId],
    ) -> Result<(), AppError> {
        let claims = acknowledged::of_batches(conn, tenant, ids)?;
        let all: Vec<ClaimId> = claims.iter().map(|(claim, _)| claim.id).collect();
        self.paid = store::paid_claims::among(conn, tenant, &all)?;
        for (claim, known) in claims {
            // Also where a biller has read the number in the payer's portal.
            if known || self.paid.contains(&claim.id) {
                let of = self.heard.entry(claim.batch).or_default();
                of.hear(Stage::Claim, "", Verdict::Accepted, true, Some(claim.id));
            }
            if known {
                self.numbered.insert(claim.id);
            }
            self.of_batch.entry(claim.batch).or_default().push(claim.id);
            self.before.insert(claim.id, claim.status);
            self.numbers.insert(claim.number, claim.id);
        }
        Ok(())
    }

    /// What earlier files said.
    fn read_words(
        &mut self,
        conn: &mut Conn,
        tenant: OrganizationId,
        ids: &[BatchId],
    ) -> Result<(), AppError> {
        for said in responses::heard(conn, tenant, ids)? {
            let of = self.heard.entry(said.batch).or_default();
            let counts = said.verdict != Verdict::Rejected || said.effect == Effect::Rejected;
            of.hear(said.stage, &said.control, said.verdict, counts, said.claim);
            of.arrived |= said.stage == Stage::Set;
        }
        // What was called a copy by an earlier file is there, too.
        for Refusal { batch, stage, source, control, said, .. } in
            responses::refusals_of_batches(conn, tenant, ids)?
        {
            let of = self.heard.entry(batch).or_default();
            if is_kept_again(stage, source, &said, Source::Payer) {
                of.copied.insert((stage, control));
            } else if is_kept_again(stage, source, &said, Source::Clearinghouse) {
                of.held.insert(control);
            }
        }
        Ok(())
    }

    /// How far the payer has gone, and which claims are corrections or are corrected.
    fn read_changes(&mut self, conn: &mut Conn, tenant: OrganizationId) -> Result<(), AppError> {
        let all: Vec<ClaimId> = self.before.keys().copied().collect();
        self.payer = responses::taken_by_payer(conn, tenant, &all)?;
        let changes = store::claim_changes::of_built(conn, tenant, &all)?;
        // A biller's evidence that the payer took a correction is as good.
        let known = changes.iter().filter(|change| change.evidence.is_some());
        for built in known.filter_map(|change| change.built) {
            let taken = self.payer.entry(built).or_default();
            *taken = Taken::Received.max(*taken);
        }
        self.corrections = changes.iter().filter_map(|change| change.built).collect();
        let open = store::claim_changes::open_of_all(conn, tenant, &all)?;
        let built = open.into_iter().filter(|c| c.state == ChangeState::Built);
        self.changing = built.map(|c| c.claim).collect();
        Ok(())
    }
}
