//! Files compared byte for byte. `PEERCLAIMS_BLESS=1 cargo test golden` rewrites them; read the
//! difference before committing it.

use std::path::Path;

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::contract::{AuthorizationLevel, Delimiters, RenderingMode};
use crate::domain::organization::OrganizationMode;
use crate::x12::read_back;

use super::samples::{at_line_level, claims, header, leave_for_pyx12, write};

fn golden(name: &str, header: &FileHeader, claims: &[Claim]) -> String {
    let (bytes, totals) = write(header, claims).unwrap();
    let summary = read_back(&bytes[..]).unwrap();
    assert_eq!(summary.problems, [], "{name}");
    assert_eq!(summary.totals, totals, "{name}");
    leave_for_pyx12(name, &bytes);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name);
    if std::env::var_os("PEERCLAIMS_BLESS").is_some() {
        std::fs::write(&path, &bytes).unwrap();
    }
    let written = String::from_utf8(bytes).unwrap();
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, expected, "{name} changed; see the head of this file");
    written
}

/// What the examples of the documentation write, from facts as JSON.
#[test]
fn golden_facts_of_the_examples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/x12/writing");
    let claim = claims().remove(0);
    for (name, facts) in [
        ("header.json", serde_json::to_string_pretty(&header()).unwrap()),
        ("claim.json", serde_json::to_string_pretty(&claim).unwrap()),
    ] {
        let path = folder.join(name);
        if std::env::var_os("PEERCLAIMS_BLESS").is_some() {
            std::fs::write(&path, format!("{facts}\n")).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(kept.trim_end(), facts, "{name} changed; see the head of this file");
    }
}

#[test]
fn golden_small_batch() {
    let text = golden("batch.837", &header(), &claims());
    assert_eq!(text.find('~'), Some(105), "ISA has 106 bytes");
    assert_eq!(text.matches("HL*").count(), 3, "claims of one member share an HL");
    assert!(text.contains("NM1*IL*1*PENA-O'NEIL*LEA****MI*MCO55067890~"));
    assert!(text.contains("CLM*P0HJ2A000000A2*0.5***99:B:1*Y*A*Y*Y~"));
}

#[test]
fn golden_other_delimiters_without_line_breaks() {
    let mut header = header();
    header.mode = OrganizationMode::Live;
    header.profile.delimiters =
        Delimiters { element: '|', component: '>', repetition: '{', segment: '!' };
    header.profile.line_breaks = false;
    header.profile.acknowledgment_requested = false;
    let text = golden("other_delimiters.837", &header, &claims());
    assert!(!text.contains(['\n', '*', '~', ':']));
}

#[test]
fn golden_two_sets() {
    let mut header = header();
    header.profile.max_claims_per_set = 2;
    let text = golden("two_sets.837", &header, &claims());
    assert_eq!(text.matches("BHT*0019*00*BATCH000101").count(), 2);
    assert!(text.contains("BHT*0019*00*BATCH000101-2*"));
    assert!(text.contains("ST*837*0002*005010X222A1~"));
    assert!(text.contains("GE*2*101~"));
    assert_eq!(text.matches("HL*1**20*1~").count(), 2, "HL starts again in each set");
}

#[test]
fn rk46_authorization_at_line_level_and_no_rendering_provider() {
    let mut header = header();
    header.profile.authorization_level = AuthorizationLevel::Line;
    header.profile.rendering = RenderingMode::IfDifferent;
    header.profile.billing_taxonomy = false;
    let mut claims = at_line_level(claims());
    claims[0].rendering.npi = header.billing.npi.clone();
    let text = golden("line_authorization.837", &header, &claims);
    assert_eq!(text.matches("REF*G1*PA-7700123~").count(), 6);
    assert_eq!(text.matches("NM1*82*").count(), 3);
}
