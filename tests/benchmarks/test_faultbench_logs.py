"""Faults in logs of any shape: cases cover their grid, and what a fault must leave alone stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from bench_log import COLUMNS, frame
from benchmarks.faultbench.cases import BANDS, START, Case, dealt, fault_case, null_case
from benchmarks.faultbench.faults import KINDS, WINDOWS, Fault, Rows, inject, levels
from benchmarks.faultbench.logs import STATE_OF, Columns, Log, read
from benchmarks.faultbench.measures import denominator, numerator
from benchmarks.faultbench.score import expected_difference, judge
from fastmetrics.diagnosis.findings import Diagnosis, Finding

TAU = 40


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    path = tmp_path_factory.mktemp("faultbench") / "log.parquet"
    frame().write_parquet(path)
    return read([path], Columns(*COLUMNS), bins=3)


def fault(kind: str, sign: int = 1, profile: str = "step", q: float = 0.2) -> Fault:
    return Fault(kind, (((0, 1),),), TAU, profile, 1.0 if KINDS[kind].whole else q, sign, 3)


def state(rows: Rows) -> Any:
    return STATE_OF[rows.label, rows.prediction]


@cache
def windows(log: Log) -> Any:
    return dealt(log, np.random.default_rng(1))


def test_a_resampled_prevalence_leaves_the_rates_of_each_class(log: Log) -> None:
    one = fault("prevalence", -1)
    rows = inject(log, windows(log), one)
    now = (rows.window >= TAU) & one.hit(log)[rows.leaf]
    for leaf in np.flatnonzero(one.hit(log) & (log.cells.sum(1) > 2000)):
        after = log.tally(rows.leaf[now & (rows.leaf == leaf)], state(rows)[now & (rows.leaf == leaf)]).sum(0)
        for rate in ("fnr", "fpr"):
            r = float(numerator(rate, log.cells[leaf]) / denominator(rate, log.cells[leaf]))
            n = float(denominator(rate, after))
            assert float(numerator(rate, after) / n) == pytest.approx(r, abs=5 * (r * (1 - r) / n) ** 0.5 + 1 / n)


@pytest.mark.parametrize("profile", ["step", "ramp", "pulse"])
def test_a_shift_of_mix_keeps_every_row_and_the_size_of_windows(log: Log, profile: str) -> None:
    one = fault("mix_only", profile=profile, q=0.5)
    rows = inject(log, windows(log), one)
    assert (rows.keys == np.arange(len(log))).all()
    assert (state(rows) == log.state).all()  # so each leaf's rates over all time
    assert (np.bincount(rows.window) == np.bincount(windows(log))).all()
    inside = one.hit(log)[log.leaf]
    shifted = levels(one, np.arange(WINDOWS)) == 1
    before, after = (inside[shifted[at]].mean() for at in (windows(log), rows.window))
    assert after > before + 0.1
    for leaf in np.flatnonzero(log.cells.sum(1) > 2000):  # and each leaf's rates on either side
        k, n = (np.array([v[(rows.leaf == leaf) & (rows.window >= TAU)].sum(), v[rows.leaf == leaf].sum()])
                for v in (log.label == 1, np.ones(len(log))))  # fmt: skip
        r = k[1] / n[1]
        assert k[0] / n[0] == pytest.approx(r, abs=5 * (r * (1 - r) / n[0]) ** 0.5)


def test_a_seed_gives_one_case_and_seeds_cover_the_grid(log: Log) -> None:
    for seed in (0, 12):
        a, b = fault_case(log, seed), fault_case(log, seed)
        assert a.fault == b.fault
        assert (a.window == b.window).all()
        assert a.counts == b.counts
        c, d = null_case(log, seed), null_case(log, seed)
        assert (c.window == d.window).all()
        assert (c.fault, c.dealt, c.tau) == (d.fault, d.dealt, d.tau)
    faults = [fault_case(log, seed) for seed in range(44)]
    assert {case.fault.kind for case in faults if case.fault} == set(KINDS)
    assert {case.fault.profile for case in faults if case.fault} == {"step", "ramp", "pulse"}
    assert {len(case.fault.roots) for case in faults if case.fault} == {1, 2, 3}
    assert {case.track for case in faults} == {"exchangeable", "natural"}
    assert {case.band for case in faults} >= set(BANDS)
    assert all(20 <= case.tau <= 70 for case in faults)
    assert {null_case(log, seed).track for seed in range(4)} == {
        "exchangeable", "real time, cut", "real time, dealt", "mix only"
    }  # fmt: skip


def test_roots_are_disjoint(log: Log) -> None:
    for seed in range(22):
        roots = [case.log.match(root) for case in [fault_case(log, seed)] if case.fault for root in case.fault.roots]
        assert np.sum(roots, axis=0).max() == 1


def test_counts_hold_all_rows_on_two_sides(log: Log) -> None:
    for case in (fault_case(log, 0), null_case(log, 2)):
        baseline, current = case.sides
        assert case.counts.rows == len(case.injected.label) == baseline.rows + current.rows
        assert baseline.rows == (~case.current[case.injected.window]).sum()


def finding(case: Case, **changes: Any) -> list[Finding]:
    """The truth in the words of findings, one for each root."""
    assert case.fault is not None
    found = []
    for root in case.fault.roots:
        slice_ = {} if case.fault.row.swaps else case.log.named(root)
        one = Finding(case.tag, "major", case.fault.rates[0], "", "", slice=slice_, since=START + timedelta(case.tau))
        difference = expected_difference(case, one)
        known = difference is not None and not case.fault.row.swaps
        one = replace(one, difference=difference, **({"low": difference, "high": difference} if known else {}))
        found.append(replace(one, **changes))
    return found


def knowing(case: Case, **changes: Any) -> Any:
    def diagnose(current: fm.Counts, *, baseline: fm.Counts | None = None) -> Diagnosis:
        return Diagnosis(tuple(finding(case, **changes)) if case.fault else ())

    return diagnose


def test_an_effect_that_is_wrong_is_not_covered(log: Log) -> None:
    seed = next(seed for seed in range(99) if (case := fault_case(log, seed)).fault and case.fault.kind == "fn_flip")
    case = fault_case(log, seed)
    assert judge(case, knowing(case))["covered"] is True
    assert judge(case, knowing(case, low=0.9, high=0.95))["covered"] is False


def test_logs_of_any_shape_are_read(tmp_path: Path) -> None:
    rows = 4_000
    rng = np.random.default_rng(2)
    messy = pl.DataFrame(
        {
            "age": pl.Series(rng.normal(40, 10, rows)).set(pl.Series(rng.random(rows) < 0.1), None),
            "fare": rng.exponential(20, rows).round() * (rng.random(rows) < 0.5),  # ties at 0
            "name": [f"name {at % 500}" for at in range(rows)],
            "flag": rng.random(rows) < 0.5,
            "y": pl.Series(["no", "yes", None]).gather(rng.choice(3, rows, p=[0.5, 0.4, 0.1])),
        }
    )
    messy.write_csv(tmp_path / "messy.csv")
    log = read([tmp_path / "messy.csv"], Columns("y", None, None, ["age", "fare", "name", "flag"]), bins=4)
    assert None in log.keys["age"]
    assert [len(values) for values in log.keys.values()] == [5, *(len(log.keys[k]) for k in ("fare", "name", "flag"))]
    assert len(log.keys["name"]) == 8
    assert "other" in log.keys["name"]
    assert log.label.tolist().count(1) == messy["y"].eq("yes").sum()
    assert any("left out" in note for note in log.notes)
    assert log.threshold is None


def test_a_log_without_predictions_makes_cases_of_labels_and_volumes(tmp_path: Path) -> None:
    frame(20_000).write_parquet(tmp_path / "labels.parquet")
    log = read([tmp_path / "labels.parquet"], Columns("y", None, None, ["sex", "age", "town"]))
    kinds = {case.fault.kind for seed in range(6) if (case := fault_case(log, seed)).fault}
    assert kinds == {"prevalence", "volume_drop"}
    assert fault_case(log, 0).counts.rows == 20_000
    assert null_case(log, 0).counts.rows == 20_000
