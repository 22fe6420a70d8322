//! Who billed, as a level of a 277CA says it: by NPI, by tax id, or not at all.
//!
//! Authority: ASC X12 005010X214, 2100C (NM108 `XX` or `FI`) and the REF of 2200C (`TJ`; `EI` and `SY`
//! are what claims have in its place). Numbers of other kinds are the payer's own and compared with
//! nothing.

use crate::x12::segment::Segment;

use super::fault::Out;
use super::short::Text;
use super::values::text;

#[derive(Debug, Clone, Default)]
pub(super) struct Billing {
    pub(super) npi: Option<Text>,
    pub(super) tax_id: Option<Text>,
}

impl Billing {
    pub(super) fn name(&mut self, nm1: &Segment<'_>, out: &mut Out) {
        match nm1.element(8) {
            b"XX" => self.npi = text(nm1, 9, out),
            b"FI" | b"24" | b"34" => self.tax_id = text(nm1, 9, out),
            _ => {}
        }
    }

    pub(super) fn reference(&mut self, reference: &Segment<'_>, out: &mut Out) {
        // What stands beside the name comes first.
        if self.tax_id.is_none() {
            self.tax_id = text(reference, 2, out);
        }
    }
}
