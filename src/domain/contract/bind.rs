//! Binds an agreement to its pack: together they are the terms of a contract version.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::fault::{Fault, Place};
use super::model::{Agreement, Pack, Rate, Service, Terms};
use super::nearest::hint;
use super::node::Node;
use super::node_json::from_json;
use super::node_toml::from_toml;
use super::read::agreement;
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
    }
    for (index, rule) in agreement.programs.iter().enumerate() {
        for (place, key) in rule.services.iter().enumerate() {
            if pack.service(key).is_none() {
                let hint = hint(key.as_str(), pack.services.iter().map(|s| s.key.as_str()));
                refuse(
                    format!("/program/{index}/services/{place}"),
                    format!("program[{}].services[{}]", index + 1, place + 1),
                    format!("the pack has no service with this key; {hint}"),
                );
            }
        }
    }
    if faults.is_empty() {
        Ok(Terms { pack: pack.clone(), agreement: agreement.clone() })
    } else {
        Err(faults)
    }
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

/// What is allowed and yet worth a look, in plain sentences: services without any rate, holes
/// between two known rates of a service, and charges below the allowance.
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
                warn_of_rates(service, rates, &mut warnings);
            }
        }
    }
    warnings
}

fn warn_of_rates(service: &Service, rates: &[&Rate], warnings: &mut Vec<String>) {
    let key = &service.key;
    for (earlier, later) in rates.iter().zip(rates.iter().skip(1)) {
        let first = earlier.span.to.and_then(|day| day.succ_opt());
        if let (Some(first), Some(last)) = (first, later.span.from.pred_opt())
            && first <= last
        {
            warnings.push(format!(
                "service {key} has no rate from {first} to {last}, between two known rates: \
                 visits on these days will be held"
            ));
        }
    }
    for rate in rates.iter().filter(|rate| rate.charge.is_some_and(|c| c < rate.allowed)) {
        let from = rate.span.from;
        warnings.push(format!(
            "service {key}, rate from {from}: the charge lies below the allowance, and the payer \
             pays the lesser of both"
        ));
    }
}
