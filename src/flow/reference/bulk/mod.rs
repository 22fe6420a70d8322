//! A whole file of reference data in one transaction: rows are matched to what is stored by their
//! natural keys, then created, updated, or left alone. All faults are told, each with its line, those
//! of rows that cannot be read too; with one fault nothing is stored.
//!
//! A row of a thing's own file sets the thing and leaves its parts alone (a peer's row leaves the
//! certificates); a row of a part's file adds or changes that one part. Nothing is ever deleted.

mod authorizations;
mod consents;
mod documents;
mod episodes;
mod kept;
mod members;
mod openings;
mod organizations;
mod payers;
mod peers;
mod programs;
mod trail;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use kept::Columns;
pub use peers::CertificateRow;

use super::draft::{
    AuthorizationInput, ConsentInput, CoverageInput, DocumentInput, EpisodeInput, MemberInput,
    OpeningInput, OrganizationInput, PeerInput,
};
use crate::domain::dates::Span;
use crate::domain::identifiers::{Key, Reference};
use crate::domain::ids::OrganizationId;
use crate::domain::organization::LocationData;
use crate::domain::payer::PayerData;
use crate::domain::program::ProgramData;
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::flow::audit::{self, Action, AuditEntry, Detail};
use crate::store::{Conn, Scope, StoreError, organizations as store};

/// A row with its line in the file.
#[derive(Debug, Clone)]
pub struct Row<T> {
    /// Line, 1 first; the header is line 1.
    pub line: u64,
    /// What it says.
    pub data: T,
}

/// A row that belongs to an organization, named by its key.
pub type OwnedRow<T> = Row<(Key, T)>;

/// A parsed file.
#[derive(Debug, Clone)]
pub enum File {
    /// Organizations, without locations.
    Organizations(Vec<Row<OrganizationInput>>),
    /// Locations of organizations.
    Locations(Vec<OwnedRow<LocationData>>),
    /// Payers.
    Payers(Vec<Row<PayerData>>),
    /// Peers, without certificates.
    Peers(Vec<OwnedRow<PeerInput>>),
    /// Certificates of peers.
    Certificates(Vec<OwnedRow<CertificateRow>>),
    /// Members, each with one coverage or none.
    Members(Vec<OwnedRow<MemberInput>>),
    /// Coverages of members.
    Coverages(Vec<OwnedRow<(Reference, CoverageInput)>>),
    /// Authorizations.
    Authorizations(Vec<OwnedRow<AuthorizationInput>>),
    /// Documents.
    Documents(Vec<OwnedRow<DocumentInput>>),
    /// Enrollment episodes.
    Episodes(Vec<OwnedRow<EpisodeInput>>),
    /// Consents.
    Consents(Vec<OwnedRow<ConsentInput>>),
    /// Opening balances.
    Openings(Vec<OwnedRow<OpeningInput>>),
    /// Programs, sites and grants.
    Programs(Vec<OwnedRow<ProgramData>>),
}

impl File {
    /// What it holds, in a word.
    const fn name(&self) -> &'static str {
        match self {
            Self::Organizations(_) => "organizations",
            Self::Locations(_) => "locations",
            Self::Payers(_) => "payers",
            Self::Peers(_) => "peers",
            Self::Certificates(_) => "certificates",
            Self::Members(_) => "members",
            Self::Coverages(_) => "coverages",
            Self::Authorizations(_) => "authorizations",
            Self::Documents(_) => "documents",
            Self::Episodes(_) => "episodes",
            Self::Consents(_) => "consents",
            Self::Openings(_) => "opening-balances",
            Self::Programs(_) => "programs",
        }
    }

    /// Whether its rows are judged together, by how things stand after all of them: without one of
    /// them, another would be called wrong that is not.
    const fn is_judged_together(&self) -> bool {
        matches!(self, Self::Members(_) | Self::Coverages(_) | Self::Episodes(_))
    }
}

/// What a file did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New things.
    pub created: u64,
    /// Things that say something else now.
    pub updated: u64,
    /// Things that said the same already.
    pub unchanged: u64,
}

impl Counts {
    /// Counts one thing: `None` when it is new, else whether it changed.
    fn add(&mut self, changed: Option<bool>) {
        let count = match changed {
            None => &mut self.created,
            Some(true) => &mut self.updated,
            Some(false) => &mut self.unchanged,
        };
        *count = count.saturating_add(1);
    }
}

/// Brings a file with these columns in: the whole of it, or nothing. Faults have a line, and the JSON pointer of the
/// field within the row's draft. `faults` are those of rows that cannot be read and are not in `file`: nothing is
/// stored then, and they are told together with those of the other rows.
pub async fn load(
    ctx: &Ctx,
    file: File,
    columns: Columns,
    faults: Vec<Fault>,
) -> Result<Counts, AppError> {
    if file.is_judged_together() && !faults.is_empty() {
        return Err(in_order(faults));
    }
    let ctx = ctx.clone();
    let db = ctx.db.clone();
    db.write(Scope::Service, move |conn| {
        let name = file.name();
        let mut load = Load {
            conn,
            ctx: &ctx,
            columns,
            counts: Counts::default(),
            faults,
            owners: BTreeSet::new(),
            entries: Vec::new(),
        };
        match file {
            File::Organizations(rows) => organizations::load(&mut load, rows)?,
            File::Locations(rows) => organizations::load_locations(&mut load, rows)?,
            File::Payers(rows) => payers::load(&mut load, rows)?,
            File::Peers(rows) => peers::load(&mut load, rows)?,
            File::Certificates(rows) => peers::load_certificates(&mut load, rows)?,
            File::Members(rows) => members::load(&mut load, rows)?,
            File::Coverages(rows) => members::load_coverages(&mut load, rows)?,
            File::Authorizations(rows) => authorizations::load(&mut load, rows)?,
            File::Documents(rows) => documents::load(&mut load, rows)?,
            File::Episodes(rows) => episodes::load(&mut load, rows)?,
            File::Consents(rows) => consents::load(&mut load, rows)?,
            File::Openings(rows) => openings::load(&mut load, rows)?,
            File::Programs(rows) => programs::load(&mut load, rows)?,
        }
        load.tell_rest()?;
        load.note(name)?;
        load.finish()
    })
    .await
}

/// A load under way.
struct Load<'a> {
    conn: &'a mut Conn,
    ctx: &'a Ctx,
    /// Of what has none of them the file says nothing.
    columns: Columns,
    counts: Counts,
    faults: Vec<Fault>,
    /// Organizations that the file names as owners.
    owners: BTreeSet<OrganizationId>,
    /// Of the audit trail, that are not inserted yet.
    entries: Vec<AuditEntry>,
}

impl Load<'_> {
    /// Tells the audit trail of the file itself: one of one organization with its counts; one of several
    /// with its counts for admins, and each organization only that a file named it.
    fn note(&mut self, file: &str) -> Result<(), AppError> {
        let Counts { created, updated, unchanged } = self.counts;
        if created == 0 && updated == 0 {
            return Ok(());
        }
        let named = Detail::default().about("file", file);
        let counted = named.clone().count("created", created).count("updated", updated);
        let counted = counted.count("unchanged", unchanged);
        let owners: Vec<OrganizationId> = self.owners.iter().copied().collect();
        let all = [(if let [only] = owners.as_slice() { Some(*only) } else { None }, counted)];
        let each = owners.iter().filter(|_| owners.len() > 1).map(|o| (Some(*o), named.clone()));
        for (owner, detail) in all.into_iter().chain(each) {
            audit::note(self.ctx, self.conn, owner, Action::FileImport, "", detail)?;
        }
        Ok(())
    }

    /// Tells a fault of a row.
    fn refuse(&mut self, line: u64, pointer: &str, message: impl Into<String>) {
        self.place(line, Fault::at(pointer, message));
    }

    /// Tells a fault of a row that has its pointer already.
    fn place(&mut self, line: u64, fault: Fault) {
        self.faults.push(Fault { line: Some(line), ..fault });
    }

    /// Tells of rows that name the same thing as an earlier one; gives the first of each.
    fn first_of_each<T, K: std::hash::Hash + Eq>(
        &mut self,
        rows: Vec<Row<T>>,
        pointer: &str,
        key: impl Fn(&T) -> K,
    ) -> Vec<Row<T>> {
        let mut lines: HashMap<K, u64> = HashMap::new();
        let mut first = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(line) = lines.get(&key(&row.data)) {
                let message = format!("line {line} names the same one; keep one of the two");
                self.refuse(row.line, pointer, message);
            } else {
                lines.insert(key(&row.data), row.line);
                first.push(row);
            }
        }
        first
    }

    /// Rows by the organization that they name, each organization locked; unknown ones are told.
    fn by_owner<T>(
        &mut self,
        rows: Vec<OwnedRow<T>>,
    ) -> Result<BTreeMap<OrganizationId, Vec<Row<T>>>, StoreError> {
        let keys: std::collections::HashSet<Key> = rows.iter().map(|r| r.data.0.clone()).collect();
        let found = store::by_keys(self.conn, &keys.into_iter().collect::<Vec<_>>())?;
        let ids: HashMap<Key, OrganizationId> =
            found.into_iter().map(|o| (o.data.key, o.id)).collect();
        let mut owned: BTreeMap<OrganizationId, Vec<Row<T>>> = BTreeMap::new();
        for Row { line, data: (key, data) } in rows {
            match ids.get(&key) {
                Some(id) => owned.entry(*id).or_default().push(Row { line, data }),
                None => {
                    self.refuse(line, "/organization", "there is no organization with this key");
                }
            }
        }
        store::lock_all(self.conn, &owned.keys().copied().collect())?;
        self.owners.extend(owned.keys());
        Ok(owned)
    }

    /// Tells of a first day after the last one that is stored, of which the file says nothing.
    fn ordered(&mut self, line: u64, span: Span) {
        if Span::new(span.from, span.to).is_err() {
            let message = "the last day that is stored lies before this one; add the column `to`";
            self.refuse(line, "/from", message);
        }
    }

    /// A row that was changed by another process between reading and writing.
    fn must(stored: bool) -> Result<(), AppError> {
        if stored { Ok(()) } else { Err(super::stale()) }
    }

    fn finish(self) -> Result<Counts, AppError> {
        if self.faults.is_empty() {
            return Ok(self.counts);
        }
        Err(in_order(self.faults))
    }
}

/// The faults of a file in the order of its lines.
fn in_order(mut faults: Vec<Fault>) -> AppError {
    faults.sort_by_key(|f| f.line);
    AppError::invalid(faults)
}
