//! Codes of the field: procedures, modifiers, diagnoses, places, and our own closed lists.

use super::text::{checked_text, code_list};

checked_text!(
    /// A HCPCS or CPT procedure code, such as H0038.
    ProcedureCode,
    "a procedure code has five capital letters and digits",
    |t| (t.len() == 5 && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
        .then(|| t.to_owned())
);

checked_text!(
    /// A procedure modifier, such as HQ.
    Modifier,
    "a modifier has two capital letters or digits",
    |t| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
        .then(|| t.to_owned())
);

checked_text!(
    /// An ICD-10-CM code, kept upper case without the point (HI carries it so).
    Diagnosis,
    "a diagnosis is an ICD-10-CM code of three to seven characters, with or without its point",
    |t| {
        let t = t.trim().to_ascii_uppercase();
        let point_ok = !t.contains('.') || (t.find('.') == Some(3) && t.matches('.').count() == 1);
        let bare: String = t.chars().filter(|c| *c != '.').collect();
        let mut bytes = bare.bytes();
        let head = bytes.next().is_some_and(|b| b.is_ascii_uppercase())
            && bytes.next().is_some_and(|b| b.is_ascii_digit());
        let tail = bytes.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        (point_ok && head && tail && (3..=7).contains(&bare.len())).then_some(bare)
    }
);

checked_text!(
    /// The beginning of ICD-10-CM codes that a payer speaks of together, such as F20, kept upper case
    /// without the point.
    DiagnosisFamily,
    "a family of diagnoses is the beginning of an ICD-10-CM code: a letter, a digit, and up to five \
     more characters",
    |t| {
        let bare: String = t.trim().to_ascii_uppercase().chars().filter(|c| *c != '.').collect();
        let mut bytes = bare.bytes();
        let head = bytes.next().is_some_and(|b| b.is_ascii_uppercase())
            && bytes.next().is_some_and(|b| b.is_ascii_digit());
        let tail = bytes.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        (head && tail && (2..=7).contains(&bare.len())).then_some(bare)
    }
);

impl DiagnosisFamily {
    /// Whether the diagnosis is of the family.
    pub fn has(&self, diagnosis: &Diagnosis) -> bool {
        diagnosis.as_str().starts_with(self.as_str())
    }
}

checked_text!(
    /// A place-of-service code of two digits (CMS list; CLM05-1 and SV105).
    PlaceOfService,
    "a place of service is two digits",
    |t| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.to_owned())
);

checked_text!(
    /// A claim adjustment reason code (CARC), such as 197.
    Carc,
    "a CARC is one to three digits, or a letter and one to three digits",
    |t| {
        let body = t.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(t);
        ((1..=3).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_digit()))
            .then(|| t.to_owned())
    }
);

checked_text!(
    /// A remittance advice remark code (RARC), such as N130.
    Rarc,
    "a RARC is M, MA or N and one to four digits",
    |t| {
        let body = t.strip_prefix("MA").or_else(|| t.strip_prefix(['M', 'N']))?;
        ((1..=4).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_digit()))
            .then(|| t.to_owned())
    }
);

code_list!(
    /// What was done in the contact (R22, R24). Contracts map the billable ones to services.
    Activity, "an activity" {
        /// One to one peer support with the member.
        IndividualSupport = "individual_support",
        /// Peer support with several members together.
        GroupSupport = "group_support",
        /// Support during a crisis.
        CrisisSupport = "crisis_support",
        /// Accompanying through a change of setting, such as leaving a hospital.
        Bridging = "bridging",
        /// Skills for recovery and daily living, taught by a peer.
        SkillsCoaching = "skills_coaching",
        /// Help in finding and using services and community resources, with the member.
        ResourceNavigation = "resource_navigation",
        /// Calls or visits without contact with the member.
        NoContact = "no_contact",
        /// Writing notes, filing, scheduling.
        Documentation = "documentation",
        /// Driving, with no peer support on the way.
        TransportOnly = "transport_only",
        /// Watching that medication is taken.
        MedicationOversight = "medication_oversight",
        /// Handling the member's money as payee.
        PayeeWork = "payee_work",
        /// Clinical advice, which is not a peer's work.
        ClinicalAdvice = "clinical_advice",
        /// The peer's own training or supervision.
        StaffTraining = "staff_training",
    }
);

impl Activity {
    /// Whether this can ever be peer support that a payer pays (R22).
    pub fn is_peer_support(self) -> bool {
        matches!(
            self,
            Self::IndividualSupport
                | Self::GroupSupport
                | Self::CrisisSupport
                | Self::Bridging
                | Self::SkillsCoaching
                | Self::ResourceNavigation
        )
    }

    /// Whether the member is met in it: not in calls that reach nobody, nor in the peer's own paperwork and
    /// training.
    pub fn meets_member(self) -> bool {
        !matches!(self, Self::NoContact | Self::Documentation | Self::StaffTraining)
    }
}

code_list!(
    /// How the contact took place.
    Mode, "a mode" {
        /// In the same room.
        InPerson = "in_person",
        /// Live picture and sound.
        Video = "video",
        /// Telephone.
        Audio = "audio",
    }
);

code_list!(
    /// Where the member was (R21). Maps to a place-of-service code.
    Setting, "a setting" {
        /// The organization's office.
        Office = "office",
        /// The member's home.
        Home = "home",
        /// A school.
        School = "school",
        /// A shelter.
        Shelter = "shelter",
        /// A jail or prison.
        Jail = "jail",
        /// A place outdoors or in the community.
        Community = "community",
        /// A street or outreach site.
        Street = "street",
        /// A drop-in center.
        DropInCenter = "drop_in_center",
        /// A court.
        Court = "court",
        /// An emergency room.
        EmergencyRoom = "emergency_room",
        /// A psychiatric inpatient unit.
        Inpatient = "inpatient",
        /// A community mental health center.
        MentalHealthCenter = "mental_health_center",
        /// A residential program for substance use.
        ResidentialProgram = "residential_program",
        /// A group home.
        GroupHome = "group_home",
        /// Any other place.
        Other = "other",
    }
);

impl Setting {
    /// The national place-of-service code of the setting; a contract may name another.
    pub fn place_of_service(self) -> PlaceOfService {
        PlaceOfService::fixed(match self {
            Self::Office => "11",
            Self::Home => "12",
            Self::School => "03",
            Self::Shelter => "04",
            Self::Jail => "09",
            Self::Street => "27",
            Self::EmergencyRoom => "23",
            Self::Inpatient => "51",
            Self::MentalHealthCenter => "53",
            Self::ResidentialProgram => "55",
            Self::GroupHome => "14",
            Self::Community | Self::DropInCenter | Self::Court | Self::Other => "99",
        })
    }
}

impl PlaceOfService {
    /// For codes that this program names itself.
    pub(crate) fn fixed(code: &'static str) -> Self {
        Self(code.to_owned())
    }
}

code_list!(
    /// The role in which the peer worked (R20).
    Role, "a role" {
        /// Peer support without a narrower name.
        PeerSupport = "peer_support",
        /// Peer bridger.
        Bridger = "bridger",
        /// Recovery coach.
        RecoveryCoach = "recovery_coach",
        /// Crisis worker.
        Crisis = "crisis",
        /// Warm line.
        WarmLine = "warm_line",
        /// Wellness coach.
        WellnessCoach = "wellness_coach",
        /// Forensic peer.
        Forensic = "forensic",
        /// Family peer.
        Family = "family",
        /// Youth peer.
        Youth = "youth",
        /// Veteran peer.
        Veteran = "veteran",
        /// Housing peer.
        Housing = "housing",
        /// Employment peer.
        Employment = "employment",
    }
);

code_list!(
    /// A class of diagnoses that a payer's gate speaks of (RK49).
    DiagnosisClass, "a diagnosis class" {
        /// F20 to F99 and F01 to F09: mental, behavioral and neurodevelopmental, without substances.
        MentalHealth = "mental_health",
        /// F10 to F19 without F17.
        SubstanceUse = "substance_use",
    }
);

impl Diagnosis {
    /// The class of the code, if it has one here. Tobacco (F17) is in neither.
    pub fn class(&self) -> Option<DiagnosisClass> {
        let block: u32 = self.as_str().strip_prefix('F')?.get(..2)?.parse().ok()?;
        match block {
            17 => None,
            10..=19 => Some(DiagnosisClass::SubstanceUse),
            _ => Some(DiagnosisClass::MentalHealth),
        }
    }

    /// With its point, as people read it: `F11.20`.
    pub fn pointed(&self) -> String {
        match self.as_str().split_at_checked(3) {
            Some((head, tail)) if !tail.is_empty() => format!("{head}.{tail}"),
            _ => self.as_str().to_owned(),
        }
    }
}

code_list!(
    /// A person's gender as 837P's DMG03 codes it.
    Gender, "a gender" {
        /// Female.
        Female = "F",
        /// Male.
        Male = "M",
        /// Unknown, or not said.
        Unknown = "U",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnosis_forms_are_one() {
        assert_eq!(Diagnosis::parse("f11.20").unwrap().as_str(), "F1120");
        assert_eq!(Diagnosis::parse("F1120").unwrap().pointed(), "F11.20");
        for bad in ["", "11.20", "F", "F1.120", "F11.2.0", "F1123456", "FF1"] {
            assert!(Diagnosis::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn substance_use_is_f10_to_f19_without_f17() {
        let class = |code: &str| Diagnosis::parse(code).unwrap().class();
        assert_eq!(class("F10.10"), Some(DiagnosisClass::SubstanceUse));
        assert_eq!(class("F19.20"), Some(DiagnosisClass::SubstanceUse));
        assert_eq!(class("F17.210"), None);
        assert_eq!(class("F32.9"), Some(DiagnosisClass::MentalHealth));
        assert_eq!(class("Z59.0"), None);
    }

    #[test]
    fn lists_read_what_they_write() {
        for setting in Setting::ALL {
            assert_eq!(Setting::parse(setting.as_str()).unwrap(), *setting);
            assert_eq!(setting.place_of_service().as_str().len(), 2);
        }
        assert!(Mode::parse("In_Person").is_err());
    }
}
