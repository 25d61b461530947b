"""What a new process waits for: each measure alone without compiled kernels, and all that are counted by default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.measuring.processes import CLOCK, cold, process
from fastmetrics.families.text import DEFAULT

__all__ = ["Cold", "Warm", "compiled", "warm"]

COUNT = (
    CLOCK
    + """
start = clock()
import polars as pl
needed = since(start)
import fastmetrics as fm
imported = since(start)
start = clock()
import numba
compiler = since(start)
texts = ["A cat sat on the mat, it says.", "Nothing of the kind was seen.", "", "42.5 % of all cats"]
frame = pl.DataFrame({"system": ["a", "b"] * 2, "hypothesis": texts, "reference": texts[::-1]})
took = []
for _ in range(2):
    start = clock()
    family = fm.text("hypothesis", reference="reference", measures=MEASURES, OPTIONS)
    fm.count(frame, family, by="system").metrics()
    took.append(since(start))
print(json.dumps([needed, imported, compiler, *took]))
"""
)
STEMMED: Mapping[str, Any] = {"stemmer": True}
ALONE: Sequence[tuple[str, Mapping[str, Any]]] = (
    *((name, {}) for name in ("bleu", "chrf", "rouge1", "rouge2", "rougeL", "rougeLsum")),
    ("rouge1", STEMMED),
    *((name, {}) for name in ("wer", "cer", "ter", "exact_match", "token_f1")),
)


class Cold(NamedTuple):
    """The first count of a handful of rows by one measure where every kernel is compiled, in seconds."""

    measure: str
    cpu: float
    wall: float
    lines: int  # on stderr


class Warm(NamedTuple):
    """CPU seconds of a process whose kernels are compiled: medians."""

    needed: float  # import polars, and numpy with it
    imported: float  # that, and fastmetrics
    compiler: float  # import numba, which the first count needs
    first: float  # the first count of a handful of rows
    second: float

    @property
    def whole(self) -> float:
        return self.imported + self.compiler + self.first


def code(measures: Sequence[str], options: Mapping[str, Any]) -> str:
    """A process that imports and counts."""
    given = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return COUNT.replace("MEASURES", repr(list(measures))).replace("OPTIONS", given)


def compiled() -> Iterator[Cold]:
    """Each measure alone, in a process of its own with an empty cache."""
    for measure, options in ALONE:
        (*_, (cpu, wall), _), lines = cold(code([measure], options))
        yield Cold(", ".join([measure, *options]), cpu, wall, lines)


def warm(rounds: int) -> Warm:
    """The measures that are counted by default."""
    count = code(DEFAULT, {})
    process(count)  # compiles what the cache lacks
    runs = [process(count)[0] for _ in range(rounds)]
    return Warm(*(median(cpu for cpu, _ in steps) for steps in zip(*runs, strict=True)))
