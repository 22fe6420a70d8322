//! What the writers of responses write, our readers and pyx12 read.

use chrono::{NaiveDate, NaiveDateTime};

use crate::domain::contract::Delimiters;
use crate::domain::money::Money;
use crate::domain::organization::OrganizationMode;
use crate::x12::eligibility_270::{Inquiry, InquiryHeader, write_270};
use crate::x12::read::Document;
use crate::x12::read::document::SetBody;
use crate::x12::respond::{
    ClaimStatus, ElementFault, Exchange, GroupVerdict, InterchangeVerdict, SegmentFault,
    SetVerdict, StatusCode, StatusFile, StatusProvider, write_277ca, write_999, write_ta1,
};

use super::samples::{day, leave_for_pyx12};

fn created() -> NaiveDateTime {
    day(2026, 9, 1).and_hms_opt(8, 5, 0).unwrap()
}

pub(super) fn exchange() -> Exchange {
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
pub(super) fn only_set(file: &[u8]) -> SetBody {
    let mut document = Document::read(file);
    assert_eq!(document.errors, vec![], "{}", String::from_utf8_lossy(file));
    let mut groups = document.interchanges.remove(0).groups;
    assert_eq!((groups.len(), groups[0].sets.len()), (1, 1));
    groups.remove(0).sets.remove(0).body
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
    assert_eq!(levels[1].billing.as_deref(), Some("1234567893"));
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
