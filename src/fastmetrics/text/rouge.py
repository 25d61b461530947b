"""ROUGE (Lin 2004), as rouge_score computes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import divide
from fastmetrics.metrics import Metric
from fastmetrics.text.bounds import aligned_lengths, most_tokens
from fastmetrics.text.chunks import Chunk, Ids
from fastmetrics.text.lines import lines
from fastmetrics.text.measure import Measure
from fastmetrics.text.ngrams import ngrams, pair_matches
from fastmetrics.text.options import Options

__all__ = ["ROUGE"]

ORDERS = range(1, 10)
PARTS = ("precision", "recall", "f")
Counted = tuple[Integers, Integers, Integers]
"""Of each of `Chunk.pairs` what matches, and how much there is of the hypothesis and of the reference."""


def tokeniser(options: Options) -> tuple[str, bool]:
    """rouge_score's words, or the tokens of the tokeniser that was asked for, of texts in lower case."""
    name = options.tokenize or "rouge"
    return f"{name}_stemmed" if options.stemmer else name, options.tokenize is not None


def common_ngrams(chunk: Chunk, options: Options, order: int) -> Counted:
    """Of each pair the n-grams in common, and those of either side."""
    ids = chunk.ids(*tokeniser(options))
    hypotheses, references = (np.maximum(lengths - order + 1, 0) for lengths in text_lengths(ids))
    found = pair_matches(chunk, ngrams(chunk, *tokeniser(options), order))
    return found, hypotheses[chunk.pairs.rows], references[chunk.pairs.references]


def common_subsequence(chunk: Chunk, options: Options) -> Counted:
    """Of each pair the length of the longest common subsequence, and the tokens of either side."""
    ids, found = chunk.ids(*tokeniser(options)), np.empty(len(chunk.pairs.rows), np.int64)
    hypotheses, references = aligned_lengths("rougeL", *text_lengths(ids), chunk, options)
    kernels.text.lcs.lcs_lengths(
        *(ids.references, ids.reference_offsets, chunk.set_offsets),
        *(ids.hypotheses, ids.hypothesis_offsets, chunk.row_offsets),
        *(ids.types, most_tokens(options), found),
    )
    return found, hypotheses[chunk.pairs.rows], references[chunk.pairs.references]


def common_unions(chunk: Chunk, options: Options) -> Counted:
    """Of each pair the tokens in the unions of common subsequences of lines, and the tokens of either side."""
    of, found = lines(chunk), np.empty(len(chunk.pairs.rows), np.int64)
    ids = of.chunk.ids(*tokeniser(options))
    lengths = np.diff(ids.hypothesis_offsets[of.hypotheses]), np.diff(ids.reference_offsets[of.references])
    hypotheses, references = aligned_lengths("rougeLsum", *lengths, chunk, options)
    kernels.text.unions.union_matches(
        *(ids.references, *cut_lines(ids.reference_offsets, of.references, references)),
        *(of.references, chunk.set_offsets),
        *(ids.hypotheses, *cut_lines(ids.hypothesis_offsets, of.hypotheses, hypotheses)),
        *(of.hypotheses, chunk.row_offsets, ids.types, found),
    )
    return found, hypotheses[chunk.pairs.rows], references[chunk.pairs.references]


def cut_lines(offsets: Integers, lines: Integers, lengths: Integers) -> tuple[Integers, Integers]:
    """Where each line starts and ends among the first tokens of its text, so many of each text."""
    last = np.repeat(offsets[lines[:-1]] + lengths, np.diff(lines))
    return np.minimum(offsets[:-1], last), np.minimum(offsets[1:], last)


def text_lengths(ids: Ids) -> tuple[Integers, Integers]:
    """How many tokens each hypothesis and each reference has."""
    return np.diff(ids.hypothesis_offsets), np.diff(ids.reference_offsets)


def count(chunk: Chunk, options: Options, pairwise: Callable[[Chunk, Options], Counted]) -> Integers:
    """What matches in each row, and how much there is of its hypothesis and of its best reference."""
    found = np.column_stack(pairwise(chunk, options))
    return found if len(found) == len(chunk) else found[chunk.pairs.best(ratios(found)[:, 2])]


def ratios(found: Integers) -> Floats:
    """Precision, recall and F of each row, by rouge_score's divisions."""
    matches, hypotheses, references = found.T
    precision, recall = matches / np.maximum(hypotheses, 1), matches / np.maximum(references, 1)
    return np.column_stack([precision, recall, divide(2 * precision * recall, precision + recall, 0)])


def measure(
    name: str, pairwise: Callable[[Chunk, Options], Counted], source: str, aliases: tuple[str, ...] = ()
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
