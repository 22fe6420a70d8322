//! Every variation has its answer, every knob is read, and the page says what the code does.

use std::path::Path;

use super::*;
use crate::domain::contract::{agreement_from_toml, pack_from_toml, retell, terms_from_toml};

const PACK: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/payers/evergreen.toml"));

const CONTRACT: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/fixtures/contracts/river-bend_evergreen.toml"
));

/// The variations of sections 5.1 to 5.4 of the project's list, by number.
fn variations() -> Vec<String> {
    let mut all: Vec<String> = (1..=90).map(|n| n.to_string()).collect();
    all.extend(["42a", "42b", "42c", "69a", "69b", "78a"].map(str::to_owned));
    all
}

#[test]
fn every_variation_is_a_knob_or_decided() {
    let answered = elsewhere::answered();
    let missing: Vec<_> = variations().into_iter().filter(|n| !answered.contains(n)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let unknown: Vec<_> = answered.iter().filter(|n| !variations().contains(n)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// `PEERCLAIMS_BLESS=1 cargo test companion` writes the page anew.
#[test]
fn the_companion_page_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/x12-companion.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- knobs, made from the code -->\n", "<!-- end of the knobs -->");
    let (head, rest) = page.split_once(start).unwrap();
    let (old, tail) = rest.split_once(end).unwrap();
    let new = companion();
    if std::env::var_os("PEERCLAIMS_BLESS").is_some() {
        std::fs::write(&path, format!("{head}{start}{new}{end}{tail}")).unwrap();
    } else {
        assert_eq!(old, new, "run PEERCLAIMS_BLESS=1 cargo test companion");
    }
}

/// Every knob with a value that is not its default.
const ALL: &str = r#"
[claim.file]
authorization_information = "ACCESS"
sets_per_group = 2
groups_per_file = 3
claims_per_file = 100
bytes_per_file = 1000000
characters = "extended"
name = "{sender}-{date}-{control}.txt"

[claim.parties]
reissue = true
kind = "encounters"
encounter_payer_id = "ENC01"
receiver_number = "RCV77"
billing_id = "payer_number"
billing_tax_number = "SY"
payer_numbers = [{ kind = "2U", number = "77" }]
payer_address = { line1 = "1 Plan Way", city = "Olympia", state = "WA", zip = "98501" }
group_number = "GRP1"
member_shape = "999999999WA"

[claim.content]
zero_charge = "allowed"
after_rejection = "replacement"
correction_number = "first"
frequencies = ["original", "replacement"]
signature_on_file = false
assignment = "C"
benefits_assigned = "W"
release = "I"
member_signature_by_provider = true
delay_reason = "7"
delay_days = 60
referral = "never"
authorization_exception = "7"
medical_record = "never"
demonstration_project = "PILOT1"
fixed_format = ["PROGRAM A"]
notes = [{ text = "{units} UNITS", procedures = ["H0038"], modifiers = ["HQ"] }]
paperwork = { report = "OZ", transmission = "BM" }
epsdt = "NU"
diagnoses = 4
rendering_places = ["11"]
rendering_id = "payer_number"
rendering_numbers = "required"
supervising = "if_known"
referring = "never"
facility = "always"
facility_not_at = ["12"]
date_order = true

[claim.lines]
modifier_order = ["HQ", "HF"]
basis = "MJ"
spans = true
date_format = "range"
most = 6
authorization_again = true
notes = [{ kind = "TPO", text = "GROUP" }]
rendering = "never"
ordering = "required"
pointers = 1
emergency = true
epsdt = true
family_planning = true
copay_exempt = true
"#;

fn with(sections: &str) -> Result<ClaimForm, Vec<crate::domain::contract::Fault>> {
    pack_from_toml(&format!("{PACK}\n{sections}")).map(|pack| *pack.claim.form)
}

#[test]
fn every_knob_is_read_and_kept() {
    let form = with(ALL).unwrap();
    let usual = ClaimForm::default();
    let read = serde_json::to_value(&form).unwrap();
    let plain = serde_json::to_value(&usual).unwrap();
    for row in ClaimForm::rows() {
        let pointer = format!("/{}", row.key.trim_start_matches("claim.").replace('.', "/"));
        if pointer == "/parties/group_name" {
            continue; // a group has a number or a name
        }
        assert_ne!(read.pointer(&pointer), plain.pointer(&pointer), "{pointer} kept its default");
    }
    let back: ClaimForm = serde_json::from_value(read).unwrap();
    assert_eq!(back, form);
    assert_eq!(serde_json::from_str::<ClaimForm>("{}").unwrap(), usual);
    assert!(with("").unwrap().is_usual());
    assert_eq!(
        with("[claim.parties]\ngroup_name = \"Plan B\"")
            .unwrap()
            .parties
            .group_name
            .unwrap()
            .as_str(),
        "Plan B"
    );
}

#[test]
fn what_a_knob_cannot_be_is_refused_with_its_path() {
    for (sections, path, word) in [
        ("[claim.file]\ncharacters = \"utf8\"", "claim.file.characters", "basic"),
        ("[claim.file]\nsets_per_group = 0", "claim.file.sets_per_group", "from 1"),
        ("[claim.file]\nname = \"claims.txt\"", "claim.file.name", "{control}"),
        ("[claim.file]\nname = \"{control}/../x\"", "claim.file.name", "letters"),
        ("[claim.file]\nnames = \"x\"", "claim.file.names", "`name`"),
        (
            "[claim.parties]\npayer_numbers = [{ kind = \"G2\", number = \"1\" }]",
            "claim.parties",
            "2U, EI",
        ),
        ("[claim.parties]\ngroup_number = \"1\"\ngroup_name = \"A\"", "claim.parties", "not both"),
        ("[claim.parties]\nkind = \"RP\"", "claim.parties.kind", "encounters"),
        ("[claim.content]\nfrequencies = []", "claim.content", "original"),
        (
            "[claim.content]\nfrequencies = [\"void\", \"void\"]",
            "claim.content.frequencies[2]",
            "twice",
        ),
        (
            "[claim.content]\nafter_rejection = \"replacement\"\nfrequencies = [\"original\"]",
            "claim.content",
            "among the frequencies",
        ),
        ("[claim.content]\ndiagnoses = 13", "claim.content.diagnoses", "from 1 to 12"),
        (
            "[claim.lines]\nnotes = [{ text = \"FROM {begin_time}\" }]",
            "claim.lines.notes[1].text",
            "{begin_time} is not known here; a note can name {units}",
        ),
        (
            "[claim.lines]\nnotes = [{ text = \"FROM {start_time}\" }]",
            "claim.lines",
            "rollup = \"none\"",
        ),
        ("[claim.lines]\nnotes = [{ text = \"{mode}\" }]", "claim.lines", "those of one visit"),
        (
            "[claim.content]\nnotes = [{ text = \"GROUP OF {group_size}\" }]",
            "claim.content",
            "are of lines",
        ),
        (
            "[claim.content]\nnotes = [{ text = \"TO {end_time}\" }]",
            "claim.content",
            "are of lines",
        ),
        (
            "[claim.content]\nnotes = [{ text = \"{units\" }]",
            "claim.content.notes[1].text",
            "{authorization}",
        ),
        (
            "[claim.content]\nfixed_format = [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\"]",
            "claim.content",
            "ten items",
        ),
        ("[claim.lines]\nnotes = [{ kind = \"CER\", text = \"X\" }]", "claim.lines", "ADD, DCP"),
        (
            "[claim.content]\npaperwork = { report = \"OZ\", transmission = \"XX\" }",
            "claim.content.paperwork.transmission",
            "AA BM",
        ),
        ("[claim.content]\nepsdt = \"Y\"", "claim.content.epsdt", "AV NU"),
        ("[claim.lines]\npointers = 5", "claim.lines.pointers", "from 1 to 4"),
        ("[claim.lines]\nmodifier_order = [\"H\"]", "claim.lines.modifier_order[1]", "modifier"),
    ] {
        let faults = with(sections).unwrap_err();
        let found = faults.iter().any(|f| f.path == path && f.message.contains(word));
        assert!(found, "{sections}: {faults:#?}");
    }
}

/// A contract with these keys under `[contract.claim]`.
fn contract(knobs: &str) -> String {
    let rates = CONTRACT.find("# Dollars for a unit").unwrap();
    format!("{}[contract.claim]\n{knobs}\n{}", &CONTRACT[..rates], &CONTRACT[rates..])
}

fn own(knobs: &str) -> Result<OwnForm, Vec<crate::domain::contract::Fault>> {
    agreement_from_toml(&contract(knobs)).map(|agreement| *agreement.claim)
}

/// What only an organization can say, all of it.
const OWN: &str = r#"
authorization_information = "ACCESS"
security_information = "GATE"
group_sender = "GROUPORG"
submitter = { name = "Cedar Billing Cooperative", id = "CEDAR01" }
contact = { name = "Desk Two", phone = "509-555-0199", email = "desk@example.org" }
billing_first_name = "Ada"
billing_id = "payer_number"
billing_tax_number = "SY"
pay_to = { line1 = "PO Box 12", city = "Spokane", state = "WA", zip = "99210" }
billing_numbers = [{ kind = "G2", number = "PRV9" }]
contract = { kind = "05", amount = "12.50", code = "C1" }
"#;

#[test]
fn what_an_organization_says_of_its_claims_lies_over_its_payers_form() {
    let said = own(OWN).unwrap();
    let (read, plain) = (serde_json::to_value(&said).unwrap(), OwnForm::default());
    let plain = serde_json::to_value(plain).unwrap();
    for row in OwnForm::rows() {
        let key = row.key.trim_start_matches("contract.claim.");
        assert_ne!(read[key], plain[key], "{key} kept its default");
    }
    assert_eq!(serde_json::from_value::<OwnForm>(read).unwrap(), said);
    let pack = pack_from_toml(PACK).unwrap();
    let of = |knobs: &str| *terms_from_toml(&pack, &contract(knobs)).unwrap().pack.claim.form;
    let form = of(OWN);
    let (file, parties) = (&form.file, &form.parties);
    assert_eq!(file.authorization_information, said.authorization_information);
    assert_eq!(file.security_information, said.security_information);
    assert_eq!(file.group_sender, said.group_sender);
    assert_eq!(parties.submitter, said.submitter);
    assert_eq!(parties.contact, said.contact);
    assert_eq!(parties.billing_first_name, said.billing_first_name);
    assert_eq!(Some(parties.billing_id), said.billing_id);
    assert_eq!(Some(parties.billing_tax_number), said.billing_tax_number);
    assert_eq!(parties.pay_to, said.pay_to);
    assert_eq!(parties.billing_numbers, said.billing_numbers);
    assert_eq!(form.content.contract, said.contract);
    assert!(of("").is_usual(), "nothing of one organization comes to another");
    let told = retell::agreement(&agreement_from_toml(&contract(OWN)).unwrap());
    let before = retell::agreement(&agreement_from_toml(&contract("")).unwrap());
    let diff = format!("{:?}", retell::diff(&before, &told));
    for row in OwnForm::rows() {
        let key = row.key.trim_start_matches("contract.");
        assert!(diff.contains(&format!("{key} is ")), "{key} is not told: {diff}");
    }
}

#[test]
fn a_pack_cannot_say_what_only_one_organization_can() {
    for (section, key) in own::OF_ONE {
        let line = OWN.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap();
        let faults = with(&format!("[claim.{section}]\n{line}")).unwrap_err();
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert_eq!(fault.path, format!("claim.{section}.{key}"));
        assert!(fault.message.contains("[contract.claim]"), "{fault}");
        // A pack of before that says it binds nobody.
        let mut old = pack_from_toml(PACK).unwrap();
        let of_one = own(line).unwrap();
        of_one.lay_over(&mut old.claim.form);
        let faults = terms_from_toml(&old, &contract("")).unwrap_err();
        assert_eq!(faults[0].path, "contract.pack");
        assert!(faults[0].message.contains(&format!("claim.{section}.{key}")), "{}", faults[0]);
    }
}

#[test]
fn what_an_organization_cannot_say_is_refused_with_its_path() {
    let pack = pack_from_toml(PACK).unwrap();
    for (knobs, path, word) in [
        ("submitter = { name = \"A\" }", "contract.claim.submitter.id", "missing"),
        ("payto = 1", "contract.claim.payto", "`pay_to`"),
        ("billing_id = \"payer_number\"", "contract.claim.billing_numbers", "billing_numbers"),
        (
            "billing_numbers = [{ kind = \"2U\", number = \"1\" }]",
            "contract.claim.billing_numbers",
            "G2 and LU",
        ),
        (
            "contract = { kind = \"05\", amount = \"-1\" }",
            "contract.claim.contract.amount",
            "decimal",
        ),
    ] {
        let faults = terms_from_toml(&pack, &contract(knobs)).unwrap_err();
        let found = faults.iter().any(|f| f.path == path && f.message.contains(word));
        assert!(found, "{knobs}: {faults:#?}");
    }
}

#[test]
fn a_shape_of_member_numbers_fits_or_not() {
    let shape = kinds::MemberShape::parse("A99X-W").unwrap();
    assert!(shape.fits("B12C-W") && shape.fits("B120-W"));
    for other in ["112C-W", "B1-C-W", "B12C-V", "B12C-WW", ""] {
        assert!(!shape.fits(other), "{other}");
    }
}

#[test]
fn values_of_knobs_take_what_can_be_sent_and_show_themselves() {
    assert!(kinds::Note80::parse("Plain (text) 1-2").is_ok());
    assert!(kinds::Note80::parse("caf\u{e9}").is_err());
    assert_eq!((knob::Count::<0, 9>(3).limit(), knob::Count::<0, 9>(0).limit()), (Some(3), None));
    let contact = |more: &str| {
        let of = "name = \"Desk Two\", phone = \"509-555-0199\"";
        own(&format!("contact = {{ {of}{more} }}"))
    };
    let (email, fax) = (", email = \"desk@example.org\"", ", fax = \"509-555-0188\"");
    let two = contact(&format!("{email}{fax}")).unwrap().contact.unwrap();
    assert_eq!(knob::Knob::shown(&two), "Desk Two");
    let three = contact(&format!("{email}{fax}, extension = \"12\"")).unwrap_err();
    assert!(three[0].message.contains("room for three numbers"), "{three:?}");
    let wrong = contact(&format!("{email}{fax}, extension = \"\"")).unwrap_err();
    assert_eq!(wrong.len(), 1, "an extension that cannot be is not one too many: {wrong:?}");
    let long = "x".repeat(60);
    let note = format!(
        "[claim.content]\nnotes = [{{ kind = \"ADD\", text = \"{long} {{authorization}}\" }}]"
    );
    assert!(with(&note).unwrap_err()[0].message.contains("80 characters"));
    // Three modes are longer than what stands for them; a size is taken as long as its token.
    let line = |text: String| {
        let pack = PACK.replace("rollup = \"day\"", "rollup = \"none\"");
        pack_from_toml(&format!("{pack}\n[claim.lines]\nnotes = [{{ text = \"{text}\" }}]"))
    };
    let full = |room: usize| format!("{} {{mode}} {{group_size}}", "x".repeat(80 - 35 + room));
    assert!(line(full(0)).is_ok());
    assert!(line(full(1)).unwrap_err()[0].message.contains("80 characters"));
}
