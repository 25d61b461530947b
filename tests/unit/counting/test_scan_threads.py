"""Threads, files and folders whose contents do not nest, and what must never be lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.counting import scan, worker
from fastmetrics.counting.tally import Tally
from fastmetrics.families.binary import CELLS
from fastmetrics.families.text import text

BINARY = fm.binary("label", "pred")
LOG = pl.DataFrame({"label": [1, 0, 1], "pred": [1, 1, 0], "score": [0.9, 0.8, 0.1], "k": ["a", "b", "a"]})


def test_threads_that_saw_other_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread sees many labels and few predictions, the other the opposite."""
    rng, n = np.random.default_rng(0), 4000
    few, many = rng.integers(0, 3, n), rng.integers(0, 90, n)
    log = pl.DataFrame({"label": np.r_[many, few], "pred": np.r_[few, many]})
    monkeypatch.setattr(scan, "PIECE_ROWS", 2 * n)  # of both threads
    whole = fm.count(log, fm.classes("label", "pred"), threads=1)
    assert whole.rows == 2 * n
    truth = log.group_by("label", "pred").len().sort("label", "pred")
    assert whole.frame["rows"].to_list() == truth["len"].to_list()
    for _ in range(5):
        assert fm.count(log, fm.classes("label", "pred"), threads=2) == whole


def test_threads_share_a_short_batch_of_texts_but_not_one_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths, add = [], worker.Worker.add

    def noted(of: worker.Worker, batch: Any) -> None:
        lengths.append(len(batch))
        add(of, batch)

    monkeypatch.setattr(worker.Worker, "add", noted)
    log = pl.DataFrame({"answer": ["a b c"] * 2001, "label": True, "pred": True})
    diverse = text("answer", reference="answer", measures=["distinct1"])
    counts = [fm.count(log, diverse, threads=threads) for threads in (1, 2, 3, 16)]
    assert counts == [counts[0]] * 4
    fm.count(log, BINARY, threads=2)
    assert sorted(lengths) == sorted([2001, 1000, 1001, 667, 667, 667, 512, 512, 512, 465, 2001])


def test_a_lone_instant_far_away_keeps_the_windows_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BLOCK_ROWS", 100)
    start = 1_767_225_600_000_000
    time = np.r_[start + np.arange(1000) * 60_000_000, 0, start + np.arange(1000) * 60_000_000]
    log = pl.DataFrame({"ts": pl.Series(time).cast(pl.Datetime("us"))}).with_columns(label=True, pred=True)
    frame = fm.count(log, BINARY, time="ts", every="15m").frame
    truth = log.group_by(pl.col("ts").dt.truncate("15m").dt.replace_time_zone("UTC")).len().sort("ts")
    assert frame["window_start"].to_list() == truth["ts"].to_list()
    assert frame["tp"].to_list() == truth["len"].to_list()


def test_tables_widen_as_states_occur_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """First one state alone, then more and more, the nulls last, with new keys that make the ids move."""
    monkeypatch.setattr(worker, "BLOCK_ROWS", 10)
    widths, add = [], Tally.add

    def noted(tally: Tally, *given: Any) -> None:
        add(tally, *given)
        widths.append(tally.cells[0].rows.states.shape[1])

    monkeypatch.setattr(Tally, "add", noted)
    states = [(0, 0), (0, 1), (1, 0), (1, 1), (0, None), (1, None), (None, 0), (None, 1), (None, None)]
    rows = [
        {"k": f"{number * key}", "label": label, "pred": pred, "w": 0.5}
        for number, (label, pred) in enumerate(states)
        for key in range(10)
    ]
    log = pl.DataFrame(rows, schema_overrides={"label": pl.Int64, "pred": pl.Int64})
    for weight in (None, "w"):
        counts = fm.count(log, BINARY, by="k", weight=weight, threads=1)
        assert counts.frame.select(CELLS).sum().row(0) == (10,) * 9
    assert widths == [1, 2, 4, 4, 8, 8, 8, 8, 9] * 2


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_max_groups_is_the_same_limit_for_any_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "PIECE_ROWS", 100)
    log = pl.DataFrame({"k": np.arange(400) // 100}).with_columns(label=True, pred=True)
    assert fm.count(log, BINARY, by="k", threads=threads, max_groups=4).frame.height == 4
    with pytest.raises(fm.SchemaError, match="max_groups=3"):
        fm.count(log, BINARY, by="k", threads=threads, max_groups=3)


def test_one_value_for_all_rows_is_still_a_value_a_row() -> None:
    assert fm.count(LOG, fm.binary(pl.col("label").max(), pl.lit(1))).rows == 3


def test_a_folder_of_logs_is_not_replaced_by_counts(tmp_path: Path) -> None:
    LOG.write_parquet(tmp_path / "monday.parquet")
    counts = fm.count(tmp_path, BINARY, fm.scores("label", "score"))
    with pytest.raises(fm.SourceError, match="it is a folder"):
        counts.write(tmp_path)
    assert pl.read_parquet(tmp_path / "monday.parquet").equals(LOG)
    assert [file.name for file in tmp_path.iterdir()] == ["monday.parquet"]


def test_a_folder_of_several_counts_is_not_one(tmp_path: Path) -> None:
    counts = fm.count(LOG, BINARY)
    for day in ("monday", "tuesday"):
        counts.write(tmp_path / f"{day}.parquet")
    with pytest.raises(fm.SourceError, match="two tables"):
        fm.read_counts(tmp_path)
    other = fm.count(LOG, fm.scores("label", "score"), by="k")
    both = {"binary": counts.to_arrow(), "scores": other.to_arrow()}
    with pytest.raises(fm.SourceError, match="not of one Counts"):
        fm.Counts.from_arrow(both)


def test_times_in_another_unit_than_said() -> None:
    log = {"label": [1], "pred": [1], "t": [1_700_000_000_000_000_000]}
    with pytest.raises(fm.DataError, match="time_unit="):
        fm.count(log, BINARY, time="t", every="1h", time_unit="s")


@pytest.mark.parametrize(("every", "period"), [("1mo", "31d"), ("1mo", "28d"), ("1h", "90m"), ("1d", "1mo")])
def test_periods_that_are_no_multiple(every: str, period: str) -> None:
    counts = fm.count({"label": [1], "pred": [1], "t": [0]}, BINARY, time="t", every=every, time_unit="s")
    with pytest.raises(fm.SchemaError, match="multiple"):
        counts.metrics("f1", period=period)


def test_late_labels_by_an_expression_over_many_rows_are_refused() -> None:
    log = LOG.with_row_index("id").with_columns(label=None)
    with pytest.raises(fm.SchemaError, match="several rows"):
        fm.label_delta(
            log,
            {"id": [0], "label": [1]},
            BINARY,
            on="id",
            label="label",
            by=(pl.col("score") > pl.col("score").mean()),
        )
