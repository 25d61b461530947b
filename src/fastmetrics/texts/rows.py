"""What measures count of each row of a block, under the names of the cells that it is added up in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fastmetrics.aliases import Floats, Integers, Mask
from fastmetrics.metric import Cells, Metric, find, value
from fastmetrics.texts.blocks import Block
from fastmetrics.texts.chunks import Chunk, Side
from fastmetrics.texts.measure import Measure
from fastmetrics.texts.options import Options
from fastmetrics.texts.tokenisers import TOKENISERS

__all__ = ["Measured", "count_cells", "count_rows", "row_values", "tokenless_cell"]

SIDES: tuple[Side, Side] = ("hypotheses", "references")


@dataclass(frozen=True, eq=False)
class Measured:
    """What some measures count of each row: int64 and float64, 0 where a row lacks a text that they look at.

    Attributes
    ----------
    predicted, judged
        Whether a row has a hypothesis, and whether it has a reference too.
    counts, exacts
        The values of each cell by its name.
    """

    predicted: Mask
    judged: Mask
    counts: dict[str, Integers]
    exacts: dict[str, Floats]


def count_rows(block: Block, measures: Sequence[Measure], options: Options) -> Measured:
    """What the measures count of each row of a block."""
    rows = len(block)
    counts = {name: np.zeros(rows, np.int64) for name in count_cells(measures, options)}
    exacts = {name: np.zeros(rows) for measure in measures for name in measure.exacts(options)}
    for part, chosen in parts(block, measures):
        for at, chunk in part.chunks():
            for measure in chosen:
                integers = measure.count(chunk, options)
                for place, name in enumerate(measure.counts(options)):
                    counts[name][at] = integers[:, place]
                ratios = () if measure.ratios is None else measure.ratios(integers).T
                for name, ratio in zip(measure.exacts(options), ratios, strict=True):
                    exacts[name][at] = ratio
            for tokeniser, lowercase in dropping_tokenisers(chosen, options):
                counts[tokenless_cell(tokeniser)][at] = tokenless(chunk, tokeniser, lowercase)
    return Measured(block.predicted, block.predicted & block.labelled, counts, exacts)


def parts(block: Block, measures: Sequence[Measure]) -> Iterator[tuple[Block, list[Measure]]]:
    """The rows with a reference for the measures that need one, and all answers for the others."""
    for referenced, rows in ((True, block), (False, replace(block, references=()))):
        chosen = [measure for measure in measures if measure.references == referenced]
        if chosen:
            yield rows, chosen


def count_cells(measures: Sequence[Measure], options: Options) -> list[str]:
    """The count cells of some measures, each once, and those of texts without a token."""
    names = [name for measure in measures for name in measure.counts(options)]
    return list(
        dict.fromkeys([*names, *(tokenless_cell(tokeniser) for tokeniser, _ in dropping_tokenisers(measures, options))])
    )


def dropping_tokenisers(measures: Sequence[Measure], options: Options) -> list[tuple[str, bool]]:
    """The tokenisers of some measures that can leave a text without a token."""
    if options.tokenize == "tokens":
        return []
    used = dict.fromkeys(measure.tokeniser(options) for measure in measures if measure.tokeniser is not None)
    return [split for split in used if TOKENISERS[split[0]].reads]


def tokenless_cell(tokeniser: str) -> str:
    """The cell that counts rows with a text of which a tokeniser makes no token."""
    return f"tokenless_{tokeniser}"


def tokenless(chunk: Chunk, tokeniser: str, lowercase: bool) -> Mask:
    """Whether the hypothesis or a reference of each row has text, and no token."""
    found, references = (lost(chunk, side, tokeniser, lowercase) for side in SIDES)
    if references.any():
        found[chunk.pairs.rows[references[chunk.pairs.references]]] = True
    return found


def lost(chunk: Chunk, side: Side, tokeniser: str, lowercase: bool) -> Mask:
    """Whether each text has other than white space, and no token."""
    found: Mask = (chunk.tokens(side, tokeniser, lowercase).lengths == 0) & (np.diff(chunk.texts(side).offsets) > 0)
    return found & (chunk.tokens(side, "none").lengths > 0) if found.any() else found


def row_values(measured: Measured, metric: str, rows: Sequence[Metric], alone: bool = False) -> Floats:
    """A metric of each row by itself; NaN where the metric is undefined, or a text is missing: of those that are
    measured ``alone`` only the hypothesis.
    """
    row, looked_at = find(metric, rows), measured.predicted if alone else measured.judged
    with np.errstate(all="ignore"):
        cells = {"judged": looked_at.astype(np.float64), **measured.counts, **measured.exacts}
        values = value(row, Cells(cells))
    return np.where(looked_at, values, np.nan)
