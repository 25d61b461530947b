"""Judging a whole count: what its rows showed of their labels and predictions, and what its cells say of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import polars as pl

from fastmetrics.counts import Counts, doubts, noted
from fastmetrics.errors import DataError, listed
from fastmetrics.families.labels import TEXT_NULL, unshared
from fastmetrics.notes import READ_FROM_CELLS, Note, NoteWarning, notes_of, warn
from fastmetrics.roles import Told
from fastmetrics.schema import Family, Schema, column_name

__all__ = ["Look", "Seen", "judged"]

TEXT = (pl.String, pl.Categorical, pl.Enum)
SOME = 1 << 16
MOST_VALUES = 8  # of a column that are kept: those of a binary one are fewer, and messages show no more


@dataclass(frozen=True)
class Look:
    """A column whose positive value was named: where batches hold it as it is, and as what threads read it.

    That is itself, or a Boolean, which is null for ``nulls``.
    """

    role: tuple[str, str]
    pos_label: Any
    nulls: tuple[Any, ...]
    plain: int
    carried: int


@dataclass
class Shown:
    """What a column whose positive value was named has shown: some of its values, and how often text meant null."""

    values: list[Any] = field(default_factory=list)
    positive: bool = False
    text_nulls: int = 0

    @property
    def full(self) -> bool:
        """Whether no more values are kept."""
        return len(self.values) >= MOST_VALUES

    def add(self, column: pl.Series, nulls: Sequence[Any]) -> None:
        """Keep the values that are new, as far as there is room."""
        known = column.drop_nans() if column.dtype.is_float() else column
        for value in (*nulls, *self.values):
            if len(known):
                known = known.filter(known != value)
        self.values += known.drop_nulls().unique().head(MOST_VALUES - len(self.values)).to_list()


class Seen:
    """What the rows of a count showed beyond its cells; all parts of a count share one.

    ``told`` is what the threads tell of each role, ``shown`` what the one that reads the batches finds in them.
    """

    def __init__(self, schema: Schema) -> None:
        roles = [(family.name, role.name) for family in schema.families for role in family.roles]
        self.told: dict[tuple[str, str], Told] = {role: Told() for role in roles}
        self.shown: dict[tuple[str, str], Shown] = {}

    def through(self, frames: Iterable[pl.DataFrame], looks: Sequence[Look]) -> Iterator[pl.DataFrame]:
        """The frames, looked at on their way; what is there only to be looked at goes no further."""
        for look in looks:
            self.shown.setdefault(look.role, Shown())
        for frame in frames:
            for look in looks:
                self.tell(frame, look)
            for look in looks:
                if not self.settled(look):
                    self.shown[look.role].add(frame[:, look.plain], look.nulls)
            only_looked_at = sum(look.plain != look.carried for look in looks)
            yield frame[:, : frame.width - only_looked_at] if only_looked_at else frame
            del frame  # or one more than needed would stay alive

    def tell(self, frame: pl.DataFrame, look: Look) -> None:
        """Whether a frame has the positive value, and how often text means null in it."""
        shown, plain, carried = self.shown[look.role], frame[:, look.plain], frame[:, look.carried]
        if carried.dtype != pl.Boolean:
            shown.positive = shown.positive or occurs(look.pos_label, carried)
            return
        shown.positive = shown.positive or bool(carried.any())
        if isinstance(plain.dtype, TEXT):
            shown.text_nulls += carried.null_count() - plain.null_count()

    def settled(self, look: Look) -> bool:
        """Whether more values of a column would say nothing new."""
        shown = self.shown[look.role]
        return shown.full or (shown.positive and self.shared(look.role[0]))

    def shared(self, family: str) -> bool:
        """Whether the labels and predictions of a family are known to have a value in common."""
        label, prediction = self.shown[family, "label"], self.shown.get((family, "prediction"))
        if prediction is None or (label.positive and prediction.positive):
            return True
        return any(value in prediction.values for value in label.values)

    def notes(self, family: Family, whole: int) -> list[Note]:
        """What is doubtful about the columns of a family, of so many rows."""
        places = [(family.name, role.name) for role in family.roles]
        shown, told = [self.shown.get(place, Shown()) for place in places], [self.told[place] for place in places]
        names = [column_name(role.column) for role in family.roles]
        notes = [
            Note(
                "text_nulls",
                f"{TEXT_NULL!r} in column {name!r} was read as null; say so with null_values=[{TEXT_NULL!r}], or make "
                "it a negative with null_values=[]",
                rows,
            )
            for role, name, here, there in zip(family.roles, names, shown, told, strict=True)
            if role.null_values is None and (rows := here.text_nulls + sum(there.text_nulls))
        ]
        complete = all(each.values and not each.full for each in shown)
        return notes if not complete or self.shared(family.name) else [*notes, unshared((names[0], names[1]), whole)]


def occurs(text: str, column: pl.Series) -> bool:
    """Whether some row has a text; found near the start, where it is a common one."""
    return any((column.slice(at, SOME) == text).any() for at in range(0, len(column), SOME))


def judged(counts: Counts, seen: Seen, part: bool = False) -> Counts:
    """A count with its notes, each of which is said once; families without `notes` are not judged.

    Of a ``part`` of a log it is not said what its cells show, as those of all parts may show otherwise.

    Raises
    ------
    DataError
        A label that was named never occurs, though two or more other values do.
    """
    before, rows = notes_of(counts.how), counts.rows
    families = [family for family in counts.layout.families if family.notes is not None]
    known = [*before, *(note for family in families for note in seen.notes(family, rows))]
    for family in () if part else families:
        for note in doubts(counts, family, known):
            if note.code == "label_absent":
                refuse_mistyped(note, family, values_of(family, counts, seen))
    whole = noted(counts, known)
    for note in notes_of(whole.how):
        if note not in before and not (part and note.code in READ_FROM_CELLS):
            warn(str(note), NoteWarning)
    return whole


def values_of(family: Family, counts: Counts, seen: Seen) -> list[Any]:
    """The values of labels, as far as they are known."""
    if "label" in family.inner_names:
        return counts.tables[family.name]["label"].drop_nulls().unique().sort().to_list()
    return sorted(seen.shown.get((family.name, "label"), Shown()).values)


def refuse_mistyped(note: Note, family: Family, values: Sequence[Any]) -> None:
    """Raise the error of a label that was named and never occurs, unless that is ordinary.

    It is where all labels are one other value, as on a day without positives, and where every class that occurs was
    named as well.
    """
    labels, pos_label = family.arguments.get("labels"), family.arguments.get("pos_label")
    named = [pos_label] if labels is None else [label for label in labels if label not in values]
    strangers = [value for value in values if value not in (labels or named)]
    if len(values) < 2 or not strangers:
        return
    near = next((found for label in named if (found := nearest(label, strangers)) is not None), None)
    if near is not None:  # Booleans of what does not occur would be wrong without a word
        advice = f"did you mean {near!r}?"
    elif labels is not None:
        advice = "leave out of labels= what does not occur"
    else:
        column = family.arguments["y_true"]
        advice = f"name what occurs, or count Booleans, as in pl.col({column!r}) == {pos_label!r}"
    raise DataError(f"{note.message}; the labels are {listed(map(repr, values), limit=5)}: {advice}")


def nearest(label: Any, values: Sequence[Any]) -> Any:
    """The text among some values that is nearest to another."""
    if not isinstance(label, str):
        return None
    folded = {value.strip().casefold(): value for value in values}
    found = get_close_matches(label.strip().casefold(), folded, n=1)
    return folded[found[0]] if found else None
