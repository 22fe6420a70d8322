//! Every check of an agreement, and of binding it to its pack, has a case with its line.

use super::{AGREEMENT, Bend, CONTRACTS, PACK, PACKS, json, one_fault};
use crate::domain::contract::{
    Pack, Place, agreement_from_toml, bind, gaps, pack_from_toml, terms_from_json, terms_from_toml,
};

fn check(bends: &[Bend<'_>]) {
    for bend in bends {
        one_fault(AGREEMENT, None, *bend, agreement_from_toml);
    }
}

fn pack() -> Pack {
    pack_from_toml(PACK).unwrap()
}

#[test]
fn the_base_reads_and_binds() {
    let terms = terms_from_toml(&pack(), AGREEMENT).unwrap();
    assert_eq!(terms.agreement.sender_qualifier, "ZZ");
    assert_eq!(terms.agreement.rates[0].allowed.to_string(), "11.9725");
    assert_eq!(terms.agreement.rates[0].charge.unwrap().to_string(), "20");
    assert_eq!(terms.agreement.rates[2].allowed.to_string(), "24");
    assert_eq!(gaps(&terms), Vec::<String>::new());
    assert_eq!(terms_from_json(&pack(), &json(AGREEMENT)).unwrap(), terms);
}

#[test]
fn the_contract() {
    let pack = "pack = \"plain@2026.1\"";
    let supersedes = "supersedes = \"ctv_0000000000001\"";
    let sender = "sender_id = \"SOMEONE\"";
    check(&[
        ("organization = \"someone\"", "organization = \"\"", "contract.organization", "a key has"),
        ("payer = \"plain\"", "payer = 1", "contract.payer", "in quotes"),
        (pack, "pack = \"plain\"", "contract.pack", "key and version"),
        (pack, "pack = \"plain@\"", "contract.pack", "key and version"),
        (pack, "pack = \"Plain@1\"", "contract.pack", "key and version"),
        ("from = 2026-01-01", "from = \"soon\"", "contract.from", "a date is written"),
        ("to = 2026-12-31", "to = 2025-12-31", "contract.to", "before the first"),
        (supersedes, "supersedes = \"ctv_1\"", "contract.supersedes", "this id is ctv_"),
        (
            "billing_location = \"main\"",
            "billing_location = \"a b\"",
            "contract.billing_location",
            "key",
        ),
        (sender, "sender_id = \"x\"", "contract.sender_id", "a partner code"),
        (sender, "sender_qualifier = \"1\"\nsender_id = \"AB\"", "contract.sender_qualifier", "01"),
        (sender, "sender = 1\nsender_id = \"AB\"", "contract.sender", "`sender_id`"),
    ]);
    let contract = AGREEMENT.find("[[rate]]").unwrap();
    let faults = agreement_from_toml(&AGREEMENT[contract..]).unwrap_err();
    assert_eq!((faults.len(), faults[0].path.as_str()), (1, "contract"));
}

#[test]
fn rates() {
    let allowed = "allowed = \"11.9725\"";
    let charge = "charge = \"20.00\"";
    let bad = [
        "0",
        "-1",
        "11.97255",
        "10000",
        "1e2",
        "",
        ".5",
        "5.",
        "1_0",
        "１２",
        "99999999999999999999999999999",
    ];
    for text in bad {
        check(&[
            (allowed, &format!("allowed = \"{text}\""), "rate[1].allowed", "this is a decimal"),
            (charge, &format!("charge = \"{text}\""), "rate[1].charge", "this is a decimal"),
        ]);
    }
    check(&[
        (allowed, "allowed = 11.97", "rate[1].allowed", "with a point"),
        (allowed, "allowed = 0", "rate[1].allowed", "above 0 and below 10000"),
        (allowed, "allowed = true", "rate[1].allowed", "this is true or false"),
        ("to = 2026-07-31", "to = 2025-07-31", "rate[1].to", "before the first"),
        ("service = \"peer\"", "service = \"Peer\"", "rate[1].service", "a key has"),
        ("service = \"peer\"", "services = 1\nservice = \"peer\"", "rate[1].services", "`service`"),
    ]);
}

#[test]
fn rates_of_a_service_do_not_overlap_and_touch_the_contract() {
    let on = |on, bend| one_fault(AGREEMENT, Some(on), bend, agreement_from_toml);
    let second = "[[rate]]\nservice = \"peer\"\nfrom = 2026-08-01";
    on(second, ("to = 2026-07-31", "to = 2026-08-01", "rate[2]", "holds on some of these days"));
    on(second, ("to = 2026-07-31\n", "", "rate[2]", "holds on some of these days"));
    let late = "[[rate]] # late\nservice = \"skills\"\nfrom = 2027-01-01";
    let skills = "[[rate]]\nservice = \"skills\"\nfrom = 2026-01-01";
    on("[[rate]] # late", (skills, late, "rate[3]", "never holds"));
}

#[test]
fn binding() {
    let bound = |text: &str| terms_from_toml(&pack(), text);
    let pack_name = "pack = \"plain@2026.1\"";
    for bend in [
        (pack_name, "pack = \"plain@2026.2\"", "contract.pack", "plain@2026.1"),
        (pack_name, "pack = \"other@2026.1\"", "contract.pack", "plain@2026.1"),
        (
            "service = \"skills\"",
            "service = \"skill\"",
            "rate[3].service",
            "did you mean `skills`?",
        ),
    ] {
        one_fault(AGREEMENT, None, bend, bound);
    }
    let bare = &AGREEMENT[..AGREEMENT.find("[[rate]]").unwrap()];
    let faults = bound(bare).unwrap_err();
    assert_eq!((faults.len(), faults[0].path.as_str()), (1, "rate"));
    assert!(faults[0].message.contains("at least one"));
}

#[test]
fn binding_values_gives_pointers() {
    let mut agreement = agreement_from_toml(AGREEMENT).unwrap();
    agreement.rates[1].service = "unknown".parse().unwrap();
    agreement.pack_version = "1".to_owned();
    let faults = bind(&pack(), &agreement).unwrap_err();
    let places: Vec<&Place> = faults.iter().map(|f| &f.place).collect();
    let pointer = |text: &str| Place::Pointer(text.to_owned());
    assert_eq!(places, [&pointer("/contract/pack"), &pointer("/rate/1/service")]);
    let mut document = json(AGREEMENT);
    document["rate"][2]["service"] = "unknown".into();
    let faults = terms_from_json(&pack(), &document).unwrap_err();
    assert_eq!(faults[0].place, pointer("/rate/2/service"));
}

#[test]
fn holes_are_refused_and_edges_are_told() {
    let holes = AGREEMENT.replace("to = 2026-07-31", "to = 2026-07-15");
    let told = terms_from_toml(&pack(), &holes).unwrap_err();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].message.contains("no rate from 2026-07-16 to 2026-07-31"), "{told:?}");

    let edges = AGREEMENT
        .replace("from = 2026-01-01\nto = 2026-12-31", "from = 2025-12-01\nto = 2026-12-31")
        .replace("from = 2026-08-01\n", "from = 2026-08-01\nto = 2026-11-30\n");
    let told = gaps(&terms_from_toml(&pack(), &edges).unwrap());
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("peer has no rate before 2026-01-01"), "{told:?}");
    assert!(told[1].contains("peer has no rate after 2026-11-30"), "{told:?}");
    assert!(told[2].contains("skills has no rate before 2026-01-01"), "{told:?}");

    let bare = &AGREEMENT[..AGREEMENT.find("[[rate]]\nservice = \"skills\"").unwrap()];
    let told = gaps(&terms_from_toml(&pack(), bare).unwrap());
    assert!(told.len() == 1 && told[0].contains("skills has no rate"), "{told:?}");

    let low = AGREEMENT.replace("charge = \"20.00\"", "charge = \"11.97\"");
    let told = gaps(&terms_from_toml(&pack(), &low).unwrap());
    assert!(told.len() == 1 && told[0].contains("below the allowance"), "{told:?}");
}

#[test]
fn a_contract_does_not_bind_to_another_pack() {
    let harbor = pack_from_toml(PACKS[2]).unwrap();
    assert!(terms_from_toml(&harbor, CONTRACTS[0]).is_err());
}
