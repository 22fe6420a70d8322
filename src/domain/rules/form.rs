//! Can the payer's claim form be filled (R2)? What a profile asks for and nobody has recorded holds
//! the visit before there is a claim; nothing is left out or invented to fill a segment.

use super::context::Context;
use super::lines;
use super::room::Room;
use super::table::{RuleId, Said};
use crate::domain::claim_facts::{Gap, Lacking};
use crate::domain::contract::Terms;
use crate::domain::contract::form::kinds::{FileKind, GROUP_SIZE, NoteRule, ZeroCharge};
use crate::domain::money::Money;

/// Everything that the claim form asks for is on record and can be sent.
pub fn gaps(ctx: &Context) -> Vec<Said> {
    let Some(terms) = ctx.terms else { return vec![] };
    ctx.facts.gaps.iter().map(|gap| by(terms, said(gap))).collect()
}

fn by(terms: &Terms, said: Said) -> Said {
    match &terms.pack.claim.source {
        Some(source) => said.by(source),
        None => said,
    }
}

fn said(gap: &Gap) -> Said {
    use Lacking::{
        Facility, MedicalRecord, MemberShape, MemberText, Ordering, OtherReferral, OtherSupervisor,
        OtherText, PeerNumber, PeerText, Referral, Referring, Supervisor,
    };
    let (rule, field) = match gap.lacking {
        Supervisor | OtherSupervisor | PeerNumber | PeerText => (RuleId::ClaimPeer, "/peer"),
        MemberShape | MedicalRecord | Referral | OtherReferral | Referring | Ordering
        | MemberText => (RuleId::ClaimMember, "/member"),
        Facility => (RuleId::ClaimForm, "/program"),
        OtherText => (RuleId::ClaimForm, "/service"),
    };
    let (lacks, fix) = words(gap.lacking);
    let message = match &gap.why {
        Some(why) => format!("{lacks}: {why}."),
        None => format!("{lacks}."),
    };
    Said::new(rule, field, message, fix)
}

/// What is lacking, and what to do about it.
const fn words(lacking: Lacking) -> (&'static str, &'static str) {
    match lacking {
        Lacking::Supervisor => (
            "The payer wants the peer's supervisor on the claim, and none is on record",
            "An administrator adds the supervisor to the peer (`claim.supervisor`).",
        ),
        Lacking::OtherSupervisor => (
            "The payer wants another person than the peer as the supervisor",
            "An administrator corrects the supervisor of the peer (`claim.supervisor`).",
        ),
        Lacking::PeerNumber => (
            "The payer wants its own number of the peer, and none is on record",
            "An administrator adds the number to the peer (`claim.numbers`).",
        ),
        Lacking::MemberShape => (
            "The member's number does not have the shape of this payer's numbers",
            "A biller corrects the member number of the coverage.",
        ),
        Lacking::MedicalRecord => (
            "The payer wants the medical record number, and none is on record",
            "A biller adds it to the member (`claim.medical_record`).",
        ),
        Lacking::Referral => (
            "The payer wants the referral number, and none is on record",
            "A biller adds it to the member (`claim.referral`).",
        ),
        Lacking::OtherReferral => (
            "The referral number must not be the number of the authorization",
            "A biller corrects the referral number of the member (`claim.referral`).",
        ),
        Lacking::Referring => (
            "The payer wants the referring provider, and none is on record",
            "A biller adds the provider to the member (`claim.referring`).",
        ),
        Lacking::Ordering => (
            "The payer wants the ordering provider, and none is on record",
            "A biller adds the provider to the member (`claim.ordering`).",
        ),
        Lacking::Facility => (
            "The payer wants the address of the place of the service, and it is not known",
            "Whoever recorded the visit names the program whose site it was; an administrator \
             gives that program its location.",
        ),
        Lacking::PeerText => (
            "Something of the peer cannot be sent to this payer",
            "An administrator writes it with letters that the payer takes.",
        ),
        Lacking::MemberText => (
            "Something of the member cannot be sent to this payer",
            "A biller writes it with letters that the payer takes.",
        ),
        Lacking::OtherText => (
            "The claim cannot be written as the payer wants it",
            "An administrator corrects organization, location or contract.",
        ),
    }
}

/// There are no more diagnoses than the payer takes.
pub fn diagnoses(ctx: &Context) -> Vec<Said> {
    let Some(terms) = ctx.terms else { return vec![] };
    let most = terms.pack.claim.form.content.diagnoses.0;
    let count = u32::try_from(ctx.encounter.diagnoses.len()).unwrap_or(u32::MAX);
    if count <= most {
        return vec![];
    }
    let message = format!("The payer takes at most {most} diagnoses on a claim; here are {count}.");
    let fix = "The peer leaves out the diagnoses that the visit was not for.";
    vec![by(terms, Said::new(RuleId::ClaimDiagnoses, "/diagnoses", message, fix))]
}

/// A visit that is worth nothing goes to payers that take such claims.
pub fn zero_charge(ctx: &Context) -> Vec<Said> {
    let Some(terms) = ctx.terms else { return vec![] };
    let form = &terms.pack.claim.form;
    let fits = match form.content.zero_charge {
        ZeroCharge::Never => false,
        ZeroCharge::Encounters => form.parties.kind == FileKind::Encounters,
        ZeroCharge::Allowed => true,
    };
    let units = ctx.units().unwrap_or(0);
    if fits || units == 0 || lines::charge(ctx, 1) != Some(Money::ZERO) {
        return vec![];
    }
    let message = "The visit is worth nothing by the contract, and the payer takes no such claim.";
    let fix = "An administrator adds the charge to a new version of the contract.";
    vec![by(terms, Said::new(RuleId::ClaimForm, "/started_at", message, fix))]
}

/// A note that names the authorization, or the size of the group, has one to name.
pub fn notes(ctx: &Context, room: &Room) -> Vec<Said> {
    let (Some(terms), Some(service)) = (ctx.terms, ctx.service) else { return vec![] };
    if room.ready() == 0 {
        return vec![];
    }
    let form = &terms.pack.claim.form;
    let fits = |rule: &&NoteRule| rule.fits(&service.procedure, &ctx.form.modifiers);
    let first = [&form.content.notes, &form.lines.notes].map(|rules| rules.iter().find(fits));
    let names = |token: &str| first.iter().flatten().any(|rule| rule.names(&[token]));
    let mut said = Vec::new();
    if room.number().is_none() && names("{authorization}") {
        let message = "The payer wants a note that names the authorization, and none is drawn on.";
        let fix = "A biller gets an authorization that covers the visit.";
        said.push(by(terms, Said::new(RuleId::ClaimForm, "/authorization", message, fix)));
    }
    // That a service for groups has no session is told already.
    let alone = ctx.encounter.group.is_none() && service.group.is_none();
    if alone && names(GROUP_SIZE) {
        let message = "The payer wants a note that names the size of the group, and the service is \
                       given to one member at a time.";
        let fix = "An administrator writes the note for lines of groups only (`procedures`, \
                   `modifiers`) into a new version of the pack.";
        said.push(by(terms, Said::new(RuleId::ClaimForm, "/service", message, fix)));
    }
    said
}

#[cfg(test)]
mod tests {
    use crate::domain::claim_facts::Lacking;
    use crate::domain::codes::Modifier;
    use crate::domain::contract::GroupRule;
    use crate::domain::contract::form::kinds::{FileKind, Note80, NoteKind, NoteRule, ZeroCharge};
    use crate::domain::finding::Who;
    use crate::domain::rules::testing::{Case, diagnosis, modifiers, rate, source, split};
    use crate::domain::session::Group;

    #[test]
    fn r2_what_is_lacking_holds_with_its_field_and_who_can_fix_it() {
        for lacking in Lacking::ALL {
            let case = Case::with(|c| c.facts.gaps = vec![(*lacking).into()]);
            let said = case.decide().findings;
            assert_eq!((said.len(), split(&case.decide())), (1, (0, 4)), "{lacking}");
            assert!(said[0].rule.starts_with("claim.") && said[0].message.ends_with('.'));
            assert!(matches!(said[0].who(), Some(Who::Administrator | Who::Biller)));
        }
        let case = Case::with(|c| c.facts.gaps = vec![Lacking::Ordering.into()]);
        assert_eq!(case.only("claim.member").field, "/member");
    }

    #[test]
    fn r2_diagnoses_beyond_what_the_payer_takes() {
        let with = |most: u32| {
            Case::with(|c| {
                c.terms.pack.claim.form.content.diagnoses.0 = most;
                c.encounter.diagnoses = ["F32.9", "Z59.0"].map(diagnosis).to_vec();
            })
        };
        assert!(with(2).rules().is_empty());
        assert_eq!(with(1).only("claim.diagnoses").field, "/diagnoses");
    }

    #[test]
    fn r2_what_is_worth_nothing_is_claimed_where_it_may_be() {
        let with = |rule: ZeroCharge, kind: FileKind, charge: &str| {
            Case::with(|c| {
                c.terms.pack.claim.form.content.zero_charge = rule;
                c.terms.pack.claim.form.parties.kind = kind;
                c.terms.agreement.rates = vec![rate("peer", charge, None)];
            })
        };
        let (paid, told) = (FileKind::Chargeable, FileKind::Encounters);
        with(ZeroCharge::Encounters, paid, "0").only("claim.form");
        with(ZeroCharge::Never, told, "0").only("claim.form");
        assert!(with(ZeroCharge::Encounters, told, "0").rules().is_empty());
        assert!(with(ZeroCharge::Allowed, paid, "0").rules().is_empty());
        assert!(with(ZeroCharge::Never, paid, "1").rules().is_empty());
    }

    #[test]
    fn r2_a_note_about_the_authorization_needs_one() {
        let rule = |procedures: &[&str]| NoteRule {
            kind: NoteKind::Additional,
            text: Note80::parse("APPROVED {authorization}").unwrap(),
            procedures: procedures.iter().map(|p| p.parse().unwrap()).collect(),
            modifiers: vec![],
        };
        let with = |rule: NoteRule| {
            Case::with(|c| c.terms.pack.claim.form.lines.notes = vec![rule.clone()])
        };
        with(rule(&[])).only("claim.form");
        assert!(with(rule(&["T1016"])).rules().is_empty());
        let text = Note80::parse("APPROVED IN WRITING").unwrap();
        assert!(with(NoteRule { text, ..rule(&[]) }).rules().is_empty());
    }

    /// A visit of no group has no size: nothing is invented, and the visit waits.
    #[test]
    fn r2_a_note_about_the_size_of_a_group_needs_a_group() {
        let rule = |text: &str, modifiers: Vec<Modifier>| NoteRule {
            kind: NoteKind::Additional,
            text: Note80::parse(text).unwrap(),
            procedures: vec![],
            modifiers,
        };
        let sized = || rule("GROUP OF {group_size}", vec![]);
        let with = |notes: Vec<NoteRule>| {
            Case::with(|c| c.terms.pack.claim.form.lines.notes.clone_from(&notes))
        };
        assert_eq!(with(vec![sized()]).only("claim.form").field, "/service");
        // The first that fits is the one that is sent.
        assert!(with(vec![rule("{mode}", vec![]), sized()]).rules().is_empty());
        let of_groups = rule("GROUP OF {group_size}", modifiers(&["HQ"]));
        let marked = |c: &mut Case| c.terms.pack.services[0].modifiers = modifiers(&["HQ"]);
        let mut alone = with(vec![of_groups.clone()]);
        assert!(alone.rules().is_empty());
        marked(&mut alone);
        alone.only("claim.form");
        let mut group = with(vec![of_groups]);
        marked(&mut group);
        let (min_size, max_size, members_per_peer) = (2, None, None);
        group.terms.pack.services[0].group =
            Some(GroupRule { min_size, max_size, members_per_peer, source: source("groups") });
        // That a group has no session is told once.
        group.only("group.missing");
        let session = "S-1".parse().unwrap();
        group.encounter.group = Some(Group { session, size: 3, peers: 1 });
        assert!(!group.rules().contains(&"claim.form".to_owned()));
    }
}
