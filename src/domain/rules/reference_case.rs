//! The contracts of `reference_world.rs` as the service has them.

use rust_decimal::Decimal;

use super::history_recount::day;
use super::history_world::{KINDS, SERVICES};
use super::reference_asks::{Ask, Condition, Over};
use super::reference_people::{self as people, People, TIES, at};
use super::reference_world::{Add, Asked, Book, Days, Of, PROGRAMS, Paper, Price, TAGS, names};
use super::testing::{self, Case, d, key, source, span};
use crate::domain::codes::Mode;
use crate::domain::contract::{
    self, Adjusted, Adjustment, Answer, Copay, Demand, Direction, FilingAnchor, FixedEnd,
    GroupRule, InForce, ModifierRule, Rate, Stacking, Wanted, When, bind,
};
use crate::domain::document::{Content, DocumentKind};
use crate::domain::facts::{CertificateFact, DocumentFact};
use crate::domain::identifiers::{Key, Reference, State};
use crate::domain::ids::DocumentId;
use crate::domain::money::Money;
use crate::domain::peer::Standing;
use crate::domain::windows::Window;

fn when(asked: &Asked) -> When {
    When {
        modes: asked.mode.into_iter().collect(),
        diagnosis_classes: asked.class.into_iter().collect(),
        programs: asked.program.map(|p| key(PROGRAMS[p])).into_iter().collect(),
        settings: asked.setting.into_iter().collect(),
        group: asked.group,
        member_present: asked.present,
        ..When::default()
    }
}

fn in_force((from, to): Days) -> InForce {
    InForce { from: from.map(day), to: to.map(day) }
}

fn of(services: &[usize]) -> Vec<Key> {
    services.iter().map(|i| key(SERVICES[*i])).collect()
}

fn dollars(amount: u32) -> Decimal {
    Decimal::new(i64::from(amount), 4)
}

fn modifier_rule((index, add): (usize, &Add)) -> ModifierRule {
    ModifierRule {
        key: key(&format!("add-{index}")),
        services: of(&add.services),
        add: names(&add.tags),
        when: when(&add.asked),
        days: in_force(add.days),
        percent: add.percent.map(Decimal::from),
        stacking: add.stacking,
        source: source("modifiers"),
    }
}

fn condition((index, asks): (usize, &Condition)) -> contract::Condition {
    let listed = |tags: &[usize]| {
        let own = testing::modifiers(&["HE", "GT"]);
        names(tags).into_iter().chain(own).collect()
    };
    let demand = match &asks.ask {
        Ask::OneOf(tags) => Demand::ModifierOneOf { modifiers: names(tags) },
        Ask::List(tags) => Demand::ModifierList { modifiers: listed(tags) },
        Ask::Modes(modes) => Demand::Mode { modes: modes.clone() },
        Ask::Units(most) => Demand::UnitsPerVisit { units: Decimal::from(*most) },
        Ask::Present => Demand::MemberPresent,
        Ask::NotOf(class) => Demand::DiagnosisExcluded { classes: vec![*class], any: false },
        Ask::FaceToFace(days) => Demand::FaceToFaceWithin { days: *days },
        Ask::Share(percent, over) => {
            Demand::RemoteShare { percent: *percent, window: window(over) }
        }
        Ask::StaffAge(years) => Demand::StaffAge { years: *years },
        Ask::Gap(years, peer_older) => Demand::AgeGap { years: *years, peer_older: *peer_older },
        Ask::Enrolled(kind, true) => Demand::Enrolled { episodes: vec![key(KINDS[*kind])] },
        Ask::Enrolled(kind, false) => Demand::NotEnrolled { episodes: vec![key(KINDS[*kind])] },
        Ask::Caseload(members, over) => {
            Demand::Caseload { members: *members, window: window(over) }
        }
        Ask::Average(tenths, over) => {
            Demand::GroupAverage { most: Decimal::new(i64::from(*tenths), 1), window: window(over) }
        }
        Ask::Untied(tie) => Demand::NoRelationship { about: vec![key(TIES[*tie])] },
        Ask::Goal => Demand::PlanGoal,
        Ask::Paper { signed, valid, plan } => {
            let wanted = |kind, signed, valid_days| Wanted {
                kind,
                about: vec![],
                signed,
                valid_days,
                review_days: None,
                min_score: None,
                max_score: None,
                elements: vec![],
            };
            let mut one_of = vec![wanted(DocumentKind::Order, *signed, *valid)];
            if *plan {
                one_of.push(wanted(DocumentKind::Plan, false, None));
            }
            Demand::Document { one_of, grace_visits: None }
        }
    };
    contract::Condition {
        key: key(&format!("ask-{index}")),
        services: of(&asks.services),
        demand,
        when: when(&asks.asked),
        days: in_force(asks.days),
        answer: if asks.warns { Answer::Warn } else { Answer::Hold },
        layer: None,
        agreement: None,
        source: source("conditions"),
        source_of: contract::SourceOf::default(),
    }
}

fn window(over: &Over) -> Window {
    let named = |kind: &Option<usize>| kind.map(|k| key(KINDS[k]));
    match over {
        Over::Month => Window::Month,
        Over::Year => Window::CalendarYear,
        Over::Fiscal(first_month) => Window::FiscalYear { first_month: *first_month },
        Over::Episode(kind) => Window::Episode { episode: named(kind) },
        Over::EpisodeYear(first_month, kind) => {
            Window::EpisodeYear { first_month: *first_month, episode: named(kind) }
        }
    }
}

fn certificate(paper: &people::Paper) -> CertificateFact {
    let to = paper.to.map(|to| at(to).to_string());
    CertificateFact {
        state: State::parse(if paper.other == 1 { "PA" } else { "OH" }).unwrap(),
        kind: key(if paper.other == 2 { "other" } else { "cpss" }),
        span: span(&at(paper.from).to_string(), to.as_deref()),
        standing: if paper.active { Standing::Active } else { Standing::Suspended },
        endorsements: vec![],
    }
}

fn relationship((index, tie): (usize, &(usize, u64, Option<u64>))) -> DocumentFact {
    let (about, from, to) = tie;
    let to = to.map(|to| day(to).to_string());
    DocumentFact {
        id: DocumentId::from_i64(i64::try_from(index + 50).unwrap()),
        reference: Reference::parse(&format!("R-{index}")).unwrap(),
        span: span(&day(*from).to_string(), to.as_deref()),
        signed_on: None,
        content: Content::Relationship { about: key(TIES[*about]) },
    }
}

impl People {
    /// They give and get what the case is about.
    fn live(&self, case: &mut Case) {
        let (pack, facts) = (&mut case.terms.pack, &mut case.facts);
        pack.certificates_end = self.end.as_ref().map(|end| FixedEnd {
            month: end.month,
            day: end.day,
            years: end.years,
            source: source("certificates"),
        });
        for service in &mut pack.services {
            service.provisional_months = self.provisional;
        }
        (pack.services[0].min_age, pack.services[0].max_age) = self.ages;
        let clock = &self.clock;
        let filing = &mut pack.filing;
        (filing.days, filing.months) = (clock.days, clock.months);
        (filing.next_business_day, filing.stop_days) = (clock.rolls, clock.stop);
        filing.holidays = clock.holidays.iter().map(|day| at(*day)).collect();
        filing.warn_days = clock.warn;
        let named = [
            (clock.issued.1, FilingAnchor::ProviderNumber),
            (clock.known.1, FilingAnchor::CoverageKnown),
        ];
        filing.later_of =
            named.into_iter().filter(|(is, _)| *is).map(|(_, anchor)| anchor).collect();
        case.terms.agreement.provider_number_issued = clock.issued.0.map(at);
        facts.billed.as_mut().unwrap().data.known_on = clock.known.0.map(at);
        facts.certificates = self.papers.iter().map(certificate).collect();
        facts.peer.hired_on = self.hired.map(at);
        facts.peer.birth_date = self.peer_born.map(at);
        facts.birth_date = at(self.member_born);
        facts.documents.extend(self.ties.iter().enumerate().map(relationship));
    }
}

fn rate(price: &Price) -> Rate {
    let from = price.days.0.map_or("2020-01-01".to_owned(), |from| day(from).to_string());
    let to = price.days.1.map(|to| day(to).to_string());
    Rate {
        service: key(SERVICES[price.service]),
        span: span(&from, to.as_deref()),
        allowed: dollars(price.allowed),
        charge: price.charge.map(dollars),
        accepted_elsewhere: price.elsewhere.map(dollars),
        modifiers: names(&price.tags),
        when: when(&price.asked),
    }
}

fn document((index, paper): (usize, &Paper)) -> DocumentFact {
    let goals = vec![Reference::parse("G1").unwrap()];
    let plan = Content::Plan { goals, reviews: vec![], elements: vec![] };
    let to = paper.to.map(|to| day(to).to_string());
    DocumentFact {
        id: DocumentId::from_i64(i64::try_from(index).unwrap()),
        reference: Reference::parse(&format!("D-{index}")).unwrap(),
        span: span(&day(paper.from).to_string(), to.as_deref()),
        signed_on: paper.signed.map(day),
        content: if paper.plan { plan } else { Content::Order { elements: vec![] } },
    }
}

impl Book {
    /// The case of a member of an organization, with the contract bound as the service binds it.
    pub fn case(&self, org: usize, member: usize) -> Case {
        let mut case = self.base.case(org, member);
        let pack = &mut case.terms.pack;
        pack.face_to_face = vec![Mode::InPerson];
        for service in &mut pack.services {
            service.unit_minutes = self.unit_minutes;
            service.rounding = self.rounding;
            service.min_minutes = self.min_minutes;
        }
        pack.services[0].member_may_be_absent = true;
        pack.services[1].group = self.group.map(|(min_size, max_size, members_per_peer)| {
            GroupRule { min_size, max_size, members_per_peer, source: source("groups") }
        });
        pack.modifiers = self.adds.iter().enumerate().map(modifier_rule).collect();
        // Not yet in force on any day of the world: any line may have any modifier, as prices by modifier
        // ask.
        pack.modifiers.push(ModifierRule {
            key: key("some-day"),
            services: SERVICES.map(key).to_vec(),
            add: names(&(0..TAGS.len()).collect::<Vec<_>>()),
            when: When::default(),
            days: InForce { from: Some(d("2199-12-31")), to: None },
            percent: None,
            stacking: Stacking::Unknown,
            source: source("modifiers"),
        });
        pack.conditions = self.conditions.iter().enumerate().map(condition).collect();
        pack.copays = self
            .shares
            .iter()
            .zip(1..)
            .map(|(share, n)| Copay {
                key: key(&format!("share-{n}")),
                services: of(&share.services),
                share: match share.of {
                    Of::Unit => contract::Share::PerUnit(dollars(share.amount)),
                    Of::Visit => contract::Share::PerVisit(Money::from_cents(share.cents())),
                    Of::Day => contract::Share::PerDay(Money::from_cents(share.cents())),
                },
                when: when(&share.asked),
                days: in_force(share.days),
                layer: None,
                agreement: None,
                source: source("copays"),
            })
            .collect();
        let agreement = &mut case.terms.agreement;
        agreement.rates = self.prices.iter().map(rate).collect();
        for (limit, (days, agreed)) in
            pack.limits.iter_mut().zip(self.limit_days.iter().zip(&self.agreed))
        {
            limit.days = in_force(*days);
            limit.agreement = Some(Direction::Replace);
            agreement.adjustments.extend(agreed.map(|tenths| Adjustment {
                rule: Adjusted::Limit(limit.key.clone()),
                units: Decimal::new(tenths, 1),
            }));
        }
        case.facts.documents.extend(self.papers.iter().enumerate().map(document));
        self.people.live(&mut case);
        if !self.prices.is_empty() {
            case.terms = bind(&case.terms.pack, &case.terms.agreement).unwrap();
        }
        case
    }
}
