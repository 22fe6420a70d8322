//! Files of peers, matched by NPI, and of certificates, matched by peer, state, kind and first day.

use std::collections::{BTreeMap, HashMap};

use super::{Load, OwnedRow, Row};
use crate::domain::identifiers::Npi;
use crate::domain::peer::{Certificate, CertificateData, Peer};
use crate::error::AppError;
use crate::flow::again::{self, Cause, Touched};
use crate::flow::reference::FIRST;
use crate::flow::reference::draft::{HIRED_BEFORE_BORN, PeerInput};
use crate::flow::reference::peers::{same, touches};
use crate::store::peers as store;

pub(super) fn load(load: &mut Load<'_>, rows: Vec<OwnedRow<PeerInput>>) -> Result<(), AppError> {
    let rows = load.first_of_each(rows, "/npi", |(owner, p)| (owner.clone(), p.data.npi.clone()));
    let now = load.ctx.now();
    for (owner, rows) in load.by_owner(rows)? {
        let npis: Vec<Npi> = rows.iter().map(|r| r.data.data.npi.clone()).collect();
        let mut stored: HashMap<Npi, Peer> = store::by_npis(load.conn, owner, &npis)?
            .into_iter()
            .map(|p| (p.data.npi.clone(), p))
            .collect();
        let (mut fresh, mut touched) = (Vec::new(), Vec::new());
        for Row { line, data: PeerInput { mut data, .. } } in rows {
            let Some(old) = stored.remove(&data.npi) else {
                let (id, certificates) = (load.ctx.id(), Vec::new());
                fresh.push(Peer { id, revision: FIRST, data, certificates });
                load.counts.add(None);
                continue;
            };
            load.columns.peer(&old.data, &mut data);
            if !data.is_ordered() {
                load.refuse(line, "/hired_on", HIRED_BEFORE_BORN);
            }
            let changed = old.data != data;
            if changed {
                let new = Peer { data, ..old.clone() };
                Load::must(store::update(load.conn, owner, &new, now)?)?;
                load.tell(Some(owner), Some(&old), &new)?;
                touched.extend(touches(&old, &new));
            }
            load.counts.add(Some(changed));
        }
        store::insert_all(load.conn, owner, &fresh, now)?;
        load.tell_made(owner, &fresh)?;
        again::mark(load.ctx, load.conn, owner, Cause::Peer, &touched)?;
    }
    Ok(())
}

/// A row of a file of certificates.
#[derive(Debug, Clone)]
pub struct CertificateRow {
    /// Whose.
    pub peer: Npi,
    /// What it says.
    pub data: CertificateData,
    /// Whether it says how the certificate stands. Where it does not, a certificate that is known
    /// stands as before: silence never makes a revoked one good again.
    pub stands: bool,
}

pub(super) fn load_certificates(
    load: &mut Load<'_>,
    rows: Vec<OwnedRow<CertificateRow>>,
) -> Result<(), AppError> {
    let rows = load.first_of_each(rows, "/kind", |(owner, row)| {
        let c = &row.data;
        (owner.clone(), row.peer.clone(), c.state.clone(), c.kind.clone(), c.span.from)
    });
    let now = load.ctx.now();
    for (owner, rows) in load.by_owner(rows)? {
        let npis: Vec<Npi> = rows.iter().map(|r| r.data.peer.clone()).collect();
        let stored = store::by_npis(load.conn, owner, &npis)?;
        // In order of NPI, so that two loads never wait for each other.
        let mut before = stored.clone();
        before.sort_by(|a, b| a.data.npi.cmp(&b.data.npi));
        let mut peers: BTreeMap<Npi, (Peer, bool)> =
            stored.into_iter().map(|p| (p.data.npi.clone(), (p, false))).collect();
        for Row { line, data: CertificateRow { peer, mut data, stands } } in rows {
            let Some((peer, touched)) = peers.get_mut(&peer) else {
                let message = "this organization has no peer with this NPI";
                load.refuse(line, "/peer_npi", message);
                continue;
            };
            let known = peer.certificates.iter_mut().find(|c| same(&c.data, &data));
            if let Some(certificate) = &known {
                load.columns.certificate(&certificate.data, &mut data);
                if !stands {
                    data.standing = certificate.data.standing;
                }
            }
            let changed = known.as_ref().map(|c| c.data != data);
            match known {
                Some(certificate) => certificate.data = data,
                None => peer.certificates.push(Certificate { id: load.ctx.id(), data }),
            }
            *touched |= changed != Some(false);
            load.counts.add(changed);
        }
        for old in &before {
            let Some((new, true)) = peers.get(&old.data.npi) else { continue };
            Load::must(store::update(load.conn, owner, new, now)?)?;
            load.tell(Some(owner), Some(old), new)?;
        }
        let now = |old: &Peer| peers.get(&old.data.npi).and_then(|(new, _)| touches(old, new));
        let touched: Vec<Touched> = before.iter().filter_map(now).collect();
        again::mark(load.ctx, load.conn, owner, Cause::Peer, &touched)?;
    }
    Ok(())
}
