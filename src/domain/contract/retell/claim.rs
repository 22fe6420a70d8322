//! How claims look: what is usual is left out where a pack does not say it either.

use serde_json::Value;

use super::{Part, Sentence, counted};
use crate::domain::contract::{
    AuthorizationLevel, ClaimForm, ClaimProfile, Delimiters, RenderingMode, Rollup,
};
use crate::domain::period::Period;

pub(super) fn sentences(profile: &ClaimProfile) -> Vec<Sentence> {
    let ClaimProfile {
        receiver_qualifier,
        receiver_id,
        receiver_code,
        receiver_name,
        payer_name,
        payer_id,
        acknowledgment_requested,
        claim_filing_code,
        delimiters,
        line_breaks,
        max_claims_per_set,
        billing_taxonomy,
        rendering,
        rendering_taxonomy,
        authorization_level,
        rollup,
        one_place_per_claim,
        period,
        form,
        source,
        source_of,
    } = profile;
    let mut part = Part::new("Claims", source.as_ref());
    let text = format!(
        "Files go to {receiver_name}, {receiver_qualifier} {receiver_id} (GS03 {receiver_code})."
    );
    part.say("receiver", text);
    part.say("payer", format!("The payer is {payer_name}, {payer_id}."));
    part.say("claim_filing_code", format!("The claim filing code (SBR09) is {claim_filing_code}."));
    let asked = if *acknowledgment_requested { "A" } else { "No" };
    part.say("acknowledgment_requested", format!("{asked} TA1 is asked for."));
    let Delimiters { element, component, repetition, segment } = delimiters;
    let breaks = if *line_breaks { "with" } else { "without" };
    let text = format!(
        "Delimiters are {element} {component} {repetition} {segment}, {breaks} line breaks."
    );
    part.say("delimiters", text);
    let most = counted(*max_claims_per_set, "claim");
    part.say("max_claims_per_set", format!("One set holds at most {most}."));
    let sent = |flag: bool| if flag { "is" } else { "is not" };
    let taxonomy = sent(*billing_taxonomy);
    part.say("billing_taxonomy", format!("The billing provider's taxonomy {taxonomy} sent."));
    let renders = match rendering {
        RenderingMode::Always => "The peer is named as rendering provider.",
        RenderingMode::IfDifferent => {
            "The peer is named as rendering provider where the NPI is not the billing one."
        }
        RenderingMode::Never => "No rendering provider is named.",
        RenderingMode::Supervisor => "The supervising provider is named in the peer's place.",
        RenderingMode::Agency => "The billing provider is named as rendering provider.",
    };
    part.say("rendering", renders);
    let taxonomy = sent(*rendering_taxonomy);
    part.say("rendering_taxonomy", format!("The rendering provider's taxonomy {taxonomy} sent."));
    say_lines(&mut part, *authorization_level, *rollup);
    let places = if *one_place_per_claim { "only one place" } else { "any places" };
    part.say("one_place_per_claim", format!("A claim holds {places} of service."));
    let covers = match period {
        Period::Day => "A claim covers a day.",
        Period::Week => "A claim covers a week, and waits for its end.",
        Period::Month => "A claim covers a month, and waits for its end.",
    };
    part.say("period", covers);
    say_form(&mut part, form);
    part.say_sources("claim", source_of);
    part.sentences
}

/// What stands on the lines of a claim.
fn say_lines(part: &mut Part<'_>, level: AuthorizationLevel, rollup: Rollup) {
    let level = match level {
        AuthorizationLevel::Claim => "A claim names one authorization.",
        AuthorizationLevel::Line => "Each claim line names its own authorization.",
    };
    part.say("authorization_level", level);
    let roll = match rollup {
        Rollup::None => "Each line of a visit is a claim line.",
        Rollup::Day => "Lines of a day with the same code, modifiers and place are one claim line.",
    };
    part.say("rollup", roll);
}

/// The knobs of the companion profile that are not as usual, by their names: the companion page
/// explains each.
fn say_form(part: &mut Part<'_>, form: &ClaimForm) {
    let as_json = |form: &ClaimForm| serde_json::to_value(form).unwrap_or(Value::Null);
    let (set, usual) = (as_json(form), as_json(&ClaimForm::default()));
    let Value::Object(sections) = set else { return };
    for (section, knobs) in sections {
        let Value::Object(knobs) = knobs else { continue };
        for (knob, value) in knobs {
            let before = usual.get(&section).and_then(|s| s.get(&knob));
            if before != Some(&value) {
                part.say(&format!("{section}.{knob}"), format!("{section}.{knob} is {value}."));
            }
        }
    }
}
