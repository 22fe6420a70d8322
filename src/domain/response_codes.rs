//! What the codes of TA1, 999 and 277CA mean, in our own words, for a biller.
//!
//! The code lists are X12's: TA105 (I18), IK304 (620), IK403 (621), IK502 (618), and the external
//! lists of claim status category (507), claim status (508) and entity (98) codes. The common ones
//! are told; of others the code itself.
//!
//! The codes were compared with public copies of their lists in November 2026, those of versions
//! 005010 and later, all but claim status 122 (no longer in the list), the categories D0, E0 and P1,
//! and the entities; the words are ours. TA105 above 027 came after 005010.

/// A list of codes with their meaning.
type Meanings = &'static [(&'static str, &'static str)];

fn meaning(list: Meanings, code: &str) -> Option<&'static str> {
    list.iter().find(|row| row.0 == code).map(|row| row.1)
}

/// TA105.
const INTERCHANGE: Meanings = &[
    ("000", "no error"),
    ("001", "the control numbers of ISA and IEA differ"),
    ("002", "the standard named in ISA11 is not known"),
    ("003", "this version of the controls is not taken"),
    ("004", "the segment terminator is wrong"),
    ("005", "the qualifier of the sender's id (ISA05) is wrong"),
    ("006", "the sender's id (ISA06) is not known to the receiver"),
    ("007", "the qualifier of the receiver's id (ISA07) is wrong"),
    ("008", "the receiver's id (ISA08) is wrong"),
    ("009", "the receiver does not know whom the interchange is for"),
    ("010", "ISA01 is wrong"),
    ("011", "ISA02 is wrong"),
    ("012", "ISA03 is wrong"),
    ("013", "ISA04 is wrong"),
    ("014", "the date of the interchange is wrong"),
    ("015", "the time of the interchange is wrong"),
    ("016", "ISA11 is wrong"),
    ("017", "the version in ISA12 is wrong"),
    ("018", "the interchange control number is wrong"),
    ("019", "ISA14 is wrong"),
    ("020", "test or production (ISA15) is not as agreed"),
    ("021", "the count of groups in IEA01 is wrong"),
    ("022", "the controls are not well formed"),
    ("023", "the file ended too early"),
    ("024", "the interchange's content is not as its controls say"),
    ("025", "an interchange with this control number came before"),
    ("026", "a data element separator is wrong"),
    ("027", "a component separator is wrong"),
];

/// IK304.
const SEGMENT: Meanings = &[
    ("1", "the segment is not known here"),
    ("2", "the segment is not expected here"),
    ("3", "a required segment is missing"),
    ("4", "the loop occurs too often"),
    ("5", "the segment occurs too often"),
    ("6", "the segment is not in this set"),
    ("7", "the segment is out of order"),
    ("8", "elements of the segment have errors"),
    ("I4", "the guide does not use this segment"),
    ("I6", "a segment is missing that this case requires"),
    ("I7", "the loop does not occur often enough"),
    ("I8", "the segment does not occur often enough"),
    ("I9", "the segment is used where this case does not allow it"),
];

/// IK403.
const ELEMENT: Meanings = &[
    ("1", "a required element is missing"),
    ("2", "an element is missing that another one requires"),
    ("3", "there are too many elements"),
    ("4", "the value is too short"),
    ("5", "the value is too long"),
    ("6", "a character is not allowed"),
    ("7", "the code is not of the list"),
    ("8", "the date is wrong"),
    ("9", "the time is wrong"),
    ("10", "the element is used where it may not be"),
    ("12", "there are too many repetitions"),
    ("13", "there are too many components"),
    ("I6", "the code is not allowed here"),
    ("I9", "an element is missing that this case requires"),
    ("I10", "the guide does not use this element"),
    ("I11", "there are too few repetitions"),
    ("I12", "the value does not fit the guide's pattern"),
    ("I13", "a value is used where this case does not allow it"),
];

/// IK502 to IK506.
const SET: Meanings = &[
    ("1", "the set is not taken"),
    ("2", "the set has no end (SE)"),
    ("3", "the control numbers of ST and SE differ"),
    ("4", "the count of segments in SE01 is wrong"),
    ("5", "segments have errors"),
    ("6", "ST01 is wrong"),
    ("7", "the set control number is wrong"),
    ("18", "the set does not belong into this group"),
    ("19", "the guide named in ST03 is wrong"),
    ("23", "the set control number is used twice in the group"),
    ("I5", "segments have errors of the guide's rules"),
    ("I6", "the guide named in ST03 is not taken"),
];

/// Claim status categories.
const CATEGORY: Meanings = &[
    ("A0", "Passed on to the next one"),
    ("A1", "Received; this is no word on its adjudication"),
    ("A2", "Accepted into adjudication"),
    ("A3", "Returned as not to be processed"),
    ("A4", "Not found"),
    ("A5", "Divided into several claims"),
    ("A6", "Rejected: something is missing"),
    ("A7", "Rejected: something is wrong"),
    ("A8", "Rejected: two things do not go together"),
    ("D0", "The search failed"),
    ("E0", "No answer was possible: the request has an error"),
    ("P1", "Pending"),
];

/// Claim status codes.
const STATUS: Meanings = &[
    ("0", "the sender says no more about it electronically"),
    ("16", "the claim was passed on"),
    ("17", "a third party passed the claim on"),
    ("19", "the entity acknowledges receipt"),
    ("20", "accepted for processing"),
    ("21", "information is missing or wrong"),
    ("23", "returned to the entity"),
    ("24", "the entity is not approved as an electronic submitter"),
    ("25", "the entity is not approved"),
    ("26", "the entity is not found"),
    ("29", "the subscriber and the policy or contract number do not match"),
    ("30", "the subscriber and the subscriber's number do not match"),
    ("32", "the subscriber and the policy or contract number are not found"),
    ("33", "the subscriber and subscriber number are not found"),
    ("35", "the claim is not found"),
    ("54", "a duplicate of a claim that was processed"),
    ("78", "a duplicate of a claim that waits to be processed"),
    ("84", "the service is not authorized"),
    ("85", "the entity is not primary"),
    ("86", "the diagnosis and the patient's gender do not match"),
    ("88", "the entity is not eligible for benefits on the dates of service"),
    ("91", "the entity is not eligible or not approved for the dates of service"),
    ("96", "there is no agreement with the entity"),
    ("97", "the patient's eligibility is not found with the entity"),
    ("104", "processed by the rules of the plan"),
    ("107", "processed by the contract with the provider"),
    ("109", "the entity is not eligible"),
    ("114", "another one, the entity, should process it"),
    ("116", "sent to the wrong payer"),
    ("117", "the claim needs the sign that a signature is on file"),
    ("121", "there are more lines than the payer takes"),
    ("122", "something missing or wrong keeps the payer from processing it"),
    ("124", "the entity's name, address, telephone and id number"),
    ("125", "the entity's name"),
    ("126", "the entity's address"),
    ("128", "the entity's tax id"),
    ("132", "the entity's Medicaid provider id"),
    ("142", "the entity's license or certification number"),
    ("143", "the entity's state license number"),
    ("145", "the entity's specialty or taxonomy code"),
    ("153", "the entity's id number"),
    ("156", "the patient's relationship to the subscriber"),
    ("157", "the entity's gender"),
    ("158", "the entity's date of birth"),
    ("164", "the entity's contract or member number"),
    ("171", "the information on other insurance"),
    ("178", "the charges submitted"),
    ("187", "the dates of service"),
    ("188", "the first and last date of the statement"),
    ("218", "the National Drug Code (NDC)"),
    ("228", "the type of bill"),
    ("247", "line information"),
    ("249", "the place of service"),
    ("252", "the authorization or certification number"),
    ("254", "the principal diagnosis code"),
    ("255", "the diagnosis code"),
    ("256", "the diagnosis-related group code"),
    ("258", "the days or units of the procedure"),
    ("286", "what the other payer said and paid"),
    ("294", "supporting documents"),
    ("400", "the claim is out of balance"),
    ("402", "an amount must be above zero"),
    ("453", "the procedure code modifier"),
    ("454", "the procedure code"),
    ("455", "the revenue code"),
    ("464", "the payer's assigned claim control number"),
    ("475", "the procedure code is not valid for the patient's age"),
    ("476", "the missing or wrong units of service"),
    ("477", "the diagnosis code pointer"),
    ("478", "the submitter's number of the claim"),
    ("479", "the other payer's id is missing or wrong"),
    ("480", "the entity's claim filing indicator"),
    ("481", "the claim's format is not valid"),
    ("483", "the maximum coverage or benefit was met"),
    ("488", "the diagnosis codes for the services"),
    ("489", "the control number of the attachment"),
    ("495", "the payer's latest control number of the claim must be named"),
    ("496", "submitter not approved for electronic claims on behalf of this entity"),
    ("499", "the payer has no rate for this service of the entity"),
    ("500", "the entity's postal code"),
    ("501", "the entity's state"),
    ("502", "the entity's city"),
    ("503", "the entity's street address"),
    ("504", "the entity's last name"),
    ("505", "the entity's first name"),
    ("507", "the HCPCS code"),
    ("510", "a date lies in the future"),
    ("511", "a character is not allowed"),
    ("512", "a length does not fit the receiver's system"),
    ("535", "the claim frequency code"),
    ("560", "the entity's additional number"),
    ("562", "the entity's National Provider Identifier (NPI)"),
    ("564", "the EPSDT indicator"),
    ("642", "the service authorization exception code"),
    ("672", "what the other payer paid is out of balance"),
    ("674", "the authorization is exceeded"),
    ("684", "the syntax is wrong, as the 999 says"),
    ("693", "an amount must not be below zero"),
    ("700", "the ICD-10 code"),
    ("718", "the claim came after the deadline for filing"),
    ("732", "something is not as the billing rules have it"),
    ("742", "the payer's place among the payers"),
    ("743", "the entity's credentials or enrollment"),
    ("746", "sent twice"),
    ("755", "the entity's primary id"),
    ("761", "the entity's referral number"),
    ("772", "the diagnosis code is not specific enough"),
    ("784", "electronic visit verification does not match"),
    ("787", "send a new claim, not a replacement"),
    ("796", "the procedure code is not valid on the date of service"),
    ("799", "send a replacement, not a new claim"),
];

/// Entities.
const ENTITY: Meanings = &[
    ("1P", "provider"),
    ("36", "employer"),
    ("40", "receiver"),
    ("41", "submitter"),
    ("71", "attending provider"),
    ("77", "service location"),
    ("82", "rendering provider"),
    ("85", "billing provider"),
    ("87", "pay-to provider"),
    ("AY", "clearinghouse"),
    ("DK", "ordering provider"),
    ("DN", "referring provider"),
    ("DQ", "supervising provider"),
    ("IL", "subscriber"),
    ("PR", "payer"),
    ("QC", "patient"),
];

fn told(list: Meanings, what: &str, code: &str) -> String {
    meaning(list, code).map_or_else(|| format!("{what} {}", shaped(code)), str::to_owned)
}

/// Codes come from outside: what is not shaped like one is not repeated.
pub fn shaped(code: &str) -> &str {
    let fits = (1..=12).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits { code } else { "(not a code)" }
}

/// What TA105 says.
pub fn interchange(note: &str) -> String {
    told(INTERCHANGE, "note", note)
}

/// What IK304 says.
pub fn segment(code: &str) -> String {
    told(SEGMENT, "segment error", code)
}

/// What IK403 says.
pub fn element(code: &str) -> String {
    told(ELEMENT, "element error", code)
}

/// What IK502 says.
pub fn set(code: &str) -> String {
    told(SET, "set error", code)
}

/// What a status of a 277CA says.
pub fn status(category: &str, code: Option<&str>, entity: Option<&str>) -> String {
    let mut text = told(CATEGORY, "Category", category);
    if let Some(code) = code {
        text = format!("{text}: {}", told(STATUS, "status", code));
    }
    if let Some(entity) = entity {
        text = format!("{text} (of the {})", told(ENTITY, "entity", entity));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_in_words_and_unknown_ones_as_they_are() {
        assert_eq!(
            status("A7", Some("562"), Some("85")),
            "Rejected: something is wrong: the entity's National Provider Identifier (NPI) (of the \
             billing provider)"
        );
        assert_eq!(status("ZZ", Some("9999"), None), "Category ZZ: status 9999");
        assert!(element("1").len() > "element error ".len(), "{}", element("1"));
        assert_eq!(element("SMITH, J"), "element error (not a code)");
        assert_eq!(set("SMITH, J"), "set error (not a code)");
    }

    #[test]
    fn no_code_stands_twice() {
        for list in [INTERCHANGE, SEGMENT, ELEMENT, SET, CATEGORY, STATUS, ENTITY] {
            let mut codes: Vec<&str> = list.iter().map(|row| row.0).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), list.len());
        }
    }
}
