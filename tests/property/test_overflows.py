"""A sum that overflowed is NaN and stays it, wherever Counts go; null is an extreme of no value, and nothing else."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmetrics as fm
from strategies import LAWS

FAMILIES: dict[str, Any] = {
    "extremes": ([fm.regression("label", "score")], {}),
    "sums": ([fm.regression("label", "score", extremes=False), fm.scores("flag", "score", edges=[0.0, 1.0])], {}),
    "weights": ([fm.regression("label", "score", extremes=False)], {"weight": "weight"}),
}
NUMBERS = [None, 0.0, 1.5, -2.25, 1e100, 1e160, -1e200, 1.7e308, -1.7e308]
pytestmark = pytest.mark.filterwarnings("ignore::fastmetrics.notes.NoteWarning")
FEW = settings(LAWS, max_examples=12)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.sampled_from(NUMBERS),
        st.sampled_from(NUMBERS),
        st.sampled_from([0.0, 1.0, 1e100, 1e200, 1e308]),
    ),
    min_size=1,
    max_size=12,
)


def counted(rows: list[Any], kind: str) -> fm.Counts:
    schema = {"key": pl.String, "label": pl.Float64, "score": pl.Float64, "weight": pl.Float64}
    log = pl.DataFrame(rows, schema, orient="row").with_columns(flag=pl.col("label") > 1)
    families, arguments = FAMILIES[kind]
    return fm.count(log, *families, by="key", **arguments)


def overflows(counts: fm.Counts) -> set[tuple[Any, ...]]:
    """The groups and cells whose sum overflowed; it is checked that nothing else is odd."""
    found = set()
    for family in counts.layout.families:
        table, keys = counts.tables[family.name], counts.layout.key_columns(family)
        for cell, merge in counts.layout.merges(family).items():
            odd = table.filter(pl.col(cell).cast(pl.Float64).is_nan() | pl.col(cell).is_infinite())
            assert merge == "sum" or not table[cell].is_nan().any()
            assert merge != "sum" or (odd[cell].is_nan().all() and table[cell].null_count() == 0)
            if merge == "sum":
                found |= {(family.name, cell, *row[:-1]) for row in odd.select(*keys, cell).rows()}
    assert all(
        (name, cell.removesuffix("_error"), *group) in found or (name, f"{cell}_error", *group) in found
        for name, cell, *group in found
    )
    return found


@given(ROWS, ROWS, st.sampled_from(list(FAMILIES)))
@FEW
def test_an_overflow_stays_one(first: list[Any], second: list[Any], kind: str) -> None:
    one, other = counted(first, kind), counted(second, kind)
    known = overflows(one) | overflows(other)
    both = one + other
    assert known <= overflows(both)
    assert both == other + one
    rolled = {(name, cell, *group[1:]) for name, cell, *group in overflows(both)}
    assert rolled <= overflows(both.rollup())
    if kind != "extremes":
        assert known <= overflows(one - other)
        assert overflows(one) <= overflows(both - other)
    assert one.metrics().equals((one + counted([], kind)).metrics())


@given(ROWS, st.sampled_from(list(FAMILIES)))
@FEW
def test_what_is_written_is_read(rows: list[Any], kind: str) -> None:
    counts = counted(rows, kind)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "counts.parquet")
        counts.write(path)
        for back in (fm.read_counts(path), fm.Counts.from_arrow(counts.to_arrow()), pickle.loads(pickle.dumps(counts))):
            assert back == counts
            assert overflows(back) == overflows(counts)
        table = duckdb.sql(f"SELECT * FROM read_parquet('{path}')").to_arrow_table()
        assert fm.Counts.from_arrow(table.replace_schema_metadata(pq.read_schema(path).metadata)) == counts
