"""Judgement of a whole count: notes and errors from what its rows and its cells show of labels and predictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from fastmetrics.contract.batches import Batch, Batches
from fastmetrics.contract.columns import column_name
from fastmetrics.contract.family import Family
from fastmetrics.counting.coders.keys import decode
from fastmetrics.counting.coders.times import TextForm
from fastmetrics.counting.dictionaries import decoded
from fastmetrics.counting.frequencies import Frequencies, Frequency, occurring, summed
from fastmetrics.counting.roles import Observed
from fastmetrics.errors import DataError, listed
from fastmetrics.families.labels import TEXT_NULL, unshared_note
from fastmetrics.notes import READ_FROM_CELLS, Note, NoteWarning, notes_of, warn
from fastmetrics.schema import Schema
from fastmetrics.slips import meant
from fastmetrics.sources.series import as_series
from fastmetrics.state.state import State, notes_from_cells, with_notes

__all__ = ["Observations", "SampledColumn", "judge"]

TEXT = (pl.String, pl.Categorical, pl.Enum)
PIECE_ROWS = 1 << 16  # compared at a time: a common value is found in the first piece
SAMPLE_VALUES = 8  # of a column that are kept: those of a binary one are fewer, and messages show no more


@dataclass(frozen=True)
class SampledColumn:
    """A column whose positive value was named, and its places in a batch.

    ``plain`` is the place of the column as it is in the log, of this ``dtype``, carried as a key is; ``carried`` that
    of what the threads read: the same column, or a Boolean that is null where the column holds one of ``nulls``.
    """

    role: tuple[str, str]
    pos_label: Any
    nulls: tuple[Any, ...]
    dtype: pl.DataType
    plain: int
    carried: int


@dataclass
class Sample:
    """Some values of a sampled column, whether it has the positive one, and in how many rows text means null."""

    values: list[Any] = field(default_factory=list)
    positive: bool = False
    text_nulls: int = 0

    @property
    def full(self) -> bool:
        """Whether no more values are kept."""
        return len(self.values) >= SAMPLE_VALUES

    def add(self, column: pl.Series, nulls: Sequence[Any]) -> None:
        """Keep the values that are new, as far as there is room."""
        known = column.drop_nans() if column.dtype.is_float() else column
        for value in (*nulls, *self.values):
            if len(known):
                known = known.filter(known != value)
        self.values += known.drop_nulls().unique().head(SAMPLE_VALUES - len(self.values)).to_list()


class Observations:
    """What the rows of a count show beyond its cells; all parts of a count share one.

    ``observed`` is written by the threads that count, for each role; ``samples`` by the one that reads the batches, for
    each role whose positive value was named. ``time_form`` is that of a time column of text.
    """

    def __init__(self, schema: Schema) -> None:
        roles = [(family.name, role.name) for family in schema.families for role in family.roles]
        self.observed: dict[tuple[str, str], Observed] = {role: Observed() for role in roles}
        self.samples: dict[tuple[str, str], Sample] = {}
        self.time_form = TextForm()

    def sample(
        self, batches: Iterable[Batch], columns: Sequence[SampledColumn], frequency: Frequency | None, width: int
    ) -> Batches:
        """Sample columns of batches on their way to the threads, which get the first ``width`` of all columns."""
        for column in columns:
            self.samples.setdefault(column.role, Sample())
        for batch in batches:
            if columns:
                self.look(batch, columns, frequency)
            yield batch.select(list(range(width))) if columns else batch
            del batch  # or one more than needed would stay alive

    def look(self, batch: Batch, columns: Sequence[SampledColumn], frequency: Frequency | None) -> None:
        """Look at the sampled columns of a batch."""
        frequencies = None
        if frequency is not None:
            width = 1 + max(frequency.place, *(place for column in columns for place in (column.plain, column.carried)))
            batch, frequencies = occurring(batch, frequency, width)
        for column in columns:
            self.update(batch, column, frequencies)
        for column in columns:
            if not self.is_settled(column):
                values = decode(as_series(decoded(batch.column(column.plain))), column.dtype)
                self.samples[column.role].add(values, column.nulls)

    def update(self, batch: Batch, column: SampledColumn, frequencies: Frequencies | None) -> None:
        """Record whether a batch has the positive value, and in how many rows text means null."""
        sample, carried = self.samples[column.role], batch.column(column.carried)
        if column.plain == column.carried:
            sample.positive = sample.positive or occurs(column.pos_label, as_series(decoded(carried)))
            return
        carried, plain = decoded(carried), batch.column(column.plain)
        sample.positive = sample.positive or bool(as_series(carried).any())
        if isinstance(column.dtype, TEXT):
            sample.text_nulls += null_rows(carried, frequencies) - null_rows(decoded(plain), frequencies)

    def is_settled(self, column: SampledColumn) -> bool:
        """Whether more values of a column would change no note and no error."""
        sample = self.samples[column.role]
        return sample.full or (sample.positive and self.share_a_value(column.role[0]))

    def share_a_value(self, family: str) -> bool:
        """Whether the labels and predictions of a family are known to have a value in common."""
        label, prediction = self.samples[family, "label"], self.samples.get((family, "prediction"))
        if prediction is None or (label.positive and prediction.positive):
            return True
        return any(value in prediction.values for value in label.values)

    def notes(self, family: Family, rows: int) -> list[Note]:
        """The notes on the columns of a family, of a count of so many rows."""
        places = [(family.name, role.name) for role in family.roles]
        samples = [self.samples.get(place, Sample()) for place in places]
        names = [column_name(role.column) for role in family.roles]
        notes = [
            Note(
                "text_nulls",
                f"{TEXT_NULL!r} in column {name!r} was read as null; say so with null_values=[{TEXT_NULL!r}], or make "
                "it a negative with null_values=[]",
                nulls,
            )
            for place, role, name, sample in zip(places, family.roles, names, samples, strict=True)
            if role.null_values is None and (nulls := sample.text_nulls + sum(self.observed[place].text_nulls))
        ]
        complete = all(sample.values and not sample.full for sample in samples)
        if complete and not self.share_a_value(family.name):
            notes.append(unshared_note((names[0], names[1]), rows))
        return notes


def null_rows(column: pa.Array, frequencies: Frequencies | None) -> int:
    """In how many rows a column is null."""
    if frequencies is None or not column.null_count:
        return int(column.null_count)
    return summed(frequencies.each[as_series(column).is_null().to_numpy()])


def occurs(text: str, column: pl.Series) -> bool:
    """Whether some row has a text; found near the start, where it is a common one."""
    return any((column.slice(at, PIECE_ROWS) == text).any() for at in range(0, len(column), PIECE_ROWS))


def judge(counts: State, observations: Observations, part: bool = False) -> State:
    """A count with its notes, each of which is also a warning; families without `notes` are not judged.

    Of a ``part`` of a log, notes and errors from cells wait until the parts are added: other parts may have what this
    one lacks.

    Raises
    ------
    DataError
        A label that was named never occurs, though two or more other values do.
    """
    before, rows = notes_of(counts.how), counts.rows
    families = [family for family in counts.layout.families if family.notes is not None]
    known = [*before, *(note for family in families for note in observations.notes(family, rows))]
    for family in () if part else families:
        for note in notes_from_cells(counts, family, known):
            if note.code == "label_absent":
                refuse_mistyped(note, family, label_values(family, counts, observations))
    whole = with_notes(counts, known)
    for note in notes_of(whole.how):
        if note not in before and not (part and note.code in READ_FROM_CELLS):
            warn(str(note), NoteWarning)
    return whole


def label_values(family: Family, counts: State, observations: Observations) -> list[Any]:
    """The values of labels, sorted: all of a family that counts by label, of others those that were sampled."""
    if "label" in family.inner_names:
        return counts.tables[family.name]["label"].drop_nulls().unique().sort().to_list()
    return sorted(observations.samples.get((family.name, "label"), Sample()).values)


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
        column = family.named_arguments["y_true"]
        advice = (
            "name one that occurs; only where all of these are negatives, count Booleans, as in "
            f"pl.col({column!r}) == {pos_label!r}"
        )
    raise DataError(f"{note.message}; the labels are {listed(map(repr, values), limit=5)}: {advice}")


def nearest(label: Any, values: Sequence[Any]) -> Any:
    """The text among some values that was meant by another, if that is clear."""
    return meant(label, {value: value for value in values}) if isinstance(label, str) else None
