//! Deeds about claims and their batches.

use reqwest::Method;
use serde_json::json;

use super::{Deed, Deeds};
use crate::world::id;

impl Deeds<'_> {
    /// Claims that the payer has.
    pub(super) async fn of_claim(&mut self, parts: &[&str]) -> Option<Deed> {
        let ["claims", "{id}", step] = parts else { return None };
        // A batch of corrections may come first.
        let path = loop {
            let batch = self.batch().await;
            let release = format!("/v1/batches/{batch}/release");
            self.app.act(&release, &self.w.biller).await.expect(200);
            let list = self.app.get(&format!("/v1/claims?batch={batch}"), &self.w.biller).await;
            let first = list.expect(200)["items"][0].clone();
            if ["1", "original"].contains(&first["frequency"].as_str().unwrap()) {
                break format!("/v1/claims/{}", id(&first));
            }
        };
        let body = json!({"reason": "a word of Marigold", "payer_control": "ICN-1"});
        let (body, action) = match *step {
            "replace" => (body, "claim.replace"),
            "void" => (body, "claim.void"),
            "taken" => {
                let asked = self.app.post(&format!("{path}/void"), &self.w.biller, &body).await;
                asked.expect(200);
                let batch = self.batch().await;
                let release = format!("/v1/batches/{batch}/release");
                self.app.act(&release, &self.w.biller).await.expect(200);
                let list = self.app.get(&format!("/v1/claims?batch={batch}"), &self.w.biller).await;
                let void = id(&list.expect(200)["items"][0]);
                let body = json!({"evidence": "a word of Marigold"});
                let path = format!("/v1/claims/{void}/taken");
                return Some(self.biller(Method::POST, &path, &body, "claim.taken"));
            }
            _ => {
                let asked = self.app.post(&format!("{path}/void"), &self.w.biller, &body).await;
                asked.expect(200);
                (json!({}), "claim.keep")
            }
        };
        Some(self.biller(Method::POST, &format!("{path}/{step}"), &body, action))
    }

    /// Batches.
    pub(super) async fn of_batch(&mut self, method: &Method, parts: &[&str]) -> Option<Deed> {
        let post = Method::POST;
        Some(match (method.as_str(), parts) {
            (_, ["batches"]) => {
                self.recorded().await;
                let body = json!({"payer": "evergreen", "through": "2026-07-31"});
                self.biller(post, "/v1/batches", &body, "batch.build")
            }
            (_, ["batches", "{id}", step @ ("release" | "withdraw")]) => {
                let path = format!("/v1/batches/{}/{step}", self.batch().await);
                let action = if *step == "release" { "batch.release" } else { "batch.withdraw" };
                self.biller(post, &path, &json!({}), action)
            }
            (_, ["batches", "{id}", "delivered"]) => {
                let batch = self.batch().await;
                self.app
                    .act(&format!("/v1/batches/{batch}/release"), &self.w.biller)
                    .await
                    .expect(200);
                let body = json!({"how": "portal of Marigold", "to": "intake"});
                self.biller(post, &format!("/v1/batches/{batch}/delivered"), &body, "batch.deliver")
            }
            _ => return None,
        })
    }
}
