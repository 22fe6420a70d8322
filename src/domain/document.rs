//! Documents and other dated evidence that payers' rules look at: orders, plans, assessments, notices,
//! notes of necessity, relationships, supervision and supervisors, accreditation (R17, R18, R21, R23). Never their text: who and when, and
//! the few figures that a rule asks for.
//!
//! One entity for all, because they are kept, changed and looked up alike; what each kind says is
//! typed ([`Content`]).

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::dates::Span;
use super::facts::DocumentFact;
use super::identifiers::{Key, Reference};
use super::ids::{DocumentId, MemberId, PeerId};
use super::text::code_list;

/// A document with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Our id.
    pub id: DocumentId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// What it says.
    pub data: DocumentData,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentData {
    /// The organization's own name for it, unique in the organization.
    pub reference: Reference,
    /// The member whom it is about, where it is about one.
    pub member: Option<MemberId>,
    /// The peer whom it is about, where it is about one.
    pub peer: Option<PeerId>,
    /// The days on which it holds, both ends included.
    pub span: Span,
    /// The day on which it was signed.
    pub signed_on: Option<NaiveDate>,
    /// What its kind says.
    #[serde(flatten)]
    pub content: Content,
}

code_list!(
    /// The kinds of documents.
    DocumentKind, "a kind of document" {
        /// A clinician's order or recommendation of the service, for a member.
        Order = "order",
        /// A member's plan of care.
        Plan = "plan",
        /// A member's assessment, with its score.
        Assessment = "assessment",
        /// A notice that a member was given, such as that the service is voluntary.
        Notice = "notice",
        /// A clinician's note of why a member needs more than a limit allows.
        Necessity = "necessity",
        /// How a peer and a member are related besides the service.
        Relationship = "relationship",
        /// A peer was supervised.
        Supervision = "supervision",
        /// Who supervises a peer, from which day to which.
        Supervisor = "supervisor",
        /// The organization's accreditation, enrollment or registration.
        Accreditation = "accreditation",
    }
);

/// What the kinds say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// An order.
    Order {
        /// What it has, in the words of packs, such as `credential`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        elements: Vec<Key>,
    },
    /// A plan.
    Plan {
        /// Its goals, by the organization's short names for them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        goals: Vec<Reference>,
        /// The days on which it was reviewed, sorted; none before its first day.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reviews: Vec<NaiveDate>,
        /// What it has.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        elements: Vec<Key>,
    },
    /// An assessment.
    Assessment {
        /// By which tool.
        about: Key,
        /// The score.
        score: Decimal,
    },
    /// A notice.
    Notice {
        /// Of what.
        about: Key,
    },
    /// A note of necessity.
    Necessity {
        /// What it has, in the words of packs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        elements: Vec<Key>,
    },
    /// A relationship.
    Relationship {
        /// Which, such as `shared_home`.
        about: Key,
    },
    /// Supervision.
    Supervision {
        /// The credential of whoever supervised.
        about: Key,
    },
    /// A supervisor.
    Supervisor {
        /// The organization's short name for whoever supervises, the same for all their peers.
        about: Key,
    },
    /// Accreditation of the organization.
    Accreditation {
        /// Which.
        about: Key,
    },
}

impl Content {
    /// Its kind.
    pub const fn kind(&self) -> DocumentKind {
        match self {
            Self::Order { .. } => DocumentKind::Order,
            Self::Plan { .. } => DocumentKind::Plan,
            Self::Assessment { .. } => DocumentKind::Assessment,
            Self::Notice { .. } => DocumentKind::Notice,
            Self::Necessity { .. } => DocumentKind::Necessity,
            Self::Relationship { .. } => DocumentKind::Relationship,
            Self::Supervision { .. } => DocumentKind::Supervision,
            Self::Supervisor { .. } => DocumentKind::Supervisor,
            Self::Accreditation { .. } => DocumentKind::Accreditation,
        }
    }

    /// What it is about, where its kind has several.
    pub const fn about(&self) -> Option<&Key> {
        match self {
            Self::Order { .. } | Self::Plan { .. } | Self::Necessity { .. } => None,
            Self::Assessment { about, .. }
            | Self::Notice { about }
            | Self::Relationship { about }
            | Self::Supervision { about }
            | Self::Supervisor { about }
            | Self::Accreditation { about } => Some(about),
        }
    }

    /// What it has.
    pub fn elements(&self) -> &[Key] {
        match self {
            Self::Order { elements }
            | Self::Plan { elements, .. }
            | Self::Necessity { elements } => elements,
            _ => &[],
        }
    }
}

impl DocumentKind {
    /// Whether a document of the kind says what it is about.
    pub const fn has_about(self) -> bool {
        !self.has_elements()
    }

    /// Whether it says what it has.
    pub const fn has_elements(self) -> bool {
        matches!(self, Self::Order | Self::Plan | Self::Necessity)
    }

    /// Whether it is about a member, and whether about a peer.
    pub const fn subjects(self) -> (bool, bool) {
        match self {
            Self::Order | Self::Plan | Self::Assessment | Self::Notice | Self::Necessity => {
                (true, false)
            }
            Self::Relationship => (true, true),
            Self::Supervision | Self::Supervisor => (false, true),
            Self::Accreditation => (false, false),
        }
    }
}

impl DocumentData {
    /// Whether it speaks of a visit of this peer and member.
    pub fn speaks_of(&self, member: MemberId, peer: PeerId) -> bool {
        self.member.is_none_or(|m| m == member) && self.peer.is_none_or(|p| p == peer)
    }
}

impl Document {
    /// As the rules see it.
    pub fn fact(&self) -> DocumentFact {
        let DocumentData { reference, span, signed_on, content, .. } = &self.data;
        DocumentFact {
            id: self.id,
            reference: reference.clone(),
            span: *span,
            signed_on: *signed_on,
            content: content.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_says_reads_as_it_was_written() {
        let key = |text: &str| Key::parse(text).unwrap();
        for content in [
            Content::Order { elements: vec![key("credential")] },
            Content::Necessity { elements: vec![key("gains")] },
            Content::Plan { goals: vec![], reviews: vec![], elements: vec![] },
            Content::Assessment { about: key("whodas"), score: "25.5".parse().unwrap() },
            Content::Relationship { about: key("shared_home") },
        ] {
            let text = serde_json::to_string(&content).unwrap();
            assert!(text.contains(content.kind().as_str()), "{text}");
            assert_eq!(serde_json::from_str::<Content>(&text).unwrap(), content);
        }
    }
}
