//! Files of documents, matched by reference.

use std::collections::HashMap;

use super::{Load, OwnedRow, Row};
use crate::domain::document::{Document, DocumentData};
use crate::domain::identifiers::Reference;
use crate::domain::ids::OrganizationId;
use crate::error::AppError;
use crate::flow::again;
use crate::flow::encounters::organization as organization_of;
use crate::flow::reference::documents::{NO_SUCH_PEER, ahead, fixed, lock, mark, peers_named};
use crate::flow::reference::draft::DocumentInput;
use crate::flow::reference::{FIRST, NO_SUCH_MEMBER, members_named};
use crate::store::documents as store;

pub(super) fn load(
    load: &mut Load<'_>,
    rows: Vec<OwnedRow<DocumentInput>>,
) -> Result<(), AppError> {
    let rows =
        load.first_of_each(rows, "/reference", |(owner, d)| (owner.clone(), d.reference.clone()));
    for (owner, rows) in load.by_owner(rows)? {
        let named = rows.iter().filter_map(|r| r.data.member.as_ref());
        let members = members_named(load.conn, owner, named)?;
        let named = rows.iter().filter_map(|r| r.data.peer.as_ref());
        let peers = peers_named(load.conn, owner, named)?;
        let today = organization_of(load.conn, owner)?.data.zone.date_of(load.ctx.now());
        let mut parsed = Vec::with_capacity(rows.len());
        for Row { line, data } in rows {
            for fault in ahead(&data, today) {
                load.place(line, fault);
            }
            let member = data.member.as_ref().map(|name| members.get(name).copied());
            if member == Some(None) {
                load.refuse(line, "/member", NO_SUCH_MEMBER);
            }
            let peer = data.peer.as_ref().map(|name| peers.get(name).copied());
            if peer == Some(None) {
                load.refuse(line, "/peer", NO_SUCH_PEER);
            }
            let DocumentInput { reference, span, signed_on, content, .. } = data;
            let (member, peer) = (member.flatten(), peer.flatten());
            let data = DocumentData { reference, member, peer, span, signed_on, content };
            parsed.push(Row { line, data });
        }
        save(load, owner, parsed)?;
    }
    Ok(())
}

fn save(
    load: &mut Load<'_>,
    owner: OrganizationId,
    rows: Vec<Row<DocumentData>>,
) -> Result<(), AppError> {
    // A file may be about many people: before any of them is locked.
    again::changing(load.conn, owner)?;
    lock(load.ctx, load.conn, owner, rows.iter().map(|r| &r.data))?;
    let references: Vec<Reference> = rows.iter().map(|r| r.data.reference.clone()).collect();
    let mut stored: HashMap<Reference, Document> =
        store::by_references(load.conn, owner, &references)?
            .into_iter()
            .map(|d| (d.data.reference.clone(), d))
            .collect();
    let (mut fresh, mut changed) = (Vec::new(), Vec::new());
    for Row { line, mut data } in rows {
        let Some(old) = stored.remove(&data.reference) else {
            fresh.push(Document { id: load.ctx.id(), revision: FIRST, data });
            load.counts.add(None);
            continue;
        };
        load.columns.document(&old.data, &mut data);
        load.ordered(line, data.span);
        if let Some(fault) = fixed(&old.data, &data) {
            load.place(line, fault);
        }
        load.counts.add(Some(old.data != data));
        if old.data != data {
            let new = Document { data, ..old.clone() };
            load.tell(Some(owner), Some(&old), &new)?;
            changed.push(new);
        }
    }
    let now = load.ctx.now();
    for document in &changed {
        Load::must(store::update(load.conn, owner, document, now)?)?;
    }
    store::insert_all(load.conn, owner, &fresh, now)?;
    load.tell_made(owner, &fresh)?;
    mark(load.ctx, load.conn, owner, fresh.iter().chain(&changed).map(|d| &d.data))
}
