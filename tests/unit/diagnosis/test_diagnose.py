"""Planted causes are found and named, unplanted ones are not, and bad input gets one clear line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.diagnosis.causes.tags import TAGS

START = datetime(2026, 3, 1)
DAYS = 20
BORDER = START + timedelta(days=12)
SLICE = (pl.col("country") == "BR") & (pl.col("device") == "ios")
LATE = pl.col("time") >= BORDER


@cache
def log(seed: int = 7, rows: int = 60_000) -> pl.DataFrame:
    """A log whose rates differ between slices and stay as they are; scores are calibrated."""
    rng = np.random.default_rng(seed)
    country, device = rng.choice(["BR", "DE", "IN"], rows, p=[0.3, 0.3, 0.4]), rng.choice(["ios", "web"], rows)
    logit = rng.normal(0, 1.5, rows) + 0.5 * (country == "DE") - 0.3 * (device == "web")
    score = 1 / (1 + np.exp(-logit))
    frame = pl.DataFrame({"country": country, "device": device, "score": score, "label": rng.random(rows) < score})
    time = START + pl.duration(days=pl.Series(rng.integers(0, DAYS, rows)))
    return frame.with_columns(pred=pl.col("score") >= 0.5, time=time, u=pl.Series(rng.random(rows)))


def counted(frame: pl.DataFrame, **more: object) -> fm.Counts:
    families = fm.binary("label", "pred"), fm.scores("label", "score", bins=20)
    return fm.count(frame, *families, **({"by": ["country", "device"], "time": "time", "every": "1d"} | more))


def diagnosed(faulty: pl.DataFrame, keys: dict[str, list[str]] | None = None, **more: object) -> fm.Diagnosis:
    now, before = (counted(faulty.filter(side), **(keys or {})) for side in (LATE, ~LATE))
    return fm.diagnose(now, baseline=before, **more)


def shifted(logits: pl.Expr) -> pl.Expr:
    return pl.when(SLICE & LATE).then(1 / (1 + (-logits).exp())).otherwise("score").alias("score")


LOGIT = (pl.col("score") / (1 - pl.col("score"))).log()
HIT = SLICE & LATE & (pl.col("u") < 0.3)
FAULTS = {
    "fn_surge": [pl.when(HIT & pl.col("label")).then(False).otherwise("pred").alias("pred")],
    "fp_surge": [pl.when(HIT & ~pl.col("label")).then(True).otherwise("pred").alias("pred")],
    "ranking_degradation": [pl.when(HIT).then(~pl.col("label")).otherwise("label").alias("label")],
    "constant_prediction": [pl.when(SLICE & LATE).then(False).otherwise("pred").alias("pred")],
    "null_surge": [pl.when(HIT).then(None).otherwise("pred").alias("pred")],
    "threshold_shift": [pl.when(SLICE & LATE).then(pl.col("score") >= 0.7).otherwise("pred").alias("pred")],
    "overconfident": [shifted(LOGIT * 2)],
    "underconfident": [shifted(LOGIT / 2)],
    "improvement": [pl.when(HIT).then("label").otherwise("pred").alias("pred")],
}


@pytest.mark.parametrize("tag", FAULTS)
def test_a_planted_fault_is_found_where_it_is(tag: str) -> None:
    found = diagnosed(log().with_columns(FAULTS[tag]))
    assert [finding.tag for finding in found] == [tag]
    assert found[0].slice == {"country": "BR", "device": "ios"}
    assert found[0].since == BORDER.replace(tzinfo=found[0].since.tzinfo)
    assert found[0].until is found[0].period_start is found[0].period_end is None
    assert found[0].low < found[0].difference < found[0].high


def test_a_burst_that_came_and_went() -> None:
    """Three bad days among fifteen are too few to move the whole, and are dated."""
    frame = log(9, 100_000).with_columns(time=pl.col("time") + (pl.col("time") - START))  # every other day of forty
    burst = (pl.col("time") >= datetime(2026, 3, 27)) & (pl.col("time") < datetime(2026, 4, 1))
    hit = (pl.col("country") == "BR") & burst & pl.col("label") & (pl.col("u") < 0.12)
    faulty = frame.with_columns(pred=pl.when(hit).then(False).otherwise("pred"))
    found = fm.diagnose(
        counted(faulty.filter(pl.col("time") >= datetime(2026, 3, 13))),
        baseline=counted(faulty.filter(pl.col("time") < datetime(2026, 3, 13))),
    )
    assert [(one.tag, one.slice) for one in found] == [("fn_surge", {"country": "BR"})]
    assert found[0].since.date() == datetime(2026, 3, 27).date()
    assert found[0].until is not None
    start, end = (time.replace(tzinfo=None) for time in (found[0].period_start, found[0].period_end))
    period = pl.col("time").is_between(start, end, closed="left")
    rows = faulty.filter(period & (pl.col("country") == "BR") & pl.col("label"))
    assert found[0].rows == len(rows) < len(faulty.filter((pl.col("country") == "BR") & pl.col("label"))) / 2
    assert found[0].sentence.endswith(f"{found[0].rows:,} rows from {start:%Y-%m-%d %H:%M} up to {end:%Y-%m-%d %H:%M}")
    assert found.findings.row(0, named=True)["period_start"] == start.replace(tzinfo=UTC)


def test_a_burst_that_moves_the_whole_is_named_and_measured_while_it_lasted() -> None:
    start, end = BORDER + timedelta(days=2), BORDER + timedelta(days=4)
    burst = pl.col("time").is_between(start, end, closed="left")
    hit = (pl.col("country") == "BR") & burst & (pl.col("u") < 0.5)
    found = diagnosed(log().with_columns(pred=pl.when(hit & pl.col("label")).then(False).otherwise("pred")))
    assert [(one.tag, one.slice) for one in found] == [("fn_surge", {"country": "BR"})]
    times = (found[0].since, found[0].until, found[0].period_start, found[0].period_end)
    assert [time.replace(tzinfo=None) for time in times] == [start, end] * 2
    assert found[0].rows == len(log().filter(burst & (pl.col("country") == "BR") & pl.col("label")))
    assert found[0].low < 0.5 * (1 - found[0].baseline) < found[0].high


def test_of_two_families_of_a_kind_the_first_is_diagnosed_and_the_other_named() -> None:
    frame = log().with_columns(FAULTS["fn_surge"]).with_columns(other=pl.lit(True))
    both = fm.binary("label", "pred"), fm.binary("label", "other", name="other")
    sides = [fm.count(frame.filter(side), *both, by=["country", "device"]) for side in (LATE, ~LATE)]
    found = fm.diagnose(sides[0], baseline=sides[1])
    assert [(one.tag, one.slice) for one in found] == [("fn_surge", {"country": "BR", "device": "ios"})]
    assert "rates that several families have are those of binary; not of other" in found.notes


def test_two_families_of_a_kind_with_rates_of_their_own_are_both_diagnosed() -> None:
    slow = pl.when(LATE & (pl.col("country") == "BR")).then(3).otherwise(1) * (1 + pl.col("u"))
    flagged = LATE & (pl.col("device") == "web") & (pl.col("u") < 0.5)
    frame = log().with_columns(wait=1 + pl.col("u"), slow=slow, flagged=flagged, calm=pl.lit(False))
    families = fm.values("wait"), fm.values("slow"), fm.flags(calm="calm"), fm.flags(flagged="flagged", name="others")
    sides = [fm.count(frame.filter(side), *families, by=["country", "device"]) for side in (LATE, ~LATE)]
    found = fm.diagnose(sides[0], baseline=sides[1])
    named = [(one.metric, one.slice) for one in found]
    assert sorted(named) == [("flagged_rate", {"device": "web"}), ("slow_tail_rate", {"country": "BR"})]
    assert not any("several families" in note for note in found.notes)


def dealt(days: int, rows: int, seed: int = 4, weekend: float = 1.0) -> pl.DataFrame:
    """Rows dealt to days; on two days of seven a share of them."""
    rng = np.random.default_rng(seed)
    share = np.where(np.arange(days) % 7 < 2, weekend, 1.0)
    day = rng.choice(days, rows, p=share / share.sum())
    keys = {"country": rng.choice(["BR", "DE", "IN"], rows), "device": rng.choice(["ios", "web"], rows)}
    label = rng.random(rows) < 0.3
    frame = pl.DataFrame(keys | {"label": label, "pred": label, "score": np.where(label, 0.8, 0.2), "day": day})
    return frame.with_columns(time=START + pl.duration(days=pl.col("day")), u=pl.Series(rng.random(rows)))


def cut_at_day(frame: pl.DataFrame, day: int) -> fm.Diagnosis:
    late = pl.col("day") >= day
    return fm.diagnose(counted(frame.filter(late)), baseline=counted(frame.filter(~late)))


def test_rows_that_were_missing_for_a_while() -> None:
    frame = dealt(80, 80_000)
    lost = SLICE & pl.col("day").is_in([52, 53, 54]) & (pl.col("u") < 0.4)
    found = cut_at_day(frame.filter(~lost), 40)
    assert [(one.tag, one.slice) for one in found] == [("volume_drop", {"country": "BR", "device": "ios"})]
    days = [(time.replace(tzinfo=None) - START).days for time in (found[0].period_start, found[0].period_end)]
    assert days[0] <= 53 < days[1] <= 58
    assert found[0].rows == len(frame.filter(~lost & SLICE, pl.col("day").is_between(*days, closed="left")))
    assert found[0].low < found[0].difference < found[0].high < 0
    assert not cut_at_day(frame, 40).all
    late, gone = pl.col("day") >= 40, SLICE & pl.col("day").is_in([52, 53, 54]) & (pl.col("u") < 0.8)
    split = halved(frame.filter(~gone))
    now, before = (counted(split.filter(side), by=["country", "device", "bit"]) for side in (late, ~late))
    one = fm.diagnose(now, baseline=before, fold="bit")[0]
    days = [(time.replace(tzinfo=None) - START).days for time in (one.period_start, one.period_end)]
    assert one.rows == len(split.filter(SLICE, pl.col("day").is_between(*days, closed="left"), bit=1))
    assert one.low < one.difference < one.high < 0


def test_weekends_are_no_missing_rows() -> None:
    assert not cut_at_day(dealt(154, 80_000, weekend=0.5), 112).all  # sixteen weeks of baseline


def halved(frame: pl.DataFrame, seed: int = 1) -> pl.DataFrame:
    bit = np.random.default_rng(seed).integers(0, 2, len(frame))
    return frame.with_columns(bit=pl.Series(bit))


def test_one_half_is_searched_and_the_other_estimated() -> None:
    frame = halved(log().with_columns(FAULTS["fn_surge"]))
    keys = {"by": ["country", "device", "bit"]}
    searched, out = (frame.filter(bit=value) for value in (0, 1))
    alone, whole = diagnosed(searched)[0], diagnosed(frame)[0]
    for found in (diagnosed(frame, fold="bit", keys=keys), fm.diagnose(counted(frame, **keys), fold="bit")):
        assert [(one.tag, one.slice) for one in found] == [("fn_surge", {"country": "BR", "device": "ios"})]
        assert found[0].since == alone.since
        rows = out.filter(SLICE & pl.col("label"))
        missed = [rows.filter(side)["pred"].not_().mean() for side in (LATE, ~LATE)]
        assert found[0].rows == len(rows.filter(LATE))
        assert (found[0].current, found[0].baseline) == pytest.approx(missed)
        assert found[0].difference == pytest.approx(missed[0] - missed[1])
        assert found[0].high - found[0].low < 0.8 * (whole.high - whole.low)
        assert f"in the rows held out fnr {missed[0]:.3g}" in found[0].sentence
        assert "searched in the rows of bit = 0, estimated in those of bit = 1" in found.notes
    assert diagnosed(frame, fold="bit", keys=keys)[0].p == alone.p


def test_rows_model_and_mix_are_estimated_in_the_other_half_too() -> None:
    frame = halved(log().filter(~HIT)).with_columns(model=pl.lit("v1"))
    by = {"by": ["model", "country", "device", "bit"]}
    found = diagnosed(frame, fold="bit", keys=by)
    assert (found[0].tag, found[0].metric, found[0].model) == ("volume_drop", "rows", "v1")
    assert found[0].rows == len(frame.filter(SLICE & LATE, bit=1))
    assert found[0].low < found[0].difference < found[0].high < 0
    mixed = halved(log().filter(~(LATE & (pl.col("country") == "DE") & (pl.col("u") < 0.5))))
    shift = [one for one in diagnosed(mixed, fold="bit", keys={"by": by["by"][1:]}) if one.tag == "mix_shift"]
    assert [(one.metric, one.rows) for one in shift] == [("prevalence", len(mixed.filter(LATE, bit=1)))]


def test_a_fold_has_the_same_two_values_on_both_sides() -> None:
    frame = halved(log(3, 2_000))
    keys = {"by": ["device", "bit"]}
    for broken in (
        frame.filter(~LATE | (pl.col("bit") == 0)),
        frame.with_columns(pl.when(pl.col("bit") == 0).then("bit")),
        frame.with_columns(pl.when(LATE).then("bit").otherwise(pl.col("bit") + 1)),
    ):
        with pytest.raises(fm.SchemaError, match=r"fold='bit' has [12] values on one side"):
            diagnosed(broken, fold="bit", keys=keys)


def test_the_ordinary_interval_of_the_other_half_holds_as_often_as_it_says() -> None:
    """Weak faults that only lucky draws let be found: their own half would overstate them."""
    held, found = 0, 0
    for seed in range(60):
        rng = np.random.default_rng([seed, 3])
        label, late, here = (rng.random(4000) < share for share in (1.0, 0.5, 0.5))
        missed = rng.random(4000) < 0.2 + 0.1 * (late & here)
        frame = pl.DataFrame({"label": label, "pred": ~missed, "here": here, "bit": rng.integers(0, 2, 4000)})
        now, before = (
            fm.count(frame.filter(pl.Series(side)), fm.binary("label", "pred"), by=["here", "bit"])
            for side in (late, ~late)
        )
        for one in fm.diagnose(now, baseline=before, fold="bit"):
            if one.tag == "fn_surge" and one.slice == {"here": True}:
                found += 1
                held += one.low <= 0.1 <= one.high
    assert found >= 10
    assert held >= 0.85 * found


def test_scores_that_shift_with_their_decisions() -> None:
    moved = log().with_columns(shifted(LOGIT + 1)).with_columns(pred=pl.col("score") >= 0.5)
    assert [(one.tag, one.slice) for one in diagnosed(moved)] == [("score_shift", {"country": "BR", "device": "ios"})]


def test_a_slope_is_told_by_the_form_of_the_scores_where_few_labels_or_days_tell() -> None:
    late = pl.when(pl.col("u") < 0.9).then(None).otherwise("label").alias("label")
    for factor, tag in ((2, "overconfident"), (0.5, "underconfident")):
        unlabelled = log().with_columns(late).with_columns(shifted(LOGIT * factor))
        assert [(one.tag, one.slice) for one in diagnosed(unlabelled)] == [(tag, {"country": "BR", "device": "ios"})]
        burst = pl.col("time").is_between(BORDER, BORDER + timedelta(days=1))
        score = pl.when(burst).then(shifted(LOGIT * factor)).otherwise("score").alias("score")
        assert [(one.tag, one.slice) for one in diagnosed(log().with_columns(score))] == [
            (tag, {"country": "BR", "device": "ios"})
        ]


def test_scores_that_are_rightly_surer_are_not_called_overconfident() -> None:
    """The rows themselves lie farther from the threshold, and the few labels that there are follow the scores."""
    sure = log().with_columns(shifted(LOGIT * 2))
    drawn = (pl.col("u") - 0.95) * 20
    follows = sure.with_columns(label=pl.when(SLICE & LATE).then(drawn < pl.col("score")).otherwise("label"))
    for frame, tag in ((follows, "score_shift"), (sure, "overconfident")):
        few = frame.with_columns(label=pl.when(drawn < 0).then(None).otherwise("label"))
        assert [one.tag for one in diagnosed(few)] == [tag]


def rare(positives: float, seed: int = 6, rows: int = 60_000) -> pl.DataFrame:
    """A log with few positives, nearly all of them predicted, and scores that tell more than decisions do."""
    rng = np.random.default_rng(seed)
    label = rng.random(rows) < positives
    logits = rng.normal(np.where(label, 2.5, -2.5), 1.2)
    keys = {"country": rng.choice(["BR", "DE", "IN"], rows), "device": rng.choice(["ios", "web"], rows)}
    frame = pl.DataFrame(keys | {"label": label, "score": 1 / (1 + np.exp(-logits)), "u": rng.random(rows)})
    time = START + pl.duration(days=pl.Series(rng.integers(0, DAYS, rows)))
    return frame.with_columns(pred=pl.col("score") >= 0.5, time=time)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_flipped_labels_are_told_from_other_shares_of_positives(share: float) -> None:
    frame = rare(0.02)
    flipped = frame.with_columns(
        label=pl.when(SLICE & LATE & (pl.col("u") < share)).then(~pl.col("label")).otherwise("label")
    )
    assert [one.tag for one in diagnosed(flipped)] == ["ranking_degradation"]
    more = pl.concat([frame, *[frame.filter(SLICE & LATE & pl.col("label"))] * int(share / 0.01)])
    assert diagnosed(more)[0].tag == "prevalence_shift"


def test_more_positives_are_no_flipped_labels_where_leaves_have_other_ones() -> None:
    """One row in ten of each leaf becomes one of its positives: over both leaves together these score lower now."""
    rng = np.random.default_rng(8)
    frame = rare(0.0)
    ios = frame["device"].to_numpy() == "ios"
    label = rng.random(len(frame)) < np.where(ios, 0.3, 0.01)
    label |= (rng.random(len(frame)) < 0.1) & frame.select(LATE & (pl.col("country") == "BR")).to_series().to_numpy()
    logits = rng.normal(np.where(label, np.where(ios, 2.5, -2.2), -2.5), 1.2)
    moved = frame.with_columns(label=pl.Series(label), score=pl.Series(1 / (1 + np.exp(-logits))))
    found = diagnosed(moved.with_columns(pred=pl.col("score") >= 0.5))
    assert {one.tag for one in found} == {"prevalence_shift"}


def test_false_alarms_that_come_with_shifted_scores_are_a_shift_of_scores() -> None:
    frame = rare(0.02)
    score = pl.when(SLICE & LATE).then(1 / (1 + (-LOGIT - 1.2).exp())).otherwise("score")
    found = diagnosed(frame.with_columns(score=score).with_columns(pred=pl.col("score") >= 0.5))
    assert (found[0].tag, found[0].slice) == ("score_shift", {"country": "BR", "device": "ios"})


def test_a_decision_that_always_was_rare_did_not_become_constant() -> None:
    late, rows = rare(0.0, rows=200_000), pl.col("u")
    rarer = late.with_columns(pred=rows < pl.when(SLICE & LATE).then(0.004).otherwise(0.009))
    assert [one.tag for one in diagnosed(rarer, min_effect=0.001)] == ["improvement"]
    gone = late.with_columns(pred=(rows < 0.009) & ~(SLICE & LATE))
    assert [one.tag for one in diagnosed(gone)] == ["constant_prediction"]


def test_scores_in_one_bin_say_nothing_of_their_form() -> None:
    families = fm.binary("label", "pred"), fm.scores("label", "score", bins=1)
    flipped = pl.when(SLICE & LATE & (pl.col("u") < 0.05)).then(~pl.col("label")).otherwise("label")
    frame = rare(0.02).with_columns(label=flipped)
    now, before = (fm.count(frame.filter(side), *families, by=["country", "device"]) for side in (LATE, ~LATE))
    assert [one.tag for one in fm.diagnose(now, baseline=before)] == ["ranking_degradation"]


@pytest.mark.parametrize(("factor", "tag"), [(2, "overconfident"), (0.5, "underconfident")])
@pytest.mark.parametrize("known", ["of negative decisions few", "beside a gap", "of another threshold"])
def test_slopes_turn_around_the_threshold_of_the_decisions(factor: float, tag: str, known: str) -> None:
    """It is found where labels depend on decisions, where no score lies near it, and where it is not the usual one."""
    frame, middle = log(), 0.0
    if known == "beside a gap":
        frame = frame.with_columns(score=1 / (1 + (-(LOGIT + 2.5 * LOGIT.sign())).exp()))
    if known == "of another threshold":
        middle = float(np.log(0.3 / 0.7))
        frame = frame.with_columns(pred=pl.col("score") >= 0.3)
    moved = frame.with_columns(shifted((LOGIT - middle) * factor + middle))
    if known == "of negative decisions few":
        moved = moved.with_columns(label=pl.when(pl.col("pred") | (pl.col("u") < 0.02)).then("label"))
    assert [(one.tag, one.slice) for one in diagnosed(moved)] == [(tag, {"country": "BR", "device": "ios"})]


@pytest.mark.parametrize("scored", [0.0, 0.02, 1.0])
def test_flipped_labels_are_told_by_decisions_where_scores_are_missing(scored: float) -> None:
    frame = rare(0.02).with_columns(
        label=pl.when(SLICE & LATE & (pl.col("u") < 0.05)).then(~pl.col("label")).otherwise("label"),
        score=pl.when(~SLICE | (pl.col("u") * 1000 % 1 < scored)).then("score"),
    )
    assert [one.tag for one in diagnosed(frame)] == ["ranking_degradation"]


def test_a_trace_of_something_else_takes_no_tag_away() -> None:
    frame = rare(0.05, rows=400_000)
    flipped = frame.with_columns(
        label=pl.when(SLICE & LATE & (pl.col("u") < 0.05)).then(~pl.col("label")).otherwise("label")
    )
    assert [one.tag for one in diagnosed(flipped.with_columns(shifted(LOGIT + 0.04)))] == ["ranking_degradation"]
    now, before = (pl.when(SLICE & LATE).then(now).otherwise(before) for now, before in ((0.095, 0.1), (0.3, 0.1)))
    alarms = frame.with_columns(label=pl.col("u") < 0.5, pred=pl.col("u") % 0.5 * 2)
    alarms = alarms.with_columns(pred=pl.when("label").then(pl.col("pred") > now).otherwise(pl.col("pred") < before))
    assert [one.tag for one in diagnosed(alarms)] == ["fp_surge"]


@pytest.mark.filterwarnings("error")
def test_edges_that_are_hardly_apart_are_no_trouble() -> None:
    sure = log().with_columns(score=pl.col("pred").cast(pl.Float64))
    moved = sure.with_columns(score=pl.when(SLICE & LATE & (pl.col("u") < 0.3)).then(1e-10).otherwise("score"))
    families = fm.binary("label", "pred"), fm.scores("label", "score", edges=[0, 1e-12, 1e-11, 1e-9, 0.5, 1])
    now, before = (fm.count(moved.filter(side), *families, by=["country", "device"]) for side in (LATE, ~LATE))
    assert [one.tag for one in fm.diagnose(now, baseline=before)] == ["score_shift"]


def test_labels_alone_are_told_by_their_scores() -> None:
    """No row of the slice is decided positive, so its cells cannot tell flipped labels from more positives."""
    frame = rare(0.05).with_columns(pred=pl.lit(False))
    flipped = frame.with_columns(
        label=pl.when(SLICE & LATE & (pl.col("u") < 0.05)).then(~pl.col("label")).otherwise("label")
    )
    assert [one.tag for one in diagnosed(flipped)] == ["ranking_degradation"]
    assert diagnosed(pl.concat([frame, frame.filter(SLICE & LATE & pl.col("label"))]))[0].tag == "prevalence_shift"


def test_a_threshold_that_moved_is_told_from_false_alarms_where_few_positives_show_it() -> None:
    for positives in (0.02, 0.002):
        frame = rare(positives, rows=100_000).with_columns(pred=pl.col("score") >= 0.9)
        moved = frame.with_columns(pred=pl.when(SLICE & LATE).then(pl.col("score") >= 0.6).otherwise("pred"))
        assert [one.tag for one in diagnosed(moved)] == ["threshold_shift"]
    alarms = frame.with_columns(pred=pl.col("pred") | (SLICE & LATE & ~pl.col("label") & (pl.col("u") < 0.05)))
    assert [one.tag for one in diagnosed(alarms)] == ["fp_surge"]


def test_other_shares_of_positives() -> None:
    found = diagnosed(log().filter(~(HIT & pl.col("label"))))
    assert found[0].tag == "prevalence_shift"
    assert found[0].slice == {"country": "BR", "device": "ios"}


def test_lost_rows() -> None:
    found = diagnosed(log().filter(~HIT))
    assert [(one.tag, one.slice) for one in found] == [("volume_drop", {"country": "BR", "device": "ios"})]
    assert found[0].current / found[0].baseline == pytest.approx(0.7, abs=0.03)


def test_appearing_and_vanishing_slices() -> None:
    part = pl.col("country") == "BR"
    assert [(one.tag, one.slice) for one in diagnosed(log().filter(LATE | ~part))] == [("new_slice", {"country": "BR"})]
    gone = diagnosed(log().filter(~LATE | ~part))
    assert [(one.tag, one.slice) for one in gone] == [("vanished_slice", {"country": "BR"})]


def test_an_empty_day_is_a_missing_window() -> None:
    day = BORDER + timedelta(days=3)
    found = diagnosed(log().filter(pl.col("time") != day))
    assert ("missing_window", day) in [(one.tag, one.since and one.since.replace(tzinfo=None)) for one in found]


def test_a_shift_of_mix_is_no_fault_of_a_slice() -> None:
    thinned = log().filter(~(LATE & (pl.col("country") == "DE") & (pl.col("u") < 0.7)))
    rest = log(11).filter(LATE & (pl.col("country") != "DE")).head(log().height - thinned.height)
    found = diagnosed(pl.concat([thinned, rest]))
    assert found[0].tag == "mix_shift"
    assert {one.tag for one in found} <= {"mix_shift", "volume_drop", "volume_spike"}


@pytest.mark.parametrize("seed", range(5))
def test_nothing_happened(seed: int) -> None:
    found = diagnosed(log(100 + seed, 20_000))
    assert not found.all
    assert found.findings.height == 0
    assert found.findings.schema == diagnosed(log().with_columns(FAULTS["fn_surge"])).findings.schema


def test_without_a_baseline_the_cut_is_found() -> None:
    found = fm.diagnose(counted(log().with_columns(FAULTS["fn_surge"])))
    assert [(one.tag, one.slice) for one in found] == [("fn_surge", {"country": "BR", "device": "ios"})]
    assert abs(found[0].since.replace(tzinfo=None) - BORDER) <= timedelta(days=1)
    assert not fm.diagnose(counted(log())).all


def test_models_are_diagnosed_one_by_one() -> None:
    two = pl.concat(
        [log().with_columns(FAULTS["fn_surge"]).with_columns(model=pl.lit("a")), log(8).with_columns(model=pl.lit("b"))]
    )
    now, before = (counted(part, by=["model", "country", "device"]) for part in (two.filter(LATE), two.filter(~LATE)))
    found = fm.diagnose(now, baseline=before)
    assert [(one.model, one.tag) for one in found] == [("a", "fn_surge")]
    assert " a misses " in found[0].sentence


def test_versions_are_compared_within_slices() -> None:
    two = pl.concat([log(21).with_columns(version=pl.lit("v1")), log(22).with_columns(version=pl.lit("v2"))])
    worse = two.with_columns(
        pred=pl.when((pl.col("version") == "v2") & (pl.col("u") < 0.2)).then(~pl.col("label")).otherwise("pred")
    )
    for frame, tags in ((worse, {"ranking_degradation", "version_regression"}), (two, set())):
        counts = counted(frame, by=["version", "country", "device"])
        found = fm.diagnose(counts.filter(version="v2"), baseline=counts.filter(version="v1"))
        assert {one.tag for one in found} == tags
        assert "compares version v2 with v1" in found.notes


def test_a_total_against_its_slices_and_worse_than_no_model() -> None:
    """Every country errs more, and the total less: rows moved to the country that errs least."""
    rng = np.random.default_rng(3)

    def side(errors: dict[str, float], rows: dict[str, int]) -> fm.Counts:
        parts = []
        for country, n in rows.items():
            label = rng.random(n) < 0.5
            parts.append(
                pl.DataFrame({"country": country, "label": label, "pred": label ^ (rng.random(n) < errors[country])})
            )
        return fm.count(pl.concat(parts), fm.binary("label", "pred"), by="country")

    before = side({"a": 0.05, "b": 0.4}, {"a": 5_000, "b": 20_000})
    now = side({"a": 0.1, "b": 0.45}, {"a": 20_000, "b": 5_000})
    found = {one.tag: one for one in fm.diagnose(now, baseline=before)}
    assert "simpson" in found
    assert "rose by" in found["simpson"].sentence
    broken = side({"a": 0.6, "b": 0.65}, {"a": 5_000, "b": 20_000})
    assert "below_constant_baseline" in {one.tag for one in fm.diagnose(broken, baseline=before)}


def test_fresh_logs_need_no_labels() -> None:
    faulty = log().with_columns(FAULTS["constant_prediction"]).with_columns(label=pl.lit(None, pl.Boolean))
    assert [one.tag for one in diagnosed(faulty)] == ["constant_prediction"]
    assert [one.tag for one in diagnosed(log().with_columns(label=pl.lit(None, pl.Boolean)))] == []


def test_a_finding_can_be_gone_on_with() -> None:
    faulty = log().with_columns(FAULTS["fn_surge"])
    found = diagnosed(faulty)
    examples = found[0].examples(faulty, n=5)
    assert examples.height == 5
    assert examples.filter(~SLICE).height == 0
    assert examples.equals(found[0].examples(faulty.reverse(), n=5))
    assert faulty.sql(f"SELECT * FROM self WHERE {found[0].sql}").height == faulty.filter(found[0].filter).height
    assert json.loads(found.to_json())["findings"][0]["tag"] == "fn_surge"
    assert "fn_surge" in repr(found)
    assert "misses 1.7x as many positives where country = BR and device = ios" in found[0].sentence
    with pytest.raises(fm.SchemaError, match="did you mean 'countri'"):
        found[0].examples(faulty.rename({"country": "countri"}))


def test_other_keys_weights_and_identities_are_said() -> None:
    faulty = log().with_columns(FAULTS["fn_surge"]).with_columns(w=pl.lit(2.0)).with_row_index("user")
    now = counted(faulty.filter(LATE), by=["country", "device", "user"], weight="w", time=None, every=None)
    before = counted(faulty.filter(~LATE), by=["country", "device"], weight="w", time=None, every=None)
    found = fm.diagnose(now, baseline=before)
    assert [one.tag for one in found] == ["fn_surge"]
    assert any("'user'" in note or "user" in note for note in found.notes)
    assert any("weights" in note for note in found.notes)
    wide = counted(faulty.filter(LATE), by=["country", "user"], time=None, every=None)
    assert any("is left out of the slices" in note for note in fm.diagnose(wide, baseline=wide).notes)


def test_empty_counts_and_single_windows() -> None:
    nothing = counted(log().head(0))
    assert not fm.diagnose(nothing, baseline=nothing).all
    assert not fm.diagnose(nothing).all
    day = counted(log().filter(pl.col("time") == START))
    assert not fm.diagnose(day).all
    assert not fm.diagnose(day, baseline=day).all


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"slices": ["contry"]}, "did you mean 'country'"),
        ({"metrics": ["recal"]}, "did you mean 'recall'"),
        ({"metrics": ["f1"]}, "not a proportion"),
        ({"alpha": 5}, "error rate"),
        ({"fold": "devise"}, "did you mean 'device'"),
        ({"fold": "country"}, "3 values on one side .BR, DE, IN.; expected the same two"),
        ({"min_effect": -1}, "difference of rates"),
        ({"min_rows": -1}, "number of rows"),
    ],
)
def test_bad_arguments_get_one_line(arguments: dict[str, object], message: str) -> None:
    counts = counted(log(3, 2_000))
    with pytest.raises(fm.SchemaError, match=message) as error:
        fm.diagnose(counts, baseline=counts, **arguments)
    assert "\n" not in str(error.value)


def test_bad_counts_get_one_line() -> None:
    counts = counted(log(3, 2_000))
    with pytest.raises(fm.SchemaError, match="without baseline="):
        fm.diagnose(counts.rollup("country"))
    numbers = fm.count({"y": [1.0], "p": [2.0]}, fm.regression("y", "p"))
    with pytest.raises(fm.SchemaError, match="binary"):
        fm.diagnose(numbers, baseline=numbers)
    sets = counted(log(3, 2_000), grouping_sets=[[], ["country", "device"]])
    with pytest.raises(fm.SchemaError, match="grouping"):
        fm.diagnose(sets, baseline=sets)


def test_metrics_asked_for_are_searched() -> None:
    counts = counted(log(3, 2_000))
    assert not fm.diagnose(counts, baseline=counts, metrics=["recall", "npv"]).all


def test_the_table_of_tags_is_whole() -> None:
    for tag in TAGS:
        assert tag.question.endswith("?")
        assert tag.advice.endswith(".")
        assert tag.rates
