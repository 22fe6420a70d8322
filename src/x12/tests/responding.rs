//! What the writers of responses write, our readers and pyx12 read.

use chrono::{NaiveDate, NaiveDateTime};
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

use crate::domain::contract::Delimiters;
use crate::domain::money::Money;
use crate::domain::organization::OrganizationMode;
use crate::x12::eligibility_270::{Inquiry, InquiryHeader, write_270};
use crate::x12::read::Document;
use crate::x12::read::document::SetBody;
use crate::x12::respond::{
    ClaimStatus, ElementFault, Exchange, GroupVerdict, InterchangeVerdict, PaidClaim, PaidLine,
    PayAdjustment, PayProviderAdjustment, Payee, Paying, SegmentFault, SetVerdict, StatusCode,
    StatusFile, StatusProvider, Writer835, write_277ca, write_999, write_ta1,
};

use super::samples::{day, leave_for_pyx12};

fn created() -> NaiveDateTime {
    day(2026, 9, 1).and_hms_opt(8, 5, 0).unwrap()
}

fn exchange() -> Exchange {
    Exchange {
        mode: OrganizationMode::Test,
        sender: ("ZZ".into(), "PAYER01".into()),
        receiver: ("ZZ".into(), "SENDER01".into()),
        created: created(),
        interchange_control: 7,
        group_control: 9,
        delimiters: Delimiters::default(),
        line_breaks: false,
    }
}

/// The one set of a file without errors.
fn only_set(file: &[u8]) -> SetBody {
    let mut document = Document::read(file);
    assert_eq!(document.errors, vec![], "{}", String::from_utf8_lossy(file));
    let mut groups = document.interchanges.remove(0).groups;
    assert_eq!((groups.len(), groups[0].sets.len()), (1, 1));
    groups.remove(0).sets.remove(0).body
}

fn cents(range: std::ops::Range<i64>) -> impl Strategy<Value = Money> {
    range.prop_map(Money::from_cents)
}

fn adjustment() -> impl Strategy<Value = PayAdjustment> {
    let quantity = proptest::option::of((0..9_000i64, 0..=3u32));
    (select(vec!["CO", "PR", "OA"]), select(vec!["45", "96", "144"]), cents(-999..99_999), quantity)
        .prop_map(|(group, reason, amount, quantity)| PayAdjustment {
            group: group.into(),
            reason: reason.into(),
            amount,
            quantity: quantity.map(|(n, scale)| Decimal::new(n, scale)),
        })
}

fn sum(list: &[PayAdjustment]) -> Money {
    list.iter().map(|a| a.amount).sum()
}

fn paid_line() -> impl Strategy<Value = PaidLine> {
    let parts = prop::collection::vec(adjustment(), 0..9);
    (cents(-50_000..50_000), parts, 0..96i64, 1..=28u32, prop::option::of("[A-Z0-9]{1,20}"))
        .prop_map(|(charge, adjustments, units, date, control)| PaidLine {
            procedure: "H0038".into(),
            modifiers: vec!["HQ".into()],
            charge,
            paid: charge - sum(&adjustments),
            units: Decimal::from(units),
            date: day(2026, 8, date),
            adjustments,
            control: control.unwrap_or_default(),
            remarks: vec!["N517".into()],
        })
}

fn paid_claim() -> impl Strategy<Value = PaidClaim> {
    let lines = prop::collection::vec(paid_line(), 0..5);
    (lines, prop::collection::vec(adjustment(), 0..3), cents(0..50_000), "[A-Z0-9]{1,17}").prop_map(
        |(lines, adjustments, alone, id)| {
            let charges: Money = lines.iter().map(|l| l.charge).sum();
            let charge = if lines.is_empty() { alone } else { charges };
            let taken: Money = lines.iter().map(|l| sum(&l.adjustments)).sum();
            PaidClaim {
                id,
                status: "1".into(),
                charge,
                paid: charge - sum(&adjustments) - taken,
                filing: "MC".into(),
                payer_control: "ICN0001".into(),
                name: ("Moss".into(), "Ada".into()),
                member: "M100".into(),
                adjustments,
                lines,
                ..PaidClaim::default()
            }
        },
    )
}

fn paying(amount: Money) -> Paying {
    Paying {
        amount,
        method: if amount == Money::ZERO { "NON" } else { "CHK" },
        date: day(2026, 9, 4),
        trace: "CHECK0009".into(),
        originator: "1912345678".into(),
        produced: day(2026, 9, 1),
        payer: "Invented Health Plan".into(),
        payer_address: ["1 Main St", "Salem", "OR", "973010001"].map(String::from),
        contact: ("Help desk".into(), "5035550100".into()),
        payee: Payee {
            name: "Open Door Peers".into(),
            npi: "1234567893".into(),
            ein: "911234567".into(),
        },
    }
}

/// The file, with a provider adjustment that makes the payment what it must be: not negative.
fn remittance(claims: &[PaidClaim]) -> (Vec<u8>, Money) {
    let paid: Money = claims.iter().map(|c| c.paid).sum();
    let amount = paid.max(Money::ZERO);
    let forward = PayProviderAdjustment {
        reason: "FB".into(),
        reference: "CARRIED".into(),
        amount: paid - amount,
    };
    let forward: Vec<_> = (forward.amount != Money::ZERO).then_some(forward).into_iter().collect();
    let (exchange, paying) = (exchange(), paying(amount));
    let mut writer = Writer835::new(Vec::new(), &exchange, &paying).unwrap();
    for claim in claims {
        writer.claim(claim).unwrap();
    }
    (writer.finish(day(2026, 12, 31), &forward).unwrap(), amount)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_remittance_reads_back_as_it_was_meant(claims in prop::collection::vec(paid_claim(), 1..6)) {
        let (file, amount) = remittance(&claims);
        let SetBody::Remittance { payment, claims: read, balances, .. } = only_set(&file) else {
            return Err(TestCaseError::fail("not an 835"));
        };
        prop_assert!(balances.balanced, "{:?}", balances);
        prop_assert_eq!(payment.amount, Some(amount));
        prop_assert_eq!(read.len(), claims.len());
        for (read, meant) in read.iter().zip(&claims) {
            prop_assert_eq!(&read.id, &meant.id);
            prop_assert_eq!((read.charge, read.paid), (Some(meant.charge), Some(meant.paid)));
            same_adjustments(&read.adjustments, &meant.adjustments)?;
            prop_assert_eq!(read.lines.len(), meant.lines.len());
            for (read, meant) in read.lines.iter().zip(&meant.lines) {
                prop_assert_eq!((read.charge, read.paid), (Some(meant.charge), Some(meant.paid)));
                prop_assert_eq!((read.units, read.date), (Some(meant.units), Some(meant.date)));
                prop_assert_eq!(read.control.clone().unwrap_or_default(), meant.control.clone());
                same_adjustments(&read.adjustments, &meant.adjustments)?;
            }
        }
    }
}

fn same_adjustments(
    read: &[crate::x12::read::remit_835::Adjustment],
    meant: &[PayAdjustment],
) -> Result<(), TestCaseError> {
    let read: Vec<_> =
        read.iter().map(|a| (a.group.as_str(), a.reason.as_str(), a.amount, a.quantity)).collect();
    let meant: Vec<_> = meant
        .iter()
        .map(|a| (a.group.as_str(), a.reason.as_str(), Some(a.amount), a.quantity))
        .collect();
    prop_assert_eq!(read, meant);
    Ok(())
}

fn good_claim() -> PaidClaim {
    let line = PaidLine {
        procedure: "H0038".into(),
        modifiers: vec!["HQ".into()],
        charge: Money::from_cents(6400),
        paid: Money::from_cents(6000),
        units: Decimal::from(4),
        date: day(2026, 8, 3),
        adjustments: vec![PayAdjustment {
            group: "CO".into(),
            reason: "45".into(),
            amount: Money::from_cents(400),
            quantity: None,
        }],
        control: "PCL1".into(),
        remarks: vec![],
    };
    PaidClaim {
        id: "PC1".into(),
        status: "1".into(),
        charge: Money::from_cents(6400),
        paid: Money::from_cents(6000),
        filing: "MC".into(),
        payer_control: "ICN1".into(),
        facility: ("11".into(), "1".into()),
        name: ("Moss".into(), "Ada".into()),
        member: "M100".into(),
        lines: vec![line],
        ..PaidClaim::default()
    }
}

#[test]
fn a_remittance_that_does_not_add_up_is_never_written() {
    leave_for_pyx12("respond.835", &remittance(&[good_claim()]).0);
    let (exchange, paying) = (exchange(), paying(Money::from_cents(6000)));
    let damages: [fn(&mut PaidClaim); 4] = [
        |c| c.lines[0].paid = Money::from_cents(6001),
        |c| c.charge = Money::from_cents(6401),
        |c| c.paid = Money::from_cents(1),
        |c| c.lines[0].modifiers = vec!["HQ".into(); 5],
    ];
    for damage in damages {
        let mut claim = good_claim();
        damage(&mut claim);
        let mut writer = Writer835::new(Vec::new(), &exchange, &paying).unwrap();
        writer.claim(&claim).unwrap_err();
        writer.claim(&good_claim()).unwrap();
        writer.finish(day(2026, 12, 31), &[]).unwrap();
    }
    let mut writer = Writer835::new(Vec::new(), &exchange, &paying).unwrap();
    writer.claim(&good_claim()).unwrap();
    writer.claim(&good_claim()).unwrap();
    writer.finish(day(2026, 12, 31), &[]).unwrap_err();
    let none = Paying { amount: Money::ZERO, ..paying.clone() };
    Writer835::new(Vec::new(), &exchange, &none).unwrap_err();
}

fn set(control: &str, rejected: bool, faults: Vec<SegmentFault>) -> SetVerdict {
    let version = "005010X222A1".to_owned();
    SetVerdict { kind: "837".into(), control: control.into(), version, faults, rejected }
}

#[test]
fn the_groups_verdict_follows_from_its_sets() {
    let fault = SegmentFault {
        segment: "NM1".into(),
        position: 8,
        loop_id: "2010".into(),
        code: "8".into(),
        elements: vec![
            ElementFault { element: 9, component: 0, reference: 67, code: "1".into() },
            ElementFault { element: 3, component: 2, reference: 0, code: "7".into() },
        ],
    };
    let bad = || set("0002", true, vec![fault.clone()]);
    let noted = || set("0003", false, vec![fault.clone()]);
    let good = || set("0001", false, vec![]);
    for (sets, status, accepted) in [
        (vec![good()], "A", "1"),
        (vec![good(), noted()], "E", "2"),
        (vec![good(), bad()], "P", "1"),
        (vec![bad()], "R", "0"),
        (vec![], "R", "0"),
    ] {
        let group = GroupVerdict {
            functional_id: "HC".into(),
            control: "3".into(),
            version: "005010X222A1".into(),
            sets: sets.clone(),
        };
        let file = write_999(Vec::new(), &exchange(), &group).unwrap();
        if !sets.is_empty() {
            leave_for_pyx12(&format!("respond-{status}.999"), &file);
        }
        let SetBody::Acknowledgment { group, sets: read } = only_set(&file) else {
            panic!("not a 999")
        };
        assert_eq!(group.status.as_deref(), Some(status));
        assert_eq!(group.counts[2].as_deref(), Some(accepted));
        let read: Vec<_> =
            read.iter().map(|s| (s.status.clone().unwrap(), s.errors.len())).collect();
        let meant: Vec<_> = sets.iter().map(|s| (s.status().to_owned(), s.faults.len())).collect();
        assert_eq!(read, meant);
    }
}

#[test]
fn an_interchange_of_ta1_reads_back() {
    let verdict = |control, status, note: &str| InterchangeVerdict {
        control,
        created: created(),
        status,
        note: note.into(),
    };
    let list = [verdict(101, "A", "000"), verdict(102, "R", "018")];
    let file = write_ta1(Vec::new(), &exchange(), &list).unwrap();
    let document = Document::read(&file[..]);
    assert_eq!(document.errors, vec![]);
    let read: Vec<_> = document.interchanges[0]
        .ta1
        .iter()
        .map(|t| (t.control.as_str(), t.status.as_str(), t.note.as_deref()))
        .collect();
    assert_eq!(read, [("000000101", "A", Some("000")), ("000000102", "R", Some("018"))]);
    let none = verdict(0, "A", "000");
    write_ta1(Vec::new(), &exchange(), &[none]).unwrap_err();
}

fn status(claim: &str, accepted: bool, day: NaiveDate) -> ClaimStatus {
    let code = if accepted { ("A2", "20", "PR") } else { ("A7", "562", "85") };
    ClaimStatus {
        name: ("Moss".into(), "Ada".into()),
        member: "M100".into(),
        claim: claim.into(),
        statuses: vec![StatusCode {
            category: code.0.into(),
            code: code.1.into(),
            entity: code.2.into(),
        }],
        accepted,
        charge: Money::from_cents(6450),
        payer_control: accepted.then(|| format!("ICN{claim}")),
        service: (day, day + chrono::Days::new(u64::from(!accepted))),
    }
}

#[test]
fn a_277ca_reads_back_with_its_sums() {
    let claims: Vec<_> =
        (0..7).map(|n| status(&format!("PC{n}"), n % 3 != 0, day(2026, 8, 1 + n))).collect();
    let file = StatusFile {
        reference: "R1".into(),
        source: ("Invented Health Plan".into(), "IHP01".into()),
        receiver: ("Open Door Peers".into(), "SENDER01".into()),
        trace: "BATCH1".into(),
        received: day(2026, 9, 1),
        providers: vec![StatusProvider {
            name: "Open Door Peers".into(),
            npi: "1234567893".into(),
            claims: claims.clone(),
        }],
    };
    let bytes = write_277ca(Vec::new(), &exchange(), &file).unwrap();
    leave_for_pyx12("respond.277", &bytes);
    let SetBody::Status { levels, claims: read } = only_set(&bytes) else { panic!("not a 277CA") };
    assert_eq!(levels.len(), 2);
    for level in &levels {
        assert_eq!((level.accepted, level.rejected), (Some(4.into()), Some(3.into())));
        assert_eq!(level.accepted_amount, Some(Money::from_cents(4 * 6450)));
        assert_eq!(level.rejected_amount, Some(Money::from_cents(3 * 6450)));
    }
    for (read, meant) in read.iter().zip(&claims) {
        let word = if meant.accepted { "accepted" } else { "rejected" };
        assert_eq!((read.trace.as_str(), read.disposition.as_str()), (&*meant.claim, word));
        assert_eq!(read.payer_control, meant.payer_control);
        assert_eq!(read.amount, Some(meant.charge));
    }
    assert_eq!(read.len(), claims.len());
}

#[test]
fn inquiries_read_back_and_split_into_sets() {
    let header = InquiryHeader {
        mode: OrganizationMode::Test,
        sender: ("ZZ".into(), "SENDER01".into()),
        receiver: ("ZZ".into(), "PAYER01".into()),
        created: created(),
        interchange_control: 7,
        group_control: 9,
        delimiters: Delimiters::default(),
        line_breaks: true,
        payer: ("Invented Health Plan".into(), "IHP01".into()),
        provider: ("Open Door Peers".into(), "1234567893".into()),
        originator: "1911234567".into(),
    };
    let inquiry = |n: u32| Inquiry {
        trace: format!("T{n}"),
        member: format!("M{n:05}"),
        name: ("Moss".into(), "Ada".into()),
        birth_date: day(1980, 2, 29),
        gender: if n.is_multiple_of(2) { "U".into() } else { "F".into() },
        on: day(2026, 9, 1),
        service_types: vec!["30".into(), "MH".into()],
    };
    let list: Vec<_> = (0..150).map(inquiry).collect();
    let file = write_270(Vec::new(), &header, &list).unwrap();
    let document = Document::read(&file[..]);
    assert_eq!(document.errors, vec![]);
    let sets = &document.interchanges[0].groups[0].sets;
    assert_eq!(sets.len(), 2);
    let mut members = vec![];
    for set in sets {
        let SetBody::Eligibility { parties, subjects } = &set.body else { panic!("not a 270") };
        assert_eq!(parties.source_id.as_deref(), Some("IHP01"));
        assert_eq!(parties.receiver_id.as_deref(), Some("1234567893"));
        for subject in subjects {
            assert_eq!(subject.inquiries, [["30"], ["MH"]]);
            members.push(subject.member.clone().unwrap());
        }
    }
    assert_eq!(members, list.iter().map(|i| i.member.clone()).collect::<Vec<_>>());
    write_270(Vec::new(), &header, &[]).unwrap_err();
    let mute = Inquiry { service_types: vec![], ..inquiry(1) };
    write_270(Vec::new(), &header, &[mute]).unwrap_err();
}
