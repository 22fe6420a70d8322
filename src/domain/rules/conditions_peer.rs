//! Conditions on the peer: further credentials, endorsements, age (RK38, RK39, RK41, RK42).

use super::conditions::words;
use super::context::Context;
use super::peer::good_on;
use super::table::{RuleId, Said};
use crate::domain::dates::age_on;
use crate::domain::identifiers::Key;

/// A second credential (the service's own certificates are asked for elsewhere).
pub fn credential(ctx: &Context, kinds: &[Key]) -> Vec<Said> {
    let Some(terms) = ctx.terms else { return vec![] };
    let of_kind = ctx.facts.certificates.iter().filter(|c| kinds.contains(&c.kind));
    if of_kind.into_iter().any(|c| good_on(&terms.pack, c, ctx.date)) {
        return vec![];
    }
    vec![Said::new(
        RuleId::PeerCredential,
        "/peer",
        format!(
            "The peer needs {} as well, valid on {}, and has none on record.",
            words(kinds.iter().map(Key::as_str), " or "),
            ctx.date
        ),
        "A supervisor checks the credential; an administrator records it with its dates.",
    )]
}

/// A certificate of the service's kinds carries one of the endorsements.
pub fn endorsement(ctx: &Context, wanted: &[Key]) -> Vec<Said> {
    let (Some(terms), Some(service)) = (ctx.terms, ctx.service) else { return vec![] };
    let kinds = &service.certificates;
    let endorsed = ctx.facts.certificates.iter().any(|c| {
        (kinds.is_empty() || kinds.contains(&c.kind))
            && good_on(&terms.pack, c, ctx.date)
            && c.endorsements.iter().any(|e| wanted.contains(e))
    });
    if endorsed {
        return vec![];
    }
    vec![Said::new(
        RuleId::PeerEndorsement,
        "/peer",
        format!(
            "The peer may work in this service only with the endorsement {}, and no certificate \
             that is valid on {} carries it.",
            words(wanted.iter().map(Key::as_str), " or "),
            ctx.date
        ),
        "A supervisor checks the certificate; an administrator records its endorsements.",
    )]
}

/// The peer is old enough on the service date.
pub fn age(ctx: &Context, years: u32) -> Vec<Said> {
    let Some(born) = ctx.facts.peer.birth_date else { return vec![no_birth_date()] };
    let age = age_on(born, ctx.date);
    if age >= signed(years) {
        return vec![];
    }
    vec![Said::new(
        RuleId::PeerAge,
        "/peer",
        format!("The payer wants peers of {years} years; this peer is {age} on {}.", ctx.date),
        "An administrator checks the peer's day of birth; else another peer gives the service.",
    )]
}

/// Peer and member are far enough apart in age. So many full years after the younger one's birth
/// means: the older one had that birthday by then.
pub fn gap(ctx: &Context, years: u32, peer_older: bool) -> Vec<Said> {
    let Some(peer) = ctx.facts.peer.birth_date else { return vec![no_birth_date()] };
    let member = ctx.facts.birth_date;
    let wrong_way = peer_older && peer > member;
    let apart = age_on(peer.min(member), peer.max(member));
    if !wrong_way && apart >= signed(years) {
        return vec![];
    }
    let than = if peer_older { "older than" } else { "apart in age from" };
    vec![Said::new(
        RuleId::PeerAgeGap,
        "/peer",
        format!("The payer wants the peer at least {years} years {than} the person served."),
        "An administrator checks both days of birth; else another peer gives the service.",
    )]
}

fn signed(years: u32) -> i32 {
    i32::try_from(years).unwrap_or(i32::MAX)
}

fn no_birth_date() -> Said {
    Said::new(
        RuleId::PeerAge,
        "/peer",
        "The payer asks for the peer's age, and no day of birth is on record.",
        "An administrator records the peer's day of birth.",
    )
}

#[cfg(test)]
mod tests {
    use crate::domain::contract::Demand;
    use crate::domain::rules::testing::{Case, condition, d, key};

    fn with(demand: Demand) -> Case {
        Case::with(|c| c.terms.pack.conditions = vec![condition(demand)])
    }

    #[test]
    fn rk38_the_certificate_carries_the_endorsement_of_the_service() {
        // The shape of Texas: a peer may work only inside the endorsement.
        let mut case = with(Demand::Endorsement { endorsements: vec![key("recovery")] });
        case.only("peer.endorsement");
        case.facts.certificates[0].endorsements = vec![key("reentry")];
        case.only("peer.endorsement");
        case.facts.certificates[0].endorsements.push(key("recovery"));
        assert!(case.rules().is_empty());
        // Not on a certificate of another kind.
        let mut other = case.facts.certificates[0].clone();
        other.kind = key("other");
        case.facts.certificates[0].endorsements.clear();
        case.facts.certificates.push(other);
        case.only("peer.endorsement");
    }

    #[test]
    fn rk39_certificate_and_registration_at_once() {
        // The shape of Virginia: certified, and registered with the board.
        let mut case = with(Demand::Certificate { certificates: vec![key("board")] });
        case.only("peer.credential");
        let mut registered = case.facts.certificates[0].clone();
        registered.kind = key("board");
        case.facts.certificates.push(registered);
        assert!(case.rules().is_empty());
        case.facts.certificates[1].span.to = Some(d("2026-06-30"));
        case.only("peer.credential");
        case.facts.certificates.remove(0);
        assert_eq!(case.rules(), ["peer.not_certified", "peer.credential"]);
    }

    #[test]
    fn rk41_the_peer_has_a_least_age() {
        let mut case = with(Demand::StaffAge { years: 19 });
        assert!(case.only("peer.age").message.contains("no day of birth"));
        case.facts.peer.birth_date = Some(d("2007-07-02"));
        let finding = case.only("peer.age");
        assert!(finding.message.contains("is 18"), "{}", finding.message);
        assert!(!finding.message.contains("2007"), "the day of birth is not told");
        case.facts.peer.birth_date = Some(d("2007-07-01"));
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk42_peer_and_person_served_are_years_apart() {
        // The shape of Kansas: three years; whether older or just apart is not clear.
        let mut case = with(Demand::AgeGap { years: 3, peer_older: false });
        case.only("peer.age");
        for (born, apart, older) in [
            ("1987-05-05", true, true),
            ("1987-05-06", false, false),
            ("1993-05-05", true, false),
            ("1993-05-04", false, false),
        ] {
            case.facts.peer.birth_date = Some(d(born));
            for (peer_older, fits) in [(false, apart), (true, older)] {
                case.terms.pack.conditions[0].demand = Demand::AgeGap { years: 3, peer_older };
                assert_eq!(case.rules().is_empty(), fits, "{born} {peer_older}");
            }
        }
    }
}
