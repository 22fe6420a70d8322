//! The world of a case: a database of its own with organizations, people, a payer, a pack and a
//! contract, all brought in by the steps that imports and the API use. People appear when they are
//! first named.

use std::collections::{HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::merge::{lay, remove};
use super::words::{Amendment, CaseFile, document};
use crate::domain::contract::Pack;
use crate::domain::dates::Zone;
use crate::domain::identifiers::{Key, Npi, Reference};
use crate::domain::ids::{ContractVersionId, MemberId, OrganizationId, PayerId};
use crate::error::{AppError, Fault};
use crate::flow::reference::bulk::{self, File, Row};
use crate::flow::reference::draft::{
    AuthorizationDraft, CertificateDraft, ConsentDraft, CoverageDraft, EpisodeDraft, LocationDraft,
    MemberDraft, OpeningDraft, OrganizationDraft, PayerDraft, PeerDraft, ProgramDraft,
};
use crate::flow::reference::{Document, contracts, packs};
use crate::flow::{Ctx, Scope};
use crate::store;

/// The organization when none is named.
const ORGANIZATION: &str = "org";
/// The payer of the contract.
pub(super) const PAYER: &str = "payer";
/// From when people, coverages and contracts are there, unless the case says otherwise.
const LONG_AGO: &str = "2020-01-01";
/// A unit of every service, unless the case says otherwise.
const RATE: &str = "20";

/// Why a case cannot be played.
pub(super) type Trouble = String;

/// An error of the service, with its faults, as a case tells it.
pub(super) fn told(error: &AppError) -> Trouble {
    let place = |f: &Fault| f.pointer.clone().unwrap_or_default();
    let faults = error.faults.iter().map(|f| format!("\n    {} {}", place(f), f.message));
    format!("{}: {}{}", error.code.as_str(), error.detail, faults.collect::<String>())
}

/// The organizations' zone.
pub(super) fn zone_of(case: &CaseFile) -> Result<Zone, Trouble> {
    let zone = case.zone.as_deref().unwrap_or("America/New_York");
    Zone::parse(zone).map_err(|e| format!("zone: {}", e.0))
}

/// The world as it stands.
pub(super) struct World<'a> {
    pub(super) ctx: Ctx,
    pub(super) case: &'a CaseFile,
    pub(super) zone: Zone,
    pub(super) payer: PayerId,
    organizations: HashMap<String, OrganizationId>,
    pack: Value,
    versions: HashMap<OrganizationId, Vec<ContractVersionId>>,
    certificates: Vec<(String, String)>,
    people: HashSet<(String, String)>,
    packs: u32,
}

impl<'a> World<'a> {
    /// Makes the world of a case on a fresh database.
    pub(super) async fn open(
        ctx: Ctx,
        case: &'a CaseFile,
        mut pack: Value,
    ) -> Result<Self, Trouble> {
        bend(&mut pack, &case.change, &case.remove)?;
        let zone = zone_of(case)?;
        let mut world = Self {
            ctx,
            case,
            zone,
            payer: PayerId::from_i64(0),
            organizations: HashMap::new(),
            pack,
            versions: HashMap::new(),
            certificates: Vec::new(),
            people: HashSet::new(),
            packs: 0,
        };
        world.bring_payers().await?;
        let usual = [ORGANIZATION.to_owned()];
        let names = if case.organizations.is_empty() { &usual[..] } else { &case.organizations };
        for (index, name) in names.iter().enumerate() {
            world.bring_organization(name, index).await?;
        }
        let first = Amendment { rate: case.rate.clone(), ..Amendment::default() };
        for name in names {
            world.bring_contract(Some(name), &first, &document(&case.contract)).await?;
        }
        Ok(world)
    }

    /// The organization that acts.
    pub(super) fn tenant(&self, by: Option<&str>) -> Result<(Key, OrganizationId), Trouble> {
        let first = self.case.organizations.first().map_or(ORGANIZATION, String::as_str);
        let name = by.unwrap_or(first);
        let id = self.organizations.get(name).copied();
        let id = id.ok_or_else(|| format!("there is no organization `{name}` in this case"))?;
        Ok((Key::parse(name).map_err(|e| e.0)?, id))
    }

    async fn bring_payers(&mut self) -> Result<(), Trouble> {
        let mut rows = Vec::new();
        for key in std::iter::once(PAYER).chain(self.case.payers.iter().map(String::as_str)) {
            let name = Some(format!("Payer {key}"));
            let draft = PayerDraft { key: Some(key.to_owned()), name, sandbox: Some(true) };
            rows.push(Row { line: 1, data: draft.parse().map_err(|f| faults("payers", f))? });
        }
        self.load(File::Payers(rows)).await?;
        let key = Key::parse(PAYER).map_err(|e| e.0)?;
        let find = move |conn: &mut _| store::payers::by_key(conn, &key);
        let found = self.ctx.db.read(Scope::Service, find).await.map_err(|e| e.to_string())?;
        self.payer = found.ok_or("the payer is gone")?.id;
        Ok(())
    }

    async fn bring_organization(&mut self, name: &str, index: usize) -> Result<(), Trouble> {
        let number = u64::try_from(index).unwrap_or_default();
        let organization = json!({
            "key": name, "name": format!("Organization {name}"), "mode": "test",
            "npi": npi(200_000_001 + number), "ein": format!("00-11000{index:02}"),
            "taxonomy": "251S00000X", "zone": self.zone.name(),
            "part2": self.case.part2.as_deref().unwrap_or("not_program"),
            "contact_name": "Dana Example", "contact_phone": "509-555-0142",
        });
        let draft: OrganizationDraft = draft("organization", organization)?;
        let data = draft.parse().map_err(|f| faults("organization", f))?;
        self.load(File::Organizations(vec![Row { line: 1, data }])).await?;
        let key = Key::parse(name).map_err(|e| e.0)?;
        let address = json!({"line1": "1 Example Way", "city": "Columbus", "state": "OH",
            "zip": "43004-0001"});
        let location = json!({"key": "main", "name": "Main office", "address": address});
        let location: LocationDraft = self::draft("location", location)?;
        let data = location.parse().map_err(|f| faults("location", f))?;
        self.load(File::Locations(vec![Row { line: 1, data: (key.clone(), data) }])).await?;
        for program in &self.case.program {
            let program: ProgramDraft = self::draft("program", document(program))?;
            let data = program.parse().map_err(|f| faults("program", f))?;
            self.load(File::Programs(vec![Row { line: 1, data: (key.clone(), data) }])).await?;
        }
        let find = move |conn: &mut _| store::organizations::by_key(conn, &key);
        let found = self.ctx.db.read(Scope::Service, find).await.map_err(|e| e.to_string())?;
        let id = found.ok_or("the organization is gone")?.id;
        self.organizations.insert(name.to_owned(), id);
        Ok(())
    }

    /// Adds a version of the contract: the case's pack, bent once more.
    pub(super) async fn bring_contract(
        &mut self,
        by: Option<&str>,
        amendment: &Amendment,
        over: &Value,
    ) -> Result<(), Trouble> {
        let (key, tenant) = self.tenant(by)?;
        let mut pack = self.pack.clone();
        bend(&mut pack, &amendment.change, &amendment.remove)?;
        self.packs += 1;
        lay(&mut pack, json!({"pack": {"version": format!("v{}", self.packs)}}));
        let pack = packs::parse(&Document::Json(pack)).map_err(|e| told(&e))?;
        self.certificates = certificates(&pack);
        let named = format!("{}@{}", pack.key, pack.version);
        let services: Vec<Value> = pack.services.iter().map(|s| json!(s.key.as_str())).collect();
        let ctx = self.ctx.clone();
        let add = move |conn: &mut _| packs::create(conn, &ctx, pack);
        self.ctx.db.write(Scope::Service, add).await.map_err(|e| told(&e))?;
        let from = amendment.from.as_ref().map_or(LONG_AGO, |t| &t.0);
        let mut contract = json!({"contract": {
            "organization": key.as_str(), "payer": PAYER, "pack": named, "from": from,
            "billing_location": "main", "sender_id": "EXAMPLE01",
        }});
        if let Some(to) = &amendment.to {
            lay(&mut contract, json!({"contract": {"to": to.0}}));
        }
        let before = self.versions.get(&tenant).and_then(|v| v.last());
        if let Some(before) = before {
            lay(&mut contract, json!({"contract": {"supersedes": before.to_string()}}));
        }
        let usual =
            services.iter().map(|s| json!({"service": s, "from": from, "allowed": RATE})).collect();
        let rates = if amendment.rate.is_empty() { &self.case.rate } else { &amendment.rate };
        let rates: Vec<Value> = rates.iter().map(document).collect();
        let rates = if rates.is_empty() { usual } else { rates };
        lay(&mut contract, json!({"rate": rates}));
        lay(&mut contract, over.clone());
        let ctx = self.ctx.clone();
        let contract = Document::Json(contract);
        let add = move |conn: &mut _| contracts::create(conn, &ctx, tenant, &contract);
        let added = self.ctx.db.write(Scope::Tenant(tenant), add).await;
        let added = added.map_err(|e| format!("contract: {}", told(&e)))?;
        self.versions.entry(tenant).or_default().push(added.version.head.id);
        Ok(())
    }

    /// A peer's NPI; a peer who is named for the first time has every certificate of the pack.
    pub(super) async fn peer(&mut self, organization: &Key, name: &str) -> Result<Npi, Trouble> {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        let number: u64 = digits.parse().unwrap_or(1);
        let text = npi(210_000_000 + number % 1_000_000);
        let npi = Npi::parse(&text).map_err(|e| e.0)?;
        if self.people.insert((organization.to_string(), name.to_owned())) {
            let peer: PeerDraft =
                draft("peer", json!({"npi": text, "first_name": "Peer", "last_name": name}))?;
            let data = peer.parse().map_err(|f| faults("peer", f))?;
            self.load(File::Peers(vec![Row { line: 1, data: (organization.clone(), data) }]))
                .await?;
            for (state, kind) in self.certificates.clone() {
                let usual = json!({"state": state, "kind": kind, "from": LONG_AGO});
                self.certify(organization, &npi, usual).await?;
            }
        }
        Ok(npi)
    }

    /// Adds or changes a certificate.
    pub(super) async fn certify(
        &self,
        organization: &Key,
        npi: &Npi,
        certificate: Value,
    ) -> Result<(), Trouble> {
        let certificate: CertificateDraft = draft("certify", certificate)?;
        let data = certificate.parse().map_err(|f| faults("certify", f))?;
        let row = Row { line: 1, data: (organization.clone(), (npi.clone(), data)) };
        self.load(File::Certificates(vec![row])).await
    }

    /// A member's id; a member who is named for the first time is born in 1990 and covered.
    pub(super) async fn member(
        &mut self,
        organization: &Key,
        name: &str,
    ) -> Result<MemberId, Trouble> {
        if !self.people.contains(&(organization.to_string(), name.to_owned())) {
            self.roster(organization, json!({"reference": name})).await?;
        }
        let (_, tenant) = self.tenant(Some(organization.as_str()))?;
        let reference = Reference::parse(name).map_err(|e| e.0)?;
        let find = move |conn: &mut _| store::members::by_references(conn, tenant, &[reference]);
        let found = self.ctx.db.read(Scope::Tenant(tenant), find).await;
        let found = found.map_err(|e| e.to_string())?.pop();
        Ok(found.ok_or_else(|| format!("there is no member `{name}`"))?.id)
    }

    /// Adds or changes a member; what is not said is usual.
    pub(super) async fn roster(&mut self, organization: &Key, over: Value) -> Result<(), Trouble> {
        let mut member = json!({"reference": "M1", "first_name": "Alex", "last_name": "Example",
            "birth_date": "1990-05-05", "gender": "U",
            "address": {"line1": "1 Sample St", "city": "Columbus", "state": "OH", "zip": "43004"}});
        lay(&mut member, over);
        let name = member.get("reference").and_then(Value::as_str).unwrap_or_default().to_owned();
        let fresh = self.people.insert((organization.to_string(), name.clone()));
        if fresh && member.get("coverages").is_none() {
            let usual = json!([{"payer": PAYER, "member_number": number_of(&name),
                "from": LONG_AGO}]);
            lay(&mut member, json!({"coverages": usual}));
        }
        if member.get("address") == Some(&json!(false)) {
            lay(&mut member, json!({"address": Value::Null}));
        }
        let member: MemberDraft = draft("roster", member)?;
        let data = member.parse().map_err(|f| faults("roster", f))?;
        self.load(File::Members(vec![Row { line: 1, data: (organization.clone(), data) }])).await
    }

    /// Adds or changes a coverage.
    pub(super) async fn cover(
        &mut self,
        organization: &Key,
        table: &toml::Table,
    ) -> Result<(), Trouble> {
        let (member, table) = self.whose(organization, table).await?;
        let mut coverage = json!({"payer": PAYER, "member_number": number_of(&member)});
        lay(&mut coverage, table);
        let coverage: CoverageDraft = draft("cover", coverage)?;
        let data = coverage.parse().map_err(|f| faults("cover", f))?;
        let reference = Reference::parse(&member).map_err(|e| e.0)?;
        let row = Row { line: 1, data: (organization.clone(), (reference, data)) };
        self.load(File::Coverages(vec![row])).await
    }

    /// Adds or changes what is on record of a member.
    pub(super) async fn record(
        &mut self,
        organization: &Key,
        what: &'static str,
        table: &toml::Table,
    ) -> Result<(), Trouble> {
        let (member, table) = self.whose(organization, table).await?;
        let mut record = match what {
            "enroll" => json!({"reference": "E1", "kind": "episode"}),
            "consent" => json!({"reference": "C1", "recipient": PAYER, "purposes": ["payment"],
                "obtained": "paper"}),
            _ => json!({"payer": PAYER}),
        };
        lay(&mut record, json!({"member": member}));
        lay(&mut record, table);
        let owner = organization.clone();
        let bad = |f| faults(what, f);
        let file = match what {
            "enroll" => {
                let data = draft::<EpisodeDraft>(what, record)?.parse().map_err(bad)?;
                File::Episodes(vec![Row { line: 1, data: (owner, data) }])
            }
            "consent" => {
                let data = draft::<ConsentDraft>(what, record)?.parse().map_err(bad)?;
                File::Consents(vec![Row { line: 1, data: (owner, data) }])
            }
            "approve" => {
                let data = draft::<AuthorizationDraft>(what, record)?.parse().map_err(bad)?;
                File::Authorizations(vec![Row { line: 1, data: (owner, data) }])
            }
            _ => {
                let data = draft::<OpeningDraft>(what, record)?.parse().map_err(bad)?;
                File::Openings(vec![Row { line: 1, data: (owner, data) }])
            }
        };
        self.load(file).await
    }

    /// The member that a fact is of, added when new, and the fact without the name.
    async fn whose(
        &mut self,
        organization: &Key,
        table: &toml::Table,
    ) -> Result<(String, Value), Trouble> {
        let mut fact = document(table);
        let name = fact.as_object_mut().and_then(|t| t.shift_remove("member"));
        let name = name.and_then(|n| n.as_str().map(str::to_owned));
        let name = name.unwrap_or_else(|| "M1".to_owned());
        self.member(organization, &name).await?;
        Ok((name, fact))
    }

    async fn load(&self, file: File) -> Result<(), Trouble> {
        bulk::load(&self.ctx, file).await.map(|_| ()).map_err(|e| told(&e))
    }
}

/// Lays a change over a pack and takes out what is to be removed.
fn bend(pack: &mut Value, change: &toml::Table, gone: &[String]) -> Result<(), Trouble> {
    for path in gone {
        if !remove(pack, path) {
            return Err(format!("remove: the pack has no `{path}`"));
        }
    }
    lay(pack, document(change));
    Ok(())
}

/// States and kinds of the certificates that a pack asks for.
fn certificates(pack: &Pack) -> Vec<(String, String)> {
    let kinds = pack.services.iter().flat_map(|s| &s.certificates).map(Key::to_string);
    let mut kinds: Vec<String> = kinds.collect();
    kinds.sort();
    kinds.dedup();
    kinds.into_iter().map(|kind| (pack.state.to_string(), kind)).collect()
}

/// A member's number at the payer.
fn number_of(member: &str) -> String {
    let letters = member.chars().filter(char::is_ascii_alphanumeric);
    format!("TEST{}", letters.collect::<String>().to_ascii_uppercase())
}

fn faults(what: &str, faults: Vec<Fault>) -> Trouble {
    format!("{what}: {}", told(&AppError::invalid(faults)))
}

/// What the service's doors read out of a table.
fn draft<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, Trouble> {
    serde_json::from_value(value).map_err(|e| format!("{what}: {e}"))
}

/// An NPI out of nine digits: the check digit is Luhn's behind the prefix 80840 (45 CFR 162.406).
fn npi(number: u64) -> String {
    let digits = format!("{number:09}");
    let sum = digits.bytes().rev().enumerate().fold(24, |sum, (place, byte)| {
        let digit = u32::from(byte.saturating_sub(b'0'));
        let twice = if place % 2 == 0 { digit * 2 } else { digit };
        sum + twice / 10 + twice % 10
    });
    format!("{digits}{}", (10 - sum % 10) % 10)
}
