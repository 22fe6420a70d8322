//! Versions of a contract: which one is in force on a day, and which may be added
//! (`docs/definitions.md` section 1, "Contract").

use chrono::NaiveDate;

use crate::domain::dates::{Instant, Span};
use crate::domain::ids::{ContractId, ContractVersionId, PayerId};
use crate::domain::text::Invalid;

/// A version without its terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionHead {
    /// Our id.
    pub id: ContractVersionId,
    /// The contract it is a version of.
    pub contract: ContractId,
    /// The payer of the contract.
    pub payer: PayerId,
    /// The days on which it holds.
    pub span: Span,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// The version it supersedes.
    pub supersedes: Option<ContractVersionId>,
}

/// The version in force with `payer` on `day`: of those that cover the day, the one recorded last.
///
/// Versions that share a day supersede one another ([`may_add`]), so what names another as
/// superseded was recorded after it, whatever a clock said that went back in between.
pub fn in_force(heads: &[VersionHead], payer: PayerId, day: NaiveDate) -> Option<&VersionHead> {
    let covering = heads.iter().filter(|h| h.payer == payer && h.span.covers(day));
    covering.reduce(|last, next| {
        if supersedes(heads, next, last.id) {
            next
        } else if supersedes(heads, last, next.id) {
            last
        } else {
            std::cmp::max_by_key(last, next, |h| (h.recorded_at, h.id))
        }
    })
}

/// Whether `head` supersedes the version `id`, directly or through others.
fn supersedes(heads: &[VersionHead], head: &VersionHead, id: ContractVersionId) -> bool {
    let mut next = head.supersedes;
    // Each step goes to an earlier version, so the walk ends; the number of them bounds it all the same.
    for _ in heads {
        let Some(earlier) = next.filter(|earlier| *earlier != id) else { break };
        next = heads.iter().find(|h| h.id == earlier).and_then(|h| h.supersedes);
    }
    next == Some(id)
}

/// Whether a version with these days may be added to the contract with `payer`. It may overlap
/// only the version that it names as superseded, and those that this one superseded before it.
pub fn may_add(
    heads: &[VersionHead],
    payer: PayerId,
    span: Span,
    supersedes: Option<ContractVersionId>,
) -> Result<(), Invalid> {
    let ours: Vec<&VersionHead> = heads.iter().filter(|h| h.payer == payer).collect();
    if let Some(named) = supersedes {
        if !ours.iter().any(|h| h.id == named) {
            return Err(Invalid::new(
                "the superseded version is none of this contract's versions with this payer",
            ));
        }
        if let Some(next) = ours.iter().find(|h| h.supersedes == Some(named)) {
            return Err(Invalid::new(format!(
                "the version is superseded already, by {}; name that one",
                next.id
            )));
        }
    }
    let mut line = Vec::new();
    let mut next = supersedes;
    // Each step goes to an earlier version, so the walk ends; the length bounds it all the same.
    while let Some(id) = next.filter(|_| line.len() <= ours.len()) {
        line.push(id);
        next = ours.iter().find(|h| h.id == id).and_then(|h| h.supersedes);
    }
    match ours.iter().find(|h| h.span.overlaps(&span) && !line.contains(&h.id)) {
        None => Ok(()),
        Some(h) => Err(Invalid::new(format!(
            "these days overlap those of version {}; name it as superseded, or choose other days",
            h.id
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    const PAYER: PayerId = PayerId::from_i64(7);

    fn span(from: &str, to: Option<&str>) -> Span {
        let day = |t: &str| parse_date(t).unwrap();
        Span::new(day(from), to.map(day)).unwrap()
    }

    fn head(id: i64, days: Span, hour: &str, supersedes: Option<i64>) -> VersionHead {
        VersionHead {
            id: ContractVersionId::from_i64(id),
            contract: ContractId::from_i64(1),
            payer: PAYER,
            span: days,
            recorded_at: Instant::parse(&format!("2026-01-01T{hour}:00:00Z")).unwrap(),
            supersedes: supersedes.map(ContractVersionId::from_i64),
        }
    }

    fn id(value: i64) -> ContractVersionId {
        ContractVersionId::from_i64(value)
    }

    #[test]
    fn the_one_recorded_last_that_covers_the_day_is_in_force() {
        let heads = [
            head(1, span("2026-01-01", None), "08", None),
            head(2, span("2026-03-01", Some("2026-05-31")), "09", Some(1)),
        ];
        let on = |day: &str| in_force(&heads, PAYER, parse_date(day).unwrap()).map(|h| h.id);
        assert_eq!(on("2025-12-31"), None);
        assert_eq!(on("2026-02-28"), Some(id(1)));
        assert_eq!(on("2026-03-01"), Some(id(2)));
        assert_eq!(on("2026-05-31"), Some(id(2)));
        assert_eq!(on("2026-06-01"), Some(id(1)));
        let other = PayerId::from_i64(8);
        assert_eq!(in_force(&heads, other, parse_date("2026-03-01").unwrap()), None);
    }

    #[test]
    fn what_supersedes_is_in_force_although_the_clock_went_back() {
        let heads = [
            head(1, span("2026-01-01", None), "12", None),
            head(2, span("2026-01-01", Some("2026-05-31")), "11", Some(1)),
            head(3, span("2026-03-01", None), "10", Some(2)),
        ];
        let mut turned = heads.clone();
        turned.reverse();
        for heads in [&heads, &turned] {
            let on = |day: &str| in_force(heads, PAYER, parse_date(day).unwrap()).map(|h| h.id);
            assert_eq!(on("2026-02-28"), Some(id(2)));
            assert_eq!(on("2026-03-01"), Some(id(3)));
            assert_eq!(on("2026-06-01"), Some(id(3)), "2 does not cover it, and links 3 to 1");
        }
    }

    #[test]
    fn an_overlap_needs_the_superseded_version() {
        let heads = [
            head(1, span("2026-01-01", Some("2026-06-30")), "08", None),
            head(2, span("2026-03-01", Some("2026-06-30")), "09", Some(1)),
            head(3, span("2026-07-01", None), "10", None),
        ];
        let add = |days: Span, named: Option<i64>| {
            may_add(&heads, PAYER, days, named.map(ContractVersionId::from_i64)).is_ok()
        };
        assert!(add(span("2025-01-01", Some("2025-12-31")), None));
        assert!(!add(span("2026-02-01", Some("2026-02-28")), None));
        assert!(!add(span("2026-02-01", Some("2026-02-28")), Some(1)), "superseded already");
        assert!(add(span("2026-02-01", Some("2026-02-28")), Some(2)), "1 was superseded by 2");
        assert!(!add(span("2026-06-01", Some("2026-07-31")), Some(2)), "3 is not named");
        assert!(!add(span("2026-06-01", None), Some(9)), "unknown");
        assert!(
            may_add(&heads, PayerId::from_i64(8), span("2026-06-01", None), Some(id(3))).is_err()
        );
    }
}
