//! What must hold between coverages, of one member and of several.
//!
//! 1. Coverages of one member at one payer share no day: else it is open which number to bill.
//! 2. Coverages of one member at different payers that share a day have different orders: else it is
//!    open who pays first.
//! 3. A payer's member number belongs to one member of the organization on any day. It may pass to
//!    another one later: payers do reuse numbers.

use std::collections::{HashMap, HashSet};

use crate::domain::dates::Span;
use crate::domain::ids::{CoverageId, MemberId, OrganizationId};
use crate::domain::member::{Coverage, Member};
use crate::store::members::{self as store, PayerMember};
use crate::store::{Conn, StoreError};

/// A coverage that may not be as it is.
pub(super) struct Misfit {
    pub coverage: CoverageId,
    /// The field of the coverage that the fault is told at.
    pub field: &'static str,
    pub message: String,
}

/// All misfits among the coverages of `changed`, held against each other and against what the
/// store has of other members.
pub(super) fn misfits(
    conn: &mut Conn,
    organization: OrganizationId,
    changed: &[&Member],
) -> Result<Vec<Misfit>, StoreError> {
    let mut found: Vec<Misfit> = changed.iter().flat_map(|m| within(m)).collect();
    let ids: HashSet<MemberId> = changed.iter().map(|m| m.id).collect();
    let numbers: HashSet<PayerMember> =
        changed.iter().flat_map(|m| m.coverages.iter().map(number)).collect();
    let numbers: Vec<PayerMember> = numbers.into_iter().collect();
    let stored = store::by_numbers(conn, organization, &numbers)?;
    let mut holders: HashMap<PayerMember, Vec<(MemberId, Span)>> = HashMap::new();
    let others = stored.iter().map(|(_, m)| m).filter(|m| !ids.contains(&m.id));
    // A member that holds several of the numbers comes once for each: the repeats do no harm.
    for member in changed.iter().copied().chain(others) {
        for coverage in &member.coverages {
            let holder = (member.id, coverage.data.span);
            holders.entry(number(coverage)).or_default().push(holder);
        }
    }
    for member in changed {
        for coverage in &member.coverages {
            let held = holders.get(&number(coverage)).map(Vec::as_slice).unwrap_or_default();
            let clash = |(id, span): &&(MemberId, Span)| {
                *id != member.id && span.overlaps(&coverage.data.span)
            };
            if let Some((other, _)) = held.iter().find(clash) {
                let message = format!(
                    "the member {other} has this number at this payer on some of these days; a \
                     number belongs to one member at a time"
                );
                let field = "member_number";
                found.push(Misfit { coverage: coverage.id, field, message });
            }
        }
    }
    Ok(found)
}

fn number(coverage: &Coverage) -> PayerMember {
    (coverage.data.payer, coverage.data.member_number.clone())
}

/// Rules 1 and 2.
fn within(member: &Member) -> Vec<Misfit> {
    let mut found = Vec::new();
    for (index, coverage) in member.coverages.iter().enumerate() {
        let earlier = member.coverages.iter().take(index);
        for other in earlier.filter(|o| o.data.span.overlaps(&coverage.data.span)) {
            if other.data.payer == coverage.data.payer {
                let message = "another coverage of the member by this payer has some of these \
                               days; end that one the day before this one starts";
                found.push(Misfit {
                    coverage: coverage.id,
                    field: "from",
                    message: message.into(),
                });
            } else if other.data.order == coverage.data.order {
                let message = "another coverage of the member on some of these days has this \
                               order; 1 pays first, 2 second";
                found.push(Misfit {
                    coverage: coverage.id,
                    field: "order",
                    message: message.into(),
                });
            }
        }
    }
    found
}
