//! Tests of `limits.rs`: each window, cut and hold (RK19 to RK24).

use super::testing::{Case, carc, decimal, key, limit, split, usage};
use super::unfit;
use crate::domain::codes::Mode;
use crate::domain::contract::AuthorizationNeed::{After, Always};
use crate::domain::contract::Exceed::{Authorization, BillUpTo, Hold, Necessity, Never};
use crate::domain::contract::LimitScope;
use crate::domain::dates::WeekStart;
use crate::domain::decision::Disposition;
use crate::domain::facts::How;
use crate::domain::windows::Window::{
    CalendarYear, ConsecutiveDays, Day, Episode, Lifetime, Month, RollingDays, RollingMonths, Week,
};

#[test]
fn rk19_each_window_counts_its_own_days() {
    // The visit is on Wednesday, 1 July 2026, with 4 units.
    let case = |window, used: &str| {
        Case::with(|c| {
            c.terms.pack.limits = vec![limit("cap", "6", window, BillUpTo)];
            c.facts.usage = vec![usage(used, None, 5)];
        })
    };
    for (window, inside, outside) in [
        (Day, "2026-07-01", "2026-06-30"),
        (Week, "2026-07-05", "2026-07-06"),
        (Week, "2026-06-29", "2026-06-28"),
        (Month, "2026-07-31", "2026-06-30"),
        (CalendarYear, "2026-01-01", "2025-12-31"),
    ] {
        assert_eq!(split(&case(window.clone(), inside).decide()), (1, 3), "{window:?}");
        assert_eq!(split(&case(window.clone(), outside).decide()), (4, 0), "{window:?}");
    }
    let mut sunday = case(Week, "2026-06-28");
    sunday.terms.pack.week_start = WeekStart::Sunday;
    assert_eq!(split(&sunday.decide()), (1, 3));
}

#[test]
fn rk24_bill_up_to_bills_what_fits_and_says_how_many() {
    let case = Case::with(|c| {
        c.terms.pack.limits = vec![limit("daily", "3", Day, BillUpTo)];
    });
    let finding = case.only("limit.bill_up_to");
    assert!(finding.message.contains("lets 3 be billed and holds 1"), "{}", finding.message);
    assert_eq!((carc(&finding), case.decide().disposition), (Some("119"), Disposition::Ready));
    assert_eq!(split(&case.decide()), (3, 1));
    let full = Case::with(|c| {
        c.terms.pack.limits = vec![limit("daily", "3", Day, BillUpTo)];
        c.facts.usage = vec![usage("2026-07-01", Some(5), 7)];
    });
    assert!(full.only("limit.bill_up_to").message.contains("no room"));
    assert_eq!(split(&full.decide()), (0, 4));
    assert_eq!(full.decide().remaining[0].remaining, Some(decimal("-4")));
}

#[test]
fn rk24_hold_holds_all_and_an_exact_fit_is_ready() {
    let case = |cap| Case::with(|c| c.terms.pack.limits = vec![limit("daily", cap, Day, Hold)]);
    assert_eq!(split(&case("3").decide()), (0, 4));
    case("3").only("limit.hold");
    assert_eq!(split(&case("4").decide()), (4, 0));
}

#[test]
fn rk21_all_windows_of_a_service_hold_at_once() {
    let case = Case::with(|c| {
        c.terms.pack.limits = vec![
            limit("daily", "3", Day, BillUpTo),
            limit("yearly", "10", CalendarYear, BillUpTo),
            limit("monthly", "9", Month, Hold),
        ];
        c.facts.usage = vec![usage("2026-07-31", None, 8)];
    });
    let rules = ["limit.bill_up_to", "limit.bill_up_to", "limit.hold"];
    assert_eq!(case.rules(), rules, "2 units fit the day and the year, not the month");
    assert_eq!(split(&case.decide()), (0, 4));
}

#[test]
fn rk21_a_hold_limit_is_asked_for_what_is_left_after_the_cuts() {
    let case = Case::with(|c| {
        c.terms.pack.limits = vec![limit("hold", "3", Day, Hold), limit("cut", "2", Day, BillUpTo)];
    });
    assert_eq!(split(&case.decide()), (2, 2));
}

#[test]
fn rk23_fractional_caps_are_exact() {
    let case = |cap| {
        Case::with(|c| {
            c.terms.pack.limits = vec![limit("hours", cap, Day, BillUpTo)];
            c.facts.usage = vec![usage("2026-07-01", None, 5)];
        })
    };
    assert_eq!(split(&case("8.5").decide()), (3, 1));
    assert_eq!(case("8.5").decide().remaining[0].remaining, Some(decimal("0.5")));
    assert_eq!(split(&case("5.9999").decide()), (0, 4));
    assert_eq!(split(&case("9").decide()), (4, 0));
}

#[test]
fn rk20_services_are_counted_together_only_where_listed() {
    let case = |listed: &[&str]| {
        Case::with(|c| {
            let mut shared = limit("shared", "6", Day, BillUpTo);
            shared.services = listed.iter().map(|s| key(s)).collect();
            c.terms.pack.limits = vec![shared];
            c.facts.usage = vec![usage("2026-07-01", None, 5)];
            c.facts.usage[0].service = key("group");
        })
    };
    assert_eq!(split(&case(&["peer", "group"]).decide()), (1, 3));
    assert_eq!(split(&case(&["peer"]).decide()), (4, 0));
    assert_eq!(split(&case(&["group"]).decide()), (4, 0));
}

#[test]
fn rk19_windows_are_told_in_words_with_their_days() {
    let case = Case::with(|c| {
        let window = RollingMonths { length: 6 };
        c.terms.pack.limits = vec![limit("half-year", "104", window, Hold)];
        c.facts.usage = vec![usage("2026-01-02", None, 102)];
    });
    let said = case.only("limit.hold").message;
    assert!(said.contains("is 104 units in 6 months on a rolling count"), "{said}");
    assert!(said.contains("used from 2026-01-02 to 2026-07-01: 102"), "{said}");
    assert_eq!(case.decide().remaining[0].remaining, Some(decimal("2")));
}

#[test]
fn rk19_a_later_visit_that_was_there_first_keeps_its_units() {
    let case = |window| {
        Case::with(|c| {
            c.terms.pack.limits = vec![limit("cap", "6", window, BillUpTo)];
            c.facts.usage = vec![usage("2026-07-20", None, 5)];
        })
    };
    assert_eq!(split(&case(RollingDays { length: 20 }).decide()), (1, 3));
    assert_eq!(split(&case(RollingDays { length: 19 }).decide()), (4, 0));
    assert_eq!(split(&case(RollingMonths { length: 1 }).decide()), (1, 3));
    assert_eq!(split(&case(ConsecutiveDays { length: 20 }).decide()), (1, 3));
    assert_eq!(split(&case(ConsecutiveDays { length: 19 }).decide()), (4, 0));
}

#[test]
fn rk19_an_earlier_visit_that_overfills_a_moved_window_is_held() {
    // The windows of 30 days began on 10 July and 9 August; now the second begins on 8 August.
    let moved = |exceed| {
        Case::with(|c| {
            c.terms.pack.limits = vec![limit("cap", "6", ConsecutiveDays { length: 30 }, exceed)];
            c.facts.usage = vec![
                usage("2026-07-10", None, 1),
                usage("2026-08-08", None, 2),
                usage("2026-08-09", None, 5),
            ];
            c.facts.authorizations = vec![super::testing::authorization(5, 50, "2026-01-01", None)];
        })
    };
    for (exceed, rule) in [
        (Hold, "limit.hold"),
        (BillUpTo, "limit.bill_up_to"),
        (Never, "limit.never"),
        (Authorization, "limit.hold"),
        (Necessity, "limit.necessity"),
    ] {
        let case = moved(exceed);
        assert_eq!(split(&case.decide()), (0, 4), "{exceed}");
        let said = case.only(rule).message;
        assert!(said.contains("more than that was used from 2026-08-08 to 2026-09-06"), "{said}");
    }
}

#[test]
fn rk19_rk29_a_limit_in_an_episode_needs_one_that_covers_the_date() {
    let mut case = Case::with(|c| {
        let window = Episode { episode: Some(key("package")) };
        c.terms.pack.limits = vec![limit("package", "6", window, BillUpTo)];
        c.facts.usage = vec![usage("2026-06-20", None, 3), usage("2026-06-19", None, 9)];
    });
    let said = case.only("limit.no_episode").message;
    assert!(said.contains("episode of care of the kind 'package'"), "{said}");
    let left = &case.decide().remaining[0];
    assert_eq!((left.remaining, left.used, left.from), (None, None, None));
    assert!(left.reason.as_ref().unwrap().contains("no episode"));
    case.facts.episodes = vec![crate::domain::facts::EpisodeFact {
        id: crate::domain::ids::EpisodeId::from_i64(1),
        payer: crate::domain::ids::PayerId::from_i64(1),
        kind: key("package"),
        span: super::testing::span("2026-06-20", Some("2026-09-30")),
    }];
    assert_eq!(split(&case.decide()), (3, 1));
    case.facts.episodes[0].kind = key("crisis");
    case.only("limit.no_episode");
}

#[test]
fn rk29_a_package_of_units_by_diagnosis_and_level_of_need() {
    use crate::domain::codes::DiagnosisClass::{MentalHealth, SubstanceUse};
    // The shape of Indiana: the payer gives a package by diagnosis and level of need, with a term.
    let of = |level: &str, class, units: &str| {
        let window = Episode { episode: Some(key(level)) };
        let mut limit = limit(&format!("{level}-{units}"), units, window, BillUpTo);
        limit.when.episodes = vec![key(level)];
        limit.when.diagnosis_classes = vec![class];
        limit
    };
    let mut case = Case::with(|c| {
        c.terms.pack.limits = vec![
            of("level_3", MentalHealth, "9"),
            of("level_3", SubstanceUse, "8"),
            of("level_5", MentalHealth, "50"),
        ];
        c.facts.usage = vec![usage("2026-06-20", None, 6), usage("2026-06-19", None, 99)];
        c.facts.episodes = vec![crate::domain::facts::EpisodeFact {
            id: crate::domain::ids::EpisodeId::from_i64(1),
            payer: crate::domain::ids::PayerId::from_i64(1),
            kind: key("level_3"),
            span: super::testing::span("2026-06-20", Some("2026-09-30")),
        }];
    });
    assert_eq!(split(&case.decide()), (3, 1));
    assert_eq!(case.decide().remaining.len(), 1, "packages of other levels are not asked");
    case.encounter.diagnoses = vec![super::testing::diagnosis("F11.20")];
    case.facts.part2 = crate::domain::organization::Part2Posture::NotProgram;
    assert_eq!(split(&case.decide()), (2, 2));
    // After another assessment the member is in another package.
    case.encounter.diagnoses = vec![super::testing::diagnosis("F32.9")];
    case.facts.episodes[0].kind = key("level_5");
    assert_eq!(split(&case.decide()), (4, 0));
}

#[test]
fn rk19_a_lifetime_counts_everything() {
    let case = Case::with(|c| {
        c.terms.pack.limits = vec![limit("ever", "6", Lifetime, BillUpTo)];
        c.facts.usage = vec![usage("1999-01-01", None, 3), usage("2030-01-01", None, 2)];
    });
    assert_eq!(split(&case.decide()), (1, 3));
    assert!(case.only("limit.bill_up_to").message.contains("used so far: 5"));
}

#[test]
fn rk20_a_cap_may_count_some_modifiers_or_modes_only() {
    let video =
        How { modifiers: vec!["HE".parse().unwrap(), "GT".parse().unwrap()], mode: Mode::Video };
    let office = How { modifiers: vec!["HE".parse().unwrap()], mode: Mode::InPerson };
    let case = |mode, bend: fn(&mut crate::domain::contract::Limit)| {
        Case::with(|c| {
            let mut cap = limit("remote", "6", Day, BillUpTo);
            bend(&mut cap);
            c.terms.pack.limits = vec![cap];
            c.encounter.mode = mode;
            c.facts.usage = vec![usage("2026-07-01", None, 3), usage("2026-07-01", None, 2)];
            c.facts.usage[0].how = Some(video.clone());
            c.facts.usage[1].how = Some(office.clone());
        })
    };
    let by_mode = |cap: &mut crate::domain::contract::Limit| cap.modes = vec![Mode::Video];
    let by_modifier = |cap: &mut crate::domain::contract::Limit| {
        cap.modifiers = vec!["GT".parse().unwrap(), "U9".parse().unwrap()];
    };
    assert_eq!(split(&case(Mode::Video, by_mode).decide()), (3, 1));
    assert_eq!(split(&case(Mode::Video, by_modifier).decide()), (3, 1));
    assert_eq!(split(&case(Mode::InPerson, by_mode).decide()), (4, 0), "it is not limited");
    assert!(case(Mode::InPerson, by_modifier).decide().remaining.is_empty());
    assert_eq!(split(&case(Mode::Video, |_| ()).decide()), (1, 3), "shared by all");
    let mut unknown = case(Mode::Video, by_mode);
    unknown.facts.usage[1].how = None;
    assert_eq!(split(&unknown.decide()), (1, 3), "what is not known counts");
}

#[test]
fn rk22_a_peers_hours_are_counted_over_all_members() {
    let case = Case::with(|c| {
        let mut weekly = limit("peer-week", "120", Week, Hold);
        weekly.scope = LimitScope::Peer;
        c.terms.pack.limits = vec![weekly];
        c.facts.usage = vec![usage("2026-07-01", None, 200)];
        c.facts.peer_usage = vec![usage("2026-06-29", None, 117), usage("2026-06-28", None, 90)];
    });
    let said = case.only("limit.hold").message;
    assert!(said.contains("120 units for one peer a week"), "{said}");
    assert_eq!(case.decide().remaining[0].remaining, Some(decimal("3")));
}

#[test]
fn rk22_across_organizations_says_only_that_it_does_not_fit() {
    let mut case = Case::with(|c| {
        let mut shared = limit("shared", "6", CalendarYear, Hold);
        shared.scope = LimitScope::Member;
        c.terms.pack.limits = vec![shared];
        c.facts.usage = vec![usage("2026-07-01", None, 900)];
    });
    assert!(case.rules().is_empty(), "own units are not what is asked");
    let left = &case.decide().remaining[0];
    assert_eq!((left.remaining, left.used), (None, None));
    assert!(left.reason.as_ref().unwrap().contains("across organizations"));
    let others = |units| [usage("2026-03-03", None, units)];
    let first = case.decide();
    let full = |units| unfit(&case.terms, &case.facts, &case.encounter, &first, &others(units));
    assert_eq!(full(2), Vec::new());
    assert_eq!(full(3), [key("shared")]);
    case.facts.full = vec![key("shared")];
    let finding = case.only("limit.across_organizations");
    assert_eq!(split(&case.decide()), (0, 4));
    assert!(
        !finding.message.contains("900") && !finding.message.contains("used"),
        "{}",
        finding.message
    );
    // What is held for another reason is not asked about.
    let mut held = case.clone();
    held.facts.has_address = false;
    held.facts.full = vec![];
    let first = held.decide();
    assert_eq!(unfit(&held.terms, &held.facts, &held.encounter, &first, &others(90)), Vec::new());
}

#[test]
fn rk22_a_substance_use_service_without_consent_is_held_and_never_asked_about() {
    let case = Case::with(|c| {
        let mut shared = limit("shared", "6", CalendarYear, Hold);
        shared.scope = LimitScope::Member;
        c.terms.pack.limits = vec![shared];
        c.terms.pack.services[0].substance_use = true;
        c.facts.part2 = crate::domain::organization::Part2Posture::Program;
    });
    let first = case.decide();
    case.only("part2.no_consent");
    let others = [usage("2026-03-03", None, 90)];
    assert_eq!(unfit(&case.terms, &case.facts, &case.encounter, &first, &others), Vec::new());
}

#[test]
fn rk24_only_the_excess_needs_an_authorization() {
    let case = |used| {
        Case::with(|c| {
            c.terms.pack.limits = vec![limit("daily", "6", Day, Authorization)];
            c.facts.usage = vec![usage("2026-07-01", None, used)];
        })
    };
    assert_eq!(split(&case(2).decide()), (4, 0));
    let short = case(3);
    assert_eq!(split(&short.decide()), (3, 1));
    assert_eq!(short.only("authorization.missing").authority.unwrap().section, "limits");
    let mut granted = case(3);
    granted.facts.authorizations = vec![super::testing::authorization(5, 9, "2026-01-01", None)];
    let decision = granted.decide();
    let draw = decision.lines[0].authorization.as_ref().unwrap();
    assert_eq!((decision.lines[0].units, draw.units), (4, 1));
    assert_eq!(decision.remaining[0].remaining, Some(decimal("-1")), "beyond the cap, as approved");
}

#[test]
fn rk24_never_holds_all_and_says_that_nothing_lifts_it() {
    let case = Case::with(|c| {
        c.terms.pack.limits = vec![limit("hard", "3", Day, Never)];
        c.terms.pack.authorizations = vec![super::testing::need(Always)];
        c.facts.authorizations = vec![super::testing::authorization(5, 90, "2026-01-01", None)];
    });
    assert_eq!(split(&case.decide()), (0, 4));
    assert!(case.only("limit.never").fix.contains("Nothing can lift"));
}

#[test]
fn rk26_free_units_may_roll() {
    let case = |used_on: &str| {
        Case::with(|c| {
            let window = RollingMonths { length: 3 };
            c.terms.pack.authorizations =
                vec![super::testing::need(After { free_units: 6, window })];
            c.facts.usage = vec![usage(used_on, None, 5)];
        })
    };
    assert_eq!(split(&case("2026-04-02").decide()), (1, 3));
    assert_eq!(split(&case("2026-04-01").decide()), (4, 0));
    assert_eq!(split(&case("2026-09-30").decide()), (1, 3));
    assert_eq!(split(&case("2026-10-01").decide()), (4, 0));
}

#[test]
fn rk19_one_unit_is_told_as_one() {
    let case = Case::with(|c| c.terms.pack.limits = vec![limit("only", "1", Day, BillUpTo)]);
    assert!(case.only("limit.bill_up_to").message.contains(" is 1 unit a day;"));
}
