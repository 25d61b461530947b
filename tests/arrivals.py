"""Labels that arrive in parts, some of them corrected: a law of counting, for logs of any size."""

from __future__ import annotations

import random
from collections.abc import Iterator

import polars as pl
import pytest

import fastmetrics as fm

FAMILIES = (
    fm.binary("label", "pred"),
    fm.scores("label", "score", edges=[0.25, 0.5, 0.75], losses=False),
    fm.values("label", extremes=False),
    fm.values("score"),  # whose extremes no label changes
    fm.flags(right="label", high=pl.col("score") > 0.5),
)
KEYS = ["m", "c"]


def a_log(drawn: random.Random, rows: int) -> pl.DataFrame:
    columns = {
        "id": range(rows),
        "m": drawn.choices("ab", k=rows),
        "c": drawn.choices(["x", "y", None], k=rows),
        "pred": drawn.choices([0, 1, None], k=rows),
        "score": drawn.choices([0.1, 0.3, 0.6, 0.9, None], k=rows),
        "label": None,
    }
    return pl.DataFrame(columns, schema_overrides={"label": pl.Int64, "pred": pl.Int64})


def arriving(drawn: random.Random, rows: int, parts: int) -> Iterator[pl.DataFrame]:
    """Labels in parts; a row gets its first label in one, and a correction in another that comes later."""
    due: list[dict[int, int]] = [{} for _ in range(parts)]
    for row in range(rows):
        first, second = sorted(drawn.sample(range(parts), 2))
        label = drawn.randrange(2)
        if drawn.random() < 0.8:
            due[first][row] = label
            if drawn.random() < 0.3:
                due[second][row] = 1 - label
    for part in due:
        yield pl.DataFrame({"id": list(part), "label": list(part.values())}, schema={"id": pl.Int64, "label": pl.Int64})


def counted(log: pl.DataFrame) -> fm.Counts:
    return fm.count(log, *FAMILIES, by=KEYS)


def check_arrivals(drawn: random.Random, rows: int, parts: int) -> None:
    """Deltas make the count of the joined log in any order, each of them once, and can be taken back."""
    known = log = a_log(drawn, rows)
    deltas = []
    for labels in arriving(drawn, rows, parts):
        deltas.append(fm.label_delta(known, labels, *FAMILIES, on="id", label="label", by=KEYS))
        known = known.update(labels, on="id")
    early, whole = counted(log), counted(known)
    told = [delta for delta in deltas if "deltas" in delta.how]
    total = sum(drawn.sample([early, *deltas], len(deltas) + 1))
    assert isinstance(total, fm.Counts)
    assert total == whole
    assert total.metrics("binary.recall").equals(whole.metrics("binary.recall"))
    assert sum(total.filter(m=model) for model in "ab") == whole
    for delta in told:
        with pytest.raises(fm.MergeError):
            total + drawn.choice([delta, sum(drawn.sample(told, len(told)))])
        with pytest.raises(fm.SchemaError):
            delta.metrics("binary.recall")
    back = drawn.sample(told, drawn.randrange(len(told) + 1))
    assert total - sum(back, early - early) == early + sum((d for d in deltas if d not in back), early - early)
    assert (total - sum(back, early - early)) + sum(back, early - early) == whole
