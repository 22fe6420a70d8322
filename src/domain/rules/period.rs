//! Is the week or month of the visit, or the line of its day, on a claim already (`docs/definitions.md`
//! section 5)?
//!
//! A claim for a period states all of it: what comes later can only go onto its replacement, and a
//! second original for the same days would be denied as a duplicate. So would one for the same day and
//! procedure, where the payer wants these as one line (`docs/adr/0169`).

use super::context::Context;
use super::lines;
use super::room::Room;
use super::table::{RuleId, Said};
use crate::domain::contract::AuthorizationLevel;
use crate::domain::facts::{ClaimedFact, ClaimedLine};
use crate::domain::identifiers::AuthorizationNumber;

/// The period is not on a live claim that these units would have stood on.
pub fn claimed(ctx: &Context, room: &Room) -> Vec<Said> {
    if room.ready() == 0 {
        return vec![];
    }
    let Some(terms) = ctx.terms else { return vec![] };
    let on_claim = terms.pack.claim.authorization_level == AuthorizationLevel::Claim;
    let drawn: Option<&AuthorizationNumber> = room.number().filter(|_| on_claim);
    let found = ctx.facts.claimed.iter().find(|claim| {
        shares_claim(ctx, claim)
            && has_line(claim, |line| is_alike(ctx, line) && line.modifiers == ctx.form.modifiers)
            && (!on_claim || claim.authorization.as_ref() == drawn)
    });
    found.map(|claim| said(ctx, claim)).into_iter().collect()
}

/// Whether the claim covers more than a day, or has such a line.
fn has_line(claim: &ClaimedFact, is: impl Fn(&ClaimedLine) -> bool) -> bool {
    claim.lines.is_empty() || claim.lines.iter().any(is)
}

/// Whether the line is of the visit's procedure and place. Minutes that are summed over the day have a rule of
/// their own.
fn is_alike(ctx: &Context, line: &ClaimedLine) -> bool {
    ctx.service.is_some_and(|service| {
        service.sum_over.is_contact()
            && service.procedure == line.procedure
            && lines::place_of(ctx.encounter, service) == line.place
    })
}

/// Whether the visit and the claim are of the same peer, where claims name one, and diagnoses, and of
/// the same place where the payer wants one for each claim, and tell of the same location. A claim of one day
/// has a line of the same procedure and place, too; its modifiers may be others.
pub fn shares_claim(ctx: &Context, claim: &ClaimedFact) -> bool {
    let Some((terms, service)) = ctx.terms.zip(ctx.service) else { return false };
    let (profile, place) = (&terms.pack.claim, lines::place_of(ctx.encounter, service));
    !claim.elsewhere
        && has_line(claim, |line| is_alike(ctx, line))
        && profile.names_peer(&place) == profile.names_peer(&claim.place)
        && profile.unites(&place, claim.peer, ctx.encounter.peer)
        && claim.diagnoses == ctx.encounter.diagnoses
        && (!profile.one_place_per_claim || claim.place == place)
}

fn said(ctx: &Context, claim: &ClaimedFact) -> Said {
    let period = ctx.terms.map(|t| t.pack.claim.period).unwrap_or_default();
    let (date, number) = (ctx.date, &claim.number);
    let message = match ctx.service.filter(|_| period.is_day()) {
        None => {
            format!("This period is already claimed: the {period} of {date} is on claim {number}.")
        }
        Some(service) => format!(
            "This day is already claimed: {} of {date} is on claim {number}, and a further claim of it \
             looks like a duplicate to this payer.",
            service.procedure
        ),
    };
    Said::new(
        RuleId::PeriodClaimed,
        "/started_at",
        message,
        "A biller withdraws the claim's batch while that is not released; after release the biller \
         asks for a replacement of the claim, and the visit joins it.",
    )
}

#[cfg(test)]
mod tests {
    use crate::domain::claim::ClaimNumber;
    use crate::domain::codes::{Modifier, PlaceOfService, ProcedureCode};
    use crate::domain::contract::AuthorizationNeed::Always;
    use crate::domain::contract::Rollup;
    use crate::domain::facts::{ClaimedFact, ClaimedLine};
    use crate::domain::identifiers::AuthorizationNumber;
    use crate::domain::ids::PeerId;
    use crate::domain::period::Period;
    use crate::domain::rules::testing::{Case, authorization, carc, diagnosis, need, split};

    /// A visit whose week is on a claim for all that `bend` leaves alike.
    fn claimed(bend: impl FnOnce(&mut Case, &mut ClaimedFact)) -> Case {
        Case::with(|c| {
            c.terms.pack.claim.period = Period::Week;
            let mut claim = ClaimedFact {
                number: ClaimNumber::parse("P1").unwrap(),
                peer: c.encounter.peer,
                diagnoses: c.encounter.diagnoses.clone(),
                authorization: None,
                place: PlaceOfService::parse("11").unwrap(),
                elsewhere: false,
                lines: vec![],
            };
            bend(c, &mut claim);
            c.facts.claimed = vec![claim];
        })
    }

    #[test]
    fn a_period_that_the_organization_claimed_holds_what_would_have_stood_on_its_claim() {
        let case = claimed(|_, _| {});
        let finding = case.only("period.claimed");
        assert_eq!(carc(&finding), Some("18"));
        assert!(finding.message.contains("the week of 2026-07-01 is on claim P1"));
        assert_eq!(split(&case.decide()), (0, 4));
        // The place counts where the payer wants one for each claim.
        let elsewhere = |one: bool| {
            claimed(|c, claim| {
                c.terms.pack.claim.one_place_per_claim = one;
                claim.place = PlaceOfService::parse("12").unwrap();
            })
        };
        elsewhere(false).only("period.claimed");
        for case in [
            elsewhere(true),
            claimed(|_, claim| claim.elsewhere = true),
            claimed(|_, claim| claim.peer = PeerId::from_i64(8)),
            claimed(|_, claim| claim.diagnoses = vec![diagnosis("F33.1")]),
            claimed(|_, claim| claim.authorization = AuthorizationNumber::parse("A-5").ok()),
        ] {
            assert!(case.rules().is_empty());
        }
        let drawn = claimed(|c, claim| {
            c.terms.pack.authorizations = vec![need(Always)];
            c.facts.authorizations = vec![authorization(5, 10, "2026-01-01", None)];
            claim.authorization = AuthorizationNumber::parse("A-5").ok();
        });
        drawn.only("period.claimed");
    }

    /// A visit whose day is claimed, of a payer that rolls up days, for a line that `bend` leaves alike.
    fn day_claimed(bend: impl FnOnce(&mut Case, &mut ClaimedFact)) -> Case {
        let line = {
            let decided = Case::with(|_| ()).decide();
            let line = decided.lines.first().expect("a line");
            let (procedure, modifiers) = (line.procedure.clone(), line.modifiers.clone());
            ClaimedLine { procedure, modifiers, place: line.place.clone() }
        };
        claimed(|c, claim| {
            (c.terms.pack.claim.period, c.terms.pack.claim.rollup) = (Period::Day, Rollup::Day);
            claim.lines = vec![line];
            bend(c, claim);
        })
    }

    #[test]
    fn a_line_of_a_day_that_is_claimed_holds_what_would_have_been_part_of_it() {
        let case = day_claimed(|_, _| {});
        let finding = case.only("period.claimed");
        let said = "This day is already claimed: H0038 of 2026-07-01 is on claim P1";
        assert!(finding.message.starts_with(said), "{}", finding.message);
        assert_eq!(split(&case.decide()), (0, 4));
        let other = |change: fn(&mut ClaimedLine)| {
            day_claimed(|_, claim| claim.lines.iter_mut().for_each(change))
        };
        for case in [
            other(|line| line.procedure = ProcedureCode::parse("H2014").unwrap()),
            other(|line| line.modifiers = vec![Modifier::parse("HQ").unwrap()]),
            other(|line| line.place = PlaceOfService::parse("12").unwrap()),
            day_claimed(|_, claim| claim.peer = PeerId::from_i64(8)),
            day_claimed(|_, claim| claim.diagnoses = vec![diagnosis("F33.1")]),
        ] {
            assert!(case.rules().is_empty());
        }
    }
}
