"""Gates: what a metric must reach for the command to end well, and what no gate may pass over."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import polars as pl

from fastmetrics.cli.front import say
from fastmetrics.contract.columns import expressions
from fastmetrics.errors import SchemaError, unknown
from fastmetrics.face import Counts
from fastmetrics.notes import NOTES, Note, NoteWarning, merge_notes, notes_of, warn
from fastmetrics.wording import group_name, readable

__all__ = ["BURDENS", "GATE", "NOTE", "Gate", "Rules", "report_notes"]

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
WRITTEN = re.compile(
    r"\s*([A-Za-z_][\w.]*(?:\([^()]*\)\w*)?)\s*(>=|<=|>|<)\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*"
)
# The bound that a gate is held against, by what has to be shown and by the side that is good.
BURDENS = {
    "harm": {">": "high", "<": "low"},  # only what surely violates the gate fails
    "proof": {">": "low", "<": "high"},  # only what surely holds passes
}
FEW = 3  # groups that a line names


@dataclass(frozen=True)
class Gate:
    """``f1>=0.8``: a column, how it compares, and with what."""

    column: str
    compares: str
    bound: float

    def __str__(self) -> str:
        return f"{self.column}{self.compares}{self.bound:g}"

    @property
    def metric(self) -> str:
        """The metric behind a column that may be one of its bounds."""
        return self.column.removesuffix("_low").removesuffix("_high")

    def judged_column(self, burden: str | None) -> str:
        """The column that is held against the gate: its own, or the bound that a burden of proof asks for."""
        exact = burden is None or self.column == "n"
        return self.column if exact else f"{self.column}_{BURDENS[str(burden)][self.compares[0]]}"

    def failure(self, frame: pl.DataFrame, keys: Sequence[str], column: str) -> str:
        """What is wrong with the groups in which a column is known, in one line, or nothing."""
        bad = frame.filter(~OPERATORS[self.compares](pl.col(column), self.bound))
        if bad.is_empty():
            return ""
        worst = bad.sort(column, descending="<" in self.compares).row(0, named=True)
        where = ", ".join(f"{readable(key)}={readable(worst[key], null='None')}" for key in keys)
        groups = f" in {len(bad):,} of {len(frame):,} groups, worst where {where}" if keys else ""
        return f"gate {self} failed{groups}: {column} = {worst[column]:.4g}"

    def unjudged(self, frame: pl.DataFrame, keys: Sequence[str], column: str) -> str:
        """A line on the groups in which a column is null, or on there being no groups; empty where all were judged."""
        unknown = frame.filter(pl.col(column).is_null())
        if unknown.is_empty() and len(frame):
            return ""
        judged = f"gate {self} judged {len(frame) - len(unknown):,} of {len(frame):,} groups; {column} is undefined"
        if len(unknown) == len(frame):
            return f"{judged} in every group"
        named = "; ".join(map(group_name, unknown.select(expressions(keys)).head(FEW).iter_rows(named=True)))
        return f"{judged} where {named}" + (f" and in {len(unknown) - FEW:,} more" if len(unknown) > FEW else "")


def gate(text: str) -> Gate:
    """A gate as it is written at the prompt."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise click.BadParameter(
            f"{text!r} is no gate; write a metric, one of {' '.join(OPERATORS)} and a number: 'f1>=0.8'"
        )
    return Gate(found[1], found[2], float(found[3]))


def note(text: str) -> str:
    """A code of a note as an argument, checked."""
    if text not in NOTES:
        raise click.BadParameter(unknown("note", text, NOTES))
    return text


GATE = click.types.FuncParamType(gate)
NOTE = click.types.FuncParamType(note)


@dataclass(frozen=True)
class Rules:
    """The gates of an answer, what has to be shown of them, and the notes that may stand beside a pass."""

    gates: Sequence[Gate] = ()
    burden: str | None = None
    allowed: Sequence[str] = ()

    @classmethod
    def pop_from(cls, given: dict[str, Any]) -> Rules:
        """Take the options of rules out of those given."""
        rules = cls(given.pop("gate"), given.pop("gate_burden"), given.pop("allow"))
        if rules.burden is None:
            return rules
        if not rules.gates:
            raise click.UsageError("--gate-burden goes with --gate")
        for one in rules.gates:
            if one.column != one.metric:
                raise click.UsageError(
                    f"gate {one} names a bound, and --gate-burden chooses one: write {one.metric}{one.compares}"
                    f"{one.bound:g}, or leave out --gate-burden"
                )
        return rules

    def note_failures(self, notes: Sequence[Note], what: str = "gate") -> list[str]:
        """A line for each kind of note that was not allowed."""
        codes = dict.fromkeys(each.code for each in notes if each.code not in self.allowed)
        return [
            f"{what} failed: the note {code} makes its answer doubtful (--allow {code} accepts it)" for code in codes
        ]

    def failures(self, frame: pl.DataFrame, keys: Sequence[str], notes: Sequence[Note]) -> list[str]:
        """A line for each gate that failed or could not judge, and for each note that makes their answers doubtful."""
        lines = self.note_failures(notes) if self.gates else []
        nothing = not frame["n"].sum() and any(each.code == "no_rows" for each in notes)  # which is said already
        for one in self.gates:
            column = one.judged_column(self.burden)
            if column not in frame.columns:
                columns = [name for name, dtype in frame.schema.items() if dtype.is_numeric() and name not in keys]
                raise SchemaError(f"gate {one}: " + unknown("column", column, columns))
            lines += filter(None, [one.failure(frame.filter(pl.col(column).is_not_null()), keys, column)])
            lines += [] if nothing else self.report_unjudged(one.unjudged(frame, keys, column))
        return lines

    def report_unjudged(self, line: str) -> list[str]:
        """The line on groups that were not judged, as a failure; where that is allowed it is a warning instead."""
        if line and "undefined" in self.allowed:
            say(f"warning: {line}")
        return [f"{line} (--allow undefined accepts it)"] if line and "undefined" not in self.allowed else []


def report_notes(*sides: tuple[str, Counts], fresh: bool = False) -> list[Note]:
    """Warn of the notes of an answer's sides and return them; of a ``fresh`` count they were warned of as it ended."""
    held = merge_notes(each for _, counts in sides for each in notes_of(counts.how))
    empty = [
        Note("no_rows", "there are no rows to read", 0, name)
        for name, counts in sides
        if not any(map(len, counts.tables.values()))
    ]
    for each in [*([] if fresh else held), *empty]:
        warn(str(each), NoteWarning)
    return [*held, *empty]
