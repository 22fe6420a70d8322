//! A visit at one time as its reader sees it, and the step by which it became another.
//!
//! Of what a reader is not told, nothing is kept: a payer that did not see a visit at the first time learns
//! that it was released since, and not whether it had been recorded (`docs/adr/0137`).

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::NaiveDate;

use crate::domain::report::fact::Fact;
use crate::reports::frame::Lens;
use crate::reports::utilization::Perspective;

/// Contacts, units, minutes, charge and expected of a visit, as the reader sees it.
pub(super) type Numbers = [i64; 5];

/// A visit at one time. What reports tell of it beside its numbers is kept as hashes, because there are
/// millions of visits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// As the reader counts it in the period; none when it does not.
    pub numbers: Option<Numbers>,
    /// Whether the reader sees it, in whatever period.
    seen: bool,
    /// Whether the reader sees what became of its claims, in whatever period.
    told: bool,
    /// Whether a released claim states it.
    sent: bool,
    /// Whether the last of its claims was rejected.
    rejected: bool,
    /// Whether it is void, as far as the reader knows: a payer knows a void of its claim that it took.
    voided: bool,
    /// What it was: who, how, where, on which day.
    described: u64,
    /// Minutes of a unit of what is counted; none where they are not known.
    lengths: Option<u64>,
    /// The date that places it in the period.
    pub date: NaiveDate,
    /// What became of its claims; none where the reader is not told.
    story: Option<u64>,
    /// What of it waits, for which reasons; the organization's own matter.
    waits: u64,
}

fn hashed(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl State {
    /// Of what is known of a visit; none where the reader is told nothing of it. `program`: as the reader is
    /// told of it; `there`: in the period.
    pub(super) fn of(
        lens: &Lens,
        (fact, program): (&Fact, Option<&String>),
        (day, placed): (NaiveDate, Option<NaiveDate>),
        there: bool,
    ) -> Option<Self> {
        let own = lens.edition == Perspective::Organization;
        let (sees, sees_sent) = (lens.sees(fact), lens.sees_sent(fact));
        let last = fact.sent.as_ref().map(|sent| (sent.last_status.as_str(), sent.payer));
        let reversed = last.is_some_and(|(status, payer)| {
            let to_it = lens.payer.is_none_or(|wanted| payer == Some(wanted.as_i64()));
            to_it && matches!(status, "voided" | "closed")
        });
        // An organization knows of all its visits, whichever payer it asks about.
        if !(own || sees || sees_sent || reversed) {
            return None;
        }
        let billed = fact.billed.unwrap_or_default();
        let numbers = [1, lens.units(fact), fact.minutes, billed.charge, billed.expected];
        let described = hashed((
            (&fact.payer, &fact.number, &fact.service, &fact.role, &fact.mode, &fact.setting),
            (fact.session, day, program),
            // Peers and rosters are the organization's own.
            own.then_some((fact.peer, fact.member, fact.absent, fact.recorded)),
            // Whose number it is, rosters of others may have said.
            (!own).then_some(&fact.person),
        ));
        let minutes = lens.unit_minutes(fact);
        let lengths = (!minutes.is_empty()).then(|| hashed(minutes));
        let waits = own.then_some((fact.status, fact.units, fact.open, &fact.held_by));
        Some(Self {
            numbers: (there && sees).then_some(numbers),
            seen: own || sees,
            told: sees_sent,
            sent: fact.billed.is_some(),
            rejected: fact.billed.is_none() && last.is_some_and(|(status, _)| status == "rejected"),
            voided: if own { !fact.counts() } else { reversed },
            described,
            lengths,
            date: placed.unwrap_or(day),
            story: (there && sees_sent).then(|| hashed(&fact.sent)),
            waits: hashed(waits),
        })
    }
}

/// The step by which a visit became another, and by how much; `payer`: as a payer reads it.
pub(super) fn step(
    before: Option<&State>,
    after: Option<&State>,
    payer: bool,
) -> Option<(&'static str, Numbers)> {
    let of = |state: Option<&State>| state.and_then(|s| s.numbers);
    let less = |a: Numbers, b: Numbers| {
        let ([a0, a1, a2, a3, a4], [b0, b1, b2, b3, b4]) = (a, b);
        [a0 - b0, a1 - b1, a2 - b2, a3 - b3, a4 - b4]
    };
    let sent = |state: Option<&State>| state.is_some_and(|s| s.sent);
    let seen = |state: Option<&State>| state.is_some_and(|s| s.seen);
    let rejected = |state: Option<&State>| state.is_some_and(|s| s.rejected);
    // Not on a released claim any more: taken back by the organization, or rejected by the payer.
    let gone = if rejected(after) { "rejected" } else { "withdrawn" };
    match (of(before), of(after)) {
        (None, None) => Some((of_story(before, after, gone)?, Numbers::default())),
        (None, Some(now)) => {
            let why = match (payer, seen(before)) {
                (true, false) => "released",
                (false, false) => "late",
                (_, true) if !sent(before) && sent(after) => "released",
                (_, true) => "moved",
            };
            Some((why, now))
        }
        (Some(then), None) => {
            let why = match after {
                Some(state) if payer && state.seen => "moved",
                Some(state) if state.voided => "voided",
                _ if payer => gone,
                Some(_) if sent(before) && !sent(after) => gone,
                _ => "moved",
            };
            Some((why, less(Numbers::default(), then)))
        }
        (Some(then), Some(now)) if then == now => {
            Some((same_numbers(before?, after?)?, Numbers::default()))
        }
        (Some(then), Some(now)) => {
            let why = match (sent(before), sent(after)) {
                (false, true) => "released",
                (true, false) => gone,
                _ => "corrected",
            };
            Some((why, less(now, then)))
        }
    }
}

/// The step of a visit that is counted neither before nor after: what is told of its claims is another.
fn of_story(
    before: Option<&State>,
    after: Option<&State>,
    gone: &'static str,
) -> Option<&'static str> {
    let story = |state: Option<&State>| state.and_then(|s| s.story);
    let told = |state: Option<&State>| state.is_some_and(|s| s.told);
    match (story(before), story(after)) {
        (was, is) if was == is => None,
        (None, _) if told(before) => Some("moved"),
        (_, None) if told(after) => Some("moved"),
        (_, None) => Some(gone),
        (_, Some(_)) if after?.rejected && !before.is_some_and(|s| s.rejected) => Some("rejected"),
        _ => Some("answered"),
    }
}

/// The step of a visit whose numbers are the same.
fn same_numbers(before: &State, after: &State) -> Option<&'static str> {
    let known = before.lengths.zip(after.lengths);
    if before.described != after.described || known.is_some_and(|(was, is)| was != is) {
        Some("described")
    } else if before.story != after.story {
        Some("answered")
    } else if before.waits != after.waits {
        Some("waits")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(units: i64, charge: i64) -> State {
        let numbers = Some([1, units, 15 * units, charge, charge]);
        State { numbers, seen: true, sent: charge > 0, ..State::default() }
    }

    const ZERO: Numbers = [0; 5];

    #[test]
    fn each_change_has_its_cause() {
        let returned = State { rejected: true, ..state(4, 0) };
        let void = State { seen: true, voided: true, ..State::default() };
        let hidden = State { seen: true, ..State::default() };
        let (ready, sent) = (state(4, 0), state(4, 900));
        for (before, after, wanted) in [
            (None, Some(ready), Some(("late", [1, 4, 60, 0, 0]))),
            (Some(ready), Some(sent), Some(("released", [0, 0, 0, 900, 900]))),
            (Some(ready), Some(state(2, 0)), Some(("corrected", [0, -2, -30, 0, 0]))),
            (Some(sent), Some(ready), Some(("withdrawn", [0, 0, 0, -900, -900]))),
            (Some(sent), Some(returned), Some(("rejected", [0, 0, 0, -900, -900]))),
            (Some(returned), Some(sent), Some(("released", [0, 0, 0, 900, 900]))),
            (Some(ready), Some(void), Some(("voided", [-1, -4, -60, 0, 0]))),
            (None, Some(void), None),
            (Some(ready), None, Some(("moved", [-1, -4, -60, 0, 0]))),
            // By submission everybody sees a visit from its release on.
            (Some(hidden), Some(sent), Some(("released", [1, 4, 60, 900, 900]))),
            (Some(sent), Some(hidden), Some(("withdrawn", [-1, -4, -60, -900, -900]))),
            (Some(sent), Some(void), Some(("voided", [-1, -4, -60, -900, -900]))),
            (Some(hidden), Some(hidden), None),
            // Not on a claim before or after: of another period by now.
            (Some(ready), Some(hidden), Some(("moved", [-1, -4, -60, 0, 0]))),
            (Some(sent), Some(state(3, 700)), Some(("corrected", [0, -1, -15, -200, -200]))),
            // The same numbers, and something else is told.
            (Some(sent), Some(State { described: 1, ..sent }), Some(("described", ZERO))),
            (Some(sent), Some(State { story: Some(1), ..sent }), Some(("answered", ZERO))),
            (Some(ready), Some(State { waits: 1, ..ready }), Some(("waits", ZERO))),
            (Some(ready), Some(ready), None),
        ] {
            assert_eq!(
                step(before.as_ref(), after.as_ref(), false),
                wanted,
                "{before:?} {after:?}"
            );
        }
    }

    #[test]
    fn a_payer_learns_nothing_of_what_it_did_not_see() {
        let sent = state(4, 900);
        let elsewhere = State { numbers: None, ..sent };
        // Rejected or taken back: of such a visit only the story of its claims is told.
        let had = State { story: Some(1), ..State::default() };
        let reversed = State { voided: true, ..State::default() };
        let less = [-1, -4, -60, -900, -900];
        for (before, after, wanted) in [
            // Whether it was recorded at the first time or not.
            (None, Some(sent), Some(("released", [1, 4, 60, 900, 900]))),
            (Some(had), Some(sent), Some(("released", [1, 4, 60, 900, 900]))),
            (Some(elsewhere), Some(sent), Some(("moved", [1, 4, 60, 900, 900]))),
            (Some(sent), Some(elsewhere), Some(("moved", less))),
            // Whatever became of it at the organization.
            (Some(sent), None, Some(("withdrawn", less))),
            (Some(sent), Some(had), Some(("withdrawn", less))),
            (Some(sent), Some(reversed), Some(("voided", less))),
            (Some(had), Some(State { story: Some(2), ..had }), Some(("answered", ZERO))),
            (None, Some(had), Some(("answered", ZERO))),
            (Some(had), Some(had), None),
        ] {
            assert_eq!(step(before.as_ref(), after.as_ref(), true), wanted, "{before:?} {after:?}");
        }
    }
}
