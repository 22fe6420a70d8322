//! The world of a case: a database of its own with organizations, people, a payer, a pack and a
//! contract, all brought in by the steps that imports and the API use. People appear when they are
//! first named.

use std::collections::{HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::merge::{lay, remove};
use super::play::Ending;
use super::words::{Amendment, CaseFile, document};
use crate::domain::contract::Pack;
use crate::domain::dates::Zone;
use crate::domain::identifiers::Key;
use crate::domain::ids::{ContractVersionId, OrganizationId, PayerId};
use crate::error::{AppError, Fault};
use crate::flow::reference::bulk::{self, Columns, File, Row};
use crate::flow::reference::draft::{LocationDraft, OrganizationDraft, PayerDraft, ProgramDraft};
use crate::flow::reference::{Document, contracts, packs};
use crate::flow::{Ctx, Scope};
use crate::store;

/// The organization when none is named.
const ORGANIZATION: &str = "org";
/// The payer of the contract.
pub(super) const PAYER: &str = "payer";
/// From when people, coverages and contracts are there, unless the case says otherwise.
pub(super) const LONG_AGO: &str = "2020-01-01";
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
    pub(super) certificates: Vec<(String, String)>,
    pub(super) people: HashSet<(String, String)>,
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
            let brought = world.bring_contract(Some(name), &first, &document(&case.contract)).await;
            brought.map_err(|ending| match ending {
                Ending::Refused(error) => format!("contract: {}", told(&error)),
                Ending::Trouble(trouble) => trouble,
            })?;
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
    ) -> Result<(), Ending> {
        let (key, tenant) = self.tenant(by)?;
        let mut pack = self.pack.clone();
        bend(&mut pack, &amendment.change, &amendment.remove)?;
        self.packs += 1;
        lay(&mut pack, json!({"pack": {"version": format!("v{}", self.packs)}}));
        let pack = packs::parse(&Document::Json(pack))?;
        self.certificates = certificates(&pack);
        let named = format!("{}@{}", pack.key, pack.version);
        let services: Vec<Value> = pack.services.iter().map(|s| json!(s.key.as_str())).collect();
        let ctx = self.ctx.clone();
        let add = move |conn: &mut _| packs::create(conn, &ctx, pack);
        self.ctx.db.write(Scope::Service, add).await?;
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
        let added = added?;
        self.versions.entry(tenant).or_default().push(added.version.head.id);
        Ok(())
    }

    pub(super) async fn load(&self, file: File) -> Result<(), Trouble> {
        let loaded = bulk::load(&self.ctx, file, Columns::All, Vec::new()).await;
        loaded.map(|_| ()).map_err(|e| told(&e))
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

/// A name taken out of a fact, and the fact without it.
pub(super) fn taken(mut fact: Value, key: &str) -> (Option<String>, Value) {
    let name = fact.as_object_mut().and_then(|t| t.shift_remove(key));
    (name.and_then(|n| n.as_str().map(str::to_owned)), fact)
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
pub(super) fn number_of(member: &str) -> String {
    let letters = member.chars().filter(char::is_ascii_alphanumeric);
    format!("TEST{}", letters.collect::<String>().to_ascii_uppercase())
}

pub(super) fn faults(what: &str, faults: Vec<Fault>) -> Trouble {
    format!("{what}: {}", told(&AppError::invalid(faults)))
}

/// What the service's doors read out of a table.
pub(super) fn draft<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, Trouble> {
    serde_json::from_value(value).map_err(|e| format!("{what}: {e}"))
}

/// An NPI out of nine digits: the check digit is Luhn's behind the prefix 80840 (45 CFR 162.406).
pub(super) fn npi(number: u64) -> String {
    let digits = format!("{number:09}");
    let sum = digits.bytes().rev().enumerate().fold(24, |sum, (place, byte)| {
        let digit = u32::from(byte.saturating_sub(b'0'));
        let twice = if place % 2 == 0 { digit * 2 } else { digit };
        sum + twice / 10 + twice % 10
    });
    format!("{digits}{}", (10 - sum % 10) % 10)
}
