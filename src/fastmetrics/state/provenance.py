"""The provenance of Counts, ``how``: a mapping that is merged, negated and filtered as the cells are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import polars as pl

from fastmetrics.errors import MergeError
from fastmetrics.notes import merge_notes, notes_of

__all__ = ["merge_how", "check_how", "digest", "filter_how", "is_difference", "negate_how"]

# How many counts, and how many deltas of late labels, came from each kind of rows, less those taken back.
OF_KINDS = ("counts", "labels")
# Rows that stand for one row each, or for as many as their frequencies say; what to do where labels are of this kind
# and no count is.
KINDS = {
    "rows": "without frequency=; give label_delta the frequency= of the count",
    "frequencies": "with frequency=; give label_delta none, as the count had none",
}
# What follows from the parts; all else is what they share.
SUMS = ("rows", "merged", "notes", "deltas", "difference", *OF_KINDS)


def merge_how(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The ``how`` of merged Counts: rows, notes and late labels added up, and the entries that all share.

    ``merged`` is the number of counts among them, less those taken back; what holds none is a ``difference``.

    Raises
    ------
    MergeError
        A delta of late labels that is among them twice, or that moves rows where the counts hold frequencies.
    """
    same = {name: value for name, value in parts[0].items() if all(part.get(name) == value for part in parts)}
    how = {name: value for name, value in same.items() if name not in SUMS}
    how["rows"] = sum(part.get("rows", 0) for part in parts)
    how["merged"] = sum(part.get("merged", 1) for part in parts)
    how["notes"] = merge_notes(note for part in parts for note in notes_of(part))
    how |= marks(how["merged"], merge_deltas(parts)) | {name: held for name in OF_KINDS if (held := total(parts, name))}
    check_kinds(how)
    return how


def negate_how(how: Mapping[str, Any]) -> dict[str, Any]:
    """The ``how`` of Counts that are subtracted."""
    merged = -how.get("merged", 1)
    deltas = {name: -times for name, times in how.get("deltas", {}).items()}
    notes = [replace(note, count=-note.count) for note in notes_of(how)]
    kept = {name: value for name, value in how.items() if name not in ("difference", "deltas")}
    kinds = {name: {kind: -times for kind, times in how[name].items()} for name in OF_KINDS if name in how}
    return {**kept, **kinds, "rows": -how.get("rows", 0), "merged": merged, "notes": notes, **marks(merged, deltas)}


def filter_how(how: Mapping[str, Any], tests: Sequence[pl.Expr]) -> dict[str, Any]:
    """The ``how`` of some groups of Counts: their part of a delta gets an id of its own, ``whole/part``."""
    if not tests or "deltas" not in how:
        return dict(how)
    part = digest(test.meta.serialize() for test in tests)
    return {**how, "deltas": {f"{name}/{part}": times for name, times in how["deltas"].items()}}


def check_how(how: Mapping[str, Any]) -> None:
    """Refuse, with a ValueError, what cannot be added up: a file may hold anything."""
    types = {"rows": int, "merged": int, "difference": bool, "deltas": dict, **dict.fromkeys(OF_KINDS, dict)}
    for name, wanted in types.items():
        if name in how and type(how[name]) is not wanted:
            raise ValueError(f"{name} is {how[name]!r}")
    for name in OF_KINDS:
        if any(kind not in KINDS or type(times) is not int for kind, times in how.get(name, {}).items()):
            raise ValueError(f"{name} is {how[name]!r}")
    for name, times in how.get("deltas", {}).items():
        if type(times) is not int or abs(times) != 1:
            raise ValueError(f"the delta of late labels {name[:12]!r} is there {times!r} times")


def is_difference(how: Mapping[str, Any]) -> bool:
    """Whether Counts are a signed difference, from which no metric is read."""
    return bool(how.get("difference", False))


def digest(parts: Iterable[bytes]) -> str:
    """An id of some bytes, the same in every process and version."""
    known = sha256()
    for part in parts:
        known.update(len(part).to_bytes(8, "little") + part)
    return known.hexdigest()[:32]


def marks(merged: int, deltas: Mapping[str, int]) -> dict[str, Any]:
    """The mark of a difference and the ids of late labels, where there are any."""
    return {**({"difference": True} if merged <= 0 else {}), **({"deltas": dict(deltas)} if deltas else {})}


def total(parts: Sequence[Mapping[str, Any]], name: str) -> dict[str, int]:
    """How many counts, or deltas, of each kind there are among the parts."""
    times: Counter[str] = Counter()
    for part in parts:
        times.update(part.get(name, {}))
    return {kind: number for kind, number in sorted(times.items()) if number}


def check_kinds(how: Mapping[str, Any]) -> None:
    """Refuse late labels of a kind that no count is of: of a row of frequency 900 they would move one.

    A difference has no count yet that its labels belong to, and early files do not say the kind of theirs.
    """
    counts = how.get("counts", {})
    if how["merged"] <= 0 or sum(counts.values()) != how["merged"]:
        return
    for kind in how.get("labels", {}):
        if counts.get(kind, 0) <= 0:
            raise MergeError(f"the delta of late labels does not fit these Counts: it was made {KINDS[kind]}")


def merge_deltas(parts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How often each delta of late labels is among the parts: once, or taken back once."""
    times: Counter[str] = Counter()
    for part in parts:
        times.update(part.get("deltas", {}))
    held = {name: number for name, number in times.items() if number}
    twice = next((name for name in held if abs(held[name]) > 1 or held[name] in map(held.get, wholes(name))), None)
    if twice is not None:
        verb, why = ("added", "are in these Counts") if times[twice] > 0 else ("taken back", "were taken back")
        raise MergeError(
            f"the delta of late labels {twice[:12]} would be {verb} twice; its labels {why} already: leave it out"
        )
    return held


def wholes(name: str) -> Iterator[str]:
    """The deltas that one is a part of: ``a/b`` and ``a`` of ``a/b/c``."""
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
