"""The bench of faults: its injections do what they say, its scores can tell, and a few of its cases run each time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks.faultbench import table
from benchmarks.faultbench.cases import NULLS, START, Case, fault_case, null_case
from benchmarks.faultbench.faults import KINDS, PROFILES, TN, WINDOWS, Fault, expected, levels
from benchmarks.faultbench.logs import NULL, STATE_OF, Columns, Log, load
from benchmarks.faultbench.measures import denominator, numerator
from benchmarks.faultbench.run import frame_of
from benchmarks.faultbench.score import expected_difference, jaccard, judge
from fastmetrics.diagnosis.diagnose import diagnose
from fastmetrics.diagnosis.findings import Diagnosis, Finding

ROWS = 60_000


def made() -> Log:
    """A log of three keys whose scores are calibrated and whose classes depend on the first key."""
    rng = np.random.default_rng(3)
    codes = np.stack([rng.integers(0, size, ROWS) for size in (2, 3, 4)], axis=1)
    logits = rng.normal(0, 1.5, ROWS) + np.array([-1.0, 1.0])[codes[:, 0]]
    score = 1 / (1 + np.exp(-logits))
    label = (rng.random(ROWS) < score).astype(np.int8)
    keys = {f"k{at}": tuple(f"v{value}" for value in range(size)) for at, size in enumerate((2, 3, 4))}
    moment = np.arange(ROWS)
    prediction = (score >= 0.5).astype(np.int8)
    return Log("made", keys, codes, label, prediction, score, 0.5, True, moment, np.zeros(ROWS, np.int64), ())


LOG = made()
ROOT = ((0, 1), (1, 2))


def one(kind: str, q: float = 0.3, sign: int = 1, profile: str = "step", tau: int = 40) -> Case:
    """A case of one root on windows dealt blindly."""
    window = np.random.default_rng(5).integers(0, WINDOWS, ROWS)
    q = 1.0 if KINDS[kind].whole else q
    root = ((0, 1),) if kind == "mix_only" else ROOT
    fault = Fault(kind, (root,), tau, profile, q, sign, 1)
    return Case(1, LOG, "exchangeable", window, tau, fault, "1k-10k", 5000.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("sign", [-1, 1])
def test_injections_touch_their_slice_and_time_only_and_as_expected(kind: str, profile: str, sign: int) -> None:
    case = one(kind, sign=sign, profile=profile)
    rows, fault = case.injected, case.fault
    assert fault is not None
    state = STATE_OF[rows.label, rows.prediction]
    if kind == "mix_only":
        assert (np.bincount(rows.window, minlength=WINDOWS) == np.bincount(case.window, minlength=WINDOWS)).all()
        assert (state == LOG.state).all()
        inside = fault.hit(LOG)[LOG.leaf]
        assert inside[rows.window >= 40].mean() > inside[rows.window < 40].mean()
        return
    touched = fault.hit(LOG)[rows.leaf] & (levels(fault, rows.window) > 0)
    moved = state != LOG.state[rows.keys]
    scores = rows.score != LOG.score[rows.keys]
    assert not (moved & ~touched).any()
    assert not (scores & ~touched).any()
    if profile == "step":  # the cells of touched rows are those expected, up to chance
        after = rows.window >= 40
        cells = LOG.tally(rows.leaf[after & touched], state[after & touched]).sum(0)
        share = (case.window >= 40).mean()
        hoped = expected(LOG, fault, 1.0)[fault.hit(LOG)].sum(0) * share
        assert np.abs(cells - hoped).max() < 5 * np.sqrt(hoped.max())


def test_flips_flip_the_share_they_say() -> None:
    rows = one("fn_flip", q=0.2).injected
    was = LOG.state == STATE_OF[1, 1]
    touched = was & (one("fn_flip").fault.hit(LOG)[LOG.leaf]) & (rows.window >= 40)  # type: ignore[union-attr]
    assert rows.prediction[touched].mean() == pytest.approx(0.8, abs=0.03)
    assert (rows.prediction[LOG.state == TN] == 0).all()


@pytest.mark.parametrize(("sign", "slope"), [(1, 0.5), (-1, 2.0)])
def test_slopes_turn_calibration_and_leave_decisions(sign: int, slope: float) -> None:
    case = one("slope", sign=sign)
    rows = case.injected
    touched = rows.score != LOG.score
    logits = np.log(rows.score[touched] / (1 - rows.score[touched]))
    a, b = 0.0, 1.0  # logistic regression of label on logit
    for _ in range(20):
        p = 1 / (1 + np.exp(-(a + b * logits)))
        w, residual = p * (1 - p), rows.label[touched] - p
        hessian = np.array([[w.sum(), (w * logits).sum()], [(w * logits).sum(), (w * logits**2).sum()]])
        step = np.linalg.solve(hessian, [residual.sum(), (residual * logits).sum()])
        a, b = a + step[0], b + step[1]
    assert b == pytest.approx(slope, rel=0.1)
    assert (rows.prediction == LOG.prediction).all()


def test_shifts_collapses_and_bursts() -> None:
    case = one("logit_shift", q=0.2)
    rows = case.injected
    touched = np.flatnonzero(rows.score != LOG.score)
    logit = np.log(rows.score[touched] / (1 - rows.score[touched]))
    assert np.allclose(logit - np.log(LOG.score[touched] / (1 - LOG.score[touched])), 1.0)
    assert (rows.prediction == (rows.score >= 0.5)).all()
    rows = one("collapse", sign=-1).injected
    inside = one("collapse").fault.hit(LOG)[rows.leaf] & (rows.window >= 40)  # type: ignore[union-attr]
    assert (rows.prediction[inside] == 0).all()
    rows = one("null_burst", q=0.5, sign=1).injected
    assert (rows.prediction[inside] == NULL).mean() == pytest.approx(0.5, abs=0.04)
    assert len(one("volume_drop", q=0.5).injected.keys) == pytest.approx(ROWS - inside.sum() / 2, abs=200)


def test_profiles() -> None:
    windows = np.arange(WINDOWS)
    at = {name: levels(one("fn_flip", profile=name).fault, windows) for name in PROFILES}  # type: ignore[arg-type]
    assert at["step"].sum() == WINDOWS - 40
    assert at["ramp"][39] == 0
    assert at["ramp"][40] == pytest.approx(0.1)
    assert at["ramp"][49] == at["ramp"][-1] == 1
    assert list(np.flatnonzero(at["pulse"])) == [40, 41, 42]


@pytest.mark.parametrize("seed", range(0, 24, 5))
def test_a_seed_makes_one_case(seed: int) -> None:
    a, b = fault_case(LOG, seed), fault_case(LOG, seed)
    assert a.fault == b.fault
    assert a.counts == b.counts
    assert a.fault is not None
    roots = [a.log.match(root) for root in a.fault.roots]
    assert sum(roots).max() == 1  # type: ignore[attr-defined]
    assert 20 <= a.tau <= 70
    null = null_case(LOG, seed)
    assert null.track == NULLS[seed % 4]
    assert null.counts == null_case(LOG, seed).counts


def truthful(case: Case, **changes: Any) -> Any:
    """A diagnose that knows the truth."""
    fault = case.fault
    assert fault is not None
    findings = [
        Finding(fault.tags[0], "major", fault.rates[0], "", "", slice=LOG.named(root), low=-1.0, high=1.0, p=0.0)
        for root in fault.roots
    ]
    return lambda *_, **__: Diagnosis(tuple(findings))


def test_scores_of_the_truth_and_of_silence() -> None:
    rows: dict[str, list[Any]] = {"truth": [], "silence": []}
    for kind in KINDS:
        case = one(kind)
        rows["truth"].append(judge(case, truthful(case)))
        rows["silence"].append(judge(case, lambda *_, **__: Diagnosis(())))
    null = Case(1, LOG, "exchangeable", one("fn_flip").window, 40)
    silent = judge(null, lambda *_, **__: Diagnosis(()))
    loud = judge(null, truthful(one("fn_flip")))
    assert not silent["alarm"]
    assert loud["alarm"]
    for row in rows["truth"]:
        assert row["detected"]
        assert row["decomposition_error"] < 1e-12
        if row["kind"] != "mix_only":
            assert row["hit"]
            assert row["exact"]
            assert row["oracle"]
            assert row["roots_hit"] == 1
    assert not any(row["detected"] or row.get("hit") for row in rows["silence"])
    figures = {name: told(rows[name], [silent]) for name in rows}
    assert figures["truth"].startswith("1.000")
    assert float(figures["silence"].split()[0]) < 0.05


def told(faults: list[dict[str, Any]], nulls: list[dict[str, Any]]) -> str:
    found = {name: value for name, _, value in table.figures(frame_of(faults), frame_of(nulls))}
    return found["WHAT: macro-F1, all and nulls"]


def test_an_alarm_of_the_mix_is_none() -> None:
    case = one("mix_only")
    harmless = Finding("volume_drop", "minor", "rows", "", "")
    wrong = Finding("fn_surge", "major", "fnr", "", "")
    assert not judge(case, lambda *_, **__: Diagnosis((harmless,)))["alarm"]
    assert judge(case, lambda *_, **__: Diagnosis((harmless, wrong)))["alarm"]


@pytest.mark.parametrize("kind", ["fn_flip", "label_flip", "prevalence", "logit_shift", "null_burst"])
def test_the_expected_difference_is_met_on_average(kind: str) -> None:
    case = one(kind, q=0.3)
    assert case.fault is not None
    finding = Finding("any", "major", case.fault.rates[0], "", "", slice=LOG.named(ROOT))
    truth = expected_difference(case, finding)
    rows, metric = case.injected, finding.metric
    state = STATE_OF[rows.label, rows.prediction]
    inside, now = case.fault.hit(LOG)[rows.leaf], rows.window >= 40
    rate = [
        float(numerator(metric, cells) / denominator(metric, cells))
        for cells in (np.bincount(state[inside & side], minlength=9).astype(float) for side in (~now, now))
    ]
    assert truth == pytest.approx(rate[1] - rate[0], abs=0.03)


def test_the_expected_difference_of_a_part_of_the_windows_is_of_that_part() -> None:
    case = one("fn_flip", q=0.3, profile="pulse")
    whole = Finding("any", "major", "fnr", "", "", slice=LOG.named(ROOT))
    part = replace(
        whole, period_start=(START + timedelta(days=40)).replace(tzinfo=None), period_end=START + timedelta(days=43)
    )
    step = expected_difference(one("fn_flip", q=0.3), whole)
    assert expected_difference(case, part) == pytest.approx(step, abs=0.03)
    assert expected_difference(case, whole) == pytest.approx(step * 3 / 50, abs=0.01)


def test_slices_overlap_by_rows() -> None:
    a, b = np.array([True, True, False]), np.array([False, True, True])
    assert jaccard(np.array([1.0, 2.0, 1.0]), a, b) == 0.5
    assert table.macro_f1(["a", "b", "b"], ["a", "b", "a"]) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert table.clopper_pearson(0, 60)[1] == pytest.approx(0.0596, abs=1e-4)


LARGE = [("fn_flip", 1), ("fp_flip", 1), ("label_flip", 1), ("threshold_move", -1)]
LARGE += [("slope", 1), ("collapse", 1), ("null_burst", 1), ("prevalence", 1)]


@pytest.mark.parametrize(("kind", "sign"), LARGE)
def test_diagnose_tells_large_faults(kind: str, sign: int) -> None:
    case = one(kind, 0.4, sign)
    row = judge(case, diagnose)
    assert case.fault is not None
    assert row["first_tag"] in case.fault.tags
    assert row["hit"]


@pytest.mark.parametrize("seed", range(8))
def test_diagnose_is_silent_where_nothing_happened(seed: int) -> None:
    assert not judge(null_case(LOG, seed), diagnose)["alarm"]


def test_any_log_gets_keys_of_few_values(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = 1000
    frame = pl.DataFrame(
        {
            "y": rng.integers(0, 2, rows),
            "s": rng.random(rows),
            "age": rng.normal(40, 10, rows),
            "town": [f"t{at}" for at in np.minimum(rng.geometric(0.1, rows), 40)],
        }
    )
    frame.write_csv(tmp_path / "log.csv")
    log = load(str(tmp_path / "log.csv"), Columns("y", None, "s", ["age", "town"]), bins=4)
    assert [len(values) for values in log.keys.values()] == [4, 8]
    assert "other" in log.keys["town"]
    assert np.bincount(log.codes[:, 0]).tolist() == [250] * 4
    assert (log.prediction == (frame["s"].to_numpy() >= 0.5)).all()
    assert log.threshold == 0.5
    assert fault_case(log, 3).counts.rows == rows
