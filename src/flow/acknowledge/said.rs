//! The codes of a response in the words of a biller.

use crate::domain::response::{self, ADJUDICATION, Said, Source, Stage, Taken, Verdict};
use crate::domain::response_codes as codes;
use crate::x12::read::ack_999::{AckError, AckSet};
use crate::x12::read::status_277ca::{Disposition, Status};
use crate::x12::read::ta1::Ta1;

/// Most remarks kept of one response: the first hundred of a bad set tell the story.
const MAX_SAID: usize = 100;

/// Cuts what is told of a set to what is kept of it.
pub(super) fn cut_set(set: &mut AckSet) {
    set.errors.truncate(MAX_SAID);
    set.errors.shrink_to_fit();
    for error in &mut set.errors {
        error.elements.truncate(MAX_SAID);
        error.elements.shrink_to_fit();
    }
}

/// Cuts statuses to what is kept of them: the first of each kind that decides something comes first.
pub(super) fn cut_statuses(statuses: &mut Vec<Status>) {
    if statuses.len() <= MAX_SAID {
        return;
    }
    let decides = |s: &Status| ADJUDICATION.contains(&s.category.as_str());
    let kinds: [&dyn Fn(&Status) -> bool; 5] = [
        &|s| decides(s) && s.line.is_none(),
        &decides,
        &|s| is_copied_claim(std::slice::from_ref(s)),
        &|s| is_torn(std::slice::from_ref(s)),
        &|s| is_lost(std::slice::from_ref(s)),
    ];
    let mut first: Vec<usize> =
        kinds.iter().filter_map(|kind| statuses.iter().position(kind)).collect();
    first.sort_unstable();
    first.dedup();
    // From the last one, so that the places of the others stay.
    let taken: Vec<Status> = first.iter().rev().map(|place| statuses.remove(*place)).collect();
    statuses.splice(0..0, taken.into_iter().rev());
    statuses.truncate(MAX_SAID);
    statuses.shrink_to_fit();
}

/// What a TA1 says.
pub(super) fn of_interchange(ta1: &Ta1) -> (Verdict, Vec<Said>) {
    let verdict = match ta1.status.as_str() {
        "A" => Verdict::Accepted,
        "E" => Verdict::AcceptedWithErrors,
        "R" => Verdict::Rejected,
        _ => Verdict::Unknown,
    };
    let (code, message) = match &ta1.note {
        Some(note) => (format!("TA105:{}", codes::shaped(note)), codes::interchange(note)),
        None => (format!("TA104:{}", codes::shaped(&ta1.status)), "No reason is given".to_owned()),
    };
    (verdict, vec![Said { code, place: None, message }])
}

/// Whether a TA1 speaks of the interchange with this ISA09 and ISA10, as far as it says (TA102, TA103).
pub(super) fn is_of(ta1: &Ta1, (day, time): &(String, String)) -> bool {
    let day_fits = |said: &str| said.is_empty() || said.ends_with(day.as_str());
    let time_fits = |said: &str| said.is_empty() || said.starts_with(time.as_str());
    ta1.date.as_deref().is_none_or(day_fits) && ta1.time.as_deref().is_none_or(time_fits)
}

/// Whether a TA1 rejects a copy (TA105).
pub(super) fn is_copied_interchange(ta1: &Ta1) -> bool {
    ta1.note.as_deref() == Some("025")
}

/// Whether a 999 rejects a copy: AK905 to AK909, or IK502 to IK506.
pub(super) fn is_copied_group(codes: &[String]) -> bool {
    codes.iter().any(|code| code == "19")
}

/// See [`is_copied_group`].
pub(super) fn is_copied_set(set: &AckSet) -> bool {
    set.codes.iter().any(|code| code == "23")
}

/// Claim status codes of a duplicate.
const COPY: [&str; 2] = ["54", "78"];

/// Whether a 277CA says of a claim that it has it already, whatever else it says.
pub(super) fn is_copied_claim(statuses: &[Status]) -> bool {
    statuses.iter().filter_map(|s| s.code.as_deref()).any(|code| COPY.contains(&code))
}

/// The same of what was kept of it.
pub(super) fn is_kept_copy(said: &[Said]) -> bool {
    said.iter().filter_map(|s| s.code.split(':').nth(1)).any(|code| COPY.contains(&code))
}

/// Whether what was kept shows, against a later word of `against`, that something is there already. A
/// clearinghouse that has a claim twice may have sent the first one on or not: the payer's own word
/// tells, and another one of a clearinghouse does not.
pub(super) fn is_kept_again(stage: Stage, source: Source, said: &[Said], against: Source) -> bool {
    match stage {
        Stage::Claim => (source == Source::Payer || against != Source::Payer) && is_kept_copy(said),
        Stage::Interchange => said.iter().any(|s| s.code == "TA105:025"),
        Stage::Set => said.iter().any(|s| s.code == "IK5:23" || s.code == "AK9:19"),
    }
}

/// That a 999 rejects a group as a copy, which is kept of each of its sets.
pub(super) fn copied_group() -> Said {
    Said {
        code: "AK9:19".to_owned(),
        place: None,
        message: "The group control number (GS06) came before: a copy".to_owned(),
    }
}

/// How far a 277CA shows that its sender has gone with a claim.
pub(super) fn taken(verdict: Verdict, statuses: &[Status]) -> Taken {
    response::taken(verdict, statuses.iter().map(|s| (s.category.as_str(), s.line.is_none())))
}

/// What IK501 or AK901 comes to. The rarer ones (M, W, X: a failed security check) reject.
pub(super) fn set_verdict(status: Option<&str>) -> Verdict {
    match status {
        Some("A") => Verdict::Accepted,
        Some("E") => Verdict::AcceptedWithErrors,
        Some("R" | "M" | "W" | "X") => Verdict::Rejected,
        _ => Verdict::Unknown,
    }
}

/// What a 999 says of a set.
pub(super) fn of_set(set: &AckSet) -> (Verdict, Vec<Said>) {
    let mut said = Vec::new();
    for error in &set.errors {
        said.extend(of_segment(error));
    }
    // What rejects it is kept, however many faults it has.
    said.truncate(MAX_SAID.saturating_sub(set.codes.len()));
    said.extend(set.codes.iter().map(|code| Said {
        code: format!("IK5:{}", codes::shaped(code)),
        place: None,
        message: codes::set(code),
    }));
    said.truncate(MAX_SAID);
    (set_verdict(set.status.as_deref()), said)
}

fn of_segment(error: &AckError) -> Vec<Said> {
    let segment = codes::shaped(&error.segment);
    let position = error.position.as_deref().map(codes::shaped).unwrap_or_default();
    let at = format!("{segment} at segment {position} of the set");
    let code = error.code.as_deref().unwrap_or_default();
    let whole = Said {
        code: format!("IK3:{}", codes::shaped(code)),
        place: Some(at),
        message: codes::segment(code),
    };
    let elements = error.elements.iter().map(|element| {
        let code = element.code.as_deref().unwrap_or_default();
        let number = element.element.as_deref().map(codes::shaped).unwrap_or_default();
        Said {
            code: format!("IK4:{}", codes::shaped(code)),
            place: Some(format!("{segment}{number:0>2} at segment {position} of the set")),
            message: codes::element(code),
        }
    });
    std::iter::once(whole).chain(elements).collect()
}

/// Whether some status says two things: its category accepts and its action (STC03) rejects, or the
/// other way round.
pub(super) fn is_torn(statuses: &[Status]) -> bool {
    let torn = |s: &Status| match s.action.as_deref() {
        Some("U") => matches!(s.category.as_str(), "A0" | "A1" | "A2" | "A5"),
        Some("WQ") => matches!(s.category.as_str(), "A3" | "A4" | "A6" | "A7" | "A8"),
        _ => false,
    };
    statuses.iter().any(torn)
}

/// Whether a claim cannot be found (A4): the one that was sent may still be under way, or be there
/// under another number.
fn is_lost(statuses: &[Status]) -> bool {
    statuses.iter().any(|s| s.category == "A4")
}

/// What the statuses of a 277CA say.
pub(super) fn of_statuses(disposition: Disposition, statuses: &[Status]) -> (Verdict, Vec<Said>) {
    let verdict = match disposition {
        _ if is_torn(statuses) => Verdict::Mixed,
        Disposition::Rejected if is_lost(statuses) => Verdict::Unknown,
        Disposition::Accepted => Verdict::Accepted,
        Disposition::Rejected => Verdict::Rejected,
        Disposition::Mixed => Verdict::Mixed,
        Disposition::Unknown => Verdict::Unknown,
    };
    let said = statuses.iter().take(MAX_SAID).map(|status| {
        let parts = [Some(&status.category), status.code.as_ref(), status.entity.as_ref()];
        let parts: Vec<&str> = parts.into_iter().flatten().map(|c| codes::shaped(c)).collect();
        Said {
            code: parts.join(":"),
            place: status.line.as_ref().map(|line| format!("line {}", codes::shaped(line))),
            message: codes::status(
                &status.category,
                status.code.as_deref(),
                status.entity.as_deref(),
            ),
        }
    });
    (verdict, said.collect())
}

/// Who speaks in a 277CA. One that does not say is taken for the payer's: its word counts most.
pub(super) fn source(entity: Option<&str>) -> Source {
    if entity == Some("AY") { Source::Clearinghouse } else { Source::Payer }
}
