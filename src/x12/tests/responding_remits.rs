//! The 835 that we write, read again: what it pays, and that it never fails to add up.

use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::x12::read::document::SetBody;
use crate::x12::respond::{
    PaidClaim, PaidLine, PayAdjustment, PayProviderAdjustment, Payee, Paying, Writer835,
};

use super::responding::{exchange, only_set};
use super::samples::{day, leave_for_pyx12};

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
        prop_assert_eq!(payment.payee_tax_id.as_deref(), Some("911234567"));
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
