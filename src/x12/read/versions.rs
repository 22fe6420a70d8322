//! Which transactions are read, and the names of those that are not: a refusal says what the file
//! is, so that the biller knows what to ask for.

/// What a set is, when it is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Claims,
    Remittance,
    Acknowledgment,
    ClaimStatus,
    Eligibility,
}

/// ST01, its usual name, and the versions read.
const READ: &[(&str, &str, Kind, &[&str])] = &[
    ("837", "837P", Kind::Claims, &["005010X222", "005010X222A1", "005010X222A2"]),
    ("835", "835", Kind::Remittance, &["005010X221", "005010X221A1"]),
    ("999", "999", Kind::Acknowledgment, &["005010X231", "005010X231A1"]),
    ("997", "997", Kind::Acknowledgment, &["005010X231", "005010X231A1"]),
    ("277", "277CA", Kind::ClaimStatus, &["005010X214"]),
    ("270", "270", Kind::Eligibility, &["005010X279", "005010X279A1"]),
    ("271", "271", Kind::Eligibility, &["005010X279", "005010X279A1"]),
];

/// Guides by the part of their number that names them, whatever their version.
const GUIDES: &[(&str, &str)] = &[
    ("X061", "820 premium payments"),
    ("X091", "835 remittances"),
    ("X092", "270 and 271 eligibility"),
    ("X093", "276 and 277 claim status requests and answers"),
    ("X094", "278 authorization requests"),
    ("X095", "834 enrollments"),
    ("X096", "837I institutional claims"),
    ("X097", "837D dental claims"),
    ("X098", "837P professional claims"),
    ("X212", "276 and 277 claim status requests and answers"),
    ("X217", "278 authorization requests"),
    ("X218", "820 premium payments"),
    ("X220", "834 enrollments"),
    ("X223", "837I institutional claims"),
    ("X224", "837D dental claims"),
    ("X230", "997 acknowledgments"),
];

/// Groups by their GS01, for versions that name no guide.
const GROUPS: &[(&str, &str)] = &[
    ("BE", "834 enrollments"),
    ("FA", "997 or 999 acknowledgments"),
    ("HB", "271 eligibility answers"),
    ("HC", "837 claims"),
    ("HI", "278 authorization requests"),
    ("HN", "277 claim status answers"),
    ("HP", "835 remittances"),
    ("HR", "276 claim status requests"),
    ("HS", "270 eligibility questions"),
    ("IM", "210 freight invoices"),
    ("QM", "214 shipment status messages"),
];

/// The set's kind and usual name; `None` when it is not read.
pub(super) fn kind(set: &str, version: &str) -> Option<(Kind, &'static str)> {
    let row = READ.iter().find(|row| row.0 == set && row.3.contains(&version))?;
    Some((row.2, row.1))
}

/// Whether two versions are of one guide that is read: its errata change nothing for a reader, and
/// some programs state the one in GS08 and the other in ST03.
pub(super) fn alike(one: &str, other: &str) -> bool {
    one == other || READ.iter().any(|row| row.3.contains(&one) && row.3.contains(&other))
}

/// Whether any set of this version is read.
pub(super) fn is_read(version: &str) -> bool {
    READ.iter().any(|row| row.3.contains(&version))
}

/// Why a group or set is not read. `set` is ST01, or empty for a group.
pub(super) fn refusal(functional_id: &str, set: &str, version: &str) -> String {
    let by = |list: &'static [(&str, &str)], hit: &dyn Fn(&str) -> bool| {
        list.iter().find(|row| hit(row.0)).map(|row| row.1)
    };
    let what = by(GUIDES, &|guide| version.contains(guide));
    let what = what.or_else(|| by(GROUPS, &|id| id == functional_id)).unwrap_or("traffic");
    let which = if set.is_empty() { String::new() } else { format!("set {} of ", tame(set)) };
    let version = if version.is_empty() { "none stated".to_owned() } else { tame(version) };
    let advice = if version.starts_with("004010") {
        "4010 is not read: ask the sender for version 5010"
    } else {
        "only the versions in docs/x12-companion.md are read"
    };
    format!("{which}version {version} ({what}) is refused; {advice}")
}

/// Codes come from outside: what is not a code is not repeated.
fn tame(code: &str) -> String {
    let shaped = code.len() <= 12 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if shaped { code.to_owned() } else { "of no known form".to_owned() }
}
