//! Step 0: from the text of an API key to who is calling, and what that caller may see.
//!
//! A key is `pck_<id>_<secret>`: the id finds the row, the secret (32 random bytes) is kept as its
//! SHA-256. Secrets of 256 random bits need no slow hash: there is nothing to guess. Unknown,
//! forged, expired and revoked keys get the same answer.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::audit::{self, Action, Detail};
use super::{Ctx, checking};
pub use crate::domain::access::Role;
use crate::domain::dates::Instant;
use crate::domain::identifiers::Key;
use crate::domain::ids::{KeyId, OrganizationId, PayerId};
use crate::domain::organization::OrganizationMode;
use crate::domain::text::plain;
use crate::error::{AppError, Code};
pub use crate::store::access::KeyRecord;
use crate::store::{Conn, Scope, access as store, organizations, payers};

/// What every key starts with, so that leak scanners can find one.
const PREFIX: &str = "pck";
/// Random bytes of a secret: 256 bits.
const SECRET_BYTES: usize = 32;
/// Characters of a secret: 32 bytes in base64url without padding.
const SECRET_CHARS: usize = 43;
/// Longest label of a key.
const MAX_LABEL: usize = 100;

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The key that was used.
    pub key: KeyId,
    /// Its role.
    pub role: Role,
    /// Its organization, for submitters and billers.
    pub organization: Option<OrganizationId>,
    /// Its payer, for payer analysts.
    pub payer: Option<PayerId>,
    /// The mode of its organization.
    pub mode: Option<OrganizationMode>,
}

impl Principal {
    /// Goes on for these roles; for the others the thing does not exist.
    pub fn require(&self, roles: &[Role]) -> Result<(), AppError> {
        if roles.contains(&self.role) { Ok(()) } else { Err(hidden()) }
    }

    /// Whose data the request is about. Submitters and billers: their own organization, and
    /// another's does not exist. An admin must name one. A payer analyst has none.
    pub fn tenant(&self, requested: Option<OrganizationId>) -> Result<OrganizationId, AppError> {
        match (self.role, self.organization, requested) {
            (Role::Admin, _, Some(id)) => Ok(id),
            (Role::Admin, _, None) => Err(AppError::new(
                Code::InvalidParameter,
                "Name the organization: ?organization= with its id or key.",
            )),
            (Role::Submitter | Role::Biller, Some(own), None) => Ok(own),
            (Role::Submitter | Role::Biller, Some(own), Some(id)) if own == id => Ok(own),
            _ => Err(AppError::not_found("organization")),
        }
    }

    /// Whose keys and reports: a payer analyst's own payer, and another's does not exist; an admin
    /// must name one; the other roles have none.
    pub fn payer(&self, requested: Option<PayerId>) -> Result<PayerId, AppError> {
        match (self.role, self.payer, requested) {
            (Role::Admin, _, Some(id)) => Ok(id),
            (Role::Admin, _, None) => Err(AppError::new(
                Code::InvalidParameter,
                "Name the payer: ?payer= with its id or key.",
            )),
            (Role::PayerAnalyst, Some(own), None) => Ok(own),
            (Role::PayerAnalyst, Some(own), Some(id)) if own == id => Ok(own),
            _ => Err(AppError::not_found("payer")),
        }
    }
}

/// What is answered about something that the caller may not see.
pub fn hidden() -> AppError {
    AppError::new(Code::NotFound, "There is nothing here that this key may see.")
}

fn unauthorized() -> AppError {
    AppError::new(
        Code::Unauthorized,
        "Send a valid API key: the header Authorization: Bearer pck_…",
    )
}

/// [`Principal::tenant`] with the organization as the request names it: by id or key.
pub async fn tenant(
    ctx: &Ctx,
    caller: &Principal,
    requested: Option<&str>,
) -> Result<OrganizationId, AppError> {
    let Some(text) = requested else {
        return caller.tenant(None);
    };
    // Before looking: who may not name one learns nothing about which exist.
    caller.require(&[Role::Admin, Role::Submitter, Role::Biller])?;
    let text = text.to_owned();
    let found = ctx
        .db
        .read(Scope::Service, move |conn| organization(conn, &text).map_err(AppError::from))
        .await?;
    caller.tenant(Some(found.ok_or_else(|| AppError::not_found("organization"))?))
}

/// Not found, unless the organization has or had a contract with the payer.
pub async fn contract_between(
    ctx: &Ctx,
    organization: OrganizationId,
    payer: PayerId,
) -> Result<(), AppError> {
    let read = move |conn: &mut Conn| crate::store::contracts::versions_of(conn, organization);
    let versions = ctx.db.read(Scope::Tenant(organization), read).await?;
    let known = versions.iter().any(|v| v.payer == payer);
    if known { Ok(()) } else { Err(AppError::not_found("organization")) }
}

/// Refuses an organization and a payer that are named together and never had a contract: `hidden` says which of
/// them does not exist for who asks.
pub async fn acquainted(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
    payer: Option<PayerId>,
    hidden: &str,
) -> Result<(), AppError> {
    let (Some(organization), Some(payer)) = (organization, payer) else { return Ok(()) };
    match contract_between(ctx, organization, payer).await {
        Err(error) if error.code == Code::NotFound => Err(AppError::not_found(hidden)),
        other => other,
    }
}

/// The organization and payer that a request names, by id or key; what is named and not there is
/// not found.
pub async fn find_names(
    ctx: &Ctx,
    organization_name: Option<&str>,
    payer_name: Option<&str>,
) -> Result<(Option<OrganizationId>, Option<PayerId>), AppError> {
    let names = (organization_name.map(str::to_owned), payer_name.map(str::to_owned));
    ctx.db
        .read(Scope::Service, move |conn| {
            let organization = match names.0 {
                None => None,
                Some(text) => Some(
                    organization(conn, &text)?
                        .ok_or_else(|| AppError::not_found("organization"))?,
                ),
            };
            let payer = match names.1 {
                None => None,
                Some(text) => {
                    Some(payer(conn, &text)?.ok_or_else(|| AppError::not_found("payer"))?)
                }
            };
            Ok((organization, payer))
        })
        .await
}

/// The organization with this id or key.
pub fn organization(
    conn: &mut Conn,
    text: &str,
) -> Result<Option<OrganizationId>, crate::store::StoreError> {
    if let Ok(id) = OrganizationId::parse(text) {
        return Ok(organizations::by_id(conn, id)?.map(|o| o.id));
    }
    let Ok(key) = Key::parse(text) else { return Ok(None) };
    Ok(organizations::by_key(conn, &key)?.map(|o| o.id))
}

/// The payer with this id or key.
pub fn payer(conn: &mut Conn, text: &str) -> Result<Option<PayerId>, crate::store::StoreError> {
    if let Ok(id) = PayerId::parse(text) {
        return Ok(payers::by_id(conn, id)?.map(|p| p.id));
    }
    let Ok(key) = Key::parse(text) else { return Ok(None) };
    Ok(payers::by_key(conn, &key)?.map(|p| p.id))
}

/// Who holds the key with this text.
pub async fn authenticate(ctx: &Ctx, text: &str) -> Result<Principal, AppError> {
    let (id, secret) = split(text).ok_or_else(unauthorized)?;
    let hash = hash(secret);
    let now = ctx.clock.real();
    let found = checking::find(ctx, id).await?.ok_or_else(unauthorized)?;
    let same = bool::from(found.hash.as_slice().ct_eq(&hash));
    let key = &found.record;
    let expired = key.expires_at.is_some_and(|at| at <= now);
    if !same || expired || key.revoked_at.is_some() {
        return Err(unauthorized());
    }
    Ok(Principal {
        key: key.id,
        role: key.role,
        organization: key.organization,
        payer: key.payer,
        mode: found.mode,
    })
}

/// What a new key is for.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its role.
    pub role: Role,
    /// Whose, by id or key: required of submitters and billers, refused of others.
    pub organization: Option<String>,
    /// Whose, by id or key: required of payer analysts, refused of others.
    pub payer: Option<String>,
    /// What people call it; 1 to 100 characters.
    pub label: String,
    /// When it ends.
    pub expires_at: Option<Instant>,
}

/// Makes a key and gives its text, which is nowhere kept.
pub async fn create_key(ctx: &Ctx, new: NewKey) -> Result<(KeyRecord, String), AppError> {
    let label = plain(&new.label, MAX_LABEL)
        .ok_or_else(|| AppError::field("/label", "a label has 1 to 100 characters"))?;
    if new.organization.is_some() != new.role.is_of_organization() {
        let rule = "a submitter or biller belongs to an organization, the other roles to none";
        return Err(AppError::field("/organization", rule));
    }
    if new.payer.is_some() != new.role.is_of_payer() {
        let rule = "a payer analyst belongs to a payer, the other roles to none";
        return Err(AppError::field("/payer", rule));
    }
    let id: KeyId = ctx.id();
    let secret = secret()?;
    let hash = hash(&secret);
    let text = text(id, &secret);
    let (created_at, work) = (ctx.clock.real(), ctx.clone());
    ctx.db
        .write(Scope::Service, move |conn| {
            let find =
                |name: &str| AppError::new(Code::NotFound, format!("There is no such {name}."));
            let organization = match &new.organization {
                Some(text) => Some(organization(conn, text)?.ok_or_else(|| find("organization"))?),
                None => None,
            };
            let payer = match &new.payer {
                Some(text) => Some(payer(conn, text)?.ok_or_else(|| find("payer"))?),
                None => None,
            };
            let (role, expires_at) = (new.role, new.expires_at);
            let record = KeyRecord {
                id,
                role,
                label,
                organization,
                payer,
                created_at,
                expires_at,
                revoked_at: None,
            };
            store::insert(conn, &record, &hash)?;
            let mut detail = Detail::default().about("role", role);
            if let Some(payer) = payer {
                detail = detail.about("payer", payer);
            }
            audit::note(&work, conn, organization, Action::KeyCreate, id, detail)?;
            Ok((record, text))
        })
        .await
}

/// All keys, oldest first, without their secrets.
pub async fn list_keys(ctx: &Ctx) -> Result<Vec<KeyRecord>, AppError> {
    ctx.db.read(Scope::Service, |conn| store::list(conn).map_err(AppError::from)).await
}

/// Refuses a key from now on. Revoking twice is fine.
pub async fn revoke_key(ctx: &Ctx, id: KeyId) -> Result<(), AppError> {
    let (now, work) = (ctx.clock.real(), ctx.clone());
    let revoke = move |conn: &mut Conn| {
        let key = store::find(conn, id)?.ok_or_else(|| AppError::not_found("key"))?.record;
        if key.revoked_at.is_none() && store::revoke(conn, id, now)? {
            let owner = key.organization;
            audit::note(&work, conn, owner, Action::KeyRevoke, id, Detail::default())?;
        }
        Ok(())
    };
    ctx.db.write(Scope::Service, revoke).await
}

fn split(text: &str) -> Option<(KeyId, &str)> {
    let (prefix, rest) = text.split_once('_')?;
    let (id, secret) = rest.split_once('_')?;
    let id = KeyId::parse(&format!("{}_{id}", KeyId::PREFIX)).ok()?;
    (prefix == PREFIX && secret.len() == SECRET_CHARS).then_some((id, secret))
}

fn text(id: KeyId, secret: &str) -> String {
    let id = id.to_string();
    let bare = id.split_once('_').map_or(id.as_str(), |(_, bare)| bare);
    format!("{PREFIX}_{bare}_{secret}")
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Random bytes of the operating system as base64url (RFC 4648 section 5, no padding).
fn secret() -> Result<String, AppError> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|e| AppError::internal(format!("no randomness: {e}")))?;
    let mut out = String::with_capacity(SECRET_CHARS);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| (word << 8) | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = usize::try_from((word >> (18 - 6 * place)) & 63).unwrap_or(0);
            out.push(LETTERS.get(index).map_or('A', |b| char::from(*b)));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_texts_split_into_what_they_were_made_of() {
        for _ in 0..200 {
            let secret = secret().unwrap();
            assert_eq!(secret.len(), SECRET_CHARS);
            let id = KeyId::from_i64(77);
            let text = text(id, &secret);
            assert_eq!(split(&text), Some((id, secret.as_str())));
        }
    }

    #[test]
    fn texts_that_are_not_keys_are_refused() {
        let good = text(KeyId::from_i64(77), &secret().unwrap());
        let bad = [
            String::new(),
            "pck".into(),
            good.replacen("pck", "key", 1),
            good[..good.len() - 1].to_owned(),
            format!("{good}A"),
            good.replacen("_0", "_U", 1),
        ];
        for text in bad {
            assert_eq!(split(&text), None, "{text}");
        }
    }

    #[test]
    fn what_a_role_may_not_name_does_not_exist() {
        let own = OrganizationId::from_i64(1);
        let other = OrganizationId::from_i64(2);
        let caller = |role, organization| Principal {
            key: KeyId::from_i64(9),
            role,
            organization,
            payer: None,
            mode: None,
        };
        let biller = caller(Role::Biller, Some(own));
        assert_eq!(biller.tenant(None).unwrap(), own);
        assert_eq!(biller.tenant(Some(own)).unwrap(), own);
        assert_eq!(biller.tenant(Some(other)).unwrap_err().code, Code::NotFound);
        let admin = caller(Role::Admin, None);
        assert_eq!(admin.tenant(Some(other)).unwrap(), other);
        assert_eq!(admin.tenant(None).unwrap_err().code, Code::InvalidParameter);
        let analyst = caller(Role::PayerAnalyst, None);
        assert_eq!(analyst.tenant(Some(own)).unwrap_err().code, Code::NotFound);
        assert_eq!(analyst.require(&[Role::Admin]).unwrap_err().code, Code::NotFound);
    }
}
