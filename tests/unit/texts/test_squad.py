"""Exact match and token F1, beside the definitions of SQuAD's script."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from fastmetrics import kernels
from fastmetrics.metric import Cells, value
from fastmetrics.texts.articles import normal_answers
from fastmetrics.texts.lowercase import lowered
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows, row_values
from fastmetrics.texts.strings import Strings
from hostile_texts import hostile_text, like
from oracle_squad import exact_match, normal, token_f1
from texts import block_of

BOTH = [MEASURES["exact_match"], MEASURES["token_f1"]]
ARTICLES = [
    "a",
    "an",
    "the",
    "The",
    "A\u0301",
    "the\u00e9",
    "the\u2019s x",
    "an_",
    "-the-",
    "\0a\x7f",
    "a1",
    "than",
    "\u00aaa",
]


def answers(draw: random.Random, count: int) -> tuple[list[str], list[list[str]]]:
    """Answers that are like one of their references, or equal but for what the script does not look at."""
    hypotheses, references = [], []
    for _ in range(count):
        texts = [hostile_text(draw)[:400] for _ in range(draw.choice([1, 1, 2, 3]))]
        texts[0] = " ".join([*draw.choices(ARTICLES, k=draw.randrange(4)), texts[0]])
        one = draw.choice(texts)
        hypotheses.append(draw.choice([one, one.upper(), f"The {one}!", like(draw, one), draw.choice(ARTICLES), ""]))
        references.append(texts)
    return hypotheses, references


def test_values_are_those_of_the_script() -> None:
    hypotheses, references = answers(random.Random(1), 800)
    measured = count_rows(block_of(hypotheses, references), BOTH, Options())
    pairs = list(zip(hypotheses, references, strict=True))
    equal = [max(exact_match(answer, text) for text in texts) for answer, texts in pairs]
    scores = [max(token_f1(answer, text) for text in texts) for answer, texts in pairs]
    assert measured.counts["exact_match"].tolist() == equal
    assert measured.exacts["token_f1"].tolist() == scores
    assert 100 < sum(equal) < 700
    cells = {"judged": len(pairs), "exact_match": sum(equal), "token_f1": math.fsum(scores)}
    for measure, whole in zip(BOTH, (sum(equal), math.fsum(scores)), strict=True):
        (metric,) = measure.metrics(Options())
        assert value(metric, Cells({name: np.array([float(cell)]) for name, cell in cells.items()})) == whole / len(
            pairs
        )


@pytest.mark.slow
def test_articles_are_words_to_every_code_point() -> None:
    codes = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = [f"{code}the{code} a{code}an" for code in codes]
    found = normal_answers(lowered(Strings.of(texts))).to_list()
    assert [" ".join(text.split()) for text in found] == [normal(text) for text in texts]


@pytest.mark.parametrize(
    ("tokenize", "split"), [("char", lambda text: list(text.replace(" ", ""))), ("none", str.split)]
)
def test_other_tokens_are_split_of_the_normal_answer(tokenize: Any, split: Any) -> None:
    hypotheses, references = answers(random.Random(2), 200)
    measured = count_rows(block_of(hypotheses, references), BOTH, Options(tokenize=tokenize))
    pairs = list(zip(hypotheses, references, strict=True))
    expected = [max(token_f1(answer, text, split) for text in texts) for answer, texts in pairs]
    assert measured.exacts["token_f1"].tolist() == expected
    assert measured.counts["exact_match"].tolist() == [
        max(exact_match(said, text) for text in of) for said, of in pairs
    ]


def test_two_answers_without_words_are_equal_and_one_is_wrong() -> None:
    measured = count_rows(block_of(["the", "", "a", None], [["!"], ["x"], None, ["x"]]), BOTH, Options())
    values = [row_values(measured, measure.name, measure.metrics(Options())) for measure in BOTH]
    for found in values:
        assert np.array_equal(found, [1, 0, np.nan, np.nan], equal_nan=True)


def test_what_is_compiled_is_what_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    hypotheses, references = answers(random.Random(3), 25)
    block = block_of([text[:60] for text in hypotheses], [[text[:60] for text in texts] for texts in references])
    expected = count_rows(block, BOTH, Options())
    for module, name in [
        ("articles", "drop_punctuation"),
        ("articles", "blank_articles"),
        ("bags", "count_common"),
        ("equal", "find_equal"),
    ]:
        kernel = getattr(kernels.texts, module)
        monkeypatch.setattr(kernel, name, getattr(kernel, name).py_func)
    found = count_rows(block, BOTH, Options())
    assert found.counts["exact_match"].tolist() == expected.counts["exact_match"].tolist()
    assert found.exacts["token_f1"].tolist() == expected.exacts["token_f1"].tolist()
