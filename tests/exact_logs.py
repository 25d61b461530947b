"""Logs whose rates are exact rather than drawn: what is told of them lies on one side of a threshold for sure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

import fastmetrics as fm

START = datetime(2026, 3, 1)


def part(
    rows: int, *, positive: float = 0.5, fnr: float = 0.2, fpr: float = 0.1, every_null: int = 0, **keys: Any
) -> pl.DataFrame:
    """So many rows with these shares, the same keys in all of them; one in ``every_null`` has no prediction."""
    positives = round(rows * positive)
    missed, raised = round(positives * fnr), round((rows - positives) * fpr)
    sizes = [positives - missed, missed, raised, rows - positives - raised]
    label, pred = np.repeat([True, True, False, False], sizes), np.repeat([True, False, True, False], sizes)
    log = pl.DataFrame({"label": label, "pred": pred}).with_columns(pl.lit(of).alias(key) for key, of in keys.items())
    if not every_null:
        return log
    return log.with_columns(pl.when(pl.int_range(pl.len()) % every_null > 0).then("pred"))


def days(first: int, sizes: Sequence[int], **shares: Any) -> list[pl.DataFrame]:
    """A part a day from day ``first`` on; a share or key may be a list with one value a day."""
    return [
        part(
            size,
            time=START + timedelta(days=first + at),
            **{name: value[at] if isinstance(value, list) else value for name, value in shares.items()},
        )
        for at, size in enumerate(sizes)
    ]


def counted(parts: Sequence[pl.DataFrame], **arguments: Any) -> fm.Counts:
    """The parts as one log, counted by all their keys, a day a window where they have times."""
    log = pl.concat(parts, how="diagonal")
    keys = [name for name in log.columns if name not in ("label", "pred", "time")]
    times = {"time": "time", "every": "1d"} if "time" in log.columns else {}
    return fm.count(log, fm.binary("label", "pred"), by=keys, **(times | arguments))


def diagnosed(before: Sequence[pl.DataFrame], now: Sequence[pl.DataFrame], **arguments: Any) -> fm.Diagnosis:
    return fm.diagnose(counted(now), baseline=counted(before), **arguments)
