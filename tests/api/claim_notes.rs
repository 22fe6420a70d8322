//! What a replacement or void says to the payer in words: on its own claim, instead of the profile's
//! note, and as it was written.

use serde_json::{Value, json};

use crate::again::record;
use crate::app::{Answer, TestApp, on_both};
use crate::as_meant::forge;
use crate::claim_changes::{billed, build, claim, of_batch, patch, payer_says, step};
use crate::edi;
use crate::world::{self, World, id};

/// `river-bend`, whose payer wants a note about the units of every claim.
async fn noted(app: &TestApp) -> World {
    let usual = "rollup = \"day\"\nsource = \"companion-guide\"\n";
    let notes = format!("{usual}[claim.content]\nnotes = [{{ text = \"{{units}} UNITS\" }}]\n");
    world::river_bend_with(app, 1, &[(usual, &notes)]).await
}

async fn ask(app: &TestApp, w: &World, of: &Value, what: &str, more: &Value) -> Answer {
    let mut body = json!({"reason": "a word of the biller", "payer_control": "ICN-1"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    app.post(&format!("/v1/claims/{}/{what}", id(of)), &w.biller, &body).await
}

/// The file of what is built next, with its batch and its one claim.
async fn built(app: &TestApp, w: &World) -> (Value, Value, String) {
    let batch = build(app, w).await.expect(201);
    let text = edi::fetch(app, &id(&batch), &w.biller).await.body;
    let claim = of_batch(app, w, &batch).await;
    (batch, claim, text)
}

/// The notes of a file.
fn notes(text: &str) -> Vec<&str> {
    let segments = text.split('~').map(str::trim);
    segments.filter(|segment| segment.starts_with("NTE*")).collect()
}

on_both! {
    async fn a_correction_says_its_own_words_and_the_next_one_does_not_repeat_them(app: TestApp) {
        let w = noted(&app).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        assert_eq!(first["note"], Value::Null, "the profile's note is none of its own");
        let words = json!({"note": "Ended later than it was billed first"});
        let asked = ask(&app, &w, &first, "replace", &words).await.expect(200);
        assert_eq!(asked["change"]["note"], words["note"]);
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:30:00Z"})).await.expect(200);
        let (batch, second, text) = built(&app, &w).await;
        let said = ["NTE*ADD*ENDED LATER THAN IT WAS BILLED FIRST"];
        assert_eq!((notes(&text).as_slice(), &second["note"]), (&said[..], &words["note"]));
        assert_eq!(claim(&app, &w, &id(&first)).await["change"]["note"], words["note"]);
        // Withdrawn, it is prepared again with its words.
        step(&app, &w, &batch, "withdraw").await.expect(200);
        app.settle().await;
        let (batch, third, text) = built(&app, &w).await;
        assert_eq!((notes(&text).as_slice(), &third["note"]), (&said[..], &words["note"]));
        // What stands in the file is compared with what was meant, words and all.
        let bent = text.replacen("ENDED LATER", "ENDED NEVER", 1);
        forge(&app, &id(&batch), &text, &bent);
        let told = step(&app, &w, &batch, "release").await.problem(409, "release_refused");
        assert!(told["detail"].as_str().unwrap().contains("NTE02"), "{told}");
        assert!(!told.to_string().contains("LATER"), "values are not told: {told}");
        forge(&app, &id(&batch), &bent, &text);
        step(&app, &w, &batch, "release").await.expect(200);
        app.settle().await;
        payer_says(&app, &third, true).await;
        // A void without words says what the profile says, not what the replacement said.
        ask(&app, &w, &third, "void", &json!({"payer_control": "ICN-2"})).await.expect(200);
        let (batch, void, text) = built(&app, &w).await;
        assert_eq!((notes(&text), &void["note"]), (vec!["NTE*ADD*6 UNITS"], &Value::Null));
        step(&app, &w, &batch, "withdraw").await.expect(200);
        app.settle().await;
        app.act(&format!("/v1/claims/{}/keep", id(&third)), &w.biller).await.expect(200);
        let words = json!({"payer_control": "ICN-2", "note": "Billed for the wrong member"});
        ask(&app, &w, &third, "void", &words).await.expect(200);
        let (batch, void, text) = built(&app, &w).await;
        assert_eq!((notes(&text), &void["note"]), (vec!["NTE*ADD*BILLED FOR THE WRONG MEMBER"], &words["note"]));
        step(&app, &w, &batch, "release").await.expect(200);
    }

    async fn words_that_the_file_cannot_carry_are_refused_with_their_place(app: TestApp) {
        let w = noted(&app).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        let long = "x".repeat(81);
        for (note, why) in [
            ("", "1 to 80"),
            (long.as_str(), "1 to 80"),
            ("caf\u{e9}", "ASCII"),
            ("two\nlines", "1 to 80"),
            ("corrected: units", "character 10 of the value"),
            ("4 * 15 minutes", "character 3 of the value"),
        ] {
            for what in ["replace", "void"] {
                let refused = ask(&app, &w, &first, what, &json!({"note": note})).await;
                assert_eq!(refused.status.as_u16(), 422, "{what} {note}: {}", refused.body);
                let problem = refused.json();
                assert_eq!(problem["faults"][0]["pointer"], "/note", "{problem}");
                assert!(problem["faults"][0].to_string().contains(why), "{why}: {problem}");
            }
        }
        assert_eq!(claim(&app, &w, &id(&first)).await["change"], Value::Null);
        let widest = json!({"note": "x".repeat(80)});
        ask(&app, &w, &first, "replace", &widest).await.expect(200);
        let (_, second, text) = built(&app, &w).await;
        assert_eq!(second["note"], widest["note"]);
        assert_eq!(notes(&text), [format!("NTE*ADD*{}", "X".repeat(80))]);
    }
}
