"""The family of token log-probabilities: what is a token, what is refused, and that sums are exact."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl

LISTS: list[Any] = [[-0.5, -1.5], [None, -1.0, math.nan], [], [None], None, [0.0]]
LOG = pl.DataFrame({"logs": LISTS, "key": [*"aabbab"], "w": [1.0, 2.0, 0.5, 1.0, 3.0, 0.25]})
NAMES = [row.name for row in fm.likelihood("logs").metrics]


def test_null_and_nan_are_no_tokens_and_states_say_what_a_list_has() -> None:
    counts = fm.count(LOG, fm.likelihood("logs"))
    assert counts.frame.select("judged", "empty", "unjudged", "tokens", "impossible").row(0) == (3, 2, 1, 4, 0)
    assert counts.metrics(*NAMES).row(0, named=True) == {
        "n": 6,
        "answer_rate": 5 / 6,
        "nll": 0.75,
        "nll_per_row": 1.0,
        "bits_per_token": 3 / math.log(2) / 4,
        "perplexity": math.exp(0.75),
        "tokens_per_row": 4 / 3,
        "empty_rate": 0.4,
    }


def test_metrics_without_a_token_are_null() -> None:
    found = fm.count(LOG[2:5], fm.likelihood("logs")).metrics(*NAMES).row(0, named=True)
    assert [name for name, value in found.items() if value is None] == [
        "nll", "nll_per_row", "bits_per_token", "perplexity", "tokens_per_row"
    ]  # fmt: skip


def test_an_impossible_token_makes_its_group_infinite_and_no_other() -> None:
    log = LOG.with_columns(logs=pl.Series([*LISTS[:5], [-math.inf, -2.0]]))
    counts = fm.count(log, fm.likelihood("logs"), by="key")
    assert counts.metrics("nll", "perplexity").select("nll", "perplexity").rows() == [
        (1.0, math.e),
        (math.inf, math.inf),
    ]
    assert counts.frame["impossible"].to_list() == [0, 1]
    assert (counts - fm.count(log[5:], fm.likelihood("logs"), by="key")).frame["impossible"].to_list() == [0, 0]


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (0.25, "holds 0.25; a log-probability is at most 0"),
        (math.inf, "holds inf; a log-probability is at most 0"),
        (-1e300, r"cell 'nats' of family 'likelihood' adds up 5 numbers of 1e\+300 in all"),
    ],
)
def test_what_is_no_log_probability_is_refused(bad: float, says: str, weight: str | None) -> None:
    log = LOG.with_columns(logs=pl.Series([*LISTS[:5], [-1.0, bad]]))
    with pytest.raises(fm.DataError, match=says):
        fm.count(log, fm.likelihood("logs"), weight=weight)
    of_columns = says if bad > 0 else "add up to more than an exact sum holds"
    with pytest.raises(
        fm.DataError, match=of_columns.replace("0.25", "a number above 0").replace("inf", "a number above 0")
    ):
        log.select(fpl.nll("logs", weight=weight))
    with pytest.raises(fm.DataError, match=says if bad > 0 else "log_probabilities add up to 1e"):
        fm.perplexity(log["logs"])


def test_a_base_is_one_of_three() -> None:
    bits = LOG.with_columns(pl.col("logs") / math.log(2))
    expected = fm.count(LOG, fm.likelihood("logs")).metrics("nll").item(0, "nll")
    assert fm.count(bits, fm.likelihood("logs", base="2")).metrics("nll").item(0, "nll") == pytest.approx(expected)
    tens = fm.count(LOG, fm.likelihood("logs", base="10"))
    assert tens.metrics("nll").item(0, "nll") == pytest.approx(expected * math.log(10))
    for call in (fm.likelihood, fpl.nll, fm.perplexity):
        with pytest.raises(fm.SchemaError, match="unknown base 'f'"):
            call("logs" if call is not fm.perplexity else [-1.0], base="f")  # type: ignore[operator]
    with pytest.raises(fm.MergeError, match="base e and 10"):
        fm.count(LOG, fm.likelihood("logs")) + tens


@pytest.mark.parametrize("dtype", [pl.Float16, pl.Float32, pl.Int8, pl.Array(pl.Float64, 2), pl.Null])
def test_lists_of_any_numbers_are_read(dtype: Any) -> None:
    inner = dtype if isinstance(dtype, pl.Array) else pl.List(dtype)
    lists = [[-1, -2], None, [-4, None]] if dtype != pl.Null else [[None, None], None, []]
    column = pl.Series("logs", lists, dtype=inner)
    nats = fm.count({"logs": column}, fm.likelihood("logs")).metrics("nll").item(0, "nll")
    assert nats == (None if dtype == pl.Null else 7 / 3)


def test_null_values_are_no_tokens() -> None:
    log = {"logs": [[-9999.0, -1.0], [-9999.0]]}
    counts = fm.count(log, fm.likelihood("logs", null_values=[-9999]))
    assert counts.frame.select("judged", "empty", "tokens").row(0) == (1, 1, 1)
    with pytest.raises(fm.SchemaError, match=r"log_probabilities column 'logs' holds .*; a list of numbers is needed"):
        fm.count({"logs": ["-1.0"]}, fm.likelihood("logs"))


def test_sums_are_exact_in_any_order_parts_slices_and_threads() -> None:
    draw = np.random.default_rng(0)
    lists = [(-draw.exponential(size=k) * 10.0 ** draw.integers(-6, 6)).tolist() for k in draw.integers(0, 40, 500)]
    log, family = pl.DataFrame({"logs": lists}), fm.likelihood("logs")
    whole = fm.count(log, family)
    tokens = [-x for some in lists for x in some]
    expected = math.exp(math.fsum(tokens) / len(tokens)) if math.fsum(tokens) / len(tokens) < 709 else math.inf
    assert whole.metrics("perplexity").item(0, "perplexity") == expected
    assert whole.metrics("nll").item(0, "nll") == math.fsum(tokens) / len(tokens) == log.select(fpl.nll("logs")).item()
    assert fm.count(log.reverse(), family, threads=3) == whole
    assert sum(fm.count(part, family) for part in log.iter_slices(17)) == whole
    assert fm.count(log[3:77], family) + fm.count(log[:3], family) + fm.count(log[77:], family) == whole
    assert whole - fm.count(log[100:], family) == fm.count(log[:100], family)


def test_weights_count_texts_several_times() -> None:
    found = fm.count(LOG, fm.likelihood("logs"), weight="w").metrics("nll", "tokens_per_row").row(0, named=True)
    assert found["nll"] == pytest.approx((2 + 2 * 1) / (2 + 2 * 1 + 0.25))
    assert found["tokens_per_row"] == pytest.approx(4.25 / 3.25)


@pytest.mark.parametrize(
    "given",
    [[-0.5, -1.5], [[-0.5], None, [], [-1.5, None]], np.array([[-0.5, -1.5]]), np.array([-0.5, -1.5], np.float32),
     pl.Series([[-0.5, -1.5]]), pl.Series([-0.5, math.nan, -1.5]), (x for x in (-0.5, -1.5))],
    ids=["list", "lists", "matrix", "float32", "Series of lists", "Series", "generator"],
)  # fmt: skip
def test_perplexity_of_arrays_takes_one_text_or_several(given: Any) -> None:
    assert fm.perplexity(given) == math.e


def test_perplexity_of_no_token_is_nan_with_a_warning() -> None:
    with pytest.warns(fm.UndefinedMetricWarning, match="undefined without a token"):
        assert math.isnan(fm.perplexity([[], None]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fm.perplexity([-math.inf]) == math.inf
    with pytest.raises(fm.DataError, match="log_probabilities hold String"):
        fm.perplexity(["a"])
    with pytest.raises(TypeError, match="no lists of numbers"):
        fm.perplexity(5)


def answers(empty: float, longer: float = 1.0) -> pl.DataFrame:
    """Answers of two countries, of which one has some without a token, and whose tokens are less likely."""
    draw = np.random.default_rng(3)
    of = draw.choice(["BR", "DE"], 600)
    lists = [
        [] if country == "BR" and draw.random() < empty else [-longer if country == "BR" else -1.0] * 3
        for country in of.tolist()
    ]
    return pl.DataFrame({"country": of, "logs": pl.Series(lists, dtype=pl.List(pl.Float64))})


def test_a_change_is_split_by_slice_to_the_last_part() -> None:
    family = fm.likelihood("logs")
    now, before = (fm.count(log, family, by="country") for log in (answers(0.0, 2.0), answers(0.0)))
    found = fm.decompose(now, baseline=before, metric="nll")
    moved = now.rollup().metrics("nll").item(0, "nll") - before.rollup().metrics("nll").item(0, "nll")
    assert found["contribution"].sum() == pytest.approx(moved)
    assert found.filter(country="DE").item(0, "rate") == 0.0


def test_a_diagnosis_finds_where_answers_became_empty() -> None:
    now, before = (fm.count(log, fm.likelihood("logs"), by="country") for log in (answers(0.3), answers(0.0)))
    said = fm.diagnose(now, baseline=before).text(500)
    assert "answers without a token where country = BR: empty_rate" in said.partition("\n2.")[0]
