"""The front: the functions that users call, each wiring other rooms together."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from fastmetrics.aliases import Progress
from fastmetrics.contract.columns import Column
from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError, SourceError, listed
from fastmetrics.face import Counts
from fastmetrics.families.binary import binary
from fastmetrics.forks import check_process
from fastmetrics.guard import first_line
from fastmetrics.metric import Metric
from fastmetrics.notes import Note, NoteWarning, notes_of
from fastmetrics.schema import Schema
from fastmetrics.state.state import State
from fastmetrics.windows import Windows

if TYPE_CHECKING:
    from fastmetrics.counting.judging import Observations
    from fastmetrics.sources import Source

__all__ = ["count", "evaluate", "read_counts"]

By = Column | Sequence[Column] | None
IMPORTING = threading.RLock()  # or one of two first counts at once may meet modules that the other has half imported
if hasattr(os, "register_at_fork"):  # or a child may wait for ever for the imports of a thread that it does not have
    os.register_at_fork(before=IMPORTING.acquire, after_in_parent=IMPORTING.release, after_in_child=IMPORTING.release)


def count(
    data: Any,
    *families: Family,
    by: By = None,
    time: Column | None = None,
    every: str | None = None,
    offset: str | None = None,
    time_zone: str | None = None,
    time_unit: Literal["d", "s", "ms", "us", "ns"] | None = None,
    time_format: str | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
    where: pl.Expr | str | None = None,
    grouping_sets: Sequence[Sequence[str]] | None = None,
    threads: int | None = None,
    max_groups: int | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    format: str | None = None,  # noqa: A002
    part: bool = False,
    progress: Callable[[int, int | None], object] | None = None,
) -> Counts:
    """Count a log in one pass: a table of cells per group and window for each family.

    Only the columns that are needed are read; filters and computed keys are pushed down to Polars. Memory is bounded
    by the batches in flight and the groups that occur.

    Parameters
    ----------
    data
        A path, glob, folder (with hive columns), address in an object store or list of those: Parquet, CSV, TSV,
        NDJSON or Arrow; a folder that is a Delta or Iceberg table; ``"-"`` for standard input, or a file open as
        ``"rb"``. A Polars LazyFrame or DataFrame; a pyarrow Table, Dataset or RecordBatchReader; a pandas or narwhals
        frame; a dict of arrays; a DuckDB relation or anything else with ``__arrow_c_stream__``; an iterator of frames.
        Streams are read once, batch by batch.
    families
        What to count, in the same pass: families such as `binary` and `scores`.
    by
        Keys of the groups: columns or Polars expressions of any type but nested ones. Null is a group of its own. Of a
        CSV they are text, so that 007 is not 7; an expression says otherwise, as ``pl.col("hour").cast(pl.Int64)``.
    time, every, offset, time_zone, time_unit, time_format
        Windows of length ``every`` ("1h", "1d", "1 month") over the column ``time``: a datetime of any unit and zone
        (naive is UTC), a date, integers since 1970 in ``time_unit``, text of ISO 8601 or of ``time_format``, written in
        the codes of strftime ("%d/%m/%Y %H:%M"); all text has one form. A window starts where Polars'
        ``dt.truncate(every)`` says in ``time_zone`` (by default the column's own, else UTC, as in relations of DuckDB),
        moved by ``offset`` ("6h", "-6h"), which is a time of the clock for windows of a day or longer. Null times have
        a window of their own.
    weight
        A column of finite numbers >= 0: how much each row matters in the metrics. ``n`` stays the number of rows, and
        bounds know that a row that weighs much is still one row.
    frequency
        A column of whole numbers >= 0: how many equal rows each row stands for, as in a log that was grouped and
        counted before. Counts, ``n``, bounds and tests are those of the rows spelled out; a row that stands for none
        is no row. They are exact up to 2**63 - 1; decimals are taken where they are whole, and floats where their dtype
        rounds no whole number: Float64 below 2**53.
    where
        A filter, as a Polars expression or as SQL.
    grouping_sets
        Subsets of the keys to group by instead of all of them: ``[[], ["country"], ["country", "device"]]``.
    threads
        How many threads count; all cores by default. It changes no count, and float sums in the last digit only.
    max_groups
        Refuse to go on beyond so many groups.
    on_error
        ``"skip"`` leaves out files that cannot be read, whole, with a warning that names them.
    format
        What all files are, or the bytes of a stream: "Parquet", "CSV", "TSV", "NDJSON" or "Arrow". By default the
        ending of each name tells it, and where that does not the first bytes of the file.
    part
        This is one part of a log whose others are counted elsewhere, as an engine counts partitions. What only all rows
        can show, such as a label that never occurs, is then no error; it is a note if the added parts still show it.
    progress
        Called as the scan goes on with the rows read so far and, where the input knows it, the rows there are
        (before ``where``). The command line draws its progress bar with it.

    Returns
    -------
    Counts
        Of an empty log too: tables without rows.

    Raises
    ------
    SchemaError
        A name, dtype or argument that does not fit, before any row is read; more than ``max_groups`` groups.
    SourceError
        An input that cannot be opened or read, with the file.
    DataError
        A value that breaks the schema, with its column and file; a label that was named and never occurs beside two
        or more others. Nothing is returned.

    Warns
    -----
    NoteWarning
        What else is doubtful about the values, once each. The notes stay in ``how["notes"]``.

    >>> import fastmetrics as fm
    >>> log = {"label": [1, 0, 1, None], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
    >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
    >>> counts.metrics("precision", "recall").rows()
    [('a', 2, 1.0, 1.0, 0.5, 1.0), ('b', 2, 0.5, 1.0, None, 0.0)]
    """
    schema = Schema(
        families=families,
        by=columns(by),
        time=time,
        windows=None if every is None else Windows(every, offset, "UTC" if time_zone is None else time_zone),
        time_unit=time_unit,
        time_format=time_format,
        time_zone=time_zone,
        weight=weight,
        frequency=frequency,
        where=condition(where),
        grouping_sets=None if grouping_sets is None else tuple(map(key_set, grouping_sets)),
    )
    if offset is not None and every is None:
        raise SchemaError("offset= was given without time= and every=")
    if on_error not in ("raise", "skip"):
        raise SchemaError(f"on_error={on_error!r} is not 'raise' or 'skip'")
    with IMPORTING:
        check_process()  # under the lock, which a fork takes: it meets no count that has begun unseen
        from fastmetrics.counting.judging import Observations, judge
        from fastmetrics.counting.scan import scan  # the way to the kernels, and so to Numba: not for import time
        from fastmetrics.sources import open_source

    observations = Observations(schema)
    source = open_source(
        data, columns=schema.columns, skip_unreadable=on_error == "skip", format=format, uses=schema.uses
    )
    if on_error == "skip" and source.files:
        state = count_files(source, schema, threads, max_groups, progress, observations)
    else:
        state = scan(source, schema, threads, max_groups, progress, observations)
    return Counts.of(judge(state, observations, part))


def columns(by: By) -> tuple[Column, ...]:
    if by is None:
        return ()
    return (by,) if isinstance(by, str) or not isinstance(by, Iterable) else tuple(by)


def key_set(wanted: Sequence[str]) -> tuple[str, ...]:
    """A grouping set as a tuple of keys."""
    if isinstance(wanted, str):
        raise SchemaError(f"grouping_sets= holds the text {wanted!r}; each set is a list of keys, such as [{wanted!r}]")
    return tuple(wanted)


def condition(where: pl.Expr | str | None) -> pl.Expr | None:
    """A filter as an expression."""
    if where is None or isinstance(where, pl.Expr):
        return where
    if not isinstance(where, str):
        raise SchemaError(f"where= is a Polars expression or SQL text, got a {type(where).__name__}")
    try:
        given = pl.sql_expr(where)
    except (pl.exceptions.PolarsError, UnicodeError) as error:
        raise SchemaError(f"where={where!r} is not a SQL expression: {first_line(error)}") from error
    if given.meta.has_multiple_outputs():
        raise SchemaError(
            f"where={where!r} names a column that SQL in Polars takes for a pattern; give an expression instead, with "
            "pl.selectors.by_name(...).as_expr() for that column"
        )
    return given


class Onward:
    """Progress over several files, each of which begins where the one before it ended."""

    def __init__(self, progress: Progress, whole: int | None) -> None:
        self.progress = progress
        self.whole = whole
        self.rows = 0

    def of_next(self) -> Progress:
        """What to tell of the next file."""
        before = self.rows
        return lambda rows, _: self.tell(before + rows)

    def tell(self, rows: int) -> None:
        self.rows = rows
        self.progress(rows, self.whole)


def count_files(
    source: Source,
    schema: Schema,
    threads: int | None,
    max_groups: int | None,
    progress: Progress | None,
    observations: Observations,
) -> State:
    """Each file into a state of its own, added when the file ends; files that cannot be read are left out whole.

    ``progress`` hears of the rows of all files so far, those included that were read of a file that broke off.
    """
    from fastmetrics.counting.plan import check_files
    from fastmetrics.counting.scan import scan

    check_files(source, schema)
    counted, skipped = [], dict(source.unreadable)
    onward = None if progress is None else Onward(progress, source.height())
    for file in source.files:
        told = None if onward is None else onward.of_next()
        try:
            counted.append(scan(source.only(file), schema, threads, max_groups, told, observations))
        except SourceError as error:
            skipped[file] = str(error)
    if not counted:
        raise SourceError(f"none of {len(skipped)} files could be read: {next(iter(skipped.values()))}")
    if skipped:
        warnings.warn(
            f"{len(skipped)} files were skipped: {listed(skipped.values(), limit=3)}", NoteWarning, stacklevel=3
        )
    total = counted[0].merged(counted[1:])
    skips = (
        [Note("files_skipped", "files that could not be read were left out", len(skipped), next(iter(skipped)))]
        if skipped
        else []
    )
    notes = [*notes_of(total.how), *skips]
    return replace(total, how={**total.how, "source": source.name, "skipped": list(skipped), "notes": notes})


def evaluate(
    data: Any,
    *,
    y_true: Column,
    y_pred: Column | None = None,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    null_values: Sequence[Any] | None = None,
    by: By = None,
    metrics: str | Metric | Sequence[str | Metric] = (),
    intervals: bool = False,
    **arguments: Any,
) -> pl.DataFrame:
    """Binary metrics of a log in one call: `count` with one `binary` family, then `Counts.metrics`.

    ``metrics`` is a name, a `Metric` or a list of them, by default a few; ``arguments`` go to `count`
    (``time``, ``every``, ``frequency``, ...). Errors and nulls are those of the two.

    >>> import fastmetrics as fm
    >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
    >>> fm.evaluate(log, y_true="label", y_pred="pred", by="model", metrics=["accuracy"])["accuracy"].to_list()
    [0.5, 0.5]
    """
    family = binary(y_true, y_pred, y_score=y_score, threshold=threshold, pos_label=pos_label, null_values=null_values)
    asked = [metrics] if isinstance(metrics, (str, Metric)) else metrics
    return count(data, family, by=by, **arguments).metrics(*asked, intervals=intervals)


def read_counts(path: str | Path, families: Iterable[Family] = ()) -> Counts:
    """Counts that `Counts.write` wrote: a Parquet file, or a folder of them in format 1.

    Parameters
    ----------
    families
        Families of your own making that the files hold; those built in are known.

    Raises
    ------
    SourceError
        No such file, a file that is damaged, not Parquet or holds no Counts, one of a newer format, of an unknown
        family, or with values that cannot be.

    >>> import fastmetrics as fm, tempfile, pathlib
    >>> counts = fm.count({"label": [1, 0], "pred": [1, 1]}, fm.binary("label", "pred"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     counts.write(pathlib.Path(folder, "counts.parquet"))
    ...     fm.read_counts(pathlib.Path(folder, "counts.parquet")) == counts
    True
    """
    from fastmetrics.state.storage import read  # pyarrow is not for import time

    return Counts.of(read(path, families))
