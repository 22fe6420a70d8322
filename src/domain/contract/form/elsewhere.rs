//! Variations that are answered by another key of a pack or contract, or by a decision; and the
//! page that tells of all of them.

use super::{ClaimForm, OwnForm, Row};

/// Numbers, key, default, place in the guide, meaning.
type Known = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Keys of other sections.
const KEYS: &[Known] = &[
    ("3", "contract.sender_qualifier", "`ZZ`", "ISA05", "the sender id's qualifier"),
    ("3", "contract.sender_id", "required", "ISA06", "the sender's id; also 1000A NM109"),
    ("4", "claim.receiver_qualifier", "`ZZ`", "ISA07", "the receiver id's qualifier"),
    ("4", "claim.receiver_id", "required", "ISA08", "the receiver's id; also 1000B NM109"),
    ("5", "claim.acknowledgment_requested", "`false`", "ISA14", "whether a TA1 is asked for"),
    ("7, 8", "claim.delimiters", "`* : ^ ~`", "ISA11, ISA16", "all four, with ISA11"),
    ("9", "claim.line_breaks", "`true`", "file", "a line break after each segment"),
    ("12", "claim.receiver_code", "`receiver_id`", "GS03", "the receiver's code"),
    ("14", "claim.max_claims_per_set", "`5000` (1 to 5000)", "ST", "most claims of a set"),
    ("28", "claim.receiver_name", "required", "1000B NM103", "the receiver's name"),
    ("42a", "claim.payer_name", "required", "2010BB NM103", "the payer's name"),
    ("42a", "claim.payer_id", "required", "2010BB NM109", "the payer's id in claims"),
    ("30", "claim.billing_taxonomy", "`true`", "PRV*BI", "whether it is sent"),
    ("39", "claim.claim_filing_code", "required", "SBR09", "such as `MC`"),
    (
        "42b, 42c",
        "contract.billing_location",
        "required",
        "2010AA",
        "whose NPI, taxonomy, street (no box) and ZIP+4 bill, as enrolled",
    ),
    ("48", "rate.charge", "`allowed`", "CLM02, SV102", "what a unit is charged at"),
    ("55", "claim.authorization_level", "`claim`", "REF*G1", "`claim` (2300) or `line` (2400)"),
    ("56", "authorization.require", "required", "REF*G1", "`always` holds visits without one"),
    ("66", "service.diagnosis_classes", "any", "HI", "of which class the principal one must be"),
    (
        "69",
        "claim.rendering",
        "`always`",
        "2310B",
        "`always`, `if_different` from the billing provider, `never`, `supervisor` (stands for the \
         peer), `agency` (the billing provider's name and NPI)",
    ),
    ("70", "claim.rendering_taxonomy", "`true`", "PRV*PE", "whether it is sent with 2310B"),
    ("76", "service.bypass_other_coverage", "`false`", "-", "billed without the primary's word"),
    (
        "78, 78a",
        "service.procedure",
        "required",
        "SV101",
        "with `modifiers` of service, mode, group",
    ),
    ("80", "service.unit_minutes", "required", "SV104", "with `rounding` and `sum_over`"),
    ("82", "claim.rollup", "`day`", "LX", "`day` or `none`"),
    ("85", "claim.one_place_per_claim", "`false`", "CLM", "a claim for each place of service"),
    ("85", "claim.period", "`day`", "CLM", "what one claim covers: `day`, `week`, `month`"),
    ("86", "service.modes", "required", "SV105", "place and modifiers of each mode; `settings`"),
];

/// What is no knob, and why: numbers, and how it is.
const DECIDED: &[(&str, &str)] = &[
    ("6", "ISA15 is bound to the organization's mode (test or live); no pack can change it"),
    ("13", "005010X222A1 is the version in force; guides labelled X222A2 take it"),
    (
        "18",
        "control numbers come from one counter for each pair of sender and receiver and are \
            never used again; groups after the first count on from its number",
    ),
    (
        "20, 21, 22",
        "delivery, response files and overdue answers belong to the trading partner, \
                    not to the form of the claim",
    ),
    ("33", "the billing address is a street with ZIP+4, by its type"),
    ("38", "the member is the subscriber, always"),
    (
        "40",
        "SBR05 says why Medicare is not first, to Medicare: no claim here goes to Medicare, so no \
         profile needs it; a claim to a second payer can carry it",
    ),
    ("42", "SBR01 is the claim's own; two payers never share a place"),
    (
        "44",
        "REF*SY is the member's Social Security number, which is never kept; Medicaid's own \
         number is NM109",
    ),
    ("45, 46", "CLM01 has at most 17 capital letters and digits, for every payer"),
    (
        "50",
        "REF*F8 goes with every replacement and void, and never with an original; a payer that \
         takes no corrections takes frequency 1 only (`claim.content.frequencies`)",
    ),
    (
        "65",
        "what the member paid (AMT*F5) is a fact of a claim, which no profile can know; zero is \
         not sent",
    ),
    (
        "75",
        "other payers are facts of the claim; DTP*573 stands at the lines when they say what was \
         paid, else at the payer, never at both",
    ),
    ("87", "REF*6R is always sent, at most 30 characters, unique for ever"),
];

/// The rows of other sections, and of `[contract.claim]`.
pub fn elsewhere() -> Vec<Row> {
    let row = |known: &Known| {
        let (numbers, key, default, place, meaning) = *known;
        Row { numbers, key: key.to_owned(), default: default.to_owned(), place, meaning }
    };
    KEYS.iter().map(row).chain(OwnForm::rows()).collect()
}

/// The companion's tables as Markdown.
pub fn companion() -> String {
    let escaped = |text: &str| text.replace('*', "\\*").replace('|', "\\|");
    let head = "| key | default | in the 837P | meaning | variation |\n|---|---|---|---|---|\n";
    let rows = elsewhere().into_iter().chain(ClaimForm::rows()).map(|row| {
        let [default, place, meaning] = [row.default.as_str(), row.place, row.meaning].map(escaped);
        format!("| `{}` | {default} | {place} | {meaning} | {} |\n", row.key, row.numbers)
    });
    let between = "\nDecided for every payer:\n\n| variation | how it is |\n|---|---|\n";
    let decided =
        DECIDED.iter().map(|(numbers, how)| format!("| {numbers} | {} |\n", escaped(how)));
    std::iter::once(head.to_owned())
        .chain(rows)
        .chain([between.to_owned()])
        .chain(decided)
        .collect()
}

/// Every number that is answered, one for each.
#[cfg(test)]
pub(super) fn answered() -> Vec<String> {
    let rows: Vec<Row> = elsewhere().into_iter().chain(ClaimForm::rows()).collect();
    let keys = rows.iter().map(|row| row.numbers);
    let all = keys.chain(DECIDED.iter().map(|(numbers, _)| *numbers));
    all.flat_map(|numbers| numbers.split(", ")).map(str::to_owned).collect()
}
