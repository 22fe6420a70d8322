//! Reference data is made, listed, read and changed; a change needs the revision it was made from.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both};
use crate::reference_samples::{
    World, authorization, episode, location, member, npi, organization, payer, peer, pointers,
    world,
};

/// One of each kind, with the path of its list and who makes it.
async fn one_of_each(app: &TestApp, world: &World) -> Vec<(&'static str, Value)> {
    let (biller, admin) = (&world.biller, &world.admin);
    let mut made = Vec::new();
    for (path, key, body) in [
        ("/v1/organizations", admin, organization("third", "live")),
        ("/v1/payers", admin, payer("harbor", false)),
        ("/v1/peers", biller, peer(&npi(1))),
        ("/v1/members", biller, member("M-1", "evergreen", "EVG100")),
        ("/v1/authorizations", biller, authorization("M-1", &world.payer, "A-1")),
        ("/v1/episodes", biller, episode("M-1", &world.payer, "E-1")),
    ] {
        let answer = app.post(path, key, &body).await;
        let body = answer.expect(201);
        assert_eq!(answer.header("etag"), "\"1\"", "{path}");
        let address = format!("{path}/{}", body["id"].as_str().unwrap());
        assert_eq!(answer.header("location"), address);
        made.push((path, body));
    }
    made
}

fn owned(path: &str) -> bool {
    !matches!(path, "/v1/organizations" | "/v1/payers")
}

/// The path as an admin asks for it.
fn admin_path(path: &str, id: &str) -> String {
    let query = if owned(path) { "?organization=river-bend" } else { "" };
    if id.is_empty() { format!("{path}{query}") } else { format!("{path}/{id}{query}") }
}

/// The body of a thing as a PUT takes it: without our ids, and with one change.
fn changed(path: &str, mut body: Value) -> Value {
    fn bare(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.remove("id");
                map.values_mut().for_each(bare);
            }
            Value::Array(list) => list.iter_mut().for_each(bare),
            _ => {}
        }
    }
    bare(&mut body);
    match path {
        "/v1/organizations" | "/v1/payers" => body["name"] = json!("Another Name"),
        "/v1/peers" => body["certificates"][0]["number"] = json!("C-2"),
        "/v1/members" => body["coverages"][0]["product"] = json!("gold"),
        "/v1/episodes" => body["to"] = json!("2026-07-31"),
        _ => body["units"] = json!(240),
    }
    body
}

on_both! {
    async fn what_is_made_can_be_read_listed_and_changed(app: TestApp) {
        let world = world(&app).await;
        for (path, made) in one_of_each(&app, &world).await {
            let id = made["id"].as_str().unwrap();
            let one = admin_path(path, id);
            let answer = app.get(&one, &world.admin).await;
            assert_eq!(answer.expect(200), made, "{path}");
            assert_eq!(answer.header("etag"), "\"1\"");
            let list = app.get(&admin_path(path, ""), &world.admin).await.expect(200);
            assert!(list["items"].as_array().unwrap().contains(&made), "{path}");

            let change = changed(path, made.clone());
            app.put(&one, &world.admin, "", &change).await.problem(428, "precondition_required");
            let none = app.put(&one, &world.admin, "\"7\"", &change).await;
            none.problem(412, "precondition_failed");
            let first = app.put(&one, &world.admin, "\"1\"", &change).await;
            let now = first.expect(200);
            assert_eq!(first.header("etag"), "\"2\"");
            assert_ne!(now, made, "{path}");
            assert_eq!(changed(path, now.clone()), change, "{path}: what was sent is what is there");
            let parts = |v: &Value| v["coverages"][0]["id"].clone();
            assert_eq!(parts(&now), parts(&made), "the same coverage keeps its id");
            // The same change from the old revision came too late; from the new one it is none.
            let late = app.put(&one, &world.admin, "\"1\"", &change).await;
            late.problem(412, "precondition_failed");
            let same = app.put(&one, &world.admin, "\"2\"", &change).await;
            assert_eq!((same.expect(200), same.header("etag")), (now, "\"2\""));
        }
    }

    async fn of_many_changes_at_once_one_wins(app: TestApp) {
        let world = world(&app).await;
        let made = app.post("/v1/peers", &world.biller, &peer(&npi(1))).await.expect(201);
        let path = format!("/v1/peers/{}", made["id"].as_str().unwrap());
        let send = |i: u32| {
            let mut body = peer(&npi(1));
            body["first_name"] = json!(format!("Rosa {}", char::from(b'A' + u8::try_from(i).unwrap())));
            let (app, path, key) = (&app, &path, &world.biller);
            async move { app.put(path, key, "\"1\"", &body).await }
        };
        let answers = futures_util::future::join_all((0..8).map(send)).await;
        let count = |status: u16| answers.iter().filter(|a| a.status.as_u16() == status).count();
        assert_eq!((count(200), count(412)), (1, 7));
    }

    async fn a_natural_key_is_taken_once(app: TestApp) {
        let world = world(&app).await;
        let made = one_of_each(&app, &world).await;
        let again = [
            ("/v1/organizations", &world.admin, organization("third", "test"), "/key"),
            ("/v1/payers", &world.admin, payer("harbor", true), "/key"),
            ("/v1/peers", &world.biller, peer(&npi(1)), "/npi"),
            ("/v1/members", &world.biller, member("M-1", "evergreen", "EVG200"), "/reference"),
            ("/v1/authorizations", &world.biller, authorization("M-1", "evergreen", "a-1"), "/number"),
            ("/v1/episodes", &world.biller, episode("M-1", "evergreen", "E-1"), "/reference"),
        ];
        for ((path, key, body, pointer), (_, first)) in again.iter().zip(&made) {
            let problem = app.post(path, key, body).await.problem(409, "already_exists");
            assert_eq!(pointers(&problem), [*pointer], "{path}");
            // The sentence names the one that is there.
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(first["id"].as_str().unwrap()), "{detail}");
        }
        // Renaming onto a taken key is no way around.
        let other = app.post("/v1/peers", &world.biller, &peer(&npi(2))).await.expect(201);
        let path = format!("/v1/peers/{}", other["id"].as_str().unwrap());
        let taken = app.put(&path, &world.biller, "\"1\"", &peer(&npi(1))).await;
        taken.problem(409, "already_exists");
    }

    async fn what_never_changes_is_told_at_its_field(app: TestApp) {
        let world = world(&app).await;
        let made = one_of_each(&app, &world).await;
        let id = |index: usize| made[index].1["id"].as_str().unwrap().to_owned();
        let mut home = organization("fourth", "test");
        home["locations"] = json!([]);
        let path = format!("/v1/organizations/{}", id(0));
        let problem = app.put(&path, &world.admin, "\"1\"", &home).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/key", "/mode"]);
        let path = format!("/v1/payers/{}", id(1));
        let plan = app.put(&path, &world.admin, "\"1\"", &payer("other", true)).await;
        assert_eq!(pointers(&plan.problem(422, "invalid_input")), ["/key", "/sandbox"]);
        app.post("/v1/members", &world.biller, &member("M-2", "evergreen", "EVG2")).await.expect(201);
        let path = format!("/v1/authorizations/{}", id(4));
        let moved = authorization("M-2", "harbor", "A-1");
        let moved = app.put(&path, &world.biller, "\"1\"", &moved).await;
        assert_eq!(pointers(&moved.problem(422, "invalid_input")), ["/member", "/payer"]);
        let path = format!("/v1/episodes/{}", id(5));
        let moved = app.put(&path, &world.biller, "\"1\"", &episode("M-2", "harbor", "E-1")).await;
        assert_eq!(pointers(&moved.problem(422, "invalid_input")), ["/member"]);
    }

    async fn a_post_with_an_idempotency_key_is_done_once(app: TestApp) {
        let world = world(&app).await;
        let body = member("M-1", "evergreen", "EVG100");
        let first = app.post_once("/v1/members", &world.biller, "once", &body).await;
        let again = app.post_once("/v1/members", &world.biller, "once", &body).await;
        assert_eq!(first.expect(201), again.expect(201));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.header("etag"), "\"1\"");
        let other = member("M-2", "evergreen", "EVG200");
        let reused = app.post_once("/v1/members", &world.biller, "once", &other).await;
        reused.problem(422, "idempotency_key_reused");
    }

    async fn lists_are_filtered_and_paged(app: TestApp) {
        let world = world(&app).await;
        app.post("/v1/payers", &world.admin, &payer("harbor", true)).await.expect(201);
        for i in 0..5 {
            let plan = if i % 2 == 0 { "evergreen" } else { "harbor" };
            let body = member(&format!("M-{i}"), plan, &format!("NUM{i}"));
            app.post("/v1/members", &world.biller, &body).await.expect(201);
            let body = authorization(&format!("M-{i}"), plan, &format!("A-{i}"));
            app.post("/v1/authorizations", &world.biller, &body).await.expect(201);
        }
        let get = async |path: &str| app.get(path, &world.biller).await;
        let count = |answer: Answer| answer.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(count(get("/v1/members?payer=evergreen").await), 3);
        assert_eq!(count(get("/v1/members?payer=harbor&member_number=num1").await), 1);
        assert_eq!(count(get("/v1/members?member_number=NUM9").await), 0);
        assert_eq!(count(get("/v1/members?reference=M-3").await), 1);
        assert_eq!(count(get("/v1/authorizations?payer=harbor").await), 2);
        assert_eq!(count(get("/v1/authorizations?number=A-3").await), 1);
        assert_eq!(count(get("/v1/authorizations?number=A-3&payer=evergreen").await), 0);
        get("/v1/members?payer=nobody").await.problem(404, "not_found");
        get("/v1/members?payr=evergreen").await.problem(400, "invalid_parameter");
        get("/v1/peers?npi=1234567890").await.problem(400, "invalid_parameter");

        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = get(&format!("/v1/members?limit=2{cursor}")).await.expect(200);
            let items = page["items"].as_array().unwrap();
            seen.extend(items.iter().map(|m| m["reference"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["M-0", "M-1", "M-2", "M-3", "M-4"]);
        let member = get("/v1/members?reference=M-3").await.expect(200)["items"][0]["id"].clone();
        let path = format!("/v1/authorizations?member={}", member.as_str().unwrap());
        assert_eq!(count(get(&path).await), 1);
    }

    async fn a_location_from_which_a_contract_bills_stays(app: TestApp) {
        let world = world(&app).await;
        let list = app.get("/v1/organizations?key=river-bend", &world.admin).await.expect(200);
        let path = format!("/v1/organizations/{}", list["items"][0]["id"].as_str().unwrap());
        // Without a contract, locations come and go; the biller may do it.
        let mut body = organization("river-bend", "test");
        body["locations"] = json!([location("main"), location("branch")]);
        let two = app.put(&path, &world.biller, "\"1\"", &body).await.expect(200);
        assert_eq!(two["locations"].as_array().unwrap().len(), 2);
        assert_eq!(two["locations"][0]["key"], "branch");
        app.post("/v1/organizations", &world.biller, &organization("x", "test"))
            .await
            .problem(404, "not_found");
        let pack = crate::reference_samples::file("config/payers/evergreen.toml");
        crate::reference_samples::post_toml(&app, "/v1/packs", &world.admin, pack).await.expect(201);
        let contract = crate::reference_samples::file("fixtures/contracts/river-bend_evergreen.toml");
        let added = crate::reference_samples::post_toml(&app, "/v1/contracts", &world.biller, contract);
        added.await.expect(201);
        body["locations"] = json!([location("branch")]);
        let problem = app.put(&path, &world.biller, "\"2\"", &body).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/locations"]);
        body["locations"] = json!([location("main")]);
        app.put(&path, &world.biller, "\"2\"", &body).await.expect(200);
    }

    async fn the_other_roles_see_no_reference_data(app: TestApp) {
        let world = world(&app).await;
        let made = one_of_each(&app, &world).await;
        let submitter = app.key(Role::Submitter, "river-bend").await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for key in [&submitter, &analyst] {
            for (path, body) in &made {
                let one = format!("{path}/{}", body["id"].as_str().unwrap());
                app.get(path, key).await.problem(404, "not_found");
                app.get(&one, key).await.problem(404, "not_found");
                app.post(path, key, &changed(path, body.clone())).await.problem(404, "not_found");
                let put = app.put(&one, key, "\"1\"", &changed(path, body.clone())).await;
                put.problem(404, "not_found");
            }
            for path in ["/v1/packs", "/v1/contracts"] {
                app.get(path, key).await.problem(404, "not_found");
                app.post(path, key, &json!({})).await.problem(404, "not_found");
            }
        }
        // A biller makes no payers and no packs.
        app.post("/v1/payers", &world.biller, &payer("x", true)).await.problem(404, "not_found");
        app.post("/v1/packs", &world.biller, &json!({})).await.problem(404, "not_found");
        app.get("/v1/payers", &world.biller).await.expect(200);
        // An admin must say whose.
        app.get("/v1/members", &world.admin).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_has_all_of_it() {
    let app = TestApp::sqlite().await;
    let document = app.get("/openapi.json", "").await.expect(200);
    for kind in ["organizations", "payers", "peers", "members", "authorizations"] {
        let (all, one) = (format!("/v1/{kind}"), format!("/v1/{kind}/{{id}}"));
        for (path, method) in [(&all, "post"), (&all, "get"), (&one, "get"), (&one, "put")] {
            assert!(document["paths"][path][method].is_object(), "{method} {path}");
        }
    }
    for kind in ["packs", "contracts"] {
        let content = &document["paths"][format!("/v1/{kind}")]["post"]["requestBody"]["content"];
        assert!(content["application/toml"].is_object(), "{kind}: {content}");
        assert!(content["application/json"].is_object(), "{kind}: {content}");
    }
    let npi = &document["components"]["schemas"]["PeerDraft"]["properties"]["npi"];
    assert!(npi.to_string().contains("1987654328"), "{npi}");
}
