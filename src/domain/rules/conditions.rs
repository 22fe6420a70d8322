//! The conditions of a pack (`contract::Condition`): what a visit must meet besides what its service
//! says. Each demand is judged by one function here or in a family beside this one.

use super::context::Context;
use super::day::Day;
use super::lines::place_of;
use super::room::Room;
use super::table::{RuleId, Said};
use super::{
    conditions_company, conditions_member, conditions_mode, conditions_paper, conditions_peer,
    conditions_supervisor,
};
use crate::domain::codes::Modifier;
use crate::domain::contract::{Answer, Condition, Demand, Rollup, Service};
use crate::domain::member::Coverage;
use rust_decimal::Decimal;

/// What the conditions in force say of the visit, in pack order, but those on papers.
pub fn conditions(ctx: &Context) -> Vec<Said> {
    of_visit(ctx).filter(|c| !c.demand.stands()).flat_map(|c| judged(ctx, c)).collect()
}

/// What the conditions on papers say: documents and credentials, which may be corrected or end after
/// the visit was decided, and are looked at again when its claim is built and released.
pub fn papers(ctx: &Context) -> Vec<Said> {
    of_visit(ctx).filter(|c| c.demand.stands()).flat_map(|c| judged(ctx, c)).collect()
}

/// The conditions that ask something of the visit.
pub fn of_visit<'a>(ctx: &Context<'a>) -> impl Iterator<Item = &'a Condition> {
    let service = ctx.service.map(|s| &s.key);
    let seen = ctx.seen();
    let all = ctx.terms.map_or(&[][..], |t| t.pack.conditions.as_slice()).iter();
    all.filter(move |c| {
        service.is_some_and(|s| c.services.contains(s))
            && seen.is_some_and(|seen| c.days.covers(seen.date) && seen.is(&c.when))
    })
}

fn judged(ctx: &Context, condition: &Condition) -> Vec<Said> {
    let said = match &condition.demand {
        Demand::ModifierOneOf { modifiers } => one_of(ctx, modifiers),
        Demand::ModifierList { modifiers } => listed(ctx, modifiers),
        Demand::ClaimHold => vec![claim_hold(ctx)],
        Demand::OtherPayer { modifiers, payer } => other_payer(ctx, modifiers, payer),
        Demand::Unknown { question } => vec![unknown(ctx, question)],
        Demand::DiagnosisExcluded { classes, any } => {
            conditions_member::excluded(ctx, classes, *any)
        }
        Demand::DiagnosisFamily { families } => conditions_member::family(ctx, families),
        Demand::Product { products } => conditions_member::product(ctx, products),
        Demand::Enrolled { episodes } => conditions_member::enrolled(ctx, episodes),
        Demand::NotEnrolled { episodes } => conditions_member::not_enrolled(ctx, episodes),
        Demand::GroupAverage { most, window } => {
            conditions_company::average(ctx, &condition.key, *most, window)
        }
        Demand::Caseload { members, window } => {
            conditions_company::caseload(ctx, &condition.key, *members, window)
        }
        Demand::Supervisees { peers } => conditions_supervisor::span(ctx, *peers),
        Demand::MemberPresent => conditions_member::present(ctx),
        Demand::Mode { modes } => conditions_mode::mode(ctx, modes),
        Demand::FaceToFaceWithin { days } => {
            conditions_mode::within(ctx, &condition.services, *days)
        }
        Demand::Certificate { certificates } => conditions_peer::credential(ctx, certificates),
        Demand::Endorsement { endorsements } => conditions_peer::endorsement(ctx, endorsements),
        Demand::StaffAge { years } => conditions_peer::age(ctx, *years),
        Demand::AgeGap { years, peer_older } => conditions_peer::gap(ctx, *years, *peer_older),
        Demand::Document { one_of, grace_visits } => {
            conditions_paper::document(ctx, one_of, *grace_visits)
        }
        Demand::PlanGoal => conditions_paper::plan_goal(ctx),
        Demand::NoRelationship { about } => conditions_paper::no_relationship(ctx, about),
        // Judged once it is known what is billed (`of_billed`).
        Demand::UnitsPerVisit { .. } | Demand::RemoteShare { .. } => vec![],
    };
    said.into_iter().map(|said| as_asked(condition, said)).collect()
}

fn as_asked(condition: &Condition, said: Said) -> Said {
    match condition.answer {
        Answer::Hold => said.by(&condition.source),
        Answer::Warn => said.by(&condition.source).softly(),
    }
}

/// What the conditions say of the units that would be billed: of the claim line that they would stand
/// on (RK25), and of their part of all units (RK58).
pub fn of_billed(ctx: &Context, room: &Room) -> Vec<Said> {
    let of_condition = |condition: &Condition| {
        let said = match &condition.demand {
            Demand::UnitsPerVisit { units } => units_per_line(ctx, room, *units),
            Demand::RemoteShare { percent, window } => {
                conditions_mode::share(ctx, room, &condition.services, *percent, window)
            }
            _ => None,
        };
        said.map(|said| as_asked(condition, said))
    };
    of_visit(ctx).filter_map(of_condition).collect()
}

fn one_of(ctx: &Context, modifiers: &[Modifier]) -> Vec<Said> {
    if ctx.form.modifiers.iter().any(|m| modifiers.contains(m)) {
        return vec![];
    }
    let names = words(modifiers.iter().map(Modifier::as_str), " or ");
    vec![Said::new(
        RuleId::ModifierOneOf,
        ctx.kind_field(),
        format!("The line needs one of the modifiers {names}, and nothing of the visit gives one."),
        "Whoever recorded the visit names its program or diagnosis, or the service that has the \
         modifier.",
    )]
}

fn listed(ctx: &Context, modifiers: &[Modifier]) -> Vec<Said> {
    let others: Vec<&str> = ctx
        .form
        .modifiers
        .iter()
        .filter(|m| !modifiers.contains(m))
        .map(Modifier::as_str)
        .collect();
    if others.is_empty() {
        return vec![];
    }
    vec![Said::new(
        RuleId::ModifierNotListed,
        ctx.kind_field(),
        format!(
            "The line would have {}, which the payer does not take with this service.",
            others.join(", ")
        ),
        "A biller asks the payer how such a visit is billed; an administrator corrects the pack.",
    )]
}

fn claim_hold(ctx: &Context) -> Said {
    Said::new(
        RuleId::ClaimHold,
        "/started_at",
        format!("The payer has asked not to send claims for visits of {} yet.", ctx.date),
        "Nothing is to be done until the payer is ready; an administrator then loads the version \
         of the contract without the hold.",
    )
}

/// The payer wants lines with one of these modifiers at another payer (RK11). The line that the other
/// one would get is told, as far as this contract can: what it counts itself is its own affair.
fn other_payer(ctx: &Context, modifiers: &[Modifier], payer: &str) -> Vec<Said> {
    let found = ctx.form.modifiers.iter().find(|m| modifiers.contains(m));
    let Some(modifier) = found else { return vec![] };
    let line = ctx.service.zip(ctx.units().filter(|units| *units > 0)).map(|(service, units)| {
        let (code, date) = (service.procedure.as_str(), ctx.date);
        let carried = words(ctx.form.modifiers.iter().map(Modifier::as_str), " and ");
        let units = if units == 1 { "1 unit".to_owned() } else { format!("{units} units") };
        format!(" As this contract counts, that line is {code} with {carried}, {units} on {date}.")
    });
    let here = ctx.facts.billed.as_ref().map(|b| b.data.payer);
    let elsewhere = |c: &Coverage| c.data.span.covers(ctx.date) && Some(c.data.payer) != here;
    let record = if ctx.facts.coverages.iter().any(elsewhere) {
        ""
    } else {
        " The roster has no coverage of the member by another payer on that day: it is added first."
    };
    let message =
        format!("A line with the modifier {modifier} is sent to {payer}, not to this payer.");
    vec![Said::new(
        RuleId::ClaimOtherPayer,
        ctx.kind_field(),
        message + &line.unwrap_or_default(),
        format!("A biller bills {payer} for it, under the member's coverage there.{record}"),
    )]
}

fn unknown(ctx: &Context, question: &str) -> Said {
    Said::new(
        RuleId::ContractUnknown,
        ctx.kind_field(),
        format!("The payer's rule is not known here: {question}"),
        "A biller asks the payer; an administrator writes the answer into a new version of the \
         pack.",
    )
}

/// Units that are billed, with those of other visits that the payer wants on the same line.
fn units_per_line(ctx: &Context, room: &Room, most: Decimal) -> Option<Said> {
    let (terms, service) = ctx.terms.zip(ctx.service)?;
    let own = room.ready();
    let others = match Day::of(ctx) {
        Some(day) => day.others_ready(),
        None if terms.pack.claim.rollup == Rollup::Day => others_on_line(ctx, service),
        None => 0,
    };
    let units = others.saturating_add(own);
    if own == 0 || Decimal::from(units) <= most {
        return None;
    }
    let with = match others {
        0 => String::new(),
        _ => format!(", {others} of them of other visits of the day that stand on the same line"),
    };
    Some(Said::new(
        RuleId::LimitVisit,
        ctx.kind_field(),
        format!(
            "The line would have {units} units{with}; the payer takes at most {} on one line.",
            most.normalize()
        ),
        "The peer checks start and end; if they are right, a biller asks the payer how so many \
         units are billed.",
    ))
}

fn others_on_line(ctx: &Context, service: &Service) -> u32 {
    let place = place_of(ctx.encounter, service);
    let same = ctx.facts.on_line.iter().filter(|line| {
        line.service == service.key && line.modifiers == ctx.form.modifiers && line.place == place
    });
    same.fold(0, |sum, line| sum.saturating_add(line.units))
}

/// `a or b`, `a, b`.
pub fn words<'t>(texts: impl Iterator<Item = &'t str>, between: &str) -> String {
    texts.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::PlaceOfService;
    use crate::domain::contract::{Demand, Exceed, Rollup};
    use crate::domain::facts::OnLine;
    use crate::domain::rules::testing::{
        Case, carc, condition, coverage, decimal, key, limit, modifiers, span, split, t,
    };
    use crate::domain::windows::Window;

    fn with(demand: Demand) -> Case {
        Case::with(|c| c.terms.pack.conditions = vec![condition(demand)])
    }

    #[test]
    fn rk03_one_of_several_modifiers_must_be_there() {
        // The shape of Oregon: H0023 needs HF or HG, by program.
        let mut case = with(Demand::ModifierOneOf { modifiers: modifiers(&["HF", "HG"]) });
        let finding = case.only("modifier.one_of");
        assert!(finding.message.contains("HF or HG"), "{}", finding.message);
        assert_eq!(carc(&finding), Some("4"));
        case.terms.pack.services[0].modifiers = modifiers(&["HG"]);
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk04_a_closed_list_of_modifiers_gives_their_order() {
        let list = modifiers(&["GT", "TN", "HE"]);
        let mut case = with(Demand::ModifierList { modifiers: list });
        case.encounter.mode = crate::domain::codes::Mode::Video;
        assert_eq!(case.decide().lines[0].modifiers, modifiers(&["GT", "HE"]));
        assert!(case.rules().is_empty());
        case.encounter.mode = crate::domain::codes::Mode::Audio;
        assert!(case.only("modifier.not_listed").message.contains("93"));
    }

    #[test]
    fn rk10_claims_are_held_while_the_payer_asks_for_it() {
        let mut case = with(Demand::ClaimHold);
        case.only("claim.on_hold");
        assert_eq!(split(&case.decide()), (0, 4));
        // Of visits on some days only: what came before may go.
        case.terms.pack.conditions[0].days.from = Some("2026-07-02".parse().unwrap());
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk11_a_funding_modifier_sends_the_line_to_another_payer() {
        // The shape of Texas: HZ, paid by criminal justice, goes to the state's claims contractor.
        let mut case = with(Demand::OtherPayer {
            modifiers: modifiers(&["HZ"]),
            payer: "The state's claims contractor".to_owned(),
        });
        assert!(case.rules().is_empty());
        case.terms.pack.services[0].modifiers = modifiers(&["HZ"]);
        let finding = case.only("claim.other_payer");
        assert!(finding.message.contains("HZ is sent to The state's claims"), "{finding:?}");
        let line = format!(
            "that line is {} with HZ, 4 units on 2026-07-01.",
            case.terms.pack.services[0].procedure.as_str()
        );
        assert!(finding.message.contains(&line), "{finding:?}");
        assert!(finding.fix.contains("no coverage of the member by another payer"), "{finding:?}");
        // The state's own coverage is on record.
        let other = coverage(7, 99, 2, span("2026-01-01", None));
        case.facts.coverages.push(other);
        assert!(!case.only("claim.other_payer").fix.contains("no coverage"));
        assert_eq!((finding.carc(), finding.rarc()), (Some("109"), Some("N418")));
        assert_eq!(split(&case.decide()), (0, 4));
        // Only of visits that it speaks of.
        case.terms.pack.conditions[0].when.programs = vec![key("courts")];
        assert!(case.rules().is_empty());
        case.encounter.program = Some(key("courts"));
        case.only("claim.other_payer");
    }

    #[test]
    fn rk25_a_line_holds_at_most_so_many_units() {
        let mut case = with(Demand::UnitsPerVisit { units: decimal("4") });
        assert!(case.rules().is_empty());
        case.encounter.ended_at = t("2026-07-01T14:08:00Z");
        assert_eq!(carc(&case.only("limit.visit")), Some("151"));
        case.terms.pack.conditions[0].services = vec![key("other")];
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk25_the_line_is_what_is_billed_with_what_stands_on_it() {
        let mut case = with(Demand::UnitsPerVisit { units: decimal("6") });
        case.terms.pack.claim.rollup = Rollup::Day;
        let other = OnLine {
            service: key("peer"),
            modifiers: modifiers(&["HE"]),
            place: PlaceOfService::parse("11").unwrap(),
            units: 2,
        };
        case.facts.on_line = vec![other.clone()];
        assert!(case.rules().is_empty());
        case.facts.on_line.push(OnLine { units: 1, ..other.clone() });
        let finding = case.only("limit.visit");
        assert!(finding.message.contains("7 units, 3 of them of other visits"), "{finding:?}");
        assert_eq!(split(&case.decide()), (0, 4));
        // Other lines, and payers who want a line for each visit.
        for apart in [
            OnLine { service: key("other"), ..other.clone() },
            OnLine { modifiers: vec![], ..other.clone() },
            OnLine { place: PlaceOfService::parse("12").unwrap(), ..other.clone() },
        ] {
            case.facts.on_line[1] = OnLine { units: 9, ..apart };
            assert!(case.rules().is_empty());
        }
        case.facts.on_line[1] = OnLine { units: 9, ..other };
        case.terms.pack.claim.rollup = Rollup::None;
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk25_what_a_limit_cuts_off_is_not_on_the_line() {
        let mut case = with(Demand::UnitsPerVisit { units: decimal("3") });
        case.only("limit.visit");
        case.terms.pack.limits = vec![limit("daily", "3", Window::Day, Exceed::BillUpTo)];
        assert_eq!(case.rules(), ["limit.bill_up_to"]);
        assert_eq!(split(&case.decide()), (3, 1));
    }
}
