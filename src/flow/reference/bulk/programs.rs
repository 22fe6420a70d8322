//! Files of programs, matched by key.

use std::collections::HashMap;

use super::{Load, OwnedRow, Row};
use crate::domain::identifiers::Key;
use crate::domain::program::{Program, ProgramData};
use crate::error::AppError;
use crate::flow::again::{self, Cause};
use crate::flow::reference::organizations::held_by_form;
use crate::flow::reference::programs::FIXED_KIND;
use crate::flow::reference::{FIRST, NO_SUCH_LOCATION};
use crate::store::{organizations, programs as store};

pub(super) fn load(load: &mut Load<'_>, rows: Vec<OwnedRow<ProgramData>>) -> Result<(), AppError> {
    let rows = load.first_of_each(rows, "/key", |(owner, p)| (owner.clone(), p.key.clone()));
    let now = load.ctx.now();
    for (owner, rows) in load.by_owner(rows)? {
        let keys: Vec<Key> = rows.iter().map(|r| r.data.key.clone()).collect();
        let mut stored: HashMap<Key, Program> = store::by_keys(load.conn, owner, &keys)?
            .into_iter()
            .map(|p| (p.data.key.clone(), p))
            .collect();
        // `by_owner` has locked it: its locations stay as they are read here.
        let home = organizations::by_id(load.conn, owner)?;
        let has = |key: &Key| home.as_ref().is_some_and(|home| home.has_location(key));
        let unplaced = |data: &ProgramData| data.location.as_ref().is_some_and(|key| !has(key));
        let (mut fresh, mut moved) = (Vec::new(), Vec::new());
        for Row { line, mut data } in rows {
            let Some(old) = stored.remove(&data.key) else {
                if unplaced(&data) {
                    load.refuse(line, "/location", NO_SUCH_LOCATION);
                }
                fresh.push(Program { id: load.ctx.id(), revision: FIRST, data });
                load.counts.add(None);
                continue;
            };
            load.columns.program(&old.data, &mut data);
            load.ordered(line, data.span);
            if old.data.location != data.location && unplaced(&data) {
                load.refuse(line, "/location", NO_SUCH_LOCATION);
            }
            if old.data.kind != data.kind {
                load.refuse(line, "/kind", FIXED_KIND);
            }
            let changed = old.data != data;
            if old.data.location != data.location {
                moved.push(data.key.clone());
            }
            if changed {
                let new = Program { data, ..old.clone() };
                Load::must(store::update(load.conn, owner, &new, now)?)?;
                load.tell(Some(owner), Some(&old), &new)?;
            }
            load.counts.add(Some(changed));
        }
        store::insert_all(load.conn, owner, &fresh, now)?;
        load.tell_made(owner, &fresh)?;
        if !moved.is_empty() {
            let touched = held_by_form(load.conn, owner, Some(&moved))?;
            again::mark(load.ctx, load.conn, owner, Cause::Organization, &touched)?;
        }
    }
    Ok(())
}
