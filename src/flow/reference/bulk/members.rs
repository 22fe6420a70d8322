//! Files of members, matched by reference, and of coverages, matched by member, payer, number and
//! first day.

use std::collections::{BTreeMap, HashMap};

use super::{Load, OwnedRow, Row};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{CoverageId, OrganizationId};
use crate::domain::member::{Coverage, CoverageData, Member};
use crate::domain::payer::Payer;
use crate::error::AppError;
use crate::flow::again::{self, Cause, Touched};
use crate::flow::reference::coverage::misfits;
use crate::flow::reference::draft::{CoverageInput, MemberInput, PayerName};
use crate::flow::reference::members::{
    born_in_the_future, known_in_the_future, resolved, same, touches,
};
use crate::flow::reference::{FIRST, NO_SUCH_PAYER, payers_named};
use crate::store::members as store;

/// A member that the file speaks of.
struct Work {
    /// As it is stored.
    before: Option<Member>,
    member: Member,
    changed: bool,
}

impl Work {
    fn is_fresh(&self) -> bool {
        self.before.is_none()
    }
}

/// What the file does to one organization's roster.
struct Roster {
    owner: OrganizationId,
    /// By reference, so that writes come in one order and two loads never wait for each other.
    members: BTreeMap<Reference, Work>,
    /// Where each coverage of the file stands: its line, and its pointer in the row's draft.
    places: HashMap<CoverageId, (u64, String)>,
}

pub(super) fn load(load: &mut Load<'_>, rows: Vec<OwnedRow<MemberInput>>) -> Result<(), AppError> {
    let rows = load
        .first_of_each(rows, "/reference", |(owner, m)| (owner.clone(), m.data.reference.clone()));
    let names = rows.iter().flat_map(|r| r.data.1.coverages.iter().map(|c| &c.payer));
    let payers = payers_named(load.conn, names)?;
    for (owner, rows) in load.by_owner(rows)? {
        let references: Vec<Reference> =
            rows.iter().map(|r| r.data.data.reference.clone()).collect();
        let mut roster = Roster::of(load, owner, &references)?;
        for Row { line, data: MemberInput { mut data, coverages } } in rows {
            if let Some(fault) = born_in_the_future(&data, load.ctx.now()) {
                load.place(line, fault);
            }
            let work = roster.members.entry(data.reference.clone()).or_insert_with(|| {
                let (id, coverages) = (load.ctx.id(), Vec::new());
                let member = Member { id, revision: FIRST, data: data.clone(), coverages };
                Work { before: None, member, changed: false }
            });
            load.columns.member(&work.member.data, &mut data);
            work.changed |= work.member.data != data;
            work.member.data = data;
            let mut outcome = (!work.is_fresh()).then_some(work.changed);
            for (index, input) in coverages.into_iter().enumerate() {
                let pointer = format!("/coverages/{index}");
                let place = (line, pointer);
                let added = cover(load, work, &mut roster.places, &payers, place, input);
                outcome = outcome.map(|changed| changed || added != Some(false));
            }
            load.counts.add(outcome);
        }
        roster.store(load)?;
    }
    Ok(())
}

pub(super) fn load_coverages(
    load: &mut Load<'_>,
    rows: Vec<OwnedRow<(Reference, CoverageInput)>>,
) -> Result<(), AppError> {
    let rows = load.first_of_each(rows, "/member_number", |(owner, (reference, c))| {
        let number = (c.payer.clone(), c.member_number.clone(), c.span.from);
        (owner.clone(), reference.clone(), number)
    });
    let payers = payers_named(load.conn, rows.iter().map(|r| &r.data.1.1.payer))?;
    for (owner, rows) in load.by_owner(rows)? {
        let references: Vec<Reference> = rows.iter().map(|r| r.data.0.clone()).collect();
        let mut roster = Roster::of(load, owner, &references)?;
        for Row { line, data: (reference, input) } in rows {
            let Some(work) = roster.members.get_mut(&reference) else {
                let message = "this organization has no member with this reference";
                load.refuse(line, "/member_reference", message);
                continue;
            };
            let place = (line, String::new());
            let changed = cover(load, work, &mut roster.places, &payers, place, input);
            load.counts.add(changed);
        }
        roster.store(load)?;
    }
    Ok(())
}

/// Adds or changes one coverage: `None` when it is new, else whether it changed.
fn cover(
    load: &mut Load<'_>,
    work: &mut Work,
    places: &mut HashMap<CoverageId, (u64, String)>,
    payers: &HashMap<PayerName, Payer>,
    (line, pointer): (u64, String),
    input: CoverageInput,
) -> Option<bool> {
    let Some(mut data): Option<CoverageData> = resolved(payers, input) else {
        load.refuse(line, &format!("{pointer}/payer"), NO_SUCH_PAYER);
        return None;
    };
    if let Some(message) = known_in_the_future(&data, load.ctx.now()) {
        load.refuse(line, &format!("{pointer}/known_on"), message);
        return None;
    }
    let known = work.member.coverages.iter_mut().find(|c| same(&c.data, &data));
    if let Some(coverage) = &known {
        load.columns.coverage(&coverage.data, &mut data);
    }
    let changed = known.as_ref().map(|c| c.data != data);
    let id = known.as_ref().map_or_else(|| load.ctx.id(), |c| c.id);
    match known {
        Some(coverage) => coverage.data = data,
        None => work.member.coverages.push(Coverage { id, data }),
    }
    places.insert(id, (line, pointer));
    work.changed |= changed != Some(false);
    changed
}

impl Roster {
    fn of(
        load: &mut Load<'_>,
        owner: OrganizationId,
        references: &[Reference],
    ) -> Result<Self, AppError> {
        let stored = store::by_references(load.conn, owner, references)?;
        let work = |member: Member| Work { before: Some(member.clone()), member, changed: false };
        let members = stored.into_iter().map(|m| (m.data.reference.clone(), work(m))).collect();
        Ok(Self { owner, members, places: HashMap::new() })
    }

    /// Checks the coverages together and stores what is new or changed.
    fn store(self, load: &mut Load<'_>) -> Result<(), AppError> {
        let touched: Vec<&Work> =
            self.members.values().filter(|w| w.is_fresh() || w.changed).collect();
        let members: Vec<&Member> = touched.iter().map(|w| &w.member).collect();
        let found = misfits(load.conn, self.owner, &members)?;
        let refused = !found.is_empty();
        for misfit in found {
            // A coverage that the file does not speak of misfits only with one that it does, and
            // that one is told too, or is the later of the two and stands for both.
            let place = self.places.get(&misfit.coverage).cloned();
            let (line, pointer) = place.unwrap_or_else(|| self.place_near(misfit.coverage));
            load.refuse(line, &format!("{pointer}/{}", misfit.field), misfit.message);
        }
        if refused || !load.faults.is_empty() {
            return Ok(());
        }
        // A file may be about many members: before any of them is locked.
        again::changing(load.conn, self.owner)?;
        let now = load.ctx.now();
        let fresh: Vec<Member> =
            touched.iter().filter(|w| w.is_fresh()).map(|w| w.member.clone()).collect();
        store::insert_all(load.conn, self.owner, &fresh, now)?;
        for work in touched.iter().filter(|w| !w.is_fresh()) {
            Load::must(store::update(load.conn, self.owner, &work.member, now)?)?;
        }
        for work in &touched {
            load.tell(Some(self.owner), work.before.as_ref(), &work.member)?;
        }
        let covered_otherwise =
            |w: &&&Work| w.before.as_ref().is_some_and(|old| old.coverages != w.member.coverages);
        let moved: Vec<&Member> =
            touched.iter().filter(covered_otherwise).map(|w| &w.member).collect();
        again::follow_numbers(load.ctx, load.conn, self.owner, &moved)?;
        let again = |w: &&Work| w.before.as_ref().and_then(|old| touches(old, &w.member));
        let marks: Vec<Touched> = touched.iter().filter_map(again).collect();
        again::mark(load.ctx, load.conn, self.owner, Cause::Member, &marks)
    }

    /// The first place in the file where the owner of the coverage is spoken of.
    fn place_near(&self, coverage: CoverageId) -> (u64, String) {
        let owner =
            self.members.values().find(|w| w.member.coverages.iter().any(|c| c.id == coverage));
        let places = owner.iter().flat_map(|w| w.member.coverages.iter());
        places.filter_map(|c| self.places.get(&c.id).cloned()).min().unwrap_or_default()
    }
}
