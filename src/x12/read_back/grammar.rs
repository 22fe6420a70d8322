//! Which loops an 837P has, what opens each, and which segments stand in it, in their order.
//!
//! Authority: ASC X12 005010X222A1, chapter 2.4. What depends on values (a patient's address, an
//! adjudication date) is looked at elsewhere; here stands what the guide requires always and allows
//! at most.

use crate::x12::error::SegmentId;

/// One segment of a loop.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) id: SegmentId,
    /// Required, and how often at most.
    pub(super) min: u16,
    pub(super) max: u16,
    /// The codes of its first element; any when empty.
    pub(super) codes: &'static [&'static str],
}

/// One loop.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) id: &'static str,
    /// The loops in which it stands.
    pub(super) parents: &'static [&'static str],
    /// What opens it: a segment, an element of it, and that element's codes (any when empty).
    pub(super) opener: (SegmentId, u8, &'static [&'static str]),
    /// Whether each parent has one, and how many at most.
    pub(super) required: bool,
    pub(super) max: u32,
    pub(super) uses: &'static [Use],
}

const fn named(id: &[u8]) -> SegmentId {
    match SegmentId::new(id) {
        Some(id) => id,
        // Nothing has this name; a test looks at all of them.
        None => SegmentId::NONE,
    }
}

const fn one(id: &[u8]) -> Use {
    Use { id: named(id), min: 1, max: 1, codes: &[] }
}

const fn some(id: &[u8], max: u16) -> Use {
    Use { id: named(id), min: 0, max, codes: &[] }
}

const fn coded(id: &[u8], min: u16, max: u16, codes: &'static [&'static str]) -> Use {
    Use { id: named(id), min, max, codes }
}

/// The numbers of a provider that are not NPIs.
const PROVIDER_NUMBERS: &[&str] = &["0B", "1G", "G2", "LU"];
const PROVIDER: &[Use] = &[one(b"NM1"), coded(b"REF", 0, 4, PROVIDER_NUMBERS)];
const PROVIDER_TAXONOMY: &[Use] =
    &[one(b"NM1"), coded(b"PRV", 0, 1, &["PE"]), coded(b"REF", 0, 20, PROVIDER_NUMBERS)];
const PLACE: &[Use] = &[one(b"NM1"), one(b"N3"), one(b"N4")];
const FACILITY: &[Use] = &[
    one(b"NM1"),
    one(b"N3"),
    one(b"N4"),
    coded(b"REF", 0, 3, &["0B", "G2", "LU"]),
    some(b"PER", 1),
];
const PAYER_NUMBERS: &[&str] = &["2U", "EI", "FY", "NF", "G2", "LU"];
const HI: Use = Use { id: named(b"HI"), min: 1, max: 4, codes: &[] };

const fn child(
    id: &'static str,
    parents: &'static [&'static str],
    codes: &'static [&'static str],
    uses: &'static [Use],
) -> Loop {
    Loop { id, parents, opener: (named(b"NM1"), 1, codes), required: false, max: 1, uses }
}

const fn required(
    id: &'static str,
    parents: &'static [&'static str],
    codes: &'static [&'static str],
    uses: &'static [Use],
) -> Loop {
    Loop { id, parents, opener: (named(b"NM1"), 1, codes), required: true, max: 1, uses }
}

/// All loops; those of one parent in their order.
pub(super) const LOOPS: &[Loop] = &[
    Loop {
        id: "ST",
        parents: &[],
        opener: (named(b"ST"), 0, &[]),
        required: true,
        max: u32::MAX,
        uses: &[one(b"ST"), one(b"BHT")],
    },
    required("1000A", &["ST"], &["41"], &[one(b"NM1"), coded(b"PER", 1, 2, &["IC"])]),
    required("1000B", &["ST"], &["40"], &[one(b"NM1")]),
    Loop {
        id: "2000A",
        parents: &["ST"],
        opener: (named(b"HL"), 3, &["20"]),
        required: true,
        max: u32::MAX,
        uses: &[one(b"HL"), coded(b"PRV", 0, 1, &["BI"]), coded(b"CUR", 0, 1, &["85"])],
    },
    required(
        "2010AA",
        &["2000A"],
        &["85"],
        &[
            one(b"NM1"),
            one(b"N3"),
            one(b"N4"),
            coded(b"REF", 1, 4, &["EI", "SY", "0B", "1G"]),
            coded(b"PER", 0, 2, &["IC"]),
        ],
    ),
    child("2010AB", &["2000A"], &["87"], PLACE),
    child(
        "2010AC",
        &["2000A"],
        &["PE"],
        &[one(b"NM1"), one(b"N3"), one(b"N4"), coded(b"REF", 1, 3, &["2U", "EI", "FY", "NF"])],
    ),
    Loop {
        id: "2000B",
        parents: &["2000A"],
        opener: (named(b"HL"), 3, &["22"]),
        required: true,
        max: u32::MAX,
        uses: &[one(b"HL"), one(b"SBR"), some(b"PAT", 1)],
    },
    required(
        "2010BA",
        &["2000B"],
        &["IL"],
        &[
            one(b"NM1"),
            some(b"N3", 1),
            some(b"N4", 1),
            some(b"DMG", 1),
            coded(b"REF", 0, 2, &["SY", "Y4"]),
            coded(b"PER", 0, 1, &["IC"]),
        ],
    ),
    required(
        "2010BB",
        &["2000B"],
        &["PR"],
        &[one(b"NM1"), some(b"N3", 1), some(b"N4", 1), coded(b"REF", 0, 5, PAYER_NUMBERS)],
    ),
    Loop {
        id: "2000C",
        parents: &["2000B"],
        opener: (named(b"HL"), 3, &["23"]),
        required: false,
        max: u32::MAX,
        uses: &[one(b"HL"), one(b"PAT")],
    },
    required(
        "2010CA",
        &["2000C"],
        &["QC"],
        &[
            one(b"NM1"),
            one(b"N3"),
            one(b"N4"),
            one(b"DMG"),
            coded(b"REF", 0, 3, &["Y4", "1W", "SY"]),
            coded(b"PER", 0, 1, &["IC"]),
        ],
    ),
    Loop {
        id: "2300",
        parents: &["2000B", "2000C"],
        opener: (named(b"CLM"), 0, &[]),
        required: false,
        max: 100,
        uses: &[
            one(b"CLM"),
            coded(
                b"DTP",
                0,
                20,
                &[
                    "431", "454", "304", "453", "439", "484", "455", "471", "314", "360", "361",
                    "297", "296", "435", "096", "090", "091", "444", "050",
                ],
            ),
            some(b"PWK", 10),
            some(b"CN1", 1),
            coded(b"AMT", 0, 1, &["F5"]),
            coded(
                b"REF",
                0,
                14,
                &[
                    "4N", "F5", "EW", "9F", "G1", "F8", "X4", "9A", "9C", "LX", "D9", "EA", "P4",
                    "1J",
                ],
            ),
            some(b"K3", 10),
            coded(b"NTE", 0, 1, &["ADD", "CER", "DCP", "DGN", "TPO"]),
            some(b"CR1", 1),
            some(b"CR2", 1),
            coded(b"CRC", 0, 8, &["07", "75", "E1", "E2", "E3", "ZZ"]),
            HI,
            some(b"HCP", 1),
        ],
    },
    Loop { max: 2, ..child("2310A", &["2300"], &["DN", "P3"], PROVIDER) },
    child("2310B", &["2300"], &["82"], PROVIDER_TAXONOMY),
    child("2310C", &["2300"], &["77"], FACILITY),
    child("2310D", &["2300"], &["DQ"], PROVIDER),
    child("2310E", &["2300"], &["PW"], PLACE),
    child("2310F", &["2300"], &["45"], PLACE),
    Loop {
        id: "2320",
        parents: &["2300"],
        opener: (named(b"SBR"), 0, &[]),
        required: false,
        max: 10,
        uses: &[
            one(b"SBR"),
            some(b"CAS", 5),
            coded(b"AMT", 0, 3, &["D", "A8", "EAF"]),
            one(b"OI"),
            some(b"MOA", 1),
        ],
    },
    required(
        "2330A",
        &["2320"],
        &["IL"],
        &[one(b"NM1"), some(b"N3", 1), some(b"N4", 1), coded(b"REF", 0, 2, &["SY"])],
    ),
    required(
        "2330B",
        &["2320"],
        &["PR"],
        &[
            one(b"NM1"),
            some(b"N3", 1),
            some(b"N4", 1),
            coded(b"DTP", 0, 1, &["573"]),
            coded(b"REF", 0, 7, &["2U", "EI", "FY", "NF", "G1", "9F", "T4", "F8"]),
        ],
    ),
    Loop { max: 2, ..child("2330C", &["2320"], &["DN", "P3"], PROVIDER) },
    child("2330D", &["2320"], &["82"], PROVIDER),
    child("2330E", &["2320"], &["77"], PROVIDER),
    child("2330F", &["2320"], &["DQ"], PROVIDER),
    child("2330G", &["2320"], &["85"], PROVIDER),
    Loop {
        id: "2400",
        parents: &["2300"],
        opener: (named(b"LX"), 0, &[]),
        required: true,
        max: u32::MAX,
        uses: &[
            one(b"LX"),
            one(b"SV1"),
            some(b"SV5", 1),
            some(b"PWK", 10),
            some(b"CR1", 1),
            some(b"CR3", 1),
            coded(b"CRC", 0, 3, &["07", "70", "09"]),
            coded(
                b"DTP",
                1,
                12,
                &["472", "471", "607", "463", "461", "304", "738", "739", "011", "455", "454"],
            ),
            some(b"QTY", 2),
            some(b"MEA", 5),
            some(b"CN1", 1),
            coded(b"REF", 0, 19, &["9B", "9D", "G1", "6R", "EW", "X4", "F4", "BT", "9F"]),
            coded(b"AMT", 0, 2, &["T", "F4"]),
            some(b"K3", 10),
            coded(b"NTE", 0, 2, &["ADD", "DCP", "TPO"]),
            some(b"PS1", 1),
            some(b"HCP", 1),
        ],
    },
    Loop {
        id: "2410",
        parents: &["2400"],
        opener: (named(b"LIN"), 0, &[]),
        required: false,
        max: 1,
        uses: &[one(b"LIN"), one(b"CTP"), coded(b"REF", 0, 1, &["VY", "XZ"])],
    },
    child("2420A", &["2400"], &["82"], PROVIDER_TAXONOMY),
    child("2420B", &["2400"], &["QB"], PROVIDER),
    child("2420C", &["2400"], &["77"], FACILITY),
    child("2420D", &["2400"], &["DQ"], PROVIDER),
    child(
        "2420E",
        &["2400"],
        &["DK"],
        &[
            one(b"NM1"),
            some(b"N3", 1),
            some(b"N4", 1),
            coded(b"REF", 0, 20, PROVIDER_NUMBERS),
            coded(b"PER", 0, 1, &["IC"]),
        ],
    ),
    Loop { max: 2, ..child("2420F", &["2400"], &["DN", "P3"], PROVIDER) },
    child("2420G", &["2400"], &["PW"], PLACE),
    child("2420H", &["2400"], &["45"], PLACE),
    Loop {
        id: "2430",
        parents: &["2400"],
        opener: (named(b"SVD"), 0, &[]),
        required: false,
        max: 15,
        uses: &[
            one(b"SVD"),
            some(b"CAS", 5),
            coded(b"DTP", 1, 1, &["573"]),
            coded(b"AMT", 0, 1, &["EAF"]),
        ],
    },
    Loop {
        id: "2440",
        parents: &["2400"],
        opener: (named(b"LQ"), 0, &[]),
        required: false,
        max: u32::MAX,
        uses: &[one(b"LQ"), Use { id: named(b"FRM"), min: 1, max: 99, codes: &[] }],
    },
];
