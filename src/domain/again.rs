//! Deciding again, in values: what a change touches, why, and what came of it.
//!
//! (`docs/architecture.md`, decision 7; `docs/definitions.md` section 3, "Order".)

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::dates::Instant;
use super::decision::{Decision, Disposition, LineAnswer};
use super::identifiers::MemberNumber;
use super::ids::{EncounterId, MarkId, MemberId, OrganizationId, PayerId, PeerId};
use super::money::Money;
use super::text::code_list;

code_list!(
    /// Why a decision was made.
    Cause, "a cause of a decision" {
        /// The visit was recorded.
        Recorded = "recorded",
        /// The visit was corrected.
        Revised = "revised",
        /// Somebody asked for it.
        Asked = "asked",
        /// A claim was to be built, and the visit no longer stood as it was decided.
        ClaimCheck = "claim_check",
        /// An authorization is new or says something else.
        Authorization = "authorization_changed",
        /// The member's coverage, birth date or address is another.
        Member = "member_changed",
        /// The peer's certificates are others.
        Peer = "peer_changed",
        /// Another contract version is in force.
        Contract = "contract_changed",
        /// The organization, a location or a program of it is another: its zone, its Part 2 posture, or what claims
        /// say of it.
        Organization = "organization_changed",
        /// Units or time that another visit held are free.
        Freed = "freed",
        /// Its batch was withdrawn.
        Withdrawn = "batch_withdrawn",
        /// Its claim is replaced, or was voided.
        Replaced = "claim_replaced",
        /// An episode of the member is new or has other days.
        Episode = "episode_changed",
        /// A document is new or says something else.
        Document = "document_changed",
        /// A consent of the member is new, other or revoked.
        Consent = "consent_changed",
        /// The session that it is part of is another.
        Session = "session_changed",
        /// A rule was overridden for it, or no longer is.
        Override = "override_changed",
        /// Another visit of the day gave it another share of the day's units.
        DaySum = "day_sum",
        /// A visit that it waited for, or leaned on, is there, or is not any more.
        Visit = "visit_changed",
        /// Usage from before go-live was brought in.
        Opening = "opening_changed",
    }
);

/// Days, both ends included; an end that is not given is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
}

impl Days {
    /// All days.
    pub const ALL: Self = Self { from: None, to: None };

    /// The days from the earliest of these spans to the end of the latest; none for no spans.
    pub fn hull(spans: impl IntoIterator<Item = super::dates::Span>) -> Option<Self> {
        let days = |span: super::dates::Span| Self { from: Some(span.from), to: span.to };
        spans.into_iter().map(days).reduce(Self::join)
    }

    /// Whether a day is among them.
    pub fn covers(self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// From the earlier first day to the later last day.
    pub fn join(self, other: Self) -> Self {
        Self {
            from: self.from.zip(other.from).map(|(a, b)| a.min(b)),
            to: self.to.zip(other.to).map(|(a, b)| a.max(b)),
        }
    }

    /// With the day before and the day after: what reaches over midnight is of either.
    pub fn widened(self) -> Self {
        let from = self.from.map(|day| day.pred_opt().unwrap_or(day));
        Self { from, to: self.to.map(|day| day.succ_opt().unwrap_or(day)) }
    }

    /// Whether one begins at most so many days after the other has ended.
    pub fn is_near(self, other: Self, days: i64) -> bool {
        let begin = self.from.max(other.from);
        let end = match (self.to, other.to) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        begin.zip(end).is_none_or(|(begin, end)| (begin - end).num_days() <= days)
    }
}

const MEMBER: &str = "member";
const PEER: &str = "peer";
const PAYER: &str = "payer";
const ORGANIZATION: &str = "organization";
const ENCOUNTER: &str = "encounter";

/// The kinds of what may touch a large part of what an organization has.
pub const WIDE: [&str; 2] = [PAYER, ORGANIZATION];
/// The kinds of what names a person or a visit.
pub const NAMED: [&str; 3] = [MEMBER, PEER, ENCOUNTER];

/// Which visits a change may decide otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Touched {
    /// All of a member on some days.
    Member(MemberId, Days),
    /// All of a peer on some days.
    Peer(PeerId, Days),
    /// All that this payer covers, or would cover if there were a contract, on some days.
    Payer(PayerId, Days),
    /// All of the organization.
    Organization,
    /// One.
    Encounter(EncounterId),
    /// What may wait for units or time that a visit held.
    Freed(Freed),
}

impl Touched {
    /// Whether it may touch a large part of what an organization has.
    pub fn is_wide(&self) -> bool {
        WIDE.contains(&self.kind())
    }

    /// What it is, in a word: by this marks are found without reading what each says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Member(..) => MEMBER,
            Self::Peer(..) => PEER,
            Self::Payer(..) => PAYER,
            Self::Organization => ORGANIZATION,
            Self::Encounter(_) => ENCOUNTER,
            Self::Freed(_) => "freed",
        }
    }

    /// Whether it can leave less room than what is reserved: then the latest visits give way first,
    /// and are looked at before the others.
    pub fn may_shrink(&self) -> bool {
        matches!(self, Self::Member(..) | Self::Peer(..) | Self::Payer(..) | Self::Organization)
    }

    /// Widens what was given back by what else was, where both are the same units and time on days at most
    /// so many days apart. Gives whether it stands for both now.
    pub fn take_in(&mut self, other: &Self, days: i64) -> bool {
        let (Self::Freed(one), Self::Freed(other)) = (self, other) else { return false };
        let same = one.member == other.member
            && one.peer == other.peer
            && one.account == other.account
            && one.days.is_near(other.days, days);
        if same {
            one.days = one.days.join(other.days);
        }
        same
    }
}

/// Whose units and time were given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freed {
    /// Of this member,
    pub member: MemberId,
    /// and this peer,
    pub peer: PeerId,
    /// in the account of this payer and number,
    pub account: Option<(PayerId, MemberNumber)>,
    /// on these service dates.
    pub days: Days,
}

/// A place in the order in which visits are decided again: service date, start, id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Service date.
    pub date: NaiveDate,
    /// Start.
    pub start: Instant,
    /// Encounter.
    pub id: EncounterId,
}

/// A change whose visits are still to be decided again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// In which organization.
    pub organization: OrganizationId,
    /// Our id.
    pub id: MarkId,
    /// What it touches.
    pub touched: Touched,
    /// What changed.
    pub cause: Cause,
    /// 0 for a change by somebody; one more than that of the mark whose decisions caused it.
    pub depth: i32,
    /// Still on the way from the latest visit to the earliest.
    pub back: bool,
    /// The visit that was looked at last.
    pub after: Option<Place>,
    /// Failures since the last success.
    pub tries: i32,
    /// When it was marked, by the clock of the work.
    pub marked_at: Instant,
}

impl Mark {
    /// Whether nothing of it was done yet.
    pub fn is_fresh(&self) -> bool {
        self.after.is_none() && self.back == self.touched.may_shrink()
    }
}

/// What a decision comes to, as far as somebody outside acts on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// In one word.
    pub disposition: Disposition,
    /// The service date.
    pub service_date: NaiveDate,
    /// Who would be billed.
    pub payer: Option<PayerId>,
    /// Units that can be claimed.
    pub ready_units: u32,
    /// Units that wait.
    pub held_units: u32,
    /// Charge of the ready units.
    pub charge: Money,
    /// What the contract should pay for them.
    pub expected: Money,
    /// Ids of the rules that spoke, in the order of the rule table.
    pub reasons: Vec<String>,
}

impl Outcome {
    /// What a decision comes to.
    pub fn of(answer: &Decision, payer: Option<PayerId>) -> Self {
        let of = |wanted| answer.lines.iter().filter(move |l| l.answer == wanted);
        Self {
            disposition: answer.disposition,
            service_date: answer.service_date,
            payer,
            ready_units: of(LineAnswer::Ready).map(|l| l.units).sum(),
            held_units: of(LineAnswer::Held).map(|l| l.units).sum(),
            charge: of(LineAnswer::Ready).map(|l| l.charge).sum(),
            expected: of(LineAnswer::Ready).map(|l| l.expected).sum(),
            reasons: answer.findings.iter().map(|f| f.rule.clone()).collect(),
        }
    }
}

/// A change of outcome, as the feed tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number in the organization: 1 for the first, without a gap, in the order of commit.
    pub number: i64,
    /// Of which visit.
    pub encounter: EncounterId,
    /// By which decision.
    pub decision: super::ids::DecisionId,
    /// Why it was decided again.
    pub cause: Cause,
    /// When.
    pub at: Instant,
    /// What it was.
    pub before: Outcome,
    /// What it is.
    pub after: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::{Span, parse_date};

    #[test]
    fn the_hull_of_days_is_open_where_one_is() {
        let day = |t: &str| parse_date(t).unwrap();
        let span = |from: &str, to: Option<&str>| Span::new(day(from), to.map(day)).unwrap();
        let july = span("2026-07-01", Some("2026-07-31"));
        let on = span("2026-03-01", None);
        assert_eq!(Days::hull([]), None);
        let hull = Days::hull([july, span("2026-01-05", Some("2026-01-06"))]).unwrap();
        assert_eq!(hull.from.zip(hull.to), Some((day("2026-01-05"), day("2026-07-31"))));
        assert_eq!(Days::hull([july, on]).unwrap().to, None);
        assert_eq!(Days::hull([on, july]).unwrap(), Days { from: Some(on.from), to: None });
    }

    #[test]
    fn days_cover_what_lies_between_their_ends() {
        let day = |t: &str| parse_date(t).unwrap();
        let july = Days { from: Some(day("2026-07-01")), to: Some(day("2026-07-31")) };
        let covered = |days: Days| {
            ["2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01"].map(|t| days.covers(day(t)))
        };
        assert_eq!(covered(july), [false, true, true, false]);
        assert_eq!(covered(Days { from: None, ..july }), [true, true, true, false]);
        assert_eq!(covered(Days { to: None, ..july }), [false, true, true, true]);
    }

    #[test]
    fn days_are_near_when_few_lie_between_them() {
        let on =
            |from: &str, to: &str| Days { from: parse_date(from).ok(), to: parse_date(to).ok() };
        let july = on("2026-07-01", "2026-07-10");
        for (other, near) in [
            (on("2026-07-05", "2026-07-06"), true),
            (on("2026-07-17", "2026-07-20"), true),
            (on("2026-07-18", "2026-07-20"), false),
            (on("2026-06-01", "2026-06-24"), true),
            (on("2026-06-01", "2026-06-23"), false),
            (on("2026-07-18", ""), false),
            (on("", "2026-06-01"), false),
            (on("", "2026-06-30"), true),
            (Days::ALL, true),
        ] {
            assert_eq!((july.is_near(other, 7), other.is_near(july, 7)), (near, near), "{other:?}");
        }
        assert!(Days::ALL.is_near(Days::ALL, 0));
    }

    #[test]
    fn what_was_given_back_takes_in_what_is_the_same() {
        let days = |day: &str| Days { from: parse_date(day).ok(), to: parse_date(day).ok() };
        let of = |peer: i64, day: &str| {
            let (member, peer) = (MemberId::from_i64(5), PeerId::from_i64(peer));
            Touched::Freed(Freed { member, peer, account: None, days: days(day) })
        };
        let mut one = of(6, "2026-07-01");
        assert!(one.take_in(&of(6, "2026-07-04"), 3));
        assert!(!one.take_in(&of(6, "2026-07-08"), 3), "too far");
        assert!(!one.take_in(&of(7, "2026-07-01"), 3), "another peer");
        assert!(!one.take_in(&Touched::Organization, 3));
        assert!(!Touched::Organization.take_in(&one, 3));
        let joined = days("2026-07-01").join(days("2026-07-04"));
        assert!(matches!(one, Touched::Freed(Freed { days, .. }) if days == joined));
    }

    #[test]
    fn an_outcome_sums_the_lines_by_their_answers() {
        use crate::domain::contract::Exceed;
        use crate::domain::rules::testing::{Case, limit};
        use crate::domain::windows::Window;

        let case = Case::with(|c| {
            c.terms.pack.limits = vec![limit("daily", "3", Window::Day, Exceed::BillUpTo)];
        });
        let outcome = Outcome::of(&case.decide(), None);
        assert_eq!((outcome.ready_units, outcome.held_units), (3, 1));
        assert_eq!(outcome.charge.to_string(), "60.00");
        assert_eq!(outcome.expected.to_string(), "60.00");
        assert_eq!(outcome.reasons, ["limit.bill_up_to"]);
    }

    #[test]
    fn what_a_mark_touches_reads_as_it_was_written() {
        for touched in [
            Touched::Member(MemberId::from_i64(5), Days::ALL),
            Touched::Organization,
            Touched::Freed(Freed {
                member: MemberId::from_i64(5),
                peer: PeerId::from_i64(6),
                account: Some((PayerId::from_i64(7), MemberNumber::parse("M1").unwrap())),
                days: Days { from: parse_date("2026-07-01").ok(), to: None },
            }),
        ] {
            let text = serde_json::to_string(&touched).unwrap();
            assert_eq!(serde_json::from_str::<Touched>(&text).unwrap(), touched, "{text}");
        }
    }
}
