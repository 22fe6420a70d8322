//! Conditions on the mode, and on the mode of the member's other visits (RK57, RK58).

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::account::Account;
use super::conditions::words;
use super::context::Context;
use super::room::Room;
use super::table::{RuleId, Said};
use crate::domain::codes::Mode;
use crate::domain::identifiers::Key;
use crate::domain::windows::Window;

/// The visit is in one of the modes that the payer takes on its date.
pub fn mode(ctx: &Context, modes: &[Mode]) -> Vec<Said> {
    if modes.contains(&ctx.encounter.mode) {
        return vec![];
    }
    let names = words(modes.iter().map(|m| m.as_str()), ", ");
    vec![Said::new(
        RuleId::ModeNotAllowed,
        "/mode",
        format!("On {} the payer takes this service only by: {names}.", ctx.date),
        "The peer corrects the mode if it was one of these.",
    )]
}

fn is_face_to_face(ctx: &Context, mode: Mode) -> bool {
    ctx.terms.is_some_and(|t| t.pack.face_to_face.contains(&mode))
}

/// A remote visit has one face to face that is at most `days` before it, be it too short for a unit.
/// What is not known of usage
/// from before go-live is not taken for a visit face to face.
pub fn within(ctx: &Context, services: &[Key], days: u32) -> Vec<Said> {
    let Some(terms) = ctx.terms.filter(|_| !is_face_to_face(ctx, ctx.encounter.mode)) else {
        return vec![];
    };
    let first = ctx.date.checked_sub_days(chrono::Days::new(u64::from(days)));
    let near = |day: NaiveDate| first.is_none_or(|first| first <= day) && day <= ctx.date;
    let met = ctx.facts.face_to_face.iter().any(|f| services.contains(&f.service) && near(f.day));
    let anchored = ctx.facts.usage.iter().any(|u| {
        u.units > 0
            && services.contains(&u.service)
            && near(u.date)
            && u.how.as_ref().is_some_and(|how| terms.pack.face_to_face.contains(&how.mode))
    });
    if anchored || met {
        return vec![];
    }
    vec![Said::new(
        RuleId::ModeNoAnchor,
        "/mode",
        format!(
            "The payer wants a visit face to face every {days} days, and none of the {days} days \
             before {} is on record.",
            ctx.date
        ),
        "The peer records the visit face to face if there was one; this visit is then decided \
         again by itself.",
    )]
}

/// Remote units that would be billed stay below their part of all units, in each window that contains
/// the date. What limits cut off is not billed; where nothing would be, the part is told of all that is
/// asked. Usage from before go-live of which nobody knows the mode counts as remote; without a window
/// nobody can say what the part is.
pub fn share(
    ctx: &Context,
    room: &Room,
    services: &[Key],
    percent: u32,
    window: &Window,
) -> Option<Said> {
    let terms = ctx.terms.filter(|_| !is_face_to_face(ctx, ctx.encounter.mode))?;
    let remote = |mode: Mode| !terms.pack.face_to_face.contains(&mode);
    // Of a day's sum, what the visit changes about it: the others' units are drawn.
    let units = i64::from(if room.ready() > 0 { room.ready() } else { room.asked });
    let account = Account::of(&terms.pack, ctx.facts);
    let parts = account.parts(services, window, ctx.date, remote);
    if parts.is_empty() {
        return Some(no_window(ctx, window));
    }
    let parts = parts
        .into_iter()
        .map(|(of_remote, of_all)| (of_remote.saturating_add(units), of_all.saturating_add(units)));
    let above = |(of_remote, of_all): &(i64, i64)| {
        let most = Decimal::from(*of_all) * Decimal::from(percent) / Decimal::ONE_HUNDRED;
        Decimal::from(*of_remote) > most
    };
    let (of_remote, of_all) = parts.into_iter().find(above)?;
    Some(Said::new(
        RuleId::ModeShare,
        "/mode",
        format!(
            "With this visit {of_remote} of {of_all} units {} would not be face to face; the payer \
             takes at most {percent} percent.",
            window.words()
        ),
        "More visits face to face make room; it is then decided again by itself.",
    ))
}

fn no_window(ctx: &Context, window: &Window) -> Said {
    Said::new(
        RuleId::ModeShare,
        "/mode",
        format!(
            "The payer limits the part of units {} that is not face to face, and nothing on record \
             covers {}.",
            window.words(),
            ctx.date
        ),
        "A biller records the member's episode of care with its dates; the visit is then decided \
         again.",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::domain::codes::Mode;
    use crate::domain::contract::{Demand, Exceed};
    use crate::domain::facts::{EpisodeFact, FaceToFace, How, Usage};
    use crate::domain::ids::{EpisodeId, PayerId};
    use crate::domain::rules::select;
    use crate::domain::rules::testing::{Case, condition, d, key, limit, span, split, usage};
    use crate::domain::windows::Window;

    fn given(day: &str, mode: Mode, units: i64) -> crate::domain::facts::Usage {
        let mut usage = usage(day, None, units);
        usage.how = Some(How { modifiers: vec![], mode });
        usage
    }

    fn with(demand: Demand, mode: Mode) -> Case {
        Case::with(|c| {
            c.terms.pack.conditions = vec![condition(demand)];
            c.encounter.mode = mode;
        })
    }

    #[test]
    fn rk57_in_person_only_until_a_date() {
        // The shape of Texas: in person only as of 2020, with a later change to come.
        let mut case = with(Demand::Mode { modes: vec![Mode::InPerson] }, Mode::Video);
        assert_eq!(case.only("mode.not_allowed").field, "/mode");
        case.terms.pack.conditions[0].days.to = Some(d("2026-06-30"));
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk58_a_remote_visit_needs_one_face_to_face_in_the_days_before() {
        // The shape of Nebraska: face to face at least once every 30 days.
        let mut case = with(Demand::FaceToFaceWithin { days: 30 }, Mode::Video);
        case.only("mode.no_anchor");
        assert_eq!(split(&case.decide()), (0, 4));
        for (day, mode, anchors) in [
            ("2026-06-01", Mode::InPerson, true),
            ("2026-05-31", Mode::InPerson, false),
            ("2026-07-01", Mode::InPerson, true),
            ("2026-07-02", Mode::InPerson, false),
            ("2026-06-20", Mode::Video, false),
        ] {
            case.facts.usage = vec![given(day, mode, 2)];
            assert_eq!(case.rules().is_empty(), anchors, "{day}");
        }
        // Another service is no anchor, and the condition may speak of both.
        case.facts.usage = vec![given("2026-06-20", Mode::InPerson, 2)];
        case.facts.usage[0].service = key("other");
        case.only("mode.no_anchor");
        case.terms.pack.conditions[0].services.push(key("other"));
        assert!(case.rules().is_empty());
        // A visit that was too short for a unit drew none, and was face to face all the same.
        case.facts.usage = vec![];
        for (service, day, anchors) in [
            ("peer", "2026-06-01", true),
            ("peer", "2026-05-31", false),
            ("other", "2026-06-01", true),
            ("third", "2026-06-01", false),
        ] {
            case.facts.face_to_face = vec![FaceToFace { service: key(service), day: d(day) }];
            assert_eq!(case.rules().is_empty(), anchors, "{service} {day}");
        }
        case.facts.face_to_face.clear();
        // Usage of a mode that nobody knows is no anchor; a visit in person needs none.
        case.facts.usage = vec![usage("2026-06-20", None, 2)];
        case.only("mode.no_anchor");
        case.encounter.mode = Mode::InPerson;
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk57_a_payers_own_word_for_face_to_face() {
        // The shape of Kentucky: live video counts as face to face.
        let mut case = with(Demand::FaceToFaceWithin { days: 30 }, Mode::Video);
        case.terms.pack.face_to_face = vec![Mode::InPerson, Mode::Video];
        assert!(case.rules().is_empty());
        case.encounter.mode = Mode::Audio;
        case.only("mode.no_anchor");
        case.facts.usage = vec![given("2026-06-20", Mode::Video, 1)];
        assert!(case.rules().is_empty());
    }

    #[test]
    fn rk58_remote_units_have_a_greatest_part_of_all() {
        let share = Demand::RemoteShare { percent: 25, window: Window::CalendarYear };
        let mut case = with(share, Mode::Audio);
        case.only("mode.share");
        // 4 more of 16 in all are just a quarter.
        case.facts.usage = vec![given("2026-02-01", Mode::InPerson, 12)];
        assert!(case.rules().is_empty());
        case.facts.usage = vec![given("2026-02-01", Mode::InPerson, 11)];
        assert!(case.only("mode.share").message.contains("4 of 15 units a calendar year"));
        case.facts.usage.push(given("2025-12-31", Mode::InPerson, 50));
        case.only("mode.share");
    }

    #[test]
    fn rk58_the_share_is_of_what_limits_let_be_billed() {
        let share = Demand::RemoteShare { percent: 25, window: Window::CalendarYear };
        let mut case = with(share, Mode::Video);
        let mut cap = limit("video", "2", Window::Day, Exceed::BillUpTo);
        cap.modes = vec![Mode::Video];
        case.terms.pack.limits = vec![cap];
        // 2 of 8 are a quarter; the other 2 of the visit are cut off.
        case.facts.usage = vec![given("2026-02-01", Mode::InPerson, 6)];
        assert_eq!(case.rules(), ["limit.bill_up_to"]);
        assert_eq!(split(&case.decide()), (2, 2));
        case.facts.usage = vec![given("2026-02-01", Mode::InPerson, 5)];
        assert_eq!(case.rules(), ["mode.share", "limit.bill_up_to"]);
        assert!(case.decide().findings[0].message.contains("2 of 7 units"));
        assert_eq!(split(&case.decide()), (0, 4));
        // Where nothing is billed, what the visit asks for is told.
        case.facts.usage.push(given("2026-07-01", Mode::Video, 2));
        assert!(case.decide().findings[0].message.contains("6 of 11 units"));
    }

    #[test]
    fn rk58_the_share_is_of_each_window_and_what_nobody_knows_is_remote() {
        let share = |window| Demand::RemoteShare { percent: 50, window };
        let mut case = with(share(Window::CalendarYear), Mode::Video);
        case.facts.usage = vec![usage("2026-02-01", None, 40)];
        assert!(case.only("mode.share").message.contains("44 of 44 units"));
        // An episode of care: without one, and with two of which only the longer has both kinds.
        let mut case = with(share(Window::Episode { episode: None }), Mode::Video);
        assert!(case.only("mode.share").message.contains("nothing on record covers 2026-07-01"));
        let episode = |kind: &str, from: &str| EpisodeFact {
            id: EpisodeId::from_i64(3),
            payer: PayerId::from_i64(1),
            kind: key(kind),
            span: span(from, None),
        };
        case.facts.usage = vec![given("2026-03-01", Mode::InPerson, 4)];
        case.facts.episodes = vec![episode("a", "2026-01-01")];
        assert!(case.rules().is_empty());
        case.facts.episodes.push(episode("b", "2026-06-01"));
        assert!(case.only("mode.share").message.contains("4 of 4 units"));
    }

    fn rows() -> impl Strategy<Value = Vec<(u64, usize, i64)>> {
        prop::collection::vec((0u64..90, 0usize..3, 1i64..9), 0..14)
    }

    proptest! {
        /// Row by row, and what is kept of usage answers as all of it does.
        #[test]
        fn rk58_a_recount_of_other_visits(
            rows in rows(), days in 1u32..40, percent in 1u32..99, limited in any::<bool>(),
        ) {
            let modes = [Mode::InPerson, Mode::Video, Mode::Audio];
            let day = |offset: u64| d("2026-05-15") + chrono::Days::new(offset);
            let mut case = with(Demand::FaceToFaceWithin { days }, Mode::Video);
            let share = Demand::RemoteShare { percent, window: Window::Month };
            let mut second = condition(share);
            second.key = key("share");
            case.terms.pack.conditions.push(second);
            if limited {
                let window = Window::RollingMonths { length: 6 };
                case.terms.pack.limits = vec![limit("half-year", "900", window, Exceed::Hold)];
            }
            let all: Vec<Usage> = rows
                .iter()
                .map(|(offset, mode, units)| given(&day(*offset).to_string(), modes[*mode], *units))
                .collect();
            let anchored = rows.iter().any(|(offset, mode, _)| {
                let before = (d("2026-07-01") - day(*offset)).num_days();
                *mode == 0 && (0..=i64::from(days)).contains(&before)
            });
            let july = rows.iter().filter(|row| day(row.0) >= d("2026-07-01") && day(row.0) <= d("2026-07-31"));
            let (mut remote, mut total) = (4, 4);
            for (_, mode, units) in july {
                total += units;
                remote += if *mode == 0 { 0 } else { *units };
            }
            let mut wanted: Vec<&str> = vec![];
            if !anchored {
                wanted.push("mode.no_anchor");
            }
            if remote * 100 > total * i64::from(percent) {
                wanted.push("mode.share");
            }
            case.facts.usage.clone_from(&all);
            prop_assert_eq!(case.rules(), wanted.clone());
            let own: Vec<&Usage> = all.iter().collect();
            case.facts.usage = select(&case.terms.pack, &[], &[], d("2026-07-01"), (&own, &[])).usage;
            prop_assert_eq!(case.rules(), wanted);
        }
    }
}
