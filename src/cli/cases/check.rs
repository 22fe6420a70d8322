//! What a step must not say, because nothing would ever look at it: a case that can not fail proves
//! nothing.

use super::words::Step;

/// The first thing of a step that nothing would look at, or that cannot be told apart.
pub(super) fn fault(step: &Step) -> Option<String> {
    let acts = acts(step);
    if acts.len() > 1 {
        return Some(format!("a step has one act of a visit, and this has {}", acts.join(", ")));
    }
    let enters = !step.meet.is_empty();
    let says = enters || step.visit.is_some() || step.preview.is_some() || step.revise.is_some();
    if let Some(word) = step.words.keys().next().filter(|_| !says) {
        return Some(format!(
            "unknown word `{word}`: the words of a visit stand beside `visit`, `meet`, `preview` or `revise`"
        ));
    }
    step.expect.as_ref()?;
    if step.refused.is_some() {
        return Some("`expect` beside `refused` is never looked at; write `then`".to_owned());
    }
    acts.is_empty().then(|| {
        "`expect` is never looked at: nothing that this step does names a visit; write `then`"
            .to_owned()
    })
}

/// The acts of a step that are about a visit.
fn acts(step: &Step) -> Vec<&'static str> {
    let named = [
        ("visit", step.visit.is_some()),
        ("meet", !step.meet.is_empty()),
        ("preview", step.preview.is_some()),
        ("revise", step.revise.is_some()),
        ("void", step.void.is_some()),
        ("decide", step.decide.is_some()),
        ("answer_for", step.answer_for.is_some()),
    ];
    named.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}
