"""What measures count of each row of a block, under the names of the cells that it is added up in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastmetrics.aliases import Floats, Integers, Mask
from fastmetrics.metrics import Cells, Metric, find, value
from fastmetrics.texts.blocks import Block
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.measure import Measure
from fastmetrics.texts.options import Options
from fastmetrics.texts.strings import Strings, Tokens
from fastmetrics.texts.tokenisers import TOKENISERS

__all__ = ["Measured", "count_cells", "count_rows", "row_values", "tokenless_cell"]


@dataclass(frozen=True, eq=False)
class Measured:
    """What some measures count of each row: int64 and float64, 0 where a row is not judged.

    Attributes
    ----------
    judged
        Whether a row has hypothesis and reference.
    counts, exacts
        The values of each cell by its name.
    """

    judged: Mask
    counts: dict[str, Integers]
    exacts: dict[str, Floats]


def count_rows(block: Block, measures: Sequence[Measure], options: Options) -> Measured:
    """What the measures count of each row of a block."""
    rows = len(block)
    counts = {name: np.zeros(rows, np.int64) for name in count_cells(measures, options)}
    exacts = {name: np.zeros(rows) for measure in measures for name in measure.exacts(options)}
    for at, chunk in block.chunks():
        for measure in measures:
            integers = measure.count(chunk, options)
            for place, name in enumerate(measure.counts(options)):
                counts[name][at] = integers[:, place]
            ratios = () if measure.ratios is None else measure.ratios(integers).T
            for name, ratio in zip(measure.exacts(options), ratios, strict=True):
                exacts[name][at] = ratio
        for tokeniser, lowercase in splits(measures, options):
            counts[tokenless_cell(tokeniser)][at] = tokenless(chunk, tokeniser, lowercase)
    return Measured(block.predicted & block.labelled, counts, exacts)


def count_cells(measures: Sequence[Measure], options: Options) -> list[str]:
    """The count cells of some measures, each once, and those of texts without a token."""
    names = [name for measure in measures for name in measure.counts(options)]
    return list(dict.fromkeys([*names, *(tokenless_cell(tokeniser) for tokeniser, _ in splits(measures, options))]))


def splits(measures: Sequence[Measure], options: Options) -> list[tuple[str, bool]]:
    """The tokenisers of some measures that can leave a text without a token."""
    if options.tokenize == "tokens":
        return []
    used = dict.fromkeys(measure.tokeniser(options) for measure in measures if measure.tokeniser is not None)
    return [split for split in used if TOKENISERS[split[0]].drops]


def tokenless_cell(tokeniser: str) -> str:
    """The cell that counts rows with a text of which a tokeniser makes no token."""
    return f"tokenless_{tokeniser}"


def tokenless(chunk: Chunk, tokeniser: str, lowercase: bool) -> Mask:
    """Whether the hypothesis or a reference of each row has text, and no token."""
    if isinstance(chunk.hypotheses, Tokens):
        return np.zeros(len(chunk), np.bool_)
    found = lost(chunk.texts("hypotheses"), chunk.tokens("hypotheses", tokeniser, lowercase))
    references = lost(chunk.texts("references"), chunk.tokens("references", tokeniser, lowercase))
    if references.any():
        found[chunk.pairs.rows[references[chunk.pairs.references]]] = True
    return found


def lost(texts: Strings, tokens: Tokens) -> Mask:
    """Whether each text has other than white space, and no token."""
    found: Mask = (tokens.lengths == 0) & (np.diff(texts.offsets) > 0)
    for at in np.flatnonzero(found):
        found[at] = bool(texts.data[texts.offsets[at] : texts.offsets[at + 1]].tobytes().decode().strip())
    return found


def row_values(measured: Measured, metric: str, rows: Sequence[Metric]) -> Floats:
    """A metric of each row alone; NaN where the row is not judged, or the metric undefined."""
    row = find(metric, rows)
    judged = measured.judged.astype(np.float64)
    with np.errstate(all="ignore"):
        values = value(row, Cells({"judged": judged, **measured.counts, **measured.exacts}))
    return np.where(measured.judged, values, np.nan)
