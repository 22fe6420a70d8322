//! Identifiers that other people issue: NPI, EIN, taxonomy, member numbers and the like.
//!
//! Each is checked when it is made; a value of these types cannot be malformed.

use super::text::{Invalid, checked_text, plain};

/// Characters that X12's basic and extended sets share and that are never a delimiter of ours.
fn x12_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || " .,-'()/#&+=;?!\"%@".contains(c)
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

/// The check digit rule of an NPI: Luhn over the number behind the prefix 80840, which adds 24.
fn npi_checks(text: &str) -> bool {
    let luhn = text.bytes().rev().enumerate().fold(24u32, |sum, (place, byte)| {
        let digit = u32::from(byte.saturating_sub(b'0'));
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        sum + doubled / 10 + doubled % 10
    });
    luhn.is_multiple_of(10)
}

checked_text!(
    /// A National Provider Identifier with a right check digit (45 CFR 162.406).
    Npi,
    "an NPI has ten digits, starts with 1 or 2, and its last digit is the check digit",
    |t| (digits(t, 10) && t.starts_with(['1', '2']) && npi_checks(t)).then(|| t.to_owned())
);

checked_text!(
    /// An employer identification number, nine digits, kept without the hyphen.
    Ein,
    "an EIN has nine digits, with or without a hyphen after the second",
    |t| {
        let hyphen_ok = !t.contains('-') || (t.len() == 10 && t.find('-') == Some(2));
        let bare: String = t.chars().filter(|c| *c != '-').collect();
        (hyphen_ok && digits(&bare, 9)).then_some(bare)
    }
);

checked_text!(
    /// A health care provider taxonomy code (NUCC), such as 175T00000X, peer specialist.
    Taxonomy,
    "a taxonomy code has ten capital letters and digits and ends in X",
    |t| {
        let shaped = t.len() == 10 && t.ends_with('X');
        (shaped && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
            .then(|| t.to_owned())
    }
);

checked_text!(
    /// A payer's number for a member (2010BA NM109): 2 to 20 letters and digits, upper case.
    MemberNumber,
    "a member number has 2 to 20 letters and digits",
    |t| {
        let t = t.trim().to_ascii_uppercase();
        ((2..=20).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(t)
    }
);

checked_text!(
    /// A payer's number for an authorization (REF*G1): 1 to 50 letters, digits and hyphens.
    AuthorizationNumber,
    "an authorization number has 1 to 50 letters, digits and hyphens",
    |t| {
        let t = t.trim().to_ascii_uppercase();
        let shaped = (1..=50).contains(&t.len());
        (shaped && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then_some(t)
    }
);

checked_text!(
    /// The organization's own name for an encounter, unique in the organization for ever.
    Reference,
    "a reference has 1 to 64 letters, digits and -_.:/",
    |t| {
        let shaped = (1..=64).contains(&t.len());
        (shaped && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b)))
            .then(|| t.to_owned())
    }
);

checked_text!(
    /// A short name for reference data: `river-bend`, `evergreen`, `peer_individual`.
    Key,
    "a key has 1 to 40 lower-case letters, digits, hyphens and underscores, starting with a letter",
    |t| {
        let shaped = (1..=40).contains(&t.len()) && t.starts_with(|c: char| c.is_ascii_lowercase());
        let set = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        (shaped && t.bytes().all(set)).then(|| t.to_owned())
    }
);

checked_text!(
    /// A two-letter code of a state or territory.
    State,
    "a state is two capital letters of the postal service's list",
    |t| STATES.split(' ').any(|s| s == t).then(|| t.to_owned())
);

const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO \
                      MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY \
                      AS GU MP PR VI";

checked_text!(
    /// A ZIP code of five or nine digits, kept without the hyphen.
    Zip,
    "a ZIP code has five or nine digits",
    |t| {
        let bare: String = t.chars().filter(|c| *c != '-').collect();
        let hyphen_ok = !t.contains('-') || t.find('-') == Some(5);
        (hyphen_ok && (digits(&bare, 5) || digits(&bare, 9))).then_some(bare)
    }
);

checked_text!(
    /// A ZIP+4 code, nine digits: what 837P wants of a billing provider (2010AA N403).
    Zip9,
    "a ZIP+4 code has nine digits, with or without a hyphen",
    |t| {
        let bare: String = t.chars().filter(|c| *c != '-').collect();
        let hyphen_ok = !t.contains('-') || t.find('-') == Some(5);
        (hyphen_ok && digits(&bare, 9)).then_some(bare)
    }
);

checked_text!(
    /// A name or address line that can stand in an X12 element: 1 to 55 plain characters.
    Line55,
    "a name or address line has 1 to 55 characters out of letters, digits and common punctuation",
    |t| plain(t, 55).filter(|t| t.chars().all(x12_safe_or_accent))
);

checked_text!(
    /// A short name for X12, 1 to 35 plain characters (first names, qualifying names).
    Line35,
    "a name has 1 to 35 characters out of letters, digits and common punctuation",
    |t| plain(t, 35).filter(|t| t.chars().all(x12_safe_or_accent))
);

checked_text!(
    /// A city (N401), 2 to 30 characters.
    City,
    "a city has 2 to 30 letters, spaces, points, apostrophes and hyphens",
    |t| plain(t, 30).filter(|t| t.chars().count() >= 2 && t.chars().all(x12_safe_or_accent))
);

checked_text!(
    /// A telephone number of ten digits (PER04).
    Phone,
    "a telephone number has ten digits",
    |t| {
        let bare: String = t.chars().filter(|c| !" -().".contains(*c)).collect();
        digits(&bare, 10).then_some(bare)
    }
);

checked_text!(
    /// A trading partner's code (ISA06, GS02, NM109): 2 to 15 letters and digits.
    PartnerCode,
    "a partner code has 2 to 15 capital letters and digits",
    |t| {
        let shaped = (2..=15).contains(&t.len());
        (shaped && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
            .then(|| t.to_owned())
    }
);

/// Names keep their accents here; the X12 writer folds them to what the payer's set can carry.
fn x12_safe_or_accent(c: char) -> bool {
    x12_safe(c) || (c.is_alphabetic() && fold_accent(c).is_some())
}

/// The plain ASCII letters for an accented Latin letter, or the letter itself when it is ASCII.
/// `None` for a letter that has no plain form here.
pub fn fold_accent(c: char) -> Option<&'static str> {
    if c.is_ascii() {
        return Some("");
    }
    FOLDS.iter().find(|(from, _)| from.contains(c)).map(|(_, to)| *to)
}

const FOLDS: &[(&str, &str)] = &[
    ("ÀÁÂÃÄÅĀĂĄ", "A"),
    ("àáâãäåāăą", "a"),
    ("ÇĆČ", "C"),
    ("çćč", "c"),
    ("ĎĐ", "D"),
    ("ďđ", "d"),
    ("ÈÉÊËĒĖĘĚ", "E"),
    ("èéêëēėęě", "e"),
    ("ĞĢ", "G"),
    ("ğģ", "g"),
    ("ÌÍÎÏĪĮİ", "I"),
    ("ìíîïīįı", "i"),
    ("ŁĻ", "L"),
    ("łļ", "l"),
    ("ÑŃŅŇ", "N"),
    ("ñńņň", "n"),
    ("ÒÓÔÕÖØŌŐ", "O"),
    ("òóôõöøōő", "o"),
    ("ŘŔ", "R"),
    ("řŕ", "r"),
    ("ŚŞŠȘ", "S"),
    ("śşšș", "s"),
    ("ŤŢȚ", "T"),
    ("ťţț", "t"),
    ("ÙÚÛÜŪŮŰŲ", "U"),
    ("ùúûüūůűų", "u"),
    ("ÝŸ", "Y"),
    ("ýÿ", "y"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
    ("Æ", "AE"),
    ("æ", "ae"),
    ("Œ", "OE"),
    ("œ", "oe"),
    ("ß", "ss"),
];

/// Parses `text` with `T::from_str` into `Some`, or `None` for an empty text.
pub fn optional<T: std::str::FromStr<Err = Invalid>>(text: &str) -> Result<Option<T>, Invalid> {
    if text.trim().is_empty() { Ok(None) } else { text.parse().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optional_value_is_none_when_nothing_is_written() {
        let npi = |text| optional::<Npi>(text).map(|n| n.map(|n| n.as_str().to_owned()));
        assert_eq!(npi(" ").unwrap(), None);
        assert_eq!(npi("1234567893").unwrap().as_deref(), Some("1234567893"));
        assert!(npi("1").is_err());
    }

    #[test]
    fn npi_check_digit_counts() {
        for good in ["1234567893", "1987654328", "1245319599"] {
            assert!(Npi::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "1234567890",
            "123456789",
            "12345678933",
            "3234567893",
            "12345 7893",
            "１234567893",
            "",
        ] {
            assert!(Npi::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn stored_forms_are_one() {
        assert_eq!(Ein::parse("91-1234567").unwrap().as_str(), "911234567");
        assert!(Ein::parse("9-11234567").is_err());
        assert_eq!(Zip9::parse("99201-0001").unwrap().as_str(), "992010001");
        assert!(Zip9::parse("99201").is_err());
        assert_eq!(Zip::parse("99201").unwrap().as_str(), "99201");
        assert_eq!(
            MemberNumber::parse(" mco55 ").ok(),
            None::<MemberNumber>.or(MemberNumber::parse("MCO55").ok())
        );
        assert_eq!(Phone::parse("(509) 555-0142").unwrap().as_str(), "5095550142");
    }

    #[test]
    fn names_keep_accents_and_refuse_delimiters() {
        assert!(Line55::parse("Peña-Łukasz O'Neil").is_ok());
        for bad in ["A*B", "A~B", "A:B", "A^B", "A|B", "A\nB", "名前", ""] {
            assert!(Line55::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn references_are_bounded() {
        assert!(Reference::parse(&"a".repeat(64)).is_ok());
        for bad in ["", " a", "a b", "é"] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
        assert!(Reference::parse(&"a".repeat(65)).is_err());
    }

    #[test]
    fn errors_never_repeat_the_value() {
        let error = MemberNumber::parse("SECRET NUMBER 123").unwrap_err();
        assert!(!error.to_string().contains("SECRET"));
    }
}
