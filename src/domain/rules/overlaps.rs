//! Is it another record of the same contact, or at a time that is taken (RK54)? Among the
//! visits of one organization: what another one billed it does not see.

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::facts::Neighbor;

/// References told in one finding; the count tells of the others.
const MAX_NAMED: usize = 5;

/// Duplicates, and overlaps of the member's and the peer's time. A duplicate is not also told as
/// an overlap; intervals are half-open, so touching is no overlap.
pub fn overlaps(ctx: &Context) -> Vec<Said> {
    let mut others: Vec<_> =
        ctx.facts.neighbors.iter().filter(|n| n.reference != ctx.encounter.reference).collect();
    others.sort_by(|a, b| a.reference.cmp(&b.reference));
    others.dedup_by(|a, b| a.reference == b.reference);
    let (same, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|n| is_duplicate(ctx, n));
    let of_member: Vec<_> = others
        .iter()
        .copied()
        .filter(|n| n.member == ctx.encounter.member && overlaps_time(ctx, n))
        .collect();
    let of_peer: Vec<_> = others.iter().copied().filter(|n| takes_the_peer(ctx, n)).collect();
    [duplicate(&same), of_the_member(&of_member), of_the_peer(&of_peer)]
        .into_iter()
        .flatten()
        .collect()
}

fn overlaps_time(ctx: &Context, other: &Neighbor) -> bool {
    let this = ctx.encounter;
    other.started_at < this.ended_at && this.started_at < other.ended_at
}

/// For the peer's time one session is one interval: its members take it once, and a visit beside
/// it overlaps also where some of them had left.
fn takes_the_peer(ctx: &Context, other: &Neighbor) -> bool {
    let this = ctx.encounter;
    let same_session = match (&this.group, &other.session) {
        (Some(group), Some(session)) => group.session == session.reference,
        _ => false,
    };
    let (from, to) = this.peer_time(ctx.facts.session.as_ref());
    let (other_from, other_to) = other.peer_time();
    other.peer == this.peer && !same_session && other_from < to && from < other_to
}

fn is_duplicate(ctx: &Context, other: &Neighbor) -> bool {
    overlaps_time(ctx, other)
        && other.member == ctx.encounter.member
        && other.peer == ctx.encounter.peer
        && ctx.service.is_some_and(|s| other.service.as_ref() == Some(&s.key))
}

fn duplicate(same: &[&Neighbor]) -> Option<Said> {
    let names = names(same)?;
    Some(Said::new(
        RuleId::Duplicate,
        "/reference",
        format!("The same member, peer and service are recorded at an overlapping time: {names}."),
        "Whoever recorded them voids the one that did not take place, or corrects its times.",
    ))
}

fn of_the_member(near: &[&Neighbor]) -> Option<Said> {
    let names = names(near)?;
    Some(Said::new(
        RuleId::OverlapMember,
        "/started_at",
        format!("The member was in another contact at the same time: {names}."),
        "The peers compare their notes; whoever is wrong corrects the times.",
    ))
}

fn of_the_peer(near: &[&Neighbor]) -> Option<Said> {
    let names = names(near)?;
    Some(Said::new(
        RuleId::OverlapPeer,
        "/started_at",
        format!("The peer was in another contact at the same time: {names}."),
        "The peer compares the notes and corrects the times of the one that is wrong.",
    ))
}

fn names(near: &[&Neighbor]) -> Option<String> {
    let named: Vec<_> = near.iter().take(MAX_NAMED).map(|n| n.reference.as_str()).collect();
    let rest = near.len().saturating_sub(MAX_NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("{}{more}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use crate::domain::ids::{MemberId, PeerId};
    use crate::domain::rules::testing::{Case, carc, key};

    #[test]
    fn a_duplicate_within_the_organization_is_told_once_by_its_reference() {
        let case = Case::with(|c| c.facts.neighbors = vec![c.neighbor("V-2", "13:59", "15:00")]);
        let finding = case.only("duplicate");
        assert!(finding.message.contains("V-2"), "{}", finding.message);
        assert_eq!(carc(&finding), Some("18"));
    }

    #[test]
    fn rk54_touching_is_no_overlap_and_an_encounter_is_not_its_own_neighbor() {
        let case = Case::with(|c| {
            c.facts.neighbors = vec![
                c.neighbor("V-2", "12:00", "13:00"),
                c.neighbor("V-3", "14:00", "15:00"),
                c.neighbor("V-1", "13:00", "14:00"),
            ];
        });
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk54_time_of_member_and_peer_each_for_themselves() {
        let case = |bend: fn(&mut crate::domain::facts::Neighbor)| {
            Case::with(|c| {
                let mut other = c.neighbor("V-2", "13:30", "13:31");
                bend(&mut other);
                c.facts.neighbors = vec![other];
            })
        };
        case(|n| n.peer = PeerId::from_i64(70)).only("overlap.member");
        case(|n| n.member = MemberId::from_i64(90)).only("overlap.peer");
        let both = case(|n| n.service = Some(key("group")));
        assert_eq!(both.rules(), ["overlap.member", "overlap.peer"]);
    }

    #[test]
    fn rk54_many_neighbors_are_named_in_order_and_counted() {
        let case = Case::with(|c| {
            c.facts.neighbors =
                (2..9).rev().map(|i| c.neighbor(&format!("V-{i}"), "13:00", "14:00")).collect();
        });
        let message = case.only("duplicate").message;
        assert!(message.contains("V-2, V-3, V-4, V-5, V-6 and 2 more"), "{message}");
    }
}
