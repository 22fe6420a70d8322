//! An issue as its readers see it now: a payer is not told of people once more when it may be told less of
//! them than when the report was issued (`docs/adr/0144`).

use serde::Serialize;
use serde_json::Value;

use crate::domain::report::issue::{Issue, Shelf};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::idempotent::Reply;
use crate::flow::issues::{self, Seen};
use crate::reports::issue::Manifest;

/// A manifest, as it was written when the report was issued.
#[derive(Serialize)]
pub(super) struct IssueView(Value);

/// As it is shown. Where less may be told now, neither totals and how many rows there were, nor what would
/// give them back: sizes and hashes of the files.
pub(super) fn view(manifest: &Manifest, narrowed: bool) -> Result<IssueView, AppError> {
    let mut told = serde_json::to_value(manifest)
        .map_err(|e| AppError::internal(format!("a manifest cannot be shown: {e}")))?;
    if let Some(told) = told.as_object_mut() {
        told.remove("source");
    }
    if narrowed {
        hide(&mut told, &["totals", "rows"]);
        let files = told.get_mut("files").and_then(Value::as_array_mut);
        for file in files.into_iter().flatten() {
            hide(file, &["bytes", "sha256"]);
        }
    }
    Ok(IssueView(told))
}

fn hide(told: &mut Value, names: &[&str]) {
    for (_, value) in told
        .as_object_mut()
        .into_iter()
        .flatten()
        .filter(|(name, _)| names.contains(&name.as_str()))
    {
        *value = Value::Null;
    }
}

/// Manifests with whether their readers may be told less by now.
pub(super) async fn looked_at(
    ctx: &Ctx,
    issues: &[Issue],
) -> Result<Vec<(Manifest, bool)>, AppError> {
    let manifests = issues.iter().map(Manifest::read).collect::<Result<Vec<_>, _>>()?;
    let of_people = |(issue, manifest): (&Issue, &Manifest)| {
        let payer = issue.payer.filter(|_| manifest.tells_a_payer_of_people())?;
        let seen = Seen { at: manifest.known_at(), narrowings: issue.narrowings };
        Some((payer, issue.organization, seen))
    };
    let walled: Vec<_> = issues.iter().zip(&manifests).map(of_people).collect();
    let mut told =
        issues::narrowed(ctx, walled.iter().flatten().copied().collect()).await?.into_iter();
    let narrowed = |of: Option<_>| of.is_some() && told.next().unwrap_or(true);
    Ok(manifests.into_iter().zip(walled.into_iter().map(narrowed)).collect())
}

/// A manifest with whether its reader may be told less by now.
pub(super) async fn look_at(ctx: &Ctx, issue: &Issue) -> Result<(Manifest, bool), AppError> {
    let found = looked_at(ctx, std::slice::from_ref(issue)).await?.pop();
    found.ok_or_else(|| AppError::internal("an issue has no manifest"))
}

/// The answer to a request that issued a report, which may be a repetition of one of long ago: as it is told
/// now.
pub(super) async fn as_of_now(
    ctx: &Ctx,
    shelf: Shelf,
    mut reply: Reply,
) -> Result<Reply, AppError> {
    let Ok(told) = serde_json::from_str::<Manifest>(&reply.body) else { return Ok(reply) };
    if told.tells_a_payer_of_people() {
        let issue = issues::get(ctx, shelf, told.id).await?;
        if let (manifest, true) = look_at(ctx, &issue).await? {
            reply.body = serde_json::to_string(&view(&manifest, true)?)
                .map_err(|e| AppError::internal(format!("a manifest cannot be shown: {e}")))?;
        }
    }
    Ok(reply)
}
