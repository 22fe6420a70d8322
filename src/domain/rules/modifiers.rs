//! The modifiers of a line: the service's, the mode's, and those that the visit's circumstances add
//! (RK02 to RK08). They also decide which rate holds and whether an authorization is needed.

use super::context::Context;
use super::table::{RuleId, Said};
use super::when::Seen;
use crate::domain::codes::Modifier;
use crate::domain::contract::{Demand, ModifierRule, Service, Stacking};
use crate::domain::facts::How;

/// Most modifiers on a claim line (SV101-3 to SV101-6).
const MAX_MODIFIERS: usize = 4;

/// How the line of a visit is to look.
#[derive(Debug, Clone, Default)]
pub struct Form<'a> {
    /// Its modifiers, in order.
    pub modifiers: Vec<Modifier>,
    /// Rules that multiply its price.
    pub raises: Vec<&'a ModifierRule>,
}

impl<'a> Form<'a> {
    /// The line of a visit as this service.
    pub fn of(seen: &Seen<'a>, service: &Service) -> Self {
        let mode = service.modes.iter().find(|m| m.mode == seen.encounter.mode);
        let of_mode = mode.into_iter().flat_map(|m| &m.modifiers);
        let mut modifiers: Vec<Modifier> =
            service.modifiers.iter().chain(of_mode).cloned().collect();
        let mut raises = Vec::new();
        for rule in applying(seen, service) {
            for modifier in &rule.add {
                if !modifiers.contains(modifier) {
                    modifiers.push(modifier.clone());
                }
            }
            if rule.percent.is_some() {
                raises.push(rule);
            }
        }
        if let Some(list) = order(seen, service) {
            // What is not in the list stays behind it, and is told of.
            let place = |m: &Modifier| list.iter().position(|o| o == m).unwrap_or(list.len());
            modifiers.sort_by_key(place);
        }
        Self { modifiers, raises }
    }
}

fn applying<'a>(seen: &Seen<'a>, service: &Service) -> impl Iterator<Item = &'a ModifierRule> {
    let rules = seen.pack.modifiers.iter();
    rules.filter(|r| {
        r.services.contains(&service.key) && r.days.covers(seen.date) && seen.is(&r.when)
    })
}

/// The order of modifiers, where the payer has one.
fn order<'a>(seen: &Seen<'a>, service: &Service) -> Option<&'a [Modifier]> {
    seen.pack.conditions.iter().find_map(|c| match &c.demand {
        Demand::ModifierList { modifiers }
            if c.services.contains(&service.key)
                && c.days.covers(seen.date)
                && seen.is(&c.when) =>
        {
            Some(modifiers.as_slice())
        }
        _ => None,
    })
}

/// How the units of a visit are given, as far as limits ask.
pub fn how(seen: &Seen, service: &Service) -> How {
    How { modifiers: Form::of(seen, service).modifiers, mode: seen.encounter.mode }
}

/// The line has room for its modifiers, and what changes its price may stand together.
pub fn fit(ctx: &Context) -> Vec<Said> {
    let count = ctx.form.modifiers.len();
    let many = (count > MAX_MODIFIERS).then(|| {
        Said::new(
            RuleId::ModifierTooMany,
            ctx.kind_field(),
            format!("The line would have {count} modifiers; a claim line has room for four."),
            "A biller asks the payer which of them to leave out; an administrator writes the \
             answer into a new version of the pack.",
        )
    });
    many.into_iter().chain(stacked(ctx)).collect()
}

/// More than one rule changes the price, and not all of them may.
fn stacked(ctx: &Context) -> Option<Said> {
    let raises = &ctx.form.raises;
    if raises.len() < 2 {
        return None;
    }
    let names: Vec<&str> = raises.iter().map(|r| r.key.as_str()).collect();
    let names = names.join(", ");
    let of = |wanted: Stacking| raises.iter().find(|r| r.stacking == wanted);
    if let Some(banned) = of(Stacking::Banned) {
        let said = Said::new(
            RuleId::ModifierStacked,
            ctx.kind_field(),
            format!("The price changes of {names} may not stand on one line."),
            "A biller finds out which of them is right for the visit; an administrator corrects \
             the pack.",
        );
        return Some(said.by(&banned.source));
    }
    let unknown = of(Stacking::Unknown)?;
    let said = Said::new(
        RuleId::ContractUnknown,
        ctx.kind_field(),
        format!("It is not known whether the price changes of {names} count together."),
        "A biller asks the payer; an administrator writes the answer into a new version of the \
         pack.",
    );
    Some(said.by(&unknown.source))
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::{DiagnosisClass, Mode, Modifier, Setting};
    use crate::domain::contract::{InForce, ModifierRule, Stacking, When};
    use crate::domain::rules::testing::{
        Case, authorization, d, diagnosis, key, modifiers, need, rate, source, span, split, t,
    };

    fn rule(name: &str, add: &[&str], when: When) -> ModifierRule {
        ModifierRule {
            key: key(name),
            services: vec![key("peer")],
            add: modifiers(add),
            when,
            days: InForce::default(),
            percent: None,
            stacking: Stacking::Unknown,
            source: source("modifiers"),
        }
    }

    fn raise(name: &str, add: &str, percent: &str, stacking: Stacking) -> ModifierRule {
        let percent = Some(percent.parse().unwrap());
        ModifierRule { percent, stacking, ..rule(name, &[add], When::default()) }
    }

    fn line(case: &Case) -> (String, String) {
        let line = case.decide().lines.remove(0);
        let modifiers: Vec<_> = line.modifiers.iter().map(Modifier::as_str).collect();
        (modifiers.join(" "), line.expected.to_string())
    }

    fn class(class: DiagnosisClass) -> When {
        When { diagnosis_classes: vec![class], ..When::default() }
    }

    #[test]
    fn rk02_modifiers_follow_the_diagnosis_and_the_program() {
        // The shape of Nebraska: HE or HF by diagnosis. And of a program of its own.
        let mut case = Case::with(|c| {
            c.terms.pack.services[0].modifiers.clear();
            c.terms.pack.modifiers = vec![
                rule("mental", &["HE"], class(DiagnosisClass::MentalHealth)),
                rule("substance", &["HF"], class(DiagnosisClass::SubstanceUse)),
                rule("waiver", &["U1"], When { programs: vec![key("waiver")], ..When::default() }),
            ];
        });
        assert_eq!(line(&case).0, "HE");
        case.encounter.program = Some(key("waiver"));
        assert_eq!(line(&case).0, "HE U1");
        case.encounter.diagnoses = vec![diagnosis("F11.20")];
        assert_eq!(line(&case).0, "HF U1");
        case.terms.pack.modifiers[1].days.to = Some(d("2026-06-30"));
        assert_eq!(line(&case).0, "U1");
    }

    #[test]
    fn rk08_a_modifier_for_information_is_on_the_line_and_changes_nothing() {
        let mut case = Case::new();
        let plain = line(&case);
        // IH is no national modifier; it tells who is there.
        case.terms.pack.modifiers =
            vec![rule("absent", &["IH"], When { member_present: Some(true), ..When::default() })];
        assert_eq!(line(&case), (format!("{} IH", plain.0), plain.1));
    }

    #[test]
    fn rk05_a_modifier_switches_the_authorization_on() {
        let mut case = Case::with(|c| {
            c.terms.pack.modifiers = vec![rule(
                "tier",
                &["HK"],
                When { programs: vec![key("tier-two")], ..When::default() },
            )];
            let mut rule = need(crate::domain::contract::AuthorizationNeed::Always);
            rule.modifiers = modifiers(&["HK"]);
            c.terms.pack.authorizations = vec![rule];
        });
        assert!(case.rules().is_empty());
        case.encounter.program = Some(key("tier-two"));
        assert_eq!(case.rules(), ["authorization.missing"]);
        case.facts.authorizations = vec![authorization(5, 10, "2026-01-01", None)];
        assert_eq!(split(&case.decide()), (4, 0));
    }

    #[test]
    fn rk06_price_changes_that_may_stack_multiply_and_are_rounded_once() {
        let mut case = Case::with(|c| {
            c.terms.agreement.rates = vec![rate("peer", "26.49", None)];
            c.terms.pack.modifiers = vec![raise("rural", "TN", "127", Stacking::Unknown)];
        });
        // 26.49 × 1.27 = 33.6423 a unit.
        assert_eq!(line(&case), ("HE TN".to_owned(), "134.57".to_owned()));
        case.terms.pack.modifiers[0].stacking = Stacking::Allowed;
        case.terms.pack.modifiers.push(raise("qualified", "U9", "110", Stacking::Allowed));
        // 26.49 × 1.27 × 1.1 = 37.00653 a unit.
        assert_eq!(line(&case), ("HE TN U9".to_owned(), "148.03".to_owned()));
        // 26.4905 × 1.25 = 33.113125 a unit, of which eight make half a cent more than 264.90.
        case.terms.agreement.rates = vec![rate("peer", "26.4905", None)];
        case.terms.pack.modifiers = vec![raise("rural", "TN", "125", Stacking::Unknown)];
        case.encounter.ended_at = t("2026-07-01T15:00:00Z");
        assert_eq!(line(&case), ("HE TN".to_owned(), "264.91".to_owned()));
    }

    #[test]
    fn rk06_rk73_stacking_that_is_banned_or_unknown_is_held() {
        let with = |stacking| {
            Case::with(|c| {
                c.terms.pack.modifiers = vec![
                    raise("rural", "TN", "127", Stacking::Allowed),
                    raise("qualified", "U9", "110", stacking),
                ];
            })
        };
        assert!(with(Stacking::Allowed).rules().is_empty());
        with(Stacking::Banned).only("modifier.stacked");
        let held = with(Stacking::Unknown);
        assert!(held.only("contract.unknown").message.contains("rural, qualified"));
        assert_eq!(split(&held.decide()), (0, 4));
    }

    #[test]
    fn rk07_the_price_is_a_grid_of_staff_level_and_place() {
        let certified = |kind: &str| When { certificates: vec![key(kind)], ..When::default() };
        let at = |setting| When { settings: vec![setting], ..When::default() };
        let cell = |level: &str, place: &str, allowed: &str| {
            let mut rate = rate("peer", allowed, None);
            rate.modifiers = modifiers(&[level, place]);
            rate
        };
        let mut case = Case::with(|c| {
            c.terms.pack.services[0].modifiers.clear();
            c.terms.pack.modifiers = vec![
                rule("level-four", &["U4"], certified("cpss")),
                rule("level-five", &["U5"], certified("trainee")),
                rule("in-clinic", &["U6"], at(Setting::Office)),
                rule("outside", &["U7"], at(Setting::Community)),
            ];
            c.terms.agreement.rates = vec![
                cell("U4", "U6", "20"),
                cell("U4", "U7", "24"),
                cell("U5", "U6", "15"),
                cell("U5", "U7", "18"),
            ];
            c.terms.pack.services[0].certificates.push(key("trainee"));
        });
        let mut expect = |kind: &str, setting, wanted: (&str, &str)| {
            c_set(&mut case, kind, setting);
            let found = line(&case);
            assert_eq!((found.0.as_str(), found.1.as_str()), wanted);
        };
        expect("cpss", Setting::Office, ("U4 U6", "80.00"));
        expect("cpss", Setting::Community, ("U4 U7", "96.00"));
        expect("trainee", Setting::Office, ("U5 U6", "60.00"));
        expect("trainee", Setting::Community, ("U5 U7", "72.00"));
        // A cell that the grid does not have is held, and so are two that fit alike.
        case.terms.agreement.rates.pop();
        case.only("rate.none");
        let mut twin = rate("peer", "9", None);
        twin.when = at(Setting::Community);
        let mut other = rate("peer", "8", None);
        other.modifiers = modifiers(&["U7"]);
        case.terms.agreement.rates.extend([twin, other]);
        case.only("rate.unclear");
    }

    fn c_set(case: &mut Case, kind: &str, setting: Setting) {
        case.facts.certificates[0].kind = key(kind);
        case.facts.certificates[0].span = span("2025-01-01", None);
        case.encounter.setting = setting;
    }

    #[test]
    fn rk04_more_than_four_modifiers_are_held() {
        let case = Case::with(|c| {
            c.encounter.mode = Mode::Video;
            c.terms.pack.modifiers = vec![rule("many", &["U1", "U2", "U3"], When::default())];
        });
        assert!(case.only("modifier.too_many").message.contains("5 modifiers"));
    }
}
