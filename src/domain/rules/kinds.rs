//! The rule kinds that payers need, RK01 to RK73, each with the pack keys that say it.
//!
//! The numbers are stable handles: rules name those that they cover ([`super::Rule::covers`]), and
//! tests are named after them (`rk48_…`). Docs are made from this table and those names.

/// A kind of rule that some payer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its number, such as `RK48`.
    pub id: &'static str,
    /// What it is, in a sentence.
    pub says: &'static str,
    /// Keys of packs and contracts (`docs/contracts.md`) that say it.
    pub keys: &'static [&'static str],
    /// Why it cannot be said yet; none once it can.
    pub waits: Option<&'static str>,
}

const LEDGER: &str = "it is about remittances and cash, which come with the ledger";
const PRICING: &str = "pricing by the month or day is rare, and comes later";

const fn kind(id: &'static str, keys: &'static [&'static str], says: &'static str) -> Kind {
    Kind { id, says, keys, waits: None }
}

const fn waits(id: &'static str, why: &'static str, says: &'static str) -> Kind {
    Kind { id, says, keys: &[], waits: Some(why) }
}

/// All kinds, in order.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
    // Codes and modifiers
    kind("RK01", &["service.activities", "service.group"], "The same service has another code by payer, program or group form."),
    kind("RK02", &["modifier.add", "modifier.when"], "The modifiers follow the diagnosis or the program."),
    kind("RK03", &["condition.modifier_one_of"], "At least one of several modifiers must be there."),
    kind("RK04", &["condition.modifier_list"], "Only listed modifiers are allowed, in the order of the list."),
    kind("RK05", &["authorization.modifiers"], "A modifier makes an authorization necessary."),
    kind("RK06", &["modifier.percent", "modifier.stacking"], "A modifier multiplies the price; several may, may not, or it is not known."),
    kind("RK07", &["rate.modifiers", "modifier.when"], "The price is a grid of staff level and place."),
    kind("RK08", &["modifier.add"], "A modifier is there for information only, or is the payer's own."),
    kind("RK09", &["service.from", "service.to", "service.roles"], "A code belongs to a kind of practitioner and to dates."),
    kind("RK10", &["service.to", "service.successor", "condition.claim_hold"], "A code was retired and has a successor; the payer asks to hold claims."),
    kind("RK11", &["condition.other_payer"], "A funding modifier sends the claim to another payer."),
    // Time to units
    kind("RK12", &["service.rounding", "service.rounding_source"], "Rounding is data: floor, ceiling, nearest, midpoint, eight minutes."),
    kind("RK13", &["service.min_minutes"], "Nothing is billed of a day with less than some minutes."),
    kind("RK14", &["service.sum_over"], "What is summed before it is rounded: the contact or the day."),
    kind("RK15", &["service.rounding"], "Nothing is sent for zero units."),
    waits("RK16", PRICING, "A day or month has a rate, with fewest and most contacts and minutes."),
    waits("RK17", PRICING, "A code for a month's first minutes has an add-on code for more."),
    kind("RK18", &["never_billed.activities"], "Named activities never count as time."),
    // Quantity limits
    kind("RK19", &["limit.window"], "A limit counts in a day, week, month, quarter, year, fiscal year, episode, rolling or consecutive window."),
    kind("RK20", &["limit.modifiers", "limit.modes"], "A cap differs by modifier, or is shared by several."),
    kind("RK21", &["limit"], "Several windows hold on one code at once."),
    kind("RK22", &["limit.scope"], "Counted are the units of the member, of the member and the organization, or of one peer."),
    kind("RK23", &["limit.units", "limit.hours"], "A cap may have a fraction, and stays exact."),
    kind("RK24", &["limit.exceed", "limit.necessity"], "A limit may be exceeded by authorization, by a note of necessity, in part, or never."),
    kind("RK25", &["condition.units_per_visit"], "A claim line holds at most so many units, whoever pays."),
    // Authorization
    kind("RK26", &["authorization.free_units", "authorization.window"], "Some units are free, then an authorization is needed."),
    kind("RK27", &["authorization.require"], "An authorization is needed before any service."),
    kind("RK28", &["authorization.block"], "The payer authorizes blocks of so many units over so many days."),
    kind("RK29", &["limit.when", "when.episodes", "limit.episode", "authorization.episode"], "Units come in a package with a term, by diagnosis and level of need."),
    kind("RK30", &["authorization"], "An authorization given later, for days that have passed, counts for them."),
    kind("RK31", &["limit.layer", "limit.agreement", "authorization.layer", "authorization.agreement", "service.layer", "condition.layer", "condition.agreement", "copay.layer", "copay.agreement", "filing.layer", "filing.agreement", "documentation.layer", "dropped", "adjustment"], "State, plan and agreement are layers; each may only loosen, or only tighten, and says what it drops."),
    kind("RK32", &["limit.to", "authorization.to", "condition.to"], "A limit ends on a date."),
    // Groups
    kind("RK33", &["service.group.max_size"], "A group has at most so many members."),
    kind("RK34", &["condition.group_average"], "Groups have so many members on average."),
    kind("RK35", &["service.group"], "A service is not given in groups at all."),
    kind("RK36", &["documentation.signed_note"], "Each member of a group has a note of their own."),
    // Staff
    kind("RK37", &["service.certificates", "certificates_end"], "The peer's certificate is valid on the service date."),
    kind("RK38", &["condition.endorsement"], "The certificate carries the endorsement that the service needs."),
    kind("RK39", &["condition.certificate"], "Two credentials are needed at once."),
    kind("RK40", &["service.provisional_months"], "Work may begin before the certificate, until a deadline."),
    kind("RK41", &["condition.staff_age"], "The peer has a least age."),
    kind("RK42", &["condition.age_gap"], "Peer and member are so many years apart."),
    kind("RK43", &["condition.no_relationship"], "Some relationships between peer and member bar the service."),
    kind("RK44", &["condition.document"], "The peer is supervised so often, by somebody with a credential."),
    kind(
        "RK45",
        &["service.group.members_per_peer", "condition.caseload", "condition.supervisees"],
        "One peer leads so many members, one supervisor so many peers.",
    ),
    kind("RK46", &["claim.rendering", "claim.rendering_taxonomy"], "Who stands as the rendering provider is the payer's choice."),
    kind("RK47", &["condition.document"], "The organization is accredited, enrolled or of a kind."),
    // Member and clinical
    kind("RK48", &["service.min_age", "service.max_age"], "The member's age lies in a band."),
    kind("RK49", &["service.diagnosis_classes", "condition.diagnosis_excluded", "condition.diagnosis_family"], "The diagnosis is of a class."),
    kind("RK50", &["condition.document"], "An assessment has at least some score."),
    kind("RK51", &["condition.product"], "The member's coverage is of a product line."),
    kind("RK52", &["program.programs", "condition.enrolled"], "The member is in another service or program, too."),
    kind("RK53", &["service.member_may_be_absent", "condition.member_present"], "The member was not there, and the claim still carries the member's number."),
    // Concurrency, place, mode
    kind("RK54", &[], "Nobody is in two contacts at the same time."),
    kind("RK55", &["condition.not_enrolled"], "The member is not enrolled in a service that has peer support in it."),
    kind("RK56", &["condition.not_enrolled"], "The member is not in an inpatient or residential level of care."),
    kind("RK57", &["service.modes", "condition.mode", "pack.face_to_face"], "A service may be given in some modes only."),
    kind("RK58", &["condition.face_to_face_within", "condition.remote_share"], "There is a visit in person every so many days, or remote visits have a greatest share."),
    // Sequence and paper
    kind("RK59", &["condition.document"], "Something comes first: an order by the first day, a plan within the first sessions."),
    kind("RK60", &["condition.document"], "A recommendation or order expires."),
    kind("RK61", &["condition.document"], "A document has the elements that its kind needs."),
    kind("RK62", &["documentation.plan_goal", "condition.plan_goal", "condition.document"], "Each note names a goal of the plan."),
    // Money and claims
    kind("RK63", &["rate.from", "rate.to", "rate.when"], "The rate is that of the date."),
    kind("RK64", &["rate.allowed", "rate.charge", "rate.accepted_elsewhere"], "The lesser of charge and allowance is paid."),
    kind(
        "RK65",
        &["copay.per_unit", "copay.per_visit", "copay.per_day"],
        "The member pays a share for each unit, visit or day.",
    ),
    kind("RK66", &["filing.days", "filing.months", "filing.later_of", "filing.next_business_day", "filing.holidays", "filing.stop_days"], "Claims are filed within so many days."),
    waits("RK67", LEDGER, "Appeals are filed within so many days of the remittance."),
    waits("RK68", LEDGER, "The payer pays clean claims within so many days."),
    kind("RK69", &["service.bypass_other_coverage"], "Other coverage pays first, but for listed services."),
    waits("RK70", LEDGER, "Of two providers who bill the same visit the first claim is paid."),
    waits("RK71", LEDGER, "A grant pays last."),
    waits("RK72", LEDGER, "Claims for a plan that left are taken for some time."),
    kind("RK73", &["unknown", "condition.unknown", "modifier.stacking"], "What nobody knows is held for a person."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::RULES;
    use super::*;

    #[test]
    fn every_kind_is_listed_once_in_order() {
        let ids: Vec<&str> = KINDS.iter().map(|k| k.id).collect();
        let wanted: Vec<String> = (1..=73).map(|n| format!("RK{n:02}")).collect();
        assert_eq!(ids, wanted);
        for kind in KINDS {
            assert!(kind.says.ends_with('.'), "{}", kind.id);
            assert!(kind.waits.is_none() || kind.keys.is_empty(), "{}", kind.id);
        }
    }

    #[test]
    fn what_rules_cover_exists_and_what_waits_is_not_covered_by_a_key() {
        let known: BTreeSet<&str> = KINDS.iter().map(|k| k.id).collect();
        let covered: BTreeSet<&str> =
            RULES.iter().flat_map(|r| r.covers).copied().filter(|c| c.starts_with("RK")).collect();
        assert!(covered.is_subset(&known), "{covered:?}");
        // What is said by no key is said by a rule that always holds.
        for kind in KINDS.iter().filter(|k| k.waits.is_none() && k.keys.is_empty()) {
            assert!(covered.contains(kind.id), "{}", kind.id);
        }
        // No rule claims to cover what waits.
        for kind in KINDS.iter().filter(|k| k.waits.is_some()) {
            assert!(!covered.contains(kind.id), "{}", kind.id);
        }
    }
}
