//! What the API says of an encounter and of a decision.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::encounter_body::GroupBody;
use super::finding_view::FindingView;
use crate::domain::decision::{Decision, DecisionLine, LineAnswer};
use crate::domain::encounter::{Encounter, Kind};
use crate::domain::ids::{EncounterId, OrganizationId};
use crate::domain::line::Line;
use crate::domain::status::{EncounterStatus, LineStatus};
use crate::flow::encounters::{Seen, fresh_status};
use crate::flow::intake::{Recorded, StoredDecision};
use crate::http::day_sum_view::DaySumView;

/// An encounter with what the rules say of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EncounterView {
    /// Our id.
    #[schema(example = "enc_0KXJ5T9B20000")]
    id: String,
    /// The organization.
    organization: String,
    /// Your own name for it.
    reference: String,
    /// Which revision of its content it is, 1 for the first; `If-Match` names it.
    revision: i32,
    /// Where it stands: ready, held, `non_billable`, claimed, submitted, void.
    status: String,
    /// What the rules said, in one word: ready, held, `non_billable`.
    disposition: String,
    /// The peer.
    peer: String,
    /// The member.
    member: String,
    /// The payer that would be billed.
    payer: Option<String>,
    /// What was done.
    activity: Option<String>,
    /// The service of the contract.
    service: Option<String>,
    /// The role of the peer.
    role: String,
    /// Start.
    started_at: String,
    /// End.
    ended_at: String,
    /// Whole minutes.
    minutes: u32,
    /// The local date of the start.
    service_date: NaiveDate,
    /// How.
    mode: String,
    /// Where.
    setting: String,
    /// ICD-10-CM codes without their points.
    diagnoses: Vec<String>,
    /// The authorization named.
    authorization: Option<String>,
    /// The note's attestation.
    note: Option<NoteView>,
    /// The program, site or grant under which it was given.
    program: Option<String>,
    /// Whether the member was not there.
    member_absent: bool,
    /// The session that it is a member's part of.
    group: Option<GroupBody>,
    #[serde(flatten)]
    answer: AnswerView,
    /// Which decision this is.
    decision: DecisionHead,
    /// When it was accepted.
    recorded_at: String,
    /// When it was voided.
    #[serde(skip_serializing_if = "Option::is_none")]
    voided_at: Option<String>,
    /// Why it was voided.
    #[serde(skip_serializing_if = "Option::is_none")]
    void_reason: Option<String>,
    /// The claim whose prepared replacement leaves it out: it stands as it was claimed until that is
    /// built, and is void then.
    left_out_of: Option<String>,
}

/// The note's attestation.
#[derive(Debug, Serialize, ToSchema)]
struct NoteView {
    signed_at: Option<String>,
    plan_goal: Option<String>,
}

/// Which decision it is.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionHead {
    /// Our id.
    id: String,
    /// 1 for the first.
    sequence: i32,
    /// When, as the rules saw it.
    as_of: String,
    /// Under which contract version.
    contract_version: Option<String>,
}

/// The answer of the rules.
#[derive(Debug, Serialize, ToSchema)]
struct AnswerView {
    /// Service lines, the ready one first.
    lines: Vec<LineView>,
    /// Units of the held lines.
    held_units: u32,
    /// All that the rules have to say.
    findings: Vec<FindingView>,
    /// The day's sum as this decision left it, where the service sums minutes over days.
    #[serde(skip_serializing_if = "Option::is_none")]
    day_sum: Option<DaySumView>,
    /// What is left after this encounter.
    remaining: Vec<RemainingView>,
    /// Last day on which the claim can be delivered.
    file_by: Option<NaiveDate>,
}

/// A preview: what the rules would say. Nothing is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// In one word: ready, held, `non_billable`.
    disposition: String,
    /// The service of the contract.
    service: Option<String>,
    /// The local date of the start.
    service_date: NaiveDate,
    /// Whole minutes.
    minutes: u32,
    #[serde(flatten)]
    answer: AnswerView,
}

/// A service line.
#[derive(Debug, Serialize, ToSchema)]
struct LineView {
    /// ready, held, claimed, submitted, void.
    #[schema(example = "ready")]
    status: String,
    /// Procedure code.
    #[schema(example = "H0038")]
    procedure: String,
    /// Modifiers in order.
    modifiers: Vec<String>,
    /// Place-of-service code.
    place: String,
    /// Units.
    units: u32,
    /// What is charged.
    #[schema(example = "64.00")]
    charge: String,
    /// What the contract should pay.
    #[schema(example = "64.00")]
    expected: String,
    /// The authorization that it draws on.
    authorization: Option<DrawView>,
    /// What the member pays for the visit or its day and `expected` is less; a share of each unit is
    /// not among it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    copays: Vec<CopayView>,
}

/// What the member pays of a line.
#[derive(Debug, Serialize, ToSchema)]
struct CopayView {
    /// The copay of the contract.
    key: String,
    /// How much of it is taken from this line.
    #[schema(example = "3.00")]
    amount: String,
}

/// Units drawn on an authorization.
#[derive(Debug, Serialize, ToSchema)]
struct DrawView {
    /// Our id.
    id: String,
    /// The payer's number.
    number: String,
    /// How many of the line's units need it.
    units: u32,
}

/// What is left of a limit, a free allotment or an authorization.
#[derive(Debug, Serialize, ToSchema)]
pub struct RemainingView {
    /// limit, `free_units` or authorization.
    kind: String,
    /// The limit's or rule's key, or the authorization's number.
    key: String,
    /// In words.
    title: String,
    /// First day counted, of the window with the least room; null where that is not told, or for a
    /// lifetime.
    from: Option<NaiveDate>,
    /// Last day counted; null without an end.
    to: Option<NaiveDate>,
    /// Units allowed in all.
    #[serde(serialize_with = "units")]
    #[schema(value_type = f64)]
    allowed: Decimal,
    /// Units used and reserved; null where that is not told.
    #[serde(serialize_with = "told_units")]
    #[schema(value_type = Option<f64>)]
    used: Option<Decimal>,
    /// Allowed less used; may be negative. Null where that is not told.
    #[serde(serialize_with = "told_units")]
    #[schema(value_type = Option<f64>)]
    remaining: Option<Decimal>,
    /// Why a figure is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Units as a JSON number: whole ones without a point. (Fractional caps have three places at most,
/// which a JSON number keeps exactly; money is never written so.)
fn units<S: Serializer>(value: &Decimal, out: S) -> Result<S::Ok, S::Error> {
    match value.to_i64().filter(|whole| Decimal::from(*whole) == *value) {
        Some(whole) => out.serialize_i64(whole),
        None => out.serialize_f64(value.to_f64().unwrap_or_default()),
    }
}

#[expect(clippy::ref_option, reason = "serde asks by reference")]
fn told_units<S: Serializer>(value: &Option<Decimal>, out: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => units(value, out),
        None => out.serialize_none(),
    }
}

impl RemainingView {
    /// From the domain's figure.
    pub fn new(r: crate::domain::decision::Remaining) -> Self {
        Self {
            kind: r.kind.as_str().to_owned(),
            key: r.key,
            title: r.title,
            from: r.from,
            to: r.to,
            allowed: r.allowed,
            used: r.used,
            remaining: r.remaining,
            reason: r.reason,
        }
    }
}

fn line(line: DecisionLine, status: Option<LineStatus>) -> LineView {
    let answered = match line.answer {
        LineAnswer::Ready => LineStatus::Ready,
        LineAnswer::Held => LineStatus::Held,
    };
    LineView {
        status: status.unwrap_or(answered).as_str().to_owned(),
        procedure: line.procedure.as_str().to_owned(),
        modifiers: line.modifiers.iter().map(|m| m.as_str().to_owned()).collect(),
        place: line.place.as_str().to_owned(),
        units: line.units,
        charge: line.charge.to_string(),
        expected: line.expected.to_string(),
        authorization: line.authorization.map(|d| DrawView {
            id: d.id.to_string(),
            number: d.number.as_str().to_owned(),
            units: d.units,
        }),
        copays: line
            .copays
            .into_iter()
            .map(|c| CopayView { key: c.key.as_str().to_owned(), amount: c.amount.to_string() })
            .collect(),
    }
}

fn answer(
    decision: Decision,
    own: Option<EncounterId>,
    statuses: impl Fn(i32) -> Option<LineStatus>,
) -> AnswerView {
    let held = decision.lines.iter().filter(|l| l.answer == LineAnswer::Held);
    AnswerView {
        held_units: held.map(|l| l.units).sum(),
        lines: decision.lines.into_iter().zip(1..).map(|(l, n)| line(l, statuses(n))).collect(),
        findings: decision.findings.into_iter().map(FindingView::from).collect(),
        day_sum: decision.day_sum.map(|sum| DaySumView::new(sum, own)),
        remaining: decision.remaining.into_iter().map(RemainingView::new).collect(),
        file_by: decision.file_by,
    }
}

impl PreviewView {
    /// Of a decision that is not stored.
    pub fn new(decision: Decision) -> Self {
        Self {
            disposition: decision.disposition.as_str().to_owned(),
            service: decision.service.as_ref().map(|s| s.as_str().to_owned()),
            service_date: decision.service_date,
            minutes: decision.minutes,
            answer: answer(decision, None, |_| None),
        }
    }
}

impl EncounterView {
    /// As it was answered when it was recorded or decided.
    pub fn recorded(organization: OrganizationId, recorded: Recorded) -> Self {
        // A repeat carries the first decision, but never a status that is no longer true.
        let status = if recorded.fresh {
            fresh_status(&recorded.decision.answer)
        } else {
            recorded.encounter.status
        };
        Self::new(organization, recorded.encounter, recorded.decision, status, |_| None)
    }

    /// As it stands now.
    pub fn seen(organization: OrganizationId, seen: Seen) -> Self {
        let status = seen.encounter.status;
        let void = status == EncounterStatus::Void;
        let now: HashMap<i32, LineStatus> =
            seen.lines.iter().map(|l: &Line| (l.ordinal, l.status)).collect();
        let of_line = move |n: i32| now.get(&n).copied().or(void.then_some(LineStatus::Void));
        let mut decision = seen.decision;
        decision.answer = decision.booked(&seen.lines);
        let mut view = Self::new(organization, seen.encounter.clone(), decision, status, of_line);
        view.voided_at = seen.encounter.voided_at.map(|t| t.to_string());
        view.void_reason = seen.encounter.void_reason;
        view.left_out_of = seen.left_out_of.map(|claim| claim.to_string());
        view
    }

    fn new(
        organization: OrganizationId,
        encounter: Encounter,
        decision: StoredDecision,
        status: EncounterStatus,
        statuses: impl Fn(i32) -> Option<LineStatus>,
    ) -> Self {
        let data = encounter.data;
        let said = match &data.kind {
            Kind::Service(key) => Some(key.as_str().to_owned()),
            Kind::Activity(_) => None,
        };
        let decided = decision.answer.service.as_ref().map(|s| s.as_str().to_owned());
        Self {
            id: encounter.id.to_string(),
            organization: organization.to_string(),
            reference: data.reference.as_str().to_owned(),
            revision: encounter.revision,
            status: status.as_str().to_owned(),
            disposition: decision.answer.disposition.as_str().to_owned(),
            peer: data.peer.to_string(),
            member: data.member.to_string(),
            payer: encounter.payer.map(|p| p.to_string()),
            activity: data.activity().map(|a| a.as_str().to_owned()),
            service: decided.or(said),
            role: data.role.as_str().to_owned(),
            started_at: data.started_at.to_string(),
            ended_at: data.ended_at.to_string(),
            minutes: data.minutes(),
            service_date: decision.answer.service_date,
            mode: data.mode.as_str().to_owned(),
            setting: data.setting.as_str().to_owned(),
            diagnoses: data.diagnoses.iter().map(|d| d.as_str().to_owned()).collect(),
            authorization: data.authorization.map(|a| a.as_str().to_owned()),
            note: data.note.map(|n| NoteView {
                signed_at: n.signed_at.map(|t| t.to_string()),
                plan_goal: n.plan_goal.map(|g| g.as_str().to_owned()),
            }),
            program: data.program.map(|p| p.as_str().to_owned()),
            member_absent: data.member_absent,
            group: data.group.as_ref().map(GroupBody::from),
            decision: DecisionHead {
                id: decision.id.to_string(),
                sequence: decision.sequence,
                as_of: decision.as_of.to_string(),
                contract_version: decision.contract_version.map(|v| v.to_string()),
            },
            answer: answer(decision.answer, Some(encounter.id), statuses),
            recorded_at: encounter.recorded_at.to_string(),
            voided_at: None,
            void_reason: None,
            left_out_of: None,
        }
    }
}
