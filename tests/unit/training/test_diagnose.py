"""Training runs: every planted tag is found with its step, healthy runs give nothing, and logs are read as written."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from benchmarks import curves
from fastmetrics.errors import DataError, FastMetricsError, SchemaError, SourceError
from fastmetrics.training.shapes import block_edges, step_contrast, unimodal
from fastmetrics.training.tags import TAGS

POINTS = 200
X = np.linspace(0, 1, POINTS)
FALL = 0.2 + np.exp(-3 * X)


def noisy(curve: Any, seed: int = 0, size: float = 0.02) -> Any:
    return curve + size * np.random.default_rng(seed).normal(size=len(curve))


def turned() -> Any:
    return 0.3 + np.exp(-8 * np.minimum(X, 0.4)) + 0.6 * np.maximum(X - 0.4, 0)


def runs() -> dict[str, dict[str, Any]]:
    late = X >= 0.6
    return {
        "loss_divergence": {"train_loss": noisy(FALL) + 3 * late},
        "loss_not_decreasing": {"train_loss": noisy(np.ones(POINTS))},
        "plateau": {"train_loss": noisy(1.5 - np.minimum(X, 0.25) * 2)},
        "overfit": {"train_loss": noisy(FALL), "val_loss": noisy(turned(), 1)},
        "overtraining": {"train_loss": noisy(FALL), "val_loss": noisy(0.3 + np.exp(-15 * X), 1)},
        "stalled": {"train_loss": np.where(late, 0.7, noisy(FALL))},
        "exploding_gradients": {"train_loss": noisy(FALL), "grad_norm": np.where(late, 500.0, noisy(X + 1))},
        "vanishing_gradients": {"train_loss": noisy(1.5 - 0.2 * X), "grad_norm": np.where(late, 1e-9, noisy(X + 1))},
    }


def frame(columns: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame({"step": np.arange(POINTS), **columns})


def tags(log: Any, **options: Any) -> list[str]:
    return [finding.tag for finding in fm.diagnose_training(log, **options)]


def test_few_short_noisy_runs_that_level_off_by_themselves_are_plateaus() -> None:
    x, draws = np.linspace(0, 1, 20), [np.random.default_rng(seed).normal(size=20) for seed in range(100)]
    falls = [1 + np.exp(-x / 0.2), 1 + (1 + x / 0.04) ** -0.5]
    logs = [{"step": np.arange(20), "train_loss": fall + 0.2 * draw} for fall in falls for draw in draws]
    assert sum("plateau" in tags(log) for log in logs) <= 0.02 * len(logs)


@pytest.mark.parametrize("tag", runs())
def test_planted(tag: str) -> None:
    [found] = fm.diagnose_training(frame(runs()[tag]))
    assert found.tag == tag
    assert found.severity in ("major", "minor")
    assert found.sentence.endswith(".")
    assert all(isinstance(value, float) for value in found.evidence.values())


@pytest.mark.parametrize(
    ("tag", "step", "within"),
    [
        ("loss_divergence", 119, 4),
        ("loss_not_decreasing", 0, 0),
        ("plateau", 50, 15),
        ("overfit", 80, 25),
        ("stalled", 120, 0),
        ("exploding_gradients", 120, 0),
        ("vanishing_gradients", 120, 0),
    ],
)
def test_the_step_it_began(tag: str, step: float, within: float) -> None:
    assert fm.diagnose_training(frame(runs()[tag]))[0].step == pytest.approx(step, abs=within)


def test_every_tag_is_tested() -> None:
    assert {tag.name for tag in TAGS} == {*runs(), "class_imbalance"}


@pytest.mark.parametrize("points", [8, 20, 100, 5000, 100_000])
@pytest.mark.parametrize("shape", ["exponential", "power", "cosine", "warm-up", "drops", "converged", "exact"])
def test_healthy(points: int, shape: str) -> None:
    x = np.linspace(0, 1, points)
    fall = {
        "exponential": 0.3 + np.exp(-2 * x),
        "power": 0.2 + (1 + 20 * x) ** -0.5,
        "cosine": 0.1 + 0.5 * (1 + np.cos(np.pi * x)),
        "warm-up": 0.3 + np.exp(-2 * x) + np.exp(-(((x - 0.05) / 0.02) ** 2)),
        "drops": 0.1 + 0.5 * np.exp(-10 * x) + 0.3 * (x < 0.4) + 0.2 * (x < 0.7),
        "converged": 0.1 + np.exp(-7 * x),
        "exact": 0.1 + np.exp(-3 * x),
    }[shape]
    size = 0.0 if shape == "exact" else 0.02
    log = {"step": range(points), "train_loss": noisy(fall, 3, size), "val_loss": noisy(fall * 1.1, 4, size)}
    found = fm.diagnose_training(log, label_counts={"a": 500, "b": 700})
    assert not found
    assert found.findings.is_empty()
    assert found.findings.columns[:3] == ["run", "severity", "tag"]


@pytest.mark.parametrize("tag", runs())
@pytest.mark.parametrize(("scale", "shift", "stride"), [(1e-3, 0, 1), (4096.0, 1_000_000, 10)])
def test_scale_and_steps_do_not_matter(tag: str, scale: float, shift: int, stride: int) -> None:
    log = frame(runs()[tag])
    [before] = fm.diagnose_training(log)
    steps = pl.col("step") * stride + shift
    [after] = fm.diagnose_training(log.with_columns(steps, pl.col("^.*loss$") * scale))
    assert after.tag == before.tag
    assert after.step is not None
    assert before.step is not None
    assert after.step == before.step * stride + shift


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_not_finite(bad: float) -> None:
    values = noisy(FALL)
    values[150:] = bad
    [found] = fm.diagnose_training(frame({"loss": values}))
    assert (found.tag, found.severity, found.step) == ("loss_divergence", "major", 150)
    values = noisy(FALL)
    values[70] = bad
    if np.isinf(bad):
        [found] = fm.diagnose_training(frame({"loss": values}))
        assert (found.severity, found.step) == ("minor", 70)
    else:
        assert not fm.diagnose_training(frame({"loss": values})), "a wide row says NaN where nothing was logged"


def test_the_last_points_blow_up() -> None:
    values = noisy(FALL)
    values[-3:] = [40.0, 300.0, 2000.0]
    [found] = fm.diagnose_training(frame({"loss": values}))
    assert (found.tag, found.step) == ("loss_divergence", 197)


def test_class_imbalance() -> None:
    [found] = fm.diagnose_training(frame({"loss": noisy(FALL)}), label_counts={"ok": 9900, "fraud": 100})
    assert (found.tag, found.step, found.evidence["times"]) == ("class_imbalance", None, 99)
    assert "'fraud' 100" in found.sentence
    assert not fm.diagnose_training(frame({"loss": noisy(FALL)}), label_counts={"a": 9, "b": 1})
    with pytest.raises(DataError, match="label_counts: 'a' has -1"):
        fm.diagnose_training(frame({"loss": FALL}), label_counts={"a": -1})


def long_rows() -> pl.DataFrame:
    """Two runs, of which b overfits."""
    log = runs()["overfit"]
    parts = [
        ("a", "train", log["train_loss"]),
        ("a", "val", log["train_loss"] + 0.1),
        ("b", "train", log["train_loss"]),
        ("b", "val", log["val_loss"]),
    ]
    return pl.concat(
        pl.DataFrame({"step": np.arange(POINTS), "value": values}).with_columns(
            run=pl.lit(run), split=pl.lit(split), metric=pl.lit("loss")
        )
        for run, split, values in parts
    )


def test_every_form_gives_the_same(tmp_path: Path) -> None:
    log = long_rows()
    log.write_csv(tmp_path / "log.csv")
    log.write_ndjson(tmp_path / "log.jsonl")
    log.filter(run="a").write_csv(tmp_path / "one-a.csv")
    log.filter(run="b").write_csv(tmp_path / "one-b.csv")
    wide = log.pivot("split", index=["run", "step"], values="value").rename({"train": "loss", "val": "eval/loss"})
    expected = [("b", "overfit", "val")]
    for form in (
        log,
        log.lazy(),
        log.to_arrow(),
        log.to_dict(as_series=False),
        log.sample(fraction=1.0, shuffle=True, seed=0),
        iter([log[:300], log[300:]]),
        tmp_path / "log.csv",
        str(tmp_path / "log.jsonl"),
        str(tmp_path / "one-*.csv"),
        wide,
        log.with_columns(pl.col("step", "value").cast(pl.String)),
    ):
        assert [(found.run, found.tag, found.split) for found in fm.diagnose_training(form)] == expected


def test_other_names() -> None:
    names = {"run": "trial", "step": "t", "split": "part", "metric": "what", "value": "y"}
    log = long_rows().rename(names).with_columns(what=pl.lit("elbo"))
    assert tags(log, **names, loss="elbo") == ["overfit"]
    assert fm.diagnose_training(log, **names).notes[0].endswith("name the loss with loss=")


def test_text_that_is_not_a_number_yet(tmp_path: Path) -> None:
    lines = [f"{step},{'NaN' if step > 60 else 1 / (1 + step)}" for step in range(80)]
    (tmp_path / "log.csv").write_text("step,loss\n" + "\n".join(lines[::-1]))
    assert tags(tmp_path / "log.csv") == ["loss_divergence"]
    rows = [
        {"step": step, "metric": "loss", "value": float("inf") if step == 79 else 1 / (1 + step)} for step in range(80)
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    [found] = fm.diagnose_training(tmp_path / "log.jsonl")
    assert (found.tag, found.step) == ("loss_divergence", 79)


def test_sparse_validation_duplicates_and_gaps() -> None:
    seldom = [value if step % 20 == 19 else None for step, value in enumerate(noisy(FALL, 1))]
    log = frame({"train_loss": noisy(FALL), "val_loss": seldom})
    assert not fm.diagnose_training(log)
    assert not fm.diagnose_training(log.with_columns(pl.col("val_loss").fill_null(float("nan"))))
    again = pl.concat([log.with_columns(pl.lit(9.0).alias("train_loss")), log])
    assert not fm.diagnose_training(again), "the last of a step holds"
    assert not fm.diagnose_training(log.filter(pl.col("step") % 7 != 0))


def test_short_logs_are_noted() -> None:
    found = fm.diagnose_training({"step": [1, 2, 3], "loss": [1.0, 1.0, 5.0]})
    assert not found
    assert "fewer than 8 points" in found.notes[0]
    assert not fm.diagnose_training({"step": [], "loss": []})


@pytest.mark.parametrize(
    ("log", "options", "message"),
    [
        ({"stp": [1], "loss": [1.0]}, {}, "unknown column 'step'"),
        ({"step": [1], "loss": [1.0]}, {"run": "rn"}, "unknown column 'rn'"),
        ({"step": [1], "metric": ["loss"], "value": ["abc"]}, {}, "column 'value' holds 'abc'; need numbers"),
        ({"step": [1], "host": ["x"]}, {}, "no column of numbers"),
        ({"step": [1], "loss": [1.0]}, {"loss": "lsos"}, "unknown metric 'lsos'; did you mean 'loss'"),
        ({"step": [1], "metric": ["loss"], "val": [1.0]}, {"metric": "metric"}, "name it with value="),
        (3, {}, "int"),
    ],
)
def test_bad_input(log: Any, options: dict[str, str], message: str) -> None:
    with pytest.raises(FastMetricsError) as error:
        fm.diagnose_training(log, **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_bad_lines(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": NaN}\n{"step": 2,\n')
    with pytest.raises(SourceError, match="line 2: not JSON"):
        fm.diagnose_training(tmp_path / "log.jsonl")
    with pytest.raises(SchemaError, match="holds List"):
        fm.diagnose_training({"step": [1], "metric": ["loss"], "value": [[1.0]]})


def test_result() -> None:
    found = fm.diagnose_training(long_rows())
    assert found.findings["tag"].to_list() == ["overfit"]
    assert len(found) == 1
    assert repr(found).startswith("[major] b: overfit: Val loss turned up from ")
    [row] = json.loads(found.to_json())["findings"]
    assert row["run"] == "b"
    assert row["evidence"]["z"] > 5


def test_step_contrast_and_course_against_their_definitions() -> None:
    draw = np.random.default_rng(5)
    y, weight = draw.normal(size=30), draw.uniform(0.5, 2, 30)
    places = range(1, 30)

    def z(place: int) -> float:
        ahead, behind = weight[:place], weight[place:]
        rise = np.average(y[place:], weights=behind) - np.average(y[:place], weights=ahead)
        return float(rise / np.sqrt(1 / ahead.sum() + 1 / behind.sum()))

    assert step_contrast(y, weight) == (pytest.approx(max(map(z, places))), max(places, key=z))
    course = unimodal(y, weight)
    turn = int(course.argmin())
    assert (np.diff(course[: turn + 1]) <= 0).all()
    assert (np.diff(course[turn:]) >= 0).all()
    assert unimodal(course, weight) == pytest.approx(course)
    assert (np.diff(block_edges(100_000)) > 0).all()


def test_a_part_of_the_benchmark() -> None:
    jobs = list(itertools.product(range(len(curves.KINDS)), (0.01, 0.05), (100, 1000), (0, 1)))
    outcomes = [curves.outcome(job) for job in jobs]
    assert np.mean([curves.f1(outcomes, tag)[3] for tag in curves.TAGS]) > 0.95
    assert sum(bool(one.found) for one in outcomes if one.planted is None) <= 1


def test_findings_are_told_in_lines_of_a_width() -> None:
    found = fm.diagnose_training({"step": range(8), "train_loss": [2.0, 1.4, 1.1, 0.9, 0.8, 0.75, math.nan, math.nan]})
    assert max(map(len, found.text(60).splitlines())) <= 60
    assert " ".join(found.text(60).split()) == " ".join(repr(found).split())
