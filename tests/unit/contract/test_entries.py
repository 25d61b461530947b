"""Families that count integers, give several entries a row, or have many states: `n`, metrics, refusals.

The laws of counting hold for them as for every family: `tests/property/test_laws.py`.
"""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
import oracle
from fastmetrics.contract.cells import Cell, InnerKey
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Rows
from fastmetrics.counting import scan
from toy_families import VERSUS, letters, recalled, versus

LOG = pl.DataFrame(
    {
        "model": ["a", "a", "a", "b", "b", "b"],
        "text": ["colour", "cat", "", "dog", None, "four"],
        "said": ["color", "car", "no", None, "dog", "for"],
        "wanted": [3.0, 0.0, None, 2.0, 7.0, 1.0],
        "given": [1.5, 9.0, 2.0, None, 0.5, 0.5],
        "label": [True, True, False, None, False, True],
        "one": [True, False, True, True, False, True],
        "score": [0.2, 0.9, 0.1, 0.7, None, 0.4],
        "weight": [1.0, 0.5, 2.0, 0.0, 3.0, 1.0],
    }
)
LETTERS, RECALLED, VERSUS_FAMILY = letters("text", "said"), recalled("wanted", "given"), versus("label", "one", "score")
FAMILIES = (LETTERS, RECALLED, VERSUS_FAMILY)


def test_counts_are_exact_sums_of_integers_which_may_be_negative() -> None:
    counts = fm.count(LOG, LETTERS, by="model")
    assert counts.frame.columns == [
        "model", "read", "unread", "letters", "alike", "longer", "share", "share_error",
        "alikeness_high", "alikeness_middle", "alikeness_low",
    ]  # fmt: skip
    assert counts.frame.select("model", "read", "unread", "letters", "alike", "longer").rows() == [
        ("a", 3, 0, 9, 6, 1),
        ("b", 1, 2, 4, 2, -1),
    ]
    assert {counts.frame.schema[cell] for cell in ("letters", "alike", "longer")} == {pl.Int64}


def test_counts_with_weights_keep_their_integers_and_have_weighted_sums() -> None:
    counts = fm.count(LOG, LETTERS, by="model", weight="weight")
    row = counts.filter(model="a").frame.row(0, named=True)
    assert row["letters"] == 9
    assert row["w_letters"] + row["w_letters_error"] == 6 + 0.5 * 3 + 2.0 * 0
    assert row["w2_letters"] + row["w2_letters_error"] == 6 + 0.25 * 3 + 4.0 * 0
    assert counts.metrics("letter_accuracy")["letter_accuracy"].to_list() == [pytest.approx((4 + 0.5 * 2) / 7.5), 0.5]


def test_several_entries_a_row_and_rows_without_items() -> None:
    counts = fm.count(LOG, RECALLED, by="model")
    assert counts.rows == len(LOG)
    assert counts.frame.drop("^(given|gift|third).*$").rows() == [
        # item, rows, found, missed, unlisted, points
        ("a", 0, 0, 1, 0, 0, -5),
        ("a", 1, 0, 1, 0, 0, 5),
        ("a", 2, 0, 0, 1, 0, 15),
        ("a", None, 2, 0, 0, 1, 0),
        ("b", 0, 0, 2, 1, 0, -15),
        ("b", 1, 0, 0, 2, 0, 10),
        ("b", 2, 0, 0, 1, 0, 15),
        ("b", None, 3, 0, 0, 0, 0),
    ]


@pytest.mark.parametrize("by", [[], ["model"], ["model", "text"]], ids=len)
@pytest.mark.parametrize("weight", [None, "weight"])
def test_n_is_rows_wherever_it_is_read(by: list[str], weight: str | None) -> None:
    expected = LOG.group_by(by).len().sort(by, nulls_last=True)["len"].to_list() if by else [len(LOG)]
    for family in FAMILIES:
        counts = fm.count(LOG, family, by=by, weight=weight)
        assert counts.metrics(*family.headline)["n"].to_list() == expected
        assert counts.rollup().metrics(*family.headline)["n"].to_list() == [len(LOG)]
        assert counts.rows == counts.how["rows"] == len(LOG)
        assert repr(counts).splitlines()[1].split() == ["rows", str(len(LOG))]


def test_metrics_are_those_of_the_oracle() -> None:
    frame = fm.count(LOG, *FAMILIES, by="model").metrics("letter_accuracy", "item_recall", "only_one_right")
    for row in frame.iter_rows(named=True):
        rows = LOG.filter(model=row["model"]).rows(named=True)
        words = [oracle.letter_row(r["text"], r["said"])[1] for r in rows]
        items = [cells for r in rows for _, cells in oracle.recalled_entries(r["wanted"], r["given"])]
        pairs = [next(iter(oracle.versus_row(r["label"], r["one"], r["score"])[1])) for r in rows]
        total = {cell: sum(cells.get(cell, 0) for cells in (*words, *items)) for cell in ("alike", "letters", "found")}
        missed = sum(cells.get("missed", 0) for cells in items)
        assert row["letter_accuracy"] == total["alike"] / total["letters"]
        assert row["item_recall"] == total["found"] / (total["found"] + missed)
        apart = [codes for codes in pairs if codes in ("s010", "s101", "s001", "s110")]
        assert row["only_one_right"] == sum(codes in ("s010", "s101") for codes in apart) / len(apart)


def test_intervals_comparisons_and_sets_of_keys() -> None:
    counts = fm.count(LOG, *FAMILIES, by="model", grouping_sets=[[], ["model"]])
    one = counts.grouping("model")
    assert counts.grouping() == one.rollup()
    bounds = one.metrics("item_recall", intervals=True).row(0, named=True)
    assert bounds["item_recall_low"] < bounds["item_recall"] < bounds["item_recall_high"]
    assert one.compare("item_recall", by="model", to="a").height == 1


def test_every_state_of_many_has_its_cell() -> None:
    values = [(True, False, None)[code] for code in range(3)]
    log = pl.DataFrame(
        [(a, b, c) for a in values for b in values for c in (0.75, 0.25, None)], ["label", "one", "score"], orient="row"
    )
    frame = fm.count(log, VERSUS_FAMILY).frame
    assert frame.columns == [f"s{codes}" for codes in VERSUS]
    assert set(frame.row(0)) == {1}


def test_late_texts_are_a_difference() -> None:
    log = LOG.with_row_index("id").with_columns(pl.col("text").cast(pl.String))
    early = log.with_columns(text=pl.when(pl.col("id") % 2 == 0).then("text"))
    late = log.filter(pl.col("id") % 2 == 1).select("id", "text")
    delta = fm.label_delta(early, late, LETTERS, on="id", label="text", by="model")
    assert delta.rows == 0
    assert delta.frame["longer"].to_list() == [0, -1]
    whole = fm.count(early, LETTERS, by="model") + delta
    assert whole == fm.count(log, LETTERS, by="model")
    with pytest.raises(fm.MergeError, match="would be added twice"):
        whole + delta
    assert whole - delta == fm.count(early, LETTERS, by="model")


def test_families_and_counts_travel(tmp_path: Path) -> None:
    counts = fm.count(LOG, *FAMILIES, by="model")
    counts.write(tmp_path / "counts")
    assert fm.read_counts(tmp_path / "counts", families=FAMILIES) == counts
    assert pickle.loads(pickle.dumps(FAMILIES)) == FAMILIES


# What is refused


def big(first: int, second: int = 0) -> Family:
    """A family that counts one of two integers, by the sign of a number."""

    def rows(roles: Any) -> Rows:
        values = np.where(roles["x"] > 0, first, second).astype(np.int64)[:, None]
        return Rows(counts=lambda: values)

    return Family(
        kind="big",
        name="big",
        maker=big,
        roles=(Role("x", "x", "number"),),
        cells=(Cell("rows"), Cell("total", "count")),
        rows=rows,
        metrics=(fm.Metric("mean_total", lambda c: c.total, lambda c: c.rows, range=(-np.inf, np.inf)),),
        arguments={"first": first, "second": second},
    )


def test_a_count_is_exact_up_to_62_bits_and_refused_beyond() -> None:
    x = {"x": [1.0, -1.0, 1.0]}
    counts = fm.count({"x": [1.0, -1.0]}, big(2**61 - 1, -(2**59) - 1))
    assert counts.frame["total"].to_list() == [2**61 - 2**59 - 2]
    assert (counts + counts).frame["total"].to_list() == [2 * (2**61 - 2**59 - 2)]
    with pytest.raises(fm.MergeError, match=r"cell 'total' of family 'big' adds up integers of 5\.19e\+18 .* 64 bits"):
        counts + counts + counts
    for first, second in ((2**62, 0), (2**60, -(2**61)), (-(2**63), 0)):
        with pytest.raises(fm.DataError, match=r"cell 'total' of family 'big' adds up integers .* 64 bits"):
            fm.count(x, big(first, second))


def test_threads_and_stored_tables_do_not_hide_an_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "PIECE_ROWS", 400)
    log = pl.DataFrame({"x": np.ones(1000), "key": np.arange(1000) % 7})
    family = big(2**62 // 990)
    for threads in (1, 4):
        with pytest.raises(fm.DataError, match="64 bits"):
            fm.count(log, family, by="key", threads=threads)
    table = fm.count(log, big(5), by="key").to_arrow()
    assert not isinstance(table, dict)
    forged = table.set_column(table.column_names.index("total"), "total", [[2**62] * len(table)])
    with pytest.raises(fm.FastMetricsError, match="64 bits"):
        fm.Counts.from_arrow(forged, families=[big(5)])


def exactly(x: str) -> Family:
    """A family whose only value is an exact sum of a column."""
    return Family(
        kind="exactly",
        name="exactly",
        maker=exactly,
        roles=(Role("x", x, "number"),),
        cells=(Cell("rows"), Cell("total", "exact")),
        rows=lambda roles: Rows(exacts=lambda: roles["x"].astype(np.float64)[:, None]),
        metrics=(fm.Metric("mean_x", lambda c: c.total, lambda c: c.rows, range=(-np.inf, np.inf)),),
        arguments={"x": x},
    )


def test_an_exact_sum_is_rounded_once_and_no_order_changes_a_bit() -> None:
    values = np.random.default_rng(0).normal(size=5000) * np.tile([1e-3, 1.0, 1e9, -1e9], 1250)
    log = pl.DataFrame({"x": [*values, math.nan, None], "key": np.arange(5002) % 7})
    counts = fm.count(log, exactly("x"), by="key")
    assert counts.frame.columns == ["key", "rows", "total_high", "total_middle", "total_low"]
    assert fm.count(log.reverse(), exactly("x"), by="key") == counts
    assert sum(fm.count(part, exactly("x"), by="key") for part in log.iter_slices(999)) == counts
    assert (counts - counts).frame.is_empty()
    assert fm.count(log, exactly("x"), by="key", threads=3) == counts
    for key, mean in counts.metrics("mean_x").select("key", "mean_x").rows():
        assert mean == math.fsum(values[key::7]) / len(log.filter(key=key))
    assert counts.rollup().metrics("mean_x").item(0, "mean_x") == math.fsum(values) / 5002


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("far", [math.inf, -math.inf, 2.0**46, -1e300])
def test_what_no_exact_sum_holds_is_refused(far: float, weight: str | None) -> None:
    log = {"x": [1.0, far], "w": [1.0, 0.5]}
    says = "cell 'total' of family 'exactly' adds up 2 numbers of .* in all, signs left aside; .* less than 7.04e"
    with pytest.raises(fm.DataError, match=says):
        fm.count(log, exactly("x"), weight=weight)


def test_exact_sums_that_overflow_when_they_are_added_are_refused() -> None:
    counts = fm.count({"x": [2.0**45]}, exactly("x"))
    with pytest.raises(fm.MergeError, match="cell 'total_high' of family 'exactly' adds up integers"):
        counts + counts
    with pytest.raises(fm.DataError, match="cell 'total' of family 'exactly' adds up 2 numbers"):
        fm.count({"x": [2.0**45, -(2.0**45)]}, exactly("x"))


def test_exact_sums_are_floats_where_rows_have_weights() -> None:
    counts = fm.count({"x": [0.1, 0.7, None], "w": [2.0, 0.5, 1.0]}, exactly("x"), weight="w")
    assert [name for name in counts.frame.columns if "total" in name] == [
        "w_total", "w_total_error", "w2_total", "w2_total_error"
    ]  # fmt: skip
    assert counts.metrics("mean_x").item(0, "mean_x") == pytest.approx((0.1 * 2 + 0.7 * 0.5) / 3.5, rel=1e-15)


@pytest.mark.parametrize("key", ["total", "total_high", "total_middle", "total_low", "w2_total_error"])
def test_keys_are_not_called_as_an_exact_sum_or_a_limb_of_it(key: str) -> None:
    with pytest.raises(fm.SchemaError, match=f"key '{key}' has the name of a cell"):
        fm.count({"x": [1.0], key: ["a"]}, exactly("x"), by=key)


@pytest.mark.parametrize(
    "of", [[0, 0, 1], [0, 1], [0, 1, 2, 2], [0, 1, 3]], ids=["twice", "too few", "one more", "beyond"]
)
def test_entries_that_are_not_each_row_once_are_refused(of: list[int]) -> None:
    family = replace(big(1), rows=lambda roles: Rows(of=np.array(of)))
    with pytest.raises(fm.SchemaError, match="family 'big' must give each row exactly one entry"):
        fm.count({"x": [1.0, 2.0, 3.0]}, family)


def gives(**rows: object) -> Family:
    """A family of three rows and one inner key of two values, of whatever is given in place of what is right."""
    right = {"states": lambda: np.zeros(3, np.uint8), "inner": (lambda: np.array([0, 1, 2], np.uint8),)}
    cells = (Cell("low"), Cell("high"), Cell("sum", "sum"))
    made = Rows(**{**right, **rows})  # type: ignore[arg-type]
    return replace(big(1), cells=cells, inner=(InnerKey("half", 2),), rows=lambda roles: made, row_states=())


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            {"states": lambda: np.array([0, 2, 1], np.uint8)},
            "3 states up to 2; expected 3, .* of less than 2",
        ),
        ({"states": lambda: np.zeros(2, np.uint8)}, "2 states up to 0; expected 3"),
        ({"top": 7}, "3 states up to 7"),
        ({"inner": (lambda: np.array([0, 1, 5], np.uint8),)}, "codes up to 5 of its inner key 'half'; .* at most 2"),
        ({"inner": (lambda: np.array([0, 1], np.uint8),)}, "2 codes of its inner key 'half'; expected 3"),
        ({"inner": ()}, "computes 1 inner keys, and gives 0"),
        ({"sums": lambda: np.zeros((2, 1))}, r"values of shape \(2, 1\) for its cells \(sum\); expected \(3, 1\)"),
        ({"sums": lambda: np.zeros((3, 2))}, r"values of shape \(3, 2\)"),
    ],
)
def test_arrays_that_do_not_fit_the_rows_or_the_cells_are_refused(rows: dict[str, object], says: str) -> None:
    log = {"x": [1.0, 2.0, 3.0], "key": ["a", "b", "a"]}
    fm.count(log, gives(), by="key")
    with pytest.raises(fm.SchemaError, match=f"family 'big'.*{says}"):
        fm.count(log, gives(**rows), by="key")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"cells": (Cell("low"), Cell("low"))}, "two cells with one column: low, low"),
        ({"cells": (Cell("row"), Cell("low", "sum"), Cell("low_error", "count"))}, "two cells with one column"),
        ({"cells": (Cell("low", "sum"),)}, "no cell of kind 'state'"),
        ({"roles": (Role("x", "a", "number"), Role("x", "b", "number"))}, "names roles twice: x, x"),
        ({"inner": (InnerKey("bin", 2), InnerKey("bin", 3))}, "names inner keys twice: bin, bin"),
    ],
)
def test_names_that_would_share_a_column_are_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(fm.SchemaError, match=f"family 'big'.*{says}"):
        replace(big(1), row_states=(), **fields)


def test_states_that_count_rows_are_states_and_part_of_what_must_agree() -> None:
    with pytest.raises(fm.SchemaError, match="of family 'recalled': unknown state 'rwos'; did you mean 'rows'"):
        replace(RECALLED, row_states=("rwos",))
    assert replace(RECALLED, row_states=RECALLED.states).identity != RECALLED.identity
    assert LETTERS.row_states == LETTERS.states
