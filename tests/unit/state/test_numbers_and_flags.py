"""Numbers and flags through all that Counts can do: late, in parts, by longer windows, stored, split."""

from __future__ import annotations

import math
import operator
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.face import Counts

ROWS = 2_000
RNG = np.random.default_rng(0)
LOG = pl.DataFrame(
    {
        "id": np.arange(ROWS),
        "model": RNG.choice(["a", "b"], ROWS),
        "ts": RNG.integers(0, 5 * 86_400, ROWS),
        "ms": RNG.lognormal(6, 1, ROWS),
        "pred": RNG.integers(0, 2, ROWS),
        "times": RNG.integers(0, 4, ROWS),
        "w": RNG.random(ROWS),
    }
)
JUDGED = pl.DataFrame({"id": RNG.permutation(ROWS)[:900], "judge": RNG.normal(0, 5, 900).round(2)})
FULL = LOG.join(JUDGED, on="id", how="left")
NUMBERS = fm.values("ms"), fm.values("judge"), fm.flags(good=pl.col("judge") > 0, slow=pl.col("ms") > 800)
TIMED: dict[str, Any] = {"time": "ts", "every": "1h", "time_unit": "s", "by": "model"}
JOIN: dict[str, Any] = {"on": "id", "label": "judge"}


def unjudged(log: pl.DataFrame = LOG) -> pl.DataFrame:
    return log.with_columns(judge=pl.lit(None, pl.Float64))


@pytest.mark.parametrize(
    ("families", "asked"),
    [
        ([fm.values("judge")], {}),
        ([fm.values("judge", extremes=False)], {"by": "model"}),
        ([fm.flags(good=pl.col("judge") > 0)], {"by": "model"}),
        (NUMBERS, TIMED),
        ([*NUMBERS, fm.binary(pl.col("judge") > 0, "pred")], TIMED),
        (NUMBERS, {"by": "model", "grouping_sets": [[], ["model"]]}),
        (NUMBERS, {"by": "model", "frequency": "times"}),
        ([fm.values("judge", extremes=False), NUMBERS[2]], {"by": "model", "weight": pl.lit(0.5)}),
        (NUMBERS, {"where": pl.col("ms") > 300}),
    ],
    ids=[
        "extremes",
        "none",
        "flag",
        "windows",
        "binary",
        "grouping sets",
        "frequency",
        "weight",
        "where",
    ],
)
def test_scores_that_come_a_day_later_make_the_count_of_all_at_once(
    families: Any, asked: dict[str, Any], tmp_path: Path
) -> None:
    early, whole = (fm.count(log, *families, **asked) for log in (unjudged(), FULL))
    parts = JUDGED[:400], JUDGED[400:]
    deltas = [fm.label_delta(LOG, part, *families, **JOIN, **asked) for part in parts]
    assert early + deltas[0] + deltas[1] == whole
    assert sum([deltas[1], early, deltas[0]]) == whole
    deltas[0].write(tmp_path / "delta.parquet")
    stored = fm.read_counts(tmp_path / "delta.parquet") + Counts.from_bytes(deltas[1].to_bytes())
    assert early + stored == whole
    assert (early + stored).metrics(intervals=True).equals(whole.metrics(intervals=True))
    for ask in (deltas[0].metrics, deltas[0].tidy, lambda: fm.diagnose(deltas[0], baseline=whole)):
        with pytest.raises(fm.SchemaError, match="a difference"):
            ask()


def test_scores_that_correct_others_are_refused_or_right_without_extremes() -> None:
    corrected = JUDGED.with_columns(pl.col("judge") + 1)
    now = LOG.join(corrected, on="id", how="left")
    kept = fm.values("judge"), fm.flags(good=pl.col("judge") > 0)
    with pytest.raises(
        fm.MergeError, match=r"'judge' keeps extremes \(lowest, highest\), which cannot be subtracted; .*extremes=False"
    ):
        fm.label_delta(FULL, corrected, *kept, **JOIN)
    advised = fm.values("judge", extremes=False), kept[1]
    delta = fm.label_delta(FULL, corrected, *advised, **JOIN)
    assert fm.count(FULL, *advised) + delta == fm.count(now, *advised)
    assert fm.count(now, *advised) - delta == fm.count(FULL, *advised)


def test_late_labels_of_a_family_that_keeps_extremes_of_errors() -> None:
    family = fm.regression("judge", "ms")
    early, whole = (fm.count(log, family, by="model").metrics("max_error") for log in (unjudged(), FULL))
    late = fm.count(unjudged(), family, by="model") + fm.label_delta(LOG, JUDGED, family, by="model", **JOIN)
    assert early["max_error"].null_count() == 2
    assert late.metrics("max_error").equals(whole)


def test_counts_with_and_without_extremes_are_told_apart() -> None:
    says = r"cells of family 'ms': only one has highest \(max\), lowest \(min\); count both with the same arguments"
    with pytest.raises(fm.MergeError, match=says):
        fm.count(LOG, fm.values("ms")) + fm.count(LOG, fm.values("ms", extremes=False))


def test_a_part_is_taken_from_the_whole_where_it_is_all_of_its_groups() -> None:
    whole, part = (fm.count(log, *NUMBERS, by="model") for log in (FULL, FULL.filter(model="a")))
    assert whole - part == fm.count(FULL.filter(model="b"), *NUMBERS, by="model")
    with pytest.raises(fm.MergeError, match="cannot be subtracted"):
        whole - fm.count(FULL[:100], *NUMBERS, by="model")
    with pytest.raises(fm.MergeError, match="cannot be subtracted"):
        operator.neg(whole)


@pytest.mark.parametrize(
    "again",
    [
        lambda counts: Counts.from_bytes(counts.to_bytes()),
        lambda counts: Counts.from_arrow(counts.to_arrow(joint=True)),
        lambda counts: pickle.loads(pickle.dumps(counts)),
        lambda counts: counts.filter(model="a") + counts.filter(pl.col("model") != "a"),
        lambda counts: counts.filter(model="b").merged([counts.filter(model="a")]),
    ],
    ids=["bytes", "joint", "pickle", "filtered", "merged"],
)
def test_what_is_taken_apart_comes_together(again: Callable[[Counts], Counts]) -> None:
    counts = fm.count(FULL, *NUMBERS, fm.binary(pl.col("judge") > 0, "pred"), **TIMED)
    assert again(counts) == counts


def test_hours_are_rolled_up_to_days_and_periods_are_those_of_their_rows() -> None:
    names = "ms.p95", "ms.mean", "ms.min", "judge.p50", "judge.missing_rate", "flags.good_rate", "slow_rate"
    hours, days = (fm.count(FULL, *NUMBERS, **TIMED | {"every": every}) for every in ("1h", "1d"))
    assert hours.rollup("model", "window", every="1d") == days
    assert hours.rollup("model") == fm.count(FULL, *NUMBERS, by="model")
    periods = days.metrics(*names, period="2d", intervals=True).filter(pl.col("n") > 0)
    for row in periods.iter_rows(named=True):
        start, end = (int(row[side].timestamp()) for side in ("window_start", "window_end"))
        inside = FULL.filter(pl.col("model") == row["model"], pl.col("ts").is_between(start, end, closed="left"))
        alone = fm.count(inside, *NUMBERS).metrics(*names, intervals=True).row(0, named=True)
        assert {name: row[name] for name in alone} == alone
    filled = hours.metrics(*names, fill_empty=True)
    empty = filled.filter(pl.col("n") == 0)
    assert len(filled) == 2 * 5 * 24
    assert empty.select(*names).null_count().row(0) == (len(empty),) * len(names)


def test_grouping_sets_are_counts_of_each() -> None:
    sets = fm.count(FULL, *NUMBERS, by="model", grouping_sets=[[], ["model"]])
    assert sets.grouping() == fm.count(FULL, *NUMBERS)
    assert sets.grouping("model") == fm.count(FULL, *NUMBERS, by="model")
    assert sets.metrics("ms.p95", "good_rate")["grouping"].to_list() == ["", "model", "model"]


@pytest.mark.parametrize(
    "metric", ["ms.mean", "judge.mean", "ms.rate_above(500)", "judge.missing_rate", "good_rate", "good_missing_rate"]
)
def test_means_and_rates_are_split_exactly(metric: str) -> None:
    before, now = (fm.count(side, *NUMBERS, by="model") for side in (FULL[:700], FULL[700:]))
    parts = fm.decompose(now, baseline=before, metric=metric)
    change = now.rollup().metrics(metric).item(0, metric) - before.rollup().metrics(metric).item(0, metric)
    assert parts["contribution"].sum() == pytest.approx(change, rel=1e-9, abs=1e-12)
    assert parts.select(pl.sum_horizontal("rate", "mix", "support").sum()).item() == pytest.approx(change, abs=1e-9)


@pytest.mark.parametrize("numbers", [[2.0, math.inf], [2.0, -math.inf, math.inf]])
def test_a_mean_that_is_not_finite_has_no_split(numbers: list[float]) -> None:
    log = pl.DataFrame({"x": numbers, "k": ["a", *"b" * (len(numbers) - 1)]})
    sides = [fm.count(side, fm.values("x"), by="k") for side in (log.with_columns(x=1.0), log)]
    for now, before, what in ((sides[1], sides[0], "current"), (sides[0], sides[1], "baseline")):
        with pytest.raises(
            fm.DataError, match=f"'mean' of the {what} is not finite in 1 groups, first k='b', .*finite"
        ):
            fm.decompose(now, baseline=before, metric="mean")
    finite = fm.count(log, fm.values("x"), by="k", where=pl.col("x").is_finite())
    assert fm.decompose(finite, baseline=sides[0], metric="mean")["contribution"].sum() == pytest.approx(1.0)


@pytest.mark.parametrize("metric", ["ms.p95", "ms.sum", "ms.max"])
def test_what_has_no_exact_split_is_named_as_it_was_asked_for(metric: str) -> None:
    counts = fm.count(FULL, *NUMBERS, by="model")
    with pytest.raises(fm.SchemaError, match=rf"metric '{metric}' is no ratio of sums over rows") as error:
        fm.decompose(counts, baseline=counts, metric=metric)
    assert "\n" not in str(error.value)


def test_the_worst_groups_are_those_of_the_side_that_is_said() -> None:
    counts = fm.count(FULL, *NUMBERS, by="model")
    with pytest.raises(fm.SchemaError, match=r"'ms.p95' cannot be ranked: .*better='lower'"):
        counts.worst("ms.p95")
    for better, side in (("lower", "ms.p95_low"), ("higher", "ms.p95_high")):
        ranked = counts.worst("ms.p95", better=better)  # type: ignore[arg-type]
        assert ranked["rank_bound"].equals(ranked[side].sort(descending=better == "lower").rename("rank_bound"))


def test_tidy_has_a_row_a_metric_with_bounds() -> None:
    counts = fm.count(FULL, *NUMBERS, by="model")
    tidy = counts.tidy("ms.p95", "good_rate", intervals=True)
    wide = counts.metrics("ms.p95", "good_rate", intervals=True)
    for row in tidy.iter_rows(named=True):
        held = wide.filter(model=row["slice_value"]).row(0, named=True)
        name = row["metric"]
        assert (row["value"], row["low"], row["high"]) == (held[name], held[f"{name}_low"], held[f"{name}_high"])


def test_a_rate_above_a_number_is_watched_as_any_rate() -> None:
    counts = fm.count(FULL, *NUMBERS, **TIMED | {"every": "1d", "by": None})
    daily = counts.metrics("ms.rate_above(800)", "slow_rate")
    assert np.allclose(daily["ms.rate_above(800)"], daily["slow_rate"], atol=0.01)
    slow = counts.tables["flags"]["slow_true"]
    assert fm.watch([*slow, 350, 350], [*daily["n"], 400, 400], base=float(daily["slow_rate"].mean())).side == "rise"
