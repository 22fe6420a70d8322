//! Every knob of a profile, in the file that it makes; each file is sound by our guide checks and
//! is left for pyx12.

use chrono::Datelike;

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::{
    Attachment, ClaimDetail, Epsdt, Facility, LineDetail, Note, Provider, Transmission,
};
use crate::domain::codes::{Mode, Modifier, PlaceOfService};
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

fn provider(last: &str, npi: &str) -> Provider {
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
fn knob(name: &str, set: impl Fn(&mut FileHeader, &mut ClaimDetail), parts: &[&str]) {
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
fn of_the_claim() {
    knob(
        "signatures",
        |h, _| {
            let content = &mut h.profile.form.content;
            content.signature_on_file = false;
            content.assignment = Assignment::NotAssigned;
            content.benefits_assigned = Benefits::NotApplicable;
            content.release = Release::Informed;
            content.member_signature_by_provider = true;
        },
        &[":B:1*N*C*W*I*P~"],
    );
    knob(
        "late",
        |h, _| {
            h.profile.form.content.delay_reason = Some(DelayReason::Determination);
            h.profile.form.content.delay_days = Count(10);
        },
        &["*Y*A*Y*Y***********8~"],
    );
    knob(
        "numbers",
        |h, d| {
            d.referral = Some("RF99".parse().unwrap());
            d.exception = Some(Exception::Special);
            d.medical_record = Some(Reference::parse("MR-4").unwrap());
            h.profile.form.content.demonstration_project =
                Some(Reference::parse("WAIVER7").unwrap());
        },
        &["REF*4N*7~", "REF*9F*RF99~", "REF*EA*MR-4~", "REF*P4*WAIVER7~"],
    );
    knob(
        "texts",
        |h, d| {
            let content = &mut h.profile.form.content;
            content.fixed_format = vec![Note80::parse("PROGRAM A").unwrap()];
            d.fixed_format = vec![Note80::parse("EPISODE 2").unwrap()];
            content.notes = vec![NoteRule {
                kind: NoteKind::Additional,
                text: Note80::parse("{units} units {first_date} {authorization}").unwrap(),
                procedures: vec![],
                modifiers: vec![Modifier::parse("HQ").unwrap()],
            }];
            content.contract = Some(ContractInfo {
                kind: ContractKind::Capitated,
                amount: Some(Money::from_cents(1250)),
                code: Some(Reference::parse("C1").unwrap()),
            });
            d.member_paid = Money::from_cents(300);
        },
        &[
            "K3*PROGRAM A~\nK3*EPISODE 2~\nNTE*ADD*8 UNITS 20260914 PA-7700123~",
            "CN1*05*12.5**C1~",
            "AMT*F5*3~",
        ],
    );
    knob(
        "attachments_and_epsdt",
        |_, d| {
            d.attachments = vec![Attachment {
                report: "OZ".parse().unwrap(),
                transmission: "BM".parse().unwrap(),
                control: Some(Reference::parse("ATT-1").unwrap()),
            }];
            d.epsdt = Some(Epsdt { referred: true, conditions: vec!["ST".parse().unwrap()] });
        },
        &["PWK*OZ*BM***AC*ATT-1~", "CRC*ZZ*Y*ST~"],
    );
    knob(
        "paperwork_on_request",
        |h, _| {
            let (report, transmission) = ("OZ".parse().unwrap(), Transmission::OnRequest);
            h.profile.form.content.paperwork = Some(Paperwork { report, transmission });
        },
        &["PWK*OZ*AA~"],
    );
    knob(
        "paperwork_by_fax",
        |h, _| {
            let (report, transmission) = ("M1".parse().unwrap(), Transmission::Fax);
            h.profile.form.content.paperwork = Some(Paperwork { report, transmission });
        },
        &["PWK*M1*FX***AC*P0HJ2A000000A1~", "PWK*M1*FX***AC*P0HJ2A000000A2~"],
    );
    knob(
        "middle_name",
        |_, d| d.middle_name = Some(line35("M")),
        &["NM1*IL*1*ALVAREZ*DANA*M***MI*"],
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
fn of_lines() {
    knob(
        "lines",
        |h, d| {
            let lines = &mut h.profile.form.lines;
            lines.basis = UnitBasis::Minutes;
            lines.date_format = DateFormat::Range;
            lines.spans = true;
            lines.authorization_again = true;
            lines.pointers = Count(1);
            lines.emergency = true;
            (lines.family_planning, lines.copay_exempt) = (true, true);
            let text = Note80::parse("{minutes} minutes").unwrap();
            let (procedures, modifiers) = (vec![], vec![]);
            lines.notes = vec![NoteRule { kind: NoteKind::Goals, text, procedures, modifiers }];
            let last_day = Some(super::samples::day(2026, 9, 15));
            let first = LineDetail { minutes: Some(61), last_day, ..LineDetail::default() };
            let second = LineDetail { minutes: Some(60), ..LineDetail::default() };
            d.lines = vec![first, second];
        },
        &[
            "*64*MJ*61***1**Y***Y***0~\nDTP*472*RD8*20260914-20260915~\nREF*G1*PA-7700123~\nREF*6R*",
            "*28.5*MJ*60***1**Y***Y***0~\nDTP*472*RD8*20260914-20260914~",
            "NTE*DCP*61 MINUTES~",
        ],
    );
}

/// What the visits of a line were stands in its note: of one visit, and of several in a sum.
#[test]
fn a_note_names_how_visits_were_given() {
    let mut header = header();
    let text = Note80::parse("{mode}, GROUP OF {group_size}").unwrap();
    let (procedures, modifiers) = (vec![], vec![]);
    let rule = NoteRule { kind: NoteKind::Additional, text, procedures, modifiers };
    header.profile.form.lines.notes = vec![rule];
    let line = |modes: &[Mode], sizes: Option<(u32, u32)>| LineDetail {
        modes: modes.to_vec(),
        group_sizes: sizes,
        ..LineDetail::default()
    };
    let one = claims().remove(1);
    assert_eq!(one.lines.len(), 1);
    let written = |line: LineDetail| {
        let detail = ClaimDetail { lines: vec![line], ..ClaimDetail::default() };
        write_with(&header, std::slice::from_ref(&one), &detail).map_err(|e| e.to_string())
    };
    let (room, video, audio) = (Mode::InPerson, Mode::Video, Mode::Audio);
    for (modes, sizes, note) in [
        (&[room][..], (6, 6), "NTE*ADD*IN PERSON, GROUP OF 6~"),
        (&[video], (6, 6), "NTE*ADD*VIDEO, GROUP OF 6~"),
        (&[audio, room], (3, 500), "NTE*ADD*AUDIO/IN PERSON, GROUP OF 3-500~"),
    ] {
        let text = written(line(modes, Some(sizes))).unwrap();
        assert!(text.contains(note), "{note} is not in\n{text}");
    }
    // What is not known is not invented.
    assert!(written(line(&[room], None)).unwrap_err().contains("{group_size}, which is not known"));
    assert!(written(line(&[], Some((2, 2)))).unwrap_err().contains("{mode}, which is not known"));
    header.profile.form.file.characters = CharacterSet::Basic;
    let all = line(&[room, video, audio], Some((2, 9)));
    let detail = ClaimDetail { lines: vec![all], ..ClaimDetail::default() };
    let text = write_with(&header, &[one], &detail).unwrap();
    assert!(text.contains("NTE*ADD*IN PERSON/VIDEO/AUDIO, GROUP OF 2-9~"), "{text}");
    leave_for_pyx12("knob-visits_of_a_line.837", text.as_bytes());
}

/// The day before a member is 21, and the birthday.
#[test]
fn epsdt_ends_with_the_twenty_first_birthday() {
    let mut header = header();
    header.profile.form.content.epsdt = Some("NU".parse().unwrap());
    header.profile.form.lines.epsdt = true;
    let mut claim = claims().remove(1);
    let service = claim.lines[0].date;
    let born = service.with_year(service.year() - 21).unwrap();
    claim.subscriber.birth_date = born + chrono::Days::new(1);
    let young = write_with(&header, &[claim.clone()], &ClaimDetail::default()).unwrap();
    assert!(young.contains("~\nCRC*ZZ*N*NU~\nHI*"), "{young}");
    assert!(young.contains("*0.5*UN*1***2****Y~"), "{young}");
    leave_for_pyx12("knob-epsdt_no_referral.837", young.as_bytes());
    header.profile.form.content.epsdt = Some("AV".parse().unwrap());
    let refused = write_with(&header, &[claim.clone()], &ClaimDetail::default()).unwrap();
    assert!(refused.contains("CRC*ZZ*Y*AV~"), "{refused}");
    let own = Epsdt { referred: true, conditions: vec!["ST".parse().unwrap()] };
    let own = ClaimDetail { epsdt: Some(own), ..ClaimDetail::default() };
    let said = write_with(&header, &[claim.clone()], &own).unwrap();
    assert!(said.contains("CRC*ZZ*Y*ST~") && !said.contains("*AV~"), "{said}");
    claim.subscriber.birth_date = born;
    let grown = write_with(&header, &[claim], &ClaimDetail::default()).unwrap();
    assert!(!grown.contains("CRC*") && grown.contains("*0.5*UN*1***2~"), "{grown}");
}

/// As [`knob`], with claims of one line, because each line needs its own facts.
#[test]
fn of_lines_providers_and_modifiers() {
    let mut header = header();
    let mut claim = claims().remove(1);
    header.profile.form.lines.modifier_order = vec![Modifier::parse("HF").unwrap()];
    header.profile.form.lines.ordering = Send::Required;
    let line = LineDetail {
        rendering: Some(provider("Moss", "1245319599")),
        ordering: Some(provider("Hill", "1245319599")),
        note: Some(Note { kind: NoteKind::Additional, text: Note80::parse("group").unwrap() }),
        emergency: true,
        ..LineDetail::default()
    };
    let detail = ClaimDetail { lines: vec![line], ..ClaimDetail::default() };
    claim.charge = Money::from_cents(100);
    claim.lines[0].charge = claim.charge;
    let text = write_with(&header, &[claim], &detail).unwrap();
    for part in [
        "SV1*HC:H0038:HF:HQ*1*UN*1***2**Y~",
        "NTE*ADD*GROUP~\nNM1*82*1*MOSS*RAE****XX*1245319599~\nPRV*PE*PXC*101YM0800X~\nNM1*DK*1*HILL",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    leave_for_pyx12("knob-line_providers.837", text.as_bytes());
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
fn a_claim_for_nothing_where_the_payer_takes_it() {
    let mut claim = claims().remove(0);
    claim.charge = Money::ZERO;
    claim.lines.iter_mut().for_each(|l| l.charge = Money::ZERO);
    let mut header = header();
    header.profile.form.parties.kind = FileKind::Encounters;
    let text = write_with(&header, &[claim.clone()], &ClaimDetail::default()).unwrap();
    assert!(text.contains("CLM*P0HJ2A000000A1*0***"));
    leave_for_pyx12("knob-zero.837", text.as_bytes());
    header.profile.form.content.zero_charge = ZeroCharge::Never;
    assert!(write_with(&header, &[claim], &ClaimDetail::default()).is_err());
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
