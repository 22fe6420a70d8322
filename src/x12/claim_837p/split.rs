//! Several files out of one batch, where the profile limits claims, sets, groups or bytes of one.

use std::io::Write;

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::ClaimDetail;
use crate::x12::error::X12Error;
use crate::x12::totals::Totals;

use super::{Offer, Writer837p, file_name};

/// One file of a batch.
#[derive(Debug, Clone)]
pub struct FileWritten {
    /// Its name, by the profile's template.
    pub name: String,
    /// What it was written with.
    pub header: FileHeader,
    /// What it adds up to.
    pub totals: Totals,
}

/// Writes a batch into as many files as the profile's limits want, in the order of the claims.
///
/// `next` gives the header (with control numbers of its own; `groups_per_file` group numbers in a
/// row) and the output of the file with this number, 1 first. A refused claim ends the writing: a
/// batch is checked before it is written.
pub fn write_files<'c, W: Write>(
    claims: impl IntoIterator<Item = (&'c Claim, &'c ClaimDetail)>,
    mut next: impl FnMut(u32) -> Result<(FileHeader, W), X12Error>,
) -> Result<Vec<FileWritten>, X12Error> {
    let mut claims = claims.into_iter().peekable();
    let mut files = Vec::new();
    for part in 1.. {
        if claims.peek().is_none() {
            break;
        }
        let (header, out) = next(part)?;
        let mut writer = Writer837p::new(out, &header)?;
        while let Some((claim, detail)) = claims.peek() {
            if writer.offer(claim, detail)? == Offer::Full {
                break;
            }
            claims.next();
        }
        let totals = writer.finish()?;
        files.push(FileWritten { name: file_name(&header, part), header, totals });
    }
    Ok(files)
}

/// Puts claims into the order of their first days where the profile wants it; claims of one day
/// keep their order.
pub fn in_date_order(claims: &mut [Claim]) {
    claims.sort_by_key(|claim| claim.lines.iter().map(|line| line.date).min());
}
