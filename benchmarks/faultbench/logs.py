"""Real logs as flat arrays: keys of few values, labels, predictions, scores, and the order of real time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["LOGS", "Columns", "Log", "Predicate", "load", "read"]

READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".json": pl.read_json,
    ".ndjson": pl.read_ndjson,
    ".jsonl": pl.read_ndjson,
}
DATA = Path(__file__).parents[3] / "shared" / "data" / "tabular"
MANY = 8  # a key of more values is binned
NULL = 2  # the code of a null label or prediction

# Label and prediction (0, 1, null) of each of the nine cells, and the cell of each pair.
LABEL_OF = np.array([0, 0, 1, 1, 0, 1, 2, 2, 2], np.int8)
PREDICTION_OF = np.array([0, 1, 0, 1, 2, 2, 0, 1, 2], np.int8)
STATE_OF = np.zeros((3, 3), np.int8)
STATE_OF[LABEL_OF, PREDICTION_OF] = np.arange(9)

Predicate = tuple[tuple[int, int], ...]  # (key, value) by their places in `Log.keys`


@dataclass(frozen=True, eq=False)
class Log:
    """A log whose rows are in the order of real time, if it has one.

    ``codes`` holds the place of each row's value in ``keys[name]``, ``moment`` ranks real times, ``regime`` is the
    stretch of real time within which nothing is known to have changed (-1: a known drift), ``notes`` what was
    left out or made up.
    """

    name: str
    keys: Mapping[str, tuple[str | None, ...]]
    codes: NDArray[np.int64]
    label: NDArray[np.int8]
    prediction: NDArray[np.int8]
    score: NDArray[np.float64]
    threshold: float | None
    timed: bool
    moment: NDArray[np.int64]
    regime: NDArray[np.int64]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.label)

    @property
    def roles(self) -> set[str]:
        """Which of prediction, score and threshold the log has."""
        return {
            name
            for name, there in (
                ("prediction", bool((self.prediction < NULL).any())),
                ("score", not bool(np.isnan(self.score).all())),
                ("threshold", self.threshold is not None),
            )
            if there
        }

    @cached_property
    def _leaves(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        shape = [len(values) for values in self.keys.values()]
        occupied, leaf = np.unique(np.ravel_multi_index(tuple(self.codes.T), shape), return_inverse=True)
        return np.stack(np.unravel_index(occupied, shape), axis=1), leaf

    @property
    def leaves(self) -> NDArray[np.int64]:
        """The value of each key (columns) in each occupied leaf (rows)."""
        return self._leaves[0]

    @property
    def leaf(self) -> NDArray[np.int64]:
        """The leaf of each row."""
        return self._leaves[1]

    @cached_property
    def state(self) -> NDArray[np.int8]:
        """The cell of each row."""
        return STATE_OF[self.label, self.prediction]

    @cached_property
    def cells(self) -> NDArray[np.float64]:
        """The nine cells of each leaf."""
        return self.tally(self.leaf, self.state)

    def tally(
        self, leaf: NDArray[np.int64], state: NDArray[np.int8], weight: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """The cells [leaf, 9] of some rows."""
        size = len(self.leaves)
        return np.bincount(leaf * 9 + state, weight, size * 9).reshape(size, 9).astype(np.float64)

    @cached_property
    def by_leaf(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows in the order of their leaf and label, and where each (leaf, label) starts."""
        group = self.leaf * 3 + self.label
        starts = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=len(self.leaves) * 3))])
        return np.argsort(group, kind="stable"), starts

    @cached_property
    def key_frame(self) -> pl.DataFrame:
        """The keys of each row, as a user's log would have them."""
        return pl.DataFrame(
            {
                name: pl.Series(values, dtype=pl.Enum([v for v in values if v is not None])).gather(self.codes[:, at])
                for at, (name, values) in enumerate(self.keys.items())
            }
        )

    def part(self, rows: NDArray[np.int64]) -> Log:
        """The log of some of the rows."""
        arrays = {
            name: getattr(self, name)[rows] for name in ("codes", "label", "prediction", "score", "moment", "regime")
        }
        return replace(self, **arrays)

    def match(self, predicate: Predicate) -> NDArray[np.bool_]:
        """Which leaves a conjunction covers."""
        covered = np.ones(len(self.leaves), bool)
        for key, value in predicate:
            covered &= self.leaves[:, key] == value
        return covered

    def named(self, predicate: Predicate) -> dict[str, str | None]:
        """A conjunction as findings name it."""
        names = list(self.keys)
        return {names[key]: self.keys[names[key]][value] for key, value in predicate}

    def coded(self, named: Mapping[str, Any]) -> Predicate | None:
        """The other way round; None for a key or value that is not in the log."""
        names = list(self.keys)
        try:
            return tuple(
                sorted(
                    (names.index(key), self.keys[key].index(None if value is None else str(value)))
                    for key, value in named.items()
                )
            )
        except (ValueError, KeyError):
            return None


class Columns(NamedTuple):
    """Which column of a file plays which role."""

    label: str
    prediction: str | None
    score: str | None
    keys: Sequence[str]
    time: str | None = None


def read(files: Sequence[str | Path], columns: Columns, *, bins: int = 5, positive: str | None = None) -> Log:
    """A log of any files: keys binned to a few values, labels and predictions of two values as 0 and 1."""
    frame = pl.concat([table(Path(file)) for file in files], how="diagonal_relaxed")
    keys = {name: few_values(frame[name], bins) for name in columns.keys}
    return assembled(Path(files[0]).stem, frame, columns, keys, positive=positive)


def table(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema_length=100_000, try_parse_dates=True)
    return READERS.get(path.suffix, pl.read_parquet)(path)


def few_values(column: pl.Series, bins: int) -> pl.Series:
    """A key of few values, as text: quantile bins of a number, the most frequent of a text and ``other``."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
    if column.n_unique() <= MANY:
        return column.cast(pl.String)
    if column.dtype.is_temporal():
        column = column.to_physical()
    if column.dtype.is_numeric():
        return quantile_bins(column, bins)
    column = column.cast(pl.String)
    kept = column.drop_nulls().value_counts(sort=True).head(MANY - 1)[column.name]
    frame = column.to_frame()
    name = pl.col(column.name)
    return frame.select(pl.when(name.is_null() | name.is_in(kept.implode())).then(name).otherwise(pl.lit("other")))[
        column.name
    ]


def quantile_bins(column: pl.Series, bins: int) -> pl.Series:
    """Bins of about equally many rows, named by their edges; ties share a bin."""
    numbers = column.cast(pl.Float64).to_numpy()
    known = ~np.isnan(numbers)
    inner = np.unique(np.quantile(numbers[known], np.arange(1, bins) / bins))
    inner = inner[inner > numbers[known].min()]
    place = np.searchsorted(inner, numbers, side="right")
    ends = [f"{edge:.4g}" for edge in inner]
    names = [f"[{a}, {b})" for a, b in zip(["-inf", *ends], [*ends, "inf"], strict=True)]
    if len(set(names)) < len(names):
        names = [f"{at}: {name}" for at, name in enumerate(names)]
    return pl.Series(column.name, [*names, None], dtype=pl.String).gather(np.where(known, place, len(names)))


def ones(column: pl.Series, positive: str | None) -> NDArray[np.int8]:
    """0, 1 and 2 for null; of two values other than 0 and 1 the greater is positive, unless named."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        column = column.cast(pl.Float64)
        values = column.drop_nulls().unique().sort().to_list()
        top = float(positive) if positive is not None else 1.0 if 1.0 in values else max(values, default=1.0)
    else:
        column = column.cast(pl.String)
        values = column.drop_nulls().unique().sort().to_list()
        top = positive if positive is not None else max(values, default="1")
    if len(values) > 2 and positive is None:
        raise SystemExit(f"column {column.name!r} holds {len(values)} values; name the positive one with --positive")
    return (column == top).cast(pl.Int8).fill_null(NULL).to_numpy().copy()


def assembled(
    name: str,
    frame: pl.DataFrame,
    columns: Columns,
    keys: Mapping[str, pl.Series],
    *,
    positive: str | None = None,
    regime: pl.Expr | None = None,
) -> Log:
    """The arrays of a log, its rows in the order of real time."""
    notes = []
    frame = frame.select(
        label=pl.col(columns.label),
        prediction=pl.col(columns.prediction) if columns.prediction else pl.lit(None),
        score=(pl.col(columns.score) if columns.score else pl.lit(None)).cast(pl.Float64),
        time=pl.col(columns.time) if columns.time else pl.lit(None),
        regime=pl.lit(0) if regime is None else regime,
    )
    moment = frame["time"].rank("dense").fill_null(0).to_numpy() if columns.time else np.zeros(len(frame))
    order = np.argsort(moment, kind="stable")
    frame = frame[order]
    label = ones(frame["label"], positive)
    score = frame["score"].fill_null(float("nan")).to_numpy().copy()
    if np.nanmin(score, initial=0) < 0 or np.nanmax(score, initial=1) > 1:
        notes.append("scores outside [0, 1] went through the logistic function, in units of their spread")
        score = 1 / (1 + np.exp(-score / np.nanstd(score)))
    if columns.prediction:
        prediction = ones(frame["prediction"], positive)
    elif columns.score:
        notes.append("no prediction: score >= .5 is taken for it")
        prediction = np.where(np.isnan(score), NULL, score >= 0.5).astype(np.int8)
    else:
        prediction = np.full(len(frame), NULL, np.int8)
    values, codes = {}, []
    for key, column in keys.items():
        named = column.cast(pl.String)[order]
        values[key] = tuple(named.unique().sort(nulls_last=True).to_list())
        places = {value: at for at, value in enumerate(values[key])}
        codes.append(named.replace_strict(places, return_dtype=pl.Int64).to_numpy())
    log = Log(
        name,
        values,
        np.stack(codes, axis=1),
        label,
        prediction,
        score,
        cut(prediction, score),
        bool(columns.time),
        moment[order].astype(np.int64),
        frame["regime"].cast(pl.Int64).to_numpy(),
        tuple(notes),
    )
    missing = {"prediction", "score", "threshold"} - log.roles
    note = f"no {', no '.join(sorted(missing))}: faults that need it are left out"
    return replace(log, notes=(*log.notes, note)) if missing else log


def cut(prediction: NDArray[np.int8], score: NDArray[np.float64]) -> float | None:
    """The threshold that makes the predictions of the scores, where one does for all but a row in a thousand."""
    known = (prediction < NULL) & ~np.isnan(score)
    if not known.any() or len(np.unique(prediction[known])) < 2:
        return None
    lowest, highest = np.quantile(score[known & (prediction == 1)], 0.0005), score[known & (prediction == 0)].max()
    for threshold in (0.5, float(score[known & (prediction == 1)].min()), float(lowest), float(highest)):
        if np.mean((score[known] >= threshold) != (prediction[known] == 1)) < 1e-3 and 0 < threshold < 1:
            return threshold
    return None


def between(column: str, edges: Sequence[float], names: Sequence[str]) -> pl.Expr:
    """The name of the interval (previous edge, edge] that holds a number."""
    number = pl.col(column).cast(pl.String).cast(pl.Float64)
    place = pl.sum_horizontal(*(number > edge for edge in edges))
    return place.replace_strict(dict(enumerate(names)), return_dtype=pl.String)


def employment() -> Log:
    """US census, Massachusetts 2015-2018: is a person employed? A model of the first year, scored on all."""
    late = pl.read_parquet(DATA / "employment_MA_analysis.pq").join(
        pl.read_parquet(DATA / "employment_MA_analysis_target.pq"), on="id"
    )
    early = pl.read_parquet(DATA / "employment_MA_reference.pq")
    frame = pl.concat([early, late.select(early.columns)], how="vertical_relaxed")
    keys = frame.select(
        SEX="SEX",
        AGE=between("AGEP", [17, 25, 35, 50, 65], ["0-17", "18-25", "26-35", "36-50", "51-65", "66+"]),
        SCHL=between("SCHL", [15, 17, 20, 21], ["none", "school", "some college", "bachelor", "higher"]),
        RAC=between("RAC1P", [1, 2, 3, 4, 5], ["1", "2", "3", "4", "5", "6+"]),
        MAR="MAR",
        DIS="DIS",
    )
    columns = Columns("employed", "prediction", "predicted_probability", list(keys.columns), "year")
    return assembled(
        "employment_MA", frame, columns, {key.name: key for key in keys.get_columns()}, regime=pl.col("year")
    )


def synthetic() -> Log:
    """Does an employee work from home on the next workday? A known drift in the later half."""
    late = pl.read_parquet(DATA / "synthetic_sample_analysis.parquet").join(
        pl.read_parquet(DATA / "synthetic_sample_analysis_gt.parquet"), on="id"
    )
    early = pl.read_parquet(DATA / "synthetic_sample_reference.parquet")
    frame = pl.concat([early, late.select(early.columns)], how="vertical_relaxed")
    names = ["salary_range", "workday", "wfh_prev_workday", "distance_from_office", "tenure"]
    names.append("public_transportation_cost")
    columns = Columns("work_home_actual", "y_pred", "y_pred_proba", names, "timestamp")
    keys = {name: few_values(frame[name], 5) for name in names}
    drifts = pl.when(pl.col("period") == "reference").then(0).otherwise(-1)
    return assembled("synthetic_sample", frame, columns, keys, regime=drifts)


LOGS: Mapping[str, Callable[[], Log]] = {"employment_MA": employment, "synthetic_sample": synthetic}


def load(name: str, columns: Columns | None = None, *, bins: int = 5, positive: str | None = None) -> Log:
    """A log by its name, or by its file with the columns named."""
    if name in LOGS:
        return LOGS[name]()
    if columns is None:
        raise SystemExit(f"{name!r} is none of {', '.join(LOGS)}; a file needs --label, --prediction, --score, --keys")
    return read(name.split(","), columns, bins=bins, positive=positive)
