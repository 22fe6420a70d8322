//! What goes wrong in real submissions: each flaw with how often it happens, and with the finding
//! that it must yield. A row has one flaw at most, so that the answer to it is known beforehand.

use std::str::FromStr;

use serde::Deserialize;

use super::dice::Dice;
use crate::domain::rules::RuleId;

/// What a share is counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Sound visits.
    Visits,
    /// Members' parts in sound groups.
    Parts,
    /// Members; it shows in their visits from some day on.
    Members,
    /// Peers; it shows in all visits of some weeks.
    Peers,
    /// Days of peers; it shows in all visits of the day.
    Days,
    /// Groups; it shows in all visits of the group.
    Groups,
}

/// What the service answers to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is billed, wholly or in part.
    Ready,
    /// It waits for a person.
    Held,
    /// It is kept and never billed.
    NonBillable,
}

impl Answer {
    /// As the API says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Held => "held",
            Self::NonBillable => "non_billable",
        }
    }
}

macro_rules! flaws {
    ($($variant:ident = $name:literal, $share:literal of $of:ident, $answer:ident $rule:ident, $says:literal;)+) => {
        /// A flaw.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Flaw {
            $(#[doc = $says] $variant),+
        }

        impl Flaw {
            /// All, in the order in which they are told.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name on the command line and in `flaws.csv`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How often, in ten thousand, unless another share is asked for.
            pub const fn share(self) -> u32 {
                match self { $(Self::$variant => $share),+ }
            }

            /// What the share is counted of.
            pub const fn of(self) -> Of {
                match self { $(Self::$variant => Of::$of),+ }
            }

            /// The finding that it yields.
            pub const fn rule(self) -> RuleId {
                match self { $(Self::$variant => RuleId::$rule),+ }
            }

            /// What becomes of the visit. Of visits that are short of units this is the answer when
            /// nothing is left; when some is, they are billed in part.
            pub const fn answer(self) -> Answer {
                match self { $(Self::$variant => Answer::$answer),+ }
            }

            /// What happened, in a sentence.
            pub const fn says(self) -> &'static str {
                match self { $(Self::$variant => $says),+ }
            }
        }
    };
}

flaws! {
    NoShow = "no_show", 250 of Visits, NonBillable ActivityNotBillable,
        "The member did not come; the peer recorded the attempt.";
    Paperwork = "paperwork", 80 of Visits, NonBillable ActivityNotBillable,
        "The time went into writing notes.";
    Ride = "ride", 80 of Visits, NonBillable ActivityNotBillable,
        "A ride, and nothing else.";
    TooShort = "too_short", 80 of Visits, NonBillable BelowOneUnit,
        "A few minutes: less than one unit.";
    Unsigned = "unsigned", 150 of Visits, Held NoteUnsigned,
        "The note was never signed.";
    EarlyNote = "early_note", 30 of Visits, Held NoteBeforeContact,
        "The note was signed before the visit.";
    NoGoal = "no_goal", 60 of Visits, Held NoteNoGoal,
        "The note names no goal of the plan of care.";
    WrongPlace = "wrong_place", 80 of Visits, Held SettingNotAllowed,
        "In a place where the payer does not pay.";
    WrongMode = "wrong_mode", 80 of Visits, Held ModeNotAllowed,
        "By video or telephone, which the payer does not pay for.";
    NoDiagnosis = "no_diagnosis", 40 of Visits, Held DiagnosisMissing,
        "No diagnosis was sent.";
    Tobacco = "tobacco", 30 of Visits, Held DiagnosisClass,
        "Tobacco alone, which the service is not for.";
    Duplicate = "duplicate", 120 of Visits, Held Duplicate,
        "The visit before it once more, under a second reference and five minutes off.";
    Overlap = "overlap", 120 of Visits, Held OverlapPeer,
        "The peer was still with the member before.";
    LongDay = "long_day", 40 of Visits, Ready LimitBillUpTo,
        "Hours in an emergency room: more units than the limit allows.";
    UnknownAuthorization = "unknown_authorization", 60 of Visits, Held AuthorizationUnknown,
        "The number of the authorization is mistyped.";
    GroupDisagrees = "group_disagrees", 300 of Parts, Held SessionDisagrees,
        "Another number of people present than the others of the group say.";
    GroupTooLarge = "group_too_large", 500 of Groups, Held GroupSize,
        "More people came to the group than the payer pays for.";
    GroupRatio = "group_ratio", 500 of Groups, Held GroupRatio,
        "Too many people for the one peer who led the group.";
    GroupOverlap = "group_overlap", 1_000 of Groups, Held OverlapPeer,
        "The peer was still with somebody when the group began.";
    Late = "late", 60 of Days, Held FilingLate,
        "The sheets of a day were found months later, after the filing deadline.";
    ExpiredCertificate = "expired_certificate", 1_200 of Peers, Held PeerNotCertified,
        "The certificate of the peer had ended, and was renewed some weeks later.";
    NoCoverage = "no_coverage", 200 of Members, Held EligibilityNotCovered,
        "The coverage of the member had ended.";
    OtherInsurance = "other_insurance", 150 of Members, Held CoverageOtherFirst,
        "Another insurance pays first.";
    NoAddress = "no_address", 100 of Members, Held MemberNoAddress,
        "The roster has no address.";
    TooYoung = "too_young", 150 of Members, Held MemberAge,
        "The member is too young for the service.";
    NoConsent = "no_consent", 600 of Members, Held Part2NoConsent,
        "Substance use, and the organization has not said whether it is a Part 2 program.";
    NoAuthorization = "no_authorization", 600 of Members, Held AuthorizationMissing,
        "Nobody asked the payer for an authorization.";
    Exhausted = "exhausted", 500 of Members, Held AuthorizationExhausted,
        "The authorization was for few units, and they are used.";
}

/// How often each flaw happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares(Vec<(Flaw, u32)>);

impl Default for Shares {
    fn default() -> Self {
        Self(Flaw::ALL.iter().map(|flaw| (*flaw, flaw.share())).collect())
    }
}

impl Shares {
    /// No flaws at all.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// How often, in ten thousand.
    pub fn of(&self, flaw: Flaw) -> u32 {
        self.0.iter().find(|(of, _)| *of == flaw).map_or(0, |(_, share)| *share)
    }

    /// One throw for all flaws that are `asked` for: one of them, or none.
    pub fn throw(&self, dice: &mut Dice, asked: impl Fn(Flaw) -> bool) -> Option<Flaw> {
        let mut left = dice.below(10_000);
        for flaw in Flaw::ALL.iter().copied().filter(|flaw| asked(*flaw)) {
            let often = self.of(flaw);
            if left < often {
                return Some(flaw);
            }
            left -= often;
        }
        None
    }

    fn set(&mut self, flaw: Flaw, share: u32) {
        self.0.retain(|(of, _)| *of != flaw);
        self.0.push((flaw, share));
    }
}

/// Reads `default`, `none`, or either followed by shares in percent: `none,unsigned=2.5,late=1`.
impl FromStr for Shares {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut shares = Self::default();
        for (index, part) in text.split(',').map(str::trim).enumerate() {
            match (index, part) {
                (0, "default") => {}
                (0, "none") => shares = Self::none(),
                _ => {
                    let (flaw, share) = named(part)?;
                    shares.set(flaw, share);
                }
            }
        }
        Ok(shares)
    }
}

fn named(part: &str) -> Result<(Flaw, u32), String> {
    let (name, percent) =
        part.split_once('=').ok_or_else(|| format!("write NAME=PERCENT, not {part:?}"))?;
    let flaw = Flaw::ALL.iter().find(|f| f.name() == name).ok_or_else(|| {
        let known: Vec<&str> = Flaw::ALL.iter().map(|f| f.name()).collect();
        format!("there is no flaw {name:?}; known are {}", known.join(", "))
    })?;
    let share = hundredths(percent).filter(|share| *share <= 10_000);
    let share = share.ok_or_else(|| {
        format!("{percent:?} is no share: write a percentage from 0 to 100, such as 2.5")
    })?;
    Ok((*flaw, share))
}

/// A decimal with at most two places, in hundredths.
fn hundredths(text: &str) -> Option<u32> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || places.len() > 2 || !digits(whole) || !digits(places)
    {
        return None;
    }
    let places: u32 = format!("{places:0<2}").parse().ok()?;
    Some(whole.parse::<u32>().ok()? * 100 + places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_in_percent() {
        let shares: Shares = "none,unsigned=2.5,late=100".parse().unwrap();
        assert_eq!((shares.of(Flaw::Unsigned), shares.of(Flaw::Late)), (250, 10_000));
        assert_eq!(shares.of(Flaw::NoShow), 0);
        let shares: Shares = "unsigned=0".parse().unwrap();
        assert_eq!((shares.of(Flaw::Unsigned), shares.of(Flaw::NoShow)), (0, 250));
        assert_eq!("default".parse::<Shares>().unwrap(), Shares::default());
    }

    #[test]
    fn a_share_that_is_none_is_refused_with_what_to_write() {
        for bad in
            ["unsigned", "unsigned=", "unsigned=101", "unsigned=1.234", "unsigned=-1", "rain=1"]
        {
            let error = bad.parse::<Shares>().unwrap_err();
            assert!(!error.is_empty(), "{bad}");
        }
        assert!("rain=1".parse::<Shares>().unwrap_err().contains("no_show"));
    }

    #[test]
    fn names_are_those_of_the_world() {
        for flaw in Flaw::ALL {
            let read: Flaw = serde_json::from_value(serde_json::json!(flaw.name())).unwrap();
            assert_eq!(read, *flaw);
            let said = flaw.says();
            assert!(said.ends_with('.') && said.starts_with(|c: char| c.is_ascii_uppercase()));
        }
    }
}
