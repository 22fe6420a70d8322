//! Reads an agreement: `[contract]`, its `[[rate]]` lines and its `[[program]]` lines.

use rust_decimal::Decimal;

use super::dropped::read_agreed;
use super::form::OwnForm;
use super::layer::{self, Adjusted, Adjustment};
use super::model::{Agreement, ProgramRule, Rate};
use super::never::BELOW_ONE;
use super::read::Version;
use super::read_profile::qualifier;
use super::reader::{Amount, Reader, Spot};
use super::table::Table;
use super::when::read_when;
use crate::domain::codes::Modifier;
use crate::domain::dates::Span;
use crate::domain::identifiers::Key;

/// Most rate lines: a hundred services with twenty rate changes each.
pub const MAX_RATES: usize = 2000;
/// Most program lines, and most services or programs of one: an organization has a dozen.
pub const MAX_PROGRAMS: usize = 100;
/// A rate or charge for one unit, in dollars: no unit of peer support costs more.
const RATE: Amount = Amount { decimals: 4, below: 10_000 };

pub(super) const RATE_KEYS: &[&str] =
    &["service", "from", "to", "allowed", "charge", "accepted_elsewhere", "modifiers", "when"];
pub(super) const ADJUSTMENT_KEYS: &[&str] =
    &["limit", "authorization", "condition", "copay", "filing", "units", "number"];
pub(super) const CONTRACT_KEYS: &[&str] = &[
    "organization",
    "payer",
    "pack",
    "from",
    "to",
    "supersedes",
    "billing_location",
    "sender_qualifier",
    "sender_id",
    "provider_number_issued",
    "claim",
];

/// The agreement as it stands; [`super::bind`] holds it against its pack.
pub(super) fn read_agreement(r: &mut Reader, document: &Spot<'_>) -> Option<Agreement> {
    let root = document.table(r, &["contract", "rate", "program", "adjustment", "dropped"])?;
    let contract = root.need(r, "contract").and_then(|at| at.table(r, CONTRACT_KEYS));
    let mut agreement = contract.and_then(|table| read_contract(r, &table));
    let rates = read_rates(r, &root, agreement.as_ref().map(|a| a.span));
    let programs = read_programs(r, &root);
    let adjustments = read_adjustments(r, &root);
    let dropped = read_agreed(r, &root);
    if let Some(agreement) = &mut agreement {
        agreement.programs = programs;
        agreement.adjustments = adjustments;
        agreement.dropped = dropped;
        agreement.rates = rates;
    }
    agreement
}

/// `[contract]`, with no rates yet.
fn read_contract(r: &mut Reader, table: &Table<'_>) -> Option<Agreement> {
    let organization = table.required(r, "organization");
    let payer = table.required(r, "payer");
    let pack = table.need(r, "pack").and_then(|spot| read_pack_name(r, &spot));
    let span = table.span(r);
    let supersedes = table.get("supersedes").map(|spot| spot.parse(r));
    let billing_location = table.required(r, "billing_location");
    let sender_qualifier = qualifier(r, table, "sender_qualifier");
    let sender_id = table.required(r, "sender_id");
    let issued = table.get("provider_number_issued").map(|spot| spot.date(r));
    let claim = OwnForm::read(r, table.get("claim"));
    let (pack, Version(pack_version)) = pack?;
    Some(Agreement {
        organization: organization?,
        payer: payer?,
        pack,
        pack_version,
        span: span?,
        supersedes: supersedes.flatten(),
        billing_location: billing_location?,
        sender_qualifier: sender_qualifier?,
        sender_id: sender_id?,
        claim: Box::new(claim?),
        rates: Vec::new(),
        provider_number_issued: issued.flatten(),
        adjustments: Vec::new(),
        dropped: Vec::new(),
        programs: Vec::new(),
    })
}

fn read_pack_name(r: &mut Reader, spot: &Spot<'_>) -> Option<(Key, Version)> {
    let text = spot.text(r)?;
    let parts = text.split_once('@');
    let named = parts.and_then(|(key, version)| Some((key.parse().ok()?, version.parse().ok()?)));
    if named.is_none() {
        spot.refuse(r, "a pack is named by key and version, such as \"some-payer@2026.1\"");
    }
    named
}

fn read_rates(r: &mut Reader, root: &Table<'_>, contract: Option<Span>) -> Vec<Rate> {
    let mut rates: Vec<Rate> = Vec::new();
    let mut begins: Vec<Spot<'_>> = Vec::new();
    for at in root.tables(r, "rate", MAX_RATES) {
        let Some(table) = at.table(r, RATE_KEYS) else {
            continue;
        };
        let Some(rate) = read_rate(r, &table) else { continue };
        // Rates for other lines or visits may hold on the same days.
        let same = |other: &&Rate| {
            (&other.service, &other.modifiers, &other.when)
                == (&rate.service, &rate.modifiers, &rate.when)
                && other.span.overlaps(&rate.span)
        };
        if rates.iter().any(|other| same(&other)) {
            let message = "another rate of this service holds on some of these days; \
                           end the earlier one before this one begins";
            at.refuse(r, message);
        }
        if contract.is_some_and(|span| !span.overlaps(&rate.span)) {
            at.refuse(r, "this rate never holds: its days lie outside those of the contract");
        }
        begins.push(table.at_key("from"));
        rates.push(rate);
    }
    refuse_holes(r, &rates, &begins);
    rates
}

/// A hole between two known rates of a service is a slip of the pen: what it was meant to be is not
/// for the service to guess, and visits would be held in it.
fn refuse_holes(r: &mut Reader, rates: &[Rate], places: &[Spot<'_>]) {
    for (rate, at) in rates.iter().zip(places) {
        let earlier = |other: &&Rate| {
            (&other.service, &other.modifiers, &other.when)
                == (&rate.service, &rate.modifiers, &rate.when)
                && other.span.from < rate.span.from
        };
        let last = rates.iter().filter(earlier).max_by_key(|other| other.span.from);
        let first = last.and_then(|rate| rate.span.to).and_then(|to| to.succ_opt());
        if let (Some(first), Some(last)) = (first, rate.span.from.pred_opt())
            && first <= last
        {
            let message = format!(
                "this service has no rate from {first} to {last}, between two known rates; close \
                 the hole"
            );
            at.refuse(r, message);
        }
    }
}

fn read_rate(r: &mut Reader, table: &Table<'_>) -> Option<Rate> {
    let service = table.required(r, "service");
    let span = table.span(r);
    let allowed = table.need(r, "allowed").and_then(|spot| spot.amount(r, RATE));
    let mut amount = |key: &str| table.get(key).map(|spot| spot.amount(r, RATE));
    let (charge, elsewhere) = (amount("charge"), amount("accepted_elsewhere"));
    let mut modifiers: Vec<Modifier> = table.values(r, "modifiers");
    modifiers.sort();
    let when = read_when(r, table);
    Some(Rate {
        service: service?,
        span: span?,
        allowed: allowed?,
        charge: charge.flatten(),
        accepted_elsewhere: elsewhere.flatten(),
        modifiers,
        when: when?,
    })
}

/// Numbers agreed on otherwise; [`super::bind`] holds them against the pack.
fn read_adjustments(r: &mut Reader, root: &Table<'_>) -> Vec<Adjustment> {
    let mut adjustments: Vec<Adjustment> = Vec::new();
    for at in root.tables(r, "adjustment", MAX_PROGRAMS) {
        let Some(table) = at.table(r, ADJUSTMENT_KEYS) else { continue };
        let Some((rule, key)) = read_adjusted(r, &table) else { continue };
        let other = if key == "units" { "number" } else { "units" };
        if let Some(stray) = table.get(other) {
            stray.refuse(r, format!("what is agreed on for this rule is said under `{key}`"));
            continue;
        }
        let spot = table.need(r, key);
        let amount = Amount { decimals: if key == "units" { 3 } else { 4 }, ..layer::UNITS };
        let units = spot.as_ref().and_then(|spot| spot.amount(r, amount));
        if let (Some(spot), Some(units), "units") = (&spot, units, key)
            && units < Decimal::ONE
        {
            spot.refuse(r, BELOW_ONE);
        }
        if let Some(units) = units {
            if adjustments.iter().any(|a| a.rule == rule) {
                at.refuse(r, "this rule is adjusted already; keep one of both");
            }
            adjustments.push(Adjustment { rule, units });
        }
    }
    adjustments
}

/// The rule of an adjustment, and under which key its number stands.
fn read_adjusted(r: &mut Reader, table: &Table<'_>) -> Option<(Adjusted, &'static str)> {
    let kinds = ["limit", "authorization", "condition", "copay", "filing"];
    let mut named = kinds.into_iter().filter_map(|kind| Some((kind, table.get(kind)?)));
    let Some((kind, spot)) = named.next() else {
        let todo = "name the limit, `authorization` rule, `condition` or `copay`, or `filing`";
        table.missing(r, "limit", todo);
        return None;
    };
    if let Some((_, spot)) = named.next() {
        spot.refuse(r, "an adjustment is of one rule, not of several; make two of them");
        return None;
    }
    Some(match kind {
        "limit" => (spot.parse(r).map(Adjusted::Limit)?, "units"),
        "authorization" => (spot.parse(r).map(Adjusted::Free)?, "units"),
        "condition" => (spot.parse(r).map(Adjusted::Condition)?, "number"),
        "copay" => (spot.parse(r).map(Adjusted::Copay)?, "number"),
        _ => (spot.parse(r).map(Adjusted::Filing)?, "number"),
    })
}

fn read_programs(r: &mut Reader, root: &Table<'_>) -> Vec<ProgramRule> {
    let mut rules: Vec<ProgramRule> = Vec::new();
    for at in root.tables(r, "program", MAX_PROGRAMS) {
        let Some(table) = at.table(r, &["services", "programs"]) else { continue };
        let mut keys = |name: &str| -> Vec<Key> {
            let Some(list) = table.need(r, name) else { return Vec::new() };
            let keys = list.values::<Key>(r);
            if keys.is_empty() {
                list.refuse(r, "name at least one");
            }
            keys.into_iter().map(|(_, key)| key).collect()
        };
        let services = keys("services");
        let programs = keys("programs");
        // A visit has one program, and each table that speaks of its service must be fulfilled.
        let apart = |rule: &&ProgramRule| {
            let of_one = rule.services.iter().any(|s| services.contains(s));
            of_one && !rule.programs.iter().any(|p| programs.contains(p))
        };
        if let Some(other) = rules.iter().filter(|_| !programs.is_empty()).find(apart) {
            let of: Vec<&str> = other.services.iter().map(Key::as_str).collect();
            let message = format!(
                "no visit has a program of this table and of the one for {} as well, so a service of both \
                 could not be billed; name a program that both have",
                of.join(", ")
            );
            table.at_key("programs").refuse(r, message);
        }
        rules.push(ProgramRule { services, programs });
    }
    rules
}
