"""A family of one's own needs nothing outside its own file: counted, merged, rolled up, written, read and refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from numpy.typing import NDArray

import fastmetrics as fm
from fastmetrics.contract.cells import Cell, CellTable, InnerKey
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Rows
from fastmetrics.counting import groups
from fastmetrics.metric import Cells
from fastmetrics.state.metadata import KEY

# The family: the largest value of a column for each stage that occurs, in each group.


def slowest(stage: str, seconds: str) -> Family:
    return Family(
        kind="slowest",
        name="slowest",
        maker=slowest,
        roles=(Role("stage", stage, "key"), Role("seconds", seconds, "number")),
        cells=(Cell("timed"), Cell("untimed"), Cell("longest", "max")),
        rows=rows,
        metrics=(
            fm.Metric("worst_seconds", lambda c: c.largest, range=(0, float("inf")), better="lower", scale="seconds"),
            fm.Metric("stages", lambda c: c.stages, range=(0, float("inf")), better=None, scale="count"),
        ),
        arguments={"stage": stage, "seconds": seconds},
        inner=(InnerKey("stage"),),
        read=read,
        headline=("worst_seconds",),
    )


def rows(roles: Mapping[str, NDArray[Any]]) -> Rows:
    seconds = roles["seconds"].astype(np.float64)
    return Rows(lambda: np.isnan(seconds).astype(np.uint8), extremes=lambda: seconds[:, None])


def read(table: CellTable) -> Cells:
    largest = np.full(table.size, np.nan)
    np.fmax.at(largest, table.group, table.cells.longest)
    return Cells({"largest": largest, "stages": np.bincount(table.group, minlength=table.size).astype(float)})


FAMILY = slowest("stage", "seconds")
LOG = pl.DataFrame(
    {
        "model": ["a", "a", "a", "b", "b"],
        "stage": ["embed", "rank", "embed", "embed", None],
        "seconds": [0.5, 2.0, 0.75, None, 0.25],
    }
)


def test_cells() -> None:
    counts = fm.count(LOG, FAMILY, by="model")
    assert counts.rows == 5
    assert counts.frame.columns == ["model", "stage", "timed", "untimed", "longest"]
    assert counts.frame.rows() == [
        ("a", "embed", 2, 0, 0.75),
        ("a", "rank", 1, 0, 2.0),
        ("b", "embed", 0, 1, None),
        ("b", None, 1, 0, 0.25),
    ]


def test_metrics_beside_another_family() -> None:
    log = LOG.with_columns(label=True, pred=pl.Series([True, False, True, True, False]))
    frame = fm.count(log, fm.binary("label", "pred"), FAMILY, by="model").metrics("recall", "worst_seconds", "stages")
    assert frame.select("model", "worst_seconds", "stages").rows() == [("a", 2.0, 2.0), ("b", 0.25, 2.0)]
    assert frame["recall"].to_list() == [2 / 3, 0.5]


@pytest.mark.parametrize("threads", [1, 3])
def test_merging_is_counting_together(threads: int) -> None:
    rng = np.random.default_rng(0)
    log = pl.DataFrame(
        {
            "model": rng.integers(0, 5, 5000),
            "stage": rng.integers(0, 300, 5000).astype(str),
            "seconds": np.where(rng.random(5000) < 0.1, np.nan, rng.random(5000)),
        }
    )
    whole = fm.count(log, FAMILY, by="model", threads=threads)
    assert sum(fm.count(part, FAMILY, by="model") for part in log.iter_slices(700)) == whole
    truth = log.group_by("model").agg(pl.col("seconds").fill_nan(None).max()).sort("model")
    assert whole.metrics("worst_seconds")["worst_seconds"].equals(truth["seconds"], check_names=False)
    assert whole.rollup().metrics("worst_seconds").item(0, "worst_seconds") == truth["seconds"].max()


@pytest.mark.parametrize("dense_ids", [1 << 21, 1])
def test_windows_plans_and_grouping_sets_come_with_it(dense_ids: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DENSE_IDS", "MORE_IDS"):
        monkeypatch.setattr(groups, name, dense_ids)
    log = LOG.with_columns(ts=pl.Series([0, 7200, 3600, 90_000, None]))
    asked: dict[str, Any] = {"by": "model", "time": "ts", "time_unit": "s"}
    hours = fm.count(log, FAMILY, every="1h", **asked)
    assert hours.how["groups"] == ("dense" if dense_ids > 1 else "hashed")
    assert hours.rollup("model", "window", every="1d") == fm.count(log, FAMILY, every="1d", **asked)
    assert hours.rollup("model") == fm.count(LOG, FAMILY, by="model")
    assert hours.filter(stage="embed").rollup().frame.rows() == [("embed", 2, 1, 0.75)]
    sets = fm.count(LOG, FAMILY, by="model", grouping_sets=[[], ["model"]])
    assert sets.grouping() == hours.rollup()
    assert sets.grouping("model") == hours.rollup("model")


def test_constants_must_agree() -> None:
    """Here there are none: only the columns differ, and the cells mean the same."""
    other = fm.count(LOG.rename({"stage": "step", "seconds": "time"}), slowest("step", "time"), by="model")
    counts = fm.count(LOG, FAMILY, by="model")
    assert (other + counts).frame["longest"].equals(counts.frame["longest"])
    with pytest.raises(fm.MergeError, match="families"):
        counts + fm.count(LOG.with_columns(label=1), fm.binary("label", "label"), by="model")


def test_written_and_read_back(tmp_path: Path) -> None:
    counts = fm.count(LOG, FAMILY, by="model")
    counts.write(tmp_path / "slowest.parquet")
    assert fm.read_counts(tmp_path / "slowest.parquet", families=[FAMILY]) == counts
    with pytest.raises(fm.SourceError, match="families="):
        fm.read_counts(tmp_path / "slowest.parquet")


@pytest.mark.parametrize("family", [FAMILY, fm.binary("label", "label"), fm.regression("seconds", "seconds")])
def test_files_that_say_of_a_cell_whether_it_is_a_state_are_read(family: Family) -> None:
    """So did the first files of format 2: name, merge, state."""
    counts = fm.count(LOG.with_columns(label=1), family, by="model")
    table = counts.to_arrow()
    assert isinstance(table, pa.Table)
    metadata = json.loads(table.schema.metadata[KEY])
    (described,) = metadata["families"]
    described["identity"]["cells"] = [[cell.name, cell.merge, cell.kind == "state"] for cell in family.cells]
    early = table.replace_schema_metadata({KEY: json.dumps(metadata)})
    assert fm.Counts.from_arrow(early, families=[family]) == counts
    described["identity"]["cells"][0][2] = False
    with pytest.raises(fm.SourceError, match="cells"):
        fm.Counts.from_arrow(table.replace_schema_metadata({KEY: json.dumps(metadata)}), families=[family])


def test_a_kind_of_cell_that_there_is_not() -> None:
    with pytest.raises(fm.SchemaError, match="cell 'hits': unknown kind 'counts'; did you mean 'count'"):
        Cell("hits", "counts")  # type: ignore[arg-type]


def test_extremes_are_not_weighted_or_subtracted() -> None:
    with pytest.raises(fm.SchemaError, match="longest"):
        fm.count(LOG.with_columns(w=1.0), FAMILY, by="model", weight="w")
    counts = fm.count(LOG, FAMILY, by="model")
    with pytest.raises(fm.MergeError, match="longest"):
        counts - fm.count(LOG.head(1), FAMILY, by="model")
