//! Sound files, damaged one thing at a time: each damage is named by the guide checks, by exactly
//! the kinds listed here, or it is legal and stands in the second list.

use crate::x12::read_back;
use crate::x12::read_back::ProblemKind::{self, *};

const ORIGINAL: &str = include_str!("../../../fixtures/x12/valid/peer_support_original.837");
const REPLACEMENT: &str = include_str!("../../../fixtures/x12/valid/peer_support_replacement.837");
const VOID: &str = include_str!("../../../fixtures/x12/valid/peer_support_void.837");
const SECONDARY: &str =
    include_str!("../../../fixtures/x12/valid/peer_support_secondary_commercial.837");

/// A file, what is replaced in it (the first time it comes), by what, and what is said of it.
type Damage = (&'static str, &'static str, &'static str, &'static [ProblemKind]);

const ENVELOPE: &[Damage] = &[
    (ORIGINAL, "*00501*", "*00401*", &[Version]),
    (ORIGINAL, "*T*:~", "*X*:~", &[Usage]),
    (ORIGINAL, "*000000101*1*T", "*000000000*1*T", &[Control]),
    (ORIGINAL, "GS*HC", "GS*HP", &[Version]),
    (ORIGINAL, "*101*X*005010X222A1", "*101*X*005010X222", &[Version]),
    (ORIGINAL, "ST*837*0001*005010X222A1", "ST*837*0001*005010X222", &[Version]),
    (ORIGINAL, "ST*837*0001*", "ST*837**", &[SetRepeated, Control]),
    (ORIGINAL, "SE*40*0001", "SE*40*0009", &[Control]),
    (ORIGINAL, "GE*1*101", "GE*2*101", &[Count]),
    (ORIGINAL, "GE*1*101", "GE*1*111", &[Control]),
    (ORIGINAL, "IEA*1*", "IEA*0*", &[Count]),
    (ORIGINAL, "IEA*1*000000101", "IEA*1*000000102", &[Control]),
    (ORIGINAL, "IEA*1*000000101~", "", &[Structure]),
    (ORIGINAL, "BHT*0019", "BHT*0018", &[Code]),
    (ORIGINAL, "BHT*0019*00", "BHT*0019*99", &[Code]),
    (ORIGINAL, "*CH~", "*XX~", &[Code]),
    (ORIGINAL, "BATCH000101*20261008", "BATCH000101*20261308", &[Date]),
    (ORIGINAL, "*BATCH000101*", "**", &[SetRepeated]),
];

/// What ISA, GS and BHT say beside their numbers and versions.
const HEADS: &[Damage] = &[
    (ORIGINAL, "ISA*00*", "ISA*77*", &[Code]),
    (ORIGINAL, "ISA*00*", "ISA*03*", &[Missing]),
    (ORIGINAL, "*00*          *ZZ*", "*02*          *ZZ*", &[Code]),
    (ORIGINAL, "*00*          *ZZ*", "*01*          *ZZ*", &[Missing]),
    (ORIGINAL, "*ZZ*PEERORG001     *", "*QQ*PEERORG001     *", &[Code]),
    (ORIGINAL, "*PEERORG001     *", "*               *", &[Missing]),
    (ORIGINAL, "*ZZ*MCOPAYER01     *", "*02*MCOPAYER01     *", &[Code]),
    (ORIGINAL, "*MCOPAYER01     *", "*               *", &[Missing]),
    (ORIGINAL, "*261008*1530*^", "*271399*1530*^", &[Date]),
    (ORIGINAL, "*261008*1530*^", "*260229*1530*^", &[Date]),
    (ORIGINAL, "*261008*1530*^", "*2610 8*1530*^", &[Date]),
    (ORIGINAL, "*261008*1530*^", "*261008*2575*^", &[Date]),
    (ORIGINAL, "*261008*1530*^", "*261008*1530*U", &[Code]),
    (ORIGINAL, "*000000101*1*T", "*000000101*2*T", &[Code]),
    (ORIGINAL, "GS*HC*PEERORG001*", "GS*HC**", &[Missing]),
    (ORIGINAL, "GS*HC*PEERORG001*", "GS*HC*P*", &[Code]),
    (ORIGINAL, "*MCOPAYER01*20261008", "*MCOPAYER01OFTHENORTH*20261008", &[Code]),
    (ORIGINAL, "*MCOPAYER01*20261008", "*MCOPAYER01*20271399", &[Date]),
    (ORIGINAL, "*MCOPAYER01*20261008", "*MCOPAYER01*261008", &[Date]),
    (ORIGINAL, "*20261008*1530*101*X", "*20261008*9999*101*X", &[Date]),
    (ORIGINAL, "*20261008*1530*101*X", "*20261008**101*X", &[Date]),
    (ORIGINAL, "*1530*101*X*", "*1530*101*Q*", &[Code]),
    (ORIGINAL, "*1530*101*X*", "*1530*0000000101*X*", &[Control]),
    (ORIGINAL, "*20261008*1530*CH", "*20261008*9999*CH", &[Date]),
    (ORIGINAL, "*20261008*1530*CH", "*20261008**CH", &[Date]),
    (ORIGINAL, "ST*837*0001*", "ST*837*01*", &[Control]),
];

/// Numbers with zeros that count nothing.
const NUMBERS: &[Damage] = &[
    (ORIGINAL, "CLM*PS0001001*184*", "CLM*PS0001001*0184*", &[Code]),
    (ORIGINAL, "CLM*PS0001001*184*", "CLM*PS0001001*00184.00*", &[Code]),
    (ORIGINAL, "*64*UN*4***1~", "*064*UN*4***1~", &[Code]),
    (ORIGINAL, "*64*UN*4***1~", "*64*UN*04***1~", &[Code]),
    (SECONDARY, "AMT*D*30", "AMT*D*030", &[Code]),
    (SECONDARY, "SVD*CASCADE01*30", "SVD*CASCADE01*0030.00", &[Code]),
    (SECONDARY, "CAS*CO*45*24", "CAS*CO*45*024", &[Code]),
];

const PARTIES: &[Damage] = &[
    // pyx12 found it first: a clinic as the referring provider.
    (ORIGINAL, "NM1*82*1*OKAFOR", "NM1*DN*2*CLINIC*****XX*1245319599~\nNM1*82*1*OKAFOR", &[Code]),
    (ORIGINAL, "NM1*41*2*RIVER BEND PEER RECOVERY*****46*PEERORG001~\n", "", &[Structure, Missing]),
    (ORIGINAL, "*46*PEERORG001", "*XX*PEERORG001", &[Code, Npi]),
    (ORIGINAL, "PER*IC*BILLING OFFICE*TE*5095550142*EM*BILLING@EXAMPLE.ORG~\n", "", &[Missing]),
    (ORIGINAL, "*TE*5095550142", "*TE*509555014", &[Code]),
    (ORIGINAL, "NM1*40*2*EVERGREEN COMMUNITY HEALTH PLAN*****46*MCOPAYER01~\n", "", &[Missing]),
    (ORIGINAL, "HL*1**20*1", "HL*1*1*20*1", &[HlParent]),
    (ORIGINAL, "HL*1**20*1", "HL*1**20*0", &[HlChild]),
    (ORIGINAL, "HL*1**20*1", "HL*2**20*1", &[HlOrder, HlParent]),
    (ORIGINAL, "HL*2*1*22*0", "HL*2*2*22*0", &[HlParent]),
    (ORIGINAL, "HL*2*1*22*0", "HL*2*1*22*1", &[HlChild]),
    (ORIGINAL, "HL*2*1*22*0", "HL*2*1*22*2", &[HlChild]),
    (ORIGINAL, "HL*2*1*22*0", "HL*3*1*22*0", &[HlOrder]),
    (ORIGINAL, "HL*2*1*22*0~\n", "", &[Structure, HlChild, Missing, Code]),
    (ORIGINAL, "PRV*BI*PXC*251S00000X", "PRV*BI*PXC*251S0000", &[Code]),
    (ORIGINAL, "PRV*BI*PXC", "PRV*PE*PXC", &[Code]),
    (ORIGINAL, "*XX*1234567893", "*XX*1234567890", &[Npi]),
    (ORIGINAL, "*XX*1234567893", "*XX*123456789", &[Npi]),
    (ORIGINAL, "*XX*1234567893", "*XX*12345678O3", &[Npi]),
    (ORIGINAL, "*XX*1234567893", "*24*1234567893", &[Code]),
    (ORIGINAL, "NM1*85*2*RIVER", "NM1*85*3*RIVER", &[Code]),
    (ORIGINAL, "N3*410 W MAIN AVE*SUITE 200~\n", "", &[Missing]),
    (ORIGINAL, "N4*SPOKANE*WA*992010001~\n", "", &[Missing]),
    (ORIGINAL, "*WA*992010001", "*WA*99201", &[Zip]),
    (ORIGINAL, "*WA*992010001", "*WA*99201-0001", &[Zip]),
    (ORIGINAL, "*WA*992010001", "*XX*992010001", &[Code]),
    (ORIGINAL, "REF*EI*911234567~\n", "", &[Missing]),
    (ORIGINAL, "REF*EI*911234567", "REF*EI*91123456", &[Code]),
    (ORIGINAL, "REF*EI*911234567", "REF*0B*911234567", &[Missing]),
    (ORIGINAL, "SBR*P*18*******MC~\n", "", &[Missing, Structure]),
    (ORIGINAL, "SBR*P*18", "SBR*P*", &[Structure]),
    (ORIGINAL, "SBR*P*18", "SBR*X*18", &[Code]),
    (ORIGINAL, "SBR*P*18*******MC", "SBR*P*18*G1*NAME*****MC", &[Code]),
    (ORIGINAL, "*******MC~", "*******XX~", &[Code]),
    (ORIGINAL, "ALVAREZ", "ÁLVAREZ", &[Code]),
    (ORIGINAL, "ALVAREZ", "ALV\u{1}REZ", &[Code]),
    (ORIGINAL, "*MI*MCO55012345", "*MI*", &[Missing]),
    (ORIGINAL, "*MI*MCO55012345", "*24*MCO55012345", &[Code]),
    (ORIGINAL, "DMG*D8*19850214*F~\n", "", &[Missing]),
    (ORIGINAL, "DMG*D8*19850214*F", "DMG*D8*19850230*F", &[Date]),
    (ORIGINAL, "DMG*D8*19850214*F", "DMG*D8*20270214*F", &[Date]),
    (ORIGINAL, "DMG*D8*19850214*F", "DMG*D8*19850214*X", &[Code]),
    (ORIGINAL, "N3*88 PINE ST APT 4~\n", "", &[Missing]),
    (ORIGINAL, "*PI*MCOPAYER01", "*PI*", &[Missing]),
    (ORIGINAL, "NM1*PR*2*EVERGREEN COMMUNITY HEALTH PLAN*****PI*MCOPAYER01~\n", "", &[Missing]),
];

const CLAIMS: &[Damage] = &[
    (ORIGINAL, "CLM*PS0001001*", "CLM**", &[ClaimNumber]),
    (ORIGINAL, "CLM*PS0001001*", "CLM*PS0001001000000000000*", &[ClaimNumber]),
    (ORIGINAL, "CLM*PS0001001*184*", "CLM*PS0001001*184.01*", &[Charge]),
    (ORIGINAL, "CLM*PS0001001*184*", "CLM*PS0001001*-184*", &[Charge]),
    (ORIGINAL, "CLM*PS0001001*184*", "CLM*PS0001001*184.001*", &[Charge]),
    (ORIGINAL, "***11:B:1*", "***111:B:1*", &[Code]),
    (ORIGINAL, "***11:B:1*", "***11:A:1*", &[Code]),
    (ORIGINAL, "***11:B:1*", "***11:B:6*", &[Frequency]),
    (ORIGINAL, "***11:B:1*", "***11:B*", &[Frequency]),
    (ORIGINAL, "***11:B:1*", "***11:B:7*", &[OriginalReference]),
    (ORIGINAL, "***11:B:1*", "***11:B:8*", &[OriginalReference]),
    (REPLACEMENT, "REF*F8*2026282000417~\n", "", &[OriginalReference]),
    (REPLACEMENT, "REF*F8*2026282000417", "REF*F8*", &[Code, OriginalReference]),
    (REPLACEMENT, ":B:7*", ":B:1*", &[OriginalReference]),
    (VOID, "REF*F8*2026282000533~\n", "", &[OriginalReference]),
    (VOID, "REF*F8*", "REF*G1*", &[Structure, OriginalReference]),
    (ORIGINAL, ":1*Y*A*Y*Y", ":1*X*A*Y*Y", &[Code]),
    (ORIGINAL, ":1*Y*A*Y*Y", ":1*Y*X*Y*Y", &[Code]),
    (ORIGINAL, ":1*Y*A*Y*Y", ":1*Y*A*X*Y", &[Code]),
    (ORIGINAL, ":1*Y*A*Y*Y", ":1*Y*A*Y*N", &[Code]),
    (ORIGINAL, "REF*G1*PA7700123", "REF*G1*PA7700123~REF*G1*PA7700124", &[Structure]),
    (ORIGINAL, "REF*G1*PA7700123", "REF*ZZ*PA7700123", &[Code]),
    (ORIGINAL, "HI*ABK:F1120*ABF:F329~\n", "", &[Missing, Pointer]),
    (ORIGINAL, "ABK:F1120", "ABF:F1120", &[Diagnosis]),
    (ORIGINAL, "ABF:F329", "ABK:F329", &[Diagnosis]),
    (ORIGINAL, "ABF:F329", "ABF:F1120", &[Diagnosis]),
    (ORIGINAL, "ABK:F1120", "ABK:F11.20", &[Diagnosis]),
    (ORIGINAL, "ABK:F1120", "ABK:f1120", &[Diagnosis]),
    (ORIGINAL, "ABK:F1120", "ABJ:F1120", &[Diagnosis, Pointer]),
    (
        ORIGINAL,
        "ABF:F329",
        "ABF:F10*ABF:F11*ABF:F12*ABF:F13*ABF:F14*ABF:F15*ABF:F16*ABF:F17*ABF:F18*ABF:F19*\
         ABF:F329~HI*ABF:F20",
        &[Diagnosis],
    ),
    (
        ORIGINAL,
        "ABF:F329",
        "ABF:F10*ABF:F11*ABF:F12*ABF:F13*ABF:F14*ABF:F15*ABF:F16*ABF:F17*ABF:F18*ABF:F19*\
         ABF:F329*ABF:F20",
        &[Structure, Diagnosis],
    ),
    (ORIGINAL, "HI*ABK:F1120*ABF:F329~\nNM1*82", "NM1*82", &[Missing, Pointer]),
    (ORIGINAL, "*XX*1987654328", "*XX*1987654329", &[Npi]),
    (ORIGINAL, "PRV*PE*PXC*175T00000X", "PRV*BI*PXC*175T00000X", &[Code]),
    (ORIGINAL, "NM1*82*1*OKAFOR", "NM1*99*1*OKAFOR", &[Structure]),
];

const LINES: &[Damage] = &[
    (ORIGINAL, "LX*2~", "LX*3~", &[Lines]),
    (ORIGINAL, "LX*2~\n", "", &[Structure, LineControl, Lines]),
    (ORIGINAL, "SV1*HC:H0038*64*UN*4***1~\n", "", &[Missing, Charge, Lines]),
    (ORIGINAL, "SV1*HC:H0038*64*", "SV1*HC:H0038*65*", &[Charge]),
    (ORIGINAL, "SV1*HC:H0038*", "SV1*HC:H038*", &[Code]),
    (ORIGINAL, "SV1*HC:H0038*", "SV1*HC:h0038*", &[Code]),
    (ORIGINAL, "SV1*HC:H0038*", "SV1*XX:H0038*", &[Code]),
    (ORIGINAL, "SV1*HC:H0038:HQ*", "SV1*HC:H0038:H*", &[Code]),
    (ORIGINAL, "SV1*HC:H0038:HQ*", "SV1*HC:H0038:H1:H2:H3:H4:D:X:Y*", &[Code]),
    (ORIGINAL, "*64*UN*4***1~", "*64*XX*4***1~", &[Code]),
    (ORIGINAL, "*64*UN*4***1~", "*64*UN*0***1~", &[Code]),
    (ORIGINAL, "*64*UN*4***1~", "*64*UN****1~", &[Code]),
    (ORIGINAL, "*64*UN*4***1~", "*64*UN*4*1**1~", &[Code]),
    (ORIGINAL, "*64*UN*4***1~", "*64*UN*4***3~", &[Pointer]),
    (ORIGINAL, "*64*UN*4***1~", "*64*UN*4~", &[Pointer]),
    (ORIGINAL, "*64*UN*4***1:2~", "*64*UN*4***1:1~", &[Pointer]),
    (ORIGINAL, "*64*UN*4***1:2~", "*64*UN*4***1:2:1:2:1~", &[Pointer]),
    (ORIGINAL, "DTP*472*D8*20260914~\n", "", &[Missing]),
    (ORIGINAL, "DTP*472*D8*20260914", "DTP*472*D8*20260931", &[Date]),
    (ORIGINAL, "DTP*472*D8*20260914", "DTP*472*RD8*20260914", &[Date]),
    (ORIGINAL, "DTP*472*D8*20260914", "DTP*472*RD8*20260914-20260913", &[Date]),
    (ORIGINAL, "DTP*472*D8*20260914", "DTP*472*D8*20261009", &[Date]),
    (ORIGINAL, "DTP*472*D8*20260914", "DTP*472*D8*19840914", &[Date]),
    (ORIGINAL, "DTP*472*D8*20260914", "DTP*999*D8*20260914", &[Code]),
    (ORIGINAL, "REF*6R*L1001B", "REF*6R*L1001A", &[LineControl]),
    (ORIGINAL, "REF*6R*L1001B~\n", "", &[LineControl]),
    (ORIGINAL, "REF*6R*L1001B", "REF*6R*L1001B~NM1*IL*1*X****MI*123", &[Structure, Missing, Code]),
    (ORIGINAL, "REF*6R*L1001D~\n", "REF*6R*L1001D~\nK3*TOO~\nPER*IC*X~\n", &[Structure, Code]),
];

const OTHER_PAYERS: &[Damage] = &[
    (SECONDARY, "SBR*P*18", "SBR*S*18", &[Structure]),
    (SECONDARY, "SBR*P*18*******CI", "SBR*P*99*******CI", &[Code]),
    (SECONDARY, "AMT*D*30", "AMT*D*31", &[Balance]),
    (SECONDARY, "AMT*D*30~\n", "", &[Balance]),
    (SECONDARY, "AMT*D*30", "AMT*D*X", &[Balance]),
    (SECONDARY, "OI***Y***Y~\n", "", &[Missing]),
    (SECONDARY, "OI***Y***Y", "OI***X***Y", &[Code]),
    (SECONDARY, "NM1*IL*1*BRANDT*LEE****MI*CEH4417720~\n", "", &[Structure, Missing]),
    (SECONDARY, "NM1*PR*2*CASCADE EMPLOYEE HEALTH*****PI*CASCADE01~\n", "", &[Missing, Balance]),
    (SECONDARY, "*PI*CASCADE01", "*PI*CASCADE02", &[Balance]),
    (SECONDARY, "SVD*CASCADE01*30", "SVD*CASCADE01*29", &[Balance]),
    (SECONDARY, "SVD*CASCADE01*30", "SVD*OTHER*30", &[Balance]),
    (SECONDARY, "CAS*CO*45*24~\n", "", &[Balance]),
    (SECONDARY, "CAS*CO*45*24", "CAS*CO*45*23", &[Balance]),
    (SECONDARY, "CAS*CO*45*24", "CAS*XX*45*24", &[Code]),
    (SECONDARY, "CAS*CO*45*24", "CAS*CO*4545*24", &[Code]),
    (SECONDARY, "DTP*573*D8*20261001~\n", "", &[Missing]),
    (SECONDARY, "*CASCADE01~\nLX", "*CASCADE01~\nDTP*573*D8*20261001~\nLX", &[Structure]),
];

/// What is more than a segment or an element has room for.
const TOO_MUCH: &[Damage] = &[
    (ORIGINAL, "*CH~", "*CH*1~", &[Structure]),
    (ORIGINAL, "*46*PEERORG001~", "*46*PEERORG001*X~", &[Structure]),
    (ORIGINAL, "HL*1**20*1~", "HL*1**20*1*1~", &[Structure]),
    (ORIGINAL, "REF*EI*911234567", "REF*EI*911234567*JUNK*JUNK", &[Structure]),
    (ORIGINAL, "REF*6R*L1001A", "REF*6R*L1001A*JUNK", &[Structure]),
    (ORIGINAL, "REF*G1*PA7700123", "REF*G1*PA7700123**2U:MCO", &[Structure]),
    (ORIGINAL, ":1*Y*A*Y*Y~", ":1*Y*A*Y*Y************X~", &[Structure]),
    (ORIGINAL, "DTP*472*D8*20260914~", "DTP*472*D8*20260914*~", &[Structure]),
    (ORIGINAL, "LX*1~", "LX*1*9*9*9~", &[Structure]),
    (ORIGINAL, "N3*88 PINE ST APT 4~", "N3*88 PINE ST*APT*4~", &[Structure]),
    (ORIGINAL, "SE*40*0001~", "SE*40*0001*1~", &[Structure]),
    (ORIGINAL, "GE*1*101~", "GE*1*101*1~", &[Structure]),
    (ORIGINAL, "PER*IC*BILLING OFFICE", "PER*IC*BILLING:OFFICE", &[Code]),
    (ORIGINAL, "REF*G1*PA7700123", "REF*G1*PA:7700123", &[Code]),
    (ORIGINAL, "*ALVAREZ*", "*ALVA^REZ*", &[Code]),
    (ORIGINAL, "***11:B:1*", "***11:B:1:2*", &[Code]),
    (ORIGINAL, "ABF:F329", "ABF:F329:D8", &[Code]),
    (SECONDARY, "*HC:H0038**4", "*HC:H0038::::::X**4", &[Code]),
    // Seven reasons: they add up, and do not.
    (SECONDARY, "CAS*CO*45*24", "CAS*CO*45*4**1*5**2*5**3*5**4*5**5*0**6*0", &[Structure]),
    (SECONDARY, "CAS*CO*45*24", "CAS*CO*45*4**1*5**2*5**3*5**4*5**5*0**6*9", &[Structure, Balance]),
    (ORIGINAL, "IEA*1*000000101~", "IEA*1*000000101~\u{1a}", &[Structure]),
];

/// Changes that are right as they are.
const LEGAL: &[(&str, &str, &str)] = &[
    (ORIGINAL, "BHT*0019*00", "BHT*0019*18"),
    (ORIGINAL, "ISA*00*          *00*          *", "ISA*03*MCO       *01*KEY       *"),
    (ORIGINAL, "*ZZ*PEERORG001     *", "*30*PEERORG001     *"),
    (ORIGINAL, "*000000101*1*T", "*000000101*0*T"),
    (ORIGINAL, "*20261008*1530*101*X", "*20261008*15302999*101*X"),
    (ORIGINAL, "*20261008*1530*CH", "*20261008*153029*CH"),
    (ORIGINAL, "*CH~", "*RP~"),
    (ORIGINAL, "PRV*BI*PXC*251S00000X~\n", ""),
    (ORIGINAL, "*EM*BILLING@EXAMPLE.ORG", ""),
    (ORIGINAL, "N3*410 W MAIN AVE*SUITE 200", "N3*410 W MAIN AVE"),
    (ORIGINAL, "N4*SPOKANE*WA*992020004", "N4*SPOKANE*WA*99202"),
    (ORIGINAL, "REF*EI*911234567", "REF*SY*911234567"),
    (ORIGINAL, "SBR*P*18*******MC", "SBR*P*18*GROUP1******HM"),
    (ORIGINAL, "DMG*D8*19850214*F", "DMG*D8*19850214*U"),
    (ORIGINAL, ":1*Y*A*Y*Y", ":1*N*C*W*I*P"),
    (ORIGINAL, "REF*G1*PA7700123~\n", ""),
    (ORIGINAL, "*ABF:F329~\nNM1*82", "*ABF:F339~\nNM1*82"),
    (ORIGINAL, "NM1*82*1*OKAFOR*JUNE****XX*1987654328~\nPRV*PE*PXC*175T00000X~\n", ""),
    (ORIGINAL, "PRV*PE*PXC*175T00000X~\n", ""),
    (ORIGINAL, "*64*UN*4***1~", "*64*UN*4*12**1~"),
    (ORIGINAL, "*64*UN*4***1~", "*64*MJ*60.5***1~"),
    (ORIGINAL, "DTP*472*D8*20260914", "DTP*472*RD8*20260914-20260914"),
    (ORIGINAL, "REF*6R*L1001D~\n", "REF*6R*L1001D~\nNTE*ADD*GROUP OF SIX~\n"),
    (ORIGINAL, "HI*ABK", "K3*STATE PROGRAM 7~\nNTE*ADD*PEER SUPPORT~\nHI*ABK"),
    (SECONDARY, "SBR*P*18*******CI", "SBR*P*01*******CI"),
    (SECONDARY, "AMT*EAF*10~\n", ""),
    // The judgment of the provider (`docs/x12-companion.md`), no sum of the file.
    (SECONDARY, "AMT*EAF*10~", "AMT*EAF*9999~"),
    // Of another payer's number the payer is named.
    (ORIGINAL, "REF*6R*L1001A", "REF*G1*PA7700999**2U:MCO7~\nREF*6R*L1001A"),
    (SECONDARY, "N3*12 CEDAR LN~\nN4*SPOKANE*WA*992030009~\n", ""),
];

/// Puts SE01 right, so that each damage stands alone.
fn counted(text: &str) -> String {
    let segments = text.matches('~').count();
    let from = text.rfind("\nSE*").unwrap() + 1;
    let rest = text[from + 3..].find('*').unwrap() + from + 3;
    // ISA, GS before; GE, IEA behind, as far as they are there.
    let outside = text.matches("ISA*").count()
        + text.matches("\nGS*").count()
        + text.matches("\nGE*").count()
        + text.matches("\nIEA*").count();
    format!("{}SE*{}{}", &text[..from], segments - outside, &text[rest..])
}

fn changed(file: &str, from: &str, to: &str) -> String {
    assert!(file.contains(from), "{from}");
    counted(&file.replacen(from, to, 1))
}

fn kinds(text: &str) -> Vec<ProblemKind> {
    let mut found = Vec::new();
    for problem in read_back(text.as_bytes()).unwrap().problems {
        if !found.contains(&problem.kind) {
            found.push(problem.kind);
        }
    }
    found
}

#[test]
fn every_damage_is_named() {
    let all = [ENVELOPE, HEADS, NUMBERS, PARTIES, CLAIMS, LINES, OTHER_PAYERS, TOO_MUCH].concat();
    assert!(all.len() >= 60, "{}", all.len());
    let mut faults = Vec::new();
    for (file, from, to, wanted) in all {
        let mut found = kinds(&changed(file, from, to));
        let mut wanted = wanted.to_vec();
        wanted.sort_by_key(|k| k.as_str());
        found.sort_by_key(|k| k.as_str());
        if found != wanted {
            faults.push(format!("{from:?} -> {to:?}: {found:?}, not {wanted:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_is_legal_is_not_named() {
    for (file, from, to) in LEGAL {
        let text = changed(file, from, to);
        assert_eq!(kinds(&text), [], "{from:?} -> {to:?}");
    }
}
