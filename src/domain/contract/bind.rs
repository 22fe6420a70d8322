//! Binds an agreement to its pack: together they are the terms of a contract version.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::adjust::adjusted;
use super::fault::{Fault, Place};
use super::form::ClaimForm;
use super::form::own::set_in_pack;
use super::model::{Agreement, Pack, Rate, Service, Terms};
use super::modifier_rule::can_carry;
use super::nearest::hint;
use super::node::Node;
use super::node_json::from_json;
use super::node_toml::from_toml;
use super::read::agreement;
use crate::domain::codes::Modifier;
use crate::domain::dates::Span;
use crate::domain::identifiers::Key;

/// The terms, or every fault, each with a JSON pointer into the agreement's layout.
pub fn bind(pack: &Pack, agreement: &Agreement) -> Result<Terms, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut refuse = |pointer: String, path: String, message: String| {
        faults.push(Fault::new(Place::Pointer(pointer), path, message));
    };
    if (&agreement.pack, &agreement.pack_version) != (&pack.key, &pack.version) {
        let Pack { key, version, .. } = pack;
        let message = format!("the pack at hand is {key}@{version}; name it, or bring the other");
        refuse("/contract/pack".into(), "contract.pack".into(), message);
    }
    for unknown in &pack.unknown {
        let message = format!(
            "the pack {}@{} is not complete: {unknown}; ask the payer and bind a version that says it",
            pack.key, pack.version
        );
        refuse("/contract/pack".into(), "contract.pack".into(), message);
    }
    if agreement.rates.is_empty() {
        let message = "no rate is given; add at least one [[rate]]".to_owned();
        refuse("/rate".into(), "rate".into(), message);
    }
    for (index, rate) in agreement.rates.iter().enumerate() {
        if pack.service(&rate.service).is_none() {
            let hint = hint(rate.service.as_str(), pack.services.iter().map(|s| s.key.as_str()));
            let message = format!("the pack has no service with this key; {hint}");
            refuse(
                format!("/rate/{index}/service"),
                format!("rate[{}].service", index + 1),
                message,
            );
        }
        let service = pack.service(&rate.service);
        let strange = |m: &Modifier| service.is_some_and(|s| !can_carry(s, &pack.modifiers, m));
        for (place, modifier) in rate.modifiers.iter().enumerate().filter(|(_, m)| strange(m)) {
            refuse(
                format!("/rate/{index}/modifiers/{place}"),
                format!("rate[{}].modifiers[{}]", index + 1, place + 1),
                format!("no line of the service can have {modifier}; correct or remove it"),
            );
        }
    }
    faults.extend(strange_programs(pack, agreement));
    let (mut adjusted, found) = adjusted(pack, agreement);
    faults.extend(found);
    match own_form(pack, agreement) {
        Ok(form) => *adjusted.claim.form = form,
        Err(found) => faults.extend(found),
    }
    if faults.is_empty() {
        Ok(Terms { pack: adjusted, agreement: agreement.clone() })
    } else {
        Err(faults)
    }
}

/// Services of programs that the pack does not have.
fn strange_programs(pack: &Pack, agreement: &Agreement) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, rule) in agreement.programs.iter().enumerate() {
        for (place, key) in rule.services.iter().enumerate() {
            if pack.service(key).is_none() {
                let hint = hint(key.as_str(), pack.services.iter().map(|s| s.key.as_str()));
                faults.push(Fault::new(
                    Place::Pointer(format!("/program/{index}/services/{place}")),
                    format!("program[{}].services[{}]", index + 1, place + 1),
                    format!("the pack has no service with this key; {hint}"),
                ));
            }
        }
    }
    faults
}

/// The claim form of the pack with what the organization says of its own claims. A pack that says it
/// itself, from before that was refused, would send one organization's money to another's address.
fn own_form(pack: &Pack, agreement: &Agreement) -> Result<ClaimForm, Vec<Fault>> {
    let form = &pack.claim.form;
    let of_pack = set_in_pack(form).into_iter().map(|key| {
        let message = format!(
            "the pack {}@{} says claim.{key}, which only one organization can say; bind a version \
             that does not, and say it under [contract.claim]",
            pack.key, pack.version
        );
        Fault::new(Place::Pointer("/contract/pack".into()), "contract.pack", message)
    });
    let of_pack: Vec<Fault> = of_pack.collect();
    if !of_pack.is_empty() {
        return Err(of_pack);
    }
    let placed = |(key, message): (&str, String)| {
        let pointer = Place::Pointer(format!("/contract/claim/{key}"));
        Fault::new(pointer, format!("contract.claim.{key}"), message)
    };
    form.with(&agreement.claim).map_err(|found| found.into_iter().map(placed).collect())
}

/// Reads an agreement and binds it; every fault with its line.
pub fn terms_from_toml(pack: &Pack, text: &str) -> Result<Terms, Vec<Fault>> {
    from_toml(text).map_err(|fault| vec![fault]).and_then(|node| terms(pack, &node))
}

/// Reads an agreement and binds it; every fault with its JSON pointer.
pub fn terms_from_json(pack: &Pack, document: &Json) -> Result<Terms, Vec<Fault>> {
    from_json(document).map_err(|fault| vec![fault]).and_then(|node| terms(pack, &node))
}

fn terms(pack: &Pack, node: &Node) -> Result<Terms, Vec<Fault>> {
    let agreement = agreement(node)?;
    bind(pack, &agreement).map_err(|faults| {
        let mut found: Vec<(usize, Fault)> =
            faults.into_iter().map(|f| relocate(node, f)).collect();
        found.sort_by_key(|(order, _)| *order);
        found.into_iter().map(|(_, fault)| fault).collect()
    })
}

/// Puts the place of the text in place of a pointer.
fn relocate(node: &Node, fault: Fault) -> (usize, Fault) {
    let found = match &fault.place {
        Place::Pointer(pointer) => node.at_pointer(pointer),
        Place::Line(_) => node,
    };
    (found.order, Fault { place: found.place.clone(), ..fault })
}

/// The line of a TOML document on which stands what a JSON pointer names, or the deepest table on its
/// way.
pub fn line_of(text: &str, pointer: &str) -> Option<u32> {
    match from_toml(text).ok()?.at_pointer(pointer).place {
        Place::Line(line) => Some(line),
        Place::Pointer(_) => None,
    }
}

/// What is allowed and yet worth a look, in plain sentences: services without any rate, days of the
/// contract before the first or after the last rate of a service, and charges below the allowance.
pub fn gaps(terms: &Terms) -> Vec<String> {
    let mut of_service: BTreeMap<&Key, Vec<&Rate>> = BTreeMap::new();
    for rate in &terms.agreement.rates {
        of_service.entry(&rate.service).or_default().push(rate);
    }
    let mut warnings = Vec::new();
    for service in &terms.pack.services {
        match of_service.get_mut(&service.key) {
            None => warnings.push(format!(
                "service {} has no rate: its visits will be held until one is added",
                service.key
            )),
            Some(rates) => {
                rates.sort_by_key(|rate| rate.span);
                // By what lines and visits they are for: others have their own days.
                while let Some(first) = rates.first().copied() {
                    let same =
                        |r: &&Rate| (&r.modifiers, &r.when) == (&first.modifiers, &first.when);
                    let (of_kind, others): (Vec<&Rate>, Vec<&Rate>) =
                        rates.drain(..).partition(same);
                    warn_of_rates(service, terms.agreement.span, &of_kind, &mut warnings);
                    *rates = others;
                }
            }
        }
    }
    warnings
}

fn warn_of_rates(service: &Service, contract: Span, rates: &[&Rate], warnings: &mut Vec<String>) {
    let key = &service.key;
    if let Some(first) = rates.first().map(|r| r.span.from).filter(|day| *day > contract.from) {
        warnings.push(format!(
            "service {key} has no rate before {first}, and the contract begins on {}: visits of \
             before will be held",
            contract.from
        ));
    }
    let last = rates.last().and_then(|rate| rate.span.to);
    if let Some(last) = last.filter(|day| contract.to.is_none_or(|to| *day < to)) {
        warnings.push(format!(
            "service {key} has no rate after {last}, while the contract goes on: visits of later \
             will be held"
        ));
    }
    for rate in rates.iter().filter(|rate| rate.charge.is_some_and(|c| c < rate.allowed)) {
        let from = rate.span.from;
        warnings.push(format!(
            "service {key}, rate from {from}: the charge lies below the allowance, and the payer \
             pays the lesser of both"
        ));
    }
}
