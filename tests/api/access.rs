//! Who may come in.

use peerclaims::domain::dates::Instant;
use peerclaims::flow::access::{self, NewKey, Role};

use crate::app::{TestApp, on_both, send};

/// A path below /v1 where there is nothing: 404 says that the key was accepted.
const NOWHERE: &str = "/v1/nowhere";

async fn refused(app: &TestApp, key: &str) -> serde_json::Value {
    let answer = app.get(NOWHERE, key).await;
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    let mut problem = answer.problem(401, "unauthorized");
    problem["request_id"] = serde_json::Value::Null;
    problem
}

on_both! {
    async fn a_good_key_comes_in(app: TestApp) {
        app.insert_organization("river-bend");
        app.insert_payer("evergreen");
        for key in [
            app.admin_key().await,
            app.key(Role::Submitter, "river-bend").await,
            app.key(Role::Biller, "river-bend").await,
            app.key(Role::PayerAnalyst, "evergreen").await,
        ] {
            app.get(NOWHERE, &key).await.problem(404, "not_found");
            let caller = access::authenticate(&app.ctx, &key).await.unwrap();
            assert_eq!(caller.organization.is_some(), caller.role.is_of_organization());
            assert_eq!(caller.mode.is_some(), caller.role.is_of_organization());
            assert_eq!(caller.payer.is_some(), caller.role.is_of_payer());
        }
    }

    async fn forged_expired_revoked_and_unknown_keys_get_one_answer(app: TestApp) {
        let good = app.admin_key().await;
        let none = refused(&app, "").await;

        let mut forged = good.clone();
        let last = forged.pop().unwrap();
        forged.push(if last == 'A' { 'E' } else { 'A' });
        assert_eq!(refused(&app, &forged).await, none);
        assert_eq!(refused(&app, "pck_0000000000001_x").await, none);
        let unknown = good.replacen(&good[4..17], "0000000000001", 1);
        assert_eq!(refused(&app, &unknown).await, none);

        let past = Instant::parse("2026-01-01T00:00:00Z").unwrap();
        let expired = NewKey {
            role: Role::Admin,
            organization: None,
            payer: None,
            label: "old".into(),
            expires_at: Some(past),
        };
        let (_, expired) = access::create_key(&app.ctx, expired).await.unwrap();
        assert_eq!(refused(&app, &expired).await, none);

        app.get(NOWHERE, &good).await.problem(404, "not_found");
        let id = access::list_keys(&app.ctx).await.unwrap()[0].id;
        access::revoke_key(&app.ctx, id).await.unwrap();
        access::revoke_key(&app.ctx, id).await.unwrap();
        assert_eq!(refused(&app, &good).await, none);
    }

    async fn secrets_are_not_kept(app: TestApp) {
        let key = app.admin_key().await;
        let secret = &key[18..];
        let listed = format!("{:?}", access::list_keys(&app.ctx).await.unwrap());
        assert!(!listed.contains(secret));
        let length = "SELECT CAST(MAX(LENGTH(hash)) AS BIGINT) AS value FROM api_keys";
        assert_eq!(app.database.number(length), 32);
    }

    async fn a_key_needs_whom_its_role_belongs_to(app: TestApp) {
        app.insert_organization("river-bend");
        for (role, organization, payer) in [
            (Role::Biller, None, None),
            (Role::Admin, Some("river-bend"), None),
            (Role::PayerAnalyst, None, None),
            (Role::PayerAnalyst, Some("river-bend"), None),
            (Role::Biller, Some("nobody"), None),
            (Role::PayerAnalyst, None, Some("nobody")),
        ] {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let (organization, payer) = (own(organization), own(payer));
            let new = NewKey { role, organization, payer, label: "x".into(), expires_at: None };
            assert!(access::create_key(&app.ctx, new.clone()).await.is_err(), "{new:?}");
        }
        assert!(access::list_keys(&app.ctx).await.unwrap().is_empty());
    }

    async fn an_organization_is_named_by_id_or_key(app: TestApp) {
        let own = app.insert_organization("river-bend");
        app.insert_organization("hill-top");
        let admin = access::authenticate(&app.ctx, &app.admin_key().await).await.unwrap();
        let key = app.key(Role::Biller, "river-bend").await;
        let biller = access::authenticate(&app.ctx, &key).await.unwrap();
        let id = access::tenant(&app.ctx, &admin, Some("river-bend")).await.unwrap();
        assert_eq!(id.as_i64(), own);
        let by_id = access::tenant(&app.ctx, &admin, Some(&id.to_string())).await.unwrap();
        assert_eq!(by_id, id);
        assert_eq!(access::tenant(&app.ctx, &biller, Some("river-bend")).await.unwrap(), id);
        assert_eq!(access::tenant(&app.ctx, &biller, None).await.unwrap(), id);
        for unseen in ["hill-top", "nobody", "org_0000000000001", "Not A Key"] {
            let error = access::tenant(&app.ctx, &biller, Some(unseen)).await.unwrap_err();
            assert_eq!(error.code.as_str(), "not_found", "{unseen}");
        }
        assert!(access::tenant(&app.ctx, &admin, Some("nobody")).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_bearer_header_is_read() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    let request = || app.request(reqwest::Method::GET, NOWHERE, "");
    let lower = request().header("authorization", format!("bearer {key}"));
    send(lower).await.problem(404, "not_found");
    for scheme in ["Basic", "Token"] {
        let other = request().header("authorization", format!("{scheme} {key}"));
        send(other).await.problem(401, "unauthorized");
    }
    let bare = request().header("authorization", key.as_str());
    send(bare).await.problem(401, "unauthorized");
    let twice = request().bearer_auth(&key).bearer_auth(&key);
    send(twice).await.problem(401, "unauthorized");
}
