//! What somebody sent as an encounter, before it is checked; and the one parser for JSON and CSV.
//!
//! All faults are told at once, at the JSON pointer of their field (CSV intake turns pointers into
//! column names). Nothing here looks into the database.

use std::str::FromStr;

use chrono::TimeDelta;

use super::refs::{AuthorizationRef, MemberRef, PayerRef, PeerRef};
use crate::domain::codes::{Activity, Diagnosis, Mode, Role, Setting};
use crate::domain::dates::{Instant, Zone};
use crate::domain::encounter::{Kind, MAX_CONTACT_MINUTES, MAX_DIAGNOSES, Note};
use crate::domain::identifiers::{AuthorizationNumber, Key, MemberNumber, Npi, Reference};
use crate::domain::ids::{AuthorizationId, MemberId, PayerId, PeerId};
use crate::domain::session::{Group, MAX_PEERS, MAX_SIZE};
use crate::domain::text::Invalid;
use crate::error::Fault;

/// How far a sender's clock may run ahead of ours before a visit counts as one in the future.
const CLOCK_SKEW_MINUTES: i64 = 5;

/// An encounter as sent: texts, some of them missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The sender's own name for it.
    pub reference: Option<String>,
    /// A peer's id or NPI.
    pub peer: Option<String>,
    /// A member's id, or `payer:number`.
    pub member: Option<String>,
    /// The payer's id or key, when the member is named by number.
    pub member_payer: Option<String>,
    /// The member's number at that payer.
    pub member_number: Option<String>,
    /// What was done.
    pub activity: Option<String>,
    /// Or which service of the contract it was.
    pub service: Option<String>,
    /// The peer's role.
    pub role: Option<String>,
    /// Start.
    pub started_at: Option<String>,
    /// End.
    pub ended_at: Option<String>,
    /// Mode.
    pub mode: Option<String>,
    /// Setting.
    pub setting: Option<String>,
    /// Diagnoses, principal first.
    pub diagnoses: Vec<String>,
    /// An authorization's id or number.
    pub authorization: Option<String>,
    /// When the note was signed.
    pub note_signed_at: Option<String>,
    /// The goal it links to.
    pub note_plan_goal: Option<String>,
    /// The key of a program.
    pub program: Option<String>,
    /// Whether the member was not there: `true` or `false`.
    pub member_absent: Option<String>,
    /// The sender's own name for the session that it is a part of.
    pub group_session: Option<String>,
    /// Everyone served who was present in it.
    pub group_size: Option<String>,
    /// Peers who led it together.
    pub group_peers: Option<String>,
}

/// An encounter whose every field is well formed; people and authorization are still to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The sender's own name for it.
    pub reference: Reference,
    /// Who gave the support.
    pub peer: PeerRef,
    /// Who received it.
    pub member: MemberRef,
    /// What was done.
    pub kind: Kind,
    /// In which role.
    pub role: Role,
    /// Start.
    pub started_at: Instant,
    /// End.
    pub ended_at: Instant,
    /// Mode.
    pub mode: Mode,
    /// Setting.
    pub setting: Setting,
    /// Diagnoses.
    pub diagnoses: Vec<Diagnosis>,
    /// Authorization.
    pub authorization: Option<AuthorizationRef>,
    /// Note.
    pub note: Option<Note>,
    /// Program.
    pub program: Option<Key>,
    /// Whether the member was not there.
    pub member_absent: bool,
    /// The session that it is a part of.
    pub group: Option<Group>,
}

/// How times are read and whether they may lie ahead.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The zone of times without offset; without one they are refused (JSON).
    pub local: Option<Zone>,
    /// Now, where a visit must be in the past; none for a preview of a future one.
    pub not_after: Option<Instant>,
}

/// Collects faults while fields are read.
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, pointer: &str, message: impl Into<String>) {
        self.0.push(Fault::at(pointer, message));
    }

    fn checked<T>(&mut self, pointer: &str, result: Result<T, Invalid>) -> Option<T> {
        result.map_err(|e| self.add(pointer, format!("{e}."))).ok()
    }

    fn optional<T: FromStr<Err = Invalid>>(
        &mut self,
        pointer: &str,
        text: Option<&String>,
    ) -> Option<T> {
        let text = text.map(|t| t.trim()).filter(|t| !t.is_empty())?;
        self.checked(pointer, text.parse())
    }

    fn required<T: FromStr<Err = Invalid>>(
        &mut self,
        pointer: &str,
        text: Option<&String>,
    ) -> Option<T> {
        self.present(pointer, text).and_then(|t| self.checked(pointer, t.parse()))
    }

    fn present<'a>(&mut self, pointer: &str, text: Option<&'a String>) -> Option<&'a str> {
        let text = text.map(|t| t.trim()).filter(|t| !t.is_empty());
        if text.is_none() {
            self.add(pointer, "this field is required.");
        }
        text
    }
}

/// Checks every field of a draft.
pub fn parse(draft: &Draft, reading: Reading) -> Result<Parsed, Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let f = &mut faults;
    let reference = f.required("/reference", draft.reference.as_ref());
    let peer = peer(f, draft);
    let member = member(f, draft);
    let kind = kind(f, draft);
    let role = match draft.role.as_ref().filter(|r| !r.trim().is_empty()) {
        Some(_) => f.required("/role", draft.role.as_ref()),
        None => Some(Role::PeerSupport),
    };
    let times = times(f, draft, reading);
    let mode = f.required("/mode", draft.mode.as_ref());
    let setting = f.required("/setting", draft.setting.as_ref());
    let diagnoses = diagnoses(f, draft);
    let authorization = authorization(f, draft);
    let note = note(f, draft, reading);
    let program = f.optional("/program", draft.program.as_ref());
    let member_absent = flag(f, "/member_absent", draft.member_absent.as_ref());
    let group = group(f, draft);
    match (reference, peer, member, kind, role, times, mode, setting) {
        (
            Some(reference),
            Some(peer),
            Some(member),
            Some(kind),
            Some(role),
            Some((started_at, ended_at)),
            Some(mode),
            Some(setting),
        ) if faults.0.is_empty() => Ok(Parsed {
            reference,
            peer,
            member,
            kind,
            role,
            started_at,
            ended_at,
            mode,
            setting,
            diagnoses,
            authorization,
            note,
            program,
            member_absent,
            group,
        }),
        _ => Err(faults.0),
    }
}

fn flag(f: &mut Faults, pointer: &str, text: Option<&String>) -> bool {
    match text.map(|t| t.trim()) {
        None | Some("" | "false") => false,
        Some("true") => true,
        Some(_) => {
            f.add(pointer, "write true or false.");
            false
        }
    }
}

fn peer(f: &mut Faults, draft: &Draft) -> Option<PeerRef> {
    let text = f.present("/peer", draft.peer.as_ref())?;
    if text.starts_with(PeerId::PREFIX) {
        f.checked("/peer", PeerId::parse(text)).map(PeerRef::Id)
    } else {
        f.checked("/peer", Npi::parse(text)).map(PeerRef::Npi)
    }
}

fn member(f: &mut Faults, draft: &Draft) -> Option<MemberRef> {
    let filled = |t: &Option<String>| t.as_ref().is_some_and(|t| !t.trim().is_empty());
    if filled(&draft.member_payer) || filled(&draft.member_number) {
        if filled(&draft.member) {
            f.add("/member", "name the member by id or by payer and number, not by both.");
            return None;
        }
        let payer = f.present("/member/payer", draft.member_payer.as_ref()).map(str::to_owned);
        let payer = payer.and_then(|p| payer_ref(f, "/member/payer", &p));
        let number = f.required("/member/number", draft.member_number.as_ref());
        return Some(MemberRef::Number(payer?, number?));
    }
    let text = f.present("/member", draft.member.as_ref())?;
    if let Some((payer, number)) = text.split_once(':') {
        let payer = payer_ref(f, "/member", payer);
        let number = f.checked("/member", MemberNumber::parse(number));
        return Some(MemberRef::Number(payer?, number?));
    }
    f.checked("/member", MemberId::parse(text)).map(MemberRef::Id)
}

fn payer_ref(f: &mut Faults, pointer: &str, text: &str) -> Option<PayerRef> {
    if text.starts_with("pay_") {
        f.checked(pointer, PayerId::parse(text)).map(PayerRef::Id)
    } else {
        f.checked(pointer, Key::parse(text)).map(PayerRef::Key)
    }
}

fn kind(f: &mut Faults, draft: &Draft) -> Option<Kind> {
    let activity: Option<Activity> = f.optional("/activity", draft.activity.as_ref());
    let service: Option<Key> = f.optional("/service", draft.service.as_ref());
    let sent = |t: &Option<String>| t.as_ref().is_some_and(|t| !t.trim().is_empty());
    match (sent(&draft.activity), sent(&draft.service)) {
        (true, true) => {
            f.add("/service", "say what was done by activity or by service, not by both.");
            None
        }
        (false, false) => {
            f.add("/activity", "say what was done: an activity, or a service of the contract.");
            None
        }
        _ => activity.map(Kind::Activity).or(service.map(Kind::Service)),
    }
}

fn time(f: &mut Faults, pointer: &str, text: &str, reading: Reading) -> Option<Instant> {
    let result = match reading.local {
        Some(zone) => zone.parse_time(text),
        None => Instant::parse(text),
    };
    f.checked(pointer, result)
}

/// Checks the times of a session.
pub fn parse_times(
    started_at: Option<&String>,
    ended_at: Option<&String>,
    reading: Reading,
) -> Result<(Instant, Instant), Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let (started_at, ended_at) = (started_at.cloned(), ended_at.cloned());
    let draft = Draft { started_at, ended_at, ..Draft::default() };
    times(&mut faults, &draft, reading).ok_or(faults.0)
}

fn times(f: &mut Faults, draft: &Draft, reading: Reading) -> Option<(Instant, Instant)> {
    let start = f.present("/started_at", draft.started_at.as_ref()).map(str::to_owned);
    let start = start.and_then(|t| time(f, "/started_at", &t, reading));
    let end = f.present("/ended_at", draft.ended_at.as_ref()).map(str::to_owned);
    let end = end.and_then(|t| time(f, "/ended_at", &t, reading));
    let (start, end) = (start?, end?);
    if end <= start {
        f.add("/ended_at", "the end must lie after the start.");
        return None;
    }
    // Seconds count here: 24 hours and one second is longer than a day.
    if end.utc() - start.utc() > TimeDelta::minutes(MAX_CONTACT_MINUTES) {
        f.add("/ended_at", "a contact lasts 24 hours at most; look at both dates.");
        return None;
    }
    let ahead = reading.not_after.map(|now| now.plus(TimeDelta::minutes(CLOCK_SKEW_MINUTES)));
    if ahead.is_some_and(|limit| end > limit) {
        f.add("/ended_at", "the contact lies in the future; record it when it has ended.");
        return None;
    }
    Some((start, end))
}

fn diagnoses(f: &mut Faults, draft: &Draft) -> Vec<Diagnosis> {
    if draft.diagnoses.len() > MAX_DIAGNOSES {
        f.add("/diagnoses", format!("a claim has room for {MAX_DIAGNOSES} diagnoses."));
    }
    let mut list: Vec<Diagnosis> = Vec::new();
    for (index, text) in draft.diagnoses.iter().take(MAX_DIAGNOSES).enumerate() {
        let pointer = format!("/diagnoses/{index}");
        if let Some(code) = f.checked(&pointer, Diagnosis::parse(text)) {
            if list.contains(&code) {
                f.add(&pointer, "this diagnosis is named twice.");
            } else {
                list.push(code);
            }
        }
    }
    list
}

fn authorization(f: &mut Faults, draft: &Draft) -> Option<AuthorizationRef> {
    let text = draft.authorization.as_ref().map(|t| t.trim()).filter(|t| !t.is_empty())?;
    if text.starts_with("aut_") {
        f.checked("/authorization", AuthorizationId::parse(text)).map(AuthorizationRef::Id)
    } else {
        f.checked("/authorization", AuthorizationNumber::parse(text)).map(AuthorizationRef::Number)
    }
}

fn group(f: &mut Faults, draft: &Draft) -> Option<Group> {
    let filled = |t: &Option<String>| t.as_ref().is_some_and(|t| !t.trim().is_empty());
    let parts = [&draft.group_session, &draft.group_size, &draft.group_peers];
    if !parts.into_iter().any(filled) {
        return None;
    }
    let session = f.required("/group/session", draft.group_session.as_ref());
    let size = f.present("/group/size", draft.group_size.as_ref()).map(str::to_owned);
    let size = size.and_then(|text| count(f, "/group/size", &text, MAX_SIZE));
    let peers = match draft.group_peers.as_ref().map(|t| t.trim()).filter(|t| !t.is_empty()) {
        Some(text) => count(f, "/group/peers", text, MAX_PEERS),
        None => Some(1),
    };
    Some(Group { session: session?, size: size?, peers: peers? })
}

fn count(f: &mut Faults, pointer: &str, text: &str, most: u32) -> Option<u32> {
    let shaped = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|n| shaped && (1..=most).contains(n));
    if number.is_none() {
        f.add(pointer, format!("write a whole number from 1 to {most}."));
    }
    number
}

fn note(f: &mut Faults, draft: &Draft, reading: Reading) -> Option<Note> {
    let signed = draft.note_signed_at.as_ref().map(|t| t.trim()).filter(|t| !t.is_empty());
    let signed_at = signed.and_then(|t| time(f, "/note/signed_at", t, reading));
    let ahead = reading.not_after.map(|now| now.plus(TimeDelta::minutes(CLOCK_SKEW_MINUTES)));
    if let (Some(signed), Some(limit)) = (signed_at, ahead)
        && signed > limit
    {
        f.add("/note/signed_at", "the signature lies in the future.");
    }
    let plan_goal = f.optional("/note/plan_goal", draft.note_plan_goal.as_ref());
    (signed_at.is_some() || plan_goal.is_some()).then_some(Note { signed_at, plan_goal })
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
