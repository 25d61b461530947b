"""What is counted of texts, in plain Python: slow and obvious."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import jiwer
from rapidfuzz.distance import Levenshtein
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF, TER

import oracle_edits
import oracle_squad

PARTS = ("hits", "substitutions", "deletions", "insertions")


def ngrams(tokens: Sequence[Hashable], order: int) -> list[tuple[Hashable, ...]]:
    """The n-grams of an order, in their order."""
    return [tuple(tokens[at : at + order]) for at in range(len(tokens) - order + 1)]


def distinct_ngrams(tokens: Sequence[Hashable], order: int) -> tuple[int, int]:
    """How many distinct n-grams there are, and how many in all."""
    found = ngrams(tokens, order)
    return len(set(found)), len(found)


def text_metrics(hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Every metric of the family of texts, of answers without null beside one reference each."""
    rows = list(zip(hypotheses, references, strict=True))
    bleu = BLEU().corpus_score(hypotheses, [references])
    words = jiwer.process_words(list(references), list(hypotheses))
    tokens = [hypothesis.split() for hypothesis in hypotheses]
    found: dict[str, float] = {
        "bleu": bleu.score,
        "bleu_brevity_penalty": bleu.bp,
        "bleu_length_ratio": bleu.sys_len / bleu.ref_len,
        **{f"bleu_precision_{order}": precision for order, precision in enumerate(bleu.precisions, 1)},
        "chrf": CHRF().corpus_score(hypotheses, [references]).score,
        "ter": TER().corpus_score(hypotheses, [references]).score,
        "exact_match": sum(oracle_squad.exact_match(*row) for row in rows) / len(rows),
        "token_f1": math.fsum(oracle_squad.token_f1(*row) for row in rows) / len(rows),
        "wer": jiwer.wer(list(references), list(hypotheses)),
        "cer": jiwer.cer(list(references), list(hypotheses)),
        **{name: getattr(words, name) for name in (*PARTS, "mer", "wil", "wip")},
        "edit_similarity": math.fsum(Levenshtein.normalized_similarity(*row) for row in rows) / len(rows),
        "length_ratio": sum(map(len, tokens)) / sum(len(reference.split()) for reference in references),
        "empty_rate": sum(hypothesis == "" for hypothesis in hypotheses) / len(rows),
        "label_coverage": 1.0,
        "answer_rate": 1.0,
    }
    names = [*(f"rouge{order}" for order in range(1, 10)), "rougeL", "rougeLsum"]
    scorer = RougeScorer(names)
    scored = [scorer.score(reference, hypothesis) for hypothesis, reference in rows]
    for name in names:
        for part, suffix in (("precision", "_precision"), ("recall", "_recall"), ("fmeasure", "")):
            values = [getattr(score[name], part) for score in scored]
            found[name + suffix] = math.fsum(values) / len(values)
    for order in range(1, 5):
        distinct, total = map(sum, zip(*(distinct_ngrams(text, order) for text in tokens), strict=True))
        found[f"distinct{order}"] = distinct / total
    return {**found, "repetition": 1 - found["distinct4"]}


def text_row(hypothesis: str | None, reference: str | None) -> tuple[tuple[object, ...], dict[str, object]]:
    """What a row adds to the cells of `wer`, `distinct2` and `length_ratio`."""
    missing = ("unpredicted" if hypothesis is None else "", "unlabelled" if reference is None else "")
    state = "_".join(filter(None, reversed(missing))) or "judged"
    counts = {"empty": int(hypothesis == "")}
    if hypothesis is not None:
        counts["distinct2_types"], counts["distinct2_total"] = distinct_ngrams(hypothesis.split(), 2)
    if hypothesis is not None and reference is not None:
        said, known = (oracle_edits.words(text) for text in (hypothesis, reference))
        counts |= {
            "wer_edits": oracle_edits.distance(known, said),
            "wer_reference": len(known),
            "wer_hypothesis": len(said),
            "length_hypothesis": len(hypothesis.split()),
            "length_reference": len(reference.split()),
        }
    return (), {state: 1, **{name: value for name, value in counts.items() if value}}
