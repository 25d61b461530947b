"""Edit distances: error rates of words and characters as jiwer gives them, and similarity as rapidfuzz does.

Of several references the one with the lowest rate counts, the first of equal ones: those packages know one alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import divide
from fastmetrics.metric import Metric
from fastmetrics.texts.bounds import aligned_lengths, most_aligned
from fastmetrics.texts.chunks import Chunk, Ids
from fastmetrics.texts.measure import Measure, any_judged
from fastmetrics.texts.options import Options

__all__ = ["EDITS"]

COUNTS = ("hits", "substitutions", "deletions", "insertions")
Split = Callable[[Chunk, Options], Ids]


@dataclass(frozen=True, eq=False)
class Edits:
    """Each row beside its closest reference.

    Attributes
    ----------
    ids
        The tokens of all texts.
    of
        The reference of each row, by its place in the chunk.
    distances
        Int64: how many tokens must be inserted, deleted or replaced.
    hypotheses, references
        Int64: how many tokens both have.
    """

    ids: Ids
    of: Integers
    distances: Integers
    hypotheses: Integers
    references: Integers


def tokeniser(options: Options) -> tuple[str, bool]:
    """Words as jiwer has them, or the tokens of the tokeniser that was asked for."""
    return options.tokenize or "words", options.lowercase


def words(chunk: Chunk, options: Options) -> Ids:
    return chunk.ids(*tokeniser(options))


def stripped(chunk: Chunk, options: Options) -> Ids:
    return symbols(chunk, options, True)


def kept(chunk: Chunk, options: Options) -> Ids:
    return symbols(chunk, options, False)


def symbols(chunk: Chunk, options: Options, strip: bool) -> Ids:
    """The characters of both sides as numbers, with white space at both ends or without.

    The numbers are those of the whole chunk, and no character is -1.
    """
    kernel, size = kernels.texts.symbols, kernels.texts.characters.PAGES
    pages, slots = np.full(size + 1, -1, np.int32), np.empty(size << 8, np.int32)
    pages[size], numbers = 0, kernel.ASCII
    sides: list[tuple[NDArray[np.int32], Integers]] = []
    for texts in (chunk.texts("references", options.lowercase), chunk.texts("hypotheses", options.lowercase)):
        ids, offsets = np.empty(len(texts.data), np.int32), np.empty(len(texts.offsets), np.int64)
        numbers = kernel.number_symbols(texts.data, texts.offsets, strip, pages, slots, numbers, ids, offsets)
        sides.append((ids[: offsets[-1]], offsets))
    return Ids(*sides[0], *sides[1], np.full(len(chunk.set_offsets) - 1, numbers, np.int32))


def reference_rate(distances: Integers, hypotheses: Integers, references: Integers) -> Floats:
    """Edits a token of the reference; all edits where that has none, as jiwer says."""
    rates: Floats = distances / np.maximum(references, 1)
    return rates


def longer_rate(distances: Integers, hypotheses: Integers, references: Integers) -> Floats:
    """Edits a token of the longer text; 0 where both have none."""
    rates: Floats = distances / np.maximum(np.maximum(hypotheses, references), 1)
    return rates


def pair_distances(chunk: Chunk, ids: Ids, options: Options) -> Integers:
    """The Levenshtein distance of each row from each of its references, in the order of ``chunk.pairs``."""
    distances = np.empty(len(chunk.pairs.rows), np.int64)
    kernels.texts.levenshtein.edit_distances(
        *(ids.references, ids.reference_offsets, chunk.set_offsets),
        *(ids.hypotheses, ids.hypothesis_offsets, chunk.row_offsets, chunk.pairs.offsets),
        *(int(ids.types.max(initial=0)), most_aligned(options), distances),
    )
    return distances


def edits(chunk: Chunk, options: Options, measure: str, split: Split, rate: Callable[..., Floats]) -> Edits:
    """Each row of a chunk beside its closest reference; ``measure`` is what asks."""
    ids, pairs = split(chunk, options), chunk.pairs
    lengths = np.diff(ids.hypothesis_offsets), np.diff(ids.reference_offsets)
    hypotheses, references = aligned_lengths(measure, *lengths, chunk, options)
    distances, references = pair_distances(chunk, ids, options), references[pairs.references]
    best = pairs.best(-rate(distances, hypotheses[pairs.rows], references))
    return Edits(ids, pairs.references[best], distances[best], hypotheses, references[best])


def word_edits(chunk: Chunk, options: Options, measure: str) -> Edits:
    """Words of each row beside those of its closest reference."""
    return chunk.once("word edits", lambda: edits(chunk, options, measure, words, reference_rate))


def sums(found: Edits) -> Integers:
    return np.column_stack([found.distances, found.references, found.hypotheses])


def count_words(chunk: Chunk, options: Options) -> Integers:
    return sums(word_edits(chunk, options, "wer"))


def count_characters(chunk: Chunk, options: Options) -> Integers:
    return sums(edits(chunk, options, "cer", stripped, reference_rate))


def count_similar(chunk: Chunk, options: Options) -> Integers:
    """The distance of each row from its closest reference, and the characters of the longer of both."""
    found = edits(chunk, options, "edit_similarity", kept, longer_rate)
    return np.column_stack([found.distances, np.maximum(found.hypotheses, found.references)])


def count_edits(chunk: Chunk, options: Options, measure: str) -> Integers:
    """Words that are right, and those replaced, deleted and inserted, on the path that rapidfuzz takes."""
    return chunk.once("edit counts", lambda: path_edits(chunk, options, measure))


def path_edits(chunk: Chunk, options: Options, measure: str) -> Integers:
    found = word_edits(chunk, options, measure)
    ids, counts = found.ids, [np.empty(len(chunk), np.int64) for _ in COUNTS[1:]]
    kernels.texts.edit_paths.count_edits(
        *(ids.references, ids.reference_offsets, ids.hypotheses, ids.hypothesis_offsets, found.of, found.distances),
        *(int(ids.types.max(initial=0)), most_aligned(options), *counts),
    )
    return np.column_stack([found.references - counts[0] - counts[1], *counts])


def error_rate(
    name: str,
    tokens: str,
    count: Callable[[Chunk, Options], Integers],
    tokeniser: Callable[[Options], tuple[str, bool]] | None = None,
) -> Measure:
    """Edits a token of the references; where those have none at all, the tokens of the hypotheses, as jiwer says."""
    cells = f"{name}_edits", f"{name}_reference", f"{name}_hypothesis"
    metric = Metric(
        name,
        lambda c: getattr(c, cells[0]),
        lambda c: at_least_one(getattr(c, cells[1]), c),
        "ratio",
        range=(0, inf),
        better="lower",
        aliases=(f"{tokens.removesuffix('s')}_error_rate",),
        scale="ratio",
        source=f"insertions, deletions and substitutions of {tokens} / {tokens} of references, as jiwer",
    )
    return Measure(
        name,
        count,
        lambda options: (metric,),
        lambda options: cells,
        tokens=tokeniser is not None,
        tokeniser=tokeniser,
    )


def at_least_one(tokens: Any, c: Any) -> Any:
    """A number of tokens; 1 for none, and 0 without any row."""
    return tokens + (tokens == 0) * (c.judged > 0)


def preserved(c: Any) -> Any:
    """Word information preserved: the share of words of both sides that are right; 1 where both have none."""
    right = c.word_hits
    of_references, of_hypotheses = right + c.word_substitutions + c.word_deletions, right + c.word_substitutions
    return divide(right, of_references, 1) * divide(right, of_hypotheses + c.word_insertions, 1)


def of_words(name: str, *metrics: Metric) -> Measure:
    """A measure of the words that are right, replaced, deleted and inserted."""
    return Measure(
        name,
        partial(count_edits, measure=name),
        lambda options: metrics,
        lambda options: tuple(f"word_{count}" for count in COUNTS),
        tokeniser=tokeniser,
    )


def cell(name: str) -> Metric:
    return Metric(
        name,
        lambda c: getattr(c, f"word_{name}"),
        range=(0, inf),
        better="higher" if name == "hits" else "lower",
        scale="count",
        source=f"words: {name} of the edit path that rapidfuzz takes, as jiwer counts them",
    )


# fmt: off
WER = error_rate("wer", "words", count_words, tokeniser)
CER = error_rate("cer", "characters", count_characters)
MER = of_words(
    "mer",
    Metric("mer", lambda c: c.word_substitutions + c.word_deletions + c.word_insertions,
           lambda c: at_least_one(c.word_hits + c.word_substitutions + c.word_deletions + c.word_insertions, c),
           "ratio", better="lower", aliases=("match_error_rate",),
           source="match error rate (Morris et al. 2004), as jiwer"),
)
WIL = of_words(
    "wil",
    Metric("wil", lambda c: 1 - preserved(c), any_judged, better="lower",
           aliases=("word_information_lost",), source="word information lost (Morris et al. 2004), as jiwer"),
    Metric("wip", preserved, any_judged, aliases=("word_information_preserved",),
           source="word information preserved (Morris et al. 2004), as jiwer"),
)
SIMILARITY = Measure(
    "edit_similarity",
    count_similar,
    lambda options: (
        Metric("edit_similarity", lambda c: c.edit_similarity_sum, lambda c: c.judged, "ratio",
               source="mean of 1 - edits / characters of the longer text, as rapidfuzz"),
    ),
    exacts=lambda options: ("edit_similarity_sum",),
    ratios=lambda found: 1.0 - (found[:, :1] / np.maximum(found[:, 1:], 1)),
    tokens=False,
)
# fmt: on
EDITS = (WER, CER, MER, WIL, *(of_words(name, cell(name)) for name in COUNTS), SIMILARITY)
