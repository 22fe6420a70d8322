//! Files of payers, matched by key.

use std::collections::HashMap;

use super::{Load, Row};
use crate::domain::identifiers::Key;
use crate::domain::payer::{Payer, PayerData};
use crate::error::AppError;
use crate::flow::reference::{FIRST, payers::fixed};
use crate::store::payers as store;

pub(super) fn load(load: &mut Load<'_>, rows: Vec<Row<PayerData>>) -> Result<(), AppError> {
    let rows = load.first_of_each(rows, "/key", |p| p.key.clone());
    let keys: Vec<Key> = rows.iter().map(|r| r.data.key.clone()).collect();
    let mut stored: HashMap<Key, Payer> =
        store::by_keys(load.conn, &keys)?.into_iter().map(|p| (p.data.key.clone(), p)).collect();
    let now = load.ctx.now();
    for Row { line, data } in rows {
        let Some(old) = stored.remove(&data.key) else {
            let new = Payer { id: load.ctx.id(), revision: FIRST, data };
            store::insert(load.conn, &new, now)?;
            load.tell(None, None, &new)?;
            load.counts.add(None);
            continue;
        };
        for fault in fixed(&old.data, &data) {
            load.place(line, fault);
        }
        let changed = old.data != data;
        if changed {
            let new = Payer { data, ..old.clone() };
            Load::must(store::update(load.conn, &new, now)?)?;
            load.tell(None, Some(&old), &new)?;
        }
        load.counts.add(Some(changed));
    }
    Ok(())
}
