"""The instants of every kind of time column, against whole numbers of Python."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

import fastmetrics as fm
from fastmetrics.cli import main
from fastmetrics.counting.coders import times
from fastmetrics.counting.coders.times import TextForm, time_column
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.sources import streams
from fastmetrics.sources.chunks import record_batches

EPOCH = dt.datetime(1970, 1, 1)
SECOND = 1_000_000
DAY = 86_400 * SECOND
BINARY = fm.binary("label", "pred")
NANOSECONDS = {"d": 86_400 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
MOST = 2**63 - 1


def at(*parts: int) -> int:
    """Microseconds since 1970 of a time in UTC."""
    return (dt.datetime(*parts) - EPOCH) // dt.timedelta(microseconds=1)


def rows(times: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"ts": times}).with_columns(label=pl.lit(1, pl.Int64), pred=pl.lit(1, pl.Int64))


def instants(log: Any, **more: Any) -> list[int | None]:
    """The instants of a log as count sees them: the starts of windows of a microsecond."""
    counts = fm.count(log, BINARY, time="ts", every="1us", **more)
    return counts.frame["window_start"].to_physical().to_list()


# Numbers

AFTER = at(9999, 12, 31) + DAY
SPOTS = [at(1, 1, 1), at(1677, 9, 21), at(1677, 9, 22), -1, 0, at(2262, 4, 11), at(2262, 4, 12), AFTER - 1, AFTER]
INTEGERS = {pl.Int8: 8, pl.Int16: 16, pl.Int32: 32, pl.Int64: 64, pl.Int128: 128}
NATURALS = {pl.UInt8: 8, pl.UInt16: 16, pl.UInt32: 32, pl.UInt64: 64, pl.UInt128: 128}
RANGES: dict[Any, tuple[int, int]] = {
    **{dtype: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for dtype, bits in INTEGERS.items()},
    **{dtype: (0, 2**bits - 1) for dtype, bits in NATURALS.items()},
}
PHYSICAL: list[tuple[Any, Any, str]] = [
    *((dtype, dtype, unit) for dtype in RANGES for unit in NANOSECONDS),
    *((pl.Datetime(unit), pl.Int64, unit) for unit in ("ms", "us", "ns")),
    *((pl.Datetime(unit, "Asia/Kolkata"), pl.Int64, unit) for unit in ("ms", "us", "ns")),
    (pl.Date, pl.Int32, "d"),
]


def true_instant(ticks: int, unit: str) -> int | None:
    """The instant that a number of units means; None where it means none."""
    instant = ticks * NANOSECONDS[unit] // 1_000
    return instant if abs(ticks) < MOST and at(1, 1, 1) <= instant < AFTER else None


@pytest.mark.parametrize(("dtype", "physical", "unit"), PHYSICAL, ids=str)
def test_numbers_are_the_instants_they_say_or_refused(dtype: Any, physical: Any, unit: str, tmp_path: Path) -> None:
    """The extremes of each type, the numbers that stand for infinity and for no time, and the edges of ranges."""
    low, high = RANGES[physical]
    ticks = [spot * 1_000 // NANOSECONDS[unit] + step for spot in SPOTS for step in (-1, 0, 1)]
    ticks += [
        low,
        low + 1,
        high - 1,
        high,
        -MOST - 1,
        -MOST,
        1 - MOST,
        MOST - 1,
        MOST,
        2**64 // 1000 + 1,
        -MOST // 1000,
    ]
    ticks = sorted({one for one in ticks if low <= one <= high})
    more = {"time_zone": "UTC", **({"time_unit": unit} if dtype.is_integer() else {})}

    def log(values: list[int | None]) -> pl.DataFrame:
        return rows(pl.Series("ts", values, dtype=physical).cast(dtype))

    good: list[int | None] = [one for one in ticks if true_instant(one, unit) is not None]
    expected = sorted({true_instant(one, unit) for one in good if one is not None})
    assert instants(log([*good, None]), **more) == [*expected, None]
    if physical not in (pl.Int128, pl.UInt128):
        log([None, *good]).write_parquet(tmp_path / "log.parquet")
        assert instants(tmp_path / "log.parquet", **more) == [*expected, None]
    for bad in (one for one in ticks if true_instant(one, unit) is None):
        with pytest.raises(DataError) as caught:
            instants(log([None, 0, bad]), **more)
        called = f"{bad:,} {unit}" if dtype.is_integer() else meaning(bad, unit)
        assert f"time column 'ts' holds {called}" in str(caught.value)


def meaning(ticks: int, unit: str) -> str:
    """What an error calls a number."""
    infinite = (MOST, 2**31 - 1) if unit == "d" else (MOST,)
    shown = f"{ticks:,} {unit}"
    if ticks == -MOST - 1:
        return f"NaT ({shown})"
    return f"{'' if ticks > 0 else '-'}infinity ({shown})" if abs(ticks) in infinite else shown


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_the_error_about_a_number_names_its_file(ending: str, tmp_path: Path) -> None:
    for name, ticks in (("a", 0), ("b", MOST)):
        getattr(rows(pl.Series([ticks])), f"write_{ending}")(tmp_path / f"{name}.{ending}")
    with pytest.raises(DataError, match=rf"b\.{ending}: time column 'ts' holds 9,223,372,036,854,775,807 ms"):
        instants(tmp_path, time_unit="ms")


@pytest.mark.parametrize("every", ["1us", "1h", "1d", "1mo", "1y"])
@pytest.mark.parametrize("ticks", [MOST, -MOST, -MOST - 1, AFTER, at(1, 1, 1) - 1])
def test_no_window_begins_outside_the_years(ticks: int, every: str) -> None:
    """A microsecond is not multiplied, and so not looked at before its window is: alone, and after another."""
    for values in ([ticks], [0, ticks]):
        for dtype in (pl.Datetime("us"), pl.Int64()):
            log = rows(pl.Series(values, dtype=pl.Int64).cast(dtype))
            called = f"{ticks:,} us" if dtype.is_integer() else meaning(ticks, "us")
            with pytest.raises(DataError, match=re.escape(f"time column 'ts' holds {called}")):
                fm.count(log, BINARY, time="ts", every=every, time_unit="us")


def test_the_advice_about_a_time_that_is_infinite() -> None:
    log = rows(pl.Series([0, MOST]).cast(pl.Datetime("ms")))
    with pytest.raises(DataError, match="leave such rows out with where="):
        instants(log)
    assert instants(log, where=pl.col("ts").to_physical() < MOST) == [0]


@pytest.mark.parametrize(
    ("dtype", "more", "says"),
    [
        (pl.Int64(), {}, "time_unit='s', 'ms', 'us', 'ns' or 'd'"),
        (pl.Int64(), {"time_unit": "weeks"}, "time_unit='weeks' is not one of"),
        (pl.Float64(), {"time_unit": "s"}, "holds Float64; expected Datetime, Date, ISO 8601 text"),
        (pl.Time(), {}, "holds Time"),
        (pl.Boolean(), {"time_unit": "s"}, "holds Boolean"),
        (
            pl.Int64(),
            {"time_format": "%Y%m%d"},
            "time_format= says how text is written, but time column 'ts' holds Int64",
        ),
        (
            pl.Date(),
            {"time_format": "%Y%m%d"},
            "time_format= says how text is written, but time column 'ts' holds Date",
        ),
        (pl.String(), {"time_format": "%Y%m%d", "time_unit": "s"}, "give the one that the column needs"),
    ],
    ids=str,
)
def test_what_holds_no_times(dtype: Any, more: dict[str, Any], says: str) -> None:
    with pytest.raises(SchemaError) as caught:
        instants(rows(pl.Series([None], dtype=dtype)), **more)
    assert says in str(caught.value)


# Text

DATES = [
    ("2026-03-14", at(2026, 3, 14)),
    ("0001-01-01", at(1, 1, 1)),
    ("9999-12-31", AFTER - DAY),
    ("2000-02-29", at(2000, 2, 29)),
]
DATES += [("1600-02-29", at(1600, 2, 29)), ("1969-12-31", -DAY), ("2023-03-01", at(2023, 3, 1))]
LOCAL = [
    ("2026-03-14T09:00", at(2026, 3, 14, 9)),
    ("2026-03-14 09:05:07", at(2026, 3, 14, 9, 5, 7)),
    ("2026-03-14T09:00:00.1", at(2026, 3, 14, 9) + 100_000),
    ("2026-03-14T09:00:00,123456", at(2026, 3, 14, 9) + 123_456),
    ("1969-12-31T23:59:59.9999999999999", -1),
    ("0001-01-01T00:00:00", at(1, 1, 1)),
    ("9999-12-31 23:59:59.999999", AFTER - 1),
    ("2016-12-31T23:59:60", at(2017, 1, 1)),
]
ZONED = [
    ("2026-03-14T09:00Z", at(2026, 3, 14, 9)),
    ("2026-03-14 09:00:00+05:30", at(2026, 3, 14, 3, 30)),
    ("2026-03-14T09:00:00.000001-0930", at(2026, 3, 14, 18, 30) + 1),
    ("2026-03-14T09:00:00+01", at(2026, 3, 14, 8)),
    ("2024-03-01T00:00:00.5-00:00", at(2024, 3, 1) + 500_000),
    ("0001-01-01T00:00:00-14:00", at(1, 1, 1, 14)),
    ("2017-01-01T05:29:60+05:30", at(2017, 1, 1)),
]
NO_TIMES = [
    *(
        "03/04/2024",
        "03-04-2024",
        "03/04/2024 09:00",
        "2024/03/04",
        "20240304",
        "20240304T090000Z",
        "2024-3-4",
        "14 Mar 2024",
    ),
    *(
        "2024",
        "2024-03",
        "2024-W11-4",
        "2024-074",
        "24-03-04",
        "+2024-03-04",
        "02024-03-04",
        "",
        " ",
        "null",
        "NaT",
        "now",
    ),
    *("2023-02-29", "1900-02-29", "2024-04-31", "2024-00-01", "2024-13-01", "2024-01-00", "0000-01-01", "10000-01-01"),
    *(
        " 2024-03-04",
        "2024-03-04 ",
        "2024-03-04Z",
        "2024-03-04T",
        "2024-03-04T09",
        "2024-03-04T9:00",
        "2024-03-04t09:00",
    ),
    *(
        "2024-03-04T24:00",
        "2024-03-04T09:60",
        "2024-03-04T09:00:61",
        "2024-03-04T09:00:60",
        "2024-03-04T09:00:",
        "2024-03-04T09:00:0",
    ),
    *(
        "2024-03-04T09:00:00.",
        "2024-03-04T09:00:00.Z",
        "2024-03-04T09:00:00z",
        "2024-03-04T09:00:00 +01:00",
        "2024-03-04  09:00:00",
    ),
    *("2024-03-04T09:00:00+1", "2024-03-04T09:00:00+1:00", "2024-03-04T09:00:00+24:00", "2024-03-04T09:00:00+01:60"),
    *(
        "2024-03-04T09:00:00+01:00Z",
        "2024-03-04T09:00:00+01-00",
        "2024-03-04 09:00:00 UTC",
        "2024-03-04T09:00:00ZZ",
        "٢٠٢٤-٠٣-٠٤",
    ),
    *(
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2024-03-04T09:00:00é",
        "infinity",
        "2024-03-04T09:00:00.1.2",
    ),
]


@pytest.mark.parametrize("form", [DATES, LOCAL, ZONED], ids=["dates", "local", "zoned"])
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("nulls", [0, 1, 9])
def test_text_of_one_form(
    form: list[tuple[str, int]], compiled: bool, nulls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many nulls come first, and of whatever slice."""
    if not compiled:
        monkeypatch.setattr(times, "read_times", times.read_times.py_func)
    given = pl.Series([None] * nulls + [text for text, _ in form] + [None, form[0][0]])
    expected = [None] * nulls + [instant for _, instant in form] + [None, form[0][1]]
    column = time_column(pl.col("ts"), "ts", given.dtype, None, None)
    for start in (0, nulls, nulls + 1):
        found, valid = column.read(as_arrow(given).slice(start))
        assert valid is not None
        assert pl.Series(found).set(pl.Series(valid == 0), None).to_list() == expected[start:]


def as_arrow(series: pl.Series) -> Any:
    return (
        next(record_batches(series.rename("ts").to_frame())).column(0)
        if len(series)
        else pa.array([], pa.string_view())
    )


def test_text_without_a_null_and_of_no_rows() -> None:
    column = time_column(pl.col("ts"), "ts", pl.String(), None, None)
    found, valid = column.read(as_arrow(pl.Series(["1970-01-02"] * 3)))
    assert (found.tolist(), valid) == ([DAY] * 3, None)
    assert column.read(as_arrow(pl.Series([], dtype=pl.String)))[0].tolist() == []


@pytest.mark.parametrize("text", NO_TIMES)
@pytest.mark.parametrize("compiled", [True, False])
def test_other_text_is_refused(text: str, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the first text of a column, and after others of each form."""
    if not compiled:
        monkeypatch.setattr(times, "read_times", times.read_times.py_func)
    for before in ([], [DATES[0][0]], [LOCAL[0][0]], [ZONED[0][0]]):
        column = time_column(pl.col("ts"), "ts", pl.String(), None, None)
        with pytest.raises(DataError) as caught:
            column.read(as_arrow(pl.Series([None, *before, text])))
        says = (f"time column 'ts' holds {text!r}; expected ISO 8601 text", "say how it is written with time_format=")
        others = (f"holds {text!r}, no time there is", f"holds {text!r}, which stands for no time")
        told = str(caught.value)
        assert all(part in told for part in says) or any(part in told for part in others)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *((text, "which stands for no time") for text in ("", " ", "null", "NaT", "infinity", "-infinity")),
        *((text, "no time there is in the years 1 to 9999") for text in ("2026-02-29", "0000-01-01", "10000-01-01")),
        *((text, "no time there is in the years 1 to 9999") for text in ("2026-03-14T24:00", "2026-03-14T09:00:60")),
        ("9999-12-31T23:59:59-01:00", "no time there is in the years 1 to 9999"),
        ("0001-01-01T00:00+01:00", "no time there is in the years 1 to 9999"),
    ],
)
def test_text_that_no_format_reads_is_left_out(text: str, why: str) -> None:
    """By the advice that the error gives."""
    with pytest.raises(DataError) as caught:
        instants(rows(pl.Series([text])))
    advice = str(caught.value).partition("leave such rows out with where=, in SQL ")[2]
    assert f"holds {text!r}, {why}; leave" in str(caught.value)
    assert instants(rows(pl.Series([text])), where=advice) == []


@pytest.mark.parametrize("dtype", [pl.Datetime("ms"), pl.Datetime("ns"), pl.Datetime("us", "Asia/Tokyo"), pl.Date()])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_sql_that_an_error_gives_leaves_rows_out(dtype: pl.DataType, sign: int) -> None:
    far = sign * (2**31 - 1 if dtype == pl.Date else MOST)
    log = rows(pl.Series([0, far], dtype=pl.Int64).cast(pl.Int32 if dtype == pl.Date else pl.Int64).cast(dtype))
    with pytest.raises(DataError) as caught:
        fm.count(log, BINARY, time="ts", every="1d")
    where = str(caught.value).partition("where=, in SQL ")[2]
    assert fm.count(log, BINARY, time="ts", every="1d", where=where).rows == 1


def test_a_filter_that_compares_a_time_with_text_is_told_how_days_are_written() -> None:
    log = rows(pl.Series([0, 1]).cast(pl.Datetime("us")))
    with pytest.raises(
        SchemaError, match=r"where= cannot be computed: a time is compared with text; write .* DATE '2026"
    ):
        instants(log, where="ts < '9000-01-01'")


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sql_that_an_error_about_an_integer_gives_leaves_rows_out(sign: int) -> None:
    log = rows(pl.Series([0, sign * MOST])).rename({"ts": "the time"})
    asked: dict[str, Any] = {"time": "the time", "every": "1d", "time_unit": "ms"}
    with pytest.raises(DataError) as caught:
        fm.count(log, BINARY, **asked)
    where = str(caught.value).partition("where=, in SQL ")[2]
    assert fm.count(log, BINARY, **asked, where=where).rows == 1


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("03/04/2024", "'%d/%m/%Y' or '%m/%d/%Y'"),
        ("13/04/2024 09:00", "'%d/%m/%Y %H:%M'"),
        ("2024/03/04 09:00:00.5", "'%Y/%m/%d %H:%M:%S%.f'"),
        ("20240304T090000Z", ", in the codes of strftime"),
        ("20240304", "'%Y%m%d'"),
        ("2026073", "'%Y%j'"),
        ("03/04/24", "'%d/%m/%y' or '%m/%d/%y'"),
        ("04/Mar/2024:09:00:00 +0100", "'%d/%b/%Y:%H:%M:%S %z'"),
    ],
)
def test_the_error_names_the_formats_that_a_text_may_have(text: str, formats: str) -> None:
    with pytest.raises(DataError) as caught:
        instants(rows(pl.Series([text])))
    assert f"time_format={formats}" in str(caught.value)


def test_every_day_is_the_one_that_python_counts() -> None:
    """Of four centuries, after which the calendar begins anew."""
    days = pl.date_range(dt.date(1899, 12, 31), dt.date(2300, 1, 2), eager=True)
    column = time_column(pl.col("ts"), "ts", pl.String(), None, None)
    found, _ = column.read(as_arrow(days.dt.to_string("iso")))
    first = (dt.date(1899, 12, 31) - dt.date(1970, 1, 1)).days
    assert found.tolist() == [(first + day) * DAY for day in range(len(days))]


PAIRS = [(DATES[0][0], LOCAL[0][0]), (LOCAL[0][0], ZONED[0][0]), (ZONED[1][0], DATES[1][0])]


def batches(parts: list[list[str | None]]) -> Iterator[pl.DataFrame]:
    return (rows(pl.Series(part, dtype=pl.String)) for part in parts)


@pytest.mark.parametrize("pair", [*PAIRS, *(pair[::-1] for pair in PAIRS)], ids=str)
def test_two_forms_in_one_column_are_refused_by_every_input(pair: tuple[str, str], tmp_path: Path) -> None:
    first, second = (rows(pl.Series([text])) for text in pair)
    both = pl.concat([first, second])
    for ending in ("csv", "ndjson", "parquet", "ipc"):
        name = ending.replace("ipc", "arrow")
        for folder, parts in (("one", [both]), ("two", [first, second])):
            (tmp_path / f"{folder}-{ending}").mkdir()
            for place, part in enumerate(parts):
                getattr(part, f"write_{ending}")(tmp_path / f"{folder}-{ending}" / f"{place}.{name}")
    files = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(files) == 8
    for log in (both, both.lazy(), both.to_arrow(), both.to_dict(as_series=False), *files):
        for more in ({"threads": 1}, {"threads": 3}, {"on_error": "skip"} if isinstance(log, Path) else {}):
            with pytest.raises(
                DataError, match=r"time column 'ts' holds '.*', a .*, and '.*', a .*; write them in one"
            ):
                instants(log, **more)
    nothing: list[str | None] = [None] * 3
    for parts in ([[pair[0]], [pair[1]]], [nothing, [pair[0]], nothing, [pair[1]]]):
        for log in (batches(parts), pa.RecordBatchReader.from_stream(pl.concat(batches(parts)))):
            with pytest.raises(DataError, match="write them in one form"):
                instants(log)


@pytest.mark.parametrize("form", [DATES, LOCAL, ZONED], ids=["dates", "local", "zoned"])
def test_empty_batches_before_the_first_text_change_nothing(form: list[tuple[str, int]]) -> None:
    texts = [text for text, _ in form]
    expected = [*sorted({instant for _, instant in form}), None]
    assert instants(rows(pl.Series([*texts, None]))) == expected
    assert instants(batches([[None] * 2, [None], [], *([text] for text in texts)])) == expected
    assert instants(rows(pl.Series([None] * 20_000 + texts))) == expected


@pytest.mark.parametrize("nulls", [1, 3, 40])
def test_frames_without_a_dtype_of_times_come_first(nulls: int) -> None:
    """As dicts and frames are that hold None alone."""
    empty = {"ts": [None], "label": [None], "pred": [1]}
    for first in (empty, pl.DataFrame(empty)):
        given = [first] * nulls + [rows(pl.Series([ZONED[0][0]])), first]
        assert instants(iter(given)) == [ZONED[0][1], None]
    assert instants(iter([empty] * nulls)) == [None]


def test_frames_are_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HELD_ROWS", 2)
    empty = pl.DataFrame({"ts": [None], "label": [1], "pred": [1]})
    assert instants(iter([empty, rows(pl.Series(["2026-03-14"]))])) == [at(2026, 3, 14), None]
    with pytest.raises(fm.FastMetricsError, match="holds String in a later batch, but Null in the first"):
        instants(iter([empty, empty, rows(pl.Series(["2026-03-14"]))]))


def test_the_first_form_that_a_thread_sees_is_that_of_all() -> None:
    form = TextForm()
    form.settle(0, "none")
    form.settle(2, "2026-03-14T09:00")
    form.settle(1, "2026-03-14")
    assert (form.form, form.text) == (2, "2026-03-14T09:00")


def test_categories_are_read_as_their_text() -> None:
    texts = pl.Series([text for text, _ in LOCAL])
    for dtype in (pl.Categorical(), pl.Enum(texts)):
        assert instants(rows(texts.cast(dtype))) == sorted(instant for _, instant in LOCAL)


# Text of other forms

FORMATS = [
    ("%d/%m/%Y", "14/03/2026", at(2026, 3, 14)),
    ("%m/%d/%Y %H:%M", "03/14/2026 09:05", at(2026, 3, 14, 9, 5)),
    ("%Y%m%d", "20260314", at(2026, 3, 14)),
    ("%d/%b/%Y:%H:%M:%S %z", "14/Mar/2026:09:00:00 +0100", at(2026, 3, 14, 8)),
    ("%Y-%m-%dT%H:%M:%S%.f%#z", "2026-03-14T09:00:00.25+01", at(2026, 3, 14, 8) + 250_000),
    ("%s", "1710406800", 1_710_406_800 * SECOND),
    ("%m/%d/%y %I:%M %p", "03/14/26 09:00 PM", at(2026, 3, 14, 21)),
]


@pytest.mark.parametrize(("form", "text", "instant"), FORMATS)
def test_time_format_says_how_text_is_written(form: str, text: str, instant: int, tmp_path: Path) -> None:
    log = rows(pl.Series([None, text]))
    log.write_parquet(tmp_path / "log.parquet")
    for given in (log, tmp_path / "log.parquet", iter([log.head(1), log.tail(1)])):
        assert instants(given, time_format=form) == [instant, None]
    for wrong in ("14.03.2026", "2026-13-14", ""):
        with pytest.raises(DataError) as caught:
            instants(pl.concat([log, rows(pl.Series([wrong]))]), time_format=form)
        assert f"time column 'ts' holds {wrong!r}, which is not written as time_format={form!r} says" in str(
            caught.value
        )


@pytest.mark.parametrize(
    "form", ["", "x", "%H:%M", "%d/%m", "%Y-%m", "%Q", "%d/%m/%Y %I:%M", "%d/%m/%Y %Z", 3, "\ud800"]
)
def test_a_format_that_says_no_day_is_refused_before_anything_is_read(form: Any) -> None:
    with pytest.raises(SchemaError, match="does not say how a time is written"):
        instants("no such file", time_format=form)


@pytest.mark.parametrize(
    ("form", "good", "short"),
    [
        ("%d/%m/%Y", ["03/04/2024", "4/4/2024", "01/01/0001"], "03/04/24"),
        ("%Y-%m-%d %H%M %z", ["1000-01-01 0000 +0100", "0024-01-01 0000 -0100"], "24-01-01 0000 +0100"),
        ("%F", ["2024-03-14"], "24-03-14"),
        ("%Y%m%d", ["20260703"], "2026073"),
        ("%Y%m%dT%H%M%S%.f%#z", ["20260703T090507Z", "20260703T090507.5+0100"], "20260703T09057+0100"),
    ],
)
def test_numbers_have_the_digits_that_a_format_says(form: str, good: list[str], short: str) -> None:
    """Years have four; other numbers may have one where something stands between them."""
    assert len(instants(rows(pl.Series(good)), time_format=form)) == len(good)
    with pytest.raises(DataError, match=r"has fewer digits than time_format=.* says; years of two digits are %y"):
        instants(rows(pl.Series([*good, short])), time_format=form)


def test_an_instant_beyond_the_years_is_not_said_to_be_written_otherwise() -> None:
    with pytest.raises(DataError, match=r"an instant outside the years 1 to 9999"):
        instants(rows(pl.Series(["31/12/9999 23:00 -0100"])), time_format="%d/%m/%Y %H:%M %z")


@pytest.mark.filterwarnings("error")
def test_fractions_of_nanoseconds_are_refused_with_the_code_that_is_meant() -> None:
    with pytest.raises(
        SchemaError, match=r"%f counts nanoseconds; write a fraction of a second, with its dot, as %\.f"
    ):
        instants("no such file", time_format="%d/%m/%Y %H:%M:%S.%f")


def test_digits_of_a_csv_are_read_as_they_are_written(tmp_path: Path) -> None:
    """As a number 03042024 would have lost its first digit; also where something else reads the number."""
    rows(pl.Series(["03042024", "13042024"])).with_columns(id=pl.int_range(2)).write_csv(tmp_path / "log.csv")
    expected = [at(2024, 4, 3), at(2024, 4, 13)]
    later, more = pl.col("ts") > 4_000_000, {"time_format": "%d%m%Y"}
    assert instants(tmp_path / "log.csv", **more) == expected
    assert instants(tmp_path / "log.csv", **more, by="ts") == expected
    assert instants(tmp_path / "log.csv", **more, where=later) == expected[1:]
    with (tmp_path / "log.csv").open("rb") as file:
        assert instants(file, **more) == expected
    asked: dict[str, Any] = {"on": "id", "label": "label", "time": "ts", "every": "1us", **more}
    for where in (None, later):
        delta = fm.label_delta(tmp_path / "log.csv", {"id": [1], "label": [0]}, BINARY, where=where, **asked)
        assert delta.frame["window_start"].to_physical().to_list() == expected[1:]


def test_years_that_a_format_reads_beyond_9999_are_refused() -> None:
    with pytest.raises(DataError, match="holds '\\+12026-03-14'"):
        instants(rows(pl.Series(["+12026-03-14"])), time_format="%Y-%m-%d")


def test_time_format_needs_windows() -> None:
    with pytest.raises(SchemaError, match="time_format= was given without time= and every="):
        fm.count(rows(pl.Series(["x"])), BINARY, time_format="%Y-%m-%d")


def test_the_shell_takes_a_format_from_the_prompt_and_from_a_config(tmp_path: Path) -> None:
    rows(pl.Series(["14/03/2026"])).write_csv(tmp_path / "log.csv")
    (tmp_path / "c.toml").write_text('time-format = "%d/%m/%Y"')
    asked = [
        "evaluate",
        str(tmp_path / "log.csv"),
        "--y-true",
        "label",
        "--y-pred",
        "pred",
        "--time",
        "ts",
        "--every",
        "1d",
    ]
    for more in (["--time-format", "%d/%m/%Y"], ["--config", str(tmp_path / "c.toml")]):
        assert "2026-03-14" in CliRunner().invoke(main, [*asked, *more, "--format", "json"]).output
    assert "--time-format" in CliRunner().invoke(main, asked).output


def test_every_kind_of_time_gives_the_same_counts() -> None:
    given = [dt.datetime(2024, 3, 10, 6, 59, 59, 999_000), None, dt.datetime(1969, 12, 31, 23, 59, 59, 999_000), EPOCH]
    log = rows(pl.Series(given, dtype=pl.Datetime("us"))).with_columns(label=pl.Series([1, 0, 1, 0]))
    asked: dict[str, Any] = {"time": "ts", "every": "1h", "time_zone": "America/New_York"}
    expected = fm.count(log, BINARY, **asked)
    assert expected.frame["window_start"].null_count() == 1
    for other in (
        pl.col("ts").cast(pl.Datetime("ns")),
        pl.col("ts").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kolkata"),
        pl.col("ts").dt.to_string("iso"),
        pl.col("ts").dt.to_string("iso") + "Z",
    ):
        assert fm.count(log.with_columns(other), BINARY, **asked) == expected
    for unit in ("ms", "us", "ns"):
        epochs = log.with_columns(pl.col("ts").dt.epoch(unit))
        assert fm.count(epochs, BINARY, **asked, time_unit=unit) == expected
