//! The envelope: ISA, GS, ST and their trailers, with control numbers and counts that agree.
//!
//! Authority: appendix C of the guides. An interchange holds one group, or several of one kind.

use std::io::Write;

use chrono::NaiveDateTime;

use crate::domain::organization::OrganizationMode;

use super::error::{X12Error, X12Fault};
use super::writer::SegmentWriter;

/// Largest control number of ISA13 and GS06: nine digits.
pub const MAX_CONTROL: u32 = 999_999_999;
/// Most sets of a group: GE01 has six digits.
pub const MAX_SETS: u32 = 999_999;

/// What ISA and GS say.
#[derive(Debug, Clone, Copy)]
pub struct EnvelopeHeader<'a> {
    /// ISA15.
    pub mode: OrganizationMode,
    /// ISA02, when the payer wants it (ISA01 is then 03).
    pub authorization: Option<&'a str>,
    /// ISA04, when the payer wants it (ISA03 is then 01).
    pub security: Option<&'a str>,
    /// ISA05 and ISA06.
    pub sender: (&'a str, &'a str),
    /// ISA07 and ISA08.
    pub receiver: (&'a str, &'a str),
    /// GS02 and GS03.
    pub group_parties: (&'a str, &'a str),
    /// ISA09, ISA10, GS04, GS05.
    pub created: NaiveDateTime,
    /// ISA13, 1 to [`MAX_CONTROL`].
    pub interchange_control: u32,
    /// GS06, 1 to [`MAX_CONTROL`].
    pub group_control: u32,
    /// ISA14.
    pub acknowledgment_requested: bool,
    /// GS01, such as `HC`.
    pub functional_id: &'static str,
    /// ST01, such as `837`.
    pub set_id: &'static str,
    /// GS08 and ST03, such as `005010X222A1`.
    pub version: &'static str,
}

/// An envelope that is open: what its trailers will have to say.
#[derive(Debug, Clone, Copy)]
pub struct Envelope {
    interchange_control: u32,
    group_control: u32,
    set_id: &'static str,
    version: &'static str,
    sets: u32,
    groups: u32,
    sets_in_group: u32,
    /// Segments before the open set's ST.
    before_set: u64,
}

impl Envelope {
    /// Writes ISA alone, for an interchange without groups (TA1).
    pub fn open_bare<W: Write>(
        out: &mut SegmentWriter<W>,
        header: &EnvelopeHeader<'_>,
    ) -> Result<(), X12Error> {
        check_control(out, header.interchange_control)?;
        isa(out, header)
    }

    /// Writes the IEA of an interchange without groups.
    pub fn close_bare<W: Write>(out: &mut SegmentWriter<W>, control: u32) -> Result<(), X12Error> {
        out.segment("IEA", "IEA").number(0).digits(control.into(), 9).end()
    }

    /// Writes ISA and GS.
    pub fn open<W: Write>(
        out: &mut SegmentWriter<W>,
        header: &EnvelopeHeader<'_>,
    ) -> Result<Self, X12Error> {
        for control in [header.interchange_control, header.group_control] {
            check_control(out, control)?;
        }
        isa(out, header)?;
        gs(out, header, header.group_control)?;
        Ok(Self {
            interchange_control: header.interchange_control,
            group_control: header.group_control,
            set_id: header.set_id,
            version: header.version,
            sets: 0,
            groups: 1,
            sets_in_group: 0,
            before_set: 0,
        })
    }

    /// Ends the group and starts the next, whose number is one more. No set may be open.
    pub fn next_group<W: Write>(
        &mut self,
        out: &mut SegmentWriter<W>,
        header: &EnvelopeHeader<'_>,
    ) -> Result<(), X12Error> {
        self.close_group(out)?;
        check_control(out, self.group_control + 1)?;
        self.group_control += 1;
        self.groups += 1;
        self.sets_in_group = 0;
        gs(out, header, self.group_control)
    }

    /// Groups so far.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// Sets of the open group.
    pub fn sets_in_group(&self) -> u32 {
        self.sets_in_group
    }

    fn close_group<W: Write>(&self, out: &mut SegmentWriter<W>) -> Result<(), X12Error> {
        let sets = self.sets_in_group.into();
        out.segment("GE", "GE").number(sets).number(self.group_control.into()).end()
    }

    /// Sets opened so far; the open one's ST02.
    pub fn sets(&self) -> u32 {
        self.sets
    }

    /// Writes ST.
    pub fn open_set<W: Write>(&mut self, out: &mut SegmentWriter<W>) -> Result<(), X12Error> {
        if self.sets >= MAX_SETS {
            let message = format!("a group holds at most {MAX_SETS} sets; make a second file");
            return Err(X12Error::new(X12Fault::Limit, out.here("ST"), message));
        }
        self.sets += 1;
        self.sets_in_group += 1;
        self.before_set = out.segments();
        out.segment("ST", "ST").code(self.set_id).digits(self.sets.into(), 4);
        // The guide of the 835 has no ST03.
        if self.set_id != "835" {
            out.code(self.version);
        }
        out.end()
    }

    /// Writes SE with the number of segments from ST to itself.
    pub fn close_set<W: Write>(&mut self, out: &mut SegmentWriter<W>) -> Result<(), X12Error> {
        let count = out.segments() + 1 - self.before_set;
        out.segment("SE", "SE").number(count).digits(self.sets.into(), 4).end()
    }

    /// Writes GE and IEA.
    pub fn close<W: Write>(self, out: &mut SegmentWriter<W>) -> Result<(), X12Error> {
        self.close_group(out)?;
        let control = self.interchange_control.into();
        out.segment("IEA", "IEA").number(self.groups.into()).digits(control, 9).end()
    }
}

fn check_control<W: Write>(out: &SegmentWriter<W>, control: u32) -> Result<(), X12Error> {
    if (1..=MAX_CONTROL).contains(&control) {
        return Ok(());
    }
    let message = format!("a control number must be from 1 to {MAX_CONTROL}");
    Err(X12Error::new(X12Fault::Content, out.here("ISA"), message))
}

fn isa<W: Write>(out: &mut SegmentWriter<W>, header: &EnvelopeHeader<'_>) -> Result<(), X12Error> {
    out.segment("ISA", "ISA");
    for (qualifier, value) in [("03", header.authorization), ("01", header.security)] {
        let qualifier = if value.is_some() { qualifier } else { "00" };
        out.code(qualifier).fixed(value.unwrap_or_default(), 10);
    }
    for (qualifier, id) in [header.sender, header.receiver] {
        out.text(qualifier, 2..=2).fixed(id, 15);
    }
    out.short_date(header.created.date())
        .time(header.created.time())
        .repetition_mark()
        .code("00501")
        .digits(header.interchange_control.into(), 9)
        .code(if header.acknowledgment_requested { "1" } else { "0" })
        .code(usage(header.mode))
        .component_mark()
        .end()
}

fn gs<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &EnvelopeHeader<'_>,
    control: u32,
) -> Result<(), X12Error> {
    let (sender, receiver) = header.group_parties;
    out.segment("GS", "GS")
        .code(header.functional_id)
        .text(sender, 2..=15)
        .text(receiver, 2..=15)
        .date(header.created.date())
        .time(header.created.time())
        .number(control.into())
        .code("X")
        .code(header.version)
        .end()
}

/// ISA15: T for test, P for production.
pub fn usage(mode: OrganizationMode) -> &'static str {
    match mode {
        OrganizationMode::Test => "T",
        OrganizationMode::Live => "P",
    }
}
