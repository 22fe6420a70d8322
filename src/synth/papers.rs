//! The papers of members: coverages beyond the first, episodes of care and authorizations.

use super::SynthError;
use super::flaws::Flaw;
use super::people::{Member, Population};
use super::reference::Sheets;
use super::visits::SMALL_GRANT;

/// Units of an authorization: more than a member with the densest habit, groups too, can use in half
/// a year.
const GRANT: u32 = 480;

impl Population {
    /// Coverages beyond the first: a new number, or a plan that pays first.
    pub fn write_coverages(
        &self,
        member: &Member,
        key: &str,
        reference: &str,
        sheets: &mut Sheets,
    ) -> Result<(), SynthError> {
        let payer = &member.peer.organization.shape.payer.key;
        if let Some(from) = member.renumbered {
            let number = member.payer_number(from);
            let from = from.to_string();
            let row = [key, reference, payer, &number, &from, "", "1", "medicaid"];
            sheets.coverages.row(&row)?;
        }
        if member.standing == Some(Flaw::OtherInsurance) {
            let other = &self.world.other_insurance;
            let number = format!("{}{:08}", other.number_prefix, member.number + 1);
            let from = member.standing_from.to_string();
            let row = [key, reference, &other.key, &number, &from, "", "1", "commercial"];
            sheets.coverages.row(&row)?;
        }
        Ok(())
    }

    /// The days for which the member comes; one that goes on after the year has no end.
    pub fn write_episode(
        &self,
        member: &Member,
        key: &str,
        reference: &str,
        sheets: &mut Sheets,
    ) -> Result<(), SynthError> {
        let (from, to) = self.episode(member);
        let number = format!("{reference}-E1");
        let to = if to < self.year.last() { to.to_string() } else { String::new() };
        sheets.episodes.row(&[key, &number, reference, "episode", &from.to_string(), &to])
    }

    pub fn write_authorizations(
        &self,
        member: &Member,
        key: &str,
        reference: &str,
        sheets: &mut Sheets,
    ) -> Result<(), SynthError> {
        let shape = member.peer.organization.shape;
        let Some(need) = &shape.authorization else { return Ok(()) };
        let (year, mut last) = (self.year, None);
        let halves = [(year.date(1, 1), year.date(6, 30)), (year.date(7, 1), year.date(12, 31))];
        for (from, to) in halves {
            let number = member.authorization(from);
            let Some(number) = number.filter(|n| last.as_ref() != Some(n)) else { continue };
            let (units, to) = match member.standing {
                Some(Flaw::Exhausted) => (SMALL_GRANT, year.last()),
                _ => (GRANT, to),
            };
            let (units, from, to) = (units.to_string(), from.to_string(), to.to_string());
            let payer = &shape.payer.key;
            let row = [key, reference, payer, &number, &need.services, &units, &from, &to];
            sheets.authorizations.row(&row)?;
            last = Some(number);
        }
        Ok(())
    }
}
