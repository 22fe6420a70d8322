//! What a claim says beside the usual, out of what is on record. What is not on record is not said:
//! whether a payer's form can be filled is told when the visit is decided.

use std::collections::HashMap;

use super::submit;
use crate::domain::claim::{Claim, ClaimLine, ClaimNumber, FileHeader, Rendering, Subscriber};
use crate::domain::claim_detail::{ClaimDetail, Facility, LineDetail, Provider};
use crate::domain::claim_facts::{Gap, Lacking};
use crate::domain::codes::{Mode, PlaceOfService, Setting};
use crate::domain::contract::form::kinds::{
    END_TIME, FacilityMode, GROUP_SIZE, MODE, Number, START_TIME, Send,
};
use crate::domain::contract::{AuthorizationLevel, Service, Terms};
use crate::domain::dates::Instant;
use crate::domain::encounter::EncounterData;
use crate::domain::grouping::Given;
use crate::domain::identifiers::{AuthorizationNumber, Key, MemberNumber};
use crate::domain::member::Member;
use crate::domain::money::Money;
use crate::domain::organization::{Organization, StreetAddress};
use crate::domain::peer::Peer;
use crate::domain::rules;
use crate::x12::{Writer837p, X12Error, X12Fault};

/// Where the organization's programs are: locations by program, both by key.
pub(super) type Sites = HashMap<Key, Key>;

/// Whose claims these are.
#[derive(Debug, Clone, Copy)]
pub(super) struct People<'a> {
    pub(super) organization: &'a Organization,
    pub(super) member: &'a Member,
    pub(super) peer: &'a Peer,
}

/// The location of the organization at which a visit was, where that is known: the site of its
/// program, or for a visit in the office the only location that there is.
pub(super) fn site(
    organization: &Organization,
    sites: &Sites,
    visit: &EncounterData,
) -> Option<Key> {
    let own = matches!(
        visit.setting,
        Setting::Office
            | Setting::DropInCenter
            | Setting::MentalHealthCenter
            | Setting::ResidentialProgram
            | Setting::GroupHome
    );
    if visit.mode != Mode::InPerson || !own {
        return None;
    }
    let of_program = visit.program.as_ref().and_then(|program| sites.get(program)).cloned();
    of_program.or_else(|| match organization.locations.as_slice() {
        [only] if visit.setting == Setting::Office => Some(only.data.key.clone()),
        _ => None,
    })
}

/// Whether a claim of services at `place` tells (2310C) that they were at this address of the organization.
/// Where it does not, what was there and what was elsewhere are alike to the payer.
pub(super) fn tells_address(
    organization: &Organization,
    terms: &Terms,
    place: &PlaceOfService,
    address: &StreetAddress,
) -> bool {
    let content = &terms.pack.claim.form.content;
    let billing = &terms.agreement.billing_location;
    let told = match content.facility {
        FacilityMode::Never => false,
        FacilityMode::Always => true,
        FacilityMode::IfDifferent => {
            let bills = organization.locations.iter().find(|l| l.data.key == *billing);
            bills.is_none_or(|l| l.data.address != *address)
        }
    };
    told && !content.facility_not_at.contains(place)
}

/// What a claim of these people says beside the usual; each line with its minutes, and with what
/// else of its visits the payer's notes name.
pub(super) fn detail<'a>(
    terms: &Terms,
    people: People<'_>,
    site: Option<&Key>,
    given: impl IntoIterator<Item = &'a Given>,
) -> ClaimDetail {
    let People { organization, member, peer } = people;
    let knobs = &terms.pack.claim.form;
    let place = organization.locations.iter().find(|l| Some(&l.data.key) == site);
    let of_payer = peer.data.claim.numbers.iter().filter(|n| n.payer == terms.agreement.payer);
    let says = &member.data.claim;
    let renders = (knobs.lines.rendering == Send::Required).then(|| Provider {
        last_name: peer.data.last_name.clone(),
        first_name: Some(peer.data.first_name.clone()),
        npi: Some(peer.data.npi.clone()),
        taxonomy: Some(peer.data.taxonomy.clone()),
        numbers: Vec::new(),
    });
    let zone = organization.data.zone;
    let names = |tokens: &[&str]| knobs.lines.names(tokens);
    let (timed, moded, sized) =
        (names(&[START_TIME, END_TIME]), names(&[MODE]), names(&[GROUP_SIZE]));
    let line = |of: &Given| LineDetail {
        minutes: Some(of.minutes),
        times: of
            .times
            .filter(|_| timed)
            .map(|(from, to)| (zone.local(from).time(), zone.local(to).time())),
        modes: if moded { of.modes.clone() } else { Vec::new() },
        group_sizes: of.group_sizes.filter(|_| sized),
        rendering: renders.clone(),
        ordering: says.ordering.clone(),
        ..LineDetail::default()
    };
    ClaimDetail {
        middle_name: says.middle_name.clone(),
        referral: says.referral.clone(),
        medical_record: says.medical_record.clone(),
        referring: says.referring.clone(),
        rendering_numbers: of_payer
            .map(|n| Number { kind: n.kind, number: n.number.clone() })
            .collect(),
        facility: place.map(|l| Facility {
            name: l.data.name.clone(),
            npi: l.data.npi.clone(),
            address: l.data.address.clone(),
        }),
        supervising: peer.data.claim.supervisor.clone(),
        lines: given.into_iter().map(line).collect(),
        ..ClaimDetail::default()
    }
}

/// Writes a claim of one unit of the visit for trial. What the writer refuses about it, it would
/// refuse about the real one: letters that the payer does not take, names that are too long.
pub(super) fn trial(
    header: &FileHeader,
    service: &Service,
    people: People<'_>,
    visit: &EncounterData,
    number: &MemberNumber,
    says: &ClaimDetail,
) -> Option<Gap> {
    let claim = sample(header, service, people, visit, number)?;
    let mut writer = match Writer837p::new(std::io::sink(), header) {
        Ok(writer) => writer,
        Err(fault) => return Some(gap(&fault)),
    };
    writer.offer(&claim, says).err().map(|fault| gap(&fault))
}

fn gap(fault: &X12Error) -> Gap {
    let lacking = match fault.place.loop_id {
        "2010BA" | "2310A" | "2420E" => Lacking::MemberText,
        "2310B" | "2310D" | "2420A" => Lacking::PeerText,
        _ => Lacking::OtherText,
    };
    let what = match fault.fault {
        X12Fault::Character => "it has a letter or sign that may not be sent".to_owned(),
        // The trial's own number means nothing to anybody.
        _ => fault.message.rsplit_once("0: ").map_or(&*fault.message, |(_, what)| what).to_owned(),
    };
    Gap { lacking, why: Some(format!("{what} (loop {})", fault.place.loop_id)) }
}

/// None where something else already says that there can be no claim.
fn sample(
    header: &FileHeader,
    service: &Service,
    people: People<'_>,
    visit: &EncounterData,
    number: &MemberNumber,
) -> Option<Claim> {
    let profile = &header.profile;
    let People { member, peer, .. } = people;
    let most = usize::try_from(profile.form.content.diagnoses.0).unwrap_or(usize::MAX);
    let diagnoses: Vec<_> = visit.diagnoses.iter().take(most).cloned().collect();
    let name = ClaimNumber::parse("P0000000000000").ok()?;
    let one = Money::from_cents(100);
    let approved = AuthorizationNumber::parse("A0").ok();
    let at = |level| approved.clone().filter(|_| profile.authorization_level == level);
    let place = rules::place_of(visit, service);
    let mode = service.modes.iter().find(|m| m.mode == visit.mode);
    let of_mode = mode.into_iter().flat_map(|m| &m.modifiers);
    // More than four are told of by another rule.
    let modifiers = service.modifiers.iter().chain(of_mode).take(4).cloned().collect();
    let first = (!diagnoses.is_empty()).then_some(1)?;
    Some(Claim {
        charge: one,
        place: place.clone(),
        subscriber: subscriber(member, number)?,
        rendering: rendering(peer),
        authorization: at(AuthorizationLevel::Claim),
        diagnoses,
        lines: vec![ClaimLine {
            control: name.line(1),
            procedure: service.procedure.clone(),
            modifiers,
            charge: one,
            units: 1,
            place,
            pointers: vec![first],
            date: header.created.date(),
            authorization: at(AuthorizationLevel::Line),
        }],
        number: name,
    })
}

/// Loop 2010BA; none without an address.
pub(super) fn subscriber(member: &Member, number: &MemberNumber) -> Option<Subscriber> {
    Some(Subscriber {
        last_name: member.data.last_name.clone(),
        first_name: member.data.first_name.clone(),
        member_number: number.clone(),
        address: member.data.address.clone()?,
        birth_date: member.data.birth_date,
        gender: member.data.gender,
    })
}

/// Loop 2310B.
pub(super) fn rendering(peer: &Peer) -> Rendering {
    Rendering {
        last_name: peer.data.last_name.clone(),
        first_name: peer.data.first_name.clone(),
        npi: peer.data.npi.clone(),
        taxonomy: peer.data.taxonomy.clone(),
    }
}

/// The head of a file for trial.
pub(super) fn trial_header(
    organization: &Organization,
    terms: &Terms,
    now: Instant,
) -> Option<FileHeader> {
    let created = organization.data.zone.local(now);
    submit::header_of(organization, terms, created, (1, 2))
}
