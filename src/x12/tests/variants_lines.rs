//! The knobs of a claim's lines, each in the file that it makes.

use crate::domain::claim_detail::{ClaimDetail, LineDetail, Note};
use crate::domain::codes::{Mode, Modifier};
use crate::domain::contract::form::Count;
use crate::domain::contract::form::kinds::*;
use crate::domain::money::Money;

use super::samples::{claims, header, leave_for_pyx12};
use super::variants::{knob, provider, write_with};

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
