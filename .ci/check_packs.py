"""Holds every pack at hand against config/pack.schema.json with a validator that others wrote, and
some broken ones, which it must refuse: check_packs.py FILE..."""

import copy
import datetime
import json
import pathlib
import sys
import tomllib

import jsonschema_rs


def plain(value):
    """TOML as an editor's validator sees it: dates are texts."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value


def broken(pack):
    """Copies of a pack with one slip each, and what it is."""

    def bent(what, change):
        other = copy.deepcopy(pack)
        change(other)
        return what, other

    yield bent("an unknown table", lambda p: p.update(services=[]))
    yield bent("an unknown key", lambda p: p["service"][0].update(roundin="floor"))
    yield bent("no services", lambda p: p.pop("service"))
    yield bent("no source", lambda p: p["service"][0].pop("source"))
    yield bent("a number with a point", lambda p: p["filing"].update(days=95.5))
    yield bent("a negative number", lambda p: p["filing"].update(days=-95))
    yield bent("both lengths of a clock", lambda p: p["filing"].update(months=3))
    yield bent("five modifiers", lambda p: p["service"][0].update(modifiers=["A1", "A2", "A3", "A4", "A5"]))
    yield bent("a rounding without a source", lambda p: (
        p["service"][0].update(rounding="ceiling"), p["service"][0].pop("rounding_source", None)))
    yield bent("a mode that is none", lambda p: p["service"][0].update(modes=["fax"]))
    yield bent("a state that is none", lambda p: p["pack"].update(state="Ohio"))
    yield bent("a condition with another's key", lambda p: p.update(condition=[{
        "key": "x", "services": ["y"], "demand": "staff_age", "years": 18, "days": 3, "source": "z"}]))
    yield bent("a rolling window without a length", lambda p: p.update(limit=[{
        "key": "x", "services": ["y"], "units": 1, "window": "rolling_days", "exceed": "hold",
        "source": "z"}]))


def main(files):
    schema = json.loads(pathlib.Path("config/pack.schema.json").read_text())
    validator = jsonschema_rs.Draft7Validator(schema)
    refused = 0
    for file in files:
        pack = plain(tomllib.loads(pathlib.Path(file).read_text()))
        for error in validator.iter_errors(pack):
            sys.exit(f"{file}: {'/'.join(map(str, error.instance_path))}: {error.message}")
        if pack["filing"].get("days") in (None, "unknown"):
            pack["filing"].pop("months", None)
            pack["filing"]["days"] = 95
        for what, bad in broken(pack):
            if validator.is_valid(bad):
                sys.exit(f"{file}: {what} is not refused")
            refused += 1
    print(f"{len(files)} packs fit the schema, {refused} broken ones do not")


if __name__ == "__main__":
    main(sys.argv[1:])
