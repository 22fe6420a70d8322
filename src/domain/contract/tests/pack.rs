//! Every check of a pack has a case with its line. The claim profile's are in `profile.rs`.

use super::{Bend, PACK, one_fault};
use crate::domain::contract::{AuthorizationNeed, LimitScope, Rollup, pack_from_toml};
use crate::domain::dates::WeekStart;
use crate::domain::windows::Window;

/// The fault is on the line bent.
fn check(bends: &[Bend<'_>]) {
    for bend in bends {
        one_fault(PACK, None, *bend, pack_from_toml);
    }
}

/// The fault is on the first line that has the first text.
fn check_on(bends: &[(&str, Bend<'_>)]) {
    for (on, bend) in bends {
        one_fault(PACK, Some(on), *bend, pack_from_toml);
    }
}

#[test]
fn the_base_reads_with_its_defaults() {
    let pack = pack_from_toml(PACK).unwrap();
    assert_eq!(pack.week_start, WeekStart::Monday);
    assert_eq!(pack.filing.warn_days, 14);
    assert!(pack.documentation.signed_note && !pack.documentation.plan_goal);
    assert_eq!(pack.claim.receiver_qualifier, "ZZ");
    assert_eq!(pack.claim.receiver_code, pack.claim.receiver_id);
    assert_eq!(pack.claim.rollup, Rollup::Day);
    assert_eq!(pack.claim.max_claims_per_set, 5000);
    assert_eq!(pack.claim.delimiters.component, ':');
    let peer = &pack.services[0];
    assert_eq!(peer.settings[0].place.as_str(), "11");
    assert_eq!(peer.settings[1].place.as_str(), "15");
    assert_eq!(peer.modes[1].place.as_ref().unwrap().as_str(), "02");
    assert!(pack.services[1].activities.is_empty(), "reached by its key only");
    assert_eq!(pack.services[1].rounding_source.as_ref().unwrap().section, "1");
    assert_eq!(pack.limits[0].units.to_string(), "8.5");
    let window = Window::CalendarYear;
    assert_eq!(pack.authorizations[0].need, AuthorizationNeed::After { free_units: 24, window });
}

#[test]
fn warning_days_never_exceed_a_short_clock() {
    let pack = pack_from_toml(&PACK.replace("days = 95", "days = 10")).unwrap();
    assert_eq!(pack.filing.warn_days, 10);
}

#[test]
fn the_head() {
    check(&[
        ("key = \"plain\"", "key = \"Plain\"", "pack.key", "a key has"),
        ("version = \"2026.1\"", "version = 2026.1", "pack.version", "in quotes"),
        ("version = \"2026.1\"", "version = \"2026@1\"", "pack.version", "a version has"),
        ("title = \"A plain pack\"", "title = \"\"", "pack.title", "1 to 80"),
        ("state = \"WA\"", "state = \"XX\"", "pack.state", "a state is two capital letters"),
        ("title", "week_start = \"fryday\"\ntitle", "pack.week_start", "monday"),
        ("title", "stat = \"WA\"\ntitle", "pack.stat", "did you mean `state`?"),
    ]);
    check_on(&[("[pack]", ("key = \"plain\"", "", "pack.key", "`key` is missing"))]);
}

const SECOND_SOURCE: &str =
    "[[source]]\nkey = \"KEY\"\ndocument = \"D\"\nsection = \"S\"\ndate = 2026-01-01\n\n[filing]";

#[test]
fn sources() {
    let unused = SECOND_SOURCE.replace("KEY", "other");
    let twice = SECOND_SOURCE.replace("\"KEY\"", "\"manual\" # twice");
    check(&[
        ("date = 2026-01-01", "date = \"1.1.2026\"", "source[1].date", "a date is written"),
        ("date = 2026-01-01", "date = 2026-01-01T10:00:00Z", "source[1].date", "this is a time"),
        ("date = 2026-01-01", "date = 1850-01-01", "source[1].date", "between the years"),
        ("document", "documents = 1\ndocument", "source[1].documents", "`document`"),
        ("section = \"1\"", "section = \"a\\nb\"", "source[1].section", "on one line"),
        ("[filing]", &unused, "source[2]", "nothing cites this source"),
    ]);
    check_on(&[
        ("key = \"manual\" # twice", ("[filing]", &twice, "source[2].key", "has the same key")),
        (
            "source = \"manuel\"",
            (
                "exceed = \"hold\"\nsource = \"manual\"",
                "exceed = \"hold\"\nsource = \"manuel\"",
                "limit[1].source",
                "did you mean `manual`?",
            ),
        ),
    ]);
}

#[test]
fn codes_of_a_service() {
    check(&[
        ("procedure = \"H0038\"", "procedure = \"h0038\"", "service[1].procedure", "five capital"),
        ("[\"HE\"]", "[\"HE\", \"HE\"]", "service[1].modifiers[2]", "twice"),
        ("[\"HE\"]", "[\"H\"]", "service[1].modifiers[1]", "a modifier has"),
        ("[\"HE\"]", "\"HE\"", "service[1].modifiers", "a list in square brackets"),
        ("[\"HE\"]", "[\"A1\", \"A2\", \"A3\", \"A4\", \"A5\"]", "service[1].modifiers", "four"),
        ("[\"individual_support\"]", "[\"chat\"]", "service[1].activities[1]", "is one of"),
        ("[\"individual_support\"]", "[\"documentation\"]", "service[1].activities[1]", "never"),
        ("activities", "roles = [\"boss\"]\nactivities", "service[1].roles[1]", "a role is one of"),
        ("[\"individual_support\"]", "[\"bridging\", 4]", "service[1].activities[2]", "in quotes"),
    ]);
    let four = "[\"A1\", \"A2\", \"A3\", \"A4\"]";
    check_on(&[
        ("modes =", ("[\"HE\"]", four, "service[1].modes[2]", "more than four modifiers")),
        ("modes =", ("[\"HE\"]", "[\"95\"]", "service[1].modes[2]", "name it once")),
    ]);
}

#[test]
fn services_have_keys_of_their_own() {
    // What referred to the second service is then in the air, which is said too.
    let faults = pack_from_toml(&PACK.replace("key = \"skills\"", "key = \"peer\"")).unwrap_err();
    let paths: Vec<&str> = faults.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["service[2].key", "limit[1].services[2]", "authorization[2].services[1]"]);
}

#[test]
fn where_and_how() {
    let modes =
        "modes = [\"in_person\", { mode = \"video\", modifiers = [\"95\"], place = \"02\" }]";
    let settings = "settings = [\"office\", { setting = \"street\", place = \"15\" }]";
    let place = "modes = [{ mode = \"audio\", place = 10 }]";
    let home = "settings = [{ setting = \"home\", place = \"123\" }]";
    check(&[
        (modes, "modes = []", "service[1].modes", "at least one mode"),
        (modes, "modes = [\"carrier\"]", "service[1].modes[1]", "a mode is one of"),
        (modes, "modes = [\"audio\", \"audio\"]", "service[1].modes[2]", "twice"),
        (modes, place, "service[1].modes[1].place", "this is an integer; write a text"),
        (modes, "modes = [{ kind = 1, mode = \"audio\" }]", "service[1].modes[1].kind", "known"),
        (modes, "modes = [7]", "service[1].modes[1]", "this is an integer; write a table"),
        (modes, "modes = \"audio\"", "service[1].modes", "this is a text; write a list"),
        (settings, "settings = []", "service[1].settings", "at least one setting"),
        (settings, "settings = [\"moon\"]", "service[1].settings[1]", "a setting is one of"),
        (settings, "settings = [\"home\", \"home\"]", "service[1].settings[2]", "twice"),
        (settings, home, "service[1].settings[1].place", "two digits"),
        (settings, "settings = [{ place = \"12\" }]", "service[1].settings[1].setting", "missing"),
    ]);
    check_on(&[
        ("[[service]]", (modes, "", "service[1].modes", "`modes` is missing")),
        ("\"moon\"", (settings, "settings = [\n\"moon\",\n]", "service[1].settings[1]", "one of")),
    ]);
}

#[test]
fn time_and_people() {
    check(&[
        ("unit_minutes = 15", "unit_minutes = 0", "service[1].unit_minutes", "from 1 to 480"),
        ("unit_minutes = 15", "unit_minutes = 481", "service[1].unit_minutes", "from 1 to 480"),
        ("unit_minutes = 15", "unit_minutes = -15", "service[1].unit_minutes", "from 1 to 480"),
        ("unit_minutes = 15", "unit_minutes = \"15\"", "service[1].unit_minutes", "an integer"),
        ("unit_minutes = 15", "unit_minutes = 15.0", "service[1].unit_minutes", "with a point"),
        ("rounding = \"floor\"", "rounding = \"ceiling\"", "service[1].rounding", "its own source"),
        (
            "rounding = \"floor\"",
            "rounding = \"up\"",
            "service[1].rounding",
            "a rounding is one of",
        ),
        (
            "rounding = \"floor\"",
            "sum_over = \"week\"\nrounding = \"floor\"",
            "service[1].sum_over",
            "what minutes are summed over is one of",
        ),
        ("rounding = \"nearest\"", "rounding = \"eight_minute\"", "service[2].rounding", "of 15"),
        (
            "rounding_source = \"manual\"",
            "rounding_source = \"x\"",
            "service[2].rounding_source",
            "no",
        ),
        ("min_age = 18", "min_age = 121", "service[1].min_age", "from 0 to 120"),
        (
            "[\"mental_health\"]",
            "[\"any\"]",
            "service[1].diagnosis_classes[1]",
            "a diagnosis class",
        ),
        ("[\"cpc\"]", "[\"CPC\"]", "service[1].certificates[1]", "a key has"),
        ("min_age = 18", "substance_use = \"no\"", "service[1].substance_use", "true or false"),
    ]);
    check_on(&[(
        "max_age",
        ("min_age = 18", "min_age = 65", "service[1].max_age", "below the youngest"),
    )]);
}

#[test]
fn limits_and_authorizations() {
    let limit = "services = [\"peer\", \"skills\"]";
    let always = "free_units = 1\nrequire = \"always\"";
    check(&[
        (limit, "services = [\"peer\", \"skill\"]", "limit[1].services[2]", "mean `skills`?"),
        (limit, "services = []", "limit[1].services", "at least one service"),
        (limit, "services = [\"peer\", \"peer\"]", "limit[1].services[2]", "twice"),
        ("units = \"8.5\"", "units = 0", "limit[1].units", "above 0"),
        ("units = \"8.5\"", "units = \"0.1234\"", "limit[1].units", "at most 3 decimals"),
        ("units = \"8.5\"", "units = 8.5", "limit[1].units", "with a point"),
        ("units = \"8.5\"", "units = \"1e3\"", "limit[1].units", "this is a decimal"),
        ("units = \"8.5\"", "units = -1", "limit[1].units", "this is a decimal"),
        ("window = \"day\"", "window = \"hour\"", "limit[1].window", "a window is one of"),
        ("exceed = \"hold\"", "exceed = \"pay\"", "limit[1].exceed", "an answer to excess"),
        ("services = [\"skills\"]", "services = [\"peer\"]", "authorization[2].services[1]", "one"),
        ("services = [\"skills\"]", "services = [\"x\"]", "authorization[2].services[1]", "known"),
        ("require = \"after\"", "require = \"later\"", "authorization[1].require", "is one of"),
        ("free_units = 24", "free_units = 0", "authorization[1].free_units", "from 1 to 100000"),
        (
            "require = \"always\"",
            always,
            "authorization[2].free_units",
            "`require = \"after\"` only",
        ),
        ("key = \"second\"", "key = \"first\"", "authorization[2].key", "has the same key"),
    ]);
    let free = "free_units = 24\n";
    let same = "\n[[limit]]\nkey = \"daily\" # twice\nservices = [\"peer\"]\nunits = 1\n\
                window = \"day\"\nexceed = \"hold\"\nsource = \"manual\"\n\n[filing]";
    check_on(&[
        ("[[authorization]]", (free, "", "authorization[1].free_units", "is missing")),
        ("key = \"daily\" # twice", ("[filing]", same, "limit[2].key", "has the same key")),
    ]);
}

#[test]
fn clocks_and_papers() {
    let warn = "warn_days = 96\ndays = 95";
    check(&[
        ("days = 95", "days = 731", "filing.days", "from 1 to 730"),
        ("days = 95", "days = 0", "filing.days", "from 1 to 730"),
        ("days = 95", warn, "filing.warn_days", "from 0 to 95"),
    ]);
    let goal = "[documentation]\nplan_goal = 1";
    let filing = "[filing]\ndays = 95\nsource = \"manual\"";
    check_on(&[
        ("plan_goal", ("[documentation]", goal, "documentation.plan_goal", "true or false")),
        ("\n", (filing, "", "filing", "`filing` is missing here")),
    ]);
}

/// The base with another window (and more) in its limit.
fn windowed(lines: &str) -> String {
    PACK.replacen("window = \"day\"\nexceed = \"hold\"", lines, 1)
}

#[test]
fn windows_and_scopes_read() {
    let limit = |lines: &str| pack_from_toml(&windowed(lines)).unwrap().limits[0].clone();
    let window = |lines: &str| limit(&format!("{lines}\nexceed = \"hold\"")).window;
    for name in ["day", "week", "month", "quarter", "calendar_year", "lifetime", "episode"] {
        let stored = serde_json::to_value(window(&format!("window = \"{name}\""))).unwrap();
        assert_eq!(stored, serde_json::json!({"window": name}));
    }
    let fiscal = window("window = \"fiscal_year\"\nfirst_month = 7");
    assert_eq!(fiscal, Window::FiscalYear { first_month: 7 });
    let rolling = window("window = \"rolling_months\"\nlength = 6");
    assert_eq!(rolling, Window::RollingMonths { length: 6 });
    let rolling = window("window = \"rolling_days\"\nlength = 30");
    assert_eq!(rolling, Window::RollingDays { length: 30 });
    let consecutive = window("window = \"consecutive_days\"\nlength = 365");
    assert_eq!(consecutive, Window::ConsecutiveDays { length: 365 });
    let package = window("window = \"episode\"\nepisode = \"package\"");
    assert_eq!(package, Window::Episode { episode: Some("package".parse().unwrap()) });
    assert_eq!(limit("window = \"day\"\nexceed = \"never\"").scope, LimitScope::default());
    let narrow = limit(
        "window = \"day\"\nscope = \"peer\"\nmodes = [\"video\"]\nmodifiers = [\"95\", \"HE\"]\n\
         exceed = \"authorization\"",
    );
    assert_eq!(
        (narrow.scope, narrow.modes.len(), narrow.modifiers.len()),
        (LimitScope::Peer, 1, 2)
    );
    // What was stored before limits had scopes reads as it was meant.
    let mut stored = serde_json::to_value(&narrow).unwrap();
    for key in ["scope", "modes", "modifiers"] {
        stored.as_object_mut().unwrap().remove(key);
    }
    let old: crate::domain::contract::Limit = serde_json::from_value(stored).unwrap();
    assert_eq!(old.scope, LimitScope::MemberAndOrganization);
}

#[test]
fn windows_and_scopes_that_are_wrong() {
    let day = "window = \"day\"";
    let limit = |new, path, part| one_fault(PACK, None, (day, new, path, part), pack_from_toml);
    let on = |on, new, path, part| {
        one_fault(PACK, Some(on), (day, new, path, part), pack_from_toml);
    };
    let at = "[[limit]]";
    on(at, "window = \"fiscal_year\"", "limit[1].first_month", "is missing");
    on(at, "window = \"rolling_months\"", "limit[1].length", "is missing");
    limit("length = 0\nwindow = \"rolling_months\"", "limit[1].length", "from 1 to 120");
    limit("length = 3661\nwindow = \"rolling_days\"", "limit[1].length", "from 1 to 3660");
    limit("first_month = 13\nwindow = \"fiscal_year\"", "limit[1].first_month", "from 1 to 12");
    limit("length = 3\nwindow = \"month\"", "limit[1].length", "only; remove it");
    limit("first_month = 3\nwindow = \"day\"", "limit[1].first_month", "\"episode_year\" only");
    limit("episode = \"x\"\nwindow = \"day\"", "limit[1].episode", "\"episode_year\" only");
    limit("episode = \"No\"\nwindow = \"episode\"", "limit[1].episode", "a key has");
    limit("window = \"year\"", "limit[1].window", "a window is one of: day, week");
    limit("scope = \"payer\"\nwindow = \"day\"", "limit[1].scope", "a scope is one of");
    limit("modifiers = [\"U9\"]\nwindow = \"day\"", "limit[1].modifiers[1]", "on a line");
    limit("modes = [\"audio\"]\nwindow = \"day\"", "limit[1].modes[1]", "on a line");
    let across = "exceed = \"bill_up_to\"\nscope = \"member\"";
    let bend = ("exceed = \"hold\"", across, "limit[1].exceed", "write \"hold\" or \"never\"");
    one_fault(PACK, None, bend, pack_from_toml);
    let free = "window = \"calendar_year\"";
    let rolling = "window = \"rolling_days\"";
    let bend = (free, rolling, "authorization[1].length", "is missing");
    one_fault(PACK, Some("[[authorization]]"), bend, pack_from_toml);
    let stray = "first_month = 1\nrequire = \"always\"";
    let bend = ("require = \"always\"", stray, "authorization[2].first_month", "`require = ");
    one_fault(PACK, None, bend, pack_from_toml);
}

#[test]
fn groups() {
    let bent = |inner: &str| format!("group = {inner}\ntitle = \"Skills\"");
    for (inner, path, part) in [
        ("{ max_size = 1, source = \"manual\" }", "service[2].group.max_size", "smallest"),
        ("{ min_size = 0, source = \"manual\" }", "service[2].group.min_size", "500"),
        ("{ max_size = 501, source = \"manual\" }", "service[2].group.max_size", "500"),
        (
            "{ members_per_peer = \"8\", source = \"manual\" }",
            "service[2].group.members_per_peer",
            "",
        ),
        ("{ size = 8, source = \"manual\" }", "service[2].group.size", "not known"),
        ("{ max_size = 8 }", "service[2].group.source", "missing"),
        ("{ max_size = 8, source = \"nobody\" }", "service[2].group.source", ""),
        ("true", "service[2].group", "a table"),
    ] {
        check(&[("title = \"Skills\"", &bent(inner), path, part)]);
    }
    let text = PACK.replace("title = \"Skills\"", &bent("{ max_size = 8, source = \"manual\" }"));
    let group = pack_from_toml(&text).unwrap().services[1].group.clone().unwrap();
    assert_eq!((group.min_size, group.max_size, group.members_per_peer), (2, Some(8), None));
    assert!(pack_from_toml(PACK).unwrap().services.iter().all(|s| s.group.is_none()));
}
