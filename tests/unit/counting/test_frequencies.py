"""Frequencies: a row that stands for several is counted as they would be, spelled out one by one."""

from __future__ import annotations

import io
import itertools
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.counting.frequencies import products, summed

BINARY = fm.binary("label", "pred")
LOG = pl.DataFrame(
    {
        "model": ["a", "a", "a", "b", "b", "gone"],
        "label": [1, 1, 0, 1, 0, 7],
        "pred": [1, 0, 1, 1, 0, 1],
        "times": [945, 105, 50, 3, 2, 0],
    }
)


def spelled_out(log: pl.DataFrame, times: str = "times") -> pl.DataFrame:
    return log[np.repeat(np.arange(len(log)), log[times].to_numpy())]


def counted(times: pl.Series, *families: fm.Family, **arguments: Any) -> fm.Counts:
    log = pl.DataFrame({"label": [1, 0], "pred": [1, 1], "x": [0.5, 2.0]}).with_columns(times.alias("times"))
    return fm.count(log, *(families or [BINARY]), frequency="times", **arguments)


def test_bounds_are_those_of_the_rows_spelled_out() -> None:
    log = pl.DataFrame({"label": [1, 1, 0], "pred": [1, 0, 0], "times": [945, 105, 400]})
    counts = fm.count(log, BINARY, frequency="times")
    low, high = counts.metrics("recall", intervals=True).select("recall_low", "recall_high").row(0)
    assert (round(low, 3), round(high, 3)) == (0.880, 0.917)
    low, high = (
        fm.count(log, BINARY, weight="times").metrics("recall", intervals=True)[["recall_low", "recall_high"]].row(0)
    )
    assert (round(low, 3), round(high, 3)) == (0.204, 0.993)
    assert counts == fm.count(spelled_out(log), BINARY)
    assert counts.metrics("recall")["n"].to_list() == [1450]


def test_comparisons_and_the_worst_groups_are_those_of_the_rows_spelled_out() -> None:
    counts, rows = (
        fm.count(log, BINARY, by="model", frequency=frequency)
        for log, frequency in ((LOG, "times"), (spelled_out(LOG), None))
    )
    assert counts == rows
    assert counts.compare("recall", by="model", to="b").equals(rows.compare("recall", by="model", to="b"))
    worst = counts.worst("recall", min_n=1000)
    assert worst["model"].to_list() == ["a"]
    assert worst.equals(rows.worst("recall", min_n=1000))


def test_a_diagnosis_is_that_of_the_rows_spelled_out() -> None:
    days = pl.DataFrame({"country": ["BR", "DE"] * 4, "label": [1] * 8, "pred": [1, 1, 0, 0] * 2})
    before = days.with_columns(times=pl.Series([400, 400, 40, 40, 400, 400, 40, 40]))
    after = days.with_columns(times=pl.Series([250, 400, 190, 40, 250, 400, 190, 40]))
    sides = [[fm.count(log, BINARY, by="country", frequency="times"), fm.count(spelled_out(log), BINARY, by="country")]
             for log in (after, before)]  # fmt: skip
    found = [fm.diagnose(now, baseline=then).findings for now, then in zip(*sides, strict=True)]
    assert len(found[0])
    assert found[0].equals(found[1])


def test_counts_of_frequencies_and_of_rows_add_up() -> None:
    grouped = LOG.filter(pl.col("times") > 0)
    halves = fm.count(grouped, BINARY, by="model", frequency="times") + fm.count(grouped, BINARY, by="model")
    assert halves == fm.count(grouped.with_columns(pl.col("times") + 1), BINARY, by="model", frequency="times")
    assert halves.rows == halves.how["rows"] == 1110


WAITING = pl.DataFrame({"id": [1, 2, 3], "pred": [1, 0, 0], "f": [900, 100, 500]})
LATE = pl.DataFrame({"id": [1, 2, 3], "label": [1, 1, 0]})


def waiting_and_late(base: str | None, late: str | None) -> tuple[fm.Counts, fm.Counts]:
    log = WAITING.with_columns(label=pl.lit(None, pl.Int64))
    delta = fm.label_delta(WAITING, LATE, BINARY, on="id", label="label", frequency=late)
    return fm.count(log, BINARY, frequency=base), delta


@pytest.mark.parametrize("kind", ["f", None])
def test_late_labels_of_the_kind_of_the_counts_are_those_of_the_joined_log(kind: str | None) -> None:
    early, delta = waiting_and_late(kind, kind)
    joined = fm.count(WAITING.join(LATE, on="id"), BINARY, frequency=kind)
    assert early + delta == delta + early == joined
    stored = fm.Counts.from_bytes((early + delta).to_bytes())
    assert stored.how == (early + delta).how
    assert stored - delta == early
    assert "labels" not in (stored - delta).how


@pytest.mark.parametrize(("base", "late", "says"), [("f", None, "the frequency= of the count"), (None, "f", "none")])
def test_late_labels_of_the_other_kind_are_refused(base: str | None, late: str | None, says: str) -> None:
    early, delta = waiting_and_late(base, late)
    for one, other in itertools.product(
        (early, fm.Counts.from_bytes(early.to_bytes())), (delta, delta + (early - early))
    ):
        for left, right in ((one, other), (other, one), (one, -other)):
            with pytest.raises(fm.MergeError, match=f"it was made with.*; give label_delta {says}"):
                left + right


def test_late_labels_of_rows_fit_counts_of_rows_and_frequencies_in_every_order() -> None:
    rows, delta = waiting_and_late(None, None)
    frequencies, _ = waiting_and_late("f", None)
    orders = list(itertools.permutations([rows, frequencies, delta]))
    sums = [fm.Counts.merged(first, others) for first, *others in orders]
    assert all(whole == sums[0] and whole.how["counts"] == {"frequencies": 1, "rows": 1} for whole in sums)
    assert (rows + delta) + frequencies == frequencies + (delta + rows) == sums[0]
    with pytest.raises(fm.MergeError, match="without frequency="):
        sums[0] - rows
    early = fm.Counts(frequencies.layout, frequencies.tables, {"rows": 1500})  # of an early file, which says no kind
    assert (early + delta).rows == 1500


def test_a_row_of_frequency_0_is_no_row() -> None:
    """Its label of 7 would be refused, its key would be a group, and its time a window."""
    log = LOG.with_columns(day=pl.date(2024, 1, pl.int_range(1, 7)))
    counts = fm.count(log, BINARY, by="model", frequency="times", time="day", every="1d", max_groups=5)
    assert counts.frame["model"].to_list() == ["a", "a", "a", "b", "b"]
    assert counts.frame["window_start"].dt.day().to_list() == [1, 2, 3, 4, 5]
    extremes = fm.count(LOG, fm.regression("label", "pred"), by="model", frequency="times").frame
    assert extremes["highest_label"].to_list() == [1, 1]
    assert fm.count(LOG.with_columns(times=0), BINARY, by="model", frequency="times").rows == 0
    with pytest.raises(fm.DataError, match="holds 7"):
        fm.count(LOG.with_columns(times=1), BINARY, frequency="times")


@pytest.mark.parametrize("form", ["String", "Categorical", "Parquet", "several nulls"])
def test_rows_of_frequency_0_show_no_label_and_notes_count_rows_spelled_out(form: str, tmp_path: Path) -> None:
    log = pl.DataFrame({"label": ["no", "NA", "NA", "maybe", "yes"], "pred": "no", "times": [5, 2, 3, 0, 0]})
    nulls = None
    if form == "Categorical":
        log = log.with_columns(pl.col("label", "pred").cast(pl.Categorical))
    data: Any = log
    if form == "Parquet":
        data = tmp_path / "log.parquet"
        log.write_parquet(data)
    if form == "several nulls":
        data, nulls = log.with_columns(pl.col("label").replace("NA", "none")), ["none", "nil"]
    with pytest.warns(fm.NoteWarning) as said:
        counts = fm.count(data, fm.binary("label", "pred", pos_label="yes", null_values=nulls), frequency="times")
    notes = {note.code: note.count for note in counts.how["notes"]}
    assert notes == {**({} if nulls else {"text_nulls": 5}), "label_absent": 5}
    assert len(said) == len(notes)
    assert counts.frame["unlabelled_neg"].to_list() == [5]


WHOLE: list[pl.Series] = [
    *(pl.Series([3, 4], dtype=dtype) for dtype in (pl.Int8, pl.Int16, pl.Int32, pl.Int64)),
    *(pl.Series([3, 4], dtype=dtype) for dtype in (pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)),
    *(pl.Series([3, 4], dtype=dtype) for dtype in (pl.Float16, pl.Float32, pl.Float64)),
    *(pl.Series([3, 4], dtype=dtype) for dtype in (pl.Int128, pl.UInt128)),
    *(pl.Series([Decimal(3), Decimal(4)], dtype=dtype) for dtype in (pl.Decimal(38, 0), pl.Decimal(10, 2))),
]


@pytest.mark.parametrize("times", WHOLE, ids=lambda times: str(times.dtype))
def test_whole_numbers_of_every_dtype(times: pl.Series) -> None:
    assert counted(times).frame.select("tp", "fp").row(0) == (3, 4)


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64, pl.Int128, pl.Decimal(38, 0)])
def test_whole_numbers_are_exact_beyond_what_floats_hold(dtype: Any) -> None:
    family = fm.likelihood(pl.concat_list(-pl.col("x")))
    counts = counted(pl.Series([2**53 + 1, 2**62], dtype=dtype))
    assert counts.frame.select("tp", "fp").row(0) == (2**53 + 1, 2**62)
    assert counts.rows == counts.how["rows"] == counts.metrics("precision")["n"].item() == 2**62 + 2**53 + 1
    high = counted(pl.Series([2**33 - 1, 2**34 + 1], dtype=dtype), family).frame["nats_high"].item()
    assert high == ((2**33 - 1) + (2**34 + 1) * 4) * 2**15


REFUSED: list[tuple[list[Any], Any, str]] = [
    ([2, 2.5], pl.Float64, "2.5"),
    ([2, 2.5], pl.Float32, "2.5"),
    ([2, None], pl.Int64, "null"),
    ([2, None], pl.Float64, "null"),
    ([2, np.nan], pl.Float64, "nan"),
    ([2, np.inf], pl.Float64, "inf"),
    ([2, -1], pl.Int64, "-1"),
    ([2, -1], pl.Int8, "-1"),
    ([2, -1], pl.Float64, "-1.0"),
    ([2, 2**63], pl.UInt64, "9223372036854775808"),
    ([2, 2.0**63], pl.Float64, "9.2"),
    ([2, None], pl.Int128, "null"),
    ([2, -1], pl.Int128, "-1"),
    ([2, 2**63], pl.Int128, "9223372036854775808"),
    ([2, 2**70], pl.UInt128, "1180591620717411303424"),
    ([Decimal(2), None], pl.Decimal(38, 0), "null"),
    ([Decimal(2), Decimal("2.50")], pl.Decimal(10, 2), "2.50"),
    ([Decimal(2), Decimal(2**63)], pl.Decimal(38, 0), "9223372036854775808"),
]


@pytest.mark.parametrize(("numbers", "dtype", "shown"), REFUSED)
def test_what_is_no_number_of_rows_is_refused_by_column_value_and_file(
    numbers: list[Any], dtype: Any, shown: str, tmp_path: Path
) -> None:
    times = pl.Series(numbers, dtype=dtype, strict=False)
    with pytest.raises(fm.DataError, match=f"frequency column 'times' holds {shown}"):
        counted(times)
    log = pl.DataFrame({"label": [1, 0], "pred": [1, 1], "times": times})
    log.head(1).write_parquet(tmp_path / "good.parquet")
    log.write_parquet(tmp_path / "wrong.parquet")
    with pytest.raises(fm.DataError, match=f"wrong.parquet: .*'times' holds {shown}"):
        fm.count(tmp_path, BINARY, frequency="times")


ROUNDED = [(pl.Float16, 2**11), (pl.Float32, 2**24), (pl.Float64, 2**53)]


@pytest.mark.parametrize(("dtype", "most"), ROUNDED)
def test_floats_that_may_have_been_rounded_are_no_frequencies(dtype: Any, most: int, tmp_path: Path) -> None:
    assert counted(pl.Series([most - 1, 2]).cast(dtype)).rows == most + 1
    log = pl.DataFrame({"label": [1, 0], "pred": [1, 1], "times": pl.Series([2, most + 1]).cast(dtype)})
    log.head(1).write_parquet(tmp_path / "good.parquet")
    log.write_parquet(tmp_path / "wrong.parquet")
    with pytest.raises(
        fm.DataError, match=rf"wrong.parquet: .* rounds whole numbers from {most:,} on: give .* integers"
    ):
        fm.count(tmp_path, BINARY, frequency="times")
    with pytest.raises(fm.DataError, match=r"'times' holds floats so large"):
        log.select(fpl.recall("label", "pred", frequency=pl.col("times") * 1))
    integers = log.with_columns(pl.col("times").cast(pl.Int64))
    assert integers.select(fpl.recall("label", "pred", frequency="times")).item() == 1


@pytest.mark.parametrize(
    "times",
    [
        pl.Series([True, False]),
        pl.Series(["2", "3"]),
        pl.Series([None, None]),
        pl.Series([1, 2]).cast(pl.Date),
    ],
    ids=lambda times: str(times.dtype),
)
def test_dtypes_that_hold_no_numbers_are_refused_before_any_row(times: pl.Series) -> None:
    with pytest.raises(fm.SchemaError, match=r"'times' holds .*; whole numbers are needed"):
        counted(times)


def test_more_rows_than_64_bits_hold_are_refused_and_never_wrap() -> None:
    most = counted(pl.Series([2**62, 2**62 - 1]))
    assert most.rows == 2**63 - 1
    assert most.rollup() == most
    for threads in (1, 2):
        log = pl.DataFrame({"label": [1] * 4, "pred": 1, "times": [2**61] * 4})
        parts = pl.concat([log[:2], log[2:]], rechunk=False)
        with pytest.raises(fm.DataError, match="9,223,372,036,854,775,808 rows"):
            fm.count(parts, BINARY, frequency="times", threads=threads)
    with pytest.raises(fm.MergeError, match="9,223,372,036,854,775,808 rows"):
        most + counted(pl.Series([1, 0]))


@pytest.mark.parametrize(
    ("family", "times"),
    [
        (fm.text("t", reference="t", measures=["wer"]), 2**61),
        (fm.likelihood(pl.concat_list(-pl.col("x") * 2**20)), 2**30),
        (fm.likelihood(pl.concat_list(-pl.col("x") / 2**40)), 2**35),
    ],
    ids=["integers", "large sums", "many numbers"],
)
def test_values_times_frequencies_that_64_bits_may_not_hold_are_refused(family: fm.Family, times: int) -> None:
    log = pl.DataFrame({"t": ["a b c d", "e"], "x": [4.0, 1.0], "times": [times, 1]})
    with pytest.raises(fm.DataError, match="adds up"):
        fm.count(log, family, frequency="times")
    assert fm.count(log.with_columns(pl.col("times") // 1024), family, frequency="times").rows == times // 1024


def test_encoded_columns_are_counted_by_frequency(tmp_path: Path) -> None:
    log = pl.DataFrame({"model": ["a", "b", None, "a"] * 500, "label": ["yes", "no", "NA", "yes"] * 500,
                        "times": [0, 1, 2, 3] * 500}).with_columns(pred=pl.lit("yes"))  # fmt: skip
    log.write_parquet(tmp_path / "log.parquet", row_group_size=300)
    family = fm.binary("label", "pred", pos_label="yes", null_values=["NA"])
    counts = fm.count(tmp_path / "log.parquet", family, by="model", frequency="times")
    assert counts == fm.count(spelled_out(log), family, by="model")


def test_rows_read_stay_those_of_the_log_for_progress_and_the_check_of_lost_rows() -> None:
    told: list[tuple[int, int | None]] = []
    fm.count(LOG, BINARY, frequency="times", progress=lambda *rows: told.append(rows))
    assert told[-1] == (len(LOG), len(LOG))


def test_evaluate_late_labels_and_skipped_files_take_frequencies(tmp_path: Path) -> None:
    found = fm.evaluate(LOG, y_true="label", y_pred="pred", metrics="recall", frequency="times")
    assert found.select("n", "recall").row(0) == (1105, 948 / 1053)
    log = LOG.filter(pl.col("times") > 0).with_row_index("id")
    early = fm.count(log.with_columns(label=pl.lit(None, pl.Int64)), BINARY, frequency="times")
    late = fm.label_delta(log.drop("label"), log, BINARY, on="id", label="label", frequency="times")
    assert early + late == fm.count(log, BINARY, frequency="times")
    log.write_parquet(tmp_path / "log.parquet")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fm.NoteWarning)
        assert fm.count(tmp_path, BINARY, frequency="times", on_error="skip").rows == 1105


def test_a_stream_takes_frequencies() -> None:
    text = io.BytesIO(LOG.write_csv().encode())
    assert fm.count(text, BINARY, frequency="times", format="CSV").rows == 1105


@pytest.mark.parametrize("value", [0.1, -1e300, 1e-320, 5e-324, 2.0**52 + 1, 3.0])
@pytest.mark.parametrize("times", [1, 3, 2**26 - 1, 2**26 + 1, 2**53 + 1, 2**62 + 12345])
def test_products_lose_nothing(value: float, times: int) -> None:
    parts = [float(part.item()) for part in products(np.array([[value]]), np.array([[times]]))]
    if np.isfinite(parts).all() and abs(value) > 1e-300:
        assert sum(map(Fraction, parts)) == Fraction(value) * times
    assert sum(parts) == pytest.approx(value * times, rel=1e-15)


def test_products_of_what_is_unknown_or_infinite_stay_so() -> None:
    strange = np.array([0x7FF0000000000001], np.uint64).view(np.float64)
    assert all(np.isnan(part).all() for part in products(np.array([strange]), np.array([[3]])))
    first, *_ = products(np.array([[np.inf]]), np.array([[3]]))
    assert first.item() == np.inf


@pytest.mark.parametrize("numbers", [[], [1, 2], [2**62, 2**62], [2**63 - 1] * 3])
def test_sums_of_frequencies_do_not_wrap(numbers: list[int]) -> None:
    assert summed(np.array(numbers, np.int64)) == sum(numbers)
