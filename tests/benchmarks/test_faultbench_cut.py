"""The benches of faults and of nothing, cut to seconds; `make causes` runs all of them."""

from __future__ import annotations

import polars as pl
import pytest

from bench_log import COLUMNS, frame
from benchmarks.faultbench import table
from benchmarks.faultbench.cases import fault_case, null_case
from benchmarks.faultbench.logs import Columns, Log, read
from benchmarks.faultbench.run import frame_of
from benchmarks.faultbench.score import judge
from fastmetrics.diagnosis.diagnose import diagnose

SEEDS = range(24)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    path = tmp_path_factory.mktemp("faultbench") / "log.parquet"
    frame().write_parquet(path)
    return read([path], Columns(*COLUMNS), bins=3)


@pytest.fixture(scope="module")
def faults(log: Log) -> pl.DataFrame:
    return frame_of([{"what": "fault", **judge(fault_case(log, seed), diagnose)} for seed in SEEDS])


def test_one_report_of_nothing_in_twenty_names_something_at_most(log: Log) -> None:
    """Seasons of real time and shifts of mix among them; 5 % of 24 is 1."""
    nulls = frame_of([{"what": "null", **judge(null_case(log, seed), diagnose)} for seed in SEEDS])
    assert nulls["alarm"].sum() <= 1, list(table.failures(nulls.clear(), nulls))
    assert (nulls["crash"] == "").all()


def test_faults_that_an_oracle_sees_are_found_where_they_are_and_named(faults: pl.DataFrame) -> None:
    """The oracle knows the slice and pays for the same search."""
    seen = faults.filter("oracle")
    assert len(seen) >= 12
    assert seen["detected"].all()
    assert seen["hit"].mean() >= 0.9
    assert seen["exact"].mean() >= 0.9
    assert faults["detected"].sum() >= faults["oracle"].sum()
    told = faults.filter("detected")
    assert table.macro_f1(told["tag"].to_list(), told["first_tag"].to_list()) >= 0.95


def test_bounds_hold_the_truth_and_parts_sum_to_the_change(faults: pl.DataFrame) -> None:
    covered = faults["covered"].drop_nulls()
    assert len(covered) >= 12
    assert covered.mean() >= 0.93
    assert faults["decomposition_error"].max() <= 1e-12
    assert faults["stray"].sum() == 0
