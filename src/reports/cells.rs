//! Sums over packed days, at every level of a grouping in one pass.
//!
//! Texts are numbered as they come, so that a cell finds its groups by a few whole numbers; people are
//! bits, so that a person is one in each group however many cells name them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::slots::Slots;
use crate::domain::dates::year_month;
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::report::day::{Cell, Control, Counts, Day};
use crate::domain::text::code_list;
use crate::store::{self, Conn, StoreError};

code_list!(
    /// What the report can be grouped by.
    Dimension, "a dimension" {
        /// Month of the service date.
        Month = "month",
        /// Organization.
        Organization = "organization",
        /// Service of the contract.
        Service = "service",
        /// The role in which the peer worked.
        Role = "role",
        /// In person, by video, by telephone.
        Mode = "mode",
        /// Where the member was.
        Setting = "setting",
        /// Program, site or grant of the organization.
        Program = "program",
    }
);

/// Whose visits are counted.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// First service date.
    pub from: NaiveDate,
    /// Last service date.
    pub to: NaiveDate,
    /// One organization, or all.
    pub organization: Option<OrganizationId>,
    /// One payer, or all.
    pub payer: Option<PayerId>,
    /// Only what stands on released live claims (a payer's view).
    pub released_only: bool,
}

/// A group's place: the values of the dimensions; those that are not grouped by are none.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// 202607.
    pub month: Option<i32>,
    /// Organization.
    pub organization_id: Option<i64>,
    /// Service; none also where the rules found none.
    pub service: Option<String>,
    /// Role of the peer.
    pub role: Option<String>,
    /// Mode.
    pub mode: Option<String>,
    /// Setting.
    pub setting: Option<String>,
    /// Program; none also for visits that name none.
    pub program: Option<String>,
}

/// The sums of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// What is counted.
    pub counts: Counts,
    /// Different people.
    pub members: i64,
    /// Whether its units are of several lengths, and no number of units can be told.
    pub mixed: bool,
}

/// Groups of one level.
pub type Groups = BTreeMap<Place, Sums>;

/// All levels of a grouping, and the other side of the reconciliation.
#[derive(Debug)]
pub struct Levels {
    /// For each depth, 0 (all together) first.
    pub groups: Vec<Groups>,
    /// What the claim lines themselves say.
    pub control: Control,
}

/// Values of the dimensions as numbers: those of texts are one more than their place, 0 for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Key {
    month: i32,
    organization: i64,
    texts: [u32; 5],
}

impl Key {
    /// The values of the first dimensions of a grouping.
    fn of(&self, by: &[Dimension]) -> Self {
        let mut key = Self::default();
        let [service, role, mode, setting, program] = &mut key.texts;
        let [own_service, own_role, own_mode, own_setting, own_program] = self.texts;
        for dimension in by {
            match dimension {
                Dimension::Month => key.month = self.month,
                Dimension::Organization => key.organization = self.organization,
                Dimension::Service => *service = own_service,
                Dimension::Role => *role = own_role,
                Dimension::Mode => *mode = own_mode,
                Dimension::Setting => *setting = own_setting,
                Dimension::Program => *program = own_program,
            }
        }
        key
    }
}

#[derive(Debug, Default)]
struct Texts {
    list: Vec<String>,
    places: HashMap<String, u32>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        self.list.push(text.to_owned());
        let place = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.places.insert(text.to_owned(), place);
        place
    }

    fn text(&self, number: u32) -> Option<String> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        self.list.get(place).cloned()
    }
}

struct Sum<'a> {
    span: &'a Span,
    by: &'a [Dimension],
    shared: BTreeSet<(i64, String)>,
    texts: Texts,
    levels: Vec<Slots<Key>>,
    control: Control,
}

/// Sums the period at every level.
pub fn levels(conn: &mut Conn, span: &Span, by: &[Dimension]) -> Result<Levels, StoreError> {
    let shared = if span.released_only && by.contains(&Dimension::Program) {
        store::report_days::shared_programs(conn)?
    } else {
        BTreeSet::new()
    };
    let mut sum = Sum {
        span,
        by,
        shared,
        texts: Texts::default(),
        levels: (0..=by.len()).map(|_| Slots::default()).collect(),
        control: Control::default(),
    };
    let period = (span.from, span.to);
    store::report_days::each(conn, span.organization, period, |owner, date, day| {
        sum.day(owner, date, day);
    })?;
    Ok(sum.finish())
}

impl Sum<'_> {
    fn sees(&self, payer: i64) -> bool {
        self.span.payer.is_none_or(|wanted| wanted.as_i64() == payer)
    }

    fn day(&mut self, owner: i64, date: NaiveDate, day: &Day) {
        let numbers: Vec<u32> = day.texts.iter().map(|t| self.texts.number(t)).collect();
        let number = |place: u32| {
            usize::try_from(place).ok().and_then(|p| numbers.get(p)).copied().unwrap_or_default()
        };
        let payer = self.span.payer.map(PayerId::as_i64);
        for control in day.control.iter().filter(|c| payer.is_none_or(|p| p == c.payer)) {
            self.control.units += control.units;
            self.control.charge += control.charge;
            self.control.expected += control.expected;
        }
        for cell in &day.cells {
            let hidden = self.span.released_only && cell.counts.sent == 0;
            if hidden || !self.sees(cell.place.payer) {
                continue;
            }
            let place = cell.place;
            let mut program = place.program.map(number).unwrap_or_default();
            if self.span.released_only && self.by.contains(&Dimension::Program) {
                // A payer is told of the state's programs, and not of sites and grants.
                let told =
                    self.texts.text(program).is_some_and(|p| self.shared.contains(&(owner, p)));
                program = if told { program } else { 0 };
            }
            let texts = [
                place.service.map(number).unwrap_or_default(),
                number(place.role),
                number(place.mode),
                number(place.setting),
                program,
            ];
            let key = Key { month: year_month(date), organization: owner, texts };
            self.cell(owner, &key, cell);
        }
    }

    fn cell(&mut self, owner: i64, key: &Key, cell: &Cell) {
        // A payer knows people by their numbers, whichever roster they are on, and the day says which
        // numbers are one person's; an organization knows them by its roster, whatever their numbers.
        let (world, people, unit_minutes) = if self.span.released_only {
            (cell.place.payer, &cell.people, &cell.sent_unit_minutes)
        } else {
            (owner, &cell.roster, &cell.unit_minutes)
        };
        for (depth, level) in self.levels.iter_mut().enumerate() {
            let by = self.by.get(..depth).unwrap_or(self.by);
            level.with(key.of(by), |group| {
                group.counts.add(cell.counts);
                group.people(world, people);
                group.unit_minutes.extend(unit_minutes);
            });
        }
    }

    fn finish(self) -> Levels {
        let Self { texts, levels, control, by, .. } = self;
        let groups = levels.into_iter().enumerate().map(|(depth, level)| {
            let by = by.get(..depth).unwrap_or(by);
            let groups = level.into_groups().map(|(key, group)| {
                let (members, mixed) = (group.members(), group.unit_minutes.mixed());
                (place(&texts, by, &key), Sums { counts: group.counts, members, mixed })
            });
            groups.collect()
        });
        Levels { groups: groups.collect(), control }
    }
}

fn place(texts: &Texts, by: &[Dimension], key: &Key) -> Place {
    let [service, role, mode, setting, program] = key.texts;
    Place {
        month: by.contains(&Dimension::Month).then_some(key.month),
        organization_id: by.contains(&Dimension::Organization).then_some(key.organization),
        service: texts.text(service),
        role: texts.text(role),
        mode: texts.text(mode),
        setting: texts.text(setting),
        program: texts.text(program),
    }
}
