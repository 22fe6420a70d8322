//! Is there room under the contract's limits (RK19 to RK24)?

use rust_decimal::Decimal;

use super::account::{Account, Standing, units_in_words};
use super::conditions::words;
use super::conditions_paper::on_record;
use super::context::Context;
use super::room;
use super::table::{RuleId, Said};
use crate::domain::contract::{Exceed, Limit, LimitScope, Pack, SumOver, Wanted};

/// Limits of the pack that count the line of the encounter, in pack order.
pub fn of_line<'a>(ctx: &Context, pack: &'a Pack) -> impl Iterator<Item = &'a Limit> {
    let line = ctx.service.map(|service| (service.key.clone(), ctx.how()));
    let (date, seen) = (ctx.date, ctx.seen());
    let looked_at = move |limit: &&Limit| {
        limit.days.covers(date)
            && (limit.when.is_always() || seen.is_some_and(|seen| seen.is(&limit.when)))
    };
    pack.limits.iter().filter(looked_at).filter(move |limit| {
        line.as_ref().is_some_and(|(service, how)| limit.counts(service, Some(how)))
    })
}

/// Those with one answer to excess that are counted here, with where they stand; limits without a
/// window on the date are told of by [`no_episode`].
fn standing<'a>(
    ctx: &Context,
    pack: &'a Pack,
    account: Account,
    answers: &[Exceed],
) -> Vec<(&'a Limit, Standing)> {
    of_line(ctx, pack)
        .filter(|l| l.scope != LimitScope::Member && answers.contains(&l.exceed))
        .filter_map(|l| Some((l, account.limit(l, ctx.date)?)))
        .collect()
}

/// Cuts `asked` units to those that fit every `bill_up_to` limit, and every `necessity` limit whose
/// excess no document shows to be necessary, and tells of each that cuts.
pub fn cut(ctx: &Context, pack: &Pack, account: Account, asked: u32) -> (u32, Vec<Said>) {
    let mut fitting = asked;
    let mut said = vec![];
    for (limit, at) in cutting(ctx, pack, account, asked) {
        fitting = fitting.min(at.room());
        said.push(up_to(ctx, limit, &at, asked));
    }
    (fitting, said)
}

/// The limits that cut, with where they stand.
fn cutting<'a>(
    ctx: &Context,
    pack: &'a Pack,
    account: Account,
    asked: u32,
) -> Vec<(&'a Limit, Standing)> {
    let mut all = standing(ctx, pack, account, &[Exceed::BillUpTo, Exceed::Necessity]);
    all.retain(|(limit, at)| at.room() < asked && !is_necessary(ctx, limit));
    all
}

/// Of `billed` units that do not fit limits which hold a visit whole, those that it holds already and that fit: more
/// room elsewhere takes none of them away. None where nothing is to be kept, or all fit. Of a day's sum nothing is:
/// what is asked there is what the visit changes about it.
pub fn keep(ctx: &Context, pack: &Pack, account: Account, billed: u32) -> Option<(u32, Vec<Said>)> {
    let kept = ctx.facts.kept.units;
    if kept == 0 || ctx.service.is_some_and(|s| s.sum_over == SumOver::Day) {
        return None;
    }
    let mut full = standing(ctx, pack, account, &[Exceed::Hold, Exceed::Never]);
    full.retain(|(_, at)| Decimal::from(billed) > at.left);
    let fits = |at: &Standing| at.moved.is_none() && Decimal::from(kept) <= at.left;
    if full.is_empty() || !full.iter().all(|(_, at)| fits(at)) {
        return None;
    }
    let up_to = |(limit, at): (&Limit, Standing)| {
        up_to(ctx, limit, &Standing { left: Decimal::from(kept), ..at }, billed)
    };
    Some((kept, full.into_iter().map(up_to).collect()))
}

/// For each limit that cuts only because no document shows that more is necessary, the documents of
/// which one would do. Where the visit would move other visits into a full window none would.
pub fn missed<'a>(ctx: &Context<'a>) -> Vec<&'a [Wanted]> {
    let Some((terms, asked)) = ctx.terms.zip(room::asked(ctx)) else { return vec![] };
    let account = Account::of(&terms.pack, ctx.facts);
    let lifted =
        |(limit, at): &(&Limit, Standing)| limit.exceed == Exceed::Necessity && at.moved.is_none();
    let cuts = cutting(ctx, &terms.pack, account, asked).into_iter().filter(lifted);
    cuts.map(|(limit, _)| limit.necessity.as_slice()).collect()
}

/// Whether a document on record shows that what is above the limit is necessary. All units count in the
/// limit, as those do that an authorization covers.
fn is_necessary(ctx: &Context, limit: &Limit) -> bool {
    limit.exceed == Exceed::Necessity && on_record(ctx, &limit.necessity)
}

/// Tells of every `hold` and `never` limit that `units` more do not fit. One whose excess needs an
/// authorization or a document holds a visit, too, that would move other visits into a window that is
/// then full: nothing of this visit speaks of theirs.
pub fn refuse(ctx: &Context, pack: &Pack, account: Account, units: u32) -> Vec<Said> {
    standing(ctx, pack, account, Exceed::ALL)
        .into_iter()
        .filter(|(limit, at)| match limit.exceed {
            Exceed::Hold | Exceed::Never => at.moved.is_some() || Decimal::from(units) > at.left,
            Exceed::Authorization => at.moved.is_some(),
            Exceed::Necessity => at.moved.is_some() && is_necessary(ctx, limit),
            Exceed::BillUpTo => false,
        })
        .map(|(limit, at)| hold(ctx, limit, &at, units))
        .collect()
}

/// Tells of every limit that counts in an episode when none covers the date.
pub fn no_episode(ctx: &Context, pack: &Pack, account: Account) -> Vec<Said> {
    of_line(ctx, pack)
        .filter(|limit| account.limit(limit, ctx.date).is_none())
        .map(|limit| {
            Said::new(
                RuleId::LimitNoEpisode,
                "/started_at",
                format!(
                    "The limit '{}' is {}, and none on record covers {}.",
                    limit.key,
                    in_words(limit),
                    ctx.date
                ),
                "A biller records the member's episode of care with its dates, or corrects them; \
                 the visit is then decided again.",
            )
            .by(&limit.source)
        })
        .collect()
}

/// Tells of limits counted across organizations that the units do not fit, and no more than that.
pub fn across(ctx: &Context, pack: &Pack, units: u32) -> Vec<Said> {
    of_line(ctx, pack)
        .filter(|l| l.scope == LimitScope::Member && ctx.facts.full.contains(&l.key))
        .map(|limit| {
            Said::new(
                RuleId::LimitAcross,
                ctx.kind_field(),
                format!(
                    "The limit '{}' is {}, which the payer counts across organizations: {} more \
                     do not fit, so all of the visit is held.",
                    limit.key,
                    in_words(limit),
                    units_in_words(units)
                ),
                "A biller asks the payer what is left for the member.",
            )
            .by(&limit.source)
        })
        .collect()
}

/// `8.5 units a day`, `104 units in 6 months on a rolling count`.
pub fn in_words(limit: &Limit) -> String {
    let noun = if limit.units == Decimal::ONE { "unit" } else { "units" };
    let by = if limit.scope == LimitScope::Peer { " for one peer" } else { "" };
    let amount = match limit.hours {
        Some(hours) if hours == Decimal::ONE => "1 hour".to_owned(),
        Some(hours) => format!("{} hours", hours.normalize()),
        None => format!("{} {noun}", limit.units.normalize()),
    };
    format!("{amount}{by} {}", limit.window.words())
}

fn state(limit: &Limit, at: &Standing) -> String {
    let limited = format!("The limit '{}' is {};", limit.key, in_words(limit));
    match at.moved {
        Some(days) => format!(
            "{limited} counted from this earlier service, more than that was used {}.",
            days.words()
        ),
        None => format!("{limited} used {}: {}.", at.days.words(), at.used),
    }
}

fn up_to(ctx: &Context, limit: &Limit, at: &Standing, asked: u32) -> Said {
    let room = at.room();
    let outcome = if room == 0 {
        format!("There is no room, so all is held ({}).", units_in_words(asked))
    } else {
        format!(
            "Of {}, it lets {room} be billed and holds {}.",
            units_in_words(asked),
            asked.saturating_sub(room)
        )
    };
    let said = if limit.exceed == Exceed::Necessity {
        let names = words(limit.necessity.iter().map(|w| w.kind.as_str()), " or ");
        Said::new(
            RuleId::LimitNecessity,
            ctx.kind_field(),
            format!(
                "{} {outcome} More needs a document of the kind {names} that is good on {}, and none \
                 is on record.",
                state(limit, at),
                ctx.date
            ),
            "A clinician writes why the member needs more; a biller records it with its dates, and \
             the visit is decided again.",
        )
    } else {
        Said::new(
            RuleId::LimitBillUpTo,
            ctx.kind_field(),
            format!("{} {outcome}", state(limit, at)),
            "Nothing can be billed over the limit; a biller checks whether the other visits of these \
             days were recorded rightly.",
        )
    };
    said.by(&limit.source)
}

fn hold(ctx: &Context, limit: &Limit, at: &Standing, units: u32) -> Said {
    let (rule, fix) = if limit.exceed == Exceed::Never {
        let fix = "Nothing can lift this limit; a biller checks whether the other visits of these \
                   days were recorded rightly.";
        (RuleId::LimitNever, fix)
    } else {
        let fix = "A biller checks whether the other visits of these days were recorded rightly, \
                   or agrees with the payer on an exception.";
        (RuleId::LimitHold, fix)
    };
    let said = Said::new(
        rule,
        ctx.kind_field(),
        format!(
            "{} There is no room for {} more, so all of the visit is held.",
            state(limit, at),
            units_in_words(units)
        ),
        fix,
    );
    said.by(&limit.source)
}
