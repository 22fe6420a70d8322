//! May this peer render it: certificate and role (R17, R20, RK37).

use super::choose::fits_role;
use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::{Service, Terms};
use crate::domain::facts::CertificateFact;
use crate::domain::identifiers::Key;

/// A certificate of the pack's state and one of the service's kinds is valid on the date.
pub fn certificate(ctx: &Context) -> Vec<Said> {
    let (Some(terms), Some(service)) = (ctx.terms, ctx.service) else { return vec![] };
    let right = |c: &&CertificateFact| {
        c.state == terms.pack.state && service.certificates.contains(&c.kind)
    };
    let fitting = || ctx.facts.certificates.iter().filter(right);
    if service.certificates.is_empty() || fitting().any(|c| c.span.covers(ctx.date)) {
        return vec![];
    }
    // The one that ended last before the date tells more than that none is valid.
    let ended = fitting().filter_map(|c| c.span.to).filter(|to| *to < ctx.date).max();
    vec![not_certified(ctx, terms, service, ended)]
}

fn not_certified(
    ctx: &Context,
    terms: &Terms,
    service: &Service,
    ended: Option<chrono::NaiveDate>,
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
    said.by(&service.source)
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
    vec![said.by(&service.source)]
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::Role;
    use crate::domain::identifiers::State;
    use crate::domain::rules::testing::{Case, carc, key, span};

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
