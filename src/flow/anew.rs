//! A stored file is compared, byte for byte, with the same file written anew from the claims that
//! are kept and the contract version that they were made under.
//!
//! [`compare`](super::compare) reads a file with eyes of its own and compares what each claim is
//! about; here nothing is left out: envelope, parties, addresses, notes, every element of every
//! claim. No element is exempt. What changed behind the file (the organization's name, its billing
//! location, test or live) is told as well: such a file is to be built again.

use std::io::{self, BufRead, BufReader, Read, Write};

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::ClaimDetail;
use crate::x12::{Offer, Writer837p, X12Error};

/// How much longer than what was meant a segment may be before the rest of it is not read.
const MOST_MORE: u64 = 1_024;

/// The first difference between a stored file and what is written of these claims; none when there
/// is none.
pub(super) fn difference<'a>(
    file: impl Read,
    header: &FileHeader,
    claims: impl Iterator<Item = (&'a Claim, &'a ClaimDetail)>,
) -> Option<String> {
    let mut against = Against::new(file, header);
    match write(&mut against, header, claims) {
        Ok(true) => against.last(),
        Ok(false) => Some("the file has more claims than have room in it".to_owned()),
        // A difference that was found comes first: it may be why nothing more was written.
        Err(e) => against.found.or_else(|| Some(format!("what was meant cannot be written: {e}"))),
    }
}

/// False when the file is full before all claims are in it.
fn write<'a, R: Read>(
    out: &mut Against<R>,
    header: &FileHeader,
    claims: impl Iterator<Item = (&'a Claim, &'a ClaimDetail)>,
) -> Result<bool, X12Error> {
    let mut writer = Writer837p::new(out, header)?;
    for (claim, detail) in claims {
        if writer.offer(claim, detail)? == Offer::Full {
            return Ok(false);
        }
    }
    writer.finish().map(|_| true)
}

/// Takes what is written and holds each segment against the next one of a file.
struct Against<R> {
    file: BufReader<R>,
    element: char,
    component: char,
    end: u8,
    /// The segment that is being written, with the line break before it.
    meant: Vec<u8>,
    /// How many segments are compared.
    segments: u64,
    /// NM1 and its first element, of the loop that is being written.
    party: Option<String>,
    /// CLM01, once there is a claim.
    claim: Option<String>,
    found: Option<String>,
}

impl<R: Read> Against<R> {
    fn new(file: R, header: &FileHeader) -> Self {
        let delimiters = header.profile.delimiters;
        Self {
            file: BufReader::new(file),
            element: delimiters.element,
            component: delimiters.component,
            // A delimiter is a sign of ASCII; the writer has refused any other.
            end: u8::try_from(delimiters.segment).unwrap_or(b'~'),
            meant: Vec::new(),
            segments: 0,
            party: None,
            claim: None,
            found: None,
        }
    }

    /// What is behind the last segment: nothing but its line break, on both sides.
    fn last(mut self) -> Option<String> {
        if self.found.is_none() {
            let stored = self.stored(None);
            let more = "the file has something behind its last segment".to_owned();
            self.found = stored.map_or_else(Some, |stored| (stored != self.meant).then_some(more));
        }
        self.found
    }

    /// The next segment of the file, or what is left of it, cut where it is much longer.
    fn stored(&mut self, end: Option<u8>) -> Result<Vec<u8>, String> {
        let most = u64::try_from(self.meant.len()).unwrap_or(u64::MAX).saturating_add(MOST_MORE);
        let mut stored = Vec::new();
        let mut file = self.file.by_ref().take(most);
        let read = match end {
            Some(end) => file.read_until(end, &mut stored),
            None => file.read_to_end(&mut stored),
        };
        read.map(|_| stored).map_err(|e| format!("the file cannot be read: {e}"))
    }

    fn segment(&mut self) {
        self.segments += 1;
        let stored = self.stored(Some(self.end));
        let meant = String::from_utf8_lossy(&self.meant).into_owned();
        let words: Vec<&str> = self.split(&meant).collect();
        match words.as_slice() {
            ["NM1", party, ..] => self.party = Some(format!("NM1 {party}")),
            ["CLM", number, ..] => {
                self.claim = Some((*number).to_owned());
                self.party = None;
            }
            ["HL" | "LX" | "SE", ..] => self.party = None,
            _ => {}
        }
        match stored {
            Err(what) => self.found = Some(what),
            Ok(stored) if stored != self.meant => {
                self.found = Some(self.place(&meant, &String::from_utf8_lossy(&stored)));
            }
            Ok(_) => {}
        }
        self.meant.clear();
    }

    /// The elements of a segment, its id first.
    fn split<'t>(&self, segment: &'t str) -> impl Iterator<Item = &'t str> + use<'t, R> {
        let bare = segment.trim_start_matches(['\r', '\n']);
        bare.trim_end_matches(char::from(self.end)).split(self.element)
    }

    /// Where a segment says otherwise. Values are not told: they are about people.
    fn place(&self, meant: &str, stored: &str) -> String {
        let id = self.split(meant).next().unwrap_or_default();
        let element = self.other(meant, stored).map_or_else(
            || format!("the line break or end of {id}"),
            |(number, part)| match (number, part) {
                (0, _) => format!("the place of {id}"),
                (_, None) => format!("{id}{number:02}"),
                (_, Some(part)) => format!("{id}{number:02}-{part}"),
            },
        );
        let of_party = self.party.as_ref().map(|party| format!(", of {party}")).unwrap_or_default();
        let segment = format!("{element} (segment {}{of_party})", self.segments);
        match &self.claim {
            Some(claim) => format!("claim {claim} says otherwise in {segment}"),
            None => format!("its head says otherwise in {segment}"),
        }
    }

    /// The first element, and component of it, in which two segments differ.
    fn other(&self, meant: &str, stored: &str) -> Option<(usize, Option<usize>)> {
        let (meant, stored): (Vec<_>, Vec<_>) =
            (self.split(meant).collect(), self.split(stored).collect());
        let most = meant.len().max(stored.len());
        let number = (0..most).find(|at| meant.get(*at) != stored.get(*at))?;
        let parts = |words: &[&str]| -> Vec<String> {
            let word = words.get(number).copied().unwrap_or_default();
            word.split(self.component).map(str::to_owned).collect()
        };
        let (meant, stored) = (parts(&meant), parts(&stored));
        let composite = meant.len().max(stored.len());
        let part = (0..composite).find(|at| meant.get(*at) != stored.get(*at));
        Some((number, part.filter(|_| composite > 1).map(|part| part + 1)))
    }
}

impl<R: Read> Write for Against<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if self.found.is_some() {
                // Nothing more is compared; the writer need not go on.
                return Err(io::Error::other("the file differs"));
            }
            self.meant.push(*byte);
            if *byte == self.end {
                self.segment();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "anew_tests.rs"]
mod tests;
