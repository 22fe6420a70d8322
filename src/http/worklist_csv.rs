//! The worklist as a table, for people with spreadsheets.

use crate::domain::finding::Authority;
use crate::error::AppError;
use crate::flow::worklist::Item;
use crate::reports::csv_out::Table;

/// The columns, as `docs/worklist.md` documents them.
pub(super) const COLUMNS: [&str; 27] = [
    "encounter",
    "reference",
    "status",
    "held",
    "member_reference",
    "peer",
    "payer",
    "service",
    "service_date",
    "units",
    "at_risk",
    "at_risk_unknown",
    "file_by",
    "days_left",
    "due",
    "rules",
    "who",
    "overridable",
    "messages",
    "fixes",
    "member",
    "fields",
    "overridable_rules",
    "carcs",
    "rarcs",
    "no_carcs",
    "authorities",
];

/// A part of the table; the first one has the header.
pub(super) fn part(items: &[Item], first: bool) -> Result<String, AppError> {
    let mut table = if first { Table::new(&COLUMNS)? } else { Table::continued() };
    for item in items {
        table.row(fields(item).iter().map(String::as_str))?;
    }
    table.finish()
}

fn fields(item: &Item) -> [String; 27] {
    let (e, w) = (&item.encounter, &item.waiting);
    let some = |value: Option<String>| value.unwrap_or_default();
    let each = |of: &dyn Fn(&crate::domain::finding::Finding) -> String, joint: &str| {
        item.findings.iter().map(of).collect::<Vec<_>>().join(joint)
    };
    let may: Vec<&str> =
        item.findings.iter().filter(|f| f.overridable).map(|f| f.rule.as_str()).collect();
    let overridable = !may.is_empty();
    [
        e.id.to_string(),
        e.data.reference.to_string(),
        e.status.as_str().to_owned(),
        if w.whole { "all" } else { "part" }.to_owned(),
        item.member.to_string(),
        e.data.peer.to_string(),
        some(w.payer.map(|p| p.to_string())),
        some(e.service.as_ref().map(ToString::to_string)),
        e.service_date.to_string(),
        w.units.to_string(),
        some(w.at_risk.ok().map(|m| m.to_string())),
        some(w.at_risk.err().map(|why| why.as_str().to_owned())),
        some(item.file_by.map(|day| day.to_string())),
        some(item.days_left.map(|days| days.to_string())),
        item.due.as_str().to_owned(),
        each(&|f| f.rule.clone(), ";"),
        each(&|f| some(f.who().map(|who| who.as_str().to_owned())), ";"),
        overridable.to_string(),
        each(&|f| f.message.clone(), " "),
        each(&|f| f.fix.clone(), " "),
        e.data.member.to_string(),
        each(&|f| f.field.clone(), ";"),
        may.join(";"),
        each(&|f| some(f.carc().map(str::to_owned)), ";"),
        each(&|f| some(f.rarc().map(str::to_owned)), ";"),
        each(&|f| some(f.no_carc().map(str::to_owned)), " | "),
        each(&|f| some(f.authority().map(written)), " | "),
    ]
}

/// Where a rule is written, in a cell.
fn written(Authority { document, section, date, grade, place }: Authority) -> String {
    let grade = grade.map(|grade| format!(" (grade {grade})")).unwrap_or_default();
    let place = place.map(|place| format!(", {place}")).unwrap_or_default();
    format!("{document}, {section}, {date}{grade}{place}")
}
