//! What the API says of a preview with what else would work.

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::encounter_view::PreviewView;
use crate::domain::encounter::{EncounterData, Kind};
use crate::domain::identifiers::{AuthorizationNumber, Reference};
use crate::domain::rules::alternatives::Change;
use crate::flow::alternatives::{Alternative, Preview};

/// A preview: what the rules would say. Nothing is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewAnswer {
    #[serde(flatten)]
    preview: PreviewView,
    /// Whether the visit has begun already; null unless alternatives were asked for.
    took_place: Option<bool>,
    /// What else would work, what changes least first; null unless it was asked for.
    alternatives: Option<Vec<AlternativeView>>,
}

/// Another way to give the visit.
#[derive(Debug, Serialize, ToSchema)]
struct AlternativeView {
    /// What differs: authorization, session, document, several of these `together`, mode, length, day,
    /// group, individual.
    #[schema(example = "day")]
    kind: String,
    /// What it would be: the number, the day, the minutes, the service; the kind of a document and about
    /// what; of several, each with its kind.
    #[schema(example = "2026-07-02")]
    value: String,
    /// In a sentence.
    says: String,
    /// Fields of the body that would be otherwise; null takes one out. A preview of the body with
    /// them answers what stands here.
    #[schema(value_type = Object)]
    set: Value,
    /// What the rules would say.
    answer: PreviewView,
}

impl PreviewAnswer {
    /// Of a visit alone.
    pub fn plain(decision: crate::domain::decision::Decision) -> Self {
        Self { preview: PreviewView::new(decision), took_place: None, alternatives: None }
    }

    /// With what else would work.
    pub fn full(preview: Preview) -> Self {
        let alternatives = preview.alternatives.into_iter().map(AlternativeView::of).collect();
        Self {
            preview: PreviewView::new(preview.decision),
            took_place: Some(preview.took_place),
            alternatives: Some(alternatives),
        }
    }
}

impl AlternativeView {
    fn of(one: Alternative) -> Self {
        Self {
            kind: one.change.kind().to_owned(),
            value: one.change.value(),
            says: one.change.says(),
            set: set(&one.change, &one.encounter),
            answer: PreviewView::new(one.decision),
        }
    }
}

/// The fields of the body that a change gives other values.
fn set(change: &Change, visit: &EncounterData) -> Value {
    let mut fields = Map::new();
    put_all(&mut fields, change, visit);
    Value::Object(fields)
}

fn put_all(fields: &mut Map<String, Value>, change: &Change, visit: &EncounterData) {
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    let group = || {
        let group = visit.group.as_ref();
        group.map_or(
            Value::Null,
            |g| json!({"session": g.session.as_str(), "size": g.size, "peers": g.peers}),
        )
    };
    match change {
        Change::Authorization(number) => {
            put("authorization", json!(number.as_ref().map(AuthorizationNumber::as_str)));
        }
        Change::Session(_) => {
            put("group", group());
            put("peer", json!(visit.peer.to_string()));
        }
        Change::Document(..) => {}
        Change::Together(parts) => parts.iter().for_each(|part| put_all(fields, part, visit)),
        Change::Mode(mode) => put("mode", json!(mode.as_str())),
        Change::Length(_) => put("ended_at", json!(visit.ended_at.to_string())),
        Change::Day(_) => {
            put("started_at", json!(visit.started_at.to_string()));
            put("ended_at", json!(visit.ended_at.to_string()));
            if let Some(note) = visit.note.as_ref().filter(|n| n.signed_at.is_some()) {
                put(
                    "note",
                    json!({
                        "signed_at": note.signed_at.map(|t| t.to_string()),
                        "plan_goal": note.plan_goal.as_ref().map(Reference::as_str),
                    }),
                );
            }
        }
        Change::Group(..) | Change::Individual(_) => {
            put("group", group());
            if let Kind::Service(key) = &visit.kind {
                put("service", json!(key.as_str()));
                put("activity", Value::Null);
            }
        }
    }
}
