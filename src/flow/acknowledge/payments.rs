//! Payments (835) are kept for posting. Whom one pays must be known first: it tells of people, and the
//! wrong organization must not have it among its own.
//!
//! The payee (N1*PE, N104; else REF*TJ) decides, by NPI or tax id. The receiver of the interchange (ISA08) does not:
//! many payers send to a clearinghouse, which passes it on as it is. Authority: ASC X12 005010X221A1;
//! `docs/definitions.md` section 6 (a negative BPR02 is refused); `docs/adr/0126-…` and `0142-…`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::gather::{Paid, Words};
use crate::domain::ids::{OrganizationId, ReceivedId};
use crate::domain::money::Money;
use crate::domain::organization::Organization;
use crate::domain::status::ClaimStatus;
use crate::error::AppError;
use crate::store::acknowledged::{self, SentAs};
use crate::store::{self, Conn};
use crate::x12::read::Text;
use crate::x12::read::remit_835::Payment;

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
            payee_id: payment.payee_id.or(payment.payee_tax_id).map(String::from),
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
    let mut sent_as: HashMap<&str, SentAs> = HashMap::new();
    for interchange in &words.interchanges {
        for paid in &interchange.payments {
            let known = match payee(organization, &paid.payment) {
                Payee::Own | Payee::OtherTaxId => None,
                Payee::Other => Some(SOMEBODY_ELSE),
                Payee::OtherNpi => Some(OTHER_NPI),
                Payee::Unnamed => {
                    let receiver = interchange.receiver.as_str();
                    let sent = match sent_as.entry(receiver) {
                        Entry::Occupied(known) => *known.get(),
                        Entry::Vacant(place) => {
                            *place.insert(acknowledged::sends_as(conn, organization.id, receiver)?)
                        }
                    };
                    match sent {
                        SentAs::Alone => None,
                        SentAs::Never => Some(SOMEBODY_ELSE),
                        SentAs::WithOthers => Some(NOBODY_NAMED),
                    }
                }
            };
            if let Some(why) = known {
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

const SOMEBODY_ELSE: &str = "It pays somebody else: the payee's NPI or tax id (N1*PE, N104, REF*TJ) is none \
                             of this organization's. Look whether the file is for somebody else. If the \
                             number is this organization's, add it to a location and bring the file in \
                             again.";

const OTHER_NPI: &str = "It pays somebody else: it names this organization's tax id (REF*TJ), and an NPI \
                         (N1*PE, N104) that is none of its own. Others may have the same tax id: look \
                         whether the file is for one of them. If the NPI is this organization's, add it to \
                         a location and bring the file in again.";

const NOBODY_NAMED: &str = "It names no payee (N1*PE, N104), and its receiver (ISA08) is an id under which \
                            more than one organization here sends: whose payment it is cannot be known. \
                            Ask the payer to name the payee.";

/// Whom a payment names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payee {
    Own,
    /// By its own NPI, beside the tax id of another one.
    OtherTaxId,
    /// By its own tax id, beside the NPI of another one.
    OtherNpi,
    Other,
    Unnamed,
}

/// N104 decides, an NPI or a tax id, of whatever kind it says it is; REF*TJ where N104 is absent or a
/// number of the payer's own. Several providers may have one tax id, and a payer may have an old one on
/// record.
fn payee(own: &Organization, payment: &Payment) -> Payee {
    let (id, tax_id) = (named(payment.payee_id.as_ref()), named(payment.payee_tax_id.as_ref()));
    let (is_npi, is_tax_id) =
        (id.is_some_and(|id| own.has_npi(id)), id.is_some_and(|id| own.has_tax_id(id)));
    let beside = tax_id.map(|id| own.has_tax_id(id));
    match (id, payment.payee_qualifier.as_deref(), beside) {
        (None, _, None) => Payee::Unnamed,
        _ if is_npi && beside == Some(false) => Payee::OtherTaxId,
        _ if is_npi || is_tax_id => Payee::Own,
        (Some(_), Some("FI"), _) => Payee::Other,
        (Some(_), Some("XX") | None, Some(true)) => Payee::OtherNpi,
        (_, _, Some(true)) => Payee::Own,
        _ => Payee::Other,
    }
}

fn named(id: Option<&Text>) -> Option<&str> {
    id.map(|id| id.as_str().trim()).filter(|id| !id.is_empty())
}

/// That payments name the organization by its NPI and somebody else by the tax id beside it.
pub(super) fn doubt(own: &Organization, words: &Words, skip: &BTreeSet<usize>) -> Option<String> {
    let doubtful = fresh(words, skip).filter(|p| payee(own, &p.payment) == Payee::OtherTaxId);
    let count = doubtful.count();
    (count > 0).then(|| {
        format!(
            "{count} payments name this organization by its NPI (N1*PE, N104) beside a tax id (REF*TJ) \
             that is not its own: it was taken by the NPI. Ask the payer to mend the tax id, under which \
             it reports what it paid"
        )
    })
}

/// The payments of the interchanges that were not applied before.
fn fresh<'a>(words: &'a Words, skip: &'a BTreeSet<usize>) -> impl Iterator<Item = &'a Paid> {
    let interchanges = words.interchanges.iter().enumerate();
    let fresh = interchanges.filter(|(place, _)| !skip.contains(place));
    fresh.flat_map(|(_, interchange)| &interchange.payments)
}

/// Remembers which claims are paid: that shows that the payer has them. Gives what a person must look
/// at.
pub(super) fn record(
    conn: &mut Conn,
    tenant: OrganizationId,
    file: ReceivedId,
    words: &Words,
    skip: &BTreeSet<usize>,
) -> Result<Option<String>, AppError> {
    let numbers: BTreeSet<&str> =
        fresh(words, skip).flat_map(|p| p.numbers.iter().map(Text::as_str)).collect();
    if numbers.is_empty() {
        return Ok(None);
    }
    let numbers: Vec<&str> = numbers.into_iter().collect();
    let found = acknowledged::by_numbers(conn, tenant, &numbers)?;
    store::paid_claims::add(conn, tenant, file, &found.iter().map(|claim| claim.id).collect())?;
    let freed = found.iter().filter(|claim| claim.status == ClaimStatus::Rejected).count();
    Ok((freed > 0).then(|| {
        format!(
            "{freed} claims that are paid or denied in it were rejected before, and their visits are \
             ready again or on other claims: ask the payer, so that they are not billed twice"
        )
    }))
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
