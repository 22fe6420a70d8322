//! What helps whoever meets a finding: what to do, where it is written when the contract does not say,
//! and what the payer would have answered to a claim (`docs/adr/0083`). With the sentence of
//! [`super::Rule::says`] and [`super::RuleId::who`] it is all that a finding is to tell; the rows stand
//! in `help_table`, one for each rule.
//!
//! Reasons are claim adjustment reason codes (CARC, X12 external code list 139), remarks are
//! remittance advice remark codes (RARC, list 411), both as published at <https://x12.org/codes>.
//! Reasons 16, 96 and 252 may not stand without a remark, by their own wording.

use chrono::NaiveDate;

use crate::domain::finding::Authority;

/// What helps whoever meets a finding of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Help {
    /// What is to be done, in the first place; a finding says it closer to the case.
    pub fix: &'static str,
    /// Where it is written, when the contract's pack does not cite anything.
    pub source: Source,
    /// What the payer would have answered.
    pub denial: Denial,
}

/// A document of the federation or of this project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The document.
    pub document: &'static str,
    /// Its section.
    pub section: &'static str,
    /// Its date: year, month, day.
    pub date: (i32, u32, u32),
}

impl Source {
    /// As a finding names it.
    pub fn authority(self) -> Authority {
        let (year, month, day) = self.date;
        Authority {
            document: self.document.to_owned(),
            section: self.section.to_owned(),
            date: NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default(),
            grade: None,
            place: None,
        }
    }
}

/// What a payer would have answered to a claim that the rule stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// This reason (CARC), with the remark (RARC) that tells more, where one applies.
    Reason(&'static str, Option<&'static str>),
    /// No answer, because of this.
    Never(&'static str),
}

impl Denial {
    /// The claim adjustment reason code.
    pub const fn carc(self) -> Option<&'static str> {
        match self {
            Self::Reason(carc, _) => Some(carc),
            Self::Never(_) => None,
        }
    }

    /// The remittance advice remark code.
    pub const fn rarc(self) -> Option<&'static str> {
        match self {
            Self::Reason(_, rarc) => rarc,
            Self::Never(_) => None,
        }
    }

    /// Why there is no answer.
    pub const fn why_never(self) -> Option<&'static str> {
        match self {
            Self::Reason(..) => None,
            Self::Never(why) => Some(why),
        }
    }
}

pub(super) const fn row(fix: &'static str, source: Source, denial: Denial) -> Help {
    Help { fix, source, denial }
}

pub(super) const fn source(
    document: &'static str,
    section: &'static str,
    date: (i32, u32, u32),
) -> Source {
    Source { document, section, date }
}

pub(super) const fn denied(carc: &'static str) -> Denial {
    Denial::Reason(carc, None)
}

pub(super) const fn remarked(carc: &'static str, rarc: &'static str) -> Denial {
    Denial::Reason(carc, Some(rarc))
}

pub(super) const fn never(why: &'static str) -> Denial {
    Denial::Never(why)
}

#[cfg(test)]
mod tests {
    use super::super::RULES;
    use crate::domain::codes::{Carc, Rarc};

    /// Reasons that by their wording need a remark beside them.
    const NEED_A_REMARK: [&str; 3] = ["16", "96", "252"];

    #[test]
    fn every_rule_says_what_to_do_where_it_is_written_and_what_the_payer_would_answer() {
        for rule in RULES {
            let (id, help) = (rule.id.as_str(), rule.id.help());
            assert!(rule.says.ends_with('.'), "{id}");
            assert!(help.fix.ends_with('.') && help.fix.len() > 25, "{id}: {}", help.fix);
            let authority = help.source.authority();
            assert!(!authority.document.is_empty() && !authority.section.is_empty(), "{id}");
            assert!(authority.date > chrono::NaiveDate::default(), "{id}: {}", authority.date);
            match (help.denial.carc(), help.denial.why_never()) {
                (Some(carc), None) => {
                    assert!(Carc::parse(carc).is_ok(), "{id}: {carc}");
                    let rarc = help.denial.rarc();
                    assert!(rarc.is_none_or(|r| Rarc::parse(r).is_ok()), "{id}: {rarc:?}");
                    assert!(!NEED_A_REMARK.contains(&carc) || rarc.is_some(), "{id}: {carc}");
                }
                (None, Some(why)) => assert!(why.len() > 10 && !why.ends_with('.'), "{id}: {why}"),
                both => panic!("{id}: {both:?}"),
            }
        }
    }

    #[test]
    fn codes_that_nobody_uses_by_mistake() {
        // The codes of this table, looked up in a copy of the published lists but for B7, N705 and
        // N706; a new one is added here after it was looked up.
        let reasons = [
            "4", "6", "11", "15", "16", "18", "22", "27", "29", "31", "58", "96", "97", "109",
            "119", "147", "151", "181", "185", "197", "198", "204", "252", "256", "272", "284",
            "B7",
        ];
        let remarks = [
            "M54", "M76", "MA130", "MA37", "N129", "N130", "N20", "N290", "N362", "N382", "N418",
            "N519", "N640", "N705", "N706", "N822", "N823",
        ];
        let of = |code: &dyn Fn(super::Denial) -> Option<&'static str>| {
            let mut codes: Vec<&str> =
                RULES.iter().filter_map(|r| code(r.id.help().denial)).collect();
            codes.sort_unstable();
            codes.dedup();
            codes
        };
        let sorted = |list: &[&'static str]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list
        };
        assert_eq!(of(&super::Denial::carc), sorted(&reasons));
        assert_eq!(of(&super::Denial::rarc), sorted(&remarks));
    }
}
