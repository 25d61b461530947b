"""What happens to a model of many classes is found and named by its classes."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm

START = datetime(2026, 3, 1)
DAYS = 20
LATE = pl.col("time") >= START + timedelta(days=12)
SLICE = (pl.col("country") == "BR") & (pl.col("device") == "ios")
HIT = SLICE & LATE & (pl.col("u") < 0.4)
NAMES = ["cat", "dog", "eel", "fox", "gnu"]
PRED = pl.col("pred")


@cache
def log(seed: int = 7, rows: int = 60_000, names: tuple[str, ...] = tuple(NAMES)) -> pl.DataFrame:
    """A log in which one row in eight is given a class by chance, and the classes of countries differ."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {"country": rng.choice(["BR", "DE", "IN"], rows), "device": rng.choice(["ios", "web"], rows)}
        | {"label": rng.integers(0, len(names), rows), "other": rng.integers(0, len(names), rows)}
        | {"u": rng.random(rows), "right": rng.random(rows) < 0.875, "day": rng.integers(0, DAYS, rows)}
    )
    label = pl.when((pl.col("country") == "DE") & (pl.col("u") < 0.2)).then(0).otherwise("label")
    frame = frame.with_columns(label=label, time=START + pl.duration(days=pl.col("day")))
    text = pl.col("label", "pred").replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    return frame.with_columns(pred=pl.when("right").then("label").otherwise("other")).with_columns(text)


def counted(frame: pl.DataFrame, **more: object) -> fm.Counts:
    return fm.count(frame, fm.classes("label", "pred"), by=["country", "device"], time="time", every="1d", **more)


def diagnosed(frame: pl.DataFrame, **more: float) -> fm.Diagnosis:
    return fm.diagnose(counted(frame.filter(LATE)), baseline=counted(frame.filter(~LATE)), **more)


def given(where: pl.Expr, prediction: object) -> pl.Expr:
    return pl.when(where).then(prediction).otherwise("pred").alias("pred")


def test_a_shift_of_mix_moves_shares_of_classes_and_no_slice() -> None:
    """A country of which more is one class came less often."""
    frame = log()
    kept = pl.Series(np.random.default_rng(2).random(len(frame)) < 0.4)
    shifted = frame.filter(~LATE | (pl.col("country") != "DE") | kept)
    found = [one for one in diagnosed(shifted) if one.tag == "mix_shift"]
    assert [one.metric for one in found] == ["predicted[cat]"]
    assert found[0].difference < 0 < found[0].contribution
    assert "country = DE" in found[0].sentence
    assert not diagnosed(frame).all


def test_two_families_of_classes_are_told_apart() -> None:
    """The other one says the same classes of something else, and is well."""
    frame = log().with_columns(good=pl.col("pred")).with_columns(given(HIT & (pl.col("label") == "cat"), pl.lit("dog")))
    for families in (("pred", "good"), ("good", "pred")):
        given_ = [fm.classes("label", name, name=f"as_{name}") for name in families]
        now, before = (
            fm.count(frame.filter(side), *given_, by=["country", "device"], time="time", every="1d")
            for side in (LATE, ~LATE)
        )
        found = fm.diagnose(now, baseline=before)
        assert [(one.tag, one.metric) for one in found] == [("class_confusion", "confused[cat -> dog] of as_pred")]


def test_a_class_that_always_was_nearly_everything_did_not_become_so() -> None:
    frame = log().with_columns(label=pl.lit("cat"))
    for now, tag in ((0.006, "improvement"), (0.0006, "constant_prediction")):
        rarer = pl.when(pl.col("u") < pl.when(LATE).then(now).otherwise(0.013)).then(pl.lit("dog"))
        tags = [one.tag for one in diagnosed(frame.with_columns(pred=rarer.otherwise(pl.lit("cat"))), min_effect=0.001)]
        assert tags == [tag]


FAULTS = {
    "class_confusion": (given(HIT & (pl.col("label") == "cat"), pl.lit("dog")), "confused[cat -> dog]"),
    "class_never_predicted": (given(SLICE & LATE & (PRED == "dog"), pl.lit("fox")), "predicted[dog]"),
    "constant_prediction": (given(SLICE & LATE, pl.lit("eel")), "predicted[eel]"),
    "error_surge": (
        given(HIT, PRED.replace_strict(dict(zip(NAMES, NAMES[1:] + NAMES[:1], strict=True)))).alias("pred"),
        "error_rate",
    ),
    "improvement": (given(HIT, pl.col("label")), "error_rate"),
    "null_surge": (given(HIT, None), "unpredicted_rate"),
}


@pytest.mark.parametrize("tag", FAULTS)
def test_a_planted_fault_is_found_where_it_is(tag: str) -> None:
    fault, metric = FAULTS[tag]
    found = diagnosed(log().with_columns(fault))
    assert [(one.tag, one.metric) for one in found] == [(tag, metric)]
    assert found[0].slice == {"country": "BR", "device": "ios"}
    assert found[0].since.replace(tzinfo=None) == START + timedelta(days=12)


def test_the_sentence_names_the_classes() -> None:
    confusion = diagnosed(log().with_columns(FAULTS["class_confusion"][0]))[0]
    assert "the model calls cat dog " in confusion.sentence
    assert "x as often where country = BR and device = ios: confused[cat -> dog] 0." in confusion.sentence
    gone = diagnosed(log().with_columns(FAULTS["class_never_predicted"][0]))[0]
    assert "the model no longer predicts dog where country = BR and device = ios" in gone.sentence


def test_labels_that_go_missing() -> None:
    found = diagnosed(log().with_columns(label=pl.when(HIT).then(None).otherwise("label")))
    assert [(one.tag, one.metric) for one in found] == [("null_surge", "unlabelled_rate")]


def test_fresh_logs_need_no_labels() -> None:
    fresh = log().with_columns(label=pl.lit(None, pl.String))
    found = diagnosed(fresh.with_columns(given(HIT & (PRED == "dog"), pl.lit("fox"))))
    assert [one.tag for one in found] == ["prediction_shift"]
    assert found[0].metric in ("predicted[dog]", "predicted[fox]")
    assert not diagnosed(fresh).all


@pytest.mark.parametrize("seed", range(5))
def test_nothing_happened(seed: int) -> None:
    assert not diagnosed(log(100 + seed, 20_000)).all


def test_chance_among_many_pairs_is_no_confusion() -> None:
    """The pairs that moved most of 1,560 are searched, and pay for having been chosen."""
    names = tuple(f"c{i}" for i in range(40))
    assert not [one for seed in range(3) for one in diagnosed(log(200 + seed, 40_000, names))]


def test_one_confusion_among_many_pairs() -> None:
    names = tuple(f"c{i}" for i in range(15))
    wrong = (pl.col("country") == "BR") & LATE & (pl.col("label") == "c7") & (pl.col("u") < 0.4)
    found = diagnosed(log(11, 60_000, names).with_columns(given(wrong, pl.lit("c8"))))
    assert [(one.tag, one.metric, one.slice) for one in found] == [
        ("class_confusion", "confused[c7 -> c8]", {"country": "BR"})
    ]


def test_names_of_classes_and_keys_are_free() -> None:
    """Pairs that read alike, and keys named like what is counted, are no error."""
    names = ("a", "a -> b", "b", "b -> b", "wrong", "{x}")
    odd = log(5, 20_000, names).rename({"country": "wrong", "device": "predicted"})
    sides = [fm.count(part, fm.classes("label", "pred"), by=["wrong", "predicted"]) for part in (odd, odd.filter(LATE))]
    assert not fm.diagnose(sides[0], baseline=sides[1]).all


def test_a_log_without_values_gives_nothing() -> None:
    for dtype in (pl.String, pl.Null, pl.Int32):
        assert not diagnosed(log().with_columns(label=pl.lit(None, dtype), pred=pl.lit(None, dtype))).all
    assert not fm.diagnose(counted(log().head(0)), baseline=counted(log().head(0))).all


def test_lost_rows() -> None:
    found = diagnosed(log().filter(~HIT))
    assert [(one.tag, one.slice) for one in found] == [("volume_drop", {"country": "BR", "device": "ios"})]


def test_without_a_baseline_the_cut_is_found() -> None:
    found = fm.diagnose(counted(log().with_columns(FAULTS["class_confusion"][0])))
    assert [(one.tag, one.slice) for one in found] == [("class_confusion", {"country": "BR", "device": "ios"})]


def test_sides_may_store_classes_differently() -> None:
    faulty = log().with_columns(FAULTS["class_confusion"][0])
    now = counted(faulty.filter(LATE).with_columns(pl.col("label").cast(pl.Categorical)))
    found = fm.diagnose(now, baseline=counted(faulty.filter(~LATE)))
    assert [one.tag for one in found] == ["class_confusion"]
    codes = faulty.with_columns(pl.col("label", "pred").replace_strict(dict(zip(NAMES, range(5), strict=True))))
    assert [one.metric for one in diagnosed(codes)] == ["confused[0 -> 1]"]


def test_beside_a_binary_family() -> None:
    """Rates that both families have are looked at once; misses are said as misses."""
    faulty = log().with_columns(FAULTS["class_confusion"][0]).with_columns(y=pl.col("label") == "cat", p=PRED == "cat")
    both = [
        fm.count(part, fm.binary("y", "p"), fm.classes("label", "pred"), by=["country", "device"])
        for part in (faulty.filter(LATE), faulty.filter(~LATE))
    ]
    assert [one.tag for one in fm.diagnose(both[0], baseline=both[1])] == ["fn_surge"]
