//! Files of consents, matched by reference. A consent never changes; a row may add its revocation.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Load, OwnedRow, Row};
use crate::domain::consent::Consent;
use crate::domain::identifiers::{Key, Reference};
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::error::AppError;
use crate::flow::again;
use crate::flow::encounters::organization as organization_of;
use crate::flow::reference::authorizations::unknown_services;
use crate::flow::reference::consents::{ahead, consent, known_services, mark};
use crate::flow::reference::draft::ConsentInput;
use crate::flow::reference::{
    NO_SUCH_MEMBER, NO_SUCH_PAYER, lock_members, members_named, payers_named,
};
use crate::store::consents as store;

/// What a row that would change a consent is told.
const NEVER_CHANGES: &str = "the consent with this reference says something else, and a consent \
                             never changes; revoke it and record another one";

pub(super) fn load(load: &mut Load<'_>, rows: Vec<OwnedRow<ConsentInput>>) -> Result<(), AppError> {
    let rows =
        load.first_of_each(rows, "/reference", |(owner, c)| (owner.clone(), c.reference.clone()));
    let payers = payers_named(load.conn, rows.iter().filter_map(|r| r.data.1.recipient.as_ref()))?;
    for (owner, rows) in load.by_owner(rows)? {
        let zone = organization_of(load.conn, owner)?.data.zone;
        let names = members_named(load.conn, owner, rows.iter().map(|r| &r.data.member))?;
        let mut services: HashMap<Option<PayerId>, Option<HashSet<Key>>> = HashMap::new();
        let mut parsed = Vec::with_capacity(rows.len());
        for Row { line, data: input } in rows {
            for fault in ahead(&input, zone, load.ctx.now()) {
                load.place(line, fault);
            }
            let member = names.get(&input.member).copied();
            if member.is_none() {
                load.refuse(line, "/member", NO_SUCH_MEMBER);
            }
            let recipient = input.recipient.as_ref().map(|name| payers.get(name).map(|p| p.id));
            if recipient == Some(None) {
                load.refuse(line, "/recipient", NO_SUCH_PAYER);
            }
            let recipient = recipient.flatten();
            if let std::collections::hash_map::Entry::Vacant(slot) = services.entry(recipient) {
                slot.insert(known_services(load.conn, owner, recipient)?);
            }
            let known = services.get(&recipient).and_then(Option::as_ref);
            if let Some(fault) = unknown_services(&input.services, known) {
                load.place(line, fault);
            }
            if let Some(member) = member {
                let data = consent(load.ctx.id(), member, recipient, input);
                parsed.push(Row { line, data });
            }
        }
        save(load, owner, parsed)?;
    }
    Ok(())
}

fn save(
    load: &mut Load<'_>,
    owner: OrganizationId,
    rows: Vec<Row<Consent>>,
) -> Result<(), AppError> {
    let members: BTreeSet<MemberId> = rows.iter().map(|r| r.data.data.member).collect();
    // A file may be about many members: before any of them is locked.
    again::changing(load.conn, owner)?;
    lock_members(load.ctx, load.conn, owner, members)?;
    let references: Vec<Reference> = rows.iter().map(|r| r.data.data.reference.clone()).collect();
    let mut stored: HashMap<Reference, Consent> =
        store::by_references(load.conn, owner, &references)?
            .into_iter()
            .map(|c| (c.data.reference.clone(), c))
            .collect();
    let mut fresh = Vec::new();
    let mut touched: BTreeSet<MemberId> = BTreeSet::new();
    for Row { line, data: new } in rows {
        let Some(old) = stored.remove(&new.data.reference) else {
            touched.insert(new.data.member);
            fresh.push(new);
            load.counts.add(None);
            continue;
        };
        if old.data != new.data {
            load.refuse(line, "/reference", NEVER_CHANGES);
        }
        let (before, after) = (old.revoked.as_ref(), new.revoked.as_ref());
        match (before, after) {
            (None, Some(revocation)) => {
                let now = load.ctx.now();
                Load::must(store::revoke(load.conn, owner, old.id, revocation, now)?)?;
                let revoked = Consent { revoked: Some(revocation.clone()), ..old.clone() };
                load.tell(Some(owner), Some(&old), &revoked)?;
                touched.insert(old.data.member);
                load.counts.add(Some(true));
            }
            (Some(before), Some(after)) if before.at != after.at => {
                let message = "the consent was revoked at another time, and that stays";
                load.refuse(line, "/revoked_at", message);
            }
            // A file that was written before the revocation does not take it back.
            _ => load.counts.add(Some(false)),
        }
    }
    store::insert_all(load.conn, owner, &fresh, load.ctx.now())?;
    load.tell_made(owner, &fresh)?;
    mark(load.ctx, load.conn, owner, touched)
}
