"""ROUGE (Lin 2004), as rouge_score computes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Integers
from fastmetrics.metric import Metric
from fastmetrics.texts.bounds import aligned_lengths, most_aligned
from fastmetrics.texts.chunks import Chunk, Ids
from fastmetrics.texts.lines import lines
from fastmetrics.texts.measure import Measure
from fastmetrics.texts.ngrams import ngrams, pair_matches
from fastmetrics.texts.options import Options
from fastmetrics.texts.ratios import beside_totals, ratios

__all__ = ["ROUGE"]

ORDERS = range(1, 10)
PARTS = ("precision", "recall", "f")


def tokeniser(options: Options) -> tuple[str, bool]:
    """rouge_score's words, or the tokens of the tokeniser that was asked for, of texts in lower case."""
    name = options.tokenize or "rouge"
    return f"{name}_stemmed" if options.stemmer else name, options.tokenize is not None


def common_ngrams(chunk: Chunk, options: Options, order: int) -> Integers:
    """Of each pair the n-grams in common, and those of either side."""
    ids = chunk.ids(*tokeniser(options))
    if np.diff(ids.reference_offsets).max(initial=0) > kernels.texts.masked_ngrams.MOST_TOKENS:
        found = pair_matches(chunk, ngrams(chunk, *tokeniser(options), order))
    else:
        found = masked_matches(chunk, ids, order)
    return beside_totals(found, ids.hypothesis_offsets, ids.reference_offsets, chunk, order)


def masked_matches(chunk: Chunk, ids: Ids, order: int) -> Integers:
    """Of each pair the n-grams in common, where no reference is long: no n-gram needs a number."""
    found = np.empty(len(chunk.pairs.rows), np.int64)
    kernels.texts.masked_ngrams.count_masked_ngrams(
        *(ids.references, ids.reference_offsets, chunk.set_offsets),
        *(ids.hypotheses, ids.hypothesis_offsets, chunk.row_offsets),
        *(ids.types, order, found),
    )
    return found


def common_subsequence(chunk: Chunk, options: Options, measure: str = "rougeL") -> Integers:
    """Of each pair the length of the longest common subsequence, and the tokens of either side."""
    ids, found = chunk.ids(*tokeniser(options)), np.empty(len(chunk.pairs.rows), np.int64)
    sides = ids.hypothesis_offsets, ids.reference_offsets
    aligned_lengths(measure, np.diff(sides[0]), np.diff(sides[1]), chunk, options)
    kernels.texts.lcs.lcs_lengths(
        *(ids.references, ids.reference_offsets, chunk.set_offsets),
        *(ids.hypotheses, ids.hypothesis_offsets, chunk.row_offsets),
        *(ids.types, most_aligned(options), found),
    )
    return beside_totals(found, *sides, chunk, most=most_aligned(options))


def common_unions(chunk: Chunk, options: Options) -> Integers:
    """Of each pair the tokens in the unions of common subsequences of lines, and the tokens of either side."""
    of, found = lines(chunk), np.empty(len(chunk.pairs.rows), np.int64)
    if of.chunk is chunk:  # of two single lines the union is one subsequence
        return common_subsequence(chunk, options, "rougeLsum")
    ids = of.chunk.ids(*tokeniser(options))
    sides = ids.hypothesis_offsets[of.hypotheses], ids.reference_offsets[of.references]
    lengths = np.diff(sides[0]), np.diff(sides[1])
    hypotheses, references = aligned_lengths("rougeLsum", *lengths, chunk, options)
    kernels.texts.unions.union_matches(
        *(ids.references, *cut_lines(ids.reference_offsets, of.references, references)),
        *(of.references, chunk.set_offsets),
        *(ids.hypotheses, *cut_lines(ids.hypothesis_offsets, of.hypotheses, hypotheses)),
        *(of.hypotheses, chunk.row_offsets, ids.types, found),
    )
    return beside_totals(found, *sides, chunk, most=most_aligned(options))


def cut_lines(offsets: Integers, lines: Integers, lengths: Integers) -> tuple[Integers, Integers]:
    """Where each line starts and ends among the first tokens of its text, so many of each text."""
    last = np.repeat(offsets[lines[:-1]] + lengths, np.diff(lines))
    return np.minimum(offsets[:-1], last), np.minimum(offsets[1:], last)


def count(chunk: Chunk, options: Options, pairwise: Callable[[Chunk, Options], Integers]) -> Integers:
    """What matches in each row, and how much there is of its hypothesis and of its best reference."""
    found = pairwise(chunk, options)
    return found if len(found) == len(chunk) else found[chunk.pairs.best(ratios(found)[:, 2])]


def measure(
    name: str, pairwise: Callable[[Chunk, Options], Integers], source: str, aliases: tuple[str, ...] = ()
) -> Measure:
    """A row of ROUGE: the means of F, precision and recall over the rows."""
    cells = tuple(f"{name}_{part}" for part in PARTS)

    def mean(called: str, cell: str, said: str, aliases: tuple[str, ...] = ()) -> Metric:
        words = f"mean {said} of {source} (Lin 2004)"
        return Metric(called, lambda c: getattr(c, cell), lambda c: c.judged, "ratio", aliases=aliases, source=words)

    rows = (
        mean(name, cells[2], "F", aliases),
        mean(cells[0], cells[0], "precision"),
        mean(cells[1], cells[1], "recall"),
    )
    return Measure(
        name,
        partial(count, pairwise=pairwise),
        lambda options: rows,
        exacts=lambda options: cells,
        ratios=ratios,
        tokeniser=tokeniser,
    )


ROUGE = (
    *(measure(f"rouge{order}", partial(common_ngrams, order=order), f"common {order}-grams") for order in ORDERS),
    measure("rougeL", common_subsequence, "longest common subsequences", ("rouge_l",)),
    measure("rougeLsum", common_unions, "unions of longest common subsequences of lines", ("rouge_lsum",)),
)
