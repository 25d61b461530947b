"""Step-wise metrics of training runs, read from any input and cleaned: one curve a run, split and metric."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs

from fastmetrics.aliases import Floats, Mask
from fastmetrics.contract.columns import expressions
from fastmetrics.errors import DataError, SchemaError, SourceError, unknown

__all__ = ["Columns", "Curve", "read_curves"]

SPLITS = {
    "train": ("train", "training", "trn", "tr"),
    "val": ("val", "valid", "validation", "eval", "evaluation", "dev", "holdout"),
    "test": ("test", "testing"),
}
SPLIT_OF = {alias: split for split, aliases in SPLITS.items() for alias in aliases}
RUNS = ("run", "run_id", "run_name")
STEPS = ("step", "global_step", "_step", "iteration", "iter", "epoch", "batch")
MISSING = ("", "null", "none", "na", "n/a", "-")
SPECIAL = {"nan": "NaN", "+nan": "NaN", "-nan": "NaN", "infinity": "inf", "+infinity": "inf", "-infinity": "-inf"}
LONG = ("run", "step", "split", "metric", "value")


@dataclass(frozen=True)
class Columns:
    """What the columns of a log are called; None is the name that people give it, where there is one."""

    run: str | None = None
    step: str | None = None
    split: str | None = None
    metric: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Curve:
    """One metric of one split of a run: steps that rise strictly, and a float64 value at each; NaN and inf stay."""

    run: str | None
    split: str
    metric: str
    steps: Floats
    values: Floats


def read_curves(log: Any, columns: Columns) -> list[Curve]:
    """The curves of a log in either form, runs in the order they first appear.

    Raises
    ------
    SchemaError
        A column that is not there, or none that holds numbers.
    DataError
        A value or step that is no number.
    """
    rows = pl.concat([long_form(name, frame, columns) for name, frame in frames(log)]).with_row_index("order")
    kept = rows.drop_nulls(["name", "step", "value"])
    parts: dict[tuple[str | None, str, str], pl.DataFrame] = {}
    groups = kept.partition_by("run", "given", "name", maintain_order=True, as_dict=True)
    for (run, given, name), part in groups.items():
        key = (run, *parted(given, name))
        # Two names for one curve: the fuller is the curve, the other a summary, such as the mean loss at a run's end.
        if key not in parts or part.height > parts[key].height:
            parts[key] = part
    found = (curve_of(key, part) for key, part in parts.items())
    return [curve for curve in found if curve is not None]


def curve_of(key: tuple[str | None, str, str], rows: pl.DataFrame) -> Curve | None:
    """Rows by step; of a step that was logged again, as after a restart, the last holds.

    A wide row says NaN where it logged nothing, so there a number goes before it.
    """
    order, steps, values = (rows[name].to_numpy() for name in ("order", "step", "value"))
    wide = rows["wide"].to_numpy()
    by_step = np.lexsort((order, ~(wide & np.isnan(values)), steps))
    steps, values = steps[by_step], values[by_step]
    last = np.append(np.diff(steps) > 0, True)
    steps, values = steps[last], values[last]
    if wide.any():
        there = logged(values)
        steps, values = steps[there], values[there]
    return Curve(*key, steps, values) if len(values) else None


def frames(log: Any) -> Iterator[tuple[str, pl.DataFrame]]:
    """The frames of an input with their names: one a file, since text decides their dtypes file by file."""
    from fastmetrics.sources import Selection, open_source  # late: it brings the readers of every format

    if type(log).__module__.partition(".")[0] == "pandas":
        log = pl.from_pandas(log, nan_to_null=False)  # NaN is a value here: it is how runs diverge
    try:
        source = open_source(log)
        if len(source.files) > 1:
            for file in source.files:
                yield from frames(file)
        elif source.lazy is not None:
            yield source.name, source.lazy.collect()
        else:
            everything = Selection(tuple(expressions(source.schema)), None)
            yield source.name, pl.concat([*source.frames(everything), pl.DataFrame(schema=source.schema)])
    except (SourceError, pl.exceptions.PolarsError):
        if not isinstance(log, (str, Path)) or not str(log).lower().endswith((".jsonl", ".ndjson")):
            raise
        yield str(log), bare_json(Path(log))


def bare_json(path: Path) -> pl.DataFrame:
    """NDJSON whose numbers may be NaN or Infinity, which is how Python's json writes them though JSON has no such."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise SourceError(f"{path}, line {number}: not JSON: {error}") from error
            if not isinstance(rows[-1], dict):
                raise SourceError(f"{path}, line {number}: holds {type(rows[-1]).__name__}; need an object a line")
    return pl.DataFrame(rows, infer_schema_length=None, strict=False)


def long_form(name: str, frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Rows of run, split given, name of the metric, step, value, and whether they stood in a wide frame."""
    for role in LONG:
        given = getattr(columns, role)
        if given is not None and given not in frame.columns:
            raise SchemaError(f"{name}: " + unknown("column", given, frame.columns))
    run = chosen(columns.run, RUNS, frame)
    step = chosen(columns.step, STEPS, frame)
    if step is None:
        raise SchemaError(f"{name}: " + unknown("column", "step", frame.columns) + "; name it with step=")
    metric, value = chosen(columns.metric, ("metric",), frame), chosen(columns.value, ("value",), frame)
    if (metric is None) != (value is None) and (columns.metric or columns.value):
        missing = "metric" if metric is None else "value"
        raise SchemaError(f"{name}: " + unknown("column", missing, frame.columns) + f"; name it with {missing}=")
    long = metric is not None and value is not None
    split = chosen(columns.split, ("split",), frame)
    if not long:
        frame = unpivoted(name, frame, {run, step, split})
        metric, value = "name of metric", "value of metric"
    return pl.DataFrame(
        {
            "run": text(frame, run),
            "given": text(frame, split),
            "name": text(frame, metric),
            "step": numbers(name, frame, step),
            "value": numbers(name, frame, str(value)),
            "wide": pl.repeat(not long, frame.height, dtype=pl.Boolean, eager=True),
        }
    )


def chosen(given: str | None, usual: Iterable[str], frame: pl.DataFrame) -> str | None:
    """The column named, or the first with a usual name."""
    return given if given is not None else next((name for name in usual if name in frame.columns), None)


def text(frame: pl.DataFrame, column: str | None) -> pl.Series:
    """A column as text; nulls where there is none."""
    if column is None:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    return frame[column].alias("").cast(pl.String)


def unpivoted(name: str, frame: pl.DataFrame, keys: set[str | None]) -> pl.DataFrame:
    """A wide frame as rows; columns that hold no number at all, such as a host name, are left out."""
    index = [column for column in frame.columns if column in keys]
    metrics = [column for column in frame.columns if column not in keys and numeric(frame[column].alias(""))]
    if not metrics:
        raise SchemaError(f"{name}: no column of numbers beside the steps (columns: {', '.join(frame.columns)})")
    texts = frame.with_columns(as_numbers(frame[metric].alias("")).alias(metric) for metric in metrics)
    chosen = {"on": cs.by_name(*metrics), "index": cs.by_name(*index)}
    return texts.unpivot(**chosen, variable_name="name of metric", value_name="value of metric")


def numeric(series: pl.Series) -> bool:
    if series.is_empty():
        return True
    if series.dtype == pl.String:
        return bool((as_numbers(series).is_not_null() | blank(series)).all()) and not bool(blank(series).all())
    return series.dtype.is_numeric()


def blank(series: pl.Series) -> pl.Series:
    return series.is_null() | series.str.strip_chars().str.to_lowercase().is_in(MISSING)


def as_numbers(series: pl.Series) -> pl.Series:
    """Numbers, or text that spells them, as float64; null where it does not."""
    if series.dtype == pl.String:
        series = series.str.strip_chars().str.to_lowercase().replace(SPECIAL)
    return series.cast(pl.Float64, strict=False)


def numbers(name: str, frame: pl.DataFrame, column: str) -> pl.Series:
    """A column as float64; a value that is neither a number nor a word for a missing one is an error."""
    series = frame[column].alias("")
    if not (series.dtype.is_numeric() or series.dtype in (pl.String, pl.Null, pl.Boolean)):
        raise SchemaError(f"{name}: column {column!r} holds {series.dtype}; need numbers")
    found = as_numbers(series)
    if series.dtype == pl.String and (bad := series.filter(found.is_null() & ~blank(series))).len():
        raise DataError(f"{name}: column {column!r} holds {bad[0]!r}; need numbers")
    return found


def parted(given: str | None, whole: str) -> tuple[str, str]:
    """Split and metric: the split column if there is one, else a word of the name; train where nothing says.

    >>> parted(None, "eval/loss"), parted("valid", "loss"), parted(None, "train_grad_norm")
    (('val', 'loss'), ('val', 'loss'), ('train', 'grad_norm'))
    """
    words = [word for word in re.split(r"[\s/_.\-:]+", whole.lower()) if word]
    split = None if given is None else SPLIT_OF.get(given.strip().lower(), given.strip().lower() or None)
    said = next((word for word in words if word in SPLIT_OF), None)
    if said is not None and (split is None or split == SPLIT_OF[said]):
        words.remove(said)
        split = SPLIT_OF[said]
    return split or "train", "_".join(words) or "value"


def logged(values: Floats) -> Mask:
    """Which values of a wide column were logged: NaN between numbers, as for a validation loss every hundred steps, is
    none; NaN from some step to the end for longer than twice the gaps before it is a run that broke.
    """
    nan = np.isnan(values)
    if not nan.any() or nan.all():
        return np.ones(len(values), bool) if not nan.all() else np.zeros(len(values), bool)
    places = np.flatnonzero(~nan)
    gap = int(np.diff(places).max(initial=1)) - 1
    gap = max(gap, int(places[0]))
    tail = len(values) - 1 - int(places[-1])
    kept = ~nan
    if tail > 2 * gap:
        kept[places[-1] + 1 :] = True
    return kept


def counts_of(label_counts: Mapping[Any, Any] | None) -> dict[str, int]:
    """Rows by label, checked."""
    counts = {}
    for label, count in (label_counts or {}).items():
        if isinstance(count, bool) or not np.isfinite(count) or count < 0 or int(count) != count:
            raise DataError(f"label_counts: {label!r} has {count!r}; need a number of rows")
        counts[str(label)] = int(count)
    return counts
