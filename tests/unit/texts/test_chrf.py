"""chrF of rows beside its plain definition; tests/parity/test_chrf.py compares with sacrebleu."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastmetrics import kernels
from fastmetrics.metric import Cells, value
from fastmetrics.texts.chrf import CHRF
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows, row_values
from fastmetrics.texts.strings import Strings
from fastmetrics.texts.tokenisers import TOKENISERS
from oracle_chrf import chrf, chrf_counts, words
from texts import block_of

PIECES = ["the", "cat", " ", "  ", "\u3000", "(", ")", ".", "naïve", "東京", "!", "'s", "\0", "😀", "a", "b"]


def drawn(draw: random.Random) -> str:
    return "".join(draw.choices(PIECES, k=draw.randrange(30)))


@pytest.mark.parametrize("options", [Options(), Options(char_order=3, word_order=2), Options(whitespace=True)])
def test_integers_and_score_of_each_row_are_those_of_the_definition(options: Options) -> None:
    draw = random.Random(1)
    hypotheses, references = [[drawn(draw) for _ in range(200)] for _ in range(2)]
    measured = count_rows(block_of(hypotheses, [[text] for text in references]), [CHRF], options)
    found = np.column_stack([measured.counts[name] for name in CHRF.counts(options)]).tolist()
    orders = options.char_order, options.word_order, options.whitespace
    expected = [chrf_counts(*pair, *orders) for pair in zip(hypotheses, references, strict=True)]
    assert found == expected
    scores = row_values(measured, "chrf", CHRF.metrics(options))
    assert scores == pytest.approx([chrf(counts) for counts in expected], rel=1e-14)


def test_the_reference_with_the_best_score_counts_and_of_equals_the_first() -> None:
    references = [["abc", "abcd", "abcde"], ["xx", "yyy"]]
    measured = count_rows(block_of(["abcd", "zz"], references), [CHRF], Options(char_order=1))
    assert [measured.counts[name].tolist() for name in CHRF.counts(Options(char_order=1))] == [[4, 2], [4, 2], [4, 0]]
    assert row_values(measured, "chrf", CHRF.metrics(Options(char_order=1))).tolist() == [100, 0]


def test_hypotheses_count_only_where_the_reference_has_ngrams() -> None:
    measured = count_rows(block_of(["abcd"], [["ab"]]), [CHRF], Options(char_order=3))
    assert [int(measured.counts[name][0]) for name in CHRF.counts(Options(char_order=3))] == [4, 2, 2, 3, 1, 1, 0, 0, 0]


def test_chrf_is_null_without_judged_rows_and_nought_of_empty_texts() -> None:
    measured = count_rows(block_of([None, "a", ""], [["a"], None, [""]]), [CHRF], Options())
    row = CHRF.metrics(Options())[0]
    assert np.array_equal(row_values(measured, "chrf", (row,)), [np.nan, np.nan, 0], equal_nan=True)
    nothing = {name: np.zeros(1) for name in ("judged", *CHRF.counts(Options()))}
    assert np.isnan(value(row, Cells(nothing)))


@pytest.mark.parametrize("compiled", [True, False])
def test_words_of_chrf_have_a_mark_at_one_end_split_off(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    part = kernels.texts.punctuation.part_punctuation
    if not compiled:
        monkeypatch.setattr(kernels.texts.punctuation, "part_punctuation", part.py_func)
    draw = random.Random(2)
    texts = ["(hi) ((a)) . .. é) (é 東. .東 !", *(drawn(draw) for _ in range(100))]
    found = TOKENISERS["chrf"].split(Strings.of(texts)).to_list()
    assert found == [[word.encode() for word in words(text)] for text in texts]


def test_the_signature_says_what_sacrebleu_says() -> None:
    options = Options(references=2, char_order=5, word_order=2, lowercase=True, whitespace=True, eps_smoothing=True)
    (row,) = CHRF.metrics(options)
    assert row.signature == "nrefs:2|case:lc|eff:no|nc:5|nw:2|space:yes|version:2.6.0"
    (row,) = CHRF.metrics(Options())
    assert row.signature == "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"
