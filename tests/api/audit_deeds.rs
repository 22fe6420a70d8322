//! For each operation that changes or hands out something, a request that does it, and what the audit
//! trail must say of it.

mod claims;
mod exports;
mod visits;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, send};
use crate::world::{self, World, id, visit};

/// A request that changes or hands out something, and what the trail must say of it.
pub struct Deed {
    pub method: Method,
    pub path: String,
    pub kind: &'static str,
    pub body: String,
    pub action: &'static str,
    pub key: String,
    pub role: &'static str,
}

impl Deed {
    pub async fn send(&self, app: &TestApp, body: &str) -> Answer {
        let request = app.request(self.method.clone(), &self.path, &self.key);
        if self.method == Method::GET {
            return send(request).await;
        }
        let request = request.header("content-type", self.kind).header("if-match", "\"1\"");
        send(request.body(body.to_owned())).await
    }
}

/// Makes deeds, each with things of its own to do it to.
pub struct Deeds<'a> {
    pub app: &'a TestApp,
    pub w: &'a World,
    pub analyst: String,
    pub next: u32,
}

impl Deeds<'_> {
    fn admin(&self, method: Method, path: &str, body: &Value, action: &'static str) -> Deed {
        let (key, path) = (self.w.admin.clone(), path.to_owned());
        let (kind, body) = ("application/json", body.to_string());
        Deed { method, path, kind, body, action, key, role: "admin" }
    }

    fn biller(&self, method: Method, path: &str, body: &Value, action: &'static str) -> Deed {
        let key = self.w.biller.clone();
        Deed { key, role: "biller", ..self.admin(method, path, body, action) }
    }

    fn toml(&self, path: &str, body: String, action: &'static str) -> Deed {
        let kind = "application/toml";
        Deed { kind, body, ..self.admin(Method::POST, path, &Value::Null, action) }
    }

    /// A new visit on a day of its own.
    fn visit(&mut self) -> Value {
        self.next += 1;
        let start = format!("2026-07-{:02}T16:00", self.next);
        visit(&format!("A-{}", self.next), &self.w.peers[0], &self.w.members[0], &start)
    }

    fn session(&mut self) -> Value {
        self.next += 1;
        let (name, day) = (format!("S-{}", self.next), format!("2026-08-{:02}", self.next));
        crate::sessions::session(self.w, &name, &day, 3, &[0])
    }

    async fn held_session(&mut self) -> String {
        let body = self.session();
        id(&self.app.post("/v1/sessions", &self.w.submitter, &body).await.expect(201))
    }

    async fn recorded(&mut self) -> String {
        let body = self.visit();
        id(&self.app.post("/v1/encounters", &self.w.submitter, &body).await.expect(201))
    }

    async fn job(&self) -> String {
        let body = json!({"report": "delivery", "from": "2026-05-01", "to": "2026-05-31"});
        id(&self.app.post("/v1/report-jobs", &self.w.biller, &body).await.expect(202))
    }

    async fn unsigned(&mut self) -> String {
        let mut body = self.visit();
        body["note"] = Value::Null;
        id(&self.app.post("/v1/encounters", &self.w.submitter, &body).await.expect(201))
    }

    async fn batch(&mut self) -> String {
        self.recorded().await;
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        id(&self.app.post("/v1/batches", &self.w.biller, &wanted).await.expect(201))
    }

    /// The first of a list, as it is sent back, with a field changed.
    async fn changed(&self, list: &str, field: &str, value: Value) -> (String, Value) {
        let of = if ["payers", "organizations"].contains(&list) {
            ""
        } else {
            "?organization=river-bend"
        };
        let mut one =
            self.app.get(&format!("/v1/{list}{of}"), &self.w.admin).await.expect(200)["items"][0]
                .clone();
        let path = format!("/v1/{list}/{}{of}", one["id"].as_str().unwrap());
        crate::walls::without_ids(&mut one);
        assert_ne!(one[field], value);
        one[field] = value;
        (path, one)
    }

    /// Reference data: made and changed by admins here.
    async fn of_reference(&mut self, method: &Method, list: &str) -> Option<Deed> {
        let river = "?organization=river-bend";
        Some(match (method.as_str(), list) {
            ("PUT", _) => {
                let (field, value, action) = match list {
                    "organizations" => {
                        ("contact_name", json!("Another desk"), "organization.change")
                    }
                    "payers" => ("name", json!("Another plan"), "payer.change"),
                    "peers" => ("first_name", json!("Marigold"), "peer.change"),
                    "members" => ("first_name", json!("Marigold"), "member.change"),
                    "authorizations" => ("units", json!(4321), "authorization.change"),
                    "episodes" => ("to", json!("2026-11-30"), "episode.change"),
                    "documents" => ("to", json!("2026-11-30"), "document.change"),
                    "opening-balances" => ("units", json!(3), "opening_balance.change"),
                    "programs" => ("name", json!("Marigold house"), "program.change"),
                    _ => return None,
                };
                let (path, mut body) = self.changed(list, field, value).await;
                if list == "opening-balances" {
                    // The member is named once.
                    body.as_object_mut().unwrap().remove("member_number");
                }
                self.admin(Method::PUT, &path, &body, action)
            }
            ("POST", "organizations") => {
                let (_, mut body) = self.changed("organizations", "key", json!("new-town")).await;
                body["name"] = json!("Marigold Town");
                self.admin(Method::POST, "/v1/organizations", &body, "organization.create")
            }
            ("POST", "payers") => {
                let body = json!({"key": "new-plan", "name": "New Plan", "sandbox": true});
                self.admin(Method::POST, "/v1/payers", &body, "payer.create")
            }
            ("POST", "packs") => {
                let text = include_str!("../../config/payers/harbor-light.toml").to_owned();
                self.toml("/v1/packs", text, "pack.add")
            }
            ("POST", "contracts") => {
                world::payer(self.app, &self.w.admin, "lone-mesa").await;
                world::pack(
                    self.app,
                    &self.w.admin,
                    include_str!("../../config/payers/lone-mesa.toml"),
                )
                .await;
                let text = include_str!("../../fixtures/contracts/mesa-voices_lone-mesa.toml");
                let text = text.replace("mesa-voices", "river-bend");
                self.toml(&format!("/v1/contracts{river}"), text, "contract.add")
            }
            ("POST", "peers") => {
                let body = json!({"npi": "1234567893", "first_name": "Marigold", "last_name": "Okafor",
                    "taxonomy": "175T00000X", "certificates": []});
                self.admin(Method::POST, &format!("/v1/peers{river}"), &body, "peer.create")
            }
            ("POST", "members") => {
                let (_, mut body) = self.changed("members", "reference", json!("R-NEW")).await;
                body["coverages"] = json!([]);
                self.admin(Method::POST, &format!("/v1/members{river}"), &body, "member.create")
            }
            ("POST", "authorizations") => {
                let body = json!({"member": self.w.members[0], "payer": "evergreen", "number": "PA-NEW",
                    "units": 7, "from": "2026-07-01", "to": "2026-12-31"});
                self.admin(
                    Method::POST,
                    &format!("/v1/authorizations{river}"),
                    &body,
                    "authorization.create",
                )
            }
            ("POST", "episodes") => {
                let body = json!({"reference": "E-NEW", "member": self.w.members[0], "kind": "enrollment",
                    "from": "2026-01-01", "to": "2026-12-31"});
                self.admin(Method::POST, &format!("/v1/episodes{river}"), &body, "episode.create")
            }
            ("POST", "documents") => {
                let body = json!({"reference": "D-NEW", "member": self.w.members[0], "kind": "plan",
                    "from": "2026-01-01", "to": "2026-12-31"});
                self.admin(Method::POST, &format!("/v1/documents{river}"), &body, "document.create")
            }
            ("POST", "opening-balances") => {
                let body = json!({"member": self.w.members[0], "payer": "evergreen",
                    "service": "peer_individual", "date": "2026-06-30", "units": 2});
                let path = format!("/v1/opening-balances{river}");
                self.admin(Method::POST, &path, &body, "opening_balance.create")
            }
            ("POST", "programs") => {
                let body = json!({"key": "waiver", "name": "Marigold waiver", "kind": "program",
                    "from": "2026-01-01"});
                self.admin(Method::POST, &format!("/v1/programs{river}"), &body, "program.create")
            }
            _ => return None,
        })
    }

    fn consent(&self) -> Value {
        let count = self.app.database.number("SELECT COUNT(*) FROM consents");
        json!({"reference": format!("C-{count}"), "member": self.w.members[0],
            "recipient": "evergreen", "purposes": ["payment"], "from": "2026-07-01", "obtained": "paper"})
    }

    /// The deed of an operation; none for those that change nothing and hand out no file or report.
    /// An operation that is not named here, or among [`exports::READS`], fails the test.
    pub async fn of(&mut self, method: &Method, path: &str) -> Option<Deed> {
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        if method == Method::GET {
            let deed = self.of_export(method, &parts).await;
            assert!(
                deed.is_some() != exports::READS.contains(&path),
                "say in this test whether GET {path} hands out a file or report (docs/audit.md): then \
                 it is a deed and leaves an entry; else it is one of the reads"
            );
            return deed;
        }
        if parts == ["decisions", "preview"] {
            return None;
        }
        let reference = self.of_reference(method, parts[0]).await;
        if reference.is_some() {
            return reference;
        }
        let deed = match parts[0] {
            "sessions" => self.of_session(method, &parts).await,
            "files" => {
                self.next += 1;
                let deed = self.biller(Method::POST, "/v1/files", &Value::Null, "file.receive");
                let body = format!("Marigold was rejected {}", self.next);
                Some(Deed { kind: "application/octet-stream", body, ..deed })
            }
            "reports" | "report-issues" | "report-jobs" | "enrollments" => {
                self.of_export(method, &parts).await
            }
            "batches" => self.of_batch(method, &parts).await,
            "claims" => self.of_claim(&parts).await,
            _ => self.of_visit(method, &parts).await,
        };
        let unknown =
            || format!("say in this test what {method} {path} does, and see that it is audited");
        Some(deed.unwrap_or_else(|| panic!("{}", unknown())))
    }
}
