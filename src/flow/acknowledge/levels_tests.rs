//! Which levels mean a whole set.

use super::*;
use crate::x12::read::status_277ca::{Status, StatusClaim};

fn level(kind: &'static str, says: Disposition, code: &str, accepted: u32) -> StatusLevel {
    let category = if says == Disposition::Rejected { "A3" } else { "A1" };
    StatusLevel {
        level: kind,
        trace: kind.to_owned(),
        disposition: says,
        statuses: vec![Status {
            category: category.to_owned(),
            code: Some(code.to_owned()),
            ..Status::default()
        }],
        accepted: Some(accepted.into()),
        rejected: None,
        accepted_amount: None,
        rejected_amount: None,
        billing: None,
        billing_tax_id: None,
        position: 1,
    }
}

fn claim() -> StatusClaim {
    StatusClaim {
        trace: "P1".to_owned(),
        disposition: Disposition::Rejected,
        statuses: Vec::new(),
        payer_control: None,
        clearinghouse_control: None,
        amount: None,
        member: None,
        billing: None,
        billing_tax_id: None,
        position: 1,
    }
}

fn set(levels: Vec<(StatusLevel, usize)>, claims: usize) -> StatusSet {
    StatusSet { entity: None, levels, claims: (0..claims).map(|_| claim()).collect() }
}

#[test]
fn a_level_means_the_whole_set_only_where_nothing_speaks_against_it() {
    use Disposition::{Accepted as Yes, Rejected as No};
    let up = |says, accepted| level("receiver", says, "19", accepted);
    let down = |says, accepted| level("provider", says, "19", accepted);
    for (levels, claims, wanted) in [
        (vec![(up(No, 0), 0)], 0, vec![true]),
        (vec![(up(No, 43), 0)], 0, vec![false]),
        (vec![(up(Yes, 0), 0), (down(No, 0), 0)], 0, vec![true]),
        (vec![(up(Yes, 3), 0), (down(No, 0), 0)], 0, vec![false]),
        (vec![(up(Yes, 0), 0), (down(No, 1), 0)], 0, vec![false]),
        (vec![(up(Yes, 0), 0), (down(Yes, 0), 0), (down(No, 0), 0)], 0, vec![false]),
        (vec![(up(Yes, 0), 0), (down(Yes, 0), 0), (down(No, 0), 5)], 5, vec![false]),
        (vec![(up(No, 0), 0), (down(Yes, 0), 0)], 0, vec![false]),
        (vec![(up(No, 0), 0), (down(No, 0), 0)], 0, vec![true, true]),
        (vec![(up(No, 0), 0), (down(No, 0), 0), (down(No, 0), 0)], 0, vec![true, true, true]),
        // Of no receiver, and of another receiver's set.
        (vec![(down(No, 0), 0)], 0, vec![false]),
        (vec![(up(No, 0), 0), (up(Yes, 5), 0), (down(Yes, 5), 0)], 5, vec![true]),
    ] {
        let set = set(levels, claims);
        let found: Vec<bool> = set.rejections().iter().map(|r| r.whole).collect();
        assert_eq!(found, wanted, "{set:?}");
    }
}

#[test]
fn all_claims_below_a_level_that_names_a_duplicate_are_copies() {
    let copy = level("receiver", Disposition::Rejected, "54", 0);
    let other = level("receiver", Disposition::Accepted, "19", 2);
    let both = set(vec![(copy, 0), (other, 3)], 5);
    assert_eq!(both.copied(), [true, true, true, false, false]);
    assert_eq!(both.rejections()[0].claims, 0..3);
}
