"""What counts of one log must share, however its rows were read."""

from __future__ import annotations

from polars.testing import assert_frame_equal

from fastmetrics.state.state import State


def assert_equal_counts(got: State, expected: State) -> None:
    """Equal rows, notes and cells; sums of floats but for rounding, as their order may differ."""
    assert got.rows == expected.rows
    assert got.how["notes"] == expected.how["notes"]
    for name, table in expected.tables.items():
        kept = [column for column in table.columns if not column.endswith("_error")]
        assert_frame_equal(got.tables[name].select(kept), table.select(kept), rel_tol=1e-12)
