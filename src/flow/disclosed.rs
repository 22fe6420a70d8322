//! Whose trail says that a report left: an organization reads in its own who was given its members' rows
//! (`docs/adr/0138`). An entry of a payer's report over all organizations is one for each that it may be about.

use super::audit::{self, Action, Detail};
use super::{Ctx, Scope};
use crate::domain::ids::{OrganizationId, PayerId};
use crate::error::AppError;
use crate::store::{Conn, StoreError, contracts};

/// Who is told of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose {
    /// The organization that was named, or is the only one that the reader sees.
    pub organization: Option<OrganizationId>,
    /// The payer whose members it is about.
    pub payer: Option<PayerId>,
    /// Whether the payer itself reads.
    pub to_payer: bool,
}

impl Whose {
    /// Organizations in whose trail it stands; none: in that of administrators alone.
    fn owners(self, conn: &mut Conn) -> Result<Vec<Option<OrganizationId>>, StoreError> {
        if let (true, None, Some(payer)) = (self.to_payer, self.organization, self.payer) {
            let all = contracts::organizations_of(conn, payer)?;
            if !all.is_empty() {
                return Ok(all.into_iter().map(Some).collect());
            }
        }
        Ok(vec![self.organization])
    }
}

/// Adds the entries, in the caller's transaction.
pub fn note(
    ctx: &Ctx,
    conn: &mut Conn,
    whose: Whose,
    action: Action,
    subject: impl std::fmt::Display,
    detail: Detail,
) -> Result<(), AppError> {
    let detail = match whose.payer {
        Some(payer) => detail.about("payer", payer),
        None => detail,
    };
    let owners = whose.owners(conn)?;
    let entry = |owner| audit::entry(ctx, owner, action, &subject, detail.clone());
    audit::note_all(conn, &owners.into_iter().map(entry).collect::<Vec<_>>())
}

/// Adds the entries of something that is about to leave. When they cannot be kept, nothing leaves.
pub async fn exported(
    ctx: &Ctx,
    whose: Whose,
    action: Action,
    subject: impl std::fmt::Display,
    detail: Detail,
) -> Result<(), AppError> {
    let (work, subject) = (ctx.clone(), subject.to_string());
    let scope = whose.organization.map_or(Scope::Service, Scope::Tenant);
    let add = move |conn: &mut Conn| note(&work, conn, whose, action, subject, detail);
    ctx.db.write(scope, add).await
}
