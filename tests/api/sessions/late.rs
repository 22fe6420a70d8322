//! Members who were not there after all, and such as came late: what becomes of the rest of a session
//! in the answer to its correction, before anything else looks at it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{PATH, drawn, each, now, patch, session};
use crate::app::{TestApp, on_both, send};
use crate::world::{self, World, rules};

fn late(w: &World, n: usize) -> Value {
    json!({"reference": format!("L-{n}"), "member": w.members[n], "diagnoses": ["F32.9"],
        "note": {"signed_at": "2026-07-01T20:00:00Z"}})
}

/// Voids an encounter by itself, not through its session.
async fn void(app: &TestApp, w: &World, encounter: &str) {
    let path = format!("/v1/encounters/{encounter}/void");
    app.post(&path, &w.submitter, &json!({"reason": "was not there"})).await.expect(200);
}

fn ids(seen: &Value) -> Vec<String> {
    each(seen, "id").into_iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn one_who_was_not_there_makes_room_for_one_who_was(app: TestApp) {
        let w = world::river_bend(&app, 5).await;
        let body = session(&w, "S-1", "2026-07-01", 3, &[0, 1, 2]);
        let first = app.post(PATH, &w.submitter, &body).await.expect(201);
        // Three were present, so neither of two more can have been there.
        let added = json!({"add": [late(&w, 3), late(&w, 4)]});
        let full = patch(&app, &w, &first, &added).await.expect(200);
        assert_eq!(each(&full, "disposition"), ["ready", "ready", "ready", "held", "held"]);
        for held in [3, 4] {
            assert_eq!(rules(&full["encounters"][held]), ["session.disagrees"], "{full:#}");
        }
        app.settle().await;
        // One of the three was not: the answer itself has one of the two ready, the first in order.
        let wanted = json!({"remove": ["S-1-1"], "reason": "mixed up"});
        let fewer = patch(&app, &w, &full, &wanted).await.expect(200);
        assert_eq!(each(&fewer, "status"), ["ready", "void", "ready", "ready", "held"], "{fewer:#}");
        assert!(rules(&fewer["encounters"][3]).is_empty(), "{fewer:#}");
        assert_eq!(rules(&fewer["encounters"][4]), ["session.disagrees"], "{fewer:#}");
        assert_eq!((&fewer["size"], &fewer["billed"], drawn(&app)), (&json!(3), &json!(4), 18));
        // Nobody who looks at it afterwards says anything else.
        app.settle().await;
        let later = now(&app, &w, &fewer).await;
        assert_eq!(each(&later, "status"), each(&fewer, "status"));
    }

    async fn fewer_members_are_no_smaller_group_until_the_size_says_so(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        // One peer may lead twelve.
        let body = session(&w, "S-1", "2026-07-01", 13, &[0, 1, 2]);
        let first = app.post(PATH, &w.submitter, &body).await.expect(201);
        assert_eq!(each(&first, "status"), ["held"; 3]);
        // How many were present is not how many are billed.
        let wanted = json!({"remove": ["S-1-0"], "reason": "mixed up"});
        let fewer = patch(&app, &w, &first, &wanted).await.expect(200);
        assert_eq!(each(&fewer, "status"), ["void", "held", "held"]);
        for held in [1, 2] {
            assert_eq!(rules(&fewer["encounters"][held]), ["group.ratio"], "{fewer:#}");
        }
        let wanted = json!({"remove": ["S-1-1"], "size": 12, "reason": "mixed up"});
        let right = patch(&app, &w, &fewer, &wanted).await.expect(200);
        assert_eq!(each(&right, "status"), ["void", "void", "ready"], "{right:#}");
        assert_eq!((&right["encounters"][2]["group"]["size"], drawn(&app)), (&json!(12), 6));
    }

    async fn a_late_member_did_what_those_did_who_are_left(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let body = session(&w, "S-1", "2026-07-01", 4, &[0, 1]);
        let first = app.post(PATH, &w.submitter, &body).await.expect(201);
        let both = ids(&first);
        void(&app, &w, &both[0]).await;
        let path = format!("/v1/encounters/{}", both[1]);
        let tag = app.get(&path, &w.submitter).await.header("etag").to_owned();
        let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", tag);
        let other = json!({"activity": "skills_coaching", "mode": "video", "setting": "office"});
        let moved = send(request.json(&other)).await.expect(200);
        assert_eq!(moved["disposition"], "ready", "{moved}");
        let told = |of: &Value, wanted: [&str; 3]| {
            for (field, value) in ["activity", "mode", "setting"].into_iter().zip(wanted) {
                assert_eq!(of[field], value, "{field} {of}");
            }
        };
        let seen = now(&app, &w, &first).await;
        told(&seen["encounters"][0], ["group_support", "in_person", "community"]);
        // The first visit is void, and says nothing of the session any more.
        let more = patch(&app, &w, &seen, &json!({"add": [late(&w, 2)]})).await.expect(200);
        assert_eq!(each(&more, "status"), ["void", "ready", "ready"], "{more:#}");
        told(&more["encounters"][2], ["skills_coaching", "video", "office"]);
        assert_eq!(more["encounters"][2]["service"], "peer_group");
        let marked = |n: usize| &more["encounters"][n]["lines"][0]["modifiers"];
        assert_eq!(marked(2), marked(1), "{more:#}");
        // Of a session with nobody left the first visit is all there is.
        for encounter in &ids(&more)[1..] {
            void(&app, &w, encounter).await;
        }
        let seen = now(&app, &w, &more).await;
        let last = patch(&app, &w, &seen, &json!({"add": [late(&w, 3)]})).await.expect(200);
        assert_eq!(each(&last, "status"), ["void", "void", "void", "ready"], "{last:#}");
        told(&last["encounters"][3], ["group_support", "in_person", "community"]);
    }

    async fn one_who_comes_late_did_what_most_of_the_others_did(app: TestApp) {
        let w = world::river_bend(&app, 5).await;
        let body = session(&w, "S-1", "2026-07-01", 4, &[0, 1, 2]);
        let first = app.post(PATH, &w.submitter, &body).await.expect(201);
        // The first was by video; the others were met.
        let path = format!("/v1/encounters/{}", ids(&first)[0]);
        let change = send(app.request(Method::PATCH, &path, &w.submitter).header("If-Match", "\"1\"")
            .json(&json!({"mode": "video", "setting": "home"}))).await;
        change.expect(200);
        let seen = now(&app, &w, &first).await;
        let more = patch(&app, &w, &seen, &json!({"add": [late(&w, 3)]})).await.expect(200);
        let modes = each(&more, "mode");
        assert_eq!(modes, ["video", "in_person", "in_person", "in_person"], "{more:#}");
        // Of two that say different things, it did what is billed.
        let two = session(&w, "S-2", "2026-07-03", 3, &[0, 1]);
        let two = app.post(PATH, &w.submitter, &two).await.expect(201);
        let path = format!("/v1/encounters/{}", ids(&two)[0]);
        let change = send(app.request(Method::PATCH, &path, &w.submitter).header("If-Match", "\"1\"")
            .json(&json!({"activity": "documentation"}))).await;
        change.expect(200);
        let seen = now(&app, &w, &two).await;
        let mut last = late(&w, 4);
        last["note"]["signed_at"] = json!("2026-07-03T20:00:00Z");
        let more = patch(&app, &w, &seen, &json!({"add": [last]})).await.expect(200);
        assert_eq!(more["encounters"][2]["status"], "ready", "{more:#}");
    }

    async fn one_who_comes_in_the_place_of_others_did_what_those_did_who_stay(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let body = session(&w, "S-1", "2026-07-01", 4, &[0, 1, 2]);
        let first = app.post(PATH, &w.submitter, &body).await.expect(201);
        // Two were by video; the third was met.
        for visit in &ids(&first)[..2] {
            let path = format!("/v1/encounters/{visit}");
            let change = app.request(Method::PATCH, &path, &w.submitter).header("If-Match", "\"1\"");
            send(change.json(&json!({"mode": "video", "setting": "office"}))).await.expect(200);
        }
        // "Not these two, but that one": whoever is left was met.
        let seen = now(&app, &w, &first).await;
        let swap = json!({"remove": ids(&first)[..2], "add": [late(&w, 3)], "reason": "not there"});
        let more = patch(&app, &w, &seen, &swap).await.expect(200);
        assert_eq!(each(&more, "mode"), ["video", "video", "in_person", "in_person"], "{more:#}");
        // Where nobody stays, those who are taken out are asked.
        let seen = now(&app, &w, &more).await;
        let stays = ids(&more)[2..].to_vec();
        let mut last = late(&w, 0);
        last["reference"] = json!("S-1-again");
        let last = patch(&app, &w, &seen, &json!({"remove": stays, "add": [last], "reason": "no"})).await.expect(200);
        assert_eq!(last["encounters"][4]["mode"], "in_person", "{last:#}");
    }
}
