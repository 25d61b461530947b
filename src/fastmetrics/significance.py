"""Whether one system's texts are better than another's: paired tests as sacrebleu makes them, and their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from fastmetrics.aliases import Floats
from fastmetrics.api import By, columns
from fastmetrics.contract.columns import Column, column_name, expression, expressions, roots, text_of, unused_name
from fastmetrics.contract.uses import Uses
from fastmetrics.counting.rows import row_cells
from fastmetrics.errors import DataError, SchemaError, unknown
from fastmetrics.exact_sums import limbs, nearest
from fastmetrics.families.text import columns_of, text
from fastmetrics.guard import FOREIGN, first_line, guarded
from fastmetrics.metric import Cells, Metric, find, value
from fastmetrics.reading.results import beside
from fastmetrics.schema import repeated
from fastmetrics.sources import open_source
from fastmetrics.texts.options import check_options, given_list

__all__ = ["text_significance"]

SAMPLES = {"bootstrap": 1000, "randomization": 10_000}
BLOCK = 32  # samples drawn at a time: a multiple of 32, as the generator gives Booleans of a call 32 at a time
FLOATS = ("score", "mean", "low", "high", "p_value")
TAIL = 40  # one part of so many lies beyond each bound of a 95 % interval


def text_significance(
    data: Any,
    *,
    hypotheses: Sequence[str],
    reference: Column | Sequence[str],
    by: By = None,
    measures: Sequence[str] = ("bleu", "chrf"),
    test: Literal["bootstrap", "randomization"] = "bootstrap",
    samples: int | None = None,
    seed: int = 12345,
    **options: Any,
) -> pl.DataFrame:
    """Compare the texts of several systems with those of the first, by paired resampling of rows.

    A score of a sample is read from sums of what each row adds, so texts are measured once. Samples are those of the
    ``PairedTest`` of sacrebleu with the same seed, and so are p-values, but for samples that differ exactly as the
    systems do: they count here. sacrebleu computes scores of the bootstrap in float32, so its bounds agree to six
    digits.

    Parameters
    ----------
    data
        Anything that `fastmetrics.count` reads.
    hypotheses
        Columns of text, one a system; the first is the baseline. One alone gets intervals.
    reference, options
        As in `fastmetrics.text`; not ``limits`` or ``name``.
    by
        Keys of groups, columns or expressions, each of which is tested alone; without any all rows are one.
    measures
        What to compare; a measure's own metric is its score.
    test
        ``bootstrap``: rows are drawn with replacement (Koehn 2004). ``randomization``: the two texts of a row change
        places or not (approximate randomisation, Riezler and Maxwell 2005); bounds are null.
    samples
        How many samples; without it 1000 of the bootstrap, 10,000 of the randomisation.
    seed
        Of the random numbers of each group, an integer from 0 on.

    Returns
    -------
    polars.DataFrame
        A row a group, measure and system: keys, ``measure``, ``system``, ``n`` (rows where no text is null; others are
        left out), ``score``, ``mean``, ``low``, ``high`` (of samples, a 95 % interval), and ``p_value``, two-sided and
        not adjusted for several systems, null for the baseline and where all samples are alike, as those of a
        single row. Values of groups without rows are null; groups of a few rows are no evidence.

    Raises
    ------
    SchemaError
        A column, measure, test or option that there is not, a system named twice, or a number out of range.
    DataError
        No rows.

    >>> log = {"a": ["the cat sat", "a dog"], "b": ["cat", "dog"], "ref": ["the cat sat", "the dog"]}
    >>> found = text_significance(log, hypotheses=["a", "b"], reference="ref", measures=["rouge1"], samples=100)
    >>> found.select("system", "n", "score").rows()
    [('a', 2, 0.75), ('b', 2, 0.5833333333333333)]
    """
    if test not in list(SAMPLES):
        raise SchemaError("test=: " + unknown("test", test, SAMPLES))
    check_options("text_significance", options)
    keys, measures = columns(by), given_list("measures", measures, "bleu")
    names = list(hypotheses) if isinstance(hypotheses, Sequence) and not isinstance(hypotheses, str) else []
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise SchemaError(f"hypotheses={hypotheses!r}; expected the names of different columns, the baseline first")
    resampling = Resampling(test, SAMPLES[test] if samples is None else samples, seed)
    found = []
    for own, group in groups(read(data, keys, names, reference), keys):
        systems = [System(name, group, reference, measures, options) for name in names]
        found += [beside(pl.concat([own] * len(names)), table) for table in compared(systems, measures, resampling)]
    return pl.concat(found)


@dataclass(frozen=True)
class Resampling:
    """How rows are drawn."""

    test: str
    samples: int
    seed: int

    def __post_init__(self) -> None:
        if type(self.samples) is not int or self.samples < 1:
            raise SchemaError(f"samples={self.samples!r} is no integer of at least 1")
        if type(self.seed) is not int or self.seed < 0:
            raise SchemaError(f"seed={self.seed!r} is no integer of at least 0")

    def bootstrap(self, rows: int) -> Iterator[Floats]:
        """How often each row is drawn, a sample a row of the table, some samples at a time."""
        draw = np.random.default_rng(self.seed)
        for start in range(0, self.samples, BLOCK):
            size = min(BLOCK, self.samples - start)
            drawn = draw.choice(rows, size=(size, rows), replace=True)
            yield np.stack([np.bincount(sample, minlength=rows) for sample in drawn]).astype(np.float64)

    def randomization(self, rows: int) -> Iterator[Floats]:
        """1 where a row's texts stay in their places and 0 where they change them, likewise."""
        draw = np.random.default_rng(self.seed)
        for start in range(0, self.samples, BLOCK):
            size = min(BLOCK, self.samples - start)
            yield draw.integers(2, size=(size, rows), dtype=bool).astype(np.float64)


class System:
    """The cells of each row of one system's texts, and the metrics that are read from their sums.

    Cells are whole numbers, so that no order of rows changes a sum: an exact cell is its three limbs.
    """

    def __init__(
        self, name: str, frame: pl.DataFrame, reference: Any, measures: Sequence[str], options: dict[str, Any]
    ) -> None:
        self.name = name
        family = text(name, reference=reference, measures=measures, **options)
        self.metrics = family.metrics
        self.exact = {cell.name for cell in family.of_kind("exact")}
        self.judged, cells = row_cells(family, frame)
        self.cells = {"judged": self.judged.astype(np.float64), **cells}

    def table(self, rows: Any) -> Floats:
        """The cells of some rows, a row each."""
        columns = ((name, column[rows]) for name, column in self.cells.items())
        return np.column_stack([part for name, column in columns for part in self.parts(name, column)])

    def parts(self, name: str, column: Floats) -> Sequence[Floats]:
        return limbs(np.nan_to_num(column)) if name in self.exact else (column,)

    def scores(self, sums: Floats, metric: Metric) -> Floats:
        """A metric of each row of sums."""
        columns, cells = iter(sums.T), dict[str, Floats]()
        for name in self.cells:
            if name in self.exact:
                cells[name] = nearest(*(next(columns).astype(np.int64) for _ in range(3)))
            else:
                cells[name] = next(columns)
        with np.errstate(all="ignore"):
            return value(metric, Cells(cells))


def read(
    data: Any, keys: Sequence[Column], hypotheses: Sequence[str], reference: Column | Sequence[str]
) -> pl.DataFrame:
    """The columns that are needed, in memory."""
    given: list[Column] = [*keys, *hypotheses, *columns_of(reference)]
    wanted = list(dict.fromkeys(name for column in given for name in roots(column) or ()))
    as_text = [found.name for column in given if (found := text_of(column)) is not None]
    source = open_source(data, columns=wanted, uses=Uses(tuple(as_text)))
    if source.lazy is None:
        raise SchemaError(f"{source.name} can be read once only; give a file or a frame")
    source.check(wanted)
    with guarded(f"{source.name} cannot be read"):
        frame = source.lazy.select(expressions(wanted)).collect(engine="streaming")
    if not len(frame):
        raise DataError(f"{source.name} has no rows")
    return frame


def groups(frame: pl.DataFrame, keys: Sequence[Column]) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The keys of each group, one row of them, and its rows.

    Raises
    ------
    SchemaError
        A key that is not one column, one named twice, or an expression that cannot be computed.
    """
    names = [column_name(key) for key in keys]
    if twice := repeated(names):
        raise SchemaError(f"key {twice!r} is named twice in by=")
    if not keys:
        yield frame.select(), frame
        return
    numbered = [unused_name(f"key {place}", frame.columns) for place in range(len(keys))]  # no column's name
    try:
        keyed = frame.with_columns(expression(key).alias(name) for key, name in zip(keys, numbered, strict=True))
    except FOREIGN as error:
        raise SchemaError(f"by=: {first_line(error)}") from error
    for group in keyed.partition_by(numbered, maintain_order=True):
        yield group.select(numbered).head(1).rename(dict(zip(numbered, names, strict=True))), group


def compared(systems: Sequence[System], measures: Sequence[str], resampling: Resampling) -> Iterator[pl.DataFrame]:
    """For each measure a table with a row a system: score, interval, and how it differs from the first."""
    rows = np.flatnonzero(np.logical_and.reduce([system.judged for system in systems]))
    tables = [system.table(rows) for system in systems]
    samples = resampled(tables, resampling) if len(rows) else [(table, table) for table in tables]
    for measure in measures:
        metric = find(measure, systems[0].metrics)
        scores = [
            float(of.scores(table.sum(axis=0)[None], metric)[0]) for of, table in zip(systems, tables, strict=True)
        ]
        drawn = [
            (system.scores(own, metric), system.scores(other, metric))
            for system, (own, other) in zip(systems, samples, strict=True)
        ]
        columns = {
            "measure": [measure] * len(systems),
            "system": [system.name for system in systems],
            "n": [len(rows)] * len(systems),
            "score": scores,
            **intervals([own for own, _ in drawn], resampling),
            "p_value": [None, *p_values(drawn, scores, resampling)],
        }
        yield pl.DataFrame(columns, schema_overrides=dict.fromkeys(FLOATS, pl.Float64)).fill_nan(None)


def resampled(tables: Sequence[Floats], resampling: Resampling) -> list[tuple[Floats, Floats]]:
    """For each system the sums of its samples, and of those of the baseline that they are compared with."""
    rows = len(tables[0])
    if resampling.test == "bootstrap":
        drawn = [np.hstack([weights @ table for table in tables]) for weights in resampling.bootstrap(rows)]
        sums = np.split(np.vstack(drawn), len(tables), axis=1)
        return [(own, sums[0]) for own in sums]
    pairs = []
    for table in tables:
        mixed = [kept @ tables[0] + (1 - kept) @ table for kept in resampling.randomization(rows)]
        first = np.vstack(mixed)
        pairs.append((first, tables[0].sum(axis=0) + table.sum(axis=0) - first))
    return pairs


def p_values(
    drawn: Sequence[tuple[Floats, Floats]], scores: Sequence[float], resampling: Resampling
) -> list[float | None]:
    """The p-value of each system but the first.

    It is the share of samples, with the one that was seen, whose difference is at least that of the systems; those of
    the bootstrap are centred first, which makes them what they would be without a difference. sacrebleu counts only
    those above it, so that a system beside itself would be the most significant of all. Where all samples differ alike,
    as those of one row do, they say nothing: None.
    """
    found: list[float | None] = []
    for (own, other), score in zip(drawn[1:], scores[1:], strict=True):
        away, seen = np.abs(own - other), abs(scores[0] - score)
        if not len(away) or (seen > 0 and np.ptp(away) == 0):
            found.append(None)
            continue
        centre = away.mean() if resampling.test == "bootstrap" else 0.0
        beyond = int(np.count_nonzero(away - centre >= seen))
        found.append((beyond + 1) / (len(away) + 1))
    return found


def intervals(drawn: Sequence[Floats], resampling: Resampling) -> dict[str, list[float | None]]:
    """The mean of the scores of samples, and the bounds of their middle 95 %."""
    found: dict[str, list[float | None]] = {"mean": [], "low": [], "high": []}
    for scores in drawn:
        if resampling.test != "bootstrap" or not len(scores):
            values: list[float | None] = [None] * 3
        else:
            ordered, beyond = np.sort(scores), len(scores) // TAIL
            values = [float(ordered.mean()), float(ordered[beyond]), float(ordered[-beyond - 1])]
        for name, one in zip(found, values, strict=True):
            found[name].append(one)
    return found
