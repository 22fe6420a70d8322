//! Reference data comes back as it went in, and a row can not point into another tenant.

use std::sync::atomic::{AtomicI64, Ordering};

use peerclaims::domain::authorization::{Authorization, AuthorizationData};
use peerclaims::domain::claim_facts::{MemberFacts, PeerFacts};
use peerclaims::domain::dates::{Instant, Span, parse_date};
use peerclaims::domain::ids::{IdSource, OrganizationId, PayerId};
use peerclaims::domain::member::{Coverage, CoverageData, Member, MemberAddress, MemberData};
use peerclaims::domain::organization::{
    Location, LocationData, Organization, OrganizationData, OrganizationMode, Part2Posture,
    StreetAddress,
};
use peerclaims::domain::payer::{Payer, PayerData};
use peerclaims::domain::peer::{Certificate, CertificateData, Peer, PeerData};
use peerclaims::store::{
    Conn, Db, Scope, StoreError, authorizations, members, organizations, payers, peers,
};

use crate::database::Database;
use crate::on_both_databases;

static MILLIS: AtomicI64 = AtomicI64::new(1_790_000_000_000);

fn id<I: From<peerclaims::domain::ids::Tsid>>() -> I {
    IdSource::new(1).next(MILLIS.fetch_add(1, Ordering::Relaxed))
}

fn now() -> Instant {
    Instant::parse("2026-07-01T10:00:00.123456Z").unwrap()
}

fn span(from: &str, to: Option<&str>) -> Span {
    Span::new(parse_date(from).unwrap(), to.map(|t| parse_date(t).unwrap())).unwrap()
}

/// Does `work` in one write transaction.
fn write<T: Send + 'static>(
    database: &Database,
    work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let db = Db::open(&database.url(), 2).unwrap();
    runtime.block_on(db.write(Scope::Service, work))
}

fn organization(key: &str) -> Organization {
    let address = StreetAddress {
        line1: "12 Example Street".parse().unwrap(),
        line2: None,
        city: "Spokane".parse().unwrap(),
        state: "WA".parse().unwrap(),
        zip: "992010001".parse().unwrap(),
    };
    let location = |key: &str, npi: Option<&str>| Location {
        id: id(),
        data: LocationData {
            key: key.parse().unwrap(),
            name: "Desk".parse().unwrap(),
            npi: npi.map(|n| n.parse().unwrap()),
            address: address.clone(),
        },
    };
    let data = OrganizationData {
        key: key.parse().unwrap(),
        name: "Peña Peer Alliance".parse().unwrap(),
        mode: OrganizationMode::Test,
        npi: "1234567893".parse().unwrap(),
        ein: "911234567".parse().unwrap(),
        taxonomy: "251S00000X".parse().unwrap(),
        zone: "America/Los_Angeles".to_owned().try_into().unwrap(),
        part2: Part2Posture::NotProgram,
        contact_name: "Desk".parse().unwrap(),
        contact_phone: "5095550142".parse().unwrap(),
    };
    let locations = vec![location("branch", Some("1987654328")), location("main", None)];
    Organization { id: id(), revision: 1, data, locations }
}

fn payer(key: &str) -> Payer {
    let name = "Invented Plan".parse().unwrap();
    Payer {
        id: id(),
        revision: 1,
        data: PayerData { key: key.parse().unwrap(), name, sandbox: true },
    }
}

fn peer(npi: &str) -> Peer {
    let certificate = |kind: &str, to| Certificate {
        id: id(),
        data: CertificateData {
            state: "WA".parse().unwrap(),
            kind: kind.parse().unwrap(),
            number: None,
            span: span("2026-01-01", to),
            standing: peerclaims::domain::peer::Standing::Lapsed,
            endorsements: vec!["recovery".parse().unwrap()],
        },
    };
    let data = PeerData {
        claim: PeerFacts::default(),
        npi: npi.parse().unwrap(),
        first_name: "Rosa".parse().unwrap(),
        last_name: "Example".parse().unwrap(),
        taxonomy: "175T00000X".parse().unwrap(),
        birth_date: peerclaims::domain::dates::parse_date("1990-05-05").ok(),
        hired_on: peerclaims::domain::dates::parse_date("2026-01-15").ok(),
    };
    let certificates = vec![certificate("cpss", None), certificate("crm", Some("2026-12-31"))];
    Peer { id: id(), revision: 1, data, certificates }
}

fn member(reference: &str, payer: PayerId, number: &str) -> Member {
    let coverage = |from, to, order, product: Option<&str>| Coverage {
        id: id(),
        data: CoverageData {
            payer,
            member_number: number.parse().unwrap(),
            span: span(from, to),
            order,
            product: product.map(|p| p.parse().unwrap()),
            known_on: None,
        },
    };
    let address = MemberAddress {
        line1: "12 Example Street".parse().unwrap(),
        line2: Some("Unit 3".parse().unwrap()),
        city: "Spokane".parse().unwrap(),
        state: "WA".parse().unwrap(),
        zip: "99201".parse().unwrap(),
    };
    let data = MemberData {
        claim: MemberFacts::default(),
        reference: reference.parse().unwrap(),
        first_name: "Łucja".parse().unwrap(),
        last_name: "Example".parse().unwrap(),
        birth_date: parse_date("1984-02-29").unwrap(),
        gender: "U".parse().unwrap(),
        address: Some(address),
    };
    let coverages = vec![
        coverage("2025-01-01", Some("2025-12-31"), 1, None),
        coverage("2026-01-01", None, 2, Some("gold")),
    ];
    Member { id: id(), revision: 1, data, coverages }
}

/// Two organizations and a payer.
fn base(database: &Database) -> (OrganizationId, OrganizationId, PayerId) {
    let (one, two, plan) =
        (organization("river-bend"), organization("hill-top"), payer("evergreen"));
    let ids = (one.id, two.id, plan.id);
    write(database, move |conn| {
        organizations::insert(conn, &one, now())?;
        organizations::insert(conn, &two, now())?;
        payers::insert(conn, &plan, now())?;
        assert_eq!(organizations::by_id(conn, one.id)?, Some(one.clone()));
        assert_eq!(organizations::by_key(conn, &two.data.key)?, Some(two.clone()));
        assert_eq!(payers::by_key(conn, &plan.data.key)?, Some(plan.clone()));
        let all = organizations::list(conn, None, 10)?;
        assert_eq!(all, [one.clone(), two.clone()]);
        assert_eq!(organizations::list(conn, Some(one.id), 10)?, [two]);
        Ok(())
    })
    .unwrap();
    ids
}

fn rows_come_back_as_they_went_in(database: &Database) {
    let (own, other, plan) = base(database);
    write(database, move |conn| {
        let (rosa, alex) = (peer("1245319599"), member("M-1", plan, "EVG100"));
        peers::insert(conn, own, &rosa, now())?;
        members::insert(conn, own, &alex, now())?;
        assert_eq!(
            peers::by_npis(conn, own, std::slice::from_ref(&rosa.data.npi))?,
            std::slice::from_ref(&rosa)
        );
        assert_eq!(members::by_ids(conn, own, &[alex.id])?, std::slice::from_ref(&alex));
        assert_eq!(members::by_reference(conn, own, &alex.data.reference)?, Some(alex.clone()));
        let number = (plan, "EVG100".parse().unwrap());
        let found = members::by_numbers(conn, own, &[number.clone(), number.clone()])?;
        assert_eq!(found, [(number.clone(), alex.clone())]);

        let data = AuthorizationData {
            member: alex.id,
            payer: plan,
            number: "A-1".parse().unwrap(),
            services: vec!["peer_individual".parse().unwrap()],
            units: u32::MAX,
            span: span("2026-01-01", None),
        };
        let approval = Authorization { id: id(), revision: 1, data };
        authorizations::insert(conn, own, &approval, now())?;
        assert_eq!(
            authorizations::of_members(conn, own, &[alex.id])?,
            std::slice::from_ref(&approval)
        );
        let by_number = authorizations::by_number(conn, own, plan, &approval.data.number)?;
        assert_eq!(by_number, Some(approval.clone()));

        // Nothing of it is another tenant's.
        assert!(peers::by_id(conn, other, rosa.id)?.is_none());
        assert!(members::by_numbers(conn, other, &[number])?.is_empty());
        assert!(members::list(conn, other, &members::Filter::default(), None, 10)?.is_empty());
        assert!(authorizations::of_members(conn, other, &[alex.id])?.is_empty());
        assert!(!peers::update(conn, other, &rosa, now())?);
        assert!(!members::update(conn, other, &alex, now())?);
        assert!(!authorizations::update(conn, other, &approval, now())?);
        Ok(())
    })
    .unwrap();
}

fn a_change_needs_the_revision_and_keeps_the_parts(database: &Database) {
    let (own, _, plan) = base(database);
    write(database, move |conn| {
        let mut alex = member("M-1", plan, "EVG100");
        members::insert(conn, own, &alex, now())?;
        let kept = alex.coverages.pop().unwrap();
        let mut fresh = kept.clone();
        fresh.id = id();
        fresh.data.span = span("2024-01-01", Some("2024-12-31"));
        alex.coverages = vec![fresh, kept];
        alex.coverages[1].data.product = None;
        alex.data.address = None;
        assert!(members::update(conn, own, &alex, now())?);
        assert!(!members::update(conn, own, &alex, now())?, "it stands at revision 2 now");
        alex.revision = 2;
        assert_eq!(members::by_id(conn, own, alex.id)?, Some(alex));

        let mut rosa = peer("1245319599");
        peers::insert(conn, own, &rosa, now())?;
        rosa.certificates.remove(0);
        rosa.certificates[0].data.number = Some("C-1".parse().unwrap());
        assert!(peers::update(conn, own, &rosa, now())?);
        rosa.revision = 2;
        assert_eq!(peers::by_id(conn, own, rosa.id)?, Some(rosa));

        let mut home = organizations::by_id(conn, own)?.unwrap();
        home.locations.remove(0);
        home.locations[0].data.npi = Some("1987654328".parse().unwrap());
        assert!(organizations::update(conn, &home, now())?);
        home.revision = 2;
        assert_eq!(organizations::by_id(conn, own)?, Some(home));
        Ok(())
    })
    .unwrap();
}

fn references_into_another_tenant_are_refused(database: &Database) {
    let (own, other, plan) = base(database);
    let (rosa, alex) = (peer("1245319599"), member("M-1", plan, "EVG100"));
    let (theirs, their_member) = (rosa.clone(), alex.clone());
    write(database, move |conn| {
        peers::insert(conn, own, &theirs, now())?;
        members::insert(conn, own, &their_member, now())
    })
    .unwrap();
    let data = AuthorizationData {
        member: alex.id,
        payer: plan,
        number: "A-1".parse().unwrap(),
        services: Vec::new(),
        units: 1,
        span: span("2026-01-01", None),
    };
    let approval = Authorization { id: id(), revision: 1, data };
    let crossed =
        write(database, move |conn| authorizations::insert(conn, other, &approval, now()));
    assert!(matches!(crossed, Err(StoreError::Conflict { .. })), "{crossed:?}");
    let (tenant, peer, member, plan) =
        (other.as_i64(), rosa.id.as_i64(), alex.id.as_i64(), plan.as_i64());
    for (table, sql) in [
        (
            "certificates",
            format!(
                "INSERT INTO certificates (organization_id, id, peer_id, state, kind, valid_from) \
             VALUES ({tenant}, 7, {peer}, 'WA', 'other', '2026-01-01')"
            ),
        ),
        (
            "coverages",
            format!(
                "INSERT INTO coverages (organization_id, id, member_id, payer_id, member_number, \
             valid_from, pay_order) VALUES ({tenant}, 7, {member}, {plan}, 'X1', '2026-01-01', 1)"
            ),
        ),
    ] {
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| database.execute(&sql)));
        assert!(outcome.is_err(), "{table} took a reference into another tenant");
        // The same with the right tenant is fine: it was the reference that was refused.
        database.execute(&sql.replacen(&format!("({tenant},"), &format!("({},", own.as_i64()), 1));
    }
}

/// A natural key is one thing's only, told as a conflict that names the table and no value.
fn natural_keys_are_unique(database: &Database) {
    let (own, other, plan) = base(database);
    let taken = |result: Result<(), StoreError>, table: &str| {
        let error = result.unwrap_err();
        assert!(error.conflicts_on(table), "{error:?}");
        assert!(!error.to_string().contains("EVG"), "{error:?}");
    };
    write(database, move |conn| {
        peers::insert(conn, own, &peer("1245319599"), now())?;
        peers::insert(conn, other, &peer("1245319599"), now())?;
        members::insert(conn, own, &member("M-1", plan, "EVG100"), now())
    })
    .unwrap();
    taken(
        write(database, |c| organizations::insert(c, &organization("hill-top"), now())),
        "organizations",
    );
    taken(write(database, |c| payers::insert(c, &payer("evergreen"), now())), "payers");
    taken(write(database, move |c| peers::insert(c, own, &peer("1245319599"), now())), "peers");
    let twin = member("M-1", plan, "EVG200");
    taken(write(database, move |c| members::insert(c, own, &twin, now())), "members");
}

/// More than one chunk, and pages that join to the whole.
fn many_rows_go_in_chunks_and_out_in_pages(database: &Database) {
    let (own, _, plan) = base(database);
    write(database, move |conn| {
        let all: Vec<Member> =
            (0..1_203).map(|i| member(&format!("M-{i}"), plan, &format!("EVG{i:05}"))).collect();
        members::insert_all(conn, own, &all, now())?;
        let references: Vec<_> = all.iter().map(|m| m.data.reference.clone()).collect();
        assert_eq!(members::by_references(conn, own, &references)?.len(), all.len());
        let numbers: Vec<_> =
            all.iter().map(|m| (plan, m.coverages[0].data.member_number.clone())).collect();
        assert_eq!(members::by_numbers(conn, own, &numbers)?.len(), all.len());
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let filter = members::Filter { payer: Some(plan), member_number: None };
            let page = members::list(conn, own, &filter, after, 500)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen.extend(page);
        }
        assert_eq!(seen, all);
        Ok(())
    })
    .unwrap();
}

on_both_databases! {
    rows_come_back_as_they_went_in
    a_change_needs_the_revision_and_keeps_the_parts
    references_into_another_tenant_are_refused
    natural_keys_are_unique
    many_rows_go_in_chunks_and_out_in_pages
}
