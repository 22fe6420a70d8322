//! The table of legal moves: nothing else changes a status.
//!
//! States are those of `docs/definitions.md` section 5 that this version can reach; states of
//! acknowledgment and payment join with the readers that cause them.

use super::text::code_list;

code_list!(
    /// The life of a decision line.
    LineStatus, "a status of a line" {
        /// Can be claimed.
        Ready = "ready",
        /// Waits for a person.
        Held = "held",
        /// On a claim that is not released.
        Claimed = "claimed",
        /// On a released claim.
        Submitted = "submitted",
        /// A later decision took its place.
        Superseded = "superseded",
        /// Its encounter was voided.
        Void = "void",
    }
);

code_list!(
    /// The life of an encounter, derived from its lines.
    EncounterStatus, "a status of an encounter" {
        /// Some line can be claimed.
        Ready = "ready",
        /// Waits for a person.
        Held = "held",
        /// Never claimed.
        NonBillable = "non_billable",
        /// On a claim that is not released.
        Claimed = "claimed",
        /// On a released claim.
        Submitted = "submitted",
        /// Voided.
        Void = "void",
    }
);

code_list!(
    /// The life of a claim.
    ClaimStatus, "a status of a claim" {
        /// In a batch that is not released.
        Batched = "batched",
        /// Its batch was released.
        Released = "released",
        /// Its batch reached the payer.
        Delivered = "delivered",
        /// Its batch was withdrawn.
        Withdrawn = "withdrawn",
    }
);

code_list!(
    /// The life of a batch.
    BatchStatus, "a status of a batch" {
        /// Made, not released.
        Built = "built",
        /// Frozen and checked.
        Released = "released",
        /// Reached the payer, with a receipt.
        Delivered = "delivered",
        /// Taken back before release.
        Withdrawn = "withdrawn",
    }
);

impl LineStatus {
    /// Whether the move is in the table.
    pub fn may_become(self, next: Self) -> bool {
        use LineStatus::{Claimed, Held, Ready, Submitted, Superseded, Void};
        matches!(
            (self, next),
            (Ready, Claimed | Superseded | Void)
                | (Held, Superseded | Void)
                | (Claimed, Ready | Submitted)
        )
    }

    /// Whether the line is on a live claim, so that its encounter cannot be voided or revised.
    pub fn is_claimed(self) -> bool {
        matches!(self, Self::Claimed | Self::Submitted)
    }
}

impl ClaimStatus {
    /// Whether the move is in the table.
    pub fn may_become(self, next: Self) -> bool {
        use ClaimStatus::{Batched, Delivered, Released, Withdrawn};
        matches!((self, next), (Batched, Released | Withdrawn) | (Released, Delivered))
    }

    /// Whether a claim in this state holds its lines.
    pub fn is_live(self) -> bool {
        self != Self::Withdrawn
    }
}

impl BatchStatus {
    /// Whether the move is in the table.
    pub fn may_become(self, next: Self) -> bool {
        use BatchStatus::{Built, Delivered, Released, Withdrawn};
        matches!((self, next), (Built, Released | Withdrawn) | (Released, Delivered))
    }

    /// The status of the batch's claims.
    pub fn of_claims(self) -> ClaimStatus {
        match self {
            Self::Built => ClaimStatus::Batched,
            Self::Released => ClaimStatus::Released,
            Self::Delivered => ClaimStatus::Delivered,
            Self::Withdrawn => ClaimStatus::Withdrawn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_final_state_and_nothing_moves_to_itself() {
        for from in BatchStatus::ALL {
            assert!(!from.may_become(*from));
            assert!(!BatchStatus::Withdrawn.may_become(*from));
            for to in BatchStatus::ALL {
                // Claims follow their batch, so both tables must agree.
                assert_eq!(from.may_become(*to), from.of_claims().may_become(to.of_claims()));
            }
        }
        for to in LineStatus::ALL {
            assert!(!LineStatus::Void.may_become(*to));
            assert!(!LineStatus::Superseded.may_become(*to));
            assert!(!to.may_become(*to));
        }
        assert!(!LineStatus::Submitted.may_become(LineStatus::Ready));
    }
}
