//! Corrections of encounters, and what they said before.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::encounter_body::{EncounterBody, EncounterPatch};
use super::encounter_view::EncounterView;
use super::encounters::{OfOrganization, parse, tenant};
use super::etag::{self, etag};
use super::merge::MergePatch;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::{Caller, PathId, Query};
use crate::domain::encounter::EncounterData;
use crate::domain::ids::EncounterId;
use crate::error::AppError;
use crate::flow::intake::{Parsed, Reading};
use crate::flow::revise::{PastRevision, revise_row_in};
use crate::flow::{Ctx, Scope, encounters, revise as steps};

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(revise, revisions))]
pub struct Doc;

/// Correct a visit that is on no live claim. Fields that are given replace, `null` clears one that
/// may be left out, all others stay (a merge patch, RFC 7396); `activity` and `service` put each
/// other aside. The reference never changes. What the visit said before is kept, what it drew is
/// given back, and it is decided again at once.
#[utoipa::path(patch, path = "/v1/encounters/{id}", tag = "encounters",
    params(("id" = String, Path, description = "The encounter's id"), OfOrganization,
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    request_body(content((EncounterPatch = "application/merge-patch+json"),
        (EncounterPatch = "application/json"))),
    responses((status = 200, body = EncounterView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
pub(super) async fn revise(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<OfOrganization>,
    patch: MergePatch<EncounterPatch>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    let seen = encounters::get(&ctx, tenant, id.0).await?;
    let from = etag::if_match(&request)?;
    if from != seen.encounter.revision {
        return Err(etag::changed());
    }
    let reading = Reading { local: None, not_after: Some(ctx.now()) };
    let row = corrected(&seen.encounter.data, patch, reading)?;
    let work = ctx.clone();
    let change = move |conn: &mut _| revise_row_in(&work, conn, tenant, id.0, from, &row);
    let revised = ctx.db.write(Scope::Tenant(tenant), change).await?;
    let tag = ("ETag", etag(revised.encounter.revision));
    Ok(HttpResponse::Ok().insert_header(tag).json(EncounterView::recorded(tenant, revised)))
}

/// What the encounter says with the patch applied.
fn corrected(
    data: &EncounterData,
    mut patch: MergePatch<EncounterPatch>,
    reading: Reading,
) -> Result<Parsed, AppError> {
    if patch.patch.get("reference").is_some_and(|r| r != data.reference.as_str()) {
        let message = "the reference of a visit never changes; void it and record it anew.";
        return Err(AppError::field("/reference", message));
    }
    let given = |name: &str| patch.patch.get(name).is_some_and(|value| !value.is_null());
    let (activity, service) = (given("activity"), given("service"));
    let aside = match (activity, service) {
        (true, false) => Some("service"),
        (false, true) => Some("activity"),
        _ => None,
    };
    if let Some(aside) = aside {
        patch.patch.insert(aside.to_owned(), serde_json::Value::Null);
    }
    let current = serde_json::to_value(EncounterBody::of(data))
        .map_err(|e| AppError::internal(e.to_string()))?;
    parse(patch.apply(current)?.0, reading)
}

/// What an encounter said before a revision.
#[derive(Debug, Serialize, ToSchema)]
struct RevisionView {
    /// 1 for what was recorded first.
    revision: i32,
    /// When the next revision took its place.
    replaced_at: String,
    /// The last decision about it.
    decision: String,
    /// What it said, with ids in place of names.
    content: EncounterBody,
}

impl From<PastRevision> for RevisionView {
    fn from(past: PastRevision) -> Self {
        Self {
            revision: past.revision,
            replaced_at: past.replaced_at.to_string(),
            decision: past.decision.to_string(),
            content: EncounterBody::of(&past.data),
        }
    }
}

/// Which revisions are listed.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RevisionsQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What a visit said before it was corrected, oldest first. How it reads now is not among them.
#[utoipa::path(get, path = "/v1/encounters/{id}/revisions", tag = "encounters",
    params(("id" = String, Path, description = "The encounter's id"), RevisionsQuery),
    responses((status = 200, body = PageBody<RevisionView>), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
pub(super) async fn revisions(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<RevisionsQuery>,
) -> Result<HttpResponse, AppError> {
    let query = query.0;
    let tenant = tenant(&ctx, &caller.0, query.organization.as_deref()).await?;
    let of = ("revisions", tenant, id.0);
    let page = Page::new(query.limit, query.cursor.as_deref(), &of)?;
    let after = page.after.map_or(0, |after| i32::try_from(after).unwrap_or(i32::MAX));
    let rows = steps::revisions(&ctx, tenant, id.0, after, page.rows()).await?;
    let body = page.body(rows, |row| i64::from(row.revision), RevisionView::from);
    Ok(HttpResponse::Ok().json(body))
}
