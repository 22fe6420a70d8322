//! Which service of the contract an encounter is (RK01).

use chrono::NaiveDate;

use super::group;
use crate::domain::codes::Diagnosis;
use crate::domain::contract::{Pack, Service};
use crate::domain::encounter::{EncounterData, Kind};

/// The service named, or of those that bill the activity the one with the fewest misfits of role,
/// date, diagnosis class, mode, setting and group; among equals the first of the pack. A service that does not
/// fit wholly is still chosen when none does, so that its findings can be told.
pub fn choose<'a>(
    pack: &'a Pack,
    encounter: &EncounterData,
    date: NaiveDate,
) -> Option<&'a Service> {
    match &encounter.kind {
        Kind::Service(key) => pack.service(key),
        // Whatever a pack says, R22 comes first.
        Kind::Activity(activity) if !activity.is_peer_support() => None,
        Kind::Activity(activity) => pack
            .services
            .iter()
            .filter(|s| s.activities.contains(activity))
            .min_by_key(|s| misfits(s, encounter, date)),
    }
}

fn misfits(service: &Service, encounter: &EncounterData, date: NaiveDate) -> usize {
    [
        service.days.covers(date),
        fits_role(service, encounter),
        fits_class(service, encounter),
        fits_mode(service, encounter),
        fits_setting(service, encounter),
        group::fits(service.group.as_ref(), encounter.group.as_ref()),
    ]
    .into_iter()
    .filter(|fits| !fits)
    .count()
}

/// Whether the service is for the role.
pub fn fits_role(service: &Service, encounter: &EncounterData) -> bool {
    service.roles.is_empty() || service.roles.contains(&encounter.role)
}

/// Whether the principal diagnosis is in one of the service's classes.
pub fn fits_class(service: &Service, encounter: &EncounterData) -> bool {
    let class = encounter.diagnoses.first().and_then(Diagnosis::class);
    service.diagnosis_classes.is_empty()
        || class.is_some_and(|c| service.diagnosis_classes.contains(&c))
}

/// Whether the service may be given in the mode.
pub fn fits_mode(service: &Service, encounter: &EncounterData) -> bool {
    service.modes.iter().any(|m| m.mode == encounter.mode)
}

/// Whether the service may be given in the setting.
pub fn fits_setting(service: &Service, encounter: &EncounterData) -> bool {
    service.settings.iter().any(|s| s.setting == encounter.setting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::{Activity, Mode, Role};
    use crate::domain::rules::testing::{Case, d, diagnosis, key, service};

    fn chosen(case: &Case) -> Option<String> {
        choose(&case.terms.pack, &case.encounter, d("2026-07-01")).map(|s| s.key.to_string())
    }

    #[test]
    fn rk01_the_first_of_the_pack_that_fits_wholly() {
        let mut case = Case::new();
        let mut bridging = service("for_bridgers");
        bridging.roles = vec![Role::Bridger];
        case.terms.pack.services = vec![bridging, service("first"), service("second")];
        assert_eq!(chosen(&case).as_deref(), Some("first"));
        case.encounter.role = Role::Bridger;
        assert_eq!(chosen(&case).as_deref(), Some("for_bridgers"));
        case.encounter.kind = Kind::Service(key("second"));
        assert_eq!(chosen(&case).as_deref(), Some("second"));
        case.encounter.kind = Kind::Service(key("third"));
        assert_eq!(chosen(&case), None);
    }

    #[test]
    fn rk01_the_best_partial_fit_when_none_fits() {
        let mut case = Case::new();
        let (mut worse, mut better) = (service("worse"), service("better"));
        worse.modes.retain(|m| m.mode == Mode::InPerson);
        worse.roles = vec![Role::Family];
        better.modes.retain(|m| m.mode == Mode::InPerson);
        case.terms.pack.services = vec![worse, better];
        case.encounter.mode = Mode::Audio;
        assert_eq!(chosen(&case).as_deref(), Some("better"));
    }

    #[test]
    fn rk49_the_diagnosis_class_chooses_between_services() {
        use crate::domain::codes::DiagnosisClass::{MentalHealth, SubstanceUse};
        let mut case = Case::new();
        let (mut mental, mut substance) = (service("mental"), service("substance"));
        mental.diagnosis_classes = vec![MentalHealth];
        substance.diagnosis_classes = vec![SubstanceUse];
        case.terms.pack.services = vec![mental, substance];
        assert_eq!(chosen(&case).as_deref(), Some("mental"));
        case.encounter.diagnoses = vec![diagnosis("F11.20")];
        assert_eq!(chosen(&case).as_deref(), Some("substance"));
    }

    #[test]
    fn r22_what_is_never_peer_support_is_no_service_even_if_a_pack_lists_it() {
        let mut case = Case::new();
        case.terms.pack.services[0].activities.push(Activity::TransportOnly);
        case.encounter.kind = Kind::Activity(Activity::TransportOnly);
        assert_eq!(chosen(&case), None);
    }
}
