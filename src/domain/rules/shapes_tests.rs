//! Rules in the shapes in which states and plans write them, several of them together.

use crate::domain::contract::AuthorizationNeed::{After, Always};
use crate::domain::contract::{Block, Exceed, GroupRule, InForce};
use crate::domain::facts::EpisodeFact;
use crate::domain::ids::{EpisodeId, PayerId};
use crate::domain::rules::testing::{
    Case, authorization, d, decimal, key, limit, need, service, source, span, split, t, usage,
};
use crate::domain::session::Group;
use crate::domain::windows::Window;

fn visit_on(case: &mut Case, day: &str) {
    case.encounter.started_at = t(&format!("{day}T15:00:00Z"));
    case.encounter.ended_at = t(&format!("{day}T16:00:00Z"));
    case.encounter.note.as_mut().unwrap().signed_at = Some(t(&format!("{day}T17:00:00Z")));
    case.facts.as_of = t(&format!("{day}T18:00:00Z"));
}

fn episode(from: &str, to: Option<&str>) -> EpisodeFact {
    EpisodeFact {
        id: EpisodeId::from_i64(4),
        payer: PayerId::from_i64(1),
        kind: key("episode"),
        span: span(from, to),
    }
}

/// North Carolina: 24 units free, once an episode of care in a fiscal year from July on; then blocks
/// of at most 270 units in 90 days.
fn carolina() -> Case {
    Case::with(|c| {
        let window = Window::EpisodeYear { first_month: 7, episode: None };
        let mut rule = need(After { free_units: 24, window });
        rule.block = Some(Block { units: 270, days: 90 });
        c.terms.pack.authorizations = vec![rule];
        c.facts.episodes = vec![episode("2026-03-01", None)];
        c.terms.agreement.rates[0].span = span("2026-01-01", None);
    })
}

#[test]
fn rk19_rk26_free_units_once_an_episode_in_a_fiscal_year() {
    let mut case = carolina();
    visit_on(&mut case, "2026-06-30");
    case.facts.usage = vec![usage("2026-03-05", None, 22)];
    assert_eq!(split(&case.decide()), (2, 2));
    // The next fiscal year has its own, in the same episode.
    visit_on(&mut case, "2026-07-01");
    assert_eq!(split(&case.decide()), (4, 0));
    case.facts.usage.push(usage("2026-07-01", None, 22));
    assert_eq!(split(&case.decide()), (2, 2));
    // And so has another episode in the same year.
    case.facts.episodes = vec![episode("2026-07-02", None)];
    visit_on(&mut case, "2026-07-02");
    assert_eq!(split(&case.decide()), (4, 0));
    // Without an episode nothing is free.
    case.facts.episodes.clear();
    assert_eq!(split(&case.decide()), (0, 4));
}

#[test]
fn rk28_a_block_of_270_units_in_90_days_is_the_most_that_is_approved() {
    let approved = |units, to| {
        let mut case = carolina();
        case.facts.usage = vec![usage("2026-07-01", None, 24)];
        case.facts.authorizations = vec![authorization(5, units, "2026-07-01", Some(to))];
        visit_on(&mut case, "2026-07-01");
        case
    };
    let right = approved(270, "2026-09-28");
    assert_eq!((right.rules(), split(&right.decide())), (vec![], (4, 0)));
    for wrong in [approved(271, "2026-09-28"), approved(270, "2026-09-29")] {
        let finding = wrong.only("authorization.block");
        assert!(finding.message.contains("270 units in 90 days"), "{}", finding.message);
        assert_eq!(split(&wrong.decide()), (4, 0));
    }
}

#[test]
fn rk24_rk26_four_hours_a_day_then_only_the_excess_needs_an_authorization() {
    // The shape of Ohio.
    let mut case = Case::with(|c| {
        c.terms.pack.limits = vec![limit("day", "16", Window::Day, Exceed::Authorization)];
        c.facts.usage = vec![usage("2026-07-01", None, 14)];
    });
    assert_eq!(case.rules(), ["authorization.missing"]);
    assert_eq!(split(&case.decide()), (2, 2));
    case.facts.authorizations = vec![authorization(5, 40, "2026-07-01", None)];
    assert_eq!(split(&case.decide()), (4, 0));
}

#[test]
fn rk23_eight_and_a_half_units_a_month_stay_exact() {
    // The shape of an Ohio sister code.
    let mut case = Case::with(|c| {
        c.terms.pack.limits = vec![limit("month", "8.5", Window::Month, Exceed::BillUpTo)];
        c.facts.usage = vec![usage("2026-07-01", None, 5)];
    });
    let decision = case.decide();
    assert_eq!(split(&decision), (3, 1));
    assert_eq!(decision.remaining[0].remaining, Some(decimal("0.5")));
    case.facts.usage = vec![usage("2026-06-30", None, 5)];
    assert_eq!(split(&case.decide()), (4, 0));
}

#[test]
fn rk23_nine_hundred_hours_a_calendar_year_are_told_in_hours() {
    // The shape of Virginia.
    let mut case = Case::with(|c| {
        let mut year = limit("year", "3600", Window::CalendarYear, Exceed::Hold);
        year.hours = Some(decimal("900"));
        c.terms.pack.limits = vec![year];
        c.facts.usage = vec![usage("2026-02-01", None, 3597)];
    });
    let finding = case.only("limit.hold");
    assert!(finding.message.contains("900 hours a calendar year"), "{}", finding.message);
    case.facts.usage = vec![usage("2026-02-01", None, 3596)];
    assert!(case.rules().is_empty());
}

#[test]
fn rk32_a_limit_and_an_authorization_rule_end_on_a_date() {
    // The shape of North Carolina and Virginia: quantity limits that parity law took away.
    let until = InForce { from: None, to: Some(d("2026-07-01")) };
    let mut case = Case::with(|c| {
        let mut day = limit("day", "2", Window::Day, Exceed::Hold);
        day.days = until;
        c.terms.pack.limits = vec![day];
        let mut rule = need(Always);
        rule.days = until;
        c.terms.pack.authorizations = vec![rule];
    });
    assert_eq!(case.rules(), ["authorization.missing", "limit.hold"]);
    visit_on(&mut case, "2026-07-02");
    assert!(case.rules().is_empty());
    assert!(case.decide().remaining.is_empty());
}

#[test]
fn rk27_rk30_nothing_before_the_approval_which_may_come_later_for_days_past() {
    let mut case = Case::with(|c| {
        c.terms.pack.authorizations = vec![need(Always)];
        c.facts.authorizations = vec![authorization(5, 40, "2026-07-02", None)];
    });
    assert_eq!(case.rules(), ["authorization.missing"]);
    // Given in August for July, with the eligibility that was found late.
    case.facts.as_of = t("2026-08-20T12:00:00Z");
    case.facts.authorizations = vec![authorization(5, 40, "2026-06-01", Some("2026-08-31"))];
    assert_eq!(split(&case.decide()), (4, 0));
}

fn grouped(size: u32) -> Case {
    Case::with(|c| {
        c.terms.pack.services[0].group = Some(GroupRule {
            min_size: 2,
            max_size: Some(12),
            members_per_peer: None,
            source: source("groups"),
        });
        let session = "S-1".parse().unwrap();
        c.encounter.group = Some(Group { session, size, peers: 1 });
    })
}

#[test]
fn rk33_twelve_are_the_most_in_a_group() {
    // The shape of Texas and North Carolina.
    let told = |case: &Case| case.rules().contains(&"group.size".to_owned());
    assert!(!told(&grouped(12)));
    assert!(told(&grouped(13)));
}

#[test]
fn rk36_each_member_of_a_group_has_a_note_of_their_own() {
    let mut case = grouped(10);
    let told = |case: &Case| case.rules().contains(&"note.unsigned".to_owned());
    assert!(!told(&case));
    case.encounter.note = None;
    assert!(told(&case));
}

#[test]
fn rk01_a_group_has_another_code() {
    // The shape of California: H0038 for one, H0025 for groups.
    let mut case = grouped(6);
    let mut alone = service("alone");
    alone.procedure = "H0038".parse().unwrap();
    case.terms.pack.services[0].procedure = "H0025".parse().unwrap();
    case.terms.pack.services.insert(0, alone);
    assert_eq!(case.decide().service, Some(key("peer")));
    assert_eq!(case.decide().lines[0].procedure.as_str(), "H0025");
    case.encounter.group = None;
    assert_eq!(case.decide().lines[0].procedure.as_str(), "H0038");
}

#[test]
fn rk12_floor_and_ceiling_stand_in_one_pack() {
    // The shape of Michigan: some codes round down, others up.
    use crate::domain::contract::Rounding::{Ceiling, Floor};
    let with = |rounding| {
        Case::with(|c| {
            c.terms.pack.services[0].rounding = rounding;
            c.encounter.ended_at = t("2026-07-01T13:46:00Z");
        })
    };
    assert_eq!(split(&with(Floor).decide()), (3, 0));
    assert_eq!(split(&with(Ceiling).decide()), (4, 0));
}
