"""Texts in arrays, beside the reference packages."""

from __future__ import annotations

from typing import Any

import jiwer
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from rapidfuzz.distance import Levenshtein
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF, TER

import fastmetrics as fm
from fastmetrics.errors import DataError, SchemaError

SAID = ["the cat sat on the mat", "a dog", "", "Hello there, general Kenobi!", "naïve café", "the the the"]
KNOWN = ["the cat is on the mat", "the dog barks", "something", "hello there, General Kenobi.", "naive café", "the"]
OTHER = ["a cat sat on a mat", "a dog", "", "Hi there", "naïve", "the the"]
NAMES = ("bleu", "cer", "chrf", "edit_similarity", "exact_match", "rouge", "ter", "token_f1", "wer")
SEVERAL = [list(pair) for pair in zip(KNOWN, OTHER, strict=True)]


@pytest.mark.parametrize(
    ("function", "package", "options"),
    [
        (fm.bleu, BLEU(), {}),
        (fm.bleu, BLEU(lowercase=True, smooth_method="floor"), {"lowercase": True, "smooth": "floor"}),
        (fm.bleu, BLEU(tokenize="char", max_ngram_order=2), {"tokenize": "char", "bleu_order": 2}),
        (fm.chrf, CHRF(), {}),
        (fm.chrf, CHRF(word_order=2, beta=3), {"word_order": 2, "beta": 3.0}),
        (fm.ter, TER(), {}),
        (fm.ter, TER(normalized=True, case_sensitive=True), {"ter_normalized": True, "ter_case_sensitive": True}),
    ],
)
def test_scores_are_those_of_sacrebleu(function: Any, package: Any, options: dict[str, Any]) -> None:
    assert function(SAID, KNOWN, **options) == package.corpus_score(SAID, [KNOWN]).score
    assert function(SAID, SEVERAL, **options) == package.corpus_score(SAID, [KNOWN, OTHER]).score
    expected = [alone(package).sentence_score(said, [known]).score for said, known in zip(SAID, KNOWN, strict=True)]
    assert function(SAID, KNOWN, per_row=True, **options).tolist() == expected


def alone(package: Any) -> Any:
    """What judges a text by itself: BLEU leaves out the orders that it is too short for, as ``sentence_bleu`` does."""
    if not isinstance(package, BLEU):
        return package
    kept = {"lowercase": package.lowercase, "max_ngram_order": package.max_ngram_order}
    method = {"smooth_method": package.smooth_method, "tokenize": package.tokenizer_signature}
    return BLEU(**kept, **method, effective_order=True)


@pytest.mark.parametrize("stemmer", [False, True])
def test_rouge_is_that_of_rouge_score(stemmer: bool) -> None:
    names = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    scorer = RougeScorer(names, use_stemmer=stemmer)
    expected = [scorer.score(known, said) for said, known in zip(SAID, KNOWN, strict=True)]
    found = fm.rouge(SAID, KNOWN, measures=names, stemmer=stemmer, per_row=True)
    means = fm.rouge(SAID, KNOWN, measures=names, stemmer=stemmer)
    for name in names:
        values = [row[name].fmeasure for row in expected]
        assert found[name].tolist() == values
        assert means[name] == pytest.approx(np.mean(values), abs=1e-15)


def test_error_rates_are_those_of_jiwer_and_rapidfuzz() -> None:
    said, known = SAID[:2] + SAID[3:], KNOWN[:2] + KNOWN[3:]
    assert fm.wer(said, known) == jiwer.wer(known, said)
    assert fm.cer(said, known) == jiwer.cer(known, said)
    assert fm.wer(said, known, per_row=True).tolist() == list(map(jiwer.wer, known, said))
    similar = list(map(Levenshtein.normalized_similarity, known, said))
    assert fm.edit_similarity(said, known, per_row=True).tolist() == similar


def test_answers_are_judged_as_by_squad() -> None:
    assert fm.exact_match(["The cat!", "dog", "a"], ["cat", "a Dog.", "b"]) == 2 / 3
    assert fm.token_f1(["the cat sat down"], ["cat sat up there"]) == pytest.approx(4 / 7)
    assert fm.token_f1(["x", "y z"], [["a", "x"], ["z"]], per_row=True).tolist() == [1.0, pytest.approx(2 / 3)]


@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, lambda texts: np.array(texts, dtype=object), pl.Series, pa.array, pa.chunked_array]
)
def test_texts_come_in_any_array(kind: Any) -> None:
    given = ([SAID], [KNOWN]) if kind is pa.chunked_array else (SAID, KNOWN)
    assert fm.bleu(*map(kind, given)) == fm.bleu(predictions=SAID, references=KNOWN) == fm.bleu(SAID, reference=KNOWN)


def test_texts_come_as_series_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    assert fm.bleu(pandas.Series(SAID), pandas.Series(KNOWN)) == fm.bleu(SAID, KNOWN)


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ((["a"],), TypeError, "references= must be a list"),
        (("a", ["a"]), TypeError, "one text, 'a'"),
        ((["a"], ["a", "b"]), DataError, "1 rows and references 2"),
        (([], []), DataError, "no rows"),
        ((["a", None], ["a", "b"]), DataError, "null in row 1"),
        (([1], ["a"]), SchemaError, "text is needed"),
        ((["a"], [1]), SchemaError, "text or a list is needed"),
        ((["a b", "b"], [["a b"], []]), DataError, "without a reference in row 1"),
        ((["a b", "b"], [["a b"], [None]]), DataError, "without a reference in row 1"),
        ((["a"], [[]]), DataError, "without a reference in row 0"),
        ((["a"], pl.Series([[None]], dtype=pl.Array(pl.String, 1))), DataError, "without a reference in row 0"),
    ],
)
def test_what_is_no_text_is_refused(arguments: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        fm.bleu(*arguments)


@pytest.mark.parametrize(
    "name", ["bleu", "cer", "chrf", "edit_similarity", "exact_match", "rouge", "ter", "token_f1", "wer"]
)
def test_two_names_of_references_are_refused(name: str) -> None:
    with pytest.raises(SchemaError, match="two names of one argument"):
        getattr(fm, name)(["a"], references=["a"], reference=["a"])


def test_a_list_without_tokens_is_an_empty_text() -> None:
    assert fm.wer([["a", "b"], ["c"]], [[], ["c"]], tokenize="tokens") == 2.0


@pytest.mark.parametrize(
    ("measures", "said"),
    [
        (["bleu"], "unknown measure of ROUGE 'bleu'"),
        (["rouge_l"], "did you mean 'rougeL'"),
        ("rougeL", r"give a list, such as measures=\['rougeL'\]"),
        (3, "measures=3 is no list"),
        ([["rougeL"]], "unknown measure of ROUGE"),
    ],
)
def test_rouge_takes_a_list_of_its_own_measures(measures: Any, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        fm.rouge(["a"], ["a"], measures=measures)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_judged_alone_or_not(name: str) -> None:
    with pytest.raises(SchemaError, match="per_row='no' is neither True nor False"):
        getattr(fm, name)(["a"], ["a"], per_row="no")


def test_measures_of_rouge_come_one_after_the_other_too() -> None:
    names = ["rouge1", "rougeL"]
    assert fm.rouge(SAID, KNOWN, measures=(name for name in names)) == fm.rouge(SAID, KNOWN, measures=names)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (pl.Series([[2**64 - 1]], dtype=pl.List(pl.UInt64)), pl.Series([[-1]])),
        (pl.Series([["aaaaaaaa"]]), pl.Series([[0x6161616161616161]])),
        (pl.Series([[1, 2]]), pl.Series([["1", "2"]])),
    ],
)
def test_tokens_that_are_never_equal_are_refused(said: pl.Series, known: pl.Series) -> None:
    with pytest.raises(SchemaError, match="do not compare; cast both"):
        fm.wer(said, known, tokenize="tokens")
    log = pl.DataFrame({"said": said, "known": known})
    with pytest.raises(SchemaError, match="do not compare; cast both"):
        fm.text_significance(log, hypotheses=["said"], reference="known", measures=["wer"], tokenize="tokens")


def test_integers_of_any_width_compare() -> None:
    said, known = pl.Series([[7, 2]], dtype=pl.List(pl.UInt64)), pl.Series([[7, 3]], dtype=pl.List(pl.UInt8))
    assert fm.wer(said, known, tokenize="tokens") == 0.5
    assert fm.wer(pl.Series([[7, -2]], dtype=pl.List(pl.Int8)), known, tokenize="tokens") == 0.5
