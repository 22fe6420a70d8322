//! Order: what of it means nothing is put in one order before two documents are compared, and what
//! decides by it is told where it changed (`docs/adr/0116-…`).

use std::collections::BTreeMap;

use super::{Change, Sentence, agreement, diff, list, pack, words};
use crate::domain::codes::Activity;
use crate::domain::contract::{Agreement, Condition, Demand, Outer, Pack, Service, Wanted, When};
use crate::domain::identifiers::Key;

/// What changed between two packs.
pub fn of_packs(old: &Pack, new: &Pack) -> Vec<Change> {
    let mut changes = diff(&pack(&in_one_order(old)), &pack(&in_one_order(new)));
    changes.extend(services(old, new));
    changes.extend(modifiers(old, new));
    changes
}

/// What changed between two contracts.
pub fn of_agreements(old: &Agreement, new: &Agreement) -> Vec<Change> {
    let sorted = |one: &Agreement| {
        let mut one = one.clone();
        for rate in &mut one.rates {
            sort(&mut rate.modifiers);
            sort_when(&mut rate.when);
        }
        one.rates.sort_by_cached_key(|r| {
            (r.service.clone(), r.span.from, format!("{:?} {:?}", r.modifiers, r.when))
        });
        for rule in &mut one.programs {
            sort(&mut rule.services);
            sort(&mut rule.programs);
        }
        agreement(&one)
    };
    diff(&sorted(old), &sorted(new))
}

fn sort<T: ToString>(items: &mut [T]) {
    items.sort_by_cached_key(ToString::to_string);
}

fn sort_when(when: &mut When) {
    let When {
        diagnosis_classes,
        programs,
        products,
        modes,
        settings,
        roles,
        certificates,
        episodes,
        group: _,
        member_present: _,
    } = when;
    sort(diagnosis_classes);
    sort(modes);
    sort(settings);
    sort(roles);
    for keys in [programs, products, certificates, episodes] {
        sort(keys);
    }
}

/// A pack whose lists are in one order wherever their order means nothing. The modifiers of a service,
/// a mode and a rule stay: they are in the order of the claim line.
fn in_one_order(pack: &Pack) -> Pack {
    let mut pack = pack.clone();
    sort(&mut pack.face_to_face);
    if let Some(never) = &mut pack.never_billed {
        sort(&mut never.activities);
    }
    if let Some(overrides) = &mut pack.overrides {
        overrides.rules.sort_by_key(|rule| rule.as_str());
    }
    pack.services.iter_mut().for_each(sort_service);
    pack.services.sort_by(|a, b| a.key.cmp(&b.key));
    pack.conditions.iter_mut().for_each(sort_condition);
    for rule in &mut pack.modifiers {
        sort(&mut rule.services);
        sort_when(&mut rule.when);
    }
    for copay in &mut pack.copays {
        sort(&mut copay.services);
        sort_when(&mut copay.when);
    }
    for limit in &mut pack.limits {
        sort(&mut limit.services);
        sort(&mut limit.modifiers);
        sort(&mut limit.modes);
        sort_when(&mut limit.when);
        sort_wanted(&mut limit.necessity);
    }
    for rule in &mut pack.authorizations {
        sort(&mut rule.services);
        sort(&mut rule.modifiers);
    }
    for unknown in &mut pack.unknown {
        sort(&mut unknown.services);
    }
    let layers = pack.services.iter_mut().map(|rule| &mut rule.layer);
    let layers = layers.chain(pack.conditions.iter_mut().map(|rule| &mut rule.layer));
    for layer in layers.flatten() {
        layer.says.values_mut().for_each(|value| {
            if let Outer::Names(names) = value {
                names.sort();
            }
        });
    }
    pack.filing.later_of.sort_by_cached_key(|anchor| format!("{anchor:?}"));
    pack.filing.holidays.sort_unstable();
    pack
}

fn sort_service(service: &mut Service) {
    sort(&mut service.activities);
    sort(&mut service.roles);
    sort(&mut service.diagnosis_classes);
    sort(&mut service.certificates);
    service.modes.sort_by_cached_key(|rule| rule.mode.to_string());
    service.settings.sort_by_cached_key(|rule| rule.setting.to_string());
}

fn sort_wanted(documents: &mut [Wanted]) {
    for wanted in documents.iter_mut() {
        sort(&mut wanted.about);
        sort(&mut wanted.elements);
    }
    documents.sort_by_cached_key(|wanted| format!("{wanted:?}"));
}

fn sort_condition(condition: &mut Condition) {
    sort(&mut condition.services);
    sort_when(&mut condition.when);
    match &mut condition.demand {
        Demand::ModifierOneOf { modifiers } | Demand::OtherPayer { modifiers, .. } => {
            sort(modifiers);
        }
        Demand::DiagnosisExcluded { classes, .. } => sort(classes),
        Demand::DiagnosisFamily { families } => sort(families),
        Demand::Mode { modes } => sort(modes),
        Demand::Product { products: keys }
        | Demand::Certificate { certificates: keys }
        | Demand::Endorsement { endorsements: keys }
        | Demand::Enrolled { episodes: keys }
        | Demand::NotEnrolled { episodes: keys }
        | Demand::NoRelationship { about: keys } => sort(keys),
        Demand::Document { one_of, .. } => sort_wanted(one_of),
        // A list of modifiers is their order on the line.
        Demand::ModifierList { .. }
        | Demand::ClaimHold
        | Demand::Unknown { .. }
        | Demand::FaceToFaceWithin { .. }
        | Demand::RemoteShare { .. }
        | Demand::StaffAge { .. }
        | Demand::AgeGap { .. }
        | Demand::UnitsPerVisit { .. }
        | Demand::GroupAverage { .. }
        | Demand::Caseload { .. }
        | Demand::Supervisees { .. }
        | Demand::MemberPresent
        | Demand::PlanGoal => {}
    }
}

/// Whether what both have stands in another order.
fn swapped(old: &[&Key], new: &[&Key]) -> bool {
    let before = old.iter().filter(|key| new.contains(key));
    let after = new.iter().filter(|key| old.contains(key));
    !before.eq(after)
}

fn change(title: &str, about: &str, [old, new]: [String; 2]) -> Change {
    let sentence =
        |text| Sentence { part: title.to_owned(), about: about.to_owned(), text, source: None };
    Change::Changed(sentence(old), sentence(new))
}

/// Of services that bill one activity the first that fits is chosen.
fn services(old: &Pack, new: &Pack) -> Vec<Change> {
    fn billing(pack: &Pack, activity: Activity) -> Vec<&Key> {
        let bill = pack.services.iter().filter(|s| s.activities.contains(&activity));
        bill.map(|s| &s.key).collect()
    }
    let mut told: BTreeMap<(Vec<&Key>, Vec<&Key>), Vec<String>> = BTreeMap::new();
    for &activity in Activity::ALL {
        let both = (billing(old, activity), billing(new, activity));
        if swapped(&both.0, &both.1) {
            told.entry(both).or_default().push(words(activity.as_str()));
        }
    }
    let one = |((before, after), activities): ((Vec<&Key>, Vec<&Key>), Vec<String>)| {
        let of = list(&activities);
        let text =
            |keys: &[&Key]| format!("{of}: billed as the first that fits of {}.", list(keys));
        change("Services", &format!("order for {of}"), [text(&before), text(&after)])
    };
    told.into_iter().map(one).collect()
}

/// Modifiers stand on a line in the order of the rules that give them, unless a list says another; of
/// several lists the first that is in force.
fn modifiers(old: &Pack, new: &Pack) -> Vec<Change> {
    let mut changes = Vec::new();
    for service in &new.services {
        let of = &service.key;
        let lists =
            [lists(old, of), lists(new, of)].map(|l| l.iter().map(|(key, _)| *key).collect());
        let [before, after]: [Vec<&Key>; 2] = lists;
        if swapped(&before, &after) {
            let text = |keys: &[&Key]| {
                format!("{of}: the first in force of {} orders modifiers.", list(keys))
            };
            let texts = [text(&before), text(&after)];
            changes.push(change("Conditions", &format!("order of lists of {of}"), texts));
        }
        if [old, new].iter().all(|pack| is_always_ordered(pack, of)) {
            continue;
        }
        let [before, after] = [giving(old, of), giving(new, of)];
        if swapped(&before, &after) {
            let text =
                |keys: &[&Key]| format!("{of}: lines get modifiers in the order {}.", list(keys));
            let texts = [text(&before), text(&after)];
            changes.push(change("Modifiers", &format!("order on lines of {of}"), texts));
        }
    }
    changes
}

fn giving<'a>(pack: &'a Pack, service: &Key) -> Vec<&'a Key> {
    pack.modifiers.iter().filter(|r| r.services.contains(service)).map(|r| &r.key).collect()
}

/// Lists of modifiers of a service, with whether each is always in force.
fn lists<'a>(pack: &'a Pack, service: &Key) -> Vec<(&'a Key, bool)> {
    let of_service = pack.conditions.iter().filter(|c| c.services.contains(service));
    let lists = of_service.filter(|c| matches!(c.demand, Demand::ModifierList { .. }));
    lists.map(|c| (&c.key, c.when.is_always() && c.days.is_always())).collect()
}

/// Whether a list orders the modifiers of every line.
fn is_always_ordered(pack: &Pack, service: &Key) -> bool {
    lists(pack, service).iter().any(|(_, always)| *always)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contract::pack_from_toml;

    const PACK: &str = include_str!("../../../../fixtures/contracts/every-key.toml");

    fn told(bend: impl Fn(&mut Pack)) -> Vec<String> {
        let old = pack_from_toml(PACK).unwrap();
        let mut new = old.clone();
        bend(&mut new);
        of_packs(&old, &new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn order_that_means_nothing_is_no_change() {
        assert!(told(|_| {}).is_empty());
        let nothing = told(|p| {
            p.face_to_face.reverse();
            p.services.reverse();
            p.conditions.reverse();
            p.limits.reverse();
            p.copays.reverse();
            p.authorizations.reverse();
            p.unknown.reverse();
            for service in &mut p.services {
                service.activities.reverse();
                service.roles.reverse();
                service.modes.reverse();
                service.settings.reverse();
                service.certificates.reverse();
                service.diagnosis_classes.reverse();
            }
            for limit in &mut p.limits {
                limit.services.reverse();
                limit.modes.reverse();
                limit.modifiers.reverse();
                limit.necessity.reverse();
            }
            for condition in &mut p.conditions {
                condition.services.reverse();
                match &mut condition.demand {
                    Demand::Document { one_of, .. } => one_of.reverse(),
                    Demand::ModifierOneOf { modifiers } => modifiers.reverse(),
                    _ => {}
                }
            }
            for rule in &mut p.authorizations {
                rule.services.reverse();
                rule.modifiers.reverse();
            }
            p.filing.later_of.reverse();
            p.filing.holidays.reverse();
            if let Some(overrides) = &mut p.overrides {
                overrides.rules.reverse();
            }
        });
        assert!(nothing.is_empty(), "{nothing:#?}");
    }

    #[test]
    fn order_on_a_line_is_a_change() {
        let service = told(|p| p.services[0].modifiers.reverse());
        assert_eq!(service.len(), 1, "{service:#?}");
        let listed = told(|p| {
            for condition in &mut p.conditions {
                if let Demand::ModifierList { modifiers } = &mut condition.demand {
                    modifiers.reverse();
                }
            }
        });
        assert!(listed.len() == 1 && listed[0].contains("in this order"), "{listed:#?}");
    }

    #[test]
    fn order_that_decides_which_service_it_is_is_told() {
        let with = |order: [usize; 3]| {
            let mut pack = pack_from_toml(PACK).unwrap();
            pack.services[1].activities = pack.services[0].activities.clone();
            pack.services = order.map(|i| pack.services[i].clone()).to_vec();
            pack
        };
        let told = |new: [usize; 3]| -> Vec<String> {
            of_packs(&with([0, 1, 2]), &with(new)).iter().map(ToString::to_string).collect()
        };
        // The third bills nothing that the others do.
        assert!(told([2, 0, 1]).is_empty() && told([0, 2, 1]).is_empty());
        let of = "individual support and bridging: billed as the first that fits of";
        let wanted = format!("Services\n  - {of} old and peer.\n  + {of} peer and old.");
        assert_eq!(told([1, 0, 2]), [wanted]);
    }

    #[test]
    fn order_of_rules_is_told_where_it_is_the_order_on_the_line() {
        let with = |listed: bool, order: [usize; 2]| {
            let mut pack = pack_from_toml(PACK).unwrap();
            let mut other = pack.modifiers[0].clone();
            other.key = "other".parse().unwrap();
            pack.modifiers.truncate(1);
            pack.modifiers.push(other);
            pack.modifiers = order.map(|i| pack.modifiers[i].clone()).to_vec();
            if !listed {
                pack.conditions.retain(|c| !matches!(c.demand, Demand::ModifierList { .. }));
            }
            pack
        };
        let told = |listed: bool| -> Vec<String> {
            let (old, new) = (with(listed, [0, 1]), with(listed, [1, 0]));
            of_packs(&old, &new).iter().map(ToString::to_string).collect()
        };
        let of = "peer: lines get modifiers in the order";
        assert_eq!(
            told(false),
            [format!("Modifiers\n  - {of} rural and other.\n  + {of} other and rural.")]
        );
        // A list that always holds orders them, whatever the rules' order.
        assert!(told(true).is_empty());
        // Of two lists the first that is in force orders.
        let two = |turn: bool| {
            let mut pack = pack_from_toml(PACK).unwrap();
            let is_list = |c: &Condition| matches!(c.demand, Demand::ModifierList { .. });
            let at = pack.conditions.iter().position(is_list).unwrap();
            let mut other = pack.conditions[at].clone();
            other.key = "c2b".parse().unwrap();
            pack.conditions.insert(if turn { at } else { at + 1 }, other);
            pack
        };
        let lists: Vec<String> =
            of_packs(&two(false), &two(true)).iter().map(ToString::to_string).collect();
        let of = "peer: the first in force of";
        let wanted = format!(
            "Conditions\n  - {of} c2 and c2b orders modifiers.\n  + {of} c2b and c2 orders modifiers."
        );
        assert_eq!(lists, [wanted]);
    }

    #[test]
    fn the_order_of_rates_and_programs_means_nothing() {
        let contract = include_str!("../../../../fixtures/contracts/river-bend_evergreen.toml");
        let old = crate::domain::contract::agreement_from_toml(contract).unwrap();
        let mut new = old.clone();
        new.rates.reverse();
        new.programs.iter_mut().for_each(|rule| rule.programs.reverse());
        assert!(old.rates.len() > 1 && of_agreements(&old, &new).is_empty());
        new.rates.pop();
        assert!(!of_agreements(&old, &new).is_empty());
    }
}
