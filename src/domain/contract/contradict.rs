//! Conditions that no visit can meet together. Where that holds for all visits of a service, it is a
//! slip of the pen and is refused with line and reason; where it holds for some visits only, the pack may
//! mean it, and `contract check` warns (`docs/adr/0143-layers-of-all-kinds.md`).

use super::condition::{Answer, Condition, Demand};
use super::in_force::InForce;
use super::model::{Pack, Service};
use super::modifier_rule::{ModifierRule, can_carry};
use super::never::unlisted;
use super::reader::{Reader, Spot};
use super::when::When;
use crate::domain::codes::{Diagnosis, Mode, Modifier};
use crate::domain::identifiers::Key;

/// What conditions are held against besides each other.
#[derive(Clone, Copy)]
struct Around<'s> {
    services: &'s [Service],
    modifiers: &'s [ModifierRule],
    /// None where nobody knows what counts as face to face.
    face_to_face: Option<&'s [Mode]>,
}

/// Refuses each condition that no visit can meet beside an earlier one.
pub(super) fn refuse_contradictions(
    r: &mut Reader,
    rules: &[(Spot<'_>, &Condition)],
    ground: super::never::Ground<'_>,
) {
    let sound = ground.sound;
    let around = Around {
        services: sound.services,
        modifiers: sound.modifiers,
        face_to_face: ground.face_to_face,
    };
    // What is refused accuses no other one.
    let mut refused: Vec<&Key> = Vec::new();
    for (number, (at, later)) in rules.iter().enumerate() {
        let always = |rule: &Condition| rule.when.is_always() && !refused.contains(&&rule.key);
        let before = || rules.iter().take(number).filter(|(_, rule)| always(rule));
        let pair = before().filter(|_| always(later)).find_map(|(spot, earlier)| {
            let (service, why) = clash(earlier, later, around)?;
            Some((format!("the condition {} ({})", earlier.key, spot.node.place), service, why))
        });
        let of_some = matches!(later.demand, Demand::Mode { .. } | Demand::Product { .. });
        let found = pair.or_else(|| {
            if !of_some {
                return None;
            }
            let all: Vec<&Condition> = before().map(|(_, rule)| *rule).collect();
            let (service, why) = all_together(&all, later, around)?;
            Some(("those before it".to_owned(), service, why))
        });
        if let Some((other, service, why)) = found {
            let message = format!(
                "no visit of {service} can meet this and {other} together: {why}; correct one of them, or let \
                 one end before the other begins"
            );
            at.inner("demand").unwrap_or_else(|| at.clone()).refuse(r, message);
            refused.push(&later.key);
        }
    }
}

/// What leaves nothing ready under some circumstances, and what is about no visit at all.
pub fn warnings(pack: &Pack) -> Vec<String> {
    let around = Around {
        services: &pack.services,
        modifiers: &pack.modifiers,
        face_to_face: Some(&pack.face_to_face),
    };
    let mut warned = Vec::new();
    for (number, later) in pack.conditions.iter().enumerate() {
        for earlier in pack.conditions.iter().take(number) {
            if let Some((service, why)) = clash(earlier, later, around) {
                let (a, b) = (&earlier.key, &later.key);
                warned.push(format!(
                    "visits of {service} that both conditions {a} and {b} are about can never be ready: {why}"
                ));
            }
        }
        let services = || pack.services.iter().filter(|s| later.services.contains(&s.key));
        if !services().any(|service| is_about(&later.when, service)) {
            let key = &later.key;
            warned
                .push(format!("the condition {key} is about no visit that its services can have"));
        }
    }
    warned
}

/// Whether some visit of the service can be what a rule asks for. What is not known may be anything.
fn is_about(when: &When, service: &Service) -> bool {
    let modes: Vec<_> = service.modes.iter().map(|rule| rule.mode).collect();
    let settings: Vec<_> = service.settings.iter().map(|rule| rule.setting).collect();
    meet(&when.modes, &modes).is_some()
        && meet(&when.settings, &settings).is_some()
        && meet(&when.roles, &service.roles).is_some()
        && meet(&when.diagnosis_classes, &service.diagnosis_classes).is_some()
        && when.group.is_none_or(|group| group == service.group.is_some())
}

/// What two lists have in common, where an empty one asks for nothing; none where they have nothing.
fn meet<T: Clone + PartialEq>(a: &[T], b: &[T]) -> Option<Vec<T>> {
    match (a, b) {
        ([], some) | (some, []) => Some(some.to_vec()),
        (a, b) => {
            let both: Vec<T> = a.iter().filter(|one| b.contains(one)).cloned().collect();
            Some(both).filter(|both| !both.is_empty())
        }
    }
}

/// The visits that two rules are about, if there are any.
fn both(a: &When, b: &When) -> Option<When> {
    let flags = |a: Option<bool>, b: Option<bool>| match (a, b) {
        (Some(a), Some(b)) if a != b => None,
        (a, b) => Some(a.or(b)),
    };
    Some(When {
        diagnosis_classes: meet(&a.diagnosis_classes, &b.diagnosis_classes)?,
        programs: meet(&a.programs, &b.programs)?,
        products: meet(&a.products, &b.products)?,
        modes: meet(&a.modes, &b.modes)?,
        settings: meet(&a.settings, &b.settings)?,
        roles: meet(&a.roles, &b.roles)?,
        // A peer may hold two certificates, and a member be in two episodes.
        certificates: [a.certificates.as_slice(), &b.certificates].concat(),
        episodes: [a.episodes.as_slice(), &b.episodes].concat(),
        group: flags(a.group, b.group)?,
        member_present: flags(a.member_present, b.member_present)?,
    })
}

fn overlap(spans: [InForce; 3]) -> bool {
    let from = spans.iter().filter_map(|span| span.from).max();
    let to = spans.iter().filter_map(|span| span.to).min();
    from.zip(to).is_none_or(|(from, to)| from <= to)
}

/// The service of whose visits none can meet both on the days that they share, and why.
fn clash<'s>(a: &Condition, b: &Condition, around: Around<'s>) -> Option<(&'s Key, String)> {
    if a.answer == Answer::Warn || b.answer == Answer::Warn {
        return None;
    }
    let when = both(&a.when, &b.when)?;
    let shared = around
        .services
        .iter()
        .filter(|s| a.services.contains(&s.key) && b.services.contains(&s.key))
        .filter(|s| overlap([a.days, b.days, s.days]) && is_about(&when, s));
    let clashes = |s: &'s Service| {
        let one = |x: &Condition, y: &Condition| {
            clash_of(&x.demand, &y.demand, &when, s, around).or_else(|| no_anchor(x, y, around))
        };
        Some((&s.key, one(a, b).or_else(|| one(b, a))?))
    };
    let mut shared = shared;
    shared.find_map(clashes)
}

/// Why no visit of the service can meet both demands, if each can be met alone.
fn clash_of(
    a: &Demand,
    b: &Demand,
    when: &When,
    service: &Service,
    around: Around<'_>,
) -> Option<String> {
    let why = |clashes: bool, text: &str| clashes.then(|| text.to_owned());
    match (a, b) {
        (Demand::Mode { modes: a }, Demand::Mode { modes: b }) => {
            let given: Vec<Mode> = service.modes.iter().map(|rule| rule.mode).collect();
            let open = meet(&given, &when.modes)?;
            let (left, right) = (meet(&open, a)?, meet(&open, b)?);
            why(meet(&left, &right).is_none(), "they have no mode in common")
        }
        (Demand::Product { products: a }, Demand::Product { products: b }) => {
            let (left, right) = (meet(&when.products, a)?, meet(&when.products, b)?);
            why(meet(&left, &right).is_none(), "they have no product line in common")
        }
        (Demand::DiagnosisFamily { families: a }, Demand::DiagnosisFamily { families: b }) => {
            let near = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
            let any = a.iter().any(|a| b.iter().any(|b| near(a.as_str(), b.as_str())));
            why(!any, "they have no family of diagnoses in common")
        }
        (Demand::DiagnosisFamily { families }, Demand::DiagnosisExcluded { classes, .. }) => {
            // A family of fewer than three characters has diagnoses of several classes.
            let class = |family: &str| Diagnosis::parse(family).ok().and_then(|d| d.class());
            let out = |family: &str| class(family).is_some_and(|class| classes.contains(&class));
            why(
                families.iter().all(|f| out(f.as_str())),
                "each family is of a class that is excluded",
            )
        }
        (Demand::Enrolled { episodes }, Demand::NotEnrolled { episodes: barred }) => {
            why(meet_none(episodes, barred), "each enrollment that one asks for the other one bars")
        }
        (Demand::ModifierOneOf { modifiers }, Demand::ModifierList { modifiers: list }) => {
            let can =
                |m: &Modifier| service.modes.is_empty() || can_carry(service, around.modifiers, m);
            let may = |m: &Modifier| list.contains(m) && can(m);
            why(!modifiers.iter().any(may), "none of the modifiers is in the list")
        }
        (Demand::ModifierOneOf { modifiers }, Demand::OtherPayer { modifiers: away, payer }) => {
            let may = |m: &Modifier| !away.contains(m) && can_carry(service, around.modifiers, m);
            why(
                !service.modes.is_empty() && !modifiers.iter().any(may),
                &format!("each line that has one of the modifiers goes to {payer}"),
            )
        }
        (Demand::ModifierList { modifiers: a }, Demand::ModifierList { modifiers: b }) => {
            let common: Vec<Modifier> = a.iter().filter(|m| b.contains(m)).cloned().collect();
            unlisted(service, around.modifiers, &common)
                .map(|m| format!("each line has {m}, which only one of the lists has"))
        }
        _ => None,
    }
}

/// Why a condition that counts from visits face to face finds none: another one closes these modes to all of
/// its services, at all times. A visit of one more service, or of another day, would do.
fn no_anchor(a: &Condition, b: &Condition, around: Around<'_>) -> Option<String> {
    let (Demand::Mode { modes }, Demand::FaceToFaceWithin { .. } | Demand::RemoteShare { .. }) =
        (&a.demand, &b.demand)
    else {
        return None;
    };
    let near = around.face_to_face?;
    let everywhere = a.when.is_always()
        && b.when.is_always()
        && a.days.is_always()
        && b.services.iter().all(|service| a.services.contains(service));
    let given = |mode: &Mode| {
        let counted = around.services.iter().filter(|s| b.services.contains(&s.key));
        counted.flat_map(|s| &s.modes).any(|rule| rule.mode == *mode)
    };
    (everywhere && !modes.iter().any(|m| near.contains(m) && given(m))).then(|| {
        "none of its visits could be face to face, which the other one counts from".to_owned()
    })
}

fn meet_none<T: PartialEq>(wanted: &[T], barred: &[T]) -> bool {
    wanted.iter().all(|one| barred.contains(one))
}

/// Why one more condition leaves no mode, or no product line, beside all that came before it.
fn all_together<'s>(
    before: &[&Condition],
    later: &Condition,
    around: Around<'s>,
) -> Option<(&'s Key, String)> {
    if !later.when.is_always() {
        return None;
    }
    around.services.iter().filter(|s| later.services.contains(&s.key)).find_map(|service| {
        let all: Vec<&Condition> = before
            .iter()
            .copied()
            .chain([later])
            .filter(|rule| rule.services.contains(&service.key))
            .filter(|rule| rule.answer == Answer::Hold && rule.days.is_always())
            .collect();
        let kept = all.iter().any(|rule| rule.key == later.key);
        let mut modes: Vec<Mode> = service.modes.iter().map(|rule| rule.mode).collect();
        let mut products = Vec::new();
        for rule in all.iter().filter(|_| kept) {
            match &rule.demand {
                Demand::Mode { modes: some } => match meet(&modes, some) {
                    Some(left) => modes = left,
                    None => return Some((&service.key, "they have no mode in common".to_owned())),
                },
                Demand::Product { products: some } => match meet(&products, some) {
                    Some(left) => products = left,
                    None => {
                        return Some((
                            &service.key,
                            "they have no product line in common".to_owned(),
                        ));
                    }
                },
                _ => {}
            }
        }
        None
    })
}
