//! Which claims each set of a batch holds: read from the stored file itself, which never changes.

use std::borrow::Cow;
use std::io::Read;

use crate::domain::batch::Batch;
use crate::domain::ids::OrganizationId;
use crate::error::AppError;
use crate::store::{self, Conn};
use crate::x12::read::{Event, Reader, Record};

/// A set of a batch's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SentSet {
    /// GS06 of its group.
    pub(super) group: u32,
    /// ST02.
    pub(super) control: String,
    /// CLM01 of its claims.
    pub(super) claims: Vec<String>,
}

/// The sets of a batch, in order.
pub(super) fn sent(
    conn: &mut Conn,
    tenant: OrganizationId,
    batch: &Batch,
) -> Result<Vec<SentSet>, AppError> {
    let broken = || AppError::internal("a stored 837P cannot be read");
    let (mut sets, mut group): (Vec<SentSet>, u32) = (Vec::new(), 0);
    for event in Reader::new(store::files::Source::new(conn, tenant, batch.file)) {
        match event {
            Event::Group(head) => group = number(&head.control).ok_or_else(broken)?,
            Event::Set(head) => {
                sets.push(SentSet { group, control: head.control, claims: Vec::new() });
            }
            Event::Record(record) => {
                if let (Record::Claim(claim), Some(set)) = (*record, sets.last_mut()) {
                    set.claims.push(claim.id.into());
                }
            }
            Event::Error(_) => return Err(broken()),
            _ => {}
        }
    }
    Ok(sets)
}

/// Bytes of an ISA, whose elements have fixed places.
const ISA_BYTES: u64 = 106;

/// ISA09 and ISA10 of a batch's interchange: its day (YYMMDD) and time (HHMM).
pub(super) fn sent_at(
    conn: &mut Conn,
    tenant: OrganizationId,
    batch: &Batch,
) -> Result<(String, String), AppError> {
    let broken = || AppError::internal("a stored 837P has no ISA");
    let mut head = Vec::new();
    let source = store::files::Source::new(conn, tenant, batch.file);
    source.take(ISA_BYTES).read_to_end(&mut head).map_err(|_| broken())?;
    let text = String::from_utf8(head).map_err(|_| broken())?;
    let part = |from, to| text.get(from..to).map(str::to_owned).ok_or_else(broken);
    Ok((part(70, 76)?, part(77, 81)?))
}

/// A control number of digits; leading zeros do not count.
pub(super) fn number(control: &str) -> Option<u32> {
    let digits = !control.is_empty() && control.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| control.parse().ok()).flatten()
}

/// A set control number without leading zeros, which some programs drop.
pub(super) fn plain(control: &str) -> Cow<'_, str> {
    number(control).map_or(Cow::Borrowed(control), |number| Cow::Owned(number.to_string()))
}
