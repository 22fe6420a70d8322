//! What somebody sent as a session, before it is checked: one meeting, and each member's part in it.
//!
//! Each part becomes the draft of an encounter, so that there is one parser for all; its faults are
//! told at the places of the session's own fields.

use crate::domain::dates::Instant;
use crate::domain::encounter::{EncounterData, Kind};
use crate::domain::identifiers::Reference;
use crate::domain::session::{MAX_MEMBERS, MAX_PEERS, MAX_SIZE, SessionData};
use crate::error::Fault;
use crate::flow::intake::draft::{parse, parse_times};
use crate::flow::intake::{Draft, Parsed, Reading};

/// What all members of a session share, as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionDraft {
    /// The sender's own name for it.
    pub reference: Option<String>,
    /// A peer's id or NPI.
    pub peer: Option<String>,
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
    /// The key of a program.
    pub program: Option<String>,
    /// Everyone served who was present, billed or not.
    pub size: Option<u32>,
    /// Peers who led it together.
    pub peers: Option<u32>,
    /// The members who are billed.
    pub members: Vec<MemberDraft>,
}

/// One member's part, as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberDraft {
    /// The sender's own name for the member's encounter.
    pub reference: Option<String>,
    /// A member's id, or `payer:number`.
    pub member: Option<String>,
    /// The payer's id or key, when the member is named by number.
    pub member_payer: Option<String>,
    /// The member's number at that payer.
    pub member_number: Option<String>,
    /// Diagnoses, principal first.
    pub diagnoses: Vec<String>,
    /// An authorization's id or number.
    pub authorization: Option<String>,
    /// When the note was signed.
    pub note_signed_at: Option<String>,
    /// The goal it links to.
    pub note_plan_goal: Option<String>,
    /// When the member came, if later than the session began.
    pub started_at: Option<String>,
    /// When the member left, if earlier than it ended.
    pub ended_at: Option<String>,
}

/// A session whose every field is well formed; people are still to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedSession {
    /// The sender's own name for it.
    pub reference: Reference,
    /// Start.
    pub started_at: Instant,
    /// End.
    pub ended_at: Instant,
    /// Everyone served who was present, billed or not.
    pub size: u32,
    /// Peers who led it together.
    pub peers: u32,
    /// The encounters of its members.
    pub rows: Vec<Parsed>,
}

impl SessionDraft {
    /// What a late member's encounter shares with the others of a session.
    pub fn of(session: &SessionData, other: &EncounterData) -> Self {
        let service = match &other.kind {
            Kind::Service(key) => Some(key.as_str().to_owned()),
            Kind::Activity(_) => None,
        };
        Self {
            reference: Some(session.reference.as_str().to_owned()),
            peer: Some(session.peer.to_string()),
            activity: other.activity().map(|a| a.as_str().to_owned()),
            service,
            role: Some(other.role.as_str().to_owned()),
            started_at: Some(session.started_at.to_string()),
            ended_at: Some(session.ended_at.to_string()),
            mode: Some(other.mode.as_str().to_owned()),
            setting: Some(other.setting.as_str().to_owned()),
            program: other.program.as_ref().map(|p| p.as_str().to_owned()),
            size: Some(session.size),
            peers: Some(session.peers),
            members: Vec::new(),
        }
    }

    /// Checks every field.
    pub fn parse(&self, reading: Reading) -> Result<ParsedSession, Vec<Fault>> {
        let mut faults = Vec::new();
        let reference = self.reference.as_deref().map(str::trim).filter(|t| !t.is_empty());
        let reference = reference.ok_or_else(|| Fault::at("/reference", "this field is required."));
        let reference = reference
            .and_then(|t| Reference::parse(t).map_err(|e| Fault::at("/reference", format!("{e}."))))
            .map_err(|fault| faults.push(fault))
            .ok();
        let size = self.count(&mut faults);
        let times = parse_times(self.started_at.as_ref(), self.ended_at.as_ref(), reading)
            .map_err(|more| faults.extend(more))
            .ok();
        let rows = self.parts("members", &self.members, times, reading);
        let rows = rows.map_err(|more| faults.extend(more)).ok();
        if let (Some((size, _)), Some(rows)) = (size, &rows)
            && rows.len() > usize::try_from(size).unwrap_or(usize::MAX)
        {
            faults.push(Fault::at("/size", "more members are billed than were present."));
        }
        match (reference, times, size, rows) {
            (Some(reference), Some((started_at, ended_at)), Some((size, peers)), Some(rows))
                if faults.is_empty() =>
            {
                Ok(ParsedSession { reference, started_at, ended_at, size, peers, rows })
            }
            _ => Err(once(faults)),
        }
    }

    fn count(&self, faults: &mut Vec<Fault>) -> Option<(u32, u32)> {
        let mut within = |pointer: &str, count: Option<u32>, most: u32| match count {
            Some(count) if (1..=most).contains(&count) => Some(count),
            _ => {
                let message = format!("write a whole number from 1 to {most}.");
                faults.push(Fault::at(pointer, message));
                None
            }
        };
        let size = within("/size", self.size, MAX_SIZE);
        let peers = within("/peers", self.peers.or(Some(1)), MAX_PEERS);
        Some((size?, peers?))
    }

    /// The encounters of members, whose faults are told below `/list/0`, `/list/1`….
    pub fn parts(
        &self,
        list: &str,
        members: &[MemberDraft],
        times: Option<(Instant, Instant)>,
        reading: Reading,
    ) -> Result<Vec<Parsed>, Vec<Fault>> {
        let mut faults = Vec::new();
        if members.is_empty() || members.len() > MAX_MEMBERS {
            let message = format!("name from 1 to {MAX_MEMBERS} members.");
            return Err(vec![Fault::at(format!("/{list}"), message)]);
        }
        let mut rows: Vec<Parsed> = Vec::with_capacity(members.len());
        for (index, member) in members.iter().enumerate() {
            let base = format!("/{list}/{index}");
            match parse(&self.draft(member), reading) {
                Ok(row) => {
                    if rows.iter().any(|other| other.reference == row.reference) {
                        let message = "this reference is there twice.";
                        faults.push(Fault::at(format!("{base}/reference"), message));
                    }
                    let outside = times.and_then(|t| outside(t, &row));
                    faults.extend(outside.map(|field| {
                        let message = "this lies outside of the session's time.";
                        Fault::at(format!("{base}{field}"), message)
                    }));
                    rows.push(row);
                }
                Err(more) => faults.extend(placed(more, list, index, member)),
            }
        }
        if faults.is_empty() { Ok(rows) } else { Err(once(faults)) }
    }

    fn draft(&self, member: &MemberDraft) -> Draft {
        let m = member.clone();
        Draft {
            reference: m.reference,
            peer: self.peer.clone(),
            member: m.member,
            member_payer: m.member_payer,
            member_number: m.member_number,
            activity: self.activity.clone(),
            service: self.service.clone(),
            role: self.role.clone(),
            started_at: m.started_at.or_else(|| self.started_at.clone()),
            ended_at: m.ended_at.or_else(|| self.ended_at.clone()),
            mode: self.mode.clone(),
            setting: self.setting.clone(),
            diagnoses: m.diagnoses,
            authorization: m.authorization,
            note_signed_at: m.note_signed_at,
            note_plan_goal: m.note_plan_goal,
            program: self.program.clone(),
            // Whoever is in a session is there.
            member_absent: None,
            // One that is missing is told as the session's own.
            group_session: self.reference.clone(),
            group_size: self.size.map(|n| n.to_string()),
            group_peers: self.peers.map(|n| n.to_string()),
        }
    }
}

fn outside(times: (Instant, Instant), row: &Parsed) -> Option<&'static str> {
    if row.started_at < times.0 {
        Some("/started_at")
    } else {
        (row.ended_at > times.1).then_some("/ended_at")
    }
}

/// Faults of a member's encounter at the places where they were sent.
pub fn placed(faults: Vec<Fault>, list: &str, index: usize, member: &MemberDraft) -> Vec<Fault> {
    let own_times = |field: &str| match field {
        "started_at" => member.started_at.is_some(),
        "ended_at" => member.ended_at.is_some(),
        _ => false,
    };
    let place = |mut fault: Fault| {
        let pointer = fault.pointer.unwrap_or_default();
        let path = pointer.trim_start_matches('/');
        let first = path.split('/').next().unwrap_or_default();
        let own = ["reference", "member", "diagnoses", "authorization", "note"].contains(&first);
        fault.pointer = Some(match path {
            "group/session" => "/reference".to_owned(),
            "group/size" => "/size".to_owned(),
            "group/peers" => "/peers".to_owned(),
            _ if own || own_times(first) => format!("/{list}/{index}{pointer}"),
            _ => pointer,
        });
        fault
    };
    faults.into_iter().map(place).collect()
}

/// Each fault once: what all members share is wrong for each of them, and told once by its field.
fn once(faults: Vec<Fault>) -> Vec<Fault> {
    let shared = |f: &Fault| f.pointer.as_deref().unwrap_or_default().matches('/').nth(1).is_none();
    let mut told: Vec<Fault> = Vec::with_capacity(faults.len());
    for fault in faults {
        let again =
            |t: &Fault| t.pointer == fault.pointer && (shared(t) || t.message == fault.message);
        if !told.iter().any(again) {
            told.push(fault);
        }
    }
    told
}
