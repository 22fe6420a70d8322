//! Drafts of documents. One form for all kinds; what a kind does not have is refused, not forgotten.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{MemberName, PeerName, Reader};
use crate::domain::dates::Span;
use crate::domain::document::{Content, DocumentKind};
use crate::domain::identifiers::Reference;
use crate::error::Fault;

/// Most goals of a plan, elements of a document, and reviews: a plan of ten years, reviewed monthly.
const MAX_ITEMS: usize = 120;
/// Largest score, and its decimals: the widest published scale ends at 100.
const MAX_SCORE: i64 = 10_000;
const SCORE_DECIMALS: u32 = 3;

/// A document as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentDraft {
    /// The organization's own name for it: 1 to 64 letters, digits and `-_.:/`, unique in the
    /// organization.
    #[schema(example = "D-2026-0004")]
    pub reference: Option<String>,
    /// `order`, `plan`, `assessment`, `notice`, `necessity`, `relationship`, `supervision`,
    /// `supervisor` or `accreditation`; never changes.
    #[schema(example = "plan")]
    pub kind: Option<String>,
    /// The member whom it is about (id or reference): all kinds but the last three; never changes.
    #[schema(example = "M-0001")]
    pub member: Option<String>,
    /// The peer whom it is about (id or NPI): relationships, supervision and supervisors; never
    /// changes.
    pub peer: Option<String>,
    /// First day on which it holds.
    #[schema(example = "2026-01-15")]
    pub from: Option<String>,
    /// Last day; missing: no end.
    #[schema(example = "2026-12-31")]
    pub to: Option<String>,
    /// The day on which it was signed, not in the future.
    #[schema(example = "2026-01-15")]
    pub signed_on: Option<String>,
    /// What it is about, in the words of packs: an assessment's tool, a notice, a relationship, the
    /// supervisor's credential, the organization's short name for who supervises, an accreditation.
    pub about: Option<String>,
    /// The score of an assessment, with at most three decimals.
    pub score: Option<String>,
    /// The goals of a plan, by the organization's short names for them.
    #[schema(example = json!(["G-1"]))]
    pub goals: Option<Vec<String>>,
    /// The days on which a plan was reviewed; none before its first day, none in the future.
    #[schema(example = json!(["2026-04-15"]))]
    pub reviews: Option<Vec<String>>,
    /// What an order, plan or note of necessity has, in the words of packs.
    pub elements: Option<Vec<String>>,
}

/// A parsed document, whose member and peer are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentInput {
    /// The organization's own name for it.
    pub reference: Reference,
    /// The member whom it is about.
    pub member: Option<MemberName>,
    /// The peer whom it is about.
    pub peer: Option<PeerName>,
    /// Its days.
    pub span: Span,
    /// When it was signed.
    pub signed_on: Option<NaiveDate>,
    /// What its kind says.
    pub content: Content,
}

impl DocumentDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<DocumentInput, Vec<Fault>> {
        let mut r = Reader::default();
        let reference = r.required("reference", self.reference.as_ref());
        let kind: Option<DocumentKind> = r.required("kind", self.kind.as_ref());
        let member = r.optional("member", self.member.as_ref());
        let peer = r.optional("peer", self.peer.as_ref());
        let span = r.span(self.from.as_ref(), self.to.as_ref());
        let signed_on = r.optional_date("signed_on", self.signed_on.as_ref());
        if let Some(kind) = kind {
            self.subjects(&mut r, kind);
        }
        let content = kind.and_then(|kind| self.content(&mut r, kind, span));
        let input = (|| {
            let (reference, span, content) = (reference?, span?, content?);
            Some(DocumentInput { reference, member, peer, span, signed_on, content })
        })();
        r.finish(input)
    }

    /// Whom the kind is about, and nobody else.
    fn subjects(&self, r: &mut Reader, kind: DocumentKind) {
        let (of_member, of_peer) = kind.subjects();
        for (field, wanted, value) in
            [("member", of_member, &self.member), ("peer", of_peer, &self.peer)]
        {
            match (wanted, value) {
                (true, None) => r.refuse(field, format!("say which {field} this {kind} is about")),
                (false, Some(_)) => {
                    r.refuse(field, format!("a document of the kind {kind} is about no {field}"));
                }
                _ => {}
            }
        }
    }

    fn content(&self, r: &mut Reader, kind: DocumentKind, span: Option<Span>) -> Option<Content> {
        let elements = r.keys("elements", self.elements.as_deref());
        let goals = self.goals(r);
        let reviews = self.reviews(r, span);
        let about = r.optional("about", self.about.as_ref());
        let score = self.score(r);
        let has = [
            ("about", self.about.is_some()),
            ("score", self.score.is_some()),
            ("goals", !goals.is_empty()),
            ("reviews", !reviews.is_empty()),
            ("elements", !elements.is_empty()),
        ];
        let may: &[&str] = match kind {
            DocumentKind::Order | DocumentKind::Necessity => &["elements"],
            DocumentKind::Plan => &["goals", "reviews", "elements"],
            DocumentKind::Assessment => &["about", "score"],
            _ => &["about"],
        };
        for (field, _) in has.into_iter().filter(|(field, there)| *there && !may.contains(field)) {
            r.refuse(field, format!("a document of the kind {kind} has no {field}"));
        }
        if may.contains(&"about") && self.about.is_none() {
            r.refuse("about", "this field is missing");
        }
        if kind == DocumentKind::Assessment && self.score.is_none() {
            r.refuse("score", "this field is missing");
        }
        Some(match kind {
            DocumentKind::Order => Content::Order { elements },
            DocumentKind::Plan => Content::Plan { goals, reviews, elements },
            DocumentKind::Assessment => Content::Assessment { about: about?, score: score? },
            DocumentKind::Notice => Content::Notice { about: about? },
            DocumentKind::Necessity => Content::Necessity { elements },
            DocumentKind::Relationship => Content::Relationship { about: about? },
            DocumentKind::Supervision => Content::Supervision { about: about? },
            DocumentKind::Supervisor => Content::Supervisor { about: about? },
            DocumentKind::Accreditation => Content::Accreditation { about: about? },
        })
    }

    fn goals(&self, r: &mut Reader) -> Vec<Reference> {
        let list = self.goals.as_deref().unwrap_or_default();
        if list.len() > MAX_ITEMS {
            r.refuse("goals", format!("this list has at most {MAX_ITEMS} items"));
            return Vec::new();
        }
        let each = list.iter().enumerate();
        let mut goals: Vec<Reference> =
            each.filter_map(|(i, text)| r.required(&format!("goals/{i}"), Some(text))).collect();
        goals.sort();
        goals.dedup();
        goals
    }

    fn reviews(&self, r: &mut Reader, span: Option<Span>) -> Vec<NaiveDate> {
        let list = self.reviews.as_deref().unwrap_or_default();
        if list.len() > MAX_ITEMS {
            r.refuse("reviews", format!("this list has at most {MAX_ITEMS} items"));
            return Vec::new();
        }
        let mut reviews = Vec::new();
        for (i, text) in list.iter().enumerate() {
            let field = format!("reviews/{i}");
            let Some(day) = r.optional_date(&field, Some(text)) else { continue };
            if span.is_some_and(|span| day < span.from) {
                r.refuse(&field, "the review lies before the first day of the plan");
            }
            reviews.push(day);
        }
        reviews.sort_unstable();
        reviews.dedup();
        reviews
    }

    fn score(&self, r: &mut Reader) -> Option<Decimal> {
        let text = self.score.as_ref()?;
        let score = Decimal::from_str_exact(text).ok().filter(|s| {
            s.scale() <= SCORE_DECIMALS && *s >= Decimal::ZERO && *s <= Decimal::from(MAX_SCORE)
        });
        if score.is_none() {
            let rule =
                "a score is a number from 0 to 10000 with at most three decimals, such as 25.5";
            r.refuse("score", rule);
        }
        score.map(|s| s.normalize())
    }
}
