//! What the audit trail is told of a record of reference data, in the same words whether it was made or changed
//! alone or by a file, so that its own id finds who did it. Of what a record says only the names of the fields that
//! changed are told, and the ids of whom it is about; never a value.

use crate::domain::authorization::Authorization;
use crate::domain::consent::Consent;
use crate::domain::document::Document;
use crate::domain::episode::Episode;
use crate::domain::ids::OrganizationId;
use crate::domain::member::Member;
use crate::domain::opening::Opening;
use crate::domain::organization::Organization;
use crate::domain::payer::Payer;
use crate::domain::peer::Peer;
use crate::domain::program::Program;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::audit::{self, Action, AuditEntry, Detail};
use crate::store::Conn;

/// A record that the trail tells of.
pub(super) trait Told {
    /// What was done when one is new.
    const MADE: Action;
    /// What was done when one is changed.
    const CHANGED: Action;

    /// Its id.
    fn subject(&self) -> String;

    /// What is told of one that is new.
    fn made(&self) -> Detail {
        Detail::default()
    }

    /// What is told of a change.
    fn changed(&self, old: &Self) -> Result<Detail, AppError>;
}

/// The entry about a record that is new, or is another than `old`.
pub(super) fn entry<T: Told>(
    ctx: &Ctx,
    owner: Option<OrganizationId>,
    old: Option<&T>,
    new: &T,
) -> Result<AuditEntry, AppError> {
    let (action, detail) = match old {
        None => (T::MADE, new.made()),
        Some(old) => (T::CHANGED, new.changed(old)?),
    };
    Ok(audit::entry(ctx, owner, action, new.subject(), detail))
}

/// Adds that entry, in the transaction of the change.
pub(super) fn note<T: Told>(
    ctx: &Ctx,
    conn: &mut Conn,
    owner: Option<OrganizationId>,
    old: Option<&T>,
    new: &T,
) -> Result<(), AppError> {
    audit::note_all(conn, &[entry(ctx, owner, old, new)?])
}

impl Told for Organization {
    const MADE: Action = Action::OrganizationCreate;
    const CHANGED: Action = Action::OrganizationChange;

    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn changed(&self, old: &Self) -> Result<Detail, AppError> {
        let detail = audit::changed(&old.data, &self.data)?;
        Ok(detail.field_if("locations", old.locations != self.locations))
    }
}

impl Told for Peer {
    const MADE: Action = Action::PeerCreate;
    const CHANGED: Action = Action::PeerChange;

    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn changed(&self, old: &Self) -> Result<Detail, AppError> {
        let detail = audit::changed(&old.data, &self.data)?;
        Ok(detail.field_if("certificates", old.certificates != self.certificates))
    }
}

impl Told for Member {
    const MADE: Action = Action::MemberCreate;
    const CHANGED: Action = Action::MemberChange;

    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn changed(&self, old: &Self) -> Result<Detail, AppError> {
        let detail = audit::changed(&old.data, &self.data)?;
        Ok(detail.field_if("coverages", old.coverages != self.coverages))
    }
}

impl Told for Document {
    const MADE: Action = Action::DocumentCreate;
    const CHANGED: Action = Action::DocumentChange;

    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn made(&self) -> Detail {
        let mut detail = Detail::default().about("kind", self.data.content.kind());
        if let Some(member) = self.data.member {
            detail = detail.about("member", member);
        }
        match self.data.peer {
            Some(peer) => detail.about("peer", peer),
            None => detail,
        }
    }

    fn changed(&self, old: &Self) -> Result<Detail, AppError> {
        audit::changed(&old.data, &self.data)
    }
}

impl Told for Consent {
    const MADE: Action = Action::ConsentRecord;
    const CHANGED: Action = Action::ConsentRevoke;

    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn made(&self) -> Detail {
        Detail::default().about("member", self.data.member)
    }

    /// What a consent says never changes; it is revoked.
    fn changed(&self, _old: &Self) -> Result<Detail, AppError> {
        let detail = self.made();
        Ok(match &self.revoked {
            Some(revoked) => detail.about("at", revoked.at),
            None => detail,
        })
    }
}

/// Those whose fields are all in what they say.
macro_rules! told {
    ($kind:ident, $made:ident, $changed:ident $(, $member:literal)?) => {
        impl Told for $kind {
            const MADE: Action = Action::$made;
            const CHANGED: Action = Action::$changed;

            fn subject(&self) -> String {
                self.id.to_string()
            }

            $(
                fn made(&self) -> Detail {
                    Detail::default().about($member, self.data.member)
                }
            )?

            fn changed(&self, old: &Self) -> Result<Detail, AppError> {
                audit::changed(&old.data, &self.data)
            }
        }
    };
}

told!(Payer, PayerCreate, PayerChange);
told!(Program, ProgramCreate, ProgramChange);
told!(Authorization, AuthorizationCreate, AuthorizationChange, "member");
told!(Episode, EpisodeCreate, EpisodeChange, "member");
told!(Opening, OpeningCreate, OpeningChange, "member");
