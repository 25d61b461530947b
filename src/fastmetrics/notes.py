"""Notes: what is doubtful about a count, in records that travel with it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from fastmetrics.errors import unknown
from fastmetrics.wording import printable

__all__ = [
    "NOTES",
    "READ_FROM_CELLS",
    "Note",
    "NoteWarning",
    "from_json",
    "merge_notes",
    "notes_of",
    "to_json",
    "warn",
]


class NoteWarning(UserWarning):
    """A note of a count, said once when the count ends."""


# Every code of a note, and what it says about a count. A gate fails where it meets one that was not allowed.
NOTES: dict[str, str] = {
    "files_skipped": "files that could not be read were left out, as on_error='skip' asks",
    "label_absent": "a label that was named never occurs",
    "no_rows": "no rows were counted, or a filter left none",
    "no_shared_value": "labels and predictions have no value in common",
    "scores_outside": "scores lie beyond the edges of their bins, which do not tell their order there",
    "stopped": "values of a key had rows in the baseline of a diagnosis and have none now",
    "text_nulls": "the text 'NA' was read as null",
    "tokenless": "texts of which a measure finds no token, as in a script that it does not read",
    "undefined": "groups in which the metric of a gate has no value",
}


# The codes that the families read from their cells, again after every merge.
READ_FROM_CELLS = ("label_absent", "no_shared_value", "scores_outside", "tokenless")


@dataclass(frozen=True)
class Note:
    """Something doubtful about a count: a code of `NOTES`, what was seen, how often, and where first.

    Attributes
    ----------
    code
        A key of `NOTES`, the name that ``--allow`` takes.
    message
        One sentence without numbers that change when counts are merged.
    count
        How many rows, files or groups it concerns.
    first
        The first place it was seen: a file, a column or a group; empty where there is none.
    """

    code: str
    message: str
    count: int
    first: str = ""

    def __post_init__(self) -> None:
        if self.code not in NOTES:
            raise ValueError(unknown("code of a note", self.code, NOTES))
        for name, kind in (("message", str), ("count", int), ("first", str)):
            if not isinstance(getattr(self, name), kind):
                raise ValueError(f"the {name} of the note {self.code!r} is {getattr(self, name)!r}")

    def __str__(self) -> str:
        where = f", first: {self.first}" if self.first else ""
        return printable(f"{self.message} ({self.count:,}{where}) [{self.code}]")


def merge_notes(notes: Iterable[Note]) -> list[Note]:
    """Notes of several counts as those of their sum: equal ones become one, their counts added up, and none of 0."""
    merged: dict[tuple[str, str], Note] = {}
    for note in notes:
        known = merged.get((note.code, note.message))
        merged[note.code, note.message] = note if known is None else replace(known, count=known.count + note.count)
    return [note for note in merged.values() if note.count]


def notes_of(how: Mapping[str, Any]) -> Sequence[Note]:
    """The notes in the ``how`` of Counts."""
    notes: Sequence[Note] = how.get("notes", ())
    return notes


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the first line outside of fastmetrics, however deep inside it the reason was found."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == "fastmetrics":
        frame, level = frame.f_back, level + 1
    warnings.warn(printable(text), category, stacklevel=level)


def to_json(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Notes as objects of JSON."""
    return [asdict(note) for note in notes]


def from_json(objects: Iterable[Mapping[str, Any]]) -> list[Note]:
    """Notes from what `to_json` gave."""
    return [Note(**each) for each in objects]
