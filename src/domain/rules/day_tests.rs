//! Sums of a day's minutes (RK14): what a visit changes about its day, case by case.

use chrono::TimeDelta;

use super::testing::{Case, d, key, limit, split, t};
use crate::domain::contract::{Exceed, Rounding, SumOver};
use crate::domain::day_sum::{DayFact, Piece, Share, SummedState, SummedVisit, sum};
use crate::domain::decision::{Decision, Disposition};
use crate::domain::facts::Usage;
use crate::domain::ids::EncounterId;
use crate::domain::windows::Window;

/// A case whose service sums over days and rounds down.
pub fn summed(bend: impl FnOnce(&mut Case)) -> Case {
    Case::with(|c| {
        c.terms.pack.services[0].sum_over = SumOver::Day;
        c.terms.pack.services[0].rounding = Rounding::Floor;
        bend(c);
    })
}

fn other(id: i64, start: &str, minutes: u32, units: u32) -> SummedVisit {
    SummedVisit {
        encounter: EncounterId::from_i64(id),
        started_at: t(&format!("2026-07-01T{start}:00Z")),
        minutes,
        state: SummedState::Counted,
        ready: (units > 0).then_some(Piece { units, authorization: None }).into_iter().collect(),
        held: 0,
    }
}

/// The visit, from 13:00 for `minutes`, on a day with these others.
fn among(minutes: i64, others: Vec<SummedVisit>) -> Case {
    summed(|c| {
        c.encounter.ended_at = c.encounter.started_at.plus(TimeDelta::minutes(minutes));
        c.facts.usage = others
            .iter()
            .flat_map(|v| &v.ready)
            .map(|p| Usage {
                service: key("peer"),
                date: d("2026-07-01"),
                authorization: p.authorization.as_ref().map(|a| a.id),
                how: None,
                units: i64::from(p.units),
            })
            .collect();
        c.facts.day = Some(DayFact { others, ..DayFact::default() });
    })
}

/// Units of the visits of the decision's day, by id; 0 for the visit itself.
fn shares(decision: &Decision) -> Vec<(i64, u32)> {
    let sum_of = |s: &Share| (s.encounter.map_or(0, EncounterId::as_i64), sum(&s.ready));
    decision.day_sum.as_ref().unwrap().visits.iter().map(sum_of).collect()
}

#[test]
fn rk14_the_first_to_lift_the_day_over_a_unit_takes_the_others_along() {
    let alone = among(10, vec![]);
    alone.only("below_one_unit");
    assert_eq!(alone.decide().disposition, Disposition::NonBillable);
    assert_eq!(shares(&alone.decide()), [(0, 0)], "it counts for those who come after it");
    let second = among(10, vec![other(7, "09:00", 10, 0)]);
    assert!(second.rules().is_empty());
    assert_eq!(split(&second.decide()), (1, 0));
    assert_eq!(shares(&second.decide()), [(7, 0), (0, 1)]);
    // Earlier than the other, it rides on the line.
    let first = among(10, vec![other(7, "15:00", 10, 0)]);
    let decision = first.decide();
    assert_eq!(shares(&decision), [(0, 0), (7, 1)]);
    assert_eq!(decision.disposition, Disposition::Ready);
    assert_eq!((decision.lines[0].units, decision.lines[0].charge.cents()), (0, 0));
}

#[test]
fn rk14_only_the_change_of_the_day_needs_room() {
    // 25 and 20 minutes make 3 units; the others hold 1 of 2 that are left.
    let case = |cap, exceed| {
        let mut case = among(20, vec![other(7, "15:00", 25, 1)]);
        case.terms.pack.limits = vec![limit("daily", cap, Window::Day, exceed)];
        case
    };
    assert_eq!(shares(&case("3", Exceed::Hold).decide()), [(0, 1), (7, 2)]);
    let held = case("2", Exceed::Hold);
    held.only("limit.hold");
    assert_eq!(split(&held.decide()), (0, 2));
    assert_eq!(shares(&held.decide()), [(7, 1)], "its minutes are left out");
    let part = case("2", Exceed::BillUpTo);
    part.only("limit.bill_up_to");
    assert_eq!(split(&part.decide()), (1, 1));
    assert_eq!(shares(&part.decide()), [(0, 1), (7, 1)]);
    let none = case("1", Exceed::BillUpTo);
    assert_eq!(split(&none.decide()), (0, 2));
    assert_eq!(shares(&none.decide()), [(7, 1)]);
    // A visit that changes nothing needs nothing, even where the limit is passed.
    let mut rides = among(4, vec![other(7, "15:00", 25, 1)]);
    rides.terms.pack.limits = vec![limit("daily", "0.5", Window::Day, Exceed::Hold)];
    assert!(rides.rules().is_empty());
    assert_eq!(shares(&rides.decide()), [(0, 0), (7, 1)]);
}

#[test]
fn rk14_a_claimed_day_takes_no_more() {
    let mut claimed = other(7, "15:00", 30, 2);
    claimed.state = SummedState::Claimed;
    let case = among(20, vec![claimed]);
    let finding = case.only("day.claimed");
    assert!(finding.message.starts_with("This day is already claimed"));
    assert_eq!(split(&case.decide()), (0, 1));
    assert_eq!(shares(&case.decide()), [(7, 2)]);
    let tiny = {
        let mut claimed = other(7, "15:00", 30, 2);
        claimed.state = SummedState::Claimed;
        among(5, vec![claimed])
    };
    assert_eq!((tiny.decide().disposition, tiny.decide().lines.len()), (Disposition::Held, 1));
}

#[test]
fn rk14_a_visit_that_is_held_for_another_reason_is_left_out() {
    let mut case = among(20, vec![other(7, "15:00", 25, 1)]);
    case.encounter.note = None;
    assert_eq!(shares(&case.decide()), [(7, 1)]);
    assert_eq!(split(&case.decide()), (0, 2));
    // Held and not non-billable, for with its minutes the day may make a unit some day.
    let mut alone = among(5, vec![]);
    alone.encounter.note.as_mut().unwrap().signed_at = None;
    alone.only("note.unsigned");
    let decision = alone.decide();
    assert_eq!((decision.disposition, decision.lines.len()), (Disposition::Held, 1));
}

#[test]
fn rk14_a_share_that_was_dealt_is_told_with_the_findings_of_before() {
    let mut case = among(10, vec![]);
    case.only("below_one_unit");
    let mut sum = among(10, vec![other(7, "15:00", 10, 0)]).decide().day_sum.unwrap();
    sum.visits[0].ready = vec![Piece { units: 3, authorization: None }];
    case.facts.day.as_mut().unwrap().dealt = Some(sum.clone());
    assert!(case.rules().is_empty());
    assert_eq!(split(&case.decide()), (3, 0));
    assert_eq!(case.decide().day_sum, Some(sum));
}

#[test]
fn rk14_the_minutes_of_a_visit_that_is_left_out_are_not_summed() {
    let mut others = vec![other(2, "08:00", 60, 0)];
    others[0].state = SummedState::LeftOut;
    let decision = among(15, others).decide();
    assert_eq!(decision.day_sum.as_ref().map(|s| (s.minutes, s.units)), Some((15, 1)));
    assert_eq!(split(&decision), (1, 0));
}
