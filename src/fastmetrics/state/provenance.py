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

SUMS = ("rows", "merged", "notes", "deltas", "difference")  # what follows from the parts; all else is what they share


def merge_how(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The ``how`` of merged Counts: rows, notes and late labels added up, and the entries that all of them share.

    ``merged`` is the number of counts among them, less those taken back; what holds none is a ``difference``.

    Raises
    ------
    MergeError
        A delta of late labels that is among them twice.
    """
    same = {name: value for name, value in parts[0].items() if all(part.get(name) == value for part in parts)}
    how = {name: value for name, value in same.items() if name not in SUMS}
    how["rows"] = sum(part.get("rows", 0) for part in parts)
    how["merged"] = sum(part.get("merged", 1) for part in parts)
    how["notes"] = merge_notes(note for part in parts for note in notes_of(part))
    return {**how, **marks(how["merged"], merge_deltas(parts))}


def negate_how(how: Mapping[str, Any]) -> dict[str, Any]:
    """The ``how`` of Counts that are subtracted."""
    merged = -how.get("merged", 1)
    deltas = {name: -times for name, times in how.get("deltas", {}).items()}
    notes = [replace(note, count=-note.count) for note in notes_of(how)]
    kept = {name: value for name, value in how.items() if name not in ("difference", "deltas")}
    return {**kept, "rows": -how.get("rows", 0), "merged": merged, "notes": notes, **marks(merged, deltas)}


def filter_how(how: Mapping[str, Any], tests: Sequence[pl.Expr]) -> dict[str, Any]:
    """The ``how`` of some groups of Counts: their part of a delta gets an id of its own, ``whole/part``."""
    if not tests or "deltas" not in how:
        return dict(how)
    part = digest(test.meta.serialize() for test in tests)
    return {**how, "deltas": {f"{name}/{part}": times for name, times in how["deltas"].items()}}


def check_how(how: Mapping[str, Any]) -> None:
    """Refuse, with a ValueError, what cannot be added up: a file may hold anything."""
    kinds = {"rows": int, "merged": int, "difference": bool, "deltas": dict}
    for name, kind in kinds.items():
        if name in how and type(how[name]) is not kind:
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
