//! What an authorization report is made of, each part as it is kept with an issue (`docs/adr/0149`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};

use crate::domain::dates::Instant;
use crate::domain::ids::OrganizationId;
use crate::domain::report::pace::{BURN_DAYS, Standing};
use crate::reports::frame::Asked;
use crate::reports::source::{Part, Source};
use crate::reports::tally::Lengths;
use crate::reports::utilization::Perspective;
use crate::reports::wave::part2::Wall;
use crate::store::report_authorizations::{
    ByAuthorization, Drawn, Paper, Touching, drawn, member_numbers, papers,
};
use crate::store::{self, Conn, StoreError};

/// An organization's authorizations and what is drawn on them, each part as it is kept with an issue.
pub(super) struct Used {
    pub(super) papers: Vec<Paper>,
    pub(super) numbers: BTreeMap<i64, String>,
    released: ByAuthorization,
    reserved: ByAuthorization,
    opening: ByAuthorization,
    pub(super) hidden: BTreeSet<i64>,
    nothing: Drawn,
}

impl Used {
    pub(super) fn read(
        conn: &mut Conn,
        asked: &Asked,
        source: &mut Source,
        (id, as_of): (OrganizationId, Instant),
        today: NaiveDate,
    ) -> Result<Self, StoreError> {
        let touching = touching(asked, id);
        let papers: Vec<Paper> =
            source.of(conn, (Part::Authorizations, id), |conn| papers(conn, touching))?;
        let numbers =
            source.of(conn, (Part::Coverages, id), |conn| member_numbers(conn, id, &papers))?;
        let mut read = Default::default();
        if source.reads() {
            // A zone may put today back by a day.
            let first = since(today).checked_sub_signed(TimeDelta::days(ZONE_DAYS));
            read = drawn(conn, touching, &papers, first.unwrap_or(today))?;
        }
        let [released, reserved, opening] = read;
        let opening = source.of(conn, (Part::Opening, id), |_| Ok(opening))?;
        let released = source.of(conn, (Part::Released, id), |_| Ok(released))?;
        let reserved = source.of(conn, (Part::Reserved, id), |_| Ok(reserved))?;
        let hidden = hidden(conn, asked, source, (id, as_of), &papers)?;
        let nothing = Drawn::default();
        Ok(Self { papers, numbers, released, reserved, opening, hidden, nothing })
    }

    /// Released, and reserved.
    pub(super) fn drawn(&self, paper: &Paper) -> [&Drawn; 2] {
        [&self.released, &self.reserved].map(|of| of.get(&paper.id).unwrap_or(&self.nothing))
    }

    /// Units from before go-live, of which a payer is not told.
    pub(super) fn opening(&self, paper: &Paper, payer_reads: bool) -> i64 {
        let opening = self.opening.get(&paper.id).filter(|_| !payer_reads);
        opening.map_or(0, |drawn| drawn.units)
    }

    /// What a reader is told of an authorization: a payer of what was released.
    pub(super) fn standing(&self, paper: &Paper, payer_reads: bool, today: NaiveDate) -> Standing {
        let units = self.drawn(paper).map(|d| (d.units, d.between(since(today), today)));
        let [(used, used_lately), (reserved, reserved_lately)] = units;
        let (reserved, lately) = if payer_reads { (0, 0) } else { (reserved, reserved_lately) };
        let used = used + self.opening(paper, payer_reads);
        Standing {
            approved: paper.approved,
            used,
            drawn: used + reserved,
            lately: used_lately + lately,
            from: paper.from,
            to: paper.to,
            today,
        }
    }

    /// The lengths of the units that a reader is told of: a payer of what was released.
    pub(super) fn lengths(&self, paper: &Paper, payer_reads: bool) -> Lengths {
        let mut lengths = Lengths::default();
        for drawn in self.drawn(paper).into_iter().take(if payer_reads { 1 } else { 2 }) {
            lengths.add(&drawn.unit_minutes.iter().copied().collect::<Vec<_>>());
        }
        lengths
    }
}

/// Days by which a zone may put today back.
const ZONE_DAYS: i64 = 2;

/// The first day of what is of late.
fn since(today: NaiveDate) -> NaiveDate {
    today.checked_sub_signed(TimeDelta::days(BURN_DAYS - 1)).unwrap_or(today)
}

/// The authorizations of an organization that a report is about.
pub(in crate::reports::wave) fn touching(asked: &Asked, organization: OrganizationId) -> Touching {
    Touching { organization, payer: asked.lens.payer, period: (asked.from, asked.to) }
}

/// Those of an organization's authorizations that a payer may not be told of.
pub(in crate::reports::wave) fn hidden(
    conn: &mut Conn,
    asked: &Asked,
    source: &mut Source,
    (id, as_of): (OrganizationId, Instant),
    papers: &[Paper],
) -> Result<BTreeSet<i64>, StoreError> {
    source.of(conn, (Part::Consents, id), |conn| {
        let own = asked.lens.payer.filter(|_| asked.lens.edition == Perspective::Payer);
        let Some(payer) = own else { return Ok(BTreeSet::new()) };
        let zone = store::report_facts::zone_at(conn, id, as_of)?;
        match Wall::between(conn, id, std::iter::once(payer.as_i64()), (as_of, zone))? {
            Some(mut wall) => wall.hides_papers(conn, papers, touching(asked, id)),
            None => Ok(BTreeSet::new()),
        }
    })
}
