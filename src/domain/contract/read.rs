//! Reads packs and agreements, from TOML and from JSON alike, and reports every fault at once.
//!
//! The layout is in `docs/contracts.md`. A pack that is read holds: its services, limits and
//! authorization rules agree with each other, and every value cites a source.

use serde_json::Value as Json;

use super::copay::read_copays;
use super::dropped::read_dropped;
use super::fault::Fault;
use super::filing::read_filing;
use super::fixed_end::read_fixed_end;
use super::known::Known;
use super::model::{Agreement, NeverBilled, Pack};
use super::modifier_rule::read_modifiers;
use super::never::Ground;
use super::node::Node;
use super::node_json::from_json;
use super::node_toml::from_toml;
use super::read_agreement::read_agreement;
use super::read_condition::{read_conditions, some};
use super::read_documentation::read_documentation;
use super::read_overrides::read_overrides;
use super::read_profile::read_profile;
use super::read_rules::{read_authorizations, read_limits};
use super::read_service::{MAX_SERVICES, read_services};
use super::reader::{Reader, Spot};
use super::silent::read_silent;
use super::sound::Sound;
use super::source_of::{self, SourceOf, read_source_of, weigh};
use super::unknown::{Unknown, noted};
use crate::domain::codes::Mode;
use crate::domain::dates::WeekStart;
use crate::domain::identifiers::{Key, State};
use crate::domain::text::Invalid;

/// Longest title of a pack or service, in characters.
pub const MAX_TITLE: usize = 80;

/// A pack from TOML; else every fault with its line.
pub fn pack_from_toml(text: &str) -> Result<Pack, Vec<Fault>> {
    from_toml(text).map_err(|fault| vec![fault]).and_then(|node| pack(&node))
}

/// A pack from JSON of the same layout; else every fault with its JSON pointer.
pub fn pack_from_json(document: &Json) -> Result<Pack, Vec<Fault>> {
    from_json(document).map_err(|fault| vec![fault]).and_then(|node| pack(&node))
}

/// An agreement from TOML; else every fault with its line. It is not yet held against its pack:
/// [`super::bind`] does that, and [`super::terms_from_toml`] does both.
pub fn agreement_from_toml(text: &str) -> Result<Agreement, Vec<Fault>> {
    from_toml(text).map_err(|fault| vec![fault]).and_then(|node| agreement(&node))
}

/// An agreement from JSON of the same layout; else every fault with its JSON pointer.
pub fn agreement_from_json(document: &Json) -> Result<Agreement, Vec<Fault>> {
    from_json(document).map_err(|fault| vec![fault]).and_then(|node| agreement(&node))
}

pub(super) fn agreement(node: &Node) -> Result<Agreement, Vec<Fault>> {
    let mut r = Reader::default();
    let agreement = read_agreement(&mut r, &Spot::root(node));
    r.finish(agreement)
}

fn pack(node: &Node) -> Result<Pack, Vec<Fault>> {
    let mut r = Reader::default();
    let pack = read_pack(&mut r, &Spot::root(node));
    r.finish(pack)
}

const PACK_TABLES: &[&str] = &[
    "pack",
    "source",
    "service",
    "certificates_end",
    "never_billed",
    "modifier",
    "condition",
    "copay",
    "limit",
    "authorization",
    "filing",
    "documentation",
    "overrides",
    "dropped",
    "claim",
];

fn read_pack(r: &mut Reader, document: &Spot<'_>) -> Option<Pack> {
    let root = document.table(r, PACK_TABLES)?;
    let services = root.tables(r, "service", MAX_SERVICES);
    if services.is_empty() {
        root.missing(r, "service", "a pack has at least one [[service]]");
    }
    let mut known = Known::read(r, &root, &services);
    let head = root.need(r, "pack").and_then(|at| read_head(r, &at, &mut known));
    let mut unknown = noted(r, &[]);
    let silent = read_silent(&root, &services);
    let services = read_services(r, &services, &mut known, &mut unknown);
    let certificates_end =
        root.get("certificates_end").map(|at| read_fixed_end(r, &at, &mut known));
    let never_billed = root.get("never_billed").map(|at| read_never_billed(r, &at, &mut known));
    let modifiers = read_modifiers(r, &root, &mut known, &services, &mut unknown);
    let unmeasured = unmeasured(&unknown);
    let sound = Sound { services: &services, modifiers: &modifiers, unmeasured: &unmeasured };
    let face_to_face = head.as_ref().map(|head| head.face_to_face.as_slice());
    let ground = Ground { sound, face_to_face };
    let conditions = read_conditions(r, &root, &mut known, ground, &mut unknown);
    let copays = read_copays(r, &root, &mut known, &mut unknown);
    let limits = read_limits(r, &root, &mut known, sound, &mut unknown);
    let authorizations = read_authorizations(r, &root, &mut known, sound, &mut unknown);
    let filing = root.need(r, "filing").and_then(|at| read_filing(r, &at, &mut known));
    let documentation =
        root.need(r, "documentation").and_then(|at| read_documentation(r, &at, &mut known));
    let overrides = root.get("overrides").map(|at| read_overrides(r, &at, &mut known));
    let dropped = read_dropped(r, &root, &mut known, &mut unknown);
    let claim = root.need(r, "claim").and_then(|at| read_profile(r, &at, &mut known));
    let sources = known.finish(r);
    unknown.extend(noted(r, &[]));
    let head = head?;
    Some(Pack {
        key: head.key,
        version: head.version.0,
        title: head.title,
        state: head.state,
        sources,
        week_start: head.week_start,
        face_to_face: head.face_to_face,
        source_of: head.source_of,
        certificates_end: certificates_end.flatten(),
        never_billed: never_billed.flatten(),
        services,
        modifiers,
        conditions,
        copays,
        dropped,
        unknown,
        limits,
        authorizations,
        filing: filing?,
        documentation: documentation?,
        overrides: overrides.flatten(),
        claim: claim?,
        silent,
    })
}

/// Services the length of whose unit is said to be unknown: something else stands in for it.
fn unmeasured(unknown: &[Unknown]) -> Vec<Key> {
    let lengths = unknown.iter().filter(|u| u.grade.is_none() && u.path.ends_with(".unit_minutes"));
    lengths.flat_map(|u| u.services.clone()).collect()
}

/// What `[pack]` says.
struct Head {
    key: Key,
    version: Version,
    title: String,
    state: State,
    week_start: WeekStart,
    face_to_face: Vec<Mode>,
    source_of: SourceOf,
}

/// Keys of `[pack]`.
const HEAD_KEYS: &[&str] =
    &["key", "version", "title", "state", "week_start", "face_to_face", source_of::KEY];

fn read_head<'a>(r: &mut Reader, at: &Spot<'a>, known: &mut Known<'a>) -> Option<Head> {
    let table = at.table(r, HEAD_KEYS)?;
    let key = table.required(r, "key");
    let version = table.required(r, "version");
    let title = table.need(r, "title").and_then(|spot| spot.words(r, MAX_TITLE));
    let state = table.required(r, "state");
    let week_start = table.or(r, "week_start", WeekStart::Monday);
    let face_to_face = match table.get("face_to_face") {
        Some(_) => some(r, &table, "face_to_face"),
        None => Some(vec![Mode::InPerson]),
    };
    let source_of = read_source_of(r, &table, known)?;
    // Another week counts other days together; a mode that is face to face needs no visit before it.
    weigh(r, &table, None, &source_of, &["week_start", "face_to_face"]);
    Some(Head {
        key: key?,
        version: version?,
        title: title?,
        state: state?,
        week_start: week_start?,
        face_to_face: face_to_face?,
        source_of,
    })
}

/// `[never_billed]`: what this payer names as no part of the service.
fn read_never_billed<'a>(
    r: &mut Reader,
    at: &Spot<'a>,
    known: &mut Known<'a>,
) -> Option<NeverBilled> {
    let table = at.table(r, &["activities", "source"])?;
    let activities = some(r, &table, "activities");
    let source = known.cited(r, &table);
    Some(NeverBilled { activities: activities?, source: source? })
}

/// A pack's version: what stands behind `@` in a contract.
#[derive(Debug, PartialEq)]
pub(super) struct Version(pub(super) String);

impl std::str::FromStr for Version {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let set = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        if (1..=20).contains(&text.len()) && text.bytes().all(set) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("a version has 1 to 20 letters, digits, points and hyphens"))
        }
    }
}
