//! A visit of a case as the service's other doors would send it.

use chrono::{NaiveDate, TimeDelta};

use super::words::{Text, VisitWords};
use super::world::Trouble;
use crate::domain::dates::{Instant, Zone, parse_date};
use crate::flow::intake::Draft;

/// What a visit says that says nothing.
const ACTIVITY: &str = "individual_support";
const GROUP_ACTIVITY: &str = "group_support";
const DIAGNOSIS: &str = "F32.9";
const DAY: &str = "2026-07-01";
const FROM: &str = "09:00";
const MINUTES: i64 = 60;
/// Longest visit that a case may say, in minutes: a week, far beyond what the service takes.
const MOST_MINUTES: i64 = 7 * 24 * 60;

/// The words of a visit in the places of earlier ones: the case's usual ones, what was said before,
/// what is said now.
pub(super) fn laid(layers: &[&toml::Table]) -> toml::Table {
    let mut all = toml::Table::new();
    for layer in layers {
        for (key, value) in *layer {
            // Each of these says the same in another way: the newer one stands.
            for other in rivals(key) {
                all.remove(*other);
            }
            all.insert(key.clone(), value.clone());
        }
    }
    all
}

/// The words of a visit as laid.
pub(super) fn words(layers: &[&toml::Table]) -> Result<VisitWords, Trouble> {
    laid(layers).try_into().map_err(|e: toml::de::Error| format!("the visit: {}", e.message()))
}

fn rivals(key: &str) -> &'static [&'static str] {
    match key {
        "to" => &["minutes", "ended_at"],
        "minutes" => &["to", "ended_at"],
        "ended_at" => &["minutes", "to"],
        "started_at" => &["day", "from"],
        "from" | "day" => &["started_at"],
        "service" => &["activity"],
        "activity" => &["service"],
        _ => &[],
    }
}

/// When a visit began and ended.
pub(super) fn times(words: &VisitWords, zone: Zone) -> Result<(Instant, Instant), Trouble> {
    let day = words.day.as_ref().map_or(DAY, |t| t.0.as_str());
    let from = words.from.as_ref().map_or(FROM, |t| t.0.as_str());
    let read = |text: &str| zone.parse_time(text).map_err(|e| format!("{text}: {}", e.0));
    let start = match &words.started_at {
        Some(text) => read(&text.0)?,
        None => read(&format!("{day} {}", clock(from)))?,
    };
    let end = match (&words.ended_at, &words.to, words.minutes) {
        (Some(text), _, _) => read(&text.0)?,
        (None, Some(to), _) => {
            let first = zone.date_of(start);
            let same = read(&format!("{first} {}", clock(&to.0)))?;
            if same > start { same } else { read(&format!("{} {}", next(first), clock(&to.0)))? }
        }
        (None, None, minutes) => start.plus(lasting(minutes.unwrap_or(MINUTES))?),
    };
    Ok((start, end))
}

fn lasting(minutes: i64) -> Result<TimeDelta, Trouble> {
    if (0..=MOST_MINUTES).contains(&minutes) {
        return Ok(TimeDelta::minutes(minutes));
    }
    Err(format!("minutes: {minutes} is not from 0 to {MOST_MINUTES}"))
}

/// A TOML time has seconds, a text need not.
fn clock(text: &str) -> &str {
    text.strip_suffix(":00").filter(|t| t.contains(':')).unwrap_or(text)
}

fn next(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

/// A moment that a case names, by the clock on the wall or with an offset; a day is its noon.
pub(super) fn moment(text: &Text, zone: Zone) -> Result<Instant, Trouble> {
    let text =
        if parse_date(&text.0).is_ok() { format!("{} 12:00", text.0) } else { text.0.clone() };
    zone.parse_time(&text).map_err(|e| format!("{text}: {}", e.0))
}

/// The draft of a visit; its people are named by the ids that the service has for them.
pub(super) fn draft(
    reference: &str,
    words: &VisitWords,
    zone: Zone,
    (peer, member): (String, String),
) -> Result<Draft, Trouble> {
    let (start, end) = times(words, zone)?;
    let usual = if words.session.is_some() { GROUP_ACTIVITY } else { ACTIVITY };
    let activity = words.activity.clone();
    let signed = match &words.signed {
        None => Some(end.to_string()),
        Some(text) if text.0 == "never" => None,
        Some(text) => Some(moment(text, zone)?.to_string()),
    };
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    let goal = words.goal.clone().unwrap_or_else(|| "G1".to_owned());
    Ok(Draft {
        reference: Some(reference.to_owned()),
        peer: Some(peer),
        member: Some(member),
        activity: activity.or_else(|| words.service.is_none().then(|| usual.to_owned())),
        service: words.service.clone(),
        role: words.role.clone(),
        started_at: Some(start.to_string()),
        ended_at: Some(end.to_string()),
        mode: Some(words.mode.clone().unwrap_or_else(|| "in_person".to_owned())),
        setting: Some(words.setting.clone().unwrap_or_else(|| "office".to_owned())),
        diagnoses: words.diagnoses.clone().unwrap_or_else(|| vec![DIAGNOSIS.to_owned()]),
        authorization: words.authorization.clone(),
        note_signed_at: signed,
        note_plan_goal: Some(goal).filter(|g| !g.is_empty()),
        program: words.program.clone(),
        member_absent: words.absent.map(|absent| absent.to_string()),
        group_session: words.session.clone(),
        group_size: number(words.size),
        group_peers: number(words.peers),
        ..Draft::default()
    })
}
