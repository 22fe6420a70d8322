//! Files of organizations and of locations, both matched by key.

use std::collections::HashMap;

use super::{Load, OwnedRow, Row};
use crate::domain::identifiers::Key;
use crate::domain::organization::{Location, LocationData, Organization};
use crate::error::AppError;
use crate::flow::again::{self, Cause};
use crate::flow::reference::FIRST;
use crate::flow::reference::draft::OrganizationInput;
use crate::flow::reference::organizations::{IN_A_BOX, boxed, fixed, held_by_form, touches};
use crate::store::organizations as store;

pub(super) fn load(load: &mut Load<'_>, rows: Vec<Row<OrganizationInput>>) -> Result<(), AppError> {
    let rows = load.first_of_each(rows, "/key", |o| o.data.key.clone());
    let keys: Vec<Key> = rows.iter().map(|r| r.data.data.key.clone()).collect();
    let ids = store::by_keys(load.conn, &keys)?.iter().map(|o| o.id).collect();
    store::lock_all(load.conn, &ids)?;
    let mut stored: HashMap<Key, Organization> =
        store::by_keys(load.conn, &keys)?.into_iter().map(|o| (o.data.key.clone(), o)).collect();
    let now = load.ctx.now();
    for Row { line, data: OrganizationInput { mut data, .. } } in rows {
        let Some(old) = stored.remove(&data.key) else {
            let id = load.ctx.id();
            let new = Organization { id, revision: FIRST, data, locations: Vec::new() };
            store::insert(load.conn, &new, now)?;
            load.tell(Some(id), None, &new)?;
            load.counts.add(None);
            continue;
        };
        load.columns.organization(&old.data, &mut data);
        for fault in fixed(&old.data, &data) {
            load.place(line, fault);
        }
        let changed = old.data != data;
        if changed {
            let id = old.id;
            let touched = touches(load.conn, id, &old.data, &data)?;
            let new = Organization { data, ..old.clone() };
            Load::must(store::update(load.conn, &new, now)?)?;
            load.tell(Some(id), Some(&old), &new)?;
            again::mark(load.ctx, load.conn, id, Cause::Organization, &touched)?;
        }
        load.counts.add(Some(changed));
    }
    Ok(())
}

pub(super) fn load_locations(
    load: &mut Load<'_>,
    rows: Vec<OwnedRow<LocationData>>,
) -> Result<(), AppError> {
    let rows = load.first_of_each(rows, "/key", |(owner, l)| (owner.clone(), l.key.clone()));
    let owned = load.by_owner(rows)?;
    let now = load.ctx.now();
    for (id, rows) in owned {
        let Some(old) = store::by_id(load.conn, id)? else {
            continue;
        };
        let mut new = old.clone();
        for Row { line, mut data } in rows {
            let known = new.locations.iter_mut().find(|l| l.data.key == data.key);
            if let Some(location) = &known {
                load.columns.location(&location.data, &mut data);
            }
            for pointer in boxed(known.as_ref().map(|l| &l.data), &data) {
                load.refuse(line, pointer, IN_A_BOX);
            }
            load.counts.add(known.as_ref().map(|l| l.data != data));
            match known {
                Some(location) => location.data = data,
                None => new.locations.push(Location { id: load.ctx.id(), data }),
            }
        }
        if new != old {
            Load::must(store::update(load.conn, &new, now)?)?;
            load.tell(Some(id), Some(&old), &new)?;
            let touched = held_by_form(load.conn, id, None)?;
            again::mark(load.ctx, load.conn, id, Cause::Organization, &touched)?;
        }
    }
    Ok(())
}
