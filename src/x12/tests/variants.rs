//! Every knob of a profile, in the file that it makes; each file is sound by our guide checks and
//! is left for pyx12.

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::{Attachment, ClaimDetail, Facility, LineDetail, Note, Provider};
use crate::domain::codes::PlaceOfService;
use crate::domain::contract::RenderingMode;
use crate::domain::contract::form::Count;
use crate::domain::contract::form::kinds::*;
use crate::domain::identifiers::{Npi, PartnerCode, Taxonomy};
use crate::domain::money::Money;
use crate::x12::claim_837p::{file_name, note_sendable};
use crate::x12::{Offer, Writer837p, X12Error, read_back};

use super::samples::{claims, header, leave_for_pyx12, line35, line55};

pub(super) fn write_with(
    header: &FileHeader,
    claims: &[Claim],
    detail: &ClaimDetail,
) -> Result<String, X12Error> {
    let mut bytes = Vec::new();
    let mut writer = Writer837p::new(&mut bytes, header)?;
    for claim in claims {
        let mut detail = detail.clone();
        detail.lines.truncate(claim.lines.len());
        assert_eq!(writer.offer(claim, &detail)?, Offer::Written);
    }
    let totals = writer.finish()?;
    let summary = read_back(&bytes[..]).unwrap();
    assert_eq!(summary.problems, []);
    assert_eq!(summary.totals, totals);
    Ok(String::from_utf8(bytes).unwrap())
}

fn number(kind: NumberKind, number: &str) -> Number {
    Number { kind, number: Reference::parse(number).unwrap() }
}

pub(super) fn provider(last: &str, npi: &str) -> Provider {
    Provider {
        last_name: line55(last),
        first_name: Some(line35("Rae")),
        npi: Some(Npi::parse(npi).unwrap()),
        taxonomy: Some(Taxonomy::parse("101YM0800X").unwrap()),
        numbers: vec![],
    }
}

fn facility() -> Facility {
    let mut address = header().billing.address;
    address.line1 = line55("9 Clinic Rd");
    Facility { name: line55("Open Door Clinic"), npi: None, address }
}

/// Sets one knob or fact; the parts must then stand in the file and were not there before.
pub(super) fn knob(name: &str, set: impl Fn(&mut FileHeader, &mut ClaimDetail), parts: &[&str]) {
    let plain = write_with(&header(), &claims()[..2], &ClaimDetail::default()).unwrap();
    let (mut header, mut detail) = (header(), ClaimDetail::default());
    set(&mut header, &mut detail);
    let text = write_with(&header, &claims()[..2], &detail).unwrap();
    for part in parts {
        assert!(text.contains(part), "{name}: {part} is not in\n{text}");
        assert!(!plain.contains(part), "{name}: {part} is always there");
    }
    leave_for_pyx12(&format!("knob-{name}.837"), text.as_bytes());
}

#[test]
fn of_the_file() {
    knob(
        "access",
        |h, _| {
            let file = &mut h.profile.form.file;
            file.authorization_information = Some(Access::parse("ACCESS").unwrap());
            file.security_information = Some(Access::parse("GATE").unwrap());
        },
        &["ISA*03*ACCESS    *01*GATE      *ZZ"],
    );
    let group = PartnerCode::parse("GROUPORG").unwrap();
    knob(
        "gs02",
        |h, _| h.profile.form.file.group_sender = Some(group.clone()),
        &["GS*HC*GROUPORG*"],
    );
    let note = Some(Note { kind: NoteKind::Additional, text: Note80::parse("Two Peers").unwrap() });
    knob(
        "extended",
        |h, d| {
            h.profile.form.file.characters = CharacterSet::Extended;
            d.note.clone_from(&note);
        },
        &["*ADD*Two Peers~", "*Alvarez*Dana*"],
    );
    knob(
        "basic",
        |h, _| {
            h.profile.form.file.characters = CharacterSet::Basic;
            h.profile.delimiters.repetition = '!';
            h.profile.delimiters.component = '>';
        },
        &["HC>H0038"],
    );
}

#[test]
fn the_basic_character_set_refuses_what_is_not_in_it() {
    let mut header = header();
    header.profile.form.file.characters = CharacterSet::Basic;
    let note = Note { kind: NoteKind::Additional, text: Note80::parse("see #7 @ desk").unwrap() };
    // Asked for a note alone, the answer is the same.
    let alone = note_sendable(&header.profile, &note).unwrap_err();
    let detail = ClaimDetail { note: Some(note.clone()), ..ClaimDetail::default() };
    let error = write_with(&header, &claims(), &detail).unwrap_err();
    assert!(error.to_string().contains("NTE02"), "{error}");
    assert_eq!(error.message, alone.message);
    header.profile.form.file.characters = CharacterSet::Extended;
    assert!(note_sendable(&header.profile, &note).is_ok());
}

#[test]
fn of_the_parties() {
    knob("reissue", |h, _| h.profile.form.parties.reissue = true, &["BHT*0019*18*"]);
    let encounter = PartnerCode::parse("ENC01").unwrap();
    knob(
        "encounters",
        |h, _| {
            h.profile.form.parties.kind = FileKind::Encounters;
            h.profile.form.parties.encounter_payer_id = Some(encounter.clone());
        },
        &["*RP~", "*PI*ENC01~"],
    );
    knob(
        "agent",
        |h, _| {
            let id = PartnerCode::parse("CEDAR01").unwrap();
            let name = line55("Cedar Billing Cooperative");
            h.profile.form.parties.submitter = Some(Submitter { name, id });
            h.profile.form.parties.contact = Some(Contact {
                name: line35("Desk Two"),
                phone: "5095550199".parse().unwrap(),
                extension: Some(Access::parse("12").unwrap()),
                email: Some(Email::parse("desk@example.org").unwrap()),
                fax: None,
            });
        },
        &[
            "NM1*41*2*CEDAR BILLING COOPERATIVE*****46*CEDAR01~",
            "PER*IC*DESK TWO*TE*5095550199*EX*12*EM*DESK@EXAMPLE.ORG~",
        ],
    );
    let receiver = PartnerCode::parse("RCV77").unwrap();
    knob(
        "receiver",
        |h, _| h.profile.form.parties.receiver_number = Some(receiver.clone()),
        &["*46*RCV77~"],
    );
    knob(
        "person_bills",
        |h, _| {
            h.profile.form.parties.billing_first_name = Some(line35("Ada"));
            h.profile.form.parties.billing_tax_number = TaxKind::Person;
        },
        &["NM1*85*1*RIVER BEND PEER RECOVERY*ADA****XX*1234567893~", "REF*SY*911234567~"],
    );
    knob(
        "atypical",
        |h, _| {
            h.profile.form.parties.billing_id = ProviderId::PayerNumber;
            h.profile.form.parties.billing_numbers = vec![number(NumberKind::Payer, "PRV9")];
        },
        &["NM1*85*2*RIVER BEND PEER RECOVERY~", "REF*G2*PRV9~"],
    );
    let address = |line1: &str| Address {
        line1: line55(line1),
        line2: None,
        city: "Spokane".parse().unwrap(),
        state: "WA".parse().unwrap(),
        zip: "99210".parse().unwrap(),
    };
    knob(
        "pay_to_and_payer",
        |h, _| {
            let parties = &mut h.profile.form.parties;
            parties.pay_to = Some(address("PO Box 12"));
            parties.payer_address = Some(address("1 Plan Way"));
            parties.payer_numbers = vec![number(NumberKind::PayerId, "77")];
            parties.group_number = Some(Reference::parse("GRP1").unwrap());
        },
        &["NM1*87*2~", "N3*PO BOX 12~", "N3*1 PLAN WAY~", "REF*2U*77~", "SBR*P*18*GRP1******MC~"],
    );
    knob(
        "group_name",
        |h, _| h.profile.form.parties.group_name = Some(line35("Plan B")),
        &["SBR*P*18**PLAN B*****MC~"],
    );
}

#[test]
fn of_its_providers() {
    knob(
        "providers",
        |h, d| {
            h.profile.form.content.supervising = Send::Required;
            d.supervising = Some(provider("Moss", "1245319599"));
            d.referring = Some(provider("Hill", "1245319599"));
            d.facility = Some(facility());
            d.rendering_numbers = vec![number(NumberKind::Payer, "PEER7")];
        },
        &[
            "NM1*DN*1*HILL*RAE****XX*1245319599~\nNM1*82*",
            "PRV*PE*PXC*175T00000X~\nREF*G2*PEER7~\nNM1*77*2*OPEN DOOR CLINIC~\nN3*9 CLINIC RD*SUITE 200~",
            "NM1*DQ*1*MOSS*RAE****XX*1245319599~\nLX*1~",
        ],
    );
    knob(
        "supervisor_renders",
        |h, d| {
            h.profile.rendering = RenderingMode::Supervisor;
            d.supervising = Some(provider("Moss", "1245319599"));
        },
        &["NM1*82*1*MOSS*RAE****XX*1245319599~\nPRV*PE*PXC*101YM0800X~"],
    );
    knob(
        "agency_renders",
        |h, _| h.profile.rendering = RenderingMode::Agency,
        &["NM1*82*2*RIVER BEND PEER RECOVERY*****XX*1234567893~\nPRV*PE*PXC*251S00000X~"],
    );
    knob(
        "worker_without_npi",
        |h, d| {
            h.profile.form.content.rendering_id = ProviderId::PayerNumber;
            d.rendering_numbers = vec![number(NumberKind::Payer, "PEER7")];
        },
        &["NM1*82*1*OKAFOR*JUNE~\nPRV*PE*PXC*175T00000X~\nREF*G2*PEER7~"],
    );
    let mut header = header();
    header.profile.rendering = RenderingMode::Never;
    let text = write_with(&header, &claims(), &ClaimDetail::default()).unwrap();
    assert!(!text.contains("NM1*82*"));
    header.profile.form.content.rendering_places = vec![PlaceOfService::parse("12").unwrap()];
    let text = write_with(&header, &claims(), &ClaimDetail::default()).unwrap();
    assert_eq!(text.matches("NM1*82*").count(), 1);
    let detail = ClaimDetail { facility: Some(facility()), ..ClaimDetail::default() };
    header.profile.form.content.facility_not_at =
        header.profile.form.content.rendering_places.clone();
    let text = write_with(&header, &claims(), &detail).unwrap();
    assert_eq!(text.matches("NM1*77*").count(), 3, "not at home");
    header.profile.form.content.facility = FacilityMode::Never;
    assert!(!write_with(&header, &claims(), &detail).unwrap().contains("NM1*77*"));
}

#[test]
fn what_a_payer_demands_and_a_claim_has_not_refuses_it() {
    let refused = |word: &str, set: &dyn Fn(&mut FileHeader, &mut ClaimDetail, &mut Claim)| {
        let (mut header, mut detail) = (header(), ClaimDetail::default());
        let mut claim = claims().remove(0);
        set(&mut header, &mut detail, &mut claim);
        let error = write_with(&header, &[claim], &detail).unwrap_err().to_string();
        assert!(error.contains(word), "{word} is not in {error}");
    };
    let zero = |c: &mut Claim| {
        c.charge = Money::ZERO;
        c.lines.iter_mut().for_each(|l| l.charge = Money::ZERO);
    };
    refused("0.00", &|_, _, c| zero(c));
    refused("kind void", &|h, d, _| {
        h.profile.form.content.frequencies = vec![Frequency::Original];
        d.frequency = Frequency::Void;
    });
    refused("REF*F8", &|_, d, _| d.frequency = Frequency::Replacement);
    refused("REF*F8", &|_, d, _| d.payer_control = Some("ICN1".parse().unwrap()));
    refused("1 diagnoses", &|h, _, _| h.profile.form.content.diagnoses = Count(1));
    refused("1 lines", &|h, _, _| h.profile.form.lines.most = Count(1));
    refused("shape", &|h, _, _| {
        h.profile.form.parties.member_shape = Some(MemberShape::parse("999WA").unwrap());
    });
    refused("REF*9F", &|h, _, _| h.profile.form.content.referral = Send::Required);
    refused("REF*EA", &|h, _, _| h.profile.form.content.medical_record = Send::Required);
    refused("2310A", &|h, _, _| h.profile.form.content.referring = Send::Required);
    refused("supervising", &|h, _, _| h.profile.form.content.supervising = Send::Required);
    refused("supervising", &|h, _, _| h.profile.rendering = RenderingMode::Supervisor);
    refused("2310D", &|h, d, _| {
        h.profile.form.content.supervising = Send::IfKnown;
        d.supervising = Some(provider("Okafor", "1987654328"));
    });
    refused("2310C", &|h, _, _| h.profile.form.content.facility = FacilityMode::Always);
    refused("2310B", &|h, _, _| h.profile.form.content.rendering_id = ProviderId::PayerNumber);
    refused("2310B", &|h, _, _| h.profile.form.content.rendering_numbers = Send::Required);
    refused("2420E", &|h, _, _| h.profile.form.lines.ordering = Send::Required);
    refused("2420A", &|h, _, _| h.profile.form.lines.rendering = Send::Required);
    refused("minutes", &|h, _, _| h.profile.form.lines.basis = UnitBasis::Minutes);
    refused("one day", &|_, d, _| {
        let last_day = Some(super::samples::day(2026, 9, 20));
        d.lines = vec![LineDetail { last_day, ..LineDetail::default() }];
    });
    refused("authorization number", &|_, d, c| d.referral.clone_from(&c.authorization));
    refused("{minutes}", &|h, _, _| {
        let text = Note80::parse("{minutes}").unwrap();
        let (procedures, modifiers) = (vec![], vec![]);
        let rule = NoteRule { kind: NoteKind::Additional, text, procedures, modifiers };
        h.profile.form.content.notes = vec![rule];
    });
    refused("PWK06", &|_, d, _| {
        let (report, transmission) = ("OZ".parse().unwrap(), "EL".parse().unwrap());
        d.attachments = vec![Attachment { report, transmission, control: None }];
    });
    refused("0B, 1G", &|_, d, _| d.rendering_numbers = vec![number(NumberKind::Ein, "1")]);
}

#[test]
fn of_the_files_name() {
    let mut header = header();
    let usual = "837P_T_PEERORG001_MCOPAYER01_20261008_000000101.837";
    assert_eq!(file_name(&header, 1), usual);
    let template = "{receiver}.{usage}-{date}{time}-{batch}-{part}.txt";
    header.profile.form.file.name = Some(FileNameTemplate::parse(template).unwrap());
    header.batch_reference = "B/1".to_owned();
    assert_eq!(file_name(&header, 2), "MCOPAYER01.T-20261008153000-B_1-2.txt");
}
