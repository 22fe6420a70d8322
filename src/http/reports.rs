//! What the doors of reports have in common: whose they are, who may name whom, and which form is wanted.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT;

use crate::domain::ids::{OrganizationId, PayerId};
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::access::{self, Principal, Role};
use crate::flow::disclosed::Whose;
use crate::reports::Dimension;
use crate::reports::formats::Format;
use crate::reports::frame::Lens;
use crate::reports::utilization::Perspective;

/// Whose trail says that a report left.
pub(super) fn whose(lens: &Lens) -> Whose {
    let Lens { edition, organization, payer } = *lens;
    Whose { organization, payer, to_payer: edition == Perspective::Payer }
}

/// What the caller may see of what was asked for.
pub(super) fn view_of(
    caller: &Principal,
    organization: Option<OrganizationId>,
    payer: Option<PayerId>,
) -> Result<(Perspective, Option<OrganizationId>, Option<PayerId>), AppError> {
    match caller.role {
        Role::PayerAnalyst => Ok((Perspective::Payer, organization, Some(caller.payer(payer)?))),
        Role::Admin => Ok((Perspective::Organization, organization, payer)),
        _ => Ok((Perspective::Organization, Some(caller.tenant(organization)?), payer)),
    }
}

/// Refuses an organization and a payer that never had a contract: for neither of them does the other exist,
/// so that a payer's numbers of who is enrolled are told to nobody else.
pub(super) async fn acquainted(
    ctx: &Ctx,
    reader: Perspective,
    organization: Option<OrganizationId>,
    payer: Option<PayerId>,
) -> Result<(), AppError> {
    let hidden = match reader {
        Perspective::Organization => "payer",
        Perspective::Payer => "organization",
    };
    access::acquainted(ctx, organization, payer, hidden).await
}

/// The dimensions named, each once, in their order; none where one is unknown or named twice.
fn read(text: &str) -> Option<Vec<Dimension>> {
    let mut list = Vec::new();
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        list.push(Dimension::parse(name).ok().filter(|d| !list.contains(d))?);
    }
    Some(list)
}

fn rule() -> String {
    let names: Vec<&str> = Dimension::ALL.iter().map(|d| d.as_str()).collect();
    format!("write {}, each once, joined by commas", names.join(", "))
}

/// What a question is grouped by.
pub(super) fn dimensions(text: Option<&str>) -> Result<Vec<Dimension>, AppError> {
    let refused =
        || AppError::new(Code::InvalidParameter, format!("Parameter group_by: {}.", rule()));
    read(text.unwrap_or_default()).ok_or_else(refused)
}

/// The same of a body.
pub(super) fn grouped(text: Option<&str>) -> Result<Vec<Dimension>, AppError> {
    read(text.unwrap_or_default()).ok_or_else(|| AppError::field("/group_by", rule()))
}

/// The form of a report: the one that is named, else the first that the header Accept names and there is; JSON
/// where it leaves the choice. Where there is no chart (`charted`), a picture is passed over as long as the header
/// takes anything else; else it is what is asked for, and whoever makes the report says why there is none.
pub(super) fn form(
    request: &HttpRequest,
    named: Option<Format>,
    charted: bool,
) -> Result<Format, AppError> {
    if let Some(format) = named {
        return Ok(format);
    }
    let offered =
        [Format::Json, Format::Csv, Format::Pipe, Format::Xlsx, Format::Parquet, Format::Svg];
    let mut picture = false;
    let accept = request.headers().get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*");
    for kind in accept.split(',').filter(|kind| !is_refused(kind)).map(essence) {
        let named = offered.into_iter().find(|format| essence(format.media_type()) == kind);
        match named.or((kind == "image/*").then_some(Format::Svg)) {
            Some(Format::Svg) if !charted => picture = true,
            Some(format) => return Ok(format),
            None if ["application/*", "*/*", ""].contains(&kind.as_str()) => {
                return Ok(Format::Json);
            }
            None => {}
        }
    }
    if picture {
        return Ok(Format::Svg);
    }
    let detail = if charted {
        "This is to be had as JSON, CSV, text with pipes, workbook, Parquet and SVG."
    } else {
        "This is to be had as JSON, CSV, text with pipes, workbook and Parquet."
    };
    Err(AppError::new(Code::NotAcceptable, detail))
}

/// A media type without its parameters.
fn essence(kind: &str) -> String {
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a part of the header Accept says "not this": a weight of nothing (RFC 9110, section 12.4.2).
fn is_refused(kind: &str) -> bool {
    let mut parameters = kind.split(';').skip(1).map(str::trim);
    parameters.any(|parameter| match parameter.split_once('=') {
        Some((name, weight)) => {
            name.trim().eq_ignore_ascii_case("q")
                && weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
        }
        None => false,
    })
}

pub(super) fn wants_csv(request: &HttpRequest, format: Option<&str>) -> Result<bool, AppError> {
    match format {
        Some("csv") => return Ok(true),
        Some("json") => return Ok(false),
        Some(_) => {
            let detail = "Parameter format: write json or csv.";
            return Err(AppError::new(Code::InvalidParameter, detail));
        }
        None => {}
    }
    let accept = request.headers().get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*");
    for kind in accept.split(',').filter(|kind| !is_refused(kind)).map(essence) {
        match kind.as_str() {
            "text/csv" => return Ok(true),
            "application/json" | "application/*" | "*/*" | "" => return Ok(false),
            _ => {}
        }
    }
    Err(AppError::new(Code::NotAcceptable, "This is to be had as JSON and as CSV."))
}
