//! The member: a person served, as one organization's roster knows them, with coverages.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::claim_facts::MemberFacts;
use super::codes::Gender;
use super::dates::Span;
use super::identifiers::{City, Key, Line35, Line55, MemberNumber, Reference, State, Zip};
use super::ids::{CoverageId, MemberId, PayerId};
use super::windows::Days;

/// A coverage with its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Our id.
    pub id: CoverageId,
    /// What it says.
    #[serde(flatten)]
    pub data: CoverageData,
}

/// What a coverage says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageData {
    /// Who covers.
    pub payer: PayerId,
    /// The payer's number for the member.
    pub member_number: MemberNumber,
    /// The days covered, both ends included.
    pub span: Span,
    /// 1 pays first, 2 second, and so on to 9.
    pub order: u8,
    /// The payer's product line, when it matters.
    pub product: Option<Key>,
    /// When the organization came to know of it: an anchor of filing clocks (RK66).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_on: Option<NaiveDate>,
}

/// A member's address, as 2010BA carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAddress {
    /// First line.
    pub line1: Line55,
    /// Second line.
    pub line2: Option<Line55>,
    /// City.
    pub city: City,
    /// State.
    pub state: State,
    /// ZIP code.
    pub zip: Zip,
}

/// A member with id and coverages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Our id.
    pub id: MemberId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// What is said of the member.
    pub data: MemberData,
    /// Coverages, in order of first day, order and id.
    pub coverages: Vec<Coverage>,
}

/// What is said of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberData {
    /// The organization's own name for the member, unique in the organization.
    pub reference: Reference,
    /// First name.
    pub first_name: Line35,
    /// Last name.
    pub last_name: Line55,
    /// Day of birth.
    pub birth_date: NaiveDate,
    /// Gender as 837P codes it.
    pub gender: Gender,
    /// Address; a claim needs one, a visit does not.
    pub address: Option<MemberAddress>,
    /// What claims may say beside.
    #[serde(default, skip_serializing_if = "MemberFacts::is_empty")]
    pub claim: MemberFacts,
}

/// The coverage to bill on `day`: of those in force whose payer `bills` (the organization has a
/// contract with it), the first to pay; failing that, the first to pay of those in force; failing
/// that, the one that ended last or starts next, so that the other rules still have terms to speak of.
pub fn billed_coverage(
    coverages: &[Coverage],
    day: NaiveDate,
    bills: impl Fn(PayerId) -> bool,
) -> Option<&Coverage> {
    let in_force = || coverages.iter().filter(|c| c.data.span.covers(day));
    let first = |c: &&Coverage| (c.data.order, c.id);
    in_force()
        .filter(|c| bills(c.data.payer))
        .min_by_key(first)
        .or_else(|| in_force().min_by_key(first))
        .or_else(|| {
            let ended = |c: &&Coverage| (bills(c.data.payer), c.data.span.to, c.id);
            let past = coverages.iter().filter(|c| c.data.span.from <= day).max_by_key(ended);
            let soon = |c: &&Coverage| (!bills(c.data.payer), c.data.span.from, c.id);
            past.or_else(|| coverages.iter().min_by_key(soon))
        })
}

/// The numbers under which a payer's limits find the member's units: the one of `billed` whatever the
/// day, and all others that the payer gave the member, each on its own days.
pub fn counted_numbers<'a>(
    coverages: &'a [Coverage],
    billed: &'a CoverageData,
) -> Vec<(&'a MemberNumber, Days)> {
    let own = &billed.member_number;
    let others =
        numbers_at(coverages, billed.payer).into_iter().filter(|(number, _)| *number != own);
    std::iter::once((own, Days::ALL)).chain(others).collect()
}

/// The numbers that the member has and had at a payer, each with the days whose units stand under it
/// (`docs/adr/0130`): from the first day of its coverage to the day before the next one begins, the
/// first one also before, the last one also after. So each day is of one number, and a number that was
/// had twice comes twice.
fn numbers_at(coverages: &[Coverage], payer: PayerId) -> Vec<(&MemberNumber, Days)> {
    let mut of_payer: Vec<&CoverageData> =
        coverages.iter().map(|c| &c.data).filter(|c| c.payer == payer).collect();
    of_payer.sort_by_key(|c| c.span.from);
    let begins: Vec<NaiveDate> = of_payer.iter().map(|c| c.span.from).collect();
    let days = |index: usize| Days {
        from: begins.get(index).copied().filter(|_| index > 0),
        to: begins.get(index + 1).and_then(NaiveDate::pred_opt),
    };
    of_payer.into_iter().enumerate().map(|(i, c)| (&c.member_number, days(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::testing::{coverage, d, span};

    #[test]
    fn each_day_is_of_one_number_of_a_payer() {
        let of = |id, payer, from, to| coverage(id, payer, 1, span(from, to));
        let all = [
            of(3, 1, "2026-09-01", None),
            of(1, 1, "2026-01-01", Some("2026-02-28")),
            of(2, 2, "2026-03-01", None),
            of(4, 1, "2026-04-01", Some("2026-08-31")),
        ];
        let told: Vec<Days> = numbers_at(&all, PayerId::from_i64(1)).iter().map(|n| n.1).collect();
        let day = |text| Some(d(text));
        let wanted = [
            Days { from: None, to: day("2026-03-31") },
            Days { from: day("2026-04-01"), to: day("2026-08-31") },
            Days { from: day("2026-09-01"), to: None },
        ];
        assert_eq!(told, wanted);
        assert_eq!(numbers_at(&all, PayerId::from_i64(2)).len(), 1);
        assert!(numbers_at(&all, PayerId::from_i64(9)).is_empty());
    }

    #[test]
    fn the_first_to_pay_of_those_in_force_is_billed() {
        let of = |id, payer, order, from, to| coverage(id, payer, order, span(from, to));
        let all = [
            of(1, 1, 3, "2026-01-01", None),
            of(2, 2, 1, "2026-01-01", None),
            of(3, 3, 2, "2026-01-01", None),
            of(4, 4, 1, "2026-09-01", None),
        ];
        let billed = |day: &str, contracts: &[i64]| {
            let bills = |payer: PayerId| contracts.contains(&payer.as_i64());
            billed_coverage(&all, d(day), bills).map(|c| c.id.as_i64())
        };
        assert_eq!(billed("2026-07-01", &[1, 3]), Some(3));
        // Without any contract the first to pay is told of.
        assert_eq!(billed("2026-07-01", &[]), Some(2));
        assert_eq!(billed("2026-07-01", &[4]), Some(2));
    }

    #[test]
    fn out_of_force_the_one_that_ended_last_counts_then_the_one_that_starts_next() {
        let of = |id, payer, from, to| coverage(id, payer, 1, span(from, to));
        let ended = [
            of(1, 1, "2026-01-01", Some("2026-02-28")),
            of(2, 1, "2026-03-01", Some("2026-04-30")),
            of(3, 1, "2026-09-01", Some("2026-09-30")),
        ];
        let billed = |all: &[Coverage], day: &str| {
            billed_coverage(all, d(day), |_| true).map(|c| c.id.as_i64())
        };
        assert_eq!(billed(&ended, "2026-07-01"), Some(2));
        let coming = [of(4, 1, "2027-01-01", None), of(5, 1, "2026-09-01", None)];
        assert_eq!(billed(&coming, "2026-07-01"), Some(5));
        assert_eq!(billed(&[], "2026-07-01"), None);
    }
}
