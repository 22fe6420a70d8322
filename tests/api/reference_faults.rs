//! Bad input is refused with every fault at its place, and nothing is stored.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both, send};
use crate::reference_import::{import, refused};
use crate::reference_samples::{
    authorization, file, location, member, npi, organization, peer, pointers, post_toml, world,
};

on_both! {
    async fn an_organization_is_in_a_street_and_no_box(app: TestApp) {
        let world = world(&app).await;
        let mut home = organization("boxed", "test");
        home["locations"] = json!([location("main"), location("box")]);
        home["locations"][1]["address"]["line1"] = json!("P.O. Box 12");
        let problem = app.post("/v1/organizations", &world.admin, &home).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/locations/1/address/line1"]);
        assert!(problem.to_string().contains("pay_to"), "{problem}");
        home["locations"][1] = location("box");
        home["locations"][1]["address"]["line2"] = json!("Lockbox 12");
        let problem = app.post("/v1/organizations", &world.admin, &home).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/locations/1/address/line2"]);
        let head = "organization,key,name,line1,line2,city,state,zip";
        let row = |line1: &str, line2: &str| format!("river-bend,annex,Annex,{line1},{line2},Spokane,WA,992010001\n");
        for (row, column) in [(row("PO Box 12", ""), "line1"), (row("12 Example Street", "PO Box 12"), "line2")] {
            let said = refused(&app.database, "locations", format!("{head}\n{row}").as_bytes());
            assert!(said.contains(&format!("line 2, {column}:")) && said.contains("pay_to"), "{said}");
        }
    }

    /// One that was stored before boxes were refused: neither the organization nor its file is stuck.
    async fn a_box_that_is_stored_already_stays(app: TestApp) {
        let world = world(&app).await;
        let list = app.get("/v1/organizations?key=river-bend", &world.admin).await.expect(200);
        let path = format!("/v1/organizations/{}", list["items"][0]["id"].as_str().unwrap());
        app.database.execute("UPDATE locations SET line1 = 'PO Box 12', line2 = 'Box 7'");
        let with = |name: &str, line1: &str, line2: &str| {
            let mut home = organization("river-bend", "test");
            home["name"] = json!(name);
            home["locations"][0]["address"]["line1"] = json!(line1);
            home["locations"][0]["address"]["line2"] = json!(line2);
            home
        };
        let stays = with("Another Name", "PO Box 12", "Box 7");
        app.put(&path, &world.admin, "\"1\"", &stays).await.expect(200);
        let mut more = stays.clone();
        more["locations"] = json!([location("annex"), stays["locations"][0]]);
        more["locations"][0]["address"]["line1"] = json!("PO Box 12");
        let (first, second) = ("/locations/0/address/line1", "/locations/0/address/line2");
        for (body, places) in [
            (with("Third", "PO Box 13", "Box 7"), vec![first]), (with("Third", "PO Box 12", "Box 8"), vec![second]),
            (with("Third", "Box 7", "PO Box 12"), vec![first, second]), (more, vec![first]),
        ] {
            let problem = app.put(&path, &world.admin, "\"2\"", &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), places);
        }
        let head = "organization,key,name,npi,line1,line2,city,state,zip\n";
        let row = |name: &str, line1: &str| format!("river-bend,main,{name},,{line1},Box 7,Spokane,WA,992010001\n");
        let bare = "organization,key,name,line1,city,state,zip\nriver-bend,main,Hall,PO Box 12,Spokane,WA,992010001\n";
        for (text, said) in [
            (format!("{head}{}", row("Desk", "PO Box 12")), "locations: 1 unchanged"),
            (format!("{head}{}", row("Hall", "PO Box 12")), "locations: 0 created, 1 updated, 0 unchanged"),
            (bare.to_owned(), "locations: 1 unchanged"),
        ] {
            let output = import(&app.database, "locations", text.as_bytes(), &[]);
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), said);
        }
        let said = refused(&app.database, "locations", format!("{head}{}", row("Hall", "PO Box 13")).as_bytes());
        assert!(said.contains("line 2, line1:") && !said.contains("line2:"), "{said}");
        let street = with("Another Name", "12 Example Street", "Unit 7");
        app.put(&path, &world.admin, "\"3\"", &street).await.expect(200);
    }

    async fn all_faults_are_told_at_once_with_their_pointers(app: TestApp) {
        let world = world(&app).await;
        let mut home = organization("Not A Key", "sometimes");
        home["npi"] = json!("1234567890");
        home["part2"] = json!("perhaps");
        home["locations"] = json!([{ "key": "main", "address": { "line1": "A*B", "zip": "99201" } }]);
        let cases: [(&str, &String, Value, &[&str]); 4] = [
            ("/v1/organizations", &world.admin, home, &[
                "/key", "/locations/0/address/city", "/locations/0/address/line1",
                "/locations/0/address/state", "/locations/0/address/zip", "/locations/0/name",
                "/mode", "/npi", "/part2",
            ]),
            ("/v1/peers", &world.biller, json!({
                "npi": "1234567890", "last_name": "", "certificates": [
                    { "state": "WA", "kind": "cpss", "from": "2026-01-01" },
                    { "state": "ZZ", "kind": "cpss", "from": "2026-13-01" },
                    { "state": "WA", "kind": "cpss", "from": "2026-02-01", "to": "2026-01-01" },
                ]
            }), &[
                "/certificates/1/from", "/certificates/1/state", "/certificates/2/to",
                "/first_name", "/last_name", "/npi",
            ]),
            ("/v1/members", &world.biller, json!({
                "reference": "a b", "birth_date": "1984-02-30", "gender": "X",
                "address": {}, "coverages": [{ "payer": "Evergreen!", "order": 0 }],
            }), &[
                "/address/city", "/address/line1", "/address/state", "/address/zip", "/birth_date",
                "/coverages/0/from", "/coverages/0/member_number", "/coverages/0/order",
                "/coverages/0/payer", "/first_name", "/gender", "/last_name", "/reference",
            ]),
            ("/v1/authorizations", &world.biller, json!({
                "member": "a b", "number": "", "services": ["ok", "Not A Key"], "units": 4_000_000,
            }), &["/from", "/member", "/number", "/payer", "/services/1", "/units"]),
        ];
        for (path, key, body, places) in cases {
            let problem = app.post(path, key, &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), places, "{path}");
            for value in ["1234567890", "A*B", "Evergreen!", "a b"] {
                assert!(!problem.to_string().contains(value), "{path} repeats {value}");
            }
        }
        let list = app.get("/v1/members", &world.biller).await.expect(200);
        assert_eq!(list["items"], json!([]));
    }

    /// A filing clock may run from the day on which a coverage became known.
    async fn a_coverage_does_not_become_known_in_the_future(app: TestApp) {
        let world = world(&app).await;
        let mut body = member("m-1", "evergreen", "E1");
        body["coverages"][0]["known_on"] = json!("2099-01-01");
        let problem = app.post("/v1/members", &world.biller, &body).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/coverages/0/known_on"]);
        body["coverages"][0]["known_on"] = json!("2026-01-31");
        app.post("/v1/members", &world.biller, &body).await.expect(201);
    }

    async fn shapes_that_are_wrong_are_refused(app: TestApp) {
        let world = world(&app).await;
        for (body, pointer) in [
            (json!({ "npi": 1_234_567_893 }), "/npi"),
            (json!({ "npi": npi(1), "nickname": "Rosie" }), "/nickname"),
            (json!({ "certificates": [{ "number": ["C-1"] }] }), "/certificates/0/number"),
            (json!([]), "/npi"),
        ] {
            let problem = app.post("/v1/peers", &world.biller, &body).await.problem(422, "invalid_input");
            let found = pointers(&problem);
            // An empty list is read as an object without fields, or refused as a whole.
            assert!(found.iter().any(|p| p == pointer || p.is_empty()), "{found:?}");
        }
        let broken = app.request(Method::POST, "/v1/peers", &world.biller)
            .header("content-type", "application/json").body("{\"npi\": ");
        send(broken).await.problem(400, "malformed_body");
        let form = app.request(Method::POST, "/v1/packs", &world.admin)
            .header("content-type", "text/plain").body("key = 1");
        send(form).await.problem(415, "unsupported_media_type");
        let bytes = app.request(Method::POST, "/v1/packs", &world.admin)
            .header("content-type", "application/toml").body(b"key = \"\xFF\"".to_vec());
        send(bytes).await.problem(400, "malformed_body");
    }

    async fn lists_without_end_and_repeats_are_refused(app: TestApp) {
        let world = world(&app).await;
        let certificate = |i: u32| json!({ "state": "WA", "kind": format!("k{i}"), "from": "2026-01-01" });
        let mut body = peer(&npi(1));
        body["certificates"] = (0..201).map(certificate).collect();
        let problem = app.post("/v1/peers", &world.biller, &body).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/certificates"]);
        body["certificates"] = json!([certificate(1), certificate(2), certificate(1)]);
        let problem = app.post("/v1/peers", &world.biller, &body).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/certificates/2"]);
        let mut home = organization("third", "test");
        home["locations"] = json!([location("main"), location("main")]);
        let problem = app.post("/v1/organizations", &world.admin, &home).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/locations/1"]);
    }

    async fn coverages_that_do_not_fit_are_told(app: TestApp) {
        let world = world(&app).await;
        app.post("/v1/payers", &world.admin, &crate::reference_samples::payer("harbor", true))
            .await.expect(201);
        app.post("/v1/members", &world.biller, &member("M-1", "evergreen", "EVG100")).await.expect(201);
        let cover = |payer: &str, number: &str, from: &str, to: Option<&str>, order: u8| json!({
            "payer": payer, "member_number": number, "from": from, "to": to, "order": order });
        let mut body = member("M-2", "evergreen", "EVG200");
        for (coverages, places) in [
            // The number is another member's on some of these days.
            (json!([cover("evergreen", "evg100", "2025-01-01", None, 1)]), vec!["/coverages/0/member_number"]),
            // Two at one payer on the same days, whatever the number.
            (json!([cover("evergreen", "EVG2", "2026-01-01", None, 1),
                    cover(&world.payer, "EVG3", "2026-05-01", None, 2)]), vec!["/coverages/1/from"]),
            (json!([cover("evergreen", "EVG2", "2026-01-01", Some("2026-05-01"), 1),
                    cover("evergreen", "EVG2", "2026-05-01", None, 1)]), vec!["/coverages/1/from"]),
            // Two that both pay first.
            (json!([cover("evergreen", "EVG2", "2026-01-01", None, 1),
                    cover("harbor", "HAR2", "2026-05-01", None, 1)]), vec!["/coverages/1/order"]),
            (json!([cover("nobody", "EVG2", "2026-01-01", None, 1),
                    cover("pay_0000000000001", "EVG2", "2026-01-01", None, 1)]),
                vec!["/coverages/0/payer", "/coverages/1/payer"]),
        ] {
            body["coverages"] = coverages;
            let problem = app.post("/v1/members", &world.biller, &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), places);
            assert!(!problem.to_string().to_uppercase().contains("EVG"), "{problem}");
        }
        // One after the other is fine, also for a number that passes on.
        body["coverages"] = json!([
            cover("evergreen", "EVG100", "2024-01-01", Some("2025-12-31"), 1),
            cover("evergreen", "EVG2", "2026-01-01", None, 2),
            cover("harbor", "HAR2", "2026-01-01", None, 1),
        ]);
        app.post("/v1/members", &world.biller, &body).await.expect(201);
        let mut unborn = member("M-3", "evergreen", "EVG300");
        unborn["birth_date"] = json!("2190-01-01");
        let problem = app.post("/v1/members", &world.biller, &unborn).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/birth_date"]);
    }

    async fn of_many_members_with_one_number_one_gets_it(app: TestApp) {
        let world = world(&app).await;
        let send = |i: u32| {
            let body = member(&format!("M-{i}"), "evergreen", "EVG100");
            let (app, key) = (&app, &world.biller);
            async move { app.post("/v1/members", key, &body).await }
        };
        let answers = futures_util::future::join_all((0..8).map(send)).await;
        let count = |status: u16| answers.iter().filter(|a| a.status.as_u16() == status).count();
        assert_eq!((count(201), count(422)), (1, 7));
    }

    async fn an_authorization_names_services_that_the_contract_knows(app: TestApp) {
        let world = world(&app).await;
        app.post("/v1/members", &world.biller, &member("M-1", "evergreen", "EVG100")).await.expect(201);
        let mut body = authorization("M-1", "evergreen", "A-1");
        body["services"] = json!(["peer_individal"]);
        // Without a contract nobody can know.
        app.post("/v1/authorizations", &world.biller, &body).await.expect(201);
        let pack = file("config/payers/evergreen.toml");
        post_toml(&app, "/v1/packs", &world.admin, pack).await.expect(201);
        let text = file("fixtures/contracts/river-bend_evergreen.toml");
        post_toml(&app, "/v1/contracts", &world.biller, text).await.expect(201);
        body["number"] = json!("A-2");
        let problem = app.post("/v1/authorizations", &world.biller, &body).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/services"]);
        assert!(problem.to_string().contains("peer_individual"), "the known ones are told");
        body["services"] = json!(["peer_individual"]);
        app.post("/v1/authorizations", &world.biller, &body).await.expect(201);
    }
}
