"""Edit distances of random texts in large, beside jiwer and rapidfuzz."""

from __future__ import annotations

import random

import jiwer
from rapidfuzz.distance import Levenshtein

from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows
from hostile_texts import hostile_text, like
from texts import block_of

ROUNDS, ROWS = 40, 300
NAMES = ("wer", "cer", "mer", "edit_similarity")
COUNTS = ("hits", "substitutions", "deletions", "insertions")


def pair(drawn: random.Random) -> tuple[str, str]:
    """A reference and a hypothesis: hostile, or of few words and long enough to be split."""
    if drawn.random() < 0.9:
        reference = hostile_text(drawn)
        return reference, like(drawn, reference) if drawn.random() < 0.7 else hostile_text(drawn)
    words = [str(number) for number in range(drawn.choice([2, 9, 400]))]
    reference = drawn.choices(words, k=drawn.randrange(drawn.choice([100, 700, 4000])))
    rate = drawn.random()
    said = [drawn.choice([word, "x", f"{word} y", ""]) if drawn.random() < rate else word for word in reference]
    return " ".join(reference), " ".join(said)


def test_random_rows_are_those_of_jiwer_and_rapidfuzz(drawn: random.Random) -> None:
    for _ in range(ROUNDS):
        references, hypotheses = zip(*(pair(drawn) for _ in range(ROWS)), strict=True)
        rows = block_of(hypotheses, [[one] for one in references])
        found = count_rows(rows, [MEASURES[name] for name in NAMES], Options())
        for row, (reference, hypothesis) in enumerate(zip(references, hypotheses, strict=True)):
            words = jiwer.process_words(reference, hypothesis)
            characters = jiwer.process_characters(reference, hypothesis)
            expected = {
                **{f"word_{count}": getattr(words, count) for count in COUNTS},
                "wer_edits": words.substitutions + words.deletions + words.insertions,
                "cer_edits": characters.substitutions + characters.deletions + characters.insertions,
            }
            assert {name: found.counts[name][row] for name in expected} == expected, ascii((reference, hypothesis))
            similarity = Levenshtein.normalized_similarity(reference, hypothesis)
            assert found.exacts["edit_similarity_sum"][row] == similarity, ascii((reference, hypothesis))
