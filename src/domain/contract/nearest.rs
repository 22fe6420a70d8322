//! The nearest known name to a mistyped one, for faults that help.

use super::fault::shown;

/// Most known names that a hint lists.
const MAX_LISTED: usize = 20;

/// A hint: the nearest known name, or the list of all when none is near.
pub(super) fn hint<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = known.iter().map(|k| (farness(word, k), *k)).min();
    match near {
        None => "there is none here".to_owned(),
        Some((far, name)) if far <= 2.max(name.len() / 3) => format!("did you mean `{name}`?"),
        Some(_) => {
            let more = if known.len() > MAX_LISTED { ", …" } else { "" };
            let listed: Vec<String> = known.iter().take(MAX_LISTED).map(|k| shown(k)).collect();
            format!("known here: {}{more}", listed.join(", "))
        }
    }
}

/// How far a known name is; one that the word begins or ends counts as one edit away.
fn farness(word: &str, known: &str) -> usize {
    let part = word.len() >= 3 && (known.starts_with(word) || known.ends_with(word));
    if part { distance(word, known).min(1) } else { distance(word, known) }
}

/// Edit distance (Levenshtein). Texts are short: keys are cut at 64 characters by the reader.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        let above = row.iter().zip(row.iter().skip(1));
        for (right, (diagonal, up)) in b.iter().zip(above) {
            let swap = diagonal + usize::from(left != *right);
            let before = next.last().map_or(0, |n| n + 1);
            next.push(swap.min(up + 1).min(before));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn hints_name_the_nearest_or_list_all() {
        assert_eq!(hint("roundng", ["rounding", "roles"]), "did you mean `rounding`?");
        assert_eq!(
            hint("qualifier", ["id", "sender_qualifier"]),
            "did you mean `sender_qualifier`?"
        );
        assert_eq!(hint("zebra_crossing", ["key", "title"]), "known here: key, title");
        assert_eq!(hint("x", []), "there is none here");
    }
}
