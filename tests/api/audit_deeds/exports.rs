//! Deeds that hand out something, and the reads that hand out nothing of which an entry is made.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Deed, Deeds};
use crate::world::{self, id};

/// Reads that leave no entry (docs/audit.md): single things and lists. A list that can be had as a table too is not
/// here but a deed below, with that form.
pub const READS: &[&str] = &[
    "/v1/audit",
    "/v1/authorizations",
    "/v1/authorizations/{id}",
    "/v1/batches",
    "/v1/batches/{id}",
    "/v1/claims",
    "/v1/claims/{id}",
    "/v1/consents",
    "/v1/consents/{id}",
    "/v1/contracts",
    "/v1/contracts/{id}",
    "/v1/corrections",
    "/v1/decisions/changes",
    "/v1/documents",
    "/v1/documents/{id}",
    "/v1/encounters",
    // The columns of a file to be filled; it holds nothing.
    "/v1/encounters/template.csv",
    "/v1/encounters/{id}",
    "/v1/encounters/{id}/explanation",
    "/v1/encounters/{id}/overrides",
    "/v1/encounters/{id}/revisions",
    "/v1/episodes",
    "/v1/episodes/{id}",
    "/v1/files",
    "/v1/files/{id}",
    "/v1/members",
    "/v1/members/{id}",
    "/v1/members/{id}/allowances",
    "/v1/opening-balances",
    "/v1/opening-balances/{id}",
    "/v1/organizations",
    "/v1/organizations/{id}",
    "/v1/packs",
    "/v1/packs/{id}",
    "/v1/payers",
    "/v1/payers/{id}",
    "/v1/peers",
    "/v1/peers/{id}",
    "/v1/programs",
    "/v1/programs/{id}",
    // Whether the files of an issue come out the same when they are made again: their hashes, and no rows.
    "/v1/report-issues/{id}/rebuild",
    // What was asked for and how far it is; what it came to is its file.
    "/v1/report-jobs",
    "/v1/report-jobs/{id}",
    // Which reports there are.
    "/v1/reports",
    "/v1/responses",
    "/v1/sessions",
    "/v1/sessions/{id}",
    "/v1/worklist/summary",
];

impl Deeds<'_> {
    /// What hands out a file, a list as a table, or a report.
    pub(super) async fn of_export(&mut self, method: &Method, parts: &[&str]) -> Option<Deed> {
        Some(match (method.as_str(), parts) {
            ("GET", ["batches", "{id}", "837p"]) => {
                let path = format!("/v1/batches/{}/837p", self.batch().await);
                self.biller(Method::GET, &path, &Value::Null, "batch.export_837p")
            }
            ("GET", ["batches", "{id}", "csv"]) => {
                let path = format!("/v1/batches/{}/csv", self.batch().await);
                self.biller(Method::GET, &path, &Value::Null, "batch.export_lines")
            }
            ("GET", ["files", "{id}", "content"]) => {
                let made =
                    world::body(self.app, "/v1/files", &self.w.biller, "text/plain", "Marigold");
                let file = id(&made.await.json()["files"][0]);
                let path = format!("/v1/files/{file}/content");
                self.biller(Method::GET, &path, &Value::Null, "file.export")
            }
            ("GET", ["tasks"]) => {
                let path = "/v1/tasks?format=csv";
                self.biller(Method::GET, path, &Value::Null, "tasks.export")
            }
            ("GET", ["worklist"]) => {
                let path = "/v1/worklist?format=csv";
                self.biller(Method::GET, path, &Value::Null, "worklist.export")
            }
            _ => self.of_report(method, parts).await?,
        })
    }

    /// Reports, what they are compared with, issues and jobs.
    async fn of_report(&mut self, method: &Method, parts: &[&str]) -> Option<Deed> {
        Some(match (method.as_str(), parts) {
            ("GET", ["reports", "lines"]) => {
                let path = "/v1/reports/lines?from=2026-07-01&to=2026-07-31&format=csv";
                self.biller(Method::GET, path, &Value::Null, "report.export")
            }
            ("GET", ["reports", "{name}"]) => {
                let path = "/v1/reports/delivery?from=2026-07-01&to=2026-07-31";
                let deed = self.biller(Method::GET, path, &Value::Null, "report.export");
                Deed { key: self.analyst.clone(), role: "payer_analyst", ..deed }
            }
            ("POST", ["reports", "differences"]) => {
                let path = "/v1/reports/differences?from=2026-07-01&to=2026-07-31&payer=evergreen";
                let body = "claim_number,line_control,service_date,units,charge\n".to_owned();
                let deed = self.biller(Method::POST, path, &Value::Null, "report.differences");
                Deed { kind: "text/csv", body, ..deed }
            }
            ("POST", ["enrollments"]) => {
                let path = "/v1/enrollments?from=2026-07-01&to=2026-07-31";
                let body = "member_number,from,to\nEV1,2026-07-01,2026-07-31\n".to_owned();
                let deed = self.biller(Method::POST, path, &Value::Null, "enrollment.import");
                let deed = Deed { kind: "text/csv", body, ..deed };
                Deed { key: self.analyst.clone(), role: "payer_analyst", ..deed }
            }
            ("POST", ["report-issues"]) => {
                self.next += 1;
                let day = format!("2026-05-{:02}", self.next);
                let body = json!({"report": "delivery", "from": "2026-05-01", "to": day});
                self.biller(Method::POST, "/v1/report-issues", &body, "report.issue")
            }
            ("GET", ["report-issues", "{id}", "file"]) => {
                self.next += 1;
                let day = format!("2026-04-{:02}", self.next);
                let body = json!({"report": "delivery", "from": "2026-04-01", "to": day});
                let made = self.app.post("/v1/report-issues", &self.w.biller, &body).await;
                let path = format!("/v1/report-issues/{}/file", id(&made.expect(201)));
                self.biller(Method::GET, &path, &Value::Null, "report.export_issue")
            }
            ("GET", ["report-issues"] | ["report-issues", "{id}"]) => {
                let day = format!("2026-03-1{}", parts.len());
                let body = json!({"report": "delivery", "from": "2026-03-01", "to": day});
                let made = self.app.post("/v1/report-issues", &self.w.biller, &body).await;
                let path = match (parts.len(), id(&made.expect(201))) {
                    (1, _) => "/v1/report-issues".to_owned(),
                    (_, id) => format!("/v1/report-issues/{id}"),
                };
                self.biller(Method::GET, &path, &Value::Null, "report.read_issue")
            }
            ("POST", ["report-jobs"]) => {
                let body = json!({"report": "delivery", "from": "2026-05-01", "to": "2026-05-02"});
                self.biller(Method::POST, "/v1/report-jobs", &body, "report.job")
            }
            ("GET", ["report-jobs", "{id}", "file"]) => {
                let job = self.job().await;
                crate::report_jobs::make_all(&self.app.ctx).await;
                let path = format!("/v1/report-jobs/{job}/file");
                self.biller(Method::GET, &path, &Value::Null, "report.export_job")
            }
            ("DELETE", ["report-jobs", "{id}"]) => {
                let path = format!("/v1/report-jobs/{}", self.job().await);
                self.biller(Method::DELETE, &path, &json!({}), "report.job_cancel")
            }
            _ => return None,
        })
    }
}
