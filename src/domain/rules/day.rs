//! The sum of a day's minutes (RK14): what a visit changes about it, and how the day's units are
//! shared then.
//!
//! Only the change needs room. A visit that does not get it is left out with its minutes; one that
//! is taken in moves the increments of the others, which its decision tells.

use chrono::NaiveDate;

use super::authorizations::ends_first;
use super::choose::choose;
use super::context::Context;
use super::lines;
use super::modifiers::Form;
use super::room::Room;
use super::table::{Effect, RuleId, Said};
use super::usage::has_scope;
use super::when::Seen;
use crate::domain::codes::PlaceOfService;
use crate::domain::contract::{AuthorizationLevel, LimitScope, Service, SumOver, Terms};
use crate::domain::day_sum::{
    DayFact, DaySum, Measure, Named, Piece, Share, SumKey, SumParts, SummedState, SummedVisit,
    deal, keep, sum,
};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{AuthorizationFact, Facts};
use crate::domain::ids::AuthorizationId;
use crate::domain::member::Coverage;

/// The day before the visit.
#[derive(Debug, Clone)]
pub struct Day<'a> {
    fact: &'a DayFact,
    others: Vec<&'a SummedVisit>,
    measure: Measure,
    own_minutes: u32,
}

/// What is said of a day that makes no unit yet.
const TOO_SHORT: [RuleId; 2] = [RuleId::BelowOneUnit, RuleId::BelowMinimumTime];

/// Nothing is known of other visits: the visit is alone.
static ALONE: DayFact = DayFact { others: Vec::new(), own: Vec::new(), dealt: None };

impl<'a> Day<'a> {
    /// The day of a visit whose service sums over days; none of any other.
    pub fn of(ctx: &Context<'a>) -> Option<Self> {
        let service = ctx.service.filter(|s| s.sum_over == SumOver::Day)?;
        let fact = ctx.facts.day.as_ref().unwrap_or(&ALONE);
        let others = fact.others.iter().filter(|v| v.state != SummedState::LeftOut).collect();
        Some(Self { fact, others, measure: measure(service), own_minutes: ctx.minutes })
    }

    /// Whether the day is on a live claim.
    pub fn is_claimed(&self) -> bool {
        self.others.iter().any(|v| v.state == SummedState::Claimed)
    }

    /// Minutes of the day, this visit's included.
    pub fn minutes(&self) -> u32 {
        self.others_minutes().saturating_add(self.own_minutes)
    }

    fn others_minutes(&self) -> u32 {
        self.others.iter().fold(0, |sum, v| sum.saturating_add(v.minutes))
    }

    /// Units of the day, this visit's included; as told when the share was dealt.
    pub fn units(&self) -> u32 {
        self.fact.dealt.as_ref().map_or_else(|| self.measure.units(self.minutes()), |d| d.units)
    }

    /// Units that the visit adds to the day.
    pub fn adds(&self) -> u32 {
        let before = self.measure.units(self.others_minutes());
        self.measure.units(self.minutes()).saturating_sub(before)
    }

    /// Units that the others hold ready.
    pub fn others_ready(&self) -> u32 {
        self.others.iter().fold(0, |all, v| all.saturating_add(sum(&v.ready)))
    }

    /// Units that need room: what the day is to have ready beyond what it has.
    pub fn change(&self) -> u32 {
        if self.is_claimed() {
            return self.adds();
        }
        let units = self.measure.units(self.minutes());
        let waiting = self.others.iter().fold(0u32, |all, v| all.saturating_add(v.held));
        // A day of at least one unit has at least one ready: else its line would say nothing.
        let wanted = units.saturating_sub(waiting).max(units.min(1));
        wanted.saturating_sub(self.others_ready())
    }

    /// The authorization that the day is on, where a claim names one only.
    pub fn bound(&self, level: AuthorizationLevel) -> Option<AuthorizationId> {
        if level == AuthorizationLevel::Line {
            return None;
        }
        let pieces = self.others.iter().flat_map(|v| &v.ready);
        pieces.filter_map(|p| p.authorization.as_ref()).map(|a| a.id).next()
    }

    fn shares(&self) -> Vec<Share> {
        let share = |v: &&SummedVisit| Share {
            encounter: Some(v.encounter),
            started_at: v.started_at,
            minutes: v.minutes,
            ready: v.ready.clone(),
            held: v.held,
        };
        self.others.iter().map(share).collect()
    }

    /// All pieces of the others and `more`, in the order in which they are dealt out.
    fn pool(&self, facts: &Facts, more: Vec<Piece>) -> Vec<Piece> {
        let of_others = self.others.iter().flat_map(|v| v.ready.iter().cloned());
        in_drawing_order(&facts.authorizations, of_others.chain(more).collect())
    }
}

/// Units by source, alike ones together: those that need no authorization first, then those of
/// each authorization in the order in which they are drawn on.
fn in_drawing_order(known: &[AuthorizationFact], mut pieces: Vec<Piece>) -> Vec<Piece> {
    let fact = |named: &Named| known.iter().find(|a| a.id == named.id);
    pieces.sort_by(|a, b| match (&a.authorization, &b.authorization) {
        (Some(a), Some(b)) => match (fact(a), fact(b)) {
            (Some(a), Some(b)) => ends_first(a, b),
            (known, other) => {
                known.is_none().cmp(&other.is_none()).then_with(|| a.number.cmp(&b.number))
            }
        },
        (a, b) => a.is_some().cmp(&b.is_some()),
    });
    let mut pool: Vec<Piece> = Vec::new();
    for piece in pieces {
        match pool.last_mut() {
            Some(last) if last.authorization == piece.authorization => {
                last.units = last.units.saturating_add(piece.units);
            }
            _ => pool.push(piece),
        }
    }
    pool
}

/// The day is not on a live claim.
pub fn claimed(ctx: &Context) -> Vec<Said> {
    if !Day::of(ctx).is_some_and(|day| day.is_claimed()) {
        return vec![];
    }
    let said = Said::new(
        RuleId::DayClaimed,
        "/started_at",
        format!(
            "This day is already claimed: the visits of {} that are summed with this one are on a \
             live claim.",
            ctx.date
        ),
        "A biller withdraws the claim's batch while that is not released; after release the biller \
         asks for a replacement of the claim, and the visit joins it.",
    );
    vec![match ctx.service {
        Some(service) => said.by(&service.source),
        None => said,
    }]
}

/// The day once the visit is decided: with it, or without it when it is held; none when the
/// service does not sum over days.
pub fn settle(ctx: &Context, room: &Room, said: &[Said]) -> Option<DaySum> {
    let day = Day::of(ctx)?;
    if let Some(dealt) = &day.fact.dealt {
        return Some(dealt.clone());
    }
    let stopped = said.iter().any(|s| s.effect().stops_all() && !TOO_SHORT.contains(&s.rule));
    let change = day.change();
    if stopped || day.is_claimed() || (change > 0 && room.ready() == 0) {
        return Some(without(&day, ctx.facts));
    }
    let ready = room.ready();
    let held = change.saturating_sub(ready);
    let mut pool = day.pool(ctx.facts, pieces(room));
    keep(&mut pool, day.units());
    let mut shares = day.shares();
    shares.push(Share {
        encounter: None,
        started_at: ctx.encounter.started_at,
        minutes: day.own_minutes,
        ready: vec![],
        held,
    });
    Some(deal(shares, pool, day.measure))
}

/// The day without the visit.
fn without(day: &Day, facts: &Facts) -> DaySum {
    if day.is_claimed() {
        let minutes = day.others_minutes();
        return DaySum { minutes, units: day.measure.units(minutes), visits: day.shares() };
    }
    day_without(&facts.authorizations, day.fact.own.clone(), day.shares(), day.measure)
}

/// A day that a visit leaves which held `own`: its units go to the others as far as their minutes
/// make them, the rest is given back.
pub fn day_without(
    known: &[AuthorizationFact],
    own: Vec<Piece>,
    others: Vec<Share>,
    measure: Measure,
) -> DaySum {
    let held = others.iter().flat_map(|v| v.ready.iter().cloned());
    let mut pool = in_drawing_order(known, held.chain(own).collect());
    let minutes = others.iter().fold(0u32, |sum, v| sum.saturating_add(v.minutes));
    keep(&mut pool, measure.units(minutes));
    deal(others, pool, measure)
}

/// The units that the room gives, by source.
pub fn pieces(room: &Room) -> Vec<Piece> {
    let free = Piece { units: room.free, authorization: None };
    let drawn = room.drawn().map(|d| Piece {
        units: d.units,
        authorization: Some(Named {
            id: d.authorization.id,
            number: d.authorization.number.clone(),
        }),
    });
    std::iter::once(free).chain(drawn).filter(|p| p.units > 0).collect()
}

/// With which visits an encounter of `date` is summed, under these terms and the coverage that is
/// billed; none when its service is not summed over days, or nobody is billed.
pub fn sum_key(
    terms: &Terms,
    date: NaiveDate,
    billed: Option<&Coverage>,
    encounter: &EncounterData,
) -> Option<SumKey> {
    let service = choose(&terms.pack, encounter, date).filter(|s| s.sum_over == SumOver::Day)?;
    let billed = billed?;
    // What follows from the peer's certificates alone tells no two visits of the key apart: the peer
    // and the date are in it, or nothing follows from certificates.
    let product = billed.data.product.as_ref();
    let seen =
        Seen { pack: &terms.pack, encounter, date, product, certificates: &[], episodes: &[] };
    let place = lines::place_of(encounter, service);
    let parts = SumParts {
        payer: billed.data.payer,
        number: &billed.data.member_number,
        service: &service.key,
        modifiers: &Form::of(&seen, service).modifiers,
        place: &place,
        location: &terms.agreement.billing_location,
        peer: (!across_peers(terms, &place)).then_some(encounter.peer),
    };
    Some(SumKey::new(encounter.member, date, parts))
}

/// Whether visits of several peers are one sum: their claim says of none who gave it, and neither
/// what is counted nor how the line looks follows from the peer.
fn across_peers(terms: &Terms, place: &PlaceOfService) -> bool {
    !terms.pack.claim.names_peer(place) && may_sum_across_peers(terms)
}

/// Whether there may be sums of several peers' visits under these terms.
pub fn may_sum_across_peers(terms: &Terms) -> bool {
    let pack = &terms.pack;
    let mut whens = (pack.modifiers.iter().map(|m| &m.when))
        .chain(pack.conditions.iter().map(|c| &c.when))
        .chain(pack.limits.iter().map(|l| &l.when))
        .chain(pack.copays.iter().map(|c| &c.when))
        .chain(terms.agreement.rates.iter().map(|r| &r.when));
    pack.services.iter().any(|s| s.sum_over == SumOver::Day)
        && !pack.claim.names_peers_everywhere()
        && !has_scope(pack, LimitScope::Peer)
        && whens.all(|when| when.certificates.is_empty())
}

/// How the service of a visit turns minutes into units.
pub fn measure(service: &Service) -> Measure {
    let Service { unit_minutes, rounding, min_minutes, .. } = *service;
    Measure { unit_minutes, rounding, min_minutes }
}

/// A visit that is held for another reason may yet lift its day: it is held, and not put aside for
/// what the day makes without it.
pub fn holds_win(ctx: &Context, said: &mut Vec<Said>) {
    let held = said.iter().any(|s| s.effect() == Effect::HoldAll);
    if held && Day::of(ctx).is_some() {
        said.retain(|s| !TOO_SHORT.contains(&s.rule));
    }
}

/// Whether what is said leaves only a part held, by a limit or an authorization.
pub fn is_partial(said: &Said) -> bool {
    said.effect() == Effect::HoldPart
}
