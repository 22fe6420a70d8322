//! Files of enrollment episodes, matched by reference.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Load, OwnedRow, Row};
use crate::domain::episode::{Episode, EpisodeData};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EpisodeId, MemberId, OrganizationId};
use crate::error::AppError;
use crate::flow::again;
use crate::flow::reference::draft::EpisodeInput;
use crate::flow::reference::episodes::{fixed, mark, overlap};
use crate::flow::reference::programs::{NO_SUCH_PROGRAM, unknown as unknown_programs};
use crate::flow::reference::{
    FIRST, NO_SUCH_MEMBER, NO_SUCH_PAYER, lock_members, members_named, payers_named,
};
use crate::store::episodes as store;

pub(super) fn load(load: &mut Load<'_>, rows: Vec<OwnedRow<EpisodeInput>>) -> Result<(), AppError> {
    let rows =
        load.first_of_each(rows, "/reference", |(owner, e)| (owner.clone(), e.reference.clone()));
    let payers = payers_named(load.conn, rows.iter().filter_map(|r| r.data.1.payer.as_ref()))?;
    for (owner, rows) in load.by_owner(rows)? {
        let names = members_named(load.conn, owner, rows.iter().map(|r| &r.data.member))?;
        let programs = rows.iter().filter_map(|r| r.data.program.as_ref());
        let unknown = unknown_programs(load.conn, owner, programs)?;
        let mut parsed = Vec::with_capacity(rows.len());
        for Row { line, data } in rows {
            let EpisodeInput { reference, member, kind, payer, program, span } = data;
            if program.as_ref().is_some_and(|p| unknown.contains(p)) {
                load.refuse(line, "/program", NO_SUCH_PROGRAM);
            }
            let member = names.get(&member).copied();
            if member.is_none() {
                load.refuse(line, "/member", NO_SUCH_MEMBER);
            }
            let payer = payer.map(|name| payers.get(&name).map(|p| p.id));
            if payer == Some(None) {
                load.refuse(line, "/payer", NO_SUCH_PAYER);
            }
            if let (Some(member), None | Some(Some(_))) = (member, payer) {
                let payer = payer.flatten();
                parsed.push(Row {
                    line,
                    data: EpisodeData { reference, member, kind, payer, program, span },
                });
            }
        }
        save(load, owner, parsed)?;
    }
    Ok(())
}

fn save(
    load: &mut Load<'_>,
    owner: OrganizationId,
    rows: Vec<Row<EpisodeData>>,
) -> Result<(), AppError> {
    let members: BTreeSet<MemberId> = rows.iter().map(|r| r.data.member).collect();
    let members: Vec<MemberId> = members.into_iter().collect();
    // A file may be about many members: before any of them is locked.
    again::changing(load.conn, owner)?;
    lock_members(load.ctx, load.conn, owner, members.iter().copied())?;
    let references: Vec<Reference> = rows.iter().map(|r| r.data.reference.clone()).collect();
    let mut stored: HashMap<Reference, Episode> =
        store::by_references(load.conn, owner, &references)?
            .into_iter()
            .map(|e| (e.data.reference.clone(), e))
            .collect();
    let (mut fresh, mut changed) = (Vec::new(), Vec::new());
    let mut lines: BTreeMap<EpisodeId, u64> = BTreeMap::new();
    for Row { line, mut data } in rows {
        let Some(old) = stored.remove(&data.reference) else {
            let episode = Episode { id: load.ctx.id(), revision: FIRST, data };
            lines.insert(episode.id, line);
            fresh.push(episode);
            load.counts.add(None);
            continue;
        };
        load.columns.episode(&old.data, &mut data);
        load.ordered(line, data.span);
        if let Some(fault) = fixed(&old.data, &data) {
            load.place(line, fault);
        }
        load.counts.add(Some(old.data != data));
        if old.data != data {
            lines.insert(old.id, line);
            let new = Episode { data, ..old.clone() };
            load.tell(Some(owner), Some(&old), &new)?;
            changed.push(new);
        }
    }
    check(load, owner, &members, fresh.iter().chain(&changed), &lines)?;
    let now = load.ctx.now();
    for episode in &changed {
        Load::must(store::update(load.conn, owner, episode, now)?)?;
    }
    store::insert_all(load.conn, owner, &fresh, now)?;
    load.tell_made(owner, &fresh)?;
    let touched: BTreeSet<MemberId> = fresh.iter().chain(&changed).map(|e| e.data.member).collect();
    mark(load.ctx, load.conn, owner, touched)
}

/// Tells each episode of the file that would share days with one that is there or with one of an
/// earlier line.
fn check<'a>(
    load: &mut Load<'_>,
    owner: OrganizationId,
    members: &[MemberId],
    touched: impl Iterator<Item = &'a Episode>,
    lines: &BTreeMap<EpisodeId, u64>,
) -> Result<(), AppError> {
    let mut of_member: HashMap<MemberId, Vec<EpisodeData>> = HashMap::new();
    for other in store::of_members(load.conn, owner, members)? {
        if !lines.contains_key(&other.id) {
            of_member.entry(other.data.member).or_default().push(other.data);
        }
    }
    let mut touched: Vec<(u64, &Episode)> =
        touched.filter_map(|e| lines.get(&e.id).map(|line| (*line, e))).collect();
    touched.sort_by_key(|(line, _)| *line);
    for (line, episode) in touched {
        let others = of_member.entry(episode.data.member).or_default();
        if let Some(other) = others.iter().find(|o| o.clashes(&episode.data)) {
            load.refuse(line, "/from", overlap(other));
        }
        others.push(episode.data.clone());
    }
    Ok(())
}
