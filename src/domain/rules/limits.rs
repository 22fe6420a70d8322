//! Is there room under the contract's limits (RK19, RK21, RK23, RK24)?

use rust_decimal::Decimal;

use super::account::{Account, Counted, units_in_words, whole};
use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::{Exceed, Limit, Pack, Service};

/// Limits of the pack that count the service, in pack order.
pub fn of_service<'a>(pack: &'a Pack, service: &Service) -> impl Iterator<Item = &'a Limit> {
    pack.limits.iter().filter(|l| l.services.contains(&service.key))
}

/// What others have used of a limit in its window around the service date, and what is left.
fn left(ctx: &Context, account: Account, limit: &Limit) -> (Counted, Decimal) {
    let used = account.all(&limit.services, limit.window, ctx.date);
    (used, limit.units.saturating_sub(Decimal::from(used.units)))
}

/// Cuts `asked` units to those that fit every `bill_up_to` limit, and tells of each that cuts.
pub fn cut(
    ctx: &Context,
    pack: &Pack,
    account: Account,
    service: &Service,
    asked: u32,
) -> (u32, Vec<Said>) {
    let mut fitting = asked;
    let mut said = vec![];
    for limit in of_service(pack, service).filter(|l| l.exceed == Exceed::BillUpTo) {
        let (used, left) = left(ctx, account, limit);
        let room = whole(left);
        if room < asked {
            fitting = fitting.min(room);
            said.push(up_to(ctx, limit, used, room, asked));
        }
    }
    (fitting, said)
}

/// Tells of every `hold` limit that `units` more do not fit.
pub fn refuse(
    ctx: &Context,
    pack: &Pack,
    account: Account,
    service: &Service,
    units: u32,
) -> Vec<Said> {
    of_service(pack, service)
        .filter(|l| l.exceed == Exceed::Hold)
        .filter_map(|limit| {
            let (used, left) = left(ctx, account, limit);
            (Decimal::from(units) > left).then(|| hold(ctx, limit, used, units))
        })
        .collect()
}

/// `8.5 units a day`.
pub fn in_words(limit: &Limit) -> String {
    let noun = if limit.units == Decimal::ONE { "unit" } else { "units" };
    format!("{} {noun} {}", limit.units.normalize(), limit.window.words())
}

fn state(limit: &Limit, used: Counted) -> String {
    let days = if used.from == used.to {
        format!("on {}", used.from)
    } else {
        format!("from {} to {}", used.from, used.to)
    };
    format!("The limit '{}' is {}; used {days}: {}.", limit.key, in_words(limit), used.units)
}

fn up_to(ctx: &Context, limit: &Limit, used: Counted, room: u32, asked: u32) -> Said {
    let outcome = if room == 0 {
        format!("There is no room, so all is held ({}).", units_in_words(asked))
    } else {
        format!(
            "Of {}, it lets {room} be billed and holds {}.",
            units_in_words(asked),
            asked.saturating_sub(room)
        )
    };
    let said = Said::new(
        RuleId::LimitBillUpTo,
        ctx.kind_field(),
        format!("{} {outcome}", state(limit, used)),
        "Nothing can be billed over the limit; a biller checks whether earlier visits of these \
         days were recorded rightly.",
    );
    said.by(&limit.source)
}

fn hold(ctx: &Context, limit: &Limit, used: Counted, units: u32) -> Said {
    let said = Said::new(
        RuleId::LimitHold,
        ctx.kind_field(),
        format!(
            "{} There is no room for {} more, so all of the visit is held.",
            state(limit, used),
            units_in_words(units)
        ),
        "A biller checks whether earlier visits of these days were recorded rightly, or agrees \
         with the payer on an exception.",
    );
    said.by(&limit.source)
}

#[cfg(test)]
mod tests {
    use crate::domain::contract::Exceed::{BillUpTo, Hold};
    use crate::domain::dates::WeekStart;
    use crate::domain::dates::Window::{CalendarYear, Day, Month, Week};
    use crate::domain::decision::Disposition;
    use crate::domain::rules::testing::{Case, carc, decimal, key, limit, split, usage};

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
            assert_eq!(split(&case(window, inside).decide()), (1, 3), "{window}");
            assert_eq!(split(&case(window, outside).decide()), (4, 0), "{window}");
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
        assert_eq!(full.decide().remaining[0].remaining, decimal("-4"));
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
            c.terms.pack.limits =
                vec![limit("hold", "3", Day, Hold), limit("cut", "2", Day, BillUpTo)];
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
        assert_eq!(case("8.5").decide().remaining[0].remaining, decimal("0.5"));
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
}
