//! The values that knobs of a claim form can have: the guide's code sets, short texts, and
//! (in `tables`) what is made of several.

use crate::domain::text::{checked_text, code_list, plain};

pub use super::tables::{
    Address, Contact, ContractInfo, END_TIME, GROUP_SIZE, MODE, NoteRule, Number, OF_VISITS,
    Paperwork, START_TIME, Submitter,
};

/// What a text may hold that becomes part of a segment.
fn sendable(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

checked_text!(
    /// A note, a K3 item or another free text of a claim, at most 80 characters. In notes of a profile
    /// `{units}`, `{minutes}`, `{first_date}`, `{last_date}`, `{authorization}` and, of lines,
    /// `{start_time}`, `{end_time}`, `{mode}` and `{group_size}` stand for the claim's or line's own.
    Note80,
    "a text has 1 to 80 letters, digits and signs of ASCII",
    |t| plain(t, 80).filter(|t| sendable(t))
);
checked_text!(
    /// A reference number, REF02: at most 50 characters.
    Reference,
    "a reference number has 1 to 50 letters, digits and signs of ASCII",
    |t| plain(t, 50).filter(|t| sendable(t))
);
checked_text!(
    /// ISA02 or ISA04: at most ten characters.
    Access,
    "the value has 1 to 10 letters, digits and signs of ASCII",
    |t| plain(t, 10).filter(|t| sendable(t))
);
checked_text!(
    /// An address for electronic mail, PER04.
    Email,
    "an address has at most 80 characters, one @, and no spaces",
    |t| {
        let shaped = t.matches('@').count() == 1 && !t.starts_with('@') && !t.ends_with('@');
        plain(t, 80).filter(|t| shaped && t.bytes().all(|b| b.is_ascii_graphic()))
    }
);
checked_text!(
    /// The shape of member numbers: `9` a digit, `A` a letter, `X` either, others as they are.
    MemberShape,
    "a shape has 2 to 20 signs: 9 for a digit, A for a letter, X for either, others as they are",
    |t| {
        let shaped = (2..=20).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic());
        shaped.then(|| t.to_owned())
    }
);
checked_text!(
    /// A file's name with `{usage}`, `{sender}`, `{receiver}`, `{date}`, `{time}`, `{control}`,
    /// `{batch}` and `{part}` in it.
    FileNameTemplate,
    "a file name has 1 to 120 letters, digits, points, hyphens, underscores and known {tokens}, and \
     {control} or {batch} so that no two are alike",
    |t| {
        let mut bare = t.to_owned();
        for token in FILE_NAME_TOKENS {
            bare = bare.replace(token, "x");
        }
        let sign = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let unique = t.contains("{control}") || t.contains("{batch}");
        let shaped = (1..=120).contains(&t.len()) && bare.bytes().all(sign);
        (shaped && unique && !t.starts_with('.')).then(|| t.to_owned())
    }
);

/// What a file name's template may hold in braces.
pub const FILE_NAME_TOKENS: [&str; 8] =
    ["{usage}", "{sender}", "{receiver}", "{date}", "{time}", "{control}", "{batch}", "{part}"];

impl MemberShape {
    /// Whether a number has the shape.
    pub fn fits(&self, number: &str) -> bool {
        let fits = |(shape, sign): (char, char)| match shape {
            '9' => sign.is_ascii_digit(),
            'A' => sign.is_ascii_alphabetic(),
            'X' => sign.is_ascii_alphanumeric(),
            other => sign == other,
        };
        self.as_str().len() == number.len() && self.as_str().chars().zip(number.chars()).all(fits)
    }
}

code_list!(
    /// Which characters a file may hold (appendix B of the guide).
    CharacterSet, "a character set" {
        /// The basic set: capitals, digits, and `! " & ' ( ) * + , - . / : ; ? =`.
        Basic = "basic",
        /// The extended set, in capitals.
        Capitals = "capitals",
        /// The extended set, small letters as they are.
        Extended = "extended",
    }
);
code_list!(
    /// BHT06: what the claims of a file are.
    FileKind, "a kind of claims" {
        /// CH, to be paid.
        Chargeable = "chargeable",
        /// RP, encounters under capitation: reported, not to be paid.
        Encounters = "encounters",
        /// 31, subrogation demand of a state.
        Subrogation = "subrogation",
    }
);
code_list!(
    /// When something optional is sent.
    Send, "a rule of sending" {
        /// Never, also when it is known.
        Never = "never",
        /// When it is known.
        IfKnown = "if_known",
        /// Always: a claim without it is refused.
        Required = "required",
    }
);
code_list!(
    /// When the service facility (2310C) is sent.
    FacilityMode, "a rule of the service facility" {
        /// Never.
        Never = "never",
        /// When its address is not the billing provider's.
        IfDifferent = "if_different",
        /// Always: a claim without it is refused.
        Always = "always",
    }
);
code_list!(
    /// When a claim may charge nothing.
    ZeroCharge, "a rule of charges of zero" {
        /// Never.
        Never = "never",
        /// In files of encounters.
        Encounters = "encounters",
        /// Always.
        Allowed = "allowed",
    }
);
code_list!(
    /// CLM05-3.
    Frequency, "a claim frequency" {
        /// 1.
        Original = "original",
        /// 7.
        Replacement = "replacement",
        /// 8.
        Void = "void",
    }
);
code_list!(
    /// By which of its numbers a payer wants a claim named that is corrected.
    CorrectionNumber, "a choice of the payer's number" {
        /// The latest.
        Latest = "latest",
        /// The first.
        First = "first",
    }
);
code_list!(
    /// How a claim is corrected that a 277CA rejects under a number of the payer's.
    AfterRejection, "a way after a rejection" {
        /// By a new claim: the payer keeps nothing of what it rejects.
        Original = "original",
        /// By a replacement of that number.
        Replacement = "replacement",
    }
);
code_list!(
    /// How a provider is known to the payer.
    ProviderId, "a provider's identification" {
        /// By its NPI.
        Npi = "npi",
        /// By the payer's own number only (an atypical provider).
        PayerNumber = "payer_number",
    }
);
code_list!(
    /// Qualifiers of numbers that are not NPIs.
    NumberKind, "a kind of number" {
        /// A state license.
        License = "0B",
        /// A UPIN.
        Upin = "1G",
        /// The payer's number for the provider.
        Payer = "G2",
        /// A location's number.
        Location = "LU",
        /// A payer's number.
        PayerId = "2U",
        /// An EIN.
        Ein = "EI",
        /// A claim office.
        Office = "FY",
        /// An NAIC code.
        Naic = "NF",
    }
);
code_list!(
    /// REF01 of the billing provider's tax number.
    TaxKind, "a kind of tax number" {
        /// An employer's.
        Employer = "EI",
        /// A person's.
        Person = "SY",
    }
);
code_list!(
    /// NTE01 of a claim or line.
    NoteKind, "a kind of note" {
        /// Additional information.
        Additional = "ADD",
        /// Certification narrative (claims only).
        Certification = "CER",
        /// Goals, rehabilitation potential, or discharge plans.
        Goals = "DCP",
        /// Diagnosis description (claims only).
        Diagnosis = "DGN",
        /// Third-party organization notes.
        ThirdParty = "TPO",
    }
);
code_list!(
    /// CN101.
    ContractKind, "a kind of contract" {
        /// Diagnosis related group.
        Group = "01",
        /// Per diem.
        PerDiem = "02",
        /// Variable per diem.
        VariablePerDiem = "03",
        /// Flat.
        Flat = "04",
        /// Capitated.
        Capitated = "05",
        /// Percent.
        Percent = "06",
        /// Other.
        Other = "09",
    }
);
code_list!(
    /// SV103.
    UnitBasis, "a basis of units" {
        /// Units.
        Units = "UN",
        /// Minutes.
        Minutes = "MJ",
    }
);
code_list!(
    /// How DTP*472 states a day.
    DateFormat, "a format of service dates" {
        /// One day as D8, several as RD8.
        Shortest = "shortest",
        /// Always RD8, first and last day.
        Range = "range",
    }
);
code_list!(
    /// CLM07.
    Assignment, "an assignment code" {
        /// Assigned.
        Assigned = "A",
        /// Accepted for clinical laboratory services only.
        Laboratory = "B",
        /// Not assigned.
        NotAssigned = "C",
    }
);
code_list!(
    /// CLM08.
    Benefits, "an assignment of benefits" {
        /// The member refuses.
        No = "N",
        /// Does not apply.
        NotApplicable = "W",
        /// Yes.
        Yes = "Y",
    }
);
code_list!(
    /// CLM09.
    Release, "a release of information" {
        /// Informed consent, by law.
        Informed = "I",
        /// Yes, with a signed statement.
        Yes = "Y",
    }
);
code_list!(
    /// CLM20.
    DelayReason, "a delay reason" {
        /// Proof of eligibility unknown or unavailable.
        Eligibility = "1",
        /// Litigation.
        Litigation = "2",
        /// Authorization delays.
        Authorization = "3",
        /// Delay in certifying the provider.
        Certifying = "4",
        /// Delay in supplying billing forms.
        Forms = "5",
        /// Delay in delivery of custom-made appliances.
        Appliances = "6",
        /// Third party processing delay.
        ThirdParty = "7",
        /// Delay in eligibility determination.
        Determination = "8",
        /// Original claim rejected for another reason.
        Rejected = "9",
        /// Administration delay in the prior approval process.
        Approval = "10",
        /// Other.
        Other = "11",
        /// Natural disaster.
        Disaster = "15",
    }
);
code_list!(
    /// REF*4N.
    Exception, "a service authorization exception" {
        /// Immediate or urgent care.
        Urgent = "1",
        /// Services rendered in a retroactive period.
        Retroactive = "2",
        /// Emergency care.
        Emergency = "3",
        /// Client has temporary Medicaid.
        Temporary = "4",
        /// Request from county for second opinion.
        SecondOpinion = "5",
        /// Request for override pending.
        Pending = "6",
        /// Special handling.
        Special = "7",
    }
);
