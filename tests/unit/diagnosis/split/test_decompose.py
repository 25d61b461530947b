"""The parts of all slices sum to the change of the metric, whatever the metric."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmetrics as fm
from strategies import LAWS

ROWS = st.lists(
    st.tuples(
        st.sampled_from([True, False, None]),
        st.sampled_from([True, False, None]),
        st.sampled_from(["a", "b", "c", None]),
    ),
    max_size=40,
)
RATIOS = ("recall", "fpr", "precision", "f1", "f2", "jaccard", "accuracy", "prevalence", "predicted_positive_rate")


def counted(rows: list[tuple[bool | None, bool | None, str | None]]) -> fm.Counts:
    schema = {"label": pl.Boolean, "pred": pl.Boolean, "k": pl.String}
    return fm.count(pl.DataFrame(rows, schema, orient="row"), fm.binary("label", "pred"), by="k")


@LAWS
@given(ROWS, ROWS, st.sampled_from(RATIOS))
def test_parts_sum_to_the_change(before: list, now: list, metric: str) -> None:
    a, b = counted(before), counted(now)
    found = fm.decompose(b, baseline=a, metric=metric)
    parts = found.drop("k", "baseline", "current", "contribution")
    was, is_ = (counts.rollup().metrics(metric)[metric] for counts in (a, b))
    if len(was) and len(is_) and was[0] is not None and is_[0] is not None:
        assert found["contribution"].sum() == pytest.approx(is_[0] - was[0], abs=1e-12)
        assert np.allclose(parts.select(pl.sum_horizontal(pl.all())).to_series(), found["contribution"], atol=1e-12)
    else:
        assert found["contribution"].null_count() == len(found)


def test_saying_yes_too_often_is_no_shift_of_mix() -> None:
    before = counted([(True, True, "a"), (False, False, "a"), (True, True, "b"), (False, False, "b")] * 50)
    now = counted([(True, True, "a"), (False, True, "a"), (True, True, "b"), (False, False, "b")] * 50)
    found = fm.decompose(now, baseline=before, metric="precision")
    assert found.item(0, "k") == "a"
    assert found["mix"].to_list() == [0.0, 0.0]
    assert found.item(0, "rate") < 0
    assert "prediction" not in fm.decompose(now, baseline=before, metric="recall").columns


def test_metrics_that_are_no_ratio_of_sums_are_refused() -> None:
    counts = counted([(True, True, "a")])
    with pytest.raises(fm.SchemaError, match="no ratio of sums"):
        fm.decompose(counts, baseline=counts, metric="mcc")
    with pytest.raises(fm.SchemaError, match="did you mean 'recall'"):
        fm.decompose(counts, baseline=counts, metric="recal")
    with pytest.raises(fm.SchemaError, match="unknown key"):
        fm.decompose(counts, baseline=counts, metric="recall", by="kk")
