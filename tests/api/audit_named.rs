//! The audit trail names each thing by its id, also where many are changed at once: by a file of reference data, by a
//! grant that shrinks, by a build of a batch.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::again::{grant, record};
use crate::app::{TestApp, on_both};
use crate::changes::{amend, amend_member};
use crate::reference_import::{done, files, refused};
use crate::reference_samples::{npi, world as town};
use crate::world::{self, id, visit};

/// Files of the kinds that [`files`] does not have.
const MORE: [(&str, &str); 4] = [
    ("programs", "organization,key,name,kind,from\nriver-bend,waiver,Waiver,program,2026-01-01\n"),
    (
        "documents",
        "organization,reference,kind,member_reference,from,to\n\
         river-bend,D-1,plan,M-1,2026-01-01,2026-12-31\n",
    ),
    (
        "consents",
        "organization,reference,member_reference,recipient,purposes,services,from,to,obtained,revoked_at\n\
         river-bend,C-1,M-1,evergreen,payment,,2026-01-02,,paper,\n",
    ),
    (
        "opening-balances",
        "organization,member_reference,payer,service,date,units\n\
         river-bend,M-1,evergreen,peer_individual,2026-01-05,3\n",
    ),
];

/// The id of the first thing in a list.
async fn first(app: &TestApp, key: &str, list: &str) -> String {
    id(&app.get(&format!("/v1/{list}"), key).await.expect(200)["items"][0])
}

/// What the trail tells of a thing, oldest first: what was done, to which fields, and what it concerns.
async fn history(app: &TestApp, key: &str, thing: &str) -> Vec<Value> {
    let mut list = world::all(app, &format!("/v1/audit?subject={thing}"), key).await;
    list.reverse();
    list.iter().map(|e| json!([e["action"], e["fields"], e["about"]])).collect()
}

/// Entries beside those of whole files.
fn of_records(app: &TestApp) -> i64 {
    app.database.number("SELECT COUNT(*) FROM audit_entries WHERE action <> 'file.import'")
}

/// A file of each kind, in an order that works.
fn texts() -> Vec<(&'static str, String)> {
    let all = files().into_iter().map(|(kind, text, _)| (kind, text));
    all.chain(MORE.iter().map(|(kind, text)| (*kind, (*text).to_owned()))).collect()
}

on_both! {
    async fn each_record_that_a_file_makes_is_named(app: TestApp) {
        let admin = app.admin_key().await;
        for (kind, text) in texts() {
            done(&app.database, kind, &text);
        }
        let member = first(&app, &admin, "members?organization=river-bend&reference=M-1").await;
        let of_member = json!({"member": member});
        // A location, certificate or coverage is a change of whose it is.
        let made = |what: &str| json!([format!("{what}.create"), [], {}]);
        let part = |what: &str, parts: &str| json!([format!("{what}.change"), [parts], {}]);
        let river = "organization=river-bend";
        for (list, told) in [
            ("organizations?key=river-bend".to_owned(), vec![made("organization"), part("organization", "locations")]),
            ("organizations?key=hill-top".to_owned(), vec![made("organization")]),
            ("payers?key=evergreen".to_owned(), vec![made("payer")]),
            (format!("peers?{river}&npi={}", npi(2)), vec![made("peer"), part("peer", "certificates")]),
            (format!("members?{river}&reference=M-1"), vec![made("member"), part("member", "coverages")]),
            ("members?organization=hill-top&reference=M-1".to_owned(), vec![made("member")]),
            (format!("programs?{river}&key=waiver"), vec![made("program")]),
            (format!("authorizations?{river}&number=A-1"), vec![json!(["authorization.create", [], of_member])]),
            (format!("episodes?{river}&reference=E-1"), vec![json!(["episode.create", [], of_member])]),
            (format!("documents?{river}&reference=D-1"),
                vec![json!(["document.create", [], {"kind": "plan", "member": member}])]),
            (format!("consents?{river}&reference=C-1"), vec![json!(["consent.record", [], of_member])]),
            (format!("opening-balances?{river}"), vec![json!(["opening_balance.create", [], of_member])]),
        ] {
            let thing = first(&app, &admin, &list).await;
            assert_eq!(history(&app, &admin, &thing).await, told, "{list}");
        }
        // One that was made alone is told in the same words.
        let alone = json!({"member": member, "payer": "evergreen", "number": "A-9", "units": 5, "from": "2026-01-01"});
        let alone = world::authorization(&app, &admin, "river-bend", &alone).await;
        assert_eq!(history(&app, &admin, &alone).await, [json!(["authorization.create", [], of_member])]);

        // Beside them there is one entry for the file; it says of several organizations no counts to each.
        let of_files = world::all(&app, "/v1/audit?action=file.import", &admin).await;
        let of = |file: &str| of_files.iter().filter(|e| e["about"]["file"] == file).cloned().collect::<Vec<_>>();
        let peers = of("peers");
        assert_eq!(peers.len(), 1);
        assert_eq!(peers[0]["counts"], json!({"created": 3, "updated": 0, "unchanged": 0}));
        assert_eq!((&peers[0]["subject"], &peers[0]["actor"]), (&Value::Null, &json!("command")));
        let counted: Vec<bool> = of("members").iter().map(|e| e["counts"] != json!({})).collect();
        assert_eq!(counted.iter().filter(|counted| **counted).count(), 1);
        assert_eq!(counted.len(), 3);
        // An organization reads of its own records, and of no other's.
        let biller = app.key(Role::Biller, "river-bend").await;
        let theirs = first(&app, &admin, "members?organization=hill-top&reference=M-1").await;
        assert!(history(&app, &biller, &theirs).await.is_empty());
        assert_eq!(history(&app, &biller, &member).await.len(), 2);
    }

    async fn each_record_that_a_file_changes_is_named_with_its_fields(app: TestApp) {
        let admin = app.admin_key().await;
        for (kind, text) in texts() {
            done(&app.database, kind, &text);
        }
        let river = "organization=river-bend";
        let member = first(&app, &admin, &format!("members?{river}&reference=M-1")).await;
        let revoked = json!({"member": member, "at": "2026-03-01T16:00:00Z"});
        let mut done_to = Vec::new();
        // The first of the one text in a file becomes the other.
        for (kind, from, to, list, told) in [
            ("organizations", "Desk", "Marigold", "organizations?key=river-bend".to_owned(),
                json!(["organization.change", ["contact_name"], {}])),
            ("locations", "Branch", "Marigold", "organizations?key=river-bend".to_owned(),
                json!(["organization.change", ["locations"], {}])),
            ("payers", "Invented", "Marigold", "payers?key=evergreen".to_owned(),
                json!(["payer.change", ["name"], {}])),
            ("peers", "Rosa", "Marigold", format!("peers?{river}&npi={}", npi(1)),
                json!(["peer.change", ["first_name"], {}])),
            ("certificates", "C-1", "MARIGOLD", format!("peers?{river}&npi={}", npi(1)),
                json!(["peer.change", ["certificates"], {}])),
            ("members", "Sam", "Marigold", format!("members?{river}&reference=M-2"),
                json!(["member.change", ["first_name"], {}])),
            ("coverages", "EVG200,2026-01-01,", "EVG200,2026-01-01,2026-12-31", format!("members?{river}&reference=M-2"),
                json!(["member.change", ["coverages"], {}])),
            ("programs", "Waiver", "Marigold", format!("programs?{river}&key=waiver"),
                json!(["program.change", ["name"], {}])),
            ("authorizations", ",120,", ",90,", format!("authorizations?{river}&number=A-1"),
                json!(["authorization.change", ["units"], {}])),
            ("episodes", "2026-06-30", "2026-05-31", format!("episodes?{river}&reference=E-1"),
                json!(["episode.change", ["span"], {}])),
            ("documents", "2026-12-31", "2026-11-30", format!("documents?{river}&reference=D-1"),
                json!(["document.change", ["span"], {}])),
            ("consents", ",paper,", ",paper,2026-03-01T16:00:00Z", format!("consents?{river}&reference=C-1"),
                json!(["consent.revoke", [], revoked])),
            ("opening-balances", ",3\n", ",4\n", format!("opening-balances?{river}"),
                json!(["opening_balance.change", ["units"], {}])),
        ] {
            let text = texts().into_iter().find(|(of, _)| *of == kind).unwrap().1;
            assert!(text.contains(from), "{kind}");
            let (thing, text) = (first(&app, &admin, &list).await, text.replacen(from, to, 1));
            let before = of_records(&app);
            let said = done(&app.database, kind, &text);
            assert!(said.starts_with(&format!("{kind}: 0 created, 1 updated,")), "{said}");
            assert_eq!(history(&app, &admin, &thing).await.last(), Some(&told), "{kind}");
            // Of the rows that say the same nothing is told.
            assert_eq!(of_records(&app), before + 1, "{kind}");
            done_to.push((kind, text));
        }
        let all = "SELECT COUNT(*) FROM audit_entries";
        let before = app.database.number(all);
        for (kind, text) in done_to {
            done(&app.database, kind, &text);
        }
        assert_eq!(app.database.number(all), before, "a file that changes nothing left an entry");
        for word in ["Marigold", "MARIGOLD", "EVG", "Example", "Rosa"] {
            let sql = format!("{all} WHERE detail LIKE '%{word}%' OR subject LIKE '%{word}%'");
            assert_eq!(app.database.number(&sql), 0, "{word}");
        }
    }

    async fn a_long_file_is_told_to_its_last_row_and_a_refused_one_not_at_all(app: TestApp) {
        town(&app).await;
        let row = |seed: u32| format!("river-bend,{},Rosa,Example\n", npi(seed));
        let rows: Vec<String> = (1..=1_005).map(row).collect();
        let text = format!("organization,npi,first_name,last_name\n{}", rows.concat());
        let before = app.database.number("SELECT COUNT(*) FROM audit_entries");
        refused(&app.database, "peers", format!("{text}nobody,{},Rosa,Example\n", npi(2_000)).as_bytes());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM audit_entries"), before);
        done(&app.database, "peers", &text);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM audit_entries"), before + 1_005 + 1);
        let different = "SELECT COUNT(DISTINCT subject) FROM audit_entries WHERE action = 'peer.create'";
        assert_eq!(app.database.number(different), 1_005);
    }

    async fn what_a_smaller_grant_holds_at_once_is_named(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // The free units of the year.
        for day in 1..=6 {
            record(&app, &w, &format!("F-{day}"), &format!("2026-07-0{day}T16:00")).await;
        }
        let grant = grant(&app, &w, "PA-1", 8).await;
        let late = id(&record(&app, &w, "A-2", "2026-07-07T20:00").await);
        let early = id(&record(&app, &w, "A-1", "2026-07-07T16:00").await);
        let path = format!("/v1/authorizations/{grant}?organization=river-bend");
        amend(&app, &w, &path, |a| a["units"] = json!(5)).await;
        let recorded = json!(["encounter.record", [], {}]);
        let again = json!(["encounter.decide", [], {"cause": "authorization_changed"}]);
        assert_eq!(history(&app, &w.admin, &late).await, [recorded.clone(), again]);
        assert_eq!(history(&app, &w.admin, &early).await, [recorded]);
        // Not the worker did it, but who changed the grant.
        let trail = app.get(&format!("/v1/audit?subject={late}"), &w.biller).await.expect(200);
        let newest = &trail["items"][0];
        assert_eq!((&newest["actor"], &newest["role"]), (&json!("key"), &json!("admin")), "{newest}");
        let change = app.get(&format!("/v1/audit?subject={grant}"), &w.biller).await.expect(200);
        assert_eq!(newest["request_id"], change["items"][0]["request_id"], "{change}");
    }

    async fn a_batch_tells_of_what_it_leaves_out(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let visit_of = async |reference: &str, n: usize, day: u32| {
            let start = format!("2026-07-{day:02}T16:00");
            let body = visit(reference, &w.peers[n], &w.members[n], &start);
            id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201))
        };
        let (wrong, good) = (visit_of("V-1", 0, 1).await, visit_of("V-2", 1, 1).await);
        amend_member(&app, &w, 0, |m| m["address"] = Value::Null).await;
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
        let of_batch = async |batch: &str| {
            let trail = app.get(&format!("/v1/audit?subject={batch}"), &w.biller).await.expect(200);
            (trail["items"][0]["action"].clone(), trail["items"][0]["counts"].clone())
        };
        let counts = json!({"claims": 1, "lines": 1, "no_longer_ready": 1});
        assert_eq!(of_batch(&batch).await, (json!("batch.build"), counts));
        let recorded = json!(["encounter.record", [], {}]);
        let again = json!(["encounter.decide", [], {"cause": "member_changed"}]);
        assert_eq!(history(&app, &w.biller, &wrong).await, [recorded.clone(), again]);
        assert_eq!(history(&app, &w.biller, &good).await, std::slice::from_ref(&recorded));
        // The worker finds nothing more to say.
        app.settle().await;
        assert_eq!(history(&app, &w.biller, &wrong).await.len(), 2);
        // Where all stand, nothing is told of it.
        visit_of("V-3", 1, 2).await;
        let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
        assert_eq!(of_batch(&batch).await.1, json!({"claims": 1, "lines": 1}));
        // Where nothing was built, the visit is named all the same.
        let last = visit_of("V-4", 1, 3).await;
        amend_member(&app, &w, 1, |m| m["coverages"][0]["to"] = json!("2026-07-02")).await;
        app.post("/v1/batches", &w.biller, &wanted).await.problem(409, "nothing_ready");
        let again = json!(["encounter.decide", [], {"cause": "member_changed"}]);
        assert_eq!(history(&app, &w.biller, &last).await, [recorded, again]);
    }
}
