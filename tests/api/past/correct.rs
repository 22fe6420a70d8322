//! What an organization corrects of claims that the payer took.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use super::Past;
use crate::app::{Answer, TestApp, send};
use crate::world::{self, Dice, id};

/// A claim that the payer took is replaced or voided; of one that is replaced a visit is changed.
pub(super) async fn correct(app: &TestApp, dice: &mut Dice, past: &Past) -> (&'static str, Answer) {
    let key = &past.world.biller;
    let taken = world::all(app, "/v1/claims?status=accepted", key).await;
    if taken.is_empty() {
        return ("nothing", app.get("/healthz", "").await);
    }
    let claim = dice.pick(&taken);
    let mut body = json!({"reason": "a word of the biller", "payer_control": "ICN1"});
    if dice.roll(3) == 0 {
        body["visits"] = json!(dice.pick(&["void", "bill_again"]));
        return (
            "void claim",
            app.post(&format!("/v1/claims/{}/void", id(claim)), key, &body).await,
        );
    }
    let asked = app.post(&format!("/v1/claims/{}/replace", id(claim)), key, &body).await;
    if asked.status != 200 {
        return ("replace", asked);
    }
    let which = claim["lines"][0]["encounters"][0]["encounter"].as_str().unwrap();
    let path = format!("/v1/encounters/{which}");
    let seen = app.get(&path, key).await.expect(200);
    let end: chrono::DateTime<chrono::FixedOffset> =
        seen["ended_at"].as_str().unwrap().parse().unwrap();
    let mut longer = json!({"ended_at": (end + TimeDelta::minutes(15)).to_rfc3339()});
    // By count and not by dice: the histories stay the ones that they were.
    if past.count.is_multiple_of(2) && seen["mode"] == "in_person" {
        longer["setting"] = json!("community");
    }
    let request = app
        .request(Method::PATCH, &path, key)
        .header("if-match", format!("\"{}\"", seen["revision"]));
    let request = request.header("content-type", "application/merge-patch+json");
    ("amend", send(request.body(longer.to_string())).await)
}
