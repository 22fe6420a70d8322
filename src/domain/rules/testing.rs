//! A small builder for tests: one case that is ready, to be bent in one place by each test.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::decide;
pub use super::testing_answers::{carc, split};
use crate::domain::codes::{
    Activity, Diagnosis, Mode, Modifier, PlaceOfService, ProcedureCode, Role, Setting,
};
use crate::domain::contract::*;
use crate::domain::dates::{Instant, Span, WeekStart, Zone, parse_date};
use crate::domain::decision::Decision;
use crate::domain::document::DocumentKind;
use crate::domain::encounter::{EncounterData, Kind, Note};
use crate::domain::facts::{AuthorizationFact, CertificateFact, Facts, Neighbor, PeerFact, Usage};
use crate::domain::finding::Authority;
use crate::domain::identifiers::{
    AuthorizationNumber, Key, Line55, MemberNumber, PartnerCode, Reference, State,
};
use crate::domain::ids::{AuthorizationId, CoverageId, EncounterId, MemberId, PayerId, PeerId};
use crate::domain::kept::Kept;
use crate::domain::member::{Coverage, CoverageData};
use crate::domain::{organization::Part2Posture, peer::Standing, period::Period, windows::Window};

pub fn d(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}

pub fn t(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

pub fn diagnosis(text: &str) -> Diagnosis {
    Diagnosis::parse(text).unwrap()
}

pub fn span(from: &str, to: Option<&str>) -> Span {
    Span::new(d(from), to.map(d)).unwrap()
}

pub fn source(section: &str) -> Authority {
    Authority {
        document: "Provider manual".to_owned(),
        section: section.to_owned(),
        date: d("2026-01-01"),
        grade: None,
        place: None,
    }
}

/// A quarter-hour service that takes everything that [`Case::new`] brings.
pub fn service(name: &str) -> Service {
    let mode = |mode, modifiers: &[&str], place: Option<&str>| ModeRule {
        mode,
        modifiers: self::modifiers(modifiers),
        place: place.map(|p| PlaceOfService::parse(p).unwrap()),
    };
    Service {
        key: key(name),
        title: name.to_owned(),
        procedure: ProcedureCode::parse("H0038").unwrap(),
        modifiers: vec![Modifier::parse("HE").unwrap()],
        activities: vec![Activity::IndividualSupport],
        roles: vec![],
        modes: vec![
            mode(Mode::InPerson, &[], None),
            mode(Mode::Video, &["GT"], Some("10")),
            mode(Mode::Audio, &["93"], Some("10")),
        ],
        settings: [Setting::Office, Setting::Community]
            .map(|setting| SettingRule { setting, place: setting.place_of_service() })
            .to_vec(),
        unit_minutes: 15,
        rounding: Rounding::EightMinute,
        rounding_source: None,
        sum_over: SumOver::Contact,
        min_minutes: 0,
        provisional_months: None,
        days: InForce::default(),
        successor: None,
        min_age: None,
        max_age: None,
        diagnosis_classes: vec![],
        certificates: vec![key("cpss")],
        substance_use: false,
        bypass_other_coverage: false,
        member_may_be_absent: false,
        group: None,
        layer: None,
        source: source("services"),
        source_of: SourceOf::default(),
    }
}

/// A condition on the service `peer`.
pub fn condition(demand: Demand) -> Condition {
    Condition {
        key: key("condition"),
        services: vec![key("peer")],
        demand,
        when: When::default(),
        days: InForce::default(),
        answer: Answer::Hold,
        layer: None,
        agreement: None,
        source: source("conditions"),
        source_of: SourceOf::default(),
    }
}

pub fn modifiers(texts: &[&str]) -> Vec<Modifier> {
    texts.iter().map(|m| Modifier::parse(m).unwrap()).collect()
}

pub fn limit(name: &str, units: &str, window: Window, exceed: Exceed) -> Limit {
    Limit {
        key: key(name),
        services: vec![key("peer")],
        units: units.parse().unwrap(),
        hours: None,
        window,
        scope: LimitScope::default(),
        modifiers: vec![],
        modes: vec![],
        when: When::default(),
        days: InForce::default(),
        exceed,
        necessity: match exceed {
            Exceed::Necessity => vec![Wanted::any(DocumentKind::Necessity)],
            _ => vec![],
        },
        layer: None,
        agreement: None,
        source: source("limits"),
        source_of: SourceOf::default(),
    }
}

pub fn need(need: AuthorizationNeed) -> AuthorizationRule {
    AuthorizationRule {
        key: key("approval"),
        services: vec![key("peer")],
        need,
        modifiers: vec![],
        days: InForce::default(),
        block: None,
        layer: None,
        agreement: None,
        source: source("authorization"),
        source_of: SourceOf::default(),
    }
}

pub fn rate(service: &str, allowed: &str, charge: Option<&str>) -> Rate {
    Rate {
        service: key(service),
        span: span("2026-01-01", None),
        allowed: allowed.parse().unwrap(),
        charge: charge.map(|c| c.parse().unwrap()),
        accepted_elsewhere: None,
        modifiers: vec![],
        when: When::default(),
    }
}

pub fn authorization(id: i64, units: u32, from: &str, to: Option<&str>) -> AuthorizationFact {
    AuthorizationFact {
        id: AuthorizationId::from_i64(id),
        number: AuthorizationNumber::parse(&format!("A-{id}")).unwrap(),
        services: vec![],
        units,
        span: span(from, to),
    }
}

pub fn usage(date: &str, authorization: Option<i64>, units: i64) -> Usage {
    let authorization = authorization.map(AuthorizationId::from_i64);
    Usage { service: key("peer"), date: d(date), authorization, how: None, units }
}

pub fn coverage(id: i64, payer: i64, order: u8, span: Span) -> Coverage {
    let data = CoverageData {
        payer: PayerId::from_i64(payer),
        member_number: MemberNumber::parse("TESTMEMBER1").unwrap(),
        span,
        order,
        product: None,
        known_on: None,
    };
    Coverage { id: CoverageId::from_i64(id), data }
}

fn profile() -> ClaimProfile {
    let code = |text: &str| PartnerCode::parse(text).unwrap();
    let name = |text: &str| Line55::parse(text).unwrap();
    ClaimProfile {
        receiver_qualifier: "ZZ".to_owned(),
        receiver_id: code("PAYER"),
        receiver_code: code("PAYER"),
        receiver_name: name("An Invented Payer"),
        payer_name: name("An Invented Payer"),
        payer_id: code("PAYER"),
        acknowledgment_requested: false,
        claim_filing_code: "MC".to_owned(),
        delimiters: Delimiters::default(),
        line_breaks: true,
        max_claims_per_set: 100,
        billing_taxonomy: true,
        rendering: RenderingMode::Always,
        rendering_taxonomy: true,
        authorization_level: AuthorizationLevel::Claim,
        rollup: Rollup::None,
        one_place_per_claim: false,
        period: Period::Day,
        form: Box::default(),
        source: None,
        source_of: SourceOf::default(),
    }
}

/// Terms with one service `peer` at 20.00 a unit, and nothing that limits it.
pub fn terms() -> Terms {
    let pack = Pack {
        key: key("invented"),
        version: "2026.1".to_owned(),
        title: "An invented payer".to_owned(),
        state: State::parse("OH").unwrap(),
        sources: vec![],
        week_start: WeekStart::Monday,
        face_to_face: vec![Mode::InPerson],
        source_of: SourceOf::default(),
        certificates_end: None,
        never_billed: None,
        services: vec![service("peer")],
        modifiers: vec![],
        conditions: vec![],
        copays: vec![],
        dropped: vec![],
        unknown: vec![],
        limits: vec![],
        authorizations: vec![],
        filing: Filing {
            days: 365,
            months: 0,
            later_of: vec![],
            next_business_day: false,
            holidays: vec![],
            stop_days: None,
            warn_days: 30,
            acknowledgment_days: 3,
            claim_status_days: 7,
            layer: None,
            agreement: None,
            source: source("filing"),
            source_of: SourceOf::default(),
        },
        documentation: Documentation {
            signed_note: true,
            plan_goal: true,
            layer: None,
            source: source("documentation"),
            source_of: SourceOf::default(),
        },
        overrides: None,
        claim: profile(),
        silent: Silent::default(),
    };
    let agreement = Agreement {
        organization: key("river-bend"),
        payer: key("invented"),
        pack: key("invented"),
        pack_version: "2026.1".to_owned(),
        span: span("2026-01-01", None),
        supersedes: None,
        billing_location: key("main"),
        sender_qualifier: "ZZ".to_owned(),
        sender_id: PartnerCode::parse("RIVERBEND").unwrap(),
        claim: Box::default(),
        rates: vec![rate("peer", "20", None)],
        provider_number_issued: None,
        adjustments: vec![],
        dropped: vec![],
        programs: vec![],
    };
    Terms { pack, agreement }
}

/// A case that is ready: 60 minutes, 4 units, on 1 July 2026.
#[derive(Debug, Clone)]
pub struct Case {
    pub terms: Terms,
    pub facts: Facts,
    pub encounter: EncounterData,
}

impl Case {
    pub fn new() -> Self {
        let covered = coverage(1, 1, 1, span("2026-01-01", Some("2026-12-31")));
        let facts = Facts {
            as_of: t("2026-07-02T12:00:00Z"),
            zone: Zone::parse("America/New_York").unwrap(),
            part2: Part2Posture::NotProgram,
            birth_date: d("1990-05-05"),
            has_address: true,
            coverages: vec![covered.clone()],
            billed: Some(covered),
            certificates: vec![CertificateFact {
                state: State::parse("OH").unwrap(),
                kind: key("cpss"),
                span: span("2025-01-01", Some("2026-12-31")),
                standing: Standing::Active,
                endorsements: vec![],
            }],
            peer: PeerFact::default(),
            authorizations: vec![],
            episodes: vec![],
            documents: vec![],
            earlier_visits: None,
            consents: vec![],
            usage: vec![],
            peer_usage: vec![],
            peer_windows: vec![],
            anchors: vec![],
            face_to_face: vec![],
            on_line: vec![],
            supervised: vec![],
            copaid: vec![],
            full: vec![],
            gaps: vec![],
            corrects: false,
            kept: Kept::default(),
            claimed: vec![],
            day: None,
            neighbors: vec![],
            session: None,
            planned: false,
            overrides: vec![],
        };
        let encounter = EncounterData {
            reference: Reference::parse("V-1").unwrap(),
            peer: PeerId::from_i64(7),
            member: MemberId::from_i64(9),
            kind: Kind::Activity(Activity::IndividualSupport),
            role: Role::PeerSupport,
            started_at: t("2026-07-01T13:00:00Z"),
            ended_at: t("2026-07-01T14:00:00Z"),
            mode: Mode::InPerson,
            setting: Setting::Office,
            diagnoses: vec![diagnosis("F32.9")],
            authorization: None,
            note: Some(Note {
                signed_at: Some(t("2026-07-01T15:00:00Z")),
                plan_goal: Some(Reference::parse("G1").unwrap()),
            }),
            program: None,
            member_absent: false,
            group: None,
        };
        Self { terms: terms(), facts, encounter }
    }

    /// A case bent by `bend`.
    pub fn with(bend: impl FnOnce(&mut Self)) -> Self {
        let mut case = Self::new();
        bend(&mut case);
        case
    }

    /// Another encounter at `from` to `to` on the day, of the same member and peer.
    pub fn neighbor(&self, reference: &str, from: &str, to: &str) -> Neighbor {
        Neighbor {
            encounter: EncounterId::from_i64(99),
            reference: Reference::parse(reference).unwrap(),
            member: self.encounter.member,
            peer: self.encounter.peer,
            service: Some(key("peer")),
            started_at: t(&format!("2026-07-01T{from}:00Z")),
            ended_at: t(&format!("2026-07-01T{to}:00Z")),
            session: None,
        }
    }

    pub fn decide(&self) -> Decision {
        decide(Some(&self.terms), &self.facts, &self.encounter)
    }
}

pub fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}
