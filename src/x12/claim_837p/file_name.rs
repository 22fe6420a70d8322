//! The file's name, by the profile's template.

use crate::domain::claim::FileHeader;

/// The usual name.
const USUAL: &str = "837P_{usage}_{sender}_{receiver}_{date}_{control}.837";

/// The name of the `part`th file of a batch, 1 first. Tokens in braces are filled in; the template
/// has been checked when the pack was read.
///
/// ```
/// use peerclaims::domain::claim::FileHeader;
/// use peerclaims::x12::claim_837p::file_name;
///
/// let header = include_str!("../../../fixtures/x12/writing/header.json");
/// let mut header: FileHeader = serde_json::from_str(header)?;
/// assert_eq!(file_name(&header, 1), "837P_T_PEERORG001_MCOPAYER01_20261008_000000101.837");
/// header.profile.form.file.name = Some("{sender}.{control}-{part}.txt".parse()?);
/// assert_eq!(file_name(&header, 2), "PEERORG001.000000101-2.txt");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn file_name(header: &FileHeader, part: u32) -> String {
    let profile = &header.profile;
    let template = profile.form.file.name.as_ref().map_or(USUAL, |name| name.as_str());
    let batch: String = header
        .batch_reference
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    template
        .replace("{usage}", crate::x12::envelope::usage(header.mode))
        .replace("{sender}", header.sender_id.as_str())
        .replace("{receiver}", profile.receiver_id.as_str())
        .replace("{date}", &header.created.format("%Y%m%d").to_string())
        .replace("{time}", &header.created.format("%H%M%S").to_string())
        .replace("{control}", &format!("{:09}", header.interchange_control))
        .replace("{batch}", &batch)
        .replace("{part}", &part.to_string())
}
