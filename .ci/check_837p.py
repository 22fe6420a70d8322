#!/usr/bin/env python3
"""Validates X12 files with pyx12 4.0.0: .ci/check_837p.py FILE_OR_FOLDER...

A file passes when pyx12 reads all of it, finds nothing, and accepts at least one set of the kind and
version that its suffix promises (.837: 837 of 005010X222A1; also .835, .999 and .277). Anything
else fails: an error, a file that pyx12 cannot read or reads as another transaction, an empty file, a
folder without .837 files. Exit: 0 all passed, 1 some failed, 2 the check could not be made.

Install: python3 -m venv VENV && VENV/bin/pip install pyx12==4.0.0
"""

import io
import json
import logging
import multiprocessing
import sys
from importlib import metadata
from pathlib import Path

WANTED = "4.0.0"
# Suffix: ST01 and the version, as pyx12 names the guide.
KINDS = {
    ".837": ("837", "005010X222A1"),
    ".835": ("835", "005010X221A1"),
    ".999": ("999", "005010X231A1"),
    ".277": ("277", "005010X214"),
}
# The machines that run this have two cores.
PROCESSES = 2
# What pyx12 gives for the version of a set whose guide has none.
NO_ST03 = {"835": (None, "")}

try:
    import pyx12.params
    import pyx12.x12n_document
except ImportError:
    print(f"check_837p: pyx12 is missing; pip install pyx12=={WANTED}", file=sys.stderr)
    sys.exit(2)


def described(node):
    """The place of an error in pyx12's report, as far as it is known."""
    keys = ["isa_trn_set_id", "gs_control_num", "trn_set_control_num", "seg_id"]
    keys += ["cur_line"] if "seg_id" in node else []
    keys += ["ele_pos", "subele_pos"]
    return " ".join(f"{key}={node[key]}" for key in keys if node.get(key) not in (None, ""))


def errors(node, path=""):
    """All errors of pyx12's report, wherever they hang."""
    if isinstance(node, list):
        for child in node:
            yield from errors(child, path)
    elif isinstance(node, dict):
        if "err_str" in node:
            yield f"{path}: {node.get('err_cde')}: {node['err_str']}"
            return
        here = f"{path} {described(node)}".strip()
        for child in node.values():
            yield from errors(child, here)


def sets(report):
    """(version, ST01, accepted) of every set that pyx12 saw, with GS08 and with ST03."""
    for interchange in report["interchanges"]:
        for group in interchange["groups"]:
            for transaction in group["transactions"]:
                accepted = group["ack_code"] == "A" and transaction["ack_code"] == "A"
                for version in (group["vriic"], transaction["vriic"]):
                    yield version, transaction["trn_set_id"], accepted


def faults(path):
    """What is wrong with a file; an empty list when nothing is."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)  # its report says the same
    found = io.StringIO()
    try:
        with path.open(encoding="ascii", newline="") as source:
            sound = pyx12.x12n_document.x12n_document(
                param=pyx12.params.params(),
                src_file=source,
                fd_997=io.StringIO(),
                fd_html=None,
                fd_json=found,
            )
        report = json.loads(found.getvalue() or '{"interchanges": []}')
    except Exception as error:  # pyx12 raises many kinds; each means "not read to the end"
        return [f"pyx12 could not read it: {type(error).__name__}: {error}"]
    wrong = list(errors(report))
    seen = list(sets(report))
    kind_wanted, version_wanted = KINDS.get(path.suffix, KINDS[".837"])
    if not seen:
        wrong.append("pyx12 saw no transaction set")
    for version, kind, accepted in seen:
        # An 835 has no ST03.
        if kind != kind_wanted or version not in (version_wanted, *NO_ST03.get(kind, ())):
            wrong.append(f"not a {kind_wanted} of {version_wanted}: {kind} of {version}")
        if not accepted:
            wrong.append("pyx12 does not accept the set")
    if not sound and not wrong:
        wrong.append("pyx12 refuses it without saying why")
    return wrong


def files(arguments):
    """The files named, and the .837 files of the folders named; none is an error."""
    for argument in map(Path, arguments):
        found = [argument]
        if argument.is_dir():
            found = sorted(p for p in argument.rglob("*") if p.suffix in KINDS)
        if not any(p.suffix == ".837" for p in found) and argument.is_dir():
            print(f"check_837p: {argument} has no .837 files", file=sys.stderr)
            sys.exit(2)
        yield from found


def main():
    if metadata.version("pyx12") != WANTED:
        print(f"check_837p: pyx12 {WANTED} is wanted", file=sys.stderr)
        return 2
    paths = list(files(sys.argv[1:]))
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    passed = 0
    with multiprocessing.Pool(PROCESSES) as pool:
        found = pool.map(faults, paths, chunksize=4)
    for path, wrong in zip(paths, found):
        passed += not wrong
        for line in dict.fromkeys(wrong):
            print(f"{path}: {line}")
    print(f"check_837p: {passed} of {len(paths)} files passed pyx12 {WANTED}")
    return 0 if passed == len(paths) else 1


if __name__ == "__main__":
    sys.exit(main())
