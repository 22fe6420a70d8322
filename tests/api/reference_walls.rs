//! What is another tenant's does not exist.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::reference_samples::{
    authorization, episode, file, member, npi, organization, peer, pointers, post_toml, world,
};

on_both! {
    async fn another_tenants_ids_are_404_everywhere(app: TestApp) {
        let world = world(&app).await;
        let stranger = app.key(Role::Biller, "hill-top").await;
        let pack = file("config/payers/evergreen.toml");
        post_toml(&app, "/v1/packs", &world.admin, pack).await.expect(201);
        let text = file("fixtures/contracts/river-bend_evergreen.toml");
        let contract = post_toml(&app, "/v1/contracts", &world.biller, text).await.expect(201);
        let mut things = vec![("/v1/contracts", contract, Value::Null)];
        for (path, body) in [
            ("/v1/peers", peer(&npi(1))),
            ("/v1/members", member("M-1", "evergreen", "EVG100")),
            ("/v1/authorizations", authorization("M-1", "evergreen", "A-1")),
            ("/v1/episodes", episode("M-1", "evergreen", "E-1")),
        ] {
            let made = app.post(path, &world.biller, &body).await.expect(201);
            things.push((path, made, body));
        }
        let home = app.get("/v1/organizations", &world.biller).await.expect(200);
        assert_eq!(home["items"].as_array().unwrap().len(), 1, "a biller sees its own only");
        let home = home["items"][0].clone();
        assert_eq!(home["key"], "river-bend");
        things.push(("/v1/organizations", home, organization("river-bend", "test")));

        for (path, made, body) in &things {
            let id = made["id"].as_str().unwrap();
            let one = format!("{path}/{id}");
            app.get(&one, &world.biller).await.expect(200);
            let (prefix, _) = id.split_once('_').unwrap();
            let nobody = format!("{path}/{prefix}_0000000000001");
            let forged = format!("{path}/{prefix}_UUUUUUUUUUUUU");
            for unseen in [&one, &nobody, &forged, &format!("{path}/{}", "%27--")] {
                let seen = app.get(unseen, &stranger).await.problem(404, "not_found");
                assert!(!seen.to_string().contains(id), "{seen}");
                if !body.is_null() {
                    // Whatever else is wrong with the request: it does not exist.
                    for etag in ["\"1\"", ""] {
                        app.put(unseen, &stranger, etag, body).await.problem(404, "not_found");
                    }
                }
            }
            // Nor does it by naming the owner, nor for an admin who names another one.
            if *path != "/v1/organizations" {
                let named = format!("{one}?organization=river-bend");
                app.get(&named, &stranger).await.problem(404, "not_found");
                app.get(&named, &world.admin).await.expect(200);
                let other = format!("{one}?organization=hill-top");
                app.get(&other, &world.admin).await.problem(404, "not_found");
                let list = app.get(path, &stranger).await.expect(200);
                assert_eq!(list["items"], json!([]), "{path}");
                let list = format!("{path}?organization=river-bend");
                app.get(&list, &stranger).await.problem(404, "not_found");
                app.post(&list, &stranger, body).await;
            }
        }
        // Nothing was changed by all this.
        for (path, made, _) in things.iter().skip(1) {
            let one = format!("{path}/{}", made["id"].as_str().unwrap());
            assert_eq!(&app.get(&one, &world.biller).await.expect(200), made);
        }
    }

    async fn another_tenants_member_cannot_be_named(app: TestApp) {
        let world = world(&app).await;
        let stranger = app.key(Role::Biller, "hill-top").await;
        let body = member("M-1", "evergreen", "EVG100");
        let made = app.post("/v1/members", &world.biller, &body).await.expect(201);
        for name in [made["id"].as_str().unwrap(), "M-1"] {
            let body = authorization(name, "evergreen", "A-1");
            let problem =
                app.post("/v1/authorizations", &stranger, &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), ["/member"]);
        }
        let list = format!("/v1/authorizations?member={}", made["id"].as_str().unwrap());
        assert_eq!(app.get(&list, &stranger).await.expect(200)["items"], json!([]));
        // The same person on another roster, under the same number, is nobody's business.
        app.post("/v1/members", &stranger, &body).await.expect(201);
    }

    async fn another_tenants_contract_cannot_be_added(app: TestApp) {
        let world = world(&app).await;
        let stranger = app.key(Role::Biller, "hill-top").await;
        let pack = file("config/payers/evergreen.toml");
        post_toml(&app, "/v1/packs", &world.admin, pack).await.expect(201);
        let text = file("fixtures/contracts/river-bend_evergreen.toml");
        let refused = post_toml(&app, "/v1/contracts", &stranger, text.clone()).await;
        assert_eq!(pointers(&refused.problem(422, "invalid_input")), ["/contract/organization"]);
        let named = post_toml(&app, "/v1/contracts?organization=river-bend", &stranger, text).await;
        named.problem(404, "not_found");
        let list = app.get("/v1/contracts", &world.biller).await.expect(200);
        assert_eq!(list["items"], json!([]));
    }
}
