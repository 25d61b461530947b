"""Many groups, wide spans, odd clocks, many classes, and a count that is stopped half-way."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.counting import assembly, groups, scan

BINARY = fm.binary("label", "pred")
MILLION = 1_000_000


def visits(sessions: int, again: int) -> pl.DataFrame:
    """One row a session, and a second one for the first ``again`` of them."""
    number = pl.concat([pl.int_range(sessions, eager=True), pl.int_range(again, eager=True)]).alias("number")
    return number.to_frame().select(
        session=pl.format("session-{}-of-a-long-campaign", "number"),
        device=(pl.col("number") % 3).cast(pl.Int16),
        label=(pl.col("number") % 2).cast(pl.Int8),
        pred=pl.int_range(pl.len()) % 7 == 0,
    )


CELLS = {
    "tn": (pl.col("label") == 0) & ~pl.col("pred"),
    "fp": (pl.col("label") == 0) & pl.col("pred"),
    "fn": (pl.col("label") == 1) & ~pl.col("pred"),
    "tp": (pl.col("label") == 1) & pl.col("pred"),
}


@pytest.mark.parametrize(("more_ids", "plan"), [(groups.MORE_IDS, "dense"), (0, "hashed")])
def test_two_million_text_keys(monkeypatch: pytest.MonkeyPatch, more_ids: int, plan: str) -> None:
    monkeypatch.setattr(groups, "MORE_IDS", more_ids)
    log = visits(2 * MILLION, 100_000)
    counts = fm.count(log, BINARY, by=["session", "device"])
    assert plan in counts.how["groups"]
    assert counts.rows == log.height
    table = counts.frame
    assert table.height == 2 * MILLION
    assert table["session"].is_sorted()
    assert table["session"].n_unique() == 2 * MILLION
    assert table.select(pl.sum(*CELLS)).equals(
        log.select(rule.sum().cast(pl.Int64).alias(c) for c, rule in CELLS.items())
    )
    # Session 0 came in the rows 0 and 2,000,000, of which the first alone is a multiple of 7.
    assert table.filter(session="session-0-of-a-long-campaign").row(0)[:6] == (
        "session-0-of-a-long-campaign",
        0,
        1,
        1,
        0,
        0,
    )
    assert table.filter(session="session-1999999-of-a-long-campaign").row(0)[1:6] == (1, 0, 0, 1, 0)


def test_tables_that_get_large_are_given_up_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    log = visits(300_000, 50_000)
    whole = fm.count(log, BINARY, by=["device", "session"], threads=2)
    given_up = []

    def noted(*shares: assembly.Share) -> assembly.Share:
        given_up.append(len(shares))
        return assembly.merge_into(*shares)

    monkeypatch.setattr(scan, "merge_into", noted)
    monkeypatch.setattr(scan, "TABLE_BYTES", 100_000)
    monkeypatch.setattr(scan, "PIECE_ROWS", 20_000)
    assert fm.count(log, BINARY, by=["device", "session"], threads=2) == whole
    assert len(given_up) > 5
    with pytest.raises(fm.SchemaError, match=r"max_groups=30,000 groups.*'session'"):
        fm.count(log, BINARY, by=["device", "session"], threads=2, max_groups=30_000)


def test_laws_of_hashed_groups() -> None:
    log = visits(150_000, 50_000).with_columns(hour=pl.int_range(pl.len()) % 24)
    counts = fm.count(log, BINARY, by=["device", "hour", "session"], threads=3)
    assert "hashed" in counts.how["groups"]
    sums = [rule.sum().cast(pl.Int64).alias(cell) for cell, rule in CELLS.items()]
    expected = log.group_by("device", "hour", "session").agg(sums).sort("device", "hour", "session")
    assert counts.frame.select(expected.columns).equals(expected)
    parts = [fm.count(part, BINARY, by=["device", "hour", "session"]) for part in (log[:77_777], log[77_777:])]
    assert parts[0] + parts[1] == counts
    assert counts - parts[1] == parts[0]
    assert counts.rollup("device") == fm.count(log, BINARY, by="device")
    assert counts.rollup() == fm.count(log, BINARY)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (pl.Int64, [-(2**63), -1, 0, 1, 2**63 - 1]),
        (pl.UInt64, [0, 1, 2**63, 2**64 - 1]),
        (pl.Int128, [-(2**127), 0, 2**127 - 1]),
        (pl.Int8, [-128, 0, 127]),
        (pl.Float64, [-np.inf, -1e308, 0.0, 5e-324, np.inf]),
        (pl.Float32, [-3.4e38, 0.0, 1e-45]),
        (pl.Decimal(38, 2), ["-1.50", "0.00", "999999999999999999999999999999999999.99"]),
        (pl.String, ["", "a", "a" * 13, "a" * 100_000, "é", "null", "\x00", "🙂" * 5]),
        (pl.Binary, [b"", b"\x00", b"\xff" * 20]),
        (pl.Date, [dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(9999, 12, 31)]),
        (pl.Time, [dt.time(0), dt.time(23, 59, 59, 999_999)]),
        (pl.Datetime("ns"), [dt.datetime(1700, 1, 1), dt.datetime(1970, 1, 1), dt.datetime(2262, 1, 1)]),
        (
            pl.Datetime("ms", "Asia/Kolkata"),
            [dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)],
        ),
        (pl.Duration("us"), [dt.timedelta(-1), dt.timedelta(0), dt.timedelta(1)]),
        (pl.Boolean, [False, True]),
        (pl.Enum(["b", "a", "null"]), ["b", "a", "null"]),
    ],
    ids=str,
)
def test_keys_at_both_ends_of_their_type(tmp_path: Path, dtype: pl.DataType, values: list[object]) -> None:
    """Every value, and null, is a group of its own, in the order of the type, and so it is in a file."""
    column = (
        pl.Series("key", values, dtype=pl.String).cast(dtype)
        if isinstance(dtype, pl.Decimal)
        else pl.Series("key", values, dtype=dtype)
    )
    keys = pl.concat([column, pl.Series("key", [None], dtype=dtype), column.reverse()])
    log = pl.DataFrame({"key": keys, "label": 1, "pred": 1})
    counts = fm.count(log, BINARY, by="key", threads=2)
    frame = counts.frame
    assert frame["key"].dtype == column.dtype
    assert frame["key"].equals(pl.concat([column.sort(), pl.Series("key", [None], dtype=dtype)]))
    assert frame["tp"].to_list() == [2] * len(column) + [1]
    assert counts + fm.count(log, BINARY, by="key") == fm.count(pl.concat([log, log]), BINARY, by="key")
    counts.write(tmp_path / "counts.parquet")
    back = fm.read_counts(tmp_path / "counts.parquet")
    assert back == counts
    assert back.frame.schema == frame.schema


# Time

SPAN = [
    dt.datetime(1, 1, 1),
    dt.datetime(1, 1, 8, 12),
    dt.datetime(1582, 10, 15),
    dt.datetime(1899, 12, 31, 23, 59, 59, 999_999),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999_999),
    dt.datetime(1970, 1, 1),
    dt.datetime(2024, 2, 29, 12, 30),
    dt.datetime(9999, 12, 30, 23),
    dt.datetime(9999, 12, 31, 23, 59, 59, 999_999),
]


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("every", ["1s", "15m", "1h", "1d", "1w", "1mo", "1q", "1y", "3d", "7h"])
def test_the_years_1_to_9999(every: str, unit: str) -> None:
    """All but those whose window starts in a year before."""
    within = SPAN[1:] if every in ("3d", "7h") else SPAN
    times = pl.Series("ts", [*within, None], dtype=pl.Datetime(unit))
    log = pl.DataFrame({"ts": times, "label": 1, "pred": 1})
    starts = times.dt.replace_time_zone("UTC").dt.truncate(every).cast(pl.Datetime("us", "UTC"))
    expected = starts.alias("window_start").to_frame().group_by("window_start").agg(tp=pl.len().cast(pl.Int64))
    counts = fm.count(log, BINARY, time="ts", every=every)
    assert counts.frame.select("window_start", "tp").equals(expected.sort("window_start", nulls_last=True))
    assert fm.count(log.reverse(), BINARY, time="ts", every=every) == counts


@pytest.mark.parametrize("every", ["1h", "1d", "1mo"])
def test_metrics_of_the_first_and_the_last_windows(every: str) -> None:
    """Where the end of the last window lies beyond the year 9999, the rest of the table is read all the same."""
    log = pl.DataFrame({"ts": SPAN, "label": 1, "pred": 1})
    frame = fm.count(log, BINARY, time="ts", every=every).metrics("recall")
    assert frame["n"].sum() == len(SPAN)
    starts, ends = frame["window_start"].to_physical(), frame["window_end"].to_physical()
    assert ends[-1] is None
    assert (ends[:-1] > starts[:-1]).all()
    assert ends[:-1].to_list() == starts[:-1].cast(pl.Datetime("us")).dt.offset_by(every).to_physical().to_list()


NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("day", "hours"), [(dt.date(2024, 3, 10), 23), (dt.date(2024, 11, 3), 25), (dt.date(2024, 7, 1), 24)], ids=str
)
def test_days_and_hours_in_new_york(day: dt.date, hours: int) -> None:
    """A row a minute from midnight to midnight on the clock of the city, in UTC: one day, 23 to 25 hours."""
    midnight = dt.datetime.combine(day, dt.time(), NEW_YORK).astimezone(dt.UTC)
    minutes = [midnight + dt.timedelta(minutes=k) for k in range(60 * hours)]
    log = pl.DataFrame({"ts": minutes, "label": 1, "pred": 1})
    count = {
        every: fm.count(log, BINARY, time="ts", every=every, time_zone="America/New_York") for every in ("1h", "1d")
    }
    assert count["1d"].frame["tp"].to_list() == [60 * hours]
    assert count["1h"].frame["tp"].to_list() == [60] * hours
    (start, end, n) = count["1d"].metrics("recall").select("window_start", "window_end", "n").row(0)
    assert (start, end, n) == (midnight, midnight + dt.timedelta(hours=hours), 60 * hours)
    assert start.utcoffset() == midnight.astimezone(NEW_YORK).utcoffset()
    edges = count["1h"].metrics("recall")
    assert edges["window_end"][:-1].equals(edges["window_start"][1:])
    assert count["1h"].rollup("window", every="1d") == count["1d"]
    outside = fm.count(
        pl.DataFrame({"ts": [midnight - dt.timedelta(microseconds=1)], "label": 1, "pred": 1}),
        BINARY,
        time="ts",
        every="1d",
        time_zone="America/New_York",
    )
    assert (count["1d"] + outside).frame.height == 2


def test_hours_in_kolkata_start_at_half_past() -> None:
    log = pl.DataFrame(
        {"ts": pl.datetime_range(dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 3, 59), "1m", eager=True)}
    )
    log = log.with_columns(label=1, pred=1)
    counts = fm.count(log, BINARY, time="ts", every="1h", time_zone="Asia/Kolkata")
    frame = counts.metrics("recall")
    assert frame["n"].to_list() == [30, 60, 60, 60, 30]
    starts = frame["window_start"]
    assert starts.dtype == pl.Datetime("us", "Asia/Kolkata")
    assert starts.dt.minute().to_list() == [0] * 5
    assert starts.dt.convert_time_zone("UTC").dt.minute().to_list() == [30] * 5
    shifted = fm.count(log, BINARY, time="ts", every="1h", offset="30m", time_zone="Asia/Kolkata")
    assert shifted.metrics("recall")["n"].to_list() == [60] * 4
    days = counts.rollup("window", every="1d").metrics("recall")
    assert days["n"].to_list() == [240]


@pytest.mark.parametrize(
    ("time", "unit"),
    [
        (pl.Series([-1, 0, 86_399, 86_400]), "s"),
        (pl.Series([-1, 0, 86_399_999, 86_400_000]), "ms"),
        (pl.Series([-1, 0, 86_399_999_999, 86_400_000_000]), "us"),
        (pl.Series([-1, 0, 86_399_999_999_999, 86_400_000_000_000]), "ns"),
        (pl.Series([-1, 0, 0, 1], dtype=pl.Int32), "d"),
        (pl.Series([dt.date(1969, 12, 31), *[dt.date(1970, 1, 1)] * 2, dt.date(1970, 1, 2)]), None),
        (
            pl.Series(
                ["1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "1970-01-01T23:59:59Z", "1970-01-02T00:00:00Z"]
            ),
            None,
        ),
        (pl.Series(["1969-12-31 23:59:59", "1970-01-01 00:00:00", "1970-01-01 12:00:00", "1970-01-02 00:00:00"]), None),
        (
            pl.Series(
                [
                    "1970-01-01T01:59:59+02:00",
                    "1970-01-01T02:00:00+02:00",
                    "1970-01-02T01:59:59+02:00",
                    "1970-01-01T19:00:00-05:00",
                ]
            ),
            None,
        ),
    ],
    ids=["s", "ms", "us", "ns", "d", "dates", "text in UTC", "naive text", "text with offsets"],
)
def test_every_kind_of_time_around_1970(time: pl.Series, unit: str | None) -> None:
    log = pl.DataFrame({"ts": time, "label": 1, "pred": 1})
    frame = fm.count(log, BINARY, time="ts", every="1d", time_unit=unit).frame
    days = [dt.datetime(1969, 12, 31, tzinfo=dt.UTC) + dt.timedelta(days=k) for k in range(3)]
    assert frame.select("window_start", "tp").rows() == list(zip(days, [1, 2, 1], strict=True))


def test_milliseconds_over_ten_years_in_any_order() -> None:
    """3.6e11 possible windows, of which few occur: too many to list, so each instant is asked for."""
    rng = np.random.default_rng(1)
    times = pl.Series("ts", rng.integers(0, 10 * 365 * 86_400_000, 20_000)).cast(pl.Datetime("ms"))
    log = pl.DataFrame({"ts": times, "label": 1, "pred": 1})
    expected = log.group_by(
        window_start=pl.col("ts").dt.truncate("1ms").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )
    table = expected.agg(tp=pl.len().cast(pl.Int64)).sort("window_start")
    assert fm.count(log, BINARY, time="ts", every="1ms").frame.select("window_start", "tp").equals(table)


# Classes


def test_ten_thousand_classes() -> None:
    rng = np.random.default_rng(2)
    rows, size = 200_000, 10_000
    label = rng.integers(0, size, rows)
    pred = np.where(rng.random(rows) < 0.7, label, rng.integers(0, size, rows))
    log = pl.DataFrame({"label": [f"class {k}" for k in label], "pred": [f"class {k}" for k in pred]})
    counts = fm.count(log, fm.classes("label", "pred"))
    assert counts.frame.height == log.unique().height
    tp = np.bincount(label[label == pred], minlength=size).astype(float)
    support, predicted = (np.bincount(side, minlength=size).astype(float) for side in (label, pred))
    chance = (support * predicted).sum()
    truth = {
        "accuracy": tp.sum() / rows,
        "f1_macro": (2 * tp / (support + predicted)).mean(),
        "f1_weighted": (2 * tp / (support + predicted) * support).sum() / rows,
        "mcc": (tp.sum() * rows - chance) / np.sqrt((rows**2 - (support**2).sum()) * (rows**2 - (predicted**2).sum())),
        "kappa": (tp.sum() * rows - chance) / (rows**2 - chance),
        "n_classes": size,
    }
    got = counts.metrics(*truth).row(0, named=True)
    assert got["n"] == rows
    assert {name: got[name] for name in truth} == pytest.approx(truth, rel=1e-12)
    assert counts.per_class().height == size
    assert counts.most_confused(5).height == 5


# Being stopped

ENDLESS = """
import sys, threading, time
import pyarrow as pa
import fastmetrics as fm
from fastmetrics.counting import assembly
from fastmetrics.counting import groups
from fastmetrics.counting import scan

schema = pa.schema([("label", pa.int64()), ("pred", pa.int64())])
batch = pa.record_batch([pa.array([0, 1] * 5000), pa.array([1, 1] * 5000)], schema=schema)
family = fm.binary("label", "pred")

def stream():
    yield batch
    print("counting", flush=True)
    while True:
        {pause}
        yield batch

def count():
    fm.count(pa.RecordBatchReader.from_batches(schema, stream()), family, threads=2)

def quiet(wait):
    try:
        wait()
    except KeyboardInterrupt:
        quiet(lambda: time.sleep(0.1))

fm.count(pa.table([batch["label"], batch["pred"]], schema=schema), family)  # the kernels are ready
for _ in range({rounds}):
    quiet(count)
    print("threads", threading.active_count(), flush=True)
count()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(
    ("pause", "rounds"),
    [("time.sleep(0.05)", 0), ("pass", 12)],
    ids=["a slow source", "a fast source, again and again"],
)
def test_ctrl_c_in_the_middle(pause: str, rounds: int) -> None:
    """Each time the count ends soon and takes its threads along, and the last one ends the process."""
    path = os.pathsep.join([str(Path(fm.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS.format(pause=pause, rounds=rounds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as child:
        try:
            assert child.stdout is not None
            said = []
            for k in range(rounds + 1):
                assert child.stdout.readline() == "counting\n"
                time.sleep(0.05 + 0.01 * k)
                child.send_signal(signal.SIGINT)
                started = time.monotonic()
                if k < rounds:
                    said.append(child.stdout.readline())
            _, errors = child.communicate(timeout=60)
        finally:
            child.kill()
    assert time.monotonic() - started < 10
    assert said == ["threads 1\n"] * rounds
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert child.returncode == -signal.SIGINT
