//! How many peers one supervisor has (RK45). Who supervises whom, and on which days, are documents of the
//! kind `supervisor` (`docs/adr/0114-…`). Those who were there first stay: only who comes on top waits.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::document::{Content, Document, DocumentKind};
use crate::domain::facts::Supervised;
use crate::domain::identifiers::Key;
use crate::domain::ids::{DocumentId, PeerId};

/// Who supervises a peer on a day, and how many other peers each of them has who came earlier; `all`
/// are the organization's documents of this kind.
pub fn supervised(all: &[Document], peer: PeerId, day: NaiveDate) -> Vec<Supervised> {
    let on_day = || all.iter().filter(|d| d.data.span.covers(day)).filter_map(assignment);
    let by: BTreeSet<&Key> = on_day().filter(|a| a.peer == peer).map(|a| a.by).collect();
    let before = |by: &Key| {
        let same = || on_day().filter(|a| a.by == by);
        let own = same().filter(|a| a.peer == peer).map(|a| a.place).min();
        let earlier = same().filter(|a| a.peer != peer && Some(a.place) < own);
        let others: BTreeSet<PeerId> = earlier.map(|a| a.peer).collect();
        u32::try_from(others.len()).unwrap_or(u32::MAX)
    };
    by.into_iter().map(|by| Supervised { by: by.clone(), before: before(by) }).collect()
}

/// An assignment of a peer to a supervisor, with its place among others.
struct Assignment<'a> {
    peer: PeerId,
    by: &'a Key,
    place: (NaiveDate, DocumentId),
}

fn assignment(document: &Document) -> Option<Assignment<'_>> {
    let Content::Supervisor { about } = &document.data.content else { return None };
    let place = (document.data.span.from, document.id);
    Some(Assignment { peer: document.data.peer?, by: about, place })
}

/// Whoever supervises the peer on the service date has at most so many peers, this one included.
pub fn span(ctx: &Context, most: u32) -> Vec<Said> {
    let said = |message: String, fix: &'static str| {
        vec![Said::new(RuleId::PeerSupervisor, "/peer", message, fix)]
    };
    let on_record = |kind: DocumentKind| {
        let of_kind = ctx.facts.documents.iter().filter(|d| d.content.kind() == kind).count();
        of_kind > 0
    };
    let Some(full) = ctx.facts.supervised.iter().max_by_key(|s| s.before) else {
        let else_where = if on_record(DocumentKind::Supervisor) { " on that day" } else { "" };
        return said(
            format!(
                "The payer allows a supervisor {}, and nobody is on record who supervises this \
                 peer{else_where}.",
                super::group::peers(most)
            ),
            "A biller records who supervises the peer, and since when; the visit is decided again.",
        );
    };
    if full.before < most {
        return vec![];
    }
    said(
        format!(
            "{} supervises {} other {} since before this one; the payer allows {most} in all.",
            full.by,
            full.before,
            if full.before == 1 { "peer" } else { "peers" }
        ),
        "A supervisor with room takes the peer over; a biller records it with its days, and the visit \
         is decided again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contract::Demand;
    use crate::domain::document::DocumentData;
    use crate::domain::rules::testing::{Case, condition, d, key, span as days};

    fn paper(id: i64, peer: i64, by: &str, from: &str, to: Option<&str>) -> Document {
        Document {
            id: DocumentId::from_i64(id),
            revision: 1,
            data: DocumentData {
                reference: format!("S{id}").parse().unwrap(),
                member: None,
                peer: Some(PeerId::from_i64(peer)),
                span: days(from, to),
                signed_on: None,
                content: Content::Supervisor { about: key(by) },
            },
        }
    }

    fn told(all: &[Document], peer: i64, day: &str) -> Vec<(String, u32)> {
        let found = supervised(all, PeerId::from_i64(peer), d(day));
        found.into_iter().map(|s| (s.by.to_string(), s.before)).collect()
    }

    #[test]
    fn rk45_who_came_first_stays_with_a_supervisor() {
        let all = [
            paper(5, 1, "moss", "2026-02-01", None),
            paper(4, 2, "moss", "2026-01-01", Some("2026-06-30")),
            // Recorded later, of the same day as the first.
            paper(6, 3, "moss", "2026-02-01", None),
            // Once more, which counts once.
            paper(7, 1, "moss", "2026-03-01", None),
            paper(8, 3, "lund", "2026-03-01", None),
        ];
        let of = |list: &[(&str, u32)]| -> Vec<(String, u32)> {
            list.iter().map(|(by, before)| ((*by).to_owned(), *before)).collect()
        };
        assert_eq!(told(&all, 2, "2026-06-30"), of(&[("moss", 0)]));
        assert_eq!(told(&all, 1, "2026-06-30"), of(&[("moss", 1)]));
        assert_eq!(told(&all, 3, "2026-06-30"), of(&[("lund", 0), ("moss", 2)]));
        assert_eq!(told(&all, 3, "2026-02-28"), of(&[("moss", 2)]));
        // The one who left makes room.
        assert_eq!(told(&all, 3, "2026-07-01"), of(&[("lund", 0), ("moss", 1)]));
        assert_eq!(told(&all, 2, "2026-07-01"), of(&[]));
        assert_eq!(told(&all, 9, "2026-07-01"), of(&[]));
    }

    #[test]
    fn rk45_one_supervisor_has_so_many_peers() {
        // The shape of North Carolina: one supervisor to 8 peers.
        let mut case = Case::with(|c| {
            c.terms.pack.conditions = vec![condition(Demand::Supervisees { peers: 8 })];
        });
        assert!(case.only("peer.supervisor").message.contains("nobody is on record"));
        let by = |name: &str, before| Supervised { by: key(name), before };
        case.facts.supervised = vec![by("moss", 7)];
        assert!(case.rules().is_empty());
        case.facts.supervised = vec![by("moss", 8)];
        let said = case.only("peer.supervisor").message;
        assert!(
            said.contains("moss supervises 8 other peers") && said.contains("allows 8"),
            "{said}"
        );
        // Of several each must have room.
        case.facts.supervised = vec![by("lund", 0), by("moss", 8)];
        case.only("peer.supervisor");
    }
}
