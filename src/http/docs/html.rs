//! Bits of HTML: everything from the document is escaped here.

/// Adds to a text as `format!` makes it.
macro_rules! put {
    ($out:expr, $($part:tt)+) => {{
        use std::fmt::Write as _;
        // Writing to a text cannot fail.
        let _ = write!($out, $($part)+);
    }};
}
pub(super) use put;

/// Text as it may stand in HTML, also between quotes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A line of prose: what stands between backticks becomes code.
pub(super) fn inline(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // Without its partner, a backtick is only a backtick.
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let piece = |(n, part): (usize, &&str)| {
        let part = escape(part);
        if n.is_multiple_of(2) { part } else { format!("<code>{part}</code>") }
    };
    parts.iter().enumerate().map(piece).collect()
}

/// Prose: paragraphs are parted by empty lines.
pub(super) fn prose(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(str::trim).filter(|p| !p.is_empty());
    paragraphs.map(|p| format!("<p>{}</p>\n", inline(p))).collect::<Vec<_>>().concat()
}

/// An anchor's name: small letters, digits and hyphens.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_document_becomes_markup() {
        let hostile = "<script>alert('x')</script> & \"quoted\"";
        for text in [escape(hostile), inline(hostile), prose(hostile)] {
            assert!(!text.contains("<script"), "{text}");
            assert!(!text.contains('"') && !text.contains('\''), "{text}");
        }
        assert_eq!(inline("a `<b>` c"), "a <code>&lt;b&gt;</code> c");
        assert_eq!(inline("one ` alone <"), "one ` alone &lt;");
        assert_eq!(prose("one\n\ntwo"), "<p>one</p>\n<p>two</p>\n");
    }

    #[test]
    fn anchors_are_plain() {
        assert_eq!(slug("post /v1/encounters/{id}/void"), "post-v1-encounters-id-void");
        assert_eq!(slug("PageBody_EncounterView"), "pagebody-encounterview");
    }
}
