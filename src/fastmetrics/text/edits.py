"""Edit distances: word and character error rates."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Integers
from fastmetrics.metrics import Metric
from fastmetrics.text.bounds import aligned_lengths, most_tokens
from fastmetrics.text.characters import characters
from fastmetrics.text.chunks import Chunk, Ids
from fastmetrics.text.measure import Measure
from fastmetrics.text.options import Options

__all__ = ["CER", "WER"]


def words(chunk: Chunk, options: Options) -> Ids:
    """The tokens that ``tokenize`` names, else words as jiwer has them."""
    return chunk.ids(options.tokenize or "words", options.lowercase)


def stripped_characters(chunk: Chunk, options: Options) -> Ids:
    return characters(chunk, "stripped")


def pair_distances(chunk: Chunk, ids: Ids, options: Options) -> Integers:
    """The Levenshtein distance of each row from each of its references, in the order of ``chunk.pairs``."""
    kernel = kernels.text.levenshtein
    padding = np.full(2 * kernel.LATE, -1, np.int32)
    distances = np.empty(len(chunk.pairs.rows), np.int64)
    kernel.edit_distances(
        *((ids.references + 1) * kernel.LANES, ids.reference_offsets, chunk.set_offsets),
        (np.concatenate([padding, ids.hypotheses, padding]) + 1) * kernel.LANES,
        *(ids.hypothesis_offsets + len(padding), chunk.row_offsets, chunk.pairs.offsets),
        *(int(ids.types.max(initial=0)) + 1, most_tokens(options), distances),
    )
    return distances


def counting(measure: str, split: Callable[[Chunk, Options], Ids]) -> Callable[[Chunk, Options], Integers]:
    """What counts the edits of each row, and the tokens of its closest reference and its own."""

    def count(chunk: Chunk, options: Options) -> Integers:
        ids = split(chunk, options)
        lengths = np.diff(ids.hypothesis_offsets), np.diff(ids.reference_offsets)
        hypotheses, references = aligned_lengths(measure, *lengths, chunk, options)
        distances = pair_distances(chunk, ids, options)
        tokens = references[chunk.pairs.references]
        pairs = chunk.pairs.best(-distances / np.maximum(tokens, 1))
        return np.column_stack([distances[pairs], tokens[pairs], hypotheses])

    return count


def error_rate(name: str, tokens: str, split: Callable[[Chunk, Options], Ids]) -> Measure:
    """Edits a token of the references; where those have none at all, the tokens of the hypotheses, as jiwer says."""
    edits, reference, hypothesis = f"{name}_edits", f"{name}_reference", f"{name}_hypothesis"
    metric = Metric(
        name,
        lambda c: getattr(c, edits),
        lambda c: getattr(c, reference) + (getattr(c, reference) == 0) * (c.judged > 0),
        "ratio",
        range=(0, inf),
        better="lower",
        scale="ratio",
        source=f"insertions, deletions and substitutions of {tokens} / {tokens} of references, as jiwer",
    )
    return Measure(
        name, counting(name, split), lambda options: (metric,), lambda options: (edits, reference, hypothesis)
    )


WER = error_rate("wer", "words", words)
CER = error_rate("cer", "characters", stripped_characters)
