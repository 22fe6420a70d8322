//! A file is read by our reader and compared, claim by claim, with what was meant.

use std::io::Read;

use rust_decimal::Decimal;

use crate::domain::batch::{Batch, StoredClaim};
use crate::domain::claim::ClaimLine;
use crate::domain::claim_detail::{LineDetail, PayerControl};
use crate::domain::codes::{Diagnosis, Modifier};
use crate::domain::contract::Terms;
use crate::domain::contract::form::kinds::{CharacterSet, UnitBasis};
use crate::domain::identifiers::AuthorizationNumber;
use crate::x12::read::claims_837;
use crate::x12::read::{Event, Reader, Record};

/// The first difference between a file and what was meant to stand in it; none when there is none.
pub(super) fn difference(
    file: impl Read,
    batch: &Batch,
    terms: &Terms,
    claims: &[StoredClaim],
) -> Option<String> {
    let mut meant = claims.iter();
    let mut groups = 0;
    for event in Reader::new(file) {
        let found = match event {
            Event::Error(error) => Some(format!("the reader says: {}", error.message)),
            Event::Interchange(i) => {
                let same = i.control.parse() == Ok(batch.interchange_control)
                    && i.sender.eq_ignore_ascii_case(batch.sender.as_str())
                    && i.receiver.eq_ignore_ascii_case(batch.receiver.as_str());
                (!same).then(|| "ISA has another number, sender or receiver".to_owned())
            }
            Event::Group(group) => {
                let wanted = batch.group_control.saturating_add(groups);
                groups += 1;
                let same = group.control.parse() == Ok(wanted);
                (!same).then(|| "a group has another control number".to_owned())
            }
            Event::Record(record) => match (*record, meant.len()) {
                (Record::Claim(_), 0) => Some("there is a claim more than was meant".to_owned()),
                (Record::Claim(claim), _) => {
                    meant.next().and_then(|wanted| of_claim(&claim, wanted, terms))
                }
                _ => None,
            },
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    meant.next().map(|claim| format!("claim {} is not in the file", claim.number()))
}

fn of_claim(read: &claims_837::Claim, meant: &StoredClaim, terms: &Terms) -> Option<String> {
    let (claim, says) = (&meant.document, &meant.detail);
    let diagnoses: Vec<&str> = claim.diagnoses.iter().map(Diagnosis::as_str).collect();
    let control = says.payer_control.as_ref().map(PayerControl::as_str);
    let authorization = claim.authorization.as_ref().map(AuthorizationNumber::as_str);
    let upper = |text: &str| text.to_ascii_uppercase();
    let same_text = |read: Option<&str>, meant: Option<&str>| read.map(upper) == meant.map(upper);
    let small = terms.pack.claim.form.file.characters != CharacterSet::Basic;
    let same_number = |read, meant| if small { read == meant } else { same_text(read, meant) };
    let member = claim.subscriber.member_number.as_str();
    let checks = [
        ("CLM01", read.id == claim.number.as_str()),
        ("CLM02", read.charge == Some(claim.charge)),
        ("CLM05-1", read.place.as_deref() == Some(claim.place.as_str())),
        ("CLM05-3", read.frequency.as_deref() == Some(says.frequency.code())),
        ("NM109 of 2010BA", same_text(read.member.as_deref(), Some(member))),
        ("REF*G1", same_text(read.authorization.as_deref(), authorization)),
        ("REF*F8", same_number(read.payer_control.as_deref(), control)),
        ("HI", read.diagnoses == diagnoses),
        ("LX", read.lines.len() == claim.lines.len()),
    ];
    let wrong = checks.into_iter().find(|(_, same)| !same).map(|(what, _)| what);
    let plain = LineDetail::default();
    let lines = read.lines.iter().zip(&claim.lines).enumerate();
    let wrong = wrong.or_else(|| {
        lines.into_iter().find_map(|(at, (read, line))| {
            let says = says.lines.get(at).unwrap_or(&plain);
            of_line(read, line, says, claim.authorization.is_some(), terms)
        })
    });
    wrong.map(|what| format!("claim {} says otherwise in {what}", claim.number))
}

fn of_line(
    read: &claims_837::Line,
    line: &ClaimLine,
    says: &LineDetail,
    on_claim: bool,
    terms: &Terms,
) -> Option<&'static str> {
    let knobs = &terms.pack.claim.form.lines;
    let mut wanted: Vec<&str> = line.modifiers.iter().map(Modifier::as_str).collect();
    let mut stated: Vec<&str> = read.modifiers.iter().map(AsRef::as_ref).collect();
    wanted.sort_unstable();
    stated.sort_unstable();
    let units = match knobs.basis {
        UnitBasis::Units => line.units,
        UnitBasis::Minutes => says.minutes.unwrap_or(line.units),
    };
    let most = usize::try_from(knobs.pointers.0).unwrap_or(usize::MAX);
    let pointers: Vec<u64> = line.pointers.iter().take(most).map(|p| u64::from(*p)).collect();
    let again = knobs.authorization_again && on_claim;
    let authorization = line.authorization.as_ref().map(|a| a.as_str().to_ascii_uppercase());
    let checks = [
        ("SV101", read.procedure.as_deref() == Some(line.procedure.as_str())),
        ("the modifiers of SV101", stated == wanted),
        ("SV102", read.charge == Some(line.charge)),
        ("SV104", read.units == Some(Decimal::from(units))),
        ("SV107", read.pointers == pointers),
        ("DTP*472", read.date == Some(line.date)),
        ("REF*6R", read.control.as_deref() == Some(line.control.as_str())),
        (
            "REF*G1 of a line",
            again || read.authorization.as_ref().map(|a| a.to_ascii_uppercase()) == authorization,
        ),
    ];
    checks.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}
