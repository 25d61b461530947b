"""The family of texts: its roles, states and limits. Its measures have tests of their own."""

from __future__ import annotations

import pickle
import random
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.errors import SchemaError
from fastmetrics.families.text import STATES, text
from fastmetrics.texts.measures import MEASURES

LOG = pl.DataFrame(
    {
        "model": ["x", "x", "y", "y", "y", "y"],
        "answer": ["one two", "", "b", None, "c d e", None],
        "ref": ["a b", "c", None, "x", "a", None],
        "other": ["x", None, "z", "w", None, None],
        "many": [["a b", "x"], ["c"], [None], ["x", None], [], None],
        "ids": [[1, 2], [], [3], None, [4, 5, 6], None],
    },
    schema_overrides={"many": pl.List(pl.String)},
)
LENGTH = {"measures": ["length_ratio"]}


def cells(family: fm.Family, log: pl.DataFrame = LOG, **arguments: Any) -> dict[str, int]:
    return fm.count(log, family, **arguments).rollup().frame.row(0, named=True)


def test_states_say_what_is_there() -> None:
    found = cells(text("answer", reference="ref", **LENGTH))
    assert [found[state] for state in STATES] == [3, 1, 1, 1]
    found = cells(text("answer", reference="many", **LENGTH))
    assert [found[state] for state in STATES] == [2, 1, 2, 1]
    assert (found["length_hypothesis"], found["length_reference"]) == (2, 3)


def test_an_empty_answer_is_counted_where_it_has_a_reference_or_not() -> None:
    log = pl.DataFrame({"answer": ["", "", "x", None], "ref": ["a", None, "b", "c"]})
    counts = fm.count(log, text("answer", reference="ref", **LENGTH))
    assert counts.metrics("empty_rate").select("label_coverage", "answer_rate", "empty_rate").row(0) == (
        0.75,
        0.75,
        2 / 3,
    )


def test_several_columns_are_several_references_as_one_column_of_lists_is() -> None:
    lists = LOG.with_columns(both=pl.concat_list("ref", "other"))
    several = cells(text("answer", reference=["ref", "other"], **LENGTH))
    assert several == cells(text("answer", reference="both", **LENGTH), lists)
    assert several["unlabelled"] == 0


def test_tokens_are_counted_as_texts_of_them_are() -> None:
    words = LOG.with_columns(pl.col("answer", "ref").str.extract_all(r"\S+"))
    family = text("answer", reference="ref", tokenize="tokens", **LENGTH)
    assert cells(family, words) == cells(text("answer", reference="ref", **LENGTH))
    assert cells(text("ids", reference="ids", tokenize="tokens", **LENGTH))["length_hypothesis"] == 6


def test_a_list_is_empty_where_it_has_no_token() -> None:
    log = {"answer": [[""], [], [None], ["a", ""], None], "ref": [["a"]] * 5}
    found = cells(text("answer", reference="ref", tokenize="tokens", **LENGTH), pl.DataFrame(log))
    assert (found["empty"], found["length_hypothesis"], found["judged"]) == (2, 3, 4)


def test_every_measure_of_words_measures_tokens_that_came_in_lists() -> None:
    measures = [name for name, measure in MEASURES.items() if measure.tokens]
    family = text("ids", reference="others", tokenize="tokens", measures=measures)
    log = {"ids": [[1, 2, 3, 4], [5]], "others": [[1, 2, 3, 6], [5]]}
    found = fm.count(log, family).metrics("rouge1", "wer", "token_f1", "exact_match", "bleu_precision_2")
    assert found.select(pl.exclude("n", "label_coverage", "answer_rate")).row(0) == (0.875, 0.2, 0.875, 0.5, 200 / 3)


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["a b", "c", "x", "a"])])
def test_references_may_be_categories(dtype: Any) -> None:
    log = LOG.with_columns(pl.col("ref").cast(dtype))
    assert cells(text("answer", reference="ref", **LENGTH), log) == cells(text("answer", reference="ref", **LENGTH))


def test_values_named_null_are_no_texts() -> None:
    log = pl.DataFrame({"answer": ["a", "N/A"], "ref": ["N/A", "b"]})
    found = cells(text("answer", reference="ref", null_values=["N/A"], **LENGTH), log)
    assert [found[state] for state in STATES] == [0, 1, 1, 0]


def test_rows_beyond_a_limit_are_counted_and_a_metric() -> None:
    family = text("answer", reference="ref", limits=["length_ratio < 0.5", "length_ratio>2"], **LENGTH)
    counts = fm.count(LOG, family)
    shown = counts.metrics("low_length_ratio", "high_length_ratio")
    assert shown.select("low_length_ratio", "high_length_ratio").row(0) == (1 / 3, 1 / 3)
    assert {rate.name for rate in family.searched} >= {"low_length_ratio", "high_length_ratio", "empty_rate"}


def answers(short: float = 0, silent: float = 0) -> pl.DataFrame:
    """Answers in two countries, of which one has some that are too short, and some that are missing."""
    draw = random.Random(3)
    rows = []
    for country in draw.choices(["BR", "DE"], k=600):
        answer = "one two" if country == "BR" and draw.random() < short else "one two three four five"
        rows.append((country, None if country == "BR" and draw.random() < silent else answer))
    return pl.DataFrame(rows, ["country", "answer"], orient="row").with_columns(ref=pl.lit("one two three four"))


@pytest.mark.parametrize(
    ("change", "tag", "words"),
    [
        ({"short": 0.3}, "rate_shift", "answers with length_ratio < 0.6 where country = BR: low_length_ratio"),
        ({"silent": 0.3}, "null_surge", "rows without an answer where country = BR: unpredicted_rate"),
    ],
)
def test_a_diagnosis_finds_where_answers_became_worse_or_went_missing(
    change: dict[str, float], tag: str, words: str
) -> None:
    family = text("answer", reference="ref", limits=["length_ratio < 0.6"], **LENGTH)
    now, before = (fm.count(log, family, by="country") for log in (answers(**change), answers()))
    (found,) = fm.diagnose(now, baseline=before)
    assert found.tag == tag
    assert words in found.sentence


def test_a_family_is_a_value_and_made_again_from_its_arguments() -> None:
    family = text(
        "answer", reference=["ref", "other"], tokenize="none", lowercase=True, limits=["length_ratio<1"], **LENGTH
    )
    assert pickle.loads(pickle.dumps(family)) == family
    assert family != text("answer", reference=["ref", "other"], tokenize="none", **LENGTH)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"reference": "ref", "measures": ["lenght_ratio"]}, "did you mean 'length_ratio'"),
        ({"reference": "ref", "measures": "bleu"}, r"give a list, such as measures=\['bleu'\]"),
        ({"reference": "ref", "measures": []}, "names no measure"),
        ({"measures": ["length_ratio"]}, "needs reference="),
        ({"reference": "ref", "tokenize": "zn"}, "unknown choice 'zn' .*zh"),
        ({"reference": "ref", "bleu_order": 0}, "at least 1"),
        ({"reference": "ref", "max_length": 0}, "at least 1"),
        ({"reference": "ref", "beta": -1.0}, "no positive int or float"),
        ({"reference": [], **LENGTH}, "the names of several"),
        ({"reference": 3}, "the names of several"),
        ({"reference": "ref", "measures": 3}, "measures=3 is no list"),
        ({"reference": "ref", "measures": [["bleu"]]}, "did you mean 'bleu'"),
        ({"reference": "ref", "smooth": None}, "did you mean 'none'"),
        ({"reference": "ref", "bleu_order": None}, "bleu_order=None is no integer of at least 1"),
        ({"reference": "ref", "beta": None}, "beta=None is no positive int or float"),
        ({"reference": "ref", "beta": "x"}, "beta='x' is no positive int or float"),
        ({"reference": "ref", "smooth_value": "1"}, "smooth_value='1' is no positive int or float"),
        ({"reference": "ref", "smooth_value": []}, r"smooth_value=\[\] is no positive int or float"),
        ({"reference": "ref", "lowercase": "no"}, "lowercase='no' is neither True nor False"),
        ({"reference": "ref", "stemmer": None}, "stemmer=None is neither True nor False"),
        ({"reference": "ref", "name": None}, "name=None of a family is not an identifier"),
        ({"reference": "ref", "limits": None}, "limits=None is no list"),
        ({"reference": "ref", "limits": ["length_ratio < 1.2.3"], **LENGTH}, "such as 'rougeL < 0.2'"),
        ({"reference": "ref", "limits": ["length_ratio < ."], **LENGTH}, "such as 'rougeL < 0.2'"),
        ({"reference": ["ref", "other"], "tokenize": "tokens", **LENGTH}, "one column of lists"),
        ({"reference": "ref", "tokenize": "tokens", "stemmer": True, **LENGTH}, "stemmer=True changes the characters"),
        ({"reference": "ref", "limits": ["length_ratio = 2"], **LENGTH}, "such as 'rougeL < 0.2'"),
        ({"reference": "ref", "limits": ["bleu < 2"], **LENGTH}, "measure 'bleu'"),
        ({"reference": "ref", "limits": ["length_ratio<2", "length_ratio < 1"], **LENGTH}, "two limits"),
    ],
)
def test_an_argument_out_of_place_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        text("answer", **arguments)


@pytest.mark.parametrize(
    ("column", "reference", "said"),
    [
        ("ids", "ref", "hypothesis column 'ids' holds List"),
        ("answer", "ids", "text or a list is needed"),
        ("answer", ["ref", "ids"], "cannot be computed|text or a list"),
    ],
)
def test_a_column_of_another_kind_is_refused(column: str, reference: Any, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        fm.count(LOG, text(column, reference=reference, **LENGTH))


def test_texts_without_a_token_are_counted_and_noted_and_white_space_is_not() -> None:
    log = pl.DataFrame({"answer": ["猫", "cat", " ", "", "cat"], "ref": ["cat", "猫 собака", "cat", "", "cat"]})
    with pytest.warns(fm.NoteWarning, match="tokenize='intl'"):
        counts = fm.count(log, fm.text("answer", reference="ref", measures=["rouge1", "wer"]))
    assert counts.frame["tokenless_rouge"].to_list() == [2]
    assert [(note.code, note.count) for note in counts.how["notes"]] == [("tokenless", 2)]
    whole = fm.count(log, fm.text("answer", reference="ref", measures=["rouge1"], tokenize="char"))
    assert "tokenless_char" not in whole.frame.columns
    assert not whole.how["notes"]


@pytest.mark.parametrize("smooth", ["exp", "floor", "add-k"])
def test_no_metric_depends_on_what_all_weights_are_multiplied_by(smooth: Any) -> None:
    """But for counts of edits, which are counts; and smoothing, which takes rows of more weight for several rows."""
    log = pl.DataFrame(
        {
            "answer": ["the cat sat on the mat", "a dog barks", "Hello there, General Kenobi!"],
            "ref": ["the cat is on the mat", "the dog barks at night", "hello there general kenobi"],
        }
    )
    family = fm.text("answer", reference="ref", measures=[*MEASURES], smooth=smooth)
    names = [metric.name for metric in family.metrics if metric.scale != "count"]
    whole = fm.count(log, family).metrics(*names).drop("n")
    for weight in (0.25, 0.001):
        weighted = fm.count(log.with_columns(w=pl.lit(weight)), family, weight="w").metrics(*names)
        assert weighted.select(whole.columns).row(0) == pytest.approx(whole.row(0), rel=1e-12)
    twice, heavy = fm.count(pl.concat([log, log]), family), fm.count(log.with_columns(w=pl.lit(2)), family, weight="w")
    expected = twice.metrics(*names).drop("n")
    assert heavy.metrics(*names).select(expected.columns).row(0) == pytest.approx(expected.row(0), rel=1e-12)


def test_a_limit_of_bleu_judges_a_row_as_bleu_of_it_alone_does() -> None:
    log = {"answer": ["yes please", "no"], "ref": ["yes please", "yes"]}
    assert fm.bleu(log["answer"], log["ref"], per_row=True).tolist() == [pytest.approx(100), 0]
    shown = fm.count(log, fm.text("answer", reference="ref", measures=["bleu"], limits=["bleu < 50"])).metrics()
    assert shown["low_bleu"].to_list() == [0.5]


def test_measures_without_references_look_at_all_answers() -> None:
    log = {"answer": ["x x x x x x", "a b c d", None], "ref": [None, "a b c d", "x"]}
    measures = {"measures": ["distinct1", "repetition"], "limits": ["distinct1 < 0.5"]}
    both, alone = (
        fm.count(log, fm.text("answer", **given, **measures)).metrics("distinct1", "repetition", "low_distinct1")
        for given in ({"reference": "ref"}, {})
    )
    columns = ["distinct1", "repetition", "low_distinct1"]
    assert both.select(columns).row(0) == alone.select(columns).row(0) == (0.5, 0.5, 0.5)
