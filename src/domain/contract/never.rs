//! Numbers and demands that look like rules and are none: a cap above what its days can hold, a
//! condition that no visit of its service can ever meet. Each is a slip of the pen, and is refused
//! when the pack is read (`docs/adr/0136-what-a-pack-may-not-say.md`).

use rust_decimal::Decimal;

use super::condition::Demand;
use super::model::{Block, Rounding, Service, SumOver};
use super::modifier_rule::{ModifierRule, can_carry};
use super::reader::Reader;
use super::sound::Sound;
use super::table::Table;
use crate::domain::codes::{Mode, Modifier};
use crate::domain::identifiers::Key;
use crate::domain::units::units;
use crate::domain::windows::Window;

/// Minutes of a day.
const DAY: u32 = 1_440;
/// What is wrong with a cap below one unit: units are billed whole.
pub(super) const BELOW_ONE: &str = "nothing fits into less than one unit; correct it";

/// Most days of a window; none where nothing bounds them.
pub(super) fn days(window: &Window) -> Option<u32> {
    match window {
        Window::Day => Some(1),
        Window::Week => Some(7),
        Window::Month => Some(31),
        Window::Quarter => Some(92),
        Window::CalendarYear | Window::FiscalYear { .. } | Window::EpisodeYear { .. } => Some(366),
        Window::RollingMonths { length } => Some(length.saturating_mul(31)),
        Window::RollingDays { length } | Window::ConsecutiveDays { length } => Some(*length),
        Window::Episode { .. } | Window::Lifetime => None,
    }
}

/// The least minutes of a unit of these services, as contacts may be as short as they like: of one
/// that is rounded down, its own; else those of the contact that makes most of its minutes.
pub(super) fn least_minutes(services: &[&Service]) -> Option<u32> {
    services.iter().map(|s| least(s)).min()
}

fn least(service: &Service) -> u32 {
    let (length, rounding) = (service.unit_minutes, service.rounding);
    if rounding == Rounding::Floor {
        return length;
    }
    let made = |minutes: u32| units(minutes, length, rounding);
    // Another unit begins with the same rest after each whole one; beyond the shortest contact and
    // that with one unit more nothing is gained.
    let first = (1..=length).find(|minutes| made(*minutes) > 0).unwrap_or(length);
    let shortest = first.max(service.min_minutes);
    let whole = made(shortest).max(1);
    let longer = whole.saturating_mul(length).saturating_add(first);
    let of_longer = longer.checked_div(whole.saturating_add(1)).unwrap_or(length);
    shortest.checked_div(whole).unwrap_or(length).min(of_longer).max(1)
}

/// What is wrong with so many units of one member in a window, each of so many minutes, if they are
/// more minutes than its days have.
pub(super) fn too_many(units: Decimal, length: Option<u32>, window: &Window) -> Option<String> {
    let length = length?;
    let most = days(window)?.saturating_mul(DAY);
    let minutes = units.checked_mul(Decimal::from(length)).unwrap_or(Decimal::MAX);
    (minutes > Decimal::from(most)).then(|| {
        format!(
            "these take at least {} minutes {}, which has {most} at most, so nothing is limited; correct it",
            minutes.normalize(),
            window.words()
        )
    })
}

/// What a number of units is for.
#[derive(Clone, Copy)]
pub(super) struct Within<'s> {
    pub(super) services: &'s [Key],
    pub(super) window: &'s Window,
    /// There where the days of the window bound the number: a peer serves the members of a group at
    /// once, and nothing bounds what one peer gives.
    pub(super) bounded: Option<Sound<'s>>,
}

/// Refuses a number of units that bounds nothing, or lets nothing be billed. What stands in for a
/// number that is not known is held against nothing.
pub(super) fn refuse_absurd(
    r: &mut Reader,
    table: &Table<'_>,
    (units, key): (Decimal, &str),
    within: Within<'_>,
) {
    let spot = table.at_key(key);
    if spot.is_unknown() {
        return;
    }
    if units < Decimal::ONE {
        spot.refuse(r, BELOW_ONE);
        return;
    }
    let counted = within.bounded.and_then(|sound| measured(within.services, sound));
    // Hours are hours of units, however few minutes made them.
    let length = counted.and_then(|counted| match key {
        "hours" => counted.iter().map(|s| s.unit_minutes).min(),
        _ => least_minutes(&counted),
    });
    if let Some(why) = too_many(units, length, within.window) {
        spot.refuse(r, why);
    }
}

/// Refuses an approval of more units than its days hold.
pub(super) fn refuse_block(
    r: &mut Reader,
    table: &Table<'_>,
    block: &Block,
    services: &[Key],
    sound: Sound<'_>,
) {
    let window = Window::RollingDays { length: block.days };
    let length = measured(services, sound).and_then(|counted| least_minutes(&counted));
    let why = too_many(block.units.into(), length, &window);
    if let (Some(why), Some(spot)) = (why, table.get("block").and_then(|at| at.inner("units"))) {
        spot.refuse(r, why);
    }
}

/// These services, where nothing is unknown of the length of their units.
fn measured<'s>(services: &[Key], sound: Sound<'s>) -> Option<Vec<&'s Service>> {
    sound.of(services).filter(|all| all.iter().all(|s| sound.is_measured(s)))
}

/// What a condition is held against.
#[derive(Clone, Copy)]
pub(super) struct Ground<'s> {
    /// Services and modifier rules without a fault.
    pub(super) sound: Sound<'s>,
    /// Modes that are face to face; none where the pack's own word has a fault.
    pub(super) face_to_face: Option<&'s [Mode]>,
}

/// Refuses a demand that no visit of one of its services can meet, or that is about none of them. One
/// that holds for some visits or days only, or only warns, may be what some of them cannot meet; what
/// is wrong with it by itself is refused all the same.
pub(super) fn refuse_never(
    r: &mut Reader,
    table: &Table<'_>,
    (demand, always): (&Demand, bool),
    keys: &[Key],
    ground: Ground<'_>,
) {
    let sound = ground.sound;
    let services: Vec<&Service> = sound.services.iter().filter(|s| keys.contains(&s.key)).collect();
    let alone = services.iter().find_map(|service| {
        let of_each =
            || of_service(demand, service, sound).or_else(|| of_line(demand, service, sound));
        let of_all_visits = || always.then(of_each).flatten();
        by_itself(demand, service, sound).or_else(of_all_visits)
    });
    // What is asked of several services together is judged only where all of them are known.
    let together = || {
        let about_none = matches!(demand, Demand::OtherPayer { .. });
        let all = (always || about_none)
            && services.len() == keys.len()
            && services.iter().all(|s| !s.modes.is_empty());
        all.then(|| of_all(demand, &services, ground)).flatten()
    };
    if let Some((key, why)) = alone.or_else(together) {
        table.at_key(key).refuse(r, why);
    }
}

/// What is wrong with a number, or with a demand that is about nothing of the service, and at which key.
fn by_itself(
    demand: &Demand,
    service: &Service,
    sound: Sound<'_>,
) -> Option<(&'static str, String)> {
    match demand {
        Demand::GroupAverage { .. } if service.group.is_none() => {
            let why =
                format!("{} is given to one member at a time and has no average", service.key);
            Some(("services", why))
        }
        Demand::UnitsPerVisit { units } if *units < Decimal::ONE => {
            Some(("units", BELOW_ONE.to_owned()))
        }
        Demand::UnitsPerVisit { units } if sound.is_measured(service) => {
            Some(("units", too_many(*units, least_minutes(&[service]), &Window::Day)?))
        }
        _ => None,
    }
}

/// Why no visit of the service can meet the demand, and at which key. Of a service whose modes are not
/// known nobody can say what stands on its lines.
fn of_service(
    demand: &Demand,
    service: &Service,
    sound: Sound<'_>,
) -> Option<(&'static str, String)> {
    let key = &service.key;
    let modes_known = !service.modes.is_empty();
    match demand {
        Demand::ModifierOneOf { modifiers } => {
            let may = modifiers.iter().any(|m| can_carry(service, sound.modifiers, m));
            (modes_known && !may).then(|| {
                let why = format!(
                    "no line of {key} can have any of these, so none of its visits could be \
                     billed; correct one of both"
                );
                ("modifiers", why)
            })
        }
        Demand::ModifierList { modifiers } => {
            let stranger = unlisted(service, sound.modifiers, modifiers)?;
            let why = format!(
                "each line of {key} has {stranger}, which is not in the list, so none of its \
                 visits could be billed; correct one of both"
            );
            Some(("modifiers", why))
        }
        Demand::Mode { modes } => {
            let given = service.modes.iter().any(|m| modes.contains(&m.mode));
            (modes_known && !given).then(|| {
                let why = format!(
                    "{key} is given in none of these modes, so none of its visits could be \
                     billed; correct one of both"
                );
                ("modes", why)
            })
        }
        Demand::DiagnosisExcluded { classes, .. } => {
            let of = &service.diagnosis_classes;
            (!of.is_empty() && of.iter().all(|c| classes.contains(c))).then(|| {
                let why = format!(
                    "{key} is for these classes only, so none of its visits could be billed; \
                     correct one of both"
                );
                ("classes", why)
            })
        }
        Demand::GroupAverage { most, .. } => {
            let group = service.group.as_ref().filter(|g| *most < Decimal::from(g.min_size))?;
            let why = format!(
                "the smallest group of {key} has {}, so none could be billed; correct one of both",
                group.min_size
            );
            Some(("most", why))
        }
        _ => None,
    }
}

/// Why each line of the service, or the shortest one, is one that the demand stops, and at which key.
fn of_line(demand: &Demand, service: &Service, sound: Sound<'_>) -> Option<(&'static str, String)> {
    let key = &service.key;
    match demand {
        Demand::OtherPayer { modifiers, payer } => {
            let always = on_each_line(service, sound.modifiers, |m| modifiers.contains(m))?;
            let why = format!(
                "each line of {key} has {always}, so all of its visits would go to {payer}, and none could \
                 be billed here; correct one of both, or take the service out of the pack"
            );
            Some(("modifiers", why))
        }
        Demand::UnitsPerVisit { units: most } if sound.is_measured(service) => {
            let of_contact = service.min_minutes > 0 && service.sum_over == SumOver::Contact;
            let least = units(service.min_minutes, service.unit_minutes, service.rounding);
            (of_contact && Decimal::from(least) > *most).then(|| {
                let why = format!(
                    "the shortest visit of {key} that is billed makes {least} units, so none could be \
                     billed; correct one of both"
                );
                ("units", why)
            })
        }
        _ => None,
    }
}

/// A modifier that stands on each line of the service and is not in the list.
pub(super) fn unlisted(
    service: &Service,
    rules: &[ModifierRule],
    list: &[Modifier],
) -> Option<Modifier> {
    on_each_line(service, rules, |m| !list.contains(m))
}

/// A modifier of a kind that each line of the service has.
fn on_each_line(
    service: &Service,
    rules: &[ModifierRule],
    kind: impl Fn(&Modifier) -> bool,
) -> Option<Modifier> {
    let is_of = |m: &&Modifier| kind(m);
    let always = rules
        .iter()
        .filter(|r| r.services.contains(&service.key) && r.when.is_always() && r.days.is_always());
    let own = service.modifiers.iter().chain(always.flat_map(|r| &r.add)).find(is_of);
    if own.is_some() {
        return own.cloned();
    }
    // One in each mode, be it another one each time.
    let mut of_modes = service.modes.iter().map(|mode| mode.modifiers.iter().find(is_of));
    let first = of_modes.next().flatten()?;
    of_modes.all(|other| other.is_some()).then(|| first.clone())
}

/// Why none of all these services can meet the demand.
fn of_all(
    demand: &Demand,
    services: &[&Service],
    ground: Ground<'_>,
) -> Option<(&'static str, String)> {
    let rules = ground.sound.modifiers;
    match demand {
        Demand::OtherPayer { modifiers, .. } => {
            let may = |m: &Modifier| services.iter().any(|s| can_carry(s, rules, m));
            (!modifiers.iter().any(may)).then(|| {
                let why = "no line of these services can have any of these; correct or remove it";
                ("modifiers", why.to_owned())
            })
        }
        Demand::FaceToFaceWithin { .. } | Demand::RemoteShare { .. } => {
            let near = ground.face_to_face?;
            let met = services.iter().flat_map(|s| &s.modes).any(|m| near.contains(&m.mode));
            (!met).then(|| {
                let why = "none of these services is given face to face, so none of their visits \
                           could be billed; name the one that is, too";
                ("services", why.to_owned())
            })
        }
        _ => None,
    }
}
