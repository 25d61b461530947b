"""The hour that clocks show twice as they are set back: where a time is shown or read, it is known which is meant."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from click.testing import CliRunner, Result

import fastmetrics as fm
from fastmetrics.cli import main

ZONE = "Europe/Berlin"
FIRST, SECOND = "2024-10-27 02:00+02:00", "2024-10-27 02:00+01:00"
BINARY = fm.binary("label", "pred")
START = dt.datetime(2024, 10, 26, 12)


def hours(count: int, bad_from: int | None = None, rows: int = 400) -> fm.Counts:
    """Counts by hour, of which the later ones miss a third of the positives in one country."""
    row = pl.int_range(rows, eager=True)
    label = (row // 2) % 2 == 0
    parts = []
    for hour in range(count):
        miss = (row % 3 == 0) & (row % 2 == 0) & (bad_from is not None and hour >= bad_from)
        times = pl.repeat(START + dt.timedelta(hours=hour), rows, eager=True).dt.replace_time_zone("UTC")
        country = pl.when(row % 2 == 0).then(pl.lit("BR")).otherwise(pl.lit("DE"))
        parts.append(pl.DataFrame({"ts": times, "label": label, "pred": label & ~miss}).with_columns(country=country))
    return fm.count(pl.concat(parts), BINARY, by="country", time="ts", every="1h", time_zone=ZONE)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Counts of a day in which a fault begins with the second of the two hours."""
    path = tmp_path_factory.mktemp("counts") / "day.parquet"
    hours(24, bad_from=13).write(path)
    return path


def test_tables_summaries_csv_and_json_tell_the_two_hours_apart(stored: Path) -> None:
    table = run("rollup", str(stored), "--by", "window", "--format", "table").output
    assert [line.split("  ")[0] for line in table.splitlines() if "10-27 02:" in line] == [FIRST, SECOND]
    assert "2024-10-27 01:00 " in table
    assert "2024-10-27 03:00 " in table
    written = run("metrics", str(stored), "--by", "window", "-m", "recall", "--format", "csv").output
    starts = [row["window_start"] for row in csv.DictReader(written.splitlines())]
    assert len(set(starts)) == 24
    assert "2024-10-27T02:00:00+01:00" in starts
    rows = json.loads(run("metrics", str(stored), "--by", "window", "-m", "recall", "--format", "json").output)
    instants = [dt.datetime.fromisoformat(row["window_start"]) for row in rows]
    assert instants == [START.replace(tzinfo=dt.UTC) + dt.timedelta(hours=hour) for hour in range(24)]
    spans = [repr(hours(count)).splitlines()[-1] for count in (13, 14)]
    assert [span.split(" to ")[1] for span in spans] == [FIRST, SECOND]
    tidy = hours(14).tidy("recall")
    assert tidy.filter(pl.col("slice_value") == "BR").height == tidy["window_start"].n_unique() == 14


def test_days_that_begin_with_a_midnight_shown_twice_are_told_apart_where_both_are_there() -> None:
    from fastmetrics.report.keys import moments

    midnights = pl.Series([dt.datetime(2024, 11, 3, 4), dt.datetime(2024, 11, 3, 5), dt.datetime(2024, 11, 4, 5)])
    havana = midnights.dt.replace_time_zone("UTC").dt.convert_time_zone("America/Havana")
    assert moments(havana).to_list() == ["2024-11-03 00:00-04:00", "2024-11-03 00:00-05:00", "2024-11-04 00:00"]
    assert moments(havana[2:]).to_list() == ["2024-11-04"]


def test_findings_say_since_which_of_the_two_hours(stored: Path) -> None:
    counts = fm.read_counts(stored)
    border = dt.datetime(2024, 10, 27, tzinfo=dt.UTC)
    first = border.astimezone(ZoneInfo(ZONE))
    now, before = counts.filter(pl.col("window_start") >= first), counts.filter(pl.col("window_start") < first)
    found = fm.diagnose(now, baseline=before)
    assert found[0].tag == "fn_surge"
    assert found[0].sentence.startswith(f"Since {SECOND} ")
    since = found.findings["since"]
    assert since.dtype == counts.frame.schema["window_start"]
    assert since.dt.convert_time_zone("UTC").to_list()[0] == border + dt.timedelta(hours=1)
    told = json.loads(found.to_json())["findings"][0]["since"]
    assert told == "2024-10-27T02:00:00+01:00"
    shown = run("diagnose", str(stored), "--current-from", "2024-10-27T02:00+02:00", "--format", "json").output
    assert dt.datetime.fromisoformat(json.loads(shown)[0]["since"]) == border + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("2024-10-27T02:00", "showed this time twice; write 2024-10-27T02:00:00+02:00 or 2024-10-27T02:00:00+01:00"),
        ("2024-03-31T02:30", "clocks in Europe/Berlin never showed this time"),
        ("yesterday", "no time; write 2026-03-14"),
    ],
)
def test_a_time_that_is_no_one_instant_is_refused(stored: Path, start: str, says: str) -> None:
    result = run("diagnose", str(stored), "--current-from", start)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


def test_a_window_of_the_two_is_the_reference_of_a_comparison(stored: Path) -> None:
    for text, recall in ((FIRST, 1.0), (SECOND, 1 - 34 / 200)):
        rows = run("compare", str(stored), "--by", "window", "--to", text, "-m", "recall", "--format", "json")
        assert json.loads(rows.output)[0]["reference"] == pytest.approx(recall)


def test_pictures_over_both_hours_are_in_utc() -> None:
    pytest.importorskip("altair", reason="pictures need the extra plot")
    assert "times are shown in UTC" in hours(14).plot("recall").to_json()
    assert "times are shown in UTC" not in hours(12).plot("recall").to_json()


def test_a_burst_is_dated_by_instants_and_not_by_clock_times() -> None:
    from fastmetrics.diagnosis.findings import Finding
    from fastmetrics.diagnosis.spans.bursts import during

    one, two, three = (
        dt.datetime(2024, 10, 27, hour, 30, fold=fold, tzinfo=ZoneInfo(ZONE)) for hour, fold in ((2, 0), (2, 1), (3, 0))
    )
    finding = Finding("fn_surge", "major", "fnr", "", "", since=one, until=two)
    assert during(finding, one, two)
    assert not during(finding, two, three)
