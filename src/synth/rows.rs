//! Visits as rows of an upload: CSV with local times, or NDJSON with offsets.

use std::io::Write;

use chrono::{NaiveDateTime, TimeZone};
use serde::Serialize;

use super::SynthError;
use super::visits::Visit;

/// How visits are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A header, then a row a line.
    Csv,
    /// A JSON object a line.
    NdJson,
}

/// Columns of the CSV.
pub const COLUMNS: [&str; 17] = [
    "reference",
    "peer",
    "member_payer",
    "member_number",
    "activity",
    "role",
    "started_at",
    "ended_at",
    "mode",
    "setting",
    "diagnoses",
    "authorization",
    "note_signed_at",
    "note_plan_goal",
    "session",
    "group_size",
    "group_peers",
];

impl Form {
    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::NdJson => "ndjson",
        }
    }

    /// Writes what stands before the first row; the number of lines.
    pub fn head(self, out: &mut impl Write) -> Result<u64, SynthError> {
        if self == Self::NdJson {
            return Ok(0);
        }
        writeln!(out, "{}", COLUMNS.join(","))?;
        Ok(1)
    }

    /// Writes a row.
    pub fn row(
        self,
        out: &mut impl Write,
        visit: &Visit,
        reference: &str,
        npi: &str,
    ) -> Result<(), SynthError> {
        match self {
            Self::Csv => csv_row(out, visit, reference, npi),
            Self::NdJson => json_row(out, visit, reference, npi),
        }
    }
}

/// No cell of these can hold a comma, a quote or a line break, so none is quoted.
fn csv_row(
    out: &mut impl Write,
    visit: &Visit,
    reference: &str,
    npi: &str,
) -> Result<(), SynthError> {
    let time = |at: NaiveDateTime| at.format("%Y-%m-%dT%H:%M").to_string();
    let shape = visit.member.peer.organization.shape;
    let group = visit.group.as_ref();
    let count = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let cells = [
        reference,
        npi,
        &shape.payer.key,
        &visit.member.payer_number(visit.start.date()),
        visit.activity,
        visit.role,
        &time(visit.start),
        &time(visit.end),
        visit.mode,
        visit.setting,
        &visit.diagnoses.join(";"),
        visit.authorization.as_deref().unwrap_or_default(),
        &visit.signed.map(time).unwrap_or_default(),
        visit.goal.unwrap_or_default(),
        group.map_or("", |g| &g.reference),
        &count(group.map(|g| g.size)),
        &count(group.map(|g| g.peers)),
    ];
    writeln!(out, "{}", cells.join(","))?;
    Ok(())
}

#[derive(Serialize)]
struct Row<'a> {
    reference: &'a str,
    peer: &'a str,
    member: MemberName<'a>,
    activity: &'a str,
    role: &'a str,
    started_at: String,
    ended_at: String,
    mode: &'a str,
    setting: &'a str,
    diagnoses: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<&'a str>,
    note: Note<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupName<'a>>,
}

#[derive(Serialize)]
struct GroupName<'a> {
    session: &'a str,
    size: u32,
    peers: u32,
}

#[derive(Serialize)]
struct MemberName<'a> {
    payer: &'a str,
    number: &'a str,
}

#[derive(Serialize)]
struct Note<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_goal: Option<&'a str>,
}

fn json_row(
    out: &mut impl Write,
    visit: &Visit,
    reference: &str,
    npi: &str,
) -> Result<(), SynthError> {
    let shape = visit.member.peer.organization.shape;
    // Of a time that exists twice the first is taken; nobody works at that hour.
    let time = |at: NaiveDateTime| {
        let zoned = shape.zone.tz().from_local_datetime(&at).earliest();
        zoned.map(|z| z.format("%Y-%m-%dT%H:%M:%S%:z").to_string()).unwrap_or_default()
    };
    let row = Row {
        reference,
        peer: npi,
        member: MemberName {
            payer: &shape.payer.key,
            number: &visit.member.payer_number(visit.start.date()),
        },
        activity: visit.activity,
        role: visit.role,
        started_at: time(visit.start),
        ended_at: time(visit.end),
        mode: visit.mode,
        setting: visit.setting,
        diagnoses: &visit.diagnoses,
        authorization: visit.authorization.as_deref(),
        note: Note { signed_at: visit.signed.map(time), plan_goal: visit.goal },
        group: visit.group.as_ref().map(|g| GroupName {
            session: &g.reference,
            size: g.size,
            peers: g.peers,
        }),
    };
    serde_json::to_writer(&mut *out, &row).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}
