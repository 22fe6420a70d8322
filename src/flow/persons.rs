//! Who is one person for a payer is looked at again (`docs/adr/0140`): of numbers that a roster or a claim
//! touched, and of all that hang together with them. Days of which it changes something are marked.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::dates::Instant;
use crate::domain::report::person::owners;
use crate::store::{self, Conn, StoreError};

/// Marked numbers of one transaction.
const STEP_NUMBERS: i64 = 200;

/// Looks at marked numbers again. Gives whether there may be more.
pub(super) fn learn(conn: &mut Conn, at: Instant) -> Result<bool, StoreError> {
    let marked = store::persons::marked(conn, STEP_NUMBERS)?;
    let full = i64::try_from(marked.len()).is_ok_and(|n| n == STEP_NUMBERS);
    let mut by_payer: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (payer, number) in marked {
        by_payer.entry(payer).or_default().insert(number);
    }
    for (payer, numbers) in by_payer {
        store::persons::unmark(conn, payer, &numbers)?;
        again(conn, payer, numbers, at)?;
    }
    Ok(full)
}

/// From member to number and from number to member, until all are there that hang together, now or as it
/// was known before.
fn again(
    conn: &mut Conn,
    payer: i64,
    marked: BTreeSet<String>,
    at: Instant,
) -> Result<(), StoreError> {
    let (mut numbers, mut members) = (BTreeSet::new(), BTreeSet::new());
    let (mut held, mut fresh) = (Vec::new(), marked);
    while !fresh.is_empty() {
        let list = store::persons::held(conn, payer, &fresh)?;
        let mut next = store::persons::of_the_same(conn, payer, &fresh)?;
        let who = list.iter().map(|h| (h.organization, h.member));
        let new: BTreeSet<(i64, i64)> = who.filter(|who| members.insert(*who)).collect();
        next.extend(store::persons::numbers_of(conn, payer, &new)?);
        held.extend(list);
        numbers.append(&mut fresh);
        fresh = next.into_iter().filter(|number| !numbers.contains(number)).collect();
    }
    store::persons::learn(conn, payer, &numbers, &owners(&held), at)
}
