//! The people of a case and what is on record of them: brought in by the imports' own steps.

use serde_json::{Value, json};

use super::merge::lay;
use super::words::document;
use super::world::{LONG_AGO, PAYER, Trouble, World, draft, faults, npi, number_of, taken};
use crate::domain::identifiers::{Key, Npi, Reference};
use crate::domain::ids::MemberId;
use crate::flow::Scope;
use crate::flow::reference::bulk::{CertificateRow, File, Row};
use crate::flow::reference::draft::{
    AuthorizationDraft, CertificateDraft, ConsentDraft, CoverageDraft, DocumentDraft, EpisodeDraft,
    MemberDraft, OpeningDraft, PeerDraft,
};
use crate::store;

/// Most peers of a case: so many NPIs are kept free for them.
const MOST_PEERS: u64 = 999_999;

/// The number of a peer, whose NPI follows from it: two names never become one person.
fn number_of_peer(name: &str) -> Result<u64, Trouble> {
    let number = name.strip_prefix('P').filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let number = number.filter(|n| !n.starts_with('0')).and_then(|n| n.parse().ok());
    let number = number.filter(|n| (1..=MOST_PEERS).contains(n));
    number.ok_or_else(|| {
        format!("peer `{name}`: peers are called `P1` to `P{MOST_PEERS}`, a `P` and a number")
    })
}

impl World<'_> {
    /// A peer's NPI; a peer who is named for the first time has every certificate of the pack.
    pub(super) async fn peer(&mut self, organization: &Key, name: &str) -> Result<Npi, Trouble> {
        let text = npi(210_000_000 + number_of_peer(name)?);
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

    /// Changes what is known of a peer.
    pub(super) async fn staff(&mut self, organization: &Key, over: Value) -> Result<(), Trouble> {
        let (name, over) = taken(over, "peer");
        let name = name.unwrap_or_else(|| "P1".to_owned());
        let npi = self.peer(organization, &name).await?;
        let mut peer = json!({"npi": npi.as_str(), "first_name": "Peer", "last_name": name});
        lay(&mut peer, over);
        let peer: PeerDraft = draft("staff", peer)?;
        let data = peer.parse().map_err(|f| faults("staff", f))?;
        self.load(File::Peers(vec![Row { line: 1, data: (organization.clone(), data) }])).await
    }

    /// Adds or changes a document; its people are named as in visits.
    pub(super) async fn document(
        &mut self,
        organization: &Key,
        over: Value,
    ) -> Result<(), Trouble> {
        let (peer, over) = taken(over, "peer");
        let mut document = json!({"reference": "D1"});
        lay(&mut document, over);
        if let Some(member) = document.get("member").and_then(Value::as_str) {
            let member = member.to_owned();
            self.member(organization, &member).await?;
        }
        if let Some(peer) = peer {
            let npi = self.peer(organization, &peer).await?;
            lay(&mut document, json!({"peer": npi.as_str()}));
        }
        let document: DocumentDraft = draft("document", document)?;
        let data = document.parse().map_err(|f| faults("document", f))?;
        self.load(File::Documents(vec![Row { line: 1, data: (organization.clone(), data) }])).await
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
        let row = CertificateRow { peer: npi.clone(), data, stands: true };
        let row = Row { line: 1, data: (organization.clone(), row) };
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
        let (name, fact) = taken(document(table), "member");
        let name = name.unwrap_or_else(|| "M1".to_owned());
        self.member(organization, &name).await?;
        Ok((name, fact))
    }
}
