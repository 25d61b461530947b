"""A log for the benches of faults: rows of a calibrated model, with keys of text and numbers, in the order of time."""

from __future__ import annotations

import numpy as np
import polars as pl

COLUMNS = ("y", "p", "s", ["sex", "age", "town"], "t")


def frame(rows: int = 60_000) -> pl.DataFrame:
    """Rows of a calibrated model whose rates differ between the values of every key."""
    rng = np.random.default_rng(5)
    sex, age, town = rng.integers(0, 2, rows), rng.normal(40, 12, rows), rng.zipf(1.4, rows) % 12
    logits = -0.3 + 0.8 * sex + (age - 40) / 15 - 0.1 * town + 1.5 * rng.standard_normal(rows)
    score = 1 / (1 + np.exp(-logits))
    return pl.DataFrame(
        {
            "sex": pl.Series(["f", "m"]).gather(sex),
            "age": age,
            "town": pl.Series([f"town {at}" for at in range(12)]).gather(town),
            "y": (rng.random(rows) < score).astype(np.int8),
            "p": (score >= 0.5).astype(np.int8),
            "s": score,
            "t": np.arange(rows),
        }
    )
