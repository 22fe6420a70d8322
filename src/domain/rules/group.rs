//! Is the group as the contract wants it (RK33, RK35, RK45), and does the visit agree with its
//! session (R24; `docs/definitions.md`, "Encounters and sessions")?

use super::context::Context;
use super::table::{RuleId, Said};
use crate::domain::contract::GroupRule;
use crate::domain::dates::Instant;
use crate::domain::encounter::MAX_CONTACT_MINUTES;
use crate::domain::session::{Group, SessionFact};

/// The service and the visit are both of a group or both not, and its size is allowed.
pub fn group(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service else { return vec![] };
    match (&service.group, &ctx.encounter.group) {
        (None, None) => vec![],
        (None, Some(group)) => {
            let said = Said::new(
                RuleId::GroupNotAllowed,
                "/group",
                format!(
                    "The service '{}' is given to one member at a time; {} were present.",
                    service.key, group.size
                ),
                "The peer corrects the visit if it was no group; else nothing can be billed for it.",
            );
            vec![said.by(&service.source)]
        }
        (Some(rule), None) => {
            let said = Said::new(
                RuleId::GroupMissing,
                "/group",
                format!(
                    "The service '{}' is given in groups, and no session is named.",
                    service.key
                ),
                "Whoever recorded the visit names its session and how many were present.",
            );
            vec![said.by(&rule.source)]
        }
        (Some(rule), Some(group)) => sizes(rule, group).map(|s| s.by(&rule.source)).collect(),
    }
}

fn sizes(rule: &GroupRule, group: &Group) -> impl Iterator<Item = Said> {
    let fix = "The peer corrects the number of people present, if it is wrong.";
    let small = (group.size < rule.min_size).then(|| {
        let text = format!("{} were present; a group has at least {}.", group.size, rule.min_size);
        Said::new(RuleId::GroupSize, "/group/size", text, fix)
    });
    let large = rule.max_size.filter(|max| group.size > *max).map(|max| {
        let text = format!("{} were present; a group has at most {max}.", group.size);
        Said::new(RuleId::GroupSize, "/group/size", text, fix)
    });
    let of_peers =
        rule.members_per_peer.filter(|most| group.size > most.saturating_mul(group.peers));
    let ratio = of_peers.map(|most| {
        let text = format!(
            "{} were present with {}; one peer may lead {most} at most.",
            group.size,
            peers(group.peers)
        );
        let fix = "The peer corrects how many were present, or how many peers led the session.";
        Said::new(RuleId::GroupRatio, "/group/size", text, fix)
    });
    [small, large, ratio].into_iter().flatten()
}

/// `1 peer`, `2 peers`.
pub fn peers(count: u32) -> String {
    format!("{count} {}", if count == 1 { "peer" } else { "peers" })
}

/// Whether a group of this size may be billed as the service; a service that is not for groups
/// takes visits that are of none.
pub fn fits(rule: Option<&GroupRule>, group: Option<&Group>) -> bool {
    match (rule, group) {
        (None, None) => true,
        (Some(rule), Some(group)) => sizes(rule, group).next().is_none(),
        _ => false,
    }
}

/// The visit says what its session says, lies within it, and its member is there once.
pub fn session(ctx: &Context) -> Vec<Said> {
    let (Some(group), Some(session)) = (&ctx.encounter.group, &ctx.facts.session) else {
        return vec![];
    };
    let mut said = disagreements(ctx, group, session);
    let again = ctx.facts.neighbors.iter().find(|n| {
        let same = n.session.as_ref().is_some_and(|s| s.reference == group.session);
        // At overlapping times it is told as a duplicate or an overlap.
        let apart =
            n.ended_at <= ctx.encounter.started_at || ctx.encounter.ended_at <= n.started_at;
        same && apart && n.member == ctx.encounter.member && n.reference != ctx.encounter.reference
    });
    said.extend(again.map(|other| {
        Said::new(
            RuleId::SessionMemberTwice,
            "/member",
            format!("The member is in this session already: {}.", other.reference),
            "Whoever recorded them voids one and corrects the times of the other.",
        )
    }));
    said
}

/// What differs, each with both values.
fn disagreements(ctx: &Context, group: &Group, session: &SessionFact) -> Vec<Said> {
    let (this, data) = (ctx.encounter, &session.data);
    let mut said = Vec::new();
    let mut tell = |field: &str, text: String| {
        let fix = "Whoever is wrong is corrected: the session, or this visit.";
        said.push(Said::new(RuleId::SessionDisagrees, field, text, fix));
    };
    if session.voided {
        tell("/group/session", "The session was voided; this visit names it.".to_owned());
        return said;
    }
    if data.peer != this.peer {
        tell("/peer", format!("The session is led by {}; this visit by {}.", data.peer, this.peer));
    }
    if data.size != group.size {
        let text = format!("The session's size is {}; this visit says {}.", data.size, group.size);
        tell("/group/size", text);
    }
    if data.peers != group.peers {
        let text =
            format!("The session has {}; this visit says {}.", peers(data.peers), group.peers);
        tell("/group/peers", text);
    }
    let others = ctx.facts.neighbors.iter().filter(|n| {
        n.reference != this.reference
            && n.session.as_ref().is_some_and(|s| s.reference == group.session)
    });
    let others = u32::try_from(others.count()).unwrap_or(u32::MAX);
    if others >= data.size && data.size == group.size {
        let text =
            format!("The session's size is {}; {others} others are billed in it.", data.size);
        tell("/group/size", text);
    }
    if let Some(field) = outside(session, this.started_at, this.ended_at) {
        let local = |time| ctx.facts.zone.local(time).format("%Y-%m-%d %H:%M");
        let text = format!(
            "The session lasts from {} to {}; this visit from {} to {}.",
            local(data.started_at),
            local(data.ended_at),
            local(this.started_at),
            local(this.ended_at)
        );
        tell(field, text);
    }
    said
}

/// The field of the time that lies outside of the session. A gathered one has no times of its own:
/// a visit must touch its others, so that a name used for another day is noticed.
fn outside(session: &SessionFact, start: Instant, end: Instant) -> Option<&'static str> {
    let data = &session.data;
    if !data.stated {
        let apart = end < data.started_at || data.ended_at < start;
        let whole = data.started_at.min(start).minutes_until(data.ended_at.max(end));
        return (apart || whole > MAX_CONTACT_MINUTES).then_some("/started_at");
    }
    if start < data.started_at {
        Some("/started_at")
    } else {
        (end > data.ended_at).then_some("/ended_at")
    }
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
