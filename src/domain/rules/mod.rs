//! The rules: contract, facts and encounter in, a decision with all its reasons out.
//!
//! Pure: no clock, no I/O, so any past decision can be replayed. Each family of rules is a file
//! and looks at the same [`Context`]; none sees another's answer, except that room (limits and
//! authorizations) is worked out in one place. Findings are told in the order of [`RULES`],
//! whatever the order of evaluation (`docs/architecture.md`, "How a decision is made").

mod account;
mod across;
mod activity;
pub mod alternatives;
mod alternatives_past;
mod authorizations;
mod choose;
mod conditions;
mod conditions_company;
mod conditions_lack;
mod conditions_member;
mod conditions_mode;
mod conditions_paper;
mod conditions_peer;
mod conditions_supervisor;
mod consent;
mod context;
mod copays;
mod day;
mod documents;
mod eligibility;
pub mod explain;
mod filing;
mod form;
mod group;
mod help;
mod help_table;
mod kinds;
mod leaning;
mod limits;
mod lines;
mod looks;
mod member;
mod minutes;
mod modifiers;
mod opened;
mod overlaps;
mod overridden;
mod peer;
mod period;
mod place;
mod product;
mod program;
mod remaining;
mod room;
mod table;
mod unknown;
mod usage;
mod when;
mod who;

#[cfg(test)]
mod authorizations_tests;
#[cfg(test)]
mod day_history_tests;
#[cfg(test)]
mod day_tests;
#[cfg(test)]
mod history_recount;
#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod history_world;
#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod limits_necessity_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod lines_tests;
#[cfg(test)]
mod reference_asks;
#[cfg(test)]
mod reference_case;
#[cfg(test)]
mod reference_engine;
#[cfg(test)]
mod reference_life;
#[cfg(test)]
mod reference_people;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod reference_world;
#[cfg(test)]
mod shapes_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod testing_answers;
#[cfg(test)]
mod whole_tests;

use self::context::Context;
use self::room::Room;
use self::table::{Said, in_order};
use super::contract::Terms;
use super::day_sum::DaySum;
use super::decision::{Decision, DecisionLine, Disposition, LineAnswer};
use super::encounter::EncounterData;
use super::facts::Facts;
use super::finding::{Finding, Severity};

pub use self::across::{is_shared, unfit};
pub use self::choose::choose;
pub use self::conditions_company::{PeerVisit, peer_windows, reach_of_peer};
pub use self::conditions_supervisor::supervised;
pub use self::day::{day_without, may_sum_across_peers, measure, sum_key};
pub use self::help::{Denial, Help, Source};
pub use self::kinds::{KINDS, Kind};
pub use self::leaning::{LIFTED_BY_OTHERS, Leaning, begins_windows, leans};
pub use self::lines::place_of;
pub use self::looks::own_rules;
pub use self::modifiers::how;
pub use self::opened::opened;
pub use self::remaining::allowances;
pub use self::table::{Effect, RULES, Rule, RuleId};
pub use self::usage::{Selected, has_scope, reach, select};
pub use self::when::Seen;
pub use self::who::Overriding;

type Family = fn(&Context) -> Vec<Said>;

/// What is looked at again when a claim is built and when its batch is released.
const STANDING: &[Family] = &[
    eligibility::coverage,
    eligibility::other_coverage,
    peer::certificate,
    conditions::papers,
    consent::part2,
    filing::deadline,
    form::gaps,
];

/// What is looked at only when an encounter is decided; room comes on top.
const ONCE: &[Family] = &[
    eligibility::contract,
    activity::activity,
    activity::never_billed,
    activity::in_force,
    unknown::unknown,
    modifiers::fit,
    conditions::conditions,
    peer::role,
    program::program,
    place::mode,
    place::setting,
    member::age,
    member::diagnosis,
    member::present,
    product::known,
    member::address,
    documents::signature,
    documents::goal,
    group::group,
    group::session,
    overlaps::overlaps,
    day::claimed,
    minutes::below_one_unit,
    lines::rate,
    form::diagnoses,
    form::zero_charge,
];

/// Decides an encounter under the terms in force for the billed payer on its service date (none:
/// what can be told without them is). Total: every input has a decision, the same one always.
pub fn decide(terms: Option<&Terms>, facts: &Facts, encounter: &EncounterData) -> Decision {
    let ctx = Context::new(terms, facts, encounter);
    let mut room = Room::of(&ctx);
    let mut said: Vec<Said> = ONCE.iter().chain(STANDING).flat_map(|family| family(&ctx)).collect();
    said.append(&mut room.said);
    said.append(&mut conditions::of_billed(&ctx, &room));
    said.append(&mut period::claimed(&ctx, &room));
    said.append(&mut form::notes(&ctx, &room));
    let mut said = overridden::apply(&ctx, in_order(said));
    day::holds_win(&ctx, &mut said);
    if said.iter().any(|s| s.effect().stops_all()) {
        room = room.nothing();
    }
    let day_sum = day::settle(&ctx, &room, &said);
    // What waited for room has found it in what the day held.
    if day_sum.as_ref().and_then(DaySum::own).is_some_and(|own| own.held == 0) {
        said.retain(|s| !day::is_partial(s));
    }
    let never = said.iter().any(|s| s.effect() == Effect::Never);
    let lines = if never { vec![] } else { lines::lines(&ctx, &room, day_sum.as_ref()) };
    Decision {
        disposition: disposition(&lines, never),
        service_date: ctx.date,
        minutes: ctx.minutes,
        service: ctx.service.map(|s| s.key.clone()),
        lines,
        day_sum,
        findings: said.into_iter().map(|s| s.finding).collect(),
        remaining: remaining::after(&ctx, &room),
        file_by: filing::file_by(&ctx),
    }
}

fn disposition(lines: &[DecisionLine], never: bool) -> Disposition {
    if lines.iter().any(|l| l.answer == LineAnswer::Ready) {
        Disposition::Ready
    } else if never {
        Disposition::NonBillable
    } else {
        Disposition::Held
    }
}

/// What now stands against claiming an encounter that was ready: eligibility, other coverage,
/// certificate, documents and credentials of the contract's conditions, Part 2 posture and filing
/// deadline as of `facts`. Warnings are left out, so an
/// empty answer means that the claim can be built or released.
pub fn standing(terms: Option<&Terms>, facts: &Facts, encounter: &EncounterData) -> Vec<Finding> {
    let ctx = Context::new(terms, facts, encounter);
    let said = in_order(STANDING.iter().flat_map(|family| family(&ctx)).collect());
    let said = overridden::apply(&ctx, said);
    said.into_iter().map(|s| s.finding).filter(|f| f.severity != Severity::Warn).collect()
}

/// Whether a claim of the visit's period may already say what this visit would: to be asked when a
/// claim is built of visits that were decided before the claim was made.
pub fn may_stand_on_claim(terms: Option<&Terms>, facts: &Facts, encounter: &EncounterData) -> bool {
    let ctx = Context::new(terms, facts, encounter);
    facts.claimed.iter().any(|claim| period::shares_claim(&ctx, claim))
}

/// The rules that hold a visit because what it belongs to is on a live claim: once that claim is
/// withdrawn, the visit is to be decided again.
pub const WAITS_FOR_CLAIM: [RuleId; 2] = [RuleId::PeriodClaimed, RuleId::DayClaimed];
