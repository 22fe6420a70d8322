//! What of each kind of rule has a direction (RK31): numbers, lists and words of which one is looser
//! than another one.

use rust_decimal::Decimal;

use super::condition::{Condition, Demand};
use super::copay::{Copay, Share};
use super::facet::{Facet, Looser, Own};
use super::filing::Filing;
use super::limit::Limit;
use super::model::{AuthorizationNeed, AuthorizationRule, Documentation, Service};
use super::never::BELOW_ONE;
use super::read_condition::{MAX_BETWEEN, MAX_CASELOAD, MAX_SUPERVISEES, MAX_YEARS};
use Looser::{Less, More};

/// Keys of a layer of a service.
pub(super) const OF_SERVICE: &[&str] = &[
    "min_age",
    "max_age",
    "min_minutes",
    "provisional_months",
    "min_size",
    "max_size",
    "members_per_peer",
    "roles",
    "modes",
    "settings",
    "certificates",
    "diagnosis_classes",
    "allowed",
];
/// Keys of a layer of a limit, besides those of its window.
pub(super) const OF_LIMIT: &[&str] = &["units"];
/// Keys of a layer of an authorization rule, besides those of its window.
pub(super) const OF_AUTHORIZATION: &[&str] = &["units", "require"];
/// Keys of a layer of a condition, of whatever demand.
pub(super) const OF_CONDITION: &[&str] = &[
    "units",
    "days",
    "percent",
    "years",
    "most",
    "members",
    "peers",
    "grace_visits",
    "modifiers",
    "families",
    "products",
    "modes",
    "certificates",
    "endorsements",
    "episodes",
    "classes",
    "about",
    "answer",
];
/// Keys of a layer of the filing clock.
pub(super) const OF_FILING: &[&str] = &["days", "months", "stop_days"];
/// Keys of a layer of the documents before a claim.
pub(super) const OF_DOCUMENTATION: &[&str] = &["signed_note", "plan_goal"];

fn at_most(key: &'static str, number: Option<u32>, looser: Looser) -> Facet {
    Facet::new(key, Own::Number(number.map(Decimal::from), looser))
}

impl Service {
    pub(super) fn facets(&self) -> Vec<Facet> {
        let modes: Vec<_> = self.modes.iter().map(|rule| rule.mode).collect();
        let settings: Vec<_> = self.settings.iter().map(|rule| rule.setting).collect();
        let mut facets = vec![
            at_most("min_age", self.min_age, Less),
            at_most("max_age", self.max_age, More),
            Facet::number("min_minutes", self.min_minutes, Less),
            Facet::number("provisional_months", self.provisional_months.unwrap_or(0), More),
            Facet::names("roles", &self.roles, More),
            Facet::names("modes", &modes, More),
            Facet::names("settings", &settings, More),
            Facet::names("certificates", &self.certificates, More),
            Facet::names("diagnosis_classes", &self.diagnosis_classes, More),
            Facet::new("allowed", Own::Rate),
        ];
        if let Some(group) = &self.group {
            let of_group =
                |key, at, number: Option<u32>, looser| Facet { at, ..at_most(key, number, looser) };
            facets.extend([
                of_group("min_size", "group.min_size", Some(group.min_size), Less),
                of_group("max_size", "group.max_size", group.max_size, More),
                of_group(
                    "members_per_peer",
                    "group.members_per_peer",
                    group.members_per_peer,
                    More,
                ),
            ]);
        }
        facets
    }
}

impl Limit {
    pub(super) fn facets(&self) -> Vec<Facet> {
        let at = if self.hours.is_some() { "hours" } else { "units" };
        vec![Facet { key: "units", at, own: Own::Cap(Some(self.units), Some(self.window.clone())) }]
    }
}

impl Limit {
    /// Where nobody knows the days in which its units count: nothing can be held against that.
    pub(super) fn facets_of_no_time(&self) -> Vec<Facet> {
        self.facets().into_iter().map(|facet| Facet { own: Own::Rate, ..facet }).collect()
    }
}

impl AuthorizationRule {
    pub(super) fn facets(&self) -> Vec<Facet> {
        let order = &["always", "after", "never"];
        let (word, free, window) = match &self.need {
            AuthorizationNeed::Always => ("always", Some(Decimal::ZERO), None),
            AuthorizationNeed::Never => ("never", None, None),
            AuthorizationNeed::After { free_units, window } => {
                ("after", Some(Decimal::from(*free_units)), Some(window.clone()))
            }
        };
        let at = if word == "after" { "free_units" } else { "require" };
        vec![
            Facet { key: "units", at, own: Own::Cap(free, window) },
            Facet::new("require", Own::Word(word, order)),
        ]
    }
}

impl Condition {
    pub(super) fn facets(&self) -> Vec<Facet> {
        let mut facets =
            vec![Facet::new("answer", Own::Word(self.answer.as_str(), &["hold", "warn"]))];
        facets.extend(match &self.demand {
            Demand::UnitsPerVisit { units } => Some(Facet::number("units", *units, More)),
            Demand::FaceToFaceWithin { days } => Some(Facet::number("days", *days, More)),
            Demand::RemoteShare { percent, .. } => Some(Facet::number("percent", *percent, More)),
            Demand::StaffAge { years } | Demand::AgeGap { years, .. } => {
                Some(Facet::number("years", *years, Less))
            }
            Demand::GroupAverage { most, .. } => Some(Facet::number("most", *most, More)),
            Demand::Caseload { members, .. } => Some(Facet::number("members", *members, More)),
            Demand::Supervisees { peers } => Some(Facet::number("peers", *peers, More)),
            Demand::Document { grace_visits, .. } => {
                Some(Facet::number("grace_visits", grace_visits.unwrap_or(0), More))
            }
            Demand::ModifierOneOf { modifiers } | Demand::ModifierList { modifiers } => {
                Some(Facet::names("modifiers", modifiers, More))
            }
            Demand::OtherPayer { modifiers, .. } => {
                Some(Facet::names("modifiers", modifiers, Less))
            }
            Demand::DiagnosisFamily { families } => Some(Facet::names("families", families, More)),
            Demand::Product { products } => Some(Facet::names("products", products, More)),
            Demand::Mode { modes } => Some(Facet::names("modes", modes, More)),
            Demand::Certificate { certificates } => {
                Some(Facet::names("certificates", certificates, More))
            }
            Demand::Endorsement { endorsements } => {
                Some(Facet::names("endorsements", endorsements, More))
            }
            Demand::Enrolled { episodes } => Some(Facet::names("episodes", episodes, More)),
            Demand::NotEnrolled { episodes } => Some(Facet::names("episodes", episodes, Less)),
            Demand::DiagnosisExcluded { classes, .. } => {
                Some(Facet::names("classes", classes, Less))
            }
            Demand::NoRelationship { about } => Some(Facet::names("about", about, Less)),
            Demand::ClaimHold
            | Demand::Unknown { .. }
            | Demand::MemberPresent
            | Demand::PlanGoal => None,
        });
        facets
    }

    /// Puts a number in the place of its own, or says why it does not fit: the bounds are those of a pack.
    pub(super) fn set_number(&mut self, number: Decimal) -> Result<(), String> {
        use rust_decimal::prelude::ToPrimitive;
        let (place, most) = match &mut self.demand {
            Demand::UnitsPerVisit { units } => {
                if number < Decimal::ONE {
                    return Err(BELOW_ONE.to_owned());
                }
                *units = number;
                return Ok(());
            }
            Demand::GroupAverage { most, .. } => {
                *most = number;
                return Ok(());
            }
            Demand::FaceToFaceWithin { days } => (days, MAX_BETWEEN),
            Demand::StaffAge { years } | Demand::AgeGap { years, .. } => (years, MAX_YEARS),
            Demand::Caseload { members, .. } => (members, MAX_CASELOAD),
            Demand::Supervisees { peers } => (peers, MAX_SUPERVISEES),
            Demand::RemoteShare { percent, .. } => (percent, 99),
            _ => return Err("the condition has no such number".to_owned()),
        };
        let whole = Some(number).filter(Decimal::is_integer).and_then(|n| n.to_u32());
        let whole = whole.filter(|whole| (1..=most).contains(whole));
        *place = whole.ok_or_else(|| format!("this is a whole number from 1 to {most}"))?;
        Ok(())
    }
}

impl Filing {
    pub(super) fn facets(&self) -> Vec<Facet> {
        let length = match self.months {
            0 => Facet::number("days", self.days, More),
            months => Facet::number("months", months, More),
        };
        vec![length, at_most("stop_days", self.stop_days, More)]
    }
}

impl Documentation {
    pub(super) fn facets(&self) -> Vec<Facet> {
        vec![
            Facet::new("signed_note", Own::Flag(self.signed_note, false)),
            Facet::new("plan_goal", Own::Flag(self.plan_goal, false)),
        ]
    }
}

impl Copay {
    /// What the member pays is not paid by the payer: less is looser.
    pub(super) fn facets(&self) -> Vec<Facet> {
        vec![Facet::number(self.share.name(), self.share.dollars(), Less)]
    }
}

impl Share {
    /// Its key.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::PerUnit(_) => "per_unit",
            Self::PerVisit(_) => "per_visit",
            Self::PerDay(_) => "per_day",
        }
    }

    fn dollars(&self) -> Decimal {
        match self {
            Self::PerUnit(amount) => *amount,
            Self::PerVisit(amount) | Self::PerDay(amount) => amount.decimal(),
        }
    }
}
