//! Whose claims a billing provider's level of a 277CA speaks of: those that were billed under its
//! numbers, as the batch's own file says them.
//!
//! Claim numbers and batch references come again where other software sends under the same id, and a
//! billing agent sends for many. The NPI decides, and the tax id where no NPI is named; a level that
//! names neither is taken by the numbers of its claims alone (`docs/adr/0142-…`).

use std::collections::hash_map::Entry;

use super::resolve::Resolved;
use crate::domain::ids::{BatchId, OrganizationId};
use crate::domain::organization::Organization;
use crate::error::AppError;
use crate::store::{self, Conn};
use crate::x12::Lexer;
use crate::x12::read::status_277ca::{StatusClaim, StatusLevel};

/// The numbers under which a batch was billed (2010AA).
#[derive(Debug, Default)]
pub(super) struct Billed {
    /// None where the payer knows the provider by a number of its own.
    npi: Option<String>,
    tax_id: Option<String>,
}

/// By which numbers a level names the billing provider.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    npi: Option<&'a str>,
    tax_id: Option<&'a str>,
}

impl<'a> From<&'a StatusClaim> for Named<'a> {
    fn from(claim: &'a StatusClaim) -> Self {
        Self { npi: claim.billing.as_deref(), tax_id: claim.billing_tax_id.as_deref() }
    }
}

impl<'a> From<&'a StatusLevel> for Named<'a> {
    fn from(level: &'a StatusLevel) -> Self {
        Self { npi: level.billing.as_deref(), tax_id: level.billing_tax_id.as_deref() }
    }
}

impl Billed {
    /// As the head of the batch's file says it.
    fn read(conn: &mut Conn, tenant: OrganizationId, id: BatchId) -> Result<Self, AppError> {
        let broken = || AppError::internal("a stored 837P cannot be read");
        let batch = store::batches::by_id(conn, tenant, id)?
            .ok_or_else(|| AppError::internal("a batch that was found is gone"))?;
        let mut lexer = Lexer::new(store::files::Source::new(conn, tenant, batch.file));
        let (mut billed, mut at_provider) = (Self::default(), false);
        while let Some(segment) = lexer.next_segment().map_err(|_| broken())? {
            let text = |element| segment.text(element).map(str::to_owned).map_err(|_| broken());
            match (segment.id(), segment.element(1)) {
                // One provider bills a whole file: what follows are its members and claims.
                (b"HL", _) if segment.element(3) != b"20" => break,
                (b"NM1", role) => {
                    at_provider = role == b"85";
                    if at_provider && segment.element(8) == b"XX" {
                        billed.npi = Some(text(9)?);
                    }
                }
                (b"REF", b"EI" | b"SY") if at_provider => billed.tax_id = Some(text(2)?),
                _ => {}
            }
        }
        Ok(billed)
    }

    /// Whether what stands below a level may be of the batch.
    fn fits(&self, own: &Organization, named: Named<'_>) -> bool {
        match (named.npi, named.tax_id, &self.npi) {
            (Some(npi), _, Some(billed)) => npi == billed,
            (Some(npi), _, None) => own.has_npi(npi),
            (None, Some(id), _) => {
                own.has_tax_id(id) || self.tax_id.as_ref() == Some(&id.replace('-', ""))
            }
            (None, None, _) => true,
        }
    }
}

impl Resolved {
    /// Whether what stands below a level of a billing provider may be of a batch.
    pub(super) fn is_billed_by(
        &mut self,
        conn: &mut Conn,
        own: &Organization,
        batch: BatchId,
        named: Named<'_>,
    ) -> Result<bool, AppError> {
        if named.npi.or(named.tax_id).is_none() {
            return Ok(true);
        }
        let billed = match self.billed.entry(batch) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Billed::read(conn, own.id, batch)?),
        };
        Ok(billed.fits(own, named))
    }
}
