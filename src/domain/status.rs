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
        /// A clearinghouse or the payer took it for adjudication (277CA).
        Accepted = "accepted",
        /// A TA1, 999 or 277CA refused it; its lines are free again.
        Rejected = "rejected",
        /// Its batch was withdrawn.
        Withdrawn = "withdrawn",
        /// A replacement counts in its place.
        Replaced = "replaced",
        /// A void reversed it.
        Voided = "voided",
        /// A void that the payer took; nothing is left of it to do.
        Closed = "closed",
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
        /// All of it was answered by its receiver (999 or TA1); `acknowledgment` says how.
        Acknowledged = "acknowledged",
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
                // The claim is rejected, replaced or voided.
                | (Submitted, Ready)
                // A replacement is withdrawn or rejected: its own lines end, and those of the claim
                // that it would have replaced are as they were.
                | (Claimed | Submitted, Superseded)
                | (Superseded | Void, Submitted | Held)
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
        use ClaimStatus::{
            Accepted, Batched, Closed, Delivered, Rejected, Released, Replaced, Voided, Withdrawn,
        };
        matches!(
            (self, next),
            (Batched, Released | Withdrawn)
                | (Released, Delivered | Accepted | Rejected)
                | (Delivered, Accepted | Rejected)
                // The clearinghouse took it, the payer did not.
                | (Accepted, Rejected)
                | (Released | Delivered | Accepted, Replaced | Voided | Closed)
                // The replacement that the clearinghouse had taken was rejected by the payer.
                | (Replaced, Released | Delivered | Accepted)
        )
    }

    /// Whether the payer may have it: only then it can be replaced or voided.
    pub fn is_with_payer(self) -> bool {
        matches!(self, Self::Released | Self::Delivered | Self::Accepted)
    }

    /// Whether it is live and was released: what reports call billed.
    pub fn is_billed(self) -> bool {
        self.is_live() && self != Self::Batched
    }

    /// Whether a claim in this state holds its lines.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Batched | Self::Released | Self::Delivered | Self::Accepted)
    }
}

impl BatchStatus {
    /// Whether the move is in the table.
    pub fn may_become(self, next: Self) -> bool {
        use BatchStatus::{Acknowledged, Built, Delivered, Released, Withdrawn};
        matches!(
            (self, next),
            (Built, Released | Withdrawn)
                // An answer proves that it arrived, also where nobody has recorded the delivery.
                | (Released, Delivered | Acknowledged)
                | (Delivered, Acknowledged)
        )
    }

    /// Whether it left the house.
    pub fn is_released(self) -> bool {
        matches!(self, Self::Released | Self::Delivered | Self::Acknowledged)
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
            assert!(!BatchStatus::Acknowledged.may_become(*from));
        }
        for to in ClaimStatus::ALL {
            use ClaimStatus::{Closed, Rejected, Voided, Withdrawn};
            assert!([Closed, Rejected, Voided, Withdrawn].iter().all(|s| !s.may_become(*to)));
            assert!(!to.may_become(*to));
            assert!(!to.is_billed() || to.is_live());
        }
        for to in LineStatus::ALL {
            // Only what stands on a claim, or waited beside it, comes back.
            let back = matches!(to, LineStatus::Submitted | LineStatus::Held);
            assert_eq!(LineStatus::Void.may_become(*to), back);
            assert_eq!(LineStatus::Superseded.may_become(*to), back);
            assert!(!to.may_become(*to));
        }
        assert!(!LineStatus::Submitted.may_become(LineStatus::Held));
    }

    #[test]
    fn what_the_payer_has_or_may_get_is_live() {
        use ClaimStatus::{Accepted, Batched, Delivered, Released};
        let live = ClaimStatus::ALL.iter().copied().filter(|s| s.is_live());
        assert_eq!(live.collect::<Vec<_>>(), [Batched, Released, Delivered, Accepted]);
    }
}
