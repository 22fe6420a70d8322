//! Files of authorizations, matched by payer and number.

use std::collections::{HashMap, HashSet};

use super::{Load, OwnedRow, Row};
use crate::domain::authorization::{Authorization, AuthorizationData};
use crate::domain::identifiers::{AuthorizationNumber, Key};
use crate::domain::ids::{OrganizationId, PayerId};
use crate::error::AppError;
use crate::flow::reference::authorizations::{fixed, known_services, unknown_services};
use crate::flow::reference::draft::AuthorizationInput;
use crate::flow::reference::{FIRST, NO_SUCH_MEMBER, NO_SUCH_PAYER, members_named, payers_named};
use crate::flow::{again, grants};
use crate::store::authorizations as store;

pub(super) fn load(
    load: &mut Load<'_>,
    rows: Vec<OwnedRow<AuthorizationInput>>,
) -> Result<(), AppError> {
    let payers = payers_named(load.conn, rows.iter().map(|r| &r.data.1.payer))?;
    for (owner, rows) in load.by_owner(rows)? {
        let names = members_named(load.conn, owner, rows.iter().map(|r| &r.data.member))?;
        let mut services: HashMap<PayerId, Option<HashSet<Key>>> = HashMap::new();
        let mut parsed = Vec::with_capacity(rows.len());
        for Row { line, data } in rows {
            let AuthorizationInput { member, payer, number, services: wanted, units, span } = data;
            let member = names.get(&member).copied();
            if member.is_none() {
                load.refuse(line, "/member", NO_SUCH_MEMBER);
            }
            let Some(payer) = payers.get(&payer).map(|p| p.id) else {
                load.refuse(line, "/payer", NO_SUCH_PAYER);
                continue;
            };
            if let std::collections::hash_map::Entry::Vacant(slot) = services.entry(payer) {
                slot.insert(known_services(load.conn, owner, payer)?);
            }
            let known = services.get(&payer).and_then(Option::as_ref);
            if let Some(fault) = unknown_services(&wanted, known) {
                load.place(line, fault);
            }
            if let Some(member) = member {
                let services = wanted;
                let data = AuthorizationData { member, payer, number, services, units, span };
                parsed.push(Row { line, data });
            }
        }
        let parsed = load.first_of_each(parsed, "/number", |a| (a.payer, a.number.clone()));
        save(load, owner, parsed)?;
    }
    Ok(())
}

fn save(
    load: &mut Load<'_>,
    owner: OrganizationId,
    mut rows: Vec<Row<AuthorizationData>>,
) -> Result<(), AppError> {
    let now = load.ctx.now();
    let numbers: Vec<AuthorizationNumber> = rows.iter().map(|r| r.data.number.clone()).collect();
    let mut stored: HashMap<(PayerId, AuthorizationNumber), Authorization> =
        store::by_numbers(load.conn, owner, &numbers)?
            .into_iter()
            .map(|a| ((a.data.payer, a.data.number.clone()), a))
            .collect();
    for Row { line, data } in &mut rows {
        if let Some(old) = stored.get(&(data.payer, data.number.clone())) {
            load.columns.authorization(&old.data, data);
            load.ordered(*line, data.span);
        }
    }
    let old = |data: &AuthorizationData| stored.get(&(data.payer, data.number.clone()));
    let changing: Vec<&Authorization> =
        rows.iter().filter_map(|r| old(&r.data).filter(|o| o.data != r.data)).collect();
    // A file may be about many members: before any of their accounts is locked.
    again::changing(load.conn, owner)?;
    grants::lock(load.ctx, load.conn, owner, &changing)?;
    let mut marked = Vec::new();
    let mut fresh = Vec::new();
    for Row { line, data } in rows {
        let Some(old) = stored.remove(&(data.payer, data.number.clone())) else {
            fresh.push(Authorization { id: load.ctx.id(), revision: FIRST, data });
            load.counts.add(None);
            continue;
        };
        for fault in fixed(&old.data, &data) {
            load.place(line, fault);
        }
        let changed = old.data != data;
        if changed {
            let new = Authorization { data, ..old.clone() };
            Load::must(store::update(load.conn, owner, &new, now)?)?;
            load.tell(Some(owner), Some(&old), &new)?;
            grants::changed(load.ctx, load.conn, owner, &old, &new)?;
            marked.push(new);
        }
        load.counts.add(Some(changed));
    }
    store::insert_all(load.conn, owner, &fresh, now)?;
    load.tell_made(owner, &fresh)?;
    grants::granted(load.ctx, load.conn, owner, &fresh)?;
    grants::mark(load.ctx, load.conn, owner, &marked)
}
