//! Payments (835) are kept for posting. Whom one pays must be known first: it tells of people, and the
//! wrong organization must not have it among its own.
//!
//! The payee (N1*PE, N104) decides, by NPI or tax id. The receiver of the interchange (ISA08) does not:
//! many payers send to a clearinghouse, which passes it on as it is. Authority: ASC X12 005010X221A1;
//! `docs/definitions.md` section 6 (a negative BPR02 is refused); `docs/adr/0126-…`.

use chrono::NaiveDate;

use super::gather::{Interchange, Paid, Words};
use crate::domain::identifiers::Npi;
use crate::domain::money::Money;
use crate::domain::organization::Organization;
use crate::error::AppError;
use crate::store::{Conn, acknowledged};

/// Payments told of one file; more are in the file itself.
pub(super) const MAX_PAYMENTS: usize = 100;

/// A payment, as far as no person is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentSeen {
    /// Who pays.
    pub payer: Option<String>,
    /// Whom.
    pub payee: Option<String>,
    /// The payee's NPI or tax id.
    pub payee_id: Option<String>,
    /// How: `ACH`, `CHK`, `NON`, …
    pub method: Option<String>,
    /// BPR02.
    pub amount: Option<Money>,
    /// BPR16.
    pub date: Option<NaiveDate>,
    /// TRN02.
    pub trace: Option<String>,
    /// How many claims.
    pub claims: u64,
    /// Whether it balances.
    pub balances: bool,
    /// The first thing that does not, in words.
    pub difference: Option<String>,
}

impl From<Paid> for PaymentSeen {
    fn from(paid: Paid) -> Self {
        let Paid { payment, claims, balanced, difference, .. } = paid;
        Self {
            payer: payment.payer.map(String::from),
            payee: payment.payee.map(String::from),
            payee_id: payment.payee_id.map(String::from),
            method: payment.method.map(String::from),
            amount: payment.amount,
            date: payment.date,
            trace: payment.trace.map(String::from),
            claims,
            balances: balanced,
            difference,
        }
    }
}

/// Why the payments of a file must be put aside, if they must.
pub(super) fn refusal(
    conn: &mut Conn,
    organization: &Organization,
    words: &Words,
) -> Result<Option<String>, AppError> {
    for interchange in &words.interchanges {
        for paid in &interchange.payments {
            if !is_for(conn, organization, interchange, paid)? {
                let why = "It pays somebody else: the payee's NPI or tax id (N1*PE, N104) is none of this \
                           organization's. Look whether the file is for somebody else. If the number is \
                           this organization's, add it to a location and bring the file in again.";
                return Ok(Some(why.to_owned()));
            }
            if paid.payment.amount.is_some_and(|amount| amount < Money::ZERO) {
                let why = "The payment (BPR02) is negative, which no payment can be. Ask the payer to \
                           carry the balance forward (PLB FB) and to send the file again.";
                return Ok(Some(why.to_owned()));
            }
        }
    }
    Ok(None)
}

/// Whether a payment is the organization's. One that names no payee is for whom it was sent to.
fn is_for(
    conn: &mut Conn,
    organization: &Organization,
    interchange: &Interchange,
    paid: &Paid,
) -> Result<bool, AppError> {
    let Some(payee) = paid.payment.payee_id.as_deref().map(str::trim).filter(|id| !id.is_empty())
    else {
        return Ok(acknowledged::sends_as(conn, organization.id, &interchange.receiver)?);
    };
    let of_place = |npi: &str| {
        let own = organization.locations.iter().filter_map(|place| place.data.npi.as_ref());
        own.map(Npi::as_str).any(|own| own == npi)
    };
    // 12-3456789 is the same tax id as 123456789.
    let plain = payee.replace('-', "");
    Ok(organization.data.npi.as_str() == payee
        || organization.data.ein.as_str() == plain
        || of_place(payee))
}

/// What a biller is told of the payments that were kept.
pub(super) fn remark(words: &Words) -> Option<String> {
    let all = || words.interchanges.iter().flat_map(|i| &i.payments);
    all().next()?;
    let kept = "Payments are kept as they came; they are not posted.";
    let uneven: Vec<&Paid> = all().filter(|paid| !paid.balanced).collect();
    let Some(first) = uneven.first() else { return Some(kept.to_owned()) };
    let count = uneven.len();
    let (all, found) = (all().count(), first.differences);
    let what = match &first.difference {
        Some(difference) if found > 1 => format!("the first of {found} differences: {difference}"),
        Some(difference) => difference.clone(),
        None => "an amount is missing or cannot be read".to_owned(),
    };
    Some(format!("{kept} {count} of {all} does not balance ({what}). Ask the payer."))
}
