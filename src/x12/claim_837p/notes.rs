//! Notes: a claim's or line's own, or the first rule of the profile that fits it.

use std::io::Write;

use crate::domain::claim::{Claim, ClaimLine};
use crate::domain::claim_detail::{ClaimDetail, LineDetail, Note};
use crate::domain::codes::Mode;
use crate::domain::contract::ClaimProfile;
use crate::domain::contract::form::kinds::{
    END_TIME, GROUP_SIZE, MODE, NoteKind, NoteRule, START_TIME,
};
use crate::x12::error::{X12Error, X12Fault};
use crate::x12::writer::SegmentWriter;

/// Writes NTE of loop 2300, if there is anything to say.
pub(super) fn of_claim<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    rules: &[NoteRule],
) -> Result<(), X12Error> {
    if let Some(note) = &detail.note {
        return own(out, "2300", note);
    }
    let rule =
        rules.iter().find(|rule| claim.lines.iter().any(|l| rule.fits(&l.procedure, &l.modifiers)));
    rule.map_or(Ok(()), |rule| {
        let known = |index: usize| detail.lines.get(index).and_then(|line| line.minutes);
        let minutes = (0..claim.lines.len()).map(known).sum();
        let facts = Facts {
            units: claim.lines.iter().map(|line| line.units).sum(),
            minutes,
            days: (
                claim.lines.iter().map(|line| line.date).min(),
                claim.lines.iter().map(|line| line.date).max(),
            ),
            times: None,
            modes: &[],
            group_sizes: None,
            authorization: claim
                .authorization
                .as_ref()
                .map(crate::domain::identifiers::AuthorizationNumber::as_str),
        };
        filled(out, "2300", rule, &facts)
    })
}

/// Writes NTE of loop 2400, if there is anything to say.
pub(super) fn of_line<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    line: &ClaimLine,
    detail: &LineDetail,
    rules: &[NoteRule],
) -> Result<(), X12Error> {
    if let Some(note) = &detail.note {
        return own(out, "2400", note);
    }
    let rule = rules.iter().find(|rule| rule.fits(&line.procedure, &line.modifiers));
    rule.map_or(Ok(()), |rule| {
        let authorization = line.authorization.as_ref().or(claim.authorization.as_ref());
        let facts = Facts {
            units: line.units,
            minutes: detail.minutes,
            days: (Some(line.date), Some(detail.last_day.unwrap_or(line.date))),
            times: detail.times,
            modes: &detail.modes,
            group_sizes: detail.group_sizes,
            authorization: authorization
                .map(crate::domain::identifiers::AuthorizationNumber::as_str),
        };
        filled(out, "2400", rule, &facts)
    })
}

/// Whether a claim's own note can stand in this payer's files.
pub(crate) fn sendable(profile: &ClaimProfile, note: &Note) -> Result<(), X12Error> {
    let out = SegmentWriter::new(std::io::sink(), profile.delimiters, false)?;
    own(&mut out.with_characters(profile.form.file.characters), "2300", note)
}

/// What a template can name.
struct Facts<'a> {
    units: u32,
    minutes: Option<u32>,
    days: (Option<chrono::NaiveDate>, Option<chrono::NaiveDate>),
    times: Option<(chrono::NaiveTime, chrono::NaiveTime)>,
    modes: &'a [Mode],
    group_sizes: Option<(u32, u32)>,
    authorization: Option<&'a str>,
}

fn own<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    note: &Note,
) -> Result<(), X12Error> {
    segment(out, loop_id, note.kind, note.text.as_str())
}

fn segment<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    kind: NoteKind,
    text: &str,
) -> Result<(), X12Error> {
    out.segment(loop_id, "NTE").code(kind.as_str()).text(text, 1..=80).end()
}

/// Each mode once, as a person reads it; none where none is known.
fn modes(all: &[Mode]) -> Option<String> {
    let word = |mode: &Mode| match mode {
        Mode::InPerson => "IN PERSON",
        Mode::Video => "VIDEO",
        Mode::Audio => "AUDIO",
    };
    let words: Vec<&str> = all.iter().map(word).collect();
    (!words.is_empty()).then(|| words.join("/"))
}

/// One size, or the smallest and the largest.
fn sizes((least, most): (u32, u32)) -> String {
    if least == most { least.to_string() } else { format!("{least}-{most}") }
}

fn filled<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    rule: &NoteRule,
    facts: &Facts<'_>,
) -> Result<(), X12Error> {
    let mut text = rule.text.as_str().to_owned();
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.format("%Y%m%d").to_string());
    let time = |time: chrono::NaiveTime| time.format("%H%M").to_string();
    for (token, value) in [
        ("{units}", Some(facts.units.to_string())),
        ("{minutes}", facts.minutes.map(|m| m.to_string())),
        ("{first_date}", day(facts.days.0)),
        ("{last_date}", day(facts.days.1)),
        (START_TIME, facts.times.map(|times| time(times.0))),
        (END_TIME, facts.times.map(|times| time(times.1))),
        (MODE, modes(facts.modes)),
        (GROUP_SIZE, facts.group_sizes.map(sizes)),
        ("{authorization}", facts.authorization.map(str::to_owned)),
    ] {
        if !text.contains(token) {
            continue;
        }
        let Some(value) = value else {
            let message = format!("the profile's note needs {token}, which is not known here");
            return Err(X12Error::new(X12Fault::Content, out.here(loop_id), message));
        };
        text = text.replace(token, &value);
    }
    segment(out, loop_id, rule.kind, &text)
}
