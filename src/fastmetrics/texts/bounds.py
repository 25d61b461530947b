"""How long texts may be that are aligned, as in Levenshtein distance and longest common subsequences.

The table of an alignment has a cell for each token of the hypothesis beside each of the reference, so the time grows
with the product of their lengths.
"""

from __future__ import annotations

import numpy as np

from fastmetrics.aliases import Integers
from fastmetrics.errors import DataError
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.options import Options

__all__ = ["MOST_CELLS", "aligned_lengths", "most_aligned"]

MOST_CELLS = 1 << 36  # of the table of one alignment: 2 ** 30 steps, of 64 cells each


def most_aligned(options: Options) -> int:
    """How many tokens of a text are aligned at most."""
    return options.max_length or np.iinfo(np.int64).max


def aligned_lengths(
    measure: str, hypotheses: Integers, references: Integers, chunk: Chunk, options: Options
) -> tuple[Integers, Integers]:
    """How many tokens of each text of a chunk are aligned, of those that they have: ``max_length`` of them at most.

    Raises
    ------
    DataError
        A row and one of its references make a table of more than `MOST_CELLS` cells.
    """
    most = most_aligned(options)
    rows, columns = np.minimum(hypotheses, most), np.minimum(references, most)
    if rows.max(initial=0) * columns.max(initial=0) <= MOST_CELLS:
        return rows, columns
    pairs = chunk.pairs
    cells = rows[pairs.rows] * columns[pairs.references]
    if cells.max(initial=0) > MOST_CELLS:
        worst = int(cells.argmax())
        raise DataError(
            f"{measure} aligns a hypothesis of {rows[pairs.rows[worst]]:,} tokens with a reference of "
            f"{columns[pairs.references[worst]]:,}: more than {MOST_CELLS:,} pairs of tokens; "
            f"max_length= aligns only so many of the first tokens of both"
        )
    return rows, columns
