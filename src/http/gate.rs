//! The gate of `/v1`: what a role may never see does not exist for it, whatever the request is like
//! otherwise. It stands before the body is read, so that a wrong body tells nothing either.
//!
//! (`docs/architecture.md`, "API conventions": 404, not 403.) Handlers still ask for their roles
//! and tenants; the gate only makes sure that a new path is closed to the narrow roles until it is
//! named here.

use actix_web::http::Method;

use crate::domain::access::Role;

/// What only an admin makes or changes; others may read it. Paths below `/v1`.
const ADMIN_WRITES: &[&str] = &["organizations", "payers", "packs"];
/// What a submitter sees: visits, and what the rules would say.
const OF_SUBMITTERS: &[&str] = &["encounters", "sessions", "decisions"];
/// What a payer's analyst sees.
const OF_ANALYSTS: &[&str] = &["reports", "report-issues", "report-jobs", "enrollments"];

/// Whether there may be something for this role at a path (`/v1/…`) with this method.
pub(super) fn open(role: Role, method: &Method, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).skip(1).collect();
    let first = parts.first().copied().unwrap_or_default();
    match role {
        Role::Admin => true,
        Role::Biller => {
            let reads = method == Method::GET || method == Method::HEAD;
            // A biller keeps its own organization's data up to date.
            let own = first == "organizations" && method == Method::PUT;
            reads || own || !ADMIN_WRITES.contains(&first)
        }
        // Whoever records visits does not answer for rules that hold them.
        Role::Submitter if matches!(parts.as_slice(), ["encounters", _, "overrides", ..]) => false,
        Role::Submitter => {
            OF_SUBMITTERS.contains(&first)
                || matches!(parts.as_slice(), ["members", _, "allowances"])
        }
        Role::PayerAnalyst => OF_ANALYSTS.contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_roles_see_their_own_paths_only() {
        let get = |role, path| open(role, &Method::GET, path);
        assert!(get(Role::Submitter, "/v1/encounters/bulk"));
        assert!(get(Role::Submitter, "/v1/members/mem_1/allowances"));
        for closed in
            ["/v1/members/mem_1", "/v1/members", "/v1/reports/x", "/v1/batches", "/v1", "/v1/new"]
        {
            assert!(!get(Role::Submitter, closed), "{closed}");
        }
        for closed in ["/v1/encounters/enc_1/overrides", "/v1/encounters/enc_1/overrides/revoke"] {
            assert!(!open(Role::Submitter, &Method::POST, closed), "{closed}");
            assert!(open(Role::Biller, &Method::POST, closed), "{closed}");
        }
        assert!(get(Role::PayerAnalyst, "/v1/reports/utilization"));
        assert!(open(Role::PayerAnalyst, &Method::POST, "/v1/report-issues"));
        assert!(!get(Role::PayerAnalyst, "/v1/encounters"));
        assert!(!get(Role::PayerAnalyst, "/v1/new"));
    }

    #[test]
    fn billers_write_what_is_their_organizations() {
        let write = |method, path| open(Role::Biller, &method, path);
        assert!(!write(Method::POST, "/v1/payers"));
        assert!(!write(Method::PUT, "/v1/payers/pay_1"));
        assert!(!write(Method::POST, "/v1/organizations"));
        assert!(write(Method::PUT, "/v1/organizations/org_1"));
        assert!(write(Method::POST, "/v1/members"));
        assert!(open(Role::Biller, &Method::GET, "/v1/payers"));
        assert!(open(Role::Admin, &Method::POST, "/v1/payers"));
    }
}
