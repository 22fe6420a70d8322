//! How a sender names people and authorizations: by our id, or by the key the world knows.

use crate::domain::identifiers::{AuthorizationNumber, Key, MemberNumber, Npi};
use crate::domain::ids::{AuthorizationId, MemberId, PayerId, PeerId};

/// A peer as named by the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerRef {
    /// By our id.
    Id(PeerId),
    /// By NPI.
    Npi(Npi),
}

/// A member as named by the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberRef {
    /// By our id.
    Id(MemberId),
    /// By payer and number.
    Number(PayerRef, MemberNumber),
}

/// A payer as named by the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayerRef {
    /// By our id.
    Id(PayerId),
    /// By key.
    Key(Key),
}

/// An authorization as named by the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationRef {
    /// By our id.
    Id(AuthorizationId),
    /// By the payer's number.
    Number(AuthorizationNumber),
}
