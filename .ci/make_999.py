#!/usr/bin/env python3
"""Lets pyx12 4.0.0 acknowledge deliberately broken 837P files: .ci/make_999.py FOLDER

Reads fixtures/x12/valid, breaks copies in known ways, and writes pyx12's 999 (with its TA1) of each
to FOLDER. What was made is kept in fixtures/x12/acks with pyx12's dates and numbers set to one, and read by
the tests; run again after a new version of pyx12 and look at the difference.
"""

import io
import logging
import re
import sys
from pathlib import Path

import pyx12.params
import pyx12.x12n_document

VALID = Path(__file__).parent.parent / "fixtures/x12/valid"
# Name: file, what is replaced once, by what.
BROKEN = {
    "accepted": ("peer_support_original.837", "", ""),
    "one_of_two_sets": ("peer_support_batch_two_sets.837", "NM1*82*1*OKAFOR", "NM1*82*9*OKAFOR"),
    "bad_codes": ("peer_support_original.837", "11:B:1*Y*A", "11:B:1*Q*Z"),
    "no_diagnosis": ("peer_support_original.837", "HI*ABK:F1120*ABF:F329~\n", ""),
    "wrong_count": ("peer_support_original.837", "SE*40*", "SE*41*"),
    "wrong_interchange_number": (
        "peer_support_original.837",
        "IEA*1*000000101",
        "IEA*1*000000109",
    ),
    "no_end": ("peer_support_original.837", "GE*1*101~\nIEA*1*000000101~\n", ""),
    "bad_date": ("peer_support_replacement.837", "DTP*472*D8*20260914", "DTP*472*D8*20261399"),
}


def acknowledged(text):
    """pyx12's answer to a file, with its dates, times and control numbers set to one."""
    answer = io.StringIO()
    pyx12.x12n_document.x12n_document(
        param=pyx12.params.params(), src_file=io.StringIO(text), fd_997=answer, fd_html=None
    )
    one = answer.getvalue()
    one = re.sub(r"\*\d{6}\*\d{4}\*([^*])\*00501\*", r"*261010*0900*\1*00501*", one)
    one = re.sub(r"\*00501\*\d{9}\*", "*00501*000000001*", one)
    one = re.sub(r"IEA\*1\*\d{9}", "IEA*1*000000001", one)
    one = re.sub(r"(GS\*FA\*[^*]*\*[^*]*)\*\d{8}\*\d+\*\d+", r"\1*20261010*0900*1", one)
    one = re.sub(r"GE\*1\*\d+", "GE*1*1", one)
    return re.sub(r"(TA1\*[^*]*)\*\d{6}\*\d{4}", r"\1*261010*0900", one)


def main():
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (file, old, new) in BROKEN.items():
        text = (VALID / file).read_text(encoding="ascii")
        if old not in text:
            sys.exit(f"make_999: {file} has no {old!r}")
        text = text.replace(old, new, 1)
        (folder / f"{name}.999").write_text(acknowledged(text), encoding="ascii")


if __name__ == "__main__":
    main()
