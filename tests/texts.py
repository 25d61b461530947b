"""Texts as a family gets them, for tests of measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from fastmetrics.contract.blocks import Lists, Texts
from fastmetrics.counting.views import list_parts, texts
from fastmetrics.sources.series import as_array
from fastmetrics.texts.blocks import Block

__all__ = ["block_of", "list_column", "text_column"]


def text_column(values: Sequence[str | None]) -> Texts:
    """A column of text."""
    return texts(as_array(pl.Series(values, dtype=pl.String)))


def list_column(values: Sequence[Sequence[str] | None]) -> Lists:
    """A column of lists of text."""
    offsets, items, valid = list_parts(as_array(pl.Series(values, dtype=pl.List(pl.String))))
    return Lists(offsets, texts(items), np.zeros(0, np.uint8) if valid is None else valid)


def block_of(hypotheses: Sequence[str | None], references: Sequence[Sequence[str] | None]) -> Block:
    """Hypotheses with the references of each."""
    return Block(text_column(hypotheses), [list_column(references)])
