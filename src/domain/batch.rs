//! The batch and its claims as stored: what was sent, when, and who took it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::claim::{Claim, ClaimNumber};
use super::claim_detail::{ClaimDetail, PayerControl};
use super::dates::Instant;
use super::identifiers::{Key, MemberNumber, PartnerCode};
use super::ids::{
    BatchId, ClaimId, ClaimLineId, ContractVersionId, EncounterId, FileId, LineId, MemberId,
    PayerId, PeerId,
};
use super::money::Money;
use super::response::Acknowledgment;
use super::status::{BatchStatus, ClaimStatus};
use super::text::code_list;

/// A batch: claims of one organization to one payer in one 837P file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Our id.
    pub id: BatchId,
    /// To whom.
    pub payer: PayerId,
    /// Last service date taken.
    pub through: NaiveDate,
    /// Where it stands.
    pub status: BatchStatus,
    /// ISA06.
    pub sender: PartnerCode,
    /// ISA08.
    pub receiver: PartnerCode,
    /// ISA13.
    pub interchange_control: u32,
    /// GS06.
    pub group_control: u32,
    /// Number of claims.
    pub claims: u32,
    /// Number of claim lines.
    pub lines: u32,
    /// Units of all lines.
    pub units: u32,
    /// Sum of charges.
    pub charge: Money,
    /// Sum of what the contract should pay.
    pub expected: Money,
    /// Its file.
    pub file: FileId,
    /// When it was made.
    pub built_at: Instant,
    /// When it was released.
    pub released_at: Option<Instant>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Instant>,
    /// When it reached the payer.
    pub delivered_at: Option<Instant>,
    /// The proof of that.
    pub receipt: Option<Receipt>,
    /// How all of it was answered by its receiver.
    pub acknowledgment: Option<Acknowledgment>,
    /// When the last of these answers came.
    pub acknowledged_at: Option<Instant>,
}

/// The proof of delivery: what timely filing is shown by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// How it was delivered, such as `payer portal`.
    pub how: String,
    /// To whom or where.
    pub to: String,
    /// The receiver's own number for it.
    pub reference: Option<String>,
}

/// A stored file: its bytes never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Our id.
    pub id: FileId,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// A claim as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredClaim {
    /// Our id.
    pub id: ClaimId,
    /// In which batch.
    pub batch: BatchId,
    /// Its place in the batch, 1 first.
    pub ordinal: i32,
    /// To whom.
    pub payer: PayerId,
    /// For whom.
    pub member: MemberId,
    /// Under which number.
    pub member_number: MemberNumber,
    /// Rendered by.
    pub peer: PeerId,
    /// Under which contract version.
    pub contract_version: ContractVersionId,
    /// Where it stands.
    pub status: ClaimStatus,
    /// Its service date.
    pub service_date: NaiveDate,
    /// Units of its lines.
    pub units: u32,
    /// What the contract should pay for it.
    pub expected: Money,
    /// Last day for its delivery.
    pub file_by: NaiveDate,
    /// As sent.
    pub document: Claim,
    /// What it says beside that.
    pub detail: ClaimDetail,
    /// Its lines' money and parts, in the order of the document.
    pub lines: Vec<StoredClaimLine>,
    /// What the payer calls it, once somebody has said so.
    pub control: Option<ControlNumbers>,
}

code_list!(
    /// Who said what the payer's number of a claim is.
    SaidBy, "who said it" {
        /// A clearinghouse, in a 277CA of its own.
        Clearinghouse = "clearinghouse",
        /// The payer, in a 277CA.
        Payer = "payer",
        /// The payer, in an 835.
        Remittance = "remittance",
        /// A person, who read it in the payer's portal or on paper.
        Person = "person",
    }
);

/// The payer's numbers of a claim. A payer may give it another one each time that it touches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlNumbers {
    /// The first.
    pub first: PayerControl,
    /// The latest.
    pub latest: PayerControl,
    /// Who said the latest.
    pub by: SaidBy,
}

impl ControlNumbers {
    /// What is known after somebody said `number`. A clearinghouse's word never takes the place of
    /// the payer's, and the payer's takes the place of all that a clearinghouse said.
    pub fn after(known: Option<Self>, number: PayerControl, by: SaidBy) -> Self {
        let fresh = |number: PayerControl| Self { first: number.clone(), latest: number, by };
        match known {
            Some(known) if by == SaidBy::Clearinghouse && known.by != by => known,
            Some(known) if by != SaidBy::Clearinghouse && known.by == SaidBy::Clearinghouse => {
                fresh(number)
            }
            Some(known) => Self { first: known.first, latest: number, by },
            None => fresh(number),
        }
    }
}

impl StoredClaim {
    /// CLM01.
    pub fn number(&self) -> &ClaimNumber {
        &self.document.number
    }
}

/// What a claim line states, beside what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredClaimLine {
    /// Our id.
    pub id: ClaimLineId,
    /// The service of the contract.
    pub service: Key,
    /// Units.
    pub units: u32,
    /// Charge.
    pub charge: Money,
    /// What the contract should pay for it.
    pub expected: Money,
    /// The decision lines it states.
    pub parts: Vec<Part>,
}

/// The share of a decision line in a claim line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which decision line.
    pub line: LineId,
    /// Of which encounter.
    pub encounter: EncounterId,
    /// Its units.
    pub units: u32,
    /// Its share of the charge.
    pub charge: Money,
    /// Its share of the expected amount.
    pub expected: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PayerControl {
        PayerControl::parse(text).unwrap()
    }

    fn said(words: &[(&str, SaidBy)]) -> (String, String) {
        let all = words
            .iter()
            .fold(None, |known, (text, by)| Some(ControlNumbers::after(known, number(text), *by)));
        let all = all.unwrap();
        (all.first.to_string(), all.latest.to_string())
    }

    #[test]
    fn the_first_number_stays_and_the_payers_word_counts() {
        use SaidBy::{Clearinghouse, Payer, Person, Remittance};
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(said(&[("A", Payer)]), pair("A", "A"));
        assert_eq!(said(&[("A", Payer), ("B", Remittance)]), pair("A", "B"));
        assert_eq!(said(&[("A", Payer), ("C", Clearinghouse)]), pair("A", "A"));
        assert_eq!(said(&[("C", Clearinghouse), ("D", Clearinghouse)]), pair("C", "D"));
        assert_eq!(said(&[("C", Clearinghouse), ("A", Payer), ("B", Person)]), pair("A", "B"));
    }
}
