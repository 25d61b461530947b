"""Paired tests of texts, beside those of sacrebleu with the same seed."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

import fastmetrics as fm
from fastmetrics.errors import DataError, SchemaError

WORDS = ["the", "a", "cat", "dog", "sat", "on", "mat", "and", ",", ".", "ran", "fast", "over", "hill"]
SEED, SAMPLES = 12345, 80


def systems(seed: int, rows: int) -> pl.DataFrame:
    """References, and texts of three systems that change more or fewer of their words."""
    draw = random.Random(seed)
    references = [" ".join(draw.choices(WORDS, k=draw.randrange(3, 15))) for _ in range(rows)]

    def system(error: float) -> list[str]:
        return [
            " ".join(draw.choice(WORDS) if draw.random() < error else word for word in reference.split())
            for reference in references
        ]

    return pl.DataFrame({"ref": references, "first": system(0.3), "second": system(0.35), "third": system(0.6)})


def of_sacrebleu(log: pl.DataFrame, test: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[object]]:
    monkeypatch.setenv("SACREBLEU_SEED", str(SEED))
    named = [(name, log[name].to_list()) for name in ("first", "second", "third")]
    metrics = {"BLEU": BLEU(references=None), "chrF": CHRF(references=None)}
    _, found = PairedTest(named, metrics, [log["ref"].to_list()], test, n_samples=SAMPLES)()
    return {"bleu": found["BLEU"], "chrf": found["chrF2"]}


@pytest.mark.parametrize(("name", "short"), [("bootstrap", "bs"), ("randomization", "ar")])
def test_p_values_and_scores_are_those_of_sacrebleu(name: str, short: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = systems(1, 80)
    expected = of_sacrebleu(log, short, monkeypatch)
    found = fm.text_significance(
        log, hypotheses=["first", "second", "third"], reference="ref", test=name, samples=SAMPLES, seed=SEED
    )
    for measure, results in expected.items():
        ours = found.filter(measure=measure)
        assert ours["score"].to_list() == [result.score for result in results]
        assert ours["p_value"].to_list() == [result.p_value for result in results]
        if short == "bs":
            width = (ours["high"] - ours["low"]) / 2
            assert width.to_list() == pytest.approx([result.ci for result in results], rel=1e-5)
            assert ours["mean"].to_list() == pytest.approx([result.mean for result in results], rel=1e-5)


def test_each_group_is_tested_alone() -> None:
    log = systems(2, 60).with_columns(language=pl.Series(["de", "en"] * 30))
    arguments = {"hypotheses": ["first", "third"], "reference": "ref", "measures": ["bleu"], "samples": 50}
    found = fm.text_significance(log, by="language", **arguments)
    for language in ("de", "en"):
        alone = fm.text_significance(log.filter(language=language), **arguments)
        assert found.filter(language=language).drop("language").equals(alone)


def exact_p_value(log: pl.DataFrame, samples: int, seed: int) -> float:
    """The share of samples of the randomisation whose mean F differs at least as much as the systems', in fractions."""
    scores = [
        [Fraction(value) for value in fm.rouge(log[name], log["ref"], measures=["rouge1"], per_row=True)["rouge1"]]
        for name in ("first", "second")
    ]
    moved = [one - other for one, other in zip(*scores, strict=True)]
    kept = np.random.default_rng(seed).integers(2, size=(samples, len(log)), dtype=bool)
    beyond = sum(
        abs(sum(d if keep else -d for d, keep in zip(moved, row, strict=True))) >= abs(sum(moved)) for row in kept
    )
    return (beyond + 1) / (samples + 1)


@pytest.mark.parametrize("seed", range(6))
def test_samples_that_differ_exactly_as_the_systems_do_count_of_means_of_ratios_too(seed: int) -> None:
    log = systems(seed, 4)
    found = fm.text_significance(
        log,
        hypotheses=["first", "second"],
        reference="ref",
        measures=["rouge1"],
        test="randomization",
        samples=300,
        seed=7,
    )
    if found["score"].n_unique() > 1:
        assert found["p_value"].to_list() == [None, exact_p_value(log, 300, 7)]


@pytest.mark.parametrize("test", ["bootstrap", "randomization"])
def test_samples_of_one_row_say_nothing(test: str) -> None:
    log = {"a": ["a b c d e f"], "b": ["x"], "ref": ["a b c d e f"]}
    found = fm.text_significance(log, hypotheses=["a", "b"], reference="ref", test=test, samples=20)
    assert found["p_value"].to_list() == [None] * 4


def test_a_key_is_an_expression_of_any_name() -> None:
    log = systems(2, 60).with_columns(system=pl.Series(["de", "en"] * 30))
    arguments = {"hypotheses": ["first", "third"], "reference": "ref", "measures": ["bleu"], "samples": 50}
    found = fm.text_significance(log, by=pl.col("system").alias("system_key"), **arguments)
    plain = fm.text_significance(log.rename({"system": "language"}), by="language", **arguments)
    assert found.rename({"system_key": "language"}).equals(plain)
    long = fm.text_significance(log, by=pl.col("ref").str.len_chars() > 30, **arguments)
    assert (
        long.filter("ref")
        .drop("ref")
        .equals(fm.text_significance(log.filter(pl.col("ref").str.len_chars() > 30), **arguments))
    )


def test_a_system_beside_itself_is_not_significant() -> None:
    log = systems(3, 40).with_columns(same="first")
    for test in ("bootstrap", "randomization"):
        found = fm.text_significance(log, hypotheses=["first", "same"], reference="ref", test=test, samples=50)
        assert found["p_value"].to_list() == [None, 1.0] * 2


def test_rows_in_which_a_text_is_null_are_left_out_of_all_systems() -> None:
    log = systems(4, 40)
    holes = log.with_columns(second=pl.when(pl.int_range(40) < 10).then(None).otherwise("second"))
    arguments = {"hypotheses": ["first", "second"], "reference": "ref", "samples": 50}
    found = fm.text_significance(holes, **arguments)
    assert found["n"].to_list() == [30] * 4
    assert found.equals(fm.text_significance(log[10:], **arguments))


def test_without_rows_to_compare_there_are_no_values() -> None:
    log = pl.DataFrame({"a": ["x"], "b": [None], "ref": ["x"]}, schema_overrides={"b": pl.String})
    found = fm.text_significance(log, hypotheses=["a", "b"], reference="ref", measures=["bleu"])
    assert found.select("n", "score", "p_value").rows() == [(0, None, None)] * 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"hypotheses": "first"}, "names of different columns"),
        ({"hypotheses": ["first", "first"]}, "names of different columns"),
        ({"hypotheses": ["fist"]}, "did you mean 'first'"),
        ({"test": "bootstap"}, "did you mean 'bootstrap'"),
        ({"test": []}, "unknown test"),
        ({"samples": 0}, "at least 1"),
        ({"measures": ["blue"]}, "did you mean 'bleu'"),
        ({"measures": None}, "measures=None is no list"),
        ({"measures": []}, "names no measure"),
        ({"hypotheses": 3}, "names of different columns"),
        ({"seed": "x"}, "seed='x' is no integer of at least 0"),
        ({"seed": -1}, "seed=-1 is no integer of at least 0"),
        ({"stemer": True}, r"text_significance\(\): unknown option 'stemer'; did you mean 'stemmer'"),
        ({"limits": ["bleu < 9"]}, "unknown option 'limits'"),
        ({"by": 3}, "3 is not one column"),
        ({"by": ["third", "third"]}, "'third' is named twice"),
        ({"by": pl.col("third").dt.year()}, "by=: "),
        ({"by": pl.lit("x").alias("system")}, r"by=pl.col\('system'\).alias\('system_key'\)"),
    ],
)
def test_an_argument_out_of_place_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        fm.text_significance(systems(5, 3), **{"hypotheses": ["first"], "reference": "ref", **arguments})


def test_a_log_without_rows_is_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        fm.text_significance(systems(6, 0), hypotheses=["first"], reference="ref")
