"""A score is positive at score >= threshold, the threshold rounded to the dtype of the score, as numpy has it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl

WIDTHS = [np.float16, np.float32, np.float64]
THRESHOLDS = [0.0, 0.1, 0.3, 1 / 3, 0.5, 0.7, 0.0005, 0.9995, 1.0]
every_width = pytest.mark.parametrize("width", WIDTHS, ids=lambda width: width.__name__)


def beside(thresholds: Any, width: Any) -> Any:
    """The numbers of a width next to each threshold, and the nearest to it."""
    with np.errstate(over="ignore"):
        near = np.asarray(thresholds, np.float64).astype(width)
    ends = (np.nextafter(near, width(-np.inf)), near, np.nextafter(near, width(np.inf)))
    return np.unique(np.concatenate([*ends, [width(np.nan), width(np.inf), width(-np.inf)]]))


def reached(score: Any, threshold: float) -> tuple[int, int]:
    """How many scores numpy says reach a threshold, and how many do not."""
    with np.errstate(over="ignore"):
        up = int((score >= threshold).sum())
    return up, int((~np.isnan(score)).sum()) - up


@every_width
@pytest.mark.parametrize("threshold", [*THRESHOLDS, -2.5, 1e6, 1e300])
def test_binary_scores_of_every_input_are_compared_as_numpy_does(width: Any, threshold: float) -> None:
    score = beside([threshold], width)
    columns = {"y": np.ones(len(score), np.int64), "s": score}
    frame = pl.DataFrame(columns)
    with_null = pl.concat([frame, pl.DataFrame({"y": [1], "s": [None]}, frame.schema)])
    family = fm.binary("y", y_score="s", threshold=threshold)
    inputs = [columns, frame, frame.lazy(), pa.table(columns), with_null, iter([frame])]
    computed = fm.binary("y", y_score=pl.col("s"), threshold=threshold)
    counted = [fm.count(data, family) for data in inputs] + [fm.count(frame, computed)]
    assert {counts.frame.select("tp", "fn").row(0) for counts in counted} == {reached(score, threshold)}


@every_width
def test_pandas_keeps_the_width(width: Any) -> None:
    pandas = pytest.importorskip("pandas")
    score = beside([0.1], width)
    frame = pandas.DataFrame({"y": 1, "s": score})
    counts = fm.count(frame, fm.binary("y", y_score="s", threshold=0.1)).frame
    assert counts.select("tp", "fn").row(0) == reached(score, 0.1)


@every_width
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_expressions_compare_as_numpy_does(width: Any, threshold: float) -> None:
    score = beside([threshold], width)
    frame = pl.DataFrame({"y": np.ones(len(score), np.int64), "s": score})
    cells = frame.select(fpl.confusion("y", y_score="s", threshold=threshold)).item()
    assert (cells["tp"], cells["fn"]) == reached(score, threshold)
    assert frame.filter(pl.col("s").is_not_nan() & (pl.col("s") >= threshold)).height == cells["tp"]


@pytest.mark.filterwarnings("ignore::fastmetrics.notes.NoteWarning")
@every_width
@pytest.mark.parametrize(
    "arguments", [{"thresholds": THRESHOLDS}, {"bins": 10}, {"bins": 1000}, {"edges": [-5.0, 0.1, 1 / 3, 70_000.0]}]
)
def test_bins_of_scores_begin_where_numpy_has_them(width: Any, arguments: dict[str, Any]) -> None:
    family = fm.scores("y", "s", **arguments)
    edges = family.arguments["edges"]
    score = beside(edges, width)
    counts = fm.count({"y": np.ones(len(score), np.int64), "s": score}, family)
    for threshold in edges[:: max(len(edges) // 25, 1)]:
        assert counts.at_threshold(threshold).frame.select("tp", "fn").row(0) == reached(score, threshold), threshold


@every_width
def test_losses_clip_at_the_epsilon_of_the_width(width: Any) -> None:
    score = np.array([0.0, 1.0, 0.25], width)
    columns = {"y": [1, 0, 1], "s": score}
    epsilon = float(np.finfo(width).eps)
    wanted = -(2 * np.log(epsilon) + np.log(0.25)) / 3
    assert fm.count(columns, fm.scores("y", "s")).metrics("log_loss").item(0, "log_loss") == pytest.approx(wanted)
    assert pl.DataFrame(columns).select(fpl.log_loss("y", "s")).item() == pytest.approx(wanted)
    assert fm.log_loss([1, 0, 1], score) == pytest.approx(wanted, rel=2e-3)


@every_width
def test_every_family_reads_every_width(width: Any) -> None:
    score = np.array([0.0, 1.0, 0.25, np.nan], width)
    frame = pl.DataFrame({"y": [1, 0, 1, 1], "s": score, "l": pl.Series([1, 0, 1, 0]).cast(pl.Series(score).dtype)})
    assert fm.count(frame, fm.regression("s", "s")).metrics("mae").item(0, "mae") == 0
    assert fm.count(frame, fm.classes("s", "s")).metrics("accuracy").item(0, "accuracy") == 1
    assert fm.count(frame, fm.binary("l", "l"), by="s", weight="l").rows == 4
    assert fm.count(frame, fm.scores("y", "s", link="logit")).rows == 4
