"""`Measure`: a row of the table of measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastmetrics.aliases import Floats, Integers
from fastmetrics.metric import Metric
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.options import Options

__all__ = ["Measure", "any_judged"]


def any_judged(cells: Any) -> Any:
    """1 where a row is judged, and so a metric of sums defined, whatever the weights; else 0."""
    return (cells.judged > 0) * 1.0


@dataclass(frozen=True)
class Measure:
    """What is counted of each row of a text beside its references, and the metrics that are read from it.

    Attributes
    ----------
    name
        What ``measures=`` calls it, and one of its metrics, which has a value of a single row too.
    count
        The integers of each row of a chunk: int64, a row each.
    metrics
        Its metrics, over ``counts``, ``exacts`` and ``judged``, the rows that have hypothesis and reference.
    counts
        The cells that the integers are added up in, in their order; none where they only serve ``ratios``.
    exacts
        The cells that the ratios are added up in, without rounding.
    ratios
        The integers of some rows to the ratios of each: float64, one column for each of ``exacts``, NaN for none.
    references
        Whether it needs references.
    tokeniser
        The tokeniser whose texts without a token are counted beside it, and whether of texts in lower case, as
        `Chunk.tokens` takes them; None where no such count is wanted.
    tokens
        Whether it can measure tokens that came in lists.
    """

    name: str
    count: Callable[[Chunk, Options], Integers]
    metrics: Callable[[Options], tuple[Metric, ...]]
    counts: Callable[[Options], tuple[str, ...]] = lambda options: ()
    exacts: Callable[[Options], tuple[str, ...]] = lambda options: ()
    ratios: Callable[[Integers], Floats] | None = None
    references: bool = True
    tokeniser: Callable[[Options], tuple[str, bool]] | None = None
    tokens: bool = True
