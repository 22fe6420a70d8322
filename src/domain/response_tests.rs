//! What each answer does, and when all of a batch is answered.

use super::*;

#[test]
fn every_effect_is_a_legal_move() {
    for (status, stage) in
        ClaimStatus::ALL.iter().flat_map(|s| Stage::ALL.iter().map(move |g| (*s, *g)))
    {
        for (source, verdict) in
            Source::ALL.iter().flat_map(|s| Verdict::ALL.iter().map(move |v| (*s, *v)))
        {
            for payer in [Taken::Silent, Taken::Received, Taken::Adjudicating] {
                let to = match effect(status, stage, source, verdict, payer) {
                    Effect::Accepted => ClaimStatus::Accepted,
                    Effect::Rejected => ClaimStatus::Rejected,
                    _ => continue,
                };
                assert!(status.may_become(to), "{status} {stage} {source} {verdict}");
                assert!(to != ClaimStatus::Accepted || stage == Stage::Claim);
            }
        }
    }
}

#[test]
fn the_payer_counts() {
    let of = |status, source, verdict, payer| effect(status, Stage::Claim, source, verdict, payer);
    let (house, payer) = (Source::Clearinghouse, Source::Payer);
    let (yes, no) = (Verdict::Accepted, Verdict::Rejected);
    let (none, some, all) = (Taken::Silent, Taken::Received, Taken::Adjudicating);
    assert_eq!(of(ClaimStatus::Accepted, payer, no, none), Effect::Rejected);
    assert_eq!(of(ClaimStatus::Accepted, payer, no, some), Effect::Rejected);
    assert_eq!(of(ClaimStatus::Accepted, payer, no, all), Effect::Contradicts);
    assert_eq!(of(ClaimStatus::Accepted, house, no, none), Effect::Rejected);
    assert_eq!(of(ClaimStatus::Accepted, house, no, some), Effect::Recorded);
    assert_eq!(of(ClaimStatus::Accepted, house, no, all), Effect::Recorded);
    assert_eq!(of(ClaimStatus::Rejected, payer, yes, none), Effect::Contradicts);
    assert_eq!(of(ClaimStatus::Rejected, house, yes, none), Effect::Recorded);
    assert_eq!(of(ClaimStatus::Delivered, payer, Verdict::Mixed, none), Effect::Unclear);
    for ended in [ClaimStatus::Closed, ClaimStatus::Replaced, ClaimStatus::Voided] {
        assert_eq!(of(ended, payer, no, all), Effect::Contradicts);
        assert_eq!(of(ended, house, no, all), Effect::Recorded);
        assert_eq!(of(ended, payer, yes, all), Effect::Recorded);
    }
}

#[test]
fn what_is_adjudicated_is_not_freed_though_its_answer_was_unclear() {
    let (house, payer) = (Source::Clearinghouse, Source::Payer);
    let no = Verdict::Rejected;
    for status in [ClaimStatus::Released, ClaimStatus::Delivered] {
        let of = |stage, source, taken| effect(status, stage, source, no, taken);
        assert_eq!(of(Stage::Claim, payer, Taken::Adjudicating), Effect::Contradicts);
        assert_eq!(of(Stage::Claim, house, Taken::Adjudicating), Effect::Recorded);
        assert_eq!(of(Stage::Set, Source::Receiver, Taken::Adjudicating), Effect::Contradicts);
        for stage in Stage::ALL {
            assert_eq!(of(*stage, payer, Taken::Silent), Effect::Rejected);
        }
    }
}

#[test]
fn a_claim_is_adjudicated_whatever_is_said_of_its_lines() {
    let of = |verdict, list: &[(&'static str, bool)]| taken(verdict, list.iter().copied());
    for category in ADJUDICATION {
        assert_eq!(of(Verdict::Accepted, &[(category, true)]), Taken::Adjudicating);
        let mixed = [(category, true), ("A7", false)];
        assert_eq!(of(Verdict::Mixed, &mixed), Taken::Adjudicating);
        // One line of a claim of which nothing is said itself.
        assert_eq!(of(Verdict::Mixed, &[(category, false), ("A7", false)]), Taken::Silent);
        assert_eq!(of(Verdict::Accepted, &[("A1", true), (category, false)]), Taken::Adjudicating);
    }
    assert_eq!(of(Verdict::Accepted, &[("A1", true)]), Taken::Received);
    assert_eq!(of(Verdict::Mixed, &[("A1", true), ("A7", false)]), Taken::Silent);
    assert_eq!(of(Verdict::Rejected, &[("A7", true)]), Taken::Silent);
    assert_eq!(of(Verdict::Accepted, &[]), Taken::Received);
}

#[test]
fn a_batch_is_acknowledged_when_all_of_it_is() {
    let (yes, errors, no) = (Verdict::Accepted, Verdict::AcceptedWithErrors, Verdict::Rejected);
    assert_eq!(Acknowledgment::of(&[Some(yes), None]), None);
    assert_eq!(Acknowledgment::of(&[]), None);
    assert_eq!(Acknowledgment::of(&[Some(yes), Some(Verdict::Unknown)]), None);
    assert_eq!(Acknowledgment::of(&[Some(yes)]), Some(Acknowledgment::Accepted));
    let with_errors = Acknowledgment::of(&[Some(yes), Some(errors)]);
    assert_eq!(with_errors, Some(Acknowledgment::AcceptedWithErrors));
    assert_eq!(Acknowledgment::of(&[Some(no), Some(errors)]), Some(Acknowledgment::Partly));
    assert_eq!(Acknowledgment::of(&[Some(no), Some(no)]), Some(Acknowledgment::Rejected));
}
