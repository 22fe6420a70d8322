//! Why a visit was decided as it was, step by step.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use super::encounter_view::PreviewView;
use super::encounters::{OfOrganization, tenant};
use super::finding_view::FindingView;
use super::problem::Problem;
use super::{Caller, PathId, Query};
use crate::domain::decision::ENGINE_VERSION;
use crate::domain::ids::EncounterId;
use crate::domain::rules::explain::{Step, differences, every_difference, steps, unknown};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::explain::{Asked, Explanation, Today, changed_facts, explain};

/// What is to be done about a visit on a live claim that would be answered otherwise.
const ON_CLAIM: &str = "It is on a live claim, and stays as it is; /v1/corrections tells what of it would \
                        be billed otherwise today.";

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(explanation))]
pub struct Doc;

/// A decision explained.
#[derive(Debug, Serialize, ToSchema)]
struct ExplanationView {
    /// The encounter.
    encounter: String,
    /// Its current decision.
    decision: String,
    /// 1 for the first.
    sequence: i32,
    /// When it was made.
    as_of: String,
    /// The contract version that it was made under.
    contract_version: Option<String>,
    /// What it says. This stands.
    answer: PreviewView,
    /// Each rule in order, what it looks at, and what it said.
    steps: Vec<StepView>,
    /// Findings of rules that this version of the program does not know any more.
    former_findings: Vec<FindingView>,
    /// The facts that it was made from, as stored.
    #[schema(value_type = Object)]
    facts: Value,
    /// The version of this program's rules.
    engine: String,
    /// Whether these rules say the same of the same facts and terms.
    replay_agrees: bool,
    /// What they say differently; empty when they agree.
    replay_differences: Vec<String>,
    /// What would be said today.
    today: TodayView,
}

/// One rule of the decision.
#[derive(Debug, Serialize, ToSchema)]
struct StepView {
    /// Stable id of the rule.
    #[schema(example = "peer.not_certified")]
    rule: String,
    /// When it speaks.
    says: String,
    /// What it looks at, by name.
    #[schema(example = json!(["encounter.started_at", "facts.certificates"]))]
    looks_at: Vec<String>,
    /// Whether it spoke.
    spoke: bool,
    /// What it said.
    findings: Vec<FindingView>,
}

/// What would be said today.
#[derive(Debug, Default, Serialize, ToSchema)]
struct TodayView {
    /// Whether today's answer would differ; null where it is not asked for. Of a visit on a live claim:
    /// whether it would, were it on none.
    differs: Option<bool>,
    /// Why it is not asked for, or what is done about a difference.
    reason: Option<String>,
    /// What would be said differently, in words.
    differences: Vec<String>,
    /// Names of the facts that are not as they were.
    changed_facts: Vec<String>,
    /// The contract version in force today.
    contract_version: Option<String>,
    /// Today's answer.
    answer: Option<PreviewView>,
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        Self {
            rule: step.rule.as_str().to_owned(),
            says: step.rule.rule().says.to_owned(),
            looks_at: step.looks_at.iter().map(|name| (*name).to_owned()).collect(),
            spoke: !step.findings.is_empty(),
            findings: step.findings.into_iter().map(FindingView::from).collect(),
        }
    }
}

impl TodayView {
    fn not_asked(reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..Self::default() }
    }

    fn of(
        explained: &Explanation,
        asked: &Asked,
        reason: Option<String>,
    ) -> Result<Self, AppError> {
        let differences = differences(&explained.decision.answer, &asked.answer);
        let Asked { version, facts, answer } = asked;
        Ok(Self {
            differs: Some(!differences.is_empty()),
            reason,
            differences,
            changed_facts: changed_facts(&explained.facts, facts)?,
            contract_version: version.map(|v| v.to_string()),
            answer: Some(PreviewView::new(answer.clone())),
        })
    }
}

impl ExplanationView {
    fn of(explained: Explanation) -> Result<Self, AppError> {
        let today = match &explained.today {
            Today::Voided => TodayView::not_asked("It was voided."),
            Today::Claimed(asked) => TodayView::of(&explained, asked, Some(ON_CLAIM.to_owned()))?,
            Today::Answer(asked) => TodayView::of(&explained, asked, None)?,
        };
        let Explanation { encounter, decision, facts, replayed, .. } = explained;
        let facts = serde_json::to_value(&facts).map_err(|e| AppError::internal(e.to_string()))?;
        Ok(Self {
            encounter: encounter.id.to_string(),
            decision: decision.id.to_string(),
            sequence: decision.sequence,
            as_of: decision.as_of.to_string(),
            contract_version: decision.contract_version.map(|v| v.to_string()),
            steps: steps(&decision.answer).into_iter().map(StepView::from).collect(),
            former_findings: unknown(&decision.answer).into_iter().map(FindingView::from).collect(),
            facts,
            engine: ENGINE_VERSION.to_owned(),
            replay_agrees: replayed == decision.answer,
            replay_differences: every_difference(&decision.answer, &replayed),
            answer: PreviewView::new(decision.answer),
            today,
        })
    }
}

/// Why a visit was decided as it was: the stored decision step by step, whether the rules of today
/// say the same of the same facts, and whether today's facts would make it another. Nothing is
/// changed; the stored answer stands.
#[utoipa::path(get, path = "/v1/encounters/{id}/explanation", tag = "encounters",
    params(("id" = String, Path, description = "The encounter's id"), OfOrganization),
    responses((status = 200, body = ExplanationView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
pub(super) async fn explanation(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let explained = explain(&ctx, tenant, id.0).await?;
    Ok(HttpResponse::Ok().json(ExplanationView::of(explained)?))
}
