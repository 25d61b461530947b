"""Perplexity is that of sums that lose nothing, those of `math.fsum`, to the last bit: on drawn and on real logs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "text"
needs_real_data = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data/text with texts is absent")


def assert_exact(log: pl.DataFrame) -> None:
    """Counts, expressions and arrays are what `math.fsum` gives, in each group of a log."""
    counts = fm.count(log, fm.likelihood("logs"), by="system").metrics("nll", "perplexity")
    rows = counts.select("system", "nll", "perplexity").rows()
    made = [getattr(fpl, name)("logs") for name in ("nll", "perplexity")]
    assert log.group_by("system").agg(made).sort("system").rows() == rows
    for system, nll, perplexity in rows:
        lists = log.filter(system=system)["logs"]
        tokens = lists.explode().drop_nulls().to_list()
        assert nll == -math.fsum(tokens) / len(tokens)
        assert perplexity == math.exp(nll) == fm.perplexity(lists) == fm.perplexity(tokens)


@pytest.mark.parametrize("seed", range(5))
def test_drawn_log_probabilities(seed: int) -> None:
    draw = np.random.default_rng(seed)
    lists = [-draw.exponential(size=k) * 10.0 ** draw.integers(-4, 2) for k in draw.integers(0, 300, 400)]
    assert_exact(pl.DataFrame({"system": draw.integers(0, 3, 400), "logs": pl.Series([one.tolist() for one in lists])}))


@needs_real_data
def test_log_probabilities_of_two_translation_systems() -> None:
    log = pl.read_parquet(FOLDER / "compare_mt_token_loglik.parquet").select("system", logs="logprobs")
    assert_exact(log)
    expected = json.loads((FOLDER / "reference_values.json").read_text())["nll"]
    for row in fm.count(log, fm.likelihood("logs"), by="system").metrics("nll", "perplexity").iter_rows(named=True):
        known = expected[row["system"]]
        assert row["perplexity"] == known["ppl"]
        assert row["nll"] == known["nll_fsum"] / known["tokens"]
