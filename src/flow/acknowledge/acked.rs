//! What a 999 says of the sets of a group: of those that it names, and of the others.
//!
//! Authority: ASC X12 005010X231A1. A 999 may name only the sets with errors. The word on a set (IK5)
//! counts, whatever AK9 says of the group; AK9 speaks of the sets that are not named only where it
//! accepts the group, or accepts it partly and its counts leave no other meaning (`docs/adr/0125-…`).

use std::borrow::Cow;
use std::collections::HashMap;

use super::gather::AckedGroup;
use super::said;
use super::sets::{self, SentSet};
use crate::domain::ids::BatchId;
use crate::domain::response::{Said, Verdict};
use crate::x12::read::ack_999::{AckGroup, AckSet};

/// Most sets that are named in a problem.
const MAX_NAMED: usize = 5;

/// What is said of a set.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    pub(super) set: &'a SentSet,
    pub(super) verdict: Verdict,
    pub(super) said: Vec<Said>,
    /// Of a rejection: only that it is a copy.
    pub(super) copy: bool,
}

/// What a 999 says of each set of the group, and of which sets it says nothing.
pub(super) fn hear<'a>(
    of_group: &[&'a SentSet],
    acked: &AckedGroup,
) -> (Vec<Heard<'a>>, Vec<&'a SentSet>) {
    let AckedGroup { group, sets } = acked;
    let copied = said::is_copied_group(&group.codes);
    let (mut heard, mut others) = (Vec::new(), Vec::new());
    let mut named: HashMap<Cow<'_, str>, Vec<&AckSet>> = HashMap::new();
    for set in sets {
        named.entry(sets::plain(&set.control)).or_default().push(set);
    }
    for set in of_group.iter().copied() {
        let Some(words) = named.get(&sets::plain(&set.control)) else {
            others.push(set);
            continue;
        };
        for word in words {
            let (verdict, mut said) = said::of_set(word);
            said.extend(copied.then(said::copied_group));
            let copy = copied || said::is_copied_set(word);
            heard.push(Heard { set, verdict, said, copy });
        }
    }
    let rejected = heard.iter().filter(|h| h.verdict == Verdict::Rejected).count();
    let Some(verdict) = of_others(acked, of_group.len(), rejected) else { return (heard, others) };
    let said = || copied.then(said::copied_group).into_iter().collect();
    let whole = |set| Heard { set, verdict, said: said(), copy: copied };
    heard.extend(others.into_iter().map(whole));
    (heard, Vec::new())
}

/// What AK9 says of the sets that are not named; nothing, where some are named and it does not accept.
fn of_others(
    AckedGroup { group, sets }: &AckedGroup,
    sent: usize,
    rejected: usize,
) -> Option<Verdict> {
    let whole = said::set_verdict(group.status.as_deref());
    match whole {
        _ if sets.is_empty() => Some(whole),
        Verdict::Accepted | Verdict::AcceptedWithErrors => Some(whole),
        _ if group.status.as_deref() == Some("P") && adds_up(group, sent, rejected) => {
            Some(Verdict::Accepted)
        }
        _ => None,
    }
}

/// Whether AK902 to AK904 say that all sets came and all but the rejected ones were accepted.
fn adds_up(group: &AckGroup, sent: usize, rejected: usize) -> bool {
    let count = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<usize>().ok());
    let [included, received, accepted] = group.counts.each_ref().map(count);
    included == Some(sent)
        && received == Some(sent)
        && accepted.is_some_and(|accepted| accepted.checked_add(rejected) == Some(sent))
}

/// That a 999 says nothing of some sets.
pub(super) fn silence(batch: BatchId, group: &AckGroup, sets: &[&SentSet]) -> String {
    let named: Vec<&str> = sets.iter().take(MAX_NAMED).map(|s| s.control.as_str()).collect();
    let more = match sets.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let status = match group.status.as_deref() {
        Some("P") => "accepts it partly, with counts that do not tell which sets",
        _ => "does not accept it",
    };
    format!(
        "a 999 says nothing of sets {}{more} of batch {batch}, and of the group as a whole (AK9) that it \
         {status}: they stay as they are. Ask the sender what became of them",
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(controls: &[&str]) -> Vec<SentSet> {
        let set = |c: &&str| SentSet { group: 1, control: (*c).to_owned(), claims: Vec::new() };
        controls.iter().map(set).collect()
    }

    fn heard(status: &str, counts: [&str; 3], named: &[(&str, &str)]) -> (Vec<Verdict>, usize) {
        let sets = sent(&["0001", "0002", "0003"]);
        let of_group: Vec<&SentSet> = sets.iter().collect();
        let set = |(control, status): &(&str, &str)| AckSet {
            control: (*control).to_owned(),
            status: Some((*status).to_owned()),
            ..AckSet::default()
        };
        let group = AckGroup {
            status: Some(status.to_owned()),
            counts: counts.map(|c| Some(c.to_owned()).filter(|c| !c.is_empty())),
            ..AckGroup::default()
        };
        let acked = AckedGroup { group, sets: named.iter().map(set).collect() };
        let (heard, unsaid) = hear(&of_group, &acked);
        (heard.iter().map(|h| h.verdict).collect(), unsaid.len())
    }

    #[test]
    fn the_group_speaks_of_sets_that_are_not_named_where_it_can_mean_one_thing_only() {
        use Verdict::{Accepted, AcceptedWithErrors, Rejected};
        let one = &[("0001", "R")][..];
        assert_eq!(heard("R", ["3", "3", "0"], one), (vec![Rejected], 2));
        assert_eq!(heard("P", ["3", "3", "2"], one), (vec![Rejected, Accepted, Accepted], 0));
        for counts in
            [["3", "3", "1"], ["2", "2", "1"], ["3", "2", "2"], ["", "", ""], ["3", "3", "x"]]
        {
            assert_eq!(heard("P", counts, one), (vec![Rejected], 2), "{counts:?}");
        }
        assert_eq!(heard("A", ["3", "3", "3"], one), (vec![Rejected, Accepted, Accepted], 0));
        let errors = heard("E", ["3", "3", "3"], &[("1", "E")]);
        assert_eq!(errors, (vec![AcceptedWithErrors; 3], 0));
        assert_eq!(heard("R", ["3", "3", "0"], &[]), (vec![Rejected; 3], 0));
        assert_eq!(heard("P", ["3", "3", "2"], &[]), (vec![Verdict::Unknown; 3], 0));
        let all = &[("0001", "R"), ("0002", "A"), ("0003", "A")][..];
        assert_eq!(heard("R", ["3", "3", "2"], all), (vec![Rejected, Accepted, Accepted], 0));
    }
}
