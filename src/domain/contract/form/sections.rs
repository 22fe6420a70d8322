//! The knobs, in one table: key, type, default, what the guide calls it, what it means.
//!
//! The table makes the types, their defaults, the reading of packs and the documentation
//! (`docs/x12-companion.md`), so that none of these can say something else than the others.

use super::Row;
use super::kinds::{
    Access, Address, AfterRejection, Assignment, Benefits, CharacterSet, Contact, ContractInfo,
    CorrectionNumber, DateFormat, DelayReason, Exception, FacilityMode, FileKind, FileNameTemplate,
    Frequency, MemberShape, Note80, NoteRule, Number, Paperwork, ProviderId, Reference, Release,
    Send, Submitter, TaxKind, UnitBasis, ZeroCharge,
};
use super::knob::{Count, Knob, knobs};
use crate::domain::claim_detail::EpsdtCondition;
use crate::domain::codes::{Modifier, PlaceOfService};
use crate::domain::contract::reader::{Reader, Spot};
use crate::domain::identifiers::{Line35, PartnerCode};

knobs!(
    /// `[claim.file]`: the envelope and the file.
    FileForm, "claim.file" {
        authorization_information: Option<Access> = None, "1", "ISA01-02",
            "`00` and blanks, or `03` and this";
        security_information: Option<Access> = None, "2", "ISA03-04",
            "`00` and blanks, or `01` and this; readable by all who may read the pack, so no secret";
        group_sender: Option<PartnerCode> = None, "12", "GS02",
            "the sender's code; else the contract's `sender_id`";
        sets_per_group: Count<1, 999_999> = Count(999_999), "11, 16", "ST, GS",
            "most sets of a group; then the next group starts";
        groups_per_file: Count<1, 99> = Count(1), "10, 11", "GS",
            "most groups of a file (of one interchange); then the next file starts";
        claims_per_file: Count<0, 1_000_000> = Count(0), "15", "file", "most claims of a file; 0: any";
        bytes_per_file: Count<0, 2_000_000_000> = Count(0), "17", "file",
            "most bytes of a file; 0: any";
        characters: CharacterSet = CharacterSet::Capitals, "17", "file",
            "`basic`, `capitals` (the extended set without small letters), `extended`";
        name: Option<FileNameTemplate> = None, "19", "file",
            "the file's name, with `{usage}`, `{sender}`, `{receiver}`, `{date}`, `{time}`, \
             `{control}`, `{batch}`, `{part}` (always 1: a batch is one file); else \
             `837P_{usage}_{sender}_{receiver}_{date}_{control}.837`";
    }
);

knobs!(
    /// `[claim.parties]`: the head of a set, and who is who.
    PartiesForm, "claim.parties" {
        reissue: bool = false, "23", "BHT02", "`18` (reissue) instead of `00` (original)";
        kind: FileKind = FileKind::Chargeable, "24", "BHT06",
            "`chargeable` (CH), `encounters` (RP), `subrogation` (31)";
        encounter_payer_id: Option<PartnerCode> = None, "25, 42a", "2010BB NM109",
            "the payer's id in files of encounters, where it has another";
        submitter: Option<Submitter> = None, "26", "1000A NM1",
            "`{ name, id }` of a billing agent; else the billing provider and `sender_id`";
        contact: Option<Contact> = None, "27", "1000A PER",
            "`{ name, phone, extension, email, fax }`; else the organization's";
        receiver_number: Option<PartnerCode> = None, "28", "1000B NM109",
            "the receiver's number; else `receiver_id`";
        billing_first_name: Option<Line35> = None, "29", "2010AA NM102, NM104",
            "the first name of a person who bills alone; the organization's name is then the last";
        billing_id: ProviderId = ProviderId::Npi, "31", "2010AA NM108-09",
            "`npi`, or `payer_number` (no NM109; `billing_numbers` must have one)";
        billing_tax_number: TaxKind = TaxKind::Employer, "32", "2010AA REF", "`EI` or `SY`";
        pay_to: Option<Address> = None, "34", "2010AB",
            "`{ line1, line2, city, state, zip }` where payment goes, if elsewhere";
        billing_numbers: Vec<Number> = Vec::new(), "35", "2010BB REF",
            "`{ kind, number }` of the billing provider at the payer: `G2`, `LU`";
        payer_numbers: Vec<Number> = Vec::new(), "36", "2010BB REF",
            "`{ kind, number }` of the payer: `2U`, `EI`, `FY`, `NF`";
        payer_address: Option<Address> = None, "37", "2010BB N3, N4", "the payer's address";
        group_number: Option<Reference> = None, "41", "SBR03", "the plan's group number";
        group_name: Option<Line35> = None, "41", "SBR04", "its name, where it has no number";
        member_shape: Option<MemberShape> = None, "43", "2010BA NM109",
            "the shape of member numbers (`9` digit, `A` letter, `X` either); others are refused";
    }
);

knobs!(
    /// `[claim.content]`: loop 2300 and its providers.
    ContentForm, "claim.content" {
        zero_charge: ZeroCharge = ZeroCharge::Encounters, "47", "CLM02",
            "a claim for nothing: `never`, `encounters`, `allowed`";
        frequencies: Vec<Frequency> = vec![Frequency::Original, Frequency::Replacement, Frequency::Void],
            "49", "CLM05-3", "what the payer takes: `original`, `replacement`, `void`";
        after_rejection: AfterRejection = AfterRejection::Original, "51", "CLM05-3",
            "how a claim is corrected that a 277CA rejects under a number of the payer's: `original`, \
             a new claim, or `replacement` of that number, for which it stays as it is until asked for";
        correction_number: CorrectionNumber = CorrectionNumber::Latest, "50", "REF*F8",
            "which of the payer's numbers a correction names: `latest` or `first`";
        signature_on_file: bool = true, "53", "CLM06", "`Y` or `N`";
        assignment: Assignment = Assignment::Assigned, "52", "CLM07", "`A`, `B`, `C`";
        benefits_assigned: Benefits = Benefits::Yes, "52", "CLM08", "`Y`, `N`, `W`";
        release: Release = Release::Yes, "53", "CLM09", "`Y`, `I`";
        member_signature_by_provider: bool = false, "53", "CLM10",
            "`P`: the provider signed for the member";
        delay_reason: Option<DelayReason> = None, "54", "CLM20",
            "sent by itself when the claim is late by `delay_days`";
        delay_days: Count<1, 3650> = Count(90), "54", "CLM20",
            "days from the first service to the file's making, above which it is late";
        referral: Send = Send::IfKnown, "57", "REF*9F", "the referral number";
        authorization_exception: Option<Exception> = None, "58", "REF*4N",
            "for claims without an authorization that name no other";
        medical_record: Send = Send::IfKnown, "59", "REF*EA", "the medical record number";
        demonstration_project: Option<Reference> = None, "60", "REF*P4", "a waiver's or pilot's number";
        fixed_format: Vec<Note80> = Vec::new(), "61", "K3", "at most ten, before the claim's own";
        notes: Vec<NoteRule> = Vec::new(), "62", "NTE",
            "`{ kind, text, procedures, modifiers }`; the first that fits a line, unless the claim has its own \
             (`note` of a replacement or void). The text can name `{units}`, `{minutes}`, `{first_date}`, `{last_date}`, `{authorization}`";
        contract: Option<ContractInfo> = None, "64", "CN1", "`{ kind, amount, code }`";
        paperwork: Option<Paperwork> = None, "68", "PWK",
            "`{ report, transmission }` of what goes with every claim; its number is the claim's, none when it comes on request (`AA`)";
        epsdt: Option<EpsdtCondition> = None, "67", "CRC*ZZ",
            "the EPSDT condition of every claim for a member below 21: `AV`, `S2`, `ST`, or `NU`, no referral";
        diagnoses: Count<1, 12> = Count(12), "66", "HI", "most diagnoses; claims with more are refused";
        rendering_places: Vec<PlaceOfService> = Vec::new(), "69a", "2310B",
            "places of service at which 2310B is sent whatever `rendering` says";
        rendering_id: ProviderId = ProviderId::Npi, "69b", "2310B NM108-09",
            "`npi`, or `payer_number` (the peer's number of `rendering_numbers`, no NM109)";
        rendering_numbers: Send = Send::IfKnown, "71", "2310B REF", "the peer's numbers that are not NPIs";
        supervising: Send = Send::Never, "72", "2310D", "the supervising provider";
        referring: Send = Send::IfKnown, "73", "2310A", "the referring provider";
        facility: FacilityMode = FacilityMode::IfDifferent, "74", "2310C",
            "`never`, `if_different` from the billing address, `always`";
        facility_not_at: Vec<PlaceOfService> = vec![], "74", "2310C",
            "places of service without one, such as `12`, home";
        date_order: bool = false, "77", "file", "claims of a file in order of their first day";
    }
);

knobs!(
    /// `[claim.lines]`: loop 2400.
    LinesForm, "claim.lines" {
        modifier_order: Vec<Modifier> = Vec::new(), "79", "SV101-3",
            "modifiers that come first, in this order; the others after them";
        basis: UnitBasis = UnitBasis::Units, "81", "SV103-04",
            "`UN`, or `MJ`: the line's minutes, refused where they are not known";
        spans: bool = false, "83", "DTP*472", "whether a line may state several days";
        date_format: DateFormat = DateFormat::Shortest, "83", "DTP*472",
            "`shortest`: D8 for one day; `range`: always RD8";
        most: Count<1, 50> = Count(50), "84", "LX", "most lines of a claim";
        authorization_again: bool = false, "55", "REF*G1",
            "whether the claim's authorization is repeated at each line";
        notes: Vec<NoteRule> = Vec::new(), "63", "NTE",
            "as in `content`, for each line; `ADD`, `DCP`, `TPO`. With `rollup = \"none\"` also what its visit \
             was: `{start_time}` and `{end_time}`, hour and minute on the organization's clock; `{mode}`, \
             `IN PERSON`, `VIDEO` or `AUDIO`; `{group_size}`, everyone served who was present (a visit of no \
             group is held). Where a sum of minutes unites several visits: from the first one's start to the \
             last one's end, each mode once, as `IN PERSON/AUDIO`, and the smallest and the largest group, \
             as `3-8`";
        rendering: Send = Send::IfKnown, "88", "2420A", "a line's own rendering provider";
        ordering: Send = Send::IfKnown, "73", "2420E", "a line's ordering provider";
        pointers: Count<1, 4> = Count(4), "89", "SV107", "most pointers; the first ones are sent";
        emergency: bool = false, "90", "SV109", "whether every line says that it was an emergency";
        epsdt: bool = false, "67", "SV111", "whether every line for a member below 21 is of EPSDT";
        family_planning: bool = false, "90", "SV112", "whether every line is family planning";
        copay_exempt: bool = false, "90", "SV115", "whether every line is exempt from copay";
    }
);

impl PartiesForm {
    /// BHT06.
    pub fn bht06(&self) -> &'static str {
        match self.kind {
            FileKind::Chargeable => "CH",
            FileKind::Encounters => "RP",
            FileKind::Subrogation => "31",
        }
    }
}

impl LinesForm {
    /// Whether a note of lines names one of these.
    pub fn names(&self, tokens: &[&str]) -> bool {
        self.notes.iter().any(|note| note.names(tokens))
    }
}

impl Frequency {
    /// CLM05-3.
    pub fn code(self) -> &'static str {
        match self {
            Self::Original => "1",
            Self::Replacement => "7",
            Self::Void => "8",
        }
    }
}
