//! Arbitrary profiles and arbitrary facts of claims, together: what is written is sound and is read
//! again as it was meant.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::{
    Adjustment, AdjustmentGroup, Attachment, ClaimDetail, Epsdt, Facility, Insured,
    LineAdjudication, LineDetail, Note, OtherPayer, PayerControl, Provider, Sequence,
};
use crate::domain::codes::Carc;
use crate::domain::contract::RenderingMode;
use crate::domain::contract::form::Count;
use crate::domain::contract::form::kinds::*;
use crate::domain::identifiers::{MemberNumber, Npi, PartnerCode};
use crate::domain::money::Money;
use crate::x12::read::claims_837::Claim as Read;
use crate::x12::read::{Event, Reader, Record};
use crate::x12::{Offer, Writer837p, read_back};

use super::samples::{day, leave_for_pyx12, line35, line55};
use super::strategies::batch;

/// Files left for pyx12.
const MOST_LEFT: usize = 30;
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// Yes or no, many times.
type Coins = Vec<bool>;

fn number(kind: NumberKind, text: &str) -> Number {
    Number { kind, number: Reference::parse(text).unwrap() }
}

fn note(kind: NoteKind) -> Note {
    Note { kind, text: Note80::parse("Peer support, goal 2").unwrap() }
}

fn provider(last: &str) -> Provider {
    Provider {
        last_name: line55(last),
        first_name: Some(line35("Rae")),
        npi: Some(Npi::parse("1245319599").unwrap()),
        taxonomy: None,
        numbers: vec![number(NumberKind::License, "LIC7")],
    }
}

fn address() -> Address {
    Address {
        line1: line55("PO Box 12"),
        line2: None,
        city: "Spokane".parse().unwrap(),
        state: "WA".parse().unwrap(),
        zip: "99210".parse().unwrap(),
    }
}

/// Turns knobs of the profile by coins; what a knob demands, `detail` gives.
fn turn(header: &mut FileHeader, coins: &Coins, kind: FileKind, rendering: RenderingMode) {
    let mut coins = coins.iter().copied();
    let mut coin = || coins.next().unwrap();
    header.profile.rendering = rendering;
    let form = &mut header.profile.form;
    form.parties.kind = kind;
    form.parties.reissue = coin();
    form.parties.pay_to = coin().then(address);
    form.parties.payer_address = coin().then(address);
    form.parties.group_number = coin().then(|| Reference::parse("GRP1").unwrap());
    if coin() {
        form.parties.billing_id = ProviderId::PayerNumber;
        form.parties.billing_numbers = vec![number(NumberKind::Payer, "PRV9")];
    }
    if coin() {
        form.parties.payer_numbers = vec![number(NumberKind::PayerId, "77")];
    }
    let agent = PartnerCode::parse("CEDAR01").unwrap();
    form.parties.submitter = coin().then(|| Submitter { name: line55("Cedar"), id: agent });
    form.content.zero_charge = ZeroCharge::Allowed;
    form.content.signature_on_file = coin();
    form.content.member_signature_by_provider = coin();
    form.content.delay_reason = coin().then_some(DelayReason::Other);
    form.content.delay_days = Count(20);
    form.content.authorization_exception = coin().then_some(Exception::Pending);
    form.content.supervising = if coin() { Send::IfKnown } else { Send::Never };
    form.content.rendering_numbers = if coin() { Send::IfKnown } else { Send::Never };
    if coin() {
        form.content.fixed_format = vec![Note80::parse("PROGRAM A").unwrap()];
    }
    if coin() {
        let text = Note80::parse("{units} units from {first_date}").unwrap();
        let (procedures, modifiers) = (vec![], vec![]);
        let rule = NoteRule { kind: NoteKind::Additional, text, procedures, modifiers };
        form.content.notes = vec![rule.clone()];
        form.lines.notes = vec![rule];
    }
    form.lines.basis = if coin() { UnitBasis::Minutes } else { UnitBasis::Units };
    form.lines.spans = true;
    form.lines.date_format = if coin() { DateFormat::Range } else { DateFormat::Shortest };
    form.lines.authorization_again = coin();
    form.lines.pointers = Count(if coin() { 1 } else { 4 });
    form.lines.emergency = coin();
    form.lines.copay_exempt = coin();
}

/// What other payers did, so that it balances: the first pays a part of each line.
fn other_payer(claim: &Claim, share: i64, by_line: bool) -> (OtherPayer, Vec<LineAdjudication>) {
    let id = PartnerCode::parse("CASCADE01").unwrap();
    let adjusted = |cents: i64| Adjustment {
        group: AdjustmentGroup::Contractual,
        reason: Carc::parse("45").unwrap(),
        amount: Money::from_cents(cents),
        quantity: None,
    };
    let paid = |charge: Money| Money::from_cents(charge.cents() * share / 100);
    let lines: Vec<LineAdjudication> = claim
        .lines
        .iter()
        .map(|line| LineAdjudication {
            payer: id.clone(),
            paid: paid(line.charge),
            units: line.units.into(),
            adjustments: vec![adjusted((line.charge - paid(line.charge)).cents())],
            date: day(2026, 10, 1),
            remaining: None,
        })
        .collect();
    let total: Money = lines.iter().map(|line| line.paid).sum();
    let of_claim = if by_line { vec![] } else { vec![adjusted((claim.charge - total).cents())] };
    let other = OtherPayer {
        sequence: Sequence::Primary,
        relationship: "18".parse().unwrap(),
        group_number: None,
        filing_code: "CI".to_owned(),
        adjustments: of_claim,
        paid: Some(total),
        remaining: Some(Money::from_cents(5)),
        benefits: Benefits::Yes,
        release: Release::Yes,
        insured: Insured {
            last_name: line55("Brandt"),
            first_name: line35("Lee"),
            number: MemberNumber::parse("CEH4417720").unwrap(),
            address: Some(claim.subscriber.address.clone()),
        },
        name: line55("Cascade Employee Health"),
        id,
        adjudicated: Some(day(2026, 10, 1)),
        control: None,
    };
    (other, if by_line { lines } else { vec![] })
}

fn detail(header: &FileHeader, claim: &Claim, coins: &Coins, share: i64) -> ClaimDetail {
    let mut coins = coins.iter().copied();
    let mut coin = || coins.next().unwrap();
    let mut detail = ClaimDetail::default();
    if coin() {
        detail.frequency = if coin() { Frequency::Replacement } else { Frequency::Void };
        detail.payer_control = Some("ICN20260001".parse().unwrap());
    }
    detail.middle_name = coin().then(|| line35("M"));
    detail.member_paid = Money::from_cents(if coin() { 300 } else { 0 });
    detail.referral = coin().then(|| "RF-99".parse().unwrap());
    detail.medical_record = coin().then(|| Reference::parse("MR4").unwrap());
    detail.note = coin().then(|| note(NoteKind::Goals));
    if coin() {
        let control = Some(Reference::parse("ATT1").unwrap());
        let (report, transmission) = ("OZ".parse().unwrap(), "FX".parse().unwrap());
        detail.attachments = vec![Attachment { report, transmission, control }];
        let conditions = vec!["ST".parse().unwrap()];
        detail.epsdt = Some(Epsdt { referred: true, conditions });
    }
    detail.referring = coin().then(|| provider("Hill"));
    let stands_in = header.profile.rendering == RenderingMode::Supervisor;
    detail.supervising = (stands_in || coin()).then(|| provider("Moss"));
    if coin() {
        detail.rendering_numbers = vec![number(NumberKind::Payer, "PEER7")];
    }
    if coin() {
        let mut address = header.billing.address.clone();
        address.line1 = line55("9 Clinic Rd");
        detail.facility = Some(Facility { name: line55("Clinic"), npi: None, address });
    }
    let mut words = Vec::new();
    if coin() {
        let (other, by_line) = other_payer(claim, share, coin());
        detail.sequence = Sequence::Secondary;
        detail.other_payers = vec![other];
        words = by_line;
    }
    let mut words = words.into_iter();
    for line in &claim.lines {
        detail.lines.push(LineDetail {
            last_day: coin().then_some(line.date),
            minutes: Some(line.units * 15),
            epsdt: coin(),
            note: coin().then(|| note(NoteKind::ThirdParty)),
            rendering: coin().then(|| provider("Vale")),
            ordering: coin().then(|| provider("Ford")),
            adjudications: words.next().into_iter().collect(),
            ..LineDetail::default()
        });
    }
    detail
}

fn claims() -> impl Strategy<Value = (FileHeader, Vec<(Claim, ClaimDetail)>)> {
    let coins = || prop::collection::vec(any::<bool>(), 400);
    let modes = subsequence(RenderingMode::ALL, 1);
    (batch(), coins(), coins(), select(FileKind::ALL), modes, 0..=100i64).prop_map(
        |((mut header, claims), profile, facts, kind, rendering, share)| {
            turn(&mut header, &profile, kind, rendering[0]);
            let detailed = claims.into_iter().enumerate().map(|(n, claim)| {
                let mut coins = facts.clone();
                coins.rotate_left(n * 7);
                let detail = detail(&header, &claim, &coins, share);
                (claim, detail)
            });
            let detailed = detailed.collect();
            (header, detailed)
        },
    )
}

/// The claims that a file has, by our reader.
fn read_again(bytes: &[u8]) -> Vec<Read> {
    let mut found = Vec::new();
    for event in Reader::new(bytes) {
        match event {
            Event::Record(record) => {
                if let Record::Claim(claim) = *record {
                    found.push(claim);
                }
            }
            Event::Error(error) => panic!("{error:?}"),
            _ => {}
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn arbitrary_claims_of_arbitrary_profiles_come_back((header, claims) in claims()) {
        let mut bytes = Vec::new();
        let mut writer = Writer837p::new(&mut bytes, &header).unwrap();
        for (claim, detail) in &claims {
            prop_assert_eq!(writer.offer(claim, detail).unwrap(), Offer::Written);
        }
        let totals = writer.finish().unwrap();
        let summary = read_back(&bytes[..]).unwrap();
        prop_assert_eq!(&summary.problems, &vec![]);
        prop_assert_eq!(summary.totals, totals);
        let found = read_again(&bytes);
        prop_assert_eq!(found.len(), claims.len());
        for (found, (claim, detail)) in found.iter().zip(&claims) {
            prop_assert_eq!(&found.id, claim.number.as_str());
            prop_assert_eq!(found.charge, Some(claim.charge));
            prop_assert_eq!(found.frequency.as_deref(), Some(detail.frequency.code()));
            let control = detail.payer_control.as_ref().map(PayerControl::as_str);
            prop_assert_eq!(found.payer_control.as_deref(), control);
            prop_assert_eq!(found.other_payers.len(), detail.other_payers.len());
            for (found, other) in found.other_payers.iter().zip(&detail.other_payers) {
                prop_assert_eq!(found.id.as_deref(), Some(other.id.as_str()));
                prop_assert_eq!(found.paid, other.paid);
            }
            for (found, line) in found.lines.iter().zip(&claim.lines) {
                prop_assert_eq!(found.charge, Some(line.charge));
                prop_assert_eq!(found.date, Some(line.date));
                prop_assert_eq!(found.control.as_deref(), Some(line.control.as_str()));
            }
        }
        // pyx12 does not know BHT06 31 (subrogation), which the guide has: those are left out.
        if header.profile.form.parties.kind == FileKind::Subrogation {
            return Ok(());
        }
        let left = LEFT.fetch_add(1, Ordering::Relaxed);
        if left < MOST_LEFT {
            leave_for_pyx12(&format!("all_knobs-{left:02}.837"), &bytes);
        }
    }
}
