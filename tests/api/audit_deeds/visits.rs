//! Deeds about visits and sessions.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Deed, Deeds};
use crate::world::id;

impl Deeds<'_> {
    /// Visits, and what members allow.
    pub(super) async fn of_visit(&mut self, method: &Method, parts: &[&str]) -> Option<Deed> {
        let post = Method::POST;
        Some(match (method.as_str(), parts) {
            (_, ["encounters"]) => {
                let body = self.visit();
                let deed = self.biller(post, "/v1/encounters", &body, "encounter.record");
                Deed { key: self.w.submitter.clone(), role: "submitter", ..deed }
            }
            (_, ["encounters", "bulk"]) => {
                let body = format!("{}\n{}\n", self.visit(), self.visit());
                let deed =
                    self.biller(post, "/v1/encounters/bulk", &Value::Null, "encounter.record");
                Deed { kind: "application/x-ndjson", body, ..deed }
            }
            ("PATCH", ["encounters", "{id}"]) => {
                let path = format!("/v1/encounters/{}", self.recorded().await);
                let body = json!({"setting": "home"});
                self.biller(Method::PATCH, &path, &body, "encounter.revise")
            }
            (_, ["consents"]) => {
                let body = self.consent();
                self.biller(post, "/v1/consents", &body, "consent.record")
            }
            (_, ["consents", "{id}", "revoke"]) => {
                let body = self.consent();
                let made = self.app.post("/v1/consents", &self.w.biller, &body).await.expect(201);
                let body = json!({"reason": "Marigold asked by telephone"});
                let path = format!("/v1/consents/{}/revoke", id(&made));
                self.biller(post, &path, &body, "consent.revoke")
            }
            (_, ["encounters", "{id}", "void"]) => {
                let path = format!("/v1/encounters/{}/void", self.recorded().await);
                self.biller(
                    post,
                    &path,
                    &json!({"reason": "Marigold came twice"}),
                    "encounter.void",
                )
            }
            (_, ["encounters", "{id}", "decide"]) => {
                let path = format!("/v1/encounters/{}/decide", self.recorded().await);
                self.biller(post, &path, &json!({}), "encounter.decide")
            }
            (_, ["encounters", "{id}", "overrides", ..]) => {
                let encounter = self.unsigned().await;
                let body = json!({"rule": "note.unsigned", "reason": "Marigold has the sheet"});
                let place = format!("/v1/encounters/{encounter}/overrides");
                if parts.len() == 3 {
                    self.biller(post, &place, &body, "encounter.override")
                } else {
                    self.app.post(&place, &self.w.biller, &body).await.expect(201);
                    let place = format!("{place}/revoke");
                    self.biller(post, &place, &body, "encounter.override_revoke")
                }
            }
            _ => return None,
        })
    }

    /// Sessions.
    pub(super) async fn of_session(&mut self, method: &Method, parts: &[&str]) -> Option<Deed> {
        let post = Method::POST;
        Some(match (method.as_str(), parts) {
            (_, ["sessions"]) => {
                let body = self.session();
                self.biller(post, "/v1/sessions", &body, "session.record")
            }
            (_, ["sessions", "bulk"]) => {
                let body = self.session().to_string();
                let deed = self.biller(post, "/v1/sessions/bulk", &Value::Null, "session.record");
                Deed { kind: "application/x-ndjson", body, ..deed }
            }
            ("PATCH", ["sessions", "{id}"]) => {
                let path = format!("/v1/sessions/{}", self.held_session().await);
                self.biller(Method::PATCH, &path, &json!({"size": 4}), "session.revise")
            }
            (_, ["sessions", "{id}", "void"]) => {
                let path = format!("/v1/sessions/{}/void", self.held_session().await);
                self.biller(post, &path, &json!({"reason": "Marigold was ill"}), "session.void")
            }
            _ => return None,
        })
    }
}
