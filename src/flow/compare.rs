//! A file is read by our reader and compared, claim by claim, with what was meant: what each claim
//! is about, whose it is, who rendered and bills it, to whom it goes. It is the reader's word, which
//! knows nothing of the writer; [`anew`](super::anew) leaves no element out.

use std::io::Read;

use rust_decimal::Decimal;

use crate::domain::batch::{Batch, StoredClaim};
use crate::domain::claim::{Claim, ClaimLine, FileHeader};
use crate::domain::claim_detail::{ClaimDetail, LineDetail, OtherPayer, PayerControl};
use crate::domain::codes::{Diagnosis, Modifier};
use crate::domain::contract::RenderingMode;
use crate::domain::contract::form::kinds::{CharacterSet, FileKind, ProviderId, Send, UnitBasis};
use crate::domain::identifiers::{AuthorizationNumber, Npi};
use crate::x12::envelope::usage;
use crate::x12::read::claims_837;
use crate::x12::read::{Event, Reader, Record};

/// The first difference between a file and what was meant to stand in it; none when there is none.
pub(super) fn difference(
    file: impl Read,
    batch: &Batch,
    header: &FileHeader,
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
                let live = i.usage == usage(header.mode);
                let other =
                    (!same).then(|| "ISA has another number, sender or receiver".to_owned());
                other.or_else(|| (!live).then(|| "ISA15 has another usage, T or P".to_owned()))
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
                    meant.next().and_then(|wanted| of_claim(&claim, wanted, header))
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

fn of_claim(read: &claims_837::Claim, meant: &StoredClaim, header: &FileHeader) -> Option<String> {
    let (claim, says) = (&meant.document, &meant.detail);
    let diagnoses: Vec<&str> = claim.diagnoses.iter().map(Diagnosis::as_str).collect();
    let control = says.payer_control.as_ref().map(PayerControl::as_str);
    let authorization = claim.authorization.as_ref().map(AuthorizationNumber::as_str);
    let upper = |text: &str| text.to_ascii_uppercase();
    let same_text = |read: Option<&str>, meant: Option<&str>| read.map(upper) == meant.map(upper);
    let small = header.profile.form.file.characters != CharacterSet::Basic;
    let same_number = |read, meant| if small { read == meant } else { same_text(read, meant) };
    let member = claim.subscriber.member_number.as_str();
    let checks = [
        ("CLM01", read.id == claim.number.as_str()),
        ("CLM02", read.charge == Some(claim.charge)),
        ("CLM05-1", read.place.as_deref() == Some(claim.place.as_str())),
        ("CLM05-3", read.frequency.as_deref() == Some(says.frequency.code())),
        ("NM109 of 2010BA", same_text(read.member.as_deref(), Some(member))),
        ("NM109 of 2010AA", read.billing.as_deref() == billing(header)),
        ("NM109 of 2010BB", same_text(read.payer.as_deref(), Some(payer(header)))),
        ("NM109 of 2310B", read.rendering.as_deref() == rendering(claim, says, header)),
        ("loop 2320", same_payers(&read.other_payers, &says.other_payers)),
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
            of_line(read, line, says, claim.authorization.is_some(), header)
        })
    });
    wrong.map(|what| format!("claim {} says otherwise in {what}", claim.number))
}

/// NM109 of 2010AA: none where the payer knows the provider by its own number only.
fn billing(header: &FileHeader) -> Option<&str> {
    let npi = header.profile.form.parties.billing_id == ProviderId::Npi;
    npi.then(|| header.billing.npi.as_str())
}

/// NM109 of 2010BB.
fn payer(header: &FileHeader) -> &str {
    let parties = &header.profile.form.parties;
    match &parties.encounter_payer_id {
        Some(id) if parties.kind == FileKind::Encounters => id.as_str(),
        _ => header.profile.payer_id.as_str(),
    }
}

/// NM109 of 2310B.
fn rendering<'a>(
    claim: &'a Claim,
    says: &'a ClaimDetail,
    header: &'a FileHeader,
) -> Option<&'a str> {
    let content = &header.profile.form.content;
    let (own, agency) = (&claim.rendering.npi, &header.billing.npi);
    let named = match header.profile.rendering {
        RenderingMode::Never => false,
        RenderingMode::IfDifferent => own != agency,
        RenderingMode::Always | RenderingMode::Supervisor | RenderingMode::Agency => true,
    };
    if !named && !content.rendering_places.contains(&claim.place) {
        return None;
    }
    match (header.profile.rendering, &says.supervising) {
        (RenderingMode::Supervisor, Some(stands_in)) => stands_in.npi.as_ref().map(Npi::as_str),
        (RenderingMode::Agency, _) => Some(agency.as_str()),
        _ => (content.rendering_id == ProviderId::Npi).then(|| own.as_str()),
    }
}

fn same_payers(read: &[claims_837::OtherPayer], meant: &[OtherPayer]) -> bool {
    let same = |(read, meant): (&claims_837::OtherPayer, &OtherPayer)| {
        read.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(meant.id.as_str()))
            && read.order.as_deref() == Some(meant.sequence.as_str())
            && read.paid == meant.paid
    };
    read.len() == meant.len() && read.iter().zip(meant).all(same)
}

fn of_line(
    read: &claims_837::Line,
    line: &ClaimLine,
    says: &LineDetail,
    on_claim: bool,
    header: &FileHeader,
) -> Option<&'static str> {
    let knobs = &header.profile.form.lines;
    let mut wanted: Vec<&str> = line.modifiers.iter().map(Modifier::as_str).collect();
    let first = |modifier: &&str| knobs.modifier_order.iter().position(|m| m.as_str() == *modifier);
    // A stable sort: those without a place of their own stay as they are, behind the others.
    wanted.sort_by_key(|modifier| first(modifier).unwrap_or(usize::MAX));
    let stated: Vec<&str> = read.modifiers.iter().map(AsRef::as_ref).collect();
    let renders = says.rendering.as_ref().filter(|_| knobs.rendering != Send::Never);
    let renders = renders.and_then(|provider| provider.npi.as_ref()).map(Npi::as_str);
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
        ("the last day of DTP*472", same_end(read, line, says)),
        ("NM109 of 2420A", read.rendering.as_deref() == renders),
        ("REF*6R", read.control.as_deref() == Some(line.control.as_str())),
        (
            "REF*G1 of a line",
            again || read.authorization.as_ref().map(|a| a.to_ascii_uppercase()) == authorization,
        ),
    ];
    checks.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}

/// Whether the last day is the meant one; a line of one day may name it twice or not at all.
fn same_end(read: &claims_837::Line, line: &ClaimLine, says: &LineDetail) -> bool {
    read.date_to.unwrap_or(line.date) == says.last_day.unwrap_or(line.date)
}
