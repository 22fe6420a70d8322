//! May this peer render it: certificate and role (R17, R20, RK37).

use chrono::{Months, NaiveDate};

use super::choose::fits_role;
use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::{Pack, Service, Terms};
use crate::domain::facts::CertificateFact;
use crate::domain::identifiers::Key;

/// A certificate of the pack's state and one of the service's kinds is valid on the date.
pub fn certificate(ctx: &Context) -> Vec<Said> {
    let (Some(terms), Some(service)) = (ctx.terms, ctx.service) else { return vec![] };
    let right = |c: &&CertificateFact| {
        c.state == terms.pack.state && service.certificates.contains(&c.kind)
    };
    let fitting = || ctx.facts.certificates.iter().filter(right);
    if service.certificates.is_empty() || fitting().any(|c| good_on(&terms.pack, c, ctx.date)) {
        return vec![];
    }
    if is_provisional(ctx, terms, service, fitting()) {
        return vec![];
    }
    // The one that ended last before the date tells more than that none is valid.
    let ended =
        fitting().filter_map(|c| last_day(&terms.pack, c)).filter(|to| *to < ctx.date).max();
    vec![not_certified(ctx, terms, service, ended)]
}

/// Whether a certificate is of the pack's state, in good standing, and valid on a day.
pub fn good_on(pack: &Pack, certificate: &CertificateFact, day: NaiveDate) -> bool {
    certificate.state == pack.state
        && certificate.standing.is_active()
        && certificate.span.covers(day)
        && last_day(pack, certificate).is_none_or(|last| day <= last)
}

/// The last day of a certificate: its own, or that on which all of the state end (RK37).
fn last_day(pack: &Pack, certificate: &CertificateFact) -> Option<NaiveDate> {
    let fixed = pack.certificates_end.as_ref().and_then(|e| e.last_day(certificate.span.from));
    match (fixed, certificate.span.to) {
        (Some(fixed), Some(own)) => Some(fixed.min(own)),
        (fixed, own) => fixed.or(own),
    }
}

/// Whether the peer works before the first certificate, as long as that is allowed (RK40).
///
/// It is for those who do not have one yet: not for a peer whose certificate was taken away, by whose
/// record it is in bad standing, and not for one whose certificate ended during this work.
fn is_provisional<'a>(
    ctx: &Context,
    terms: &Terms,
    service: &Service,
    mut fitting: impl Iterator<Item = &'a CertificateFact>,
) -> bool {
    let Some(hired) = ctx.facts.peer.hired_on.filter(|hired| *hired <= ctx.date) else {
        return false;
    };
    let months = service.provisional_months.map(Months::new);
    let end = months.and_then(|months| hired.checked_add_months(months));
    let had = |c: &CertificateFact| {
        let ended_since = last_day(&terms.pack, c).is_some_and(|last| hired <= last);
        !c.standing.is_active() || (c.span.from <= ctx.date && ended_since)
    };
    end.is_some_and(|end| ctx.date < end) && !fitting.any(had)
}

fn not_certified(
    ctx: &Context,
    terms: &Terms,
    service: &Service,
    ended: Option<NaiveDate>,
) -> Said {
    let kinds = service.certificates.iter().map(Key::as_str).collect::<Vec<_>>().join(" or ");
    let state = &terms.pack.state;
    let history = ended.map_or_else(String::new, |day| format!(" The last one ended on {day}."));
    let said = Said::new(
        RuleId::PeerNotCertified,
        "/peer",
        format!(
            "The peer has no {state} certificate ({kinds}) that is valid on {}.{history}",
            ctx.date
        ),
        "A supervisor checks the certificate; a biller records it, or its renewal, with its dates.",
    );
    said.by(service.written("certificates"))
}

/// The service is for the role in which the peer worked.
pub fn role(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service.filter(|s| !fits_role(s, ctx.encounter)) else {
        return vec![];
    };
    let roles = service.roles.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ");
    let said = Said::new(
        RuleId::RoleNotAllowed,
        "/role",
        format!("The service '{}' is not for the role '{}'.", service.key, ctx.encounter.role),
        format!("The peer corrects the role if it was one of: {roles}; else another service."),
    );
    vec![said.by(service.written("roles"))]
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::Role;
    use crate::domain::contract::{FixedEnd, Years};
    use crate::domain::identifiers::State;
    use crate::domain::peer::Standing;
    use crate::domain::rules::testing::{Case, carc, d, key, source, span, t};

    #[test]
    fn rk37_certificate_of_state_kind_and_date() {
        let finding = Case::with(|c| c.facts.certificates.clear()).only("peer.not_certified");
        assert_eq!(carc(&finding), Some("185"));
        assert_eq!(finding.authority.unwrap().section, "services");
        let bent: [fn(&mut Case); 3] = [
            |c| c.facts.certificates[0].state = State::parse("PA").unwrap(),
            |c| c.facts.certificates[0].kind = key("other"),
            |c| c.facts.certificates[0].span = span("2026-07-02", None),
        ];
        for bend in bent {
            Case::with(bend).only("peer.not_certified");
        }
    }

    #[test]
    fn rk37_the_last_day_counts_and_the_end_is_told() {
        let until =
            |to| Case::with(|c| c.facts.certificates[0].span = span("2025-01-01", Some(to)));
        assert!(until("2026-07-01").rules().is_empty());
        let finding = until("2026-06-30").only("peer.not_certified");
        assert!(finding.message.contains("2026-06-30"), "{}", finding.message);
    }

    #[test]
    fn rk37_only_a_certificate_in_good_standing_counts() {
        let with = |standing| Case::with(|c| c.facts.certificates[0].standing = standing);
        assert!(with(Standing::Active).rules().is_empty());
        for standing in [Standing::Lapsed, Standing::Vacant, Standing::Suspended] {
            with(standing).only("peer.not_certified");
        }
    }

    #[test]
    fn rk37_certificates_that_end_on_a_fixed_day_of_odd_years() {
        // The shape of Nebraska: September 1 of every odd year, whatever the day of issue.
        let issued = |from: &str, visit: &str| {
            Case::with(|c| {
                c.terms.pack.certificates_end =
                    Some(FixedEnd { month: 9, day: 1, years: Years::Odd, source: source("7-005") });
                c.facts.certificates[0].span = span(from, None);
                c.encounter.started_at = t(&format!("{visit}T13:00:00Z"));
                c.encounter.ended_at = t(&format!("{visit}T14:00:00Z"));
                c.encounter.note.as_mut().unwrap().signed_at = Some(t("2027-09-20T15:00:00Z"));
                c.facts.as_of = t("2027-09-30T12:00:00Z");
                c.terms.pack.filing.days = 730;
                c.facts.billed.as_mut().unwrap().data.span.to = None;
            })
        };
        assert!(issued("2025-09-01", "2027-08-31").rules().is_empty());
        let finding = issued("2025-09-01", "2027-09-01").only("peer.not_certified");
        assert!(finding.message.contains("ended on 2027-08-31"), "{}", finding.message);
        // Issued a day before the end, it is good for that day.
        issued("2025-08-31", "2026-07-01").only("peer.not_certified");
        assert!(issued("2026-02-28", "2026-07-01").rules().is_empty());
    }

    #[test]
    fn rk40_work_may_begin_before_the_certificate() {
        // The shape of Kansas: four months from the day of hire.
        let mut case = Case::with(|c| {
            c.facts.certificates.clear();
            c.terms.pack.services[0].provisional_months = Some(4);
        });
        case.only("peer.not_certified");
        for (hired, fine) in [("2026-03-02", true), ("2026-03-01", false), ("2026-07-02", false)] {
            case.facts.peer.hired_on = Some(d(hired));
            assert_eq!(case.rules().is_empty(), fine, "{hired}");
        }
    }

    #[test]
    fn rk40_it_is_for_those_who_have_no_certificate_yet() {
        let mut case = Case::with(|c| {
            c.terms.pack.services[0].provisional_months = Some(4);
            c.facts.peer.hired_on = Some(d("2026-05-01"));
        });
        for standing in [Standing::Lapsed, Standing::Vacant, Standing::Suspended, Standing::Revoked]
        {
            case.facts.certificates[0].standing = standing;
            case.only("peer.not_certified");
        }
        case.facts.certificates[0].standing = Standing::Active;
        for (from, to, fine) in [
            ("2020-01-01", "2026-04-30", true),
            ("2020-01-01", "2026-05-01", false),
            ("2020-01-01", "2026-06-30", false),
            ("2026-07-02", "2028-07-01", true),
        ] {
            case.facts.certificates[0].span = span(from, Some(to));
            assert_eq!(case.rules().is_empty(), fine, "{from} {to}");
        }
    }

    #[test]
    fn rk37_a_service_without_certificates_needs_none() {
        let case = Case::with(|c| {
            c.facts.certificates.clear();
            c.terms.pack.services[0].certificates.clear();
        });
        assert!(case.rules().is_empty());
    }

    #[test]
    fn r20_role_of_the_service() {
        let only = |roles| Case::with(|c| c.terms.pack.services[0].roles = roles);
        assert!(only(vec![Role::Bridger, Role::PeerSupport]).rules().is_empty());
        assert_eq!(only(vec![Role::Bridger]).only("role.not_allowed").field, "/role");
    }
}
