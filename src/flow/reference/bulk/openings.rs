//! Files of opening balances, matched by account, service, day and authorization.

use std::collections::HashMap;

use super::{Load, OwnedRow, Row};
use crate::domain::ids::OrganizationId;
use crate::domain::opening::Opening;
use crate::error::AppError;
use crate::flow::again;
use crate::flow::encounters::organization as organization_of;
use crate::flow::reference::FIRST;
use crate::flow::reference::draft::OpeningInput;
use crate::flow::reference::opening_names::{Names, Resolved};
use crate::flow::reference::openings::{
    Name, book_all, lock, name, on_a_day_of_ours, stored, visited,
};
use crate::store::openings as store;

pub(super) fn load(load: &mut Load<'_>, rows: Vec<OwnedRow<OpeningInput>>) -> Result<(), AppError> {
    for (owner, rows) in load.by_owner(rows)? {
        let zone = organization_of(load.conn, owner)?.data.zone;
        let inputs: Vec<&OpeningInput> = rows.iter().map(|r| &r.data).collect();
        let names = Names::read(load.conn, owner, &inputs, zone.date_of(load.ctx.now()))?;
        let mut found: Vec<Row<Resolved>> = Vec::with_capacity(rows.len());
        for Row { line, data } in &rows {
            match names.find(data) {
                Ok(data) => found.push(Row { line: *line, data }),
                Err(faults) => faults.into_iter().for_each(|fault| load.place(*line, fault)),
            }
        }
        save(load, owner, found)?;
    }
    Ok(())
}

fn save(
    load: &mut Load<'_>,
    owner: OrganizationId,
    rows: Vec<Row<Resolved>>,
) -> Result<(), AppError> {
    let resolved: Vec<&Resolved> = rows.iter().map(|r| &r.data).collect();
    // A file may be about many members: before any of them is locked.
    again::changing(load.conn, owner)?;
    let accounts = lock(load.ctx, load.conn, owner, &resolved)?;
    let mut known = stored(load.conn, owner, &resolved)?;
    let days = visited(load.conn, owner, &resolved, &accounts)?;
    let now = load.ctx.now();
    let (mut fresh, mut bookings) = (Vec::new(), Vec::new());
    let mut lines: HashMap<Name, u64> = HashMap::new();
    for (Row { line, data: Resolved { data, number } }, account) in rows.into_iter().zip(accounts) {
        let called = name(account, &data);
        if let Some(earlier) = lines.insert(called.clone(), line) {
            let message = format!("line {earlier} names the same one; keep one of the two");
            load.refuse(line, "/date", message);
            continue;
        }
        let Some(old) = known.remove(&called) else {
            if let Some(fault) = on_a_day_of_ours(&days, account, &data) {
                load.place(line, fault);
            }
            let id = load.ctx.id();
            let new = Opening { id, revision: FIRST, account, member_number: number, data };
            bookings.push((new.clone(), None));
            fresh.push(new);
            load.counts.add(None);
            continue;
        };
        let before = old.data.units;
        let changed = data.units != before;
        if changed {
            let new = Opening { data, ..old.clone() };
            Load::must(store::set_units(load.conn, owner, &new, now)?)?;
            load.tell(Some(owner), Some(&old), &new)?;
            bookings.push((new, Some(before)));
        }
        load.counts.add(Some(changed));
    }
    store::insert_all(load.conn, owner, &fresh, now)?;
    load.tell_made(owner, &fresh)?;
    book_all(load.ctx, load.conn, owner, &bookings)
}
